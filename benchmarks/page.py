"""Writes docs/benchmarks.md from the recorded figures in benchmarks/results/, one file a topic.

    python -m benchmarks.page            writes the page
    python -m benchmarks.page --check    fails where it is not up to date

A file holds `title`, `order` on the page, `about`, perhaps a `picture` of docs/, and `tables`: each with `caption`,
`machine`, `date`, `command`, `columns`, `rows` of texts, and `notes`. A new measurement takes the old one's place.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
PAGE = ROOT / "docs" / "benchmarks.md"
_HEAD = """# Benchmarks

Written by `python -m benchmarks.page` from the recorded figures in [benchmarks/results](../benchmarks/results). Each
table names the day, the machine and the command. Ratios compare things measured in turns in one run. Nothing here was
measured on a GPU, and no published Loop weights were available.
"""


def topics() -> list[dict[str, Any]]:
    """The recorded topics, in their order."""
    found = [json.loads(path.read_text("utf-8")) for path in sorted(RESULTS.glob("*.json"))]
    return sorted(found, key=lambda topic: int(topic["order"]))


def page() -> str:
    """The page's text."""
    return _HEAD + "".join(f"\n{_topic(topic)}" for topic in topics())


def _topic(topic: dict[str, Any]) -> str:
    parts = [f"## {topic['title']}\n"]
    if topic["about"]:
        parts.append(f"{topic['about']}\n")
    parts += [_table(table) for table in topic["tables"]]
    if topic.get("picture"):
        parts.append(f"![{topic['title']}]({topic['picture']})\n")
    return "\n".join(parts)


def _table(table: dict[str, Any]) -> str:
    width = len(table["columns"])
    for row in table["rows"]:
        if len(row) != width:
            raise ValueError(f"{table['caption']}: {row} has not {width} columns")
    lines = [_row(table["columns"]), "|" + "---|" * width, *(_row(row) for row in table["rows"])]
    machine = table["machine"]
    gpu = f", {machine['gpu']}" if machine["gpu"] else ""
    where = f"{machine['cores']} cores of an {machine['processor']}{gpu}; load: {machine['load']}"
    told = f"{table['date']}, {where}. `{table['command']}`"
    return "\n".join([f"### {table['caption']}", "", *lines, "", *(f"{note}\n" for note in table["notes"]), told, ""])


def _row(cells: list[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def main(arguments: list[str]) -> int:
    """Writes the page, or says whether it is as it should be."""
    if arguments == ["--check"]:
        return int(PAGE.read_text("utf-8") != page())
    PAGE.write_text(page(), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
