"""The parts of the model card that tell what was measured, as Markdown; see evaluate.py, search.py, speeds.py."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from quantize.pretrain.evaluate import CHECKED
from quantize.pretrain.places import ALONE, BLOCK_LINES, WITH

#: What runs of this length are worth.
SHORT = """\
What such runs can tell: which shapes learn fast at first from the same compute, and what each costs to decode. What
they cannot: how the shapes rank after a hundred times as many tokens. Early on, what sees more tokens in the same
compute wins (one pass, few layers); capacity, the second pass and long attention pay later if at all, and differences
of about one percent, as between two seeds of one shape, mean nothing."""


def bits(figures: dict[str, Any]) -> str:
    """Bits per byte against the floor, and what each pass adds."""
    table = figures["bits_per_byte"]
    model = [name for name in table if name.startswith("pass")]
    rows = [f"| {'model, ' + name if name in model else name} | {_interval(table[name], 3)} |" for name in table]
    gain, first = figures["fewer_than_floor"], figures["first_pass"]
    sure = [row for row in first["by_confidence"] if row["from"] in (0.0, 0.5, 0.8, 0.95)]
    parts = [
        f"Bits per byte over {figures['windows']} windows ({figures['bytes']:,} bytes); the model needs "
        f"{_percent(gain)} fewer than the floor:",
        "\n".join(["| | bits per byte |", "|---|---|", *rows]),
    ]
    if len(model) > 1:
        parts += [
            f"The last pass needs {_percent(first['gain_of_last'])} fewer bits than pass 1 read out alone. How often "
            "pass 1 chooses the same token as the last,\nby the probability that it gives its choice (all positions of "
            "the same windows; drafts at depth 1 are accepted as often):",
            "\n".join(
                [
                    "| probability at least | share of positions | same token |",
                    "|---|---|---|",
                    *(f"| {row['from']:g} | {row['share']:.1%} | {row['agreed']:.1%} |" for row in sure),
                ]
            ),
        ]
    return "\n\n".join(parts)


def packages(figures: dict[str, Any]) -> str:
    """The same by package."""
    table = figures["by_package"]
    names = [name for name in next(iter(table.values())) if name != "windows"]
    rows = [
        f"| {package} | {table[package]['windows']} | "
        + " | ".join(_interval(table[package][name], 3) for name in names)
        + " |"
        for package in table
    ]
    return "\n".join([f"| package | windows | {' | '.join(names)} |", "|---" * (len(names) + 2) + "|", *rows])


def lines(figures: dict[str, Any]) -> str:
    """The rest of the line against the others."""
    settings = figures["rest_of_line"]
    rows = [
        f"| {setting} | {name} | {_interval(value, 3)} | {value['edit_similarity']:.3f} |"
        for setting, contestants in settings.items()
        for name, value in contestants.items()
    ]
    behind = sorted(
        {
            name
            for contestants in settings.values()
            for name, value in contestants.items()
            if "model" in contestants and value["value"] > contestants["model"]["value"]
        }
    )
    verdict = f"Not yet beaten by the model: {', '.join(behind)}." if behind else "The model is ahead of both."
    parts = [
        f"Rest of the line at {figures['positions']} random cursors inside lines, in the middle of words too, "
        f"greedy. {verdict}",
        "\n".join(["| prompt | | exact match | edit similarity |", "|---|---|---|---|", *rows]),
    ]
    if "related_files" in figures:
        gain = figures["related_files"]
        parts.append(
            f"Related files in the same room (half of the prompt is theirs) change that share by {_points(gain)}: "
            f"{gain['gained']} cursors gained,\n{gain['lost']} lost. {_settled(gain)}"
        )
    return "\n\n".join(parts)


def product(figures: dict[str, Any], pictures: Sequence[str]) -> str:
    """What only the engine itself can show, each as a paragraph or a table; "" where it was not there."""
    if "blocks" not in figures:
        return ""
    blocks, names, sure = figures["blocks"], figures["names"], figures["calibration"]
    enough = (
        f"{sure['shown']:.0%} of the answers (probability at least {sure['threshold']:.2f}) can be shown with "
        f"{sure['precision']:.0%} of them exactly right"
        if sure["shown"]
        else "no threshold has 80% of the answers shown exactly right"
    )
    paragraphs = [
        f"Whole bodies of 2 to {BLOCK_LINES} lines ({blocks['positions']} of them), with related files: "
        f"{_interval(blocks, 3)} exactly right,\nthe first line of them {_interval(blocks['first_line'], 3)}, edit "
        f"similarity {blocks['edit_similarity']:.3f}.",
        f"Names that stand in related files and nowhere else in the file ({names['positions']} cursors at their first "
        f"letter): {_interval(names[WITH], 3)}\nright with related files in the window, {_interval(names[ALONE], 3)} "
        f"without (change {_points(names['gain'])}); the copier, with them, {_interval(names['copier'], 3)}.",
        f"Confidence: the server goes by the probability of the whole answer. On the rest of the line, {enough}.",
    ]
    rows = [f"| {row['count']} | {row['said']:.2f} | {row['right']:.2f} |" for row in figures["reliability"]]
    paragraphs.append(
        "\n".join(["| answers | probability they were given, mean | share exactly right |", "|---|---|---|", *rows])
    )
    if figures["by_length"]:
        found = figures["by_length"]
        rows = [
            f"| {int(length):,} | {_interval(value, 3)} | {_percent(value['saved'])} |"
            for length, value in found["lengths"].items()
        ]
        title = (
            f"Bits per byte of the same {found['pieces']} pieces of {found['scored']} tokens after so many tokens of "
            "their file and package\n(trained on rows of at most 2048), and how many fewer than after the shortest:"
        )
        head = ["| tokens before | bits per byte | fewer bits |", "|---|---|---|"]
        paragraphs += [title, "\n".join([*head, *rows])]
    paragraphs += [f"![{name}]({path})" for name, path in zip(("by length, and calibration",), pictures, strict=False)]
    return "\n\n".join(paragraphs) + "\n\n"


def engine(figures: dict[str, Any]) -> str:
    """Whether torch and llama.cpp agree."""
    pair = figures.get("engine_bits_per_byte")
    if pair is None:
        return ""
    return (
        f"The same file in the ported llama.cpp: {pair['llama.cpp']:.4f} bits per byte where torch has "
        f"{pair['torch']:.4f} (the first {CHECKED} windows); the rest of the line was written by llama.cpp.\n"
    )


def _interval(value: dict[str, float], digits: int) -> str:
    return f"{value['value']:.{digits}f} [{value['low']:.{digits}f}, {value['high']:.{digits}f}]"


def speeds(report: dict[str, Any] | None) -> str:
    """How fast answers are written, from `iquest-lsp bench decode --json`; "" without one."""
    if report is None:
        return ""
    machine = report["machine"]
    rows = [
        f"| {row['case'].replace('_', ' ')} | {row['tokens_per_second']:.0f} | "
        f"{row['tokens'] / row['cpu_seconds']:.0f} | {row['note']} |"
        for row in report["rows"]
    ]
    described = ", ".join(f"{key} {value}" for key, value in machine.items() if key != "load")
    notes = " ".join(report.get("notes", ()))
    return "\n".join(
        [
            f"Speed of writing ({described}), medians of {report['rows'][0]['runs']} runs in turns; {notes}.",
            "Processor time leaves out what other programs took meanwhile:",
            "",
            "| case | tokens a second | tokens a second of processor time | |",
            "|---|---|---|---|",
            *rows,
            "",
            "",
        ]
    )


def search(report: dict[str, Any] | None) -> str:
    """The table of short runs, or "" where there was no search."""
    if report is None:
        return ""
    runs, context = report["runs"], report["context"]
    paced = all("milliseconds" in run for run in runs)
    head = ["shape", "tokens", "bits per byte", "fewer bits than the first", "Mop a token", "MB a token"]
    head += ["ms a token"] if paced else []

    def lines(found: Sequence[dict[str, Any]]) -> list[str]:
        result = []
        for run in found:
            cells = [
                run["name"],
                f"{run['tokens'] / 1e6:.2f}M",
                _interval(run["bits_per_byte"], 3),
                _percent(run["saved"]) if run is not found[0] else "",
                f"{run['decode_operations'] / 1e6:.0f}",
                f"{run['decode_bytes'] / 1e6:.1f}",
            ]
            if paced:
                cells.append(f"{run['milliseconds']:.2f}")
            result.append(f"| {' | '.join(cells)} |")
        return result

    top = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    fresh = [run for run in runs if not run["start"]]
    later = [run for run in runs if run["start"]]
    parts = ["## Search for the shape"]
    intervals = (
        f"Scored on the first {report['characters']:,} characters of {report['pieces']} held-out files, the same for "
        "all; the saving is paired by file. Costs are counted for\none decoded token "
        f"after {context:,} others: operations, bytes read"
    )
    timed = ", and measured: the engine's processor time on one thread, the models in turns." if paced else "."
    if fresh:
        spent = fresh[0]["training_operations"]
        parts += [
            f"Short runs from random weights, each with the same {spent / 1e12:.1f} million million operations of "
            f"training (a looped shape trains one pass for half of them).\n{intervals}{timed}",
            "\n".join([*top, *lines(fresh)]),
            SHORT,
        ]
    if later:
        spent = later[0]["training_operations"]
        parts += [
            f"Runs that go on from nano itself, {spent / 1e12:.1f} million million operations each, learning rates "
            "annealed to nothing. Unrolled means\nthat its two passes become twelve layers of their own with plain "
            "attention: as many operations a token, twice the weights.",
            "\n".join([*top, *lines(later)]),
        ]
    return "\n\n".join([*parts, report.get("verdict", "")]).rstrip() + "\n\n"


def _percent(value: dict[str, float]) -> str:
    return f"{value['value']:.1%} [{value['low']:.1%}, {value['high']:.1%}]"


def _points(value: dict[str, float]) -> str:
    return f"{100 * value['value']:+.1f} points [{100 * value['low']:+.1f}, {100 * value['high']:+.1f}]"


def _settled(gain: dict[str, float]) -> str:
    if gain["low"] > 0:
        return "They help."
    if gain["high"] < 0:
        return "They take more than they give."
    return "At so many cursors that is no difference that can be told from chance."
