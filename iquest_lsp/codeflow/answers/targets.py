"""What a user points at: FILE:LINE, FILE:FIRST-LAST, FILE::SYMBOL or FILE, found in the file as it is now."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from iquest_lsp import grammars
from iquest_lsp.codeflow.git.commits import Hunk, read_diff
from iquest_lsp.codeflow.git.path_bytes import decode_path
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.git.unread_files import submodule_around, unread_file
from iquest_lsp.codeflow.past.following.hunk_lines import before
from iquest_lsp.codeflow.syntax.deprecation import is_deprecated
from iquest_lsp.codeflow.syntax.outline.outlines import regions_of
from iquest_lsp.codeflow.syntax.outline.region import Region
from iquest_lsp.codeflow.syntax.outline.rows import touched
from iquest_lsp.codeflow.syntax.symbols import Symbol, at_line, symbols_of
from iquest_lsp.common_ends import common_ends
from iquest_lsp.errors import UsageError
from iquest_lsp.numbers_in_text import whole_number

_MOST_DIGITS = 18
#: So many places where a file's name may end are looked at.
_MOST_COLONS = 8
#: So many definitions of one name are told.
MAX_TOLD = 8


@dataclass(frozen=True, slots=True)
class Target:
    """A place in the repository: a repository path and, as asked, 0-based lines or a definition.

    `lines` are those asked about (the end is not among them); `symbol` is the definition meant or around all of the
    lines, `committed` its lines in HEAD (None: not committed), and `lines_committed` the lines there; `renamed_from`
    is the file's name in HEAD where that is another one. `symbols` are all definitions that are meant: that one, those
    that the lines touch, or those at the top of the file; all in the file, where it does not have the one meant.
    `definition` are the lines of the definition as it is now, `is_deprecated` whether they say so of it. `inside` is
    one inside a function, whose lines in HEAD are `lines_committed`; `symbol` and `name` are then empty.
    """

    text: str
    path: str
    lines: tuple[int, int] | None = None
    symbol: Symbol | None = None
    name: str = ""
    committed: tuple[int, int] | None = None
    lines_committed: tuple[int, int] | None = None
    renamed_from: str = ""
    symbols: tuple[Symbol, ...] = ()
    definition: tuple[str, ...] = ()
    is_deprecated: bool = False
    inside: Symbol | None = None

    @property
    def is_range(self) -> bool:
        """Whether more than one line is asked about."""
        return self.lines is not None and self.lines[1] - self.lines[0] > 1

    @property
    def line_committed(self) -> int | None:
        """The first of the lines asked about as it is in HEAD."""
        return self.lines_committed[0] if self.lines_committed is not None else None

    @property
    def head_path(self) -> str:
        """The file's path in HEAD, another one where it was moved since."""
        return self.renamed_from or self.path

    @property
    def label(self) -> str:
        """The place by its repository path."""
        if self.lines is not None:
            first, end = self.lines
            return f"{self.path}:{first + 1}" + (f"-{end}" if end > first + 1 else "")
        name = self.inside.name if self.inside is not None else self.name
        return f"{self.path}::{name}" if name else self.path


