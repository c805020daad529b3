"""What is not in the window is told by its kind, whatever the words are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from iquest_lsp.dropped import DropKind
from iquest_lsp.mcp_server.window import answer


def window(*dropped: tuple[str, DropKind, str, str]) -> dict[str, Any]:
    return {
        "chunks": [{"kind": "current", "path": "cart.py", "start": 1, "end": 9, "tokens": 40, "reason": "here"}],
        "dropped": [{"path": path, "reason": reason} for path, _, reason, _ in dropped],
        "kinds": [{"kind": kind.value, "wanted_for": wanted} for _, kind, _, wanted in dropped],
        "partial": None,
    }


@pytest.mark.parametrize("words", ["secret by name: *.pem", "over the budget (zorp)", "zorp (zorp)"])
def test_words_do_not_decide_what_is_withheld(words: str) -> None:
    told = answer(
        Path("/shop"),
        "",
        "cart.py:3",
        window(
            ("key.pem", DropKind.SECRET_NAME, words, ""),
            ("token.py", DropKind.SECRET_CONTENT, words, ""),
            ("tax.py", DropKind.BUDGET_LINES, words, "imports cart.py (twice)"),
            ("tax.py", DropKind.BUDGET, words, "imports cart.py"),
            ("old.py", DropKind.BUDGET_REPLACED, words, ""),
            ("cart.py", DropKind.BUDGET, words, "shown anyway"),
            ("cart.lock", DropKind.GENERATED_NAME, words, ""),
        ),
        [],
    ).json
    assert told["withheld"] == [{"path": "key.pem", "reason": words}, {"path": "token.py", "reason": words}]
    assert told["more"] == [
        {"path": "tax.py", "reason": "imports cart.py (twice)"},
        {"path": "old.py", "reason": words},
    ]
