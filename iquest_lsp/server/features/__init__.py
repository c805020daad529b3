"""One module per group of protocol features; each has `register(connection)` and thin handlers."""
