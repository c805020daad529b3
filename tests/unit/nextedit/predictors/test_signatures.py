"""Calls and declarations after a definition's parameters changed."""

from __future__ import annotations

from tests.unit.nextedit.conftest import Think, places


def test_a_header_declares_what_is_defined(think: Think) -> None:
    found = think(
        {"a.c": '#include "a.h"\nint area(int w, int h) {\n  return w;\n}\n', "a.h": "int area(int w, int h);\n"},
        {"a.c": '#include "a.h"\nint area(int w, long h) {\n  return w;\n}\n'},
    )
    assert ("a.h", 1, "int area(int w, int h)", "int area(int w, long h)") in places(found, "signature")


def test_the_same_head_in_another_class_follows(think: Think) -> None:
    part = "class {0}(Base):\n    def open_file(self, name: str) -> File:\n        return {0}File(name)\n\n\n"
    before = "".join(part.format(name) for name in ("One", "Two"))
    after = before.replace("name: str)", "name: str, mode: str)", 1)
    found = places(think({"a.py": before, "b.py": before}, {"a.py": after}), "signature")
    head, new = "def open_file(self, name: str) -> File", "def open_file(self, name: str, mode: str) -> File"
    assert found == {("a.py", 7, head, new), ("b.py", 2, head, new), ("b.py", 7, head, new)}
