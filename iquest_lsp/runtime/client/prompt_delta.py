"""Prompts on their way to the engine process: of a long one that was sent before, only what is new.

Both ends keep the last prompt of each KV sequence. A prompt is sent as the number of tokens that it has in common with
that one, and its tail; its length and a checksum tell whether both ends meant the same one. If they did not (another
process, a sequence that was given up meanwhile), the prompt is sent whole.
"""

from __future__ import annotations

import zlib
from collections import OrderedDict
from dataclasses import dataclass

from iquest_lsp.token_ids import TokenIds

#: Prompts kept, one a sequence; of more sequences the one used longest ago is given up.
MOST_SEQUENCES = 8


@dataclass(frozen=True, slots=True)
class PromptDelta:
    """A prompt of `length` tokens: the first `kept` ones of the last prompt of its sequence, then `tail`."""

    sequence: int
    kept: int
    tail: TokenIds
    length: int
    checksum: int


class PromptLostError(Exception):
    """The prompt that a delta builds on is not there; never leaves the engine process."""


class _LastPrompts:
    """The last prompt of each sequence that was used lately."""

    def __init__(self, most: int = MOST_SEQUENCES) -> None:
        self._most = most
        self._prompts: OrderedDict[int, TokenIds] = OrderedDict()

    def forget(self, sequence: int) -> None:
        """Gives up the prompt of a sequence: the next one is sent whole."""
        self._prompts.pop(sequence, None)

    def _last(self, sequence: int) -> TokenIds:
        return self._prompts.get(sequence) or TokenIds()

    def _keep(self, sequence: int, tokens: TokenIds) -> None:
        self._prompts[sequence] = tokens
        self._prompts.move_to_end(sequence)
        while len(self._prompts) > self._most:
            self._prompts.popitem(last=False)


class SentPrompts(_LastPrompts):
    """The sending end."""

    def delta(self, sequence: int, tokens: TokenIds) -> PromptDelta:
        """What is sent for a prompt; it counts as sent."""
        kept = self._last(sequence).common_prefix(tokens)
        self._keep(sequence, tokens)
        return PromptDelta(sequence, kept, tokens[kept:], len(tokens), _checksum(tokens))


class ReceivedPrompts(_LastPrompts):
    """The receiving end."""

    def whole(self, delta: PromptDelta) -> TokenIds:
        """The prompt that was meant; raises PromptLostError where what it builds on is not here."""
        tokens = self._last(delta.sequence).replaced_from(delta.kept, delta.tail)
        if len(tokens) != delta.length or _checksum(tokens) != delta.checksum:
            self.forget(delta.sequence)
            raise PromptLostError
        self._keep(delta.sequence, tokens)
        return tokens


def _checksum(tokens: TokenIds) -> int:
    return zlib.crc32(tokens.data)
