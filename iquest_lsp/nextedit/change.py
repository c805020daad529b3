"""A changed file as the predictors see it: its texts parsed, its edits, its definitions' changes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from iquest_lsp import grammars
from iquest_lsp.codeflow.reading import ChangedText, FileDiff, Hunk, SymbolChange, symbol_changes
from iquest_lsp.nextedit.parsed import Parsed, parse
from iquest_lsp.nextedit.pieces import Renaming, edits_between, renamings
from iquest_lsp.nextedit.records import Edit


@dataclass(frozen=True, eq=False)
class Change:
    """One changed file."""

    text: ChangedText
    #: What was changed, where that is known already.
    known: tuple[Edit, ...] | None = None
    #: The lines of the text after that suggestions made, which were taken.
    taken: frozenset[int] = frozenset()

    @property
    def path(self) -> str:
        """Where the file is."""
        return self.text.path

    @cached_property
    def before(self) -> Parsed:
        """The text before."""
        return parse(self.text.old_path or self.text.path, self.text.before)

    @cached_property
    def after(self) -> Parsed:
        """The text after; its tree is made from the one before, of which it has all but what was changed."""
        before, language = self.before, grammars.language_of(self.text.path)
        if before.names is not None and before.names.tree is not None and language == grammars.language_of(before.path):
            source = self.text.after.encode("utf-8", "replace")
            grammars.follow(language, source, before.source, before.names.tree)
        return parse(self.text.path, self.text.after)

    @cached_property
    def edits(self) -> tuple[Edit, ...]:
        """What was changed, in the order of the text."""
        if self.known is not None:
            return self.known
        return tuple(edits_between(self.text.path, self.text.before, self.text.after))

    @cached_property
    def renamings(self) -> tuple[Renaming, ...]:
        """The names that became others."""
        return tuple(item for edit in self.edits for item in renamings(edit))

    @cached_property
    def symbols(self) -> tuple[SymbolChange, ...]:
        """The definitions that changed."""
        if self.after.names is None:
            return ()
        hunks = tuple(
            Hunk(edit.old_line, len(edit.old), edit.line, len(edit.new), edit.old, edit.new) for edit in self.edits
        )
        diff = FileDiff(self.path, "M", self.text.old_path, hunks=hunks)
        return tuple(symbol_changes(diff, self.before.source, self.after.source))

    def is_changed(self, line: int) -> bool:
        """Whether a line of the text after is a changed one."""
        return any(edit.line <= line < edit.line + len(edit.new) for edit in self.edits)
