"""Callers that a changed signature or a lost name leaves behind, in files that never name the definition's file."""

from __future__ import annotations

import pytest

from tests.unit.codeflow.conftest import Script, history_of

SCRIPT = "export function sizes(of) {\n  return of;\n}\n"
PYTHON = "def sizes(of):\n    return of\n"
GO = "package u\n\nfunc Sizes(of int) int {\n\treturn of\n}\n"
RUST = "pub fn sizes(of: u32) -> u32 {\n    of\n}\n"
C = "int sizes(int of)\n{\n  return of;\n}\n"
CALL = "import {{ sizes }} from '{}'\n\nexport const both = sizes(1)\n"

#: The file that changes, its text, the others, and the lines that call it; what calls another `sizes` is none of them.
CASES = {
    "a barrel": (
        "src/units.ts",
        SCRIPT,
        {
            "src/index.ts": "export * from './units'\n",
            "src/a.ts": CALL.format("./index"),
            "src/b.ts": CALL.format("."),
            "src/c.ts": CALL.format("other"),
        },
        ["src/a.ts:3", "src/b.ts:3"],
    ),
    "an alias": (
        "src/lib/units.ts",
        SCRIPT,
        {
            "tsconfig.json": '{"compilerOptions":{"paths":{"@/*":["./src/*"]}}}',
            "src/all.ts": "export { sizes } from './lib/units'\n",
            "src/a.ts": CALL.format("@/all"),
        },
        ["src/a.ts:3"],
    ),
    "a package of Python": (
        "shop/_units.py",
        PYTHON,
        {
            "shop/__init__.py": "from ._units import sizes\n",
            "a.py": "from shop import sizes\n\nprint(sizes(1))\n",
            "b.py": "import shop\n\nprint(shop.sizes(1))\n",
            "c.py": "from other import sizes\n\nprint(sizes(1))\n",
        },
        ["a.py:3", "b.py:3"],
    ),
    "a package of Go": (
        "u/units.go",
        GO,
        {
            "go.mod": "module ex.org/m\n",
            "u/b.go": "package u\n\nfunc Both() int { return Sizes(1) }\n",
            "v/a.go": 'package v\n\nimport "ex.org/m/u"\n\nfunc Both() int { return u.Sizes(1) }\n',
            "w/c.go": "package w\n\nfunc Sizes(a int) int { return a }\n\nfunc Both() int { return Sizes(1) }\n",
        },
        ["u/b.go:3", "v/a.go:5"],
    ),
    "a path of Rust": (
        "src/units.rs",
        RUST,
        {
            "Cargo.toml": '[package]\nname="m"\n',
            "src/lib.rs": "mod units;\npub use units::sizes;\n",
            "src/a.rs": "use crate::sizes;\n\npub fn both() -> u32 { sizes(1) }\n",
        },
        ["src/a.rs:3"],
    ),
    "a header of C": (
        "units.c",
        C,
        {"units.h": "int sizes(int of);\n", "a.c": '#include "units.h"\n\nint both(void)\n{\n  return sizes(1);\n}\n'},
        ["a.c:5"],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_callers_are_found_through_what_the_language_brings(script: Script, case: str) -> None:
    path, text, others, callers = CASES[case]
    script.commit("Begin", {path: text, **others})
    head = next(line for line in text.split("\n") if "izes(" in line)
    wider = head.replace("of", "of, all", 1) if "int" not in head and "u32" not in head else head
    wider = wider.replace("(of int)", "(of int, all int)").replace("(of: u32)", "(of: u32, all: u32)")
    script.commit("Take all", {path: text.replace(head, wider.replace("(int of)", "(int of, int all)"))})
    (risk,) = history_of(script.root).explain_diff("HEAD").risks
    assert sorted(risk.rsplit(": ", 1)[-1].split(", ")) == callers


OWN = """static int sizes(int of, int by)
{
  return of * by;
}

int one(void)
{
  return sizes(1, 2);
}

int two(void)
{
  return kit::sizes(1);
}
"""


def test_a_call_that_gives_less_means_another_function_of_its_name(script: Script) -> None:
    script.commit("Begin", {"a.cc": OWN, "b.cc": "int three(void)\n{\n  return sizes(1, 2);\n}\n"})
    script.write({"a.cc": OWN.replace("int by)", "int by, int more)")})
    [risk] = history_of(script.root).explain_diff().risks
    # Nor does another file see what is this one's own.
    assert "a.cc:8" in risk
    assert not any(place in risk for place in ("a.cc:13", "b.cc"))
