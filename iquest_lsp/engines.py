"""Which engines the settings name, beside the local one for completions."""

from __future__ import annotations

from iquest_lsp.context.prompt import CHATS, FAMILIES
from iquest_lsp.runtime.models.planner import CPU_WINDOW
from iquest_lsp.runtime.remote.engine import RemoteOptions
from iquest_lsp.settings import Settings
from iquest_lsp.workspace.secret_scan import find_secrets, redact


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
