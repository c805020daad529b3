"""Sentences about commits of repositories that nobody here had read before: what is told is what the diff shows."""

from __future__ import annotations

import pytest

from tests.unit.codeflow.answers.conftest import Case, is_told_of
from tests.unit.codeflow.conftest import Script

RUBY = """class TestTool < Base
  def test_control_ssl
    skip_unless :ssl

    host = "127.0.0.1"
    port = Port.call
    url = "ssl://#{host}:#{port}?#{query}"
    opts = ["--url", url, "--token", "ctrl"]
    tool = Tool.new(opts + ["start"], @ready)
    thread = Thread.new { tool.run }
    wait_booted
    assert_output opts + ["status"], "is started"
    assert_output opts + ["stop"], "stop sent"
    assert_kind_of Thread, thread.join
  end
end
"""
RUBY_AFTER = """class TestTool < Base
  def control_ssl(host)
    skip_unless :ssl
    ip = host.start_with?('[') ? host[1..-2] : host
    port = Port.call(ip)
    url = "ssl://#{host}:#{port}?#{query}"
    opts = ["--url", url, "--token", "ctrl"]
    tool = Tool.new(opts + ["start"], @ready)
    thread = Thread.new { tool.run }
    wait_booted
    assert_output opts + ["status"], "is started"
    assert_output opts + ["stop"], "stop sent"
    assert_kind_of Thread, thread.join
  end

  def test_control_ipv6
    port = Port.call '::1'
    url = "tcp://[::1]:#{port}"
    opts = ["--url", url, "--token", "ctrl"]
    tool = Tool.new(opts + ["start"], @ready)
    thread = Thread.new { tool.run }
    wait_booted
    assert_output opts + ["status"], "is started"
    assert_output opts + ["stop"], "stop sent"
    assert_kind_of Thread, thread.join
  end
end
"""
PYTHON = """def test_all():
    one = make("a")
    two = make("b")
    assert one.take() == 1
    assert two.take() == 2
    assert one.left == 0
    assert two.left == 0
"""
PYTHON_AFTER = """def test_else():
    one = make("c")
    two = make("d")
    assert one.take() == 1
    assert two.take() == 2
    assert one.left == 0
    assert two.left == 1


def check(first):
    one = make(first)
    two = make("b")
    assert one.take() == 1
    assert two.take() == 2
    assert one.left == 0
    assert two.left == 0
"""
INSIDE = '''def test_plugin(testdir):
    testdir.makepyfile(
        """
        import pytest

        def test_it():
            assert 1
        """
    )
    testdir.run()
'''
TRAIT = """use a::B;

pub enum Value {
    Text(String),
}

impl ToString for Value {
    fn to_string(&self) -> String {
        match self {
            Value::Text(ref value) => value.clone(),
        }
    }
}
"""
USES = """use crate::value::Value;

pub fn told(value: &Value) -> String {
    let one = value.to_string();
    one
}
"""

