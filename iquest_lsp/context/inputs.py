"""What a window is made of besides the snapshot; lookups of other rooms come in as functions."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Protocol

from iquest_lsp.context.index import FileEntry, WorkspaceIndex
from iquest_lsp.context.layout import clean
from iquest_lsp.datatypes import Document, FlowRecord, RecentEdit, Snapshot
from iquest_lsp.dropped import DropReason

_MAX_CHARACTERS = 8_000_000


class Shown(Protocol):
    """The file at the cursor as it may be shown; a `reason` says that it may not."""

    @property
    def text(self) -> str: ...

    @property
    def reason(self) -> DropReason | None: ...


class Purpose(Enum):
    """What a window is made for: an answer now, an idle moment in which it may be brought up to date, or a look."""

    ANSWER = "answer"
    REFRESH = "refresh"
    LOOK = "look"


@dataclass(frozen=True, slots=True)
class _AsIs:
    text: str
    reason: DropReason | None = None


@dataclass(frozen=True, slots=True)
class WindowInputs:
    """See the module's docstring. The defaults are those of a file by itself.

    `read`: text of an admitted file, "" when there is none. `current`: the file at the cursor as it may be shown,
    with as many lines as the document has. `open_reason`: why an open buffer may not be shown, None when it may.
    `is_secret`: whether a piece of history or of an edit holds a secret. `flow`: records about the files at hand.
    `edits`: work in progress, any file. `cochange`: confidence 0..1 by path that a file changes with the one at the
    cursor. `notebook`: the notebook whose cell a path names, "" for a file. `notes`: what other
    tools say of lines near the cursor, one line of text each.
    """

    index: WorkspaceIndex = field(default_factory=WorkspaceIndex)
    read: Callable[[str], str] = lambda path: ""
    current: Callable[[Document], Shown] = lambda document: _AsIs(document.text)
    open_reason: Callable[[Document], DropReason | None] = lambda document: None
    is_secret: Callable[[str], bool] = lambda text: False
    repository: str = ""
    flow: Sequence[FlowRecord] = ()
    edits: Sequence[RecentEdit] = ()
    cochange: Mapping[str, float] = field(default_factory=dict)
    notes: Sequence[str] = ()
    notebook: Callable[[str], str] = lambda path: ""

    def records(self) -> list[FlowRecord]:
        """Flow records without secrets, and without the names of files that may not be shown."""
        return [
            replace(record, paths=tuple(path for path in record.paths if not self.index.refusal(path)))
            for record in self.flow
            if not self.is_secret("\n".join((record.subject, record.rationale, *record.paths)))
        ]

    def may_show(self, path: str, snapshot: Snapshot) -> bool:
        """Whether pieces of a file may (still) be shown: it is admitted, or gone, or an open buffer that may be."""
        for document in snapshot.open_documents:
            if document.path == path:
                return not self.open_reason(document)
        return self.index.entry(path) is not None or self.index.is_gone(path)

    def others(self, snapshot: Snapshot) -> list[Document]:
        """Open buffers besides the current file that may be shown."""
        path = snapshot.document.path
        return [item for item in snapshot.open_documents if item.path != path and not self.open_reason(item)]


class TextCache:
    """Texts of admitted files, read again when the index has seen the file anew; bounded."""

    def __init__(self, *, max_characters: int = _MAX_CHARACTERS) -> None:
        self._max_characters = max_characters
        self._held = 0
        self._texts: OrderedDict[str, tuple[FileEntry, str]] = OrderedDict()

    def read(self, path: str, sources: WindowInputs) -> str:
        """Text of an admitted file with line ends "\\n"; "" for one the index does not have."""
        entry = sources.index.entry(path)
        if entry is None:
            return ""
        known = self._texts.get(path)
        if known is not None and known[0] is entry:
            self._texts.move_to_end(path)
            return known[1]
        text = clean(sources.read(path))
        if known is not None:
            self._held -= len(known[1])
        self._texts[path] = (entry, text)
        self._held += len(text)
        while self._held > self._max_characters and len(self._texts) > 1:
            _, (_, old) = self._texts.popitem(last=False)
            self._held -= len(old)
        return text

    def whole(self, path: str, snapshot: Snapshot, sources: WindowInputs) -> str:
        """Text of a file as the user sees it: the open buffer, else the admitted file; "" when it may not be shown."""
        for document in snapshot.open_documents:
            if document.path == path:
                return "" if sources.open_reason(document) else clean(document.text)
        return self.read(path, sources)
