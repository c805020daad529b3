"""Settings from the editor, at the start and while it runs: pushed, or pulled where it only says that they changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException

from iquest_lsp.server import convert

if TYPE_CHECKING:
    from iquest_lsp.server.app import Connection

log = logging.getLogger(__name__)

SECTION = "iquest"
PATIENCE_S = 10.0


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configuration_changed(params: types.DidChangeConfigurationParams) -> None:
        values = editor_settings(params.settings) or await _pulled(connection)
        if values:
            connection.settings_changed(connection.assistant.configure(values, connection.client))


async def follow(connection: Connection) -> None:
    """Asks a client that wants to be asked so to tell when its settings change."""
    workspace = connection.client_capabilities.workspace
    theirs = workspace.did_change_configuration if workspace is not None else None
    if theirs is None or not theirs.dynamic_registration:
        return
    method = types.WORKSPACE_DID_CHANGE_CONFIGURATION
    registration = types.Registration(f"iquest {method}", method, {"section": SECTION})
    try:
        await connection.client_register_capability_async(types.RegistrationParams([registration]))
    except JsonRpcException as error:
        log.debug("the client does not tell when its settings change: %s", error)


def editor_settings(value: Any) -> Mapping[str, object]:
    """The table of our settings in what an editor sent: under our section's name, with it as a prefix, or bare."""
    table = convert.plain(value)
    inner = table.get(SECTION, table)
    return {key.removeprefix(f"{SECTION}."): given for key, given in inner.items()} if isinstance(inner, dict) else {}


async def _pulled(connection: Connection) -> Mapping[str, object]:
    """The settings that the client gives when asked, none from a client that cannot be asked."""
    workspace = connection.client_capabilities.workspace
    if workspace is None or not workspace.configuration:
        return {}
    asked = types.ConfigurationParams([types.ConfigurationItem(section=SECTION)])
    try:
        found = await asyncio.wait_for(connection.workspace_configuration_async(asked), PATIENCE_S)
    except (JsonRpcException, TimeoutError) as error:
        log.debug("the client gives no settings: %s", error)
        return {}
    return convert.plain(found[0]) if found else {}
