"""What thinks of places to look at, where it is plain that something has to be changed and not what.

misfits   calls that do not fit a definition's new parameters
gone   uses of what was taken away
parts   Rust: where a type is built, taken apart or implemented without a part that it was given
unbound   uses of a parameter or a variable that its function has no more
returns   Go: returns that give another number of results than their function's head says now
wanted   the imports of a file whose changed lines use a name that nothing there binds
"""
