"""Which part of an over-indented line's white space may stay, and that an answer there replaces the rest."""

from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.assistant import Assistant, CompletionRequest
from iquest_lsp.completion.indentation import kept_indent
from iquest_lsp.datatypes import Position, Span
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.client.process import ProcessEngine
from iquest_lsp.settings import Configuration
from tests.unit.completion.places import at
from tests.waiting import PATIENT_MS

ALL = -1


@pytest.mark.parametrize(
    ("marked", "path", "kept"),
    [
        ("def f(x):\n    return x\n    ‸\n", "a.py", 0),
        ("def f(x):\n    if x:\n        return x\n        ‸\n", "a.py", 4),
        ("def f(x):\n    if x:\n        use(x)\n        ‸\n", "a.py", ALL),
        ("def f(x):\n    use(x)\n            ‸\n", "a.py", 4),
        ("def f(x):\n            ‸\n", "a.py", 4),
        ("class A:\n\tdef f(x):\n\t\treturn x\n\t\t\t‸\n", "a.py", 1),
        ("\n    ‸\n", "a.py", ALL),  # nothing above
        ("x = f(\n    1,\n            ‸\n)\n", "a.py", ALL),  # a line that goes on is set as one likes
        ("x = {\n    'a': 1\n            ‸\n}\n", "a.py", ALL),
        ("x = a + \\\n            ‸\n", "a.py", ALL),
        ('def f():\n    """Text.\n\n            ‸\n    """\n', "a.py", ALL),
        ("def f(x):\n    use(x)\n            ‸more()\n", "a.py", ALL),
        ("def f(x):\n    use(x)\n            y‸\n", "a.py", ALL),
        ("def f(x):\n    use(x)\n\t\t\t‸\n", "a.py", ALL),  # blanks and tabs mixed
        ("def f(x):\n    returned = 1\n    ‸\n", "a.py", ALL),
        ("int f() {\n    use();\n            ‸\n}\n", "a.c", 4),
        ("int f() {\n            ‸\n}\n", "a.c", 4),
        ("int f() {\n    return 1;\n    ‸\n}\n", "a.c", ALL),
        ("int f() {\n    use(a,\n            ‸\n}\n", "a.c", ALL),
    ],
)
def test_what_stays(marked: str, path: str, kept: int) -> None:
    place = at(marked, path)
    assert kept_indent(place) == (len(place.head) if kept == ALL else kept)


@pytest.mark.slow
@pytest.mark.usefixtures("forked_workers")
async def test_an_answer_replaces_the_surplus(tmp_path: Path) -> None:
    text = "def f(x):\n    if x:\n        return x\n        \n\n"
    (tmp_path / "iquest.toml").write_text("")
    engine = ProcessEngine(EngineOptions(kind="fake", context_tokens=4096, fake={"responses": ["else:"]}))
    assistant = Assistant(Configuration({"deadline_ms": PATIENT_MS}), engine, watch=False)
    try:
        assistant.session().buffers.open(tmp_path / "a.py", text, 1, "python")
        made = await assistant.session().complete(CompletionRequest(tmp_path / "a.py", Position(3, 8)))
        assert made.text == "    else:"
        assert made.span == Span(Position(3, 0), Position(3, 8))
        assert made.tokens.window > 0
    finally:
        await assistant.close()
