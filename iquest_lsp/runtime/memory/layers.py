"""The parts that a memory is kept in, each searched and weighed by itself.

What prose goes on with is an English sentence, and what data go on with is more data: neither is evidence for code that
happens to end in the same tokens. So each sort of files has a store of its own, and the sort of the file that is being
written decides what each of them counts for.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath


class Layer(StrEnum):
    """Sorts of texts."""

    CODE = "code"
    PROSE = "prose"
    DATA = "data"
    DEPENDENCIES = "dependencies"


#: The sorts of a repository's own files, of which the file at hand is one.
OWN = (Layer.CODE, Layer.PROSE, Layer.DATA)

_PROSE = re.compile(
    r"\.(md|markdown|mdx|mkd|rst|rest|txt|text|adoc|asciidoc|asc|org|tex|textile|wiki|pod|rdoc|man|[1-9])",
    re.IGNORECASE,
)
_DATA = re.compile(
    r"\.(json[5cl]?|ndjson|geojson|ya?ml|toml|lock|[ct]sv|xml|svg|plist|ini|cfg|conf|properties|env|pot?|ipynb|sum|snap"
    r"|dat|data|log|srt|diff|patch)",
    re.IGNORECASE,
)
_CODE_NAMES = re.compile(r"cmakelists\.txt|meson_options\.txt|meson\.options", re.IGNORECASE)
_DATA_NAMES = re.compile(
    r"(requirements|constraints|dependencies|robots|ads)([-_.][\w.-]*)?\.(txt|in)|(pipfile|gemfile)(\.lock)?|go\.(mod|sum)"
    r"|\.[\w.-]*(rc|ignore|attributes|config|version)|codeowners|\.?mailmap",
    re.IGNORECASE,
)
_PROSE_NAMES = re.compile(
    r"(read[-_]?me|changelog|changes|change[-_]?log|news|history|release[-_]?notes|licen[cs]e|copying|notice|unlicense"
    r"|authors|contributors|contributing|maintainers|security|code[-_]of[-_]conduct|install|todo|faq|hacking|thanks"
    r"|credits|support|upgrading|roadmap)([-_.]\w+)*",
    re.IGNORECASE,
)

_FENCE = re.compile(r"\s*(?P<mark>`{3,}|~{3,})[ \t]*\{?\.?(?P<language>[\w+#-]*)[^`]*")
_DIRECTIVE = re.compile(
    r"\s*\.\. (?:code-block|code|sourcecode|testcode)::[ \t]*(?P<language>.*)|(?!\s*\.\. ).*[^:]::|\s*::"
)
_MARKDOWN = re.compile(r"\.(md|markdown|mdx|mkd)", re.IGNORECASE)
_OPTION = re.compile(r"\s+:[\w-]+:")
#: What blocks of commands, of output and of data are called.
_NO_CODE = re.compile(
    r"console|shell|sh|bash|zsh|fish|bat|batch|cmd|powershell|ps1|terminal|shell-session|te?xt|plain|none|output|diff|patch"
    r"|log|json5?|ya?ml|toml|ini|cfg|xml|html|csv|http|mermaid|dot|markdown|md|rst"
)
_PROMPT = re.compile(r"^(?:>>>|\.\.\.)(?: |$)", re.MULTILINE)


def layer_of(path: str) -> Layer:
    """The sort of a file of the repository, by its name."""
    name = PurePosixPath(path).name
    suffix = PurePosixPath(name).suffix
    if _CODE_NAMES.fullmatch(name):
        return Layer.CODE
    if _DATA_NAMES.fullmatch(name) or _DATA.fullmatch(suffix):
        return Layer.DATA
    # a suffix that is not known here is a language's, whatever the name before it says
    is_prose = _PROSE.fullmatch(suffix) or (not suffix and _PROSE_NAMES.fullmatch(name))
    return Layer.PROSE if is_prose else Layer.CODE


def layers_of(path: str) -> tuple[Layer, ...]:
    """The sorts of a file's parts; see parts_of."""
    layer = layer_of(path)
    return (Layer.PROSE, Layer.CODE) if layer is Layer.PROSE else (layer,)


def parts_of(path: str, text: str) -> dict[Layer, str]:
    """A text by the sort of its parts: the examples of code in prose are code, and what people call is shown there."""
    layer = layer_of(path)
    if layer is not Layer.PROSE:
        return {layer: text}
    block_at = _fenced if _MARKDOWN.fullmatch(PurePosixPath(path).suffix) else _announced
    code: list[str] = []
    prose: list[str] = []
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        block = block_at(lines, at)
        if block is None:
            prose.append(lines[at])
            at += 1
            continue
        inside = textwrap.dedent("\n".join(lines[block.start : block.end])).strip("\n")
        if block.is_code and inside.strip() and not inside.lstrip().startswith("$ "):
            prose += lines[at : block.start]
            code.append(_PROMPT.sub("", inside))
        else:
            prose += lines[at : block.after]
        at = block.after
    return {Layer.PROSE: "\n".join(prose), Layer.CODE: "\n\n\n".join([*code, ""]) if code else ""}


@dataclass(frozen=True, slots=True)
class _Block:
    """Lines [start, end) that are set apart in a text, which goes on at `after`."""

    start: int
    end: int
    after: int
    is_code: bool


def _fenced(lines: Sequence[str], at: int) -> _Block | None:
    """What the fence in a line begins (CommonMark, 4.5); None where there is none."""
    fence = _FENCE.fullmatch(lines[at])
    if fence is None:
        return None
    mark, end = fence["mark"], at + 1
    while end < len(lines) and not (lines[end].strip().startswith(mark) and not lines[end].strip().strip(mark[0])):
        end += 1
    return _Block(at + 1, end, min(end + 1, len(lines)), not _NO_CODE.fullmatch(fence["language"].lower()))


def _announced(lines: Sequence[str], at: int) -> _Block | None:
    """The literal block that a line of reStructuredText announces; None where it announces none."""
    line = lines[at]
    directive = _DIRECTIVE.fullmatch(line)
    if directive is None:
        return None
    outer = len(line) - len(line.lstrip())
    start = at + 1
    while start < len(lines) and (not lines[start].strip() or _OPTION.match(lines[start])):
        start += 1
    end = start
    while end < len(lines) and (not lines[end].strip() or len(lines[end]) - len(lines[end].lstrip()) > outer):
        end += 1
    language = (directive["language"] or "").strip().lower()
    return _Block(start, end, end, not _NO_CODE.fullmatch(language)) if end > start else None
