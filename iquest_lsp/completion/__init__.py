"""The use case "complete": what of a generated text is worth inserting at the cursor, and when it is known already.

Import from the modules (this package imports none of them):

    place       Place: the document around a cursor
    syntax      Unit, unit_at: what an answer at a place should be: the rest of a line, a statement, a block
    brackets    which brackets are open before a place and closed after it
    shaping     Shaped, Quiet, shape: from a generation to the text that is shown, or why nothing is
    filters     the filters of shaping, one function each
    confidence  how far a generation can be trusted; the threshold of a model
    remembered  Remembered: answers that still hold where the user types on
    flights     Flight: a generation under way, which a request may join
    completer   Completer: from a request to a completion; the only one here that knows projects and engines
"""
