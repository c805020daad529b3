"""The tables of definitions name nodes that the grammars have."""

from __future__ import annotations

import pytest

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax import definitions
from iquest_lsp.codeflow.syntax.definitions import DEFINITIONS
from iquest_lsp.codeflow.syntax.symbols import symbols_of

SAMPLES = {
    "python": ("a.py", "class A:\n    def b(self): ...\n", {"A": "class", "A.b": "method"}),
    "javascript": (
        "a.js",
        "class A {\n  b() {}\n}\nfunction* c() {}\n",
        {"A": "class", "A.b": "method", "c": "function"},
    ),
    "typescript": (
        "a.ts",
        "interface A {\n  b(): void;\n}\nenum C {}\ntype D = 1;\n",
        {"A": "interface", "A.b": "method", "C": "enum", "D": "type"},
    ),
    "tsx": ("a.tsx", "function A() {\n  return <b />;\n}\n", {"A": "function"}),
    "java": (
        "A.java",
        "record A(int a) {\n  void b() {}\n}\n@interface C {}\n",
        {"A": "class", "A.b": "method", "C": "interface"},
    ),
    "go": (
        "a.go",
        "package a\n\ntype A struct{}\n\nfunc (a A) B() {}\n\nconst c = 1\n",
        {"A": "struct", "A.B": "method", "c": "constant"},
    ),
    "rust": (
        "a.rs",
        "struct A;\nimpl A {\n    fn b() {}\n}\nmacro_rules! c { () => {} }\n",
        {"A": "struct", "A.b": "method", "c": "macro"},
    ),
    "c": (
        "a.c",
        "struct a { int b; };\nint c(void) {\n}\n#define D 1\n",
        {"a": "struct", "c": "function", "D": "constant"},
    ),
    "cpp": (
        "a.cpp",
        "namespace a {\nclass B {\n  void c() {}\n};\n}\n",
        {"a": "module", "a.B": "class", "a.B.c": "method"},
    ),
}


@pytest.mark.parametrize("language", sorted(DEFINITIONS))
def test_a_language_has_its_definitions(language: str) -> None:
    path, text, expected = SAMPLES[language]
    assert grammars.language_of(path) == language
    found = {symbol.name: symbol.kind for symbol in symbols_of(path, text.encode())}
    assert expected.items() <= found.items()


@pytest.mark.parametrize("language", sorted(DEFINITIONS))
def test_the_grammar_knows_each_node_of_the_table(language: str) -> None:
    parser = grammars.parser(language)
    assert parser is not None
    assert parser.language is not None
    unknown = [kind for kind in DEFINITIONS[language] if parser.language.id_for_node_kind(kind, True) is None]
    assert unknown == []


def test_calls_members_and_parameters_are_nodes_of_some_grammar() -> None:
    parsers = [grammars.parser(language) for language in DEFINITIONS]
    languages = [parser.language for parser in parsers if parser is not None and parser.language is not None]
    for table in (
        definitions.CALLS,
        definitions.MEMBERS,
        definitions.PATHS,
        definitions.ARGUMENTS,
        definitions.PARAMETERS,
    ):
        unknown = {kind for kind in table if not any(one.id_for_node_kind(kind, True) for one in languages)}
        assert unknown == set()
