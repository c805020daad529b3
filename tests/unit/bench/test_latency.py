"""The first requests after a jump, a paste, another file are counted each by themselves, and nothing is left out."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from iquest_lsp.bench.latency import BEGIN, CANCELLED, Ladder, TimedRequest, count_requests, report_of
from iquest_lsp.bench.typing_session import Kind

URI = "file:///a.py"


def told(quiet: str = "", source: str = "model") -> dict[str, Any]:
    timings = dict.fromkeys(("total_ms", "context_ms", "queue_ms", "prefill_ms", "decode_ms"), 1.0)
    tokens = {"window": 100, "prefilled": 3, "generated": 5}
    return {"quiet": quiet, "source": source, "finish": "stop", "timings": timings, "tokens": tokens}


def test_each_kind_of_moment_has_its_counts_and_its_times() -> None:
    session = [
        (Kind.OPEN, told("deadline")),
        (Kind.KEY, told()),
        (Kind.KEY, None),
        (Kind.JUMP, told()),
        (Kind.JUMP, told("deadline")),
        (Kind.JUMP, told("unsure")),
        (Kind.JUMP, told(source="cache")),
        (Kind.PASTE, told()),
        (Kind.SWITCH, told("nothing")),
        (Kind.OPEN, told()),
    ]
    responses: dict[int, list[dict[str, Any]]] = {}
    asked = []
    for number, (after, answer) in enumerate(session):
        asked.append(TimedRequest(number, after, URI, number, "rest"))
        items = [{"insertText": "rest"}] if answer is not None and not answer["quiet"] else []
        responses[number] = [{"result": {"items": items}} if answer else {"error": {"code": CANCELLED}}]
    editor: Any = SimpleNamespace(
        responses=responses,
        took_ms={number: 10.0 * number for number in range(len(session))},
        answers={(URI, number): [answer] for number, (_, answer) in enumerate(session) if answer},
    )
    ladder = Ladder()
    count_requests(ladder, editor, asked)
    report = report_of(ladder, "nano", 1.0)
    moments = report.counts["moments"]
    assert sum(moment["requests"] for moment in moments.values()) == len(session)
    assert moments[BEGIN] == {"requests": 1, "quiet: deadline": 1, "text_share": 0.0}
    jump = {"requests": 4, "text": 1, "quiet: deadline": 1, "quiet: unsure": 1, "cache": 1, "text_share": 0.5}
    assert moments["after a jump"] == jump
    assert moments["after a switch to an open file"]["text_share"] == 0.0
    assert moments["after opening a file"]["text_share"] == 1.0
    rows = {row.case: [sample.seconds for sample in row.samples] for row in report.rows}
    assert rows["first after a jump"] == [0.03]
    assert rows["first after a paste"] == [0.07]
    assert rows["first after opening a file"] == [0.09]
    assert report.counts["unsure_share"] == 1 / 8
    assert report.counts["text_share"] == round(4 / 7, 4)
    assert any(note.startswith("after a jump: 4 requests: 1 cache, ") for note in report.notes)
