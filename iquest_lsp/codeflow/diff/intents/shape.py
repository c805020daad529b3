"""A diff in numbers that tell what kind of change it is."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.diff.changed_files import documents
from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.comments import in_its_language, is_comment, opens_comment, uncommented
from iquest_lsp.codeflow.syntax.effects.effect import EffectKind
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.syntax.signatures import parameter_effects, types_only


@dataclass(frozen=True, slots=True)
class Shape:
    """A diff in numbers; the symbol part is None where definitions were not looked at."""

    categories: Counter[Category]
    files: int
    new_code: int
    deleted: int
    pure_renames: int
    moved_files: int
    added: int
    removed: int
    symbols: Counter[str] | None = None
    moved_lines: float = 0.0
    renamed_words: bool = False
    guards: int = 0
    format_only: bool = False
    comments_only: bool = False
    versions_only: bool = False
    speeds: int = 0
    imports_only: bool = False
    #: Whether a line that comes speaks of deprecation; None where no lines are known.
    deprecating: bool | None = None


_GUARD = re.compile(
    r"^\s*+(\}?\s*+(el)?(se\s*)?if\b|elif\b|except\b|catch\b|try\b|raise\b|throw\b|assert\b|return (None|null|nil|"
    r"false|False|err)\b)|\b(is None|is not None|== null|!= null|=== undefined|!= nil|== nil)\b|\?\?|\.get\(|"
    r"\b(max|min)\(|unwrap_or|or \[\]|or \{\}|or \"\""
)
_SPEED = re.compile(
    r"lru_cache|@cache\b|memo(iz|\b)|__slots__|ThreadPool|executor|bisect|heapq|frozenset\(|"
    r"(?<!new )\bset\(|buffer|precomput|lazy|reserve\(|rayon|parallel",
    re.IGNORECASE,
)
_VERSION = re.compile(r"version.*\d|^\s*[\"']?\d+\.\d+(\.\d+)?", re.IGNORECASE)
#: A version that is worked on, and not released.
_UNRELEASED = re.compile(r"\d[.-]?(?:SNAPSHOT|dev\d{0,3})\b")
#: An assignment in C that begins as a line of a comment may.
_POINTER = re.compile(r"\*\s*\w[\w.>\[\]-]*\s*[-+|&]?=")
_WORD = re.compile(r"[^\W\d]\w*|\d+|\S")


def _helps_tests(item: SymbolChange) -> bool:
    """Whether a definition of a test file is no test."""
    return item.kind != "test" and category(item.path) is Category.TEST


def shape_of(
    files: Sequence[FileDiff],
    changes: Sequence[SymbolChange] | None = None,
    beside: Sequence[SymbolChange] = (),
) -> Shape:
    """The numbers that say what kind of change it is; `changes` makes them much more telling.

    `beside` are the parts outside of definitions that change too.
    """
    categories: Counter[Category] = Counter()
    new_code = deleted = renames = moved = added = removed = 0
    for item in files:
        kind = category(item.path)
        categories[kind] += max(1, max(item.added, 0) + max(item.removed, 0))
        added += max(item.added, 0)
        removed += max(item.removed, 0)
        deleted += item.status == "D"
        new_code += item.status == "A" and kind is Category.SOURCE and item.added > 0
        renames += item.status == "R" and item.added + item.removed == 0
        moved += item.status == "R" and kind in (Category.SOURCE, Category.TEST)
    code = [item for item in files if category(item.path) is Category.SOURCE]
    minus = [line.strip() for item in code for hunk in item.hunks for line in hunk.removed]
    plus = [line.strip() for item in code for hunk in item.hunks for line in hunk.added]
    telling = [line for line in plus if len(line) > 6]
    common = sum((Counter(telling) & Counter(line for line in minus if len(line) > 6)).values())
    all_lines = [line for item in files for hunk in item.hunks for line in (*hunk.removed, *hunk.added)]
    kept = (item for item in files if category(item.path) is not Category.CHANGELOG)
    of_versions = [
        line for item in kept for hunk in item.hunks for line in (*hunk.removed, *hunk.added) if line.strip()
    ]
    symbols: Counter[str] | None = None
    if changes is not None:
        outer = [item for item in changes if not item.inner and category(item.path) is not Category.BUILD]
        values = [item for item in outer if item.kind == "variable" and item.change == "body"]
        symbols = Counter(item.change for item in outer)
        # What a value is for, a value does not tell.
        symbols["body"] -= len(values)
        symbols["value"] = len(values)
        symbols["beside"] = sum(_does(item) for item in beside)
        symbols["types-only"] = sum(
            item.change == "signature" and types_only(item.old_signature, item.signature) for item in outer
        )
        symbols["takes"] = sum(
            item.change == "signature" and item.kind != "test" and not _helps_tests(item) and _takes_more(item)
            for item in outer
        )
        names = {item.name.rsplit(".", 1)[-1] for item in outer if item.change in ("renamed", "moved")}
        symbols["does-more"] = sum(_does_more(item, names) for item in outer if category(item.path) is Category.SOURCE)
        symbols["private-added"] = sum(
            item.change == "added" and (not _is_public(item) or _helps_tests(item)) for item in outer
        )
        symbols["regrouped"] = sum(item.change == "added" and _stood_in(item, minus) for item in changes)
        symbols["tests-added"] = sum(item.change == "added" and item.kind == "test" for item in changes)
        symbols["deprecates"] = sum(item.deprecates and item.change in ("body", "signature", "doc") for item in changes)
    return Shape(
        categories,
        len(files),
        new_code,
        deleted,
        renames,
        moved,
        added,
        removed,
        symbols,
        moved_lines=common / len(telling) if telling else 0.0,
        renamed_words=_one_word_renamed(code),
        guards=sum(bool(_GUARD.search(line)) for line in plus) - sum(bool(_GUARD.search(line)) for line in minus),
        comments_only=_are_of_words(files, changes, beside)
        or (
            bool(all_lines)
            and bool(minus or plus)
            and all(category(item.path) in (Category.SOURCE, Category.TEST) for item in files)
            and all(map(_is_commented, files))
            and not any(opens_comment(hunk.removed, hunk.added) for item in files for hunk in item.hunks)
        ),
        format_only=bool(minus or plus) and _squeezed(minus) == _squeezed(plus) and not any(map(_moves, code)),
        versions_only=0 < len(of_versions) <= 20
        and all(map(_VERSION.search, of_versions))
        and not any(map(_UNRELEASED.search, _added(files))),
        speeds=_fast(plus) - _fast(minus),
        deprecating=any("deprecat" in line.lower() for line in _added(files)) if all_lines else None,
        imports_only=bool(beside) and not changes and all(item.kind in ("imports", "exports") for item in beside),
    )


def _added(files: Iterable[FileDiff]) -> Iterator[str]:
    """The lines that come, those of changelogs aside."""
    return (
        line
        for item in files
        if category(item.path) is not Category.CHANGELOG
        for hunk in item.hunks
        for line in hunk.added
    )


def _are_of_words(
    files: Sequence[FileDiff], changes: Sequence[SymbolChange] | None, beside: Sequence[SymbolChange]
) -> bool:
    """Whether nothing but the documentation of modules and definitions, and comments, change in code."""
    told = [*(changes or ()), *beside]
    return (
        bool(told)
        and all(category(item.path) in (Category.SOURCE, Category.TEST) and item.status == "M" for item in files)
        and all(map(documents, told))
    )


#: What hides a definition, before its parameters.
_HIDDEN = re.compile(r"^(?:(?:#\[(?:[^\[\]]|\[[^\[\]]*+\])*+\]\s*+)*+pub\s*\(|[^(]*\b(?:private|fileprivate)\s)")


#: Files whose modules say what others see of them.
_EXPORTING = (".ts", ".tsx", ".mts")


def _is_public(item: SymbolChange) -> bool:
    """Whether a definition is more than a value, and others than its own package see it, by its name and head."""
    hidden = _HIDDEN.match(item.signature) or (item.path.endswith(".c") and item.signature.startswith("static "))
    if item.lines and "." not in item.name and item.path.endswith(_EXPORTING):
        hidden = hidden or not any(line.startswith(("export ", "declare ")) for line in item.lines)
    return item.public and item.kind not in ("constant", "variable") and not hidden


def _stood_in(item: SymbolChange, removed: Sequence[str]) -> bool:
    """Whether half of a new definition, and more than a line, stood among lines that have gone."""
    lines = [line for line in item.lines[1:] if re.search(r"\w", line)]
    common = sum((Counter(lines) & Counter(removed)).values())
    return common >= max(2, len(lines) / 2)


def _does(item: SymbolChange) -> bool:
    """Whether a part outside of definitions is more than documentation."""
    written = category(item.path) in (Category.DOCS, Category.CHANGELOG)
    return not written and item.change not in ("doc", "format-only")


@in_its_language
def _is_commented(item: FileDiff) -> bool:
    """Whether all lines that change in a file are comments."""
    lines = (line for hunk in item.hunks for line in (*hunk.removed, *hunk.added))
    return all(is_comment(line) and not _POINTER.match(line) for line in lines)


def _moves(item: FileDiff) -> bool:
    """Whether a hunk only takes out, or only puts in, lines that hold a word: they stand elsewhere, or are new."""
    one_sided = (hunk for hunk in item.hunks if bool(hunk.removed) != bool(hunk.added))
    return any(re.search(r"\w{3}", line) for hunk in one_sided for line in (*hunk.removed, *hunk.added))


def _fast(lines: Iterable[str]) -> int:
    """How many lines of code speak of caching or parallel work."""
    return sum(bool(_SPEED.search(uncommented(line))) for line in lines if not is_comment(line))


def _takes_more(change: SymbolChange) -> bool:
    """Whether a definition takes more parameters than before: one in another's place may have its name changed."""
    found = parameter_effects(change.old_signature, change.signature)
    come, gone = (
        sum(len(effect.values) for effect in found if effect.kind is kind)
        for kind in (EffectKind.TAKES, EffectKind.TAKES_NO_MORE)
    )
    return come > gone


