"""Runs the commands of the documentation on the example project and writes what they print into the pages.

    python -m tests.docs.outputs [NAME ...]
    python -m tests.docs.outputs --picture docs/demo.svg

A page holds `<!-- output: NAME -->` (one of EXAMPLES) and a code block below it, which is replaced; without names
all of them are run. Empty lines are left out, and long lists of a JSON answer are cut to their first two items.
"""

from __future__ import annotations

import html
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.docs import shop
from tests.e2e import forks
from tests.e2e.home import Home, private_home
from tests.unit.context.test_chat import CHATML

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
BLOCK = re.compile(r"<!-- output: (?P<name>[\w-]+) -->\n```.*?\n```$", re.DOTALL | re.MULTILINE)
WIDTH = 100
#: What stands in the pages for the folder that an example ran in.
SHOWN_HOME = "/home/ann"
_FOLDERS = {"cache": ".cache", "config": ".config", "data": ".local/share", "state": ".local/state", "shop": "shop"}
HALF_A_LINE = "shop/basket.py"
HALF_AT = len(shop.BASKET.splitlines())
_MODEL = str(ROOT / "iquest_lsp" / "models" / "nano.gguf")
_ANSWER = "A bill is the total of its items (shop/orders.py:15), rounded to cents since 0766ddb1bd."


@dataclass(frozen=True, slots=True)
class Example:
    """A command; `lines` is how many lines of what it prints are shown (0: all).

    `half_a_line`: the file that somebody is just writing is there too; `files`: these are too. `before`: commands that
    are run first, unshown. `fake`: arguments with which a test runs it without a model. `is_fixed`: prints the same on
    every machine.
    `fails`: ends with exit code 1.
    """

    arguments: tuple[str, ...]
    lines: int = 0
    half_a_line: bool = False
    before: tuple[tuple[str, ...], ...] = ()
    fake: tuple[str, ...] = ()
    is_fixed: bool = False
    fails: bool = False
    environment: Mapping[str, str] = field(default_factory=dict)
    files: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_json(self) -> bool:
        return "--json" in self.arguments


_FAKE = ("--engine", "fake")
_SCRIPTED = {
    "responses": [_ANSWER],
    "special": ["<|im_start|>", "<|im_end|>"],
    "metadata": {"tokenizer.chat_template": CHATML},
}
_ASKED = ("ask", "How is a bill made?", "shop/orders.py", *_FAKE, "--standalone")
#: A patch that takes a parameter away.
_CHANGED = {"signature.patch": shop.signature_patch()}
EXAMPLES: dict[str, Example] = {
    "complete": Example(("complete", f"{HALF_A_LINE}:{HALF_AT}"), half_a_line=True),
    "explain-diff": Example(("explain-diff",), is_fixed=True),
    "why": Example(("why", "shop/prices.py::total"), is_fixed=True),
    "impact": Example(("impact", "shop/prices.py::total"), is_fixed=True),
    "suspects": Example(("suspects", "shop/prices.py"), is_fixed=True),
    "next-edit": Example(("next-edit", "--patch", "signature.patch"), files=_CHANGED, is_fixed=True),
    "context": Example(("context", f"{HALF_A_LINE}:{HALF_AT}"), half_a_line=True),
    "doctor": Example(("doctor",)),
    "complete-json": Example(("complete", f"{HALF_A_LINE}:{HALF_AT}", "--json"), half_a_line=True, fake=_FAKE),
    "context-json": Example(("context", f"{HALF_A_LINE}:{HALF_AT}", "--json"), half_a_line=True, fake=_FAKE),
    "explain-diff-json": Example(("explain-diff", "--json"), is_fixed=True),
    "commit-message-json": Example(("explain-diff", "--commit-message", "--json"), is_fixed=True),
    "why-json": Example(("why", "shop/prices.py::total", "--json"), is_fixed=True),
    "impact-json": Example(("impact", "shop/prices.py::total", "--json"), is_fixed=True),
    "suspects-json": Example(("suspects", "shop/prices.py", "--json"), is_fixed=True),
    "next-edit-json": Example(("next-edit", "--patch", "signature.patch", "--json"), files=_CHANGED, is_fixed=True),
    "error-json": Example(("why", "shop/price.py:1", "--json"), is_fixed=True, fails=True),
    "ask-json": Example((*_ASKED, "--json"), environment={"IQUEST_LSP_FAKE": json.dumps(_SCRIPTED)}),
    "replay-json": Example(("replay", "--commits", "5", "--positions", "6", "--setting", "all", "--json"), fake=_FAKE),
    "bench-json": Example(("bench", "prefill", "--tokens", "512", "--cases", "passes", "--json")),
    "daemon-status-json": Example(
        ("daemon", "status", "--json"), half_a_line=True, before=(("complete", f"{HALF_A_LINE}:{HALF_AT}"),), fake=_FAKE
    ),
    "doctor-json": Example(("doctor", "--json")),
    "cache-info-json": Example(
        ("cache", "info", "--json"),
        half_a_line=True,
        before=(("complete", f"{HALF_A_LINE}:{HALF_AT}"), ("daemon", "stop")),
    ),
    "runtime-info-json": Example(("runtime", "info", "--json")),
    "models-list-json": Example(("models", "list", "--json")),
    "models-info-json": Example(("models", "info", "--json")),
    "models-add-json": Example(("models", "add", _MODEL, "--name", "mine", "--json")),
    "models-use-json": Example(
        ("models", "use", "mine", "--json"), before=(("models", "add", _MODEL, "--name", "mine"),)
    ),
    "models-remove-json": Example(
        ("models", "remove", "mine", "--json"), before=(("models", "add", _MODEL, "--name", "mine"),)
    ),
}


