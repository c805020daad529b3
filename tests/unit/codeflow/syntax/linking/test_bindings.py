"""What a variable is where it is used, by the declaration around it."""

from __future__ import annotations

import pytest

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.linking.bindings import Bindings, last_name
from iquest_lsp.codeflow.syntax.linking.written_types import Nature

ANY = ("", "")


def meant(language: str, text: str) -> Nature | None:
    """What `a` means in the last `a.read` of a text."""
    tree = grammars.tree(language, text.encode())
    assert tree is not None
    at = text.rindex("a.read")
    return Bindings(language).meaning(tree.root_node.descendant_for_byte_range(at, at + 1))


def types(*names: str) -> Nature:
    """The types of some names, `module.Name` where a module is written."""
    return Nature(frozenset((before, last) for before, _, last in (name.rpartition(".") for name in names)))


def calls(on: str, name: str) -> Nature:
    return Nature(calls=frozenset({(on, name)}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("def f(a: Shop):\n    a.read()\n", types("Shop")),
        ("def f(a: 'kit.Shop | None' = None):\n    a.read()\n", types("kit.Shop")),
        ("def f(a: Optional[Shop]):\n    a.read()\n", types("Shop")),
        ("def f(a: list[Shop]):\n    a.read()\n", types("list")),
        ("def f(a):\n    a.read()\n", Nature()),
        ("def f():\n    a = kit.Shop(1)\n    a.read()\n", types("kit.Shop")),
        ("def f():\n    a = opened(1)\n    a.read()\n", calls("", "opened")),
        ("def f():\n    a = Shop.from_file(1)\n    a.read()\n", types("Shop")),
        ("def f():\n    a = Shop(1)\n    if a:\n        a = None\n    a.read()\n", types("Shop")),
        ("def f():\n    a = Shop(1)\n    a = bare(a)\n    a.read()\n", calls("", "bare")),
        ("def f():\n    b = Shop(1)\n    a = b\n    a.read()\n", types("Shop")),
        ("def f():\n    with kit.Shop() as a:\n        a.read()\n", types("kit.Shop")),
        ("def f():\n    try:\n        b()\n    except Lost as a:\n        a.read()\n", types("Lost")),
        ("def f():\n    a = {}\n    a.read()\n", types("")),
        ("def f():\n    with open(1) as a:\n        a.read()\n", types("")),
        ("def f():\n    for a in b:\n        a.read()\n", Nature()),
        ("def f():\n    a, b = opened()\n    a.read()\n", calls("", "opened")),
        ("def f():\n    b, a = opened()\n    a.read()\n", Nature()),
        ("def f():\n    b, a = 1, Shop()\n    a.read()\n", types("Shop")),
        ("def f():\n    b.c, a = 1, Shop()\n    a.read()\n", types("Shop")),
        ("def f():\n    (b, c), a = 1, Shop()\n    a.read()\n", types("Shop")),
        ("def f():\n    (b, a), c = 1, Shop()\n    a.read()\n", Nature()),
        ("def f():\n    *b, a = Till(), Shop(), 1\n    a.read()\n", Nature()),
        ("def f():\n    a = Shop(), 1\n    a.read()\n", Nature()),
        ("def f():\n    a = (Shop(),)\n    a.read()\n", Nature()),
        # Another function's variable is another one, a module's may stand behind the function.
        ("def g():\n    a = Shop()\ndef f():\n    a.read()\n", None),
        ("def f():\n    a.read()\na = Shop()\n", types("Shop")),
        ("class B:\n    a = Shop()\n    def f(self):\n        a.read()\n", None),
        ("def f():\n    b.a.read()\n", None),
    ],
)
def test_python(text: str, expected: Nature | None) -> None:
    assert meant("python", text) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("a := &shop{}\n\ta.read()", types("shop")),
        ("a := kit.Shop{}\n\ta.read()", types("kit.Shop")),
        ("a := new(Shop)\n\ta.read()", types("Shop")),
        ("a := make(http.Header)\n\ta.read()", types("http.Header")),
        ("a := make([]Shop, 1)\n\ta.read()", types("")),
        ("a := b.(*Shop)\n\ta.read()", types("Shop")),
        ("b, a := 1, Shop{}\n\ta.read()", types("Shop")),
        ("b.c, a = 1, Shop{}\n\ta.read()", types("Shop")),
        ("a, ok := b.(*Shop)\n\ta.read()", types("Shop")),
        ("var a Shop\n\ta = other()\n\ta.read()", calls("", "other")),
        ("var a *kit.Shop\n\ta.read()", types("kit.Shop")),
        ("a, err := kit.New()\n\ta.read()", calls("kit", "New")),
        ("a := New().With(1)\n\ta.read()", calls("New", "With")),
        ("for _, a := range b {\n\t\ta.read()\n\t}", Nature()),
        # Each closure has its own.
        ("t(func() {\n\t\ta := Other{}\n\t})\n\tt(func() {\n\t\ta := Shop{}\n\t\ta.read()\n\t})", types("Shop")),
        ("a := Shop{}\n\tt(func() {\n\t\ta := Other{}\n\t})\n\ta.read()", types("Shop")),
        ("a := Shop{}\n\tt(func(a Other) {\n\t\ta.read()\n\t})", types("Other")),
    ],
)
def test_go(body: str, expected: Nature | None) -> None:
    assert meant("go", f"package kit\n\nfunc f() {{\n\t{body}\n}}\n") == expected


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        (
            "python",
            "class B:\n    def g(self):\n        self.a = kit.Shop()\n    def f(self):\n        self.a.read()\n",
            True,
        ),
        ("python", "class B:\n    a: Shop\n    def f(self):\n        self.a.read()\n", True),
        (
            "python",
            "class B:\n    def g(self):\n        self.a = list(b)\n    def f(self):\n        self.a.read()\n",
            False,
        ),
        (
            "python",
            "class C:\n    def g(self):\n        self.a = 1\nclass B:\n    def f(self):\n        self.a.read()\n",
            None,
        ),
        (
            "python",
            "class B:\n    def g(self):\n        self.b, self.a = 1, Shop()\n    def f(self):\n        self.a.read()\n",
            True,
        ),
        (
            "python",
            "class B:\n    def g(self):\n        b, self.a = 1, Shop()\n    def f(self):\n        self.a.read()\n",
            True,
        ),
        (
            "python",
            "class B:\n    def g(self):\n        self.b, self.a = Shop()\n    def f(self):\n        self.a.read()\n",
            None,
        ),
        (
            "python",
            "class B:\n    def g(self):\n        self.b.a = Shop()\n    def f(self):\n        self.a.read()\n",
            None,
        ),
        ("typescript", "class B {\n  private a: Shop = b;\n  f() { this.a.read(); }\n}\n", True),
        ("typescript", "class B {\n  constructor() { this.a = new Shop(); }\n  f() { this.a.read(); }\n}\n", True),
        ("typescript", "class B {\n  a = [];\n  f() { this.a.read(); }\n}\n", False),
    ],
)
def test_members_of_the_object_itself(language: str, text: str, *, expected: bool | None) -> None:
    tree = grammars.tree(language, text.encode())
    assert tree is not None
    at = text.rindex("a.read")
    found = Bindings(language).meaning(tree.root_node.descendant_for_byte_range(at - 5, at + 1))
    assert (found and any(name == "Shop" for _, name in found.types)) is expected


