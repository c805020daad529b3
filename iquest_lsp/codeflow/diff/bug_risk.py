"""How likely a change brings a bug, by what its lines do: a number to rank commits by, not a probability."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.paths import Category, category

_GUARD = re.compile(
    r"^\s*+(?:\}?\s*+(?:else )?if|elif|except|catch|raise|throw|assert|try|unless|guard)\b|"
    r"\bis None\b|\bis not None\b|!= null|== null|!= nil|== nil\b|\?\?|\.get\(|unwrap_or|with .*lock|\.lock\(|"
    r"finally"
)
_OPERATOR = re.compile(
    r"<=|>=|==|!=|&&|\|\||<|>|\band\b|\bor\b|\bnot\b|[-+*/%]|\bTrue\b|\bFalse\b|\btrue\b|\bfalse\b|"
    r"(?<![\w.])\d+(?![\w.])|\bmin\b|\bmax\b|\bany\b|\ball\b|\[[^\]]*\]"
)
_WORD = re.compile(r"\w+|\S")


TURN = 0.8  # weight of a line in which only an operator, a bound or a number became another
#: Kinds that promise to leave what the code does as it is.
_PROMISES = frozenset({"refactor", "style", "docs", "perf", "test", "chore"})


def riskiness(files: Sequence[FileDiff], kind: str = "", *, renames: bool = False) -> float:
    """At least 0; 1 is a middling change of code. Tests, documentation and layout count almost nothing.

    `kind` is what the commit says it is: one that promises to change no behaviour and yet turns a condition is what
    reviewers overlook. With `renames` the changed lines differ by a name only.
    """
    code = [item for item in files if category(item.path) is Category.SOURCE]
    if not code:
        return 0.05
    risk = turns = 0.0
    changed = 0
    gone = Counter(line.strip() for item in code for hunk in item.hunks for line in hunk.removed)
    come = Counter(line.strip() for item in code for hunk in item.hunks for line in hunk.added)
    moved = gone & come
    for item in code:
        for hunk in item.hunks:
            # Lines that only move do what they did.
            minus = [line for line in hunk.removed if line.strip() and not moved[line.strip()]]
            plus = [line for line in hunk.added if line.strip() and not moved[line.strip()]]
            if [re.sub(r"\s", "", line) for line in minus] == [re.sub(r"\s", "", line) for line in plus]:
                continue
            changed += len(minus) + len(plus)
            guards = sum(bool(_GUARD.search(line)) for line in minus) - sum(bool(_GUARD.search(line)) for line in plus)
            risk += 0.6 * max(0, min(guards, 3)) - 0.1 * max(0, min(-guards, 3))
            turned = [] if renames else [_small_turn(old, new) for old, new in zip(minus, plus, strict=False)]
            risk += sum(turned)
            turns += sum(weight for weight in turned if weight >= TURN) + max(0, guards)
            # Existing behaviour is replaced: riskier than code that is only added.
            risk += 0.15 if minus and plus else 0.0
            if any(re.match(r"\s*(#|//|\*|/\*)", line) is None for line in minus) and not plus:
                risk += 0.3
    risk += 0.35 * math.log1p(0 if renames else changed)
    if kind in _PROMISES and turns:
        risk += min(1.5, turns)
    if not any(category(item.path) is Category.TEST for item in files):
        risk *= 1.2
    return round(max(0.05, risk), 3)


def _small_turn(old: str, new: str) -> float:
    """Weight of a line whose operators, numbers or bounds changed while the rest stayed."""
    if old == new:
        return 0.0
    if _OPERATOR.sub("", old) == _OPERATOR.sub("", new):
        return TURN
    one, other = _WORD.findall(old), _WORD.findall(new)
    common = len(set(one) & set(other))
    return 0.3 if common >= 0.6 * max(len(set(one)), len(set(other)), 1) else 0.0
