"""What models that predict edits are asked, and how their answers are read: pure functions, no model.

asked     what a format is given, and what it makes of it
regions   the lines around the cursor that may be rewritten, and those shown around them, within a budget
zeta      Zeta 2 and 2.1, by Zed Industries
sweep     Sweep's next-edit models
instruct  any model that follows instructions, in our own words
choice    which of them a model speaks, by its name
"""
