"""Which parts of other files matter for the file at the cursor: imports, names, tests, history, recency, likeness.

Likeness is that of a piece's words to the words near the cursor, as in RepoCoder (F. Zhang et al., 2023), rare words
counting more; `python -m benchmarks.window_names` measures what the ranking is worth.
"""

from __future__ import annotations

import keyword
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from iquest_lsp import grammars
from iquest_lsp.context.budget import Candidate
from iquest_lsp.context.chunks import Piece, code_words, piece_words, recent_outline, words_of
from iquest_lsp.context.index import WorkspaceIndex
from iquest_lsp.context.layout import clean
from iquest_lsp.datatypes import Document

# Weights of the signals; relative to each other they say what is worth more.
CELL, IMPORTED, IMPORTER, SAME_NAME = 4.0, 3.0, 1.2, 2.0
COCHANGE, REFERENCE, OPEN, RECENT, NEARBY = 2.5, 1.0, 1.5, 1.5, 0.1
LIKENESS = 2.0
_MAX_DEFINERS = 6
#: Words in more than this share of the pieces (and in more than three) tell no piece from another; a piece of few words
#: counts as one with so many more, that a single shared word does not make it alike.
_COMMON, _FEW_WORDS = 0.3, 20
_OTHER_KEYWORDS = (
    "abstract auto bool boolean case catch char const default delete double else enum export extends extern final "
    "float func function impl implements int interface let long match mut namespace new null override package "
    "private protected pub public require self short static string struct super switch template this throw throws "
    "typedef typename typeof unsigned use using val var virtual void volatile where"
)
_KEYWORDS = frozenset((*keyword.kwlist, *_OTHER_KEYWORDS.split()))
_NEAR_CHARACTERS = 3000
_WHOLE_LINES = 60
_FAMILIES = (frozenset({"javascript", "typescript", "tsx"}), frozenset({"c", "cpp"}))
#: Files are looked at until their best pieces are so many times as long as what can be shown; of the lesser pieces of
#: one file only this part of what can be shown is counted.
_PLENTY, _MOST_OF_ONE = 2, 6


@dataclass(slots=True)
class _Score:
    value: float = 0.0
    best: float = 0.0
    reason: str = ""
    names: set[str] = field(default_factory=set)

    def add(self, value: float, reason: str) -> None:
        self.value += value
        if value > self.best:
            self.best, self.reason = value, reason


