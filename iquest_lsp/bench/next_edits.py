"""Next edits measured on real histories: commits taken apart into edits, made again one by one.

An edit is a run of changed lines in a file that was there before and after; a block whose lines answer to each other
is an edit for each line. Files that came or went with the commit did so before. After each edit the predictors are
asked, and what is shown is taken as long as it is right: where it is part of a shortest way from the text as it is to
the text as the commit left it. A wrong one is put away.

Orders: `diff` makes the edits as they stand in the diff; `human` makes those of changed definitions' heads first, then
the rest of their files, then other files, tests and documents last; in each file the imports come last, since what is
used tells which are wanted.
"""

from __future__ import annotations

import re
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from iquest_lsp.bench.edit_shapes import derivable, is_of_imports
from iquest_lsp.bench.next_edit_tally import Tally
from iquest_lsp.codeflow.reading import Category, ChangedText, CommitTexts, category, texts_of_commits
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.gate import LEAST, Refusals, admitted, in_order, joined, precision
from iquest_lsp.nextedit.pieces import pieces
from iquest_lsp.nextedit.predict import PREDICTORS, Predictor, possible
from iquest_lsp.nextedit.records import Edit, NextEdit

Order = Literal["diff", "human"]
ORDERS: tuple[Order, ...] = ("diff", "human")
#: A commit with more edits is a sweep by a program more often than the work of hands.
MAX_EDITS = 40
#: Suggestions of one sort that one commit counts for at most: those of a sweep are all right or all wrong.
MOST_OF_ONE = 4
#: A suggestion for whole lines may land this many lines from where the commit put them.
NEAR_LINES = 4


class Session:
    """A commit's files while its edits are being made."""

    def __init__(self, commit: CommitTexts, order: Order) -> None:
        self.commit = commit
        self.changes = {item.path: Change(item) for item in commit.changed}
        self._order = order
        self.made: dict[str, set[int]] = {path: set() for path in self.changes}
        #: The files that were changed so far.
        self.state: dict[str, Change] = {}

    @property
    def is_by_hand(self) -> bool:
        """Whether it has as many edits as people make."""
        return 2 <= sum(len(change.edits) for change in self.changes.values()) <= MAX_EDITS

    @cached_property
    def edits(self) -> list[tuple[str, int]]:
        """All edits in their order: paths, and numbers of the edits of each."""
        every = [(path, at) for path, change in self.changes.items() for at in range(len(change.edits))]
        if self._order == "diff":
            return every

        order = {path: at for at, path in enumerate(self.changes)}

        def rank(item: tuple[str, int]) -> tuple[int, int, int, bool]:
            path, at = item
            heads = self.heads[path]
            edit = self.changes[path].edits[at]
            place = _PLACES.get(category(path), 4)
            if any(start <= line < end for start, end in heads for line in range(edit.line, edit.line + len(edit.new))):
                return 0, 0, 0, False
            last = is_of_imports(self.changes[path], edit)
            return (1, 0, order[path], last) if heads else (2, place, order[path], last)

        return sorted(every, key=rank)

    @cached_property
    def derivable(self) -> set[tuple[str, int]]:
        """Of the edits after the first those that the edits before could have told."""
        every = [self.changes[path].edits[at] for path, at in self.edits]
        imports = [is_of_imports(self.changes[edit.path], edit) for edit in every]
        told = derivable(every, imports)
        return {place for place, is_told in zip(self.edits[1:], told[1:], strict=True) if is_told}

    @cached_property
    def heads(self) -> dict[str, list[tuple[int, int]]]:
        """For each file the lines of the heads of definitions that get another name or signature."""
        return {path: self._heads(path) for path in self.changes}

    def _heads(self, path: str) -> list[tuple[int, int]]:
        change = self.changes[path]
        lines = change.text.before.split("\n")
        if category(path) is not Category.SOURCE or not any(_may_touch_head(lines, edit) for edit in change.edits):
            return []
        names = {item.name for item in change.symbols if item.change in ("renamed", "signature")}
        return [(item.start, max(item.head, item.start + 1)) for item in change.after.symbols if item.name in names]

    @property
    def names_change(self) -> bool:
        """Whether a definition of the commit gets another name or signature."""
        return any(self.heads.values())

    def text(self, path: str) -> str:
        """A file as it is with the edits made so far."""
        change, made = self.changes[path], self.made[path]
        lines, at, found = change.text.before.split("\n"), 0, []
        for number, edit in enumerate(change.edits):
            if number in made:
                found += [*lines[at : edit.old_line], *edit.new]
                at = edit.old_line + len(edit.old)
        return "\n".join([*found, *lines[at:]])

    def make(self, path: str, at: int) -> None:
        """Makes an edit."""
        self.made[path].add(at)
        whole, shift, made = self.changes[path], 0, []
        for number, edit in enumerate(whole.edits):
            if number in self.made[path]:
                made.append(replace(edit, line=edit.old_line + shift))
                shift += len(edit.new) - len(edit.old)
        text = ChangedText(path, whole.text.before, self.text(path), whole.text.old_path)
        self.state[path] = Change(text, tuple(made))

    def possible(self, predictors: Sequence[Predictor] = PREDICTORS) -> list[NextEdit]:
        """All that the predictors think of now."""
        texts = [change.text for change in self.state.values()]
        over: dict[str, str | None] = {**self.commit.others, **{item.path: item.after for item in texts}}
        over |= {item.old_path: None for item in texts if item.old_path and item.old_path != item.path}
        return list(possible([*self.state.values()], self.commit.sources.with_texts(over), predictors))

    @property
    def is_over(self) -> bool:
        """Whether all edits are made."""
        return all(len(self.made[path]) == len(change.edits) for path, change in self.changes.items())

    def before_line(self, path: str, line: int) -> int | None:
        """A line of the file as it is, as a line of the file before; None where it was changed already."""
        shift = 0
        for number, edit in enumerate(self.changes[path].edits):
            if number not in self.made[path]:
                continue
            start = edit.old_line + shift
            if line < start:
                break
            if line < start + len(edit.new):
                return None
            shift += len(edit.new) - len(edit.old)
        return line - shift

    def place_of(self, item: NextEdit) -> str:
        """What tells a suggestion's place in its file while other edits move it."""
        line = self.before_line(item.path, item.line) if item.path in self.changes else item.line
        return f"{line}:{item.column}"

    def judged(self, item: NextEdit) -> tuple[int, bool] | None:
        """The edit still to be made that a suggestion is part of, and whether it is all of it; None: it is wrong."""
        if item.path not in self.changes:
            return None
        edits = self.changes[item.path].edits
        line = self.before_line(item.path, item.line)
        if line is None:
            return None
        if not item.old and item.new.endswith("\n"):
            return self._insertion(item, line)
        for number, edit in enumerate(edits):
            inside = edit.old_line <= line and line + item.old.rstrip("\n").count("\n") < edit.old_line + len(edit.old)
            if number in self.made[item.path] or not inside:
                continue
            end = "\n" if item.old.endswith("\n") else ""  # lines are taken away with what ends them
            old, new = "\n".join(edit.old) + end, "\n".join(edit.new) + end
            taken = replace(item, line=line - edit.old_line).applied_to(old)
            if taken is None:
                return None
            return (number, _same(taken, new)) if is_on_the_way(old, taken, new) else None
        return None

    def edit_at(self, item: NextEdit) -> int | None:
        """The edit still to be made that changes the line of a suggestion."""
        line = self.before_line(item.path, item.line) if item.path in self.changes else None
        edits = enumerate(self.changes[item.path].edits) if line is not None else ()
        return next((at for at, edit in edits if at not in self.made[item.path] and edit.has_old(line or 0)), None)

    def _insertion(self, item: NextEdit, line: int) -> tuple[int, bool] | None:
        wanted = item.new.strip()
        for number, edit in enumerate(self.changes[item.path].edits):
            near = abs(edit.old_line - line) <= NEAR_LINES + len(edit.old)
            if number not in self.made[item.path] and near and wanted in (text.strip() for text in edit.new):
                return number, len(edit.new) == 1
        return None


