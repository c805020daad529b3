"""Made-up moments of work: files, the edits just made in them, and those that they ask for elsewhere, or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

#: Path, line (from 0), the text there, what it becomes.
Place = tuple[str, int, str, str]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`edits` are the replacements made so far, in files of that name; `wanted` is empty where silence is right."""

    name: str
    files: Mapping[str, str]
    edits: tuple[tuple[str, str, str], ...]
    wanted: frozenset[Place] = field(default=frozenset())

    @property
    def after(self) -> dict[str, str]:
        """The files as the edits left them."""
        files = dict(self.files)
        for path, old, new in self.edits:
            assert old in files[path], (self.name, old)
            files[path] = files[path].replace(old, new, 1)
        return files


def wanted(*places: Place) -> frozenset[Place]:
    """The places of a scenario."""
    return frozenset(places)


#: Files that use what another one defines.
PAGES = ("first.py", "second.py", "third.py")
SHAPES = '''"""Shapes."""


def outer_area(width, height):
    return width * height


def show(width, height):
    print(outer_area(width, height))


def total(rows):
    return sum(outer_area(row.width, row.height) for row in rows)
'''
PAGE = "from shapes import outer_area\n\n\ndef page(w, h):\n    return outer_area(w, h)\n"
STORE = """package store

func openStore(name string) error {
	return nil
}

func first(limit int) error {
	return openStore("a")
}

func second(limit int) error {
	return openStore("b")
}
"""
VIEW = """export function renderRow(row: Row, depth: number): string {
  return row.name;
}

export function renderAll(rows: Row[], depth: number): string[] {
  const head = renderRow(rows[0], depth);
  return rows.map((row) => renderRow(row, depth)).concat(head);
}
"""
QUEUE = """#include "queue.h"

int queue_push(struct queue *q, int item) {
  q->items[q->count++] = item;
  return q->count;
}

void fill(struct queue *q) {
  queue_push(q, 1);
  queue_push(q, 2);
}
"""
LIMITS = """pub struct Limits {
    pub most: usize,
}

impl Limits {
    pub fn is_over(&self, count: usize) -> bool {
        count > self.most
    }
}

pub fn check(limits: &Limits, count: usize) -> bool {
    limits.is_over(count)
}
"""
REPORT = """def report(path, problem):
    log.failed(path, str(problem))


def second(path, problem):
    log.failed(path, str(problem))


def third(place, reason):
    log.failed(place, str(reason))


def fourth(place, reason):
    log.failed(place, str(reason))
"""
GETTERS = "package a\n" + "".join(
    f"\nfunc (c *C) Get{name}(key any) ({name[0].lower()} {kind}) {{\n\treturn\n}}\n"
    for name, kind in [
        ("Bool", "bool"),
        ("Int", "int"),
        ("Text", "string"),
        ("Map", "map[string]any"),
        ("Rune", "rune"),
    ]
)
CHECKS = """import unittest


class Test(unittest.TestCase):
    def test_all(self):
        self.assertEquals(one(1), 2)
        self.assertEquals(two(3), 4)
        self.assertEquals(three(5, 6), 7)
        self.assertEquals(four, 8)
"""
TABLE = """export const table = [
  { name: "one", size: 1 },
  { name: "two", size: 2 },
  { name: "three", size: 3 },
  { name: "four", size: 4 },
];
"""

