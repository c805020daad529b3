"""The evaluation as Markdown, and as one HTML page with plots that opens from disk."""

from __future__ import annotations

import html as escaping
import io
from collections.abc import Callable
from typing import Any

Column = tuple[str, Callable[[dict[str, Any]], str]]


def _figure(*path: str, form: str = ".3f", scale: float = 1.0, unit: str = "") -> Callable[[dict[str, Any]], str]:
    def read(entry: dict[str, Any]) -> str:
        value: Any = entry
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        return "" if value is None else f"{value * scale:{form}}{unit}"

    return read


COLUMNS: tuple[Column, ...] = (
    ("file", lambda entry: str(entry["file"])),
    ("MB", _figure("file_bytes", form=",.1f", scale=1e-6)),
    ("bits/weight", _figure("bits_per_weight", form=".2f")),
    ("perplexity", _figure("text", "perplexity")),
    ("bits/byte", _figure("text", "bits_per_byte", form=".4f")),
    ("KL", _figure("text", "kl_mean", form=".5f")),
    ("KL beyond window", _figure("text", "kl_beyond", form=".5f")),
    ("same top token", _figure("text", "top1", form=".1f", scale=100, unit="%")),
    ("long: bits/byte", _figure("long", "bits_per_byte", form=".4f")),
    ("long: KL", _figure("long", "kl_mean", form=".5f")),
    ("rest of line", _figure("completion", "line_exact", form=".1f", scale=100, unit="%")),
    ("FIM", _figure("completion", "fim_exact", form=".1f", scale=100, unit="%")),
    ("prefill t/s", _figure("speed", "prefill_tps", form=",.0f")),
    ("decode t/s", _figure("speed", "decode_tps", form=".1f")),
    ("one pass t/s", _figure("speed", "decode_one_pass_tps", form=".1f")),
    ("drafted t/s", _figure("speed", "decode_drafted_tps", form=".1f")),
    ("weights + KV MB", lambda entry: _memory(entry)),
)


def markdown(result: dict[str, Any]) -> str:
    """One row per file; columns that no file has are left out."""
    columns = _used(result)
    lines = ["| " + " | ".join(name for name, _ in columns) + " |", "|" + " --- |" * len(columns)]
    lines += ["| " + " | ".join(read(entry) for _, read in columns) + " |" for entry in result["models"]]
    return "\n".join(lines) + "\n\n" + _setting(result) + "\n"


def html(result: dict[str, Any]) -> str:
    """A page without anything from elsewhere: styles and plots (SVG) are inside."""
    columns = _used(result)
    head = "".join(f"<th>{escaping.escape(name)}</th>" for name, _ in columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escaping.escape(read(entry))}</td>" for _, read in columns) + "</tr>"
        for entry in result["models"]
    )
    plots = "".join(f"<figure>{picture}</figure>" for picture in _plots(result))
    return (
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Quantizations compared</title><style>"
        "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1150px;padding:0 1rem;color:#1c2330}"
        "table{border-collapse:collapse;font-size:12.5px;width:100%}th,td{padding:.35rem .5rem;text-align:right;"
        "border-bottom:1px solid #dfe3ea}th:first-child,td:first-child{text-align:left}th{background:#f3f5f9}"
        "figure{display:inline-block;margin:1rem .5rem 0 0}h1{font-size:1.5rem}p{color:#556}svg{max-width:540px}"
        f"</style></head><body><h1>Quantizations compared</h1><p>{escaping.escape(_setting(result))}</p>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>{plots}</body></html>"
    )


def _used(result: dict[str, Any]) -> list[Column]:
    return [(name, read) for name, read in COLUMNS if any(read(entry) for entry in result["models"])]


def _memory(entry: dict[str, Any]) -> str:
    speed = entry.get("speed")
    return "" if not speed else f"{(speed['weights_bytes'] + speed['kv_bytes']) / 1e6:,.1f}"


def _setting(result: dict[str, Any]) -> str:
    long = f", long context {result['long']} tokens (its last quarter)" if result["long"] else ""
    return (
        f"Reference: {result['reference']}. {result['rows']} rows of {result['length']} tokens{long} of "
        f"{', '.join(result['text'])}. KL is in nats per token, against the reference. {result['machine']}."
    )


def _plots(result: dict[str, Any]) -> list[str]:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    entries = result["models"]
    drawn = []

    def picture(title: str, x: str, y: str) -> tuple[Any, Any]:
        figure = Figure(figsize=(6.2, 4.0), layout="constrained")
        axes = figure.subplots()
        axes.set(title=title, xlabel=x, ylabel=y)
        axes.grid(alpha=0.3)
        return figure, axes

    figure, axes = picture("Quality by size", "bits per weight", "bits per byte")
    for entry in entries:
        axes.plot(entry["bits_per_weight"], entry["text"]["bits_per_byte"], "o")
        place = (entry["bits_per_weight"], entry["text"]["bits_per_byte"])
        axes.annotate(entry["file"], place, textcoords="offset points", xytext=(5, 5), fontsize=8)
    drawn.append(figure)
    compared = entries[1:]
    if compared:
        figure, axes = picture("Divergence by position", "position", "KL, nats per token")
        for entry in compared:
            spans = [*entry["text_by_position"], *entry.get("long_by_position", [])]
            axes.plot([span["from"] for span in spans], [span["kl"] for span in spans], "o-", label=entry["file"])
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.legend(fontsize=8)
        drawn.append(figure)
    if all("speed" in entry for entry in entries):
        figure, axes = picture("Decoding", "", "tokens per second")
        cases = {"decode_one_pass_tps": "one pass", "decode_tps": "all passes", "decode_drafted_tps": "drafted"}
        for at, (key, name) in enumerate(cases.items()):
            values = [entry["speed"][key] or 0.0 for entry in entries]
            axes.bar([i + 0.27 * (at - 1) for i in range(len(entries))], values, 0.25, label=name)
        axes.set_xticks(range(len(entries)), [entry["file"] for entry in entries], fontsize=7, rotation=15)
        axes.legend(fontsize=8)
        drawn.append(figure)
    if all("completion" in entry for entry in entries):
        figure, axes = picture("Completion", "", "rest of the line exactly right, %")
        for at, (key, name) in enumerate((("line_exact", "prefix only"), ("fim_exact", "with suffix"))):
            values = [100 * (entry["completion"][key] or 0.0) for entry in entries]
            axes.bar([i + 0.3 * (at - 0.5) for i in range(len(entries))], values, 0.28, label=name)
        axes.set_xticks(range(len(entries)), [entry["file"] for entry in entries], fontsize=7, rotation=15)
        axes.legend(fontsize=8)
        drawn.append(figure)
    pictures = []
    with rc_context({"svg.fonttype": "path", "svg.hashsalt": "iquest"}):
        for figure in drawn:
            buffer = io.StringIO()
            figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
            text = buffer.getvalue()
            pictures.append(text[text.index("<svg") :])
    return pictures
