"""Kinds of sentences that were wrong, or missing, about commits of repositories that nothing was written for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from tests.unit.codeflow.conftest import Script, history_of


@dataclass(frozen=True)
class Case:
    """A commit by its files before and after, and what its explanation tells and does not."""

    name: str
    before: Mapping[str, str]
    after: Mapping[str, str]
    told: tuple[str, ...] = ()
    untold: tuple[str, ...] = ()
    message: str = "Say so"


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
        ("the lines from `let w = open_it()?;` on move",),
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
            "`setUp`: new signature (is marked `@Override`)".replace("`setUp`", "`Pile.setUp`"),
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
        ("function `gone`: removed", '`{gone, "gone"},` is gone, `{gone, "lost"},` is gone'),
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
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_told_of_a_commit(script: Script, case: Case) -> None:
    script.commit("Begin", dict(case.before))
    script.commit(case.message, dict(case.after))
    told = history_of(script.root).explain_diff("HEAD").to_markdown()
    assert [text for text in case.told if text not in told] == [], told
    assert [text for text in case.untold if text in told] == [], told
