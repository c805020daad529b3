"""What stays out of the window and why: a kind with its values, and the one function that makes words of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

#: What a file begins with whose content Git LFS keeps elsewhere (the specification in github.com/git-lfs/git-lfs).
POINTER = "version https://git-lfs.github.com/spec/"
_CONTENT, _SIZE = re.compile(r"oid sha256:[0-9a-f]{64}"), re.compile(r"size \d{1,19}")


class DropKind(StrEnum):
    """Why a path, or a piece of one, stays out."""

    IGNORED = "ignored"
    SECRET_NAME = "secret-name"
    SECRET_CONTENT = "secret-content"
    GENERATED_NAME = "generated-name"
    GENERATED_HEADER = "generated-header"
    BACKUP = "backup"
    MINIFIED = "minified"
    BINARY = "binary"
    POINTER = "pointer"
    NO_FILE = "no-file"
    LINK = "link"
    LINK_OUTSIDE = "link-outside"
    LINK_TO_FOLDER = "link-to-folder"
    MISSING = "missing"
    TOO_LARGE = "too-large"
    TOO_MANY_CHARACTERS = "too-many-characters"
    TOO_DEEP = "too-deep"
    BAD_NAME = "bad-name"
    UNKNOWN_ENCODING = "unknown-encoding"
    UNREADABLE = "unreadable"
    UNJUDGED = "unjudged"
    UNJUDGED_PATH = "unjudged-path"
    UNSEARCHED = "unsearched"
    BUDGET = "budget"
    BUDGET_LINES = "budget-lines"
    BUDGET_REPLACED = "budget-replaced"


#: A file that looks like a secret, or holds one.
SECRETS = frozenset({DropKind.SECRET_NAME, DropKind.SECRET_CONTENT})
#: What might have been shown, had there been room.
OVER_BUDGET = frozenset({DropKind.BUDGET, DropKind.BUDGET_LINES, DropKind.BUDGET_REPLACED})

_WORDS = {
    DropKind.IGNORED: "{}",
    DropKind.SECRET_NAME: "secret by name: {}",
    DropKind.SECRET_CONTENT: "secret by content: {} in line {}",
    DropKind.GENERATED_NAME: "generated, by its name",
    DropKind.GENERATED_HEADER: "generated, by its header",
    DropKind.BACKUP: "a backup, by its name",
    DropKind.MINIFIED: "minified",
    DropKind.BINARY: "a binary file",
    DropKind.POINTER: "only a pointer of Git LFS",
    DropKind.NO_FILE: "not a regular file",
    DropKind.LINK: "a link to {}: {}",
    DropKind.LINK_OUTSIDE: "a symbolic link out of the workspace",
    DropKind.LINK_TO_FOLDER: "a symbolic link to a folder",
    DropKind.MISSING: "does not exist",
    DropKind.TOO_LARGE: "too large ({})",
    DropKind.TOO_MANY_CHARACTERS: "too large: {} characters",
    DropKind.TOO_DEEP: "nested too deep",
    DropKind.BAD_NAME: "its name is not valid UTF-8",
    DropKind.UNKNOWN_ENCODING: "in an unknown encoding ({})",
    DropKind.UNREADABLE: "cannot be read: {}",
    DropKind.UNJUDGED: "cannot be judged: {}",
    DropKind.UNJUDGED_PATH: "its path cannot be judged: {}",
    DropKind.UNSEARCHED: "cannot be searched for secrets: {}",
    DropKind.BUDGET: "over the budget",
    DropKind.BUDGET_LINES: "over the budget: lines {} to {}, {} tokens",
    DropKind.BUDGET_REPLACED: "over the budget: its place was needed for something newer",
}


@dataclass(frozen=True, slots=True)
class DropReason:
    """Why something stays out: the kind, the values that its words tell of, and, of what there was no room for, why it
    was to be shown (`wanted_for`)."""

    kind: DropKind
    values: tuple[str, ...] = ()
    wanted_for: str = ""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A path, or a piece of one, that stays out of the window, and why.

    `is_lack`: it might have been shown, but could not be read, or is more than is read.
    """

    path: str
    why: DropReason
    is_lack: bool = False

    @property
    def reason(self) -> str:
        """Why, in words."""
        return drop_words(self.why)


def drop_words(why: DropReason) -> str:
    """A reason as people read it."""
    words = _WORDS[why.kind].format(*why.values)
    return f"{words} ({why.wanted_for})" if why.wanted_for else words


def are_of_pointers(lines: Sequence[str]) -> bool:
    """Whether changed lines of a file are those of a pointer of Git LFS, of a whole one or of what changes in it."""
    return any(map(_CONTENT.fullmatch, lines)) and all(
        line.startswith(POINTER) or _CONTENT.fullmatch(line) or _SIZE.fullmatch(line) for line in lines
    )
