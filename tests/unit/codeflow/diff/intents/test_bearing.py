"""A kind that one word of a message speaks for is a guess where the diff does not bear it out."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.intents.intent import intent_of
from iquest_lsp.codeflow.diff.intents.kinds import GUESS
from iquest_lsp.codeflow.diff.intents.shape import shape_of
from iquest_lsp.codeflow.syntax.changes import symbol_changes
from tests.unit.codeflow.made import diff_of

READ = "def read(path):\n    return open(path)\n"


def _intent(subject: str, after: str, before: str = READ) -> tuple[str, bool]:
    diff = diff_of("a.py", before, after)
    made = intent_of(subject, "", shape_of([diff], symbol_changes(diff, before.encode(), after.encode())))
    return made.kind, made.confidence > GUESS


@pytest.mark.parametrize(
    ("subject", "after", "expected"),
    [
        ("Add a writer", READ + "\n\ndef write(path):\n    return path\n", ("feature", True)),
        ("Allow an encoding", READ.replace("path)", "path, encoding)", 1), ("feature", True)),
        ("Add a limit", READ.replace("open(path)", "load(path)"), ("feature", False)),
        ("Allow paths", READ.replace("open(path)", "open(str(path))"), ("feature", False)),
        ("Fix the reader", READ.replace("open(path)", "load(path)"), ("fix", True)),
        ("Formatting", READ.replace("open(path)", "load(path)"), ("style", False)),
        ("Rename things", READ.replace("open(path)", "load(path)"), ("refactor", True)),
    ],
)
def test_a_word_counts_as_much_as_the_diff_bears_out(subject: str, after: str, expected: tuple[str, bool]) -> None:
    assert _intent(subject, after) == expected


def test_what_others_deprecate_is_not_deprecated_here() -> None:
    after = READ.replace("open(path)", "load(path)")
    assert _intent("Handle the deprecation of open", after)[0] != "deprecate"
    marked = READ.replace("    return", "    warn('deprecated')\n    return")
    assert _intent("Deprecate read", marked) == ("deprecate", True)
    assert _intent("Deprecate read", after) == ("deprecate", False)


def test_definitions_that_come_do_not_tell_what_a_message_leaves_out() -> None:
    added = READ + "\n\ndef write(path):\n    return path\n"
    assert _intent("Update the example", added) == ("feature", False)
    assert _intent("", added) == ("feature", True)


def test_what_is_said_far_behind_is_less_sure() -> None:
    added = READ + "\n\ndef write(path):\n    return path\n"
    assert _intent("Write paths by a writer of its own until somebody has the time to fix open", added) == (
        "fix",
        False,
    )


def test_a_name_in_the_place_of_another_may_mean_another_thing() -> None:
    before, after = (
        f"from kit import {name}\n\n\ndef read(path):\n    return {name}(path)\n" for name in ("one", "two")
    )
    assert _intent("Read by two", after, before) == ("refactor", False)
    renamed = before.replace("read", "load")
    assert _intent("Call it load", f"{renamed}\n\nload(1)\n", f"{before}\n\nread(1)\n") == ("refactor", True)


def test_what_is_new_in_tests_alone_is_no_feature_for_sure() -> None:
    after = READ + "\n\ndef test_write():\n    assert read(1)\n"
    diff = diff_of("tests/test_a.py", READ, after)
    made = intent_of("Add a check", "", shape_of([diff], symbol_changes(diff, READ.encode(), after.encode())))
    assert made.kind != "feature" or made.confidence <= GUESS


def test_a_version_that_is_worked_on_is_no_release() -> None:
    for version, is_release in (("1.2.1", True), ("1.2.1-SNAPSHOT", False), ("1.2.1.dev0", False)):
        diff = diff_of("gradle.properties", "version=1.2.0\n", f"version={version}\n")
        assert (intent_of("", "", shape_of([diff], [])).kind == "release") is is_release, version
