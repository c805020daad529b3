"""One open workspace, kept ready: its documents, its history, its windows, and what of them the engine holds.

Import from the modules (this package imports none of them); each may import those above it:

    index_process  IndexProcess: a process beside this one, for work that holds the interpreter
    indexing       what that process does for a project
    project        Project: one workspace with its documents, index and history; ProjectEvent
    windows        Windows: the windows of the open workspaces, assembled off the event loop
    keeping        Keeper: evaluated windows outlive the engine, the daemon and a change of branch
    beside         history beside the code: the change a line belongs to, what differs from HEAD
    warming        Warmer: a place's window is evaluated before anyone asks there
"""
