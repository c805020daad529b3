"""git's pattern language: lines of a rules file to compiled patterns that answer as git's own matcher does.

Follows dir.c (parse_path_pattern, match_basename, match_pathname, trim_trailing_spaces) and wildmatch.c of git 2.39,
byte for byte: `?` and sets match one byte, an escape at the end or a set that does not close matches nothing, and what
stands before the first wildcard is compared as it is, so that `a/b**/c` means `a/b` and then `**/c`.

Between two gaps stand items of one byte each, so the first place where they fit is as good as any later one: gaps are
atomic groups, shortest first, and no pattern takes more than quadratic time in the path.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_SPECIAL = b"*?[\\"
_CLASSES: dict[bytes, frozenset[int]] = {
    b"alnum": frozenset(b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
    b"alpha": frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
    b"blank": frozenset(b" \t"),
    b"cntrl": frozenset((*range(32), 127)),
    b"digit": frozenset(b"0123456789"),
    b"graph": frozenset(range(33, 127)),
    b"lower": frozenset(b"abcdefghijklmnopqrstuvwxyz"),
    b"print": frozenset(range(32, 127)),
    b"punct": frozenset(byte for byte in range(33, 127) if not chr(byte).isalnum()),
    b"space": frozenset(b" \t\n\r"),
    b"upper": frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    b"xdigit": frozenset(b"0123456789ABCDEFabcdef"),
}


class _MatchesNothingError(Exception):
    """The pattern can match no path."""


@dataclass(frozen=True, slots=True)
class IgnorePattern:
    """One line: what it matches (None: nothing), whether it takes back (`!`), and what kind of path it speaks of.

    `by_name` compares the last component only, else the whole path relative to the folder of the rules.
    """

    text: str
    regex: re.Pattern[bytes] | None
    negated: bool
    folders_only: bool
    by_name: bool

    def matches(self, path: bytes, name: bytes, *, is_folder: bool) -> bool:
        """Whether the pattern speaks of this very path (`name` is its last component), not of a folder above it."""
        if self.regex is None or (self.folders_only and not is_folder):
            return False
        return self.regex.fullmatch(name if self.by_name else path) is not None


def parse_lines(data: bytes, *, ignore_case: bool = False) -> list[IgnorePattern]:
    """The patterns of a rules file, first line first; those that match nothing are left out."""
    found = []
    for line in data.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        text = _trimmed(line.removesuffix(b"\r"))
        if text and not text.startswith(b"#"):
            pattern = parse_pattern(text, ignore_case=ignore_case)
            if pattern.regex is not None:
                found.append(pattern)
    return found


def parse_pattern(line: bytes, *, ignore_case: bool = False) -> IgnorePattern:
    """One pattern of one line, without the line's end."""
    pattern = line.removeprefix(b"!")
    folders_only = pattern.endswith(b"/")
    if folders_only:
        pattern = pattern[:-1]
    by_name = b"/" not in pattern
    if not by_name:
        pattern = pattern.removeprefix(b"/")
    literal = next((at for at, byte in enumerate(pattern) if byte in _SPECIAL), len(pattern))
    regex = None
    if pattern:
        try:
            source = b"".join(_literal(byte, ignore_case) for byte in pattern[:literal])
            regex = re.compile(source + _translated(pattern[literal:], ignore_case), re.DOTALL)
        except _MatchesNothingError:
            regex = None
    return IgnorePattern(line.decode("utf-8", "backslashreplace"), regex, line.startswith(b"!"), folders_only, by_name)


def _trimmed(line: bytes) -> bytes:
    """Without trailing spaces; one that a backslash protects stays, and so does a line that ends in a backslash."""
    at, cut = 0, -1
    while at < len(line):
        if line[at] == 0x20:
            cut = at if cut < 0 else cut
        else:
            if line[at] == 0x5C:
                at += 1
                if at == len(line):
                    return line
            cut = -1
        at += 1
    return line if cut < 0 else line[:cut]


@dataclass(slots=True)
class _Group:
    """What stands between two gaps that cross components: pieces with a star between each two of them."""

    lead: bytes = b""
    pieces: list[list[bytes]] = field(default_factory=lambda: [[]])

    def regex(self, *, is_last: bool) -> bytes:
        texts = [b"".join(piece) for piece in self.pieces]
        found = texts[0]
        for number, text in enumerate(texts[1:], 1):
            ends = is_last and number == len(texts) - 1
            found += b"[^/]*" + text if ends else b"(?>[^/]*?" + text + b")"
        return self.lead + found if is_last or not self.lead else b"(?>" + self.lead + found + b")"


