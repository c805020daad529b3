"""What is told of changes outside functions and classes, of bases, conditions and generated files."""

from __future__ import annotations

import pytest

from tests.unit.codeflow.conftest import Script, history_of


def told(script: Script, path: str, before: str, after: str) -> list[tuple[str, str, str]]:
    """Kind, name and words of each symbol that is listed for a change of one file."""
    script.commit("Begin", {path: before})
    script.commit("Go on", {path: after})
    text = history_of(script.root).explain_diff("HEAD").to_markdown()
    lines = [line.strip()[2:] for line in text.splitlines() if line.startswith("  - ")]
    return [(kind, name, words) for kind, name, words in (line.replace("`", "", 2).split(" ", 2) for line in lines)]


@pytest.mark.parametrize(
    ("path", "before", "after", "expected"),
    [
        (
            "pack/__init__.py",
            '__version__ = "2.3.1"\n',
            '__version__ = "2.3.2"\n',
            ("variable", "__version__:", 'changed (`__version__ = "2.3.1"` becomes `__version__ = "2.3.2"`)'),
        ),
        (
            "a.py",
            "strict = False\n",
            "strict = True\n",
            ("variable", "strict:", "changed (`strict = False` becomes `strict = True`)"),
        ),
        (
            "a.js",
            "const isAsync = kind('a');\n",
            "const isAsync = kind('b');\n",
            ("variable", "isAsync:", "changed (`const isAsync = kind('a');` becomes `const isAsync = kind('b');`)"),
        ),
        (
            "lib/response.js",
            "res.status = function status(code) {\n  return code;\n};\n",
            "res.status = function status(code) {\n  deprecate('x');\n  return code;\n};\n",
            ("method", "res.status:", "changed (now calls `deprecate`)"),
        ),
        (
            "a.py",
            "class A(Base):\n    x = 1\n",
            "class A(Base, Other):\n    x = 1\n",
            ("class", "A:", "new signature (now inherits from `Other`)"),
        ),
        (
            "a.py",
            "class A(Mapping):\n    x = 1\n",
            "class A(Mapping[str, Any]):\n    x = 1\n",
            ("class", "A:", "new signature (`Mapping` becomes `Mapping[str, Any]`)"),
        ),
        (
            "a.js",
            "function f(x) {\n  if (x !== 'test') log(x.stack);\n}\n",
            "function f(x) {\n  if (x !== 'test') log(x);\n}\n",
            ("function", "f:", "changed (`if (x !== 'test') log(x.stack);` becomes `if (x !== 'test') log(x);`)"),
        ),
        (
            "a.js",
            "function f(x) {\n  return x;\n}\n",
            "function f(x) {\n  if (x === null) return '';\n  return x;\n}\n",
            ("function", "f:", "changed (checks `x === null`)"),
        ),
        (
            "package.json",
            '{"name": "a", "dependencies": {"fresh": "0.5.2"}}\n',
            '{"name": "a", "dependencies": {"fresh": "2.0.0"}}\n',
            ("key", "dependencies.fresh:", 'changed (`"0.5.2"` becomes `"2.0.0"`)'),
        ),
        (
            "pyproject.toml",
            '[project]\ndependencies = ["a>=1", "b"]\n',
            '[project]\ndependencies = ["a>=2", "b"]\n',
            ("key", "project.dependencies:", 'changed (`"a>=1"` becomes `"a>=2"`)'),
        ),
        (
            "a.js",
            "export default ready && run(async (config) => {\n  go(config);\n});\n",
            "export default ready && run(async (config) => {\n  go(config, credentials);\n});\n",
            ("module", "a:", "changed (`go(config);` becomes `go(config, credentials);`)"),
        ),
    ],
)
def test_every_change_is_named(
    script: Script, path: str, before: str, after: str, expected: tuple[str, str, str]
) -> None:
    assert told(script, path, before, after) == [expected]


def test_generated_files_are_told_by_their_name_alone(script: Script) -> None:
    code = "function e(t) { return t; } function s(t) { return t + %d; }\n"
    assert told(script, "dist/esm/pack.min.js", code % 1, code % 2) == []


def test_a_flipped_value_is_no_change_of_comments(script: Script) -> None:
    script.commit("Begin", {"a.py": "# why\nstrict = False\n"})
    script.commit("", {"a.py": "# because\nstrict = True\n"})
    assert history_of(script.root).explain_diff("HEAD").intent == "change"


def test_a_removed_function_that_lives_on_inside_another_is_still_defined(script: Script) -> None:
    before = "function convert(value) {\n  return value;\n}\n\nfunction run(x) {\n  return convert(x);\n}\n"
    after = (
        "function run(x) {\n  function convert(value) {\n    return [value];\n  }\n\n  const y = 1;\n"
        "  return convert(x);\n}\n"
    )
    script.commit("Begin", {"a.js": before})
    script.commit("Nest", {"a.js": after + "\nfunction more(x) {\n  return run(x);\n}\n"})
    assert not any("still used" in risk for risk in history_of(script.root).explain_diff("HEAD").risks)


