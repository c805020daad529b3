"""What thinks of suggestions; each `predict` takes the changes and the files, and says what rests on which evidence.

renames   places that still have the old name of what was renamed; `scoped_renames` those in one function or class
signatures   calls and declarations that do not fit any more: `heads` that changed, the `calls` of what they are of
repeats   the same replacement of text elsewhere, more or less of its line being alike
tree_places   the same edit of an expression elsewhere, whatever it holds there: places of the rules in `tree_rules`
imports   imports that the changes made idle, and names that lack one
places   the room of those that tell a place alone
"""