def find_target(repository: Repository, text: str, *, gone_allowed: bool = False, buffer: str | None = None) -> Target:
    """The place that FILE:LINE, FILE:FIRST-LAST, FILE::SYMBOL or FILE means; FILE is relative to the workspace root.

    Lines count from 1, and the last one belongs to the range.

    With `gone_allowed`, a definition that the file no longer has is no error: only history knows it. `buffer` is the
    file's text as an editor shows it, where that is not what is saved: its lines are meant then.
    Raises NoSuchFileError for a file that is not there, UsageError for a place that is not in it.
    """
    # Bytes that are no UTF-8 are written as the history writes them.
    try:
        text = decode_path(os.fsencode(text))
    except UnicodeEncodeError as error:
        raise UsageError(f"{text!r} names no place in the code", why="it holds half of a surrogate pair") from error
    path, name, asked = split_target(text, lambda named: _is_file(repository, _normal(repository.prefix + named)))
    full = _normal(repository.prefix + path)
    saved = _read(repository, full)
    source = saved if buffer is None else buffer.encode("utf-8", "replace")
    if source is None:
        if gone_allowed and name and repository.run("rev-list", "-1", "HEAD", "--", full, ok=(0, 128)):
            return Target(text, full, name=name)
        raise unread_file(repository, full)
    symbols = symbols_of(full, source)
    mapping = _Mapping(repository, full, between(saved or b"", source) if buffer is not None else ())
    if name:
        symbol = named(symbols, name) or named(symbols_of(full, source, variables=True), name)
        if symbol is None:
            several = sorted({item.name for item in symbols if item.name.endswith(f".{name}")})
            if len(several) > 1:
                why, fix = f"there are {', '.join(several[:MAX_TOLD])}", "Give the whole name"
                raise UsageError(f"{full} defines {name} {len(several)} times", why=why, fix=fix)
            inner = named(symbols_of(full, source, variables=True, inside=True), name)
            if inner is not None:
                span = mapping.range((inner.start, inner.end))
                origin = mapping.origin
                return Target(text, full, lines_committed=span, renamed_from=origin, symbols=(inner,), inside=inner)
            if not grammars.language_of(full):
                raise _unread(full, name, regions_of(full, source))
            if gone_allowed:
                return Target(text, full, name=name, symbols=symbols)
            raise no_definition(full, name, symbols)
        span = (symbol.start, symbol.end)
        code, deprecated = _definition(source, symbol)
        committed = mapping.range(span)
        return Target(
            text, full, None, symbol, symbol.name, committed, None, mapping.origin, (symbol,), code, deprecated
        )
    if asked is None:
        outermost = tuple(item for item in symbols if "." not in item.name)
        return Target(text, full, renamed_from=mapping.origin, symbols=outermost)
    count = source.count(b"\n") + (bool(source) and not source.endswith(b"\n"))
    first, last = asked
    if first <= count == last - 1:  # in editors a selection of last lines ends behind their line end
        last = count
    for number in (first, last):
        if not 1 <= number <= count:
            why = f"it has {count} {'line' if count == 1 else 'lines'}" if count else "it is empty"
            raise UsageError(f"{full} has no line {number}", why=why)
    if last < first:
        raise UsageError(f"Line {last} comes before line {first}", fix="Give the first line, then the last")
    lines = (first - 1, last)
    symbol = _around(symbols, lines)
    return Target(
        text,
        full,
        lines,
        symbol,
        symbol.name if symbol else "",
        mapping.range((symbol.start, symbol.end)) if symbol else None,
        mapping.range(lines),
        mapping.origin,
        tuple(touched(symbols, first - 1, count := last - first + 1))
        or tuple(touched(symbols_of(full, source, variables=True), first - 1, count)),
        *_definition(source, symbol),
    )


def check_is_here(repository: Repository, target: Target) -> None:
    """Raises UsageError for a place whose history another repository has."""
    if module := submodule_around(repository, target.path):
        what = f"The history of {target.path} is not in this repository"
        raise UsageError(what, why=f"it lies in the submodule {module}", fix=f"Ask in the folder {module}")


def no_definition(path: str, name: str, symbols: Sequence[Symbol]) -> UsageError:
    """The error of a name that a file does not define, with the names that are like it."""
    close = difflib.get_close_matches(name, [item.name for item in symbols], 3, 0.5)
    why = f"like it there are {', '.join(close)}" if close else "it defines nothing of a name like it"
    return UsageError(f"{path} defines no {name}", why=why, fix="Check the name")


def _unread(path: str, name: str, regions: Sequence[Region]) -> UsageError:
    """The error of a name in a file whose definitions no grammar reads, with the lines that it seems to have."""
    found = next((item for item in regions if f".{item.name}".endswith(f".{name}")), None)
    lines = f"{path}:{found.start + 1}-{found.end}" if found is not None else f"{path}:LINE"
    return UsageError(
        f"{path} cannot be asked for {name}", why="no grammar here reads the file's definitions", fix=f"Give {lines}"
    )


def split_target(
    text: str, is_file: Callable[[str], bool] = lambda path: False
) -> tuple[str, str, tuple[int, int] | None]:
    """FILE::SYMBOL, FILE:LINE, FILE:LINE:COL, FILE:FIRST-LAST or FILE as path, symbol, and first and last line.

    Of a text that can be read in several ways the longest path is meant of which `is_file` says True.
    Raises UsageError.
    """
    if is_file(text):
        return text, "", None
    lines = re.fullmatch(r"(.+):(\d+)(?:-(\d+))?", text, re.DOTALL)
    if not (lines and is_file(lines[1])):
        lines = re.fullmatch(r"(.+?):(\d+)(?:-(\d+)|:\d+)?", text, re.DOTALL)
    if "::" not in text:
        if lines:
            return _at_lines(lines)
        path, _, line = text.rpartition(":")
        if is_file(path):
            raise UsageError(f"{line!r} names no line of {path}", fix="Give FILE:LINE or FILE:FIRST-LAST")
        if text.strip():
            return text, "", None
    elif lines and is_file(lines[1]):
        return _at_lines(lines)
    else:
        ends = [found.start() for found in re.finditer("(?=::)", text)][:_MOST_COLONS]
        end = next((end for end in reversed(ends[1:]) if is_file(text[:end])), ends[0])
        path, name = text[:end], text[end + 2 :]
        if path and name:
            return path, name.replace("::", "."), None
    raise UsageError(f"{text!r} names no place in the code", fix="Give FILE:LINE or FILE::SYMBOL")


