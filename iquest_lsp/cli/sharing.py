"""Work that needs the model: asked of the daemon, whose model is shared, or done here with a model of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

from iquest_lsp.cli.command import log_unless_told, waits_for_a_model
from iquest_lsp.cli.output import tell
from iquest_lsp.errors import IQuestError

if TYPE_CHECKING:
    from iquest_lsp.assistant import Assistant
    from iquest_lsp.daemon.client import DaemonClient
    from iquest_lsp.settings import Configuration

T = TypeVar("T")


def with_model(
    configuration: Configuration,
    work: Callable[[Assistant], Coroutine[Any, Any, T]],
    ask: Callable[[DaemonClient], T] | None,
) -> T:
    """Asks the daemon; where there can be none, or `ask` is None, the `work` is done here. Raises IQuestError."""
    from iquest_lsp.daemon.client import joined, require_model
    from iquest_lsp.errors import DaemonError

    waits_for_a_model()
    require_model(configuration.settings()[0])
    if ask is None:
        return _alone(configuration, work)
    with contextlib.ExitStack() as stack:
        try:
            client = stack.enter_context(joined(configuration.overrides))
        except DaemonError as error:
            tell(f"warning: {error}")
            return _alone(configuration, work)
        failure = ""
        try:
            return ask(client)
        except IQuestError as error:
            failure = str(error)
            raise
        finally:
            for message in client.messages:
                if message != failure:
                    tell(f"warning: {message}")


def answered(result: object) -> dict[str, Any]:
    """A result that is an object, as all of ours are."""
    if not isinstance(result, dict):
        raise IQuestError("The daemon's answer cannot be read", fix="Run `iquest-lsp daemon stop`")
    return result


def _alone(configuration: Configuration, work: Callable[[Assistant], Coroutine[Any, Any, T]]) -> T:
    import asyncio

    from iquest_lsp.assistant import Assistant

    log_unless_told("error")

    async def run() -> T:
        assistant = Assistant(configuration, watch=False)
        try:
            return await work(assistant)
        finally:
            await assistant.close()

    return asyncio.run(run())
