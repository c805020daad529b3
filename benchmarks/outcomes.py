"""What a model says where lines were typed, by part of the window: the table of parts, and the thresholds of showing.

    python -m benchmarks.outcomes record REPOSITORY... --into FOLDER [--commits 30] [--positions 60]
    python -m benchmarks.outcomes parts FOLDER
    python -m benchmarks.outcomes thresholds FOLDER [--write]

`record` types lines of each history again (as `iquest-lsp replay` does), lets the model go on at each without a
deadline, once for each setting, and keeps what it said, so that whatever comes after the model can be tried on the same
generations. It goes on where it was interrupted. `parts` compares the settings at the same positions; intervals (95%)
are made by resampling the positions. `thresholds` fits on every second repository the least threshold at which what is
shown is right as often as it should be (RIGHT), for all languages together and for each that has positions enough, and
reports on the others.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import pickle
import random
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.tuned import put
from iquest_lsp import grammars
from iquest_lsp.assistant import Assistant, CompletionRequest
from iquest_lsp.bench.replay import SETTINGS, Steps, asks_history
from iquest_lsp.bench.report import machine
from iquest_lsp.codeflow import History
from iquest_lsp.common_ends import common_head
from iquest_lsp.completion.confidence import LANGUAGES_KEY, threshold_of
from iquest_lsp.completion.cursor_text import CursorText
from iquest_lsp.completion.postprocess import postprocess
from iquest_lsp.completion.syntax import Unit
from iquest_lsp.datatypes import CONFIDENCE_KEY, Generation, Position
from iquest_lsp.errors import DocumentError, EngineError
from iquest_lsp.runtime.models import catalogue
from iquest_lsp.runtime.models.gguf_header import read_header
from iquest_lsp.settings import Configuration, Settings
from iquest_lsp.workspace.secret_scan import has_secret

#: Each adds a part of the window to the one before.
PARTS = ("no context", "no context but memory", "related files too", "edits too", "all")
RESAMPLED = 1000
#: How often what is shown should be right, as far as it goes.
RIGHT = 0.7
THRESHOLDS = tuple(round(0.05 * step, 2) for step in range(1, 19))
#: Positions that a language needs for a threshold of its own.
LEAST = 80


@dataclass(frozen=True)
class Outcome:
    """One typed line: what the model said there in one setting, and what was typed."""

    repository: str
    setting: str
    number: int
    place: CursorText
    unit: Unit
    made: Generation
    expected: str

    def shown(self, threshold: float) -> str:
        """The text that is shown."""
        return postprocess(self.made, self.place, self.unit, threshold).text


async def record(root: Path, names: Sequence[str], given: argparse.Namespace) -> None:
    """Appends the outcomes of one repository to its file in the folder `given.into`."""
    folder, threads = given.into, given.threads
    file = folder / f"{root.name}.outcomes"
    known = {(found.number, found.setting) for found in read(file)} if file.exists() else set()
    history = History(root, has_secret)
    lines = history.retyped_lines(given.commits, given.positions)
    values: dict[str, object] = {"deadline_ms": 60_000, "model": given.model, "saved_kv_mb": 0, "threads": threads}
    assistant = Assistant(Configuration(values), watch=False)
    defaults = Settings()
    with history.checked_out() as copy, file.open("ab") as stream:
        try:
            await assistant.engine.ready()
            session, steps = (
                assistant.session(),
                Steps(copy, is_asked=any(asks_history(SETTINGS[name]) for name in names)),
            )
            for number, line in enumerate(lines):
                left = [name for name in names if (number, name) not in known]
                if not left:
                    continue
                changes = await steps.to(line)
                project = session.add_workspace(copy.root)
                if changes is not None:
                    project.changed(changes)
                path, cursor = copy.root / line.path, Position(line.line, line.column)
                for name in left:
                    mine = SETTINGS[name]
                    session.configure({key: mine.get(key, getattr(defaults, key)) for key in _KEYS})
                    project.plan_anew()
                    await project.index()
                    try:
                        session.buffers.open(path, line.text, 1, "")
                        await session.context(path, cursor)  # begins to remember
                        await project.memory.ready()
                        place, unit, made = await session.generate(CompletionRequest(path, cursor))
                        pickle.dump((root.name, name, number, place, unit, made, line.expected), stream)
                        stream.flush()
                    except (DocumentError, EngineError) as error:
                        print(f"{line.path}: {error}", file=sys.stderr)
                    finally:
                        session.buffers.close(path)
                print(f"\r{root.name} {number + 1} of {len(lines)}", end="", file=sys.stderr, flush=True)
        finally:
            await assistant.close()
            copy.forget_index()
    print(file=sys.stderr)


_KEYS = sorted({key for values in SETTINGS.values() for key in values})


def read(file: Path) -> Iterator[Outcome]:
    """The outcomes in a file."""
    with file.open("rb") as stream:
        while True:
            try:
                yield Outcome(*pickle.load(stream))
            except EOFError:
                return


def all_of(folder: Path) -> list[Outcome]:
    """Those of all repositories at positions where every setting was asked."""
    found: list[Outcome] = []
    for file in sorted(folder.glob("*.outcomes")):
        mine = list(read(file))
        settings = {outcome.setting for outcome in mine}
        asked: dict[int, set[str]] = {}
        for outcome in mine:
            asked.setdefault(outcome.number, set()).add(outcome.setting)
        found += [outcome for outcome in mine if asked[outcome.number] == settings]
    return found


@dataclass(frozen=True)
class Judged:
    """What was shown against what was typed: `saved` characters of `typed` need not have been typed; `right`: as far as
    the first line of it goes."""

    exact: bool
    saved: int
    typed: int
    shown: bool
    right: bool


def judged(outcome: Outcome, threshold: float) -> Judged:
    """By the first line of what is shown."""
    first = outcome.shown(threshold).partition("\n")[0].rstrip()
    expected = outcome.expected
    right = bool(first) and (expected.startswith(first) or first.startswith(expected))
    return Judged(first == expected, common_head(first, expected), len(expected), bool(first), right)


def share(rows: Sequence[Judged], of: Callable[[Judged], float], per: Callable[[Judged], float]) -> list[float]:
    """A ratio of sums with its interval."""
    source = random.Random(0)
    pairs = [(of(row), per(row)) for row in rows]

    def ratio(chosen: Sequence[tuple[float, float]]) -> float:
        total = sum(pair[1] for pair in chosen)
        return sum(pair[0] for pair in chosen) / total if total else 0.0

    drawn = sorted(ratio(source.choices(pairs, k=len(pairs))) for _ in range(RESAMPLED)) if pairs else [0.0]
    ends = drawn[int(len(drawn) * 0.025)], drawn[min(int(len(drawn) * 0.975), len(drawn) - 1)]
    return [round(value, 4) for value in (ratio(pairs), *ends)]


def summary(rows: Sequence[Judged]) -> dict[str, Any]:
    """The figures of one set of positions."""
    return {
        "positions": len(rows),
        "exact_line": share(rows, lambda row: row.exact, lambda row: 1),
        "saved_characters": share(rows, lambda row: row.saved, lambda row: row.typed),
        "shown": share(rows, lambda row: row.shown, lambda row: 1),
        "right_of_shown": share(rows, lambda row: row.right, lambda row: row.shown),
    }


def parts(folder: Path, model: str) -> dict[str, Any]:
    """By setting, over all repositories and in each, with the threshold of the model."""
    threshold = threshold_of({key: str(value) for key, value in read_header(catalogue.resolve(model)).metadata.items()})
    found = all_of(folder)
    rows = []
    for setting in dict.fromkeys(outcome.setting for outcome in found):
        mine = [outcome for outcome in found if outcome.setting == setting]
        by_repository = {
            name: summary([judged(outcome, threshold) for outcome in mine if outcome.repository == name])
            for name in sorted({outcome.repository for outcome in mine})
        }
        rows.append(
            {
                "setting": setting,
                **summary([judged(outcome, threshold) for outcome in mine]),
                "window_tokens": round(sum(outcome.made.counts.window for outcome in mine) / len(mine)),
                "repositories": by_repository,
            }
        )
    return {"machine": machine(), "threshold": threshold, "rows": rows}


def least_threshold(outcomes: Sequence[Outcome]) -> float:
    """The least one at which what is shown is right often enough; where none is, the one at which it is most often."""
    best = 0.0, THRESHOLDS[-1]
    for threshold in THRESHOLDS:
        rows = [row for outcome in outcomes if (row := judged(outcome, threshold)).shown]
        right = sum(row.right for row in rows) / len(rows) if rows else 0.0
        if right >= RIGHT:
            return threshold
        best = max(best, (right, threshold))
    return best[1]


def thresholds(folder: Path, model: str, *, write: bool) -> dict[str, Any]:
    """Fitted on every second repository, reported on the others; with `write` put into the model's file."""
    found = [outcome for outcome in all_of(folder) if outcome.setting == PARTS[-1]] or [
        outcome for outcome in all_of(folder) if outcome.setting == PARTS[-2]
    ]
    names = sorted({outcome.repository for outcome in found})
    fitted_on, rest = set(names[::2]), set(names[1::2])
    fit_rows = [outcome for outcome in found if outcome.repository in fitted_on]
    common = least_threshold(fit_rows)
    by_language: dict[str, float] = {}
    for language in sorted({grammars.language_of(outcome.place.path) for outcome in fit_rows} - {""}):
        mine = [outcome for outcome in fit_rows if grammars.language_of(outcome.place.path) == language]
        if len(mine) >= LEAST and (own := least_threshold(mine)) != common:
            by_language[language] = own
    rows = []
    for repositories in (fitted_on, rest):
        mine = [outcome for outcome in found if outcome.repository in repositories]
        told = [judged(outcome, by_language.get(grammars.language_of(outcome.place.path), common)) for outcome in mine]
        curve = {str(one): summary([judged(outcome, one) for outcome in mine]) for one in THRESHOLDS}
        rows.append({"repositories": sorted(repositories), **summary(told), "by_threshold": curve})
    path = catalogue.resolve(model)
    if write:
        put(path, CONFIDENCE_KEY, common)
        put(path, LANGUAGES_KEY, json.dumps(by_language))
    return {"machine": machine(), "threshold": common, "languages": by_language, "rows": rows, "written": write}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    recording = commands.add_parser("record")
    recording.add_argument("repositories", nargs="+", type=Path)
    recording.add_argument("--into", type=Path, required=True)
    recording.add_argument("--commits", type=int, default=30)
    recording.add_argument("--positions", type=int, default=60)
    recording.add_argument("--setting", nargs="+", choices=sorted(SETTINGS), default=PARTS)
    recording.add_argument("--threads", type=int, default=0, help="1 on a machine that others use too")
    comparing = commands.add_parser("parts")
    comparing.add_argument("folder", type=Path)
    fitting = commands.add_parser("thresholds")
    fitting.add_argument("folder", type=Path)
    fitting.add_argument("--write", action="store_true", help="put them into the model's file")
    for command in (recording, comparing, fitting):
        command.add_argument("--model", default="")
    given = parser.parse_args()
    if given.command == "record":
        given.into.mkdir(parents=True, exist_ok=True)
        for root in given.repositories:
            asyncio.run(record(root.resolve(), given.setting, given))
    elif given.command == "thresholds":
        print(json.dumps(thresholds(given.folder, given.model, write=given.write), indent=1))
    else:
        print(json.dumps(parts(given.folder, given.model), indent=1))


if __name__ == "__main__":
    main()
