"""README.zh-CN.md stands beside README.md: the same chapters, commands and pages."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
ENGLISH, CHINESE = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh-CN.md"))
BESIDE = {"README.md", "README.zh-CN.md"}


def levels(text: str) -> list[int]:
    """How deep each heading is, in their order."""
    return [len(marks) for marks in re.findall(r"^(#+) .", FENCE.sub("", text), re.MULTILINE)]


def commands(text: str) -> list[str]:
    """What one would type, in its order: of a console what follows a `$`, of other blocks every line."""
    found = []
    for kind, block in FENCE.findall(text):
        lines = block.splitlines()
        found += [line for line in lines if line.startswith("$ ")] if kind == "console" else lines
    return found


def in_prose(text: str) -> set[str]:
    """The commands that are named between backticks."""
    found = re.findall(r"`([^`]+)`", FENCE.sub("", text))
    return {re.sub(r"\s+", " ", one) for one in found if re.match(r"(?:iquest-lsp|make|pip|apt-get)\s", one)}


def links(text: str) -> set[str]:
    """The pages and pictures that are linked to."""
    return {link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text)} - BESIDE


def test_the_chapters_are_the_same() -> None:
    assert levels(CHINESE) == levels(ENGLISH)


def test_the_commands_are_the_same() -> None:
    assert commands(CHINESE) == commands(ENGLISH)
    assert in_prose(CHINESE) == in_prose(ENGLISH)


def test_the_pages_are_the_same() -> None:
    assert links(CHINESE) == links(ENGLISH)


def test_each_links_to_the_other() -> None:
    assert "](README.zh-CN.md)" in ENGLISH
    assert "](README.md)" in CHINESE


def test_it_is_chinese() -> None:
    prose = re.sub(r"`[^`]*`|\([^)]*\)|[\W\d_]", "", FENCE.sub("", CHINESE))
    assert sum("\u4e00" <= sign <= "\u9fff" for sign in prose) > len(prose) / 2
