"""How Zeta 2 and 2.1 are asked (Zed Industries, on ByteDance's Seed-Coder): what follows first, the rewriting last.

    <[fim-suffix]>BEHIND<[fim-prefix]>PIECES<filename>edit_history DIFFS<filename>PATH BEFORE REGION<[fim-middle]>

Zeta 2 writes the whole region anew between merge marks. In 2.1 numbered marks cut the region into blocks, and the
answer is a mark, the text up to another, and that mark; one mark twice is no edit. A token is estimated as three bytes.
The rules are those of crates/zeta_prompt in Zed; the tests compare with the maker's own bindings.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePosixPath

from iquest_lsp.datatypes import Part
from iquest_lsp.nextedit.formats.asked import AskedEdit, EditHunk, EditPrompt, RelatedPiece, changed, joined, levelled
from iquest_lsp.nextedit.formats.regions import Rows, around, size, tokens

SUFFIX, PREFIX, MIDDLE, FILE = "<[fim-suffix]>", "<[fim-prefix]>", "<[fim-middle]>", "<filename>"
CURSOR = "<|user_cursor|>"
CURRENT, SEPARATOR, UPDATED = "<<<<<<< CURRENT", "=======", ">>>>>>> UPDATED"
NO_EDITS = "NO_EDITS"
END = "<[end▁of▁sentence]>"
MARK = re.compile(r"<\|marker_(\+?[0-9]{1,9})\|>")
_MARK_BEGIN = "<|marker_"
#: Tokens of the region, and of what is shown around it.
EDITABLE, SHOWN = 350, 150
#: Tokens that a prompt may have, edits that are told, and the share of the budget that prompts are made for.
BUDGET = 4096
HUNKS, SHARE = 6, (9, 10)
#: Lines of a block of 2.1, and how far a block's beginning is moved to a better line.
SHORTEST, LONGEST, MOVED = 6, 16, 5
#: Lines that only end something: no block begins with one.
_TAILS = frozenset(["break", "continue", "return", "throw", "end"])
#: What Unicode calls white space; Python's own idea of it has four control characters more.
_BLANK = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000" + "".join(map(chr, range(0x2000, 0x200B)))


class _Zeta:
    """What both have in common. `name` is what the format is called in the logs."""

    name = ""
    _signs: tuple[str, ...] = ()
    _lines: tuple[str, ...] = ()
    _stop: tuple[str, ...] = ()

    def prompt(self, asked: AskedEdit) -> EditPrompt | None:
        """See EditFormat."""
        rows = Rows.of(asked.text)
        region, shown = around(rows, asked.cursor, asked.syntax, EDITABLE, SHOWN)
        start, end = rows.span(*region)
        first, last = rows.span(*shown)
        before, text, behind = asked.text[first:start], asked.text[start:end], asked.text[end:last]
        if self._is_mistakable(before + text + behind):
            return None
        cursor = asked.cursor - start
        own = [Part(FILE, special=True), Part(f"{asked.path}\n{before}"), *self._region(text, cursor)]
        own_text = "".join(part.text for part in own)
        suffix = behind if behind.endswith("\n") else behind + "\n"
        budget = asked.room(BUDGET) * SHARE[0] // SHARE[1]
        budget -= tokens(size(SUFFIX + suffix + PREFIX)) + tokens(size(own_text + MIDDLE))
        history = _history(asked.hunks, budget)
        budget -= tokens(size("".join(part.text for part in history)))
        pieces = _files(_elsewhere(asked, shown), budget)
        parts = joined(
            [
                Part(SUFFIX, special=True),
                Part(suffix),
                Part(PREFIX, special=True),
                *pieces,
                *history,
                *own,
                Part(MIDDLE, special=True),
            ]
        )
        made = EditPrompt(start, end, text, cursor, parts, stop=self._stop, draft=self._draft(text))
        return None if tokens(size(made.text)) > asked.room(BUDGET) else made

    def _is_mistakable(self, text: str) -> bool:
        """Whether a text holds what the model would take for a sign of the format."""
        return any(sign in text for sign in self._signs) or any(line in text.split("\n") for line in self._lines)

    def _region(self, text: str, cursor: int) -> list[Part]:
        raise NotImplementedError

    def _draft(self, text: str) -> str:
        raise NotImplementedError

    def _read(self, region: str, answer: str) -> str | None:
        raise NotImplementedError

    def parse(self, prompt: EditPrompt, answer: str) -> str | None:
        """See EditFormat."""
        made = self._read(prompt.region, answer)
        if made is None:
            return None
        return changed(prompt.region, levelled(prompt.region, made.replace(CURSOR, "", 1)), self._signs)


class Zeta2(_Zeta):
    """The region written anew (`V0211SeedCoder`)."""

    name = "Zeta 2"
    _lines = (CURRENT, SEPARATOR, UPDATED)
    _signs = (SUFFIX, PREFIX, MIDDLE, FILE, CURSOR)
    _stop = (UPDATED,)

    def _region(self, text: str, cursor: int) -> list[Part]:
        shown = f"{CURRENT}\n{text[:cursor]}{CURSOR}{text[cursor:]}"
        return [Part(shown), Part("" if shown.endswith("\n") else "\n"), Part(f"{SEPARATOR}\n")]

    def _draft(self, text: str) -> str:
        return (text if text.endswith("\n") else text + "\n") + f"{UPDATED}\n"

    def _read(self, region: str, answer: str) -> str | None:
        text = answer.removesuffix(f"{UPDATED}\n").removesuffix(UPDATED)
        lines = text.split("\n")
        is_broken = any(line in lines for line in self._lines)
        return None if is_broken or not text.strip() or text.strip().startswith(NO_EDITS) else text


class Zeta21(_Zeta):
    """The region cut into blocks (`V0318SeedMultiRegions`)."""

    name = "Zeta 2.1"
    _signs = (SUFFIX, PREFIX, MIDDLE, FILE, CURSOR, END, _MARK_BEGIN)
    _stop = (END,)

    def _region(self, text: str, cursor: int) -> list[Part]:
        shown, is_placed = "", False
        cuts = blocks(text)
        for number, (start, end) in enumerate(pairwise(cuts), 1):
            block = text[start:end]
            if not is_placed and start <= cursor <= end:
                block, is_placed = block[: cursor - start] + CURSOR + block[cursor - start :], True
            shown += mark(number) + block
        return [Part(f"{shown}{mark(len(cuts))}\n")]

    def _draft(self, text: str) -> str:
        cuts = blocks(text)
        shown = [mark(number) + text[start:end] for number, (start, end) in enumerate(pairwise(cuts), 1)]
        return "".join(shown) + mark(len(cuts)) + END

    def _read(self, region: str, answer: str) -> str | None:
        marks = list(MARK.finditer(answer.removesuffix(END)))
        if len(marks) < 2 or int(marks[0][1]) == int(marks[-1][1]):
            return None
        cuts = blocks(region)
        first, last = int(marks[0][1]), int(marks[-1][1])
        if not 1 <= first < last <= len(cuts):
            return None
        new = "".join(answer[one.end() : other.start()] for one, other in pairwise(marks))
        return region[: cuts[first - 1]] + new + region[cuts[last - 1] :]


def mark(number: int) -> str:
    """The mark of a block's beginning, counted from 1."""
    return f"{_MARK_BEGIN}{number}|>"