def _at_lines(found: re.Match[str]) -> tuple[str, str, tuple[int, int]]:
    return found[1], "", (_number(found[2]), _number(found[3] or found[2]))


def _number(digits: str) -> int:
    """A line's number; what is longer than any is cut."""
    number = whole_number(digits, _MOST_DIGITS)
    return 10**_MOST_DIGITS if number is None else number


def _definition(source: bytes, symbol: Symbol | None) -> tuple[tuple[str, ...], bool]:
    """The lines of a definition, and whether it is deprecated."""
    if symbol is None:
        return (), False
    lines = source.split(b"\n")
    code = tuple(line.decode("utf-8", "replace") for line in lines[symbol.start : symbol.end])
    return code, is_deprecated(lines, symbol)


def _around(symbols: tuple[Symbol, ...], lines: tuple[int, int]) -> Symbol | None:
    """The innermost definition that holds all of some lines."""
    holding = tuple(item for item in symbols if item.start <= lines[0] and lines[1] <= item.end)
    return at_line(holding, lines[0])


class _Mapping:
    """Lines of the file as it is now as lines of the file in HEAD; `origin` is its name there where it was moved since.

    `unsaved` are the changes from the file on disk to what an editor shows of it.
    """

    def __init__(self, repository: Repository, path: str, unsaved: tuple[Hunk, ...] = ()) -> None:
        self._unsaved = unsaved
        self._hunks: tuple[Hunk, ...] = ()
        self.origin = ""
        head = repository.head()
        self._new = not head
        if not head or repository.bare:
            return
        changed = next(
            (item for item in read_diff(repository.diff(head, None, paths=[path])) if item.path == path), None
        )
        if changed is not None and changed.status == "A":
            # Limited to one path git cannot see that a new file is another one moved.
            every = read_diff(repository.diff(head, None))
            changed = next((item for item in every if item.path == path), changed)
        if changed is not None:
            self._hunks, self._new = changed.hunks, changed.status == "A"
            self.origin = changed.old_path if changed.status == "R" else ""

    def range(self, span: tuple[int, int]) -> tuple[int, int] | None:
        saved = before(self._unsaved, span)
        return None if self._new or saved is None else before(self._hunks, saved)


def between(old: bytes, new: bytes) -> tuple[Hunk, ...]:
    """What changes one text into another, as hunks without their lines; line ends of both kinds are alike."""
    one, other = _lines(old), _lines(new)
    head, tail = common_ends(one, other)
    middle = difflib.SequenceMatcher(None, one[head : len(one) - tail], other[head : len(other) - tail], autojunk=True)
    return tuple(
        Hunk(head + i1, i2 - i1, head + j1, j2 - j1) for tag, i1, i2, j1, j2 in middle.get_opcodes() if tag != "equal"
    )


def _lines(text: bytes) -> list[bytes]:
    """The lines of a text; behind the last line end there is none."""
    return text.replace(b"\r\n", b"\n").removesuffix(b"\n").split(b"\n") if text else []


def named(symbols: Sequence[Symbol], name: str) -> Symbol | None:
    """The definition of that name, its last form; the unqualified name will do where it is the only one, or that of
    what the others are in, as of a class with its constructors."""
    exact = [item for item in symbols if item.name == name]
    short = [item for item in symbols if item.name.endswith(f".{name}")]
    outer = min((item.name for item in short), key=len, default="")
    if not exact and all(f"{item.name}.".startswith(f"{outer}.") for item in short):
        exact = [item for item in short if item.name == outer]
    return exact[-1] if exact else None


def _read(repository: Repository, path: str) -> bytes | None:
    """The file as it is here; of one that a sparse checkout leaves out, and in a bare repository, as it is in HEAD."""
    if not repository.bare:
        found = repository.work_tree_file(path)
        if found is not None or not repository.run("ls-files", "-t", "--", path, ok=(0, 128)).startswith(b"S "):
            return found
    return repository.file_at("HEAD", path) or None


def _is_file(repository: Repository, path: str) -> bool:
    """Whether a file is here; in a bare repository, whether HEAD has one that is not empty."""
    return bool(repository.file_at("HEAD", path)) if repository.bare else repository.work_tree_file(path) is not None


def _normal(path: str) -> str:
    parts: list[str] = []
    for part in path.replace(os.sep, "/").split("/"):
        if part == "..":
            parts = parts[:-1]
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
