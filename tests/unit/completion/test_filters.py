"""Each filter alone; how they work together, the golden cases of test_postprocess.py say."""

from __future__ import annotations

import pytest

from iquest_lsp.completion.filters import (
    indent_unit,
    is_telling,
    reindented,
    repeats_above,
    whole_pieces,
    within_string,
    without_begun_string,
    without_following,
    without_open_string,
    without_surplus_brackets,
    without_tail,
    without_unknown_names,
)

from .places import at


@pytest.mark.parametrize(
    ("text", "kept"),
    [("one\ntwo\nthr", "one\ntwo"), ("\nthr", "\n"), ("a + some_na", "a + "), ("f(x)", "f(x)"), ("name", ""), ("", "")],
)
def test_of_a_text_that_was_cut_short_what_is_whole_stays(text: str, kept: str) -> None:
    assert whole_pieces(text) == kept


@pytest.mark.parametrize(
    ("marked", "answer", "kept"),
    [
        ("f(‸)", "a)", "a"),
        ("f(‸)", "g(a)", "g(a)"),  # the answer's own bracket
        ("x = ‸  # note", "1  # note", "1"),
        ("x = ‸_value + 1", "_value + 1", ""),
        ("f(‸)", "a,\n  b", "a,"),
        ("f(‸\n", "a,\n  b", "a,\n  b"),
        ("‸thing", "some", "some"),  # fewer letters in common than say anything
    ],
)
def test_what_stands_behind_the_cursor_is_not_written_again(marked: str, answer: str, kept: str) -> None:
    assert without_tail(answer, at(marked)).rstrip() == kept


def test_lines_that_stand_below_are_not_written_again() -> None:
    place = at("x = ‸\nreturn total\nend()\n")
    assert without_following("1\nreturn total\nend()", place) == "1"
    assert without_following("1\nreturn other", place) == "1\nreturn other"
    assert without_following("1\n)\nmore()", at("x = ‸\n)\nend()\n")) == "1\n)\nmore()"  # a bracket may come twice


def test_the_line_above_is_told_from_others() -> None:
    assert repeats_above("load_all()", at("load_all()\n‸\n"))
    assert not repeats_above("load_one()", at("load_all()\n‸\n"))
    assert not repeats_above("f()", at("f()\n‸\n"))  # too short to be more than chance


def test_strings_that_are_hardly_begun_or_left_open_go() -> None:
    assert without_begun_string("print(x, f'a", at("‸")) == "print(x"
    assert without_begun_string("print('whole words", at("‸")) == "print('whole words"
    assert without_open_string("print('whole words", at("‸")) == "print("
    assert without_open_string("print('words", at("‸')")) == "print('words"  # what follows ends it
    assert within_string("a' + b", at("x = '‸'")) == "a"


def test_brackets_that_nothing_needs_go() -> None:
    assert without_surplus_brackets("a) )", at("f(‸")) == "a)"
    assert without_surplus_brackets("a", at("f(‸)")) == "a"


def test_lines_are_set_as_those_around_them() -> None:
    assert reindented("\tb()\n\tc()", at("if a:\n    ‸\n")) == "b()\n    c()"
    assert reindented("        b()", at("if a:\n‸\n")) == "    b()"
    assert reindented("b(\n    c)", at("if a:\n\t‸\n")) == "b(\n\tc)"


@pytest.mark.parametrize(
    ("marked", "unit"),
    [("‸", "    "), ("if a:\n  b()\n‸", "  "), ("if a:\n\tb()\n‸", "\t"), ("a(\n      b)\n‸", "    ")],
)
def test_a_step_of_indentation_is_that_of_the_lines_around(marked: str, unit: str) -> None:
    assert indent_unit(at(marked)) == unit


@pytest.mark.parametrize(
    ("line", "told"), [("total += 1", True), ("    })", False), ("else:", False), ("--------", False)]
)
def test_a_line_tells_something_where_it_is_no_accident(line: str, told: bool) -> None:
    assert is_telling(line) is told


@pytest.mark.parametrize(
    ("path", "marked", "answer", "kept"),
    [
        ("a.py", "import sys\nsys.path.insert(0, ‸", "self.root)", ""),
        ("a.py", "import os\nif ‸", "os.sep in (names):", "os.sep in ("),
        ("a.py", "return load(one, ‸\none = 1", "one, two)", "one,"),
        ("a.ts", "function f() {\n  if (‸", "isOpen) {", ""),
        ("a.ts", "test('it', async t => {\n  t.is(‸", "t.name, kind);", "t.name,"),
        # what would be left to ask for more goes as well
        ("a.py", "import os\n‸", "if os.sep and names.one:", "if os.sep"),
        ("a.py", "import os\n‸", "os.path = names(1)", ""),
        ("a.py", "import os\n‸", "os.walk(1, top=names(1))", "os.walk(1,"),
        ("a.py", "import os\n‸", "return len(os), names(1)", "return len(os)"),
        ("a.py", "import os\n‸", "x = 1 if os else names(1)", "x = 1 if os else names(1)"),
        ("a.ts", "let one;\n‸", "return one ? two(1) : 3;", "return one ? two(1) : 3;"),
        ("a.ts", "let one;\n‸", "return <One>two(1);", "return <One>two(1);"),
        ("a.ts", "let one;\n‸", "if (one && two) {", "if (one"),
        ("a.ts", "class A {\n  f(one) {\n    ‸", "throw failures.of(one);", ""),
        ("a.ts", "class A {\n  f(one) {\n    ‸", "one.set(3 + count);", "one.set(3"),
    ],
)
def test_an_answer_ends_before_a_name_that_its_file_does_not_know(
    path: str, marked: str, answer: str, kept: str
) -> None:
    assert without_unknown_names(answer, at("\n" * 20 + marked, path), answer) == kept
    assert without_unknown_names(answer, at(marked, path), answer) == answer  # a file that is just begun


