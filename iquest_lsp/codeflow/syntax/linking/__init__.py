"""Where names of a file come from in the repository, and what its lines say of a type."""
