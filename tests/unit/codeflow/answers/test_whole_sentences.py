"""What is told of members without a word before them, of forms, heads, values and texts that are read whole."""

from __future__ import annotations

import pytest

from tests.unit.codeflow.answers.conftest import Case, is_told_of
from tests.unit.codeflow.conftest import Script

BOX = """namespace A;

partial class Box : IBox
{
    Reader _reader;
    readonly object _lock = new object();

    bool TryOpen(
        object value,
        Kind kind)
    {
        var pair = new Pair(
            kind,
            value);
        %sif (kind == null)
        {
            var count = 1;
        }
        return pair.Open();
    }
}
"""
SHARE = "class Store\n  def get(path)\n    read(path)\n    log(path)\n  end\n%send\n"
SHARED = "  class Body\n    def each\n      rows.map { |row| row.text }\n"
SHARED += "      rows.each { |row| yield row }\n    end\n  end\n"
EACH = "\n  def each\n    rows.map { |row| row.text }\n    rows.each { |row| yield row }\n  end\n"
FORMS = "export class Line {\n%s  add(a: unknown, b?: unknown): unknown {\n    return a;\n  }\n}\n"
ONE, OTHER = "  add(a: string): string;\n", "  add(a: number, b: boolean): number;\n"
PILE = "class Pile {\npublic:\n    %s take(int count) {\n        count_ = count;%s\n    }\n};\n"
MISS = (
    "class Miss : public Fail {\npublic:\n    Miss(std::string name, int %s)\n        : Fail(name, %s, C::A) {}\n};\n"
)
TEXT = "= Box\n\n== Use\n\n%s\n\n== Links\n\nNone.\n"
NOTE = "A box.\n\nTo run the %stests completely:\n\n  run all\n\nBye.\n"
PACKAGES = '<?xml version="1.0"?>\n<packages>\n  <package id="Box" version="%s" />\n</packages>\n'
NEEDS = '<package>\n  <metadata>\n    <dependency id="Box.Client" version="%s" />\n  </metadata>\n</package>\n'
PROJECT = '%s<Project Sdk="A">\n  <ItemGroup>\n%s  </ItemGroup>\n</Project>\n'
HOOKS = "repos:\n  - repo: https://a.org/box\n    rev: %s  # frozen: %s\n    hooks:\n      - id: box\n"

NAMES = "def box(one, other):\n    if one:\n        a()\n%s    return one\n"
ELSE = "    elif (\n        isinstance(one, Pile)\n        and other.value in KNOWN\n    ):\n        b()\n"
KNOWN = "KNOWN = {\n    'a': 1,\n%s}\n"
SPEC = "RSpec.describe Box do\n%send\n"
OPENS = "  it 'opens a box' do\n    box = Box.new(one)\n    expect(box.open).to eq(1)\n    box.close\n  end\n"
GROUP = (
    "  describe '#open' do\n    it 'opens' do\n      box = Box.new(one)\n      expect(box.open).to eq(1)\n"
    "      box.close\n    end\n  end\n"
)

SETS = "export function send(one) {\n  one.body = %s\n  return one\n}\n"
SIXTY = "if (one.hasValue() || (Platform.isSystem(Platform.Other) && Platform.architecture === Architecture.Sixty)) {"

GUARD = "<?php\nclass A\n{\n    function read()\n    {\n        %s\n        return 1;\n    }\n}\n"
TITLE = "a_box_that_was_opened_once_is_never_opened_again_by_anybody_else_at_all"
OLD_TYPE = "package a\n\n// Mode says which.\n//\n// It is a switch.\ntype Mode bool\n"
NEW_TYPE = "package a\n\n// Adapt helps to choose.\n//\n// See the examples.\ntype Adapt bool\n"
MAKES = "package a\n\n// Mode says which.\nfunc Mode(dark bool) Chooser {\n\treturn nil\n}\n"
USES = "package b\n\nfunc Run() {\n\tuse(a.Mode(true))\n}\n"
MATCH = "preg_match('/^ *(?:x *)?/', $this->getAllOfTheRest(), $matches, AS_ARRAY)"

RUST = "fn all(a: u8) {\n    one(a);\n    %s{\n        two(a);\n    }\n}\n"
KOTLIN = 'class A {\n  @Test fun %s() {\n    check(one()).says(\n      """\n      |Found:\n%s      """\n    )\n  }\n}\n'
FLOW = "fun <T> Flow<T>.test(name: String) {\n  %s\n  done()\n}\n"

