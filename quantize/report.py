"""The evaluation as Markdown, and as one HTML page with plots that opens from disk."""

from __future__ import annotations

import html as escaping
from collections.abc import Callable
from typing import Any

from quantize import plots

#: Bits a weight below which a file is quantized; gates and norms in F32 put F16 a little above.
_UNQUANTIZED = 16.0
Entry = dict[str, Any]
Column = tuple[str, Callable[[Entry], str]]


def _value(entry: Entry, path: tuple[str, ...]) -> Any:
    value: Any = entry
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _figure(*path: str, form: str = ".3f", scale: float = 1.0, unit: str = "") -> Callable[[Entry], str]:
    """A number; one with an interval gives its middle and half of the interval's width."""

    def read(entry: Entry) -> str:
        value = _value(entry, path)
        if isinstance(value, dict):
            half = (value["high"] - value["low"]) / 2
            return f"{value['value'] * scale:{form}}{unit} ± {half * scale:{form.replace('+', '')}}"
        return "" if value is None else f"{value * scale:{form}}{unit}"

    return read


def _with_error(stem: str, form: str) -> Callable[[Entry], str]:
    """A mean of rows and 1.96 times its standard error."""

    def read(entry: Entry) -> str:
        name, key = stem.split(".")
        value, error = _value(entry, (name, f"{key}_mean")), _value(entry, (name, f"{key}_error"))
        return "" if value is None else f"{value:{form}} ± {1.96 * error:{form}}"

    return read


_PERCENT: dict[str, Any] = {"form": ".1f", "scale": 100, "unit": "%"}
QUALITY: tuple[Column, ...] = (
    ("file", lambda entry: str(entry["file"])),
    ("MB", _figure("file_bytes", form=",.1f", scale=1e-6)),
    ("bits/weight", _figure("bits_per_weight", form=".2f")),
    ("perplexity", _figure("text", "perplexity")),
    ("bits/byte", _figure("text", "bits_per_byte", form=".4f")),
    ("added bits/byte", _figure("text", "added_bits_per_byte", form="+.5f")),
    ("KL", _with_error("text.kl", ".5f")),
    ("KL beyond window", _figure("text", "kl_beyond", form=".5f")),
    ("same top token", _figure("text", "top1", **_PERCENT)),
    ("long: bits/byte", _figure("long", "bits_per_byte", "value", form=".4f")),
    ("long: KL", _figure("long", "kl_mean", form=".5f")),
    ("long: same top", _figure("long", "top1", **_PERCENT)),
)
USE: tuple[Column, ...] = (
    ("file", lambda entry: str(entry["file"])),
    ("rest of line", _figure("completion", "line", **_PERCENT)),
    ("same as reference", _figure("completion", "line_same", **_PERCENT)),
    ("FIM", _figure("completion", "fim", **_PERCENT)),
    ("FIM: similarity", _figure("completion", "fim", "edit_similarity")),
    ("FIM: same as reference", _figure("completion", "fim_same", **_PERCENT)),
    ("prefill t/s", _figure("speed", "prefill_tps", form=",.0f")),
    ("decode t/s", _figure("speed", "decode_tps", form=",.1f")),
    ("one pass t/s", _figure("speed", "decode_one_pass_tps", form=",.1f")),
    ("drafted t/s", _figure("speed", "decode_drafted_tps", form=",.1f")),
    ("drafts accepted", _figure("speed", "draft_acceptance", form=".0f", scale=100, unit="%")),
    ("weights MB", _figure("speed", "weights_bytes", form=",.1f", scale=1e-6)),
    ("KV MB", _figure("speed", "kv_bytes", form=",.1f", scale=1e-6)),
)
_STYLE = (
    "body{font:15px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:1250px;padding:0 1rem;color:#1c2330}"
    "table{border-collapse:collapse;font-size:12.5px;width:100%;margin:0 0 1.2rem;font-variant-numeric:tabular-nums}"
    "th,td{padding:.35rem .5rem;text-align:right;border-bottom:1px solid #dfe3ea;white-space:nowrap}"
    "th{background:#f3f5f9;white-space:normal}th:first-child,td:first-child{text-align:left}"
    "main{display:grid;grid-template-columns:repeat(auto-fit,minmax(480px,1fr));gap:.5rem 1.5rem}figure{margin:0}"
    "svg{width:100%;height:auto}h1{font-size:1.5rem;margin-bottom:.3rem}h2{font-size:1.1rem}p{color:#556}"
)


