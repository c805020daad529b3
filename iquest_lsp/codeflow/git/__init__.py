"""Git itself: the repository, its commits and diffs as records. The only room that runs git."""
