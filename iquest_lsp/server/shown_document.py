"""Showing a longer text in an editor: as a document where it can, else as a message."""

from __future__ import annotations

import contextlib

from lsprotocol import types
from platformdirs import user_state_path

from iquest_lsp.atomic_file import atomic_write
from iquest_lsp.errors import WorkspaceError
from iquest_lsp.server.client import Client
from iquest_lsp.server.protocol import ClientError

MAX_MESSAGE = 600


async def show_markdown(client: Client, name: str, text: str) -> None:
    """Shows a markdown text; `name` tells its kind, of which the newest is kept in the user's state folder."""
    window = client.client_capabilities.window
    can = window.show_document if window is not None else None
    if can is not None and can.support:
        folder = user_state_path("iquest-lsp") / "shown"
        file = folder / f"{name}.md"
        try:
            atomic_write(file, text)
        except OSError as error:
            raise WorkspaceError(f"Cannot write {file}", why=error.strerror or str(error)) from error
        with contextlib.suppress(ClientError):
            shown = await client.window_show_document_async(types.ShowDocumentParams(file.as_uri(), take_focus=True))
            if shown.success:
                return
    short = text if len(text) <= MAX_MESSAGE else text[:MAX_MESSAGE].rsplit("\n", 1)[0] + "\n…"
    client.window_show_message(types.ShowMessageParams(types.MessageType.Info, short))
