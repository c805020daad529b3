"""What the history knows: its index on disk, lines followed back, and files that change together."""
