"""The sections of documents: Markdown, reStructuredText, AsciiDoc, manual pages; of plain texts their paragraphs.

A section is named by its path of headings, `Usage > Install`.
"""

from __future__ import annotations

import html
import re

from iquest_lsp.codeflow.syntax.outline.region import Region, RegionHead, nested, shortened

JOINT = " > "
_ATX = re.compile(r" {0,3}(#{1,6})\s+(.+?)\s*#*\s*$")
#: What a link by reference leads to, wherever in the document it stands.
_LINK = re.compile(r" {0,3}\[([^\]^]+)\]:\s+(\S+)\s*$")
_TARGET = re.compile(r"\.\. _`?([^`:]+)`?:\s+(\S+)\s*$")
_ASCIIDOC = re.compile(r"(={1,6})\s+(\S.*?)\s*$")
#: Waves that stand further in underline something in a block of code.
_FENCE = re.compile(r"(?:\s*(```+)| {0,3}(~~~+))")
_UNDERLINE = re.compile(r"([=\-~^\"'`#*+.:_!$%&(),/;<>?@\[\\\]{|}])\1{2,}\s*$")
#: Marks that stand below a heading in a text that no suffix says to be written so.
_HEADS = frozenset("=-~^")
_MAN = re.compile(r"\.(SH|SS|Sh|Ss)\s+\"?(.+?)\"?\s*$")


def markdown_sections(lines: list[str], name: str) -> tuple[Region, ...]:
    """Sections by their headings; what stands before the first is the preamble, under the file's `name`."""
    heads: list[RegionHead] = []
    fence = ""
    ends = (at for at, line in enumerate(lines[1:], 1) if line.rstrip() in ("---", "..."))
    start = next(ends, -1) + 1 if lines and lines[0].rstrip() == "---" else 0  # what stands before the text is no text
    for at, line in enumerate(lines):
        if at < start:
            continue
        if found := _FENCE.match(line):
            mark = found[1] or found[2]
            fence = "" if fence and mark.startswith(fence) else fence or mark
        elif fence:
            continue
        elif heading := _ATX.match(line):
            heads.append((_anchored(lines, at), len(heading[1]), "section", _title(heading[2])))
        elif at > start and re.match(r"(?:=+|-{2,})\s*$", line) and _is_text(lines[at - 1]):
            level = 1 if line[0] == "=" else 2
            heads.append((_anchored(lines, at - 1), level, "section", _title(lines[at - 1])))
    links = (
        Region(f"[{found[1]}]", "link", at, at + 1, found[2])
        for at, line in enumerate(lines)
        if at >= start and (found := _LINK.match(line))
    )
    return (*_with_preamble(heads, lines, name), *links)


#: What a link to the section below it leads to.
_ANCHOR = re.compile(r"\s*(?:<a\s+(?:id|name)=[^>]*>\s*(?:</a>)?|\.\. _[^:]+:)\s*$")


def _anchored(lines: list[str], heading: int) -> int:
    """The first line of a section: its anchors stand right above its heading."""
    at = start = heading
    while at and (not lines[at - 1].strip() or _ANCHOR.match(lines[at - 1])):
        at -= 1
        start = at if lines[at].strip() else start
    return start


def rst_sections(lines: list[str], name: str) -> tuple[Region, ...]:
    """Sections by their underlines, whose levels are those in which the marks appear first."""
    heads: list[RegionHead] = []
    levels: list[str] = []
    at = 0
    while at < len(lines):
        over = _UNDERLINE.match(lines[at])
        if over and at + 2 < len(lines) and lines[at + 2].strip() == lines[at].strip() and lines[at + 1].strip():
            mark, title, start, at = over[1] * 2, lines[at + 1], at, at + 3
        elif (
            lines[at].strip()
            and not lines[at][:1].isspace()
            and not over
            and at + 1 < len(lines)
            and (under := _UNDERLINE.match(lines[at + 1]))
            and len(lines[at + 1].strip()) >= min(len(lines[at].strip()), 4)
        ):
            mark, title, start, at = under[1], lines[at], at, at + 2
        else:
            at += 1
            continue
        if mark not in levels:
            levels.append(mark)
        heads.append((_anchored(lines, start), levels.index(mark), "section", _title(title)))
    links = (
        Region(found[1], "link", at, at + 1, found[2])
        for at, line in enumerate(lines)
        if (found := _TARGET.match(line))
    )
    return (*_with_preamble(heads, lines, name), *links)


