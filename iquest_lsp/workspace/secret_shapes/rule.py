"""One row of the table of secrets, and the ways to write one.

Group 1 of a pattern is what is hidden. A pattern is tried only where one of its hints occurs (in lower case), and each
of its parts is bounded, so that no text makes it slow. In the examples `<A20>` stands for 20 random letters and digits,
`<H..>` for hexadecimal digits, `<U..>` for capitals and digits, `<D..>` for digits: no row holds a secret.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True)
class SecretRule:
    """A shape of secret.

    One that `masks` hides the value and keeps the file. A `checked` one must have a value that reads like a secret, not
    like a placeholder; a `literal` one means what it says in settings only, since an unquoted value in code is an
    expression; one that `spans` may go over several lines.
    """

    kind: str
    hints: Sequence[str]
    expression: str
    example: str
    counter_example: str
    flags: int = 0
    masks: bool = False
    checked: bool = False
    literal: bool = False
    spans: bool = False

    @property
    def pattern(self) -> re.Pattern[str]:
        """The expression, compiled when it is first tried: most texts have the hints of a few rows only."""
        return _compiled(self.expression, self.flags)


@cache
def _compiled(expression: str, flags: int) -> re.Pattern[str]:
    return re.compile(expression, flags)


def token(kind: str, hints: str, pattern: str, example: str, counter: str) -> SecretRule:
    return SecretRule(kind, hints.split(), r"(?<![A-Za-z0-9_])(" + pattern + ")", example, counter)


def given(kind: str, hints: str, pattern: str, example: str, counter: str, *, literal: bool = False) -> SecretRule:
    """A value that its surroundings on the same line give away."""
    return _words(kind, hints, _in_line(pattern), example, counter, literal=literal)


def below(kind: str, hints: str, pattern: str, example: str, counter: str, *, literal: bool = False) -> SecretRule:
    """A value that may stand below what gives it away."""
    return _words(kind, hints, pattern, example, counter, literal=literal, spans=True)


#: A set of characters, in which a blank stays as it is, an escape, or a blank.
_CLASS_OR_BLANK = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]|\\.")


def _in_line(pattern: str) -> str:
    """A pattern whose blanks are no line ends."""
    return _CLASS_OR_BLANK.sub(lambda found: found[0] if found[0] != r"\s" else r"[ \t]", pattern)


def _words(
    kind: str, hints: str, pattern: str, example: str, counter: str, *, literal: bool, spans: bool = False
) -> SecretRule:
    return SecretRule(
        kind,
        hints.split(),
        pattern,
        example,
        counter,
        flags=re.IGNORECASE | re.MULTILINE,
        masks=True,
        checked=True,
        literal=literal,
        spans=spans,
    )


def mask(kind: str, hints: str, pattern: str, example: str, counter: str) -> SecretRule:
    """A value on the same line that needs no check."""
    return SecretRule(kind, hints.split(), _in_line(pattern), example, counter, masks=True)


def shape(kind: str, hints: Sequence[str], pattern: str, example: str, counter: str, flags: int = 0) -> SecretRule:
    """A pattern as it stands, of which group 1 is the secret; it keeps the file out."""
    return SecretRule(kind, hints, pattern, example, counter, flags, spans=bool(flags & re.DOTALL))