def related(
    document: Document,
    offset: int,
    index: WorkspaceIndex,
    others: Sequence[Document],
    cochange: Mapping[str, float],
    read: Callable[[str], str],
    *,
    max_characters: int,
    notebook: Callable[[str], str] = lambda path: "",
) -> list[Candidate]:
    """Pieces of other files worth showing for `document`, more than enough to fill `max_characters`.

    `others` are open buffers that may be shown; `read` gives the text of an admitted file ("" when it has none any
    more); `offset` is the cursor's, in characters; `notebook` gives the notebook whose cell a path names, "" for a
    file.
    """
    near = words_of(document.text[max(offset - _NEAR_CHARACTERS, 0) : offset + _NEAR_CHARACTERS // 3])
    scores = _scores(document, near, index, others, cochange)
    if own := notebook(document.path):
        for other in others:
            if other.path != document.path and notebook(other.path) == own:
                scores[other.path].add(CELL, "a cell of the same notebook")
    buffers = {other.path: other for other in others}
    candidates: list[Candidate] = []
    left = int(max_characters * _PLENTY)
    for path, score in _in_order(scores, document, index):
        if left <= 0:
            break
        found = list(_pieces(path, score, index, buffers.get(path), read))
        candidates += found
        # One long file must not keep all others from being looked at.
        lesser = sum(len(item.text) for item in found if item.score < score.value)
        best = sum(len(item.text) for item in found) - lesser
        left -= best + min(lesser, max_characters // _MOST_OF_ONE)
    return _with_likeness(candidates, near)


def _with_likeness(candidates: Sequence[Candidate], near: frozenset[str]) -> list[Candidate]:
    """The candidates, each worth more by what words it shares with those near the cursor."""
    shared = [near.intersection(piece_words(item.text)) - _KEYWORDS for item in candidates]
    counts = Counter(word for words in shared for word in words)
    most = max(3.0, _COMMON * len(candidates))
    weights = {word: math.log(len(candidates) / count) for word, count in counts.items() if count <= most}
    found = []
    for item, words in zip(candidates, shared, strict=True):
        telling = words & weights.keys()  # of no order, hence fsum: its sum is the same in every order
        likeness = math.fsum(weights[word] for word in telling) / math.sqrt(len(piece_words(item.text)) + _FEW_WORDS)
        worth = LIKENESS * likeness
        reason = item.reason
        if worth > item.score:
            # Prose counts as much as code, but a name tells a reader more.
            shown = sorted(telling, key=lambda word: (_is_plain(word.strip("_")), -weights[word], word))[:3]
            names = f"names {', '.join(shown)}, as the lines at the cursor do"
            reason = names if item.score <= NEARBY else f"{item.reason}; {names}"
        found.append(replace(item, score=item.score + worth, reason=reason))
    return found


def _is_plain(word: str) -> bool:
    return word.islower() and "_" not in word


def _scores(
    document: Document,
    near: frozenset[str],
    index: WorkspaceIndex,
    others: Sequence[Document],
    cochange: Mapping[str, float],
) -> dict[str, _Score]:
    path, text = document.path, document.text
    scores: dict[str, _Score] = defaultdict(_Score)
    made = recent_outline(text, path)
    for target in index.imported(path, made.imports):
        scores[target].add(IMPORTED, f"imported by {path}")
    for target in index.importers(path):
        scores[target].add(IMPORTER, f"imports {path}")
    own = made.names
    for word in code_words(text, path):
        definers = index.definers(word) if word not in own and len(word) > 3 else frozenset()
        if 0 < len(definers) <= _MAX_DEFINERS:
            value = REFERENCE * (2.0 if word in near else 1.0) / len(definers)
            for target in sorted(target for target in definers if _speaks_the_same(path, target)):
                scores[target].add(value, f"defines {word}")
                scores[target].names.add(word)
    for target in index.same_name(path):
        scores[target].add(SAME_NAME, f"test and code of the same name as {path}")
    for target, confidence in cochange.items():
        scores[target].add(COCHANGE * confidence, f"often changes with {path}")
    recent = sorted(others, key=lambda item: (-item.edited_at, -item.viewed_at, item.path))
    for rank, other in enumerate(recent):
        seen = "edited" if other.edited_at else "viewed" if other.viewed_at else "open"
        scores[other.path].add(OPEN + (RECENT / (1 + rank) if seen != "open" else 0.0), f"open, {seen} lately")
    scores.pop(path, None)
    return scores


def _in_order(scores: Mapping[str, _Score], document: Document, index: WorkspaceIndex) -> Iterator[tuple[str, _Score]]:
    """Scored files, best first, then the rest of the workspace by how near it lies."""
    for path in sorted(scores, key=lambda name: (-scores[name].value, name)):
        yield path, scores[path]
    parts = document.path.split("/")[:-1]
    for path in index.nearest("/".join(parts)):
        if path not in scores and path != document.path:
            apart = _distance(parts, path.split("/")[:-1])
            yield path, _Score(NEARBY / (1 + apart), NEARBY, "in the same folder" if not apart else "in the workspace")


def _pieces(
    path: str, score: _Score, index: WorkspaceIndex, buffer: Document | None, read: Callable[[str], str]
) -> Iterator[Candidate]:
    entry = index.entry(path)
    text = clean(buffer.text) if buffer is not None else read(path) if entry is not None else ""
    if not text.strip():
        return
    lines = text.split("\n")
    if not lines[-1]:
        lines.pop()
    pieces: Sequence[Piece]
    if len(lines) <= _WHOLE_LINES:
        pieces = [Piece(0, len(lines), tuple(score.names))]
    elif entry is not None and entry.characters == len(text) and entry.lines == len(lines):
        pieces = entry.pieces
    else:
        pieces = recent_outline(text, path).pieces
    for piece in pieces:
        body = "\n".join(lines[piece.start : piece.end])
        if not body.strip():
            continue
        named = sorted(score.names.intersection(piece.names))
        part = 1.0 if named or len(pieces) == 1 else 0.35 if piece.start == 0 else 0.25
        reason = f"defines {', '.join(named[:3])}" if named and len(pieces) > 1 else score.reason
        yield Candidate(
            path,
            piece.start,
            piece.end,
            body + "\n",
            score.value * part,
            reason,
            buffer is not None,
            buffer.edited_at if buffer is not None else 0.0,
        )


def _speaks_the_same(path: str, other: str) -> bool:
    """Whether a name in one file can mean what another defines."""
    mine, theirs = grammars.language_of(path), grammars.language_of(other)
    return mine == theirs or any(mine in family and theirs in family for family in _FAMILIES)


def _distance(a: Sequence[str], b: Sequence[str]) -> int:
    common = 0
    for left, right in zip(a, b, strict=False):
        if left != right:
            break
        common += 1
    return len(a) + len(b) - 2 * common
