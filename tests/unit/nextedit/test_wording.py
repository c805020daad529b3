"""Each reason has a sentence that all of its values stand in."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit.records import Reason, ReasonKind
from iquest_lsp.nextedit.wording import reason_words

VALUES = {
    ReasonKind.RENAMED: ("old", "new"),
    ReasonKind.RENAMED_IN: ("old", "new", "a.py"),
    ReasonKind.PARAMETER_RENAMED: ("old", "new", "total"),
    ReasonKind.MOVED: ("a.py", "b.py"),
    ReasonKind.PARAMETER_REMOVED: ("total", "member"),
    ReasonKind.PARAMETER_ADDED: ("total", "member"),
    ReasonKind.ASYNC: ("load",),
    ReasonKind.AWAITS: ("page",),
    ReasonKind.REORDERED: ("total",),
    ReasonKind.OVERRIDE: ("total",),
    ReasonKind.REPEATED: ("3",),
    ReasonKind.UNUSED_IMPORT: ("os",),
    ReasonKind.MISSING_IMPORT: ("os", "path"),
    ReasonKind.MISSING_IMPORT_OF_LANGUAGE: ("os", "python"),
    ReasonKind.GUESSED: ("Zeta 2",),
}


@pytest.mark.parametrize("kind", ReasonKind)
def test_every_reason_has_its_sentence(kind: ReasonKind) -> None:
    words = reason_words(Reason(kind, VALUES[kind]))
    assert all(value in words for value in VALUES[kind])


def test_a_renamed_parameter_is_told_in_order() -> None:
    words = reason_words(Reason(ReasonKind.PARAMETER_RENAMED, ("old", "new", "total")))
    assert words == "the parameter `old` of `total` is `new` now"
