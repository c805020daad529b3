"""The window: what is shown to the model, in which order, and why.

Import from the modules (this package imports none of them):

    window      WindowAssembler (one per workspace and model): assemble, preview
    head        HeadPlanner: the part of the window that is planned once and then kept
    inputs      WindowInputs: what a window is made of besides the snapshot; TextCache
    index       WorkspaceIndex: what the workspace's files hold, computed off the hot path
    prompt      PromptFormat, CursorText, encode: how chunks become the parts of a prompt
    tokens      Encoder, TokenCache: ids by content, asked for in batches
    chunks      outline: a file in pieces cut at definition borders, its imports and names
    imports     ModuleTable: from an import to the workspace's file
    ranking     related: which parts of other files matter
    budget      Shares, Candidate, choose: who gets the tokens
    blocks      BlockWriter, WindowPlan: chunks with their ids, and the part of the window that is kept
    layout      cut, around, tree_text, history_text: what the parts look like
    edits       changed_spans, widened: what changed between two texts, as the code reads now
"""
