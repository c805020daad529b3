"""The use case "complete": what of a generated text is worth inserting at the cursor, and when it is known already.

Import from the modules (this package imports none of them):

    cursor_text       CursorText: the document around a cursor
    syntax            Unit, unit_at: what an answer should be: the rest of a line, a statement, a block
    following_text    what stands below the cursor: where an answer must stop, and which of several leads there
    brackets          which brackets are open before the cursor and closed after it
    indentation       how much white space before the cursor may stay
    filters           the filters of postprocess, one function each
    grammatical       without_errors: what the language's grammar does not let stand at the cursor
    parsing           a text parsed within a bounded number of steps
    confidence        how far a generation can be trusted; the threshold of a model
    unwanted          what the user put away, or deleted, at a place before
    postprocess       Suggestion, Quiet, postprocess: from a generation to the text that is shown, or why nothing is
    suggestion_cache  SuggestionCache: answers that still hold where the user types on
    in_flight         InFlight: a generation under way, which a request may join
    request           CompletionRequest, Job: what is asked, and the document as it would be completed
    completer         Completer: from a request to a completion; the only one here that knows engines
"""
