"""Whether a definition itself is deprecated: not a parameter of it, and not on a condition."""

from __future__ import annotations

import re
from collections.abc import Sequence

from iquest_lsp.codeflow.syntax.symbols import Symbol

MAX_LINES = 400
#: A decorator, attribute or annotation on the definition.
_MARK = re.compile(
    r"^\s*(?:@(?:[\w.]+\.)?deprecated\b|#\[\s*deprecated\b|\[\[\s*deprecated\b|\[Obsolete\b)", re.IGNORECASE
)
_FORM = re.compile(r"^\s*@(?:[\w.]+\.)?overload\b")
#: What a line of documentation begins with, comment signs aside.
_SAID = re.compile(
    r"^(?:\.\. deprecated::|@deprecated\b"
    r"|[*_]*Deprecated\b(?=[*_]*[:.!\s]*(?:$|[:.!]|since\b|in\b|as of\b|use\b|from\b))"
    r"|(?:This|The) (?:function|method|class|property|module|type|interface|struct|trait|enum|constant) is deprecated\b"
    r"|已?弃用|已废弃)",
    re.IGNORECASE,
)
_COMMENT = re.compile(r"^\s*(?:/\*\*?|\*(?!/)|//[/!]?|#|\"\"\"|'''|r\"\"\")\s?")
#: A warning's beginning; a class of warnings for deprecations is named after them.
_WARNS = re.compile(r"^\s*(?:\w+\.)?(?:warn|warn_explicit|_?deprecat\w*|warn_deprecat\w*)\s*\(")
_CATEGORY = re.compile(r"\b\w*Deprecat(?:ion|ed)\w*\b|\bwarn_deprecated\b|^\s*(?:\w+\.)?_?deprecate\w*\(")


def is_deprecated(source: Sequence[bytes], symbol: Symbol) -> bool:
    """Whether a decorator, the documentation or a warning at every call says that a definition is deprecated.

    `source` are the lines of its file.
    """
    lines = [line.decode("utf-8", "replace") for line in source[symbol.start : symbol.end][:MAX_LINES]]
    doc = range(symbol.doc[0] - symbol.start, min(symbol.doc[1] - symbol.start, len(lines)))
    head = symbol.head - symbol.start
    marks = [line for at, line in enumerate(lines[: max(head, 1)]) if at not in doc]
    if any(_FORM.match(line) for line in marks):
        return False
    if any(_MARK.match(line) for line in marks):
        return True
    return _documented([lines[at] for at in doc]) or _warns(
        [line for at, line in enumerate(lines) if at >= head and at not in doc]
    )


def _documented(lines: Sequence[str]) -> bool:
    told = [(_COMMENT.match(line), line) for line in lines]
    bare = [line[found.end() if found else 0 :] for found, line in told]
    margin = min((len(line) - len(line.lstrip()) for line in bare[1:] if line.strip()), default=0)
    # What is indented belongs to a parameter or an example.
    return any(
        _SAID.match(line.strip()) for at, line in enumerate(bare) if not at or len(line) - len(line.lstrip()) <= margin
    )


def _warns(body: Sequence[str]) -> bool:
    """Whether a statement that every call reaches warns of a deprecation."""
    written = [line for line in body if line.strip() and line.strip() not in ("{", "}")]
    margin = min((len(line) - len(line.lstrip()) for line in written[:1]), default=0)
    for at, line in enumerate(written):
        if len(line) - len(line.lstrip()) != margin:
            continue
        if _WARNS.match(line):
            statement = [line]
            for following in written[at + 1 : at + 12]:
                if sum(part.count("(") - part.count(")") for part in statement) <= 0:
                    break
                statement.append(following)
            if any(_CATEGORY.search(part) for part in statement):
                return True
        if re.match(r"\s*(?:return|raise)\b", line):
            return False
    return False
