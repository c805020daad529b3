"""Whether a text means a definition or a module by the name that it holds."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.linking.uses import Reference
from iquest_lsp.codeflow.syntax.linking.uses_in_text import is_meant, meant, names_module


def use(text: str, name: str, path: str = "docs/a.md", kind: str = "docs") -> Reference:
    return Reference(path, 0, kind, name, text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("There are a few little helpers around.", False),
        ("Look at `app.helpers` first.", True),
        ("It lies in src/app/helpers.py.", True),
        ("It lies in helpers.py.", True),
        ("It lies in other/helpers.py.", False),
        ("from app import helpers", True),
        ("from app import others", False),
        ("", False),
    ],
)
def test_a_module_that_is_a_plain_word_is_meant_where_its_place_stands_beside_it(text: str, expected: bool) -> None:
    assert names_module(use(text, "helpers"), "src/app/helpers.py") is expected


def test_a_module_that_is_no_word_is_meant_by_its_name() -> None:
    assert names_module(use("uses date_parts", "date_parts"), "src/date_parts.py")


@pytest.mark.parametrize(
    ("text", "alone", "expected"),
    [
        ("We send it.", True, False),
        ("Call `send` first.", True, True),
        ("Call `send` first.", False, False),
        ("`mail.send` does it.", False, True),
        ("Call send() first.", True, True),
        ("Between `a` we send `b`.", True, False),
    ],
)
def test_a_plain_word_is_meant_in_code_font_or_with_its_origin(text: str, alone: bool, expected: bool) -> None:
    assert is_meant(use(text, "send"), "src/mail.py", ["mail"], [], alone=alone) is expected


def test_configuration_means_a_plain_word_only_with_its_origin() -> None:
    assert not is_meant(use("`send`: 1", "send", "a.yml", "config"), "mail.py", ["mail"], [], alone=True)
    assert is_meant(use("run: mail.send", "send", "a.yml", "config"), "mail.py", ["mail"], [], alone=True)


def test_what_code_calls_alike_makes_a_mention_ambiguous() -> None:
    mention = use("Call `send` first.", "send")
    origins = {"send": ("src/mail.py", "mail")}
    assert meant([mention], [mention], origins) == [mention]
    other = Reference("b.py", 0, "caller", "send", "post.send()", on="post")
    assert meant([mention, other], [mention, other], origins) == [other]


def test_a_module_that_is_called_like_a_member_is_another_thing() -> None:
    path, leads = "src/kit/fields.py", ("fields", "Nested")
    assert not is_meant(use(".. autoclass:: kit.schema.Schema", "schema"), path, leads, (), alone=False)
    assert is_meant(use("set `Nested.schema` for it", "schema"), path, leads, (), alone=False)
    assert is_meant(use("from kit.schema import Schema", "schema"), "src/kit/schema.py", ("fields",), (), alone=False)
