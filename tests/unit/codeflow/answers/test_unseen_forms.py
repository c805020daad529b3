"""Forms of lines and messages that were told wrongly, or not at all, of commits that nothing was written for."""

from __future__ import annotations

import pytest

from tests.unit.codeflow.answers.conftest import Case, is_told_of
from tests.unit.codeflow.conftest import Script

COOKIE = "send({\n  cookie: 'SESSID=298zf09hf012fh2; csrftoken=u32t4o3tb3gg43'\n})\n"
RUST = """impl Reel {
    fn set(&mut self, pair: &Pair) {
        match pair.key {
            "a" => self.a = pair.style(),
            _ => {/* nothing to change here */},
        }
    }
}
"""
MARKED, LOCKED = "Turn() const", "Turn() const LOCKS_EXCLUDED(mu_)"
GUARDED = """struct Reel {
  Lock* mu_;
  int size_;
  int Turn() const {
    return 1;
  }
  int Pull();
};
"""
SWITCH = """package a

func F(e any) bool {
\tswitch e := e.(type) {
\tcase Time:
\t\treturn e.Is()
\tdefault:
\t\treturn ok(e)
\t}
}
"""
FIXTURE = """class TestReel:
    def test_one(self, tmpdir):
        assert tmpdir

    def test_two(self):
        assert 1
"""

