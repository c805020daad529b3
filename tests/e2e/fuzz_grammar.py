"""A grammar of what clients send: right, nearly right, and nonsense, as hypothesis strategies.

A step is either bytes for the wire or a message; both are what one client may send after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hypothesis import strategies as st

from iquest_lsp.server.framing import frame

REQUESTS = (
    "textDocument/inlineCompletion",
    "textDocument/completion",
    "textDocument/hover",
    "textDocument/codeAction",
    "textDocument/codeLens",
    "workspace/executeCommand",
    "completionItem/resolve",
    "iquest/explainDiff",
    "initialize",
    "textDocument/noSuchMethod",
    "$/private",
    "",
    "\ud800",
)
NOTIFICATIONS = (
    "textDocument/didOpen",
    "textDocument/didChange",
    "textDocument/didClose",
    "textDocument/didSave",
    "textDocument/didFocus",
    "workspace/didChangeConfiguration",
    "workspace/didChangeWatchedFiles",
    "workspace/didChangeWorkspaceFolders",
    "$/cancelRequest",
    "$/setTrace",
    "$/progress",
    "initialized",
    "window/workDoneProgress/cancel",
    "notebookDocument/didOpen",
    "notebookDocument/didChange",
    "noSuchNotification",
)

#: Nothing here names a folder to index but the workspace of the test itself.
FILES = ("a.py", "b.py", "shapes.py", "absent.py", "folder/c.js")

texts = st.one_of(
    st.sampled_from(["", "x = 1\n", "def area(", "a\r\nb\r\n\tc", "😀" * 3 + "\n", "\ud83d lone \udc00", "\x00\u2028"]),
    st.text(max_size=60),
    st.integers(1, 40).map(lambda count: "value = compute(value)\n" * count),
)
small = st.integers(-2, 60)
configurations: list[dict[str, Any]] = [
    {"enable": True, "maxTokens": 8},
    {"deadlineMs": 10**400},
    {"context": "none", "deadlineMs": 1},
    {"context": None},
    {"disabledLanguages": ["python"]},
    {"disabledLanguages": None},
    {"exclude": ["*.py", "["]},
    {"exclude": None},
]
odd_numbers = [2**31 - 1, 2**31, 2**53, 2**63, -(2**63), 10**40, 1.5, float("nan"), float("inf")]
numbers = st.one_of(small, st.sampled_from(odd_numbers))
junk: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, texts),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)
ids = st.one_of(st.integers(0, 30), st.integers(0, 30).map(str), st.integers())
bad_ids = st.one_of(
    st.none(), st.booleans(), st.floats(), st.just([]), st.just({"a": 1}), st.just("x" * 5000), st.just(2**64)
)


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes that are no message; `breaks` when they may swallow messages that follow."""

    data: bytes
    breaks: bool = False


CELLS = "vscode-notebook-cell"


