"""Which paths git ignores, and which the settings exclude.

The rules of gitignore(5): nested files, those of the folders above up to the work tree's top, `info/exclude`, the
user's own file (`core.excludesFile`); a file below an ignored folder stays ignored whatever a negation says, and one
that git tracks is not ignored. A repository inside the repository has its own rules, index and `info/exclude`.
A file of rules that cannot be read excludes everything it could have spoken of.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from iquest_lsp.workspace.git_patterns import IgnorePattern, parse_lines, parse_pattern
from iquest_lsp.workspace.git_places import (
    GitFolders,
    IgnoreSettings,
    ignore_settings,
    is_repository,
    own_places,
    places_of,
    tracked_but_ignored,
)

IGNORE_FILE = ".gitignore"
_MAX_RULES_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Rules:
    """One file of patterns; `base` is the folder it speaks of ("" or ending in "/"), last pattern first."""

    base: str
    source: str
    patterns: tuple[IgnorePattern, ...] = ()
    problem: str = ""

    def verdict(self, path: str, *, is_folder: bool) -> IgnorePattern | None:
        """The pattern that decides about a path, if any does."""
        relative = os.fsencode(path[len(self.base) :])
        name = relative.rpartition(b"/")[2]
        for pattern in self.patterns:
            if pattern.matches(relative, name, is_folder=is_folder):
                return pattern
        return None


class _RepositoryRules:
    """The rules of one work tree, for paths relative to its top; each `.gitignore` is read when it is needed.

    `places` is None where no repository is: then only what lies at and below `top` counts.
    """

    def __init__(self, top: Path, places: GitFolders | None, global_file: Path | None) -> None:
        self.top = top
        self.places = places
        settings = ignore_settings(top, places)
        if global_file is not None:
            settings = IgnoreSettings(global_file, settings.ignore_case)
        self._ignore_case = settings.ignore_case
        self._base = []
        if settings.excludes_file is not None:
            self._base.append(_read("", "global ignore file", settings.excludes_file, self._ignore_case))
        if places is not None:
            exclude = places.common_dir / "info" / "exclude"
            self._base.append(_read("", ".git/info/exclude", exclude, self._ignore_case))
        self._folders: dict[str, str] = {}
        self._rules: dict[str, _Rules] = {}
        self._index_stamp: tuple[int, int, int] | None = None
        self._tracked: frozenset[bytes] = frozenset()

    @property
    def files(self) -> list[_Rules]:
        """All files of rules read so far."""
        return [*self._base, *list(self._rules.values())]

    def reason(self, path: str, *, is_folder: bool) -> str:
        """Why git ignores a path, "" when it does not, or tracks it or something below it."""
        found = self.rule(path, is_folder=is_folder)
        return "" if found and self.tracks(path) else found

    def rule(self, path: str, *, is_folder: bool) -> str:
        """The rule that ignores a path, tracked or not; "" without one."""
        return self._folder_reason(path.rpartition("/")[0]) or self._own_reason(path, is_folder)

    def tracks(self, path: str) -> bool:
        """Whether git tracks a path that the rules would ignore, or something below it."""
        if self.places is None:
            return False
        try:
            status = os.stat(self.places.git_dir / "index")
        except OSError:
            return False
        stamp = (status.st_mtime_ns, status.st_size, status.st_ino)
        if stamp != self._index_stamp:
            files = tracked_but_ignored(self.places)
            folders = {file[:at] for file in files for at in range(len(file)) if file[at] == 0x2F}
            self._tracked = files | folders
            self._index_stamp = stamp
        return os.fsencode(path) in self._tracked

    def _folder_reason(self, folder: str) -> str:
        if not folder:
            return ""
        known = self._folders.get(folder)
        if known is None:
            known = self._folder_reason(folder.rpartition("/")[0]) or self._own_reason(folder, True)
            self._folders[folder] = known
        return known

    def _own_reason(self, path: str, is_folder: bool) -> str:
        # The nearest file of rules that has a matching pattern decides.
        for rules in [*self._nested(path), *reversed(self._base)]:
            if rules.problem:
                return f"{rules.source} cannot be used: {rules.problem}"
            found = rules.verdict(path, is_folder=is_folder)
            if found is not None:
                return "" if found.negated else f"ignored by {rules.source} ({found.text})"
        return ""

    def _nested(self, path: str) -> list[_Rules]:
        found = []
        folder = path.rpartition("/")[0]
        while True:
            found.append(self._rules_of(folder))
            if not folder:
                return found
            folder = folder.rpartition("/")[0]

    def _rules_of(self, folder: str) -> _Rules:
        rules = self._rules.get(folder)
        if rules is None:
            base = folder + "/" if folder else ""
            rules = _read(base, base + IGNORE_FILE, self.top / folder / IGNORE_FILE, self._ignore_case)
            self._rules[folder] = rules
        return rules


class IgnoreRules:
    """The ignore rules of one workspace; everything is read when a path that it concerns is first asked about.

    `extra` are patterns of the settings, relative to the root; no `.gitignore` can take them back. `global_file`
    is the user's own ignore file (None: where git has it). Made anew when a rules file changes (`is_rules_file`).
    """

    def __init__(self, root: Path, extra: Sequence[str] = (), *, global_file: Path | None = None) -> None:
        self.root = root
        self._global_file = global_file
        lines = [line for line in extra if line.strip() and not line.startswith("#")]
        self._extra = _Rules("", "settings", tuple(_of_settings(line) for line in reversed(lines)))
        self._extra_folders: dict[str, str] = {}
        self._problem = next((item.text for item in self._extra.patterns if _is_broken(item)), "")
        self._lock = threading.RLock()
        self._owners: dict[str, _Owner] = {}

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be read or parsed so far, each with the file's name."""
        with self._lock:
            every = {id(owner.rules): owner.rules for owner in self._owners.values()}
            found = [rules for owner in every.values() for rules in owner.files if rules.problem]
        settings = [f"settings: {self._problem}"] if self._problem else []
        return (*settings, *(f"{rules.source}: {rules.problem}" for rules in found))

    def reason(self, path: str, *, is_folder: bool = False) -> str:
        """Why a path (POSIX, relative to the root) stays out; "" when no rule excludes it."""
        parts = PurePosixPath(path).parts
        if not parts or parts[0] == "/" or ".." in parts:
            return "" if path in ("", ".") else "outside the workspace"
        if ".git" in parts:
            return "inside .git"
        path = "/".join(parts)
        with self._lock:
            return self._settings_reason(path, is_folder) or self._git_reason(path, is_folder)

    # ---------------------------------------------------------------------------------------- the settings

    def _settings_reason(self, path: str, is_folder: bool) -> str:
        if self._problem:
            return f"the settings' exclude patterns cannot be parsed: {self._problem}"
        if not self._extra.patterns:
            return ""
        return self._settings_folder(path.rpartition("/")[0]) or self._settings_own(path, is_folder)

    def _settings_folder(self, folder: str) -> str:
        if not folder:
            return ""
        known = self._extra_folders.get(folder)
        if known is None:
            known = self._settings_folder(folder.rpartition("/")[0]) or self._settings_own(folder, True)
            self._extra_folders[folder] = known
        return known

    def _settings_own(self, path: str, is_folder: bool) -> str:
        found = self._extra.verdict(path, is_folder=is_folder)
        return f"excluded by the settings ({found.text})" if found is not None and not found.negated else ""

    # ------------------------------------------------------------------------------------------------- git

    def _git_reason(self, path: str, is_folder: bool) -> str:
        return self._owner(path.rpartition("/")[0]).reason(path, is_folder=is_folder)

    def _owner(self, folder: str) -> _Owner:
        """Whose rules count for what lies in a folder."""
        known = self._owners.get(folder)
        if known is None:
            known = self._owners[folder] = self._outer() if not folder else self._inner(folder)
        return known

    def _outer(self) -> _Owner:
        places = places_of(self.root)
        if places is not None:
            with contextlib.suppress(ValueError):
                prefix = Path(os.path.realpath(self.root)).relative_to(os.path.realpath(places.top)).as_posix()
                rules = _RepositoryRules(places.top, places, self._global_file)
                return _Owner(rules, "" if prefix == "." else prefix + "/", 0)
        return _Owner(_RepositoryRules(self.root, None, self._global_file), "", 0)

    def _inner(self, folder: str) -> _Owner:
        around = self._owner(folder.rpartition("/")[0])
        places = own_places(self.root / folder)
        if places is None or not is_repository(places) or around.rule(folder, is_folder=True):
            return around
        return _Owner(_RepositoryRules(self.root / folder, places, self._global_file), "", len(folder) + 1, around)


