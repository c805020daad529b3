"""Repository memory: what followed the same tokens before, in the prompt and in the workspace's own files."""
