"""Whole lines: those that went, or that came behind a line, at other places of the same files.

Lines that went at two places at least are looked for in other files of the repository too.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from iquest_lsp.codeflow.reading import NotLookedUpError, Sources
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.pieces import is_name, pieces
from iquest_lsp.nextedit.predictors.passed_over import counted, nearness
from iquest_lsp.nextedit.records import EditKind, NextEdit, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort

#: Lines that one edit takes away or adds at most; edits that are looked at, the newest.
MAX_LINES, MAX_RULES = 3, 120
#: The least length of a name by which lines are told apart.
ANCHOR = 4
#: Other files that are looked at, and their size.
MAX_FILES, MAX_BYTES = 30, 1_000_000


def predict(changes: Sequence[Change], sources: Sources) -> Iterator[NextEdit]:
    """Lines that went, or that came behind a line, at other places of the same files."""
    found: dict[tuple[str, ...], list[tuple[str, int]]] = {}
    for change in changes:
        for edit in change.edits:
            if edit.old and not edit.new and len(edit.old) <= MAX_LINES and is_telling("".join(edit.old)):
                found.setdefault(("gone", *edit.old), []).append((edit.path, edit.line))
            elif edit.new and not edit.old and len(edit.new) <= MAX_LINES and edit.line > 0:
                above = change.after.lines[edit.line - 1]
                if is_telling(above) and is_telling("".join(edit.new)):
                    found.setdefault(("added", *_shifted((above, *edit.new))), []).append((edit.path, edit.line))
    for (kind, *lines), examples in [*found.items()][-MAX_RULES:]:
        for change in changes:
            if any(path == change.path for path, _ in examples):
                yield from (_gone if kind == "gone" else _added)(change, lines, examples)
        if kind == "gone" and len(examples) > 1:
            with contextlib.suppress(NotLookedUpError):
                yield from _gone_elsewhere(changes, sources, lines, examples)


def is_telling(line: str) -> bool:
    """Whether a line says enough to be looked for: a name of some length and something more."""
    found = pieces(line)
    return len(found) > 2 and any(is_name(item.text) and len(item.text) >= ANCHOR for item in found)


def _shifted(lines: Sequence[str]) -> tuple[str, ...]:
    """Lines with their indentation counted from the first one's; the first one without any."""
    first = lines[0][: len(lines[0]) - len(lines[0].lstrip())]
    return (lines[0].strip(), *(line.removeprefix(first) for line in lines[1:]))


def _gone(change: Change, wanted: Sequence[str], examples: Sequence[tuple[str, int]]) -> Iterator[NextEdit]:
    lines = change.after.lines
    for line in range(len(lines) - len(wanted)):
        if lines[line] == wanted[0] and lines[line : line + len(wanted)] == [*wanted] and not change.is_changed(line):
            old = "\n".join(wanted) + "\n"
            yield _of_lines(change.path, line, old, "", examples, "gone", str(min(len(wanted), 2)))


def _gone_elsewhere(
    changes: Sequence[Change], sources: Sources, wanted: Sequence[str], examples: Sequence[tuple[str, int]]
) -> Iterator[NextEdit]:
    """The same lines, however far they are indented, in other files of the kind."""
    homes = {path for path, _ in examples}
    suffix = PurePosixPath(examples[-1][0]).suffix
    names = [item.text for line in wanted for item in pieces(line) if is_name(item.text)]
    stripped = [line.strip() for line in wanted]
    texts = {change.path: change.after.text for change in changes}
    paths = [path for path in sources.holders(max(names, key=len)) if path not in homes]
    for path in [path for path in paths if PurePosixPath(path).suffix == suffix][:MAX_FILES]:
        data = texts[path].encode() if path in texts else sources.read(path)
        if data is None or len(data) > MAX_BYTES:
            continue
        lines = data.decode("utf-8", "replace").split("\n")
        for line, text in enumerate(lines[: 1 - len(wanted) or None]):
            if text.strip() == stripped[0] and [one.strip() for one in lines[line : line + len(wanted)]] == stripped:
                old = "\n".join(lines[line : line + len(wanted)]) + "\n"
                yield _of_lines(path, line, old, "", examples, "gone", str(min(len(wanted), 2)), "other")


def _added(change: Change, wanted: Sequence[str], examples: Sequence[tuple[str, int]]) -> Iterator[NextEdit]:
    lines = change.after.lines
    for line, text in enumerate(lines[:-1]):
        if text.strip() != wanted[0] or lines[line + 1].strip() == wanted[1].strip():
            continue
        indent = text[: len(text) - len(text.lstrip())]
        new = "".join(f"{indent}{added}\n" if added else "\n" for added in wanted[1:])
        yield _of_lines(change.path, line + 1, "", new, examples, "added", str(min(len(wanted) - 1, 2)))


def _of_lines(path: str, line: int, old: str, new: str, examples: Sequence[tuple[str, int]], *what: str) -> NextEdit:
    sort = Sort.of(PredictorKind.REPEAT, *what, str(counted(len(examples))), nearness(examples, path, line))
    reason = Reason(ReasonKind.REPEATED, (str(len(examples)),))
    return NextEdit(path, line, 0, old, new, EditKind.REPEAT, reason, sort, 0.0, examples[-1])
