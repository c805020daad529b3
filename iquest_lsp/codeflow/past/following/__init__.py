"""Lines and definitions followed back through the history."""
