"""Ids of commits that a text cites, and those of them that no commit has."""

from __future__ import annotations

import re
from collections.abc import Iterable

from iquest_lsp.codeflow.git.repository import Repository

_CITATION = re.compile(r"(?<![\w./-])(?=[0-9a-f]*\d)([0-9a-f]{7,40})(?![\w-])")


def cited(text: str) -> list[str]:
    """The commit ids that a text names, in order, once each."""
    return list(dict.fromkeys(match[1] for match in _CITATION.finditer(text) if not match[1].isdigit()))


def unknown_commits(repository: Repository, ids: Iterable[str]) -> list[str]:
    """Those of some ids that name no commit of the repository."""
    return [oid for oid in ids if cited(oid) and not repository.has(oid)]
