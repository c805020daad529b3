"""What begins a comment in one language is code in another."""

from __future__ import annotations

import pytest

from tests.unit.codeflow.answers.conftest import Case, is_told_of
from tests.unit.codeflow.conftest import Script

ONLY = ("only comments", "Documentation:", "docs (")
SWIFT = "struct Reel {\n    init() {\n        if #available(macOS %s, *) {\n            wind()\n        }\n    }\n}\n"
CASES = [
    Case(
        "what a pointer leads to",
        {
            "a.c": "void f(int *p) {\n    *p = 1;\n    g();\n}\n",
            "a.go": "package a\n\nfunc f(p *int) {\n\t*p = 1\n\tg()\n}\n",
            "a.rs": "fn f(p: &mut i32) {\n    *p += 1;\n    g();\n}\n",
        },
        {
            "a.c": "void f(int *p) {\n    *p = 2;\n    g();\n}\n",
            "a.go": "package a\n\nfunc f(p *int) {\n\t*p = 2\n\tg()\n}\n",
            "a.rs": "fn f(p: &mut i32) {\n    *p += 2;\n    g();\n}\n",
        },
        told=("`*p = 1;` becomes `*p = 2;`", "`*p = 1` becomes `*p = 2`", "`*p += 1;` becomes `*p += 2;`"),
        untold=ONLY,
    ),
    Case(
        "a private member of a script",
        {"a.js": "class A {\n  #count = 0\n  run() {\n    return this.#count\n  }\n}\n"},
        {"a.js": "class A {\n  #count = 5\n  run() {\n    return this.#count\n  }\n}\n"},
        told=("`#count = 0` becomes `#count = 5`",),
        untold=ONLY,
    ),
    Case(
        "a private method of a script",
        {"a.ts": "class A {\n  #run(x: number) {\n    return x\n  }\n}\n"},
        {"a.ts": "class A {\n  #run(x: number, y: number) {\n    return x\n  }\n}\n"},
        told=("takes the new parameter `y`",),
        untold=ONLY,
    ),
    Case("a condition of Swift", {"a.swift": SWIFT % "12"}, {"a.swift": SWIFT % "13"}, told=("13",), untold=ONLY),
    Case(
        "arguments that are spread",
        {"a.py": "def f(names):\n    g(\n        1,\n        *names,\n    )\n"},
        {"a.py": "def f(names):\n    g(\n        1,\n        *reversed(names),\n    )\n"},
        told=("`*names` becomes `*reversed(names)`",),
        untold=ONLY,
    ),
    Case(
        "a count that goes down",
        {"a.java": "class A {\n    void f(int n) {\n        --n;\n        g(n);\n    }\n}\n"},
        {"a.java": "class A {\n    void f(int n) {\n        ++n;\n        g(n);\n    }\n}\n"},
        told=("`--n;` becomes `++n;`",),
        untold=ONLY,
    ),
    Case(
        "comments are comments still",
        {
            "a.c": "/*\n * One.\n */\nint f(void) {\n    // two\n    return 1;\n}\n",
            "a.py": "def f():\n    # one\n    return 1\n",
        },
        {
            "a.c": "/*\n * Uno.\n */\nint f(void) {\n    // dos\n    return 1;\n}\n",
            "a.py": "def f():\n    # uno\n    return 1\n",
        },
        told=("docs (only comments",),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_told_of_it(script: Script, case: Case) -> None:
    is_told_of(script, case)
