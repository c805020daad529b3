"""What is renamed and changes in more than its name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from iquest_lsp.codeflow.diff.part_effects import PROSE
from iquest_lsp.codeflow.facts import bounded
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.comments import is_comment
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind

_WORD = re.compile(r"[\w$]+|[^\w\s]")
_MARK = re.compile(r"\s*([=\-~^#*+\"'])\1*\s*")


def as_more_than_renamed(
    changes: Sequence[SymbolChange], before: Mapping[str, bytes], after: Mapping[str, bytes]
) -> list[SymbolChange]:
    """The changes; of what is renamed it is told where its text is another one too, but for names that change along.

    What only has another receiver is not renamed.

    `before` and `after` are the texts of the files on both sides, by the path after.
    """
    renamed = [item for item in changes if item.change == "renamed" and not item.effects]
    if not renamed:
        return list(changes)
    names = {_last(item.old_name): _last(item.name) for item in renamed}
    lines = cache(lambda text: text.decode("utf-8", "replace").split("\n"))
    found = []
    for item in changes:
        sides = before.get(item.path), after.get(item.path)
        if item.change == "renamed" and not item.effects and sides[0] is not None and sides[1] is not None:
            old, new = lines(sides[0])[slice(*item.old_span)], lines(sides[1])[slice(*item.span)]
            if item.kind not in PROSE:
                old, new = ([line for line in side if not is_comment(line)] for side in (old, new))
            if heads := _extended(item, old, new):
                item = replace(item, change="body", old_name=item.name, effects=(Effect(EffectKind.BECOMES, heads),))
            elif old and new and _words(old, item.old_name, names) != _words(new, item.name, {}):
                item = replace(item, effects=(Effect(EffectKind.BODY_TOO),))
        found.append(item)
    return found


def _extended(item: SymbolChange, old: Sequence[str], new: Sequence[str]) -> tuple[str, str] | None:
    """The heads of a function of Kotlin that extends a type now, or did: that is no other name, and no outer one."""
    short, names = _last(item.name), sorted((item.old_name, item.name), key=len)
    outer = names[0].removesuffix(short)
    receiver = names[1].removeprefix(outer).removesuffix(f".{short}")
    if not item.path.endswith((".kt", ".kts")) or names[1] != f"{outer}{receiver}.{short}" or "." in receiver:
        return None
    named = re.compile(rf"(?<!\w){re.escape(short)}(?!\w)")
    heads = [next((line for line in side if named.search(line)), "").strip() for side in (old, new)]
    extends = [re.search(rf"(?<![\w.]){re.escape(receiver)}(?:<[^()]*>)?\??\.", head) is not None for head in heads]
    return (bounded(heads[0]), bounded(heads[1])) if all(heads) and extends[0] != extends[1] else None


def _words(lines: Sequence[str], name: str, names: Mapping[str, str]) -> list[str]:
    """The words and signs of a text without those of its own name, other names under their new ones."""
    head, own = lines[0], _last(name)
    rest = [head.replace(own, "", 1), *lines[1:]] if own in head else list(lines)
    # What marks or underlines a title has as many signs as its level, or as that has letters.
    kept = [line for line in rest if not _MARK.fullmatch(line)]
    return [names.get(word, word) for line in kept for word in _WORD.findall(line)]


def _last(name: str) -> str:
    """The name itself, without what it stands in."""
    return re.split(r" > |\.(?=[\w$]+[?!=]?$)|::", name)[-1]
