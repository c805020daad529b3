"""What a module imports and exports now, and no longer."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.module_links import link_effects
from iquest_lsp.codeflow.syntax.effects.effect import EffectKind

USES, NO_USES, MOVES = EffectKind.USES, EffectKind.USES_NO_MORE, EffectKind.MOVES_LINES


@pytest.mark.parametrize(
    ("removed", "added", "after", "expected"),
    [
        ([], ["import os"], ["import os"], [(USES, ("os",))]),
        (["from a import b, c"], ["from a import b"], ["from a import b"], [(NO_USES, ("c",))]),
        (["import old"], ["import new"], ["import new"], [(USES, ("new",)), (NO_USES, ("old",))]),
        # What is imported elsewhere in the file now is used all the same.
        (["import b"], [], ["try:", "    import b"], []),
        (["import a", "import b"], ["import b", "import a"], [], [(MOVES, ("import b",))]),
        (["import a"], ["import a"], [], []),
        ([], [], [], []),
        ([], ["use crate::a::b;"], [], [(USES, ("crate::a::b",))]),
    ],
)
def test_what_imports_say(
    removed: list[str], added: list[str], after: list[str], expected: list[tuple[EffectKind, tuple[str, ...]]]
) -> None:
    found = link_effects(removed, added, after, exported=False)
    assert [(effect.kind, effect.values) for effect in found] == expected


def test_what_exports_say_without_the_module_behind_them() -> None:
    found = link_effects(["export { a } from './x'"], ["export { a, b } from './y'"], [], exported=True)
    assert [(effect.kind, effect.values) for effect in found] == [(EffectKind.EXPORTS, ("b",))]
    found = link_effects(["export { a }"], [], ["const a = 1"], exported=True)
    assert [(effect.kind, effect.values) for effect in found] == [(EffectKind.EXPORTS_NO_MORE, ("a",))]


def test_only_the_first_names_are_told() -> None:
    found = link_effects([], [f"import name{number}" for number in range(9)], [], exported=False)
    assert found[0].values == ("name0", "name1", "name2", "name3")


def test_what_was_imported_elsewhere_in_the_file_is_not_new() -> None:
    before = ["import b", "if TYPE_CHECKING:", "    from a import (", "        c,", "    )"]
    found = link_effects([], ["from a import c, d"], [*before, "from a import c, d"], before, exported=False)
    assert [(effect.kind, effect.values) for effect in found] == [(USES, ("d",))]
    # What only uses a name does not import it.
    found = link_effects([], ["import c"], ["import c"], ["c.run()"], exported=False)
    assert [(effect.kind, effect.values) for effect in found] == [(USES, ("c",))]


@pytest.mark.parametrize(
    ("there", "added", "name"),
    [
        ("from datetime import timedelta", "from datetime import datetime", "datetime"),
        ('import { map } from "lodash"', 'import lodash from "lodash"', "lodash"),
        ('const map = require("lodash")', 'const lodash = require("lodash")', "lodash"),
        ("from a.b import c", "from a.b import d", "d"),
    ],
)
def test_a_name_is_new_that_only_its_module_was_called(there: str, added: str, name: str) -> None:
    found = link_effects([], [added], [there, added], [there], exported=False)
    assert [(effect.kind, effect.values) for effect in found] == [(USES, (name,))]
    assert link_effects([], [added], [there, added], [there, added], exported=False) == []


def test_a_line_may_take_one_more_that_is_called_like_its_module() -> None:
    old, new = "from datetime import timedelta", "from datetime import datetime, timedelta"
    found = link_effects([old], [new], [new], [old], exported=False)
    assert [(effect.kind, effect.values) for effect in found] == [(USES, ("datetime",))]