#: What a definition did not do before.
_NEWLY = frozenset({EffectKind.RAISES, EffectKind.HANDLES, EffectKind.CHECKS, EffectKind.CALLS, EffectKind.COMES})


def _does_more(change: SymbolChange, names: Collection[str]) -> bool:
    """Whether a definition does what it did not do before, beside calling what has one of the new `names`."""
    return change.change in ("body", "signature") and any(
        effect.kind in _NEWLY and not (effect.kind is EffectKind.CALLS and set(effect.values) <= set(names))
        for effect in change.effects
    )


def _squeezed(lines: Iterable[str]) -> str:
    return re.sub(r"[\s,;\\]", "", "".join(lines)).replace("'", '"')


def _one_word_renamed(files: Sequence[FileDiff]) -> bool:
    """True when every changed line is the old one with the same identifiers replaced by the same others."""
    mapping: dict[str, str] = {}
    seen = 0
    for item in files:
        for hunk in item.hunks:
            if hunk.old_count != hunk.new_count or len(hunk.removed) != len(hunk.added):
                return False
            for before, after in zip(hunk.removed, hunk.added, strict=True):
                old, new = _WORD.findall(before), _WORD.findall(after)
                if len(old) != len(new):
                    return False
                for one, other in zip(old, new, strict=True):
                    if one == other:
                        continue
                    if not (one[0].isalpha() or one[0] == "_") or not (other[0].isalpha() or other[0] == "_"):
                        return False
                    if mapping.setdefault(one, other) != other:
                        return False
                    seen += 1
    # Names that change places stand for what they did before.
    return 0 < len(mapping) <= 3 and seen >= 2 and not mapping.keys() & set(mapping.values())
