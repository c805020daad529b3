"""A session of typing really makes the text that it says."""

from __future__ import annotations

from iquest_lsp.bench.typing_session import MOVES, Kind, session

TEXTS = ["".join(f"def f{n}(a, b):\n    return a + {n} * b\n\n\n" for n in range(30)), "x = 1\n" * 100]


def test_events_follow_from_the_text_and_are_the_same_each_time() -> None:
    events = list(session(TEXTS, 1500, seed=3))
    assert events == list(session(TEXTS, 1500, seed=3))
    assert events != list(session(TEXTS, 1500, seed=4))
    assert {event.kind for event in events} == set(Kind)
    assert sum(event.kind is Kind.KEY for event in events) >= 1500
    documents: dict[int, list[str]] = {}
    last = -1
    for event in events:
        if event.kind in MOVES:
            assert (event.kind is Kind.OPEN) == (event.file not in documents)
            assert (event.kind is Kind.JUMP) == (event.file == last)
            last = event.file
            lines = documents.setdefault(event.file, event.text.split("\n"))
            taken = event.taken.split("\n")
            assert lines[event.line : event.line + len(taken)] == taken
            lines[event.line : event.line + len(taken)] = [""]
        elif event.kind is not Kind.SAVE:
            lines = documents[event.file]
            line = lines[event.line]
            assert event.column <= len(line)
            made = line[: event.column - event.removed] + event.text + line[event.column :]
            lines[event.line : event.line + 1] = made.split("\n")


def test_what_is_still_to_come_is_what_comes() -> None:
    typed: list[str] = []
    for event in session(TEXTS, 200, seed=1):
        if event.kind is Kind.KEY and event.text != "\n":
            if typed and typed[-1]:
                assert typed[-1].startswith(event.text)
            typed.append(event.rest)
        elif event.kind is Kind.DELETE:
            typed.append(event.rest)
        else:
            typed.clear()