SCENARIOS = (
    Scenario(
        "a function gets another name, in Python",
        {"shapes.py": SHAPES, "page.py": PAGE},
        (("shapes.py", "def outer_area", "def whole_area"),),
        wanted(
            ("shapes.py", 8, "outer_area", "whole_area"),
            ("shapes.py", 12, "outer_area", "whole_area"),
            ("page.py", 0, "outer_area", "whole_area"),
            ("page.py", 4, "outer_area", "whole_area"),
        ),
    ),
    Scenario(
        "a parameter gets another name",
        {"shapes.py": SHAPES},
        (("shapes.py", "def outer_area(width, height)", "def outer_area(width, depth)"),),
        wanted(("shapes.py", 4, "height", "depth")),
    ),
    Scenario(
        "a parameter goes",
        {"shapes.py": SHAPES.replace("width * height", "width"), "page.py": PAGE},
        (("shapes.py", "def outer_area(width, height)", "def outer_area(width)"),),
        wanted(
            ("shapes.py", 8, ", height", ""),
            ("shapes.py", 12, ", row.height", ""),
            ("page.py", 4, ", h", ""),
        ),
    ),
    Scenario(
        "a function takes what its callers have, in Go",
        {"store.go": STORE},
        (("store.go", "openStore(name string)", "openStore(name string, limit int)"),),
        wanted(("store.go", 7, "", ", limit"), ("store.go", 11, "", ", limit")),
    ),
    Scenario(
        "a function gets another name, in TypeScript",
        {"view.ts": VIEW},
        (("view.ts", "function renderRow", "function renderLine"),),
        wanted(("view.ts", 5, "renderRow", "renderLine"), ("view.ts", 6, "renderRow", "renderLine")),
    ),
    Scenario(
        "a function gets another name, in C",
        {"queue.c": QUEUE, "queue.h": "int queue_push(struct queue *q, int item);\n"},
        (("queue.c", "int queue_push(", "int queue_append("),),
        wanted(
            ("queue.c", 8, "queue_push", "queue_append"),
            ("queue.c", 9, "queue_push", "queue_append"),
            ("queue.h", 0, "queue_push", "queue_append"),
        ),
    ),
    Scenario(
        "a method gets another name, in Rust",
        {"limits.rs": LIMITS},
        (("limits.rs", "pub fn is_over", "pub fn is_beyond"),),
        wanted(("limits.rs", 11, "is_over", "is_beyond")),
    ),
    Scenario(
        "an argument is unwrapped three times",
        {"report.py": REPORT},
        (
            ("report.py", "log.failed(path, str(problem))", "log.failed(path, problem)"),
            ("report.py", "log.failed(path, str(problem))", "log.failed(path, problem)"),
            ("report.py", "log.failed(place, str(reason))", "log.failed(place, reason)"),
        ),
        wanted(("report.py", 13, "str(reason)", "reason")),
    ),
    Scenario(
        "results lose their names, member by member",
        {"a.go": GETTERS},
        tuple(("a.go", f"({letter} {kind})", kind) for letter, kind in (("b", "bool"), ("i", "int"), ("t", "string"))),
        wanted(("a.go", 14, "(m map[string]any)", "map[string]any"), ("a.go", 18, "(r rune)", "rune")),
    ),
    Scenario(
        "a deprecated method is replaced",
        {"test_all.py": CHECKS},
        (
            ("test_all.py", "assertEquals(one", "assertEqual(one"),
            ("test_all.py", "assertEquals(two", "assertEqual(two"),
            ("test_all.py", "assertEquals(three", "assertEqual(three"),
        ),
        wanted(("test_all.py", 8, "assertEquals", "assertEqual")),
    ),
    Scenario(
        "rows of a table get a field",
        {"table.ts": TABLE},
        tuple(("table.ts", f"size: {at} }}", f"size: {at}, unit: 1 }}") for at in (1, 2, 3)),
        wanted(("table.ts", 4, "", ", unit: 1")),
    ),
    Scenario(
        "a caller's new variable goes to what takes it",
        {"shapes.py": SHAPES},
        (
            ("shapes.py", "def outer_area(width, height)", "def outer_area(width, height, unit)"),
            ("shapes.py", "def show(width, height)", "def show(width, height, unit)"),
        ),
        wanted(("shapes.py", 8, "", ", unit")),
    ),
    Scenario(
        "a package of Go's own is used",
        {"store.go": STORE.replace("package store\n", 'package store\n\nimport (\n\t"fmt"\n)\n\nvar _ = fmt.Sprint\n')},
        (("store.go", 'openStore("b")', 'openStore(strings.ToUpper("b"))'),),
        wanted(("store.go", 4, "", '\t"strings"\n')),
    ),
    Scenario(
        "the last use of an import goes",
        {"page.py": "import json\n" + PAGE + "\n\ndef text(w):\n    return json.dumps(w)\n"},
        (("page.py", "json.dumps(w)", "str(w)"),),
        wanted(("page.py", 0, "import json\n", "")),
    ),
    Scenario("nothing was edited", {"shapes.py": SHAPES}, ()),
    Scenario(
        "a comment is reworded", {"shapes.py": SHAPES}, (("shapes.py", '"""Shapes."""', '"""Areas of shapes."""'),)
    ),
    Scenario(
        "a body changes",
        {"shapes.py": SHAPES},
        (("shapes.py", "return width * height", "return abs(width * height)"),),
    ),
    Scenario(
        "a new function",
        {"shapes.py": SHAPES},
        (("shapes.py", "def show(", "def round_area(radius):\n    return 3 * radius * radius\n\n\ndef show("),),
    ),
    Scenario(
        "a rename that is complete",
        {"page.py": PAGE},
        (("page.py", "def page(w, h)", "def sheet(w, h)"),),
    ),
    Scenario(
        "a type that other files import is used in a head",
        {path: f"from shapes import outer_area\n\n\nprint(outer_area({at}, 1))\n" for at, path in enumerate(PAGES)}
        | {"card.py": "import re\n\n\ndef card(text):\n    return re.sub(' ', '', text)\n"},
        (("card.py", "def card(text)", "def card(text, size=outer_area)"),),
        wanted(("card.py", 1, "", "from shapes import outer_area\n")),
    ),
    Scenario(
        "a name that a head itself brings",
        {path: f"from shapes import outer_area\n\n\nprint(outer_area({at}, 1))\n" for at, path in enumerate(PAGES)}
        | {"card.py": "import re\n\n\ndef card(text):\n    return re.sub(' ', '', text)\n"},
        (("card.py", "def card(text)", "def card(text, outer_area)"),),
    ),
    Scenario(
        "a parameter that calls may leave out",
        {"shapes.py": SHAPES, "page.py": PAGE},
        (("shapes.py", "def outer_area(width, height)", "def outer_area(width, height, unit=1)"),),
    ),
    Scenario(
        "one of several equal numbers",
        {"table.ts": TABLE.replace("2", "1").replace("3", "1")},
        (("table.ts", 'name: "two", size: 1', 'name: "two", size: 7'),),
    ),
    Scenario(
        "one of two calls, the second one",
        {"queue.c": QUEUE},
        (("queue.c", "queue_push(q, 2)", "queue_push(q, 3)"),),
    ),
    Scenario(
        "a type is narrowed", {"view.ts": VIEW}, (("view.ts", "row: Row, depth: number", "row: Row, depth: 1 | 2"),)
    ),
    Scenario(
        "a string is reworded",
        {"report.py": REPORT + '\n\nprint("all is done")\nprint("all is said")\n'},
        (("report.py", "all is done", "everything is done"),),
    ),
    Scenario(
        "a condition is added",
        {"limits.rs": LIMITS},
        (("limits.rs", "count > self.most", "self.most > 0 && count > self.most"),),
    ),
    Scenario("a line goes", {"queue.c": QUEUE}, (("queue.c", "  queue_push(q, 2);\n", ""),)),
)
