"""Prompts of Sweep's models beside those of the makers' own server (sweep-autocomplete), where it is installed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from iquest_lsp.nextedit.formats.asked import AskedEdit, EditHunk, RelatedPiece
from iquest_lsp.nextedit.formats.sweep import Sweep

server = pytest.importorskip("sweep_autocomplete.autocomplete.next_edit_autocomplete")
chunks = pytest.importorskip("sweep_autocomplete.dataclasses.file_chunk_data")

WORDS = [
    "",
    "   ",
    "def total(it):",
    "    return it",
    "}",
    "größe = '東京 🙂'",
    "\tx = {1: 2}",
    "y" * 500,
    "long " * 180,
]
LINES = st.sampled_from(WORDS)


@st.composite
def asked(draw: st.DrawFn) -> AskedEdit:
    """Every line once, so that the lines around the cursor are found at one place only."""
    count = draw(st.sampled_from([1, 3, 8, 20, 60, 900, 1500]))
    lines = [draw(LINES) for _ in range(min(count, 20))]
    lines = [f"{lines[n % len(lines)]}  # {n}" if lines[n % len(lines)].strip() else "" for n in range(count)]
    text = "\n".join(lines) + draw(st.sampled_from(["", "\n"]))
    cursor = draw(st.integers(0, len(text)))
    hunks = []
    for _ in range(draw(st.integers(0, 8))):
        at = draw(st.integers(0, max(count - 6, 0)))
        around = [f" {line}" for line in lines[at : at + 6]]
        middle = draw(st.integers(1, 4))
        new = around[middle][1:] if middle < len(around) else "x"
        old = draw(st.lists(st.sampled_from(["old = 1", "    gone()", ""]), max_size=2))
        body = [*around[:middle], *(f"-{line}" for line in old), f"+{new}", *around[middle + 1 :]]
        hunks.append(EditHunk(draw(st.sampled_from(["a.py", "b c.py"])), at, at, tuple(body)))
    pieces = [RelatedPiece(f"p{n}.py", 0, 3, f"piece {n}\nmore\n", 3) for n in range(draw(st.integers(0, 2)))]
    return AskedEdit(
        "src/a.py", text, cursor, hunks, pieces, before=draw(st.sampled_from(["", text, f"first\n{text}"]))
    )


def theirs(it: AskedEdit, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """The prompt that the server would run."""
    seen: list[str] = []

    def stop(prompt: str, **_: Any) -> None:
        seen.append(prompt)
        raise server.RequestCancelled

    monkeypatch.setattr(server, "generate_completion", stop)
    changes = "".join(f"File: {hunk.path}\n{hunk.unified()}" for hunk in it.hunks)
    files = [chunks.FileChunkData(piece.path, piece.start, piece.end, piece.text) for piece in it.pieces]
    block, prefix, suffix, start = server.get_block_at_cursor(it.text, it.cursor)
    server._fetch_next_edits_core(
        file_path=it.path,
        file_contents=it.text,
        recent_changes=changes,
        cursor_position=it.cursor,
        original_file_contents=it.before or it.text,
        code_block=block,
        prefix=prefix,
        suffix=suffix,
        autocomplete_id="",
        block_start_index=start,
        is_retrieval=False,
        file_chunks=files,
        changes_above_cursor=True,
    )
    return seen[0] if seen else None


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(asked())
def test_the_prompt_is_theirs_byte_for_byte(it: AskedEdit) -> None:
    made = Sweep().prompt(it)
    with pytest.MonkeyPatch.context() as patch:
        expected = theirs(it, patch)
    if made is None:
        long = any(len(line) > 600 for line in it.text.splitlines())
        assert long or expected is None
        return
    assume(it.text.find(made.region) == made.start)  # theirs looks for the lines from the top
    assume(made.start <= it.cursor <= made.end)  # theirs counts from the wrong end beyond
    assert made.text == expected
