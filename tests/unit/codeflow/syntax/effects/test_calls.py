"""What is called in some lines, by their words and by the tree."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.effects.calls import called_in, calls_of, is_declared


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("", set()),
        ("a = read(b.write(c))", {"read", "write"}),
        ("kit.inner.read(a)", {"read"}),
        ("Kit::read(a)", {"Kit::read"}),
        ("read? (a)", {"read?"}),
        # Words of the languages, common functions, definitions, texts and members of nothing.
        ("if (a) return (b)", set()),
        ("len(a); str(b)", set()),
        ("def read(a):", set()),
        ("int read(int a)", set()),
        ('a = "read(b)"', set()),
        ("case Some(a) = b", set()),
        ("@mark(a)", set()),
        # What a head stands for, or holds on its line; what is said of a function's type.
        ("public void Do(int a) => Run(a);", {"Run"}),
        ("internal fun read(a: A = b()): B = turn(a)", {"turn"}),
        ("func read() { turn(a) }", {"turn"}),
        ("static int Read(int a);", set()),
        ("done: @escaping (A) -> B, test: @autoclosure () -> C", set()),
        ("return read(a)", {"read"}),
        ("await kit.read(a)", {"read"}),
    ],
)
def test_calls_by_their_words(line: str, names: set[str]) -> None:
    assert called_in([line]) == names


@pytest.mark.parametrize(
    ("before", "declared"),
    [("int ", True), ("List<int> ", True), ("return ", False), ("a = ", False), ("", False), ("2 ", False)],
)
def test_a_name_is_declared_where_a_type_stands_before_it(before: str, declared: bool) -> None:
    assert is_declared(before) is declared


@pytest.mark.parametrize(
    ("language", "text", "names"),
    [
        ("python", "read(\n  write(1))\n# other(2)\n", {"read", "write"}),
        ("python", "'read(1)'\n", set()),
        ("javascript", "new Kit.Part(a?.b())\n", {"Part", "b"}),
        ("rust", "print!(read(1));\nKit::<u8>::make();\n", {"print", "read", "make"}),
        ("go", "kit.Run(f(1))\n", {"Run", "f"}),
        ("java", "class A { void b() { c.d(e()); } }\n", {"d", "e"}),
        ("c", "#define A(x) read(x)\n", {"read"}),
        ("python", "\xff(", set()),
    ],
)
def test_calls_by_the_tree(language: str, text: str, names: set[str]) -> None:
    found = calls_of(language, text.encode("latin-1"), [(0, 10)])
    assert found is not None
    assert names <= found
    assert found or not names


def test_only_calls_on_the_rows_are_told() -> None:
    source = b"a()\nb(\n  1\n)\nc()\n"
    assert calls_of("python", source, [(2, 3)]) == {"b"}
    assert calls_of("python", source, [(0, 1), (4, 5)]) == {"a", "c"}
    assert calls_of("python", source, []) == frozenset()


def test_a_language_without_a_grammar_tells_nothing() -> None:
    assert calls_of("cobol", b"a()", [(0, 1)]) is None