def messages(root: str) -> st.SearchStrategy[dict[str, Any]]:
    """Messages about files below a folder, given as a URI."""
    uris = st.one_of(
        st.sampled_from([f"{root}/{name}" for name in FILES]),
        st.sampled_from(
            ["untitled:1", "file://", "", "http://x/y", f"{root}/%00.py", f"{root}/%F0%28", "file:///\ud800"]
        ),
        st.sampled_from(
            [
                "untitled:Untitled-1",
                "untitled:a b.py",
                f"untitled:{root.removeprefix('file://')}/new.py",
                f"{CELLS}:{root.removeprefix('file://')}/a.ipynb#W0",
                f"{CELLS}:Untitled-1.ipynb#W1",
            ]
        ),
        st.sampled_from(["file://[x", "file:a.py", f"{root}/../../x.py", f"{root}/{'n' * 300}.py"]),
    )
    positions = st.fixed_dictionaries({"line": _mostly(small, numbers), "character": _mostly(small, numbers)})
    ranges = st.fixed_dictionaries({"start": positions, "end": positions})
    identifiers = st.fixed_dictionaries({"uri": uris})
    versions = _mostly(small, numbers)
    items = st.fixed_dictionaries({"uri": uris, "languageId": texts, "version": versions, "text": texts})
    books = st.fixed_dictionaries({"uri": uris, "version": versions, "notebookType": texts, "cells": st.just([])})
    folders = st.fixed_dictionaries({"uri": uris, "name": texts})
    places = {"textDocument": identifiers, "position": positions}
    spots = st.fixed_dictionaries({"line": _mostly(small, numbers), "column": st.one_of(st.none(), small, numbers)})
    selected = st.fixed_dictionaries({"range": ranges, "text": texts})
    trigger = st.fixed_dictionaries(
        {"triggerKind": st.sampled_from([1, 2, 2, 3, "x", None])},
        optional={"selectedCompletionInfo": _mostly(selected, junk)},
    )
    shown = st.fixed_dictionaries({"item": st.one_of(junk, st.just({"command": {"arguments": [1]}}))})
    changes = st.one_of(
        st.fixed_dictionaries({"range": ranges, "text": texts}), st.fixed_dictionaries({"text": texts}), junk
    )
    contents = st.fixed_dictionaries(
        {
            "document": st.fixed_dictionaries({"uri": uris, "version": versions}),
            "changes": st.lists(changes, max_size=2),
        }
    )
    structure = st.fixed_dictionaries(
        {
            "array": st.fixed_dictionaries({"start": numbers, "deleteCount": numbers, "cells": st.just([])}),
            "didOpen": st.lists(items, max_size=2),
            "didClose": st.lists(identifiers, max_size=2),
        }
    )
    cells = st.fixed_dictionaries({}, optional={"textContent": st.lists(contents, max_size=2), "structure": structure})
    shapes: list[st.SearchStrategy[tuple[str, Any]]] = [
        _shape("textDocument/inlineCompletion", {**places, "context": trigger}),
        _shape("textDocument/inlineCompletion", {**places, "context": trigger}),
        _shape("textDocument/completion", places),
        _shape("textDocument/hover", places),
        _shape("iquest/explainDiff", {"uri": uris, "target": st.one_of(texts, junk), "patch": _mostly(texts, junk)}),
        _shape("iquest/complete", {**places, "place": _mostly(spots, junk), "multiline": junk}),
        _shape("iquest/complete", {**places, "automatic": junk, "max_tokens": numbers, "deadline_ms": numbers}),
        _shape("iquest/context", {"textDocument": _mostly(identifiers, junk), "place": _mostly(spots, junk)}),
        _shape("iquest/context", places),
        _shape("iquest/ask", {"uri": uris, "question": _mostly(texts, junk), "position": _mostly(positions, junk)}),
        _shape("iquest/why", {"uri": uris, "line": numbers, "end_line": _mostly(numbers, junk)}),
        _shape("iquest/blame", {"uri": uris, "line": numbers}),
        _shape("iquest/sinceRelease", {"uri": uris}),
        _shape("iquest/suspects", {"uri": uris, "line": numbers}),
        _shape("iquest/suspects", {"uri": uris, "log": _mostly(texts, junk)}),
        _shape("iquest/edit", {"uri": uris, "range": _mostly(ranges, junk), "instruction": _mostly(texts, junk)}),
        _shape("iquest/impact", {"uri": uris, "line": numbers, "symbol": _mostly(texts, junk)}),
        _shape("iquest/suspects", {"uri": uris, "line": numbers, "log": _mostly(texts, junk)}),
        _shape("iquest/impact", {"uri": uris, "target": st.one_of(texts, junk), "patch": _mostly(texts, junk)}),
        _shape("workspace/executeCommand", {"command": st.text(max_size=20), "arguments": st.lists(junk, max_size=2)}),
        st.tuples(st.sampled_from(REQUESTS), junk),
    ]
    told: list[st.SearchStrategy[tuple[str, Any]]] = [
        _shape(
            "textDocument/didOpen",
            {
                "textDocument": st.fixed_dictionaries(
                    {"uri": uris, "languageId": texts, "version": versions, "text": texts}
                )
            },
        ),
        _shape(
            "textDocument/didChange",
            {
                "textDocument": st.fixed_dictionaries({"uri": uris, "version": versions}),
                "contentChanges": st.lists(changes, max_size=3),
            },
        ),
        _shape("textDocument/didClose", {"textDocument": identifiers}),
        _shape(
            "textDocument/didDismissCompletion", {"item": st.one_of(junk, st.just({"command": {"arguments": [1]}}))}
        ),
        _shape(
            "notebookDocument/didOpen",
            {"notebookDocument": books, "cellTextDocuments": st.lists(_mostly(items, junk), max_size=3)},
        ),
        _shape(
            "notebookDocument/didChange",
            {
                "notebookDocument": st.fixed_dictionaries({"uri": uris, "version": versions}),
                "change": _mostly(st.fixed_dictionaries({"cells": _mostly(cells, junk)}), junk),
            },
        ),
        _shape(
            "notebookDocument/didClose",
            {"notebookDocument": identifiers, "cellTextDocuments": st.lists(identifiers, max_size=2)},
        ),
        _shape("textDocument/didFocus", {"textDocument": identifiers}),
        st.tuples(st.just("textDocument/didShowCompletion"), shown),
        _shape("textDocument/didPartiallyAcceptCompletion", {"item": junk, "acceptedLength": numbers}),
        _shape("textDocument/didSave", {"textDocument": identifiers, "text": st.one_of(st.none(), texts)}),
        _shape("$/cancelRequest", {"id": st.one_of(ids, junk)}),
        _shape(
            "workspace/didChangeConfiguration",
            {"settings": st.fixed_dictionaries({"iquest": st.one_of(junk, st.sampled_from(configurations))})},
        ),
        _shape("workspace/didRenameFiles", {"files": st.lists(_pairs("oldUri", "newUri", uris), max_size=4)}),
        _shape("workspace/didDeleteFiles", {"files": st.lists(st.fixed_dictionaries({"uri": uris}), max_size=2)}),
        _shape(
            "workspace/didChangeWorkspaceFolders", {"event": _pairs("added", "removed", st.lists(folders, max_size=2))}
        ),
        _shape(
            "workspace/didChangeWatchedFiles",
            {"changes": st.lists(st.fixed_dictionaries({"uri": uris, "type": small}), max_size=2)},
        ),
        st.tuples(st.sampled_from(NOTIFICATIONS), junk),
    ]
    requests = st.tuples(ids, st.one_of(shapes)).map(
        lambda pair: {"jsonrpc": "2.0", "id": pair[0], "method": pair[1][0], "params": pair[1][1]}
    )
    notifications = st.one_of(told).map(lambda pair: {"jsonrpc": "2.0", "method": pair[0], "params": pair[1]})
    answers = st.tuples(ids, junk, st.sampled_from(["result", "error"])).map(
        lambda each: {"jsonrpc": "2.0", "id": each[0], each[2]: each[1]}
    )
    methods = st.one_of(junk, st.sampled_from(REQUESTS))
    broken = st.tuples(bad_ids, methods, junk, st.sampled_from(["2.0", "1.0", 2])).map(
        lambda each: {"jsonrpc": each[3], "id": each[0], "method": each[1], "params": each[2]}
    )
    both = st.tuples(ids, st.sampled_from(REQUESTS), junk).map(
        lambda each: {"jsonrpc": "2.0", "id": each[0], "method": each[1], "result": each[2], "error": each[2]}
    )
    return st.one_of(requests, requests, requests, notifications, notifications, notifications, answers, broken, both)