def blocks(text: str) -> list[int]:
    """The offsets where the blocks of a region begin, and its end: behind blank lines if it can be."""
    if not text:
        return [0, 0]
    lines = text.split("\n")
    starts = [0]
    for line in lines[:-1]:
        starts.append(starts[-1] + len(line) + 1)
    if text.endswith("\n"):
        lines.pop()
    bare = [line.strip(_BLANK) for line in lines]
    cuts, begun, at = [0], 0, 0
    while at < len(lines):
        count = at - begun
        target = None
        if count >= SHORTEST and bare[at] and at and not bare[at - 1]:
            target = _good_start(bare, at)
            if len(lines) - target < SHORTEST:
                target = None
        if target is None and count >= LONGEST:
            target = _good_start(bare, at)
        if target is not None and starts[target] > cuts[-1]:
            cuts.append(starts[target])
            begun = at = target
        at += 1
    return cuts if cuts[-1] == len(text) else [*cuts, len(text)]


def _good_start(bare: Sequence[str], at: int) -> int:
    """The next line that a block may well begin with, from `at` on; `at` where none is near."""
    for line in range(at, min(len(bare), at + MOVED)):
        if bare[line] and bare[line][0] not in "}])" and bare[line].rstrip(";") not in _TAILS:
            return line
    return at


def _history(hunks: Sequence[EditHunk], budget: int) -> list[Part]:
    """The last edits as diffs, the latest at the end, as far as the budget goes."""
    head = f"{FILE}edit_history\n"
    used = tokens(size(head))
    if used >= budget:
        return []
    told: list[str] = []
    for hunk in reversed(hunks[-HUNKS:]):
        path = "".join(f"/{name}" for name in PurePosixPath(hunk.path).parts)
        taken = "// User accepted prediction:\n" if hunk.own else ""
        diff = f"{taken}--- a{path}\n+++ b{path}\n{hunk.unified()}"
        cost = tokens(size(diff))
        if used + cost > budget:
            break
        used += cost
        told.append(diff)
    if not told:
        return []
    return [Part(FILE, special=True), Part("edit_history\n" + "".join(reversed(told))), Part("\n")]


def _elsewhere(asked: AskedEdit, shown: tuple[int, int]) -> list[RelatedPiece]:
    """The pieces that are not shown around the cursor anyway."""
    first, last = shown
    return [piece for piece in asked.pieces if piece.path != asked.path or piece.start < first or piece.end > last + 1]


@dataclass(slots=True)
class _File:
    """The pieces of one file."""

    path: str
    pieces: list[RelatedPiece]


def _files(pieces: Sequence[RelatedPiece], budget: int) -> list[Part]:
    """Pieces by their files, as far as the budget goes; what is left out of a file is marked."""
    files: dict[str, _File] = {}
    for piece in pieces:
        files.setdefault(piece.path, _File(piece.path, [])).pieces.append(piece)
    candidates = [
        (piece.order, number, at) for number, file in enumerate(files.values()) for at, piece in enumerate(file.pieces)
    ]
    every = list(files.values())
    chosen: list[tuple[int, int]] = []
    used = 0
    for _, number, at in sorted(candidates):
        piece = every[number].pieces[at]
        head = 0 if any(file == number for file, _ in chosen) else tokens(size(f"{FILE}{piece.path}\n"))
        rest = (not piece.text.endswith("\n")) + 4 * (piece.end < piece.lines)
        cost = head + tokens(size(piece.text) + rest)
        if used + cost > budget:
            break
        used += cost
        chosen.append((number, at))
    chosen.sort()
    parts: list[Part] = []
    for index, (number, at) in enumerate(chosen):
        piece = every[number].pieces[at]
        text = piece.text
        if not index or chosen[index - 1][0] != number:
            parts.append(Part(FILE, special=True))
            text = f"{piece.path}\n{text}"
        following = chosen[index + 1] if index + 1 < len(chosen) else None
        limit = every[number].pieces[following[1]].start if following and following[0] == number else piece.lines
        text += "\n" if text and not text.endswith("\n") else ""
        parts.append(Part(text + ("...\n" if piece.end < limit else "")))
    return [*parts, Part("\n")] if parts else []
