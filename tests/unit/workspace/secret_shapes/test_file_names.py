"""Files that are taken for secrets by their names."""

from __future__ import annotations

import pytest

from iquest_lsp.workspace.secret_shapes.file_names import secret_by_name


@pytest.mark.parametrize(
    "path",
    [".env", "a/.ENV", "b/id_rsa", "c/.ssh/config", ".aws/credentials", "x.kubeconfig", "service-account-1.json"],
)
def test_a_secret_is_told_by_its_name(path: str) -> None:
    assert secret_by_name(path)


@pytest.mark.parametrize(
    "path",
    ["", "a.py", "secrets.py", "credentials.ts", ".env.example", "id_rsa.pub", "env", "ssh/config"],
)
def test_what_only_deals_in_secrets_is_none(path: str) -> None:
    assert secret_by_name(path) == ""


def test_the_folder_is_told() -> None:
    assert secret_by_name("home/.gnupg/a.txt") == "lies in .gnupg"
