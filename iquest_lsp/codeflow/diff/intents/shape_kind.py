"""What a diff alone speaks for, whatever its message says."""

from __future__ import annotations

from collections import Counter

from iquest_lsp.codeflow.diff.intents.kinds import Guess, IntentReason, Sign
from iquest_lsp.codeflow.diff.intents.shape import Shape
from iquest_lsp.codeflow.syntax.paths import Category


def shape_kind(shape: Shape) -> Guess | None:
    """The kind that the diff alone speaks for, how strongly, and by what; None when it says nothing."""
    total = sum(shape.categories.values())
    if not total:
        return None
    only = {kind for kind, count in shape.categories.items() if count}
    # The versions that something is tested with are none of its own.
    if shape.versions_only and not shape.categories[Category.TEST] and only != {Category.CI}:
        with_notes = Category.CHANGELOG in only
        return "release", 0.7, IntentReason(Sign.VERSIONS_AND_NOTES if with_notes else Sign.VERSIONS)
    if shape.files == shape.pure_renames:
        return "refactor", 0.9, IntentReason(Sign.FILES_RENAMED)
    for kinds, name, what in _PURE:
        if only <= kinds and only & _MAIN[name]:
            return name, 0.9, IntentReason(Sign.ONE_CATEGORY, (what.value,))
    if only == {Category.CI, Category.DOCS} and shape.categories[Category.CI] >= shape.categories[Category.DOCS]:
        return "ci", 0.9, IntentReason(Sign.CI_AND_DOCS)
    if shape.format_only and shape.categories[Category.SOURCE] and only <= {Category.SOURCE, Category.TEST}:
        return "style", 0.85, IntentReason(Sign.LAYOUT)
    if shape.comments_only:
        return "docs", 0.85, IntentReason(Sign.COMMENTS)
    if shape.moved_files > max(2 * shape.new_code, 1) and 3 * shape.moved_files >= shape.files:
        return "refactor", 0.8, IntentReason(Sign.FILES_MOVED)
    if shape.symbols is not None:
        return _symbol_kind(shape, shape.symbols)
    if shape.new_code:
        return "feature", 0.5, IntentReason(Sign.FILES_ADDED)
    if shape.deleted and shape.removed > 2 * shape.added:
        return "refactor", 0.45, IntentReason(Sign.CODE_REMOVED)
    if shape.added > 20 and shape.added > 4 * shape.removed:
        return "feature", 0.4, IntentReason(Sign.MOSTLY_NEW)
    return None


_PURE: tuple[tuple[frozenset[Category], str, Category], ...] = (
    (frozenset({Category.DOCS, Category.CHANGELOG}), "docs", Category.DOCS),
    (frozenset({Category.TEST}), "test", Category.TEST),
    (frozenset({Category.CI}), "ci", Category.CI),
    (frozenset({Category.BUILD, Category.LOCK}), "build", Category.BUILD),
)
_MAIN = {
    "docs": frozenset({Category.DOCS, Category.CHANGELOG}),
    "test": frozenset({Category.TEST}),
    "ci": frozenset({Category.CI}),
    "build": frozenset({Category.BUILD, Category.LOCK}),
}


def _symbol_kind(shape: Shape, symbols: Counter[str]) -> Guess | None:
    changed = {name: count for name, count in symbols.items() if name in _CHANGES and count}
    new = symbols["added"] - symbols["private-added"] - symbols["tests-added"]
    if not changed:
        return None
    if symbols["deprecates"]:
        return "deprecate", 0.8, IntentReason(Sign.DEPRECATES)
    plain = not symbols["value"] and not symbols["beside"]
    if set(changed) <= {"format-only"} and plain:
        return "style", 0.85, IntentReason(Sign.LAYOUT)
    if set(changed) <= {"doc", "format-only"} and plain:
        return "docs", 0.8, IntentReason(Sign.COMMENTS)
    if shape.renamed_words:
        # Where nothing is called otherwise, another thing may be meant.
        sure = 0.8 if symbols["renamed"] else 0.5
        return "refactor", sure, IntentReason(Sign.NAME_REPLACED)
    elsewhere = symbols["moved"] + symbols["renamed"]
    rest = symbols["body"] + symbols["signature"]
    if elsewhere > symbols["does-more"] and elsewhere >= new and 2 * elsewhere >= rest:
        return "refactor", 0.75, IntentReason(Sign.DEFINITIONS_MOVED)
    if shape.moved_lines >= 0.5 and symbols["regrouped"]:
        return "refactor", 0.75, IntentReason(Sign.LINES_REGROUPED)
    if new > 0 and not symbols["removed"]:
        # One new name beside much that is reworked says little.
        sure = 2 * new >= symbols["body"] + symbols["signature"] or shape.added > 4 * shape.removed
        return "feature", 0.7 if sure else 0.5, IntentReason(Sign.PUBLIC_ADDED)
    if new > symbols["removed"]:
        return "feature", 0.55, IntentReason(Sign.MORE_ADDED)
    if symbols["removed"] and shape.removed > 2 * shape.added:
        return "refactor", 0.55, IntentReason(Sign.DEFINITIONS_REMOVED)
    if shape.speeds > 0 and shape.guards <= 0:
        return "perf", 0.5, IntentReason(Sign.SPEED)
    if shape.moved_lines >= 0.5:
        return "refactor", 0.6, IntentReason(Sign.LINES_REARRANGED)
    if symbols["takes"] and shape.added > shape.removed and shape.guards <= 0:
        return "feature", 0.45, IntentReason(Sign.TAKES_MORE)
    if shape.added > 20 and not shape.removed:
        return None  # what only comes may be for anything
    small = shape.added + shape.removed <= 40
    if symbols["body"] and (shape.guards > 0 or small):
        return "fix", 0.6 if shape.guards > 0 else 0.5, IntentReason(Sign.INSIDE)
    if symbols["body"] and shape.removed >= shape.added:
        return "refactor", 0.45, IntentReason(Sign.REWRITTEN)
    return ("fix", 0.35, IntentReason(Sign.EXISTING)) if symbols["body"] else None


_CHANGES = frozenset({"added", "removed", "renamed", "moved", "signature", "body", "doc", "test", "format-only"})


def is_layout(shape: Shape) -> bool:
    """Whether the trees of all definitions that change are the same as before."""
    symbols = shape.symbols or Counter()
    changed = {name for name, count in symbols.items() if name in _CHANGES and count}
    return changed == {"format-only"} and not symbols["value"] and not symbols["beside"]
