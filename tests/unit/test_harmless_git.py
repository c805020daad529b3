"""git in a folder that is not trusted."""

from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.harmless_git import ask, is_too_old, variables


def test_what_a_repository_configures_is_overridden() -> None:
    found = variables([("own.key", "a=b")], {})
    count = int(found["GIT_CONFIG_COUNT"])
    given = {found[f"GIT_CONFIG_KEY_{number}"]: found[f"GIT_CONFIG_VALUE_{number}"] for number in range(count)}
    assert (given["core.fsmonitor"], given["protocol.allow"], given["own.key"]) == ("false", "never", "a=b")
    assert found["GIT_NO_LAZY_FETCH"] == "1"


@pytest.mark.parametrize(("count", "first"), [("2", 2), ("", 0), ("-1", 0), ("x", 0)])
def test_what_the_user_configures_stays(count: str, first: int) -> None:
    found = variables((), {"GIT_CONFIG_COUNT": count})
    assert f"GIT_CONFIG_KEY_{first}" in found
    assert f"GIT_CONFIG_KEY_{first - 1}" not in found


def test_a_question_has_its_answer_and_an_error_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert ask(tmp_path, "version")[0] == 0
    status, output, complaint = ask(tmp_path, "rev-parse", "--show-toplevel")
    assert (status != 0, output) == (True, b"")
    assert b"elsewhere" not in complaint
    assert ask(tmp_path / "none", "version")[0] == 127
    assert ask(tmp_path, "a\0b")[0] == 127


def test_the_git_that_runs_the_tests_is_new_enough() -> None:
    assert not is_too_old()
