"""What a module imports and exports now, and no longer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from iquest_lsp.codeflow.syntax.comments import is_comment, uncommented
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind, named
from iquest_lsp.codeflow.syntax.effects.line_effects import moved
from iquest_lsp.codeflow.syntax.imports import import_lines, imported

_NAME = re.compile(r"[A-Za-z_$][\w$]*(?:[./:\\\-]+\w+)*")
_KEYWORDS = re.compile(
    r"(?:import|from|use|using|require|require_once|require_relative|as|pub|crate|self|super|type|include|require|const|mod|export|default|package|begin|end|else|"
    r"rescue|then|function|static)$"
)
_FROM = re.compile(r"(?<!\*)\s+from\s+[\"'][^\"']*[\"'];?|(?<=\w)\s+from\s+[\"'][^\"']*[\"'];?")
#: The module that a line of an import takes names from, beside those that it binds.
_TAKEN_FROM = re.compile(
    r"^\s*+from\s++[.\w]++\s++import\b|\bfrom\s++[\"'][^\"']*+[\"']"
    r"|=\s*+(?:await\s++)?+(?:require|import)\(\s*+[\"'][^\"']*+[\"']\s*+\)"
)


def path_effects(part: tuple[Sequence[str], Sequence[str]], file: tuple[Sequence[str], Sequence[str]]) -> list[Effect]:
    """The paths that Rust's `use` statements gain and lose, by whole statements before and after.

    `file` are all lines of the file: what stands elsewhere in it has neither come nor gone. A name that comes by
    another path is told by both.
    """
    old, new = ({*_paths(lines)} for lines in part)
    earlier, later = ({*_paths(lines)} for lines in file)
    come, gone = sorted(new - old - earlier), sorted(old - new - later)
    return [*named(EffectKind.USES, come[:4]), *named(EffectKind.USES_NO_MORE, gone[:4])]


def _paths(lines: Sequence[str]) -> Iterator[str]:
    for name, modules in imported("a.rs", "\n".join(lines)).items():
        yield from (f"{module}::{name}" if module else name for module in modules)


def link_effects(
    removed: Sequence[str], added: Sequence[str], after: Sequence[str], before: Sequence[str] = (), *, exported: bool
) -> list[Effect]:
    """The names that lines of imports or exports gain and lose.

    `after` and `before` are all lines of the file: what is imported elsewhere in it has neither come nor gone.
    """
    removed, added, after = (
        [uncommented(line) for line in lines if not is_comment(line)] for lines in (removed, added, after)
    )
    # What is exported from another module is told, not from where.
    sides = [[_FROM.sub("", line) for line in lines] if exported else lines for lines in (removed, added)]
    old, new = map(_names, sides)
    come, gone = sorted(new - old), sorted(old - new)
    if not exported:
        bound = _bound(added)
        come = sorted({*come, *(bound - _bound(removed))})
        known = [uncommented(line) for line in import_lines(before)] if come else []
        # A module of that name is not what is imported under it.
        words, earlier = _names(known), _bound(known)
        come = [name for name in come if name not in (earlier if name in bound else words)]
    if not come and not gone:
        before, after = ([line.strip() for line in lines] for lines in (removed, added))
        elsewhere = before != after and Counter(before) == Counter(after)
        return [moved(added)] if elsewhere else []
    # What comes by another way, as in a `try`, is used all the same.
    left = {name for line in after for name in _NAME.findall(line)}
    kinds = (EffectKind.EXPORTS, EffectKind.EXPORTS_NO_MORE) if exported else (EffectKind.USES, EffectKind.USES_NO_MORE)
    return [*named(kinds[0], come[:4]), *named(kinds[1], [name for name in gone if exported or name not in left][:4])]


def _names(lines: Iterable[str]) -> set[str]:
    return {name for line in lines for name in _NAME.findall(line) if not _KEYWORDS.match(name)}


def _bound(lines: Iterable[str]) -> set[str]:
    """The names of lines that import, without those of the modules that these are taken from."""
    return _names(_TAKEN_FROM.sub("", line) for line in lines)
