"""The head of the window: repository, tree, history, related and open files, the worthiest of them, in order."""

from __future__ import annotations

from collections.abc import Sequence

from iquest_lsp.context.blocks import Block, BlockWriter, WindowPlan, in_layout_order
from iquest_lsp.context.budget import Candidate, Shares, by_value, choose, joined
from iquest_lsp.context.inputs import TextCache, WindowInputs
from iquest_lsp.context.layout import history_text, tree_text
from iquest_lsp.context.prompt import HISTORY_PATH, TREE_PATH
from iquest_lsp.context.ranking import related
from iquest_lsp.datatypes import Chunk, ChunkKind, FlowRecord, Snapshot
from iquest_lsp.dropped import DropKind, Dropped, DropReason

#: The tree in the window is renewed with a new plan when more than this share of the files came or went.
_TREE_DRIFT = 0.05
_KEPT_BONUS = 1.5
#: Tokens of a chunk's header, for estimates.
_HEADER = 12


class HeadPlanner:
    """Plans heads for one workspace and model."""

    def __init__(self, shares: Shares, writer: BlockWriter, texts: TextCache) -> None:
        self._shares = shares
        self._writer = writer
        self._cache = writer.cache
        self._texts = texts

    def plan(self, snapshot: Snapshot, sources: WindowInputs, old: WindowPlan | None) -> WindowPlan:
        """A new plan with nothing behind the head; what the old one shows keeps its place."""
        plan = WindowPlan(self._writer.join(self._writer.format.begin(sources.repository)))
        self._begin(plan, sources, old)
        room = self._shares.head - len(plan.intro) - sum(map(len, plan.head))
        candidates = self.candidates(snapshot, sources, old, room)
        guesses = self.estimates(candidates)
        likely, _ = choose(by_value(candidates, guesses), guesses, int(room * 1.1))
        costs = {item.key: len(block) for item, block in zip(likely, self._writer.candidates(likely), strict=True)}
        kept, over = choose(by_value(likely, costs), costs, room)
        plan.dropped = over + [
            Dropped(item.path, DropReason(DropKind.BUDGET, wanted_for=item.reason))
            for item in candidates
            if item.key not in costs
        ]
        plan.head += self._writer.candidates(in_layout_order(joined(kept), old))
        self.note_texts(plan, kept, snapshot, sources)
        return plan

    def _begin(self, plan: WindowPlan, sources: WindowInputs, old: WindowPlan | None) -> None:
        """Tree and history: those of the old plan while they are nearly right, for all that follows rests on them."""
        paths = frozenset(sources.index.paths)
        records = sources.records()
        commits = {record.commit for record in records}
        tree = old.first(ChunkKind.TREE) if old else None
        if old is None or tree is None or len(old.tree ^ paths) > len(paths) * _TREE_DRIFT:
            tree, plan.tree = self.tree(sources), paths
        else:
            plan.tree = old.tree
        history = old.first(ChunkKind.FLOW) if old else None
        if old is None or history is None or 2 * len(commits & old.told) < len(commits):
            history, plan.told = self.history(records), commits
        else:
            plan.told = set(old.told)
        plan.head = [block for block in (tree, history) if block is not None]

    def candidates(
        self, snapshot: Snapshot, sources: WindowInputs, old: WindowPlan | None, room: int
    ) -> list[Candidate]:
        """Pieces of other files that may be worth a place, enough for so many tokens."""
        offset = sum(len(line) + 1 for line in snapshot.document.text.split("\n", snapshot.cursor.line)[:-1])
        found = related(
            snapshot.document,
            offset,
            sources.index,
            sources.others(snapshot),
            sources.cochange,
            lambda path: self._texts.read(path, sources),
            max_characters=int(room * self._cache.characters_per_token),
            notebook=sources.notebook,
        )
        if old is None:
            return found
        # What is there already is worth more: it costs nothing to keep.
        return [item.worth(_KEPT_BONUS) if old.shows(item.path, item.text) else item for item in found]

    def estimates(self, candidates: Sequence[Candidate]) -> dict[tuple[str, int, str], int]:
        """What candidates will cost, about, by their keys."""
        return {item.key: self._cache.estimate(item.text) + _HEADER for item in candidates}

    def tree(self, sources: WindowInputs) -> Block | None:
        """The project's files, as far as their share of the tokens goes."""
        limit = int(self._shares.tree * self._cache.characters_per_token * 0.8)
        text = tree_text(sources.index.paths, limit)
        if not text:
            return None
        return self._writer.blocks([Chunk(ChunkKind.TREE, TREE_PATH, 0, 0, text, 0, 0.0, "the project's files")])[0]

    def history(self, records: Sequence[FlowRecord]) -> Block | None:
        """The records that matter most, as many as their share of the tokens holds."""
        best = sorted(records, key=lambda item: (-item.score, item.commit))
        while best:
            reason = "what the history says of the files at hand"
            chunk = Chunk(ChunkKind.FLOW, HISTORY_PATH, 0, 0, history_text(best), 0, best[0].score, reason)
            block = self._writer.blocks([chunk])[0]
            if len(block) <= self._shares.flow:
                return block
            best = best[: len(best) * self._shares.flow // len(block)]
        return None

    def note_texts(
        self, plan: WindowPlan, items: Sequence[Candidate], snapshot: Snapshot, sources: WindowInputs
    ) -> None:
        """Notes the whole texts that pieces were cut from, so that later changes of them can be told."""
        for item in items:
            if item.path not in plan.texts:
                plan.texts[item.path] = self._texts.whole(item.path, snapshot, sources)
