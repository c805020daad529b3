"""A file's hunks read as changes of its definitions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from iquest_lsp import grammars
from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.comments import (
    in_its_language,
    is_comment,
    is_for_authors,
    is_for_tools,
    opens_comment,
    rewraps,
)
from iquest_lsp.codeflow.syntax.definitions import PartKind
from iquest_lsp.codeflow.syntax.deprecation import is_deprecated
from iquest_lsp.codeflow.syntax.effects.body_effects import VALUED, body_effects, in_texts, text_effects
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind, is_of_comments
from iquest_lsp.codeflow.syntax.effects.evidence import places, proven
from iquest_lsp.codeflow.syntax.effects.layout import same_code, squashed
from iquest_lsp.codeflow.syntax.effects.meaning import Pair
from iquest_lsp.codeflow.syntax.forms import (
    FormKey,
    is_inner,
    is_opened,
    keyed,
    outer_of,
    reordered,
    rows_of,
    touched_keys,
)
from iquest_lsp.codeflow.syntax.likeness import CALLABLES, RENAMED, code_lines, may_become, similarity
from iquest_lsp.codeflow.syntax.outline.rows import DefinitionRows, HunkRows
from iquest_lsp.codeflow.syntax.paths import is_test
from iquest_lsp.codeflow.syntax.prose import OwnRows, code_rows, idle_rows, rows_within
from iquest_lsp.codeflow.syntax.signatures import signature_effects, types_only, unmarked
from iquest_lsp.codeflow.syntax.symbols import Symbol, symbols_of

#: Go's types, whose members stand in what is taken for the signature.
_GO_TYPES = frozenset({"struct", "interface", "type"})
# Above this many new or vanished definitions in one file, renames are no longer looked for among the rest.
MAX_PAIRS = 80
#: How much more alike two definitions count of which one is called where the other was.
CALLED_INSTEAD = 0.3


#: What happens to a definition in one diff.
_InDiff = Literal["added", "removed", "renamed", "moved", "signature", "body", "doc", "test", "format-only"]
#: The last three are told by its history alone: see StoryEventKind.
ChangeName = Literal[_InDiff, "returned", "copied", "rewritten"]


@dataclass(frozen=True, slots=True)
class SymbolChange:
    """What happened to one definition.

    `change` is added, removed, renamed, moved, signature, body, doc, test or format-only. `line` is where the
    definition begins (0-based, in the new file, or in the old one if it is gone). `signature` is the newest one,
    `old_signature` the one before a change of it; `effects` say what the lines of a changed body do. `old_name` is
    what a renamed, moved or changed one was called, `old_path` where a moved one came from. `inner` marks a
    definition whose outer one was added or removed whole. `lines` are its code lines without indentation, for
    comparing; `size` is their number. `span` and `old_span` are all its lines in the new file and in the old one,
    without the end; equal ends where there are none.
    """

    path: str
    name: str
    kind: PartKind
    change: ChangeName
    line: int = 0
    signature: str = ""
    old_signature: str = ""
    effects: tuple[Effect, ...] = ()
    old_path: str = ""
    old_name: str = ""
    public: bool = True
    inner: bool = False
    deprecates: bool = False
    lines: tuple[str, ...] = ()
    size: int = 0
    span: tuple[int, int] = (0, 0)
    old_span: tuple[int, int] = (0, 0)

    @property
    def origin(self) -> str:
        """Where a renamed or moved definition was: `path::name`."""
        return f"{self.old_path or self.path}::{self.old_name}"

    def withheld(self) -> SymbolChange:
        """The change as it is told where its code holds a secret."""
        return replace(self, signature="", old_signature="", effects=(Effect(EffectKind.WITHHELD),), lines=())


@in_its_language
def symbol_changes(diff: FileDiff, before: bytes | None, after: bytes | None) -> list[SymbolChange]:
    """The definitions that `diff` touches; empty where no grammar reads the file."""
    old = symbols_of(diff.old_path or diff.path, before, variables=True) if before is not None else ()
    new = symbols_of(diff.path, after, variables=True) if after is not None else ()
    if not old and not new:
        return []
    comparison = _Comparison(diff, before or b"", after or b"", keyed(old), keyed(new, old, rows_of(diff)))
    return comparison.run()


class _Comparison:
    def __init__(
        self, diff: FileDiff, before: bytes, after: bytes, old: dict[FormKey, Symbol], new: dict[FormKey, Symbol]
    ) -> None:
        self.diff, self.old, self.new = diff, old, new
        self.sources = before, after
        self.before, self.after = before.split(b"\n"), after.split(b"\n")
        self.language = grammars.language_of(diff.path)
        self.old_prose, self.old_idle = idle_rows(self.language, before)
        self.new_prose, self.new_idle = idle_rows(self.language, after)
        self.old_rows, self.new_rows = DefinitionRows(old.values()), DefinitionRows(new.values())
        self.hunk_rows = HunkRows(diff.hunks)
        self.old_touched = touched_keys(old, self.old_rows, [(hunk.old_start, hunk.old_count) for hunk in diff.hunks])
        self.new_touched = touched_keys(new, self.new_rows, [(hunk.new_start, hunk.new_count) for hunk in diff.hunks])
        self._even = [
            pair
            for hunk in diff.hunks
            if len(hunk.removed) == len(hunk.added)
            for pair in zip(hunk.removed, hunk.added, strict=True)
        ]
        self._calls: dict[tuple[str, int], set[int]] = {}
        removed = "".join(line for hunk in diff.hunks for line in hunk.removed)
        added = "".join(line for hunk in diff.hunks for line in hunk.added)
        # Reading whole files again is worth it only where the changed lines could be mere layout.
        self.format_only = (
            bool(before and after) and squashed(removed) == squashed(added) and same_code(self.language, before, after)
        )

    def run(self) -> list[SymbolChange]:
        """All changes, in the order of the new file, the removed ones last."""
        gone = dict.fromkeys(key for key in self.old if key not in self.new)
        come = dict.fromkeys(key for key in self.new if key not in self.old)
        renames = self._renames(list(gone), list(come))
        old_names, new_names = ({name for name, _ in side} for side in (self.old, self.new))
        swaps = reordered(self.old, self.new)
        found = []
        for key, symbol in self.new.items():
            old_key = renames.get(key, key)
            earlier = self.old.get(old_key)
            if earlier is None:
                inner = is_inner(key, self.new, come.keys() - renames.keys(), self.language)
                whole = self._whole(symbol, "added", self.diff.path, self.after, inner=inner)
                # Another form of what was there already adds no definition.
                found.append(_as_form(whole, EffectKind.OTHER_FORM) if symbol.name in old_names else whole)
            elif old_key != key and not self._follows_outer(key, old_key, renames):
                change = self._whole(symbol, "renamed", self.diff.path, self.after)
                found.append(replace(change, old_name=earlier.name, old_span=(earlier.start, earlier.end)))
            elif key in self.new_touched or old_key in self.old_touched:
                change = self._changed(earlier, symbol)
                # What of such a form is told is that its lines stand elsewhere.
                swapped = change.change == "body" and symbol.name in swaps
                found.append(replace(change, effects=(Effect(EffectKind.FORMS_SWAP),)) if swapped else change)
        taken = set(renames.values())
        path = self.diff.old_path or self.diff.path
        for key in gone:
            if key not in taken:
                inner = is_inner(key, self.old, gone.keys() - taken, self.language)
                whole = self._whole(self.old[key], "removed", path, self.before, inner=inner)
                found.append(_as_form(whole, EffectKind.LESS_FORMS) if key[0] in new_names else whole)
        opened = {key[0] for side in (self.old, self.new) for key in side if is_opened(key, side, self.language)}
        return [item for item in found if item.change not in ("added", "removed") or item.name not in opened]

    @staticmethod
    def _whole(
        symbol: Symbol, change: ChangeName, path: str, source: Sequence[bytes], *, inner: bool = False
    ) -> SymbolChange:
        lines = code_lines(source, symbol)
        return SymbolChange(
            path,
            symbol.name,
            symbol.kind,
            change,
            symbol.start,
            symbol.signature,
            public=symbol.public,
            inner=inner,
            deprecates=change != "removed" and is_deprecated(source, symbol),
            lines=lines,
            size=len(lines),
            span=(0, 0) if change == "removed" else (symbol.start, symbol.end),
            old_span=(symbol.start, symbol.end) if change == "removed" else (0, 0),
        )

    def _changed(self, earlier: Symbol, symbol: Symbol) -> SymbolChange:
        removed, added = (list(side.values()) for side in self._rows(earlier, symbol))
        told: tuple[Effect, ...] = ()
        change: ChangeName
        alike = squashed("".join(removed)) == squashed("".join(added))
        if self.format_only or (alike and self._same_text(earlier, symbol)):
            change = "format-only"
        elif unmarked(earlier.signature) != unmarked(symbol.signature) and not (
            self.language == "go" and symbol.kind in _GO_TYPES
        ):
            change = "signature"
            if types_only(earlier.signature, symbol.signature) and not is_test(self.diff.path):
                told = tuple(self._body_effects(earlier, symbol))
        elif self._doc_only(earlier, symbol):
            change, told = "doc", self._comments_only(earlier, symbol)
            if rewraps(removed, added):
                change, told = "format-only", ()
        elif is_test(self.diff.path) or symbol.kind == "test":
            change = "test"
        else:
            told = tuple(self._told_effects(earlier, symbol))
            change = "doc" if is_of_comments(told) else "body"
        deprecates = is_deprecated(self.after, symbol) and not is_deprecated(self.before, earlier)
        return SymbolChange(
            self.diff.path,
            symbol.name,
            symbol.kind,
            change,
            symbol.start,
            symbol.signature,
            earlier.signature if change == "signature" else "",
            told,
            old_name=symbol.name,
            public=symbol.public,
            deprecates=deprecates,
            lines=tuple(line.strip() for line in added),
            size=len(added),
            span=(symbol.start, symbol.end),
            old_span=(earlier.start, earlier.end),
        )

    def _told_effects(self, earlier: Symbol, symbol: Symbol) -> list[Effect]:
        """What a definition whose head is called as before does now; annotations of the head are told as such."""
        if earlier.signature == symbol.signature or self.language == "go":
            return self._own_effects(earlier, symbol)
        marks = signature_effects(earlier.signature, symbol.signature)
        return list(dict.fromkeys([*marks, *self._body_effects(earlier, symbol)]))

    def _body_effects(self, earlier: Symbol, symbol: Symbol) -> list[Effect]:
        """What a definition's lines below its head do now, or at least that they change."""
        # What stands in the head is told with the signature.
        below = (replace(item, doc=(item.start, max(item.head, item.doc[1]))) for item in (earlier, symbol))
        told = self._own_effects(*below)
        rows = [range(*item.doc) for item in (earlier, symbol)]
        changed = any(
            line.strip() and at >= item.head and at not in doc and not is_comment(line)
            for lines, item, doc in zip(self._rows(earlier, symbol), (earlier, symbol), rows, strict=True)
            for at, line in lines.items()
        )
        return told if told and not is_of_comments(told) else [Effect(EffectKind.BODY_TOO)] if changed else []

    def _own_effects(self, earlier: Symbol, symbol: Symbol) -> list[Effect]:
        """What the definition's lines do now, its documentation and the definitions inside it aside."""
        old = OwnRows(earlier, self.old_rows.inside(earlier) | set(range(*earlier.doc)), self.old_idle)
        new = OwnRows(symbol, self.new_rows.inside(symbol) | set(range(*symbol.doc)), self.new_idle)
        pairs = self._pairs(old, new)
        one, other = zip(self.sources, (earlier, symbol), strict=True)
        texts: list[dict[int, str]] = []
        filled = sum(bool(line.strip()) for pair in pairs for side in pair for line in side)
        if symbol.kind not in VALUED or filled > 2:  # a value that is a text on a line is told as it is
            texts = [code_rows(self.language, source, item.start, item.end) for source, item in (one, other)]
        if any(texts):
            coded_old, coded_new = (replace(side, code=code) for side, code in zip((old, new), texts, strict=True))
            coded = self._pairs(coded_old, coded_new)
            if coded != pairs and in_texts(coded):
                return text_effects(pairs)
            if symbol.kind not in VALUED:
                old, new, pairs = coded_old, coded_new, coded
        told = body_effects(symbol.kind, pairs, old.own(self.before), new.own(self.after), self.language)
        return proven(told, self.language, *places(self.hunk_rows.touching(earlier, symbol), one, other))

    def _pairs(self, old: OwnRows, new: OwnRows) -> list[Pair]:
        """The lines of the hunks that are a definition's own."""
        hunks = self.hunk_rows.touching(old.symbol, new.symbol)
        pairs = [(old.rows(hunk.old_start, hunk.removed), new.rows(hunk.new_start, hunk.added)) for hunk in hunks]
        return [pair for pair in pairs if any(pair)]

    def _same_text(self, earlier: Symbol, symbol: Symbol) -> bool:
        one = b"\n".join(self.before[earlier.start : earlier.end])
        other = b"\n".join(self.after[symbol.start : symbol.end])
        return same_code(self.language, one, other)

    def _rows(self, earlier: Symbol, symbol: Symbol) -> tuple[dict[int, str], dict[int, str]]:
        """The changed lines of a definition, before and after, by their places."""
        hunks = self.hunk_rows.touching(earlier, symbol)
        before = dict(row for hunk in hunks for row in rows_within(earlier, hunk.old_start, hunk.removed))
        after = dict(row for hunk in hunks for row in rows_within(symbol, hunk.new_start, hunk.added))
        return before, after

    def _doc_only(self, earlier: Symbol, symbol: Symbol) -> bool:
        """Whether nothing but documentation and comments changes."""
        sides = list(zip(self._rows(earlier, symbol), (earlier, symbol), (self.old_prose, self.new_prose), strict=True))
        some = self.hunk_rows.touching(earlier, symbol)
        near = (hunk for hunk in some if hunk.new_start < symbol.end and symbol.start <= hunk.new_end)
        if any(opens_comment(hunk.removed, hunk.added) for hunk in near) or not any(rows for rows, _, _ in sides):
            return False
        return all(
            at in range(*item.doc) or at in prose or is_comment(line)
            for rows, item, prose in sides
            for at, line in rows.items()
        )

    def _comments_only(self, earlier: Symbol, symbol: Symbol) -> tuple[Effect, ...]:
        """The effect that says so where no changed line is of the definition's documentation."""
        sides = zip(self._rows(earlier, symbol), (earlier, symbol), (self.old_prose, self.new_prose), strict=True)
        python = self.language == "python"
        documents = any(
            (at in range(*item.doc) and not (is_for_tools(line) or is_for_authors(line))) or (python and at in prose)
            for rows, item, prose in sides
            for at, line in rows.items()
        )
        return () if documents else (Effect(EffectKind.COMMENTS_ONLY),)

    def _renames(self, gone: list[FormKey], come: list[FormKey]) -> dict[FormKey, FormKey]:
        """New key -> old key for definitions that vanished under one name and appeared under another."""
        renames: dict[FormKey, FormKey] = {}
        left = list(gone)
        old_lines = {key: code_lines(self.before, self.old[key]) for key in gone[:MAX_PAIRS]}
        levels: dict[int, list[FormKey]] = {}
        for key in come[:MAX_PAIRS]:
            levels.setdefault(key[0].count("."), []).append(key)
        # Outer definitions first, which their members follow.
        for _, keys in sorted(levels.items()):
            for key in keys:
                outer = renames.get(outer_of(key))
                followed = (f"{outer[0]}.{self.new[key].short}", key[1]) if outer else None
                if followed in left:
                    renames[key] = followed
                    left.remove(followed)
            free = [key for key in keys if key not in renames]
            alike = [pair for key in free for pair in self._alike(key, left, old_lines)]
            # The most alike first: a new definition may look like an old one that became another.
            for _, key, other in sorted(alike, key=lambda pair: -pair[0]):
                if key not in renames and other in left:
                    renames[key] = other
                    left.remove(other)
        return renames

    def _alike(
        self, key: FormKey, left: Sequence[FormKey], old_lines: Mapping[FormKey, Sequence[str]]
    ) -> Iterator[tuple[float, FormKey, FormKey]]:
        """Definitions that a new one may have been, each with how alike the two are."""
        symbol, lines = self.new[key], code_lines(self.after, self.new[key])
        inside = {other.removeprefix(f"{key[0]}.") for other, _ in self.new if other.startswith(f"{key[0]}.")}
        for other in left:
            # What stands inside the new one under its old name is wrapped, not renamed.
            if other in old_lines and may_become(self.old[other].kind, symbol.kind) and other[0] not in inside:
                likeness = similarity(old_lines[other], lines, self.old[other].short, symbol.short)
                if self._is_called_instead(self.old[other].short, symbol.short):
                    likeness += CALLED_INSTEAD
                if likeness >= RENAMED:
                    yield likeness, key, other

    def _is_called_instead(self, old: str, new: str) -> bool:
        """Whether a changed line calls the one name where it called the other."""
        return bool(self._called(old, 0) & self._called(new, 1))

    def _called(self, name: str, side: int) -> set[int]:
        """Which of the lines that others stand for call a name: before (0) or after (1)."""
        if (name, side) not in self._calls:
            call = re.compile(rf"(?<!\w)(?<!def )(?<!fn )(?<!func )(?<!function ){re.escape(name)}\(")
            self._calls[name, side] = {at for at, pair in enumerate(self._even) if call.search(pair[side])}
        return self._calls[name, side]

    @staticmethod
    def _follows_outer(key: FormKey, old_key: FormKey, renames: dict[FormKey, FormKey]) -> bool:
        """True when only the outer definition's name changed."""
        return key[0].rsplit(".", 1)[-1] == old_key[0].rsplit(".", 1)[-1] and outer_of(key) in renames


