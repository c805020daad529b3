"""What becomes of the parts of files that are no definitions."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.part_effects import PartLines, part_effects
from iquest_lsp.codeflow.syntax.definitions import PartKind
from iquest_lsp.codeflow.syntax.effects.effect import EffectKind
from iquest_lsp.codeflow.syntax.outline.region import Region


@pytest.mark.parametrize(
    ("kind", "before", "after", "expected"),
    [
        ("directive", "#!/bin/sh", "#!/bin/bash", (EffectKind.BECOMES, ("#!/bin/sh", "#!/bin/bash"))),
        ("comment", "# one", "# other", (EffectKind.COMMENTS_ONLY, ())),
        ("statement", "go(1)", "# go(1)", (EffectKind.GOES, ("go(1)",))),
        ("section", "# one", "# other", (EffectKind.BECOMES, ("# one", "# other"))),
        ("imports", "import a", "import b", (EffectKind.USES, ("b",))),
    ],
)
def test_what_becomes_of_a_part(
    kind: PartKind, before: str, after: str, expected: tuple[EffectKind, tuple[str, ...]]
) -> None:
    region = Region("it", kind, 0, 1)
    lines = PartLines([before], [after], [([before], [after])], [before], [after], [after])
    first = part_effects(region, region, lines, "")[0]
    assert (first.kind, first.values) == expected
