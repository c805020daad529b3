"""Git history as decisions: records, filters, symbols, and the questions they answer without a model.

Other rooms know one name, `History(root, redact, folder, include_filtered)`; see its docstring. The rooms inside, each
of which imports only those before it:

    git       the repository: git's commands, its commits and diffs, blobs
    syntax    what definitions a text holds, how they changed, who uses them
    diff      one change: its texts, hunks, intent, risks, and how it is shown
    past      what is kept of many commits, and what they tell: partners, releases, patterns
    answers   the questions: explain-diff, why, impact, suspects, records for the window
"""

from typing import TYPE_CHECKING

from iquest_lsp.codeflow.history import History

if TYPE_CHECKING:  # what its methods return, for annotations
    from iquest_lsp.codeflow.answers.impact import Impact as Impact
    from iquest_lsp.codeflow.answers.suspects import Suspects as Suspects
    from iquest_lsp.codeflow.answers.why import Story as Story
    from iquest_lsp.codeflow.diff.explanation import DiffExplanation as DiffExplanation
    from iquest_lsp.codeflow.past.retyping import RetypedLine as RetypedLine

__all__ = ["History"]