FLOW_LIST = "on:\n  push:\n    paths-ignore:%s\n  other: 1\n"
LINE = "export interface Line {\n\t/** What it says. */\n\ttext: %s;\n\tsize: number;\n}\n"
BADGE = "# Box %s\n\nA box.\n"

ASKS = "void run(int a) {\n  if (a) {\n    %s\n    %s\n  }\n  done(a);\n}\n"

CASES = (
    Case(
        "a function that is called now is passed nothing more",
        {"a.c": ASKS % ('print(err, "cannot read: %s (%d)", text(a), a);', "leave(a);")},
        {"a.c": ASKS % ('log_internal(ERROR, err, "cannot read: %s (%d)", text(a), a);', "leave(1);")},
        ("function `run`: changed",),
        ("passes",),
    ),
    Case(
        "another parameter and another result",
        {"a.rs": "fn get(color: &str) -> Result<&Color> {\n    find(color)\n}\n"},
        {"a.rs": "fn get(name: &str) -> Result<Color> {\n    find(name)\n}\n"},
        ("`color: &str` becomes `name: &str`, returns `Result<Color>` instead of `Result<&Color>`",),
    ),
    Case(
        "a list that is written on one line now is the same list",
        {".github/workflows/a.yml": FLOW_LIST % "\n      - 'docs/**'\n      - '*.md'"},
        {".github/workflows/a.yml": FLOW_LIST % " ['docs/**', '*.md']"},
        ("formatting only: `on.push.paths-ignore`",),
        ("changed",),
    ),
    Case(
        "a member of another type is set to nothing",
        {"a.d.ts": LINE % "string"},
        {"a.d.ts": LINE % "string | (() => string)"},
        ("interface `Line`: changed (`text: string",),
        ("sets",),
    ),
    Case(
        "a service that checks takes the place of another, and its badge goes",
        {".travis.yml": "language: node_js\n", "README.md": BADGE % "[![Build](https://a.org/a.svg)](https://a.org)"},
        {".travis.yml": None, ".github/workflows/main.yml": "on: push\n", "README.md": BADGE % ""},
        ("**Kind of change:** ci (only continuous integration and documentation change)",),
        message="Move to other runners",
    ),
    Case(
        "a mark of a statement is none of the function around it",
        {"a.rs": RUST % '#[cfg(target_arch = "x86")]\n    '},
        {"a.rs": RUST % '#[cfg(target_os = "linux")]\n    '},
        ("function `all`: changed",),
        ("is marked", "no longer marked"),
    ),
    Case(
        "what stands in a text over several lines is called by nobody",
        {"a.kt": KOTLIN % ("opens", "")},
        {"a.kt": KOTLIN % ("opens", "      | - Item(one)\n")},
        ("test `A.opens`: changed",),
        ("calls", "Item"),
    ),
    Case(
        "a function that is called test is none where it is not in a test",
        {"src/main/Flow.kt": FLOW % "one(name)"},
        {"src/main/Flow.kt": FLOW % "when (name) { else -> two(name) }"},
        ("function `Flow.test`: changed",),
        ("changes the test", "`when`"),
    ),
    Case(
        "a new test with a long name has come",
        {"tests/ATest.php": "<?php\nfinal class VeryLongNameOfATest\n{\n}\n"},
        {
            "tests/ATest.php": "<?php\nfinal class VeryLongNameOfATest\n{\n    public function "
            f"test_{TITLE}(): void\n    {{\n        run();\n    }}\n}}\n"
        },
        ("…`: added",),
        ("…`: changed",),
    ),
    Case(
        "a condition that stands in another one is still asked",
        {"a.php": GUARD % "$is = $i <= 3 && isset($line[$first]);\n        if ($is) {\n            run();\n        }"},
        {"a.php": GUARD % "if ($i <= 3 && isset($line[$first])) {\n            run();\n        }"},
        ("function `A.read`: changed",),
        ("no longer checks",),
    ),
    Case(
        "a long condition that goes",
        {"a.php": GUARD % f"if (!{MATCH}) {{\n            return 0;\n        }}"},
        {"a.php": GUARD % f"{MATCH};"},
        ("no longer checks `!preg_match('/^ *(?:x *)?/'",),
    ),
    Case(
        "a text in a comment that goes is no text of the code",
        {"a.php": GUARD % 'one() || two(); // does it know "||"?'},
        {"a.php": GUARD % "one() || two();"},
        (),
        ("text",),
    ),
    Case(
        "a type that gets another name and another comment",
        {"a.go": OLD_TYPE},
        {"a.go": NEW_TYPE},
        ("type `Adapt`: renamed (Mode → Adapt)",),
    ),
    Case(
        "a type that becomes a function is converted to as it is called",
        {"a/a.go": OLD_TYPE, "b/b.go": USES},
        {"a/a.go": MAKES},
        ("`Mode bool` becomes `func Mode(dark bool) Chooser`",),
        ("takes the new parameter", "returned nothing", "## Risks"),
    ),
    Case(
        "a value that goes on in the next line is not told by its first",
        {"a.js": SETS % "encode(one.body)"},
        {"a.js": SETS % "typeof one.body === 'string'\n    ? one.body\n    : encode(one.body)"},
        ("function `send`: changed",),
        ("sets `one.body` to",),
    ),
    Case(
        "a long condition that another one is joined to, which has two parts",
        {"a.js": "function f(one) {\n  if (one.hasValue()) {\n    return 1;\n  }\n}\n"},
        {"a.js": f"function f(one) {{\n  {SIXTY}\n    return 1;\n  }}\n}}\n"},
        ("function `f`: changed",),
        ("also holds", "also requires"),
    ),
    Case(
        "comments that document a method of C#",
        {"a.cs": BOX % ""},
        {"a.cs": (BOX % "").replace("    bool Try", "    /// <summary>Tries.</summary>\n    bool Try")},
        ("method `Box.TryOpen`: documentation changed",),
    ),
    Case(
        "a condition on several lines",
        {"a.py": NAMES % ""},
        {"a.py": NAMES % ELSE},
        ("checks `isinstance(one, Pile) and other.value in KNOWN`",),
        ("`elif (`",),
    ),
    Case(
        "items that come to a list are counted",
        {"a.py": KNOWN % ""},
        {"a.py": KNOWN % "    'b': 1,\n    'c': 1,\n    'd': 1,\n"},
        ("constant `KNOWN`: changed (`'b': 1` is new, 2 more are new)",),
    ),
    Case(
        "groups of tests with a module before the word that begins them",
        {"spec/box_spec.rb": SPEC % OPENS},
        {"spec/box_spec.rb": SPEC % OPENS.replace("box.close", "box.shut")},
        ("test `Box.opens a box`: changed",),
        ("command",),
    ),
    Case(
        "a test that stands in a group under a shorter title has not gone",
        {"spec/box_spec.rb": SPEC % OPENS},
        {"spec/box_spec.rb": SPEC % GROUP},
        ("suite `Box.#open`: added",),
        ("removed", "removes"),
    ),
    Case(
        "a comment behind a text with a mark of comments in it",
        {"a.sh": '#!/bin/sh\nrun "a #{b} c"\n'},
        {"a.sh": '#!/bin/sh\nrun "a #{b} c" # lint:disable Long\n'},
        (),
        ("`disable`", "`Long`, "),
    ),
    Case(
        "a method of C# that no word stands before",
        {"a.cs": BOX % ""},
        {"a.cs": BOX % "var done = false;\n        "},
        ("method `Box.TryOpen`: changed (`var done = false;` is new)",),
        ("property `", "object `"),
    ),
    Case(
        "a field of C# that no word stands before",
        {"a.cs": BOX % ""},
        {"a.cs": (BOX % "").replace("    Reader _reader;\n", "")},
        ("field `Box._reader`: removed",),
    ),
    Case(
        "the parameters of a function of Ruby",
        {"a.rb": "class A\n  def get(env, size)\n    read env, size\n    done\n  end\nend\n"},
        {"a.rb": "class A\n  def get(env, size, most: 100)\n    read env, size, most\n    done\n  end\nend\n"},
        ("function `A.get`: changed (takes the new parameter `most`",),
    ),
    Case(
        "the parameters of a method of PHP, on several lines",
        {"a.php": "<?php\nclass A\n{\n    public function get(\n        $a\n    ) {\n        return $a;\n    }\n}\n"},
        {
            "a.php": "<?php\nclass A\n{\n    public function get(\n        $a,\n        ?string $b = null\n    ) {\n"
            "        return $a;\n    }\n}\n"
        },
        ("function `A.get`: changed (takes the new parameter `$b`)",),
    ),
    Case(
        "a method of Ruby that stands in a new class has moved there",
        {"a.rb": SHARE % EACH},
        {"a.rb": SHARE.replace("class Store\n", "class Store\n" + SHARED + "\n") % ""},
        ("class `Store.Body`: added", "function `Store.Body.each`: moved (from a.rb::Store.each)"),
    ),
    Case(
        "forms that change places",
        {"a.ts": FORMS % (ONE + OTHER)},
        {"a.ts": FORMS % (OTHER + ONE)},
        ("method `Line.add`: changed (lists its forms in a different order)",),
        ("signature", "callers"),
    ),
    Case(
        "what is to be done documents nothing",
        {"a.ts": "export class A {\n  run() {\n    return 1;\n  }\n}\n"},
        {"a.ts": "export class A {\n  // TODO: be faster\n  run() {\n    return 1;\n  }\n}\n"},
        ("method `A.run`: only comments changed",),
    ),
    Case(
        "who took nothing from a function need take nothing",
        {"a.hpp": PILE % ("void", ""), "b.cpp": '#include "a.hpp"\n\nint main() {\n  Pile p;\n  p.take(1);\n}\n'},
        {"a.hpp": PILE % ("Pile*", "\n        return this;")},
        ("method `Pile.take`: new signature (returns `Pile*`, where it returned nothing)",),
        ("## Risks", "## Perhaps missing"),
    ),
    Case(
        "another type that is returned",
        {"a.hpp": PILE % ("int", "\n        return 1;")},
        {"a.hpp": PILE % ("const std::string &", "\n        return name_;")},
        ("method `Pile.take`: new signature (returns `const std::string&` instead of `int`)",),
    ),
    Case(
        "what a constructor sets is no part of its signature",
        {"a.hpp": MISS % ("recieved", "recieved")},
        {"a.hpp": MISS % ("received", "received")},
        ("method `Miss.Miss`: new signature (`int recieved` becomes `int received`)",),
    ),
    Case(
        "a name for another type",
        {"a.hpp": "class A {\n    typedef std::fast_clock clock;\n    int a;\n};\n"},
        {"a.hpp": "class A {\n    typedef std::slow_clock clock;\n    int a;\n};\n"},
        ("type `A.clock`: changed (`typedef std::fast_clock clock;` becomes `typedef std::slow_clock clock;`)",),
        ("signature",),
    ),
    Case(
        "a text with the headings of RDoc, whatever it is called",
        {"README": TEXT % "Run it."},
        {"README": TEXT % "Run it twice."},
        ("section `Box > Use`: changed (`Run it.` becomes `Run it twice.`)",),
    ),
    Case(
        "a paragraph whose first line changes has not gone",
        {"README": NOTE % "fast "},
        {"README": NOTE % ""},
        ("paragraph `To run the tests completely:`: changed",),
        ("completely:`: removed", "completely:`: added"),
    ),
    Case(
        "a heading with a picture that leads elsewhere",
        {"README.md": "# Box <img src='a.png'/>&nbsp;[![Build](https://a.org/b.svg)][build]\n\nOne.\n"},
        {"README.md": "# Box <img src='a.png'/>&nbsp;[![Build](https://a.org/b.svg)][build]\n\nTwo.\n"},
        ("section `Box`: changed",),
    ),
    Case(
        "lists of requirements by their folder",
        {"requirements/dev.txt": "# made by a tool\nbox==1.2.0\n", "requirements/docs.in": "pile\n"},
        {"requirements/dev.txt": "# made by a tool\nbox==1.3.0\n", "requirements/docs.in": "pile\nshelf\n"},
        ("package `box`: changed (raised from 1.2.0 to 1.3.0)", "package `shelf`: added"),
    ),
    Case(
        "packages of .NET that other files than projects name",
        {"packages.config": PACKAGES % "1.0.0", "a.nuspec": NEEDS % "2.0.0"},
        {"packages.config": PACKAGES % "1.1.0", "a.nuspec": NEEDS % "2.1.0"},
        ("package `Box`: changed (raised from 1.0.0 to 1.1.0)", "package `Box.Client`: changed (raised from 2.0.0"),
    ),
    Case(
        "a mark of the order of bytes says nothing",
        {"a.csproj": PROJECT % ("\ufeff", "")},
        {"a.csproj": PROJECT % ("", '    <PackageReference Include="Box" Version="1.0" />\n')},
        ("package `Box`: added (`1.0`)",),
        ("element `Project`", "\ufeff"),
    ),
    Case(
        "a commit that a comment calls by its version",
        {".pre-commit-config.yaml": HOOKS % ("a" * 40, "0.7.8")},
        {".pre-commit-config.yaml": HOOKS % ("b" * 40, "0.7.9")},
        ("changed (`aaaaaaa # 0.7.8` becomes `bbbbbbb # 0.7.9`)",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_what_is_told_of_a_commit(script: Script, case: Case) -> None:
    is_told_of(script, case)
