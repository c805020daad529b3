"""Comments in lines of any language, as far as a line by itself tells, and the language where that is known."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from itertools import islice
from pathlib import PurePosixPath
from typing import Concatenate, ParamSpec, Protocol, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_COMMENT_LINE = re.compile(
    r"^\s*(#(?!!?\[|!\s*/|\s*frozen_string_literal:|include|define|undef|if|endif|el|pragma|error|warning)|//(?!go:|\s*\+build\b)|/\*|\*|--|<!--|$)"
)
#: Where two slashes begin a comment: `#` marks what is private, or a directive, `*p` is what a pointer leads to.
_SLASHES = re.compile(r"^\s*(//(?!go:|\s*\+build\b)|/\*|\*+(?=[\s/]|$)|<!--|$)")
#: Where only `#` does: `*names` are arguments.
_HASHES = re.compile(r"^\s*(#(?!!?\[|!\s*/|\s*frozen_string_literal:)|$)")
_BY_SUFFIX = {
    **dict.fromkeys(("js", "jsx", "mjs", "cjs", "ts", "tsx", "mts", "cts", "rs", "go", "java"), _SLASHES),
    **dict.fromkeys(("c", "h", "cc", "cpp", "cxx", "hpp", "hh", "m", "mm", "cs", "kt", "kts", "swift"), _SLASHES),
    **dict.fromkeys(("scala", "dart"), _SLASHES),
    **dict.fromkeys(("py", "pyi", "rb"), _HASHES),
}
#: How comments begin in the file that is read just now.
_lines: ContextVar[re.Pattern[str]] = ContextVar("lines", default=_COMMENT_LINE)


class InFile(Protocol):
    """What is of one file."""

    @property
    def path(self) -> str:
        """Where it is."""


F = TypeVar("F", bound=InFile)


def in_its_language(work: Callable[Concatenate[F, P], T]) -> Callable[Concatenate[F, P], T]:
    """Has comments read as the language has them of the file that is given first."""

    @functools.wraps(work)
    def told(item: F, /, *rest: P.args, **named: P.kwargs) -> T:
        suffix = PurePosixPath(item.path).suffix.lower().lstrip(".")
        token = _lines.set(_BY_SUFFIX.get(suffix, _COMMENT_LINE))
        try:
            return work(item, *rest, **named)
        finally:
            _lines.reset(token)

    return told


#: Two slashes before a number divide by it, in Python.
_LAST_COMMENT = re.compile(r"\s(?:#|//(?!\s*\d+(?:\.\d+)?\s*(?:[)\]}+*,:%-]|$)))(?=\s?\S)")
#: A comment within a line; what a pattern of files holds begins with a star. One that does not end is read but once.
_WITHIN = re.compile(r"(?:^|(?<=[\s({\[,;]))/\*(?:[^*]|\*(?!/))*+(\*/)?")

#: Comments that tell a tool what to do, and readers nothing.
_FOR_TOOLS = re.compile(
    r"\s*(?:#|//|/\*|\{/\*|--|<!--)\s*(?:eslint|tslint|jshint|jscs|prettier-|biome-|deno-|oxlint|stylelint|istanbul |"
    r"c8 |v8 ignore|@ts-|@flow|@vitest|@jest|noqa|type:\s|pylint:|pyright:|mypy:|ruff:|flake8|isort:|fmt:|yapf:|"
    r"pragma:|nosec|nolint|NOLINT|lint:|clang-format|rustfmt|rubocop:|standard:|shellcheck |hadolint |codespell:|"
    r"cspell:|spell-checker|noinspection|checkstyle|CHECKSTYLE|coverage:|LCOV_|GCOV_|GCOVR_|go:)"
)


def is_for_tools(line: str) -> bool:
    """Whether a line is a comment for a linter, a checker or a formatter."""
    return bool(_FOR_TOOLS.match(line))


_FOR_AUTHORS = re.compile(r"\s*(?:#|//|--)\s*(?:TODO|FIXME|XXX|HACK)\b")


def is_for_authors(line: str) -> bool:
    """Whether a line is a comment on what is still to be done, which documents nothing."""
    return bool(_FOR_AUTHORS.match(line))


def is_comment(line: str) -> bool:
    """True for lines that hold a comment, or nothing, in the language that is read, else in any."""
    return bool(_lines.get().match(line))


#: Of marks that may begin a comment on a line, so many are looked at.
MAX_MARKS = 8
#: And of comments within it.
MAX_WITHIN = 50


def uncommented(line: str) -> str:
    """A line without the comments within it and at its end; a mark inside a text is none, as far as quotes tell."""
    if "/*" in line:
        line = _WITHIN.sub(
            lambda found: found[0] if not found[1] or _in_text(line[: found.start()]) else "", line, MAX_WITHIN
        )
    has_hashes = _lines.get() is not _SLASHES
    for found in islice(_LAST_COMMENT.finditer(line), MAX_MARKS):
        if not has_hashes and found[0].endswith("#"):
            continue
        left = line[: found.start()]
        if not _in_text(left):
            return left.strip()
    return line.strip()


def _in_text(left: str) -> bool:
    """Whether a quote is open behind what stands on a line before a mark."""
    return any(left.count(quote) % 2 for quote in ('"', "'", "`"))


def opens_comment(removed: Iterable[str], added: Iterable[str]) -> bool:
    """Whether a hunk begins or ends a comment without its other end, so that what follows is code no more, or again."""
    before, after = (sum(line.count("/*") - line.count("*/") for line in lines) for lines in (removed, added))
    return before != after


#: What makes a line one of a comment, or of a documentation string.
_SIGNS = re.compile(
    r"^\s*+(?:#++|//[/!]?|/\*++!?|\*++(?!/)|--++|;++|<!--|[rRuU]?\"\"\"|[rRuU]?\'\'\')?|(?:\*++/|-->|\"\"\"|\'\'\')\s*+$"
)


def rewraps(removed: Iterable[str], added: Iterable[str]) -> bool:
    """Whether lines of comments or documentation hold the same words in the same order, in other lines."""
    before, after = ([_SIGNS.sub("", line).strip() for line in lines] for lines in (removed, added))
    if sorted(filter(None, before)) == sorted(filter(None, after)):  # they stand elsewhere
        return False
    return " ".join(before).split() == " ".join(after).split()


def rewraps_comment(removed: Sequence[str], added: Sequence[str]) -> bool:
    """The same of lines that are comments, all of them."""
    return all(map(is_comment, (*removed, *added))) and rewraps(removed, added)
