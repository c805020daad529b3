"""From an evaluated prompt to an answer: drafts, the loop controller, sampling, and where an answer ends."""
