"""Documents, watching, the project tree, and what never leaves a file: ignore rules and secrets.

Import from the modules (this package imports none of them):

    documents   DocumentStore: open buffers over the disk; Change; workspace_path
    positions   LineIndex, units, characters, Encoding: lines, offsets, the editor's columns
    decoding    decode, is_binary: bytes to text
    ignore      IgnoreRules: which paths git and the settings exclude (git_patterns, git_places: what git says of them)
    paths       is_there, is_folder, is_file: of paths that may be anything
    visible_text visible: a text as a terminal may show it
    tree        walk -> Tree: the project's files
    secrets     secret_by_name, find_secrets, has_secret, redact
    admission   Gate: load(path) -> Document | Dropped, open_reason(document), current(document) -> CurrentText
    watcher     Watcher -> Changes (disk_state): what happened on disk, in batches (the only owner of watchdog)
"""
