"""Kinds of sentences that readers of further repositories found wrong, and answers that one lost object took away."""

from __future__ import annotations

import subprocess

import pytest

from iquest_lsp.codeflow.diff.values import same_words
from iquest_lsp.codeflow.syntax.paths import Category, category
from tests.unit.codeflow.answers.conftest import Case, is_told_of
from tests.unit.codeflow.conftest import Script, history_of

CASES = (
    Case(
        "a script that is called install is no page",
        {"install": "#!/bin/sh\nversion=1.2\necho $version\n"},
        {"install": "#!/bin/sh\nversion=1.3\necho $version\n"},
        ("variable `version`: changed (`1.2` becomes `1.3`)",),
        ("documentation", "paragraph"),
    ),
    Case(
        "of a list that loses many items it is told how many more",
        {"a.json": '{"rules": ["one", "two", "three", "four", "five"]}\n'},
        {"a.json": '{"rules": ["five"]}\n'},
        ('`"one"` is gone, `"two"` is gone, 2 more are gone',),
    ),
    Case(
        "a key that holds a dot stands in quotes where it stands in others",
        {"a.json": '{\n  "exports": {\n    "./pile": {\n      "import": "./a.js"\n    }\n  }\n}\n'},
        {"a.json": '{\n  "exports": {\n    "./pile": {\n      "import": "./b.js"\n    }\n  }\n}\n'},
        ('`exports."./pile".import`',),
    ),
    Case(
        "a heading that is a picture is named by what the picture shows",
        {
            "README.md": '<img src="a.png" alt="pile - of things"> [![checks](https://x.org/a.svg)](https://x.org/a)\n===\n\nOne.\n'
        },
        {
            "README.md": '<img src="a.png" alt="pile - of things"> [![checks](https://x.org/a.svg)](https://x.org/a)\n===\n\nTwo.\n'
        },
        ("section `pile - of things`",),
        ("https",),
    ),
    Case(
        "a word in quotes inside a text of many lines is no text that comes",
        {"a.go": "package a\n\nconst Usage = `usage: pile\n`\n"},
        {"a.go": 'package a\n\nconst Usage = `A pile.\n\nIt is for "heavy" things.\n\nUsage: pile\n`\n'},
        ("only the words of a text change",),
        ("adds the text",),
    ),
    Case(
        "a function of a shell needs no brackets",
        {"a.fish": "function pile -d 'a pile'\n  echo one\n  echo up\nend\n"},
        {"a.fish": "function pile -d 'a pile'\n  echo one\n  echo down\nend\n"},
        ("function `pile`: changed",),
        ("command `function`",),
    ),
    Case(
        "what changes in a body beside the types of a signature is none of its parameters",
        {
            "a.py": "LIMIT: int = first(1)\n\n\ndef pour(cups: Iterator[int]) -> None:\n"
            "    while True:\n        empty(cups)\n"
        },
        {
            "a.py": "LIMIT: int = first(2)\n\n\ndef pour(cups: Iterable[int]) -> None:\n    full = iter(cups)\n"
            "    while True:\n        empty(full)\n"
        },
        (
            "new signature (changes only types in its signature; in its body: `full = iter(cups)` is new, "
            "`empty(cups)` becomes `empty(full)`)",
            "; `LIMIT: int = first(1)` becomes `LIMIT: int = first(2)`",
        ),
        ("new signature (`cups`", "in `LIMIT`,"),
    ),
    Case(
        "a name that loses its owner is told as the one that is left",
        {
            "a.ts": "async function made(options, then) {\n"
            "  options.response = await options.fetch(options.request, options.all as Init).catch(async (error) => {\n"
            "    options.error = error\n  })\n}\n"
        },
        {
            "a.ts": "async function made(options, then) {\n"
            "  options.response = await fetch(options.request, options.all as Init).catch(async (error) => {\n"
            "    options.error = error\n  })\n}\n"
        },
        ("`options.fetch` becomes `fetch`",),
        ("loses",),
    ),
    Case(
        "a directive of the preprocessor is no attribute",
        {"a.h": "#undef ONE\n#undef THREE\n"},
        {"a.h": "#undef ONE\n#undef TWO\n#undef THREE\n"},
        ("directive `undef TWO`: added",),
        ("attribute",),
    ),
    Case(
        "a picture in a heading is not its name",
        {"README.md": "# Pile\n\nHeaps of things.\n"},
        {"README.md": "# Pile ![build status](https://example.org/a.svg)\n\nHeaps of things.\n"},
        ("section `Pile`: changed",),
        ("renamed",),
    ),
    Case(
        "the file that builds tests is a build file",
        {"test/Unit/Unit.csproj": '<Project>\n<PackageReference Include="xunit" Version="2.4.3" />\n</Project>\n'},
        {"test/Unit/Unit.csproj": '<Project>\n<PackageReference Include="xunit" Version="2.4.5" />\n</Project>\n'},
        ("raised from 2.4.3 to 2.4.5", "Updates build files"),
        ("only tests change",),
        "Bump xunit from 2.4.3 to 2.4.5",
    ),
    Case(
        "what a module loses beside comments is in the summary",
        {
            "a.rb": "module Pile\n  # Why.\n  @@names = {}\n\n"
            "  # One.\n  class One\n    def a\n      1\n    end\n  end\nend\n"
        },
        {"a.rb": "module Pile\n  # One.\n  class One\n    def a\n      1\n    end\n  end\nend\n"},
        ("Changes `Pile`", "`@@names = {}` is gone"),
    ),
    Case(
        "a line that is broken elsewhere is layout in a language without a grammar too",
        {"a.kt": 'fun after(fix: Boolean = true) =\n    trim(fix, "a b") { it.next() }\n\nfun other() = 1\n'},
        {"a.kt": 'fun after(fix: Boolean = true)\n    = trim(fix, "a b") { it.next() }\n\nfun other() = 2\n'},
        ("formatting only: `after`", "`other`"),
        ("function `after`: changed",),
    ),
)


