"""Drafts from the context: what followed the last time the same tokens stood there.

After Saxena, "Prompt Lookup Decoding" (2023); here the longest match counts, and of several the latest. A stretch that
is being copied is followed over its edits: where the text leaves it (a renamed variable), the copy is taken up again
behind the difference, and the same difference is expected at the next place like it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from iquest_lsp.runtime.base.token_buffer import Ids, TokenBuffer, as_ids, common_prefix
from iquest_lsp.runtime.decode.seen_pairs import SeenPairs

#: A match is followed back so far; a longer one says nothing more.
LONGEST_MATCH = 32
#: One token alone occurs everywhere.
SHORTEST_MATCH = 2
#: A match from this length on is followed.
FOLLOWED_MATCH = 3
#: Most tokens that an edit within a copy takes out, and that it puts in.
LONGEST_EDIT = 8
#: So far back edits are looked for where a copy begins to be followed.
LEARNT_BACK = 96


@dataclass(frozen=True, slots=True)
class LookupDraft:
    """Tokens that may come next, and how many tokens before them agree with the text (0: nothing found).

    They are from the text itself, or from the memory of other files.
    """

    tokens: tuple[int, ...] = ()
    match: int = 0
    is_remembered: bool = False


class Lookup:
    """The tokens of a prompt and of the answer so far, searched for earlier occurrences of their end.

    It is kept from one request of a sequence to the next: what the two texts begin with alike is not read again.
    """

    def __init__(self) -> None:
        self._text = TokenBuffer()
        # what the text ended in before: one look tells where there is nothing to be searched
        self._pairs = SeenPairs()
        self._copy = _Copy(self._text)

    @property
    def work(self) -> int:
        """Pairs of tokens that were noted or forgotten so far."""
        return self._pairs.work

    def begin(self, tokens: Sequence[int]) -> None:
        """Begins with another text."""
        ids = as_ids(tokens)
        alike = common_prefix(self._text.ids, ids)
        self._pairs.keep(alike - 2, self._text.ids)
        self._text.truncate(alike)
        self._text.extend(ids[alike:])
        self._pairs.note(len(ids) - 2, self._text.ids)
        self._copy = _Copy(self._text)

    def add(self, token: int) -> None:
        """Appends the answer's next token."""
        self._text.extend((token,))
        self._pairs.note(len(self._text) - 2, self._text.ids)
        self._copy.add(token, len(self._text))

    def find(self, most: int) -> LookupDraft:
        """Up to `most` tokens that followed the longest earlier occurrence of the end of the text, or that go on with
        the copy that is being followed where more than that agree with it."""
        tokens, count = self._text.ids, len(self._text)
        if count <= SHORTEST_MATCH or most <= 0:
            return LookupDraft()
        copy = self._copy
        may_match = copy.agreeing < LONGEST_MATCH and self._pairs.may_have(int(tokens[-2]), int(tokens[-1]))
        start, match = self._longest() if may_match else (0, 0)
        if match >= FOLLOWED_MATCH and match > copy.agreeing:
            copy.follow(start, count, match)
        if copy.agreeing >= match and (ahead := copy.ahead(most, count)):
            return LookupDraft(ahead, copy.agreeing)
        return LookupDraft(tuple(tokens[start : start + most].tolist()), match) if match else LookupDraft()

    def _longest(self) -> tuple[int, int]:
        """Where the longest earlier occurrence of the end goes on, and its length."""
        end = len(self._text) - 1
        tokens = self._text.ids
        places = np.flatnonzero(tokens[1:end] == tokens[end]) + 1
        places = places[tokens[places - 1] == tokens[end - 1]]
        if not len(places):
            return 0, 0
        back = np.arange(min(LONGEST_MATCH, end))
        before = places[:, None] - back
        equal = (tokens[np.maximum(before, 0)] == tokens[end - back]) & (before >= 0)
        matches = np.where(equal.all(axis=1), len(back), equal.argmin(axis=1))
        best = len(places) - 1 - int(matches[::-1].argmax())
        return int(places[best]) + 1, int(matches[best])


