"""What a commit is for: from its message where that says something, else from the shape of its diff."""