def test_how_a_last_word_goes_on_is_seen_in_what_the_model_wrote() -> None:
    place = at("\n" * 20 + "len(x, ‸")
    assert without_unknown_names("timeout", place, "timeout=3)") == "timeout"
    assert without_unknown_names("timeout", place, "timeout)") == ""


@pytest.mark.parametrize(
    ("path", "marked", "answer"),
    [
        ("a.py", "x = ‸", "len(str(None))"),  # the language's own
        ("a.py", "x = one.‸", "two.three"),  # members
        ("a.py", "f(‸", "key=1)"),
        ("a.py", "from a import *\nx = ‸", "two(3)"),  # whatever the module has
        ("a.py", "x = ‸", "[one.two for one in x]"),
        ("a.py", "x = ‸", "lambda one: one + 1"),
        ("a.py", "def f(\n    x, ‸", "one, two):"),  # parameters of a function that begins further up
        ("a.py", "one, ‸", "two = 1, one"),
        ("a.py", "if ‸", "(one := 1):"),
        ("a.py", "x = one‸", "_two(3)"),  # a word that somebody has begun
        ("a.py", "x = ‸", "'one two' # three"),
        ("a.js", "const ‸", "one = x => 1;"),
        ("a.js", "const {‸", "one, two} = x;"),
        ("a.js", "class A {\n  ‸", "method(one, two) {"),
        ("a.js", "x.map(‸", "(one) => one.two)"),
        ("a.js", "x = ‸", "/one|two/.test('')"),
        ("a.js", "x = <p>\n  one ‸\n</p>", "two three"),  # text between tags
        ("a.py", '"""\nWhat\nit ‸', "does with them, and (why)"),  # prose, whose end is far or not there yet
        ("a.js", "/*\nWhat\nit ‸", "does with them, and (why)"),
        ("a.ts", "let x: ‸", "One | Two;"),  # types may be declared anywhere
        ("a.ts", "class A {\n  ‸", "async load(path: string) {"),  # declarations
        ("a.ts", "class A {\n  private ‸", "load(path: string): void {"),
        ("a.ts", "class A {\n  ‸", "async *load(path: string) {"),
        ("a.ts", "class A {\n  ‸", "static override load<K, V>(path: string) {"),
        ("a.ts", "class A {\n  ‸", "protected readonly count = 3;"),
        ("a.ts", "class A {\n  ‸", "get path(): string {"),
        ("a.ts", "class A {\n  ‸", "@Input() path = 3;"),
        ("a.ts", "import {\n  one as ‸", "two,"),
        ("a.ts", "if (‸", "this instanceof HTMLElement && this as Thing) {"),
        ("a.ts", "let x = ‸", "new Float32Array(3) satisfies NonNullable<Thing>;"),
        ("a.ts", "let one;\none‸", "?.two;"),
        ("a.ts", "‸", "[one, two] = [1, 2];"),
        ("a.ts", "this.on(‸", "(one, two"),  # of an arrow function, perhaps
        ("a.py", "if ‸", "(one := len('')) and one.two():"),
        ("a.py", "len(x, ‸=3)\nx = 1", "timeout"),  # a keyword that the tail ends
        ("a.py", "‸", "(one, two) = 1, 2"),
        ("a.py", "‸", "[one, two] = 1, 2"),
        ("a.py", "‸", "one, (two, three) = 1, (2, 3)"),
        ("a.py", "x = [‸ for one in x]", "one"),
        ("a.py", "x = ‸", "__class__ or __annotations__"),
        ("a.py", "try:\n    pass\nexcept ‸", "WindowsError:"),
        ("a.py", "x = '" + 600 * "x" + "' + ‸", "one.two"),  # a line that is too long to tell
        ("a.go", "x := ‸", "one.Two()"),  # from another file of the package
    ],
)
def test_what_introduces_a_name_or_may_come_from_elsewhere_stays(path: str, marked: str, answer: str) -> None:
    assert without_unknown_names(answer, at("\n" * 20 + marked, path), answer) == answer
