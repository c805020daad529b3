"""How Sweep's next-edit models (0.5B to 7B, on Qwen2.5-Coder) are asked: the file, edits, and a few lines thrice.

The lines around the cursor are given as they were before the last edits, as they are, with the cursor, and as they
will be, of which the first line is given too. The layout, the windows and what an answer must not do are those of
Sweep's own server (sweep-autocomplete 0.1.1); the tests compare with it where it is installed.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence

from iquest_lsp.datatypes import Part
from iquest_lsp.nextedit.formats.asked import AskedEdit, EditHunk, EditPrompt, changed, joined, levelled

FILE, CURSOR, END = "<|file_sep|>", "<|cursor|>", "<|endoftext|>"
#: Lines of the region before and behind the cursor's.
BEFORE, BEHIND = 2, 5
#: Characters a token is taken for, and the tokens that the lines of a region behind the first two may have.
PER_TOKEN, REGION_TOKENS = 3.5, 512
#: Tokens that a prompt may have.
BUDGET = 18_000
#: A file of up to so many lines is shown whole, of a longer one WINDOW lines that begin at a multiple of STRIDE.
WHOLE, WINDOW, STRIDE = 800, 300, 150
#: Edits that are told, and the lines around each.
HUNKS, AROUND = 6, 1
#: A longer line is cut where it is shown; a region with one is left alone.
LONGEST_LINE = 600
#: Lines that an answer may add.
MOST_ADDED = 20
#: An answer that adds and takes away more lines than that, some of them above the cursor, has lost its thread.
LARGE = 5
#: What a fault in the makers' training data lets a model write.
_NO_LINE_END = " No newline at end of file"


class Sweep:
    """See the module's docstring."""

    name = "Sweep"

    def prompt(self, asked: AskedEdit) -> EditPrompt | None:
        """See EditFormat."""
        start, region = _region(asked.text, asked.cursor)
        cursor = min(max(asked.cursor - start, 0), len(region))
        is_long = any(len(line) > LONGEST_LINE for line in region.splitlines())
        if not region or is_long or any(sign in region for sign in (FILE, CURSOR, END)):
            return None
        history, was = _history(asked.hunks, region)
        shown = region[:cursor] + CURSOR + region[cursor:]
        if shown.endswith("\n") and was.endswith("\n"):
            shown, was = shown.removesuffix("\n"), was.removesuffix("\n")
        given = _given(region[:cursor])
        line = _line(region, cursor)
        span = f"{asked.path}:{line + 1}:{line + len(shown.splitlines()) + 1}\n"
        body = [
            *history,
            Part("\n"),
            *_titled(f"original/{span}{was}\n"),
            *_titled(f"current/{span}{shown}\n"),
            *_titled(f"updated/{span}{given}"),
        ]
        room = asked.room(BUDGET) - _tokens(body)
        files = (_window(asked.before or asked.text, asked.cursor, most) for most in (WHOLE, WINDOW))
        shown_file = next((file for file in files if _tokens([Part(asked.path + file)]) < room), None)
        if shown_file is None:
            return None
        body = [*_titled(f"{asked.path}\n{shown_file}\n"), *body]
        left = asked.room(BUDGET) - _tokens(body)
        pieces: list[Part] = []
        for piece in asked.pieces:
            told = _titled(f"{piece.path}\n{piece.text}\n")
            left -= _tokens(told)
            if left < 0:
                break
            pieces += told
        parts = tuple(Part(_cut(part.text), part.special) for part in joined([*pieces, *body]))
        draft = region if region.endswith("\n") else region + "\n"
        end = start + len(region)
        return EditPrompt(
            start, end, region, cursor, parts, stop=(FILE, END), draft=draft.removeprefix(given), given=given
        )

    def parse(self, prompt: EditPrompt, answer: str) -> str | None:
        """See EditFormat."""
        text = prompt.given + answer.removesuffix(FILE).removesuffix(END)
        region = prompt.region
        if text.rstrip("\n").endswith(_NO_LINE_END):
            text = text.partition(_NO_LINE_END)[0]
        lines = text.split("\n")
        first = next((at for at, line in enumerate(lines) if line.strip()), len(lines))
        text = levelled(region, "\n".join(lines[first:]).replace(CURSOR, ""))
        if _only_lines(text) == _only_lines(region) or not text.strip():
            return None
        if _pushes_down(region, text, prompt.cursor) or _is_large(region, text, prompt.cursor):
            return None
        if text.count("\n") - region.count("\n") > MOST_ADDED:
            return None
        return changed(region, text, (FILE, CURSOR, END))


