"""Whose member is used of a chain of calls, fields and elements of Go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.linking.bindings import Bindings
from iquest_lsp.codeflow.syntax.linking.chains.go_chains import Chain, chain_of
from iquest_lsp.codeflow.syntax.linking.chains.go_types import OUTSIDE, GoTypes, TypePlace
from iquest_lsp.codeflow.syntax.linking.go import GoLinks
from iquest_lsp.codeflow.syntax.linking.type_uses import Everywhere, type_lines
from tests.unit.codeflow.syntax.linking.test_others import Texts

SHOP = """package shop

import "strings"

type Part struct {
	Size int
}

func (p *Part) Read() string { return "" }

type Maker func(name string) *Part

type Parts []*Part

type List[T any] struct {
	first T
	rest  []T
}

func (l *List[E]) First() E { return l.first }

type Base struct{}

func (b Base) Read() {}

type Shop struct {
	Base
	strings.Builder
	parts       map[string]*Part // all of them
	one, other  Part
	listed      List[*Part]
	make        Maker
	named       Parts
	err         error
}

func New(of string) (*Shop, error) { return nil, nil }

func (s *Shop) Part(
	name string,
) *Part {
	return s.parts[name]
}

func (s *Shop) With(f func(a int) int) *Shop { return s }

func (s *Shop) Both() (part *Part, err error) { return }

type Reader interface {
	Read() string
	Part(name string) Reader
}

type Narrow interface {
	Read() string
}

func Must() *Shop { return nil }

var Default = Must()
var Spare Part

var (
	first  = Must() // of all
	second *Part
	third, fourth Part
)

type Kind int

func (k Kind) Read() string { return "" }

const (
	Small Kind = iota
	Large
	Count = 2
)