@dataclass(frozen=True, slots=True)
class _Owner:
    """The rules for a part of the workspace, whose paths without their first `cut` characters follow `prefix`.

    The repository `around` this one may track files of it: those of before this one was made.
    """

    rules: _RepositoryRules
    prefix: str
    cut: int
    around: _Owner | None = None

    def reason(self, path: str, *, is_folder: bool) -> str:
        """Why git ignores a path of the workspace; "" when it does not."""
        found = self.rules.reason(self.prefix + path[self.cut :], is_folder=is_folder)
        return "" if found and self.around is not None and self.around.tracks(path) else found

    def rule(self, path: str, *, is_folder: bool) -> str:
        """The rule that ignores a path of the workspace, tracked or not; "" without one."""
        return self.rules.rule(self.prefix + path[self.cut :], is_folder=is_folder)

    def tracks(self, path: str) -> bool:
        """Whether a repository tracks a path of the workspace that its rules would ignore."""
        if self.rules.tracks(self.prefix + path[self.cut :]):
            return True
        return self.around is not None and self.around.tracks(path)


def is_rules_file(path: str) -> bool:
    """Whether a change of this path (POSIX, relative to the root) changes what is ignored."""
    return path.endswith(".git/info/exclude") or path.rpartition("/")[2] == IGNORE_FILE


def _of_settings(line: str) -> IgnorePattern:
    return parse_pattern(os.fsencode(line.rstrip()))


def _is_broken(pattern: IgnorePattern) -> bool:
    """Whether a line of the settings says something, but can match nothing."""
    return pattern.regex is None and bool(pattern.text.strip("!/"))


def _read(base: str, source: str, file: Path, ignore_case: bool) -> _Rules:
    try:
        if base + IGNORE_FILE == source and file.is_symlink():  # git follows links to its other rules files only
            return _Rules(base, source, (), "it is a symbolic link")
        with file.open("rb") as stream:
            data = stream.read(_MAX_RULES_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return _Rules(base, source)
    except OSError as error:
        return _Rules(base, source, (), error.strerror or str(error))
    if len(data) > _MAX_RULES_BYTES:
        return _Rules(base, source, (), "too large")
    if b"\0" in data:
        return _Rules(base, source, (), "not a text file")
    return _Rules(base, source, tuple(reversed(parse_lines(data, ignore_case=ignore_case))))
