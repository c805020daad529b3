"""A commit message from the facts of a diff, in the form that the repository's messages have."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.diff.changed_files import ChangedFile
from iquest_lsp.codeflow.diff.intents.kinds import Intent
from iquest_lsp.codeflow.diff.message_habit import Habit, SubjectForm
from iquest_lsp.codeflow.diff.replacements import Replacement
from iquest_lsp.codeflow.syntax.effects.effect import EffectKind
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.wording.commit_parts import DEFINITIONS, Point, is_named
from iquest_lsp.codeflow.wording.commit_points import points_of
from iquest_lsp.codeflow.wording.phrases import say

MAX_SUBJECT, WIDTH, MAX_POINTS = 72, 72, 6
#: A kind of change that is surer than this follows from what changes, not from how.
SHOWN = 0.8

_TYPES = {
    "feature": ("feat",),
    "fix": ("fix",),
    "refactor": ("refactor", "chore"),
    "perf": ("perf", "refactor"),
    "docs": ("docs", "doc", "chore"),
    "test": ("test", "tests", "chore"),
    "ci": ("ci", "chore", "build"),
    "build": ("build", "chore", "deps"),
    "style": ("style", "chore", "refactor"),
    "deprecate": ("refactor", "chore"),
    "release": ("chore", "release", "build"),
    "change": ("chore",),
}
_EMOJIS = {
    "feature": ("✨", ":sparkles:"),
    "fix": ("🐛", ":bug:"),
    "refactor": ("♻️", ":recycle:"),
    "perf": ("⚡️", ":zap:"),
    "docs": ("📝", ":memo:"),
    "test": ("✅", ":white_check_mark:"),
    "ci": ("👷", ":construction_worker:"),
    "build": ("📦️", ":package:"),
    "style": ("🎨", ":art:"),
    "deprecate": ("🗑️", ":wastebasket:"),
    "release": ("🔖", ":bookmark:"),
    "change": ("🔧", ":wrench:"),
}
#: Kinds of definitions whose members are seen by those who use them.
_TYPES_OF_CODE = frozenset({"interface", "type", "struct", "enum", "trait", "protocol", "record"})
#: Kinds of change that say more than what changes.
_CLAIMS = frozenset({"feature", "fix", "refactor", "perf", "deprecate"})


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """What a message is made of."""

    files: Sequence[ChangedFile]
    intent: Intent
    habit: Habit
    replacement: Replacement | None = None


@dataclass(frozen=True, slots=True)
class CommitMessage:
    """A message; `guessed` is the kind of change that its type states where the diff alone does not show it."""

    subject: str
    body: str = ""
    guessed: str = ""

    @property
    def text(self) -> str:
        """Subject and body, as git takes them."""
        return f"{self.subject}\n\n{self.body}\n" if self.body else f"{self.subject}\n"

    @property
    def note(self) -> str:
        """What a reader should look at, in words; empty where all follows from the diff."""
        return say("the diff does not show the kind of change, “{}” is a guess", self.guessed) if self.guessed else ""

    def to_json(self) -> dict[str, object]:
        """The JSON form (docs/json.md)."""
        return {"subject": self.subject, "body": self.body, "guessed": self.guessed or None}


def commit_message(facts: MessageFacts) -> CommitMessage:
    """The message for a diff; `facts.files` must not be empty."""
    points = sorted(dict.fromkeys(points_of(facts.files, facts.replacement)), key=lambda item: -item.weight)
    kind, guessed = _kind(facts)
    prefix = _prefix(facts.habit, kind)
    first, *rest = points
    subject = prefix + _styled(facts.habit, _fitting(first, MAX_SUBJECT - len(prefix) - 1))
    plain = Habit(code_font=facts.habit.code_font)
    told = [_styled(plain, item.texts[0]) for item in (first, *rest)]
    if told[0].casefold() == subject.removeprefix(prefix).rstrip(".").casefold():
        told.pop(0)
    left = len(told) - MAX_POINTS
    points_told = told[:MAX_POINTS] if left > 1 else told
    if left > 1:
        points_told = [*points_told, say("{} more changes", left)]
    body = "\n".join(
        textwrap.fill(
            text, WIDTH, initial_indent="- ", subsequent_indent="  ", break_long_words=False, break_on_hyphens=False
        )
        for text in dict.fromkeys(points_told)
    )
    states = facts.habit.form in (SubjectForm.CONVENTIONAL, SubjectForm.GITMOJI)
    return CommitMessage(subject, body, kind if guessed and states and kind in _CLAIMS else "")


def _kind(facts: MessageFacts) -> tuple[str, bool]:
    """The kind of change, and whether that is no more than a guess."""
    kind = facts.intent.kind
    if facts.intent.confidence >= SHOWN:
        return kind, False
    symbols = [item for file in facts.files for item in file.symbols if category(file.path) is Category.SOURCE]
    if any(item.change == "added" and item.public and item.kind in DEFINITIONS for item in symbols):
        return "feature", True
    if any(
        effect.kind is EffectKind.GAINS_MEMBER and item.public and item.kind in _TYPES_OF_CODE
        for item in symbols
        for effect in item.effects
    ):
        return "feature", True
    if facts.files and all(item.status == "renamed" or not any(map(is_named, item.symbols)) for item in facts.files):
        kind = "refactor" if any(item.status == "renamed" for item in facts.files) else kind
    if kind == "change" or (kind == "feature" and symbols):
        kind = "fix" if symbols else "change"
    return kind, True


def _prefix(habit: Habit, kind: str) -> str:
    if habit.form is SubjectForm.CONVENTIONAL:
        candidates = _TYPES.get(kind, ("chore",))
        chosen = next((item for item in candidates if habit.types[item]), candidates[0])
        return f"{chosen}({habit.scope}): " if habit.scope else f"{chosen}: "
    if habit.form is SubjectForm.GITMOJI:
        used = habit.emojis.get(kind)
        default = _EMOJIS.get(kind, _EMOJIS["change"])[int(habit.short_codes)]
        return f"{used.most_common(1)[0][0] if used else default} "
    if habit.form is SubjectForm.TICKET and habit.ticket:
        return f"{habit.ticket} "
    if habit.form is SubjectForm.AREA and habit.scope:
        return f"{habit.scope}: "
    return ""


def _styled(habit: Habit, text: str) -> str:
    """A point as the repository writes it: case of the first letter, period, code font for names."""
    text = text if habit.code_font else text.replace("`", "")
    text = (text[:1].upper() if habit.capital else text[:1]) + text[1:]
    return text + "." if habit.period else text


def _fitting(point: Point, room: int) -> str:
    for text in point.texts:
        if len(text) <= room:
            return text
    return textwrap.shorten(point.texts[-1], room, placeholder="…")
