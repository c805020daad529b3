"""What the words of a message speak for, and the issues that it names."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.intents.message_words import (
    issues_in,
    mends_words,
    names_issue,
    uninformative,
    word_scores,
)
from iquest_lsp.codeflow.diff.intents.shape import shape_of
from tests.unit.codeflow.made import diff_of

CODE = [diff_of("a.py", "a = 1\n", "a = 2\n")]


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("", True),
        ("wip", True),
        ("Update files", True),
        ("fix some small bugs", True),
        ("...", True),
        ("更新代码", True),
        ("Fix the reader of empty files", False),
        ("Add Kit", False),
        ("修复登录超时", False),
    ],
)
def test_a_subject_that_says_nothing(subject: str, expected: bool) -> None:
    assert uninformative(subject) is expected


@pytest.mark.parametrize(
    ("text", "issues"),
    [
        ("", ()),
        ("Fix #12 and (#3), #12", ("#12", "#3")),
        ("KIT-12: handle it", ("KIT-12",)),
        ("see https://x.org/a/b/issues/7", ("#7",)),
        ("修复#5问题", ("#5",)),
        ("Close #I4XYZ9", ("I4XYZ9",)),
        # What looks alike.
        ("UTF-8 and SHA-256", ()),
        ("a#12 C#7 &#39;", ()),
    ],
)
def test_issues_that_a_text_mentions(text: str, issues: tuple[str, ...]) -> None:
    assert issues_in(text) == issues


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("Fix a crash", "fix"),
        ("Add a reader", "feature"),
        ("Rename the reader", "refactor"),
        ("Speed up the reader", "perf"),
        ("Add a hint for the reader that helps improve performance", "perf"),
        ("Add a reader and tests", "feature"),
        ("Fix lint warnings", "style"),
        ("Release 1.2", "release"),
        ("Deprecate the reader", "deprecate"),
        ("Deprecate the reader, which is not used", "deprecate"),
        ("Add a check that it doesn't generate any deprecation", "feature"),
        ("优化读取性能", "perf"),
    ],
)
def test_the_words_of_a_subject_speak_for_a_kind(subject: str, kind: str) -> None:
    scores, words = word_scores(subject, "", shape_of(CODE))
    assert max(scores, key=lambda item: scores[item]) == kind
    assert words[kind]


@pytest.mark.parametrize("subject", ["", "Kit", "Set `fix_all` to 2", "Call resolveAll()"])
def test_names_are_no_words(subject: str) -> None:
    scores, _ = word_scores(subject, "", shape_of(CODE))
    assert scores["fix"] == 0.0


def test_what_is_closed_by_the_body_speaks_for_a_fix() -> None:
    assert word_scores("Kit", "Fixes #3", shape_of(CODE))[0]["fix"] > 0
    assert word_scores("Kit", "Closes #3", shape_of(CODE))[0]["fix"] == 0


@pytest.mark.parametrize(
    ("subject", "asked"),
    [
        ("Implemented suggested changes from code review", True),
        ("Addresses review comments in r48", True),
        ("Implement comments in JSON", False),
    ],
)
def test_that_somebody_asked_for_it_speaks_for_no_kind(subject: str, asked: bool) -> None:
    assert (not word_scores(subject, "", shape_of(CODE))[0]) is asked


@pytest.mark.parametrize(
    ("subject", "word"), [("Fix typo", "typo"), ("typos", "typos"), ("Fix typo in name", ""), ("Fix it", "")]
)
def test_words_that_were_misspelt(subject: str, word: str) -> None:
    assert mends_words(subject) == word


@pytest.mark.parametrize(
    ("text", "issue", "named"),
    [
        ("Round up (#12)", "#1", False),
        ("Round up (#12)", "#12", True),
        ("Round up, see gh-12", "#12", True),
        ("https://x.org/a/b/pull/12", "#12", True),
        ("https://x.org/a/b/pull/123", "#12", False),
        ("修复#12的问题", "#12", True),
        ("Version 12", "#12", False),
        ("XAB-1: round up", "AB-1", False),
        ("AB-12: round up", "AB-1", False),
        ("[AB-1] round up", "AB-1", True),
    ],
)
def test_a_text_names_an_issue_as_a_whole(text: str, issue: str, named: bool) -> None:
    assert names_issue(text, issue) is named
