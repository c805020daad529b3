"""What has a name beside definitions: keys, sections, packages, statements, tests with titles."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.outline.outlines import has_outline, regions_of
from iquest_lsp.codeflow.syntax.symbols import symbols_of

#: Path, text, and of the regions there (kind, name, first line, end) those that must be among them.
CASES: list[tuple[str, str, list[tuple[str, str, int, int]]]] = [
    (
        ".github/workflows/ci.yml",
        "on:\n  push:\n    branches: [main]\njobs:\n  test:\n    steps:\n"
        "      - uses: actions/checkout@v4\n"
        "        with:\n          depth: 1\n      - name: Run it\n        run: |\n          make: no key\n"
        "  lint:\n    runs-on: linux # one\n",
        [
            ("key", "on.push.branches", 2, 3),
            ("key", "jobs.test", 4, 12),
            ("item", "jobs.test.steps[actions/checkout]", 6, 9),
            ("key", "jobs.test.steps[actions/checkout].with.depth", 8, 9),
            ("key", "jobs.test.steps[Run it].run", 10, 12),
            ("key", "jobs.lint.runs-on", 13, 14),
        ],
    ),
    (
        "pyproject.toml",
        '[project]\nname = "a"\ndependencies = [\n  "b",\n]\n'
        '[[tool.x.overrides]]\nmodule = "m"\n[[tool.x.overrides]]\n',
        [
            ("table", "project", 0, 5),
            ("key", "project.dependencies", 2, 5),
            ("key", "tool.x.overrides[0].module", 6, 7),
            ("table", "tool.x.overrides[1]", 7, 9),
        ],
    ),
    (
        "package.json",
        '{\n  "a": {"b": [1, {"c": 2}]},\n  // note\n  "d": "x:y"\n}\n',
        [("key", "a", 1, 2), ("key", "a.b", 1, 2), ("key", "a.b[1].c", 1, 2), ("key", "d", 3, 4)],
    ),
    (
        "setup.cfg",
        "[tool:x]\nadd =\n    one\n    two\nrest: 1\n",
        [("key", "tool:x.add", 1, 4), ("key", "tool:x.rest", 4, 5)],
    ),
    (
        "README.md",
        "top\n\n# Title\n\n## Use `it`\n\n```sh\n# no heading\n```\n\nOther\n-----\ntext\n",
        [
            ("preamble", "README.md", 0, 2),
            ("section", "Title", 2, 14),
            ("section", "Title > Use it", 4, 10),
            ("section", "Title > Other", 10, 14),
        ],
    ),
    (
        "docs/a.rst",
        "=====\nTitle\n=====\n\nPart\n----\ntext\n\n:func:`x`\n---------\n",
        [("section", "Title", 0, 11), ("section", "Title > Part", 4, 8), ("section", "Title > x", 8, 11)],
    ),
    (
        "Cargo.lock",
        'version = 3\n\n[[package]]\nname = "a"\nversion = "1.0"\n\n[[package]]\nname = "b"\nversion = "2.0"\n',
        [("package", "a", 2, 6), ("package", "b", 6, 10), ("key", "version", 0, 1)],
    ),
    ("go.mod", "module m\ngo 1.22\nrequire (\n\tgolang.org/x/net v0.1.0\n)\n", [("package", "golang.org/x/net", 3, 4)]),
    (
        "Dockerfile",
        "FROM a AS build\nRUN make \\\n  all\nFROM b\nCOPY x y\n",
        [
            ("stage", "build", 0, 3),
            ("instruction", "build > RUN make", 1, 3),
            ("instruction", "b > COPY x", 4, 5),
        ],
    ),
    ("Makefile", "A = 1\nall: b\n\tmake\n\n.PHONY: all\n", [("variable", "A", 0, 1), ("target", "all", 1, 3)]),
    (
        "a.sql",
        "CREATE TABLE users (\n id int\n);\nDROP INDEX i;\n",
        [
            ("statement", "CREATE TABLE users", 0, 3),
            ("statement", "DROP INDEX i", 3, 4),
        ],
    ),
    ("a.scss", ".a {\n  color: red;\n  &:hover { x: y; }\n}\n", [("rule", ".a", 0, 4), ("rule", ".a &:hover", 2, 3)]),
    (
        "a.html",
        '<div id="x">\n<p class="y z">\n</p>\n<br>\n</div>\n',
        [("element", "div#x", 0, 5), ("element", "p.y", 1, 3)],
    ),
    (
        "a.sh",
        "X=1\nrun() {\n  echo\n}\nrun\n",
        [("variable", "X", 0, 1), ("function", "run", 1, 4), ("command", "run", 4, 5)],
    ),
    ("a.rb", "class A\n  def b\n    1\n  end\nend\n", [("class", "A", 0, 6), ("function", "A.b", 1, 4)]),
    (".gitignore", "a\n\n!b\n", [("entry", "a", 0, 1), ("entry", "!b", 2, 3)]),
    (
        "a.test.ts",
        'import { x } from "y";\ndescribe("one", () => {\n  beforeEach(go);\n  it.each([1])("two", () => {\n'
        "    x();\n  });\n});\n"
        'test("ava", t => {\n});\n',
        [
            ("imports", "a", 0, 1),
            ("suite", "one", 1, 7),
            ("call", "beforeEach", 2, 3),
            ("test", "one > two", 3, 6),
            ("test", "ava", 7, 9),
        ],
    ),
    (
        "a.py",
        '"""Doc."""\nimport a\nfrom b import c\n\nif __name__ == "__main__":\n    a.run()\n',
        [
            ("documentation", "a", 0, 1),
            ("imports", "a", 1, 3),
            ("call", "a.run", 5, 6),
        ],
    ),
    (
        "a.rs",
        "use a::b;\ncfg_x! {\n    pub fn y() {\n        1\n    }\n}\n",
        [
            ("imports", "a", 0, 1),
            ("macro call", "cfg_x!", 1, 6),
            ("function", "y", 2, 5),
        ],
    ),
    (
        "a.c",
        "#include <a.h>\nint proto(int a);\nstatic int v = 3;\n",
        [
            ("imports", "a", 0, 1),
            ("declaration", "proto", 1, 2),
            ("variable", "v", 2, 3),
        ],
    ),
]


@pytest.mark.parametrize(("path", "text", "expected"), CASES, ids=[case[0] for case in CASES])
def test_parts_of_a_file_have_names(path: str, text: str, expected: list[tuple[str, str, int, int]]) -> None:
    assert has_outline(path)
    found = [(item.kind, item.name, item.start, item.end) for item in regions_of(path, text.encode())]
    assert [item for item in expected if item not in found] == [], found


@pytest.mark.parametrize("path", [case[0] for case in CASES])
@pytest.mark.parametrize(
    "text", ["", "\n", "{", "[[", "- - -", "a: |", "```", "<a", "'''", "describe('a", "\0\n=\n", "}" * 9]
)
def test_a_broken_file_has_regions_of_whole_lines(path: str, text: str) -> None:
    for item in regions_of(path, text.encode()):
        assert 0 <= item.start < item.end <= text.count("\n") + 1, item


@pytest.mark.parametrize(
    ("path", "text", "name", "kind"),
    [
        ("v.go", 'package p\nconst Version = "v1"\n', "Version", "constant"),
        ("v.go", "package p\nvar (\n  x = 1\n  y int\n)\n", "y", "variable"),
        ("a.h", "#ifndef A\n#define LIMIT 3\n#endif\n", "LIMIT", "constant"),
        ("src/a.rs", "mod tests {\n  #[tokio::test]\n  async fn works() {}\n}\n", "tests.works", "test"),
        ("src/a.rs", "#[inline]\nfn works() {}\n", "works", "function"),
        ("tests/test_a.py", "class TestX:\n    def test_a(self): ...\n", "TestX", "suite"),
        ("tests/test_a.py", "class Tester:\n    def a(self): ...\n", "Tester", "class"),
    ],
)
def test_values_and_tests_are_definitions(path: str, text: str, name: str, kind: str) -> None:
    found = {item.name: item.kind for item in symbols_of(path, text.encode(), variables=True)}
    assert found[name] == kind
