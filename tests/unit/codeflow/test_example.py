"""The model example: one function's life, and what explain-diff, why and impact tell of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.unit.codeflow.conftest import Script, history_of

BORN = '''"""Dates in texts."""

from datetime import datetime


def parse_date(text):
    """Reads a date such as 2023-12-31."""
    return datetime.strptime(text, "%Y-%m-%d").date()
'''
EUROPEAN = '''"""Dates in texts."""

from datetime import datetime


def parse_date(text):
    """Reads a date such as 2023-12-31."""
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()
    except ValueError:
        return datetime.strptime(text, "%d.%m.%Y").date()
'''
REFACTORED = '''"""Dates in texts."""

from datetime import datetime

FORMATS = ("%Y-%m-%d", "%d.%m.%Y")


def parse_date(text):
    """Reads a date such as 2023-12-31 or 31.12.2023."""
    for layout in FORMATS:
        try:
            return datetime.strptime(text, layout).date()
        except ValueError:
            continue
    raise ValueError(f"no known date format: {text}")
'''
DEPRECATED = REFACTORED.replace("from datetime", "import warnings\nfrom datetime").replace(
    "    for layout in FORMATS:\n",
    '    warnings.warn("parse_date is deprecated, use read_date", DeprecationWarning, stacklevel=2)\n'
    "    for layout in FORMATS:\n",
)
TESTS = """from src.utils.date_helper import parse_date


def test_iso():
    assert parse_date("2023-12-31").year == 2023
"""
FAILING = (
    TESTS
    + """

def test_european():
    assert parse_date("31.12.2023").year == 2023
"""
)
CALLER = """from src.utils.date_helper import parse_date


def due(order):
    return parse_date(order["due"])
