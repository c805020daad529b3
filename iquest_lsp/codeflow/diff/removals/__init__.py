"""What a diff takes out, and what of it is there still."""
