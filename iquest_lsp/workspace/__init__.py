"""Documents, watching, the project tree, and what never leaves a file: ignore rules and secrets."""
