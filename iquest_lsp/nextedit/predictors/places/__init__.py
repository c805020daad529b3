"""What thinks of places to look at, where it is plain that something has to be changed and not what.

misfits   calls that do not fit a definition's new parameters
gone   uses of what was taken away
parts   Rust: where a type is built, taken apart or implemented without a part that it was given
"""
