"""Errors: their parts as a text, through a pipe, and whether two tell the same."""

from __future__ import annotations

import pickle

import pytest

from iquest_lsp.errors import IQuestError, ModelError, ModelFileError


def test_an_error_says_what_why_and_what_to_do() -> None:
    assert str(IQuestError("It broke.", why="no room.", fix="Make some.")) == "It broke: no room. Make some."
    assert str(IQuestError("It broke")) == "It broke."
    assert str(IQuestError("It broke", fix="Is there room?")) == "It broke. Is there room?"


def test_an_error_comes_whole_through_a_pipe() -> None:
    error = ModelFileError("No model", why="it is gone", fix="Get it")
    assert pickle.loads(pickle.dumps(error)).says_the_same(error)


def test_errors_tell_the_same_by_their_kind_and_all_parts() -> None:
    error = ModelError("No model", why="it is gone")
    assert error.says_the_same(ModelError("No model", why="it is gone"))
    assert not error.says_the_same(ModelError("No model", why="it is cut"))
    assert not error.says_the_same(ModelFileError("No model", why="it is gone"))
    assert not error.says_the_same(ModelError("No model: it is gone"))  # reads alike, and is another
    assert not error.says_the_same(None)


@pytest.mark.parametrize(
    ("what", "why", "told"),
    [
        ("It stopped.", "No room.", "It stopped: No room."),
        ("Cannot read .", "Is a directory", "Cannot read .: Is a directory."),
        ("Nothing is in HEAD...", "", "Nothing is in HEAD...."),
    ],
)
def test_what_a_name_ends_with_is_no_full_stop(what: str, why: str, told: str) -> None:
    assert str(IQuestError(what, why=why)) == told
