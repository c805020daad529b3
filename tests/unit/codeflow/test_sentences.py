"""Every sentence of an answer from the history stands in sentences.txt, to be read and edited as one text.

`python -m tests.unit.codeflow.test_sentences` writes the file anew.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from iquest_lsp.codeflow import wording

GOLDEN = Path(__file__).parent / "sentences.txt"


def sentences(tree: ast.Module) -> Iterator[str]:
    """The texts of a module that say something: two words, or a word and a place for a value."""
    silent: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node) is not None:
            silent.add(id(node.body[0].value))  # type: ignore[attr-defined]
        if isinstance(node, ast.ClassDef) and any(isinstance(base, ast.Name) for base in node.bases):
            silent.update(id(part) for part in ast.walk(node) if isinstance(part, ast.Constant) and is_enum(node))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "compile":
            silent.update(id(part) for part in ast.walk(node))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in silent:
            text = node.value.strip()
            if re.search(r"[A-Za-z]{2}.* \S|\S .*[A-Za-z]{2}", text) and "(?" not in text:
                yield text


def is_enum(node: ast.ClassDef) -> bool:
    return any(isinstance(base, ast.Name) and base.id == "StrEnum" for base in node.bases)


def listed() -> str:
    parts = [
        "\n".join((f"[{path.stem}]", *found))
        for path in sorted(Path(wording.__file__).parent.glob("*.py"))
        if (found := dict.fromkeys(sentences(ast.parse(path.read_text("utf-8")))))
    ]
    return "\n\n".join(parts) + "\n"


def test_every_sentence_is_in_the_list() -> None:
    assert GOLDEN.read_text("utf-8") == listed(), "run: python -m tests.unit.codeflow.test_sentences"


def test_sentences_count_in_english() -> None:
    """No sentence with a number before a plural is said of one thing, and none names what a reader cannot know."""
    text = GOLDEN.read_text("utf-8")
    assert not re.search(r"\b1 more \w+s\b|\bDESIGN\b|\bthe filters\b", text)
    plurals = re.findall(
        r"^(.*\{\d?\} more (?:files|definitions|test files|(?:new|changed) definitions).*)$", text, re.MULTILINE
    )
    assert plurals
    for plural in plurals:
        kind = re.search(r"more ((?:new |changed |test )?(?:file|definition))s", plural)
        assert kind is not None
        assert re.search(rf"(1|\{{\}}) more {kind[1]}\b", text), plural


if __name__ == "__main__":
    GOLDEN.write_text(listed(), "utf-8")