def test_parameters_and_receivers_of_go() -> None:
    assert meant("go", "package kit\n\nfunc (a *shop) f() {\n\ta.read()\n}\n") == types("shop")
    assert meant("go", "package kit\n\nfunc f(b, a kit.Shop) {\n\ta.read()\n}\n") == types("kit.Shop")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("const a = new Shop<number>(1);\na.read();", types("Shop")),
        ("const a: Shop | undefined = b;\na.read();", types("Shop")),
        ("const a = (await opened()) as kit.Shop;\na.read();", types("kit.Shop")),
        ("const a = await opened();\na.read();", calls("", "opened")),
        ("const a = Shop.create();\na.read();", types("Shop")),
        ("const { a } = opened();\na.read();", Nature()),
        ("const a = [];\na.read();", types("")),
        ("let a;\na = new Shop();\na.read();", types("Shop")),
        ("let a;\nb(() => { a = new Shop(); });\na.read();", None),
        ("const f = (a: Shop) => a.read();", types("Shop")),
        ("function f({ a }: Shop) { a.read(); }", Nature()),
        ("const a = new Shop(); if (b) { const a = new Other(); }\na.read();", types("Shop")),
    ],
)
def test_typescript(body: str, expected: Nature | None) -> None:
    assert meant("typescript", body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("let a = Shop::new(1); a.read();", types("Shop")),
        ("let a: &mut kit::Shop = b; a.read();", types("kit.Shop")),
        ("let mut a = Shop { b: 1 }; a.read();", types("Shop")),
        ("let a = opened(1).unwrap(); a.read();", calls("", "opened")),
        ("let a = opened(1)?; a.read();", calls("", "opened")),
        ("let a: Vec<Shop> = b; a.read();", types("Vec")),
        ("let a: Arc<Shop> = b; a.read();", types("Shop")),
        ("c(|a| a.read());", Nature()),
    ],
)
def test_rust(body: str, expected: Nature | None) -> None:
    assert meant("rust", f"fn f() {{ {body} }}\n") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Shop a = b; a.read();", types("Shop")),
        ("var a = new Shop(1); a.read();", types("Shop")),
        ("List<Shop> a = b; a.read();", types("List")),
        ("for (Shop a : b) { a.read(); }", types("Shop")),
        ("{ Other a = c; } a.read();", types("Lost")),
        ("b(a -> a.read());", Nature()),
    ],
)
def test_java(body: str, expected: Nature | None) -> None:
    assert meant("java", f"class B {{\n  void f() {{ {body} }}\n  Lost a;\n}}\n") == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Shop a; a.read();", types("Shop")),
        ("kit::Shop* a = b; a.read();", types("kit.Shop")),
        ("auto a = Shop(1); a.read();", calls("", "Shop")),
        ("const Shop& a = b; a.read();", types("Shop")),
    ],
)
def test_cpp(body: str, expected: Nature | None) -> None:
    assert meant("cpp", f"void f() {{ {body} }}\n") == expected


def test_the_last_name_of_an_expression() -> None:
    tree = grammars.tree("typescript", b"b.c(1).d;")
    assert tree is not None
    assert last_name(tree.root_node.named_children[0].named_children[0]) == "d"
    assert last_name(None) == ""
