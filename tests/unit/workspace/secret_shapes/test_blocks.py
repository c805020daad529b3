"""Values in the blocks of Kubernetes' secrets."""

from __future__ import annotations

import pytest

from iquest_lsp.workspace.secret_shapes.blocks import kubernetes_values


def values(text: str) -> list[str]:
    return [text[start:end] for start, end in kubernetes_values(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("kind: Secret\ndata:\n  key: YWJjZA==\n  other: ZWZnaA==\n", ["YWJjZA==", "ZWZnaA=="]),
        ("kind: Secret\r\nstringData:\r\n  key: plain\r\n", ["plain"]),
        ("kind: ConfigMap\ndata:\n  key: value\n", []),
        ("kind: Secret\nmetadata:\n  name: value\n", []),
    ],
)
def test_values_of_secrets_are_found(text: str, expected: list[str]) -> None:
    assert values(text) == expected
