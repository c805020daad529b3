"""Workspace folders, files changed outside the editor, and the life of the connection."""

from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from iquest_lsp.server import convert
from iquest_lsp.server.connection import Connection
from iquest_lsp.server.features import configuration
from iquest_lsp.server.features.configuration import editor_settings
from iquest_lsp.server.notifications import known_notifications
from iquest_lsp.server.progress import tell_rule_problems
from iquest_lsp.workspace.paths import is_folder


def register(connection: Connection) -> None:
    """Registers the handlers."""

    @connection.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        if connection.editor is not None:
            connection.editor.watch(params.process_id)
        options, experimental = params.initialization_options, params.capabilities.experimental
        connection.listens_to = known_notifications(experimental, options)
        connection.roots = _roots(params)
        problems = connection.session.configure(editor_settings(options))
        connection.notices += [str(problem) for problem in problems]
        connection.availability.hold_back()

    @connection.feature(types.INITIALIZED)
    async def initialized(params: types.InitializedParams) -> None:
        if connection.is_listening:
            return  # said once more
        connection.is_listening = True
        connection.reporter.start()
        connection.availability.start()
        connection.indexing.start()
        roots = [connection.session.add_workspace(root).root for root in connection.roots]
        connection.roots = list(dict.fromkeys(roots))  # one that is reached through a link is known by another name
        for root in connection.roots:
            tell_rule_problems(connection, root)
        problems = connection.session.configure({})  # the workspaces' own files among them
        for notice in [*connection.notices, *map(str, problems)]:
            connection.tell(notice, types.MessageType.Warning)
        connection.assistant.engine.start()
        await configuration.follow(connection)

    @connection.feature(types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS)
    def folders_changed(params: types.DidChangeWorkspaceFoldersParams) -> None:
        for root in convert.files_of(folder.uri for folder in params.event.removed):
            gone = connection.session.remove_workspace(root)
            connection.roots = [each for each in connection.roots if each not in (root, gone)]
        for root in convert.files_of(folder.uri for folder in params.event.added):
            if is_folder(root) and root not in connection.roots:
                opened = connection.session.add_workspace(root).root
                if opened not in connection.roots:
                    connection.roots.append(opened)
                tell_rule_problems(connection, opened)
        connection.settings_changed(connection.session.configure({}))  # the new folders' own files

    @connection.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def files_changed(params: types.DidChangeWatchedFilesParams) -> None:
        connection.assistant.workspaces.files_changed(convert.files_of(change.uri for change in params.changes))


def _roots(params: types.InitializeParams) -> list[Path]:
    uris = [folder.uri for folder in params.workspace_folders or []]
    if not uris and params.root_uri:
        uris = [params.root_uri]
    roots = convert.files_of(uris)
    if not roots and params.root_path:
        roots.append(Path(params.root_path))
    return [root for root in roots if root.is_absolute() and is_folder(root)]
