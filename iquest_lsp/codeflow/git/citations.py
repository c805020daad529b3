"""Prose about a history, freed of statements that cite commits which do not exist."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from iquest_lsp.codeflow.git.repository import Repository

_CITATION = re.compile(r"(?<![\w./-])(?=[0-9a-f]*\d)([0-9a-f]{7,40})(?![\w-])")
# A statement ends with its sentence or its line; what follows the mark belongs to the next.
_STATEMENT = re.compile(r"[^\n]*?(?:[.!?。！？](?=\s|$)|\n|$)", re.DOTALL)


def cited(text: str) -> list[str]:
    """The commit ids that a text names, in order, once each."""
    return list(dict.fromkeys(match[1] for match in _CITATION.finditer(text) if not match[1].isdigit()))


def without_false_citations(root: Path, text: str) -> tuple[str, list[str]]:
    """The text without sentences that cite commits unknown to the repository, and the ids that were wrong."""
    repository = Repository.open(root)
    wrong = [oid for oid in cited(text) if not repository.has(oid)]
    if not wrong:
        return text, []
    kept = [match[0] for match in _STATEMENT.finditer(text) if not set(cited(match[0])) & set(wrong)]
    return "".join(kept).strip(), wrong


def unknown_commits(root: Path, ids: Iterable[str]) -> list[str]:
    """Those of some ids that name no commit of the repository."""
    repository = Repository.open(root)
    return [oid for oid in ids if cited(oid) and not repository.has(oid)]
