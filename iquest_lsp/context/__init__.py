"""The window: what is shown to the model, in which order, and why."""
