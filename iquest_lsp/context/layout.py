"""What the parts of the window look like: the tree, the history, and the current file cut around the cursor."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iquest_lsp.context.prompt import FileAtCursor
from iquest_lsp.datatypes import FlowRecord, Position

#: The span of the current file begins and ends at multiples of so many lines; a short span of fewer.
STEP_LINES = 64
_STEP_CHARACTERS = 512
_CLOSERS = re.compile(r"[\s)\]}>\"'`;:,]*\Z")


def clean(text: str) -> str:
    """The text as the window shows it: line ends "\\n", no lone surrogates, no NUL."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        text = text.replace("\0", "\ufffd")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def tree_text(paths: Iterable[str], max_characters: int) -> str:
    """The project's files, one path a line, sorted; where they do not fit, the fullest folders become one line.

    A file that comes or goes changes one line, unless a folder then fits or no longer does.
    """
    every = sorted(paths)
    folders: dict[str, list[str]] = defaultdict(list)
    for path in every:
        folders[path.rpartition("/")[0]].append(path)
    # The folder that costs most is folded first; ties by name, so that the same files give the same text.
    total = sum(len(path) + 1 for path in every)
    costs = {folder: sum(len(path) + 1 for path in files) for folder, files in folders.items()}
    folded: set[str] = set()
    for folder in sorted(folders, key=lambda name: (-costs[name], name)):
        if total <= max_characters or len(folders[folder]) < 2:
            continue
        folded.add(folder)
        total += len(_folded(folder, len(folders[folder]))) + 1 - costs[folder]
    lines: list[str] = []
    left = max_characters
    for folder in sorted(folders):
        own = [_folded(folder, len(folders[folder]))] if folder in folded else folders[folder]
        for line in own:
            left -= len(line) + 1
            if left < 0:
                return "".join(f"{line}\n" for line in [*lines, "..."]) if lines else ""
            lines.append(line)
    return "".join(f"{line}\n" for line in lines)


def _folded(folder: str, count: int) -> str:
    return f"{folder or '.'}/ ({count} files)"


def history_text(records: Sequence[FlowRecord]) -> str:
    """Flow records in words, one a line, as layout version 1 writes them; oldest first, so that new ones append."""
    lines = []
    for record in sorted(records, key=lambda item: (item.date, item.commit)):
        places = ", ".join(record.paths[:3])
        subject = " ".join(record.subject.split())[:200]
        lines.append(f"- {record.kind}: {subject}" + (f" ({places})" if places else ""))
    return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class SpanAnchor:
    """Where the shown span of the current file lies: from line `first` to `below` lines before the file's end.

    Counting the end from the file's end keeps it in place while lines are added at the cursor. `head` is the line
    that a prefix-first prompt's middle part begins with (None in other prompts); lines from there to the cursor come
    after the suffix.
    """

    path: str
    first: int
    below: int
    head: int | None


@dataclass(frozen=True, slots=True)
class CutFile:
    """The current file cut around the cursor: its text for the prompt, its lines [start, end), its anchor."""

    text: FileAtCursor
    start: int
    end: int
    anchor: SpanAnchor


