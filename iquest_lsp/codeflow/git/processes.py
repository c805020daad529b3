"""Git's own processes: one command each, or one that is asked while it runs; the only module that starts git.

No program that the repository's configuration names is run (harmless_git). What git complains of becomes an error that
says what, why and what to do.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from iquest_lsp import harmless_git
from iquest_lsp.errors import MissingContentsError, NotARepositoryError, RepositoryError, RevisionError

if TYPE_CHECKING:
    import git

#: What git says of a repository that belongs to another user, and of one in a form that it does not know.
_REFUSALS = (b"dubious ownership", b"unknown repository extension", b"Expected git repo version")

_COMMANDS = frozenset(
    {
        "log",
        "diff",
        "rev-parse",
        "rev-list",
        "cat-file",
        "for-each-ref",
        "ls-files",
        "ls-tree",
        "grep",
        "config",
        "merge-base",
        "diff-tree",
        "hash-object",
        "symbolic-ref",
    }
)


class GitProcesses:
    """Runs git in one repository."""

    def __init__(self, repo: git.Repo) -> None:
        self.git_dir = Path(repo.git_dir).resolve()
        self.common_dir = Path(repo.common_dir).resolve()
        self.bare = repo.working_tree_dir is None
        self.top = self.git_dir if repo.working_tree_dir is None else Path(repo.working_tree_dir).resolve()
        self._git = type(repo.git)(str(self.top))

    def run(self, *args: str, stdin: bytes | None = None, ok: Sequence[int] = (0,)) -> bytes:
        """The output of one git command. Raises RepositoryError."""
        process = self._start(*args, stdin=subprocess.PIPE if stdin is not None else None)
        output, error = process.communicate(stdin)
        # A repository that git refuses answers no question, not even one that may fail.
        is_refused = process.returncode == 128 and any(words in error for words in _REFUSALS)
        if process.returncode not in ok or is_refused:
            raise self._error(args, process.returncode, error)
        return output

    def lines(
        self,
        *args: str,
        stdin: bytes | None = None,
        ok: Sequence[int] = (0,),
        overrides: Sequence[tuple[str, str]] = (),
    ) -> Iterator[bytes]:
        """The output of one git command, line by line while it runs. Raises RepositoryError at its end."""
        process = self._start(*args, stdin=subprocess.PIPE if stdin is not None else None, overrides=overrides)
        complaints: list[bytes] = []
        listener = threading.Thread(target=_listen, args=(process.stderr, complaints), daemon=True)
        listener.start()
        try:
            if stdin is not None and process.stdin is not None:
                with contextlib.suppress(BrokenPipeError):
                    process.stdin.write(stdin)
                    process.stdin.close()
            assert process.stdout is not None
            yield from process.stdout
            status = process.wait()
            listener.join()
            if status not in ok:
                raise self._error(args, status, b"".join(complaints))
        finally:
            _end(process, listener)

    def _start(
        self, *args: str, stdin: int | None = None, overrides: Sequence[tuple[str, str]] = ()
    ) -> subprocess.Popen[bytes]:
        git = gitpython()
        # GitPython would silently run in the current folder, perhaps another repository, if this one is gone.
        if not os.access(self.top, os.X_OK):
            raise RepositoryError(f"{self.top} cannot be entered", why="it was removed or its permissions changed")
        command = [git.Git.GIT_PYTHON_GIT_EXECUTABLE or "git", "--no-pager"]
        if harmless_git.is_too_old():
            oldest = ".".join(map(str, harmless_git.OLDEST))
            raise RepositoryError("git is too old", why=f"it is older than {oldest}", fix="Install a newer git")
        environment = self._environment(overrides)
        try:
            wrapper: Any = self._git.execute([*command, *args], istream=stdin, as_process=True, env=environment)
        except git.GitCommandNotFound as error:
            fix = "Install git and put it on the PATH"
            raise RepositoryError("git was not found", why=str(error), fix=fix) from error
        except (OSError, git.GitError) as error:
            raise RepositoryError("git could not be started", why=str(error)) from error
        process: subprocess.Popen[bytes] = wrapper.proc
        # The wrapper would kill the process when it goes out of scope; from here on this module owns it.
        wrapper.proc = None
        return process

    def _environment(self, overrides: Sequence[tuple[str, str]]) -> dict[str, str]:
        """Variables for git; those that would point it at another repository are set to this one's places."""
        places = {
            "GIT_DIR": self.git_dir,
            "GIT_COMMON_DIR": self.common_dir,
            "GIT_WORK_TREE": self.top,
            "GIT_INDEX_FILE": self._index(),
            "GIT_OBJECT_DIRECTORY": self.common_dir / "objects",
        }
        found = {name: str(place) for name, place in places.items() if name in os.environ}
        if found:
            found["GIT_DIR"] = str(self.git_dir)
            if not self.bare:
                found["GIT_WORK_TREE"] = str(self.top)
        cleared = {name: "" for name in ("GIT_NAMESPACE", "GIT_ALTERNATE_OBJECT_DIRECTORIES") if name in os.environ}
        return {**harmless_git.variables(overrides), **found, **cleared}

    def _index(self) -> Path:
        """The index; hooks of `git commit -a` and `--only` get another one beside it, with what will be committed."""
        given = self.top / os.environ.get("GIT_INDEX_FILE", "")
        return given if given.is_file() and given.parent.resolve() == self.git_dir else self.git_dir / "index"

    @contextlib.contextmanager
    def pipe(self, *args: str) -> Iterator[subprocess.Popen[bytes]]:
        """A git command that is asked over its standard input while it runs; it ends with the context."""
        process = self._start(*args, stdin=subprocess.PIPE)
        try:
            yield process
        finally:
            _end(process)

    def _error(self, args: Sequence[str], status: int, complaint: bytes) -> RepositoryError:
        text = complaint.decode("utf-8", "replace").strip()
        lowered = text.lower()
        line = next((item for item in text.splitlines() if item.startswith(("fatal:", "error:"))), text.split("\n")[0])
        command = next((arg for arg in args if arg in _COMMANDS), args[0])
        if "dubious ownership" in lowered:
            return RepositoryError(
                f"git refuses the repository at {self.top}",
                why="it belongs to another user",
                fix=f"If you trust it, run `git config --global --add safe.directory {self.top}`",
            )
        if "promisor" in lowered or "lazy fetching" in lowered:
            return MissingContentsError(
                "This clone lacks the contents of files",
                why="it was made with --filter, and nothing is fetched unasked",
                fix="Bring them with `git fetch --refetch --no-filter`",
            )
        if "unknown repository extension" in lowered or "expected git repo version" in lowered:
            return RepositoryError(
                f"git cannot read the repository at {self.top}",
                why=" ".join(text.split()).removeprefix("fatal: "),
                fix="Install a newer git",
            )
        if "not a git repository" in lowered:
            return NotARepositoryError(
                f"{self.top} is in no readable git repository", why=line, fix="Check it with `git status`"
            )
        if re.search(r"unable to read [0-9a-f]{40}", lowered):
            fix = "Check it with `git fsck`; a fresh clone may be needed"
            return MissingContentsError("The repository is damaged", why=line, fix=fix)
        if lowered.startswith("fatal: replacement "):
            fix = f"Run `git replace -d {line.rsplit(maxsplit=1)[-1]}`"
            return RepositoryError("The repository is damaged", why=line.removeprefix("fatal: "), fix=fix)
        gone = ("unknown revision", "bad revision", "needed a single revision", "invalid symmetric difference")
        if any(hint in lowered for hint in gone):
            return RevisionError("The revision does not exist", why=line, fix="Check it with `git log`")
        if any(hint in lowered for hint in ("bad object", "corrupt", "unable to read", "missing", "could not read")):
            fix = "Check it with `git fsck`; a fresh clone may be needed"
            return RepositoryError("The repository is damaged", why=line, fix=fix)
        return RepositoryError(f"git {command} failed", why=line or f"exit code {status}")


def gitpython() -> Any:
    """GitPython, imported at its first use. Raises RepositoryError where git does not run."""
    # GitPython runs git when it is imported, so that waits for the first use; a missing git is reported by `_start`.
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    try:
        import git
    except ImportError as error:
        if complaint := harmless_git.complaint():
            fix = "Check it with `git version`"
            raise RepositoryError("git does not run", why=complaint, fix=fix) from error
        raise
    return git


def _listen(stream: IO[bytes] | None, into: list[bytes]) -> None:
    """Keeps the error output flowing, so that git never blocks on it; the first lines are kept."""
    if stream is None:
        return
    with contextlib.suppress(ValueError, OSError):
        for line in stream:
            if len(into) < 50:
                into.append(line)


def _end(process: subprocess.Popen[bytes], listener: threading.Thread | None = None) -> None:
    if process.stdin is not None:
        with contextlib.suppress(OSError):
            process.stdin.close()
    if process.poll() is None:
        if listener is not None:
            process.terminate()
        elif process.stdout is not None:
            process.stdout.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        if process.poll() is None:
            process.kill()
            process.wait()
    if listener is not None:
        listener.join()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