def _translated(pattern: bytes, ignore_case: bool) -> bytes:
    """A regular expression for what follows the literal beginning."""
    groups = [_Group()]
    for token in _tokens(pattern, ignore_case):
        if token == b"*":
            groups[-1].pieces.append([])
        elif token in (b"**", b"**/"):
            groups.append(_Group(b".*?" if token == b"**" else b"(?:.*?/)??"))
        else:
            groups[-1].pieces[-1].append(token)
    return b"".join(group.regex(is_last=group is groups[-1]) for group in groups)


def _tokens(pattern: bytes, ignore_case: bool) -> Iterator[bytes]:
    """Regular expressions of one byte each, and the gaps `*`, `**` and `**/`."""
    at = 0
    while at < len(pattern):
        byte = pattern[at : at + 1]
        at += 1
        if byte == b"\\":
            if at == len(pattern):
                raise _MatchesNothingError
            # Only the path's letter is made small here, so an escaped capital has nothing to match.
            if ignore_case and pattern[at : at + 1].isupper():
                raise _MatchesNothingError
            yield _literal(pattern[at], ignore_case)
            at += 1
        elif byte == b"?":
            yield b"[^/]"
        elif byte == b"[":
            members, at = _set(pattern, at, ignore_case)
            if not members:
                raise _MatchesNothingError
            yield b"[" + b"".join(b"\\x%02x" % member for member in sorted(members)) + b"]"
        elif byte == b"*":
            begins = at == 1 or pattern[at - 2] == 0x2F
            first = at
            while pattern[at : at + 1] == b"*":
                at += 1
            ends = at == len(pattern) or pattern[at : at + 1] == b"/" or pattern[at : at + 2] == b"\\/"
            if at == first or not (begins and ends):
                yield b"*"
            elif pattern[at : at + 1] == b"/":
                at += 1
                yield b"**/"
            else:
                yield b"**"
        else:
            yield _literal(byte[0], ignore_case)


def _literal(byte: int, ignore_case: bool) -> bytes:
    one = bytes([byte])
    if ignore_case and one.isalpha():
        return b"[" + one.lower() + one.upper() + b"]"
    return re.escape(one)


def _set(pattern: bytes, at: int, ignore_case: bool) -> tuple[set[int], int]:
    """The bytes that a set matches, whose opening bracket ends at `at`, and where it ends itself."""
    padded = pattern + b"\0\0"
    negated = padded[at] in b"!^"
    if negated:
        at += 1
    tests: list[frozenset[int]] = []  # of the byte as it is compared
    upper_tests: list[frozenset[int]] = []  # of its capital, where case does not count
    previous = 0
    first = True
    while first or padded[at] != 0x5D:
        first = False
        byte = padded[at]
        if byte == 0:
            raise _MatchesNothingError
        if byte == 0x5C:
            at += 1
            byte = padded[at]
            if byte == 0:
                raise _MatchesNothingError
            tests.append(frozenset((byte,)))
        elif byte == 0x2D and previous and padded[at + 1] and padded[at + 1] != 0x5D:
            at += 1
            last = padded[at]
            if last == 0x5C:
                at += 1
                last = padded[at]
                if last == 0:
                    raise _MatchesNothingError
            tests.append(frozenset(range(previous, last + 1)))
            upper_tests.append(tests[-1])
            byte = 0
        elif byte == 0x5B and padded[at + 1] == 0x3A:
            end = padded.find(b"]", at + 2)
            if end < 0:
                raise _MatchesNothingError
            name = padded[at + 2 : end]
            if name.endswith(b":"):
                members = _CLASSES.get(name[:-1])
                if members is None:
                    raise _MatchesNothingError
                tests.append(members)
                if name == b"upper:":
                    upper_tests.append(members)
                at, byte = end, 0
            else:
                tests.append(frozenset((byte,)))
        else:
            tests.append(frozenset((byte,)))
        previous = byte
        at += 1
    found = set()
    for candidate in range(1, 256):
        compared = candidate
        if ignore_case and candidate in _CLASSES[b"upper"]:
            compared += 32
        matched = any(compared in test for test in tests)
        if not matched and ignore_case and compared in _CLASSES[b"lower"]:
            matched = any(compared - 32 in test for test in upper_tests)
        if matched != negated:
            found.add(candidate)
    return found - {0x2F}, at + 1
