"""What the grammar of a language refuses at a cursor, and what it does not: unfinished code, macros, faulty code."""

from __future__ import annotations

import pytest

from iquest_lsp.completion.grammatical import is_refused, without_errors
from tests.unit.completion.places import at

REFUSED = [
    ("a.go", "package a\n\nfunc home‸\n", "s(LICENSE)."),
    ("a.go", "package a\n\nfunc f() {\n\tx := map[‸\n}\n", "string}int{"),
    ("a.rs", "impl A {\n    fn maybe_‸\n}\n", "clean(attack, false);"),
    ("a.rs", "fn f() {\n    s.push(‸\n}\n", "Self::other(    /// a separator.\n    pub fn generate(&self) {"),
    ("a.ts", "class A {\n  start(contr‸\n}\n", "oller.error(cause);"),
    ("a.js", "const a = {\n\tstart(‸\n};\n", "controller.error(cause);"),
    ("a.py", "class A:\n    def test_it(s‸\n", "ome.txt):"),
    ("a.py", "x = [\n    1,\n    ‸\n]\n", "for = 2,"),
    ("a.c", "void f(void) {\n\tjump_‸\n}\n", "back(struct mode *m)"),
    ("A.java", "class A {\n    void f() {\n        int ‸\n    }\n}\n", "= (3;"),
]
ALLOWED = [
    ("a.go", "package a\n\nfunc home‸\n", "Dir() string {"),
    ("a.go", "package a\n\nfunc f(\n\ta int,\n\t‸\n", "b string,"),
    ("a.go", "package a\n\nfunc f() {\n\tif x := g(); ‸\n", "x != nil {"),
    ("a.rs", "impl A {\n    fn maybe_‸\n}\n", "clean(&self) -> bool {"),
    ("a.rs", "fn f(x: X) {\n    match x {\n        X::A ‸\n    }\n}\n", "=> 1,"),
    ("a.rs", "fn f() {\n    let y = x\n        .iter()‸\n", "\n        .map(|z| z + 1)"),
    ("a.ts", "interface A {\n  ‸\n}\n", "name?: string"),
    ("a.ts", "expectType<A<{ x: 1 }>>().toEqual<{\n  page: ‸\n}>()\n", "string | string[]"),
    ("a.tsx", "const A = () => (\n  <div>\n    <b‸\n  </div>\n);\n", "r />"),
    ("a.js", "test('it', async () => {\n\tawait rm(‸\n", "() => ({"),
    ("a.py", "@parametrize(\n    'a',\n    [\n        f(‸\n    ],\n)\ndef test_it(a): ...\n", "'b'),"),
    ("a.py", "def f(\n    self, a‸\n", ": int, b: str"),
    ("a.py", "try:\n    ‸\n", "return f()"),
    ("a.py", "x = [a for a ‸\n", "in b"),
    ("a.py", "@‸\ndef f(): ...\n", "cache"),
    ("a.py", "for x of y\n    f‸\n", "oo()"),  # a fault before it is not the answer's
    ("a.c", "int f(int c) {\n\tdo ‸\n\t\tc--;\n\t} while (c);\n}\n", "{"),
    ("a.c", "void f(void) {\n\tTAILQ_FOREACH(‸\n}\n", "s, list, entry) {"),
    ("a.c", "int x[] = {\n\t1,\n\t‸\n};\n", "2, 3,"),
    ("a.txt", "some‸\n", " ) words ("),
    ("a.py", "x = f'{‸\n", "a +"),
]


@pytest.mark.parametrize(("path", "text", "answer"), REFUSED)
def test_what_breaks_the_grammar_whatever_follows_is_refused(path: str, text: str, answer: str) -> None:
    assert is_refused(answer, at(text, path))


@pytest.mark.parametrize(("path", "text", "answer"), ALLOWED)
def test_what_may_be_finished_later_is_let_through(path: str, text: str, answer: str) -> None:
    assert not is_refused(answer, at(text, path))


@pytest.mark.parametrize(
    ("path", "text", "answer"),
    [
        ("a.js", "import crypto ‸\n", "from"),
        ("a.js", "import { a‸\n", "ll }"),
        ("a.js", "f(el, ‸\n", "()"),
        ("a.ts", "class A {\n  f‸\n}\n", "orm<T = any, R = B<"),
        ("a.go", "package a\n\nfunc f() {\n\tif ‸\n}\n", "e, ok := x.(*y"),
        ("a.py", "if x ‸\n", "="),
    ],
)
def test_a_text_that_was_cut_off_may_go_on(path: str, text: str, answer: str) -> None:
    assert not is_refused(answer, at(text, path), " $$")


def test_a_text_that_was_cut_off_may_go_on_as_the_model_wrote_it() -> None:
    place = at("@a\n‸\n", "a.py")
    assert without_errors("class X(metaclass", place, "class X(metaclass=Y): pass") == "class X(metaclass"
    assert without_errors("class X(for", place, "class X(for x):") == ""


def test_the_first_line_stays_where_only_the_next_ones_are_refused() -> None:
    place = at("def f(x):\n    if ‸\n", "a.py")
    assert without_errors("x:\n        return 1", place) == "x:\n        return 1"
    assert without_errors("x:\n        return = 1 (", place) == "x:"


def test_what_a_long_comment_holds_at_the_margin_is_no_code() -> None:
    comment = "/**\nA text at the margin, with 'one' quote.\n" + "More of it.\n" * 1_500 + "*/\n"
    place = at("const a = {\n  b: 1,\n" + comment + "  c: ‸\n};\n", "a.ts")
    assert not is_refused("true", place)
    assert is_refused("true)", place)


def test_code_that_takes_long_to_parse_is_not_judged() -> None:
    assert is_refused("b(;", at("x = 1;\n  y = ‸\n", "a.js"))
    assert not is_refused("b(;", at("x = " + "(" * 4_000 + "\n  y = ‸\n", "a.js"))
