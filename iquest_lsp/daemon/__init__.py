"""One process per user: socket, stdio bridge, start and stop."""
