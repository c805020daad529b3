"""What becomes of a named part of a file that is there before and after."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.diff.module_links import link_effects, path_effects
from iquest_lsp.codeflow.diff.values import keys_instead, line_values, value_effects
from iquest_lsp.codeflow.syntax.comments import is_comment, opens_comment
from iquest_lsp.codeflow.syntax.effects.body_effects import body_effects, by_hunk
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.syntax.effects.line_effects import effects, plain_effects
from iquest_lsp.codeflow.syntax.effects.meaning import Pair
from iquest_lsp.codeflow.syntax.heads import head_effects
from iquest_lsp.codeflow.syntax.outline.braces import BRACED, rows_in_texts
from iquest_lsp.codeflow.syntax.outline.region import Region
from iquest_lsp.grammars import languages

#: Kinds whose own text says what they do; of the others, sections above all, only a short line is told.
_CODE = frozenset({"variable", "assignment", "call", "statement", "module", "command", "declaration", "block"})
#: What files without a grammar define; what their lines do is read as that of other definitions.
DEFINED = frozenset(
    {
        *("function", "method", "property", "field", "class", "interface", "trait", "struct", "enum", "object"),
        *("protocol", "extension", "record", "macro", "resource", "data", "input", "output", "provider"),
    }
)
#: What begins a value that is filled into a text, and the rest of the line.
_FILLED = re.compile(r"(?:\\\(|\$\{|#\{|\{\$).*")
WRITTEN = frozenset({"section", "preamble", "paragraph"})
PROSE = WRITTEN | {"entry"}
_VALUES = frozenset({"key", "package", "variable", "constant", "assignment", "attribute"})


@dataclass(frozen=True, slots=True)
class PartLines:
    """The lines of a part that go and come, the same by hunk, all of its lines on both sides, and the file's after and
    before."""

    removed: Sequence[str]
    added: Sequence[str]
    hunks: Sequence[Pair]
    before: Sequence[str]
    after: Sequence[str]
    file: Sequence[str]
    earlier: Sequence[str] = ()


def part_effects(old: Region, new: Region, lines: PartLines, language: str) -> list[Effect]:
    """What becomes of a part that is there before and after: its value, its lines."""
    kind, removed, added = new.kind, list(lines.removed), list(lines.added)
    opens = any(opens_comment(*pair) for pair in lines.hunks)
    prose = PROSE | {"element"} if any(not line.lstrip().startswith("<") for line in (*removed, *added)) else PROSE
    bare = all(map(is_comment, (*removed, *added))) and kind not in prose and not opens
    if bare or kind == "comment":
        return [Effect(EffectKind.COMMENTS_ONLY)]
    if kind not in PROSE:
        removed, added = ([line for line in side if not is_comment(line)] for side in (removed, added))
    if kind == "imports" and language == "rust":
        return path_effects((lines.before, lines.after), (lines.earlier, lines.file))
    if kind in ("imports", "exports"):
        return link_effects(removed, added, lines.file, lines.earlier, exported=kind == "exports")
    if listed := line_values(kind, removed, added):
        return listed
    if kind in _VALUES and old.value != new.value and old.value and new.value:
        return value_effects(old.value, new.value, version=kind == "package")
    if kind in DEFINED:
        # A function inside another one is told by itself; the lines around it are its outer one's.
        of_head: list[Effect] = []
        hunks: Sequence[Pair] = lines.hunks
        if language in BRACED:
            hunks = _outside_texts(hunks, lines, language)
        if not hunks:
            # What is filled into a text is code.
            filled = [[item for line in side for item in _FILLED.findall(line)] for side in (removed, added)]
            return [Effect(EffectKind.TEXTS_ONLY)] if filled[0] == filled[1] else []
        if (kind in ("function", "method") or language in BRACED) and language not in languages():
            of_head, heads = head_effects(new.name, lines.before, lines.after, kind)
            hunks = _without(hunks, (heads, heads))
        return [*of_head, *(body_effects(kind, hunks, lines.before, lines.after, language) if hunks else [])]
    if kind in _CODE:
        # What a block holds after the change is used there still, whether its lines change or not.
        both = lines.before, lines.after
        told = effects(removed, added, *both) if kind == "call" else []
        return told or plain_effects(removed, added, *both) or by_hunk(lines.hunks)
    if kind == "key" and (instead := keys_instead(old.value, new.value, removed, added)):
        return instead
    if len(removed) == len(added) == 1 and len(removed[0].strip()) + len(added[0].strip()) <= 100:
        return [Effect(EffectKind.BECOMES, (removed[0].strip(), added[0].strip()))]
    return []


def _outside_texts(hunks: Sequence[Pair], lines: PartLines, language: str) -> Sequence[Pair]:
    """The hunks of a part without what stands in texts over several lines, which is no code."""
    sides = lines.before, lines.after
    if not any(mark in line for side in sides for line in side for mark in ('"""', '@"', "<<<")):
        return hunks
    removed, added = ({side[at] for at in rows_in_texts(side, language)} for side in sides)
    return _without(hunks, (removed, added))


def _without(hunks: Sequence[Pair], lines: tuple[set[str], set[str]]) -> Sequence[Pair]:
    """The hunks without some of the removed and some of the added lines, those that are left with none dropped."""
    left = (
        [[line for line in side if line not in out] for side, out in zip(hunk, lines, strict=True)] for hunk in hunks
    )
    return [(removed, added) for removed, added in left if removed or added]
