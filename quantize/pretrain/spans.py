"""Where a file is cut into prefix, middle and suffix: at random, and where the syntax says."""

from __future__ import annotations

import ast
import bisect
import random
import re
import warnings
from dataclasses import dataclass

from iquest_lsp.context.prompt import FileAtCursor

#: Span starts of the current file are multiples of this many lines where room allows (docs/completion.md).
ANCHOR = 64
BRACKETS = {"(": ")", "[": "]", "{": "}"}
#: What a cursor stands behind more often than elsewhere.
SIGNS = frozenset(".(= ")
#: Names of modules and headers in languages other than Python; the last part of each is its file's name.
IMPORTED = re.compile(
    r"""(?m)^\s*(?:import|export)\b[^'"\n]*['"]([^'"\n]+)['"]|\brequire\(['"]([^'"\n]+)['"]\)"""
    r"""|^\s*\#\s*include\s*["<]([^">\n]+)[">]|^\s*(?:pub\s+)?(?:use|mod)\s+([\w:]+)|^\s*import\s+(?:static\s+)?([\w.]+);"""
)
#: Lines of a piece where no parser says where it ends.
PIECE = 40
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]{2,}")


@dataclass(frozen=True, slots=True)
class Places:
    """Shares of cursors behind a sign, where a line's text begins, and at its end; the rest stand anywhere in it."""

    after_signs: float = 0.0
    line_starts: float = 0.0
    line_ends: float = 0.0


ANYWHERE = Places()


@dataclass(frozen=True, slots=True)
class Outline:
    """Line starts of one file, its blocks and top-level pieces as (first, end) line numbers, what it imports."""

    text: str
    starts: tuple[int, ...]
    bodies: tuple[tuple[int, int], ...]
    pieces: tuple[tuple[int, int], ...]
    imports: tuple[str, ...]

    def line_of(self, at: int) -> int:
        """Number of the line that holds character `at`."""
        return bisect.bisect_right(self.starts, at) - 1

    def lines(self, first: int, end: int) -> str:
        """Whole lines `first` up to, not including, `end`."""
        start = self.starts[first] if first < len(self.starts) else len(self.text)
        stop = self.starts[end] if end < len(self.starts) else len(self.text)
        return self.text[start:stop]


def outline(text: str, path: str) -> Outline:
    """Reads a file once: Python with its parser, other languages by their braces and indentation."""
    starts = [0, *(match.end() for match in re.finditer("\n", text) if match.end() < len(text))]
    bodies: list[tuple[int, int]] = []
    pieces: list[tuple[int, int]] = []
    imports: list[str] = []
    if path.endswith(".py"):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                imports.append(node.module)
            elif isinstance(node, ast.Import):
                imports.extend(alias.name for alias in node.names)
            body = getattr(node, "body", None)
            if isinstance(body, list) and body and not isinstance(node, ast.Module):
                last = body[-1].end_lineno
                bodies.append((body[0].lineno - 1, last))
        for statement in tree.body:
            first = min([statement.lineno, *(item.lineno for item in getattr(statement, "decorator_list", []))]) - 1
            end = statement.end_lineno or first + 1
            if pieces and end - pieces[-1][0] <= 12:
                pieces[-1] = (pieces[-1][0], end)
            else:
                pieces.append((first, end))
    else:
        lines = text.split("\n")[: len(starts)]
        bodies, pieces = _braces(lines), _paragraphs(lines)
        for found in IMPORTED.findall(text):
            name = re.split(r"[/:]", next(filter(None, found)))[-1]
            imports.append(name.removesuffix(".h").removesuffix(".hpp").removesuffix(".js"))
    return Outline(text, tuple(starts), tuple(bodies), tuple(pieces), tuple(imports))


def _braces(lines: list[str]) -> list[tuple[int, int]]:
    """Bodies between a line that ends with an opening brace and the next line of its indentation, which closes it."""
    bodies = []
    opened: list[tuple[int, int]] = []
    for at, line in enumerate(lines):
        text = line.strip()
        indent = len(line) - len(line.lstrip())
        if not text:
            continue
        while opened and opened[-1][0] >= indent:
            level, first = opened.pop()
            if level == indent and text[0] == "}" and at > first:
                bodies.append((first, at))
        if text[-1] == "{":
            opened.append((indent, at + 1))
    return bodies


