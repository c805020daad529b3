"""Why a definition was deprecated, quoted with the source, and which of its parameters are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from iquest_lsp.codeflow.answers.targets import Target
from iquest_lsp.codeflow.diff.filters import cut_off, rationale
from iquest_lsp.codeflow.diff.intents.message_words import names_issue
from iquest_lsp.codeflow.past.entries import Entry
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.wording.story import MAX_ISSUES, DeprecatedPart, DeprecationReason, DeprecationSource

MAX_TEXT = 400
#: Lines of a changelog that are looked through, and entries that are quoted.
MAX_LINES, MAX_ENTRIES = 20_000, 2
_WORD = re.compile(r"deprecat|obsolete", re.IGNORECASE)
_DIRECTIVE = re.compile(r"^\s*\.\. deprecated::\s*(.*)$")
_TAG = re.compile(r"^[\s*/#!]*(@deprecated|[*_]*Deprecated\b[*_]*:?)\s*(.*)$", re.IGNORECASE)
_MARK = re.compile(
    r"@(?:[\w.]+\.)?deprecated\b|#\[\s*deprecated\b|\[\[\s*deprecated\b|\[Obsolete\b|warn", re.IGNORECASE
)
_QUOTED = re.compile(r"[rbuf]?\"((?:[^\"\\\n]|\\.)+)\"|[rbuf]?'((?:[^'\\\n]|\\.)+)'")
_VERSION = re.compile(r"(?:(?:since|in|version)\s*+)?v?(?<!\d)(\d+(?:\.\d+)+(?:[-.]?(?:a|b|rc|alpha|beta|dev)\.?\d+)?)")
_LISTED = re.compile(r"^\s*[*-] ")
#: Where a link leads to, which Markdown and reStructuredText write apart from it.
_LINK = re.compile(r"^\s*(?:\[[^\]]+\]:\s*\S+|\.\. _[^:]+:\s*\S+)\s*$")
#: A line that does no more than name issues.
_CLOSES = re.compile(
    r"(?mi)^[ \t]*+(?:(?:close[sd]?|fix(?:e[sd])?|resolve[sd]?|refs?|see)?:?[ \t]*+"
    r"(?:[\w./-]*+#\d++|https?://\S++)[ \t\r,.]*+)++$"
)
#: The subject of a commit on more files is no word about one definition.
MAX_FILES = 20
#: A parameter with its description: reStructuredText, Google's and NumPy's form, JSDoc and Javadoc.
_FIELD = re.compile(
    r"^[\s*]*(?::param\s+(?:[\w\[\], ]+ )?|@param\s+(?:\{[^}]*\}\s*)?\[?)?(\*{0,2}\w+)\]?\s*+(?:\([^)]*\))?\s*[:–-]"
)


def reasons(index: FlowIndex, target: Target, entry: Entry, body: str) -> tuple[DeprecationReason, ...]:
    """What the code, the message, the changelog and the issues say of a definition's deprecation by a commit.

    `body` is the whole body of the commit's message.
    """
    found = [*_documented(target)]
    said = _message(entry, body)
    if said:
        found.append(DeprecationReason(DeprecationSource.MESSAGE, said, entry.oid))
    issues = _own_issues(entry)
    found += _changelog(index, target, issues)
    found += [DeprecationReason(DeprecationSource.ISSUE, issue, entry.oid) for issue in issues]
    return tuple(found)


def _own_issues(entry: Entry) -> list[str]:
    """The issues that a commit is about: those of its subject, or all where they are few."""
    issues = entry.issues.split()
    if len(issues) <= MAX_ISSUES:
        return issues
    return [issue for issue in issues if names_issue(entry.subject, issue)]


def deprecated_parts(index: FlowIndex, target: Target) -> tuple[DeprecatedPart, ...]:
    """The parameters whose documentation calls them deprecated, with the version or the release that did so first."""
    if target.symbol is None:
        return ()
    parameters = set(re.findall(r"\w+", target.symbol.signature.partition("(")[2]))
    first, end = (at - target.symbol.start for at in target.symbol.doc)
    found: dict[str, DeprecatedPart] = {}
    field, margin = "", 0
    for at, line in enumerate(target.definition[max(first, 0) : end], max(first, 0)):
        text = line.lstrip(" \t*/#!\"'")
        depth = len(line) - len(text)
        begun = _FIELD.match(line)
        if begun and begun[1].lstrip("*") in parameters:
            field, margin = begun[1].lstrip("*"), depth
        elif text and depth <= margin:
            field = ""
        directive = _DIRECTIVE.match(line)
        told = directive or re.match(r"(?i)[^.]*?\bdeprecated\b", text[len(begun[0].lstrip()) :] if begun else text)
        if not field or not told or field in found or not (directive or begun):
            continue
        version = _VERSION.search(directive[1] if directive else text)
        found[field] = DeprecatedPart(field, version[1] if version else _release_of_line(index, target, at))
    return tuple(found.values())


def _release_of_line(index: FlowIndex, target: Target, at: int) -> str | None:
    """The release with which a line of the definition came; None where that is not known."""
    span = target.committed
    if span is None or span[1] - span[0] != len(target.definition):
        return None
    steps = index.follow([("line", target.head_path, (span[0] + at, span[0] + at + 1))])[0]
    return steps[0][1].release if steps else None


def _message(entry: Entry, body: str) -> str:
    """The prose of the message: of a squashed branch only the subject speaks for the whole, pasted code for nothing."""
    squashed = sum(bool(_LISTED.match(line)) for line in body.split("\n")) > 1
    said = re.sub(r"(?ms)^[ \t]*```.*?(^[ \t]*```|\Z)|^(?: {4}|\t|>).*?$", "", body)
    prose = "" if squashed else rationale(_CLOSES.sub("", said), MAX_TEXT)
    speaks = entry.files <= MAX_FILES and entry.objection is None
    return prose or (entry.subject if speaks or _WORD.search(entry.subject) else "")


def _documented(target: Target) -> Iterator[DeprecationReason]:
    """The directive or tag in the documentation, and what a decorator or warning says."""
    if target.symbol is None:
        return
    lines = target.definition
    first, end = (max(at - target.symbol.start, 0) for at in target.symbol.doc)
    for at in range(first, min(end, len(lines))):
        directive = _DIRECTIVE.match(lines[at])
        told = directive[1] if directive else tag[2] if (tag := _TAG.match(lines[at])) else None
        if told is None:
            continue
        told = told.lstrip()
        version = _VERSION.match(told)
        told = told[version.end() :] if version else told
        following = [line.strip(" \t*/#!") for line in lines[at + 1 : end]]
        begun = bool(told.strip(" .:*/"))
        ends = (n for n, line in enumerate(following) if _ends(line, begun=begun or n > 0))
        stop = next(ends, None)
        text = " ".join(part for part in (told, *following[:stop]) if part)
        text = text.rstrip()
        text = (text[:-2].rstrip("*") if text.endswith("*/") else text).strip("\"' :.,-") + "."
        if len(text) > 1:
            yield DeprecationReason(
                DeprecationSource.DOCSTRING, _cut(text), f"{target.path}:{target.symbol.start + at + 1}"
            )
            return
    for at, line in enumerate(lines[:400]):
        if _MARK.search(line) and not first <= at < end:
            call = _statement(lines[at : at + 6])
            parts = dict.fromkeys(one or other for one, other in _QUOTED.findall(call))
            text = " ".join("".join(part for part in parts if " " in part).split())
            if text and (_WORD.search(call)):
                yield DeprecationReason(
                    DeprecationSource.DOCSTRING, _cut(text), f"{target.path}:{target.symbol.start + at + 1}"
                )
                return


def _ends(line: str, *, begun: bool) -> bool:
    """Whether what a documentation says of the deprecation ends before a line of it."""
    return (begun and not line) or line.startswith(("@", ":", '"""')) or bool(_LINK.match(line))