_PLACES = {Category.SOURCE: 0, Category.TEST: 1, Category.DOCS: 2}


#: Lines that begin the head of a definition, most likely, and how many lines below it still belong to it at most.
_HEAD = re.compile(
    r"\b(?:def|fn|func|function|class|struct|interface|trait|enum|type|impl|macro_rules!|typedef|union)\b"
    r"|^\s*#\s*define\b|^\s*(?:export\s+)?(?:const|let|var|static|pub)\b|^[A-Za-z_][\w\s*:<>,&~]*\("
    r"|^\s*(?:(?:async|get|set|static|public|private|protected|readonly|abstract)\s+)*[\w$#]+\s*(?:<.*>)?\("
)
_HEAD_LINES = 15


def _may_touch_head(lines: Sequence[str], edit: Edit) -> bool:
    """Whether an edit of `lines` may change a definition's head, by its text; errs on the side of yes."""
    if any(_HEAD.search(line) for line in (*edit.old, *edit.new)):
        return True
    depth = 0
    for line in reversed(lines[max(edit.old_line - _HEAD_LINES, 0) : edit.old_line]):
        depth += sum(map(line.count, "([{")) - sum(map(line.count, ")]}"))
        if depth > 0 and _HEAD.search(line):
            return True
    return False


def _same(one: str, other: str) -> bool:
    return [item.text for item in pieces(one)] == [item.text for item in pieces(other)]


def is_on_the_way(old: str, taken: str, new: str) -> bool:
    """Whether `taken` lies on a shortest way from `old` to `new`, counted in words and signs put in and taken out."""
    one, middle, other = ([item.text for item in pieces(text)] for text in (old, taken, new))
    return one != middle and _distance(one, middle) + _distance(middle, other) == _distance(one, other)


