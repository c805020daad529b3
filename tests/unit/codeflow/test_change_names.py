"""What happens to a definition has few names, and code compares with no other: mypy sees `==`, this test sees `in`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

from iquest_lsp import codeflow
from iquest_lsp.codeflow.syntax.changes import ChangeName
from iquest_lsp.codeflow.wording.story import StoryEventKind

ROOT = Path(codeflow.__file__).parent


def compared(source: str) -> Iterator[str]:
    """The literals of which a `.change` is asked to be one."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and isinstance(node.left, ast.Attribute) and node.left.attr == "change":
            for part in (part for other in node.comparators for part in ast.walk(other)):
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield part.value


def test_changes_are_compared_with_names_of_changes() -> None:
    found = {name for path in ROOT.rglob("*.py") for name in compared(path.read_text("utf-8"))}
    assert len(found) > 5
    assert found <= {*get_args(ChangeName), ""}


def test_a_story_tells_every_change() -> None:
    assert {*get_args(ChangeName)} <= {kind.value for kind in StoryEventKind}
