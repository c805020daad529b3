"""Assembles the window so that a keystroke changes nothing but its end.

The head (repository, tree, history, related and open files) is planned once and then frozen: what changes later is
appended behind it (a file the user left, what a file refers to, new history) or told as a recent edit, and only at a
moment when what comes after must be evaluated anew in any case: another file, another span of this one, or an idle
moment (`refresh`). A new plan keeps the order of what stays. What may no longer be shown leaves at once, whatever it
costs.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from iquest_lsp.context.blocks import Block, BlockWriter, WindowPlan, in_layout_order
from iquest_lsp.context.budget import Candidate, Shares, by_value, choose, joined
from iquest_lsp.context.edits import changed_spans, widened
from iquest_lsp.context.head import HeadPlanner
from iquest_lsp.context.index import WorkspaceIndex
from iquest_lsp.context.inputs import TextCache, WindowInputs
from iquest_lsp.context.layout import CutFile, SpanAnchor, around, clean, cut
from iquest_lsp.context.prompt import NOTES_PATH, PromptFormat
from iquest_lsp.context.tokens import MAX_TOKENS, Encoder, TokenCache
from iquest_lsp.datatypes import (
    Chunk,
    ChunkKind,
    ContextWindow,
    Position,
    RecentEdit,
    Snapshot,
)
from iquest_lsp.dropped import DropKind, Dropped, DropReason
from iquest_lsp.token_ids import TokenIds

#: Ids are kept of so many windows' worth of texts: every key makes some that never come again.
_WINDOWS_CACHED = 32
_MIDDLE_LINES = 12
_MAX_DROPPED = 500
#: Requests after which edits are renewed even if nobody calls for a refresh.
_PATIENCE = 64
#: An idle refresh plans anew when the window lacks more than this share of what would be worth showing; a new plan
#: costs the evaluation of nearly everything, so up to there the best of it is appended instead.
_DRIFT = 0.5
#: Of the tokens for recent edits, those for what other tools say.
_NOTES_SHARE = 0.2
_WORTH_APPENDING = 1.0


@dataclass(slots=True)
class _State:
    """What one request leaves to the next: the plan, and where the request was.

    `density` is characters a token, measured anew with each plan and file only, or the limits would move while one
    types. `suffix` is what a keystroke leaves alone behind the cursor, `row` the cursor's line.
    """

    density: float
    plan: WindowPlan | None = None
    anchor: SpanAnchor | None = None
    path: str = ""
    suffix: str = ""
    row: int = 0
    since_edits: int = 0
    index: WorkspaceIndex | None = None
    index_version: int = -1

    def copy(self) -> _State:
        """A state that can be changed without changing this one."""
        return replace(self, plan=self.plan.copy() if self.plan else None)


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
        self._cache = TokenCache(encode, max_tokens=min(_WINDOWS_CACHED * budget, MAX_TOKENS))
        self._writer = BlockWriter(prompt_format, special_tokens, self._cache)
        self._texts = TextCache()
        self._head = HeadPlanner(self.shares, self._writer, self._texts)
        self._state = _State(self._cache.characters_per_token)

    def assemble(self, snapshot: Snapshot, sources: WindowInputs, *, refresh: bool = False) -> ContextWindow:
        """The window for a snapshot. With `refresh` (when idle) the head may be brought up to date.

        A current file that may not be shown gives a window without tokens, with the reason among the dropped.
        """
        shown = sources.current(snapshot.document)
        path = snapshot.document.path
        if shown.reason:
            return ContextWindow(self.shares.budget, (), (Dropped(path, shown.reason),), TokenIds(), 0)
        lines = clean(shown.text).split("\n")
        row = min(max(snapshot.cursor.line, 0), len(lines) - 1)
        cursor = Position(row, min(max(snapshot.cursor.character, 0), len(lines[row])))
        if path != self._state.path:
            self._state.density = self._cache.characters_per_token
        plan = self._renew(snapshot, sources, self._cut(path, lines, cursor, 1.0), refresh)
        current, ids = self._fit(path, lines, cursor)
        self._shrink(plan, self.shares.budget - len(ids))
        state = self._state
        state.anchor, state.path, state.suffix, state.row = current.anchor, path, current.text.suffix, row
        text = "\n".join(lines[current.start : current.end])
        reason = "the file at the cursor"
        last = Chunk(ChunkKind.CURRENT, path, current.start, current.end, text, len(ids), 0.0, reason)
        chunks = (*(block.chunk for block in plan.blocks), last)
        dropped = (*plan.dropped, *sources.index.dropped)[:_MAX_DROPPED]
        prompt = plan.ids + ids
        return ContextWindow(
            self.shares.budget,
            chunks,
            dropped,
            prompt,
            len(plan.ids),
            self.format.stop,
            shows_suffix=self.format.shows_suffix,
        )

    def preview(self, snapshot: Snapshot, sources: WindowInputs) -> ContextWindow:
        """The window that `assemble` would make, without a trace in those that follow."""
        kept = self._state.copy()
        try:
            return self.assemble(snapshot, sources)
        finally:
            self._state = kept

    # ------------------------------------------------------------------------------------ the current file

    def _cut(self, path: str, lines: Sequence[str], cursor: Position, scale: float) -> CutFile:
        characters = int(self.shares.current * self._state.density * 0.85 * scale)
        behind = characters // 4 if self.format.shows_suffix else 0
        tokens = self.format.tokens
        return cut(
            path,
            lines,
            cursor,
            prefix_characters=max(characters * 3 // 4 if behind else characters, 1),
            suffix_characters=behind,
            anchor=self._state.anchor,
            middle_lines=_MIDDLE_LINES if self.format.is_prefix_first else 0,
            keep_tail=tokens is None or bool(tokens.tail),
        )

    def _fit(self, path: str, lines: Sequence[str], cursor: Position) -> tuple[CutFile, array[int]]:
        """The cut and its ids; cut again, smaller, where the estimate of its tokens was too low."""
        scale = 1.0
        made = self._cut(path, lines, cursor, scale)
        ids = self._writer.join(self.format.current(made.text))
        while len(ids) > self.shares.current and scale > 0.001:
            scale *= 0.9 * self.shares.current / len(ids)
            made = self._cut(path, lines, cursor, scale)
            ids = self._writer.join(self.format.current(made.text))
        self._state.density *= scale  # this file's characters make more tokens: the next cut starts from what held
        return made, ids[-self.shares.budget :]

    # ---------------------------------------------------------------------------------------- what may change

    def _renew(self, snapshot: Snapshot, sources: WindowInputs, made: CutFile, refresh: bool) -> WindowPlan:
        """The plan for this request: the old one where it still holds, with what the moment allows to change."""
        state, plan, index = self._state, self._state.plan, sources.index
        switched = state.path != snapshot.document.path
        moved = switched or state.suffix != made.text.suffix or state.anchor != made.anchor
        if plan is not None and (index is not state.index or index.version != state.index_version):
            self._forbid(plan, snapshot, sources)
        state.index, state.index_version = index, index.version
        missing: list[Candidate] = []
        drift = 1.0
        if plan is not None and (refresh or switched):
            # A request cannot wait for a look at all that the head could hold; an idle moment can.
            room = self.shares.head - self.shares.tree - self.shares.flow if refresh else self.shares.appended
            missing, drift = self._missing(plan, snapshot, sources, room)
        if plan is None or (refresh and drift > _DRIFT):
            plan = state.plan = self._head.plan(snapshot, sources, plan)
            state.density = self._cache.characters_per_token
            moved = True
        elif refresh or switched:
            if switched:
                self._append_left_file(plan, snapshot, sources)
            # When idle only free room is filled: pieces that drive each other out would cost tokens at every pause.
            room, free = self.shares.appended // 4, self.shares.appended * 2 // 3 - plan.appended_tokens
            self._append_related(plan, snapshot, sources, missing, room if switched else min(room, free))
        state.since_edits += 1
        if moved or refresh or state.since_edits >= _PATIENCE:
            state.since_edits = 0
            self._append_history(plan, sources)
            self._renew_edits(plan, snapshot, sources, made)
        return plan

    def _forbid(self, plan: WindowPlan, snapshot: Snapshot, sources: WindowInputs) -> None:
        """Takes out what may no longer be shown; a file that merely went stays until the next plan."""
        for blocks in (plan.head, plan.appended, plan.edits):
            kept = [
                block
                for block in blocks
                if block.chunk.kind in (ChunkKind.TREE, ChunkKind.FLOW) or sources.may_show(block.chunk.path, snapshot)
            ]
            if len(kept) != len(blocks):
                blocks[:] = kept
                plan.changed()
        if not all(sources.index.entry(path) or sources.index.is_gone(path) for path in plan.tree):
            tree = self._head.tree(sources)
            rest = [block for block in plan.head if block.chunk.kind is not ChunkKind.TREE]
            plan.head[:] = [*([tree] if tree else []), *rest]
            plan.tree = frozenset(sources.index.paths)
            plan.changed()

    def _missing(
        self, plan: WindowPlan, snapshot: Snapshot, sources: WindowInputs, room: int
    ) -> tuple[list[Candidate], float]:
        """The best that fits into `room` tokens, less what this plan shows, and what share of its worth that is."""
        candidates = self._head.candidates(snapshot, sources, plan, room)
        costs = self._head.estimates(candidates)
        wanted, _ = choose(by_value(candidates, costs), costs, room)
        # What changed in a file shown as it was is told as an edit, not shown twice.
        changed = {path: self._changed(path, plan, snapshot, sources) for path in {item.path for item in wanted}}
        missing = [
            item
            for item in wanted
            if not plan.shows(item.path, item.text)
            and not any(span.start < item.end and item.start < span.end for span in changed[item.path])
        ]
        worth = sum(item.score for item in wanted)
        return missing, sum(item.score for item in missing) / worth if worth else 0.0

    def _changed(self, path: str, plan: WindowPlan, snapshot: Snapshot, sources: WindowInputs) -> list[RecentEdit]:
        """What has changed in a file since its pieces were put into the plan."""
        old = plan.texts.get(path)
        return [] if old is None else changed_spans(path, old, self._texts.whole(path, snapshot, sources))

    # ------------------------------------------------------------------------------- what comes after the head

    def _append_left_file(self, plan: WindowPlan, snapshot: Snapshot, sources: WindowInputs) -> None:
        """Keeps the file the user has just left in sight, around the place where the cursor was."""
        left = next((item for item in sources.others(snapshot) if item.path == self._state.path), None)
        if left is None or any(block.chunk.path == left.path for block in plan.appended):
            return  # what changed since in one that is there is told as an edit
        text = clean(left.text)
        limit = int(self.shares.appended * self._cache.characters_per_token * 0.3)
        start, end, piece = around(text, self._state.row, limit)
        if piece and not plan.shows(left.path, piece):
            chunk = Chunk(ChunkKind.OPEN, left.path, start, end, piece, 0, 1.0, "left a moment ago")
            self._append(plan, self._writer.blocks([chunk]))
            plan.texts.setdefault(left.path, text)

    def _append_related(
        self, plan: WindowPlan, snapshot: Snapshot, sources: WindowInputs, missing: Sequence[Candidate], room: int
    ) -> None:
        """The best of what the file at the cursor refers to and the window does not show yet."""
        new = [item for item in missing if item.score >= _WORTH_APPENDING]
        costs = self._head.estimates(new)
        kept, _ = choose(by_value(new, costs), costs, room)
        if kept:
            self._append(plan, self._writer.candidates(in_layout_order(joined(kept))))
            self._head.note_texts(plan, kept, snapshot, sources)

    def _append_history(self, plan: WindowPlan, sources: WindowInputs) -> None:
        if all(record.commit in plan.told for record in sources.flow):
            return
        new = [record for record in sources.records() if record.commit not in plan.told]
        block = self._head.history(new)
        plan.told.update(record.commit for record in sources.flow)
        if block is not None:
            self._append(plan, [block])

    def _append(self, plan: WindowPlan, blocks: Sequence[Block]) -> None:
        plan.appended += blocks
        while plan.appended and plan.appended_tokens > self.shares.appended:
            plan.drop(plan.appended.pop(0), DropReason(DropKind.BUDGET_REPLACED))
        plan.changed()

    def _renew_edits(self, plan: WindowPlan, snapshot: Snapshot, sources: WindowInputs, made: CutFile) -> None:
        """Recent edits: those told, and what has changed in files that the head shows as they were."""
        edits: list[RecentEdit] = [
            widened(edit, self._texts.whole(edit.path, snapshot, sources))
            for edit in sources.edits
            if edit.text.strip()
        ]
        for document in sources.others(snapshot):
            old = plan.texts.get(document.path)
            if old is not None:
                edits += changed_spans(document.path, old, clean(document.text), document.edited_at)
        refused = {item.path for item in snapshot.open_documents if sources.open_reason(item)}
        wanted: dict[tuple[str, str], Chunk] = {}
        for edit in sorted(edits, key=lambda item: (item.at, item.path, item.start)):
            text = clean(edit.text).strip("\n") + "\n"
            here = edit.path == snapshot.document.path and edit.start < made.end and made.start < edit.end
            # Only what the index has admitted: a file it does not know may be anything.
            if not text.strip() or here or sources.index.entry(edit.path) is None or sources.is_secret(text):
                continue
            if edit.path in refused:
                continue
            if not plan.shows(edit.path, text):
                chunk = Chunk(ChunkKind.EDIT, edit.path, edit.start, edit.end, text, 0, 1.0, "changed lately")
                wanted[edit.path, text] = chunk
        notes = self._notes(sources)
        blocks = self._newest(self._writer.blocks(list(wanted.values())), self.shares.edits - sum(map(len, notes)))
        places = {(block.chunk.path, block.chunk.text): at for at, block in enumerate(plan.edits)}
        blocks.sort(key=lambda block: places.get((block.chunk.path, block.chunk.text), len(places)))
        blocks += notes
        if [block.ids for block in blocks] != [block.ids for block in plan.edits]:
            plan.edits = blocks
            plan.changed()

    def _notes(self, sources: WindowInputs) -> list[Block]:
        """What other tools complain of, nearest first, as far as a part of the share of edits goes."""
        text, room = "", int(self.shares.edits * self._cache.characters_per_token * _NOTES_SHARE)
        for note in sources.notes:
            line = f"- {note}\n"
            if len(line) <= room and not sources.is_secret(note):
                room -= len(line)
                text += line
        if not text:
            return []
        reason = "what other tools say of the code near the cursor"
        return self._writer.blocks([Chunk(ChunkKind.FLOW, NOTES_PATH, 0, 0, text, 0, 1.0, reason)])

    def _newest(self, blocks: Sequence[Block], room: int) -> list[Block]:
        """Those at the end that fit so many tokens, in their order."""
        kept = []
        for block in reversed(blocks):
            if len(block) <= room:
                room -= len(block)
                kept.append(block)
        return kept[::-1]

    def _shrink(self, plan: WindowPlan, room: int) -> None:
        """Makes the window fit whatever the shares say: edits go first, then what was appended, then the head's end."""
        while len(plan.ids) > room:
            blocks = plan.edits or plan.appended or plan.head
            if blocks:
                gone = blocks.pop()
                plan.drop(gone, DropReason(DropKind.BUDGET, wanted_for=gone.chunk.reason))
            else:
                plan.intro = array("i")
            plan.changed()
