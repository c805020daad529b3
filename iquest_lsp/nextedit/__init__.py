"""The next edit: what the edits just made ask for elsewhere, found without a model, or guessed by one.

records   an edit, a suggestion, and the reasons for one, as data
sorts     what a suggestion rests on, as data
pieces    texts taken apart into words and signs, and what turned one text into another
parsed    a text with its syntax tree: names at places, scopes, calls
import_statements   the import statements of a file
predictors   what thinks of suggestions
taken     what suggestions that were taken say of the others
gate      the measured precision of each sort of suggestion, the order in which they are shown
wording   the sentences: every word a user reads of a suggestion
predict   the use case: changed texts in, suggestions out
edit_model   what a model guesses, shown the edits and the place
formats   what models that predict edits are asked, and how their answers are read
"""
