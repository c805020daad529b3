"""Which workspaces are open, for whom, and with which settings."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from iquest_lsp.datatypes import Document
from iquest_lsp.project.events import EventKind, ProjectEvent
from iquest_lsp.project.project import Project
from iquest_lsp.project.roots import is_marked, root_of
from iquest_lsp.project.view import ProjectView
from iquest_lsp.runtime.base.broadcast import Broadcast
from iquest_lsp.settings import Configuration, Settings, SettingsProblem
from iquest_lsp.workspace.paths import identity, real_path

log = logging.getLogger(__name__)

LINGER_S = 60.0  # how long a workspace stays that nobody has open


class Workspaces:
    """The open projects, each kept while a client has it open and for a while after that.

    `configuration` holds everybody's settings, `settings` are those of the server itself. `events` tells what projects
    do in the background, `closed` of each root that was closed, `changed` of settings that may be other ones. `watch`
    is Project's.
    """

    def __init__(self, configuration: Configuration, *, watch: bool = True) -> None:
        self.configuration = configuration
        self._watch = watch
        self.settings, _ = configuration.settings()
        self.events = Broadcast[ProjectEvent]()
        self.closed = Broadcast[Path]()
        self.changed = Broadcast[Settings]()
        self._projects: dict[Path, Project] = {}
        self._holders: dict[Path, set[str]] = {}
        self._opened: set[tuple[Path, str]] = set()  # the workspaces that clients opened, not only files in them
        self._settings_of: dict[tuple[Path, str], Settings] = {}

    @property
    def roots(self) -> list[Path]:
        """Where the open workspaces lie."""
        return [*self._projects]

    # ------------------------------------------------------------------------------------------- open and close

    def add(self, root: Path, client: str) -> Project:
        """Opens a workspace; opening it again changes nothing. Buffers that belong to it now move into it."""
        project = self._hold(root.absolute(), client)
        self._opened.add((project.root, client))
        project.widen()
        for other in [*self._projects.values()]:
            for owner, document in other.documents.buffers():
                if self.find(other.root / document.path) is project is not other:
                    _move(document, owner, other, project)
        return project

    def remove(self, root: Path, client: str) -> Path:
        """Forgets a workspace; documents that are still open there are then as if opened alone.

        It stays for the other clients that have it open. Returns its root by the name that it is known by.
        """
        same = self._same(root.absolute())
        root = same.root if same is not None else root.absolute()
        self._opened.discard((root, client))
        holders = self._holders.get(root, set())
        holders.discard(client)
        if holders:
            self.settings_changed()
            return root
        old = self._projects.get(root)
        self._drop(root)
        if old is not None:
            for owner, document in old.documents.buffers():
                _move(document, owner, old, self.open(root / document.path, owner))
        return root

    def find(self, file: Path) -> Project | None:
        """The innermost open workspace that a file belongs to."""
        file = file.absolute()
        inside = [project for project in self._projects.values() if project.names.hold(file)]
        if not inside and not is_marked(root_of(file)):  # a link may lead into one
            inside = [project for project in self._projects.values() if project.names.learn(file)]
        opened = [project for project in inside if not project.is_loose]
        if not opened and inside:  # below a folder that nobody opened there may be projects
            same = self._same(root_of(file))
            opened = [same] if same in inside else []
        return max(opened, key=lambda project: len(project.names.real.parts), default=None)

    def open(self, file: Path, client: str) -> Project:
        """The workspace a file belongs to: an open one, else one made for its repository or folder."""
        project = self.find(file)
        if project is None:
            root = root_of(file).absolute()
            return self._hold(root, client, is_loose=not is_marked(root))
        if client and client not in self._holders[project.root]:
            self._hold(project.root, client)
        return project

    def view(self, file: Path, client: str) -> ProjectView:
        """The same as the client sees it."""
        project = self.open(file, client)
        return ProjectView(project, client, lambda: self._settings_for(project.root, client))

    def locate(self, file: Path, client: str) -> tuple[ProjectView, str]:
        """The same, and the file's path in it."""
        view = self.view(file, client)
        return view, view.project.path_of(file)

    def root_of(self, file: Path) -> Path:
        """The root of the workspace a file belongs to, whether it is open or not."""
        project = self.find(file)
        return project.root if project is not None else root_of(file)

    def leave(self, client: str) -> None:
        """Takes back what a client brought: its buffers, its settings, its hold on workspaces.

        A workspace that nobody has open any more is kept for a while, since an editor may only be starting again.
        """
        self.configuration.forget(client)
        for project in self._projects.values():
            project.documents.release(client)
        for holders in self._holders.values():
            holders.discard(client)
        self._opened = {(root, opener) for root, opener in self._opened if opener != client}
        self.settings_changed()
        asyncio.get_running_loop().call_later(LINGER_S, self._drop_unheld)

    def release(self, project: Project, client: str) -> None:
        """Lets go of a workspace that a client has open only for files in it, once it has closed them; kept for a
        while as by `leave`."""
        has_more = any(owner == client for owner, _ in project.documents.buffers())
        if client and not has_more and (project.root, client) not in self._opened:
            self._holders[project.root].discard(client)
            asyncio.get_running_loop().call_later(LINGER_S, self._drop_unheld)

    def stop_indexing(self, root: Path, what: EventKind) -> None:
        """Gives up indexing a workspace's files or history."""
        if root in self._projects:
            self._projects[root].stop_indexing(what)

    def close(self) -> None:
        """Closes all of them."""
        for project in self._projects.values():
            project.close()

    # ------------------------------------------------------------------------------------------------- settings

    def settings_of(self, client: str, root: Path | None = None) -> Settings:
        """The settings of a client in a workspace, or wherever it looks."""
        return self.configuration.settings(root, client)[0]

    def take(self, client: str, values: Mapping[str, object], *, whole: bool) -> list[SettingsProblem]:
        """Takes settings from an editor, with `whole` in place of all that it had set; returns what is wrong."""
        problems = (self.configuration.push if whole else self.configuration.update)(client, values)
        self.settings_changed()
        return problems

    def problems(self, client: str) -> list[SettingsProblem]:
        """What is not taken of the user's file and of the files in the client's workspaces."""
        found: list[SettingsProblem] = []
        for root in [None, *(root for root, holders in self._holders.items() if client in holders)]:
            _, more = self.configuration.settings(root, client)
            found += [problem for problem in more if problem not in found]
        return found

    def user_file_changed(self) -> bool:
        """Whether the user's settings file is another one by now; its settings are then taken."""
        changed = self.configuration.user_file_changed()
        if changed:
            self.settings_changed()
        return changed

    def settings_changed(self) -> None:
        """Works the settings out anew, for the server and for each workspace."""
        self._settings_of.clear()
        self.settings, _ = self.configuration.settings()
        self.changed.tell(self.settings)
        for project in self._projects.values():
            project.configure(self._shared_settings(project.root))

    # ---------------------------------------------------------------------------------------------------- events

    def tell(self, event: ProjectEvent) -> None:
        """Tells all who listen to `events`."""
        if event.what is EventKind.SETTINGS:
            self.settings_changed()
        elif event.what is EventKind.RULES:
            for problem in self.rule_problems(event.root):
                log.warning("%s: a rule cannot be used: %s", event.root, problem)
        self.events.tell(event)

    def files_changed(self, files: Sequence[Path]) -> None:
        """Files changed outside the editor."""
        for file in files:
            project = self.find(file)
            if project is not None:
                project.files_changed([file])

    # ------------------------------------------------------------------------------------------------- internals

    def _hold(self, root: Path, client: str, *, is_loose: bool = False) -> Project:
        """The project of a root, opened where it is not, which now also the client has open."""
        same = self._same(root)
        if same is not None and same.root != root:
            same.names.add(root)
            root = same.root
        holders = self._holders.setdefault(root, set())
        is_new = client not in holders
        holders.add(client)
        if root not in self._projects:
            self._projects[root] = Project(
                root, self._shared_settings(root), watch=self._watch, is_loose=is_loose, listen=self._hearing()
            )
        elif is_new:
            self._projects[root].configure(self._shared_settings(root))
        return self._projects[root]

    def _same(self, root: Path) -> Project | None:
        """The open project of a root, also where that is another name of its folder."""
        found = self._projects.get(root)
        if found is None and self._projects:
            real, number = real_path(root), identity(root)
            found = next(
                (
                    each
                    for each in self._projects.values()
                    if real_path(each.root) == real or (number is not None and identity(each.root) == number)
                ),
                None,
            )
        return found

    def rule_problems(self, root: Path) -> tuple[str, ...]:
        """What is wrong with the rules that keep a workspace's files out."""
        found = self._projects.get(root)
        return found.rule_problems if found is not None else ()

    def _hearing(self) -> Callable[[ProjectEvent], None]:
        """What a project's threads tell, brought to the event loop."""
        loop = asyncio.get_running_loop()

        def listen(event: ProjectEvent) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
                loop.call_soon_threadsafe(self.tell, event)

        return listen

    def _shared_settings(self, root: Path) -> Settings:
        """What all who have a workspace open can live with: nobody's excluded file enters the window they share."""
        shared, _ = self.configuration.settings(root)
        each = [self.configuration.settings(root, client)[0] for client in sorted(self._holders.get(root, ()))]
        if not each:
            return shared
        exclude = tuple(dict.fromkeys(pattern for one in each for pattern in one.exclude))
        context = min((one.context for one in each), key=("none", "open", "all").index)
        return replace(shared, exclude=exclude, context=context, history=all(one.history for one in each))

    def _settings_for(self, root: Path, client: str) -> Settings:
        key = (root, client)
        if key not in self._settings_of:
            self._settings_of[key], _ = self.configuration.settings(root, client)
        return self._settings_of[key]

    def _drop_unheld(self) -> None:
        for root in [root for root, holders in self._holders.items() if not holders]:
            self._drop(root)

    def _drop(self, root: Path) -> None:
        project = self._projects.pop(root, None)
        self._holders.pop(root, None)
        self.closed.tell(root)
        if project is not None:
            project.close()


def _move(document: Document, owner: str, old: Project, new: Project) -> None:
    """An open buffer, to the project that it belongs to now."""
    text, version, language = document.text, document.version, document.language
    new.documents.open(new.path_of(old.root / document.path), text, version, language, owner)
    old.documents.close(document.path, owner)
