"""Whether a use can be one of a definition, by what its file imports."""

from __future__ import annotations

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.syntax.linking.references import references
from iquest_lsp.codeflow.syntax.linking.uses import is_compound, is_from, module_name
from tests.unit.codeflow.conftest import Script


@pytest.mark.parametrize(
    ("path", "text", "defined", "name", "expected"),
    [
        ("tests/test_a.py", "import pack\n\npack.go(1)\n", "pack/parts.py", "go", True),
        ("tests/test_a.py", "import other\n\nother.go(1)\n", "pack/parts.py", "go", False),
        ("test/a.js", "const u = require('../lib/u');\nu.go(1);\n", "lib/u.js", "go", True),
        ("lib/u.js", "exports.go = function go() {};\nx.map(exports.go);\n", "lib/u.js", "go", True),
        ("a/b.go", "package a\n\nfunc f() { go1() }\n", "a/c.go", "go1", True),
        ("b/b.go", "package b\n\nfunc f() { go1() }\n", "a/c.go", "go1", False),
        ("b/b.go", 'package b\n\nimport "x.io/a"\n\nfunc f() { a.Go1() }\n', "a/c.go", "Go1", True),
        ("src/x.rs", "fn f() { crate::parts::go(1); }\n", "src/parts.rs", "go", True),
        ("src/x.rs", "use crate::{parts::{go}};\n\nfn f() { go(1); }\n", "src/parts/mod.rs", "go", True),
        ("src/x.rs", "use crate::other::go;\n\nfn f() { go(1); }\n", "src/parts.rs", "go", False),
    ],
)
def test_where_a_used_name_comes_from(
    script: Script, path: str, text: str, defined: str, name: str, *, expected: bool
) -> None:
    script.commit("Begin", {path: text})
    repository = Repository.open(script.root, shows_all)
    uses = references(repository, [name], repository.work_tree_file)
    assert uses
    assert is_from(uses[-1], defined) is expected


@pytest.mark.parametrize(("path", "name"), [("kit/shop.py", "shop"), ("kit/__init__.py", "kit"), ("index.ts", "index")])
def test_what_a_file_is_imported_as(path: str, name: str) -> None:
    assert module_name(path) == name


@pytest.mark.parametrize(
    ("name", "several"), [("readShop", True), ("read_shop", True), ("readings", False), ("aB", False)]
)
def test_a_name_of_several_words(name: str, *, several: bool) -> None:
    assert is_compound(name) is several
