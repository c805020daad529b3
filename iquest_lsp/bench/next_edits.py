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

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from iquest_lsp.bench import edit_shapes
from iquest_lsp.bench.edit_distance import is_on_the_way, is_same, typed
from iquest_lsp.bench.next_edit_tally import Tally, measured_sorts
from iquest_lsp.bench.replay import nothing_to_replay
from iquest_lsp.codeflow.reading import Category, ChangedText, CommitTexts, Sources, category, texts_of_commits
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.gate import LEAST, Refusals, admitted, admitted_places, in_order, joined
from iquest_lsp.nextedit.import_statements import import_lines
from iquest_lsp.nextedit.predict import PLACES, PREDICTORS, PlacePredictor, Predictor, possible, possible_places
from iquest_lsp.nextedit.records import Edit, EditKind, NextEdit, Place
from iquest_lsp.nextedit.sorts import Sort
from iquest_lsp.workspace.secret_scan import has_secret

Order = Literal["diff", "human"]
ORDERS: tuple[Order, ...] = ("diff", "human")
#: A commit with more edits is a sweep by a program more often than the work of hands.
MAX_EDITS = 40
#: Suggestions of one sort that one commit counts for at most: those of a sweep are all right or all wrong.
MOST_OF_ONE = 4
#: A suggestion for whole lines may land this many lines from where the commit put them.
NEAR_LINES = 4


class EditSession:
    """A commit's files while its edits are being made."""

    def __init__(self, commit: CommitTexts, order: Order) -> None:
        self.commit = commit
        self.changes = {item.path: Change(item) for item in commit.changed}
        self._order = order
        self.made: dict[str, set[int]] = {path: set() for path in self.changes}
        #: Those of them that suggestions made.
        self.taken: dict[str, set[int]] = {path: set() for path in self.changes}
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
            last = edit_shapes.is_of_imports(self.changes[path], edit)
            return (1, 0, order[path], last) if heads else (2, place, order[path], last)

        return sorted(every, key=rank)

    @cached_property
    def derivable(self) -> set[tuple[str, int]]:
        """Of the edits after the first those that the edits before could have told."""
        every = [self.changes[path].edits[at] for path, at in self.edits]
        imports = [edit_shapes.is_of_imports(self.changes[edit.path], edit) for edit in every]
        told = edit_shapes.derivable(every, imports)
        return {place for place, is_told in zip(self.edits[1:], told[1:], strict=True) if is_told}

    @cached_property
    def heads(self) -> dict[str, list[tuple[int, int]]]:
        """For each file the lines of the heads of definitions that get another name or signature."""
        return {path: self._heads(path) for path in self.changes}

    def _heads(self, path: str) -> list[tuple[int, int]]:
        change = self.changes[path]
        lines = change.text.before.split("\n")
        if category(path) is not Category.SOURCE or not any(
            edit_shapes.may_touch_head(lines, edit) for edit in change.edits
        ):
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

    def make(self, path: str, at: int, *, taken: bool = False) -> None:
        """Makes an edit; `taken` where a suggestion is taken that does."""
        self.made[path].add(at)
        if taken:
            self.taken[path].add(at)
        whole, shift, made = self.changes[path], 0, []
        lines: set[int] = set()
        for number, edit in enumerate(whole.edits):
            if number in self.made[path]:
                made.append(replace(edit, line=edit.old_line + shift))
                if number in self.taken[path]:
                    lines.update(range(edit.old_line + shift, edit.old_line + shift + max(len(edit.new), 1)))
                shift += len(edit.new) - len(edit.old)
        text = ChangedText(path, whole.text.before, self.text(path), whole.text.old_path)
        self.state[path] = Change(text, tuple(made), frozenset(lines))

    def possible(self, predictors: Sequence[Predictor] = PREDICTORS) -> list[NextEdit]:
        """All that the predictors think of now."""
        return list(possible(*self._now(), predictors))

    def _now(self) -> tuple[list[Change], Sources]:
        """What was changed so far, and all files as they are."""
        texts = [change.text for change in self.state.values()]
        over: dict[str, str | None] = {**self.commit.others, **{item.path: item.after for item in texts}}
        over |= {item.old_path: None for item in texts if item.old_path and item.old_path != item.path}
        return [*self.state.values()], self.commit.sources.with_texts(over)

    def places(self, predictors: Sequence[PlacePredictor] = PLACES) -> list[Place]:
        """The places to look at that are thought of now beside what suggestions are made at."""
        return list(possible_places(*self._now(), predictors))

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

    def key_of(self, item: NextEdit) -> tuple[object, ...]:
        """What tells a suggestion while other edits move its line."""
        path, line, *rest = item.outcome
        before = self.before_line(path, line) if path in self.changes else line
        return (path, before if before is not None else -1 - line, *rest)

    def place_of(self, item: NextEdit) -> str:
        """What tells a suggestion's place in its file while other edits move it."""
        line = self.before_line(item.path, item.line) if item.path in self.changes else item.line
        return f"{line}:{item.column}"

    def judged(self, item: NextEdit) -> tuple[int, bool] | None:
        """The edit still to be made that a suggestion is part of, and whether it is all of it; None: it is wrong."""
        if item.path not in self.changes:
            return None
        if (found := self._judged_as_text(item)) is None:
            number = edit_shapes.import_edit(item, self.changes[item.path], self.made[item.path])
            found = None if number is None else (number, False)
        return found

    def _judged_as_text(self, item: NextEdit) -> tuple[int, bool] | None:
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
            if is_on_the_way(old, taken, new):
                return number, is_same(taken, new)
            return (number, False) if self._is_sorted_in(item, line, taken.split("\n")[line - edit.old_line]) else None
        return None

    def _is_sorted_in(self, item: NextEdit, line: int, text: str) -> bool:
        """Whether a line of imports that a suggestion changes stands like that at another place of the alphabet."""
        change, made = self.changes[item.path], self.made[item.path]
        left = (edit for number, edit in enumerate(change.edits) if number not in made)
        return line in import_lines(change.before) and any(
            text.strip() == new.strip() for edit in left for new in edit.new
        )

    def edit_in(self, place: Place) -> int | None:
        """The edit still to be made that changes, adds or takes away lines of a place.

        Where a name is asked for, among a file's imports or within a type, it is the one that brings the name.
        """
        if place.path not in self.changes:
            return None
        rows = [self.before_line(place.path, line) for line in range(place.line, place.end + 1)]
        same = [row for row in rows if row is not None]
        if not same or (None in (rows[0], rows[-1]) and not edit_shapes.asks_for_name(place)):
            return None
        for number, edit in enumerate(self.changes[place.path].edits):
            if number not in self.made[place.path] and edit_shapes.is_asked_for(place, same[0], same[-1], edit):
                return number
        return None

    def _insertion(self, item: NextEdit, line: int) -> tuple[int, bool] | None:
        wanted = item.new.strip()
        for number, edit in enumerate(self.changes[item.path].edits):
            near = abs(edit.old_line - line) <= NEAR_LINES + len(edit.old)
            if number not in self.made[item.path] and near and wanted in (text.strip() for text in edit.new):
                return number, len(edit.new) == 1
        return None


