"""Programs that find of Python what there is on Windows, as far as that can be had elsewhere.

The names that Python does not have there are taken away before a program is loaded. The libraries of Python and the
packages that know Windows by themselves have been loaded before, as they look at other names.
"""

from __future__ import annotations

import os
from pathlib import Path

from iquest_lsp.atomic_file import atomic_write

SITE = """
import asyncio, filelock, importlib.metadata, multiprocessing.connection, multiprocessing.popen_fork
import multiprocessing.popen_spawn_posix, multiprocessing.resource_tracker, multiprocessing.spawn, multiprocessing.util
import os, platformdirs.unix, psutil, shutil, signal, socket, subprocess, sys, tempfile, types
filelock.lock_descriptor
for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty"):
    sys.modules[name] = None
for name in ("chown", "fchmod", "fork", "getegid", "geteuid", "getgid", "getloadavg", "getpgid", "getuid", "killpg",
             "nice", "sched_getaffinity", "setpgid", "setsid", "statvfs", "pidfd_open",
             "O_CLOEXEC", "O_DIRECTORY", "O_NOFOLLOW", "O_NONBLOCK"):
    if hasattr(os, name):
        delattr(os, name)
multiprocessing.popen_fork.signal = types.SimpleNamespace(**vars(signal))  # Windows has other code in its place
for name in ("SIGHUP", "SIGKILL", "SIGUSR1"):
    if hasattr(signal, name):
        delattr(signal, name)
"""


def without_posix(folder: Path) -> dict[str, str]:
    """An environment for programs, and all that they start, that lack those names; `folder` is to hold a file."""
    if os.name == "nt":
        return {}
    site = folder / "sitecustomize.py"
    if not site.exists():  # a program that starts meanwhile finds the file whole, or not yet
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write(site, SITE)
    return {"PYTHONPATH": os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH", ""))))}