def link_moves(changes: Iterable[SymbolChange]) -> list[SymbolChange]:
    """Pairs definitions removed from one file with alike ones added to another: one `moved` change each."""
    changes = list(changes)
    removed: dict[str, list[SymbolChange]] = {}
    for item in changes:
        if item.change == "removed" and item.lines:
            removed.setdefault(item.name.rsplit(".", 1)[-1], []).append(item)
    gone, moved = set[int](), dict[int, SymbolChange]()
    for item in changes:
        if item.change != "added" or not item.lines:
            continue
        for old in removed.get(item.name.rsplit(".", 1)[-1], [])[:MAX_PAIRS]:
            if id(old) in gone or (old.path, old.name) == (item.path, item.name):
                continue
            callable_ = item.kind in CALLABLES and old.kind in CALLABLES
            if not callable_ and old.kind != item.kind:
                continue
            if similarity(old.lines, item.lines, "", "") < (0.5 if callable_ else 0.3):
                continue
            gone.add(id(old))
            moved[id(item)] = replace(item, change="moved", old_path=old.path, old_name=old.name, old_span=old.old_span)
            break
    return [moved.get(id(item), item) for item in changes if id(item) not in gone]


def _as_form(change: SymbolChange, kind: EffectKind) -> SymbolChange:
    """A form that comes or goes as a change of its definition, which others have other forms of."""
    return replace(change, change="body", effects=(Effect(kind),), old_name=change.name)
