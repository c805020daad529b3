"""Benchmarks that a user can run: `iquest-lsp bench NAME`. Each compares its cases in one run, interleaved."""