def markdown(result: dict[str, Any]) -> str:
    """Two tables with one row per file; columns that no file has are left out."""
    tables = []
    for columns in _tables(result):
        lines = ["| " + " | ".join(name for name, _ in columns) + " |", "|" + " --- |" * len(columns)]
        lines += ["| " + " | ".join(_cell(read(entry)) for _, read in columns) + " |" for entry in result["models"]]
        tables.append("\n".join(lines))
    return "\n\n".join([*tables, setting(result)]) + "\n"


def html(result: dict[str, Any]) -> str:
    """A page without anything from elsewhere: styles and plots (SVG) are inside."""
    names = ("Quality", "Completion, speed and memory")
    tables = "".join(
        f"<h2>{name}</h2>" + _html_table(columns, result["models"])
        for name, columns in zip(names, _tables(result), strict=False)
    )
    figures = "".join(f"<figure>{picture}</figure>" for picture in plots.draw(result["models"]))
    return (
        f"<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Quantizations compared</title><style>"
        f"{_STYLE}</style></head><body><h1>Quantizations compared</h1><p>{escaping.escape(setting(result))}</p>"
        f"{tables}<main>{figures}</main></body></html>"
    )


def setting(result: dict[str, Any]) -> str:
    """What was measured on what, in words."""
    long = f", and of {result['long']} tokens (their last quarter: long)" if result["long"] else ""
    machine = result["machine"]
    busy = "" if machine.get("load") is None else f", load {machine['load']} when it began"
    notes = "".join(f" {note[:1].upper()}{note[1:]}." for note in result.get("notes", ()))
    cursors = f" Completions at {result['cursors']} cursors, greedy." if result["cursors"] else ""
    timed = any("speed" in entry for entry in result["models"])
    speed = " Speeds are medians of rounds that take the files in turn." if timed else ""
    return (
        f"Reference: {result['reference']}{_own_rounding(result)}. "
        f"{result['rows']} rows of {result['length']} tokens{long} of {', '.join(result['text'])}. "
        f"KL is in nats per token, against the reference. ± is half of a 95% interval; added bits/byte compares row "
        f"by row.{cursors}{speed} "
        f"{machine.get('processor') or machine.get('system')}, {machine.get('cores')} cores{busy}.{notes}"
    )


def _own_rounding(result: dict[str, Any]) -> str:
    """Says so where the reference is no unquantized model."""
    bits = float(result["models"][0].get("bits_per_weight", _UNQUANTIZED))
    if bits >= _UNQUANTIZED:
        return ""
    return (
        f", which has {bits:.1f} bits a weight itself: divergence, agreement and added bits are those against it, "
        "not against unquantized weights"
    )


def _tables(result: dict[str, Any]) -> list[list[Column]]:
    """The columns that some file has something in; a table of nothing but names is left out."""
    used = [
        [(name, read) for name, read in columns if any(read(entry) for entry in result["models"])]
        for columns in (QUALITY, USE)
    ]
    return [columns for columns in used if len(columns) > 1]


def _html_table(columns: list[Column], entries: list[Entry]) -> str:
    head = "".join(f"<th>{escaping.escape(name)}</th>" for name, _ in columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escaping.escape(read(entry))}</td>" for _, read in columns) + "</tr>"
        for entry in entries
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")