STEP = "      - name: Clone\n        uses: actions/checkout@v4\n\n"
LINT = "jobs:\n  lint:\n    steps:\n{}      - name: Set up\n        uses: actions/setup-go@v5\n\n{}      - run: lint\n"
CASES += (
    Case(
        "a step of a workflow that moves does not become itself",
        {".github/workflows/lint.yml": LINT.format("", STEP)},
        {".github/workflows/lint.yml": LINT.format(STEP, "")},
        (".github/workflows/lint.yml",),
        ("`- name: Clone` becomes", "`uses: actions/checkout@v4` becomes"),
    ),
    Case(
        "a declaration whose columns move loses nothing",
        {"a.h": "size_t bound(size_t size, const preferences_t* preferences);\nint other(void);\n"},
        {"a.h": "size_t bound(size_t size,    const preferences_t* preferences);\nint other(int a);\n"},
        (),
        ("loses ``", "becomes `size_t bound"),
    ),
    Case(
        "a test of GoogleTest has its suite's name and its own",
        {"test/a_test.cc": "TEST(pile, thousands) {\n  EXPECT_EQ(f(1), 1);\n}\n"},
        {"test/a_test.cc": "TEST(pile, thousands) {\n  EXPECT_EQ(f(1), 2);\n}\n"},
        ("test `pile.thousands`: changed",),
        ("`TEST`",),
    ),
    Case(
        "a parameter under another name is no new parameter",
        {"a.rs": "impl Display for Path {\n    fn fmt(&self, f: &mut std::fmt::Formatter) -> R {\n go(f)\n    }\n}\n"},
        {"a.rs": "impl Display for Path {\n    fn fmt(&self, to: &mut fmt::Formatter) -> R {\n go(to)\n    }\n}\n"},
        ("`f: &mut std::fmt::Formatter` becomes `to: &mut fmt::Formatter`",),
        ("new parameter", "no longer takes"),
    ),
    Case(
        "what is assigned is no condition, and elsif no call",
        {"a.rb": "class Pile\n  def made(options)\n    options.delete(:encoding)\n    @a = 1 if options\n  end\nend\n"},
        {
            "a.rb": "class Pile\n  def made(options)\n    @force = !!(encoding || options.delete(:encoding))\n"
            "    if @force\n      @a = 1\n    elsif (b = options)\n      @a = 2\n    end\n  end\nend\n"
        },
        (),
        ("a condition also holds", "calls `elsif`"),
    ),
    Case(
        "a name whose quotes change was used before",
        {"a.sh": 'setup() {\n  export PATH="$(dirname $HERE):/usr/sbin:/usr/bin"\n}\n'},
        {"a.sh": 'setup() {\n  export PATH\n  PATH="$(dirname "$HERE"):/usr/sbin:/usr/bin"\n}\n'},
        (),
        ("now uses",),
    ),
    Case(
        "workflows that move to another place rearrange no code",
        {".travis.yml": "language: node_js\n"},
        {".travis.yml": None, ".github/workflows/main.yml": "name: CI\non:\n  - push\n"},
        ("**Kind of change:** ci",),
        (),
        "Move to GitHub Actions",
    ),
    Case(
        "what only comes in a body is not called a little change",
        {"a.c": "int f(int a) {\n  return a;\n}\n"},
        {
            "a.c": "int f(int a) {\n  if (a) {\n"
            + "".join(f"    a += g{n}(a);\n" for n in range(24))
            + "  }\n  return a;\n}\n"
        },
        ("**Kind of change:** unknown",),
        (),
        "Perform lookups into the dictionary",
    ),
    Case(
        "what is ignored is no new feature",
        {"phpstan.neon": "parameters:\n  ignoreErrors:\n    - one\n"},
        {"phpstan.neon": "parameters:\n  ignoreErrors:\n    - one\n    - two\n"},
        (),
        ("**Kind of change:** feature",),
        "Ignore new phpstan rule in patch version",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_told_of_a_commit(script: Script, case: Case) -> None:
    is_told_of(script, case)


@pytest.mark.parametrize(
    ("old", "new", "same"),
    [
        ("fun a() =\n  b(1)", "fun a()\n  = b(1)", True),
        ('fun a() = "x y"', 'fun a() = "x  y"', False),
        ("fun a() = bc", "fun a() = b c", False),
        ("fun a() = 1", "fun a() = 1", False),
    ],
)
def test_the_same_words_in_other_lines(old: str, new: str, same: bool) -> None:
    assert same_words(old, new) is same


def test_project_files_build_wherever_they_lie() -> None:
    assert category("test/a/A.csproj") is Category.BUILD
    assert category("test/a/A.cs") is Category.TEST


def lose(script: Script, revision: str, path: str) -> None:
    """Takes one object out of the repository, as a copy loses it."""
    oid = script.git("rev-parse", f"{revision}:{path}").strip()
    (script.root / ".git" / "objects" / oid[:2] / oid[2:]).unlink()


@pytest.mark.parametrize("path", ["lost.py", "gelöst file.py"])
def test_a_lost_object_takes_away_its_file_and_not_the_answer(script: Script, path: str) -> None:
    script.commit("Begin", {path: "def f():\n    return 1\n", "kept.py": "def g():\n    return 1\n"})
    script.commit("Change both", {path: "def f():\n    return 2\n", "kept.py": "def g():\n    return 2\n"})
    lose(script, "HEAD~1", path)
    answer = history_of(script.root).explain_diff("HEAD")
    assert "`kept.py`" in answer.to_markdown()
    assert "`1` becomes `2`" in answer.to_markdown()
    assert any(path in text for text in answer.to_json()["partial"] or [])


def test_a_lost_object_of_an_older_commit_takes_away_no_answer(script: Script) -> None:
    script.commit("Begin", {"a.py": "def f():\n    return 1\n", "b.py": "x = 1\n"})
    script.commit("Change another", {"b.py": "x = 2\n"})
    script.commit("Change it", {"a.py": "def f():\n    return 2\n"})
    script.commit("Change it again", {"a.py": "def f():\n    return 3\n"})
    lose(script, "HEAD~3", "b.py")
    lose(script, "HEAD~3", "a.py")
    history = history_of(script.root)
    assert "Change it again" in history.explain_diff("HEAD").to_markdown()
    assert history.why("a.py::f").to_json()["partial"]
    with pytest.raises(subprocess.CalledProcessError):
        subprocess.run(["git", "-C", str(script.root), "show", "HEAD~3:b.py"], check=True, capture_output=True)
