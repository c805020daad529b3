"""Sentences that the diff would refute, each of a kind that was once told, with what is told instead."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.intents.intent import intent_of
from iquest_lsp.codeflow.diff.intents.shape import shape_of
from iquest_lsp.codeflow.diff.slides import slid
from iquest_lsp.codeflow.git.commits import FileDiff, Hunk
from iquest_lsp.codeflow.syntax.paths import Category, category, is_test_of
from tests.unit.codeflow.conftest import Script, history_of

PHP = """<?php

namespace A;

use A\\B\\One;

class Stream
{
    /**
     * Opens it.
     */
    public function __construct($stream)
    {
        $this->stream = $stream;
    }

    /**
     * Closes it.
     */
    public function close()
    {
        return true;
    }
}
"""
PHP_AFTER = PHP.replace("use A\\B\\One;", "use A\\B\\One;\nuse A\\B\\Two;").replace(
    "    /**\n     * Closes it.",
    "    /**\n     * Reads it.\n     */\n    public function read()\n    {\n        return 1;\n    }\n\n"
    "    /**\n     * Closes it.",
)
KOTLIN = """open class Timeout {
  /** Ends it. */
  internal fun exit(cause: Int) {
    enter()
  }

  internal fun exit(): Boolean {
    return true
  }

  override fun <T> run(block: () -> T): T {
    return block()
  }
}
"""
TERRAFORM = """variable "a_tags" {
  default = {}
}

