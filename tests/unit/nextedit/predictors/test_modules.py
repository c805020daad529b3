from __future__ import annotations

import pytest

from iquest_lsp.nextedit.predictors.modules import as_written_in, in_braces


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


@pytest.mark.parametrize(
    ("here", "statement", "path", "written"),
    [
        ("lib/a.js", "import {one} from './b.js';", "lib/c.js", "import {one} from './b.js';"),
        ("lib/deep/a.js", "import {one} from './b.js';", "lib/c.js", "import {one} from '../b.js';"),
        ("test/a.js", "const one = require('../lib/b');", "test/deep/c.js", "const one = require('./lib/b');"),
        ("lib/a.js", "import one from 'node:one';", "test/c.js", "import one from 'node:one';"),
        ("p/q/a.py", "from .b import one", "p/c.py", "from ..b import one"),
        ("p/a.py", "from ..b import one", "p/q/c.py", "from .b import one"),
        ("p/q/r/a.py", "from . import one", "p/q/c.py", "from .. import one"),
        ("tests/a.py", "from .b import one", "p/c.py", ""),
        ("p/a.py", "from p.b import one", "tests/c.py", "from p.b import one"),
    ],
)
def test_a_statement_of_another_folder_leads_to_the_same_file(
    here: str, statement: str, path: str, written: str
) -> None:
    assert as_written_in(here, statement, path) == written
