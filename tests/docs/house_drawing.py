"""Draws the house from its imports: every room, and under it the rooms that it imports.

    python -m tests.docs.house_drawing docs/house.svg

A room is a folder or a module at the top of the package. An arrow that follows from two others is left out. The
modules that import nothing but each other are the ground: everybody may import them, and no arrows are drawn.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from functools import cache
from html import escape
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "iquest_lsp"
BOX_HEIGHT, LINE, GAP, LEVEL, WIDTH = 34, 15, 26, 74, 980
_STYLE = "font-family: ui-monospace, Menlo, Consolas, monospace; font-size: 13px"


def rooms() -> list[str]:
    """The folders and modules at the top of the package that hold code."""
    found = [path.name for path in PACKAGE.iterdir() if path.is_dir() and list(path.glob("*.py"))]
    found += [path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__"]
    # models/ holds a file of weights, and _runtime/ what a build puts there.
    return sorted(name for name in found if name not in ("models", "_runtime"))


def inside(room: str) -> list[str]:
    """The subfolders of a room that hold code."""
    return sorted(path.parent.name for path in (PACKAGE / room).glob("*/__init__.py"))


@cache
def imports() -> dict[str, frozenset[str]]:
    """For each room the other rooms that it imports."""
    known, found = rooms(), {}
    for room in known:
        named = {name for file in _files(room) for name in _imported(ast.parse(file.read_text("utf-8")), known)}
        found[room] = frozenset(named - {room})
    return found


@cache
def ground() -> frozenset[str]:
    """The modules that import nothing but each other."""
    found = {room for room in rooms() if not (PACKAGE / room).is_dir()}
    while fallen := {room for room in found if imports()[room] - found}:
        found -= fallen
    return frozenset(found)


def _files(room: str) -> list[Path]:
    folder = PACKAGE / room
    return sorted(folder.rglob("*.py")) if folder.is_dir() else [PACKAGE / f"{room}.py"]


def _imported(tree: ast.Module, known: list[str]) -> Iterator[str]:
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None and not node.level:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            parts = name.split(".")
            if parts[0] == "iquest_lsp" and len(parts) > 1 and parts[1] in known:
                yield parts[1]


def arrows() -> list[tuple[str, str]]:
    """The imports that are drawn: those that follow from no two others, none to the ground."""
    graph = {room: found - ground() for room, found in imports().items() if room not in ground()}
    below = {room: _reach(graph, room) for room in graph}
    return [
        (room, other)
        for room in sorted(graph)
        for other in sorted(graph[room])
        if not any(other in below[between] for between in graph[room] - {other})
    ]


def _reach(graph: dict[str, frozenset[str]], room: str) -> set[str]:
    found: set[str] = set()
    todo = list(graph[room])
    while todo:
        other = todo.pop()
        if other not in found:
            found.add(other)
            todo += graph[other]
    return found


def levels() -> list[list[str]]:
    """The rooms from the top of the house to the ground."""
    graph = {room: found - ground() for room, found in imports().items() if room not in ground()}
    depth: dict[str, int] = {}

    def deep(room: str) -> int:
        if room not in depth:
            depth[room] = 1 + max((deep(other) for other in graph[room]), default=-1)
        return depth[room]

    top = max(deep(room) for room in graph)
    found = [[room for room in sorted(graph) if depth[room] == level] for level in range(top, -1, -1)]
    return [*found, [room for room in rooms() if room in ground()]]


def draw() -> str:
    """The drawing as SVG."""
    boxes: dict[str, tuple[float, float, float, float]] = {}
    parts: list[str] = []
    y = 16.0
    for row in levels():
        tall = BOX_HEIGHT + LINE * max(-(-len(inside(room)) // 3) if room not in ground() else 0 for room in row)
        wide = (WIDTH - GAP * (len(row) + 1)) / len(row)
        wide = min(wide, 300.0)
        left = (WIDTH - len(row) * wide - (len(row) - 1) * GAP) / 2
        for number, room in enumerate(row):
            x = left + number * (wide + GAP)
            boxes[room] = (x, y, wide, tall)
            colour = "#eeeeea" if room in ground() else "#dfeaf5"
            parts.append(f'<rect x="{x:.0f}" y="{y:.0f}" width="{wide:.0f}" height="{tall}" rx="5" fill="{colour}"/>')
            name = f"{room}/" if (PACKAGE / room).is_dir() else f"{room}.py"
            parts.append(_text(x + wide / 2, y + 22, name, "bold"))
            within = inside(room)
            for line, start in enumerate(range(0, len(within), 3)):
                said = " ".join(within[start : start + 3])
                parts.append(_text(x + wide / 2, y + 38 + LINE * line, said, "normal"))
        y += tall + LEVEL - BOX_HEIGHT
    lines = []
    for room, other in arrows():
        (x1, y1, w1, h1), (x2, y2, w2, _) = boxes[room], boxes[other]
        at, to = x1 + w1 / 2, x2 + w2 / 2
        bend = f"{at:.0f} {y1 + h1 + 24:.0f} {to:.0f} {y2 - 28:.0f} {to:.0f} {y2 - 3:.0f}"
        curve = f'<path d="M {at:.0f} {y1 + h1:.0f} C {bend}"'
        lines.append(f'{curve} fill="none" stroke="#8a94a0" marker-end="url(#tip)"/>')
    tip = (
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M 0 0 L 8 4 L 0 8 z" fill="#8a94a0"/></marker></defs>'
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:.0f}" style="{_STYLE}">'
    back = f'<rect width="{WIDTH}" height="{y:.0f}" fill="#ffffff"/>'
    note = _text(WIDTH / 2, y - 16, "an arrow: imports; the last row may be imported by all", "normal")
    return "\n".join([head, tip, back, *lines, *parts, note, "</svg>"]) + "\n"


def _text(x: float, y: float, words: str, weight: str) -> str:
    at = f'x="{x:.0f}" y="{y:.0f}" text-anchor="middle" font-weight="{weight}" fill="#1d2733"'
    return f"<text {at}>{escape(words)}</text>"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(draw(), "utf-8")
