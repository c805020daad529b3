"""What the diff does not bear out is not told: calls, things that come or go, names, and kinds of change."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.intents.intent import intent_of
from iquest_lsp.codeflow.diff.intents.shape import shape_of
from iquest_lsp.codeflow.git.commits import FileDiff
from tests.unit.codeflow.answers.conftest import Case, is_told_of
from tests.unit.codeflow.conftest import Script, history_of

#: A class of C# as several hands wrote it: tabs and spaces, and directives at the left edge.
BOX = """using System;

namespace Piles
{
\tpublic class Box
\t{
#if DESKTOP
\t\tpublic int Depth { get; set; }
#endif
\t    public static Box Make(%sbyte[] data, string label)
\t\t{
\t\t\treturn new Box { Data = data, Label = label };
\t\t}

\t\tpublic static Box Make(%sbyte[] data)
\t\t{
\t\t\treturn Make(%sdata, null);
\t\t}

\t\t/// <summary>What is in it</summary>
\t\tpublic byte[] Data { get; set; }
%s\t\tpublic string Label { get; set; }
\t}
}
"""
NEW = "        /// <summary>Its key</summary>\n        public string Key { get; set; }\n"
SHOW = """extension Pile {
  func show(_ items: [Item]) -> Int {
    %s
      add(items)
    %s
    switch next {
    %s
      count += 1
    }
    return count
  }

  func other() -> Int { 1 }
}
"""
PERL = """our $mark = qr/[([{]x/;

sub one {
\tmy $foo = shift();
\tif (%s$foo->[0] =~ /^\\s*$/) {
\t\tshift($foo);
\t}
}

sub two {
\treturn 2;
}
"""

CLASS = "class A\n{\n%s}\n"
LONG = "    public Box Add({}string label, IEnumerable<byte> contents, int depth, Weight weight)\n    {{\n    }}\n"
TORN = "class Pile {\n  fun a(): Any {\n    return %s\n  }\n  fun b(): Int {\n    return %s\n  }\n}\n"

CELL = """class Cell {
  explicit Cell(%sFormat& whole) : whole_(whole) {}
  void show() { %s }
};
"""
GEM = """Gem::Specification.new do |s|
  s.name = %%q{pile}
  s.version = "%s"

  s.required_rubygems_version = Gem::Requirement.new(">= 0") if s.respond_to? :required_rubygems_version=
  s.date = %%q{%s}
end
"""
OPERATORS = """class Pile
  def add(one)
    @all << one
  end

  def ==(other)
    %s == other
  end

  def self.[](key)
    all[%s]
  end
end
"""
SHOWN = """template <>
struct shown<Short, Char> {
  int format(Short v) { return %s; }
};
%s"""
SHOWN_LAST = """
template <>
struct shown<std::Long, Char> {
  int format(Long v) { return 3; }
};
"""

HALF = "<?php\nclass A\n{\n    function b()\n    {\n        return $%s->all(\n            1\n        );\n    }\n}\n"
FILTERS = """object Build {
  lazy val filters = {
    Seq(
%s      exclude("a"),
      exclude("b"),
      exclude("c")
%s    )
  }
}
"""
SPEC = """class BoxSpec extends FlatSpec {
  it should "be empty" in {
    check(%s)
  }
}
"""

MADE = (
    "    public A(IOne one, ITwo two, IDictionary<Key, Value> many, bool more)\n    {\n        all = many;\n    }\n\n"
)
OTHER = "    public A(IOne one)\n    {\n        first = one;\n    }\n\n"
STREAM = """#define AS_STREAM(type) \\
static bool decode(const Node& %s, type& rhs) { \\
  std::stringstream stream(%s.scalar()); \\
  stream >> rhs; \\
  return !!%s; \\
}
"""
TWO = "TEST_F(Box, Two) {\n  check(2);\n}\n"
FAR = "".join(f"test('{name}', testBad);\n" for name in ("one", "two", "three", "four"))
LOOK = """#!/usr/bin/env bash
if [[ "${1}" == latest ]]; then
  one;

  declare found='';
  if [[ -d "${%s}/all" ]]; then
    found="$(find .)";
  fi;
fi;
"""

ROMAN = """    class Roman : Formatter
    {
        public override string Hours(int number)
        {
            return number < 20 ? base.Hours(number) : "acum " + number;
        }
    }

"""
LOST = """namespace one {
MACRO_WITHOUT_END(
namespace two {
  template <typename T>
  inline %sT *addressof(T &arg) {
    return std::addressof(arg);
  }
}
}
"""
JOBS = "include:\n  - env: A\n    os: mac\n{}  {}  - env: B\n    os: mac\n  - env: C\n    os: mac\n"

DOCUMENTED = """<?php
namespace All;

/**
 * Validates.
 *
 * @author%sSomebody
 */
class Valid
{
    const ERROR = 1;
}
"""
CARD = "    public function %s()\n    {\n        $v = new Valid();\n        $v->rule();\n        $v->run();\n    }\n"

CASES = (
    Case(
        "an object that is made with arguments is not called",
        {"a.cpp": "int main(int count, char* args[]) {\n  Options all;\n  run(all);\n  return 0;\n}\n"},
        {"a.cpp": "int main(int count, char* args[]) {\n  Options all(args[0]);\n  run(all);\n  return 0;\n}\n"},
        ("`Options all;` becomes `Options all(args[0]);`",),
        ("calls",),
    ),
    Case(
        "conditions and patterns of Swift are no calls",
        {"a.swift": SHOW % ("if #available(macOS 10.13, *) {", "}", "case let .value(one):")},
        {"a.swift": SHOW % ("do {", "} while less()", "case .none:")},
        ("function `Pile.show`: changed",),
        ("calls `available`", "`value`", "`: added", "`let`"),
    ),
    Case(
        "members of a class whose lines are indented in several ways, between directives",
        {"a.cs": BOX % ("", "", "", "")},
        {"a.cs": BOX % ("string key, ", "string key, ", "key, ", NEW)},
        (
            "`Box.Make`: changed (takes the new parameter `key`)",
            "property `Box.Key`: added",
            "`return Make(key, data, n",
        ),
        ("`Make`: changed (passes `string", "passes `string key`", "property `Box.Data`", "forms", "removed"),
    ),
    Case(
        "what an interface of C# promises",
        {"a.cs": "public interface IBox\n{\n    Box Add(string path);\n    Box Add(byte[] data, string path);\n}\n"},
        {
            "a.cs": "public interface IBox\n{\n    Box Add(string name, string path);\n"
            "    Box Add(byte[] data, string path);\n}\n"
        },
        ("method `IBox.Add`: changed (takes the new parameter `name`)",),
        ("module", "now uses"),
    ),
    Case(
        "a bracket in a pattern of Perl opens nothing",
        {"a.pl": PERL % ""},
        {"a.pl": PERL % "defined($foo->[0]) && "},
        ("function `one`: changed (a condition also requires `defined($foo->[0])`)",),
        ("$mark",),
    ),
    Case(
        "a block whose end is not found neither comes nor goes",
        {"a.kt": TORN % ("'{'", "1")},
        {"a.kt": TORN % ('c("{\n")', "2")},
        ("a.kt",),
        ("`: added", "`: removed", "gains another form"),
    ),
    Case(
        "the end of the last line, and the signs of a pattern",
        {".gitignore": ".svn\ntest"},
        {".gitignore": ".svn\ntest\n*.o\n*.so\n"},
        ("entry `*.o`: added", "entry `*.so`: added"),
        ("entry `test`", "`.o`"),
        "Update gitignore to avoid tracking unwanted files",
    ),
    Case(
        "an item of a list in YAML is the same with or without quotes",
        {".travis.yml": 'language: node_js\nnode_js:\n  - "0.11"\n'},
        {".travis.yml": 'language: node_js\nnode_js:\n  - "0.11"\n  - other\n'},
        ('key `node_js`: changed (`"other"` is new)',),
        ("is gone", "0.11"),
    ),
    Case(
        "a value inside a macro of Rust has the name that it is used by",
        {"a.rs": 'lazy_static! {\n    static ref RE_ONE: Regex = make(r"\n        (?:deg)?\n    ");\n}\n'},
        {"a.rs": 'lazy_static! {\n    static ref RE_ONE: Regex = make(r"\n        (deg|rad)?\n    ");\n}\n'},
        ("`RE_ONE`: changed",),
        ("`ref`",),
    ),
    Case(
        "a file of Terraform is no module",
        {"versions.tf": 'terraform {\n  required_version = ">= 0.13"\n}\n'},
        {"versions.tf": 'terraform {\n  required_version = ">= 1.0"\n}\n'},
        ("`versions.tf`", '`required_version = ">= 0.13"` becomes `required_version = ">= 1.0"`'),
        ("module `",),
    ),
    Case(
        "another module that is brought in under a name is no new call",
        {"a.js": "var codes = require('./codes');\nvar http = require('http');\n\nexports.a = 1;\n"},
        {"a.js": "var status = require('status');\nvar http = require('http');\n\nexports.a = 1;\n"},
        (),
        ("now calls", "call `require`"),
    ),
    Case(
        "an argument that comes is told whole",
        {"a.cs": CLASS % LONG.format("")},
        {"a.cs": CLASS % LONG.format("string key, ")},
        ("method `A.Add`: changed (takes the new parameter `key`)",),
        ("gains `key, string`",),
    ),
    Case(
        "a parameter of C++ whose type has a scope is called by its own name",
        {"a.hpp": CELL % ("std::optional<Format>& row, ", "row.get();")},
        {"a.hpp": CELL % ("", "return;")},
        ("no longer takes `row`",),
        ("`std`", "types only"),
    ),
    Case(
        "words of a text handle nothing and raise nothing",
        {"a.cpp": 'int main() {\n  show("No border:");\n  one();\n}\n'},
        {"a.cpp": 'int main() {\n  show("No border except row top:");\n  two(); // we throw Bad here\n  three();\n}\n'},
        ("function `main`: changed",),
        ("handles", "raises"),
    ),
    Case(
        "a statement of Ruby goes on behind an empty line",
        {"a.gemspec": GEM % ("1.0", "2011-02-13")},
        {"a.gemspec": GEM % ("1.1", "2011-04-15")},
        ("command `Gem::Specification.new`: changed",),
        ("required_rubygems_version",),
    ),
    Case(
        "a key that no longer stands first in its item is the same key",
        {".travis.yml": "matrix:\n  include:\n    - rust: beta\n    - os: osx\n"},
        {".travis.yml": "matrix:\n  include:\n    - rust: beta\n    - rust: stable\n      os: osx\n"},
        ("`matrix.include[1].rust`: added",),
        ("becomes", "`matrix.include[1].os`: changed"),
    ),
    Case(
        "a method of Ruby that is an operator has its name",
        {"a.rb": OPERATORS % ("a", "b")},
        {"a.rb": OPERATORS % ("c", "d")},
        ("function `Pile.==`: changed", "function `Pile.self.[]`: changed"),
        ("class `Pile`", "function `Pile.add`"),
    ),
    Case(
        "methods of several specializations of a template of C++ are no forms of one",
        {"a.hpp": SHOWN % ("1", "")},
        {"a.hpp": SHOWN % ("2", SHOWN_LAST)},
        ("struct `shown<Long, Char>`: added", "`shown<Short, Char>.format`: changed"),
        ("another form", "one of its forms"),
    ),
    Case(
        "code that is put between two ends of a comment is no comment that changes",
        {"a.scala": FILTERS % ("", "")},
        {"a.scala": FILTERS % ("      /*\n", "      */\n")},
        ("property `Build.filters`: changed",),
        ("comment",),
    ),
    Case(
        "a word that a shell sets for one command is not set to that command",
        {"run.sh": 'look() {\n  OPTIONS= LC_ALL=C grep -nwHE "${all}" $@\n}\n'},
        {"run.sh": 'look() {\n  OPTIONS= LC_ALL=C grep -nwHEI "${all}" $@\n}\n'},
        ("`look`: changed (`OPTIONS= LC_ALL=C",),
        ("sets",),
    ),
    Case(
        "a grammar that lags behind its language proves nothing broken",
        {"a.rs": "fn one() -> R {\n    Ok(1)\n}\n"},
        {"a.rs": "fn one() -> R {\n    try!(two());\n    Ok(1)\n}\n"},
        ("function `one`: changed",),
        ("parses",),
    ),
    Case(
        "a bracket without its partner does",
        {"a.rs": "fn one() -> R {\n    Ok(1)\n}\n"},
        {"a.rs": "fn one() -> R {\n    two(;\n    Ok(1)\n}\n"},
        ("a.rs no longer parses as rust",),
    ),
    Case(
        "tests of Scala have the names that they are given",
        {"src/test/scala/BoxSpec.scala": SPEC % "1"},
        {"src/test/scala/BoxSpec.scala": SPEC % "2"},
        ("test `BoxSpec.should be empty`: changed",),
        ("BoxSpec.should`",),
        "Look again",
    ),
    Case(
        "a module whose functions all stand in one that is called at once",
        {"lib/a.js": ";(function() {\nvar rules = {\n  escape: /^[ab]/,\n};\n}).call(this);\n"},
        {"lib/a.js": ";(function() {\nvar rules = {\n  escape: /^[abc]/,\n};\n}).call(this);\n"},
        ("module `a`: changed (`escape: /^[ab]/` becomes `escape: /^[abc]/`)",),
        ("call `",),
    ),
    Case(
        "a text with examples between fences has paragraphs",
        {"test/more.txt": "First words.\n\n````````\n<b>one</b>\n.\n````````\n"},
        {"test/more.txt": "First words.\n\n````````\n<b>one</b>\n.\n````````\n\nMore words.\n\n<b>two</b>\n````````\n"},
        ("paragraph `More words.`: added",),
        ("``", "section"),
    ),
    Case(
        "a script that builds adds nothing to what is built",
        {"README.md": "One.\n"},
        {"README.md": None, "README": "One.\n", "setup.py": "def read(name):\n    return open(name).read()\n"},
        ("`read`: added",),
        ("feature",),
        "Rename the readme",
    ),
    Case(
        "half an expression is not what is returned",
        {"a.php": HALF % "this"},
        {"a.php": HALF % "self"},
        ("function `A.b`: changed",),
        ("instead of `$this->all(`",),
    ),
    Case(
        "lines that only stand elsewhere have neither come nor gone",
        {"a.cs": "class A\n{\n" + MADE + OTHER + "}\n"},
        {"a.cs": "class A\n{\n" + OTHER + MADE + "}\n"},
        ("a.cs",),
        ("is new", "is gone"),
    ),
    Case(
        "an attribute is a mark and no call",
        {"a.cs": "/// <summary>Old</summary>\npublic class A\n{\n    public int One() { return 1; }\n}\n"},
        {
            "a.cs": '/// <summary>Old</summary>\n[Obsolete("Use B")]\npublic class A\n{\n'
            "    public int One() { return 1; }\n}\n"
        },
        ('is marked `[Obsolete("Use B")]`',),
        ("calls",),
    ),
    Case(
        "what a scope of C++ holds is not its value",
        {"a.hpp": STREAM % (("value",) * 3)},
        {"a.hpp": STREAM % (("node",) * 3)},
        ("`value.scalar` becomes `node.scalar`",),
        ("sets `std`", ")\\`"),
    ),
    Case(
        "a condition is told with the bracket that closes it",
        {"a.cpp": "void A::top() {\n  if (count() > 0 && col() > 0)\n    begin();\n}\n"},
        {"a.cpp": "void A::top() {\n  if (count() > 0 && col() > 0\n    && !has_begun()) {\n    begin();\n  }\n}\n"},
        ("a condition also requires `!has_begun()`",),
    ),
    Case(
        "tests of GoogleTest inside a namespace",
        {"test/a.cpp": "namespace pile {\nTEST_F(Box, One) {\n  check(1);\n}\n\n}\n"},
        {"test/a.cpp": "namespace pile {\nTEST_F(Box, One) {\n  check(1);\n}\n\n" + TWO + "\n}\n"},
        ("test `Box.Two`: added",),
        ("another form", "`pile`: changed"),
    ),
    Case(
        "a helper of tests with titles is no test, and no title takes the place of one far away",
        {"test/a.js": "const testGood = t => {\n  t.is(1);\n};\n\ntest('Passes when it ends', testGood);\n" + FAR},
        {"test/a.js": FAR + "test('Throws when it ends', testBad);\n"},
        ("function `testGood`: removed", "test `Throws when it ends`: added", "test `Passes when it ends`: removed"),
        ("renamed", "test `testGood`"),
    ),
    Case(
        "a package that a file is moved to",
        {
            "src/a/One.kt": "package one.a\n\nclass One {\n  fun f() = 1\n}\n",
            "src/Two.kt": "import one.a.One\n\nval x = 1\n",
        },
        {
            "src/a/One.kt": None,
            "src/b/One.kt": "package one.b\n\nclass One {\n  fun f() = 1\n}\n",
            "src/Two.kt": "import one.b.One\n\nval x = 1\n",
        },
        ("now uses `one.b.One`",),
        ("block `", "feature"),
        "Create the module b",
    ),
    Case(
        "a statement of a script holds what is indented behind an empty line",
        {"bin/look": LOOK % "ROOT"},
        {"bin/look": LOOK % "HOME"},
        ("statement `if",),
        ("variable `found`",),
    ),
    Case(
        "comments inside a helper of tests",
        {"tests/a.c": "int show(int a) {\n  // One.\n  return a;\n}\n"},
        {"tests/a.c": "int show(int a) {\n  /* One. */\n  return a;\n}\n"},
        ("Changes only comments of `show`",),
        ("documentation of",),
    ),
    Case(
        "words of the preprocessor are no names",
        {"a.c": "void f(void) {\n  one();\n  Old handler;\n  two();\n}\n"},
        {"a.c": "void f(void) {\n#if OLD_API\n  one();\n  two();\n#else\n#endif\n}\n"},
        ("function `f`: changed",),
        ("`endif`",),
    ),
    Case(
        "what moves to a file of its own has not gone, in a language without a grammar too",
        {"src/All.cs": "namespace A\n{\n" + ROMAN + "    class Other\n    {\n        int x = 1;\n    }\n}\n"},
        {
            "src/All.cs": "namespace A\n{\n    class Other\n    {\n        int x = 1;\n    }\n}\n",
            "src/Roman.cs": "namespace A\n{\n" + ROMAN + "}\n",
        },
        ("Moves `Roman` from src/All.cs to src/Roman.cs",),
        ("emoves",),
    ),
    Case(
        "a word of C++ is no function's name",
        {"a.hpp": LOST % ""},
        {"a.hpp": LOST % "constexpr "},
        ("a.hpp",),
        ("`namespace`",),
    ),
    Case(
        "what a head promises is no type",
        {"a.cpp": "struct A {\n  void swap(A &that) noexcept(one(that)) { f(that); }\n};\n"},
        {"a.cpp": "struct A {\n  void swap(A &that) noexcept(two(that)) { f(that); }\n};\n"},
        ("method `A.swap`: new signature",),
        ("types",),
    ),
    Case(
        "types of a head are said to be of the head, whatever its body does",
        {"a.go": "package a\n\nfunc (e Error) Len() int {\n\treturn len(e.all)\n}\n"},
        {
            "a.go": "package a\n\nfunc (e *Error) Len() int {\n\tif e == nil {\n\t\treturn 0\n\t}\n"
            "\treturn len(e.all)\n}\n"
        },
        ("changes only types in its signature",),
        ("types only",),
    ),
    Case(
        "an item that comes has no number that another one had",
        {".travis.yml": JOBS.format("", "# Old 2\n")},
        {".travis.yml": JOBS.format("  - env: NEW\n    os: linux\n", "# New 2\n")},
        ("item `include[1, new]`: added",),
        ("`include[1]`: added",),
    ),
    Case(
        "a comment behind a statement is no part of its name",
        {"a.py": "import sys\n\nif sys.argv:\n    a = 1\nelse:\n    a = 2\n"},
        {"a.py": "import sys\n\nif sys.argv:  # pragma: no cover\n    a = 1\nelse:\n    a = 2\n"},
        ("a.py",),
        ("removed", "`if sys.argv`: added"),
    ),
    Case(
        "imports that are only indented otherwise do not move",
        {"a.py": "from one import (two,\n        three)\n\nprint(two, three)\n"},
        {"a.py": "from one import (two,\n                 three)\n\nprint(two, three)\n"},
        ("formatting only: `a`",),
        ("move",),
    ),
    Case(
        "a comment above a class is not of what stands in the class",
        {"a.php": DOCUMENTED % "  "},
        {"a.php": DOCUMENTED % "    "},
        ("eformats `Valid`",),
        ("property",),
    ),
    Case(
        "a test of PHPUnit that is spelled otherwise is renamed",
        {"tests/ATest.php": "<?php\nclass ATest extends Base\n{\n" + CARD % "testcard" + "}\n"},
        {"tests/ATest.php": "<?php\nclass ATest extends Base\n{\n" + CARD % "testCard" + "}\n"},
        ("enames the test `ATest.testcard` to `ATest.testCard`",),
        ("function",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_is_told_of_a_commit(script: Script, case: Case) -> None:
    is_told_of(script, case)


CODE = FileDiff("src/a.py", "M", added=5, removed=3)
#: Where Kotlin keeps the tests of all platforms.
COMMON = FileDiff("core/commonTest/src/PileCases.kt", "M", added=20, removed=1)
SETUP = [FileDiff(".travis.yml", "M", added=1), FileDiff("Makefile", "M", added=16, removed=7)]


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("journal: don't call Enabled before each write", "change"),
        ("Use the handling of missing keys of the base", "change"),
        ("Pass supported names on", "change"),
        ("We now support pairs of surrogates", "feature"),
        ("Bodies are now supported by DELETE", "feature"),
        ("Validate the argument", "change"),
        ("Make more detailed error in Set", "change"),
        ("Change it to close the file that it creates", "change"),
        ("Do not lose the last one", "fix"),
        ("Add workaround for locks on other systems", "fix"),
        ("Use the new reader to avoid stale pages", "fix"),
        ("Change the format string", "change"),
    ],
)
def test_a_word_counts_where_it_says_what_was_done(subject: str, kind: str) -> None:
    assert intent_of(subject, "", shape_of([CODE])).kind == kind


@pytest.mark.parametrize(
    ("subject", "is_refactoring"),
    [
        ("drop support for python 3.8", False),
        ("Update the supported Python versions", False),
        ("Require Node.js 16", False),
        ("Move all of them", True),
    ],
)
def test_what_old_versions_needed_goes_with_them(script: Script, subject: str, is_refactoring: bool) -> None:
    body = "def old(a):\n    one(a)\n    two(a)\n    three(a)\n\n\n"
    script.commit("Begin", {"a.py": body + "def kept(a):\n    return a\n"})
    script.commit(subject, {"a.py": "def kept(a):\n    return a\n"})
    assert (history_of(script.root).explain_diff("HEAD").intent == "refactor") is is_refactoring


@pytest.mark.parametrize("subject", ["Re-enable support of the other runtime", "Update the rules to avoid noise"])
def test_what_no_program_does_is_neither_new_nor_mended(subject: str) -> None:
    assert intent_of(subject, "", shape_of(SETUP)).kind not in ("feature", "fix", "perf")


def test_layout_alone_is_no_fix_whatever_the_message_says(script: Script) -> None:
    script.commit("Begin", {"a.py": "def f(a):\n    return one(a) + two(a)\n"})
    script.commit("fix long line", {"a.py": "def f(a):\n    return one(\n        a\n    ) + two(a)\n"})
    told = history_of(script.root).explain_diff("HEAD").to_markdown()
    assert "**Kind of change:** style (only the formatting of code changes)" in told


def test_tests_of_all_platforms_are_tests() -> None:
    assert intent_of("Add more tests for 'until'", "", shape_of([COMMON])).kind == "test"


def test_imports_alone_make_nothing_faster(script: Script) -> None:
    script.commit("Begin", {"A.kt": "import a.B\nimport a.C\n\nval x = B()\n"})
    script.commit("Optimize imports", {"A.kt": "import a.B\n\nval x = B()\n"})
    assert history_of(script.root).explain_diff("HEAD").intent == "change"


def test_what_only_its_own_package_sees_is_no_feature(script: Script) -> None:
    script.commit("Begin", {"src/a.rs": "pub fn one() -> u8 {\n    1\n}\n"})
    after = "pub fn one() -> u8 {\n    1\n}\n\npub(crate) mod older {\n    pub use std::vec;\n}\n"
    script.commit("Backport to rustc <1.36", {"src/a.rs": after})
    assert history_of(script.root).explain_diff("HEAD").intent == "change"


def test_a_typo_in_documentation_is_documentation(script: Script) -> None:
    script.commit("Begin", {"a.py": 'def f():\n    """Gives the lenght."""\n    return 1\n'})
    after = 'def f():\n    """Gives the length."""\n    return 1\n\n\nMESSAGE = \'one\'\n'
    script.commit("Fix a documentation typo", {"a.py": after})
    assert history_of(script.root).explain_diff("HEAD").intent == "docs"


def test_a_private_helper_is_no_feature(script: Script) -> None:
    body = "  void run() {\n    one();\n    two();\n    three();\n  }\n"
    script.commit("Begin", {"src/A.java": "class A {\n" + body + "}\n"})
    after = "class A {\n  void run() {\n    all();\n  }\n\n  private void all() {\n    other();\n  }\n}\n"
    script.commit("Close what it creates", {"src/A.java": after})
    assert history_of(script.root).explain_diff("HEAD").intent == "change"


def test_the_line_that_names_the_interpreter_is_no_comment(script: Script) -> None:
    script.commit("Begin", {"check.sh": "#!/bin/bash\n\necho $1\neval $1\n"})
    script.commit("check.sh: call /bin/sh", {"check.sh": "#!/bin/sh\n\necho $1\neval $1\n"})
    told = history_of(script.root).explain_diff("HEAD").to_markdown()
    assert "`#!/bin/bash` becomes `#!/bin/sh`" in told
    assert "comment" not in told
    assert "`echo`" not in told


def test_a_text_at_the_left_edge_ends_no_block_of_ruby(script: Script) -> None:
    text = "<<-EOF\n---\nfoo: one\nbaz: two\n"
    before = f"describe Reader do\n  let(:text) do\n    {text}    EOF\n  end\n\n  it {{ reads }}\nend\n"
    after = (
        f"describe Reader do\n  context 'a file' do\n    let(:text) do\n      {text}      EOF\n    end\n\n"
        "    it { reads }\n  end\n\n  context 'a path' do\n    it { reads(path) }\n  end\nend\n"
    )
    script.commit("Begin", {"spec/reader_spec.rb": before})
    script.commit("Accept a path", {"spec/reader_spec.rb": after})
    told = history_of(script.root).explain_diff("HEAD").to_markdown()
    assert "suite `Reader.a file`: added" in told
    assert "suite `Reader.a path`: added" in told
    assert "baz" not in told


def test_a_field_of_c_sharp_is_no_property(script: Script) -> None:
    head = "namespace A\n{\n    public class Box\n    {\n        public int Size { get; set; }\n"
    run = "        public void Run()\n        {\n            One();\n        }\n    }\n}\n"
    script.commit("Begin", {"Box.cs": f"{head}        private int depth;\n\n{run}"})
    script.commit("Cleanup", {"Box.cs": f"{head}\n{run}"})
    told = history_of(script.root).explain_diff("HEAD").to_markdown()
    assert "field `Box.depth`: removed" in told


def test_the_head_of_a_text_that_gets_another_name_has_not_come(script: Script) -> None:
    body = "# A\n\n" + "".join(f"Line {at} of it.\n" for at in range(30))
    script.commit("Begin", {"README.zh.md": "[English](./README.md) | here\n\n" + body})
    (script.root / "README.zh.md").unlink()
    script.commit("docs: update link", {"ReadMe.zh.md": "[English](./ReadMe.md) | here\n\n" + body})
    told = history_of(script.root).explain_diff("HEAD").to_markdown()
    assert "preamble `ReadMe.zh.md`: changed (`[English](./README.md) | here` becomes" in told


def test_a_link_that_stands_elsewhere_in_its_list_has_not_changed(script: Script) -> None:
    links = ["[rfc]: https://a.org/rfc\n", "[box]: https://a.org/box\n", "[pile]: https://a.org/pile\n"]
    script.commit("Begin", {"CHANGELOG.md": "# Changes\n\n## 1.0\n\nNone.\n\n" + "".join(links)})
    after = "".join([*links[1:], "[new]: https://a.org/new\n", links[0]])
    after = f"# Changes\n\n## 1.1\n\nSee [box].\n\n## 1.0\n\nNone.\n\n{after}"
    script.commit("Prepare for release 1.1", {"CHANGELOG.md": after})
    told = history_of(script.root).explain_diff("HEAD").to_markdown()
    assert "link `[new]`: added" in told
    assert "[rfc]" not in told


def test_a_benchmark_is_no_test(script: Script) -> None:
    mark = "#[bench]\nfn few(b: &mut Bencher) {\n    b.iter(|| 1);\n}\n"
    script.commit("Begin", {"benches/bench.rs": "use test::Bencher;\n\n" + mark})
    script.commit("Remove it again", {"benches/bench.rs": "use test::Bencher;\n"})
    told = history_of(script.root).explain_diff("HEAD").to_markdown()
    assert "function `few`: removed" in told
    assert "test" not in told.replace("test code", "")


def test_a_constant_that_a_function_holds_now_has_not_gone(script: Script) -> None:
    before = "try:\n    run()\nexcept Failed:\n    BUILD_WARNING = 'Not built: slow.'\n    echo(BUILD_WARNING)\n"
    after = (
        "def build():\n    try:\n        run()\n    except Failed:\n"
        "        BUILD_WARNING = 'Not built: ' \\\n            'slow.'\n"
        "        echo(BUILD_WARNING)\n\n\nif not is_small:\n    build()\n"
    )
    script.commit("Begin", {"setup.py": before})
    script.commit("Do not attempt to build", {"setup.py": after})
    told = history_of(script.root).explain_diff("HEAD").to_markdown()
    assert "function `build`: added" in told
    assert "BUILD_WARNING" not in told
