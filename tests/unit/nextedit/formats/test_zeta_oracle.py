"""Prompts and answers of Zeta beside the makers' own bindings (zed-zeta-bindings), where these are installed."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iquest_lsp.nextedit.formats.asked import AskedEdit, EditFormat, EditHunk, EditPrompt, RelatedPiece, levelled
from iquest_lsp.nextedit.formats.zeta import CURSOR, END, UPDATED, Zeta2, Zeta21

zeta = pytest.importorskip("zeta_bindings")

FORMATS: list[tuple[EditFormat, str]] = [(Zeta2(), "V0211SeedCoder"), (Zeta21(), "V0318SeedMultiRegions")]
WORDS = [
    "",
    "",
    "x = 1",
    "    return total",
    "}",
    "  ])",
    "end;",
    "class A:",
    "ß = '東京 🙂'",
    "\tf(b)\r",
    "y" * 300,
]
LINES = st.one_of(st.sampled_from(WORDS), st.text(st.characters(exclude_characters="\n", codec="utf-8"), max_size=60))


@st.composite
def texts(draw: st.DrawFn) -> str:
    """Empty ones, short ones, and some that are longer than any budget."""
    lines = draw(st.lists(LINES, max_size=80))
    ends = draw(st.sampled_from(["\n", "\r\n"]))
    more = draw(st.sampled_from([0, 0, 0, 40]))
    return (ends.join(lines) + draw(st.sampled_from(["", ends]))) * (1 + more)


@st.composite
def asked(draw: st.DrawFn) -> AskedEdit:
    """A text with a cursor, edits, pieces and spans of syntax around the cursor."""
    text = draw(texts())
    cursor = draw(st.integers(0, len(text)))
    spans, start, end = [], cursor, cursor
    for _ in range(draw(st.integers(0, 5))):
        start, end = draw(st.integers(0, start)), draw(st.integers(end, len(text)))
        spans.append((start, end))
    signed = st.builds(str.__add__, st.sampled_from(" +-"), LINES)
    name = st.sampled_from(["a.py", "src/b c.rs", "dir/ü.ts", "src/a.py"])
    hunks = st.builds(
        EditHunk, name, st.integers(0, 99), st.integers(0, 99), st.lists(signed, max_size=12).map(tuple), st.booleans()
    )
    pieces: list[RelatedPiece] = []
    for number in range(draw(st.integers(0, 6))):
        at = 0
        for _ in range(draw(st.integers(1, 3))):
            at += draw(st.integers(0, 3))
            lines = draw(st.lists(LINES, min_size=1, max_size=30))
            text_of = "\n".join(lines) + draw(st.sampled_from(["", "\n"]))
            path = "src/a.py" if number == 5 else f"p{number}.py"
            pieces.append(RelatedPiece(path, at, at + len(lines), text_of, 0, draw(st.integers(0, 3))))
            at += len(lines)
    extra = draw(st.integers(0, 2))
    longest = {piece.path: piece.end for piece in pieces}
    pieces = [RelatedPiece(p.path, p.start, p.end, p.text, longest[p.path] + extra, p.order) for p in pieces]
    return AskedEdit("src/a.py", text, cursor, draw(st.lists(hunks, max_size=9)), pieces, syntax=spans)


def theirs(it: AskedEdit) -> Any:
    """The same for the bindings, which count in bytes."""

    def at(offset: int) -> int:
        return len(it.text[:offset].encode())

    files: dict[str, dict[str, Any]] = {}
    for piece in it.pieces:
        file = files.setdefault(piece.path, {"path": piece.path, "max_row": piece.lines, "excerpts": []})
        rows = {"start": piece.start, "end": piece.end}
        file["excerpts"].append({"row_range": rows, "text": piece.text, "order": piece.order})
    return zeta.Zeta2PromptInput.from_dict(
        {
            "cursor_path": it.path,
            "cursor_excerpt": it.text,
            "cursor_offset_in_excerpt": at(it.cursor),
            "excerpt_start_row": 0,
            "events": [
                {"path": hunk.path, "old_path": hunk.path, "diff": hunk.unified(), "predicted": hunk.own}
                for hunk in it.hunks
            ],
            "related_files": list(files.values()),
            "syntax_ranges": [{"start": at(start), "end": at(end)} for start, end in it.syntax],
        }
    )


MANY = settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))


@MANY
@given(asked())
def test_the_prompt_is_theirs_byte_for_byte(it: AskedEdit) -> None:
    given_ = theirs(it)
    for form, name in FORMATS:
        made = form.prompt(it)
        assert (made.text if made is not None else None) == zeta.format_prompt(given_, name)
        region = zeta.resolve_region(given_, name)
        if made is not None:
            start = region.context_range[0] + region.editable_range_in_context[0]
            assert len(it.text[: made.start].encode()) == start
            assert (
                len(made.region.encode()) == region.editable_range_in_context[1] - region.editable_range_in_context[0]
            )


def read_by(form: EditFormat, made: EditPrompt, answer: str) -> str:
    read = form.parse(made, answer)
    return made.region if read is None else read


@MANY
@given(asked(), st.lists(LINES, max_size=8), st.integers(1, 4), st.integers(1, 5), st.booleans())
def test_an_answer_is_read_as_they_read_it(it: AskedEdit, new: list[str], one: int, other: int, marked: bool) -> None:
    given_ = theirs(it)
    text = "\n".join(new) + ("\n" if new else "")
    text = text[:3] + CURSOR + text[3:] if marked else text
    for form, name in FORMATS:
        made = form.prompt(it)
        if made is None or (not made.region and one > other):
            continue  # in an empty text theirs takes the marks in any order
        if name == "V0211SeedCoder":
            if not text.replace(CURSOR, "").strip():
                continue  # theirs empties the region; here such an answer is none
            answer = text + UPDATED + "\n"
        else:
            answer = f"<|marker_{one}|>{text}<|marker_{other}|>{END}"
        try:
            expected = levelled(made.region, zeta.parse_output(answer, name, given_).new_editable_region)
        except RuntimeError:
            expected = made.region
        assert read_by(form, made, answer) == expected
        assert form.parse(made, made.draft) is None
