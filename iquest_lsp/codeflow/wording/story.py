"""The answer to “why is this code so”, and its JSON and markdown forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from iquest_lsp.codeflow.diff.filters import Objection
from iquest_lsp.codeflow.facts import Fact
from iquest_lsp.codeflow.gaps import Gap, GapKind
from iquest_lsp.codeflow.syntax.effects.effect import Effect
from iquest_lsp.codeflow.syntax.paths import Category
from iquest_lsp.codeflow.wording.effects import COMMENTS, detail, effect_words, told_as
from iquest_lsp.codeflow.wording.gaps import gap_words, partial_lines
from iquest_lsp.codeflow.wording.phrases import WITHHELD, escape, left_out_line, prose, say
from iquest_lsp.codeflow.wording.purposes import ground_words

#: How many issues are told of one step; a commit that was squashed from many names as many.
MAX_ISSUES = 4
#: Steps of a story in short.
MAX_STEPS = 3
#: In place of a release, where no tag holds the deprecation.
UNRELEASED = "unreleased"


class StoryEventKind(StrEnum):
    """What a commit did to the target; the first nine are a definition's changes, see SymbolChange.

    RETURNED is a definition that an earlier commit took out, COPIED one whose original went later, REWRITTEN one that
    took the place of another of its name.
    """

    ADDED = "added"
    REMOVED = "removed"
    RENAMED = "renamed"
    MOVED = "moved"
    SIGNATURE = "signature"
    BODY = "body"
    DOC = "doc"
    TEST = "test"
    LAYOUT = "format-only"
    RETURNED = "returned"
    COPIED = "copied"
    REWRITTEN = "rewritten"
    LINE_BORN = "line-born"
    #: From another file, or from another place in its own.
    LINE_MOVED = "line-moved"
    LINE_SHIFTED = "line-shifted"
    LINE_CHANGED = "line-changed"
    LINES_BORN = "lines-born"
    LINES_CHANGED = "lines-changed"
    FILE_ADDED = "file-added"
    FILE_CHANGED = "file-changed"
    #: The definition is older than what is read in depth, and as old as its file.
    WITH_FILE = "with-file"
    #: A commit on tests, documents, CI or the changelog that follows on the others.
    FOLLOWS = "follows"
    #: A commit whose message names the target, or belongs to the same issues.
    NAMES = "names"
    BELONGS = "belongs"
    #: What is known holds a secret.
    WITHHELD = "withheld"


@dataclass(frozen=True, slots=True)
class StoryEvent:
    """What a commit did to the target, or to its `member`.

    `of` is the kind of definition, or what the commit is for where it changed a file; `names` are what a message
    names. `side` is the category of files of a commit that follows, `early` says that it came before the target.
    """

    kind: StoryEventKind
    of: str = ""
    member: str = ""
    name: str = ""
    signature: str = ""
    old_signature: str = ""
    effects: tuple[Effect, ...] = ()
    old_path: str = ""
    old_name: str = ""
    deprecates: bool = False
    names: tuple[str, ...] = ()
    side: Category | None = None
    early: bool = False

    @property
    def change(self) -> str:
        """The definition's change, as SymbolChange has it."""
        return self.kind.value

    def covers(self, other: StoryEvent) -> bool:
        """Whether this event tells all that the other one does."""
        if (self.kind, self.member) != (other.kind, other.member) or (other.deprecates and not self.deprecates):
            return False
        if self.kind is StoryEventKind.BODY:
            return self.effects[: len(other.effects)] == other.effects
        if (self.old_path, self.old_name) != (other.old_path, other.old_name):
            return False
        # A getter and its setter are introduced once, though their signatures differ.
        forms = (self.old_signature, self.signature), (other.old_signature, other.signature)
        return self.kind is not StoryEventKind.SIGNATURE or forms[0] == forms[1]


class NoteKind(StrEnum):
    """What is missing from an answer, and why."""

    NOT_COMMITTED = "not-committed"
    #: Not in HEAD either, but what is being merged may have it.
    MERGING = "merging"
    #: The commit with which a shallow clone ends.
    SHALLOW = "shallow"
    #: A sentence of the caller about what lies outside every history.
    NO_HISTORY = "no-history"


