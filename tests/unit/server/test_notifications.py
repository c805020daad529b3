from __future__ import annotations

from typing import Any

import pytest

from iquest_lsp.server.notifications import ANSWERED, CHANGE_STATUS, STATUS, known_notifications


@pytest.mark.parametrize(
    ("experimental", "options", "known"),
    [
        (None, None, set()),
        ({"iquest": {"status": True, "answers": True}}, {}, {STATUS, ANSWERED}),
        ({"iquest": {"status": "yes", "didChangeStatus": 1}}, {}, set()),
        ({}, {"notifications": ["didChangeStatus", "other", 7]}, {CHANGE_STATUS}),
        ({}, {"notifications": "didChangeStatus"}, set()),
        ({}, {"editorPluginInfo": {"name": "x"}}, {CHANGE_STATUS}),
        ({}, {"editorInfo": "x"}, set()),
        ("nonsense", ["nonsense"], set()),
    ],
)
def test_a_client_is_sent_what_it_says_it_knows(experimental: Any, options: Any, known: set[str]) -> None:
    assert known_notifications(experimental, options) == known