CASES = [
    Case(
        "a text that stood in the file already is no new secret",
        {"a.test.js": COOKIE},
        {"a.test.js": COOKIE + "\n" + COOKIE},
        untold=("looks like a secret",),
    ),
    Case(
        "nor is a pattern that chooses between words",
        {"a.py": 'tokens = r"H{1,2}|h{1,2}|m{1,2}|s{1,2}|S{1,6}|YYYY|YY|M{1,4}"\n'},
        {"a.py": 'tokens = r"H{1,2}|h{1,2}|m{1,2}|s{1,2}|S+|YYYY|YY|M{1,4}|D{1,4}"\n'},
        untold=("looks like a secret",),
    ),
    Case(
        "the words of a comment within a line are no names that it uses",
        {"a.rs": RUST},
        {
            "a.rs": RUST.replace("&Pair) {", "&Pair) -> bool {").replace(
                "{/* nothing to change here */}", "return false"
            )
        },
        ("returns `bool`, where it returned nothing",),
        ("`nothing`", "`change`", "in its body: changes its body"),
    ),
    Case(
        "imports where there were none",
        {"a.rs": "fn turn() {}\n", "b.py": "def turn():\n    pass\n"},
        {"a.rs": "use reels::Reel;\n\nfn turn() {}\n", "b.py": "import reels\n\n\ndef turn():\n    pass\n"},
        ("imports `a`: changed (now uses `reels::Reel`)", "imports `b`: changed (now uses `reels`)"),
    ),
    Case(
        "a subject that is the head of a list",
        {"a.py": "a = 1\n"},
        {"a.py": "a = 2\n"},
        ("reels: drop the old one. ",),
        message="reels:\n* drop the old one\n* turn the new one",
    ),
    Case(
        "a test that takes another fixture",
        {"tests/test_a.py": FIXTURE},
        {"tests/test_a.py": FIXTURE.replace("tmpdir", "tmp_path").replace("assert 1", "assert 2")},
        ("Changes 2 tests",),
    ),
    Case(
        "what a class of C++ declares",
        {"a.h": "class Reel {\n public:\n  int turn(int by);\n\n private:\n  int size_;\n};\n"},
        {
            "a.h": "class Reel {\n public:\n  int turn(int by);\n  Reel* pull(int from, int to = 1) const;\n\n"
            " private:\n  int size_;\n  std::map<int, int> sizes_;\n};\n"
        },
        ("class `Reel`: changed (gains the members `pull`, `sizes_`)",),
    ),
    Case(
        "a language that the grammar does not read",
        {"a.rs": "pub fn names() -> ~[Name] {\n    ~[]\n}\n"},
        {
            "a.rs": "pub fn names() -> ~[Name] {\n    ~[User]\n}\n",
            "b.rs": "pub fn user(id: i32) -> Option<~str> {\n    None\n}\n",
        },
        ("function `user`: added",),
        ("does not parse",),
    ),
    Case(
        "an anchor is of the section below it",
        {"a.md": "# A\none\n\n# C\nthree\n", "b.rst": "A\n===\none\n\nC\n===\nthree\n"},
        {
            "a.md": '# A\none\n\n<a id="b"></a>\n# B\ntwo\n\n# C\nthree\n',
            "b.rst": "A\n===\none\n\n.. _b:\n\nB\n===\ntwo\n\nC\n===\nthree\n",
        },
        ("a.md: `B` added", "b.rst: `B` added"),
        ("section `A`",),
    ),
    Case(
        "an argument that stands elsewhere in its call",
        {"a.c": "int f(int a, int b)\n{\n\treturn read_all(prefs, a, b);\n}\n"},
        {"a.c": "int f(int a, int b)\n{\n\treturn read_all(a, b, prefs);\n}\n"},
        ("becomes `return read_all(a, b, prefs);`",),
        ("passes `prefs`", "a name is replaced"),
    ),
    Case(
        "macros behind the members and the parameters of C++",
        {"a.h": GUARDED},
        {
            "a.h": GUARDED.replace("* mu_", "* const mu_")
            .replace("size_;", "size_ GUARDED_BY(mu_);")
            .replace(MARKED, LOCKED)
        },
        ("is marked `LOCKS_EXCLUDED(mu_)`",),
        ("only types", "gains the member", "loses the member"),
    ),
    Case(
        "a method that overrides",
        {"a.cc": "class Reel {\n  Slice key() const { return a_; }\n};\n"},
        {"a.cc": "class Reel {\n  Slice key() const override { return a_; }\n};\n"},
        ("`Slice key() const` becomes `Slice key() const override`",),
        ("only types",),
    ),
    Case(
        "a guard within what C++ is told of C",
        {"a.h": '#ifndef A_H\n#define A_H\nextern "C" {\nint f(void);\n}\n#endif\n'},
        {"a.h": 'extern "C" {\n#ifndef A_H\n#define A_H\nint f(void);\n#endif\n}\n'},
        untold=("`A_H`",),
    ),
    Case(
        "what a comment says that an import is for",
        {"a.c": "#include <stdlib.h>\nint f(void) { return 1; }\n"},
        {"a.c": "#include <stdlib.h>  // malloc, free\n#include <assert.h>\nint f(void) { return 1; }\n"},
        ("now uses `assert.h`)",),
    ),
    Case(
        "words of Go",
        {"a.go": SWITCH},
        {"a.go": "package a\n\nfunc F(e any) bool {\n\treturn ok(e)\n}\n"},
        untold=("`default`",),
    ),
    Case(
        "a command of CMake whose first argument stands on the line below",
        {"CMakeLists.txt": "install(EXPORT Kit DESTINATION lib)\n"},
        {"CMakeLists.txt": "install(\n  EXPORT Kit\n  DESTINATION share\n)\n"},
        ("`install(EXPORT)`: changed",),
        ("(EXPORT)`: added", "(EXPORT)`: removed"),
    ),
    Case(
        "marks that tools read are no documentation",
        {"a.c": "static int f(int a)\n{\n\treturn a;\n}\n"},
        {"a.c": "/* LCOV_EXCL_START */\nstatic int f(int a)\n{\n\treturn a;\n}\n/* LCOV_EXCL_STOP */\n"},
        untold=("documentation of `f`", "documentation changed"),
    ),
    Case(
        "imports here and exports there",
        {"a.ts": "import b from 'b'\n", "c.ts": "export { d } from './d'\n"},
        {
            "a.ts": "import b from 'b'\nimport e from 'e'\n",
            "c.ts": "export { d } from './d'\nexport { f } from './f'\n",
        },
        ("pdates imports and exports (a.ts, c.ts)",),
    ),
    Case(
        "what a crate says of itself is of none of its modules",
        {"src/lib.rs": "mod errors;\n\npub fn turn() {}\n"},
        {"src/lib.rs": "//! Turns reels.\n//!\n//! Both ways.\n\nmod errors;\n\npub fn turn() {}\n"},
        ("comment `Turns reels.`: added",),
        ("`errors`",),
    ),
    Case(
        "a word that stood on another line",
        {"a.rs": "fn f(r: &str) {\n    let word = take(r);\n    let mut word = parse(&word).unwrap();\n}\n"},
        {"a.rs": "fn f(r: &str) {\n    let mut word = take(r);\n}\n"},
        untold=("gains `mut`",),
    ),
    Case(
        "what a key's comment says is no value of it",
        {"a.yml": "a: 1\n"},
        {"a.yml": "a: 1\nb: # not yet\n  - c: d\n    e: f\n"},
        ("key `b`: added",),
        ("(`#",),
    ),
    Case(
        "what divides is no comment",
        {"a.py": "def f(offset):\n    h, m = divmod(abs(offset // 60), 60)\n    return h, m\n"},
        {"a.py": "def f(offset):\n    h, m = divmod(abs(offset // 30), 60)\n    return h, m\n"},
        ("`60` becomes `30`",),
        ("only comments",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_told_of_a_commit(script: Script, case: Case) -> None:
    is_told_of(script, case)
