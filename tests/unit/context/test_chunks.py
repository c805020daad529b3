from __future__ import annotations

import textwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.context.chunks import LEAST_LINES, MOST_LINES, Outline, code_words, imports_of, outline

from .sessions import library

SOURCES = {
    "a.py": """
        import os
        LIMIT = 3
        @decorated
        def alpha(x):
            return x
        class Beta:
            size = 1
            def gamma(self):
                return 1
        """,
    "a.js": """
        const limit = 3;
        export function alpha(x) { return x; }
        export default class Beta {
          gamma() { return 1; }
        }
        const delta = () => 1;
        """,
    "a.ts": """
        interface Shape { size: number }
        type Name = string;
        export function alpha(x: number): number { return x; }
        abstract class Beta { gamma(): void {} }
        enum Color { Red }
        """,
    "a.tsx": "export function View() { return <div/>; }\n",
    "A.java": """
        package p;
        public class Beta {
          int size;
          Beta() {}
          int gamma(int x) { return x; }
          interface Inner { void run(); }
        }
        """,
    "a.go": """
        package p
        const Limit = 3
        type Beta struct { size int }
        func Alpha(x int) int { return x }
        func (b *Beta) Gamma() int { return 1 }
        """,
    "a.rs": """
        pub struct Beta { size: u8 }
        impl Beta { pub fn gamma(&self) -> u8 { 1 } }
        pub fn alpha(x: u8) -> u8 { x }
        trait Shape { fn area(&self) -> u8; }
        const LIMIT: u8 = 3;
        """,
    "a.c": """
        #define LIMIT 3
        struct beta { int size; };
        static int alpha(int x) { return x; }
        int *gamma(void) { return 0; }
        """,
    "a.cpp": """
        namespace space {
        class Beta { public: int gamma() { return 1; } };
        template <class T> T alpha(T x) { return x; }
        }
        int Beta_delta() { return 1; }
        """,
}
NAMES = {
    "a.py": {"LIMIT", "alpha", "Beta", "gamma"},
    "a.js": {"limit", "alpha", "Beta", "gamma", "delta"},
    "a.ts": {"Shape", "Name", "alpha", "Beta", "gamma", "Color"},
    "a.tsx": {"View"},
    "A.java": {"Beta", "gamma", "Inner", "run"},
    "a.go": {"Limit", "Beta", "Alpha", "Gamma"},
    "a.rs": {"Beta", "gamma", "alpha", "Shape", "area", "LIMIT"},
    "a.c": {"LIMIT", "beta", "alpha", "gamma"},
    "a.cpp": {"space", "Beta", "gamma", "alpha", "Beta_delta"},
}


@pytest.mark.parametrize("path", SOURCES)
def test_names_defined_in_each_language(path: str) -> None:
    made = outline(textwrap.dedent(SOURCES[path]).lstrip(), path)
    assert made.parsed
    assert made.names >= NAMES[path]
    assert not made.names & {"size", "x", "return", "self"}


def covers(made: Outline, text: str) -> bool:
    count = text.count("\n") + (not text.endswith("\n") and bool(text))
    at = 0
    for piece in made.pieces:
        if piece.start != at or piece.end <= piece.start:
            return False
        at = piece.end
    return at == count == made.lines


@pytest.mark.parametrize("name", ["asyncio/tasks.py", "email/message.py", "json/decoder.py"])
def test_pieces_cover_a_file_and_begin_at_definitions(name: str) -> None:
    text = library(name.partition("/")[0], most_lines=3000)[name]
    made = outline(text, name)
    assert covers(made, text)
    lines = text.split("\n")
    starts = [lines[piece.start].strip() for piece in made.pieces[1:]]
    good = [line.startswith(("def ", "class ", "async def ", "@", "#", "try:", "if ")) for line in starts]
    assert sum(good) >= 0.9 * len(good)
    assert all(piece.end - piece.start <= MOST_LINES for piece in made.pieces)
    assert all(piece.end - piece.start >= LEAST_LINES for piece in made.pieces[:-1])


def test_a_decorator_and_a_comment_stay_with_their_definition() -> None:
    filler = "".join(f"value_{number} = {number}\n" for number in range(20))
    text = f"{filler}\n# Says hello.\n@once\ndef hello():\n" + "    call()\n" * 9
    made = outline(text, "a.py")
    assert text.split("\n")[made.pieces[-1].start] == "# Says hello."


def test_a_few_lines_at_the_end_are_no_piece_of_their_own() -> None:
    text = "def long():\n" + "    call()\n" * 30 + "\ndef short():\n    pass\n"
    assert len(outline(text, "a.py").pieces) == 1


def test_a_file_without_a_grammar_is_cut_at_margins() -> None:
    text = "".join(f"Section {number}\n\n  text of it\n  more text\n\n" for number in range(40))
    made = outline(text, "notes.txt")
    assert not made.parsed
    assert covers(made, text)
    assert len(made.pieces) > 3
    assert all(text.split("\n")[piece.start].startswith("Section") for piece in made.pieces)


def test_broken_code_is_cut_all_the_same() -> None:
    text = "def broken(:\n" + "    x = (\n" * 300
    assert covers(outline(text, "a.py"), text)


@given(st.text(alphabet="ab:\n (){};#\"'漢\ud800", max_size=400), st.sampled_from([*SOURCES, "a.txt", ""]))
def test_any_text_is_covered(text: str, path: str) -> None:
    assert covers(outline(text, path), text) or not text


IMPORTS = {
    "python": (
        "import os, sys as s\nfrom a.b import c\nfrom . import d\nfrom ..e import (\n    f,  # why\n    g as h,\n)\n",
        {"os", "sys", "a.b", "a.b.c", ".", ".d", "..e", "..e.f", "..e.g"},
    ),
    "typescript": (
        "import a from './a';\nimport './b';\nexport { c } from \"../c\";\nconst d = require('d');\n",
        {"./a", "./b", "../c", "d"},
    ),
    "c": ('#include "a.h"\n#include <stdio.h>\n  # include "b/c.h"\n', {"a.h", "b/c.h"}),
    "java": ("import a.b.C;\nimport static a.D.e;\n", {"a.b.C", "a.D.e"}),
    "rust": ("use crate::a::B;\nmod c;\npub use super::d;\n", {"crate::a::B", "self::c", "super::d"}),
    "go": ('import "a/b"\nimport (\n\t"c"\n\td "e/f"\n)\n', {"a/b", "c", "e/f"}),
    "": ("import x", set()),
}


@pytest.mark.parametrize("language", IMPORTS)
def test_imports_of_each_language(language: str) -> None:
    text, expected = IMPORTS[language]
    assert set(imports_of(text, language)) == expected


def test_what_comments_and_strings_name_is_no_use() -> None:
    python = "'''Tells of first.'''\nuse(one)  # of second\nx = 'third' + f\"fourth {five}\" + \"it's\"; y = six\n"
    python += '"""open seven'
    assert set(code_words(python, "a.py")) == {"use", "one", "six"}
    script = '/* first */ use(one); // second\nconst y = "http://third" + four; /* open\nfive'
    assert set(code_words(script, "a.js")) == {"use", "one", "const", "four"}
    assert set(code_words("# first second", "notes.md")) == {"first", "second"}
