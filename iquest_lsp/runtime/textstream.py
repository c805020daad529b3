"""From token pieces to text: whole characters only, and the stop rules of a prompt."""

from __future__ import annotations

import codecs

from iquest_lsp.datatypes import Finish, Prompt


class TextStream:
    """Gathers the bytes of generated tokens and says when the text is complete.

    A token may end in the middle of a character, so bytes wait until the character is whole. `text` never contains
    a stop string nor more than `max_lines` lines.
    """

    def __init__(self, prompt: Prompt) -> None:
        self._stop = prompt.stop
        self._max_lines = prompt.max_lines
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._longest_stop = max((len(stop) for stop in prompt.stop), default=0)
        self.text = ""

    def push(self, piece: bytes) -> Finish | None:
        """Adds one token's bytes; returns Finish.STOP when a stop rule ends the text."""
        start = max(len(self.text) - self._longest_stop, 0)
        self.text += self._decoder.decode(piece)
        cuts = [found for stop in self._stop if (found := self.text.find(stop, start)) >= 0]
        if self._max_lines:
            cuts += self._line_cut()
        if cuts:
            self.text = self.text[: min(cuts)]
            return Finish.STOP
        return None

    def _line_cut(self) -> list[int]:
        at = -1
        for _ in range(self._max_lines):
            at = self.text.find("\n", at + 1)
            if at < 0:
                return []
        return [at]