CASES = (
    Case(
        "a test of Ruby that becomes what other tests call, beside a new test that looks like it",
        {"test/test_tool.rb": RUBY},
        {"test/test_tool.rb": RUBY_AFTER},
        ("TestTool.test_control_ssl → TestTool.control_ssl", "test `TestTool.test_control_ipv6`: added"),
        ("test_control_ssl → TestTool.test_control_ipv6",),
    ),
    Case(
        "the same in Python",
        {"tests/test_a.py": PYTHON},
        {"tests/test_a.py": PYTHON_AFTER},
        ("test_all → check", "test `test_else`: added"),
        ("test_all → test_else",),
    ),
    Case(
        "a text in triple quotes that a call is given is not documentation",
        {"tests/test_a.py": INSIDE, "a/b.py": INSIDE.replace("test_plugin", "plugin")},
        {
            "tests/test_a.py": INSIDE.replace("import pytest\n", "import pytest\n        import a\n"),
            "a/b.py": INSIDE.replace("test_plugin", "plugin").replace(
                "import pytest\n", "import pytest\n        import a\n"
            ),
        },
        ("test `test_plugin`: changed", "function `plugin`: changed (only the words of a text change)"),
        ("documentation",),
    ),
    Case(
        "a member that a trait promises is not gone with one form of it",
        {"src/value.rs": TRAIT, "src/told.rs": USES, "src/lib.rs": "mod value;\nmod told;\n"},
        {
            "src/value.rs": TRAIT.replace("impl ToString for", "impl Display for").replace(
                "fn to_string(&self) -> String {", "fn fmt(&self, f: &mut Formatter<'_>) -> Result {"
            )
        },
        ("Value.to_string",),
        ("still used",),
    ),
    Case(
        "what a test takes is no parameter that anybody gains",
        {"src/a.py": "def f(a):\n    return a < 1\n", "tests/test_a.py": "def test_f():\n    assert f(0)\n"},
        {
            "src/a.py": "def f(a):\n    return a < 0\n",
            "tests/test_a.py": "def test_f(backend):\n    assert f(-1)\n    assert backend\n",
        },
        ("test `test_f`",),
        ("takes more parameters",),
        "Allow nothing",
    ),
    Case(
        "a function that nobody outside sees",
        {"src/main.rs": "fn main() {\n    go();\n}\n"},
        {"src/main.rs": "fn bar(length: u64) -> Bar {\n    Bar::new(length)\n}\n\nfn main() {\n    go(bar(1));\n}\n"},
        ("function `bar`: added",),
        ("public",),
        "Add a bar",
    ),
    Case(
        "a body that is rewritten beside types in the head",
        {
            "a.py": "class A:\n    def go(self):\n        for it in self.all:\n            it.stop()\n"
            "        self.soon()\n"
        },
        {
            "a.py": "class A:\n    def go(self) -> None:\n        left = []\n        for it in self.all:\n"
            "            if it.ready:\n                left.append(it)\n        self.later(left)\n"
        },
        ("checks `it.ready`", "now calls `later`", "changes only types in its signature"),
    ),
    Case(
        "types alone",
        {"a.py": "class A:\n    def go(self):\n        self.soon()\n"},
        {"a.py": "class A:\n    def go(self) -> None:\n        self.soon()\n"},
        ("new signature (changes only types in its signature)",),
        ("body",),
    ),
    Case(
        "what runs a script is no comment",
        {"a.py": "#!/usr/bin/python\nimport b\n", "b.js": "#!/usr/bin/node\n'use strict';\n"},
        {"a.py": "#!/usr/bin/env python\nimport b\n", "b.js": "#!/usr/bin/env node\n'use strict';\n"},
        (
            "directive `#!`: changed (`#!/usr/bin/python` becomes `#!/usr/bin/env python`)",
            "directive `#!`: changed (`#!/usr/bin/node` becomes `#!/usr/bin/env node`)",
        ),
        ("comment",),
    ),
    Case(
        "entries that stand elsewhere",
        {".gitignore": "dist/\nnode_modules/\nlock.json\nother.lock\n"},
        {".gitignore": "node_modules/\nother.lock\ndist/\nlock.json\n"},
        ("(the line `dist/` moves)",),
        ("entry `dist/`: changed\n",),
    ),
    Case(
        "a comment for a linter documents nothing",
        {"a.ts": "export interface Window {\n\tit: number;\n}\n"},
        {"a.ts": "// eslint-disable-next-line one/rule\nexport interface Window {\n\tit: number;\n}\n"},
        ("interface `Window`: only comments changed",),
        ("documentation changed", "hanges the documentation"),
    ),
    Case(
        "items of a list are told without the comma behind them",
        {"a.py": "def f():\n    return make(\n        1,\n        b=ONE,\n    )\n"},
        {"a.py": "def f():\n    return make(\n        1,\n        a=2,\n        b=ONE,\n    )\n"},
        ("`a=2` is new",),
    ),
    Case(
        "code that holds the marks of code",
        {"a.md": "# A\n\nIt raises `Error``\n"},
        {"a.md": "# A\n\nIt raises ``Error``\n"},
        ("(``` It raises `Error`` ``` becomes ``` It raises ``Error`` ```)",),
    ),
    Case(
        "a call in the place of another is told once",
        {
            "a.rs": "impl A {\n    fn all(&self) -> String {\n        let mut table = self.data(&head);\n"
            "        table.push(1);\n        // rows\n        let data = [\n            one,\n        ];\n"
            "        table.push(self.data(&data));\n        table\n    }\n}\n"
        },
        {
            "a.rs": "impl A {\n    fn all(&self) -> String {\n        let mut table = self.row(&head);\n"
            "        table.push(1);\n        // rows\n        table.push(self.row(&[\n            one,\n"
            "        ]));\n        table\n    }\n}\n"
        },
        ("calls `self.row` instead of `self.data`",),
        ("now calls `row`",),
    ),
    Case(
        "another condition of the same block",
        {
            "Gemfile": 'gem "a"\n\nif %w(2.2.7 2.3.4).include? VERSION\n  gem "b"\nend\n',
            "a.c": "#ifndef HAVE_ONE\nint f(void) { return 1; }\n#endif\n",
        },
        {
            "Gemfile": 'gem "a"\n\nif %w(2.2.8 2.3.4).include? VERSION\n  gem "b"\nend\n',
            "a.c": "#ifndef HAVE_OTHER\nint f(void) { return 1; }\n#endif\n",
        },
        (
            "(`if %w(2.2.7 2.3.4).include? VERSION` becomes `if %w(2.2.8 2.3.4).include? VERSION`)",
            "condition `ifndef HAVE_OTHER`: changed (`#ifndef HAVE_ONE` becomes `#ifndef HAVE_OTHER`)",
        ),
        (": removed", ": added\n"),
    ),
    Case(
        "an arrow function's one parameter stands without brackets",
        {"a.js": "const make = (defaults = {}) => {\n\treturn one(defaults);\n};\n\nexport default make();\n"},
        {"a.js": "const make = defaults => {\n\treturn two(defaults);\n};\n\nexport default make();\n"},
        ("new signature (`defaults = {}` becomes `defaults`)",),
        ("no longer takes",),
    ),
    Case(
        "a function of C++ that leaves a namespace, and is inline",
        {
            "a.h": "class f;\n\nvoid a::b::f::go(char flag)\n{\n    one(flag);\n}\n\n"
            "void a::b::f::all()\n{\n    go(1);\n}\n"
        },
        {
            "a.h": "class f;\n\ninline void a::f::go(char flag)\n{\n    one(flag);\n}\n\n"
            "void a::b::f::all()\n{\n    go(1);\n}\n"
        },
        ("go",),
        ("callers are unchanged", "**Kind of change:** style"),
        "Removed the formatters namespace",
    ),
    Case(
        "the versions that tests run with",
        {".github/workflows/test.yml": 'jobs:\n  test:\n    matrix:\n      python-version: ["3.13", "3.14"]\n'},
        {".github/workflows/test.yml": 'jobs:\n  test:\n    matrix:\n      python-version: ["3.13", "pypy3.11"]\n'},
        ("**Kind of change:** ci",),
        ("release",),
        "Added back another one",
    ),
    Case(
        "what is split is no code",
        {"a.rb": "def peer(all)\n  all.split(/\\s,/).first\nend\n"},
        {"a.rb": "def peer(all)\n  all.split(/[\\s,]/).first\nend\n"},
        ("`peer`",),
        ("**Kind of change:** refactor",),
        "Split on spaces or commas properly",
    ),
    Case(
        "a declaration that others make",
        {"a.d.ts": "export interface K {\n\tone: number;\n}\n\ndeclare const ky: K;\n\nexport default ky;\n"},
        {"a.d.ts": "declare const ky: {\n\tone: number;\n};\n\nexport default ky;\n"},
        ("variable `ky`: changed",),
        ("declare const ky`",),
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_told_of_a_commit(script: Script, case: Case) -> None:
    is_told_of(script, case)
