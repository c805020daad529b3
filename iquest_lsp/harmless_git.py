"""The environment in which git runs in a folder that is not trusted, and small questions put to git directly.

No program that a repository's configuration names is run: external diffs, filters, fsmonitor, hooks, pagers, credential
helpers and every transport are off, and nothing is written, the index included. Overrides go by environment
variables: a name that holds "=" cannot be given with `-c` (git-config(1), GIT_CONFIG_COUNT; git 2.31 or later).
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

#: The first version that reads GIT_CONFIG_COUNT.
OLDEST = (2, 31)

#: Bytes of the largest file whose lines git compares: with millions of them it takes minutes.
LARGEST_TEXT = 8_000_000

# Configuration that would run a program or change the form of the output.
_CONFIG = (
    ("core.fsmonitor", "false"),
    ("core.hooksPath", os.devnull),
    ("core.pager", "cat"),
    ("core.editor", "false"),
    ("core.askPass", ""),
    ("core.sshCommand", "false"),
    ("core.alternateRefsCommand", "false"),
    ("core.quotePath", "true"),
    ("core.untrackedCache", "false"),
    ("credential.helper", ""),
    ("diff.noprefix", "false"),
    ("diff.mnemonicPrefix", "false"),
    ("diff.interHunkContext", "0"),
    ("diff.suppressBlankEmpty", "false"),
    ("diff.autoRefreshIndex", "false"),
    ("diff.submodule", "short"),
    ("diff.renameLimit", "400"),
    ("diff.orderFile", os.devnull),  # git gives up where the file that is named is not there
    ("core.bigFileThreshold", str(LARGEST_TEXT)),  # what is larger git takes for binary
    ("log.showSignature", "false"),
    ("log.follow", "false"),
    ("color.ui", "false"),
    ("i18n.logOutputEncoding", "UTF-8"),
    ("gpg.program", "false"),
    ("grep.lineNumber", "false"),
    ("submodule.recurse", "false"),
    ("maintenance.auto", "false"),
    ("gc.auto", "0"),
    ("protocol.allow", "never"),
)

_VARIABLES = {
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "",
    "SSH_ASKPASS": "",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_PAGER": "cat",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_GLOB_PATHSPECS": "0",
    "GIT_NOGLOB_PATHSPECS": "0",
    "GIT_ICASE_PATHSPECS": "0",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_NO_LAZY_FETCH": "1",
    "LANGUAGE": "en",  # what it complains of is read
}

#: Variables that point git at another repository than the one of its folder (`git rev-parse --local-env-vars`).
_MISLEADING = (
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_CONFIG",
)


def variables(overrides: Iterable[tuple[str, str]] = (), outer: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Variables to set for git beside those of `outer`, with more configuration that takes precedence over any file.

    What the user's own environment configures stays, except where it is overridden here.
    """
    try:
        given = max(int(outer.get("GIT_CONFIG_COUNT") or 0), 0)
    except ValueError:
        given = 0
    found = dict(_VARIABLES)
    for number, (key, value) in enumerate([*_CONFIG, *overrides], given):
        found[f"GIT_CONFIG_KEY_{number}"] = key
        found[f"GIT_CONFIG_VALUE_{number}"] = value
        found["GIT_CONFIG_COUNT"] = str(number + 1)
    return found


def led_by_folder(outer: Mapping[str, str]) -> dict[str, str]:
    """An environment without what points git at another repository than the one of its folder."""
    return {name: value for name, value in outer.items() if name not in _MISLEADING}


@cache
def is_too_old() -> bool:
    """Whether git is one that would not listen to the variables; False where there is none."""
    status, output, _ = _version()
    found = re.search(rb"(\d+)\.(\d+)", output) if status == 0 else None
    return found is not None and (int(found[1]), int(found[2])) < OLDEST


def complaint() -> str:
    """Why git does not even tell its version, as where the user's own configuration is broken; empty where it does."""
    status, _, told = _version()
    return "" if status == 0 else told.decode("utf-8", "replace").strip().split("\n")[0] or f"exit code {status}"


def _version() -> tuple[int, bytes, bytes]:
    return ask(Path(Path.cwd().anchor), "version")


def ask(folder: Path, *arguments: str, seconds: float = 60.0) -> tuple[int, bytes, bytes]:
    """Exit status, output and complaints of one git command run in a folder; 127 when git cannot be run there."""
    environment = led_by_folder(os.environ)
    try:
        done = subprocess.run(
            ["git", "--no-pager", *arguments],
            cwd=folder,
            env=environment | variables(outer=environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        return 127, b"", str(error).encode("utf-8", "replace")
    return done.returncode, done.stdout, done.stderr
