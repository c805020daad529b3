"""Functions, types and blocks in languages without a grammar here."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.outline.blocks import blocks

Parts = set[tuple[str, str, int, int]]


def parts(language: str, text: str) -> Parts:
    return {(item.name, item.kind, item.start, item.end) for item in blocks(text.split("\n"), language, "file")}


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("rb", "", set()),
        (
            "rb",
            "class Shop\n  # Reads.\n  def read(a)\n    a\n  end\n\n  def ==(other)\n  end\nend\n",
            {("Shop", "class", 0, 10), ("Shop.read", "function", 1, 5), ("Shop.==", "function", 6, 8)},
        ),
        (
            "rb",
            "describe 'a shop' do\n  it 'reads' do\n  end\nend",
            {("a shop", "suite", 0, 4), ("a shop.reads", "test", 1, 3)},
        ),
        (
            "sh",
            "# top\nread_all() {\n  cat <<EOF\nfoo() {\nEOF\n}\nA=1\n",
            {("read_all", "function", 0, 6), ("A", "variable", 6, 7)},
        ),
        ("sh", '@test "it reads" {\n  true\n}', {("it reads", "test", 0, 3)}),
        (
            "kt",
            'class Shop {\n  fun read() {\n    a("}")\n  }\n  val size = 1\n}\n',
            {("Shop", "class", 0, 7), ("Shop.read", "function", 1, 4), ("Shop.size", "property", 4, 5)},
        ),
        ("kt", "fun <T> List<T>.second() {\n}", {("List.second", "function", 0, 2)}),
        (
            "cs",
            "namespace A {\n  public class Shop\n  {\n    public int Read(int a)\n    {\n    }\n"
            "    public int Size { get; }\n  }\n}",
            {("Shop", "class", 1, 8), ("Shop.Read", "method", 3, 6), ("Shop.Size", "property", 6, 7)},
        ),
        (
            "cs",
            "class A {\n  [Test]\n  public void Reads() {\n  }\n}",
            {("A", "class", 0, 5), ("A.Reads", "test", 1, 4)},
        ),
        (
            "cs",
            "class Box\n{\n    Reader _reader;\n    bool TryOpen(\n        object value)\n    {\n"
            "        var a = new Pair(\n            value);\n        new Pair(value);\n    }\n"
            "    public static bool operator ==(Box a, Box b) { }\n}",
            {
                ("Box", "class", 0, 12),
                ("Box._reader", "field", 2, 3),
                ("Box.TryOpen", "method", 3, 10),
                ("Box.operator ==", "method", 10, 11),
            },
        ),
        # What looks like a head inside a text is none, nor does a quote that stands twice end it.
        (
            "cs",
            'class Box\n{\n    void Open()\n    {\n        var a = @"\n  public class Pile { ""\n";\n    }\n}',
            {("Box", "class", 0, 9), ("Box.Open", "method", 2, 8)},
        ),
        (
            "kt",
            "enum class Color(val code: Int) {\n  RED(1);\n  fun next(\n    data: Int,\n    type: Int,\n  ) {\n"
            "    val a = 1\n  }\n}\n",
            {("Color", "enum", 0, 10), ("Color.next", "function", 2, 8)},
        ),
        (
            "rb",
            "describe Box do\n  should 'open' do\n  end\n  specify 'close' do\n  end\n  value.should equal(1)\nend",
            {("Box", "suite", 0, 7), ("Box.open", "test", 1, 3), ("Box.close", "test", 3, 5)},
        ),
        (
            "tf",
            'resource "kit_box" "one" {\n  size = 1\n}\nvariable "a" {}\n',
            {("kit_box.one", "resource", 0, 3), ("a", "input", 3, 5)},
        ),
        (
            "hcl",
            'service "web" {\n}\nrule "deny" {\n}\nstruct "odd" {\n}\n',
            {("web", "service", 0, 2), ("deny", "rule", 2, 4), ("odd", "struct", 4, 7)},
        ),
        ("php", "<?php\nfunction testRead() {\n}\n", {("testRead", "test", 1, 4)}),
        (
            "scala",
            'class ASpec {\n  "a shop" should "read" in {\n  }\n}',
            {("ASpec", "class", 0, 4), ("ASpec.a shop should read", "test", 1, 3)},
        ),
        ("lua", "local a = 1\nfunction b()\n  return 1\nend\n", {("a", "variable", 0, 1), ("b", "function", 1, 5)}),
    ],
)
def test_parts_by_heads_and_indentation(language: str, text: str, expected: Parts) -> None:
    found = parts(language, text)
    assert expected <= found if text else found == expected


def test_a_block_whose_braces_do_not_match_is_not_told() -> None:
    assert not {name for name, *_ in parts("kt", "fun a() {\nfun b() {\n}\n")} & {"a"}


@pytest.mark.parametrize("language", ["rb", "sh", "kt", "cs", "tf", "php", "pl", "proto", "ex"])
def test_any_text_is_read_and_parts_lie_within_it(language: str) -> None:
    steps = "\n".join(f"{' ' * depth}class A" for depth in range(80))
    for text in ("{" * 3000, "(\n" * 500, "def \n" * 50, "\0\r\n\t", "'" * 999, steps):
        lines = text.split("\n")
        assert all(0 <= item.start < item.end <= len(lines) for item in blocks(lines, language, "file"))
