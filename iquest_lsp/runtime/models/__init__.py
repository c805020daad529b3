"""Model files: which there are, what they say of themselves, what they need, and the plan for running one here."""