#: What the picture at the top of the README shows.
PICTURED = ("complete", "explain-diff")
PICTURE = ROOT / "docs" / "demo.svg"
#: How a completion says that there is none.
NOTHING = "no suggestion"


@contextmanager
def project(*, half_a_line: bool = False) -> Iterator[tuple[Home, Path]]:
    """A home of its own and the example project in it."""
    with private_home() as home:
        folder = home.folder / "shop"
        folder.mkdir()
        shop.make(folder)
        if half_a_line:
            shop.leave_half_a_line(folder)
        runtime = (
            Path.home() / ".cache" / "iquest-lsp" / "runtime"
        )  # as installed here, so that `runtime info` finds it
        if runtime.is_dir():
            (home.folder / "cache" / "iquest-lsp").mkdir()
            (home.folder / "cache" / "iquest-lsp" / "runtime").symlink_to(runtime)
        yield home, folder


def printed(name: str, more: tuple[str, ...] = (), *, colours: bool = False) -> str:
    """What an example prints, with `more` arguments; raises CalledProcessError when it fails."""
    example = EXAMPLES[name]
    with project(half_a_line=example.half_a_line) as (home, folder):
        colour = {"FORCE_COLOR": "1", "COLORTERM": "truecolor"} if colours else {"NO_COLOR": "1"}
        own = {"COLUMNS": str(WIDTH), **colour, **example.environment}
        environment = {**os.environ, **home.environment, **own}

        def run(arguments: tuple[str, ...], code: int = 0) -> str:
            done = forks.command([*arguments, *more], folder, environment, starts=home.starts)
            if done.returncode != code:
                raise subprocess.CalledProcessError(done.returncode, done.args, done.stdout, done.stderr)
            return done.stdout

        for file, content in example.files.items():
            (folder / file).write_text(content, "utf-8")
        for arguments in example.before:
            run(arguments)
        text = run(example.arguments, int(example.fails))
        for name_here, usual in _FOLDERS.items():
            text = text.replace(str(home.folder / name_here), f"{SHOWN_HOME}/{usual}")
    text = text.replace(str(Path.home()), SHOWN_HOME).replace(str(ROOT), "/home/ann/iquest-lsp")
    return "\n".join(line.rstrip() for line in text.strip("\n").splitlines())


def block(name: str, text: str) -> str:
    """An example as it stands in a page."""
    example = EXAMPLES[name]
    if example.is_json:
        return f"```json\n{json.dumps(shortened(json.loads(text)), ensure_ascii=False, indent=2)}\n```"
    lines = [line for line in text.splitlines() if line.strip()]
    if example.lines and len(lines) > example.lines:
        lines = [*lines[: example.lines], f"... {len(lines) - example.lines} more lines"]
    return "```console\n" + "\n".join([f"$ {shown_command(name)}", *lines]) + "\n```"


def shown_command(name: str) -> str:
    """An example's command line."""
    words = EXAMPLES[name].arguments
    return " ".join(["iquest-lsp", *(f'"{word}"' if " " in word else word for word in words)])


def picture(file: Path) -> None:
    """Draws a terminal in which the examples of PICTURED are run."""
    console = Console(width=WIDTH, record=True, file=io.StringIO(), force_terminal=True, color_system="truecolor")
    for name in PICTURED:
        console.print(Text(f"$ {shown_command(name)}", style="bold"))
        text = printed(name, colours=True).strip("\n")
        if NOTHING in text:
            raise SystemExit(f"`{shown_command(name)}` had nothing to suggest; draw it on a machine with less to do")
        console.print(Text.from_ansi(text))
        console.print()
    drawn = console.export_svg(title="iquest-lsp")
    # A picture in a page fetches nothing: the font is the reader's own.
    file.write_text(re.sub(r"@font-face \{.*?\}", "", drawn, flags=re.DOTALL), "utf-8")


def pictured() -> str:
    """The text of the picture at the top of the README, as its lines stand."""
    drawn = PICTURE.read_text("utf-8")
    rows: dict[float, list[tuple[float, str]]] = {}
    for x, y, text in re.findall(r'<text [^>]*?x="([\d.]+)" y="([\d.]+)" textLength="[^>]*>(.*?)</text>', drawn):
        rows.setdefault(float(y), []).append((float(x), html.unescape(text).replace("\N{NO-BREAK SPACE}", " ")))
    return "\n".join("".join(text for _, text in sorted(row)).rstrip() for _, row in sorted(rows.items()))


def shortened(value: object) -> object:
    """A JSON value whose lists have two items at most, and whose texts have 300 characters at most."""
    if isinstance(value, dict):
        return {key: shortened(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shortened(item) for item in value[:2]]
    if isinstance(value, str) and len(value) > 300:
        return value[:300] + "…"
    return value


def main(names: list[str]) -> int:
    """Writes the blocks of the pages anew, or draws the picture."""
    if names[:1] == ["--picture"]:
        picture(Path(names[1]))
        return 0
    wanted = set(names or EXAMPLES)
    known: dict[str, str] = {}
    for page in PAGES:
        text = page.read_text("utf-8")

        def fresh(found: re.Match[str]) -> str:
            name = found["name"]
            if name not in wanted:
                return found[0]
            if name not in known:
                print(name, file=sys.stderr)
                known[name] = block(name, printed(name))
            return f"<!-- output: {name} -->\n{known[name]}"

        page.write_text(BLOCK.sub(fresh, text), "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
