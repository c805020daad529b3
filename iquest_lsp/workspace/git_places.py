"""Where the repository of a folder keeps its things, and what git is told there about ignoring.

git itself is asked; where it cannot be run, or refuses (a repository of another user), the files are read as far as
they tell.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from iquest_lsp import harmless_git
from iquest_lsp.workspace.paths import is_file, is_folder, is_there

_GIVEN = re.compile(
    r"^[ \t]*\[(?P<section>[^\]]*)\]|^[ \t]*(?P<key>[A-Za-z-]+)[ \t]*(?:=[ \t]*(?P<value>[^\n]*))?$", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class GitFolders:
    """A repository: its work tree's top, the folder with HEAD and the index, and the one that work trees share."""

    top: Path
    git_dir: Path
    common_dir: Path


def places_of(folder: Path) -> GitFolders | None:
    """The repository whose work tree holds a folder; None when there is none."""
    wanted = ("--show-toplevel", "--absolute-git-dir", "--git-common-dir")
    status, output, complaint = harmless_git.ask(folder, "rev-parse", *wanted)
    lines = os.fsdecode(output).split("\n")[:-1]
    if status == 0 and len(lines) == 3:
        top, git_dir = Path(lines[0]), Path(lines[1])
        return GitFolders(top, git_dir, (folder / lines[2]).resolve())
    if b"must be run in a work tree" in complaint:
        return None
    return _by_files(folder)


def own_places(folder: Path) -> GitFolders | None:
    """The repository whose top a folder is, by its files alone; None when it is none's."""
    mark = folder / ".git"
    if is_folder(mark):
        git_dir = mark
    else:
        try:
            text = mark.read_text("utf-8") if is_file(mark) else ""
        except (OSError, ValueError):
            text = ""
        if not text.startswith("gitdir:"):
            return None
        try:
            git_dir = (folder / text[len("gitdir:") :].strip()).resolve()
        except (OSError, ValueError):  # no name that this system's files have
            return None
    if not is_there(git_dir / "HEAD"):
        return None
    try:
        common = (git_dir / (git_dir / "commondir").read_text("utf-8").strip()).resolve()
    except (OSError, ValueError):
        common = git_dir
    return GitFolders(folder, git_dir, common)


def is_repository(places: GitFolders) -> bool:
    """Whether git would take the folder for a repository's: what it needs is there."""
    return is_folder(places.common_dir / "objects") and is_folder(places.common_dir / "refs")


def mark_of(folder: Path) -> str:
    """The nearest `.git` in a folder or above it, "" without one: another answer means another repository."""
    for place in (folder, *folder.parents):
        if is_there(place / ".git"):
            return str(place / ".git")
    return ""


@dataclass(frozen=True, slots=True)
class IgnoreSettings:
    """The user's own rules file (None: there is none), and whether upper and lower case are the same in names."""

    excludes_file: Path | None
    ignore_case: bool


def ignore_settings(folder: Path, places: GitFolders | None) -> IgnoreSettings:
    """What `core.excludesFile` and `core.ignoreCase` say for a folder."""
    pattern = r"^core\.(excludesfile|ignorecase)$"
    status, output, _ = harmless_git.ask(folder, "config", "-z", "--get-regexp", pattern)
    if status in (0, 1):
        pairs = [item.partition("\n") for item in os.fsdecode(output).split("\0") if item]
        given = {key.lower(): value if equals else "true" for key, equals, value in pairs}
    else:
        given = _given_by_files(places)
    case = given.get("core.ignorecase", "false").lower()
    file = given.get("core.excludesfile")
    if file is None:
        home = os.environ.get("XDG_CONFIG_HOME") or os.path.join(os.path.expanduser("~"), ".config")
        return IgnoreSettings(Path(home) / "git" / "ignore", _is_true(case))
    # A relative name counts from the work tree's top, where git runs.
    top = places.top if places is not None else folder
    return IgnoreSettings(top / os.path.expanduser(file) if file else None, _is_true(case))


def tracked_but_ignored(places: GitFolders) -> frozenset[bytes]:
    """Files in the index that rules would ignore, relative to the top; none where git cannot say."""
    status, output, _ = harmless_git.ask(places.top, "ls-files", "-z", "-c", "-i", "--exclude-standard")
    return frozenset(output.split(b"\0")) - {b""} if status == 0 else frozenset()


def _by_files(folder: Path) -> GitFolders | None:
    real = Path(os.path.realpath(folder))
    for place in (real, *real.parents):
        found = own_places(place)
        if found is not None:
            return found
    return None


def _given_by_files(places: GitFolders | None) -> dict[str, str]:
    """The two keys where git cannot be asked, from the usual files; what they include is not followed."""
    home = Path(os.path.expanduser("~"))
    files = [Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "git" / "config", home / ".gitconfig"]
    files += [places.common_dir / "config"] if places is not None else []
    given: dict[str, str] = {}
    for file in files:
        try:
            text = file.read_text("utf-8", "surrogateescape")
        except (OSError, ValueError):
            continue
        section = ""
        for match in _GIVEN.finditer(text):
            if match["section"] is not None:
                section = match["section"].strip().lower()
            elif section == "core" and match["key"].lower() in ("excludesfile", "ignorecase"):
                given["core." + match["key"].lower()] = (match["value"] or "true").strip().strip('"')
    return given


def _is_true(text: str) -> bool:
    return text in ("true", "yes", "on") or (text.isdecimal() and bool(text.strip("0")))
