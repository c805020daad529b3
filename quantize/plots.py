"""The evaluation's plots, as SVG that stands inside a page."""

from __future__ import annotations

import importlib.util
import io
import os
from collections.abc import Callable
from typing import Any

from iquest_lsp.errors import ModelError

Entry = dict[str, Any]


def check() -> None:
    """Raises ModelError where nothing can be drawn, before the work and not after it."""
    if importlib.util.find_spec("matplotlib") is None:
        raise ModelError(
            "The report's plots cannot be drawn",
            why="matplotlib is not installed",
            fix="Install the extra: pip install '.[workshop]', or leave --html out",
        )


def draw(entries: list[Entry]) -> list[str]:
    """One picture for each thing that was measured, as `<svg>` elements; the first entry is the reference."""
    from matplotlib import rc_context

    names = labels([str(entry["file"]) for entry in entries])
    drawn: list[Any] = []
    if len(entries) > 1:
        drawn += [_by_size(entries, names, *case) for case in _BY_SIZE]
        drawn.append(_by_position(entries[1:], names[1:]))
    if all("completion" in entry for entry in entries):
        drawn.append(_completion(entries, names))
    if all("speed" in entry for entry in entries):
        drawn += [_speed(entries, names), _memory(entries, names)]
    pictures = []
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": "iquest"}):
        for figure in drawn:
            buffer = io.StringIO()
            figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
            text = buffer.getvalue()
            pictures.append(text[text.index("<svg") :])
    return pictures


def labels(files: list[str]) -> list[str]:
    """Short names: without the ending and without the words that all begin with; math signs of matplotlib spelled."""
    stems = [file.removesuffix(".gguf") for file in files]
    shared = os.path.commonprefix(stems) if len(stems) > 1 else ""  # noqa: RUF071  characters are meant
    cut = max(shared.rfind(mark) for mark in "-. ") + 1
    return [(stem[cut:] or stem).replace("$", "\\$") for stem in stems]


def _picture(title: str, x: str, y: str) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.2, 3.7), layout="constrained")
    axes = figure.subplots()
    axes.set(title=title, xlabel=x, ylabel=y)
    axes.grid(alpha=0.3)
    axes.set_axisbelow(True)
    axes.margins(x=0.12)
    return figure, axes


def _kl(entry: Entry) -> tuple[float, float, float]:
    mean, error = entry["text"]["kl_mean"], 1.96 * entry["text"]["kl_error"]
    return mean, error if error == error else 0.0, error if error == error else 0.0


def _added(entry: Entry) -> tuple[float, float, float]:
    found = entry["text"]["added_bits_per_byte"]
    return found["value"], found["value"] - found["low"], found["high"] - found["value"]


#: Title, label, how to read an entry, and whether the axis is logarithmic.
_BY_SIZE: tuple[tuple[str, str, Callable[[Entry], tuple[float, float, float]], bool], ...] = (
    ("Divergence by size", "KL, nats per token", _kl, True),
    ("What it costs in compression", "added bits per byte", _added, False),
)


def _by_size(
    entries: list[Entry],
    names: list[str],
    title: str,
    y: str,
    read: Callable[[Entry], tuple[float, float, float]],
    logarithmic: bool,
) -> Any:
    figure, axes = _picture(title, "bits per weight", y)
    for at, (entry, name) in enumerate(zip(entries[1:], names[1:], strict=True)):
        value, below, above = read(entry)
        if logarithmic and value <= 0:
            continue
        size = entry["bits_per_weight"]
        axes.errorbar(
            size,
            value,
            [[min(below, value * 0.99) if logarithmic else below], [above]],
            fmt="o",
            capsize=3,
            color=f"C{at + 1}",
        )
        # Names on one side of points of nearly one size would lie on each other.
        near = sum(abs(other["bits_per_weight"] - size) < 0.5 for other in entries[1 + at % 2 : at + 1 : 2])
        side = {"xytext": (-7, -3 - 11 * near), "ha": "right"} if at % 2 else {"xytext": (7, -3 - 11 * near)}
        axes.annotate(name, (size, value), textcoords="offset points", fontsize=8, **side)
    if logarithmic:
        axes.set_yscale("log")
    else:
        axes.axhline(0.0, color="#8a93a6", linewidth=1)
    return figure


def _by_position(compared: list[Entry], names: list[str]) -> Any:
    figure, axes = _picture("Divergence by position", "position", "KL, nats per token")
    for at, (entry, name) in enumerate(zip(compared, names, strict=True)):
        for number, part in enumerate(("text_by_position", "long_by_position")):
            spans = [span for span in entry.get(part, []) if span.get("kl", 0.0) > 0]
            axes.plot(
                [span["from"] for span in spans],
                [span["kl"] for span in spans],
                "s--" if number else "o-",
                color=f"C{at + 1}",
                markersize=4,
                label=None if number else name,
            )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.legend(fontsize=7, ncols=2)
    return figure


def _bars(axes: Any, names: list[str], groups: dict[str, list[Any]]) -> None:
    """Bars in groups; a value with an interval gets its whiskers."""
    width = 0.8 / len(groups)
    for at, (label, values) in enumerate(groups.items()):
        places = [i + width * (at - (len(groups) - 1) / 2) for i in range(len(names))]
        heights = [(value["value"] if isinstance(value, dict) else value) or 0.0 for value in values]
        whiskers = [
            (value["value"] - value["low"], value["high"] - value["value"]) if isinstance(value, dict) else (0.0, 0.0)
            for value in values
        ]
        error = list(zip(*whiskers, strict=True)) if any(map(any, whiskers)) else None
        axes.bar(places, heights, width * 0.94, yerr=error, label=label, capsize=2, error_kw={"linewidth": 0.8})
    axes.set_xticks(range(len(names)), names, fontsize=7, rotation=20, ha="right", rotation_mode="anchor")
    axes.legend(fontsize=7)


def _completion(entries: list[Entry], names: list[str]) -> Any:
    figure, axes = _picture("Completion", "", "rest of the line exactly right, share")
    cases = {"line": "prefix only", "fim": "with suffix"}
    groups = {name: [entry["completion"][key] for entry in entries] for key, name in cases.items()}
    _bars(axes, names, {name: values for name, values in groups.items() if any(values)})
    return figure


def _speed(entries: list[Entry], names: list[str]) -> Any:
    figure, axes = _picture("Decoding", "", "tokens per second")
    cases = {"decode_one_pass_tps": "one pass", "decode_tps": "all passes", "decode_drafted_tps": "drafted"}
    groups = {name: [entry["speed"][key] for entry in entries] for key, name in cases.items()}
    _bars(axes, names, {name: values for name, values in groups.items() if any(values)})
    return figure


def _memory(entries: list[Entry], names: list[str]) -> Any:
    figure, axes = _picture("Memory", "", "MB")
    weights = [entry["speed"]["weights_bytes"] / 1e6 for entry in entries]
    axes.bar(range(len(names)), weights, 0.7, label="weights")
    axes.bar(range(len(names)), [entry["speed"]["kv_bytes"] / 1e6 for entry in entries], 0.7, weights, label="KV cache")
    axes.set_xticks(range(len(names)), names, fontsize=7, rotation=20, ha="right", rotation_mode="anchor")
    axes.legend(fontsize=7)
    return figure