def cut(
    path: str,
    lines: Sequence[str],
    cursor: Position,
    *,
    prefix_characters: int,
    suffix_characters: int,
    anchor: SpanAnchor | None,
    middle_lines: int = 0,
    keep_tail: bool = True,
) -> CutFile:
    """Cuts the current file so that its start and end move rarely.

    `lines` carry no line ends. The limits count characters; the cursor's line always stays, itself cut where it
    alone is too long. `anchor` is the one of the cut before, kept while the cursor is in its span and the span
    within limits. `middle_lines` (prefix-first prompts) is how many whole lines above the cursor may stand after the
    suffix, so that a new line changes only the end. Without `keep_tail`, a rest of the line that only closes
    brackets is left out: what an editor inserts by itself must not change the suffix.
    """
    row = min(cursor.line, len(lines) - 1)
    line = lines[row]
    column = min(cursor.character, len(line))
    head, tail = line[:column], line[column:]
    head = _from_step(head, prefix_characters)
    tail = tail[:suffix_characters]
    if not keep_tail and _CLOSERS.match(tail):
        tail = ""
    same = anchor is not None and anchor.path == path
    first = _first(lines, row, prefix_characters - len(head), anchor.first if same and anchor else None)
    below = _below(lines, row, suffix_characters - len(tail), anchor.below if same and anchor else None)
    end = len(lines) - below
    start_of_head = row
    if middle_lines:
        kept = anchor.head if same and anchor and anchor.head is not None else row
        # Lines just typed stay behind the suffix; when there are too many the border follows.
        start_of_head = kept if first <= kept <= row and row - kept <= middle_lines else row
        head = "".join(f"{text}\n" for text in lines[start_of_head:row]) + head
    prefix = "".join(f"{text}\n" for text in lines[first:start_of_head])
    suffix = "\n".join(lines[row + 1 : end])
    text = FileAtCursor(path, prefix, head, tail, suffix)
    return CutFile(
        text, first, max(end, row + 1), SpanAnchor(path, first, below, start_of_head if middle_lines else None)
    )


def around(text: str, row: int, limit: int) -> tuple[int, int, str]:
    """Lines [start, end) around a row within `limit` characters, and their text; "" when not even that row fits."""
    lines = text.split("\n")
    start = end = min(max(row, 0), len(lines) - 1)
    left = limit
    grown = True
    while grown:
        grown = False
        if end < len(lines) and len(lines[end]) < left:
            left -= len(lines[end]) + 1
            end += 1
            grown = True
        if start > 0 and len(lines[start - 1]) < left:
            start -= 1
            left -= len(lines[start]) + 1
            grown = True
    while start < end and not lines[start].strip():
        start += 1
    while start < end and not lines[end - 1].strip():
        end -= 1
    return start, end, "".join(f"{line}\n" for line in lines[start:end])


def _first(lines: Sequence[str], row: int, limit: int, kept: int | None) -> int:
    """First line of the span: the kept one while it fits; else at a step, so that a quarter is left to grow into."""
    if kept is not None and kept <= row and _fits(lines[kept:row], limit):
        return kept
    above = range(row - 1, -1, -1)
    nearest = _reach(above, lines, limit)
    if nearest == 0:
        return 0
    wanted = _reach(above, lines, limit * 3 // 4)
    step = _step(row - nearest)
    return max(-(-wanted // step) * step, nearest) if -(-wanted // step) * step <= row else wanted


def _below(lines: Sequence[str], row: int, limit: int, kept: int | None) -> int:
    """Lines left out below the span, counted from the file's end: the kept number while it fits."""
    total = len(lines)
    if kept is not None and row < total - kept:
        size = sum(len(line) + 1 for line in lines[row + 1 : total - kept])
        # A span that shrank to little while the cursor went down is renewed, or nothing would follow the cursor.
        if size <= limit and (kept == 0 or size >= limit // 4):
            return kept
    furthest = _reach(range(row + 1, total), lines, limit)
    left = total - 1 - furthest
    step = _step(furthest - row)
    return min(-(-left // step) * step, total - 1 - row)


def _step(lines: int) -> int:
    """The step for a span of so many lines: a power of two, a quarter of it at most."""
    step = STEP_LINES
    while step > 1 and step * 4 > lines:
        step //= 2
    return step


def _reach(rows: range, lines: Sequence[str], limit: int) -> int:
    """The furthest row that can be taken within the limit; the row before the first one when none can."""
    last = rows.start - rows.step
    for row in rows:
        limit -= len(lines[row]) + 1
        if limit < 0:
            break
        last = row
    return last


def _fits(lines: Sequence[str], limit: int) -> bool:
    return sum(map(len, lines)) + len(lines) <= limit


def _from_step(text: str, limit: int) -> str:
    """The end of a text that is too long, from a step on, so that typing does not move its start every time."""
    if len(text) <= limit:
        return text
    step = min(_STEP_CHARACTERS, max(limit // 2, 1))
    over = len(text) - limit
    return text[-(-over // step) * step :]
