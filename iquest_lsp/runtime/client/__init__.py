"""The engine as the daemon sees it: a process of its own, a queue before it, and the choice between engines."""
