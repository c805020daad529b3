"""Measurements that a user can make: `iquest-lsp bench NAME` and `iquest-lsp replay`.

Each compares its cases in one run, interleaved. Import from the modules (this package imports none of them):

    prefill      reading a window: one pass, every pass, the receptive field; cold, warm, restored
    decode       writing: plain, drafted, sparse
    latency      recorded typing through the daemon's socket, rung by rung
    replay       a repository's own history typed again; replay_plot draws its result
    corpus       the text that is measured on
    typing       recorded typing; editor: a client that replays it
    report       Report: a table for the terminal, markdown, JSON
"""
