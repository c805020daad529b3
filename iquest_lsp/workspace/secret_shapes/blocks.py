"""Values below a key that makes them secrets: the data of a Kubernetes secret, whatever they are called.

A hunk of one may lack the line that says what it is; the key `stringData`, a secret's type and a value that is text in
base64 say so too.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Sequence

_LINE = re.compile(r"[^\n]*\n?")
_DASHES = re.compile(r"[ \t]*(?:-[ \t]+)+")
_NOWHERE = 1 << 30
_KIND = re.compile(
    r"^[ \t]*(?:-[ \t]+)*(?:kind:[ \t]*[\"']?Secret[\"']?|type:[ \t]*[\"']?(?:Opaque|kubernetes\.io/[\w.-]+)[\"']?"
    r"|stringData:)[ \t]*(?:#.*)?\r?$",
    re.MULTILINE,
)
#: An entry whose value may be base64, which `data` holds.
_ENCODED = re.compile(
    r"^[ \t]*(?:-[ \t]+)?[\"']?[\w./-]{1,100}[\"']?:[ \t]+[\"']?([A-Za-z0-9+/]{6,10000}={0,2})[\"']?,?[ \t]*\r?$",
    re.MULTILINE,
)
_DATA = re.compile(r"(?:data|stringData)[ \t]*:[ \t]*(.*?)\s*$")
_ENTRY = re.compile(r"[ \t]*(?:[\"'][^\"']*[\"']|[^\s:#][^:]*?)[ \t]*:(?:[ \t]+|\s*$)(.*?)\s*$")
_JSON_KIND = re.compile(r"\"kind\"\s*:\s*\"Secret\"")
_JSON_DATA = re.compile(r"\"(?:data|stringData)\"\s*:\s*\{([^{}]*)\}")
_JSON_VALUE = re.compile(r"\"(?:[^\"\\\r\n]|\\.)*\"\s*:\s*\"((?:[^\"\\\r\n]|\\.)+)\"")
_FLOW_VALUE = re.compile(r"[\w.\-\"']+[ \t]*:[ \t]*[\"']?([^,{}\"'\r\n]+)")
#: Values that a template or a reference will put there.
_FILLED_LATER = re.compile(r"[\"']?(?:\{\{|\$\{|\$\(|<[a-z]|ENC\[|\*|!)")


def kubernetes_values(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each value in `data` and `stringData` of Kubernetes secrets, in YAML and in JSON."""
    if _JSON_KIND.search(text):
        for block in _JSON_DATA.finditer(text):
            for value in _JSON_VALUE.finditer(text, *block.span(1)):
                yield value.span(1)
    if _KIND.search(text):
        yield from _yaml_values([_Line(match.start(), match[0]) for match in _LINE.finditer(text)])


def encoded_values(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each value of an entry that is text in base64, as the data of Kubernetes secrets is.

    Shorter ones than 12 characters count where they are padded: a word may be base64 by chance.
    """
    for match in _ENCODED.finditer(text):
        value = match[1]
        if len(value) % 4 or len(value) < (8 if value.endswith("=") else 12):
            continue
        try:
            said = base64.b64decode(value, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            continue
        if said and all(char.isprintable() or char in "\r\n\t" for char in said):
            yield match.span(1)


class _Line:
    """A line of YAML: where it starts, the column at which its content begins, and whether that is an item's."""

    __slots__ = ("at", "column", "first", "text")

    def __init__(self, at: int, text: str) -> None:
        self.at, self.text = at, text
        indent = len(text) - len(text.lstrip())
        content = _DASHES.match(text)
        self.column = content.end() if content else indent
        self.first = self.column > indent
        if not text.strip() or text.lstrip().startswith("#"):
            self.column = _NOWHERE  # belongs to whatever is around it
        elif text.startswith(("---", "...")):
            self.column = -1


def _yaml_values(lines: Sequence[_Line]) -> Iterator[tuple[int, int]]:
    """The values of all mappings one entry of which says that it is a secret."""
    done: set[int] = set()
    for index, line in enumerate(lines):
        if line.column == _NOWHERE or not _KIND.match(line.text):
            continue
        start = index
        while start and start - 1 not in done and not (lines[start].first and lines[start].column == line.column):
            if lines[start - 1].column < line.column:
                break
            start -= 1
        if start - 1 in done and start:
            continue
        inside, entries = False, -1
        for number in range(start, len(lines)):
            here = lines[number]
            if here.column < line.column or (here.first and here.column == line.column and number > start):
                break
            if here.column == line.column:
                done.add(number)
                found = _DATA.match(here.text, here.column)
                inside, entries = found is not None, -1
                if found and found[1].startswith("{"):
                    at = here.at + found.start(1)
                    for value in _FLOW_VALUE.finditer(found[1]):
                        yield at + value.start(1), at + value.end(1)
            elif inside and here.column != _NOWHERE:
                entries = here.column if entries < 0 else entries
                yield from _entry(here.text, here.at, is_entry=here.column <= entries)
            else:
                done.add(number)


def _entry(line: str, position: int, *, is_entry: bool) -> Iterator[tuple[int, int]]:
    """The value of a line below `data`: all of it where it goes on with the value of an entry above."""
    found = _ENTRY.match(line) if is_entry else None
    if found is None:
        start, end = len(line) - len(line.lstrip()), len(line.rstrip())
    else:
        start, end = found.span(1)
        if found[1][:1] in ("|", ">") and len(found[1]) <= 3:
            return
    value = line[start:end]
    if _FILLED_LATER.match(value):
        return
    if len(value) > 1 and value[0] in "\"'" and value[-1] == value[0]:
        start, end = start + 1, end - 1
    if end > start:
        yield position + start, position + end
