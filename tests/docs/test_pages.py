"""The documents agree with what they describe: links, files, commands, messages, drawings and generated pages."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from benchmarks import page
from tests.docs import house_drawing

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(ROOT / "docs").glob("*.md"),
        ROOT / "iquest_lsp/runtime/port/README.md",
        ROOT / "iquest_lsp/models/MODEL_CARD.md",
        ROOT / "vscode-extension/README.md",
        ROOT / "tests/README.md",
    ]
)
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")
#: A file or folder of this repository, named in backticks from its root.
NAMED = re.compile(r"`((?:iquest_lsp|quantize|tests|benchmarks|vscode-extension|editors|docs)/[\w./-]*)`")
REDRAW = "run: python -m tests.docs.house_drawing docs/house.svg"
#: Files that are made, and so may not be there.
MADE = {
    "vscode-extension/iquest-lsp.vsix",
    "vscode-extension/iquest-lsp-linux-x64.vsix",
    "vscode-extension/dist/extension.js",
    "iquest_lsp/_runtime",
    "tests/artifacts/editors",
}
PROGRAMS = ("iquest-lsp", "explain-this-diff", "make")
#: Words in upper case, or after a placeholder, that stand for something.
PLACEHOLDER = re.compile(r"[A-Z][A-Z_./:\[\]]*$|…|\.\.\.")
each_page = pytest.mark.parametrize("name", [path.relative_to(ROOT).as_posix() for path in PAGES])


def prose(text: str) -> str:
    """A page without its code blocks."""
    return FENCE.sub("", text)


@each_page
def test_links_lead_somewhere(name: str) -> None:
    file = ROOT / name
    for target in LINK.findall(prose(file.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (file.parent / path).resolve() if path else file
        assert there.exists(), f"{name} links to {target}"
        assert there.is_relative_to(ROOT), f"{name} links to {target}"
        if anchor:
            assert anchor in anchors(there), f"{name} links to {target}"


@cache
def anchors(file: Path) -> set[str]:
    """The names under which a page's headings are linked to."""
    titles = re.findall(r"^#+ (.+)$", prose(file.read_text("utf-8")), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@each_page
def test_files_that_are_named_exist(name: str) -> None:
    for path in NAMED.findall((ROOT / name).read_text("utf-8")):
        assert path in MADE or (ROOT / path).exists(), f"{name} names {path}"


def test_pages_that_the_code_refers_to_exist() -> None:
    for folder in ("iquest_lsp", "quantize"):
        for file in (ROOT / folder).rglob("*.py"):
            text = file.read_text("utf-8")
            for name in re.findall(r"(?<!ggml/)docs/[\w-]+\.md", text):
                assert (ROOT / name).exists(), f"{file} refers to {name}"
            assert not re.search(r"(?:DESIGN|LOOP_MODELS)\.md", text), file


def commands(text: str) -> Iterator[list[str]]:
    """The command lines of a page: in fenced and indented blocks, and in backticks, without comments."""
    lines = [line for _, block in FENCE.findall(text) for line in block.splitlines()]
    lines += re.findall(r"^    (\S.*)$", prose(text), re.MULTILINE)
    lines += re.findall(r"`([^`\n]+)`", prose(text))
    for line in lines:
        line = line.replace("\\|", "|").removeprefix("$ ").strip()
        line = re.sub(r"^(?:\w+=(?:\"[^\"]*\"|\S+) )+", "", line)
        for part in re.split(r" \| | && |\s#(?= )", line)[:2]:
            try:
                words = shlex.split(part)
            except ValueError:
                continue
            if words:
                words[0] = words[0].removeprefix(".venv/bin/")
                yield words


@each_page
def test_commands_exist(name: str) -> None:
    for words in commands((ROOT / name).read_text("utf-8")):
        if words[0] in ("iquest-lsp", "explain-this-diff") and len(words) > 1:
            check_command(words, name)
        elif words[0] == "make" and len(words) > 1:
            targets = [word for word in words[1:] if "=" not in word and re.match(r"[a-z]", word)]
            assert set(targets[:1]) <= make_targets(), f"{name}: {words}"
        elif words[:2] == ["python", "-m"] and words[2].partition(".")[0] in ("tests", "benchmarks", "quantize"):
            assert importlib.util.find_spec(words[2]) is not None, f"{name}: {words}"
        elif words[0] == "python" and words[1].endswith(".py"):
            assert (ROOT / words[1]).exists(), f"{name}: {words}"


@cache
def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z][\w-]*):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def check_command(words: list[str], where: str) -> None:
    """A command line by click's own declarations: the command and its options exist."""
    from iquest_lsp.cli import cli

    command: click.Command = cli
    rest = words[1:]
    if words[0] == "explain-this-diff":
        command = cli.commands["explain-diff"]
    options = {"--help", "-h"} | names_of(command)
    while rest and isinstance(command, click.Group):
        word = rest.pop(0)
        if word.startswith("-"):
            assert word.partition("=")[0] in options, f"{where}: {words}: {word}"
            if rest and not rest[0].startswith("-") and takes_value(command, word):
                rest.pop(0)
            continue
        if PLACEHOLDER.match(word):
            return
        assert word in command.commands, f"{where}: {words}: there is no command {word}"
        command = command.commands[word]
        options |= names_of(command)
    for word in rest:
        option = word.strip("[]").partition("=")[0]
        if re.match(r"--?[a-z]", option):
            assert option in options, f"{where}: {words}: there is no option {option}"


