"""A line that no person types: no suggestion and no work for it, beside code that is completed as ever."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.clients import FAKE, client_in
from tests.e2e.home import CODE


async def test_nothing_is_read_for_a_line_of_megabytes(tmp_path: Path) -> None:
    file = tmp_path / "a.js"
    text = 'var a = "é' + "x" * 1_000_000 + '"; var b = \n'
    file.write_text(text)
    end = {"line": 0, "character": text.index("\n")}
    async with client_in(tmp_path, *FAKE) as (client, _):
        await client.ready()
        uri = client.open(file, text)
        change = {
            "textDocument": {"uri": uri, "version": 2},
            "contentChanges": [{"range": {"start": end, "end": end}, "text": "q"}],
        }
        client.notify("textDocument/didChange", change)
        assert await client.inline(uri, 0, end["character"] + 1) == []
        (tmp_path / "shapes.py").write_text(CODE)
        assert await client.inline(client.open(tmp_path / "shapes.py", CODE), 4, 9) == ["width, height):"]
