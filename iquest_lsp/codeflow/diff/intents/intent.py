"""A commit's purpose, from its message and the shape of its diff.

Messages are read in English and Chinese; in any other language the diff decides.
"""

from __future__ import annotations

import re

from iquest_lsp.codeflow.diff.intents.bearing import bears_out
from iquest_lsp.codeflow.diff.intents.kinds import GUESS, Guess, Intent, IntentReason, Sign
from iquest_lsp.codeflow.diff.intents.message_words import issues_in, mends_words, uninformative, word_scores
from iquest_lsp.codeflow.diff.intents.shape import Shape
from iquest_lsp.codeflow.diff.intents.shape_kind import is_layout, shape_kind

_PREFIXES = {
    "feat": "feature",
    "feature": "feature",
    "feats": "feature",
    "fix": "fix",
    "bugfix": "fix",
    "hotfix": "fix",
    "bug": "fix",
    "security": "fix",
    "docs": "docs",
    "doc": "docs",
    "refactor": "refactor",
    "refact": "refactor",
    "refactoring": "refactor",
    "cleanup": "refactor",
    "perf": "perf",
    "performance": "perf",
    "test": "test",
    "tests": "test",
    "ci": "ci",
    "build": "build",
    "deps": "build",
    "dep": "build",
    "style": "style",
    "fmt": "style",
    "lint": "style",
    "chore": "chore",
    "maint": "chore",
    "revert": "revert",
    "release": "release",
    "enh": "feature",
    "rel": "release",
    "tst": "test",
    "sty": "style",
    "mnt": "chore",
    "bld": "build",
    "dep-bump": "build",
    "deprecate": "deprecate",
    "improvement": "feature",
    "type": "refactor",
    "typing": "refactor",
    "i18n": "feature",
    "修复": "fix",
    "功能": "feature",
    "新增": "feature",
    "重构": "refactor",
    "文档": "docs",
    "测试": "test",
    "优化": "perf",
    "样式": "style",
    "格式": "style",
    "构建": "build",
    "发布": "release",
    "回滚": "revert",
    "杂项": "chore",
}
_PREFIX = re.compile(r"^\W{0,3}([\w-]+?)\]?\s*+(?:\(([^)]*)\))?(!)?\s*[:：\]]\s*\S")
_EMOJI = {
    "✨": "feature",
    ":sparkles:": "feature",
    "🐛": "fix",
    ":bug:": "fix",
    "🚑": "fix",
    ":ambulance:": "fix",
    "📝": "docs",
    ":memo:": "docs",
    "♻": "refactor",
    ":recycle:": "refactor",
    "⚡": "perf",
    ":zap:": "perf",
    "✅": "test",
    ":white_check_mark:": "test",
    "👷": "ci",
    ":construction_worker:": "ci",
    "🎨": "style",
    ":art:": "style",
    "⬆": "build",
    ":arrow_up:": "build",
    "🔖": "release",
    ":bookmark:": "release",
    "🔒": "fix",
    ":lock:": "fix",
    "🗑": "deprecate",
    ":wastebasket:": "deprecate",
    "🔥": "refactor",
    ":fire:": "refactor",
    "🚚": "refactor",
}

_MENDS = re.compile(r"\bfix(e[sd])?:? #\d+", re.IGNORECASE)
#: A footer, to its paragraph's end or the next one.
_BREAKING = re.compile(r"^BREAKING[ -]CHANGES?\b:?((?:.*\S.*)?(?:\n(?![\w-]+: )(?=.*\S).*)*)", re.MULTILINE)
#: Which versions of a language or a platform are supported.
_SUPPORTED = re.compile(
    r"\b(?:drop\w*|remov\w+|end|update|requir\w+|raise|bump|supported)\b.{0,30}\b(?:support\w*|versions?|python|node|php|ruby|java|"
    r"rust|go|\.net|compiler|rustc|msrv|toolchain)\b.{0,20}(?:\d|\bversions?\b)",
    re.IGNORECASE,
)
#: What says that a version is released, where the diff holds no more than what is written of it.
_RELEASES = re.compile(
    r"(?:release|prepar\w*(?:\s+(?:for|the|next))*\s+release(?:\s+of)?|bump(?:ing)?\s+version\s+to)\s+v?\d+(?:\.\d+)+|"
    r"v?(?<![\d.])\d+(?:\.\d+)++\S*+\s+release\b",
    re.IGNORECASE,
)
_REVERT = re.compile(r"This reverts commit ([0-9a-f]{7,64})")
#: The messages of commits that were made into one.
_LISTED = re.compile(r"^[*-] ", re.MULTILINE)
_MERGE = re.compile(r"^Merge (pull request|branch|remote-tracking|tag|commit)\b|^合并")


