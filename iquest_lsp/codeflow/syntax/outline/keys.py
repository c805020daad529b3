"""The keys of configuration files (TOML, JSON, YAML, INI and their like), with the lines that each of them takes.

Names are dotted. The readers follow the layout of files as people and tools write them; they judge no file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from iquest_lsp.codeflow.syntax.outline.region import Region, RegionHead, end_of

_TABLE = re.compile(r"\s*+\[\[?+\s*+([^\]\s](?:[^\]]*+))\]\]?+\s*+(?:#.*+)?+$")
_TOML_KEY = re.compile(r"\s*((?:[\w-]+|\"[^\"]*\"|'[^']*')(?:\s*\.\s*(?:[\w-]+|\"[^\"]*\"|'[^']*'))*)\s*=\s*(.*)")
_INI_SECTION = re.compile(r"\s*\[([^\]]+)\]\s*$")
_INI_KEY = re.compile(r"(\s*)((?:export\s+)?[^\s#;=:\[][^#;=:]*?)\s*[=:]\s*(.*)")
_YAML_KEY = re.compile(
    r"(\s*(?:-\s+)*)(\"[^\"]*\"|'[^']*'|[^\s#\-'\"&*!|>%@`{}\[\],][^#]*?|-[^\s#][^#]*?)\s*:(?:\s+(.*)|$)"
)
_YAML_ITEM = re.compile(r"(\s*)((?:-\s+)+|-$)(.*)")
_YAML_NAMES = ("name", "id", "uses", "repo", "run", "key", "image", "path")
_JSON_TOKEN = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|[{}\[\]:,]|[^\s{}\[\]:,"]+|\n', re.DOTALL)
#: Lines that hold a comment or nothing.
_IDLE, _INI_IDLE = re.compile(r"\s*(#.*)?$"), re.compile(r"\s*([#;].*)?$")
#: Or in YAML begin or end a document.
_YAML_IDLE = re.compile(r"\s*(?:#.*)?$|(?:---|\.\.\.)\s*(?:#.*)?$")
_OPENING, _CLOSING = "([{", ")]}"
MAX_VALUE = 2000
#: A key whose name with all that it stands in is longer has none: a level may be one letter, and a file all levels.
MAX_NAME = 400


def toml_keys(lines: list[str]) -> tuple[Region, ...]:
    """Tables and keys; the third table of an array is `name[2]`."""
    found: list[Region] = []
    tables: list[tuple[str, int]] = []
    seen: dict[str, int] = {}
    prefix, at = "", 0
    while at < len(lines):
        line = lines[at]
        if table := _TABLE.match(line) if line.lstrip().startswith("[") else None:
            prefix = _named("", "", table[1].rstrip().replace('"', ""))
            if line.lstrip().startswith("[["):
                seen[prefix] = seen.get(prefix, -1) + 1
                prefix = f"{prefix}[{seen[prefix]}]"
            tables.append((prefix, at))
            at += 1
        elif key := _TOML_KEY.match(line):
            end = _toml_end(lines, at, key[2])
            name = re.sub(r"\s*\.\s*", ".", key[1]).replace('"', "").replace("'", "")
            value = "\n".join([key[2], *lines[at + 1 : end]])
            found.append(Region(_named(prefix, ".", name), "key", at, end, _plain(value)))
            at = end
        else:
            at += 1
    ends = [start for _, start in tables[1:]] + [len(lines)]
    return _with_names(
        (*(Region(name, "table", start, end) for (name, start), end in zip(tables, ends, strict=False)), *found)
    )


def _toml_end(lines: list[str], at: int, value: str) -> int:
    """The line after a value that may go on over many lines: a list, a table, a text in three quotes."""
    for quotes in ('"""', "'''"):
        if value.count(quotes) == 1:
            rest = (number for number in range(at + 1, len(lines)) if quotes in lines[number])
            return next(rest, len(lines) - 1) + 1
    depth = _depth(value)
    while depth > 0 and at + 1 < len(lines):
        at += 1
        depth += _depth(lines[at])
    return at + 1


