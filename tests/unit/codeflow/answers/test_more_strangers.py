"""Kinds of sentences that were wrong about commits of repositories in TypeScript, Rust, Java, Ruby and shells."""

from __future__ import annotations

import pytest

from tests.unit.codeflow.answers.conftest import Case, is_told_of
from tests.unit.codeflow.conftest import Script

BARE = """export function pick(items: Item[]) {
  if (!items) return 1
  for (const item of items) take(item)
  const sum = (item: Item) => item.sum
  return sum
}
"""
BRACED = """export function pick(items: Item[]) {
  if (!items) {
    return 1
  }
  for (const item of items) {
    take(item)
  }
  const sum = (item: Item) => {
    return item.sum
  }
  return sum
}
"""
RUBY = """require "base"

class Kit::Test
  include Delegator

  def follow
    request(1)
    request(2)
  end

  def left
    "left"
  end
end
"""
RUBY_NESTED = """require "base"

module Kit
  class Test
    include Delegator

    def follow
      request(1)
      request(2)
    end

    def left
      "right"
    end
  end
end
"""
KINDS = """module Kit
  module Kinds
    def self.all
      defined?(FAST) ? fast(names) : names
    end

    NAMES = {
      :one => [1],
      :all => all
    }

    defined?(FAST) ? (NAMES[:two] = [:pure]) : (NAMES[:two] = [:slow])

    NAMES.default = []
  end
end
"""
POM = """<project>
  <build>
    <plugins>
      <plugin>
        <groupId>org.kit</groupId>
        <artifactId>first</artifactId>
        <version>1.0</version>
        <executions>
          <execution>
            <id>base</id>
            <goals>
              <goal>compile</goal>
            </goals>
          </execution>
        </executions>
        <configuration>
          <chain>
            <version>9</version>
          </chain>
        </configuration>
      </plugin>
      <plugin>
        <groupId>org.kit</groupId>
        <artifactId>last</artifactId>
        <version>3.1</version>
      </plugin>
    </plugins>
  </build>
</project>
"""
POM_AFTER = """<project>
  <build>
    <plugins>
      <plugin>
        <groupId>org.kit</groupId>
        <artifactId>first</artifactId>
        <version>1.0</version>
      </plugin>
      <plugin>
        <groupId>org.kit</groupId>
        <artifactId>last</artifactId>
        <version>3.1</version>
      </plugin>
      <plugin>
        <groupId>org.other</groupId>
        <artifactId>info</artifactId>
        <version>2.0</version>
        <executions>
          <execution>
            <id>add</id>
            <goals>
              <goal>add-info</goal>
            </goals>
          </execution>
        </executions>
      </plugin>
    </plugins>
  </build>
</project>
"""
LOCK = """version = 3

[[package]]
name = "kit"
version = "0.35.13"
source = "r"
"""
MANUAL = """.TH KIT 1
.SH OPTIONS
.HP
\\fB-m\\fR
.IP
Map a name to a syntax. For example, to
highlight *.conf files with the INI syntax, use it.
"""
RUST = """use kit::{
    assets::Assets,
    config::{Config, Mode},
};
#[cfg(feature = "mode")]
use kit::other::Other;

pub fn level(source: &Source, kind: &Kind) -> bool {
    let instead = match (source, kind) {
        // one that is known
        (Source::Env, Kind::More) => true,
        (Source::Env, Kind::Most) => true,
        _ => false,
    };
    instead
}

fn line(width: usize) {
    println!("{}", width);
}
"""
RUST_AFTER = """use kit::{
    assets::Assets,
    config::Config,
    paging::Mode,
};

pub fn level(source: &Source, kind: &Kind) -> bool {
    let instead = matches!(
        (source, kind),
        // one that is known
        (Source::Env, Kind::More)
            | (Source::Env, Kind::Most)
    );
    instead
}

fn line(handle: &mut Out, width: usize) -> io::Result<()> {
    write!(handle, "{}", width)?;
    Ok(())
}
"""
CASES = (
    Case(
        "braces around what they need not be around",
        {"a.ts": BARE, "a.c": "int f(int a) {\n  if (a)\n    return 1;\n  return 2;\n}\n"},
        {"a.ts": BRACED, "a.c": "int f(int a) {\n  if (a) {\n    return 1;\n  }\n  return 2;\n}\n"},
        ("formatting only: `pick`", "formatting only: `f`", "**Kind of change:** style"),
        message="Do as we agreed",
    ),
    Case(
        "braces that take in more than they held",
        {"a.c": "void f(int a) {\n  if (a)\n    go();\n  stop();\n}\n"},
        {"a.c": "void f(int a) {\n  if (a) {\n    go();\n    stop();\n  }\n}\n"},
        ("function `f`: changed",),
        ("formatting", "eformats"),
    ),
    Case(
        "an interface that becomes a type",
        {"a.ts": "export interface Options extends Base {\n  one: string\n}\n"},
        {"a.ts": "export type Options = Base & {\n  one: string\n}\n"},
        ("`interface` becomes `type`",),
        ("type Options",),
    ),
    Case(
        "values that are joined by and, which no condition asks",
        {"a.ts": "function f(a, b) {\n  const c = make(a)\n  take(b.one)\n  return c.make(b)\n}\n"},
        {"a.ts": "function f(a, b) {\n  const c = make(a)\n  take(b.one || b.two)\n  return a && c.make(b)\n}\n"},
        ("`c.make(b)`", "`|| b.two`"),
        ("condition",),
    ),
    Case(
        "a condition that asks for more",
        {"a.ts": "function f(a, b) {\n  const c = make(a)\n  if (a) {\n    go(c)\n  }\n}\n"},
        {"a.ts": "function f(a, b) {\n  const c = make(a)\n  if (a && b.one(c)) {\n    go(c)\n  }\n}\n"},
        ("a condition also requires `b.one(c)`",),
    ),
    Case(
        "what Rust uses, by its path, and what a function returns now",
        {"a.rs": RUST},
        {"a.rs": RUST_AFTER},
        (
            "now uses `kit::paging::Mode`, no longer uses `kit::config::Mode`",
            "takes the new parameter `handle`, returns `io::Result<()>`, where it returned nothing",
        ),
        ("gains `|`", "becomes `| (Source", "attribute"),
    ),
    Case(
        "a class of Ruby that is written within its module",
        {"lib/kit/test/harness.rb": RUBY},
        {"lib/kit/test/harness.rb": RUBY_NESTED},
        ("function `Kit.Test.left`: changed", "formatting only: `Kit.Test.follow`"),
        ("removed", "code of tests", "test code", "test file"),
    ),
    Case(
        "names that a module uses still, and an import beside others",
        {"a.rb": KINDS, "b.rb": 'require "one"\n\nrequire "two"\n\ndef f\n  1\nend\n'},
        {
            "a.rb": KINDS.replace("      :all => all\n", "      :all => all,\n      :two => two\n").replace(
                "    defined?(FAST) ? (NAMES[:two] = [:pure]) : (NAMES[:two] = [:slow])\n\n", ""
            ),
            "b.rb": 'require "one"\n\nif ENV["FAST"]\n  require "three"\nend\nrequire "four"\n\nrequire "two"\n\n'
            "def f\n  1\nend\n",
        },
        ("imports `b`: changed (now uses `four`)",),
        ("`NAMES`", "`FAST`", "imports `b`: added"),
    ),
    Case(
        "elements of a pom.xml, each in its plugin",
        {"pom.xml": POM},
        {"pom.xml": POM_AFTER},
        ("package `org.other:info`: added (`2.0`)",),
        ("`9` becomes", "`base` becomes", "`compile` becomes"),
    ),
    Case(
        "a manual page that a build fills in",
        {"man/kit.1.in": MANUAL},
        {"man/kit.1.in": MANUAL.replace("*.conf", "*.build")},
        ("section `OPTIONS`: changed", "**Kind of change:** docs"),
        ("command",),
    ),
    Case(
        "a bracket in a text, and a misspelling as the message says",
        {
            "a.zsh": "_kit() {\n  args=(\n    '(--blank)'--blank'[Create completely new sets of all the syntaxes "
            "and all the themes there are)]'\n  )\n}\n"
        },
        {
            "a.zsh": "_kit() {\n  args=(\n    '(--blank)'--blank'[Create completely new sets of all the syntaxes "
            "and all the themes there are]'\n  )\n}\n"
        },
        ("only the words of a text change", "**Kind of change:** docs (the message says “typo”)"),
        message="Fix typo",
    ),
    Case(
        "a package in another version beside the one that was there",
        {"Cargo.lock": LOCK},
        {"Cargo.lock": LOCK + '\n[[package]]\nname = "kit"\nversion = "0.36.3"\nsource = "r"\n'},
        ("package `kit`: added (`0.36.3`)",),
        ("raised", "`0.35.13`"),
    ),
    Case(
        "a macro of m4 behind one whose quotes hold a bracket",
        {"configure.ac": "AC_INIT([kit], [1],\n  [don't, [\nAC_CHECK(one)\nAC_CHECK_TOO(two)\n"},
        {"configure.ac": "AC_INIT([kit], [1],\n  [don't, [\nAC_CHECK(one)\nAC_CHECK_ALL(all)\nAC_CHECK_TOO(two)\n"},
        ("command `AC_CHECK_ALL`: added",),
        ("AC_INIT",),
    ),
    Case(
        "what a module says of itself",
        {"kit.py": '"""One."""\nimport os\n\nhere = os.sep\n'},
        {"kit.py": '"""One.\n\nA kit is a box of tools.\n"""\nimport os\n\nhere = os.sep\n'},
        ("pdates documentation in code (kit.py)", "**Kind of change:** docs"),
        message="add some docstring",
    ),
    Case(
        "a comment in a list of files to ignore",
        {".gitignore": "dist\n"},
        {".gitignore": "dist\n\n# benchmarks\n.benchmarks/\n"},
        ("comment `# benchmarks`: added", "entry `.benchmarks/`: added"),
        ("entry `# benchmarks`", "`# benchmarks` added"),
    ),
    Case(
        "a comma that goes",
        {
            "a.ts": "export const f = (cache) => {\n  const [REVALIDATORS, STATE_UPDATERS, , , REQUESTS] =\n    "
            "State.get(cache) as GlobalState\n  return REVALIDATORS\n}\n"
        },
        {
            "a.ts": "export const f = (cache) => {\n  const [REVALIDATORS, STATE_UPDATERS, , REQUESTS] =\n    "
            "State.get(cache) as GlobalState\n  return REVALIDATORS\n}\n"
        },
        ("function `f`: changed",),
        ("loses `,`",),
    ),
    Case(
        "a type parameter with a default, and a name that another definition has now",
        {
            "src/a.ts": "export const useIt = (): Whole => {\n  return merge(one)\n}\n",
            "src/b.ts": "import { useIt } from './a'\n\nexport const b = useIt()\n",
            "kit.h": "template <typename T> int sign(T s) {\n  return s * 8;\n}\n"
            "namespace sign { enum type { none }; }\n",
            "other.h": '#include "kit.h"\nint f(sign a) {\n  return a != sign::none;\n}\n',
        },
        {
            "src/a.ts": "export const useIt = <\n  T extends Cache = Map<string, any>\n>(): Whole<T> => {\n"
            "  return merge(one)\n}\n",
            "src/b.ts": "import { useIt } from './a'\n\nexport const b = useIt()\n",
            "kit.h": "template <typename T> int getsign(T s) {\n  return s * 8;\n}\nenum class sign { none };\n",
            "other.h": '#include "kit.h"\nint f(sign a) {\n  return a != sign::none;\n}\n',
        },
        ("function `useIt`: new signature", "function `getsign`: renamed"),
        ("but these callers", "is renamed, but"),
    ),
    Case(
        "the head of a test file",
        {"tests/test_a.py": "def test_a():\n    assert 1\n"},
        {"tests/test_a.py": "# Copyright 2020\n# by all of us\n\n\ndef test_a():\n    assert 1\n"},
        ("pdates comments of tests (tests/test_a.py)",),
    ),
    Case(
        "a long head that says more of who may use it",
        {
            "A.java": "class ThatIsCalledByAVeryLongNameIndeed implements AnotherThatIsCalledByAVeryLongName {\n"
            "  int a;\n}\n"
        },
        {
            "A.java": "final class ThatIsCalledByAVeryLongNameIndeed implements AnotherThatIsCalledByAVeryLongName {\n"
            "  int a;\n}\n"
        },
        ("is marked `final`",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_told_of_a_commit(script: Script, case: Case) -> None:
    is_told_of(script, case)
