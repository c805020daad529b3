"""Settings from the editor, at the start and while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lsprotocol import types

from iquest_lsp.server import convert

if TYPE_CHECKING:
    from iquest_lsp.server.app import Connection

SECTION = "iquest"


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    def configuration_changed(params: types.DidChangeConfigurationParams) -> None:
        values = editor_settings(params.settings)
        if values:
            for problem in connection.assistant.configure(values, connection.client):
                connection.tell(str(problem), types.MessageType.Warning)


def editor_settings(value: Any) -> Mapping[str, object]:
    """The table of our settings in what an editor sent, whether under our section's name or bare."""
    table = convert.plain(value)
    inner = table.get(SECTION)
    return inner if isinstance(inner, dict) else table

