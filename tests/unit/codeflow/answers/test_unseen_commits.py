"""Kinds of sentences that were wrong, or missing, about commits of repositories that nothing was written for."""

from __future__ import annotations

import pytest

from tests.unit.codeflow.answers.conftest import Case, is_told_of
from tests.unit.codeflow.conftest import Script

JAVA = """package a;

final class Pile<T> {
  private final Stack<T> stack = new Stack<T>();

  @SuppressWarnings("unchecked")
  public boolean visit(Object one, Type other) {
    return stack.push(one);
  }

  public T push(T item, int depth) {
    return stack.push(item);
  }

  protected void setUp() throws Exception {
    super.setUp();
  }
}
"""
C = """#define BOTH(name) \\
static int one_ ## name(int a) { return a; }

BOTH(a)
BOTH(b)

static int kept(int a) {
  return a + 1;
}

/* Goes. */
static int gone(int a)
{
  if (a) {
    return 2;
  }
  return 1;
}

static const struct entry table[] = {
  {kept, "kept"},
  {gone, "gone"},
  {gone, "lost"},
};
"""
PHP = """<?php
/**
 * A frame (https://example.org)
 *
 * @link https://example.org/old
 */
namespace A\\B;

$app->get('/set', function () use ($app) {
    $app->set();
});

$app->run();
"""
TESTS = """import a


def test_one():
    for item in a.one():
        assert item > 1
        assert item < 10


def test_two():
    with a.two() as it:
        assert it.name == "two"
        assert it.value == 2
"""
YACC = """%{
#include <a.h>
%}

%token TOKEN

%%
lines\t: TOKEN
\t| lines TOKEN
\t;
%%

static int
yylex(void)
{
\tint ch, next;

\tnext = get();
\tif (next == 1) {
\t\treturn (TOKEN);
\t}
\treturn (0);
}
"""
POM = """<project>
  <version>1.0</version>
  <dependencies>
    <dependency>
      <groupId>junit</groupId>
      <artifactId>junit</artifactId>
      <version>4.12</version>
    </dependency>
  </dependencies>
</project>
"""
TYPE = """/**
Its kind.
*/
export type A = {
\t/**
\tOne.
\t*/
\tx: string;
};
"""
SHARED = """int shared_thing(int a) {
  int b = a + 1;
  return b * 2;
}
"""
MAKE = """SOURCES = src/a.c \\
\tsrc/b.c
"""
GUARDED = """<?php

namespace A;

if (! function_exists('A\\\\simple')) {
    function simple($a)
    {
        return make($a);
    }
}
"""
WRAPPED = """const reducer = (state: number) => {
  return state + 1
}

function helper(a: number) {
  const b = a + 1
  return b
}
"""
LOCK = """[[package]]
name = "a"
version = "0.1.0"
dependencies = [
 "b 1.0.88",
]

[[package]]
name = "b"
version = "1.0.88"
"""
CASES = (
    Case(
        "conditions that become one",
        {"a.js": "function f(d) {\n  if (d) g(d);\n  if (d) this.x = true;\n  if (d) y[d] = true;\n  return d;\n}\n"},
        {
            "a.js": "function f(d) {\n  if (d) {\n    g(d);\n    this.x = true;\n    y[d] = true;\n  }\n\n"
            "  return d;\n}\n"
        },
        ("function `f`: changed",),
        ("loses", "gone"),
    ),
    Case(
        "a line that stands elsewhere is no matter of layout",
        {"a.rs": "fn f() {\n    let w = open_it()?;\n    read_all();\n    sort_all();\n    write(w);\n}\n"},
        {"a.rs": "fn f() {\n    read_all();\n    sort_all();\n    let w = open_it()?;\n    write(w);\n}\n"},
        ("the line `let w = open_it()?;` moves",),
        ("**Kind of change:** style",),
    ),
    Case(
        "the brackets of an annotation hold no parameters, and no other object's method is this one",
        {"src/Pile.java": JAVA},
        {
            "src/Pile.java": JAVA.replace("visit(Object one, Type other)", "visit(Pair both)")
            .replace("push(T item, int depth)", "push(T item)")
            .replace("protected void setUp", "@Override protected void setUp")
            .replace("class Pile<T>", "class Pile<T, U>")
        },
        (
            "takes the new parameter `both`, no longer takes `one`, `other`",
            "method `Pile.setUp`: changed (is marked `@Override`)",
            "`final class Pile<T>` becomes `final class Pile<T, U>`",
        ),
        ("types only", "## Risks"),
    ),
    Case(
        "functions of C behind a macro that no grammar reads",
        {"a.c": C},
        {
            "a.c": C.replace(C[C.index("/* Goes") : C.index("static const")], "").replace(
                '  {gone, "gone"},\n  {gone, "lost"},\n', ""
            )
        },
        ("function `gone`: removed", '`{gone, "gone"}` is gone, `{gone, "lost"}` is gone'),
        ("`kept`: ",),
    ),
    Case(
        "a test's assertion changes beside a comment",
        {
            "a.ts": "export class A {\n  f() {\n    g();\n  }\n}\n",
            "test/a.ts": "test('it', t => {\n\tt.is(n, 1);\n});\n",
        },
        {
            "a.ts": "export class A {\n  f() {\n    // Why.\n    g();\n  }\n}\n",
            "test/a.ts": "test('it', t => {\n\tt.true(n <= 1);\n});\n",
        },
        ("changes the test `it`",),
        ("**Kind of change:** docs",),
    ),
    Case(
        "the comma behind the last key",
        {"package.json": '{\n\t"ava": {\n\t\t"require": [\n\t\t\t"x"\n\t\t]\n\t}\n}\n'},
        {"package.json": '{\n\t"ava": {\n\t\t"require": [\n\t\t\t"x"\n\t\t]\n\t},\n\t"tsd": {\n\t\t"lib": 1\n\t}\n}\n'},
        ("(package.json: `tsd` added)",),
        ("`ava`",),
    ),
    Case(
        "keys of which one comes and one changes",
        {"a.yml": "one: 1\ntwo: 2\n"},
        {"a.yml": "one: 3\ntwo: 2\nthree: 4\n"},
        ("`one` changed, `three` added",),
    ),
    Case(
        "a package of a Gemfile",
        {"Gemfile": "source 'https://example.org'\n\ngem 'a', '~> 4'\ngem 'b', '= 0.4.1', platforms: [:x]\n"},
        {"Gemfile": "source 'https://example.org'\n\ngem 'a', '~> 4'\n"},
        ("package `b`: removed (`= 0.4.1`)",),
        ("command",),
    ),
    Case(
        "calls of a script in PHP, by what they are given",
        {"index.php": PHP},
        {"index.php": PHP.replace(PHP[PHP.index("$app->get") : PHP.index("$app->run")], "")},
        ("command `$app->get('/set')`: removed",),
    ),
    Case(
        "the head of a file of PHP, in tests too",
        {"A.php": PHP, "tests/ATest.php": PHP},
        {name: PHP.replace("/old", "/new") for name in ("A.php", "tests/ATest.php")},
        (
            "comment `A frame (https://example.org)`: only comments changed",
            "updates comments of tests (tests/ATest.php)",
            "**Kind of change:** docs",
        ),
        ("namespace",),
    ),
    Case(
        "what mends an issue",
        {"a.rs": "fn f() {\n    let w = open_it()?;\n    read_all();\n    write(w);\n}\n"},
        {"a.rs": "fn f() {\n    read_all();\n    let w = open_it()?;\n    write(w);\n}\n"},
        ("**Kind of change:** fix",),
        message="Open the writer after the reader\n\nFixes #92",
    ),
    Case(
        "a renamed thing in documentation alone",
        {"a.py": 'def go():\n    """Goes: `a.open()`, `a.open(1)`."""\n', "docs/a.rst": "A\n=\n\na.open()\n"},
        {"a.py": 'def go():\n    """Goes: `a.go()`, `a.go(1)`."""\n', "docs/a.rst": "A\n=\n\na.go()\n"},
        ("**Kind of change:** docs",),
    ),
    Case(
        "what is taken out is no feature, and a build constraint of Go no comment",
        {"a.go": "// Copyright\n\n// +build !no\n// +build !windows\n\npackage a\n"},
        {"a.go": "// Copyright\n\n// +build !no\n\npackage a\n"},
        ("directive `+build !windows`: removed", "Updates code (a.go)"),
        ("comment", "**Kind of change:** feature"),
        "Remove Windows support",
    ),
    Case(
        "tests that move",
        {"tests/test_a.py": TESTS},
        {
            "tests/one/test_b.py": TESTS.replace("\n\n\n", "\n\n\nimport os\n\n", 1)[: TESTS.index("def test_two")],
            "tests/one/test_c.py": TESTS[TESTS.index("def test_two") :],
            "tests/test_a.py": "import a\n",
        },
        ("oves 2 tests",),
        ("emoves 2 tests",),
    ),
    Case(
        "a Makefile's conditions",
        {"Makefile": "all: build\n\nbuild:\n\techo\n"},
        {"Makefile": "ifeq ($(OS),A)\n    X := 1\nelse\n    X := 2\nendif\n\nall: build\n\nbuild:\n\techo\n"},
        ("condition `ifeq ($(OS),A)`: added", "variable `X`: added"),
        ("`else`", "`endif`"),
    ),
    Case(
        "a grammar for yacc, a manual in mdoc, a subject over two lines",
        {"a.y": YACC, "a.1": ".Dd May 1\n.Sh NAME\n.Nm a\n.Sh OPTIONS\nText that is here.\n"},
        {
            "a.y": YACC.replace("if (next == 1)", "if (wide && next == 1)").replace(
                "%%\nlines", "%%\nword\t: TOKEN\n\nlines"
            ),
            "a.1": ".Dd May 1\n.Sh NAME\n.Nm a\n.Sh OPTIONS\nText that is here and there.\n",
        },
        (
            "function `yylex`: changed (a condition also requires `wide`)",
            "rule `word`: added",
            "section `OPTIONS`: changed",
            "A few minor changes of the parser around the conditions that only treat words after one.",
        ),
        ("command",),
        "A few minor changes of the parser around the conditions that only\ntreat words after one\n\nMore.",
    ),
    Case(
        "what stands before a document's text",
        {"a.md": "---\nlayout: docs\nprev: one\n---\n\n## Use\n\nIt.\n"},
        {"a.md": "---\nlayout: docs\nprev: one\n---\n\n## Use\n\nIt all.\n"},
        ("section `Use`: changed",),
        ("prev",),
    ),
    Case(
        "packages in XML",
        {
            "A.props": '<Project>\n  <ItemGroup>\n <PackageVersion Include="A.B" Version="1.2.3" />\n  </ItemGroup>\n'
            "  <MinimumVersionOfTheWhole>8.6</MinimumVersionOfTheWhole>\n</Project>\n",
            "pom.xml": POM,
        },
        {
            "A.props": '<Project>\n  <ItemGroup>\n <PackageVersion Include="A.B" Version="1.3.0" />\n  </ItemGroup>\n'
            "  <MinimumVersionOfTheWhole>8.7</MinimumVersionOfTheWhole>\n</Project>\n",
            "pom.xml": POM.replace("4.12", "4.13"),
        },
        (
            "package `A.B`: changed (raised from 1.2.3 to 1.3.0)",
            "(`8.6` becomes `8.7`)",
            "package `junit:junit`: changed (raised from 4.12 to 4.13)",
        ),
    ),
    Case(
        "a mark behind a name, an action by its commit, a version in a table",
        {
            "a.cs": "class A\n{\n    void Run()\n    {\n        t = await Make!(new Given(one)).More();\n    }\n}\n",
            ".github/workflows/a.yml": f"jobs:\n  a:\n    steps:\n      - uses: b/c@{'1' * 40} # v6\n",
            "libs.toml": '[libraries]\nx = { module = "com.example.core:databind-of-it", version = "2.12.4" }\n',
        },
        {
            "a.cs": "class A\n{\n    void Run()\n    {\n        t = await Make(new Given(one)).More();\n    }\n}\n",
            ".github/workflows/a.yml": f"jobs:\n  a:\n    steps:\n      - uses: b/c@{'2' * 40} # v7\n",
            "libs.toml": '[libraries]\nx = { module = "com.example.core:databind-of-it", version = "2.14.2" }\n',
        },
        ("`b/c@1111111 # v6` becomes `b/c@2222222 # v7`", "raised from 2.12.4 to 2.14.2"),
        ("instead of",),
    ),
    Case(
        "code that becomes a comment, and what is in brackets",
        {
            "a.gradle": "apply plugin: 'a'\n\ninstall {\n    pom {\n        x 1\n\n        name b\n    }\n}\n\n"
            "publishing {\n    y 2\n}\n"
        },
        {
            "a.gradle": "//apply plugin: 'a'\n\n//install {\n//    pom {\n//        x 1\n//\n//        name b\n"
            "//    }\n"
            "//}\n\n"
            "publishing {\n    y 2\n}\n"
        },
        ("command `install`: removed (commented out)", "command `apply`: removed (commented out)"),
        ("`name`",),
    ),
    Case(
        "a text inside a script",
        {"a.sh": "#!/bin/sh\nset -e\n\nuse() {\n    echo a\n}\n"},
        {"a.sh": "#!/bin/sh\nset -e\n\nuse() {\n    cat <<EOF\nUsage: a [b]\n\nCommands:\n  c\nEOF\n}\n"},
        ("function `use`: changed",),
        ("command",),
    ),
    Case(
        "a package in a lock file that only names another one",
        {"Cargo.lock": LOCK},
        {"Cargo.lock": LOCK.replace("1.0.88", "1.0.89")},
        ("package `b`: changed (raised from 1.0.88 to 1.0.89)",),
        ("package `a`",),
    ),
    Case(
        "comments inside a type, and code in comments",
        {"a.ts": TYPE, "b.ts": "export function f(a: string): void;\n"},
        {
            "a.ts": TYPE.replace("\tOne.\n", "\tOne.\n\n\t@example\n\tconsole.log(it);\n").replace(
                "x: string", "x: string"
            ),
            "b.ts": "export function f(a: string): void;\n",
        },
        ("**Kind of change:** docs", "type `A`: only comments changed"),
        ("## Risks", "signature"),
    ),
    Case(
        "a variable that is called otherwise",
        {"a.js": "function f(r) {\n  let err = r.error;\n  if (!err) {\n    g();\n  }\n  return h(err);\n}\n"},
        {"a.js": "function f(r) {\n  let {error} = r;\n  if (!error) {\n    g();\n  }\n  return h(error);\n}\n"},
        ("function `f`: changed",),
        ("checks", "loses"),
    ),
    Case(
        "a parameter of Java that is final",
        {"src/A.java": "class A {\n  @Override\n  public void a(final int v) {\n    b(v);\n  }\n}\n"},
        {"src/A.java": "class A {\n  @Override\n  public void a(int v) {\n    d(v);\n  }\n}\n"},
        ("calls `d` instead of `b`", "**Kind of change:** perf"),
        ("signature",),
        "Avoid memory allocation in the buffer",
    ),
    Case(
        "names and literals of Ruby, and a comment that it obeys",
        {"a.rb": "require 'b'\n\nclass A\n  X = 1\n\n  def f(e)\n    !good(e)\n  end\nend\n"},
        {
            "a.rb": "# frozen_string_literal: true\nrequire 'b'\n\nclass A\n  X = 1\n  Y = %w(c d).freeze\n\n"
            "  def f(e)\n    !good?(e)\n"
            "  end\nend\n"
        },
        (
            "calls `good?` instead of `good`",
            "`Y = %w(c d).freeze` is new",
            "directive `frozen_string_literal: true`: added",
        ),
        ("`w`", "comments"),
    ),
    Case(
        "an exception by its full name",
        {"a.php": "<?php\nclass A\n{\n    function f($a)\n    {\n        $this->a = $a;\n    }\n}\n"},
        {
            "a.php": "<?php\nclass A\n{\n    function f($a)\n    {\n        if (!$a) {\n"
            "            throw new \\BadException('no');\n"
            "        }\n\n        $this->a = $a;\n    }\n}\n"
        },
        ("now raises `BadException`",),
        ("calls `BadException`",),
    ),
    Case(
        "a script without a suffix",
        {"tool": "#!/usr/bin/env bash\n\nget() {\n    a=1\n}\n"},
        {"tool": "#!/usr/bin/env bash\n\nget() {\n    a=2\n}\n"},
        ("Changes `get` in tool",),
    ),
    Case(
        "a head that the preprocessor chooses, and a release",
        {"a.c": "static int f(const char* a) {\n  return a[0];\n}\n"},
        {
            "a.c": "#if defined(A)\nstatic int f(const char* a) {\n#else\nstatic int f(char* a) {\n#endif\n"
            "  return a[0];\n}\n"
        },
        ("**Kind of change:** release",),
        ("## Risks", "`#endif`"),
        "2018.07.11, Version 1.22.0 (Stable)",
    ),
    Case(
        "a function that moves out of several files",
        {"src/a.c": SHARED, "src/b.c": SHARED, "docs/a.md": "# A\n\nCall `shared_thing(1)` of a.\n", "Makefile": MAKE},
        {
            "src/a.c": "int a;\n",
            "src/b.c": "int b;\n",
            "src/c.c": SHARED,
            "Makefile": MAKE.replace("\tsrc/b.c", "\tsrc/b.c \\\n\tsrc/more-of-it.c"),
        },
        ("`src/more-of-it.c` is new",),
        ("Perhaps missing", "which is removed"),
    ),
    Case(
        "a link at the end of a document",
        {"a.md": "# A\n\n## Last\n\nIt.\n\n[1.0]: https://example.org/1.0\n"},
        {"a.md": "# A\n\n## Last\n\nIt.\n\n[1.1]: https://example.org/1.1\n[1.0]: https://example.org/1.0\n"},
        ("link `[1.1]`: added",),
        ("Last",),
    ),
    Case(
        "tests that are added beside a mended line, and an example",
        {"src/a.py": "def a():\n    return 1\n", "tests/test_a.py": "def test_a():\n    pass\n"},
        {
            "src/a.py": "def a():\n    return 1\n\n\ndef b():\n    raise NoSuchThingError('b')\n",
            "tests/test_a.py": "def test_a():\n    pass\n\n\ndef test_b():\n    pass\n",
        },
        ("**Kind of change:** test",),
        message="Added more of the unittests",
    ),
    Case(
        "an example among the tests",
        {"a_test.go": "package a\n"},
        {"b_test.go": "package a\n\nfunc Example() {\n}\n", "go.mod": "module a\n", "a_test.go": "package a\n"},
        (),
        ("**Kind of change:** feature",),
        "Add an example of a hook",
    ),
    Case(
        "a condition that stood behind its statement, and a formatter's complaint",
        {"a.rb": "def f(b)\n  x = g\n  x.h(b) if ready?\nend\n"},
        {"a.rb": "def f(b)\n  x = g\n  if ready?\n    x.h(b)\n  end\nend\n"},
        ("**Kind of change:** style",),
        ("checks",),
        "Fix rubocop",
    ),
    Case(
        "a byte order mark before the keys",
        {"a.json": '\ufeff{\n  "a": "1.2.3"\n}\n'},
        {"a.json": '\ufeff{\n  "a": "1.3.2"\n}\n'},
        ("key `a`: changed",),
    ),
    Case(
        "what a macro stands for",
        {
            "a.rs": "macro_rules! a {\n    ($e:expr) => ({\n        match $e {\n            x => x,\n        }\n"
            "    });\n}\n"
        },
        {
            "a.rs": "macro_rules! a {\n    ($e:expr) => ({\n        let y = match $e {\n            x => x,\n"
            "        };\n        y\n"
            "    });\n}\n"
        },
        ("macro `a`: changed",),
        ("signature",),
    ),
    Case(
        "documentation of a library for testing",
        {"lib/src/com/b/testing/Bind.java": "package a;\n\n/** Binds. */\npublic interface Bind {}\n"},
        {"lib/src/com/b/testing/Bind.java": "package a;\n\n/** Binds all. */\npublic interface Bind {}\n"},
        ("**Kind of change:** docs", "documentation of `Bind`"),
    ),
    Case(
        "a type of TypeScript that gains a member, and a style that is none",
        {"a.ts": "export type Queue = {\n\tadd: () => void;\n};\n"},
        {"a.ts": "export type Queue = {\n\tadd: () => void;\n\tremove?: (id: string) => void;\n};\n"},
        ("type `Queue`: changed (`remove?: (id: string) => void;` is new)",),
        ("types only", "**Kind of change:** style"),
        "improve: defer-style in Queue",
    ),
    Case(
        "functions inside a condition, and the head of a script",
        {"f.php": GUARDED, "tool": "#!/usr/bin/env bash\n# Summary: old\n# All of `a/*'.\n\nset -e\n"},
        {
            "f.php": GUARDED.replace("return make($a);", "return taken($a);"),
            "tool": "#!/usr/bin/env bash\n# Summary: new\n# All of `a/*'.\n\nset -e\n",
        },
        (
            "function `simple`: changed (calls `taken` instead of `make`)",
            "comment `Summary: new`: only comments changed",
        ),
        ("command",),
    ),
    Case(
        "a condition by what it asks, and a copyright above it",
        {
            "build.gradle": "/*\n * Copyright 2020\n */\n\nif (root.old) {\n"
            "    a {\n        b = 1\n    }\n}\n\napply plugin: 'a'\n"
        },
        {"build.gradle": "/*\n * Copyright 2021\n */\n\napply plugin: 'a'\n"},
        ("statement `if (root.old)`: removed", "comment `Copyright 2021`: only comments changed"),
        ("command",),
    ),
    Case(
        "lifetimes",
        {
            "a.rs": "macro_rules! a {\n    ($t:ty) => {\n"
            "        fn to(&self) -> Value {\n            go(self)\n        }\n    };\n}\n\n"
            "pub fn b(a: &A) -> Value {\n    go(a)\n}\n"
        },
        {
            "a.rs": "macro_rules! a {\n    ($t:ty) => {\n"
            "        fn to(&self) -> Value<'_> {\n            go(self)\n        }\n"
            "    };\n}\n\npub fn b(a: &A) -> Value<'_> {\n    go(a)\n}\n"
        },
        ("becomes `fn to(&self) -> Value<'_> {`",),
        ("**Kind of change:** feature",),
        "Add annotations for anonymous lifetimes",
    ),
    Case(
        "tests that are put into a suite",
        {"tests/a.test.ts": WRAPPED},
        {
            "tests/a.test.ts": "describe('all', () => {\n"
            + "".join(f"  {line}\n" if line else "\n" for line in WRAPPED.split("\n")[:-1])
            + "})\n"
        },
        ("suite `all`: added",),
        ("removed", "emoves"),
    ),
    Case(
        "a test of bats",
        {"test/a.bats": '@test "runs it" {\n  run a\n  assert_success\n}\n'},
        {"test/a.bats": '@test "runs it" {\n  run a\n  assert_success "b"\n}\n'},
        ("hanges the test `runs it`",),
    ),
    Case(
        "variables of Ruby, and functions of Kotlin that extend a type",
        {
            "a.rb": "class A\n  def f(a)\n    x = B.c(a)\n    @h['x'] = x\n  end\nend\n",
            "src/main/a.kt": "public fun <T> Channel<T>.take(): T {\n  return one()\n}\n",
        },
        {
            "a.rb": "class A\n  def f(a)\n    @b.insert(0, C, a)\n  end\nend\n",
            "src/main/a.kt": "public fun <T> Channel<T>.take(): T {\n  return two()\n}\n",
        },
        ("function `A.f`: changed", "function `Channel.take`: changed"),
        ("marked",),
    ),
    Case(
        "what only goes, and a link of reStructuredText",
        {
            "a.c": "int main(void) {\n  set_level(1);\n  go();\n}\n",
            "a.rst": "A\n=\n\nLast\n----\n\nIt.\n\n.. _`x`: https://a.org/\n",
        },
        {"a.c": "int main(void) {\n  go();\n}\n", "a.rst": "A\n=\n\nLast\n----\n\nIt.\n"},
        ("link `x`: removed",),
        ("**Kind of change:** feature", "Last"),
        "No need for this since I added an option",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_told_of_a_commit(script: Script, case: Case) -> None:
    is_told_of(script, case)
