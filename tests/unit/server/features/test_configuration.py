"""Settings as editors push them: ours are found, those of other servers are no business of ours."""

from __future__ import annotations

import pytest

from iquest_lsp.server.features.configuration import pushed_settings


@pytest.mark.parametrize(
    ("sent", "ours"),
    [
        ({"iquest": {"enable": False}}, {"enable": False}),
        ({"iquest": {}}, {}),
        ({"iquest": {"enable": False, "server": {"path": "x"}, "trace": {"server": "off"}}}, {"enable": False}),
        ({"iquest.maxTokens": 9, "pylsp.plugins": {}}, {"maxTokens": 9}),
        ({"pylsp": {"plugins": {}}, "iquest": {"hover": True}, "gopls": {}}, {"hover": True}),
        ({"maxTokens": 9}, {"maxTokens": 9}),
        ({"pylsp": {"plugins": {}}}, None),
        ({"gopls": {"enable": True}}, None),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
def test_only_our_section_counts(sent: object, ours: object) -> None:
    assert pushed_settings(sent) == ours
