"""The braces of a file in a language without a grammar here: how many are open at each line, and whether they match."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

#: Suffixes of languages whose blocks stand in braces, and those that C's directives run through.
BRACED = frozenset(
    {
        *("cs", "kt", "kts", "swift", "php", "scala", "dart", "groovy", "gradle", "pl", "pm", "proto", "tf", "hcl"),
        *("zig", "sol", "graphql", "gql", "thrift", "cu", "m", "mm"),
    }
)
PREPROCESSED = frozenset({"cs", "swift", "cu", "m", "mm"})
_HASH = frozenset({"pl", "pm", "tf", "hcl", "graphql", "gql", "thrift"})
_DIRECTIVE = re.compile(
    r"\s*#\s*(?:if|ifdef|ifndef|else|elif|elseif|endif|region|endregion|pragma|nullable|define|undef|error|warning|line)\b"
)
#: Texts, a character, and comments; of a comment over several lines its beginning.
_ASIDE = re.compile(r"\"\"\"|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|//.*$|/\*(?:.*?\*/|.*$)")
#: Of C# also a text in which a bar escapes nothing, and what ends it: a quote, of which two are one of the text.
_ASIDE_VERBATIM = re.compile(rf"\$?@\$?\"|{_ASIDE.pattern}")
_QUOTES = re.compile(r"\"+")
#: Of PHP also a text up to a word that stands at the beginning of a line.
_ASIDE_PHP = re.compile(rf"<<<[ \t]*[\"']?(\w+)[\"']?\s*$|{_ASIDE.pattern}|(?<![$\w])#(?!\[).*$")
_ASIDE_HASH = re.compile(rf"{_ASIDE.pattern}|(?<![$\w])#.*$")


def is_directive(line: str) -> bool:
    """Whether a line is one of the preprocessor."""
    return bool(_DIRECTIVE.match(line))


_TEXT = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|(?://|#).*$")


def opened(line: str) -> int:
    """Brackets opened and not closed on a line, texts and comments aside."""
    bare = _TEXT.sub("", line)
    return sum((char in "([{") - (char in ")]}") for char in bare)


def depths_of(lines: Sequence[str], language: str) -> list[int]:
    """How many braces are open where each line begins, and behind the last; empty where they do not match."""
    depths, depth = [0], 0
    for _, text in _read(lines, language):
        for char in text:
            depth += (char == "{") - (char == "}")
            if depth < 0:
                return []
        depths.append(depth)
    return depths if not depth else []


def rows_in_texts(lines: Sequence[str], language: str) -> set[int]:
    """The lines that begin inside a text over several lines, whatever they look like."""
    return {at for at, (aside, _) in enumerate(_read(lines, language)) if aside and aside != "*/"}


def rows_in_comments(lines: Sequence[str], language: str) -> set[int]:
    """The lines that begin inside a comment, whatever they look like."""
    return {at for at, (aside, _) in enumerate(_read(lines, language)) if aside == "*/"}


def _read(lines: Iterable[str], language: str) -> Iterator[tuple[str, str]]:
    """Each line as the mark that ends the text or comment in which it begins, and what is code of it."""
    pattern = _ASIDE_HASH if language in _HASH else {"cs": _ASIDE_VERBATIM, "php": _ASIDE_PHP}.get(language, _ASIDE)
    aside = ""
    for line in lines:
        text, left = _code(line, aside, pattern)
        yield aside, text
        aside = left


def balanced(lines: Sequence[str], language: str) -> bool:
    """Whether every brace in some lines has its partner among them."""
    return bool(depths_of(lines, language))


def _code(line: str, aside: str, pattern: re.Pattern[str]) -> tuple[str, str]:
    """A line without its texts and comments, and the mark that ends the text or comment that it leaves open."""
    kept: list[str] = []
    at = 0
    while True:
        if aside:
            end = _end_of(aside, line, at)
            if end < 0:
                return "".join(kept), aside
            at, aside = end, ""
        found = pattern.search(line, at)
        if found is None:
            kept.append(line[at:])
            return "".join(kept), ""
        kept.append(line[at : found.start()])
        at = found.end()
        if found[0] == '"""':
            aside = '"""'
        elif found[0].startswith("<<<"):
            aside = f"<<<{found[1]}"
        elif found[0].endswith('@"') or found[0] == '@$"':
            aside = '@"'
        elif found[0].startswith("/*") and (len(found[0]) < 4 or not found[0].endswith("*/")):
            return "".join(kept), "*/"


def _end_of(aside: str, line: str, at: int) -> int:
    """Where a text or a comment ends on a line; -1 where it goes on."""
    if aside == '@"':
        return next((quotes.end() for quotes in _QUOTES.finditer(line, at) if len(quotes[0]) % 2), -1)
    if aside.startswith("<<<"):
        ends = re.match(rf"\s*{aside[3:]}\b", line) if at == 0 else None
        return ends.end() if ends else -1
    end = line.find(aside, at)
    return end if end < 0 else end + len(aside)