def wire_noise() -> st.SearchStrategy[Raw]:
    """Damage on the wire that leaves the messages after it readable."""
    body = b'{"jsonrpc":"2.0","method":"x"}'
    return st.one_of(
        st.sampled_from(
            [
                Raw(b"\r\n\r\n"),
                Raw(b"hello\r\n\r\n"),
                Raw(b"Content-Length: -5\r\n\r\n"),
                Raw(b"Content-Length: many\r\n\r\n"),
                Raw(b"Content-Type: nothing\r\n\r\n"),
                Raw(b"Content-Length: 0\r\n\r\n"),
                Raw(b"Content-Length: 2\r\n\r\n{", breaks=True),
                Raw(b"Content-Length: 9\r\n\r\nnot json!"),
                Raw(b"Content-Length: 4\r\n\r\nnull"),
                Raw(b"Content-Length: 2\r\n\r\n[]"),
                Raw(b"Content-Length: 3\r\n\r\n\xff\xfe\xfd"),
                Raw(b"Content-Length: %d\r\n\r\n%s" % (2 * 50_000, b"[" * 50_000 + b"]" * 50_000)),
                Raw(b"Content-Length: %d\r\n\r\n%s" % (len(body) - 4, body)),
                Raw(b"Content-Length: %d\r\n\r\n%s" % (len(body) + 20, body), breaks=True),
            ]
        ),
        st.binary(max_size=40).filter(lambda data: b":" not in data).map(lambda data: Raw(data + b"\r\n\r\n")),
    )


def steps(root: str) -> st.SearchStrategy[Raw | dict[str, Any]]:
    """One thing after another, as one client sends it."""
    some = messages(root)
    return st.one_of(some, some, some, some, some, some, some, some, wire_noise())


def encode(step: Raw | dict[str, Any]) -> bytes:
    """A step as it goes on the wire."""
    if isinstance(step, Raw):
        return step.data
    return frame(step)


def _mostly(usual: st.SearchStrategy[Any], odd: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(usual, usual, usual, usual, odd, st.none(), st.just("1"))


def _pairs(first: str, second: str, each: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({first: each, second: each})


def _shape(method: str, fields: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[tuple[str, Any]]:
    """A method's parameters; now and then one is missing."""
    whole = st.fixed_dictionaries(fields)
    torn = st.tuples(whole, st.sampled_from(sorted(fields)), junk, st.booleans()).map(
        lambda each: {k: v for k, v in each[0].items() if k != each[1]} | ({each[1]: each[2]} if each[3] else {})
    )
    return st.tuples(st.just(method), st.one_of(whole, whole, whole, torn))
