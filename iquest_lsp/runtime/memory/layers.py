"""The parts that a memory is kept in, each searched and weighed by itself.

What prose goes on with is an English sentence, and what data go on with is more data: neither is evidence for code that
happens to end in the same tokens. So each sort of files has a store of its own, and the sort of the file that is being
written decides what each of them counts for.
"""

from __future__ import annotations

import re
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
