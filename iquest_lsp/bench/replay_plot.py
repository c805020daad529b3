"""The result of a replay as a picture: SVG, which every browser shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any

WIDTH, ROW, LEFT, RIGHT, GAP = 860, 30, 230, 150, 56
_SPEEDS = (("cold", "cold_", "#c0392b"), ("warm", "", "#2980b9"), ("cached", "cached_", "#27ae60"))


def picture(answer: Mapping[str, Any]) -> str:
    """Two charts: exact rests of lines with their 95% intervals, and latencies (bar to p50, line to p95)."""
    rows = answer["rows"]
    quality_top = GAP
    speed_top = quality_top + ROW * len(rows) + GAP
    height = speed_top + ROW * len(rows) * 2 + 36
    title = f"{answer['model']} on the last {answer['commits']} commits of {answer['repository']}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" font-family="sans-serif"'
        f' font-size="13">',
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>',
        _text(12, 20, title, weight="bold"),
        *_quality(rows, quality_top),
        *_speed(rows, speed_top),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _quality(rows: Sequence[Mapping[str, Any]], top: int) -> Iterator[str]:
    most = max([row["exact_line_interval"][1] for row in rows] + [0.01])
    yield _text(12, top - 10, "rest of the line exactly right, with 95% interval")
    for at, row in enumerate(rows):
        y = top + ROW * at
        low, high = (_x(value, most) for value in row["exact_line_interval"])
        yield _text(12, y + 17, f"{row['setting']} ({row['positions']})")
        yield _bar(y + 5, _x(row["exact_line"], most), 16, "#7f8c8d")
        yield f'<path d="M{low:.1f} {y + 13}H{high:.1f}M{low:.1f} {y + 8}v10M{high:.1f} {y + 8}v10" stroke="black"/>'
        yield _text(WIDTH - RIGHT + 12, y + 17, f"{row['exact_line']:.1%}, quiet {row['quiet']:.0%}")


def _speed(rows: Sequence[Mapping[str, Any]], top: int) -> Iterator[str]:
    most = max([row[f"{prefix}p95_ms"] for row in rows for _, prefix, _ in _SPEEDS] + [1.0])
    yield _text(12, top - 10, "milliseconds: bar to p50, line to p95; cold (red), warm (blue), cached (green)")
    for at, row in enumerate(rows):
        y = top + 2 * ROW * at
        yield _text(12, y + 30, row["setting"])
        for place, (name, prefix, colour) in enumerate(_SPEEDS):
            if not row[f"{name}_requests"]:
                continue
            line = y + 6 + 16 * place
            half, far = row[f"{prefix}p50_ms"], row[f"{prefix}p95_ms"]
            yield _bar(line, _x(half, most), 12, colour)
            yield f'<path d="M{_x(half, most):.1f} {line + 6}H{_x(far, most):.1f}" stroke="{colour}" stroke-width="2"/>'
            yield _text(WIDTH - RIGHT + 12, line + 11, f"{half:.0f} / {far:.0f}")


def _x(value: float, most: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * min(max(value / most, 0.0), 1.0)


def _bar(y: int, to: float, height: int, colour: str) -> str:
    return f'<rect x="{LEFT}" y="{y}" width="{max(to - LEFT, 0.5):.1f}" height="{height}" fill="{colour}"/>'


def _text(x: int, y: int, text: str, weight: str = "normal") -> str:
    return f'<text x="{x}" y="{y}" font-weight="{weight}">{escape(text)}</text>'