def _titled(text: str) -> list[Part]:
    return [Part(FILE, special=True), Part(text)]


def _tokens(parts: Sequence[Part]) -> int:
    return int(sum(len(part.text) for part in parts) / PER_TOKEN)


def _cut(text: str) -> str:
    """A text whose long lines are cut."""
    lines = text.splitlines(keepends=True)
    if all(len(line) <= LONGEST_LINE for line in lines):
        return text
    ends = ["\n" if line.endswith("\n") else "" for line in lines]
    return "".join(
        line if len(line) <= LONGEST_LINE else line.rstrip("\n")[:LONGEST_LINE] + "..." + end
        for line, end in zip(lines, ends, strict=True)
    )


def _line(text: str, offset: int) -> int:
    """The line of an offset; at the end of the text the last one that holds something."""
    if 0 < len(text) <= offset:
        return len(text.splitlines()) - 1
    return text.count("\n", 0, max(offset, 0))


def _region(text: str, cursor: int) -> tuple[int, str]:
    """Where the lines around a cursor begin, and these lines, without blank ones at their ends."""
    lines = text.splitlines(keepends=True)
    line = _line(text, cursor)
    first, end = max(0, line - BEFORE), min(len(lines), line + BEHIND + 1)
    while first < end and not lines[first].strip():
        first += 1
        end += end < len(lines)
    while end > first and not lines[end - 1].strip():
        end -= 1
    region = "".join(lines[first:end])
    top, rest = "".join(lines[first:end][:BEFORE]), "".join(lines[first:end][BEFORE:])
    if int(len(rest) / PER_TOKEN) > REGION_TOKENS:
        whole = rest[: int(REGION_TOKENS * PER_TOKEN)].splitlines(keepends=True)
        region = top + "".join(whole[:-1])
    return sum(map(len, lines[:first])), region


def _window(text: str, cursor: int, most: int) -> str:
    """A file of up to `most` lines, or some of a longer one, from a fixed line on: so prompts keep their beginning."""
    lines = text.splitlines()
    if len(lines) <= most:
        return text
    first = max(round((_line(text, cursor) - WINDOW // 2) / STRIDE), 0) * STRIDE
    return "\n".join(lines[first : first + WINDOW])


def _history(hunks: Sequence[EditHunk], region: str) -> tuple[list[Part], str]:
    """The last edits, and the region as it was before those of them that are found in it."""
    told = [hunk for hunk in hunks if hunk.side("+", 0).strip() != hunk.side("-", 0).strip()]
    was = region
    for hunk in reversed(told):
        for around in (AROUND, 0):
            new = hunk.side("-", around)
            if new.strip() and new in was:
                was = was.replace(new, hunk.side("+", around), 1)
                break
        else:
            break
    parts: list[Part] = []
    for hunk in told[-HUNKS:]:
        old, new = hunk.side("+", AROUND).strip("\n"), hunk.side("-", AROUND).strip("\n")
        if old.strip() or new.strip():
            last = hunk.line + sum(line[:1] != "-" for line in hunk.lines[1:])
            span = f"{hunk.path}:{hunk.line + 1}:{last}"
            parts += _titled(f"{span}\noriginal:\n{old}\nupdated:\n{new}\n")
    if parts:
        parts[-1] = Part(parts[-1].text.rstrip("\n"))
    return parts, was


def _given(before: str) -> str:
    """What is given of the answer: the first line, as far as the cursor goes, and line ends behind it."""
    first, *rest = before.splitlines(keepends=True) or [""]
    behind = "".join(rest)
    return first + "\n" * (len(behind) - len(behind.lstrip("\n")))


def _only_lines(text: str) -> list[str]:
    return [line for line in text.split("\n") if line]


def _pushes_down(region: str, new: str, cursor: int) -> bool:
    """Whether an answer only inserts something above the cursor's line."""
    before, own, behind = region[:cursor].rpartition("\n")
    line = behind + region[cursor:]
    return bool(line.partition("\n")[0].strip()) and new.startswith(before + own) and new.endswith(line)


def _is_large(region: str, new: str, cursor: int) -> bool:
    """Whether an answer writes much anew, and something above the cursor too."""
    if region[:cursor] == new[:cursor]:
        return False
    codes = difflib.SequenceMatcher(None, region.splitlines(), new.splitlines()).get_opcodes()
    went = sum(i2 - i1 for tag, i1, i2, _, _ in codes if tag != "equal")
    came = sum(j2 - j1 for tag, _, _, j1, j2 in codes if tag != "equal")
    return came > LARGE and went > LARGE
