"""What secrets look like: names of files, tokens, values that their surroundings give away, blocks of settings."""
