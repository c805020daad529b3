"""The parts of the model card that tell what was measured, as Markdown; see evaluate.py, search.py, model_speeds.py."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from quantize.pretrain.places import ALONE, BLOCK_LINES, WITH

#: What runs of this length are worth.
SHORT = """\
What such runs can tell: which shapes learn fast at first from the same compute, and what each costs to decode. What
they cannot: how the shapes rank after a hundred times as many tokens. Early on, what sees more tokens in the same
compute wins (one pass, few layers); capacity, the second pass and long attention pay later if at all, and differences
of about one percent, as between two seeds of one shape, mean nothing."""
SECOND = """\
More of them, on rows packed anew (so that bits are not to be compared with those above; nano's own shape was trained
again beside them):"""
#: Cases of `iquest-lsp bench decode` that are told; others are of the attention alone.
WRITTEN = ("one_pass", "plain", "drafted")
#: What a difference that is no chance means, when it is above nothing and below it.
HELP = ("They help.", "They take more than they give.")
AHEAD = ("The model is ahead.", "The copier is ahead.")


def results(figures: dict[str, Any], pictures: Sequence[str]) -> str:
    """Everything that was measured on the held-out packages; what was not is left out."""
    parts = [
        *_bits(figures),
        *_lines(figures),
        *_blocks(figures),
        *_names(figures),
        *_confidence(figures),
        *_lengths(figures),
        *(f"![bits per byte by length of the window, and calibration]({path})" for path in pictures),
        *_engine(figures),
    ]
    return "\n\n".join(parts)


def _bits(figures: dict[str, Any]) -> Iterator[str]:
    if "bits_per_byte" not in figures:
        return
    table, first = figures["bits_per_byte"], figures["first_pass"]
    model = [name for name in table if name.startswith("pass")]
    rows = [
        f"| {'model, ' + name if name in model else name} | {_interval(value, 3)} | {value['windows']} |"
        for name, value in table.items()
    ]
    against = ""
    if "fewer_than_floor" in figures:
        gain = figures["fewer_than_floor"]
        against = f"; the model needs {_percent(gain)} fewer than the floor for the same {gain['windows']} windows"
    yield f"Bits per byte ({figures['bytes']:,} bytes in {figures['windows']} windows{against}):"
    yield _table(("", "bits per byte", "windows"), rows)
    packages = figures["by_package"]
    yield _table(
        ("package", "windows", *model),
        [
            f"| {package} | {value['windows']} | {' | '.join(_interval(value[name], 3) for name in model)} |"
            for package, value in packages.items()
        ],
    )
    if len(model) > 1:
        yield (
            f"The last pass needs {_percent(first['gain_of_last'])} fewer bits than pass 1 read out alone. How often "
            "pass 1 chooses the same token as the last, by the\nprobability that it gives its choice, over the same "
            f"{first['positions']:,} positions (a first draft at depth 1 is accepted where the two agree):"
        )
        yield _table(
            ("probability at least", "share of positions", "same token"),
            [
                f"| {row['from']:g} | {row['share']:.1%} | {row['agreed']:.1%} |"
                for row in first["by_confidence"]
                if row["from"] in (0.0, 0.5, 0.8, 0.95)
            ],
        )


def _lines(figures: dict[str, Any]) -> Iterator[str]:
    rows = _contests(figures.get("rest_of_line", {}))
    if not rows:
        return
    head = ("prompt", "", "cursors", "exactly right", "edit similarity")
    yield "Rest of the line at random cursors inside lines, in the middle of words too, written greedily:"
    yield _table(head, rows)
    yield from _comparisons(figures)
    if (long := figures.get("after_long_prompts")) is not None and (rows := _contests(long["rest_of_line"])):
        yield f"The same after prompts of about {long['tokens']:,} tokens, as the server's window has them:"
        yield _table(head, rows)
        yield from _comparisons(long)


def _contests(settings: dict[str, Any]) -> list[str]:
    return [
        f"| {setting} | {name} | {value['positions']} | {_interval(value, 3)} | {value['edit_similarity']:.3f} |"
        for setting, contestants in settings.items()
        for name, value in contestants.items()
    ]


def _comparisons(figures: dict[str, Any]) -> Iterator[str]:
    lines = [
        f"- {name} against copier, {setting}: {_points(ahead)}. {_settled(ahead, *AHEAD)}"
        for setting, contestants in figures["rest_of_line"].items()
        for name, value in contestants.items()
        if (ahead := value.get("ahead_of_copier")) is not None
    ]
    lines += [
        f"- related files in the same room (half of the prompt is theirs) change the share of {name} by "
        f"{_points(gain)}:\n  {gain['gained']} gained, {gain['lost']} lost of {gain['positions']} cursors. "
        f"{_settled(gain, *HELP)}"
        for name, gain in figures["related_files"].items()
    ]
    if lines:
        yield "At the same cursors:"
        yield "\n".join(lines)


def _blocks(figures: dict[str, Any]) -> Iterator[str]:
    if (blocks := figures.get("blocks")) is not None:
        yield (
            f"Whole bodies of 2 to {BLOCK_LINES} lines ({blocks['positions']} of them), with related files: "
            f"{_interval(blocks, 3)} exactly right,\nthe first line of them {_interval(blocks['first_line'], 3)}, edit "
            f"similarity {blocks['edit_similarity']:.3f}."
        )


def _names(figures: dict[str, Any]) -> Iterator[str]:
    names = figures.get("names", {})
    written = {name: value for name, value in names.items() if name != "copier"}
    if not written:
        return
    count = next(iter(written.values()))["positions"]
    yield f"Names that stand in related files and nowhere else in the file ({count} cursors at their first letter):"
    rows = [
        f"| {name} | {_interval(value[WITH], 3)} | {_interval(value[ALONE], 3)} | {_points(value['gain'])} |"
        for name, value in written.items()
    ]
    rows.append(f"| copier | {_interval(names['copier'], 3)} | | |")
    yield _table(("", WITH, ALONE, "change"), rows)


def _confidence(figures: dict[str, Any]) -> Iterator[str]:
    if (sure := figures.get("calibration")) is None:
        return
    enough = (
        f"{sure['shown']:.0%} of the {sure['answers']} answers (probability at least {sure['threshold']:.2f}) can be "
        f"shown with {sure['precision']:.0%} of them exactly right"
        if sure["shown"]
        else f"no threshold has 80% of the answers shown exactly right ({sure['answers']} answers)"
    )
    yield f"Confidence: the server goes by the probability of the whole answer. On the rest of the line, {enough}."
    yield _table(
        ("answers", "probability they were given, mean", "share exactly right"),
        [f"| {row['count']} | {row['said']:.2f} | {row['right']:.2f} |" for row in figures["reliability"]],
    )


def _lengths(figures: dict[str, Any]) -> Iterator[str]:
    if (found := figures.get("by_length")) is None:
        return
    yield (
        f"Bits per byte of the same {found['pieces']} pieces of {found['scored']} tokens after so many tokens of their "
        "file and package\n(trained on rows of at most 2048), and how many fewer than after the shortest:"
    )
    yield _table(
        ("tokens before", "bits per byte", "fewer bits"),
        [
            f"| {int(length):,} | {_interval(value, 3)} | {_percent(value['saved'])} |"
            for length, value in found["lengths"].items()
        ],
    )


def _engine(figures: dict[str, Any]) -> Iterator[str]:
    if (pair := figures.get("engine_bits_per_byte")) is not None:
        yield (
            f"The same file in the ported llama.cpp: {pair['llama.cpp']:.4f} bits per byte where torch has "
            f"{pair['torch']:.4f} (the first {pair['windows']} windows); all texts were written by llama.cpp."
        )


def speeds(report: dict[str, Any] | None) -> str:
    """How fast answers are written, from `iquest-lsp bench decode --json`; "" without one."""
    if report is None:
        return ""
    machine = report["machine"]
    rows = [
        f"| {row['case'].replace('_', ' ')} | {row['tokens_per_second']:.0f} | "
        f"{row['tokens'] / row['cpu_seconds']:.0f} | {row['note']} |"
        for row in report["rows"]
        if row["case"] in WRITTEN
    ]
    described = ", ".join(f"{key} {value}" for key, value in machine.items() if key != "available_bytes")
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


def search(report: dict[str, Any] | None, second: dict[str, Any] | None = None) -> str:
    """The table of short runs, or "" where there was no search; `second` has more of them, made on other rows."""
    if report is None:
        return ""
    runs, context = report["runs"], report["context"]
    paced = any("milliseconds" in run for run in runs)
    trained = any("bits_per_byte" in run for run in runs)
    head = ["shape", *(["tokens", "bits per byte", "fewer bits than the first"] if trained else [])]
    head += ["Mop a token", "MB a token"]
    head += ["ms a token"] if paced else []

    def lines(found: Sequence[dict[str, Any]]) -> list[str]:
        result = []
        for run in found:
            cells = [
                run["name"],
                *(_learnt(run, run is found[0]) if trained else ()),
                f"{run['decode_operations'] / 1e6:.0f}",
                f"{run['decode_bytes'] / 1e6:.1f}",
            ]
            if paced:
                cells.append(f"{run['milliseconds']:.2f}" if "milliseconds" in run else "")
            result.append(f"| {' | '.join(cells)} |")
        return result

    fresh = [run for run in runs if not run["start"]]
    later = [run for run in runs if run["start"]]
    parts = ["## Search for the shape"]
    intervals = (
        f"Scored on the first {report['characters']:,} characters of {report['pieces']} held-out files, the same for "
        "all; the saving is paired by file. Costs are counted for\none decoded token "
        f"after {context:,} others: operations, bytes read"
    )
    timed = ",\nand measured: the engine's processor time on one thread, the models in turns." if paced else "."
    parts.append("Of equal cost are shapes with as many operations in the matrices as nano; attention comes on top.")
    if not trained:
        parts += [
            "What each shape costs to decode. The short runs with equal training compute that would rank them by bits "
            "per byte\n(`python -m quantize search quantize/pretrain/nano.search.toml`) have not been made: the shape "
            "was not chosen by\nmeasurement. Counted for one token after "
            f"{context:,} others: operations, bytes read{timed}",
            _table(head, lines([run for run in runs if not run["start"]])),
        ]
    elif fresh:
        spent = report["operations"]
        parts += [
            f"Short runs from random weights, each with the same {spent / 1e12:.1f} million million operations of "
            f"training (a looped shape trains one pass for half of them).\n{intervals}{timed}",
            _table(head, lines(fresh)),
            *((SECOND, _table(head, lines(second["runs"]))) if second is not None else ()),
            SHORT,
        ]
    if trained and later:
        spent = report["continued"]
        parts += [
            f"Runs that go on from a trained nano, {spent / 1e12:.1f} million million operations each, learning rates "
            "annealed to nothing. Unrolled means\nthat its two passes become twelve layers of their own with plain "
            "attention: as many operations a token, twice the weights.",
            _table(head, lines(later)),
        ]
    return "\n\n".join([*parts, report.get("verdict", "")]).rstrip() + "\n\n"


def _table(head: Sequence[str], rows: Sequence[str]) -> str:
    return "\n".join([f"| {' | '.join(head)} |", "|---" * len(head) + "|", *rows])


def _interval(value: dict[str, float], digits: int) -> str:
    return f"{value['value']:.{digits}f} [{value['low']:.{digits}f}, {value['high']:.{digits}f}]"


def _learnt(run: dict[str, Any], is_first: bool) -> list[str]:
    if "bits_per_byte" not in run:
        return ["not trained", "", ""]
    saved = "" if is_first else _percent(run["saved"])
    return [f"{run['tokens'] / 1e6:.2f}M", _interval(run["bits_per_byte"], 3), saved]


def _percent(value: dict[str, float]) -> str:
    return f"{value['value']:.1%} [{value['low']:.1%}, {value['high']:.1%}]"


def _points(value: dict[str, float]) -> str:
    return f"{100 * value['value']:+.1f} points [{100 * value['low']:+.1f}, {100 * value['high']:+.1f}]"


def _settled(gain: dict[str, float], more: str, less: str) -> str:
    if gain["low"] > 0:
        return more
    if gain["high"] < 0:
        return less
    return "At so many cursors that is no difference that can be told from chance."
