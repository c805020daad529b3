"""The model's process: loaded in the background, watched, and loaded again when the settings or its file change."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable

from iquest_lsp.context.misfits import misfits
from iquest_lsp.context.prompt import PromptFormat
from iquest_lsp.datatypes import ModelInfo
from iquest_lsp.engines import engine_options, remote_options, without_secrets
from iquest_lsp.errors import EngineError, IQuestError, ModelError
from iquest_lsp.runtime.base.engine import EngineMetrics, EngineStatus
from iquest_lsp.runtime.client.process import ProcessEngine
from iquest_lsp.runtime.client.scheduler import Scheduler
from iquest_lsp.runtime.client.switch import EngineSwitch
from iquest_lsp.settings import Settings, SettingsProblem, in_snake_case

log = logging.getLogger(__name__)

#: What the model's process is started with (see engines.engine_options).
ENGINE_SETTINGS = frozenset(
    {
        "engine",
        "model",
        "draft_model",
        "window_tokens",
        "threads",
        "gpu_layers",
        "main_gpu",
        "tensor_split",
        "experts",
        "kv_type",
        "saved_kv_mb",
    }
)


class EngineHost:
    """One model for all clients, and who may use it when.

    `switch` is the engine that requests go to, the local one or a server's; `scheduler` lets them in. `settings` gives
    those of the server itself, which the one engine follows.
    """

    def __init__(self, settings: Callable[[], Settings], engine: ProcessEngine | None = None) -> None:
        self._local = engine if engine is not None else ProcessEngine(lambda: engine_options(settings()))
        self.switch = EngineSwitch(self._local, lambda: remote_options(settings()), without_secrets)
        self.scheduler = Scheduler(self.switch)
        self._starting: asyncio.Task[None] | None = None
        self._reloading: asyncio.Task[None] | None = None
        self._following: asyncio.Task[None] | None = None
        #: The notes on a loaded model, which is asked for with each of its states.
        self._noted: tuple[ModelInfo, tuple[str, ...]] | None = None

    @property
    def status(self) -> EngineStatus:
        """What the engine is doing."""
        return self.switch.status

    @property
    def model(self) -> ModelInfo | None:
        """The loaded model."""
        return self.switch.info

    @property
    def prompt_style(self) -> str:
        """What the loaded model is asked to do with the text around the cursor; "" while none is loaded."""
        info = self.model
        if info is None:
            return ""
        try:
            return PromptFormat.detect(info.metadata, info.special_tokens).style
        except ModelError as error:
            return str(error)

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know of the loaded model: formats that do not fit, a window that was cut."""
        info = self.model
        if info is None:
            return ()
        if self._noted is None or self._noted[0] is not info:
            try:
                found = misfits(info.metadata, info.special_tokens)
            except ModelError:
                found = ()  # the prompt's style says why it cannot complete
            self._noted = info, (*found, *info.notes)
        return self._noted[1]

    @property
    def pid(self) -> int | None:
        """The process that runs the model, while there is one."""
        return self._local.pid

    def on_status(self, listener: Callable[[EngineStatus], None]) -> Callable[[], None]:
        """Follows the engine's state until what this returns is called."""
        return self.switch.on_status(listener)

    async def metrics(self) -> EngineMetrics:
        """What the engine has evaluated so far, and what it holds."""
        return await self.switch.metrics()

    # ------------------------------------------------------------------------------------------------- loading

    def start(self) -> None:
        """Begins to load the model in the background; its errors are told through the status."""
        if self._starting is None or self._starting.done():
            self._starting = asyncio.create_task(self._start_quietly())

    async def ready(self) -> ModelInfo:
        """Waits for the model; raises why it could not be loaded."""
        return await self.switch.start()

    async def reload(self) -> None:
        """Loads the model that the settings name now; what the old one is doing has some seconds to end."""
        if self._reloading is None or self._reloading.done():
            self._reloading = asyncio.create_task(self._reload())
        await asyncio.shield(self._reloading)

    def stop_loading(self) -> None:
        """Gives up loading the model, for all clients, until it is asked for again."""
        self._local.stop_loading()

    def follow_settings(self, changed: frozenset[str] | None = None) -> list[SettingsProblem]:
        """Loads the model again where the settings ask for it; a model that there is not leaves the one that runs.

        `changed` are the names of the settings that may have changed, None for any.
        """
        if changed is not None and not any(in_snake_case(key) in ENGINE_SETTINGS for key in changed):
            return []
        try:
            if not self._local.is_outdated():
                return []
        except ModelError as error:
            return [SettingsProblem("editor", "model", str(error))] if self._local.info is not None else []
        if self._following is None or self._following.done():
            self._following = asyncio.create_task(self._follow_when_loaded())
        return []

    def stop_background_work(self) -> None:
        """Loads nothing any more; the engine still answers."""
        for task in (self._starting, self._reloading, self._following):
            if task is not None:
                task.cancel()

    async def close(self) -> None:
        """Ends the engine."""
        self.stop_background_work()
        await self.switch.close()

    # -------------------------------------------------------------------------------------------------- health

    def silence_s(self, since: float) -> float:
        """How long the engine has owed an answer without a sign of life, from a time of the monotonic clock on."""
        return self._local.silence_s(since)

    def file_changed(self) -> bool:
        """Whether the file of the loaded model is another one by now."""
        return self._local.file_changed()

    async def recycle(self, why: EngineError) -> None:
        """Starts the engine's process again, for the reason given."""
        await self._local.recycle(why)

    # ----------------------------------------------------------------------------------------------- internals

    async def _start_quietly(self) -> None:
        try:
            await self.switch.start()
        except Exception as error:  # noqa: BLE001  the status carries it to every client
            log.info("the model was not loaded: %s", error)

    async def _reload(self) -> None:
        await self.recycle(EngineError("The model that the settings name is being loaded"))
        self._local.forget_failure()
        self.start()

    async def _follow_when_loaded(self) -> None:
        """A load under way ends first; meanwhile the settings may have changed again."""
        with contextlib.suppress(IQuestError):
            await self._local.start()
        with contextlib.suppress(ModelError):
            if self._local.is_outdated():
                await self.reload()
