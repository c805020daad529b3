"""Draws benchmarks of the runtime: `python -m benchmarks.runtime_picture PREFILL.json DECODE.json > docs/runtime.svg`.

The files are what `iquest-lsp bench prefill --json` and `bench decode --json` print, in any order. Processor seconds,
each case of one table against the first case of that table: those were measured in turns, so that their ratios hold on
a busy machine too.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

WIDTH, ROW, LEFT, RIGHT, TOP = 860, 24, 300, 150, 40
COLOURS = {"one_pass": "#7f8c8d", "two_passes": "#c0392b", "ours": "#2980b9", "dense": "#d35400", "sparse": "#27ae60"}
BASES = {"prefill": "one_pass", "decode": "plain"}
ENGINE = ("cold", "warm", "saved", "restored")


def tables(report: Mapping[str, Any]) -> Iterator[tuple[str, Sequence[Mapping[str, Any]]]]:
    """Rows that were measured in turns, with a title."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for row in report["rows"]:
        if row["case"] in ENGINE:
            continue
        title = row["note"].partition(";")[0] if report["benchmark"] == "decode" else f"{row['tokens']} tokens read"
        groups.setdefault(title, []).append(row)
    for title, rows in groups.items():
        yield f"{report['benchmark']}: {title}", rows


def picture(reports: Sequence[Mapping[str, Any]]) -> str:
    """The SVG."""
    parts, y = [], TOP
    for report in reports:
        for title, rows in tables(report):
            base = next(row for row in rows if row["case"] == BASES[report["benchmark"]])
            costs = [row["cpu_seconds"] / base["cpu_seconds"] for row in rows]
            parts.append(_text(12, y + 16, title, weight="bold"))
            y += ROW
            for row, cost in zip(rows, costs, strict=True):
                wide = (WIDTH - LEFT - RIGHT) * cost / max(costs)
                colour = COLOURS.get(row["case"], "#8e44ad")
                parts.append(_text(24, y + 16, row["case"].replace("_", " ")))
                parts.append(f'<rect x="{LEFT}" y="{y + 4}" width="{wide:.1f}" height="16" fill="{colour}"/>')
                parts.append(_text(LEFT + wide + 8, y + 16, f"{cost:.2f} ({row['cpu_seconds']:.3g} s)"))
                y += ROW
            y += ROW // 2
    head = f"Processor time of {reports[0]['model']} against one pass (reading) and plain decoding (writing)"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{y}" font-family="sans-serif"'
            ' font-size="13">',
            f'<rect width="{WIDTH}" height="{y}" fill="white"/>',
            _text(12, 22, head, weight="bold"),
            *parts,
            "</svg>\n",
        ]
    )


def _text(x: float, y: float, words: str, weight: str = "normal") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-weight="{weight}">{escape(words)}</text>'


def main() -> None:
    reports = [json.loads(Path(name).read_text("utf-8")) for name in sys.argv[1:]]
    sys.stdout.write(picture(reports))


if __name__ == "__main__":
    main()
