"""What is shown in made-up moments of work: at least as much of it right, and as little wrong, as was reached once.

What is right and too unsure to be shown as an edit counts where its place is told.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest

from iquest_lsp.codeflow.reading import ChangedText, Sources
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.gate import admitted_places
from iquest_lsp.nextedit.predict import possible, possible_places, suggested
from iquest_lsp.nextedit.records import Place
from tests.unit.nextedit.scenarios import SCENARIOS, Scenario

BASELINE = Path(__file__).parent / "baseline.json"


def played(scenario: Scenario) -> Counter[str]:
    """How many of the wanted edits were shown and taken one after another, and how many others were shown."""
    files, wanted = scenario.after, set(scenario.wanted)
    found: Counter[str] = Counter(scenarios=1, wanted=len(wanted))
    while True:
        changed = [ChangedText(path, text, files[path]) for path, text in scenario.files.items() if text != files[path]]
        sources = Sources(None, over=dict(files))
        shown = suggested(changed, sources, redact=lambda text: False)
        if not shown:
            told = {(place.path, place.line) for place in _places(changed, sources)}
            found["quiet"] += not scenario.wanted and not told
            found["told"] += sum((path, line) in told for path, line, _, _ in wanted)
            return found
        item = shown[0]
        place = item.path, item.line, item.old, item.new
        text = item.applied_to(files[item.path])
        if place not in wanted or text is None:
            found["wrong"] += 1
            found[f"wrong: {scenario.name}: {place}"] += 1
            return found
        wanted.remove(place)
        found["found"] += 1
        files[item.path] = text


def _places(changed: Sequence[ChangedText], sources: Sources) -> list[Place]:
    changes = [Change(item) for item in changed]
    return admitted_places(possible(changes, sources), possible_places(changes, sources), [])


@pytest.mark.slow
def test_no_less_is_found_than_before_and_no_more_is_wrong() -> None:
    total = sum((played(scenario) for scenario in SCENARIOS), Counter[str]())
    least = json.loads(BASELINE.read_text("utf-8"))
    assert (total["scenarios"], total["wanted"]) >= (least["scenarios"], least["wanted"])
    assert total["found"] >= least["found"], total
    assert total["found"] + total["told"] >= least["found or told"], total
    assert total["quiet"] >= least["quiet"], total
    assert total["wrong"] <= least["wrong"], total
