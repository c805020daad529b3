"""One diff: where it comes from, what it is for, what it risks, and how it is told."""