variable "b" {
  default = {}
}
"""
C = """#if defined(A)
#define call(a) (call)((char *)a)
#define SET(tv)   int tv = 1
#elif defined(B)
#define SET(tv)   int tv = 1
#else
#define SET(tv)   long tv = 2
#endif
"""
C_AFTER = """#if defined(C) || defined(B)
#define SET(tv)   int tv = 1
#else
#define SET(tv)   long tv = 2
#endif
"""
PROPERTIES = "class A:\n    @property\n    def a(self): ...\n\n    @property\n    def b(self): ...\n"
CASES = [
    # path, before, after, what is told, what is not
    ("a.php", PHP, PHP_AFTER, ("Adds `Stream.read`", "`A\\B\\Two`"), ("command", "__construct", "only comments")),
    (
        "a.kt",
        KOTLIN,
        KOTLIN.replace("  /** Ends it. */\n  internal fun exit(cause: Int) {\n    enter()\n  }\n\n", ""),
        ("`Timeout.exit`: changed (loses one of its forms)",),
        ("emoves",),
    ),
    (
        "a.kt",
        KOTLIN,
        KOTLIN.replace("    return block()", "    if (done) throw if (late) a() else exit(e)\n    return block()"),
        ("Changes `Timeout.run`",),
        ("raises",),
    ),
    (
        "a.tf",
        TERRAFORM,
        TERRAFORM.replace('variable "b"', 'variable "c" {\n  default = {}\n}\n\nvariable "b"'),
        ("Adds `c` in a.tf",),
        ("a_tags", "`}`"),
    ),
    ("a.c", C, C_AFTER, ("`SET` loses one of its forms",), ("gains another form", "condition `else`", "still used")),
    (
        "a.py",
        PROPERTIES,
        PROPERTIES.replace("(self): ...", '(self):\n        """It."""\n        ...'),
        ("A.a",),
        ("marked",),
    ),
    (
        "a.py",
        "def f(a):\n    g(1, is_from=a)\n    g(2, is_from=a)\n\n\ndef g(n, is_from=0):\n    return n\n",
        "def f(a):\n    g(1, to=a)\n    g(2, to=a)\n\n\ndef g(n, to=0):\n    return n\n",
        ("`is_from`",),
        ("`is_fro`",),
    ),
    (
        "a.py",
        "def f():\n    # wrng\n    return 1\n",
        "def f():\n    # wrong\n    return 1\n",
        ("Changes only comments of `f`",),
        ("ocumentation of",),
    ),
    (
        "a.yml",
        "on:\n  branch: a\n  # tags: true\nkey:\n  secure: b\n",
        "on:\n  branch: b\n  tags: true\nkey:\n  secure: b\n",
        ("`on.tags`: added",),
        ("key `key", "only comments"),
    ),
    (
        "a.sh",
        'run() {\n  echo "Use c/c++ now"\n  end\n}\n',
        'run() {\n  echo "Use C/C++ now"\n  end\n}\n',
        ("C/C++",),
        ("`C/C`",),
    ),
    (
        "a.py",
        "def f(n):\n    if n < 0:\n        raise ValueError(n)\n    return n\n",
        "def check(n):\n    if n < 0:\n        raise ValueError(n)\n\n\ndef f(n):\n    check(n)\n    return n\n",
        ("Adds `check`", "now calls `check`"),
        ("no longer raises",),
    ),
    (
        "a.rb",
        "def a(b)\n  b.use A   if a\n  b.use Bcd if b\nend\n",
        "def a(b)\n  b.use Bcd  if b\nend\n",
        ("`b.use A   if a` is gone",),
        ("loses",),
    ),
    (
        "a.cs",
        "namespace A\n{\n    class Limit : I\n    {\n        int depth;\n"
        "        void Run()\n        {\n        }\n    }\n}\n",
        "namespace A\n{\n    partial class Outer\n    {\n        class Limit : I\n        {\n            int depth;\n"
        "            void Run()\n            {\n            }\n        }\n    }\n}\n",
        ("a.cs",),
        ("Renames", "renamed"),
    ),
    ("a.rb", "def a\n  1\nend\n", "def a\n  2\nend\n", ("`1` becomes `2`",), ("in `2`",)),
    ("a.sh", 'a() {\n  b "$C"\n  d\n}\n', 'a() {\n  b "$E"\n  d\n}\n', ("Changes `a`",), ("adds the text",)),
    (
        "pom.xml",
        "<p>\n  <artifactId>a</artifactId>\n</p>\n",
        "<p>\n  <artifactId>b</artifactId>\n</p>\n",
        ("element `artifactId`",),
        ("artifactid`",),
    ),
]


@pytest.mark.parametrize(("path", "before", "after", "told", "untold"), CASES, ids=range(len(CASES)))
def test_no_sentence_is_refuted(
    script: Script, path: str, before: str, after: str, told: tuple[str, ...], untold: tuple[str, ...]
) -> None:
    script.commit("Begin", {path: before})
    script.commit("Next step for it", {path: after})
    text = history_of(script.root).explain_diff("HEAD").to_markdown()
    assert [item for item in told if item not in text] == []
    assert [item for item in untold if item in text] == []


@pytest.mark.parametrize(
    ("subject", "before", "after", "kind"),
    [
        ("Removing deprecated aliases", ("def a(): pass",), (), "change"),
        ("Add a note on what is slow", (), ("# slow",), "docs"),
        ("Fix the spelling", ("# wrng",), ("# wrong",), "docs"),
        ("Store the version path in a variable", ('echo "$VERSION"',), ('P="$VERSION_PATH"',), "change"),
    ],
)
def test_kinds_that_the_diff_refutes(subject: str, before: tuple[str, ...], after: tuple[str, ...], kind: str) -> None:
    hunk = Hunk(0, len(before), 0, len(after), before, after)
    item = FileDiff("a.sh", "M", added=len(after), removed=len(before), hunks=(hunk,))
    assert intent_of(subject, "", shape_of([item])).kind == kind


def test_what_is_tracked_no_more_is_not_new(script: Script) -> None:
    script.commit("Begin", {"a.txt": "a\n"})
    script.git("rm", "-q", "--cached", "a.txt")
    files = history_of(script.root).explain_diff().files
    assert [(item.path, item.status) for item in files] == [("a.txt", "deleted")]


def test_a_block_that_comes_begins_with_its_head() -> None:
    before = b"def a():\n    pass\n\n\ndef c():\n    pass\n"
    after = b"def a():\n    pass\n\n\ndef b():\n    pass\n\n\ndef c():\n    pass\n"
    # As git tells it without lines of context.
    told = Hunk(1, 0, 1, 4, (), ("    pass", "", "", "def b():"))
    found = slid(FileDiff("a.py", "M", added=4, removed=0, hunks=(told,)), before, after)
    assert found.hunks == (Hunk(4, 0, 4, 4, (), ("def b():", "    pass", "", "")),)


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("README.es.rdoc", Category.DOCS),
        ("src/A/A.csproj", Category.BUILD),
        ("composer.json", Category.BUILD),
        ("src/a.rb", Category.SOURCE),
    ],
)
def test_what_files_are_for(path: str, kind: Category) -> None:
    assert category(path) is kind


def test_a_test_in_another_package_is_none_of_a_file() -> None:
    assert not is_test_of("packages/compat/__tests__/options.spec.ts", "packages/core/src/options.ts")
    assert is_test_of("packages/core/__tests__/options.spec.ts", "packages/core/src/options.ts")
