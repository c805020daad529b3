"""The questions people ask: what a diff does, why a line is so, what else must change, what brought a bug."""
