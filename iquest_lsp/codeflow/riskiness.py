"""How likely a change brings a bug, by what its lines do: a number to rank commits by, not a probability."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from iquest_lsp.codeflow.history import FileDiff
from iquest_lsp.codeflow.paths import Category, category

_GUARD = re.compile(r"^\s*(?:\}?\s*(?:else )?if|elif|except|catch|raise|throw|assert|try|unless|guard)\b|"
    r"\bis None\b|\bis not None\b|!= null|== null|!= nil|== nil\b|\?\?|\.get\(|unwrap_or|with .*lock|\.lock\(|"
    r"finally")
_OPERATOR = re.compile(r"<=|>=|==|!=|&&|\|\||<|>|\band\b|\bor\b|\bnot\b|[-+*/%]|\bTrue\b|\bFalse\b|\btrue\b|\bfalse\b|"
                       r"(?<![\w.])\d+(?![\w.])|\bmin\b|\bmax\b|\bany\b|\ball\b|\[[^\]]*\]")
_WORD = re.compile(r"\w+|\S")


def riskiness(files: Sequence[FileDiff]) -> float:
    """At least 0; 1 is a middling change of code. Tests, documentation and layout count almost nothing."""
    code = [item for item in files if category(item.path) is Category.SOURCE]
    if not code:
        return 0.05
    risk = 0.0
    changed = 0
    for item in code:
        for hunk in item.hunks:
            minus = [line for line in hunk.removed if line.strip()]
            plus = [line for line in hunk.added if line.strip()]
            if [re.sub(r"\s", "", line) for line in minus] == [re.sub(r"\s", "", line) for line in plus]:
                continue
            changed += len(minus) + len(plus)
            guards = sum(bool(_GUARD.search(line)) for line in minus) - sum(bool(_GUARD.search(line)) for line in plus)
            risk += 0.6 * max(0, min(guards, 3)) - 0.1 * max(0, min(-guards, 3))
            risk += sum(_small_turn(old, new) for old, new in zip(minus, plus, strict=False))
            # Existing behaviour is replaced: riskier than code that is only added.
            risk += 0.15 if minus and plus else 0.0
            if any(re.match(r"\s*(#|//|\*|/\*)", line) is None for line in minus) and not plus:
                risk += 0.3
    risk += 0.35 * math.log1p(changed)
    if not any(category(item.path) is Category.TEST for item in files):
        risk *= 1.2
    return round(max(0.05, risk), 3)


def _small_turn(old: str, new: str) -> float:
    """Weight of a line whose operators, numbers or bounds changed while the rest stayed."""
    if old == new:
        return 0.0
    if _OPERATOR.sub("", old) == _OPERATOR.sub("", new):
        return 0.8
    one, other = _WORD.findall(old), _WORD.findall(new)
    common = len(set(one) & set(other))
    return 0.3 if common >= 0.6 * max(len(set(one)), len(set(other)), 1) else 0.0