def names_of(command: click.Command) -> set[str]:
    return {name for option in command.params for name in (*option.opts, *option.secondary_opts)}


def takes_value(command: click.Command, name: str) -> bool:
    found = [option for option in command.params if name in option.opts]
    return bool(found) and isinstance(found[0], click.Option) and not found[0].is_flag


@pytest.mark.parametrize(
    "wrong", ["iquest-lsp bench latency --answers-of", "iquest-lsp complet x.py:1", "iquest-lsp --tpc 1"]
)
def test_a_wrong_command_is_found(wrong: str) -> None:
    with pytest.raises(AssertionError):
        check_command(wrong.split(), "here")


def test_code_blocks_can_be_read() -> None:
    import json

    for file in PAGES:
        for language, block in FENCE.findall(file.read_text("utf-8")):
            where = f"{file.name}: {block[:80]}"
            try:
                if language == "json":
                    json.loads(block)
                elif language == "toml":
                    tomllib.loads(block)
                elif language == "sh":
                    subprocess.run(["bash", "-n"], input=block, text=True, check=True, capture_output=True)
            except (ValueError, subprocess.CalledProcessError) as error:
                raise AssertionError(where) from error


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text("utf-8").splitlines()) <= 200


def test_the_page_of_benchmarks_is_up_to_date() -> None:
    assert page.PAGE.read_text("utf-8") == page.page(), "run: python -m benchmarks.page"


def test_no_figure_is_told_twice() -> None:
    captions = [table["caption"] for topic in page.topics() for table in topic["tables"]]
    assert len(captions) == len(set(captions))
    text = page.page()
    for old in (
        "measured before",
        "another machine",
        "predecessor",
        "day before",
        "of the day",
        "the reading before",
        "recall before",
        "by the measure before",
    ):
        assert old not in text.lower()


def test_the_drawing_shows_every_room_and_no_others() -> None:
    drawing = (ROOT / "docs/house.svg").read_text("utf-8")
    assert drawing == house_drawing.draw(), REDRAW
    drawn = re.findall(r'font-weight="bold"[^>]*>([\w./]+)<', drawing)
    folders = {f"{room}/" for room in house_drawing.rooms() if (house_drawing.PACKAGE / room).is_dir()}
    assert {name for name in drawn if name.endswith("/")} == folders, REDRAW
    for name in drawn:
        assert (house_drawing.PACKAGE / name).exists(), REDRAW
    for room in ("codeflow", "runtime"):
        words = " ".join(re.findall(r">([^<]+)</text>", drawing)).split()
        assert set(house_drawing.inside(room)) <= set(words), REDRAW


def test_arrows_are_imports_and_go_down() -> None:
    rows = {room: number for number, row in enumerate(house_drawing.levels()) for room in row}
    found = house_drawing.arrows()
    assert len(found) > len(rows) // 2
    for room, other in found:
        assert other in house_drawing.imports()[room]
        assert rows[room] < rows[other]


def test_the_architecture_names_every_room() -> None:
    text = (ROOT / "docs/architecture.md").read_text("utf-8")
    for room in house_drawing.rooms():
        if room not in house_drawing.ground():
            assert f"`{room}/`" in text or f"`{room}.py`" in text, room
    for room in ("codeflow", "runtime"):
        for inner in house_drawing.inside(room):
            assert f"`{inner}/`" in text, f"{room}/{inner}"


@cache
def sayings() -> str:
    """All texts of the program, one a line, with … for what is filled in."""
    found = []
    for file in (ROOT / "iquest_lsp").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [part.value if isinstance(part, ast.Constant) else "…" for part in node.values]
                found.append("".join(str(part) for part in parts))
    return "\n".join(found)


def test_the_messages_that_are_explained_are_said() -> None:
    text = (ROOT / "docs/troubleshooting.md").read_text("utf-8").split("## Installation and runtime")[1]
    messages = [row.split(" | ")[0].removeprefix("| ") for row in text.splitlines() if row.startswith("| ")]
    messages = [message for message in messages if message != "message"]
    assert len(messages) > 30
    for message in messages:
        assert message in sayings(), message


def test_the_page_of_tests_names_every_end_to_end_file() -> None:
    told = (ROOT / "tests/README.md").read_text("utf-8")
    for path in (ROOT / "tests/e2e").glob("test_*.py"):
        assert f"`{path.name}`" in told, path.name


def test_all_of_it_is_in_the_source_distribution() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    packed = set(project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"])
    assert {f"/{path.name}" for path in ROOT.glob("*.md")} <= packed
    assert {"/LICENSE", "/NOTICE"} <= packed
    listing = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listing.returncode == 0:  # a checkout: whatever a page leads to, and a test reads, lies in one of these
        folders = {f"/{Path(path).parts[0]}" for path in listing.stdout.splitlines() if "/" in path}
        assert folders <= packed
    assert project["project"]["license-files"] == ["LICENSE", "NOTICE"]


def test_the_module_of_this_page_runs() -> None:
    done = subprocess.run([sys.executable, "-m", "benchmarks.page", "--check"], cwd=ROOT, check=False)
    assert done.returncode == 0
