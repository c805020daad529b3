"""How likely each change near a place brought a bug there: at a line, in a definition, or where a log points.

A conditional logit, as for a whole file (`of_file.py`), over the commits that changed the place or lately its
file. Beside their time and size it weighs whether they changed the place itself, and how much of what the place names
their changed lines and their messages name too: a bug often lies beside what its commit wrote. `benchmarks/
suspects_fit.py` fits the weights to fixes that name their culprit.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

from iquest_lsp.codeflow.answers.likely.of_file import ChangeOfFile, likelihoods
from iquest_lsp.codeflow.answers.line_events import KEEPS, line_events
from iquest_lsp.codeflow.answers.targets import Target, named
from iquest_lsp.codeflow.git.commits import Commit, commits
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.entries import Entry
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.past.unindexed import Past
from iquest_lsp.codeflow.syntax.effects.common_words import WORDS
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.syntax.symbols import symbols_of

#: The newest commits on the file that are candidates, besides those that changed the place itself.
MAX_CHANGES = 60
#: Where no definition is around a line, so many lines on each side stand for it.
AROUND = 10
#: What share of a definition's lines another file has to lose where the definition was moved from it.
MOVED = 0.5
#: So many files a definition is followed through.
MAX_NAMES = 20
#: Among so few candidates what is rare is told by half as much.
FEW = 30
#: From what share of a place's names on a commit is said to name them too, and how many are told.
TELLING, MAX_TOLD = 0.25, 3

_NAME = re.compile(r"[^\W\d]\w{2,}")
_TEXT = re.compile(r"([\"'`]).*?\1")
_CODE = frozenset({Category.SOURCE, Category.CONFIG, Category.OTHER, Category.BUILD})
_DAY = 86400

#: For each of the features: where the line is known, and where a log names a line of a definition.
LINE_WEIGHTS = (-0.64, -0.42, 0.03, -0.14, -0.19, 2.65, 0.0, 1.25, -0.42, 1.31, -0.04, -0.71, 4.63, 2.09, 11.12)
FRAME_WEIGHTS = (-0.63, -0.52, 0.07, -0.27, -0.1, 0.46, -0.57, 0.0, 0.0, 2.14, -0.08, -0.82, 0.8, 5.75, 16.43)


@dataclass(slots=True)
class Sight:
    """What one commit has to do with a place; ranks count from the newest change on.

    `beside` are the lines next to the place, and `cut` is a commit that took out what stood between it and them: a
    check that is missing there now. `keeps` is one that laid out the line or moved it and left its text as it was.
    `names_line` and `names_definition` are the shares of the names there that its changed lines have too, weighed by
    how few of the candidates have them; `told` the rarest of them, `message` the share that its message has.
    """

    change: ChangeOfFile
    days: float = 0.0
    on_line: int | None = None
    beside: int | None = None
    on_definition: int | None = None
    cut: bool = False
    keeps: bool = False
    names_line: float = 0.0
    names_definition: float = 0.0
    message: float = 0.0
    told: tuple[str, ...] = field(default=())

    def features(self) -> tuple[float, ...]:
        """What the likelihood depends on; counts as logarithms."""
        _, here, files, lines, later = self.change.features()
        return (
            here,
            files,
            lines,
            later,
            math.log1p(self.days),
            float(self.on_line is not None or self.cut),
            math.log1p(self.on_line or 0),
            float(self.beside is not None),
            math.log1p(self.beside or 0),
            float(self.on_definition is not None),
            math.log1p(self.on_definition or 0),
            float(self.change.entry.kind == "refactor"),
            # Who wrote the line has its names.
            self.names_line if self.on_line is None else 0.0,
            self.names_definition,
            self.message,
        )


def likely(sights: Sequence[Sight], weights: Sequence[float]) -> list[float]:
    """The likelihood of each commit to be the culprit; together they make 1."""
    return likelihoods([sight.features() for sight in sights], weights)


class ChangedNames:
    """The names in the lines that commits changed, each commit read once."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._known: dict[str, frozenset[str]] = {}

    def of(self, oids: Iterable[str]) -> dict[str, frozenset[str]]:
        """The names by commit."""
        wanted = list(oids)
        missing = [oid for oid in wanted if oid not in self._known]
        for commit in commits(self._repository, commits=missing, patch=True) if missing else ():
            self._known[commit.oid] = _changed_names(commit)
        return {oid: self._known.get(oid, frozenset()) for oid in wanted}