def _distance(one: Sequence[str], other: Sequence[str]) -> int:
    head = 0
    while head < min(len(one), len(other)) and one[head] == other[head]:
        head += 1
    one, other = one[head:], other[head:]
    while one and other and one[-1] == other[-1]:
        one, other = one[:-1], other[:-1]
    return len(one) + len(other) - 2 * _common(one, other)


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of the longest common subsequence, by a row of bits (Hyyrö 2004)."""
    masks: dict[str, int] = {}
    for at, word in enumerate(other):
        masks[word] = masks.get(word, 0) | 1 << at
    whole = (1 << len(other)) - 1
    row = whole
    for word in one:
        hit = row & masks.get(word, 0)
        row = ((row + hit) | (row - hit)) & whole
    return len(other) - row.bit_count()


def play(session: Session, tallies: Sequence[Tally], least: float = LEAST) -> None:
    """Makes a commit's edits one by one; after each, what is shown is taken as long as it is right.

    A wrong suggestion is put away and the next edit made by hand; at most one is wrong for each such edit.
    """
    seen: set[tuple[str, str, str, str, str]] = set()
    sorts: dict[str, list[int]] = {}
    refused, taken = Refusals(), Refusals()
    found: set[tuple[str, int]] = set()
    edits = session.edits
    for tally in tallies:
        tally.commits += 1
        tally.edits += len(edits)
        tally.later += len(edits) - 1
        tally.derivable += len(session.derivable)
        tally.typed += sum(_typing(session.changes[path].edits[at]) for path, at in edits[1:])
    for path, at in edits:
        if at in session.made[path]:
            continue
        session.make(path, at)
        line = session.changes[path].edits[at].line
        while True:
            begin = time.process_time()
            every = session.possible()
            shown = in_order(admitted(every, least), path, line)
            elapsed = (time.process_time() - begin) * 1000
            for item in joined(every):
                key = (item.path, session.place_of(item), item.old, item.new, item.sort)
                if key not in seen:
                    seen.add(key)
                    count = sorts.setdefault(item.sort, [0, 0])
                    count[0] += session.judged(item) is not None
                    count[1] += 1
            new = [item for item in shown if not _is_known(session, item, refused, taken)]
            for tally in tallies:
                tally.ms.append(elapsed)
                tally.ended += session.is_over
                tally.quiet += session.is_over and not new
            if not new:
                break
            first, judged = new[0], session.judged(new[0])
            undone = any((first.new, first.old) == ("\n".join(e.old), "\n".join(e.new)) for e in _made(session))
            for tally in tallies:
                tally.shown += 1
                tally.right += judged is not None
                tally.whole += judged is not None and judged[1]
                tally.reversed += undone
                if judged is not None and (first.path, judged[0]) not in found:
                    tally.found += 1
                    tally.told += (first.path, judged[0]) in session.derivable
                tally.saved += len(first.new) if judged is not None else 0
            if judged is None:
                refused.add(first, session.place_of(first))
                break
            found.add((first.path, judged[0]))
            path, line = first.path, first.line
            if judged[1]:
                session.make(path, judged[0])
            else:
                taken.keep(first, session.place_of(first))
    for sort, (right, made) in sorts.items():
        weight = min(made, MOST_OF_ONE)
        for tally in tallies:
            known = tally.sorts.setdefault(sort, [0.0, 0.0])
            known[0] += weight * right / made
            known[1] += weight


def _is_known(session: Session, item: NextEdit, *known: Refusals) -> bool:
    return any(each.holds(item, session.place_of(item)) for each in known)


def _made(session: Session) -> Iterator[Edit]:
    for path, made in session.made.items():
        for at in made:
            yield session.changes[path].edits[at]


def _typing(edit: Edit) -> int:
    """Characters of an edit's new pieces."""
    new = Counter(item.text for item in pieces("\n".join(edit.new)))
    old = Counter(item.text for item in pieces("\n".join(edit.old)))
    return sum(len(text) * count for text, count in (new - old).items())


def replay_edits(
    root: Path,
    count: int,
    *,
    only_names: bool = False,
    orders: Sequence[Order] = ORDERS,
    least: float = LEAST,
    seconds: float = 0.0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Replays the edits of the last `count` commits (`seconds`: as many as there is processor time for).

    Rows are for each order: all commits, and those that change a name or a signature. Raises RepositoryError.
    """
    tallies = {(order, which): Tally(f"{order}, {which}") for order in orders for which in ("all", "names")}
    begin = time.process_time()
    for done, commit in enumerate(texts_of_commits(root, count)):
        progress(done, count)
        if seconds and time.process_time() - begin > seconds:
            break
        for order in orders:
            session = Session(commit, order)
            if not session.is_by_hand:
                continue
            names = session.names_change
            if names or not only_names:
                into = [tallies[order, "all"], *([tallies[order, "names"]] if names else [])]
                play(session, into, least)
    progress(count, count)
    sorts: dict[str, list[float]] = {}
    for order in orders:
        for name, (right, made) in tallies[order, "all"].sorts.items():
            known = sorts.setdefault(name, [0.0, 0.0])
            known[0] += right
            known[1] += made
    return {
        "repository": root.name,
        "commits": count,
        "model": "",
        "rows": [tally.row() for tally in tallies.values()],
        "sorts": {
            name: {"right": round(right, 2), "made": made, "assumed": round(precision(name), 3)}
            for name, (right, made) in sorted(sorts.items())
        },
    }
