"""Between the protocol's types and ours: positions in the client's encoding, URIs, completions."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, TypeGuard
from urllib.parse import urlsplit

from lsprotocol import types
from lsprotocol.validators import UINTEGER_MAX_VALUE

from iquest_lsp.datatypes import Completion, Position, Span
from iquest_lsp.errors import DocumentError
from iquest_lsp.workspace.paths import path_in_uri
from iquest_lsp.workspace.positions import ChangingText, Encoding, LineIndex

#: The command of an answer that was accepted whole; its argument is the answer's number.
ACCEPTED = "iquest.accepted"
_ENCODINGS: dict[str, Encoding] = {"utf-8": "utf-8", "utf-16": "utf-16", "utf-32": "utf-32"}


def encoding_of(capabilities: types.ServerCapabilities) -> Encoding:
    """The position encoding that was agreed on at initialization."""
    value = capabilities.position_encoding
    name = value.value if isinstance(value, types.PositionEncodingKind) else str(value or "utf-16")
    return _ENCODINGS.get(name, "utf-16")


def file_of(uri: str) -> Path:
    """The file a URI names; raises DocumentError for other kinds of document."""
    try:
        path = path_in_uri(uri)
    except ValueError as error:
        raise DocumentError(f"{uri[:200]!r} is not a URI", why=str(error)) from error
    if path is not None:
        return Path(path)
    if urlsplit(uri).scheme != "file":
        raise DocumentError(f"{uri[:200]!r} is not a file", why="documents of this kind are not served")
    raise DocumentError(f"{uri[:200]!r} names no file", why="its path is not an absolute one")


def files_of(uris: Iterable[str]) -> list[Path]:
    """The files among what URIs name."""
    found = []
    for uri in uris:
        with contextlib.suppress(DocumentError):
            found.append(file_of(uri))
    return found


def uri_of(file: Path) -> str:
    """The URI of a file."""
    return file.absolute().as_uri()


def position_in(position: types.Position, lines: LineIndex, encoding: Encoding) -> Position:
    """A client's position as ours, clamped into the text."""
    return lines.from_editor(Position(position.line, position.character), encoding)


def place_in(given: object, lines: LineIndex, encoding: Encoding) -> Position | None:
    """A position in a message that the protocol has no type for; None for anything else."""
    place = given if isinstance(given, dict) else {}
    line, character = place.get("line"), place.get("character")
    if not is_count(line) or not is_count(character):
        return None
    return lines.from_editor(Position(line, character), encoding)


def is_count(number: object) -> TypeGuard[int]:
    """Whether a message's value is what the protocol calls an unsigned integer: 0 to 2**31 - 1."""
    return isinstance(number, int) and not isinstance(number, bool) and 0 <= number <= UINTEGER_MAX_VALUE


def number_of(item: object) -> int | None:
    """The number of an answer or a suggestion in an item as it was sent: the argument of its command."""
    command = item.get("command") if isinstance(item, dict) else None
    arguments = command.get("arguments") if isinstance(command, dict) else None
    first = arguments[0] if isinstance(arguments, list) and arguments else None
    return first if is_count(first) else None


def span_in(range_: types.Range, lines: LineIndex, encoding: Encoding) -> Span:
    """A client's range as ours."""
    return Span(position_in(range_.start, lines, encoding), position_in(range_.end, lines, encoding))


def changes_in(
    given: Sequence[types.TextDocumentContentChangeEvent], lines: LineIndex, encoding: Encoding
) -> list[tuple[Span | None, str]]:
    """A client's changes as ours. Each refers to the text that the one before left, so of several the outcome is told:
    an editor that sets a file in order, or has many cursors, may send thousands."""
    if len(given) == 1 and isinstance(given[0], types.TextDocumentContentChangePartial):
        return [(span_in(given[0].range, lines, encoding), given[0].text)]
    draft = ChangingText(lines)
    for change in given:
        if isinstance(change, types.TextDocumentContentChangePartial):
            start, end = (Position(place.line, place.character) for place in (change.range.start, change.range.end))
            draft.replace(start, end, change.text, encoding)
        else:
            draft = ChangingText(LineIndex(change.text))
    return [(None, draft.text)]


