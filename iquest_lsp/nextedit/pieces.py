"""Texts taken apart into words and signs, and what turned one text into another."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from iquest_lsp.common_ends import common_ends
from iquest_lsp.nextedit.records import Edit

_PIECE = re.compile(r"\w+|[^\w\s]")
_NAME = re.compile(r"[^\W\d]\w*")
#: A replaced block longer than this is a rewriting, in which single replacements mean little.
MAX_PIECES = 400
#: Lines of a block are edits of their own where each is at least so like its counterpart.
ALIKE = 0.5


@dataclass(frozen=True, slots=True)
class TextPiece:
    """A word or a sign of a text, with its offset."""

    text: str
    start: int

    @property
    def end(self) -> int:
        """The offset behind it."""
        return self.start + len(self.text)


def pieces(text: str) -> list[TextPiece]:
    """The words and signs of a text; white space is none."""
    return [TextPiece(found[0], found.start()) for found in _PIECE.finditer(text)]


def is_name(text: str) -> bool:
    """Whether a word can be a name."""
    return bool(_NAME.fullmatch(text))


def is_compound(name: str) -> bool:
    """Whether a name is made of several words, which two things are rarely called."""
    return len(name) > 5 and bool(re.search(r"[^\W_]_[^\W_]|[a-z][A-Z]", name))


@dataclass(frozen=True, slots=True)
class ReplacedPieces:
    """Pieces `old` that became the pieces `new`: ranges of indexes into both lists."""

    old: tuple[int, int]
    new: tuple[int, int]


def replacements(old: Sequence[TextPiece], new: Sequence[TextPiece]) -> list[ReplacedPieces]:
    """What turned one list of pieces into the other; empty where the lists are too long to tell."""
    if max(len(old), len(new)) > MAX_PIECES:
        return []
    matcher = difflib.SequenceMatcher(None, [item.text for item in old], [item.text for item in new], autojunk=False)
    return [ReplacedPieces((i1, i2), (j1, j2)) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal"]


def edits_between(path: str, before: str, after: str) -> list[Edit]:
    """What turned one text into another, line by line, in the order of the text."""
    one, other = before.split("\n"), after.split("\n")
    head, tail = common_ends(one, other)
    left, right = one[head : len(one) - tail], other[head : len(other) - tail]
    matcher = difflib.SequenceMatcher(None, left, right, autojunk=len(left) > 2000)
    found: list[Edit] = []
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag != "equal":
            found += _apart(path, left[i1:i2], right[j1:j2], head + i1, head + j1)
    return found


def _apart(path: str, old: list[str], new: list[str], old_line: int, line: int) -> Iterator[Edit]:
    """A replaced block as one edit, or, where its lines answer to each other, an edit for each."""
    if len(old) == len(new) > 1 and all(alike(one, other) >= ALIKE for one, other in zip(old, new, strict=True)):
        for at, (one, other) in enumerate(zip(old, new, strict=True)):
            yield Edit(path, line + at, (one,), (other,), old_line + at)
    else:
        yield Edit(path, line, tuple(old), tuple(new), old_line)


def alike(one: str, other: str) -> float:
    """How many pieces two lines share (0 to 1)."""
    left, right = [item.text for item in pieces(one)], [item.text for item in pieces(other)]
    return difflib.SequenceMatcher(None, left, right, autojunk=False).ratio()


@dataclass(frozen=True, slots=True)
class Renaming:
    """A name that became another one at a place of the text after the edit, and where it stood before.

    It is `pure` where the edit does nothing but put names in the place of others.
    """

    old: str
    new: str
    path: str
    line: int
    column: int
    old_line: int
    old_column: int
    pure: bool = True

    @property
    def is_akin(self) -> bool:
        """Whether both names have a word in common, or one holds the other."""
        return is_akin(self.old, self.new)


def is_akin(old: str, new: str) -> bool:
    """Whether two names have a word in common, or one holds the other."""
    one, other = old.lower(), new.lower()
    inside = len(min(one, other, key=len)) > 2 and (one in other or other in one)
    return inside or bool(_words(old) & _words(new))


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z0-9]{2,}|[A-Z]{2,}", name)}


def renamings(edit: Edit) -> list[Renaming]:
    """The names that an edit replaced by others, everything around them being as it was."""
    before, after = "\n".join(edit.old), "\n".join(edit.new)
    old, new = pieces(before), pieces(after)
    found = []
    parts = [(old[slice(*part.old)], new[slice(*part.new)]) for part in replacements(old, new)]
    pure = all(len(gone) == len(come) == 1 and is_name(gone[0].text) and is_name(come[0].text) for gone, come in parts)
    for gone, come in parts:
        if len(gone) != len(come):
            continue
        for one, other in zip(gone, come, strict=True):
            if one.text != other.text and is_name(one.text) and is_name(other.text):
                line, column = _place(after, other.start)
                old_line, old_column = _place(before, one.start)
                found.append(
                    Renaming(
                        one.text,
                        other.text,
                        edit.path,
                        edit.line + line,
                        column,
                        edit.old_line + old_line,
                        old_column,
                        pure,
                    )
                )
    return found


def _place(text: str, offset: int) -> tuple[int, int]:
    line = text.count("\n", 0, offset)
    return line, offset - (text.rfind("\n", 0, offset) + 1)


def done_mark(done: Sequence[Renaming], renaming: tuple[str, str], home: tuple[str, int]) -> str:
    """How often a name was replaced by another in other lines than `home` (path, line): a mark of a suggestion's sort.

    Empty where it was not, `done1` for once, `done2` for more often.
    """
    places = {(it.path, it.line) for it in done if (it.old, it.new) == renaming} - {home}
    return f"done{min(len(places), 2)}" if places else ""
