"""Next edits on the scenarios of cursortab.nvim (MIT), which lie in its repository and are not part of this one.

    python -m benchmarks.edit_scenarios FOLDER/server/eval/scenarios

Each scenario is a buffer, the edits that led to it, a cursor, and the buffer that a person would want; or none, where
the right answer is silence. Shown is the edit that would be shown first; its score is the character F-score of what it
changes (deltaChrF, as the scenarios' own harness counts it), and 0 where nothing is shown.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from iquest_lsp.codeflow.reading import ChangedText, Sources
from iquest_lsp.common_ends import common_ends
from iquest_lsp.nextedit.edit_log import EditLog
from iquest_lsp.nextedit.predict import suggested
from iquest_lsp.nextedit.records import NextEdit
from iquest_lsp.workspace.secret_scan import has_secret

ORDERS, BETA = 6, 2.0


@dataclass(frozen=True, slots=True)
class Scenario:
    """One scenario at one cursor line (0-based); `wanted` is None where nothing is to be shown."""

    name: str
    path: str
    before: str
    buffer: str
    line: int
    wanted: str | None


def scenarios(file: Path) -> list[Scenario]:
    """The scenarios of one .txtar file, one for each cursor position."""
    sections: dict[str, list[str]] = {"": []}
    name = ""
    for line in file.read_text("utf-8").split("\n"):
        if line.startswith("-- ") and line.endswith(" --"):
            name = line[3:-3]
            sections[name] = []
        else:
            sections[name].append(line)
    head = dict(line.split(": ", 1) for line in sections[""] if ": " in line)
    buffer = "\n".join(sections["buffer.txt"])
    quiet = any("!shown" in line for line in sections.get("steps", ()))
    wanted = None if quiet or "expected" not in sections else "\n".join(sections["expected"])
    places = [
        head["row"],
        *(place.split(":")[0] for place in head.get("cursor-positions", "").split(",") if place.strip()),
    ]
    before = _undone(head["file"], buffer, sections.get("history", []))
    return [
        Scenario(f"{file.stem}:{row}", head["file"], before, buffer, int(row) - 1, wanted)
        for row in dict.fromkeys(place.strip() for place in places)
    ]


def _undone(path: str, buffer: str, history: list[str]) -> str:
    """The buffer without the edits of its history, the last one undone first."""
    edits: list[tuple[str, str, str]] = []
    file = ""
    old: list[str] = []
    new: list[str] = []
    into: list[str] = []
    for line in [*history, "<|file|> "]:
        if line.startswith("<|file|>"):
            if file:
                edits.append((file, "\n".join(old), "\n".join(new).rstrip("\n")))
            file, old, new, into = line.removeprefix("<|file|>").strip(), [], [], []
        elif line == "<|old|>":
            if into is new:
                edits.append((file, "\n".join(old), "\n".join(new)))
                old, new = [], []
            into = old
        elif line == "<|new|>":
            into = new
        else:
            into.append(line)
    for where, was, now in reversed(edits):
        if where == path and now and buffer.count(now) >= 1:
            buffer = buffer.replace(now, was, 1)
    return buffer


def shown(scenario: Scenario) -> NextEdit | None:
    """What would be shown first."""
    log = EditLog()
    log.changed(scenario.path, scenario.before, scenario.buffer)
    if log.last is None or log.last.deletes:
        return None
    changed = [ChangedText(scenario.path, scenario.before, scenario.buffer)]
    sources = Sources(None, over={scenario.path: scenario.buffer})
    found = suggested(changed, sources, redact=has_secret, last=(scenario.path, scenario.line))
    return found[0] if found else None


def score(scenario: Scenario, edit: NextEdit | None) -> float:
    """0 to 100, of the lines that are changed."""
    after = edit.applied_to(scenario.buffer) if edit is not None else None
    if after is None or scenario.wanted is None:
        return 0.0
    return chrf(_delta(scenario.buffer, after), _delta(scenario.buffer, scenario.wanted))


def _delta(before: str, after: str) -> str:
    one, other = before.split("\n"), after.split("\n")
    head, tail = common_ends(one, other)
    return "\n".join(other[head : len(other) - tail])


def chrf(candidate: str, reference: str) -> float:
    """The character F-score (Popović 2015), 0 to 100."""
    scores = []
    for order in range(1, ORDERS + 1):
        one, other = (
            Counter(text[at : at + order] for at in range(len(text) - order + 1)) for text in (candidate, reference)
        )
        if not one and not other:
            continue
        match = (one & other).total()
        precision, recall = match / max(one.total(), 1), match / max(other.total(), 1)
        divisor = BETA**2 * precision + recall
        scores.append((1 + BETA**2) * precision * recall / divisor if divisor else 0.0)
    return 100 * sum(scores) / len(scores) if scores else 100.0


def main(folder: str) -> None:
    """Runs all scenarios and prints what came of them as JSON."""
    rows = []
    for file in sorted(Path(folder).glob("*.txtar")):
        for scenario in scenarios(file):
            edit = shown(scenario)
            told = f"{edit.line + 1}: {edit.old!r} -> {edit.new!r} ({edit.sort.key})" if edit is not None else ""
            rows.append((scenario.name, scenario.wanted is None, told, round(score(scenario, edit), 1)))
    quiet = [row for row in rows if row[1]]
    speaking = [row for row in rows if not row[1]]
    print(
        json.dumps(
            {
                "scenarios": len(rows),
                "quiet": [sum(not row[2] for row in quiet), len(quiet)],
                "shown": [sum(bool(row[2]) for row in speaking), len(speaking)],
                "score": round(sum(row[3] for row in speaking) / max(len(speaking), 1) / 100, 3),
                "said": [row for row in rows if row[2]],
            },
            indent=1,
            ensure_ascii=False,
        )
    )


if __name__ == "__main__":
    main(sys.argv[1])
