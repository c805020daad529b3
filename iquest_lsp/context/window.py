"""Assembles the window so that a keystroke changes nothing but its end.

The head (repository, tree, history, related and open files) is planned once and then frozen: what changes later is
appended behind it (a file the user left, new history) or told as a recent edit, and only at a moment when what comes
after must be evaluated anew in any case: another file, another span of this one, or an idle moment (`refresh`). A
new plan keeps the order of what stays. What may no longer be shown leaves at once, whatever it costs.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from iquest_lsp.context.budget import Candidate, Shares, by_value, choose, joined
from iquest_lsp.context.edits import changed_spans, widened
from iquest_lsp.context.index import WorkspaceIndex
from iquest_lsp.context.layout import Anchor, Cut, clean, cut, history_text, tree_text
from iquest_lsp.context.prompt import HISTORY_PATH, TREE_PATH, PromptFormat
from iquest_lsp.context.ranking import related
from iquest_lsp.context.tokens import Encoder, TokenCache
from iquest_lsp.datatypes import (
    Chunk,
    ChunkKind,
    ContextWindow,
    Document,
    Dropped,
    FlowRecord,
    Part,
    Position,
    RecentEdit,
    Snapshot,
)

_MIDDLE_LINES = 12
_MAX_DROPPED = 500
#: Requests after which edits are renewed even if nobody calls for a refresh.
_PATIENCE = 64
#: An idle refresh plans anew when so much of the head, by tokens, should change.
_DRIFT = 0.2
_KEPT_BONUS = 1.5


class Shown(Protocol):
    """The file at the cursor as it may be shown; a `reason` says that it may not."""

    @property
    def text(self) -> str: ...

    @property
    def reason(self) -> str: ...


@dataclass(frozen=True, slots=True)
class _AsIs:
    text: str
    reason: str = ""


def _show_as_is(document: Document) -> Shown:
    return _AsIs(document.text)


@dataclass(frozen=True, slots=True)
class Sources:
    """What the window is made of besides the snapshot; lookups of other rooms come in as functions.

    `read`: text of an admitted file, "" when there is none. `current`: the file at the cursor as it may be shown,
    with as many lines as the document has. `open_reason`: why an open buffer may not be shown, "" when it may.
    `is_secret`: whether a piece of history holds one. `flow`: records about the files at hand. `edits`: work in
    progress, any file. `cochange`: confidence 0..1 by path that a file changes with the one at the cursor.
    """

    index: WorkspaceIndex = field(default_factory=WorkspaceIndex)
    read: Callable[[str], str] = lambda path: ""
    current: Callable[[Document], Shown] = _show_as_is
    open_reason: Callable[[Document], str] = lambda document: ""
    is_secret: Callable[[str], bool] = lambda text: False
    repository: str = ""
    flow: Sequence[FlowRecord] = ()
    edits: Sequence[RecentEdit] = ()
    cochange: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Block:
    """A chunk with its ids, header included."""

    chunk: Chunk
    ids: array[int]


@dataclass(slots=True)
class _Plan:
    """The frozen part of the window. `texts` holds, by path, the whole text its blocks were cut from."""

    intro: array[int]
    head: list[_Block] = field(default_factory=list)
    appended: list[_Block] = field(default_factory=list)
    edits: list[_Block] = field(default_factory=list)
    dropped: list[Dropped] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    told: set[str] = field(default_factory=set)
    tree: frozenset[str] = frozenset()

    @property
    def blocks(self) -> list[_Block]:
        return [*self.head, *self.appended, *self.edits]


class WindowAssembler:
    """Makes the windows of one workspace for one model, one at a time; keeps what makes them stable.

    `special_tokens` maps the text of the model's control tokens to ids. `current_tokens` is the current file's share
    (0: the default).
    """

    def __init__(
        self,
        encode: Encoder,
        prompt_format: PromptFormat,
        special_tokens: Mapping[str, int],
        budget: int,
        *,
        current_tokens: int = 0,
    ) -> None:
        self.format = prompt_format
        self.shares = Shares.of(budget, current_tokens)
        self._special = special_tokens
        self._cache = TokenCache(encode)
        self._plan: _Plan | None = None
        self._anchor: Anchor | None = None
        self._last: tuple[str, str] = ("", "")  # path and the part of the current file that a keystroke leaves alone
        self._since_edits = 0
        self._index_version = -1
        self._stable: array[int] | None = None
        # Characters a token; measured anew with each plan only, or the limits would move while one types.
        self._density = self._cache.characters_per_token

    def assemble(self, snapshot: Snapshot, sources: Sources, *, refresh: bool = False) -> ContextWindow:
        """The window for a snapshot. With `refresh` (when idle) the head may be brought up to date.

        A current file that may not be shown gives a window without tokens, with the reason among the dropped.
        """
        shown = sources.current(snapshot.document)
        path = snapshot.document.path
        if shown.reason:
            return ContextWindow(self.shares.budget, (), (Dropped(path, shown.reason),), (), 0)
        lines = clean(shown.text).split("\n")
        cursor = _in_lines(snapshot, lines)
        made = self._cut(path, lines, cursor, 1.0)
        moved = self._last != (path, made.text.suffix) or made.anchor != self._anchor
        switched = self._plan is not None and self._last[0] != path
        plan = self._renew(snapshot, sources, made, refresh=refresh, moved=moved, switched=switched)
        made = self._cut(path, lines, cursor, 1.0)  # again: a new plan has measured the tokenizer
        current, ids = self._fit(path, lines, cursor, made)
        room = self.shares.budget - len(ids)
        self._shrink(plan, room)
        self._anchor, self._last = current.anchor, (path, current.text.suffix)
        if self._stable is None:
            self._stable = array("i", plan.intro)
            for block in plan.blocks:
                self._stable += block.ids
        text = "\n".join(lines[current.start : current.end])
        reason = "the file at the cursor"
        last = Chunk(ChunkKind.CURRENT, path, current.start, current.end, text, len(ids), 0.0, reason)
        chunks = (*(block.chunk for block in plan.blocks), last)
        dropped = (*plan.dropped, *sources.index.dropped)[:_MAX_DROPPED]
        return ContextWindow(self.shares.budget, chunks, dropped, tuple(self._stable + ids), len(self._stable))

    # ------------------------------------------------------------------------------------ the current file

    def _cut(self, path: str, lines: Sequence[str], cursor: Position, scale: float) -> Cut:
        characters = int(self.shares.current * self._density * 0.85 * scale)
        tokens = self.format.tokens
        prefix_first = tokens is not None and self.format.order == "psm"
        return cut(
            path,
            lines,
            cursor,
            prefix_characters=max(characters * 3 // 4, 1),
            suffix_characters=characters // 4,
            anchor=self._anchor,
            middle_lines=_MIDDLE_LINES if prefix_first else 0,
            keep_tail=tokens is None or bool(tokens.tail),
        )

    def _fit(self, path: str, lines: Sequence[str], cursor: Position, made: Cut) -> tuple[Cut, array[int]]:
        """Ids of the current file; cut again, smaller, where the estimate of its tokens was too low."""
        ids = self._join(self.format.current(made.text))
        scale = 1.0
        while len(ids) > self.shares.current and scale > 0.001:
            scale *= 0.9 * self.shares.current / len(ids)
            made = self._cut(path, lines, cursor, scale)
            ids = self._join(self.format.current(made.text))
        return made, ids[-self.shares.budget :]

    # ------------------------------------------------------------------------------------------- the head

    def _renew(
        self, snapshot: Snapshot, sources: Sources, made: Cut, *, refresh: bool, moved: bool, switched: bool
    ) -> _Plan:
        """The plan for this request: the old one where it still holds, with what the moment allows to change."""
        plan = self._plan
        if plan is not None and sources.index.version != self._index_version:
            self._index_version = sources.index.version
            self._forbid(plan, sources)
        if plan is None or (refresh and self._has_drifted(plan, snapshot, sources)):
            self._index_version = sources.index.version
            plan = self._plan = self._plan_head(snapshot, sources, plan)
            self._stable = None
            moved = True
        elif switched:
            self._append_left_file(plan, snapshot, sources)
            self._append_related(plan, snapshot, sources)
        self._since_edits += 1
        if moved or refresh or switched or self._since_edits >= _PATIENCE:
            self._since_edits = 0
            self._append_history(plan, sources)
            self._renew_edits(plan, snapshot, sources, made)
        return plan

    def _forbid(self, plan: _Plan, sources: Sources) -> None:
        """Takes out what the index has come to refuse."""
        for blocks in (plan.head, plan.appended, plan.edits):
            kept = [block for block in blocks if not sources.index.refusal(block.chunk.path)]
            if len(kept) != len(blocks):
                blocks[:] = kept
                self._stable = None
        if any(sources.index.refusal(path) for path in plan.tree):
            self._replace_tree(plan, sources)

    def _replace_tree(self, plan: _Plan, sources: Sources) -> None:
        plan.tree = frozenset(sources.index.paths)
        block = self._tree(sources)
        rest = [item for item in plan.head if item.chunk.kind is not ChunkKind.TREE]
        plan.head[:] = [*([block] if block else []), *rest]
        self._stable = None

    def _has_drifted(self, plan: _Plan, snapshot: Snapshot, sources: Sources) -> bool:
        """Whether a new plan would change enough of the head to be worth evaluating it anew."""
        if len(plan.appended) and sum(len(block.ids) for block in plan.appended) > self.shares.appended * 3 // 4:
            return True
        candidates = self._candidates(snapshot, sources, plan)
        costs = {item.key: self._cache.estimate(item.text) + 12 for item in candidates}
        wanted, _ = choose(by_value(candidates, costs), costs, self.shares.head - self.shares.tree - self.shares.flow)
        missing = sum(costs[item.key] for item in wanted if not _is_shown(plan, item.path, item.text))
        total = sum(len(block.ids) for block in plan.head) + 1
        grown = len(plan.tree.symmetric_difference(sources.index.paths)) > max(len(plan.tree) // 20, 20)
        return missing > _DRIFT * max(total, 256) or grown

    def _plan_head(self, snapshot: Snapshot, sources: Sources, old: _Plan | None) -> _Plan:
        intro = self._join(self.format.repository(sources.repository)) if sources.repository else array("i")
        plan = _Plan(intro, tree=frozenset(sources.index.paths))
        tree = self._tree(sources)
        records = [record for record in sources.flow if not _speaks_of_secret(record, sources)]
        history = self._history(records, self.shares.flow)
        plan.told = {record.commit for record in records}
        plan.head = [block for block in (tree, history) if block is not None]
        room = self.shares.head - len(intro) - sum(len(block.ids) for block in plan.head)
        candidates = self._candidates(snapshot, sources, old)
        guesses = {item.key: self._cache.estimate(item.text) + 12 for item in candidates}
        likely, _ = choose(by_value(candidates, guesses), guesses, int(room * 1.1))
        blocks = dict(zip((item.key for item in likely), self._related_blocks(likely), strict=True))
        costs = {key: len(block.ids) for key, block in blocks.items()}
        kept, over = choose(by_value(likely, costs), costs, room)
        left = [item for item in candidates if item.key not in blocks]
        plan.dropped = over + [Dropped(item.path, f"over the budget ({item.reason})") for item in left]
        plan.head += self._related_blocks(_in_layout_order(joined(kept), old))
        for item in kept:
            plan.texts.setdefault(item.path, _whole_text(item.path, snapshot, sources))
        self._density = self._cache.characters_per_token
        return plan

    def _candidates(self, snapshot: Snapshot, sources: Sources, old: _Plan | None) -> list[Candidate]:
        others = [
            document
            for document in snapshot.open_documents
            if document.path != snapshot.document.path and not sources.open_reason(document)
        ]
        offset = sum(len(line) + 1 for line in snapshot.document.text.split("\n", snapshot.cursor.line)[:-1])
        found = related(
            snapshot.document, offset, sources.index, others, sources.cochange, sources.read,
            max_characters=int(self.shares.head * self._cache.characters_per_token),
        )  # fmt: skip
        if old is None:
            return found
        # What is there already is worth more: it costs nothing to keep.
        return [
            replace(item, score=item.score * _KEPT_BONUS) if _is_shown(old, item.path, item.text) else item
            for item in found
        ]

    def _related_blocks(self, items: Sequence[Candidate]) -> list[_Block]:
        kinds = [ChunkKind.OPEN if item.is_open else ChunkKind.RELATED for item in items]
        return self._blocks(
            [Chunk(kind, item.path, item.start, item.end, item.text, 0, item.score, item.reason)
             for kind, item in zip(kinds, items, strict=True)]
        )  # fmt: skip

    def _tree(self, sources: Sources) -> _Block | None:
        limit = int(self.shares.tree * self._cache.characters_per_token * 0.8)
        text = tree_text(sources.index.paths, limit)
        if not text:
            return None
        return self._blocks([Chunk(ChunkKind.TREE, TREE_PATH, 0, 0, text, 0, 0.0, "the project's files")])[0]

    def _history(self, records: Sequence[FlowRecord], room: int) -> _Block | None:
        best = sorted(records, key=lambda item: (-item.score, item.commit))
        while best:
            reason = "what the history says of the files at hand"
            chunk = Chunk(ChunkKind.FLOW, HISTORY_PATH, 0, 0, history_text(best), 0, best[0].score, reason)
            block = self._blocks([chunk])[0]
            if len(block.ids) <= room:
                return block
            best = best[: len(best) * room // len(block.ids)]
        return None

    # ------------------------------------------------------------------------------- what comes after the head

    def _append_left_file(self, plan: _Plan, snapshot: Snapshot, sources: Sources) -> None:
        """Keeps the file the user has just left in sight, around the place where the cursor was."""
        left = next((item for item in snapshot.open_documents if item.path == self._last[0]), None)
        if left is None or self._anchor is None or sources.open_reason(left):
            return
        if any(block.chunk.path == left.path for block in plan.appended):
            return  # what changed in it since is told as an edit
        lines = clean(left.text).split("\n")
        limit = int(self.shares.appended * self._cache.characters_per_token * 0.4)
        row = min(self._anchor.head, len(lines) - 1)
        first = last = row
        used = len(lines[row]) + 1
        while used < limit and (first > 0 or last + 1 < len(lines)):
            if first > 0:
                first -= 1
                used += len(lines[first]) + 1
            if last + 1 < len(lines):
                last += 1
                used += len(lines[last]) + 1
        text = "\n".join(lines[first : last + 1]).strip("\n") + "\n"
        if used > 2 * limit or not text.strip() or _is_shown(plan, left.path, text):
            return
        chunk = Chunk(ChunkKind.OPEN, left.path, first, last + 1, text, 0, 1.0, "left a moment ago")
        self._append(plan, self._blocks([chunk]))
        plan.texts.setdefault(left.path, clean(left.text))

    def _append_related(self, plan: _Plan, snapshot: Snapshot, sources: Sources) -> None:
        """What the file now at the cursor refers to and the window does not show yet."""
        limit = self.shares.appended // 3
        others = [item for item in snapshot.open_documents if not sources.open_reason(item)]
        offset = sum(len(line) + 1 for line in snapshot.document.text.split("\n", snapshot.cursor.line)[:-1])
        found = related(
            snapshot.document, offset, sources.index, others, sources.cochange, sources.read,
            max_characters=int(limit * self._cache.characters_per_token),
        )  # fmt: skip
        new = [item for item in found if item.score >= 1.0 and not _is_shown(plan, item.path, item.text)]
        costs = {item.key: self._cache.estimate(item.text) + 12 for item in new}
        kept, _ = choose(by_value(new, costs), costs, limit)
        if kept:
            self._append(plan, self._related_blocks(_in_layout_order(joined(kept), None)))
            for item in kept:
                plan.texts.setdefault(item.path, _whole_text(item.path, snapshot, sources))

    def _append_history(self, plan: _Plan, sources: Sources) -> None:
        new = [item for item in sources.flow if item.commit not in plan.told and not _speaks_of_secret(item, sources)]
        block = self._history(new, self.shares.flow) if new else None
        plan.told.update(item.commit for item in new)
        if block is not None:
            self._append(plan, [block])

    def _append(self, plan: _Plan, blocks: Sequence[_Block]) -> None:
        plan.appended += blocks
        while plan.appended and sum(len(block.ids) for block in plan.appended) > self.shares.appended:
            old = plan.appended.pop(0)
            plan.dropped.append(Dropped(old.chunk.path, "over the budget: its place was needed for something newer"))
        self._stable = None

    def _renew_edits(self, plan: _Plan, snapshot: Snapshot, sources: Sources, made: Cut) -> None:
        """Recent edits, oldest first: those told, and what has changed in files the head shows as they were."""
        texts: dict[str, str] = {}
        edits: list[RecentEdit] = []
        for edit in sources.edits:
            if edit.path not in texts:
                texts[edit.path] = _whole_text(edit.path, snapshot, sources)
            wider = widened(edit, texts[edit.path])
            if not sources.is_secret(wider.text):
                edits.append(wider)
        for document in snapshot.open_documents:
            old = plan.texts.get(document.path)
            if old is not None and not sources.open_reason(document):
                edits += changed_spans(document.path, old, clean(document.text), document.edited_at)
        wanted: dict[str, RecentEdit] = {}
        for edit in sorted(edits, key=lambda item: (item.at, item.path, item.start)):
            text = clean(edit.text).strip("\n") + "\n"
            here = edit.path == snapshot.document.path and edit.start < made.end and made.start < edit.end
            # Only what the index has admitted: a file it does not know may be anything.
            if not text.strip() or here or sources.index.entry(edit.path) is None:
                continue
            if not _is_shown(plan, edit.path, text):
                wanted[f"{edit.path}\0{text}"] = edit
        chunks = [
            Chunk(ChunkKind.EDIT, edit.path, edit.start, edit.end, key.partition("\0")[2], 0, 1.0, "changed lately")
            for key, edit in wanted.items()
        ]
        blocks = self._blocks(chunks)
        # The newest are kept; those already there keep their order.
        room, kept = self.shares.edits, []
        for block in reversed(blocks):
            if len(block.ids) <= room:
                room -= len(block.ids)
                kept.append(block)
        present = {block.chunk.text: at for at, block in enumerate(plan.edits)}
        order = list(enumerate(reversed(kept)))
        order.sort(key=lambda item: (present.get(item[1].chunk.text, len(present)), item[0]))
        new = [block for _, block in order]
        if [block.ids for block in new] != [block.ids for block in plan.edits]:
            plan.edits = new
            self._stable = None

    def _shrink(self, plan: _Plan, room: int) -> None:
        """Makes the window fit whatever the shares say: edits go first, then what was appended, then the head's end."""
        used = len(plan.intro) + sum(len(block.ids) for block in plan.blocks)
        while used > room:
            for blocks in (plan.edits, plan.appended, plan.head):
                if blocks:
                    gone = blocks.pop()
                    break
            else:
                plan.intro = array("i")
                self._stable = None
                return
            used -= len(gone.ids)
            plan.dropped.append(Dropped(gone.chunk.path, f"over the budget ({gone.chunk.reason})"))
            self._stable = None

    # ------------------------------------------------------------------------------------------------ tokens

    def _blocks(self, chunks: Sequence[Chunk]) -> list[_Block]:
        """Chunks with their ids, asked for in one batch."""
        parts = [self.format.chunk(chunk.kind, chunk.path, chunk.text) for chunk in chunks]
        self._cache.ids([part.text for each in parts for part in each if not part.special])
        blocks = []
        for chunk, each in zip(chunks, parts, strict=True):
            ids = self._join(each)
            counted = Chunk(chunk.kind, chunk.path, chunk.start, chunk.end, chunk.text, len(ids), chunk.score,
                            chunk.reason)  # fmt: skip
            blocks.append(_Block(counted, ids))
        return blocks

    def _join(self, parts: Sequence[Part]) -> array[int]:
        plain = iter(self._cache.ids([part.text for part in parts if not part.special]))
        ids = array("i")
        for part in parts:
            if part.special:
                ids.append(self._special[part.text])
            else:
                ids += next(plain)
        return ids


