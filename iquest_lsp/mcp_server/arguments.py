"""What a tool may be given: as a JSON schema for the agent, and read from what it sends."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from iquest_lsp.errors import UsageError
from iquest_lsp.numbers_in_text import whole_number

#: Characters of a path or a name, and of a diff or a log.
PATH_LENGTH, TEXT_LENGTH = 4096, 2_000_000
_MOST_DIGITS = 19
#: How alike (difflib's ratio) a name is to the one that was meant; another word for it, as `target`, is less.
_MISSPELT = 0.8
_KINDS = {"string": "a text", "integer": "a whole number", "boolean": "true or false"}


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument. `kind` is its JSON type; `least` and `most` bound a number, `most` the length of a text.

    `about` says what it is, `more` what else there is to know.
    """

    name: str
    kind: str
    about: str
    least: int = 0
    most: int = PATH_LENGTH
    default: int | None = None
    is_required: bool = False
    more: str = ""

    def schema(self) -> dict[str, object]:
        """The argument as JSON schema."""
        made: dict[str, object] = {"type": self.kind, "description": f"{self.about} {self.more}".rstrip()}
        if self.kind == "integer":
            made |= {"minimum": self.least, "maximum": self.most}
        if self.kind == "string":
            made["maxLength"] = self.most
        if self.default is not None:
            made["default"] = self.default
        return made

    def read(self, given: object) -> Any:
        """The value that was given; raises UsageError for one that the schema does not allow.

        A number may come as a text or with a fraction of nought, as some models write it.
        """
        value = _number(given) if self.kind == "integer" else given
        expected: type = {"string": str, "integer": int, "boolean": bool}[self.kind]
        if type(value) is not expected:
            raise UsageError(f"The argument {self.name!r} must be {_KINDS[self.kind]}", why=f"it is {_shown(given)}")
        if isinstance(value, str) and ("\0" in value or not _is_unicode(value)):
            raise UsageError(f"The argument {self.name!r} holds what is no text", why="NUL or half a surrogate pair")
        if isinstance(value, str) and len(value) > self.most:
            raise UsageError(f"The argument {self.name!r} is too long", why=f"it has more than {self.most} characters")
        if isinstance(value, int) and self.kind == "integer" and not self.least <= value <= self.most:
            raise UsageError(f"The argument {self.name!r} must lie between {self.least} and {self.most}")
        return value


def schema(arguments: Sequence[Argument]) -> dict[str, object]:
    """The arguments of a tool as one JSON schema."""
    return {
        "type": "object",
        "properties": {item.name: item.schema() for item in arguments},
        "required": [item.name for item in arguments if item.is_required],
        "additionalProperties": False,
    }


def read(arguments: Sequence[Argument], given: Mapping[str, object]) -> dict[str, Any]:
    """The arguments that were given, and the defaults of the others; null and "" count as not given.

    Raises UsageError.
    """
    known = {item.name: item for item in arguments}
    for name in given:
        if name not in known:
            close = difflib.get_close_matches(name, known, 1, _MISSPELT)
            meant = f"Did you mean {close[0]!r}? " if close else ""
            raise UsageError(f"There is no argument {name[:100]!r}", fix=f"{meant}There are: {', '.join(known)}")
    values: dict[str, Any] = {}
    for name, argument in known.items():
        value = given.get(name)
        if value is not None and value != "":
            values[name] = argument.read(value)
        elif argument.is_required:
            raise UsageError(f"The argument {name!r} is missing", why=argument.about)
        elif argument.default is not None:
            values[name] = argument.default
    return values


def _number(given: object) -> object:
    if isinstance(given, float) and given.is_integer():
        return int(given)
    number = whole_number(given, _MOST_DIGITS) if isinstance(given, str) and given.isascii() else None
    return given if number is None else number


def _is_unicode(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _shown(given: object) -> str:
    # As it was sent, but for halves of surrogate pairs, which cannot be sent back.
    text = json.dumps(given, ensure_ascii=False).encode("utf-8", "backslashreplace").decode()
    return text if len(text) <= 60 else text[:59] + "…"
