"""One row of the table of secrets."""

from __future__ import annotations

from iquest_lsp.workspace.secret_shapes.rule import SecretRule, below, given, shape, token


def test_a_token_stands_alone() -> None:
    rule = token("kit", "kit_", "kit_[a-z]{4}", "kit_abcd", "xkit_abcd")
    found = rule.pattern.search("a kit_abcd b")
    assert found is not None
    assert found[1] == "kit_abcd"
    assert rule.pattern.search("akit_abcd") is None
    assert rule.hints == ["kit_"]


def test_an_expression_is_compiled_once() -> None:
    rule = shape("kit", ["a"], "(a+)", "a", "b")
    assert rule.pattern is rule.pattern
    assert rule.pattern.fullmatch("aaa")


def test_only_what_may_stand_below_goes_over_lines() -> None:
    assert not given("kit", "key", r"key\s*=\s*(\w+)", "", "").spans
    assert below("kit", "key", r"key\s*=\s*(\w+)", "", "").spans
    assert not SecretRule("kit", (), "", "", "").masks
