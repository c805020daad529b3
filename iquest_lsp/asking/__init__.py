"""Questions answered in words: by a model, from evidence, with what it cites checked.

Import from the modules (this package imports none of them); each may import those above it:

    statements    StatementFilter: prose statement by statement, nothing that cites what does not exist
    evidence      Evidence, Piece: what an answer rests on
    chat_engines  ChatEngines: the engines of the Instruct and Thinking roles
    asker         Asker: the use cases "ask" and "explain in words"
"""