class Note(Fact[NoteKind]):
    """What is missing from an answer."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class StoryItem:
    """One step: `events` are what happened to the target; `kind`, `said` and `issues` tell why, as far as they can.

    `kind` is what the commit is for, `said` the prose of its message, or its subject where there is none.
    """

    commit: str
    date: str
    subject: str
    events: tuple[StoryEvent, ...]
    kind: str = ""
    said: str = ""
    issues: tuple[str, ...] = ()
    release: str | None = None
    objection: Objection | None = None

    @property
    def change(self) -> str:
        """What happened to the target, in words."""
        return "; ".join(_event(event) for event in self.events)

    @property
    def reason(self) -> str:
        """Why, as the history tells it."""
        return f"{self.said} ({self.told_issues})" if self.issues else self.said

    @property
    def told_issues(self) -> str:
        """The first of the issues, and how many more there are."""
        shown = ", ".join(self.issues[:MAX_ISSUES])
        return say("{} and {} more", shown, more) if (more := len(self.issues) - MAX_ISSUES) > 0 else shown


class DeprecationSource(StrEnum):
    """Where a reason for a deprecation is given."""

    MESSAGE = "message"
    CHANGELOG = "changelog"
    DOCSTRING = "docstring"
    ISSUE = "issue"


@dataclass(frozen=True, slots=True)
class DeprecationReason:
    """What a source says of a deprecation; `source` is a commit, or a file with its line from 1."""

    kind: DeprecationSource
    text: str
    source: str

    @property
    def words(self) -> str:
        """The quotation as a line of markdown."""
        place = (
            self.source if self.kind in (DeprecationSource.CHANGELOG, DeprecationSource.DOCSTRING) else self.source[:10]
        )
        return say(_REASONS[self.kind], escape(self.text), place)


@dataclass(frozen=True, slots=True)
class DeprecatedPart:
    """A parameter that is deprecated, and since which version, where that is known."""

    name: str
    since: str | None = None


@dataclass(frozen=True, slots=True)
class Story:
    """How a line or definition came to be, oldest step first.

    `since` is the first release that has it, `deprecated_in` the one that declares it deprecated (`unreleased` where
    no release does yet). `left_out` counts steps that a filter took out; `missing` is what the story lacks.
    `has_releases` says whether any tag of the repository is a release; `named_since` is the first release that has it
    under its name, where that is a later one; not `dated` is what no known step brought.
    """

    target: str
    story: tuple[StoryItem, ...]
    since: str | None = None
    deprecated_in: str | None = None
    left_out: int = 0
    missing: Note | None = None
    gaps: tuple[Gap, ...] = ()
    has_releases: bool = True
    reasons: tuple[DeprecationReason, ...] = ()
    deprecated_parts: tuple[DeprecatedPart, ...] = ()
    named_since: str | None = None
    dated: bool = True

    @property
    def note(self) -> str:
        """What the story lacks, in words."""
        return say(_NOTES[self.missing.kind], *self.missing.values) if self.missing is not None else ""

    @property
    def told_gaps(self) -> tuple[Gap, ...]:
        """The gaps that the note does not tell."""
        shallow = self.missing is not None and self.missing.kind is NoteKind.SHALLOW
        return tuple(gap for gap in self.gaps if not (shallow and gap.kind is GapKind.SHALLOW))

    def to_json(self) -> dict[str, object]:
        """The JSON form (docs/json.md)."""
        return {
            "target": self.target,
            "story": [
                {
                    "commit": item.commit,
                    "date": item.date,
                    "subject": item.subject,
                    "change": item.change,
                    "reason": item.reason,
                }
                for item in self.story
            ],
            "since": self.since,
            "deprecated_in": self.deprecated_in,
            "deprecated_parts": [{"name": part.name, "since": part.since} for part in self.deprecated_parts],
            "reasons": [
                {"kind": reason.kind.value, "text": reason.text, "source": reason.source} for reason in self.reasons
            ],
            "partial": [*([self.note] if self.note else []), *gap_words(self.told_gaps)] or None,
        }

    def in_short(self) -> str:
        """The newest steps as markdown, the newest first, one a line, and since which release the target is there."""
        lines = [
            f"- `{item.commit[:10]}` {item.date} {escape(item.subject)}" for item in reversed(self.story[-MAX_STEPS:])
        ]
        if len(self.story) > MAX_STEPS:
            lines.append(say("- … {} more", len(self.story) - MAX_STEPS))
        if self.since:
            lines += ["", say("Since {}", escape(self.since))]
        return "\n".join(lines)

    def to_markdown(self) -> str:
        """The story as a markdown document."""
        lines = [say("# Why {} is as it is", escape(self.target)), ""]
        if self.since and self.named_since:
            told = "In releases since **{}**, under this name since **{}**."
            lines.append(say(told, escape(self.since), escape(self.named_since)))
        elif self.since:
            lines.append(say("In releases since **{}**.", escape(self.since)))
        elif self.story and self.missing is None and self.dated:
            lines.append(say("No release tag contains it." if self.has_releases else "There are no release tags."))
        if self.deprecated_in == UNRELEASED:
            lines.append(say("Marked as deprecated, in no release tag."))
        elif self.deprecated_in:
            lines.append(say("Marked as deprecated since **{}**.", escape(self.deprecated_in)))
        lines += [f"- {reason.words}" for reason in self.reasons]
        for part in self.deprecated_parts:
            since = say(" since **{}**", escape(part.since)) if part.since else ""
            lines.append(say("Its parameter `{}` is deprecated{}.", part.name, since))
        if self.missing is not None:
            lines.append(self.note)
        lines.append("")
        for item in self.story:
            release = f" ({item.release})" if item.release else ""
            lines.append(f"- {item.date} `{item.commit[:10]}`{release} {escape(item.subject)}")
            lines.append(f"  - {prose(item.change)}")
            if item.said != item.subject and item.reason:
                lines.append("  - " + say("why: {}", escape(item.reason)))
            elif item.issues and all(event.kind is not StoryEventKind.BELONGS for event in item.events):
                lines.append("  - " + say("belongs to {}", escape(item.told_issues)))
            if item.objection is not None:
                lines.append("  - " + say("normally filtered out: {}", escape(ground_words(item.objection))))
        if self.left_out:
            lines += ["", left_out_line(self.left_out)]
        if self.told_gaps:
            lines += ["", *partial_lines(self.told_gaps)]
        return "\n".join(lines).rstrip() + "\n"


_REASONS = {
    DeprecationSource.MESSAGE: "The commit `{1}` says: {0}",
    DeprecationSource.CHANGELOG: "`{1}` says: {0}",
    DeprecationSource.DOCSTRING: "`{1}` says: {0}",
    DeprecationSource.ISSUE: "The commit `{1}` names {0}.",
}
_NOTES = {
    NoteKind.NOT_COMMITTED: "It is not committed yet.",
    NoteKind.MERGING: "HEAD does not have it: it comes from what is being merged, or is not committed yet.",
    NoteKind.SHALLOW: "This clone is shallow: what came before {} is not in it (`git fetch --unshallow` brings it).",
    NoteKind.NO_HISTORY: "{}",
}
_CHANGES = {
    StoryEventKind.ADDED: "{} was added",
    StoryEventKind.REMOVED: "{} was removed",
    StoryEventKind.RENAMED: "{} was renamed",
    StoryEventKind.MOVED: "{} was moved {}",
    StoryEventKind.SIGNATURE: "the signature of {} changed",
    StoryEventKind.BODY: "{} was changed",
    StoryEventKind.DOC: "the documentation of {} was changed",
    StoryEventKind.TEST: "{} was changed",
    StoryEventKind.LAYOUT: "the formatting of {} was changed",
    StoryEventKind.RETURNED: "{} was brought back",
    StoryEventKind.REWRITTEN: "{} was written anew, in place of {}",
    StoryEventKind.COPIED: "{} was copied {}, where it went later",
}
_TOLD = frozenset({StoryEventKind.RENAMED, StoryEventKind.SIGNATURE, StoryEventKind.BODY})
_OTHERS = {
    StoryEventKind.LINE_BORN: "the line came with it",
    StoryEventKind.LINE_MOVED: "the line was moved here from {}",
    StoryEventKind.LINE_SHIFTED: "the line was moved within the file",
    StoryEventKind.LINE_CHANGED: "the line was changed",
    StoryEventKind.LINES_BORN: "some of the lines came with it",
    StoryEventKind.LINES_CHANGED: "some of the lines were changed",
    StoryEventKind.FILE_ADDED: "the file was added",
    StoryEventKind.FILE_CHANGED: "the file was changed ({})",
    StoryEventKind.WITH_FILE: "the {} came with the file",
}
_FOLLOW = {
    Category.TEST: "tests were changed, apparently for it",
    Category.DOCS: "documentation was changed, apparently for it",
    Category.CI: "continuous integration was changed, apparently for it",
    Category.CHANGELOG: "the changelog was changed, apparently for it",
}
_SIDES = {
    Category.TEST: "a change to tests that {}",
    Category.DOCS: "a change to documentation that {}",
    Category.CI: "a change to continuous integration that {}",
    Category.CHANGELOG: "a changelog entry that {}",
}
#: The categories whose commits follow on others, in the order of what they say.
FOLLOWING: Sequence[Category] = tuple(_FOLLOW)


def _event(event: StoryEvent) -> str:
    if event.kind is StoryEventKind.WITHHELD:
        return WITHHELD
    if event.kind in _CHANGES:
        return _change(event)
    if event.kind in _OTHERS:
        text = say(_OTHERS[event.kind], event.old_path or event.of)
        return say("{}: {}", text, effect_words(event.effects[0])) if event.effects else text
    if event.kind is StoryEventKind.FOLLOWS and event.side is not None:
        text = say(_FOLLOW[event.side])
    elif event.kind is StoryEventKind.BELONGS:
        text = say("belongs to {}", ", ".join(event.names))
        text = say(_SIDES[event.side], text) if event.side is not None else text
    else:
        text = say("the message names `{}`", *event.names)
    return say("before it: {}", text) if event.early else text


def _change(event: StoryEvent) -> str:
    what = f"`{event.member}`" if event.member else say("the {}", event.of)
    told = detail(event)
    template = "only comments of {} were changed" if told_as(event) == COMMENTS else _CHANGES[event.kind]
    text = say(template, what, told)
    text = say("{}: {}", text, told) if told and event.kind in _TOLD else text
    return say("{}, and marked as deprecated", text) if event.deprecates else text
