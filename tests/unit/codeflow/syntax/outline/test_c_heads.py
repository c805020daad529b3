"""Functions of C by their heads at the margin, and the parts of a grammar for yacc."""

from __future__ import annotations

import pytest

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.outline.c_heads import MAX_HEAD, MAX_LINE, Head, declared_name, grammar_parts, heads


def found(text: str) -> list[Head]:
    lines = text.split("\n")
    return list(heads(lines, 0, len(lines)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("int f(void) {\n  return 1;\n}\n", [Head("f", 0, 0, 0, 3)]),
        ("int f(void) {\r\n  return 1;\r\n}\r\n", [Head("f", 0, 0, 0, 3)]),
        # The comment above belongs to it; the result's type may stand alone; the head may go on.
        ("/* it\n * is */\nstatic int\nf(int a,\n  int b)\n{\n}\n", [Head("f", 0, 2, 5, 7)]),
        ("char *a(void) {\n}\nA b(B<C> c) {\n}\n", [Head("a", 0, 0, 0, 2), Head("b", 2, 2, 2, 4)]),
        # Promises, macros that are used, statements and what is indented are no functions.
        ("int f(void);\n", []),
        ("MACRO(a) {\n}\n", []),
        ("if (a) {\n}\nwhile (b) {\n}\nreturn (c) {\n}\n", []),
        ("  int f(void) {\n}\n", []),
        ("int f(void)\n#if A\n{\n}\n", []),
        # One whose end is not found has none.
        ("int f(void) {\n  return 1;\n", []),
    ],
)
def test_heads_at_the_margin_begin_functions(text: str, expected: list[Head]) -> None:
    assert found(text) == expected


def test_long_lines_and_long_heads_are_none() -> None:
    assert found(f"int f({'a' * MAX_LINE}) {{\n}}\n") == []
    assert found(f"int f(\n{'  int a,' + chr(10)}" * 1 + "  int b,\n" * MAX_HEAD + ") {\n}\n") == []


def test_only_heads_of_the_given_rows_are_told() -> None:
    lines = ["int a(void) {", "}", "int b(void) {", "}", ""]
    assert [item.name for item in heads(lines, 2, 4)] == ["b"]


def test_rules_declarations_types_and_functions_of_a_grammar() -> None:
    text = (
        "%token NUMBER\n%{\nstruct state {\n  int at;\n};\n%}\n%%\nlist: item\n  | list item\n  ;\nitem\n  : NUMBER\n"
        "  ;\n%%\nint main(void) {\n}\n"
    )
    parts = grammar_parts(text.split("\n"))
    assert {(part.name, part.kind, part.start, part.end) for part in parts} == {
        ("%token NUMBER", "declaration", 0, 1),
        ("state", "struct", 2, 5),
        ("list", "rule", 7, 10),
        ("item", "rule", 10, 13),
        ("main", "function", 14, 16),
    }


def test_a_grammar_without_marks_has_no_rules() -> None:
    assert grammar_parts(["list: item", ""]) == ()


@pytest.mark.parametrize(
    ("declaration", "name"),
    [("int a;", "a"), ("int *(*f)(int);", "f"), ("char **many[3];", "many")],
)
def test_a_name_is_found_inside_its_declarators(declaration: str, name: str) -> None:
    tree = grammars.tree("c", declaration.encode())
    assert tree is not None
    found = declared_name(tree.root_node.named_children[0].child_by_field_name("declarator"))
    assert found is not None
    assert found.text == name.encode()
