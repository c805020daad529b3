"""From token pieces to text: whole characters only, and the stop rules of a prompt."""

from __future__ import annotations

import codecs
import copy

from iquest_lsp.datatypes import Finish, Prompt
from iquest_lsp.runtime.base.repetition import is_in_loop

_CLOSERS = ")]}"
#: A line in the middle of a call or a list is not whole: so many more may follow until its brackets are closed.
_CONTINUATION = 6


class TextStream:
    """Gathers the bytes of generated tokens and says when the text is complete.

    A token may end in the middle of a character, so bytes wait until the character is whole. `text` never contains
    a stop string, nor more than `max_lines` lines that hold something, nor a line outside the prompt's block.
    """

    def __init__(self, prompt: Prompt) -> None:
        self._stop = prompt.stop
        self._max_lines = prompt.max_lines
        self._outer = prompt.outer_indent
        self._ends_at_loop = prompt.ends_at_loop
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._longest_stop = max((len(stop) for stop in prompt.stop), default=0)
        self.text = ""

    def copy(self) -> TextStream:
        """A stream of its own that has got the same tokens, to try others with."""
        twin = copy.copy(self)
        twin._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        twin._decoder.setstate(self._decoder.getstate())
        return twin

    def push(self, piece: bytes) -> Finish | None:
        """Adds one token's bytes; returns Finish.STOP when a stop rule ends the text, LIMIT where it only repeats."""
        start = max(len(self.text) - self._longest_stop, 0)
        self.text += self._decoder.decode(piece)
        cuts = [found for stop in self._stop if (found := self.text.find(stop, start)) >= 0]
        if self._max_lines:
            cuts += self._line_cut()
        if self._outer >= 0:
            cuts += self._block_cut()
        if cuts:
            self.text = self.text[: min(cuts)]
            return Finish.STOP
        return Finish.LIMIT if self._ends_at_loop and is_in_loop(self.text) else None

    def _line_cut(self) -> list[int]:
        begin = count = depth = 0
        while (end := self.text.find("\n", begin)) >= 0:
            line = self.text[begin:end]
            count += bool(line.strip())
            depth += line.count("(") + line.count("[") - line.count(")") - line.count("]")
            if count >= self._max_lines + (_CONTINUATION if depth > 0 else 0):
                return [end]
            begin = end + 1
        return []

    def _block_cut(self) -> list[int]:
        """Before the first line that is not deeper than the block's head; after it where it closes the block."""
        begin = self.text.find("\n") + 1
        while begin > 0:
            end = self.text.find("\n", begin)
            line = self.text[begin : end if end >= 0 else len(self.text)]
            inside = line.lstrip(" \t")
            if inside and len(line) - len(inside) <= self._outer:
                if inside[0] not in _CLOSERS:
                    return [begin - 1]
                return [end] if end >= 0 else []
            begin = end + 1
        return []
