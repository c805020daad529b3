"""Definitions in eight languages, and what hunks do to them."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.git.commits import FileDiff, Hunk
from iquest_lsp.codeflow.syntax.changes import SymbolChange, link_moves, symbol_changes
from iquest_lsp.codeflow.syntax.effects.layout import same_code
from iquest_lsp.codeflow.syntax.outline.rows import touched
from iquest_lsp.codeflow.syntax.symbols import at_line, symbols_of
from iquest_lsp.codeflow.wording.effects import detail

CASES = {
    "a.py": (
        "MAX_SIZE = 3\n# about f\n@dec\ndef f(a,\n      b):\n    return a\n\n\n"
        "class A(B):\n    def m(self): return 1\n    @property\n    def p(self) -> int:\n        # why\n"
        "        return 2\n",
        {
            "MAX_SIZE": ("constant", 0, 1),
            "f": ("function", 1, 6),
            "A": ("class", 8, 14),
            "A.m": ("method", 9, 10),
            "A.p": ("method", 10, 14),
        },
    ),
    "a.js": (
        "/** doc */\nexport function f(a) { return 1 }\nexport const g = async (x) => { return 2 };\n"
        "class A extends B {\n  constructor() { super(); }\n  h = () => 3;\n}\nconst x = 1;\n",
        {
            "f": ("function", 0, 2),
            "g": ("function", 2, 3),
            "A": ("class", 3, 7),
            "A.constructor": ("method", 4, 5),
            "A.h": ("method", 5, 6),
        },
    ),
    "objects.js": (
        "/** The file's. */\n\nconst api = {\n  /** Gets. */\n\n  get (x) { return 1 },\n  limit: 3,\n}\n"
        "module.exports = {\n  get size () { return 1 },\n  set size (to) { },\n\n  // Sends.\n\n  send (url) { },\n}\n"
        "export default defineComponent({\n  data () { },\n  methods: { open () { } },\n})\n"
        "Pile.prototype = {\n  push: function (it) { },\n}\n"
        "module.exports = class Heap extends Pile {\n  get top () { }\n}\n"
        "module.exports = function pile (of) {\n}\nexports.Rest = class {\n  take () { }\n}\n"
        "module.exports = () => 3\n",
        {
            "api.get": ("method", 3, 6),
            "size": ("function", 10, 11),
            "send": ("function", 14, 15),
            "data": ("function", 17, 18),
            "methods.open": ("method", 18, 19),
            "Pile.push": ("method", 21, 22),
            "Heap": ("class", 23, 26),
            "Heap.top": ("method", 24, 25),
            "pile": ("function", 26, 28),
            "Rest": ("class", 28, 31),
            "Rest.take": ("method", 29, 30),
        },
    ),
    "a.ts": (
        "export interface I { m(x: string): void }\ntype T = string | number;\nenum E { A, B }\n"
        "namespace N { export function q(): void {} }\nabstract class Z { abstract foo(): void; }\n",
        {
            "I": ("interface", 0, 1),
            "I.m": ("method", 0, 1),
            "T": ("type", 1, 2),
            "E": ("enum", 2, 3),
            "N": ("module", 3, 4),
            "N.q": ("function", 3, 4),
            "Z": ("class", 4, 5),
            "Z.foo": ("method", 4, 5),
        },
    ),
    "A.java": (
        "package a;\n/** Doc */\npublic class A {\n  public A(int x) {}\n  @Override\n"
        "  public int m(int x) { return 1; }\n  interface I { void q(); }\n}\n",
        {
            "A": ("class", 1, 8),
            "A.A": ("method", 3, 4),
            "A.m": ("method", 4, 6),
            "A.I": ("interface", 6, 7),
            "A.I.q": ("method", 6, 7),
        },
    ),
    "a.go": (
        "package a\n// F does.\nfunc F(x int) int { return x }\ntype S struct { a int }\nfunc (s *S) M(a int) {}\n"
        "type (\n  X int\n  Y struct{}\n)\n",
        {
            "F": ("function", 1, 3),
            "S": ("struct", 3, 4),
            "S.M": ("method", 4, 5),
            "X": ("type", 6, 7),
            "Y": ("struct", 7, 8),
        },
    ),
    "a.rs": (
        "/// Doc\n#[derive(Debug)]\npub struct S { a: u32 }\nimpl S { pub fn new() -> S { S{a:1} } }\n"
        "impl<T> Tr for Foo<T> { fn x(&self) {} }\ntrait Tr { fn x(&self); }\nmod m { pub fn z() {} }\n",
        {
            "S": ("struct", 0, 3),
            "S.new": ("method", 3, 4),
            "Foo.x": ("method", 4, 5),
            "Tr": ("trait", 5, 6),
            "Tr.x": ("method", 5, 6),
            "m": ("module", 6, 7),
            "m.z": ("function", 6, 7),
        },
    ),
    "a.c": (
        "#define SQ(x) ((x)*(x))\n/* doc */\nstatic int *f(int a) { return 0; }\nstruct s { int a; };\n"
        "typedef struct { int q; } T;\n#ifdef X\nint g(void) { return 1; }\n#endif\nstruct s v;\n",
        {
            "SQ": ("macro", 0, 1),
            "f": ("function", 1, 3),
            "s": ("struct", 3, 4),
            "T": ("type", 4, 5),
            "g": ("function", 6, 7),
        },
    ),
    "a.cpp": (
        "namespace n { class A : public B { public: int m() const { return 1; } }; }\nint n::A::d() { return 2; }\n"
        "template <typename T> T f(T x) { return x; }\n",
        {
            "n": ("module", 0, 1),
            "n.A": ("class", 0, 1),
            "n.A.m": ("method", 0, 1),
            "n.A.d": ("function", 1, 2),
            "f": ("function", 2, 3),
        },
    ),
}


@pytest.mark.parametrize("path", CASES)
def test_definitions(path: str) -> None:
    source, expected = CASES[path]
    found = {item.name: (item.kind, item.start, item.end) for item in symbols_of(path, source.encode())}
    assert found == expected


def test_signatures_ignore_layout() -> None:
    (one,) = symbols_of("a.py", b"def f(a, b): pass\n")
    (other,) = symbols_of("a.py", b"def f(\n    a,\n    b,\n):\n    pass\n")
    assert one.signature == other.signature == "def f(a, b)"


def test_a_nameless_or_huge_or_broken_source_is_no_error() -> None:
    assert symbols_of("a.txt", b"def f(): pass") == ()
    assert symbols_of("a.py", b"x" * 2_000_000) == ()
    broken = b"def f(:\n    pass\n\xff\xfe\n\ndef g():\n    pass\n"
    assert [item.name for item in symbols_of("a.py", broken)][-1:] == ["g"]
    deep = b"class A:\n" + b"".join(b"    " * depth + b"class A:\n" for depth in range(1, 200))
    assert symbols_of("a.py", deep)


def test_lines_belong_to_the_innermost_definition() -> None:
    symbols = symbols_of("a.py", CASES["a.py"][0].encode())
    inner = at_line(symbols, 9)
    assert inner is not None
    assert inner.name == "A.m"
    assert [item.name for item in touched(symbols, 9, 1)] == ["A.m"]
    assert [item.name for item in touched(symbols, 8, 2)] == ["A", "A.m"]
    assert [item.name for item in touched(symbols, 7, 0)] == []


BEFORE = '''def keep(a):
    """Old words."""
    return a


def gone(x):
    first = x + 1
    second = first * 2
    return first + second


class Big:
    def one(self, value):
        total = value * 3
        return total
'''


def changes(before: str, after: str, path: str = "a.py") -> dict[str, SymbolChange]:
    """The changes between two texts, with exact hunks from difflib."""
    import difflib

    old, new = before.splitlines(), after.splitlines()
    codes = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    hunks = tuple(
        Hunk(i1, i2 - i1, j1, j2 - j1, tuple(old[i1:i2]), tuple(new[j1:j2]))
        for tag, i1, i2, j1, j2 in codes
        if tag != "equal"
    )
    diff = FileDiff(path, "M", hunks=hunks)
    return {item.name: item for item in symbol_changes(diff, before.encode(), after.encode())}


@pytest.mark.parametrize(
    ("old", "new", "name", "change"),
    [
        ("    return a\n", "    return a + 1\n", "keep", "body"),
        ("def keep(a)", "def keep(a, b=1)", "keep", "signature"),
        ("Old words", "New words", "keep", "doc"),
        ("    return a\n", "    # why\n    return a\n", "keep", "doc"),
        ("    return a\n", "    return  (a)\n".replace("(a)", "a"), "keep", "format-only"),
        ("def gone(x)", "def found(x)", "found", "renamed"),
        ("class Big:", "class Large:", "Large", "renamed"),
        ("class Big:\n", "def fresh():\n    pass\n\n\nclass Big:\n", "fresh", "added"),
    ],
)
def test_kinds_of_change(old: str, new: str, name: str, change: str) -> None:
    found = changes(BEFORE, BEFORE.replace(old, new))
    assert {key: item.change for key, item in found.items()} == {name: change}


def test_removed_and_test() -> None:
    start = BEFORE.index("def gone")
    end = BEFORE.index("class Big")
    found = changes(BEFORE, BEFORE[:start] + BEFORE[end:])
    assert {key: item.change for key, item in found.items()} == {"gone": "removed"}
    text = "def test_x():\n    assert 1\n"
    found = changes(text, text.replace("1", "2"), "tests/test_a.py")
    assert (found["test_x"].kind, found["test_x"].change) == ("test", "test")


def test_an_indentation_that_means_something_is_no_layout() -> None:
    before = b"def f(a):\n    if a:\n        b()\n        c()\n"
    assert not same_code("python", before, b"def f(a):\n    if a:\n        b()\n    c()\n")
    assert same_code("python", before, b"def f(a):\n  if a:\n    b()\n    c()\n")
    assert same_code("javascript", b"f(a, {x: 'y'})", b'f(\n  a,\n  { x: "y" },\n);\n')
    assert not same_code("python", b"f(a)", b"f(b)")


@pytest.mark.parametrize(
    ("language", "before", "after", "same"),
    [
        ("typescript", "let a:\n  | Cat\n  | false\n", "let a: Cat | false\n", True),
        ("typescript", "type Both = Cat & Dog\n", "type Both =\n  & Cat\n  & Dog\n", True),
        ("rust", "fn f() { match a { X | Y => 1 } }\n", "fn f() { match a {\n  | X\n  | Y => 1\n} }\n", True),
        ("typescript", "type One = Cat | Dog\n", "type One = Cat & Dog\n", False),
        ("c", "a = b & c;\n", "a = b && c;\n", False),
        ("c", "a = b;\n", "a = &b;\n", False),
    ],
)
def test_a_sign_before_the_first_alternative_is_layout(language: str, before: str, after: str, *, same: bool) -> None:
    assert same_code(language, before.encode(), after.encode()) is same


def test_moves_between_files_are_linked() -> None:
    lines = ("def f(x):", "y = x + 1", "z = y * 2", "return z")
    gone = SymbolChange("a.py", "f", "function", "removed", lines=lines)
    come = SymbolChange("b.py", "f", "function", "added", lines=lines)
    other = SymbolChange("b.py", "g", "function", "added", lines=("def g():", "return 1"))
    assert [(item.name, item.change) for item in link_moves([gone, come, other])] == [("f", "moved"), ("g", "added")]
    assert detail(link_moves([gone, come])[0]) == "from a.py::f"


def test_deprecation_is_seen() -> None:
    warning = "    warnings.warn('x', DeprecationWarning)\n    return a\n"
    found = changes(BEFORE, BEFORE.replace("    return a\n", warning))
    assert found["keep"].deprecates
    assert not changes(BEFORE, BEFORE.replace("    return a\n", "    return 2\n"))["keep"].deprecates
