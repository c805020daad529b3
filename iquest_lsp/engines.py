"""Which engines the settings name: the local one for completions, and a server beside it."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from typing import Any

from iquest_lsp.context.prompt import CHATS, FAMILIES
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.kv.store import saved_kv_folder
from iquest_lsp.runtime.models import catalogue
from iquest_lsp.runtime.models.planner import ANSWER_ROOM, CPU_WINDOW
from iquest_lsp.runtime.remote.engine import RemoteOptions
from iquest_lsp.settings import Settings
from iquest_lsp.workspace.secret_scan import find_secrets, redact


def engine_options(settings: Settings) -> EngineOptions:
    """How the local engine is started for these settings; raises ModelError when there is no such model."""
    saving: dict[str, Any] = {"state_folder": str(saved_kv_folder()), "state_limit": settings.saved_kv_mb << 20}
    if settings.engine == "fake":
        window = settings.window_tokens or CPU_WINDOW
        cells = window + ANSWER_ROOM
        return EngineOptions("fake", window_tokens=window, context_tokens=cells, fake=_fake_options(), **saving)
    return replace(
        device_options(settings),
        model_path=str(catalogue.resolve(settings.model)),
        draft_model=settings.draft_model,
        plan=True,
        window_tokens=settings.window_tokens,
        threads=settings.threads,
        kv_type=settings.kv_type,
        **saving,
    )


def device_options(settings: Settings) -> EngineOptions:
    """Where the settings put a model's layers, and nothing else."""
    return EngineOptions(
        gpu_layers=settings.gpu_layers,
        main_gpu=settings.main_gpu,
        tensor_split=tuple(float(share) for share in settings.tensor_split.split(",") if share),
        experts=settings.experts,
    )


def remote_options(settings: Settings) -> RemoteOptions | None:
    """The server that completes instead of the local model, None for none."""
    if not settings.remote:
        return None
    return RemoteOptions(
        url=settings.remote,
        model=settings.remote_model,
        key_variable=settings.remote_key,
        window=settings.window_tokens or CPU_WINDOW,
        families=tuple(family.named for family in FAMILIES),
        chats=tuple(chat.controls for chat in CHATS if chat.controls),
    )


def without_secrets(text: str) -> str:
    """A text as it may leave this machine; a second look, since what holds a secret does not enter the window."""
    return redact(text, find_secrets(text))


def _fake_options() -> dict[str, object]:
    """Options of the fake engine, from the environment variable IQUEST_LSP_FAKE (JSON), for tests."""
    value = json.loads(os.environ.get("IQUEST_LSP_FAKE", "{}"))
    return value if isinstance(value, dict) else {}