def intent_of(subject: str, body: str, shape: Shape, *, merge: bool = False) -> Intent:
    """The purpose of a commit with this message and this shape of diff."""
    text = f"{subject}\n{body}"
    kind, confidence, reasons, told = _kind(subject, body, shape, merge=merge)
    reverted = _reverted(body)
    return Intent(
        kind,
        round(confidence, 2),
        reasons,
        told,
        issues_in(text),
        reverts=reverted[1] if reverted else "",
    )


def _reverted(body: str) -> re.Match[str] | None:
    """What a message says it undoes: one of a list of commits that became one may have undone another of them."""
    found = _REVERT.search(body)
    return found if found and not _LISTED.search(body, 0, found.start()) else None


def called_breaking(subject: str, body: str) -> str | None:
    """What breaks, where a message says that something does (Conventional Commits); "" where it only marks it so.

    None for a message that says nothing of it.
    """
    if footer := _BREAKING.search(body):
        return " ".join(footer[1].split())
    prefix = _PREFIX.match(subject)
    return "" if prefix and prefix[3] and prefix[1].lower() in _PREFIXES else None


def _kind(subject: str, body: str, shape: Shape, *, merge: bool) -> tuple[str, float, tuple[IntentReason, ...], bool]:
    if merge or (_MERGE.match(subject) and shape.files == 0):
        return "merge", 0.99, (IntentReason(Sign.JOINS),), False
    if subject.startswith('Revert "') or _reverted(body):
        return "revert", 0.99, (IntentReason(Sign.UNDOES),), True
    prefix = _PREFIX.match(subject)
    if prefix and prefix[1].lower() in _PREFIXES:
        pure = shape_kind(shape) if _PREFIXES[prefix[1].lower()] == "feature" else None
        if pure is not None and pure[2].kind is Sign.ONE_CATEGORY:
            return pure[0], pure[1], (pure[2],), True  # what is written or tested only is told as such
        return _PREFIXES[prefix[1].lower()], 0.95, (IntentReason(Sign.PREFIX, (prefix[1],)),), True
    for emoji, kind in _EMOJI.items():
        if subject.startswith(emoji):
            return kind, 0.9, (IntentReason(Sign.EMOJI, (emoji,)),), True
    told = not uninformative(subject)
    guess = shape_kind(shape)
    if guess is not None and guess[0] == "refactor" and _SUPPORTED.search(subject):
        guess = None  # what old versions needed goes with them
    if guess is not None and guess[0] in ("docs", "build") and (released := _RELEASES.match(subject)):
        return "release", 0.8, (IntentReason(Sign.WORD, (released[0],)),), told
    if guess is not None and (guess[1] >= 0.9 or guess[2].kind is Sign.COMMENTS or is_layout(shape)):
        return guess[0], guess[1], (guess[2],), told
    if told:
        alike = guess[0] if guess is not None and guess[2].kind not in _SLIGHT else ""
        scores, words = word_scores(subject, body, shape, alike)
        # Who says that it mends an issue did not rearrange lines for their own sake.
        mended = guess is not None and guess[0] in ("refactor", "style") and guess[1] <= 0.6 and _MENDS.search(body)
        if mended:
            scores["fix"] += 1.0
        elif guess is not None:
            scores[guess[0]] += 1.5 * guess[1]
        best = sorted(scores.items(), key=lambda item: -item[1])[:2]
        if best and (best[0][1] >= 1.0):
            margin = best[0][1] - (best[1][1] if len(best) > 1 else 0.0)
            kind = best[0][0]
            why = [IntentReason(Sign.WORD, (words[kind],))] if kind in words else []
            why += [guess[2]] if guess is not None and guess[0] == kind else []
            sure = bears_out(kind, words[kind], subject, shape, guess) if kind in words else _is_sure(guess)
            return kind, min(0.9 if sure else GUESS, 0.55 + 0.1 * margin), tuple(why), True
    if (guess is None or guess[2].kind in _SLIGHT) and (word := mends_words(subject)):
        return "docs", 0.6, (IntentReason(Sign.WORD, (word,)),), told
    # A message that says something else is not overruled by so little.
    slight = told and guess is not None and guess[2].kind in _SLIGHT
    if guess is not None and not slight:
        sure = not told or _is_sure(guess)
        return guess[0], guess[1] if sure else min(guess[1], GUESS), (guess[2],), told
    return "change", 0.2, (IntentReason(Sign.UNKNOWN),), told


_SLIGHT = frozenset({Sign.INSIDE, Sign.EXISTING, Sign.REWRITTEN, Sign.SPEED, Sign.LINES_REARRANGED})
_COMING = frozenset({Sign.PUBLIC_ADDED, Sign.MORE_ADDED, Sign.DEFINITIONS_REMOVED, Sign.FILES_ADDED, Sign.MOSTLY_NEW})


def _is_sure(guess: Guess | None) -> bool:
    """Whether a diff alone tells what a message leaves out: that definitions come or go does not say what for."""
    return guess is not None and guess[2].kind not in _COMING
