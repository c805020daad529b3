"""Whole lines: those that went, or that came behind a line, at other places of the same files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iquest_lsp.codeflow.reading import Sources
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.pieces import is_name, pieces
from iquest_lsp.nextedit.predictors.passed import counted, nearness
from iquest_lsp.nextedit.records import EditKind, NextEdit, Reason, ReasonKind

#: Lines that one edit takes away or adds at most; edits that are looked at, the newest.
MAX_LINES, MAX_RULES = 3, 120
#: The least length of a name by which lines are told apart.
ANCHOR = 4


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
            yield _of_lines(change.path, line, old, "", examples, f"gone-{min(len(wanted), 2)}")


def _added(change: Change, wanted: Sequence[str], examples: Sequence[tuple[str, int]]) -> Iterator[NextEdit]:
    lines = change.after.lines
    for line, text in enumerate(lines[:-1]):
        if text.strip() != wanted[0] or lines[line + 1].strip() == wanted[1].strip():
            continue
        indent = text[: len(text) - len(text.lstrip())]
        new = "".join(f"{indent}{added}\n" if added else "\n" for added in wanted[1:])
        yield _of_lines(change.path, line + 1, "", new, examples, f"added-{min(len(wanted) - 1, 2)}")


def _of_lines(path: str, line: int, old: str, new: str, examples: Sequence[tuple[str, int]], what: str) -> NextEdit:
    sort = f"repeat-{what}-{counted(len(examples))}-{nearness(examples, path, line)}"
    reason = Reason(ReasonKind.REPEATED, (str(len(examples)),))
    return NextEdit(path, line, 0, old, new, EditKind.REPEAT, reason, sort, 0.0, examples[-1])
