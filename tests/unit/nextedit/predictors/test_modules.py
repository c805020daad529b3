from __future__ import annotations

import pytest

from iquest_lsp.nextedit.predictors.modules import in_braces


@pytest.mark.parametrize(
    ("whole", "after"),
    [
        ("import { a, c } from './m'", "import { a, b, c } from './m'"),
        ("import { c, a } from './m'", "import { c, a, b } from './m'"),
        ("import type { a } from './m'", None),
        ("import { a } from './n'", None),
        ("import m from './m'", None),
        ("import {\n  a,\n  c,\n} from './m'", "import {\n  a,\n  b,\n  c,\n} from './m'"),
        ("import {\n  a\n} from './m'", None),
    ],
)
def test_a_name_goes_among_those_of_its_module(whole: str, after: str | None) -> None:
    found = in_braces(whole, "import { b } from './m'", "b")
    assert (None if found is None else whole[: found[0]] + found[1] + whole[found[0] :]) == after