def _paragraphs(lines: list[str]) -> list[tuple[int, int]]:
    """Pieces of up to about PIECE lines, cut before lines without indentation that follow a blank one."""
    borders = [
        at
        for at in range(1, len(lines))
        if lines[at][:1] not in ("", " ", "\t", "}", ")", "]") and not lines[at - 1].strip()
    ]
    pieces: list[tuple[int, int]] = []
    for first, end in zip([0, *borders], [*borders, len(lines)], strict=True):
        if pieces and end - pieces[-1][0] <= 12:
            pieces[-1] = (pieces[-1][0], end)
        else:
            pieces += [(at, min(at + PIECE, end)) for at in range(first, end, PIECE)]
    return pieces


def cut(draw: random.Random, item: Outline, places: Places = ANYWHERE) -> tuple[int, int]:
    """Characters [a, b) to be filled in; the rest of a line is the most frequent kind, since it is the main job."""
    kind = draw.random()
    if kind < 0.12 and item.bodies:
        return _body(draw, item)
    a = _position(draw, item, places)
    line = item.line_of(a)
    end = _line_end(item, line)
    if kind < 0.62:
        return a, end
    if kind < 0.75:
        return a, _line_end(item, min(line + draw.randint(1, 6), len(item.starts) - 1))
    if kind < 0.85:
        inner = _brackets(item.text[:end], a, item.starts[line])
        if inner is not None:
            return inner
    if kind < 0.93:
        return a, min(end, a + draw.randint(0, 24))
    return a, min(len(item.text), a + draw.randint(1, 300))


def cursor_text(draw: random.Random, item: Outline, path: str, a: int, b: int, before: int, after: int) -> FileAtCursor:
    """The file around the cut, at most about `before` and `after` characters of whole lines on each side."""
    first, last = item.line_of(a), item.line_of(max(a, b - 1) if b > a else a)
    if b > a and item.text[b - 1] == "\n":
        # A middle that ends with its newline leaves no tail: the next line starts the suffix.
        b -= 1
    start = item.starts[first]
    top = first
    while top > 0 and start - item.starts[top - 1] <= before:
        top -= 1
    if top > 0 and draw.random() < 0.7:
        anchored = -(-top // ANCHOR) * ANCHOR
        top = anchored if anchored < first else top
    bottom = last + 1
    limit = last + 1 + draw.choice((8, 32, 64, 128))
    begin = item.starts[bottom] if bottom < len(item.starts) else len(item.text)
    while bottom < min(limit, len(item.starts)) and _end(item, bottom) - begin <= after:
        bottom += 1
    return FileAtCursor(
        path=path,
        prefix=item.lines(top, first),
        head=item.text[start:a],
        tail=item.text[b : _line_end(item, last)],
        suffix=item.lines(last + 1, bottom),
    )


def words(text: str) -> set[str]:
    """Identifiers of three letters and more."""
    return set(WORD.findall(text))


def _end(item: Outline, line: int) -> int:
    return item.starts[line + 1] if line + 1 < len(item.starts) else len(item.text)


def _line_end(item: Outline, line: int) -> int:
    end = _end(item, line)
    return end - 1 if end > item.starts[line] and item.text[end - 1] == "\n" else end


def _position(draw: random.Random, item: Outline, places: Places) -> int:
    """A place in a line that has text, at or after its first character that is not blank, its end included."""
    kind = draw.random() if places != ANYWHERE else 1.0
    for _ in range(20):
        line = draw.randrange(len(item.starts))
        start, end = item.starts[line], _line_end(item, line)
        text = item.text[start:end]
        if text.strip():
            indent = len(text) - len(text.lstrip())
            if kind < places.after_signs:
                behind = [at for at in range(indent + 1, len(text)) if text[at - 1] in SIGNS]
                if behind:
                    return start + draw.choice(behind)
            elif kind < places.after_signs + places.line_starts:
                return start + indent
            elif kind < places.after_signs + places.line_starts + places.line_ends:
                return start + len(text.rstrip())
            return draw.randint(start + indent, end)
    return item.starts[draw.randrange(len(item.starts))]


def _body(draw: random.Random, item: Outline) -> tuple[int, int]:
    short = [pair for pair in item.bodies if pair[1] - pair[0] <= 12] or list(item.bodies)
    first, end = draw.choice(short)
    start = item.starts[first]
    indent = len(item.lines(first, first + 1)) - len(item.lines(first, first + 1).lstrip())
    return start + indent, max(start + indent, _line_end(item, end - 1))


def _brackets(text: str, a: int, start: int) -> tuple[int, int] | None:
    """Inside of a bracket pair of this line that opens at or after its start, preferably around `a`."""
    for opening in range(a, start - 1, -1):
        if opening < len(text) and text[opening] in BRACKETS:
            closing = text.rfind(BRACKETS[text[opening]], opening + 1)
            if closing > opening:
                return opening + 1, closing
    return None
