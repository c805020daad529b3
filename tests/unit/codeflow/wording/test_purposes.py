"""What a commit is for and why a filter objects to one, in words."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.filters import Ground, Objection
from iquest_lsp.codeflow.diff.intents.kinds import IntentReason, Sign
from iquest_lsp.codeflow.syntax.dialects import Construct
from iquest_lsp.codeflow.syntax.paths import Category
from iquest_lsp.codeflow.wording.purposes import (
    construct_words,
    declares,
    ground_words,
    objection_words,
    reason_words,
)


@pytest.mark.parametrize("sign", [sign for sign in Sign if sign is not Sign.ONE_CATEGORY])
def test_each_sign_has_words(sign: Sign) -> None:
    words = reason_words([IntentReason(sign, ("2", "3"))])
    assert words
    assert "{" not in words


@pytest.mark.parametrize("kind", [Category.DOCS, Category.TEST, Category.CI, Category.BUILD])
def test_each_category_alone_has_words(kind: Category) -> None:
    assert reason_words([IntentReason(Sign.ONE_CATEGORY, (kind.value,))]).startswith("only ")


def test_a_guess_is_called_one() -> None:
    reasons = [IntentReason(Sign.LAYOUT), IntentReason(Sign.WORD, ("fix",))]
    told = "only the formatting of code changes, and the message says “fix”"
    assert reason_words(reasons) == told
    assert reason_words(reasons, guess=True) == f"a guess: {told}"


@pytest.mark.parametrize("ground", [ground for ground in Ground if ground is not Ground.TOO_NEW])
def test_each_ground_has_words(ground: Ground) -> None:
    objection = Objection(ground, ("a", "b"))
    assert "{" not in ground_words(objection)
    assert objection_words(objection) == f"{objection.filter}: {ground_words(objection)}"


def test_what_is_too_new_is_told_with_the_promise() -> None:
    values = ("a.py", "3", "match", "python", "3.10", "pyproject.toml", "python", "3.8")
    told = "a.py:3 uses a match statement, which needs Python 3.10, but pyproject.toml declares Python 3.8"
    assert ground_words(Objection(Ground.TOO_NEW, values)) == told


@pytest.mark.parametrize("construct", Construct)
def test_each_construct_has_words(construct: Construct) -> None:
    assert construct_words(construct.value)


@pytest.mark.parametrize(
    ("language", "told"), [("python", "Python"), ("go", "Go"), ("java", "Java"), ("rust", "Rust edition")]
)
def test_each_language_that_declares_a_version_has_a_name(language: str, told: str) -> None:
    assert declares("x", language, "1") == f"x declares {told} 1"
