"""A model's words, piece by piece: thinking apart, false citations out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.asking.statements import Citation, EchoCheck, StatementFilter, ThinkingSplitter, citations, names

TRUE = {"abc1234", "src/a.py", "b.py"}


def filtered(text: str, size: int = 1) -> tuple[str, StatementFilter]:
    made = StatementFilter(lambda item: item.name in TRUE and item.line < 100)
    said = "".join(made.push(text[at : at + size]) for at in range(0, len(text), size))
    return said + made.end(), made


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("It came in abc1234. Then 99fffe0 broke it.", "It came in abc1234. "),
        ("See src/a.py:12. See src/a.py:120. Done.", "See src/a.py:12. Done."),
        ("- one in `b.py`\n- two in `c.py`\n- three\n", "- one in `b.py`\n- three\n"),
        ("First. See nope.py:1.\nNext line.", "First. \nNext line."),
        ("1. First, e.g. b.py here. More.\n2. Then nope.py.\n", "1. First, e.g. b.py here. More.\n"),
        ("Run:\n```sh\ncat nope.py 99fffe0\n```\nAfter nope.md. Yes.", "Run:\n```sh\ncat nope.py 99fffe0\n```\nYes."),
        ("Call os.path.join, self.run() and v1.2.3 at https://x.org/a.py today.",) * 2,
        ("在 nope.py 里。在 b.py 里。", "在 b.py 里。"),
        ("No citation at all", "No citation at all"),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_statements_that_cite_what_does_not_exist_are_dropped(text: str, kept: str, size: int) -> None:
    said, made = filtered(text, size)
    assert said == kept
    assert bool(made.dropped) == (text != kept)


KNOWN = {"area", "Shape", "total_price", "readFile"}


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("`Shape` has an `area`. It calls `perimeter` too. Done.", "`Shape` has an `area`. Done."),
        ("`Shape.area()` is used. `Shape.colour()` is used.", "`Shape.area()` is used. "),
        ("It sums total_price. It rounds total_cost.", "It sums total_price. "),
        ("It calls readFile and area(). It calls writeFile.", "It calls readFile and area(). "),
        ("The shape is drawn on GitHub by JavaScript, which is well-known_ and fine.",) * 2,
        ("Run `a + other_name` here.", ""),
        ("```\nother_name()\n```\nYes.",) * 2,
        ("Plain words, in code font `not one name`, say nothing false.",) * 2,
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_statements_that_name_what_does_not_exist_are_dropped(text: str, kept: str, size: int) -> None:
    made = StatementFilter(lambda item: True, is_known=lambda name: set(re.split(r"\W+", name)) <= KNOWN)
    said = "".join(made.push(text[at : at + size]) for at in range(0, len(text), size)) + made.end()
    assert said == kept
    assert bool(made.dropped) == (text != kept)


def test_names_are_found_where_code_is_named() -> None:
    text = "`a.b`, `make_it(x, y)`, run() and fooBar; not src/x_y/z.py, `z.py`, x-y_z, Word or __init__.py"
    assert names(text) == ["a.b", "make_it", "run", "fooBar"]


@given(st.text(alphabet="uv. \n`!-1", max_size=60), st.integers(1, 9))  # seven hexadecimal digits may name a commit
def test_what_cites_nothing_comes_through_whole(text: str, size: int) -> None:
    assert filtered(text, size)[0] == text


def test_citations_are_found_where_people_write_them() -> None:
    text = "In (src/app/(group)/[id]/page.tsx:7), `Makefile`, ./x.py, 1234567, deadbeef, abc1234, and e.g. README.md."
    assert citations(text) == [
        Citation("file", "src/app/(group)/[id]/page.tsx", 7),
        Citation("file", "x.py"),
        Citation("commit", "abc1234"),
        Citation("file", "README.md"),
    ]
    assert citations("a.zig", frozenset({"zig"})) == [Citation("file", "a.zig")]


@pytest.mark.parametrize(
    ("text", "opened", "parts"),
    [
        ("<think>hm</think>\n\nYes", False, {"thinking": "hm", "text": "Yes"}),
        ("hm</think>Yes", True, {"thinking": "hm", "text": "Yes"}),
        ("a < b <th", False, {"text": "a < b <th"}),
        ("never ends", True, {"thinking": "never ends"}),
        ("x<think>y</think>z<think>w</think>", False, {"text": "xz", "thinking": "yw"}),
    ],
)
@pytest.mark.parametrize("size", [1, 3, 100])
def test_thinking_is_told_apart(text: str, opened: bool, parts: dict[str, str], size: int) -> None:
    splitter = ThinkingSplitter(opened=opened)
    pieces = [piece for at in range(0, len(text), size) for piece in splitter.push(text[at : at + size])]
    found: dict[str, str] = {}
    for kind, words in [*pieces, *splitter.end()]:
        found[kind] = found.get(kind, "") + words
    assert found == parts


PROMPT = """# Compute the area from the side
Changes 2 lines. It adds a parameter.
**Kind of change:** feature (a parameter comes)
- `shapes.py`: modified (+2 −2)
  - method `Square.area`: new signature (takes the new parameter `side`)
Explain this change to a colleague: what it does. At most twelve sentences.
Paris
"""


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        (PROMPT.replace("Paris\n", ""), ""),
        ("It adds a parameter. The area is computed from it.", "The area is computed from it."),
        ("## Compute the area from the side\nIt squares `side`.\n", "It squares `side`.\n"),
        ("Explain this change to a colleague: what it does. Done.", "Done."),
        ("It adds a parameter, `side`.", "It adds a parameter, `side`."),
        ("Paris", "Paris"),
        ("**Kind of change:** bug fix\nIt squares `side`.\n", "It squares `side`.\n"),
        ("```\nChanges 2 lines.\n```\n",) * 2,
    ],
)
@pytest.mark.parametrize("size", [1, 1000])
def test_what_only_repeats_the_prompt_is_not_said(text: str, kept: str, size: int) -> None:
    made = StatementFilter(lambda item: True, is_echo=EchoCheck(PROMPT))
    said = "".join(made.push(text[at : at + size]) for at in range(0, len(text), size)) + made.end()
    assert said == kept
    assert bool(made.dropped) == (text != kept)
    assert {item.citation for item in made.dropped} <= {""}


def test_what_was_said_is_not_said_again() -> None:
    once = "It returns the path of a template. "
    made = StatementFilter(lambda item: True)
    said = "".join(made.push(text) for text in (once, "Yes. ", once, "Yes. ", "It is short. "))
    assert said == once + "Yes. Yes. It is short. "
    assert not made.is_stuck
    for _ in range(4):
        assert made.push(once) == ""
    assert made.is_stuck
    assert not made.dropped