def range_out(span: Span, lines: LineIndex, encoding: Encoding) -> types.Range:
    """Our span as the client's range."""
    start, end = lines.to_editor(span.start, encoding), lines.to_editor(span.end, encoding)
    return types.Range(types.Position(start.line, start.character), types.Position(end.line, end.character))


def inline_item(completion: Completion, lines: LineIndex, encoding: Encoding) -> types.InlineCompletionItem:
    """A completion as ghost text; what the editor runs when it is accepted tells us so."""
    start, end = completion.span.start, completion.span.end
    replaced = lines.text[lines.offset(start) : lines.offset(end)]
    # Clients show what goes on from the text it replaces; less indentation is no such thing unless they are told.
    surplus = not replaced.strip() and not completion.text.startswith(replaced)
    return types.InlineCompletionItem(
        insert_text=completion.text,
        filter_text=replaced + completion.text.lstrip(" \t") if surplus else None,
        range=range_out(completion.span, lines, encoding),
        command=_accepted(completion),
    )


def _accepted(completion: Completion) -> types.Command:
    return types.Command("Count the accepted suggestion", ACCEPTED, arguments=[completion.number])


def with_documentation(item: types.CompletionItem) -> types.CompletionItem:
    """A list item with the whole of its text to look at."""
    edit = item.text_edit
    text = edit.new_text if edit is not None else item.insert_text or item.label
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    item.documentation = types.MarkupContent(types.MarkupKind.Markdown, f"{fence}\n{text}\n{fence}")
    return item


def list_item(
    completion: Completion, typed: str, lines: LineIndex, encoding: Encoding, detail: str
) -> types.CompletionItem:
    """A completion for the ordinary completion list.

    `typed` is the half word before the cursor: the item replaces it, so that clients which filter by what is
    already typed keep it.
    """
    start = Position(completion.span.start.line, completion.span.start.character - len(typed))
    text = typed + completion.text
    replaced = lines.text[lines.offset(start) : lines.offset(completion.span.end)]
    fits = text if text.startswith(replaced) or replaced.strip() else replaced + text.lstrip(" \t")
    first = text.strip().partition("\n")[0]
    return types.CompletionItem(
        label=first if len(first) <= 80 else first[:79] + "…",
        kind=types.CompletionItemKind.Snippet if "\n" in text else types.CompletionItemKind.Text,
        detail=detail,
        filter_text=fits,
        sort_text="!",  # before letters and digits; a NUL would do so too, and Emacs refuses to read it
        insert_text_format=types.InsertTextFormat.PlainText,
        text_edit=types.TextEdit(range_out(Span(start, completion.span.end), lines, encoding), text),
        command=_accepted(completion),
    )


def plain(value: Any) -> dict[str, object]:
    """A JSON object the protocol has no type for, as a dictionary again; pygls makes simple objects of them."""
    found = _plain_value(value)
    return found if isinstance(found, dict) else {}


def announced(experimental: Any) -> dict[str, object]:
    """What a client says of itself in `experimental.iquest` of its capabilities; empty where it says nothing."""
    ours = plain(experimental).get("iquest")
    return ours if isinstance(ours, dict) else {}


def _plain_value(value: Any) -> object:
    if isinstance(value, dict):
        return {str(key): _plain_value(item) for key, item in value.items()}
    if hasattr(value, "_asdict"):
        return {key: _plain_value(item) for key, item in value._asdict().items()}
    if isinstance(value, list | tuple):
        return [_plain_value(item) for item in value]
    if hasattr(value, "__dict__"):
        return {key: _plain_value(item) for key, item in vars(value).items()}
    return value
