"""Why is this code so: the story of a line or a definition, told by the commits that shaped it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from iquest_lsp.codeflow.answers.definition_changes import changes_of, read_changes
from iquest_lsp.codeflow.answers.deprecations import deprecated_parts, reasons
from iquest_lsp.codeflow.answers.earlier_lives import first_with, is_in
from iquest_lsp.codeflow.answers.line_events import KEEPS, line_events
from iquest_lsp.codeflow.answers.targets import Target, no_definition
from iquest_lsp.codeflow.diff.filters import Ground, rationale
from iquest_lsp.codeflow.diff.intents.message_words import names_issue
from iquest_lsp.codeflow.facts import Redact, holds_secret
from iquest_lsp.codeflow.gaps import GapKind
from iquest_lsp.codeflow.git.commits import commits
from iquest_lsp.codeflow.git.parentage import ends
from iquest_lsp.codeflow.past.entries import Entry, SymbolEntry
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.past.following.anchors import NO_ANCHORS, Anchor
from iquest_lsp.codeflow.past.releases import releases
from iquest_lsp.codeflow.syntax.deprecation import is_deprecated
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.syntax.paths import Category, category, stem
from iquest_lsp.codeflow.syntax.symbols import symbols_of
from iquest_lsp.codeflow.wording.phrases import WITHHELD
from iquest_lsp.codeflow.wording.story import (
    FOLLOWING,
    UNRELEASED,
    DeprecatedPart,
    DeprecationReason,
    Note,
    NoteKind,
    Story,
    StoryEvent,
    StoryEventKind,
    StoryItem,
)

MAX_STORY = 40
FOLLOW_UP_DAYS = 21
#: How much is told of one step.
MAX_EVENTS = 4
#: A step that names more issues than these names those of others.
MAX_ISSUES = 3
#: Words of names that any message may have.
_GENERAL = frozenset(("test", "tests", "from", "with", "this", "into", "type", "name", "file", "main", "code", "data"))
_INTRODUCE = frozenset(
    {
        StoryEventKind.ADDED,
        StoryEventKind.MOVED,
        StoryEventKind.RENAMED,
        StoryEventKind.COPIED,
        StoryEventKind.RETURNED,
        StoryEventKind.REWRITTEN,
    }
)


@dataclass(slots=True)
class _Step:
    entry: Entry
    events: list[StoryEvent]
    direct: bool
    deprecates: bool = False
    #: The definition's file and name.
    place: tuple[str, str] | None = None


def tell(index: FlowIndex, target: Target, *, include_filtered: bool = False, redact: Redact) -> Story:
    """The story of a target, from what is indexed; older commits on its file are read first where need be.

    Raises UsageError for a definition that neither the file nor its history has.
    """
    steps: dict[str, _Step] = {}
    if target.lines_committed is not None:
        _line_steps(index, target, steps)
    # A line that only stands elsewhere now, or is laid out anew, reads as it did.
    telling = [step for step in steps.values() if step.events[0].kind not in KEEPS]
    newest = max(telling, key=lambda step: step.entry.order, default=None)
    if target.name:
        _symbol_steps(index, target, steps, birth_only=target.lines is not None)
    elif target.lines is None and target.inside is None:
        _file_steps(index, target, steps)
    _came_with_its_file(index, target, steps)
    if not steps:
        gaps = index.repository.lacks()
        if target.name and target.symbol is None and not gaps:
            raise no_definition(target.path, target.name, target.symbols)  # neither now nor ever
        nothing = not index.on_paths(index.renamed_from(target.head_path))
        uncommitted = nothing or (target.committed is None and target.lines_committed is None)
        uncommitted = uncommitted and not (target.name and target.symbol is None)  # that is not even in the file
        kind = NoteKind.MERGING if index.repository.is_merging else NoteKind.NOT_COMMITTED
        return Story(target.label, (), missing=Note(kind) if uncommitted else None, gaps=gaps)
    born = min(steps.values(), key=lambda step: step.entry.order)
    note = None
    if cut := ends(index.repository) & {*steps}:
        # What a shallow clone ends with seems to have brought all that was there before.
        note = Note(NoteKind.SHALLOW, (min(cut)[:10],))
        steps = {oid: step for oid, step in steps.items() if oid not in cut}
        if not steps:
            return Story(target.label, (), missing=note, gaps=index.repository.lacks())
    deprecation = _deprecation(steps.values()) if target.symbol is None or target.is_deprecated else None
    if target.name:
        _follow_ups(index, target, steps)
    whole = index.complete([step.entry for step in steps.values()])
    for step, entry in zip(steps.values(), whole, strict=True):
        step.entry = entry
    ordered = sorted(steps.values(), key=lambda step: step.entry.order)
    kept = [step for step in ordered if include_filtered or _telling(step, born)]
    shown = kept if len(kept) <= MAX_STORY else [*kept[:5], *kept[-(MAX_STORY - 5) :]]
    items = tuple(_item(step, redact, include_filtered=include_filtered) for step in shown)
    index.repository.gaps.cut(GapKind.STEPS, MAX_STORY, len(kept))
    # A definition is as old as its beginning, a line as it reads now is as old as its last change.
    since = _since(index, target, steps.values(), born) if target.lines is None else newest
    released = _first_release(index, since, marked=False) if since is None or since.entry.oid not in cut else None
    return Story(
        target.label,
        items,
        released,
        (_first_release(index, deprecation, marked=True) or UNRELEASED) if deprecation else None,
        len(ordered) - len(kept),
        note,
        index.repository.lacks(),
        bool(releases(index.tags())),
        *_about_deprecation(index, target, deprecation, redact),
        _named_since(ordered, released),
        dated=since is not None,
    )


def _since(index: FlowIndex, target: Target, steps: Iterable[_Step], born: _Step) -> _Step:
    """The step with which the first release that has the target got it: one may have been made while it was out."""
    ordered = sorted(steps, key=lambda step: step.entry.order)
    again = [step for step in ordered if any(event.kind is StoryEventKind.RETURNED for event in step.events)]
    release = born.entry.release
    went = any(
        event.kind is StoryEventKind.REMOVED and not event.member
        for step in ordered
        for event in step.events
        if step.entry.release == release
    )
    if not again or not went or release in (None, again[0].entry.release):
        return born
    return born if is_in(index.repository, release, target.head_path, target.name) else again[0]


def _named_since(ordered: Sequence[_Step], since: str | None) -> str | None:
    """The release with which a definition took the name that it has, where that is not the one it came with."""
    names = [
        step.entry.release
        for step in ordered
        for event in step.events
        if event.kind is StoryEventKind.RENAMED
        and not event.member
        and event.name.rsplit(".", 1)[-1] != event.old_name.rsplit(".", 1)[-1]
    ]
    return names[-1] if names and since and names[-1] != since else None


def _first_release(index: FlowIndex, step: _Step | None, *, marked: bool) -> str | None:
    """The release that first had what a step brought."""
    if step is None or step.place is None:
        return step.entry.release if step is not None else None
    return first_with(index, step.entry, *step.place, marked=marked)


def _about_deprecation(
    index: FlowIndex, target: Target, step: _Step | None, redact: Redact
) -> tuple[tuple[DeprecationReason, ...], tuple[DeprecatedPart, ...]]:
    """The reasons for a deprecation, without those that hold a secret, and the deprecated parameters."""
    if not target.name or target.is_range:
        return (), ()
    found: tuple[DeprecationReason, ...] = ()
    if step is not None:
        whole = next(commits(index.repository, commits=[step.entry.oid], numbers=False))
        found = reasons(index, target, step.entry, whole.body)
    return tuple(item for item in found if not holds_secret(redact, item.text)), deprecated_parts(index, target)


def _deprecation(steps: Iterable[_Step]) -> _Step | None:
    """The step that declared the definition deprecated: the last that changed it so, or what brought it so."""
    declaring = sorted((step for step in steps if step.deprecates), key=lambda step: step.entry.order)
    changed = [
        step for step in declaring if any(item.deprecates and item.kind not in _INTRODUCE for item in step.events)
    ]
    return changed[-1] if changed else declaring[0] if declaring else None


def _line_steps(index: FlowIndex, target: Target, steps: dict[str, _Step]) -> None:
    assert target.lines_committed is not None
    anchors = {"line": Anchor(target.inside.name, inside=True)} if target.inside is not None else NO_ANCHORS
    found = index.follow([("line", target.head_path, target.lines_committed)], anchors=anchors)[0]
    if target.inside is None and not target.is_range:
        for _, entry, event in line_events(index, target.head_path, target.lines_committed[0], found):
            steps[entry.oid] = _Step(entry, [event], True)
        return
    for past, entry in found:
        if target.inside is not None:
            kind = StoryEventKind.ADDED if past.born else StoryEventKind.BODY
            steps[entry.oid] = _Step(entry, [StoryEvent(kind, target.inside.kind)], True)
            continue
        step = steps.setdefault(entry.oid, _Step(entry, [], True))
        event = StoryEvent(StoryEventKind.LINES_BORN if past.born else StoryEventKind.LINES_CHANGED)
        if event not in step.events:
            step.events.append(event)


def _symbol_steps(index: FlowIndex, target: Target, steps: dict[str, _Step], *, birth_only: bool) -> None:
    """What became of a definition, or only how it began."""
    followed = read_changes(index, target, heads_only=birth_only and not target.is_deprecated)
    found = changes_of(index, target.head_path, target.name, followed)
    births = [item for item, member in found if not member]
    again = [(item, member) for item, member in found if not member and item.change == "added"][:-1]
    found = [
        (replace(item, change="body", effects=(Effect(EffectKind.OTHER_FORM),)), member)
        if (item, member) in again
        else (item, member)
        for item, member in found
    ]
    first = min((item.entry.order for item in births), default=0)
    for item, member in found:
        if birth_only and item.entry.order != first and not item.deprecates:
            continue
        _add_step(steps, item, target.symbol.kind if target.symbol else item.kind, member)


def _came_with_its_file(index: FlowIndex, target: Target, steps: dict[str, _Step]) -> None:
    """Adds the beginning of a definition that came in a commit too wide to be read in depth."""
    names = index.renamed_from(target.head_path)
    entries = index.on_paths(names)
    if not target.name or target.symbol is None or not entries or entries[-1].oid in steps:
        return
    oldest = min(steps.values(), key=lambda step: step.entry.order, default=None)
    known = oldest is not None and any(event.kind in _INTRODUCE for event in oldest.events)
    if known or (oldest is not None and entries[-1].order >= oldest.entry.order):
        return
    # The changes in between told nothing of it, so it was there where it is in the oldest state.
    for path in index.touched_by(entries[-1], names):
        source = index.repository.file_at(entries[-1].oid, path)
        there = next((symbol for symbol in symbols_of(path, source) if symbol.name == target.name), None)
        if there is not None:
            marked = is_deprecated(source.split(b"\n"), there)
            event = StoryEvent(StoryEventKind.WITH_FILE, target.symbol.kind, deprecates=marked)
            steps[entries[-1].oid] = _Step(entries[-1], [event], True, marked)


def _add_step(steps: dict[str, _Step], item: SymbolEntry, kind: str, inner: str) -> None:
    deprecates = bool(item.deprecates) and not inner
    event = StoryEvent(
        StoryEventKind(item.change),
        kind,
        inner,
        item.name,
        item.signature,
        item.old_signature,
        item.effects,
        item.old_path,
        item.old_name,
        deprecates,
    )
    place = None if inner else (item.path, item.name)
    step = steps.get(item.entry.oid)
    if step is None:
        steps[item.entry.oid] = _Step(item.entry, [event], True, deprecates, place)
        return
    step.deprecates |= deprecates
    step.place = step.place or place
    if len(step.events) < MAX_EVENTS and not any(known.covers(event) for known in step.events):
        # What happened to the definition itself comes first, its members after it.
        step.events.insert(len(step.events) if inner else 0, event)


def _file_steps(index: FlowIndex, target: Target, steps: dict[str, _Step]) -> None:
    names = index.renamed_from(target.head_path)
    entries = index.on_paths(names)
    first = min((item.order for item in entries), default=0)
    for entry in entries:
        if not entry.merge:
            kind = StoryEventKind.FILE_ADDED if entry.order == first else StoryEventKind.FILE_CHANGED
            steps[entry.oid] = _Step(entry, [StoryEvent(kind, entry.kind)], True)


def _follow_ups(index: FlowIndex, target: Target, steps: dict[str, _Step]) -> None:
    """Commits that belong to the story without touching the definition: they name it, or follow up on a step."""
    short = target.name.rsplit(".", 1)[-1]
    direct = [step for step in steps.values() if step.direct and step.events]
    words = {short} if len(short) > 3 else set()
    # What was squashed from many commits names the issues of them all.
    named_by = [step.entry.issues.split() for step in direct]
    issues = {issue for some in named_by if len(some) <= MAX_ISSUES for issue in some}
    first = min(step.entry.order for step in direct)
    named = [entry for entry in index.naming(words | issues) if entry.oid not in steps] if words | issues else []
    near = [entry for entry in _near(index, direct) if entry.oid not in steps]
    candidates = {entry.oid: entry for entry in (*named, *near) if not entry.merge and entry.files <= 20}
    paths = index.paths_of([entry.key for entry in candidates.values()])
    names = {entry.oid for entry in named}
    homes = {*index.renamed_from(target.head_path), *_homes(direct)}
    own = category(target.head_path)
    for entry in candidates.values():
        kinds = {category(path) for path in paths.get(entry.key, [])}
        side = next((kind for kind in FOLLOWING if kind in kinds and Category.SOURCE not in kinds), None)
        if entry.oid in names:
            shared = issues & set(entry.issues.split())
            if shared:
                event = StoryEvent(StoryEventKind.BELONGS, names=tuple(sorted(shared)), side=side)
            elif side is not None and side is not own:
                event = StoryEvent(StoryEventKind.FOLLOWS, side=side)
            elif homes.isdisjoint(paths.get(entry.key, ())):
                continue  # another definition of that name may be meant, or one that only uses it
            else:
                event = StoryEvent(StoryEventKind.NAMES, names=(short,))
            steps[entry.oid] = _Step(entry, [replace(event, early=entry.order < first)], False)
        elif side is not None and side is not own and _about(entry, paths.get(entry.key, []), target, short):
            steps[entry.oid] = _Step(entry, [StoryEvent(StoryEventKind.FOLLOWS, side=side)], False)


def _homes(direct: Iterable[_Step]) -> Iterator[str]:
    """The files that a definition has been in."""
    for step in direct:
        if step.place is not None:
            yield step.place[0]
        yield from (event.old_path for event in step.events if event.old_path)


def _near(index: FlowIndex, direct: Sequence[_Step]) -> list[Entry]:
    """The few commits right after each step."""
    found: list[Entry] = []
    for step in direct[:20]:
        later = index.entries("l.ord > ? AND l.ord <= ?", step.entry.order, step.entry.order + 5, limit=5)
        found += [item for item in later if item.time - step.entry.time <= FOLLOW_UP_DAYS * 86400]
    return found


def _about(entry: Entry, paths: Iterable[str], target: Target, short: str) -> bool:
    """True when a commit on tests, docs or CI is about the target: its file's test, or words in common."""
    paths = list(paths)
    if any(stem(path) == stem(target.head_path) for path in paths):
        return True
    words = {word for word in re.split(r"[^a-z0-9]+", short.lower()) if len(word) > 3} - _GENERAL
    said = set(re.split(r"[^a-z0-9]+", entry.subject.lower()))
    shared = {word for word in words if word in said or f"{word}s" in said}
    # What is run on each commit is about a definition only where it is named in full.
    whole = all(category(path) is Category.CI for path in paths)
    return bool(shared) and (not whole or shared == words)


def _telling(step: _Step, born: _Step) -> bool:
    return (
        step.entry.objection is None
        or step is born
        or step.deprecates
        or (step.entry.objection.kind is Ground.SILENT and step.direct)
    )


def _item(step: _Step, redact: Redact, *, include_filtered: bool) -> StoryItem:
    entry = step.entry
    # What a commit says is the reason for its other changes, where it only moved or laid out this.
    why = "" if all(event.kind in KEEPS for event in step.events) else rationale(entry.body, 300)
    told = f"{entry.subject}\n{why}"
    issues = tuple(issue for issue in entry.issues.split() if not names_issue(told, issue))
    said = why or entry.subject
    withheld = holds_secret(redact, said, issues)
    return StoryItem(
        entry.oid,
        entry.date,
        WITHHELD if holds_secret(redact, entry.subject) else entry.subject,
        (StoryEvent(StoryEventKind.WITHHELD),) if holds_secret(redact, *step.events) else tuple(step.events),
        "" if withheld or entry.kind == "change" else entry.kind,
        WITHHELD if withheld else said,
        () if withheld else issues,
        entry.release,
        entry.objection if include_filtered else None,
    )
