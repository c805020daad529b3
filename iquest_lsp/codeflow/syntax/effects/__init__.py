"""What the changed lines of a definition do and mean."""