func work(s *Shop, r Reader, many ...Part) {
	%s
}
"""


def types_of(files: dict[str, str]) -> GoTypes:
    texts = Texts(files)
    return GoTypes(Everywhere(texts, None, texts.read), GoLinks(files, texts.read))


def chain(text: str) -> Chain | None:
    """The chain before the last `.Read` of a text."""
    tree = grammars.tree("go", text.encode())
    assert tree is not None
    at = text.rindex(".Read") + 1
    node = tree.root_node.descendant_for_byte_range(at, at + 1)
    assert node is not None
    assert node.parent is not None
    return chain_of(node.parent.child_by_field_name("operand"), Bindings("go").declarations)


def whose(code: str) -> TypePlace | None:
    """Whose `Read` it is that the last line of some code reads."""
    text = SHOP.replace("%s", code)
    found = chain(text)
    assert found is not None
    return types_of({"shop/shop.go": text, "go.mod": "module example.org/kit\n"}).whose("shop/shop.go", found, "Read")


PART, BASE, READER = ("shop", "Part"), ("shop", "Base"), ("shop", "Reader")


@pytest.mark.parametrize(
    ("code", "place"),
    [
        ('s.Part("a").Read()', PART),
        ('s.With(nil).With(nil).\n\t\tPart("a").Read()', PART),
        ("s.With(nil).Read()", BASE),
        ("s.Base.Read()", BASE),
        ('s.parts["a"].Read()', PART),
        ("s.other.Read()", PART),
        ("for _, part := range s.parts {\n\t\tpart.Read()\n\t}", PART),
        ("for name := range s.parts {\n\t\tname.Read()\n\t}", OUTSIDE),
        ("for _, part := range s.named {\n\t\tpart.Read()\n\t}", PART),
        ("for _, part := range many {\n\t\tpart.Read()\n\t}", PART),
        ("s.listed.First().Read()", PART),
        ("s.listed.rest[0].Read()", PART),
        ('s.make("a").Read()', PART),
        ('part := s.make("a")\n\tpart.Read()', PART),
        ("part, _ := s.Both()\n\tpart.Read()", PART),
        ("_, err := s.Both()\n\terr.Read()", OUTSIDE),
        ('shop, _ := New("a")\n\tshop.Read()', BASE),
        ("Spare.Read()", PART),
        ("Default.Read()", BASE),
        ("first.Read()", BASE),
        ("second.Read()", PART),
        ("Small.Read()", ("shop", "Kind")),
        ("Large.Read()", ("shop", "Kind")),
        ("Part{}.Read()", PART),
        ("(&Part{Size: 1}).Read()", PART),
        ("new(Part).Read()", PART),
        ('r.Part("a").Read()', READER),
        ("switch v := r.(type) {\n\tcase *Part:\n\t\tv.Read()\n\t}", PART),
        ("if v, ok := r.(*Part); ok {\n\t\tv.Read()\n\t}", PART),
        ("s.err.Read()", OUTSIDE),
        ("s.Builder.Read()", OUTSIDE),
        ("s.unheard.Read()", OUTSIDE),
        ("unheard().Read()", None),
        ("many[0].Read()", PART),
        ("func() *Part { return nil }().Read()", PART),
    ],
)
def test_a_chain_ends_in_a_member_of_the_type_that_is_returned(code: str, place: TypePlace | None) -> None:
    assert whose(code) == place


def test_a_package_is_followed_by_its_import() -> None:
    text = (
        'package main\n\nimport (\n\t"example.org/kit/shop"\n\tother "example.com/shop"\n)\n\n'
        'func main() {\n\ts, _ := shop.New("a")\n\ts.Part("a").Read()\n}\n'
    )
    files = {"shop/shop.go": SHOP.replace("%s", ""), "go.mod": "module example.org/kit\n", "main.go": text}
    found = chain(text)
    assert found is not None
    assert types_of(files).whose("main.go", found, "Read") == PART
    outside = chain(text.replace("shop.New", "other.New"))
    assert outside is not None
    assert types_of(files).whose("main.go", outside, "Read") == OUTSIDE


def test_an_interface_is_implemented_by_what_has_its_methods() -> None:
    types = types_of({"shop/shop.go": SHOP.replace("%s", ""), "go.mod": "module example.org/kit\n"})
    assert types.is_by_way_of(("shop", "Narrow"), PART)
    assert not types.is_by_way_of(READER, PART)
    assert types.is_by_way_of(READER, ("shop", "Shop"))
    assert not types.is_by_way_of(("shop", "Narrow"), READER)
    assert not types.is_by_way_of(BASE, PART)


def test_types_that_embed_each_other_are_read_once() -> None:
    text = (
        "package a\n\ntype A struct {\n\tB\n\tC\n}\n\ntype B struct {\n\tA\n\tC\n}\n\ntype C struct {\n\tA\n\tB\n}\n\n"
        "type I interface {\n\tI\n\tJ\n}\n\ntype J interface {\n\tI\n\tRead()\n}\n\ntype D E\n\ntype E D\n\n"
        "func f(a A, i I, d D) {\n\ta.Read()\n}\n"
    )
    types = types_of({"a/a.go": text})
    for name in ("a", "d"):
        found = chain(text.replace("a.Read", f"{name}.Read"))
        assert found is not None
        assert types.whose("a/a.go", found, "Read") in (None, OUTSIDE)
    assert not types.is_by_way_of(("a", "I"), ("a", "A"))


def test_variables_that_are_made_of_each_other_have_no_type() -> None:
    uses = "package a\n\nfunc f() {\n\tx.Get().Read()\n}\n"
    found = chain(uses)
    assert found is not None
    files = {"a/a.go": "package a\n\nvar x = y()\nvar y = x.Get()\n", "a/b.go": uses}
    assert types_of(files).whose("a/b.go", found, "Read") is None


def test_the_lines_of_functions_are_searched_once_for_all_askers() -> None:
    files = {"shop/shop.go": SHOP.replace("%s", "Must().Read()"), "go.mod": "module example.org/kit\n"}
    searched: list[str] = []

    class Counted(Texts):
        def grep(self, words: Sequence[str], revision: str | None = None) -> Iterator[tuple[str, int, str]]:
            searched.extend(words)
            return super().grep(words, revision)

    texts = Counted(files)
    everywhere = Everywhere(texts, None, texts.read)
    assert type_lines(everywhere, "Base", "shop/shop.go").names
    found = chain(files["shop/shop.go"])
    assert found is not None
    assert GoTypes(everywhere, GoLinks(files, texts.read)).whose("shop/shop.go", found, "Read") == BASE
    assert searched.count("func") == 1