class _Copy:
    """A stretch of the text that is being written again, with edits.

    An edit is known by the tokens that it takes out, or by the token it stands behind where it only puts some in.
    """

    def __init__(self, text: TokenBuffer) -> None:
        self._text = text
        self._next = -1  # what comes next in the stretch; at an edit its first token there; -1: none is followed
        self._written: list[int] = []  # since the text left the stretch
        self._insertions: dict[int, _Edit] = {}
        self._changes: dict[int, _Edit] = {}  # by the first token that they take out
        self._disproved: set[_Edit] = set()
        self._agreeing = 0

    @property
    def _tokens(self) -> Ids:
        return self._text.ids

    @property
    def agreeing(self) -> int:
        """How many tokens agreed with the stretch so far."""
        return self._agreeing if self._next >= 0 else 0

    def follow(self, start: int, count: int, match: int) -> None:
        """Follows the stretch that goes on at `start`; the last `match` of the text's `count` tokens agree with it."""
        if self._next != start or self._written:
            self._next, self._written = start, []
            self._insertions, self._changes, self._disproved = {}, {}, set()
            for edit in reversed(list(self._edits_before(start - 1 - match, count - 1 - match))):
                self._learn(edit)
        self._agreeing = match

    def add(self, token: int, count: int) -> None:
        """Notes the text's next token, the last of `count`."""
        tokens, at = self._tokens, self._next
        if at < 0:
            return
        if not self._written and tokens[at] == token:
            expected = self._edit_here(at, int(tokens[count - 2]))
            if expected is not None and expected.put[:1] != (token,):
                self._disproved.add(expected)
            self._next += 1
            self._agreeing += 1
            return
        written = len(self._written)
        self._written.append(token)
        last = min(LONGEST_EDIT, count - 2 - written - at)
        skips = [skip for skip in range(last + 1) if tokens[at + skip] == token and skip + written > 0]
        if skips:
            skip = min(skips, key=lambda skip: abs(skip - written))
            self._learn(self._edit(at, skip, self._written[:-1]))
            self._next, self._written = at + skip + 1, []
            self._agreeing += 1
        elif written >= LONGEST_EDIT:
            self._next = -1

    def ahead(self, most: int, count: int) -> tuple[int, ...]:
        """Up to `most` tokens that come next, edits that are known included; none within an edit that is not known."""
        tokens, at = self._tokens, self._next
        if at < 0:
            return ()
        found: list[int] = []
        written = tuple(self._written)
        last = int(tokens[at - 1])
        while len(found) < most and at < count:
            edit = self._edit_here(at, last)
            if written and (edit is None or edit.put[: len(written)] != written):
                return ()
            if edit is not None:
                found += edit.put[len(written) :]
                at += len(edit.out)
            written = ()
            if at < count:
                last = int(tokens[at])
                found.append(last)
            at += 1
        return tuple(found[:most])

    def _edit_here(self, at: int, last: int) -> _Edit | None:
        """The edit that is expected where the stretch goes on at `at` behind the token `last`."""
        change = self._changes.get(int(self._tokens[at]))
        if change is not None and change not in self._disproved:
            out = self._tokens[at : at + len(change.out)].tolist()
            if tuple(out) == change.out:
                return change
        insertion = self._insertions.get(last)
        return None if insertion in self._disproved else insertion

    def _learn(self, edit: _Edit) -> None:
        if edit.out:
            self._changes[edit.out[0]] = edit
        else:
            self._insertions[edit.behind] = edit

    def _edit(self, at: int, out: int, put: Sequence[int]) -> _Edit:
        tokens = self._tokens[at - 1 : at + out].tolist()
        return _Edit(tokens[0], tuple(tokens[1:]), tuple(put))

    def _edits_before(self, source: int, end: int) -> Iterator[_Edit]:
        """The edits between the stretch up to `source`, and the text up to `end`, the latest one first."""
        tokens = self._tokens
        least = max(end - LEARNT_BACK, 0)
        while end > least and source > 0:
            if tokens[end] == tokens[source]:
                end, source = end - 1, source - 1
                continue
            sizes = self._sizes(source, end)
            if sizes is None:
                return
            out, put = sizes
            yield self._edit(source - out + 1, out, tokens[end - put + 1 : end + 1].tolist())
            end, source = end - put, source - out

    def _sizes(self, source: int, end: int) -> tuple[int, int] | None:
        """The least number of tokens taken out and put in, before which two tokens agree."""
        tokens = self._tokens
        for size in range(1, 2 * LONGEST_EDIT + 1):
            for out in range(max(size - LONGEST_EDIT, 0), min(size, LONGEST_EDIT) + 1):
                before, after = source - out, end - size + out
                if before < 1 or after < 1:
                    continue
                if tokens[before] == tokens[after] and tokens[before - 1] == tokens[after - 1]:
                    return out, size - out
        return None


@dataclass(frozen=True, slots=True)
class _Edit:
    """Tokens `out` behind `behind` gave way to `put`."""

    behind: int
    out: tuple[int, ...]
    put: tuple[int, ...]
