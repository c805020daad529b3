from __future__ import annotations

from iquest_lsp.asking.evidence import NameCheck


def test_what_was_shown_defined_or_is_of_the_language_is_known() -> None:
    is_known = NameCheck("class Shape:\n    def area(self): ...", lambda name: {"x.py"} if name == "Square" else ())
    assert all(map(is_known, ("Shape", "Shape.area", "Shapes", "Square", "len", "self.area", "None")))
    assert not any(map(is_known, ("Circle", "Shape.radius", "make_square")))