def _statement(lines: Sequence[str]) -> str:
    """The first of some lines, and those after it up to where its brackets close."""
    depth = 0
    for count, line in enumerate(lines, 1):
        depth += sum(line.count(sign) for sign in "([") - sum(line.count(sign) for sign in ")]")
        if depth <= 0:
            return "\n".join(lines[:count])
    return "\n".join(lines)


def _changelog(index: FlowIndex, target: Target, issues: Sequence[str]) -> Iterator[DeprecationReason]:
    """Entries of changelogs that name the definition and its deprecation, or else those that name some issues."""
    name = re.compile(rf"(?<!\w){re.escape(target.name.rsplit('.', 1)[-1])}(?!\w)")
    found: dict[bool, list[DeprecationReason]] = {True: [], False: []}
    for path in index.repository.files("HEAD"):
        if category(path) is not Category.CHANGELOG:
            continue
        source = index.repository.file_at("HEAD", path)
        for at, told in _entries(source.decode("utf-8", "replace").split("\n")[:MAX_LINES]):
            says = bool(_WORD.search(told) and name.search(told))
            if says or any(names_issue(told, issue) for issue in issues):
                found[says].append(DeprecationReason(DeprecationSource.CHANGELOG, _cut(told), f"{path}:{at + 1}"))
    yield from (found[True] or found[False])[:MAX_ENTRIES]


def _entries(lines: Sequence[str]) -> Iterator[tuple[int, str]]:
    """The items of lists and the paragraphs, each with its first line."""
    start, parts = 0, list[str]()
    for at, line in enumerate([*("" if _LINK.match(line) else line for line in lines), ""]):
        if not line.strip() or _LISTED.match(line):
            if parts:
                yield start, " ".join(parts)
            start, parts = at, []
        if line.strip():
            parts.append(line.strip().removeprefix("- ").removeprefix("* "))


def _cut(text: str) -> str:
    return cut_off(text, MAX_TEXT)
