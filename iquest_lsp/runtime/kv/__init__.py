"""Evaluated tokens: which lie in the KV cache, how more are added, and how they are saved to disk."""