def _depth(text: str) -> int:
    """Brackets opened and not closed, comments and texts aside."""
    bare = re.sub(r"\"(?:[^\"\\]|\\.)*\"|'[^']*'|#.*", "", text)
    return sum((char in _OPENING) - (char in _CLOSING) for char in bare)


def ini_keys(lines: list[str]) -> tuple[Region, ...]:
    """Sections and keys; indented lines belong to the key above."""
    heads: list[RegionHead] = []
    values: dict[int, str] = {}
    section = False
    for at, line in enumerate(lines):
        if found := _INI_SECTION.match(line):
            heads.append((at, 0, "table", found[1]))
            section = True
        elif (key := _INI_KEY.match(line)) and (not key[1] or not values):
            heads.append((at, 1 if section else 0, "key", key[2]))
            values[at] = key[3]
        elif values and line[:1].isspace() and line.strip():
            last = max(values)
            values[last] = f"{values[last]}\n{line.strip()}".strip()
    return tuple(_trimmed(item, lines, values, _INI_IDLE) for item in _with_names(_joined(heads, len(lines))))


def yaml_keys(lines: list[str]) -> tuple[Region, ...]:
    """Keys by their indentation; an item of a list is named by its name, id or number, as `steps[Build].with`."""
    heads: list[RegionHead] = []
    values: dict[int, str] = {}
    counts: dict[int, int] = {}
    text_from = -1
    for at, line in enumerate(lines):
        indent = len(line) - len(line.lstrip())
        if _YAML_IDLE.match(line):
            continue
        if text_from >= 0:
            if indent > text_from:
                continue
            text_from = -1
        for depth in [depth for depth in counts if depth > indent]:
            del counts[depth]
        item = _YAML_ITEM.match(line)
        key = _YAML_KEY.match(line)
        if item is not None:
            number = counts[indent] = counts.get(indent, -1) + 1
            if key is not None:
                heads.append((at, 2 * indent + 1, "item", _item_name(lines, at, len(item[1] + item[2]), number)))
        else:
            counts.pop(indent, None)
        if key is not None:
            depth = len(key[1])
            heads.append((at, 2 * depth, "key", key[2].strip("\"'")))
            values[at] = "" if (key[3] or "").startswith("#") else (key[3] or "").strip()
            if re.match(r"[|>][+-]?\d*\s*(#.*)?$", values[at]):
                text_from, values[at] = depth, ""
    return tuple(_trimmed(item, lines, values, _YAML_IDLE) for item in _with_names(_joined(heads, len(lines))))


def _item_name(lines: list[str], at: int, column: int, number: int) -> str:
    """What an item of a list is called: by the first telling key among its own."""
    own: dict[str, str] = {}
    for near, line in enumerate(lines[at : at + 30]):
        indent = len(line) - len(line.lstrip())
        if near and line.strip() and indent < column:
            break
        body = line[column:] if near == 0 or indent == column else ""
        if found := re.match(r"([\w-]+)\s*:\s+[\"']?([^\"'#|>\n]+)", body):
            own.setdefault(found[1], found[2].strip())
    name = next((own[key] for key in _YAML_NAMES if key in own), "").partition("@")[0].strip()
    return f"[{name}]" if name and len(name) <= 60 else f"[{number}]"