def asciidoc_sections(lines: list[str], name: str) -> tuple[Region, ...]:
    """Sections by their equals signs."""
    heads: list[RegionHead] = [
        (at, len(found[1]), "section", _title(found[2]))
        for at, line in enumerate(lines)
        if (found := _ASCIIDOC.match(line))
    ]
    return _with_preamble(heads, lines, name)


def manual_sections(lines: list[str], name: str) -> tuple[Region, ...]:
    """Sections of a manual page by their macros; pages written as Markdown are read as such."""
    heads: list[RegionHead] = [
        (at, 1 + (found[1].upper() == "SS"), "section", _title(found[2]))
        for at, line in enumerate(lines)
        if (found := _MAN.match(line))
    ]
    return _with_preamble(heads, lines, name) if heads else markdown_sections(lines, name)


def paragraphs(lines: list[str], name: str) -> tuple[Region, ...]:
    """A text without headings: its paragraphs, each named by its first line."""
    if sum(map(bool, map(_ASCIIDOC.match, lines))) >= LEAST_HEADS and not _has_fences(lines):
        return asciidoc_sections(lines, name)
    if any((under := _UNDERLINE.match(line)) and under[1] in _HEADS for line in lines[1:]) and not _has_fences(lines):
        return rst_sections(lines, name)
    found: list[Region] = []
    start = 0
    for at in range(len(lines) + 1):
        if at == len(lines) or not lines[at].strip():
            if at > start:
                found.append(Region(_title(lines[start]), "paragraph", start, at))
            start = at + 1
    return tuple(found)


def _has_fences(lines: list[str]) -> bool:
    return any(map(_FENCE.match, lines))


#: A comment in a list.
_NOTE = re.compile(r"\s*#\s*(?=\S)")


def entries(lines: list[str]) -> tuple[Region, ...]:
    """A list with an entry on each line (ignore rules, owners, words): each named by itself."""
    return tuple(
        Region(
            shortened(" ".join(re.sub(r"<[^>]+>", "", line).split())),
            "comment" if _NOTE.match(line) else "entry",
            at,
            at + 1,
        )
        for at, line in enumerate(lines)
        if line.strip() and len(line) < 500
    )


def _with_preamble(heads: list[RegionHead], lines: list[str], name: str) -> tuple[Region, ...]:
    first = heads[0][0] if heads else len(lines)
    before = (Region(name, "preamble", 0, first),) if first else ()
    return (*before, *nested(heads, len(lines), JOINT))


#: So many lines that look like headings are some.
LEAST_HEADS = 3
#: No more characters of a heading are read: patterns of brackets that are never closed take the square of its length.
MAX_HEADING = 2_000
#: What a picture shows, in HTML or Markdown.
_PICTURE = re.compile(r"<img\b[^<>]*\balt=\"([^\"]+)\"|!\[([^\]]+)\]")


def _title(text: str) -> str:
    """A heading in plain words: links by their text, no code marks, no HTML, pictures only where there is no text."""
    text = text[:MAX_HEADING]
    plain = html.unescape(re.sub(r"<[^>]+>", "", text))
    plain = re.sub(r"\[?!\[[^\]]*\]\([^)]*\)(?:\](?:\([^)]*\)|\[[^\]]*\]))?", "", plain).strip("#* ")
    if not plain and (picture := _PICTURE.search(text)):
        plain = picture[1] or picture[2]
    plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)|\[([^\]]*)\]\[[^\]]*\]", lambda found: found[1] or found[2] or "", plain)
    plain = re.sub(r":\w+:`~?([^`<]*?)(?:\s*<[^>]*>)?`", r"\1", plain)
    return shortened(" ".join(plain.replace("`", "").replace("**", "").split()).strip("#* "))


def _is_text(line: str) -> bool:
    return bool(line.strip()) and not re.match(r"\s*([-*+>|]\s|#|\d+\.\s)", line)
