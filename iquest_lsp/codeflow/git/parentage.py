"""What gives commits other parents than they name: a shallow clone's ends, grafts, replaced objects."""

from __future__ import annotations

import hashlib

from iquest_lsp.codeflow.git.processes import GitProcesses


def ends(git: GitProcesses) -> frozenset[str]:
    """The commits whose parents a shallow clone lacks; what they changed is not known."""
    return frozenset(_text(git, "shallow").split())


def parentage(git: GitProcesses) -> str:
    """A word for all of it, empty where every commit has its own parents.

    While it is the same, HEAD reaches the same commits, and they changed the same.
    """
    replaced = git.run("for-each-ref", "--format=%(refname) %(objectname)", "refs/replace").decode("ascii", "replace")
    told = (sorted(ends(git)), _text(git, "info/grafts").split("\n"), replaced.split("\n"))
    return hashlib.sha256(repr(told).encode()).hexdigest() if any("".join(lines) for lines in told) else ""


def _text(git: GitProcesses, name: str) -> str:
    try:
        return (git.common_dir / name).read_text("ascii", "replace")
    except OSError:
        return ""
