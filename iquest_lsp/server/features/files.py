"""Files that an editor makes, renames and deletes."""

from __future__ import annotations

from lsprotocol import types

from iquest_lsp.server import convert
from iquest_lsp.server.connection import Connection

_EVERYTHING = types.FileOperationRegistrationOptions(
    [types.FileOperationFilter(types.FileOperationPattern("**/*"), scheme="file")]
)


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(types.WORKSPACE_DID_CREATE_FILES, _EVERYTHING)
    def created(params: types.CreateFilesParams) -> None:
        connection.assistant.workspaces.files_changed(convert.files_of(item.uri for item in params.files))

    @connection.feature(types.WORKSPACE_DID_DELETE_FILES, _EVERYTHING)
    def deleted(params: types.DeleteFilesParams) -> None:
        connection.session.buffers.gone(convert.files_of(item.uri for item in params.files))

    @connection.feature(types.WORKSPACE_DID_RENAME_FILES, _EVERYTHING)
    def renamed(params: types.RenameFilesParams) -> None:
        old = convert.files_of(item.old_uri for item in params.files)
        new = convert.files_of(item.new_uri for item in params.files)
        connection.session.buffers.gone(old, made=new)  # a chain, or a swap: a name is both
        connection.assistant.workspaces.files_changed(new)