def json_keys(text: str) -> tuple[Region, ...]:
    """Keys of objects, comments allowed; objects in a list are named by their number."""
    found: list[Region] = []
    # (name, opening bracket, number of the item)
    outer: list[tuple[str, str, int]] = []
    starts: list[tuple[str, int, int]] = []
    line, pending, key_at, expects = 0, "", 0, True
    for match in _JSON_TOKEN.finditer(text):
        token = match[0]
        if token == "\n":
            line += 1
        elif token.startswith(("//", "/*")):
            line += token.count("\n")
        elif token in "{[":
            name = pending
            if outer and outer[-1][1] == "[":
                name = _named(outer[-1][0], "", f"[{outer[-1][2]}]")
                starts.append((name, line, match.start()))
            outer.append((name, token, 0))
            expects = token == "{"
        elif token in "}]":
            if outer:
                name, _, _ = outer.pop()
                end = line + 1
                if starts and starts[-1][0] == name:
                    _, start, where = starts.pop()
                    value = text[where : match.end()].strip() if match.end() - where <= MAX_VALUE else ""
                    found.append(Region(name, "key", start, end, value))
            expects = False
        elif token == ",":
            if outer and outer[-1][1] == "[":
                outer[-1] = (outer[-1][0], "[", outer[-1][2] + 1)
            expects = bool(outer) and outer[-1][1] == "{"
        elif token == ":":
            expects = False
            starts.append((pending, key_at, match.end()))
        elif expects:
            key = token.strip("\"'")
            key = f'"{key}"' if "." in key else key  # as a path of keys is written, where a key holds what joins them
            pending = _named(outer[-1][0] if outer else "", ".", key)
            key_at = line
        elif outer and outer[-1][1] == "{" and starts and starts[-1][0] == pending:
            _, start, _ = starts.pop()
            found.append(Region(pending, "key", start, line + 1, token))
    return _with_names(found)


def _named(outer: str, joint: str, name: str) -> str:
    """The name of a key in what it stands in; one that is too long is cut, and so are all below it."""
    return (f"{outer[:MAX_NAME]}{joint}{name[:MAX_NAME]}" if outer else name[:MAX_NAME])[:MAX_NAME]


def _with_names(regions: Iterable[Region]) -> tuple[Region, ...]:
    """The regions without those whose names were cut."""
    return tuple(item for item in regions if len(item.name) < MAX_NAME)


def _joined(heads: list[RegionHead], count: int) -> Iterator[Region]:
    """Regions by depth, with dots between names, and none before an item's bracket."""
    outer: list[RegionHead] = []
    for line, depth, kind, name in [*heads, end_of(count)]:
        while outer and outer[-1][1] >= depth:
            start, _, its_kind, full = outer.pop()
            yield Region(full, its_kind, start, max(line, start + 1))
        joint = "" if name.startswith("[") else "."
        outer.append((line, depth, kind, _named(outer[-1][3] if outer else "", joint, name)))


def _trimmed(region: Region, lines: list[str], values: dict[int, str], idle: re.Pattern[str] = _IDLE) -> Region:
    """A region without the empty lines and the comments at its end, which belong to what follows."""
    end = region.end
    while end - 1 > region.start and idle.match(lines[end - 1]):
        end -= 1
    value = values.get(region.start, "") if region.kind == "key" else ""
    if region.kind == "key" and not value and end > region.start + 1:
        rest = [line.strip() for line in lines[region.start + 1 : end] if line.strip()]
        if all(line.startswith("- ") and not _YAML_KEY.match(line) for line in rest):
            value = "[" + ", ".join(_item(_plain(line[2:])) for line in rest) + "]"
    return Region(region.name, region.kind, region.start, end, _plain(value))


def _item(value: str) -> str:
    """An item of a list over several lines as it is written in brackets: a comma that is part of it is quoted."""
    if "," not in value or value[0] in "\"'[{":
        return value
    quote = next((sign for sign in ('"', "'") if sign not in value), "")
    return f"{quote}{value}{quote}" if quote else json.dumps(value, ensure_ascii=False)


def _plain(value: str) -> str:
    """A value without the comment behind it, which a list keeps."""
    value = value.strip()
    if "\n" in value:
        return value if len(value) <= MAX_VALUE else ""
    if found := re.match(r"(\"(?:[^\"\\]|\\.)*\"|'[^']*')\s*(?:#.*)?$", value):
        return found[1]
    return re.sub(r"\s+#.*$", "", value)[:MAX_VALUE]
