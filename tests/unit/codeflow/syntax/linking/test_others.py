"""Uses under other names, and definitions that override another one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest

from iquest_lsp.codeflow.syntax.linking.links import Links
from iquest_lsp.codeflow.syntax.linking.others import overrides, under_other_names
from iquest_lsp.codeflow.syntax.linking.references import references
from iquest_lsp.codeflow.syntax.linking.type_uses import Everywhere, types_of


class Texts:
    """Texts by their paths, searched as a repository is."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = files

    def grep(self, words: Sequence[str], revision: str | None = None) -> Iterator[tuple[str, int, str]]:
        del revision
        for path, text in self.files.items():
            for line, words_of_it in enumerate(text.split("\n")):
                if any(word in words_of_it.replace("(", " ").replace(")", " ").split() for word in words) or any(
                    word in words_of_it for word in words
                ):
                    yield path, line, words_of_it

    def read(self, path: str) -> bytes | None:
        return self.files[path].encode() if path in self.files else None


def renamed(files: dict[str, str], target: str, name: str) -> set[tuple[str, str, int, str]]:
    """What is found of a definition under other names: its own name, the user's path and line, and the name there."""
    texts = Texts(files)
    links = Links(files, texts.read)
    uses = references(texts, [name], texts.read, links=links)
    found = under_other_names(texts, {target: [name]}, uses, links, texts.read)
    return {(own, use.path, use.line, use.name) for own, use in found}


MEASURE = "export function sizes(of: number) {\n  return of;\n}\n"


@pytest.mark.parametrize(
    ("user", "found"),
    [
        ("import { sizes as far } from './measure';\nfar(2);\n", {("sizes", "src/run.ts", 1, "far")}),
        ("import { sizes } from './measure';\nsizes(2);\n", set()),
        # Another module has something of that name.
        ("import { sizes as far } from './other';\nfar(2);\n", set()),
        # A member that is called so is another thing.
        ("import { sizes as far } from './measure';\nof.far(2);\n", set()),
    ],
)
def test_what_an_import_calls_otherwise_is_found(user: str, found: set[tuple[str, str, int, str]]) -> None:
    files = {"src/measure.ts": MEASURE, "src/other.ts": MEASURE, "src/run.ts": user}
    assert renamed(files, "src/measure.ts", "sizes") == found


def test_a_name_that_another_module_passes_on_is_found() -> None:
    files = {
        "src/measure.ts": MEASURE,
        "src/index.ts": "export { sizes as measured } from './measure';\n",
        "src/run.ts": "import { measured } from './index';\nmeasured(2);\n",
    }
    assert renamed(files, "src/measure.ts", "sizes") == {("sizes", "src/run.ts", 1, "measured")}


def test_other_languages_have_no_such_names() -> None:
    files = {"measure.py": "def sizes(): ...\n", "run.py": "from measure import sizes as far\nfar()\n"}
    assert renamed(files, "measure.py", "sizes") == set()


def overriding(files: dict[str, str]) -> list[tuple[str, str, str]]:
    texts = Texts(files)
    types = types_of(Everywhere(texts, None, texts.read), ["Base"])
    found = overrides(texts, {"Base": "base.py"}, {"measure": "Base", "lost": "Gone"}, types, texts.read)
    return [(whose, path, symbol.name) for whose, path, symbol in found]


BASE = "class Base:\n    def measure(self):\n        return 1\n"


def test_a_member_of_a_derived_type_overrides_that_of_its_base() -> None:
    derived = "class Far(Base):\n    def measure(self):\n        return 2\n\n    def rest(self): ...\n"
    files = {"base.py": BASE, "far.py": derived, "other.py": "class Other:\n    def measure(self): ...\n"}
    assert overriding(files) == [("Base.measure", "far.py", "Far.measure")]


def test_a_type_from_which_none_is_derived_is_overridden_nowhere() -> None:
    assert overriding({"base.py": BASE, "other.py": "class Other:\n    def measure(self): ...\n"}) == []
