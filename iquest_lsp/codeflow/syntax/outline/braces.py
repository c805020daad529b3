"""The braces of a file in a language without a grammar here: how many are open at each line, and whether they match."""

from __future__ import annotations

import re
from collections.abc import Sequence

#: Suffixes of languages whose blocks stand in braces, and those that C's directives run through.
BRACED = frozenset(
    {
        *("cs", "kt", "kts", "swift", "php", "scala", "dart", "groovy", "gradle", "pl", "pm", "proto", "tf", "hcl"),
        *("zig", "sol", "graphql", "gql", "thrift", "cu", "m", "mm"),
    }
)
PREPROCESSED = frozenset({"cs", "swift", "cu", "m", "mm"})
_HASH = frozenset({"php", "pl", "pm", "tf", "hcl", "graphql", "gql", "thrift"})
_DIRECTIVE = re.compile(
    r"\s*#\s*(?:if|ifdef|ifndef|else|elif|elseif|endif|region|endregion|pragma|nullable|define|undef|error|warning|line)\b"
)
#: Texts, a character, and comments; of a comment over several lines its beginning.
_ASIDE = re.compile(r"\"\"\"|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|//.*$|/\*(?:.*?\*/|.*$)")
_ASIDE_HASH = re.compile(rf"{_ASIDE.pattern}|(?<![$\w])#.*$")


def is_directive(line: str) -> bool:
    """Whether a line is one of the preprocessor."""
    return bool(_DIRECTIVE.match(line))


def depths_of(lines: Sequence[str], language: str) -> list[int]:
    """How many braces are open where each line begins, and behind the last; empty where they do not match."""
    depths, depth, aside = [0], 0, ""
    pattern = _ASIDE_HASH if language in _HASH else _ASIDE
    for line in lines:
        text, aside = _code(line, aside, pattern)
        for char in text:
            depth += (char == "{") - (char == "}")
            if depth < 0:
                return []
        depths.append(depth)
    return depths if not depth else []


def balanced(lines: Sequence[str], language: str) -> bool:
    """Whether every brace in some lines has its partner among them."""
    return bool(depths_of(lines, language))


def _code(line: str, aside: str, pattern: re.Pattern[str]) -> tuple[str, str]:
    """A line without its texts and comments, and the mark that ends the text or comment that it leaves open."""
    kept: list[str] = []
    at = 0
    while True:
        if aside:
            end = line.find(aside, at)
            if end < 0:
                return "".join(kept), aside
            at, aside = end + len(aside), ""
        found = pattern.search(line, at)
        if found is None:
            kept.append(line[at:])
            return "".join(kept), ""
        kept.append(line[at : found.start()])
        at = found.end()
        if found[0] == '"""':
            aside = '"""'
        elif found[0].startswith("/*") and (len(found[0]) < 4 or not found[0].endswith("*/")):
            return "".join(kept), "*/"