def sights_of(index: FlowIndex, target: Target, changed: ChangedNames) -> list[Sight]:
    """The commits that may have brought a bug at a place, newest first."""
    path, line, whole = target.head_path, target.lines_committed, target.committed
    ranges = [("line", path, line), ("beside", path, _with_neighbours(line))] if line is not None else []
    ranges += [("definition", path, whole)] if whole is not None else []
    found = index.follow(ranges)[0] if ranges else []
    names = index.renamed_from(path)
    part = found
    while len(names) < MAX_NAMES and target.name and (origin := _moved_from(index, target, part)) is not None:
        revision, where, lines = origin
        part = index.follow([("definition", where, lines)], revision)[0]
        found, names = [*found, *part], [*names, where]
    kept = _kept_by(index, path, line[0], found) if line is not None and line[1] - line[0] == 1 else set[str]()
    touched: defaultdict[str, dict[str, int]] = defaultdict(dict)
    cuts = {entry.oid for past, entry in found if past.label == "beside" and past.cut}
    for past, entry in found:
        if not entry.merge:
            touched[past.label].setdefault(entry.oid, len(touched[past.label]))
    entries = {entry.oid: entry for entry in (*(entry for _, entry in found), *index.on_paths(names, MAX_CHANGES))}
    listed = sorted((item for item in entries.values() if not item.merge), key=lambda item: -item.order)
    listed = index.complete(listed)
    here, newest = index.lines_on(names), index.newest
    last = max((entry.time for entry in listed), default=0)
    sights = {}
    for rank, entry in enumerate(listed):
        change = ChangeOfFile(entry, rank, newest - entry.order, here.get(entry.key, 0))
        sights[entry.oid] = Sight(
            change,
            max(last - entry.time, 0) / _DAY,
            touched["line"].get(entry.oid),
            touched["beside"].get(entry.oid),
            touched["definition"].get(entry.oid),
            entry.oid in cuts,
            entry.oid in kept,
        )
    _compare_names(index, target, sights, changed)
    return list(sights.values())


def _kept_by(index: FlowIndex, path: str, line: int, found: Sequence[tuple[Past, Entry]]) -> set[str]:
    """The commits that only laid out a line or moved it, of those that were found for it."""
    own = [(past, entry) for past, entry in found if past.label == "line"]
    return {entry.oid for _, entry, event in line_events(index, path, line, own) if event.kind in KEEPS}


def _moved_from(
    index: FlowIndex, target: Target, found: Sequence[tuple[Past, Entry]]
) -> tuple[str, str, tuple[int, int]] | None:
    """Where a definition stood before the commit that put it into its file: a commit, a file and the lines there."""
    births = [(entry, past.path) for past, entry in found if past.label == "definition" and past.born]
    parents = index.repository.parents(births[-1][0].oid) if births else ()
    own = {line.strip() for line in target.definition if len(line.strip()) > 1}
    if not parents or not own:
        return None
    birth, path = births[-1]
    commit = next(iter(commits(index.repository, commits=[birth.oid], patch=True)), None)
    lost = {
        item.old_path or item.path: sum(line.strip() in own for hunk in item.hunks for line in hunk.removed)
        for item in (commit.files if commit is not None else ())
        if item.path != path
    }
    where = max(lost, key=lambda name: lost[name], default="")
    if not where or lost[where] < MOVED * len(own):
        return None
    symbol = named(symbols_of(where, index.repository.file_at(parents[0], where)), target.name)
    return (parents[0], where, (symbol.start, symbol.end)) if symbol is not None else None


def _compare_names(index: FlowIndex, target: Target, sights: Mapping[str, Sight], changed: ChangedNames) -> None:
    """Weighs what the place names against what the commits' changed lines and messages name."""
    line = target.lines_committed
    around = (max(line[0] - AROUND, 0), line[1] + AROUND) if line is not None else None
    span = target.committed or around
    if span is None or index.repository.is_partial:
        return
    near_by = _with_neighbours(line) if line is not None else (0, 0)
    text = index.repository.file_at(index.repository.head(), target.head_path).decode("utf-8", "replace").split("\n")
    # The lines above and below belong to it: what is missing is missing between two of them.
    near = _names(text[slice(*near_by)])
    definition = _names(text[span[0] : span[1]])
    # The words of texts and of the language are no names.
    telling = _names(_TEXT.sub("", row) for row in text[slice(*(near_by if near else span))]) - WORDS
    found = changed.of(sights)
    having = Counter(name for some in found.values() for name in some)
    rareness = {name: math.log((1 + len(sights)) / (1 + having[name])) for name in near | definition}
    trust = len(sights) / (len(sights) + FEW)
    long = {name for name in definition if len(name) > 3}
    for oid, sight in sights.items():
        some = found[oid]
        said = _names([sight.change.entry.subject, sight.change.entry.body])
        shares = _share(near, some, rareness), _share(definition, some, rareness)
        sight.names_line, sight.names_definition = trust * shares[0], trust * shares[1]
        sight.message = trust * _share(long, said, rareness)
        if shares[0 if near else 1] >= TELLING:
            common = (name for name in some & telling if rareness[name] > 0)
            sight.told = tuple(sorted(common, key=lambda name: (-rareness[name], name))[:MAX_TOLD])


def _with_neighbours(line: tuple[int, int]) -> tuple[int, int]:
    return max(line[0] - 1, 0), line[1] + 1


def _changed_names(commit: Commit) -> frozenset[str]:
    return frozenset(
        name
        for item in commit.files
        if category(item.path) in _CODE
        for hunk in item.hunks
        for name in _names((*hunk.added, *hunk.removed))
    )


def _share(names: Set[str], among: Set[str], rareness: Mapping[str, float]) -> float:
    # Added exactly, so that the order of a set makes no difference.
    total = math.fsum(rareness[name] for name in names)
    return math.fsum(rareness[name] for name in names & among) / total if total else 0.0


def _names(lines: Iterable[str]) -> set[str]:
    return {name for line in lines for name in _NAME.findall(line)}