_PLACES = {Category.SOURCE: 0, Category.TEST: 1, Category.DOCS: 2}


def play(session: EditSession, tallies: Sequence[Tally], least: float = LEAST) -> None:
    """Makes a commit's edits one by one; after each, what is shown is taken as long as it is right.

    A wrong suggestion is put away and the next edit made by hand; at most one is wrong for each such edit. What was
    shown beside one that was taken keeps its worth, as it does for an editor.
    """
    worth: dict[tuple[object, ...], float] = {}

    def worth_of(item: NextEdit) -> float:
        return worth.get(session.key_of(item), 0.0)

    seen: set[tuple[str, str, str, str, Sort]] = set()
    sorts: dict[Sort, list[int]] = {}
    refused, taken = Refusals(), Refusals()
    found: set[tuple[str, int]] = set()
    placed: set[tuple[str, int]] = set()
    seen_places: set[str] = set()
    edits = session.edits
    for tally in tallies:
        tally.commits += 1
        tally.edits += len(edits)
        tally.later += len(edits) - 1
        tally.derivable += len(session.derivable)
        tally.typed += sum(typed(session.changes[path].edits[at]) for path, at in edits[1:])
    for path, at in edits:
        if at in session.made[path]:
            continue
        session.make(path, at)
        line = session.changes[path].edits[at].line
        while True:
            begin = time.process_time()
            every = session.possible()
            shown = in_order(admitted(every, least, worth_of), path, line)
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
                told = _look(session, admitted_places(every, session.places(), shown, least), seen_places)
                placed |= {edit for edit in told if edit is not None} - found
                for tally in tallies:
                    tally.places += len(told)
                    tally.changed += sum(edit is not None for edit in told)
                    tally.noisy += session.is_over and bool(told)
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
                for same in [one for one in worth if one[-2:] == first.outcome[-2:]]:
                    del worth[same]
                break
            found.add((first.path, judged[0]))
            path, line = first.path, first.line
            if judged[1]:
                worth |= {session.key_of(item): item.confidence for item in new[1:]}
                session.make(path, judged[0], taken=True)
            else:
                taken.keep(first, session.place_of(first))
    for tally in tallies:
        tally.placed += len(placed - found)
    for sort, (right, made) in sorts.items():
        weight = min(made, MOST_OF_ONE)
        for tally in tallies:
            known = tally.sorts.setdefault(sort, [0.0, 0.0])
            known[0] += weight * right / made
            known[1] += weight


def _look(session: EditSession, places: Sequence[Place], seen: set[str]) -> list[tuple[str, int] | None]:
    """For each place that was not told before the edit still to be made there, if any."""
    found: list[tuple[str, int] | None] = []
    for place in places:
        line = session.before_line(place.path, place.line) if place.path in session.changes else place.line
        # Each import that is wanted asks for an edit of its own, and is told at the same lines.
        key = f"{place.path}:{line} {place.reason.values[0] if place.kind is EditKind.IMPORT else ''}"
        if key not in seen:
            seen.add(key)
            edit = session.edit_in(place)
            found.append(None if edit is None else (place.path, edit))
    return found


def _is_known(session: EditSession, item: NextEdit, *known: Refusals) -> bool:
    return any(each.holds(item, session.place_of(item)) for each in known)


def _made(session: EditSession) -> Iterator[Edit]:
    for path, made in session.made.items():
        for at in made:
            yield session.changes[path].edits[at]


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
    for done, commit in enumerate(texts_of_commits(root, count, redact=has_secret)):
        progress(done, count)
        if seconds and time.process_time() - begin > seconds:
            break
        for order in orders:
            session = EditSession(commit, order)
            if not session.is_by_hand:
                continue
            names = session.names_change
            if names or not only_names:
                into = [tallies[order, "all"], *([tallies[order, "names"]] if names else [])]
                play(session, into, least)
    progress(count, count)
    if not any(tally.commits for tally in tallies.values()):
        which = " that changes a name or a signature" if only_names else ""
        raise nothing_to_replay(count, f"hold none{which} with 2 to {MAX_EDITS} edits of files that were there before")
    return {
        "repository": root.name,
        "commits": count,
        "model": "",
        "rows": [tally.row() for tally in tallies.values()],
        "sorts": measured_sorts(tallies[order, "all"] for order in orders),
    }
