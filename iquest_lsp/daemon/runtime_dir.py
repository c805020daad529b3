"""Where the daemon is found: a folder that nobody else can enter, and the names in it.

One daemon per user and per way of starting it: `--engine` and `--model` on the command line are part of its name, so
that such an editor gets what it asked for and no other editor is changed by it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from platformdirs import user_log_path, user_runtime_path, user_state_path

from iquest_lsp.errors import DaemonError
from iquest_lsp.workspace.paths import is_file

APP = "iquest-lsp"
#: Longest socket path, in bytes; the kernel's own limits are 104 (macOS) and 108 (Linux), the last one a NUL.
MAX_SOCKET_PATH = 100
#: A link or a junction of Windows.
_REPARSE_POINT = getattr(stat, "FILE_ATTRIBUTE_REPARSE_POINT", 0x400)
#: Command line options that make another daemon.
KEYS = ("engine", "model")


@dataclass(frozen=True, slots=True)
class DaemonFiles:
    """The files of one daemon: its socket or port, the lock it holds while it lives, its logs."""

    folder: Path
    name: str = "daemon"

    @property
    def socket(self) -> Path:
        return self.folder / f"{self.name}.sock"

    @property
    def port(self) -> Path:
        """What says the port and the key of a daemon without a socket."""
        return self.folder / f"{self.name}.port"

    @property
    def lock(self) -> Path:
        return self.folder / f"{self.name}.lock"

    @property
    def log(self) -> Path:
        return log_folder() / f"{self.name}.log"

    @property
    def last_words(self) -> Path:
        """What the process itself wrote to stderr, as when it crashed."""
        return log_folder() / f"{self.name}.err"


def daemon_files(options: Mapping[str, object]) -> DaemonFiles:
    """The files of the daemon for these command line options; makes its folder. Raises DaemonError."""
    folder = runtime_folder()
    name = service_name(options)
    if not hasattr(os, "getuid"):
        return DaemonFiles(profile_folder(folder), name)
    if len(os.fsencode(folder / f"{name}.sock")) > MAX_SOCKET_PATH:
        digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
        folder = Path("/tmp") / f"{APP}-{os.getuid()}-{digest}"  # short, and checked below
    return DaemonFiles(private_folder(folder), name)


def service_name(options: Mapping[str, object]) -> str:
    """`daemon`, or with command line options that choose the engine a name of its own."""
    chosen = {key: options[key] for key in KEYS if options.get(key)}
    if chosen.get("engine") == "fake" and (told := os.environ.get("IQUEST_LSP_FAKE")):
        chosen["fake"] = told
    if not chosen:
        return "daemon"
    return "daemon-" + hashlib.sha256(json.dumps(chosen, sort_keys=True).encode()).hexdigest()[:12]


def by_use(given: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """Settings given on a command line: those that choose the daemon, and those that hold for one connection to it."""
    chosen = {key: value for key, value in given.items() if key in KEYS}
    return chosen, {key: value for key, value in given.items() if key not in KEYS}


def with_absolute_paths(options: Mapping[str, object]) -> dict[str, object]:
    """Command line options as they mean the same in another working directory."""
    absolute = dict(options)
    model = options.get("model")
    if isinstance(model, str) and model and is_file(Path(model).expanduser()):
        absolute["model"] = str(Path(model).expanduser().resolve())
    return absolute


def runtime_folder() -> Path:
    """Where the user's sockets belong: the session's runtime directory, else a folder in the temporary one."""
    if not hasattr(os, "getuid"):  # Windows empties its folder for temporary files now and then
        return user_state_path(APP, appauthor=False) / "run"
    if sys.platform == "darwin":
        return user_runtime_path(APP)
    for base in (os.environ.get("XDG_RUNTIME_DIR", ""), f"/run/user/{os.getuid()}"):
        if base and Path(base).is_absolute() and is_mine(Path(base)):
            return Path(base) / APP
    return Path(tempfile.gettempdir()) / f"{APP}-{os.getuid()}"


def log_folder() -> Path:
    """Where logs go."""
    return user_log_path(APP)


def private_folder(folder: Path) -> Path:
    """Makes a folder that only this user can enter, or checks that it is one; raises DaemonError.

    A link in its place, another owner, or a parent in which others could exchange it is refused.
    """
    try:
        parent = Path(os.path.realpath(folder.parent))
        if not parent.exists():
            parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for ancestor in (parent, *parent.parents):
            _check_ancestor(ancestor)
        folder = parent / folder.name
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        status = folder.lstat()
        if not stat.S_ISDIR(status.st_mode):
            raise _refusal(folder, "it is a link or a file, not a folder")
        if status.st_uid != os.geteuid():
            raise _refusal(folder, f"it belongs to user {status.st_uid}")
        if stat.S_IMODE(status.st_mode) & 0o077:
            folder.chmod(0o700)
    except OSError as error:
        raise DaemonError(
            f"Cannot use {folder}", why=error.strerror or str(error), fix="Set XDG_RUNTIME_DIR to a folder of your own"
        ) from error
    return folder


def profile_folder(folder: Path) -> Path:
    """The same where users have no numbers, as on Windows: a folder of the user's profile, which others cannot enter.

    Python from 3.12.4 on makes one with mode 0700 the user's alone, whatever its parents allow.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        status = folder.lstat()
    except OSError as error:
        raise DaemonError(f"Cannot use {folder}", why=error.strerror or str(error)) from error
    if not stat.S_ISDIR(status.st_mode) or getattr(status, "st_file_attributes", 0) & _REPARSE_POINT:
        raise _refusal(folder, "it is a link or a file, not a folder")
    return folder


def _check_ancestor(folder: Path) -> None:
    status = folder.stat()
    if status.st_uid not in (0, os.geteuid()):
        raise _refusal(folder, f"it belongs to user {status.st_uid}")
    if status.st_mode & stat.S_IWOTH and not status.st_mode & stat.S_ISVTX:
        raise _refusal(folder, "anybody may rename what is in it")


def _refusal(folder: Path, why: str) -> DaemonError:
    return DaemonError(
        f"{folder} is not used for the daemon's socket",
        why=why,
        fix="Remove it, or set XDG_RUNTIME_DIR to a folder of your own",
    )


def is_mine(folder: Path) -> bool:
    try:
        status = folder.stat()
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()