"""
DOCS = '# Dates\n\nCall `parse_date` with a date:\n\n    parse_date("2023-12-31")\n'
CI = "jobs:\n  test:\n    steps:\n      - run: pytest tests/test_date_helper.py\n      - run: scripts/check_dates.sh\n"
SCRIPT = "#!/bin/sh\npython -c 'from src.utils.date_helper import parse_date; parse_date(\"2023-12-31\")'\n"
HELPER = "src/utils/date_helper.py"


@pytest.fixture
def example(script: Script) -> tuple[Script, dict[str, str]]:
    oids = {}
    oids["start"] = script.commit("Start the shop", {"README.md": "# Shop\n", "src/app.py": "def main():\n    pass\n"})
    oids["born"] = script.commit(
        "Add parse_date",
        {
            HELPER: BORN,
            "tests/test_date_helper.py": TESTS,
            "docs/dates.md": DOCS,
            ".github/workflows/ci.yml": CI,
            "scripts/check_dates.sh": SCRIPT,
        },
    )
    script.git("tag", "v1.0.0")
    oids["caller"] = script.commit("Compute when orders are due", {"src/orders.py": CALLER})
    oids["noise"] = script.commit("Add a greeting", {"src/app.py": "def main():\n    print('hello')\n"})
    oids["report"] = script.commit(
        "Show that dates of German customers fail (#17)\n\nA customer's order of 31.12.2023 was refused.",
        {"tests/test_date_helper.py": FAILING},
    )
    oids["fix"] = script.commit(
        "Support European dates\n\nOrders from Germany write 31.12.2023; fall back to that format.\n\nFixes #17",
        {HELPER: EUROPEAN, "tests/test_date_helper.py": FAILING + "\n"},
    )
    oids["docs"] = script.commit("Document European dates", {"docs/dates.md": DOCS + "\nor `31.12.2023`.\n"})
    script.git("tag", "v1.1.0")
    oids["bot"] = script.commit(
        "Bump actions/checkout", {".github/workflows/ci.yml": CI + "# 2\n"}, author="dependabot[bot] <bot@example.org>"
    )
    oids["refactor"] = script.commit("Refactor parse_date to a list of formats", {HELPER: REFACTORED})
    oids["deprecate"] = script.commit("Deprecate parse_date in favour of read_date", {HELPER: DEPRECATED})
    script.git("tag", "v2.0.0")
    return script, oids


@pytest.mark.slow
def test_explain_the_change(example: tuple[Script, dict[str, str]], tmp_path: Path) -> None:
    script, oids = example
    explanation = history_of(script.root, folder=tmp_path / "store").explain_diff(oids["fix"])
    assert explanation.intent in ("feature", "fix")
    symbols = [(item.name, item.change) for file in explanation.files for item in file.symbols]
    assert ("parse_date", "body") in symbols
    # Cause and content, in words built from facts.
    assert "European dates" in explanation.summary
    assert "ValueError" in explanation.summary
    assert "%d.%m.%Y" in explanation.summary
    by_commit = {item.commit: item for item in explanation.history}
    assert "added `parse_date`" in by_commit[oids["born"]].reason
    assert oids["noise"] not in by_commit


@pytest.mark.slow
def test_why_tells_the_story(example: tuple[Script, dict[str, str]], tmp_path: Path) -> None:
    script, oids = example
    story = history_of(script.root, folder=tmp_path / "store").why(f"{HELPER}::parse_date")
    told = {item.commit: item for item in story.story}
    order = [item.commit for item in story.story]
    assert order == [oid for oid in oids.values() if oid in order], "the story is told from its beginning"
    assert "added" in told[oids["born"]].change
    # The report that it fails belongs to the story, through the issue that the fix names.
    assert "#17" in told[oids["report"]].change + told[oids["report"]].reason
    assert "31.12.2023" in told[oids["fix"]].reason
    assert "ValueError" in told[oids["fix"]].change
    assert "documentation" in told[oids["docs"]].change
    assert "changed" in told[oids["refactor"]].change
    assert "deprecated" in told[oids["deprecate"]].change
    assert oids["noise"] not in told
    assert oids["bot"] not in told
    assert oids["start"] not in told
    assert story.since == "v1.0.0"
    assert story.deprecated_in == "v2.0.0"
    assert json.loads(json.dumps(story.to_json()))["since"] == "v1.0.0"
    markdown = story.to_markdown()
    assert all(oid[:10] in markdown for oid in told)


@pytest.mark.slow
def test_why_tells_a_line(example: tuple[Script, dict[str, str]], tmp_path: Path) -> None:
    script, oids = example
    number = DEPRECATED.splitlines().index("        except ValueError:") + 1
    story = history_of(script.root, folder=tmp_path / "store").why(f"{HELPER}:{number}")
    told = [item.commit for item in story.story]
    assert oids["born"] in told
    assert oids["refactor"] in told
    blamed = script.git("blame", "-w", "-s", "-l", f"-L{number},{number}", "HEAD", "--", HELPER).split()[0]
    assert blamed.lstrip("^") == oids["fix"], "the refactoring only indents the line"
    assert story.since == "v1.1.0"
    script.write({HELPER: "# new first line\n" + DEPRECATED})
    again = history_of(script.root, folder=tmp_path / "store").why(f"{HELPER}:{number + 1}")
    assert [item.commit for item in again.story] == told
    fresh = history_of(script.root, folder=tmp_path / "store").why(f"{HELPER}:1")
    assert fresh.story == ()
    assert "not committed" in fresh.note


@pytest.mark.slow
def test_impact_names_what_a_change_to_iso_8601_must_touch(
    example: tuple[Script, dict[str, str]], tmp_path: Path
) -> None:
    script, _ = example
    found = history_of(script.root, folder=tmp_path / "store").impact(f"{HELPER}::parse_date")
    kinds = {(item.path, item.kind) for item in found.items}
    assert ("src/orders.py", "caller") in kinds
    assert ("tests/test_date_helper.py", "test") in kinds
    assert ("docs/dates.md", "docs") in kinds
    assert (".github/workflows/ci.yml", "ci") in kinds
    assert any(path == "scripts/check_dates.sh" for path, _ in kinds)
    caller = next(item for item in found.items if item.path == "src/orders.py" and item.line == 5)
    assert caller.confidence > 0.8
    assert not any(item.path == "src/app.py" for item in found.items)


@pytest.mark.slow
def test_a_change_to_iso_8601_forgets_tests_and_docs(example: tuple[Script, dict[str, str]], tmp_path: Path) -> None:
    script, _ = example
    script.write({HELPER: DEPRECATED.replace("def parse_date(text)", "def parse_date(text, *, iso8601)")})
    explanation = history_of(script.root, folder=tmp_path / "store").explain_diff()
    missing = {item.path for item in explanation.missing}
    assert {"tests/test_date_helper.py", "docs/dates.md"} <= missing
    assert any("src/orders.py:5" in risk for risk in explanation.risks)
