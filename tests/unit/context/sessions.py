"""Editing sessions: what a person does in an editor, event by event, and what each request then costs in tokens.

A session is typed from real code: a span of a file is deleted and typed again character by character, with the
brackets an editor closes by itself, indentation it inserts, typing errors taken back, jumps, saves and changes of
file in between.
"""

from __future__ import annotations

import random
import sysconfig
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from iquest_lsp.context.prompt import PromptFormat
from iquest_lsp.context.window import WindowAssembler
from iquest_lsp.datatypes import ContextWindow

from .toys import ToyTokenizer, ToyWorkspace, common_prefix, special_tokens

_CLOSING = {"(": ")", "[": "]", "{": "}", '"': '"', "'": "'"}


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happens: `kind` is key, newline, jump, switch, save, elsewhere or idle; all but the last two
    leave `text` in the buffer of `path` and the cursor at `line`, `character`, and ask for a completion."""

    kind: str
    path: str
    text: str
    line: int = 0
    character: int = 0


@dataclass(slots=True)
class Costs:
    """Per kind of event: tokens evaluated, and the share of the prompt that was the old one's prefix."""

    evaluated: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    kept: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    windows: int = 0
    largest: int = 0

    @property
    def keystrokes(self) -> list[int]:
        return self.evaluated["key"] + self.evaluated["newline"]

    def percentile(self, share: float) -> int:
        found = sorted(self.keystrokes)
        return found[min(int(len(found) * share), len(found) - 1)]

    @property
    def typical(self) -> float:
        return median(self.keystrokes)


def library(*packages: str, most_lines: int = 900) -> dict[str, str]:
    """Source files of the standard library's packages, by path."""
    root = Path(sysconfig.get_path("stdlib"))
    files = {}
    for package in packages:
        for file in sorted((root / package).glob("*.py")):
            text = file.read_text("utf-8")
            if 20 < text.count("\n") < most_lines:
                files[f"{package}/{file.name}"] = text
    return files


class Typist:
    """Makes the events of one session over a set of files; the same seed makes the same session."""

    def __init__(self, files: dict[str, str], seed: int, *, open_files: int = 6) -> None:
        self._rng = random.Random(seed)
        self._texts = dict(files)
        sizeable = [path for path in sorted(files) if files[path].count("\n") > 60]
        self.opened = self._rng.sample(sizeable, min(open_files, len(sizeable)))
        self._others = [path for path in sorted(files) if path not in self.opened]

    def session(self, spans: int) -> Iterator[Event]:
        """So many spans typed anew, in one open file after the other."""
        path = self.opened[0]
        for _ in range(spans):
            if self._rng.random() < 0.4 and len(self.opened) > 1:
                path = self._rng.choice([name for name in self.opened if name != path])
                line = self._rng.randrange(self._texts[path].count("\n"))
                yield Event("switch", path, self._texts[path], line, 0)
            yield from self._type_span(path)
            yield Event("save", path, self._texts[path])
            if self._rng.random() < 0.5:
                yield self._elsewhere(path)
            if self._rng.random() < 0.6:
                yield Event("idle", path, self._texts[path])

    def _elsewhere(self, current: str) -> Event:
        """Another file changes under our hands: a formatter, another window, a colleague's tool."""
        path = self._rng.choice([name for name in [*self.opened, *self._others] if name != current])
        lines = self._texts[path].split("\n")
        at = self._rng.randrange(len(lines))
        lines[at : at + 1] = [lines[at], f"# note {self._rng.randrange(10**6)}"]
        self._texts[path] = "\n".join(lines)
        return Event("elsewhere", path, self._texts[path])

    def _type_span(self, path: str) -> Iterator[Event]:
        lines = self._texts[path].split("\n")
        count = self._rng.randint(3, 14)
        start = self._rng.randrange(max(len(lines) - count, 1))
        wanted = lines[start : start + count]
        indent = wanted[0][: len(wanted[0]) - len(wanted[0].lstrip())]
        lines[start : start + count] = [indent]
        yield self._put("jump", path, lines, start, len(indent))
        for offset, goal in enumerate(wanted):
            row = start + offset
            if offset:
                indent = goal[: len(goal) - len(goal.lstrip())]
                lines.insert(row, indent)
                yield self._put("newline", path, lines, row, len(indent))
            yield from self._type_line(path, lines, row, goal)

    def _type_line(self, path: str, lines: list[str], row: int, goal: str) -> Iterator[Event]:
        typed = len(lines[row])
        closing: list[str] = []
        if self._rng.random() < 0.15 and len(goal) - typed > 20:
            # A completion is accepted: the rest comes at once.
            lines[row] = goal
            yield self._put("key", path, lines, row, len(goal))
            return
        while typed < len(goal):
            char = goal[typed]
            typed += 1
            if closing and char == closing[-1]:
                closing.pop()
            elif char in _CLOSING and self._rng.random() < 0.8:
                closing.append(_CLOSING[char])
            lines[row] = goal[:typed] + "".join(reversed(closing))
            if self._rng.random() < 0.03 and char.isalpha():
                lines[row] = goal[:typed] + "x" + "".join(reversed(closing))
                yield self._put("key", path, lines, row, typed + 1)
                lines[row] = goal[:typed] + "".join(reversed(closing))
            if self._rng.random() < 0.7 or typed == len(goal):
                yield self._put("key", path, lines, row, typed)
        lines[row] = goal

    def _put(self, kind: str, path: str, lines: Sequence[str], row: int, column: int) -> Event:
        self._texts[path] = "\n".join(lines)
        return Event(kind, path, self._texts[path], row, column)


def play(
    events: Sequence[Event],
    files: dict[str, str],
    opened: Sequence[str],
    prompt_format: PromptFormat,
    budget: int,
    *,
    check: Callable[[ContextWindow], None] = lambda window: None,
) -> Costs:
    """Runs a session against one assembler and counts; each request's prompt is compared with the one before."""
    workspace = ToyWorkspace(files)
    for path in opened:
        workspace.open(path)
    special = special_tokens(prompt_format.tokens) if prompt_format.tokens else {}
    assembler = WindowAssembler(ToyTokenizer(), prompt_format, special, budget)
    costs = Costs()
    cached: tuple[int, ...] = ()
    place = (opened[0], 0, 0)
    # The daemon warms the window when the first file is opened.
    cached = assembler.assemble(workspace.snapshot(*place), workspace.sources(), refresh=True).tokens
    for event in events:
        if event.kind == "elsewhere" and event.path not in workspace.buffers:
            workspace.files[event.path] = event.text
            workspace.index.update(event.path, workspace.load)
        else:
            if workspace.buffers[event.path].text != event.text:
                workspace.edit(event.path, event.text)
            if event.kind in ("save", "elsewhere"):
                workspace.save(event.path)
            if event.kind not in ("save", "elsewhere", "idle"):
                place = (event.path, event.line, event.character)
        window = assembler.assemble(workspace.snapshot(*place), workspace.sources(), refresh=event.kind == "idle")
        check(window)
        same = common_prefix(cached, window.tokens)
        costs.evaluated[event.kind].append(len(window.tokens) - same)
        costs.kept[event.kind].append(same / len(window.tokens))
        costs.windows += 1
        costs.largest = max(costs.largest, len(window.tokens))
        cached = window.tokens
    return costs
