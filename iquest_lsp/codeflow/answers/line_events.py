"""What the commits of a line's story did to it: brought it, changed it, moved it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from iquest_lsp.codeflow.facts import bounded
from iquest_lsp.codeflow.git.blob_reader import BlobReader
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.entries import Entry
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.past.following.moved_lines import came_from
from iquest_lsp.codeflow.past.following.tracking import origin
from iquest_lsp.codeflow.past.unindexed import Past
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.wording.story import StoryEvent, StoryEventKind

#: A line is followed through so many moves.
MAX_MOVES = 5
#: What leaves the text of a line as it was.
KEEPS = (StoryEventKind.LINE_MOVED, StoryEventKind.LINE_SHIFTED, StoryEventKind.LAYOUT)


def line_events(
    index: FlowIndex, path: str, line: int, found: Sequence[tuple[Past, Entry]]
) -> Iterator[tuple[Past, Entry, StoryEvent]]:
    """The commits that changed a line (0-based) of HEAD, which are `found`, and those before a move of it."""
    steps = list(found)
    moves = _moves(index, path, line, steps)
    with index.repository.blobs() as blobs:
        for past, entry in steps:
            yield past, entry, moves.get(past.commit) or _event(index.repository, blobs, past)


def _moves(index: FlowIndex, path: str, line: int, found: list[tuple[Past, Entry]]) -> dict[str, StoryEvent]:
    """Follows a line on past the commits that moved it, adding to what was `found`; what is told of them, by commit."""
    repository = index.repository
    revision, moves, latest = repository.head(), dict[str, StoryEvent](), list(found)
    while latest and len(moves) < MAX_MOVES:
        past = latest[-1][0]
        turn = next((known.turn for known, _ in reversed(latest) if known.turn is not None), None)
        if turn is not None:
            revision, path, line = turn.before, turn.path, turn.old
        if not past.born:
            break
        oid, there, path = origin(repository, revision, path, line)
        came = came_from(repository, oid, path, there) if oid == past.commit else None
        if came is None:
            break
        kind = StoryEventKind.LINE_SHIFTED if came.path == path else StoryEventKind.LINE_MOVED
        moves[oid] = StoryEvent(kind, old_path=came.path)
        revision, path, line = came.before, came.path, came.old
        latest, _ = index.follow([("line", path, (line, line + 1))], revision)
        found += latest
    return moves


def _event(repository: Repository, blobs: BlobReader, past: Past) -> StoryEvent:
    """What a commit did to a line: brought it, or what it was and became."""
    turn = past.turn
    if turn is None:
        return StoryEvent(StoryEventKind.LINE_BORN if past.born else StoryEventKind.LINE_CHANGED)
    places = ((turn.before, turn.path, turn.old), (past.commit, past.path, turn.new))
    sources = ((blobs.file_at(oid, file) or repository.file_at(oid, file), line) for oid, file, line in places)
    texts = [source.split(b"\n")[line:][:1] for source, line in sources]
    if not all(texts):
        return StoryEvent(StoryEventKind.LINE_CHANGED)
    if texts[0] == texts[1]:
        return StoryEvent(StoryEventKind.LINE_SHIFTED, old_path=turn.path)
    old, new = (text[0].decode("utf-8", "replace").strip() for text in texts)
    if "".join(old.split()) == "".join(new.split()):
        return StoryEvent(StoryEventKind.LAYOUT, "line")
    effect = Effect(EffectKind.VALUE_BECOMES, (bounded(old), bounded(new)))
    return StoryEvent(StoryEventKind.LINE_CHANGED, effects=(effect,))
