"""What a chain of names and calls ends in, by the types that a repository writes down."""
