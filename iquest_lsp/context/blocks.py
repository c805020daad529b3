"""Chunks with their token ids, and the plan that keeps them in order."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from iquest_lsp.context.budget import Candidate
from iquest_lsp.context.prompt import PromptFormat
from iquest_lsp.context.tokens import TokenCache
from iquest_lsp.datatypes import Chunk, ChunkKind, Part
from iquest_lsp.dropped import Dropped, DropReason
from iquest_lsp.token_ids import TokenIds

_MAX_DROPPED = 500


@dataclass(frozen=True, slots=True)
class Block:
    """A chunk with its ids, header included."""

    chunk: Chunk
    ids: array[int]

    def __len__(self) -> int:
        return len(self.ids)


class BlockWriter:
    """Writes chunks and other parts as ids, in one model's format."""

    def __init__(self, prompt_format: PromptFormat, special_tokens: Mapping[str, int], cache: TokenCache) -> None:
        self.format = prompt_format
        self.cache = cache
        self._special = special_tokens

    def blocks(self, chunks: Sequence[Chunk]) -> list[Block]:
        """Chunks with their ids and true costs, asked for in one batch."""
        parts = [self.format.chunk(chunk.kind, chunk.path, chunk.text) for chunk in chunks]
        self.cache.ids([part.text for each in parts for part in each if not part.special])
        made = []
        for chunk, each in zip(chunks, parts, strict=True):
            ids = self.join(each)
            made.append(Block(replace(chunk, tokens=len(ids)), ids))
        return made

    def candidates(self, items: Sequence[Candidate]) -> list[Block]:
        """Pieces of related and open files as blocks."""
        return self.blocks(
            [
                Chunk(
                    ChunkKind.OPEN if item.is_open else ChunkKind.RELATED,
                    item.path,
                    item.start,
                    item.end,
                    item.text,
                    0,
                    item.score,
                    item.reason,
                )
                for item in items
            ]
        )

    def join(self, parts: Sequence[Part]) -> array[int]:
        """Ids of parts, control tokens by their number."""
        plain = iter(self.cache.ids([part.text for part in parts if not part.special]))
        ids = array("i")
        for part in parts:
            if part.special:
                ids.append(self._special[part.text])
            else:
                ids += next(plain)
        return ids


@dataclass(slots=True)
class WindowPlan:
    """The part of the window before the current file, in prompt order.

    `texts` holds, by path, the whole text that a file's blocks were cut from; `told` are the commits told of; `tree`
    are the paths of the tree. After a change of the lists, `changed` is to be called.
    """

    intro: array[int]
    head: list[Block] = field(default_factory=list)
    appended: list[Block] = field(default_factory=list)
    edits: list[Block] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    tree: frozenset[str] = frozenset()
    _ids: TokenIds | None = None
    _shown: dict[str, list[str]] | None = None

    @property
    def blocks(self) -> list[Block]:
        """All blocks, in prompt order."""
        return [*self.head, *self.appended, *self.edits]

    @property
    def ids(self) -> TokenIds:
        """Ids of everything, in prompt order."""
        if self._ids is None:
            joined = array("i", self.intro)
            for block in self.blocks:
                joined += block.ids
            self._ids = TokenIds.of_bytes(joined.tobytes())
        return self._ids

    @property
    def appended_tokens(self) -> int:
        """What was appended since the head was planned, in tokens."""
        return sum(map(len, self.appended))

    def shows(self, path: str, text: str) -> bool:
        """Whether the head, or what was appended to it, has this text of the file."""
        if self._shown is None:
            self._shown = {}
            for block in (*self.head, *self.appended):
                self._shown.setdefault(block.chunk.path, []).append(block.chunk.text)
        return any(text in shown for shown in self._shown.get(path, ()))

    def first(self, kind: ChunkKind) -> Block | None:
        """The head's first block of a kind."""
        return next((block for block in self.head if block.chunk.kind is kind), None)

    def changed(self) -> None:
        """Forgets what was made from the lists."""
        self._ids = self._shown = None

    def copy(self) -> WindowPlan:
        """A plan that can be changed without changing this one."""
        return replace(
            self,
            head=[*self.head],
            appended=[*self.appended],
            edits=[*self.edits],
            dropped=[*self.dropped],
            texts=dict(self.texts),
            told=set(self.told),
            _shown=None,
        )

    def drop(self, block: Block, reason: DropReason) -> None:
        """Notes why a block that was in the window is no longer."""
        self.dropped.append(Dropped(block.chunk.path, reason))
        del self.dropped[:-_MAX_DROPPED]


def in_layout_order(items: Sequence[Candidate], old: WindowPlan | None = None) -> list[Candidate]:
    """Related files by rising worth, then open ones, least recently edited first; what was there keeps its place.

    Pieces of one file stay together, in the file's order. When less than half, by length, was there before, nothing
    is gained by keeping places, and all are put in order anew.
    """
    best: dict[str, float] = {}
    for item in items:
        best[item.path] = max(best.get(item.path, 0.0), item.score)

    def fresh(item: Candidate) -> tuple[bool, float, float, str, int]:
        return (item.is_open, item.edited_at, best[item.path], item.path, item.start)

    places: dict[tuple[str, int, str], int] = {}
    if old is not None:
        for at, block in enumerate((*old.head, *old.appended)):
            places[block.chunk.path, block.chunk.start, block.chunk.text] = at
    stayed = [item for item in items if item.key in places]
    if 2 * sum(len(item.text) for item in stayed) < sum(len(item.text) for item in items):
        return sorted(items, key=fresh)
    stayed.sort(key=lambda item: places[item.key])
    return stayed + sorted((item for item in items if item.key not in places), key=fresh)
