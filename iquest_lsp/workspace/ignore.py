"""Which paths git ignores, and which the settings exclude.

The rules of gitignore(5): nested files, negation, `.git/info/exclude`, the user's global file; a file below an
ignored folder stays ignored whatever a negation says. Patterns are compiled by pathspec and matched here one path
component at a time, because only that gives git's answer for a negated folder (`*.log` with `!keep/`). A file of
rules that cannot be read or parsed excludes everything it could have spoken of.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from iquest_lsp.workspace.paths import is_file

IGNORE_FILE = ".gitignore"
_MAX_RULES_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class _Pattern:
    regex: re.Pattern[str]
    excludes: bool
    text: str

    def matches(self, path: str) -> bool:
        """Whether the pattern speaks of this very path, not of a folder above it."""
        for match in self.regex.finditer(path):
            # pathspec's group ps_d is the slash after a folder that the pattern names; absent in `folder/**`,
            # which names what is inside, not the folder.
            folder = match.groupdict().get("ps_d")
            if folder is None and not (match.end() == len(path) and path.endswith("/")):
                return True
            if folder is not None and match.end("ps_d") == len(path):
                return True
        return False


@dataclass(frozen=True, slots=True)
class _Rules:
    """One file of patterns; `base` is the folder it speaks of ("" or ending in "/"), last pattern first."""

    base: str
    source: str
    patterns: tuple[_Pattern, ...]
    problem: str = ""

    def verdict(self, path: str) -> _Pattern | None:
        relative = path[len(self.base) :]
        for pattern in self.patterns:
            if pattern.matches(relative):
                return pattern
        return None


class IgnoreRules:
    """The ignore rules of one workspace; reads each `.gitignore` when a path below it is first asked about.

    `extra` are patterns of the settings, relative to the root; no `.gitignore` can take them back. `global_file`
    is the user's own ignore file (None: git's default place). Made anew when a rules file changes (`is_rules_file`).
    """

    def __init__(self, root: Path, extra: Sequence[str] = (), *, global_file: Path | None = None) -> None:
        self.root = root
        self._extra = _compile("", "settings", extra)
        base = [_read("", "global ignore file", global_file or _default_global_file())]
        base.append(_read("", ".git/info/exclude", git_folder(root) / "info" / "exclude"))
        self._base = base
        self._folders: dict[str, str] = {}
        self._rules: dict[str, _Rules] = {}

    @property
    def problems(self) -> tuple[str, ...]:
        """What could not be read or parsed so far, each with the file's name."""
        every = [self._extra, *self._base, *self._rules.values()]
        return tuple(f"{rules.source}: {rules.problem}" for rules in every if rules.problem)

    def reason(self, path: str, *, is_folder: bool = False) -> str:
        """Why a path (POSIX, relative to the root) stays out; "" when no rule excludes it."""
        parts = PurePosixPath(path).parts
        if not parts or parts[0] == "/" or ".." in parts:
            return "" if path in ("", ".") else "outside the workspace"
        if ".git" in parts:
            return "inside .git"
        above = self._folder_reason("/".join(parts[:-1]))
        return above or self._own_reason("/".join(parts), is_folder)

    def _folder_reason(self, folder: str) -> str:
        if not folder:
            return ""
        known = self._folders.get(folder)
        if known is None:
            parent = folder.rpartition("/")[0]
            known = self._folder_reason(parent) or self._own_reason(folder, True)
            self._folders[folder] = known
        return known

    def _own_reason(self, path: str, is_folder: bool) -> str:
        shown = path + "/" if is_folder else path
        extra = self._extra.problem or self._extra.verdict(shown)
        if isinstance(extra, str):
            return f"the settings' exclude patterns cannot be parsed: {extra}"
        if extra is not None and extra.excludes:
            return f"excluded by the settings ({extra.text})"
        # The nearest file of rules that has a matching pattern decides.
        for rules in [*self._nested(path), *reversed(self._base)]:
            if rules.problem:
                return f"{rules.source} cannot be used: {rules.problem}"
            found = rules.verdict(shown)
            if found is not None:
                return f"ignored by {rules.source} ({found.text})" if found.excludes else ""
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
            rules = _read(base, base + IGNORE_FILE, self.root / folder / IGNORE_FILE)
            self._rules[folder] = rules
        return rules


def is_rules_file(path: str) -> bool:
    """Whether a change of this path (POSIX, relative to the root) changes what is ignored."""
    return path == ".git/info/exclude" or path.rpartition("/")[2] == IGNORE_FILE


def git_folder(root: Path) -> Path:
    """The repository's shared folder (refs, info/exclude): `.git`, or where a worktree or submodule has it."""
    own = head_folder(root)
    try:
        return (own / (own / "commondir").read_text("utf-8").strip()).resolve()
    except (OSError, ValueError):
        return own


def head_folder(root: Path) -> Path:
    """The folder that holds HEAD: `.git`, or where a worktree's or submodule's `.git` file points."""
    git = root / ".git"
    try:
        text = git.read_text("utf-8") if is_file(git) else ""
    except (OSError, ValueError):
        text = ""
    return (root / text[len("gitdir:") :].strip()).resolve() if text.startswith("gitdir:") else git


def _default_global_file() -> Path:
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
    return Path(home) / "git" / "ignore"


def _read(base: str, source: str, file: Path) -> _Rules:
    try:
        if file.is_symlink():  # git does not follow these either
            return _Rules(base, source, (), "" if base + IGNORE_FILE != source else "it is a symbolic link")
        with file.open("rb") as stream:
            data = stream.read(_MAX_RULES_BYTES + 1)
    except (FileNotFoundError, NotADirectoryError):
        return _Rules(base, source, ())
    except OSError as error:
        return _Rules(base, source, (), error.strerror or str(error))
    if len(data) > _MAX_RULES_BYTES:
        return _Rules(base, source, (), "too large")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _Rules(base, source, (), "not UTF-8")
    if "\0" in text:
        return _Rules(base, source, (), "not a text file")
    return _compile(base, source, text.split("\n"))


def _compile(base: str, source: str, lines: Sequence[str]) -> _Rules:
    patterns: list[_Pattern] = []
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r")
        try:
            if not text.startswith("#") and _unclosed(text):
                raise ValueError("a bracket that is not closed")
            compiled = GitIgnoreSpecPattern(text)
        except (ValueError, re.error) as error:
            if text.startswith("!"):
                continue  # dropping a negation only excludes more
            return _Rules(base, source, (), f"line {number}: {error}")
        if compiled.include is not None and compiled.regex is not None:
            patterns.append(_Pattern(compiled.regex, bool(compiled.include), text.strip()))
    return _Rules(base, source, tuple(reversed(patterns)))


def _unclosed(pattern: str) -> bool:
    """Whether a set of characters, or an escape, does not end: git takes such a line for one that matches nothing."""
    at = 0
    while at < len(pattern):
        if pattern[at] == "\\":
            at += 1
            if at == len(pattern):
                return True
        elif pattern[at] == "[":
            # A closing bracket right after the opening one, or after its negation, is a member.
            first = at + 1 + (pattern[at + 1 : at + 2] in ("!", "^"))
            at = pattern.find("]", first + 1)
            if at < 0:
                return True
        at += 1
    return False
