"""Tables for a terminal."""

from __future__ import annotations

import json

import pytest

from iquest_lsp.bench.next_edit_tally import Tally
from iquest_lsp.cli.output import Form, emit, say, tell_error
from iquest_lsp.cli.terminal import Terminal
from iquest_lsp.errors import IQuestError


def test_a_share_of_nothing_is_no_figure(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [Tally("diff, all").row()]
    Terminal().show_replayed_edits({"commits": 5, "repository": "shop", "rows": rows})
    (row,) = [line for line in capsys.readouterr().out.splitlines() if "diff, all" in line]
    assert "%" not in row
    assert row.split()[-4:] == ["-", "│", "-", "│"]


def test_a_name_in_brackets_is_no_style(capsys: pytest.CaptureFixture[str]) -> None:
    chunk = {"kind": "current", "path": "app/[slug]/[red]/page.tsx", "start": 1, "end": 2, "tokens": 3, "reason": "[b]"}
    left_out = {"path": "[red]/x", "reason": "[bold]"}
    memory = {"files": 0, "tokens": 0, "parts": []}
    answer = {"tokens": 3, "budget": 9, "stable_prefix_tokens": 0, "chunks": [chunk], "memory": memory}
    Terminal().show_window(answer | {"partial": None, "dropped": [left_out]})
    Terminal().show_report({"checks": [{"name": "git", "ok": True, "detail": "/[red]/git"}], "plan": None, "notes": []})
    entry = {"workspace": "/[red]/w", "branch": "[b]", "tokens": 1, "bytes": 0, "used": "now", "problem": ""}
    broken = {"file": "[dim].kv", "problem": "cut off", "bytes": 0}
    Terminal().show_cache({"bytes": 0, "limit_bytes": 0, "folder": "/[red]/kv", "entries": [entry, broken]})
    out = "".join(capsys.readouterr().out.split())
    for name in (
        "[slug]/[red]/page",
        "[b]",
        "[red]/x",
        "[bold]",
        "ok git /[red]/git",
        "/[red]/w",
        "[dim].kv",
        "/[red]/kv",
    ):
        assert name.replace(" ", "") in out, name


@pytest.mark.parametrize(
    "sign", ["\x1b[31m", "\x07", "\x7f", "\x9b31m", "\u202e", "\u2066", "\u2069", "a\rb"], ids=ascii
)
def test_no_text_steers_the_terminal_or_turns_its_writing(sign: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither drawn nor plain, on stdout or stderr; as JSON it is what it was."""
    chunk = {"kind": "current", "path": sign, "start": 1, "end": 2, "tokens": 3, "reason": sign}
    window = {"tokens": 3, "budget": 9, "stable_prefix_tokens": 0, "chunks": [chunk], "partial": [sign], "dropped": []}
    window["memory"] = {"files": 1, "tokens": 0, "parts": [{"package": sign, "kind": "", "files": 1, "tokens": 1}]}
    Terminal().show_window(window)
    Terminal().show_markdown(f"# {sign}\n\n- `{sign}` {sign}\n")
    say(sign)
    tell_error(IQuestError(sign), Form.TEXT)
    emit(Form.JSON, {"path": sign}, lambda terminal: None)
    told = capsys.readouterr()
    steering = {char for char in told.out + told.err if char != "\n" and not char.isprintable()}
    assert steering == set()
    assert json.loads(told.out[told.out.rindex("{") :]) == {"path": sign}


def test_what_is_escaped_is_not_cut(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal().show_markdown("- " + "\u202e " * 40 + "the end")
    assert "the end" in " ".join(capsys.readouterr().out.split())
