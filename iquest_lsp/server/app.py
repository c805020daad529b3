"""The language server of one connection: which features it has."""

from __future__ import annotations

from collections.abc import Callable

from iquest_lsp.assistant import Assistant
from iquest_lsp.server.connection import Connection
from iquest_lsp.server.features import (
    acceptance,
    actions,
    ask,
    completion,
    configuration,
    context,
    documents,
    explain,
    files,
    folders,
    models,
    next_edit,
    stories,
    why,
)

FEATURES = (
    documents,
    completion,
    acceptance,
    folders,
    files,
    configuration,
    explain,
    ask,
    why,
    context,
    models,
    actions,
    stories,
    next_edit,
)


def connect(assistant: Assistant, notice: str = "", editor_gone: Callable[[], None] | None = None) -> Connection:
    """A connection with all features; see Connection."""
    connection = Connection(assistant, notice, editor_gone)
    for feature in FEATURES:
        feature.register(connection)
    return connection