def assemble(
    snapshot: Snapshot,
    sources: Sources,
    tokenizer: Encoder,
    prompt_format: PromptFormat,
    budget: int,
    *,
    special_tokens: Mapping[str, int],
    current_tokens: int = 0,
) -> ContextWindow:
    """One window by itself, as `iquest-lsp context` shows it; editing sessions keep a WindowAssembler."""
    maker = WindowAssembler(tokenizer, prompt_format, special_tokens, budget, current_tokens=current_tokens)
    return maker.assemble(snapshot, sources)


def _in_lines(snapshot: Snapshot, lines: Sequence[str]) -> Position:
    row = min(max(snapshot.cursor.line, 0), len(lines) - 1)
    return Position(row, min(max(snapshot.cursor.character, 0), len(lines[row])))


def _is_shown(plan: _Plan, path: str, text: str) -> bool:
    return any(block.chunk.path == path and text in block.chunk.text for block in (*plan.head, *plan.appended))


def _speaks_of_secret(record: FlowRecord, sources: Sources) -> bool:
    return sources.is_secret("\n".join((record.subject, record.rationale, *record.paths)))


def _whole_text(path: str, snapshot: Snapshot, sources: Sources) -> str:
    for document in snapshot.open_documents:
        if document.path == path:
            return clean(document.text)
    return sources.read(path)


def _in_layout_order(items: Sequence[Candidate], old: _Plan | None) -> list[Candidate]:
    """Related files by rising worth, then open ones, least recently edited first; what was there keeps its place.

    Pieces of one file stay together, in the file's order.
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
