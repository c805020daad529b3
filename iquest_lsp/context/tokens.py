"""Token ids of texts, asked of the model's tokenizer in one batch and remembered by content."""

from __future__ import annotations

import re
import zlib
from array import array
from collections import OrderedDict
from collections.abc import Callable, Sequence
from hashlib import blake2b

#: The model's tokenizer: ids of each text, never parsed for special tokens. Safe to call from any thread; a call is
#: a round trip to another process, so texts go together.
Encoder = Callable[[Sequence[str]], Sequence[Sequence[int]]]
MAX_TOKENS = 2_000_000
#: What an entry weighs beside its ids (key, array, place in the table), in ids of four bytes.
_ENTRY = 64
_SPLIT_CHARACTERS = 3000
# A line that is not blank, then one that starts at the margin: no pre-tokenizer in use joins across this border.
_BORDER = re.compile(r"(?<=\S\n)(?=\S)")
_PROBES = (("import os\n", "def f(x):\n    return x\n"), ("}\n", "}\n"), ("a = 1\n", "# 漢 comment\n"), ("x\n", "_y"))


class TokenCache:
    """Ids by content, least recently used dropped first once `max_tokens` are held.

    Long texts are encoded in pieces cut where the ids do not depend on what is on the other side, so that a line
    added to a long text costs one piece. Whether the tokenizer allows this is tried on it once.
    """

    def __init__(self, encode: Encoder, *, max_tokens: int = MAX_TOKENS) -> None:
        self._encode = encode
        self._max_tokens = max_tokens
        self.held = 0
        self._ids: OrderedDict[bytes, array[int]] = OrderedDict()
        self.splits: bool | None = None
        self._characters = self._tokens = 0
        self.batches = 0

    @property
    def characters_per_token(self) -> float:
        """Measured on what was encoded so far; a guess before that."""
        return self._characters / self._tokens if self._tokens > 1000 else 3.2

    def __len__(self) -> int:
        """The texts that are known."""
        return len(self._ids)

    def estimate(self, text: str) -> int:
        """About how many tokens a text has; exact where it is known."""
        known = self._ids.get(_digest(text))
        return len(known) if known is not None else int(len(text) / self.characters_per_token) + 1

    def ids(self, texts: Sequence[str]) -> list[array[int]]:
        """Ids of each text; at most one call of the tokenizer, none when all are known."""
        found: list[array[int] | None] = [self._known(text) for text in texts]
        pieces = {at: self._pieces(texts[at]) for at, ids in enumerate(found) if ids is None}
        wanted: dict[str, array[int] | None] = {}
        for at in pieces:
            for piece in pieces[at]:
                if piece not in wanted:
                    wanted[piece] = self._known(piece)
        self._fetch(wanted)
        result: list[array[int]] = []
        for at, ids in enumerate(found):
            if ids is None:
                ids = array("i")
                for piece in pieces[at]:
                    made = wanted[piece]
                    assert made is not None
                    ids += made
                self._keep(texts[at], ids)
            result.append(ids)
        return result

    def _fetch(self, wanted: dict[str, array[int] | None]) -> None:
        missing = [text for text, ids in wanted.items() if ids is None]
        if not missing:
            return
        probes: list[str] = []
        if self.splits is None:
            probes = [text for a, b in _PROBES for text in (a + b, a, b)]
        made = self._encode([*missing, *probes])
        self.batches += 1
        if probes:
            tried = made[len(missing) :]
            triples = zip(tried[0::3], tried[1::3], tried[2::3], strict=True)
            self.splits = all(list(whole) == [*a, *b] for whole, a, b in triples)
        for text, ids in zip(missing, made, strict=False):
            wanted[text] = array("i", ids)
            self._keep(text, wanted[text])
            self._characters += len(text)
            self._tokens += len(ids)

    def _pieces(self, text: str) -> list[str]:
        if not self.splits or len(text) < _SPLIT_CHARACTERS:
            return [text]
        pieces, at = [], 0
        for match in _BORDER.finditer(text):
            end = match.start()
            # Borders are chosen by what follows them, so that an edit moves none of the others.
            if zlib.crc32(text[end : end + 24].encode("utf-8", "replace")) % 8 == 0 or end - at > _SPLIT_CHARACTERS:
                pieces.append(text[at:end])
                at = end
        pieces.append(text[at:])
        return pieces

    def _known(self, text: str) -> array[int] | None:
        key = _digest(text)
        ids = self._ids.get(key)
        if ids is not None:
            self._ids.move_to_end(key)
        return ids

    def _keep(self, text: str, ids: array[int] | None) -> None:
        if ids is None:
            return
        key = _digest(text)
        if key not in self._ids:
            self._ids[key] = ids
            self.held += len(ids) + _ENTRY
        while self.held > self._max_tokens and len(self._ids) > 1:
            _, old = self._ids.popitem(last=False)
            self.held -= len(old) + _ENTRY


def _digest(text: str) -> bytes:
    return blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
