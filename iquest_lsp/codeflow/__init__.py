"""Git history as decisions: records, filters, symbols, and the questions they answer without a model.

Other rooms know two faces: `History(root, redact, folder, include_filtered)`, which answers questions (see its
docstring), and `reading`, which reads texts for their definitions and uses. The rooms inside, each of which imports
only those before it:

    facts     a fact: a kind and the values it names
    gaps      what an answer could not look at
    git       the repository: git's commands, its commits and diffs, blobs
    syntax    what definitions a text holds, how they changed, who uses them
    diff      one change: its texts, hunks, intent, risks
    past      what is kept of many commits, and what they tell: partners, releases, patterns
    wording   what an answer holds, as facts, and the sentences that tell them: the one place that makes words
    answers   the questions: explain-diff, why, impact, suspects, records for the window
"""

from typing import TYPE_CHECKING

from iquest_lsp.codeflow.history import History, HistoryAnswer

if TYPE_CHECKING:  # what its methods return, for annotations
    from iquest_lsp.codeflow.answers.lines import LineOrigin as LineOrigin
    from iquest_lsp.codeflow.answers.lines import NewLines as NewLines
    from iquest_lsp.codeflow.past.retyping import RetypedLine as RetypedLine
    from iquest_lsp.codeflow.wording.commit_message import CommitMessage as CommitMessage
    from iquest_lsp.codeflow.wording.explanation import DiffExplanation as DiffExplanation
    from iquest_lsp.codeflow.wording.impact import Impact as Impact
    from iquest_lsp.codeflow.wording.story import Story as Story
    from iquest_lsp.codeflow.wording.suspects import Suspects as Suspects

__all__ = ["History", "HistoryAnswer"]
