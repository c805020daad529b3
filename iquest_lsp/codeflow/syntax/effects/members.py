"""The members and the attributes that a definition gains and loses."""

from __future__ import annotations

import re
from collections.abc import Sequence

from iquest_lsp.codeflow.facts import bounded
from iquest_lsp.codeflow.syntax.comments import is_comment, uncommented
from iquest_lsp.codeflow.syntax.effects.common_words import WORDS
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind

_LIFETIME = re.compile(r"'(?=[a-z_]\w*(?![\w']))")
#: An apostrophe that no grammar knows, in the place of a lifetime's.
_STAND_IN = "\u02bc"
_MARK_BEGINS = re.compile(r"\s*(?:#!?\[|@[A-Za-z_])")
_MARK = re.compile(r"\s*(#!?\[.*\]|@[\w.]+(?:\(.*\))?|\[[A-Z][\w.]*(?:\(.*\))?\])\s*$")


def marks(removed: Sequence[str], added: Sequence[str]) -> list[Effect]:
    """Attributes and decorators that a definition gains or loses."""
    old, new = ([match[1] for line in lines if (match := _MARK.match(line))] for lines in (removed, added))
    found = [Effect(EffectKind.GAINS_MARK, (bounded(item),)) for item in new if item not in old]
    return found + [Effect(EffectKind.LOSES_MARK, (bounded(item),)) for item in old if item not in new]


def without_lifetimes(line: str) -> str:
    """A line of Rust whose lifetimes do not look like the beginning of a text; `with_lifetimes` undoes it."""
    return _LIFETIME.sub(_STAND_IN, line)


def with_lifetimes(effect: Effect) -> Effect:
    """An effect on such lines as it is told."""
    return Effect(effect.kind, tuple(value.replace(_STAND_IN, "'") for value in effect.values))


def is_mark(line: str) -> bool:
    """Whether a line is an attribute or a decorator."""
    return bool(_MARK.match(line))


def _outside_marks(lines: Sequence[str]) -> list[str]:
    """The lines without attributes and decorators, which may go over several of them."""
    kept = []
    depth = 0
    for line in lines:
        if depth or _MARK_BEGINS.match(line):
            depth = max(0, depth + sum(map(line.count, "([{")) - sum(map(line.count, ")]}")))
        else:
            kept.append(line)
    return kept


_MEMBERS = {
    "enum": re.compile(r"\s*([A-Za-z_$][\w$]*)\s*(?:[,({=]|$)"),
    "struct": re.compile(
        r"\s*(?:pub(?:\([^)]*\))?\s+)?(?:([A-Za-z_]\w*)\s*:(?!:)|"
        # Go's, which end without a sign: names, a type, a tag
        r"(?!(?:dyn|impl|where|for|unsafe|const|unsigned|signed|long|struct|enum|union|static|volatile|mutable|typedef|public|private|return)\b)"
        r"([A-Za-z_]\w*(?:,\s*[A-Za-z_]\w*)*)\s+(?:map\[|chan\b|func\(|interface\b|struct\b|<-|[*\[\w])[^;:=`]*(?:`.*`)?$|"
        r"(?:(?:const|unsigned|long|struct|enum|static|volatile|mutable)\s+)*[\w:]+(?:<.*>)?[\s*&]+"
        r"(?:const\s+)?(\w+)(?:\[[^\]]*\])*(?:\s*:\s*\d+)?\s*(?:=.*)?;)"
    ),
    # What a class declares and does not define there: its types, then a name with its parameters or its value.
    "class": re.compile(
        r"\s*(?!(?:using|friend|typedef|return|throw|delete|goto|else)\b)"
        r"(?:\w+(?:::\w+)*(?:<[^<>;()]*>)?(?:\s*[*&]+\s*|\s+))+(\w+)\s*"
        r"(?:\([^;{}]*\)[\w\s=]*|(?:\[[^\]]*\])*\s*(?:=[^;(]*)?);\s*$"
    ),
    "interface": re.compile(r"\s*(?:readonly\s+)?([A-Za-z_$][\w$]*)\s*\??\s*[:(<]"),
}


#: A macro of C++ that says by what a member is guarded, behind its name.
_GUARD = re.compile(r"(?<=[\w\])])\s+[A-Z][A-Z0-9]*_[A-Z0-9_]*\([^()]*\)(?=\s*[=;{])")


def members(kind: str, removed: Sequence[str], added: Sequence[str]) -> list[Effect]:
    """Members that an enum, a structure or an interface gains or loses."""
    pattern = _MEMBERS.get({"type": "struct", "trait": "interface"}.get(kind, kind))
    if pattern is None:
        return []
    old, new = (
        [
            name
            for line in _outside_marks(lines)
            if not is_comment(line) and (match := pattern.match(_GUARD.sub("", uncommented(line))))
            for name in re.split(r",\s*", next(part for part in match.groups() if part))
            if name not in WORDS
        ]
        for lines in (removed, added)
    )
    # What is declared otherwise on the other side has neither come nor gone.
    come = [item for item in new if item not in old and not _stands(item, removed)]
    gone = [item for item in old if item not in new and not _stands(item, added)]
    found = [Effect(EffectKind.GAINS_MEMBER, tuple(come))] if come else []
    return [*found, *([Effect(EffectKind.LOSES_MEMBER, tuple(gone))] if gone else [])]


def _stands(name: str, lines: Sequence[str]) -> bool:
    """Whether a line of code holds a name."""
    word = re.compile(rf"(?<![\w$]){re.escape(name)}(?![\w$])")
    return any(word.search(uncommented(line)) for line in lines if not is_comment(line))
