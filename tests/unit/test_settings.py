"""Settings: defaults, layers, trust, and that a bad value is told and never fatal."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from iquest_lsp.settings import Configuration, Settings, apply


def test_every_setting_has_a_default_and_a_sentence() -> None:
    for item in fields(Settings):
        assert item.metadata["doc"].endswith("."), item.name


def test_a_bad_value_is_told_and_the_rest_is_taken() -> None:
    settings, problems = apply(
        Settings(),
        {"deadlineMs": "soon", "maxTokens": 12, "deadline_ms": 0, "kv_type": "f8", "exclude": [1]}
        | {"new": 1, "enable": 1, "threads": 100_000, "windowTokens": 10**400, "minConfidence": 101},
        "editor",
        trusted=True,
    )
    assert settings == Settings(max_tokens=12)
    assert {problem.key: problem.reason for problem in problems} == {
        "deadlineMs": "expected a whole number",
        "deadline_ms": "must be at least 1",
        "kv_type": "expected one of auto, f32, f16, q8_0, q4_0",
        "exclude": "expected a list of strings",
        "new": "unknown setting",
        "enable": "expected true or false",
        "threads": "must be at most 512",
        "windowTokens": "must be at most 2147483647",
        "minConfidence": "must be at most 100",
    }


def test_a_key_that_sets_nothing_is_told_in_one_sentence_where_it_asks_for_something() -> None:
    settings, (problem,) = apply(Settings(), {"depth": "adaptive", "maxTokens": 12}, "settings.toml", trusted=True)
    assert settings == Settings(max_tokens=12)
    assert str(problem) == (
        "settings.toml: depth: sets nothing: every token gets all passes of a Loop model, which costs no quality"
    )
    assert apply(Settings(), {"depth": "exact"}, "editor", trusted=False) == (Settings(), [])


def test_a_bad_value_is_told_once_as_the_editor_spells_it() -> None:
    configuration = Configuration()
    configuration.update("one", {"windowTokens": -1, "idle_exit_seconds": 5})
    assert [str(problem) for problem in configuration.settings(None, "one")[1]] == [
        "editor: windowTokens: must be at least 0"
    ]
    # It is told to nobody else, and stands in nobody's way, as a good one does.
    told = configuration.update("two", {"window_tokens": 4096, "idleExitSeconds": 7})
    assert [problem.key for problem in told] == ["idleExitSeconds"]
    settings, problems = configuration.settings(None, "two")
    assert (settings.window_tokens, settings.idle_exit_seconds, problems) == (4096, 5, [])


def test_a_workspace_is_not_trusted(tmp_path: Path) -> None:
    (tmp_path / "iquest.toml").write_text('model = "/evil.gguf"\ndeadline_ms = 100\nengine = "fake"\n')
    settings, problems = Configuration().settings(tmp_path)
    assert settings == Settings(deadline_ms=100)
    assert {problem.key for problem in problems} == {"model", "engine"}
    assert all("workspace may not" in problem.reason for problem in problems)


def test_later_layers_win(tmp_path: Path) -> None:
    user = tmp_path / "settings.toml"
    user.write_text("deadline_ms = 1\nmax_tokens = 1\nwindow_tokens = 1\nhistory = false\n")
    (tmp_path / "iquest.toml").write_text("deadline_ms = 2\nmax_tokens = 2\nwindow_tokens = 2\n")
    configuration = Configuration({"deadline_ms": 4}, user)
    configuration.update("", {"deadlineMs": 3, "maxTokens": 3})
    settings, problems = configuration.settings(tmp_path)
    assert problems == []
    assert (settings.deadline_ms, settings.max_tokens, settings.window_tokens, settings.history) == (4, 3, 2, False)
    assert configuration.settings()[0].window_tokens == 1


@pytest.mark.parametrize("text", [b"\xff\xfe = = =", b"a = ", b"a = " + b"[" * 100_000, b"a = " + b"9" * 5000])
def test_a_broken_file_is_told(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "iquest.toml").write_bytes(text)
    settings, problems = Configuration().settings(tmp_path)
    assert settings == Settings()
    assert "not valid TOML" in problems[0].reason


def test_what_an_editor_takes_back_is_taken_back() -> None:
    made = Configuration()
    made.update("one", {"deadlineMs": 9000})
    made.push("one", {"enable": False, "deadlineMs": 300})
    assert (made.settings(client="one")[0].enable, made.settings(client="one")[0].deadline_ms) == (False, 300)
    made.push("one", {"max_tokens": 33})
    now = made.settings(client="one")[0]
    assert (now.enable, now.deadline_ms, now.max_tokens) == (True, 9000, 33)
    made.push("one", {})
    assert made.settings(client="one")[0].max_tokens == Settings().max_tokens


def test_defaults_that_an_editor_sends_along_leave_the_workspace_its_word(tmp_path: Path) -> None:
    (tmp_path / "iquest.toml").write_text('exclude = ["private/**"]\nmax_tokens = 17\n')
    made = Configuration()
    made.push("one", {"exclude": [], "maxTokens": Settings().max_tokens, "hover": True})
    found, problems = made.settings(tmp_path, "one")
    assert (found.exclude, found.max_tokens, found.hover, problems) == (("private/**",), 17, True, [])
