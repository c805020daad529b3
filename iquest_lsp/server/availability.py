"""Features are announced to a client while they have something to give: completions while there is a model, hover and
code lenses while the settings want them.

A client that registers features dynamically is told of each change. Any other one is told at the start, once and for
all: of completions always, of the optional features when they are set by then.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from lsprotocol import types

from iquest_lsp.runtime.base.engine import EngineState, EngineStatus
from iquest_lsp.server.client import Client
from iquest_lsp.server.protocol import ClientError
from iquest_lsp.settings import Settings

log = logging.getLogger(__name__)

_GONE = (EngineState.FAILED, EngineState.STOPPED)
_COMPLETIONS = {
    types.TEXT_DOCUMENT_INLINE_COMPLETION: "inline_completion",
    types.TEXT_DOCUMENT_COMPLETION: "completion",
}
_OPTIONAL: dict[str, tuple[str, Callable[[Settings], bool]]] = {
    types.TEXT_DOCUMENT_HOVER: ("hover", lambda settings: settings.hover),
    types.TEXT_DOCUMENT_CODE_LENS: ("code_lens", lambda settings: settings.code_lens),
}


class Availability:
    """Follows the engine and the settings for one client."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._dynamic: set[str] = set()
        self._announced: set[str] = set()
        self._has_model = False
        self._started = False
        self._work: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] | None = None

    def hold_back(self) -> None:
        """Before the server's capabilities are told: takes those out that are announced later, or not at all."""
        held = []
        for method, name in [*_COMPLETIONS.items(), *((method, name) for method, (name, _) in _OPTIONAL.items())]:
            if self._is_dynamic(name):
                self._dynamic.add(method)
            elif method in _COMPLETIONS or self._is_wished(method):
                continue
            held.append(method)
        self._client.protocol.withhold(held)

    def start(self) -> None:
        """After it: features are announced as soon as they have something to give."""
        if self._dynamic and not self._started:
            self._started = True
            self._unsubscribe = self._client.assistant.engine.on_status(self._engine_changed)
            self._engine_changed(self._client.assistant.engine.status)

    def renew(self) -> None:
        """The settings changed."""
        if self._started and (self._work is None or self._work.done()) and self._wanted() != self._announced:
            self._work = asyncio.create_task(self._follow())

    def stop(self) -> None:
        """The client is gone."""
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._work is not None:
            self._work.cancel()

    def _is_dynamic(self, name: str) -> bool:
        theirs = getattr(self._client.client_capabilities.text_document, name, None)
        return theirs is not None and theirs.dynamic_registration is True

    def _engine_changed(self, status: EngineStatus) -> None:
        if status.state in (EngineState.READY, EngineState.BUSY):
            self._has_model = True
        elif status.state in _GONE:
            self._has_model = False
        self.renew()

    def _wanted(self) -> set[str]:
        found = set(_COMPLETIONS) if self._has_model else set()
        return (found | {method for method in _OPTIONAL if self._is_wished(method)}) & self._dynamic

    def _is_wished(self, method: str) -> bool:
        """Whether the settings want an optional feature in one of the client's workspaces at least."""
        settings_of = self._client.session.settings_of
        return any(_OPTIONAL[method][1](settings_of(root)) for root in (None, *self._client.roots))

    async def _follow(self) -> None:
        """One announcement at a time, until the client knows what is the case."""
        while (wanted := self._wanted()) != self._announced:
            more, less = wanted - self._announced, self._announced - wanted
            new = [types.Registration(_id(method), method, self._options(method)) for method in more]
            old = [types.Unregistration(_id(method), method) for method in less]
            try:
                if old:
                    await self._client.client_unregister_capability_async(types.UnregistrationParams(old))
                if new:
                    await self._client.client_register_capability_async(types.RegistrationParams(new))
            except ClientError as error:
                log.warning("the client does not follow what is available: %s", error)
            self._announced = wanted

    def _options(self, method: str) -> dict[str, Any]:
        return {"documentSelector": None, **self._client.protocol.options_of(method)}


def _id(method: str) -> str:
    return f"iquest {method}"
