"""One side of a hunk as tokens, whatever its language."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.syntax.line_effects import is_comment, uncommented

_TOKEN = re.compile(
    r"(?P<text>[rbfuRBFU]{0,2}(?:\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`[^`]*`))|"
    r"[A-Za-z_$][\w$]*(?:!(?!=))?|\d[\w.]*|is\s+not\b|not\s+in\b|"
    r"===|!==|=>|->|::|<=|>=|==|!=|&&|\|\||:=|\+=|-=|\*\*|\?\?|\?\.|\S"
)


@dataclass(frozen=True, slots=True)
class Side:
    """The tokens of one side of a hunk with their places in its text."""

    text: str
    tokens: list[str]
    spans: list[tuple[int, int]]

    @classmethod
    def of(cls, lines: Sequence[str]) -> Side:
        text = "\n".join(uncommented(line) for line in lines if not is_comment(line))
        found = list(_TOKEN.finditer(text))
        return cls(text, [match[0] for match in found], [match.span() for match in found])

    def shown(self, start: int, end: int) -> str:
        """The text of some tokens, as it is written."""
        return " ".join(self.text[self.spans[start][0] : self.spans[end - 1][1]].split()) if start < end else ""

    def is_long(self, start: int, end: int) -> bool:
        """Whether some tokens are a line or more."""
        return start < end and (
            "\n" in self.text[self.spans[start][0] : self.spans[end - 1][1]]
            or self.shown(start, end) == self.line(start)
        )

    def line(self, at: int) -> str:
        """The line that a token stands on, or stood on if it is behind the last."""
        where = self.spans[min(at, len(self.spans) - 1)][0]
        return self.text[self.text.rfind("\n", 0, where) + 1 :].partition("\n")[0].strip()
