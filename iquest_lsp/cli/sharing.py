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
    from iquest_lsp.errors import DaemonError
    from iquest_lsp.runtime.models import catalogue

    waits_for_a_model()
    settings = configuration.settings()[0]
    if settings.engine != "fake" and not settings.remote:
        catalogue.resolve(settings.model)  # a model that does not exist is no reason to start a daemon
    if ask is None:
        return _alone(configuration, work)
    from iquest_lsp.daemon.client import joined

    given = configuration.overrides
    chosen = {key: value for key, value in given.items() if key in ("engine", "model")}
    with contextlib.ExitStack() as stack:
        try:
            own = {key: value for key, value in given.items() if key not in chosen}
            client = stack.enter_context(joined(chosen, own))
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
