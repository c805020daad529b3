"""Settings from the editor, at the start and while it runs: pushed, or pulled where it only says that they changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from lsprotocol import types

from iquest_lsp.server import convert
from iquest_lsp.server.connection import Connection
from iquest_lsp.server.notifications import NO_SETTINGS
from iquest_lsp.server.protocol import ClientError
from iquest_lsp.settings import Settings, in_snake_case

log = logging.getLogger(__name__)

SECTION = "iquest"
PATIENCE_S = 10.0


def register(connection: Connection) -> None:
    """Registers the handlers."""

    pulling = _Pulling(connection)

    @connection.feature(types.WORKSPACE_DID_CHANGE_CONFIGURATION)
    async def configuration_changed(params: types.DidChangeConfigurationParams) -> None:
        values = pushed_settings(params.settings)
        if values is not None:
            _take(connection, values)
        else:
            await pulling.pull()


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
    except ClientError as error:
        log.debug("the client does not tell when its settings change: %s", error)


def editor_settings(value: Any) -> Mapping[str, object]:
    """The table of our settings in what an editor sent: under our section's name, with it as a prefix, or bare."""
    table = convert.plain(value)
    inner = table.get(SECTION, table)
    if not isinstance(inner, dict):
        return {}
    return {key.removeprefix(f"{SECTION}."): given for key, given in inner.items() if key not in NO_SETTINGS}


def pushed_settings(value: Any) -> Mapping[str, object] | None:
    """The same of what an editor sends when settings changed; None where nothing in it is ours.

    Some editors send the sections of all servers to each of them.
    """
    table = convert.plain(value)
    if isinstance(table.get(SECTION), dict):
        return _for_server(editor_settings(table))
    named = {key: given for key, given in table.items() if key.startswith(f"{SECTION}.")}
    known = {item.name for item in fields(Settings)}
    if not named and not any(in_snake_case(key) in known for key in table):
        return None
    return _for_server(editor_settings(named or table))


def _for_server(values: Mapping[str, object]) -> Mapping[str, object]:
    """Without what belongs to the extension itself."""
    return {key: given for key, given in values.items() if key.partition(".")[0] not in ("server", "trace")}


def _take(connection: Connection, values: Mapping[str, object]) -> None:
    connection.settings_changed(connection.session.configure(values, whole=True))


class _Pulling:
    """Asks a client for its settings, one question at a time: of many changes meanwhile the last one counts."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._is_asking = False
        self._has_changed = False

    async def pull(self) -> None:
        """Brings the settings up to date; returns at once where that is being done."""
        self._has_changed = True
        if self._is_asking:
            return
        self._is_asking = True
        try:
            while self._has_changed:
                self._has_changed = False
                values = await _pulled(self._connection)
                if values is not None and not self._has_changed:
                    _take(self._connection, values)
        finally:
            self._is_asking = False


async def _pulled(connection: Connection) -> Mapping[str, object] | None:
    """The settings that the client gives when asked, None from a client that cannot be asked."""
    workspace = connection.client_capabilities.workspace
    if workspace is None or not workspace.configuration:
        return None
    asked = types.ConfigurationParams([types.ConfigurationItem(section=SECTION)])
    try:
        found = await asyncio.wait_for(connection.workspace_configuration_async(asked), PATIENCE_S)
    except (ClientError, TimeoutError) as error:
        log.debug("the client gives no settings: %s", error)
        return None
    return _for_server(convert.plain(found[0])) if found else None
