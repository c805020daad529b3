"""One open workspace, kept ready: its documents, its history, its windows, and what of them the engine holds.

Import from the modules (this package imports none of them); each may import those above it:

    roots          where a project begins: the folder that something in it marks
    events         ProjectEvent: what projects tell of their work in the background
    index_process  IndexProcess: a process beside this one, for work that holds the interpreter
    indexing       what that process does for a project
    notes          what other tools say of a file's lines
    project        Project: one workspace with its documents, index and history
    view           ProjectView: a project as one client sees it
    windows        Windows: the windows of the open workspaces, assembled off the event loop
    kv_snapshots   KvSnapshots: evaluated windows outlive the engine, the daemon and a change of branch
    line_history   the change a line belongs to, its story, what differs from the last commit
    warming        Warmer: a place's window is evaluated before anyone asks there
"""