def test_names_in_paths_survive_markdown(script: Script) -> None:
    script.commit("Begin", {"pack/__init__.py": "strict = False\n"})
    script.commit("Go on", {"pack/__init__.py": "strict = True\n"})
    explanation = history_of(script.root).explain_diff("HEAD")
    assert "pack/__init__.py" in explanation.summary
    assert "in pack/\\_\\_init\\_\\_.py" in explanation.to_markdown()


@pytest.mark.parametrize(
    ("path", "before", "after", "expected"),
    [
        (
            "version.go",
            'package a\n\nconst Version = "v1"\n',
            'package a\n\nconst Version = "v2"\n',
            ("constant", "Version:", 'changed (`const Version = "v1"` becomes `const Version = "v2"`)'),
        ),
        (
            ".github/workflows/ci.yml",
            "jobs:\n  test:\n    steps:\n      - uses: a/checkout@v1\n",
            "jobs:\n  test:\n    steps:\n      - uses: a/checkout@v2\n",
            ("key", "jobs.test.steps[a/checkout].uses:", "changed (`a/checkout@v1` becomes `a/checkout@v2`)"),
        ),
        (
            "ci.yml",
            "test:\n  cmds:\n    - run ./... {{.ARGS}}\n",
            "test:\n  cmds:\n    - run -cpu 1,4 ./... {{.ARGS}}\n",
            ("key", "test.cmds:", 'changed (`"run ./... {{.ARGS}}"` becomes `"run -cpu 1,4 ./... {{.ARGS}}"`)'),
        ),
        (
            "main.go",
            "package a\n\n/*\nTwo things are here.\nSee a/old.\n*/\n\nconst A = 1\n",
            "package a\n\n/*\nTwo things are here.\nSee a/new.\n*/\n\nconst A = 1\n",
            ("comment", "Two", "things are here.: only comments changed"),
        ),
        (
            "go.sum",
            "a.io/x v1.2.0 h1:a=\n",
            "a.io/x v1.10.0 h1:b=\n",
            ("package", "a.io/x:", "changed (raised from v1.2.0 to v1.10.0)"),
        ),
        (
            "poetry.lock",
            '[[package]]\nname = "a"\nversion = "2.0"\n',
            '[[package]]\nname = "a"\nversion = "1.0"\n',
            ("package", "a:", "changed (lowered from 2.0 to 1.0)"),
        ),
        (
            "poetry.lock",
            '[[package]]\nname = "a"\nversion = "2.0.0-beta-3"\n',
            '[[package]]\nname = "a"\nversion = "2.0"\n',
            ("package", "a:", "changed (`2.0.0-beta-3` becomes `2.0`)"),
        ),
        ("README.md", "## B\none\n", "## B\none\n## C\ntwo\n", ("section", "C:", "added")),
        (".npmignore", "a\n!SECURITY.md\n", "a\n", ("entry", "!SECURITY.md:", "removed")),
        (
            "a.test.js",
            "import a from 'b';\nit('b', () => {\n  x(1);\n});\n",
            "import a from 'b';\nit('b', () => {\n  x(2);\n});\n",
            ("test", "b:", "changed"),
        ),
        (
            "a.rs",
            "use a::b;\nfn f() {}\n",
            "use a::c;\nfn f() {}\n",
            ("imports", "a:", "changed (now uses `a::c`, no longer uses `a::b`)"),
        ),
        ("lib.rs", "fn f() {}\n", "fn f() {}\n\n#[test]\nfn works() {\n    f();\n}\n", ("test", "works:", "added")),
    ],
)
def test_what_is_no_definition_is_named_too(
    script: Script, path: str, before: str, after: str, expected: tuple[str, str, str]
) -> None:
    assert told(script, path, before, after) == [expected]


def test_a_value_in_whose_place_keys_come_is_gone(script: Script) -> None:
    value, keys = "on: [push]\n", "on:\n  push:\n    branches: [main]\n"
    assert told(script, "ci.yml", value, keys) == [
        ("key", "on:", "changed (`[push]` is gone)"),
        ("key", "on.push:", "added"),
    ]
    assert ("key", "on:", "changed (`[push]` is new)") in told(script, "ci.yml", keys, value)


def test_the_summary_names_the_parts_of_files_and_what_is_removed(script: Script) -> None:
    script.commit(
        "Begin", {"a.yml": "x:\n  y: 1\n  z: 2\n", "a.test.js": "it('one', () => {});\nit('two', () => {});\n"}
    )
    script.commit("Go on", {"a.yml": "x:\n  z: 3\n", "a.test.js": "it('two', () => {});\n"})
    summary = history_of(script.root).explain_diff("HEAD").summary
    assert "a.yml: `x.y` removed, `x.z`" in summary
    assert "Removes the test `one`" in summary
