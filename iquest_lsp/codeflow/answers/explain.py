"""What does this diff do, and what did it forget: answered from git and the syntax, without a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cache, partial

from iquest_lsp.codeflow.answers.missing import LEAST, fitting, missing_of, with_likely
from iquest_lsp.codeflow.diff.changed_files import ChangedFile, from_headings, is_of_words
from iquest_lsp.codeflow.diff.filters import Ground
from iquest_lsp.codeflow.diff.intents.intent import intent_of
from iquest_lsp.codeflow.diff.intents.kinds import Intent, IntentReason, Sign
from iquest_lsp.codeflow.diff.intents.message_words import uninformative
from iquest_lsp.codeflow.diff.intents.shape import shape_of
from iquest_lsp.codeflow.diff.list_items import by_versions
from iquest_lsp.codeflow.diff.named_parts import part_changes
from iquest_lsp.codeflow.diff.refuted import as_moved, borne_out, without_refuted
from iquest_lsp.codeflow.diff.removals.aliases import as_assigned
from iquest_lsp.codeflow.diff.removals.renames import as_more_than_renamed
from iquest_lsp.codeflow.diff.replacements import only_years
from iquest_lsp.codeflow.diff.risks import Risk, changed_names, risks_of
from iquest_lsp.codeflow.diff.sources import DiffSource, DiffTarget, title_of
from iquest_lsp.codeflow.facts import Redact, holds_secret
from iquest_lsp.codeflow.gaps import AnswerPart, Gap, GapKind
from iquest_lsp.codeflow.git.blob_reader import BlobReader
from iquest_lsp.codeflow.git.parentage import ends
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.following.anchors import Range
from iquest_lsp.codeflow.past.likely_files import Likely, likely_along
from iquest_lsp.codeflow.past.name_mentions import Words, words_of
from iquest_lsp.codeflow.past.unindexed import LiveEvidence, Past, PastEvidence
from iquest_lsp.codeflow.syntax.changes import SymbolChange, link_moves, symbol_changes
from iquest_lsp.codeflow.syntax.dialects import ReadFile
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.syntax.effects.line_effects import plain_effects
from iquest_lsp.codeflow.syntax.linking.links import Links
from iquest_lsp.codeflow.syntax.linking.references import references
from iquest_lsp.codeflow.syntax.linking.uses import Reference, linked, module_name
from iquest_lsp.codeflow.syntax.linking.uses_in_text import meant
from iquest_lsp.codeflow.syntax.outline.outlines import regions_of
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.syntax.symbols import symbols_of
from iquest_lsp.codeflow.wording.explanation import (
    DiffExplanation,
    HistoryItem,
    MissingItem,
    MissingKind,
    MissingReason,
    Related,
)
from iquest_lsp.codeflow.wording.phrases import WITHHELD
from iquest_lsp.codeflow.wording.summary import Subject
from iquest_lsp.grammars import language_of

MAX_HISTORY = 8
MAX_NAMES = 12
#: Changed files, and definitions, whose history is looked at.
MAX_OLD, MAX_RANGES = 100, 40


def explain_diff(
    source: DiffSource,
    target: DiffTarget,
    *,
    evidence: Callable[[Repository, str], PastEvidence] = LiveEvidence,
    redact: Redact,
    so_far: Callable[[DiffExplanation], None] | None = None,
    include_filtered: bool = False,
) -> DiffExplanation:
    """Explains a diff whose texts are at hand; `target` is what was asked for.

    `evidence` makes what answers about the past of a repository up to a commit; where `redact` says True of a text,
    that text is withheld. `so_far` is told what is known already while the rest is worked out. With
    `include_filtered` the history holds commits that a filter objects to. Raises RepositoryError.
    """
    known, changes = known_of(source, target, redact)
    intent = known.purpose
    if not source.files:
        return known if source.repository is None else replace(known, gaps=source.repository.lacks())
    repository, part = source.repository, source.gaps.part
    if repository is None:
        dangers = _dangers(part(AnswerPart.RISKS, lambda: risks_of(source, changes, (), frozenset(), redact)), redact)
        return replace(known, dangers=dangers, gaps=(Gap(GapKind.OUTSIDE), *source.gaps.told()))
    tell = so_far or (lambda _: None)
    tell(known)
    past = evidence(repository, source.base)
    paths = [item.path for item in source.files]
    tracked = frozenset(repository.files(source.revision or None))
    uses = part(AnswerPart.USES, lambda: _uses(source, changes, tracked))
    earlier = [item.old_path or item.path for item in source.files if item.status != "A"]
    # Other words in a comment or a text ask for nothing elsewhere, nor do a copyright's years.
    silent = {item.path for item in source.files if only_years((hunk.removed, hunk.added) for hunk in item.hunks)}
    silent |= {
        item.path
        for item in known.files
        if item.symbols
        and category(item.path) in (Category.SOURCE, Category.TEST)
        and all(map(is_of_words, item.symbols))
    }
    acting = [item.old_path or item.path for item in source.files if item.status != "A" and item.path not in silent]
    risks = part(AnswerPart.RISKS, lambda: risks_of(source, changes, uses, tracked, redact, _reader(source)))
    known = replace(known, dangers=_dangers(risks, redact))
    tell(known)

    def missing_items() -> list[MissingItem]:
        partners = past.partners(acting, include_filtered=include_filtered)
        habits = past.habits(include_filtered=include_filtered)
        found = missing_of(paths, changes, partners, habits, uses, tracked, intent.kind)
        if len(found) < LEAST:
            found = with_likely(found, _along(source, past, tracked), partners)
        return fitting(paths, found)

    missing = [] if silent >= set(paths) else part(AnswerPart.MISSING, missing_items)
    withheld = (MissingReason(MissingKind.WITHHELD),)  # a reason names what the changed lines name
    missing = [replace(item, reasons=withheld) if holds_secret(redact, item.reasons) else item for item in missing]
    known = replace(known, missing=tuple(missing))
    tell(known)
    touches = part(AnswerPart.HISTORY, lambda: past.touches(_ranges(source, changes), earlier[:MAX_OLD]))
    cut = ends(repository)  # nobody knows what a shallow clone's last commits changed
    touches = [touch for touch in touches if touch.commit not in cut]
    believed = [touch for touch in touches if include_filtered or not _doubtful(touch)]
    left_out = len({touch.commit for touch in touches} - {touch.commit for touch in believed})
    repository.gaps.cut(GapKind.FILES, MAX_OLD, len(earlier))
    return replace(known, history=tuple(related(believed, redact)), left_out=left_out, gaps=repository.lacks())


def known_of(source: DiffSource, target: DiffTarget, redact: Redact) -> tuple[DiffExplanation, list[SymbolChange]]:
    """What the diff alone tells, and the changes of definitions as they are, with their lines and secrets."""
    changes = changes_of(source)
    told = [_told(item, redact) for item in changes]
    by_path: dict[str, list[SymbolChange]] = {}
    beside = [_told(item, redact) for item in _beside(source, changes)]
    for change in (*told, *beside):
        by_path.setdefault(change.path, []).append(change)
    files: dict[str, ChangedFile] = {}
    for item in source.files:
        file = ChangedFile.of(item, by_path.get(item.path, []))
        # Diffs of one file that do not follow on each other are told together.
        files[file.path] = files[file.path].with_lines_of(file) if file.path in files else file
    subject = _subject(source, target, redact)
    return DiffExplanation(subject, _intent(source, changes, beside), tuple(told), tuple(files.values())), changes


def _beside(source: DiffSource, changes: Sequence[SymbolChange]) -> list[SymbolChange]:
    found = borne_out(_beside_definitions(source, changes), source.files)
    told = as_assigned(without_refuted(as_moved(found, source.files), source.files), source.before, source.after)
    return as_more_than_renamed(told, source.before, source.after)


def told_changes(source: DiffSource) -> list[SymbolChange]:
    """All that an explanation tells of a diff by name: definitions, and what changes beside them."""
    changes = changes_of(source)
    return [*changes, *_beside(source, changes)]


def _beside_definitions(source: DiffSource, changes: Sequence[SymbolChange]) -> Iterable[SymbolChange]:
    """What changes outside definitions, and a module's statements where nothing else in it is told."""
    told: dict[str, list[SymbolChange]] = {}
    for change in changes:
        told.setdefault(change.path, []).append(change)
        if change.change == "moved":
            # Its old lines are told with it, wherever they were.
            gone = replace(change, path=change.old_path, span=(0, 0))
            told.setdefault(change.old_path, []).append(gone)
    for item in source.files:
        if category(item.path) is Category.GENERATED or source.gaps.is_faulty(item.path):
            continue  # or what could not be read would be told as the module's
        mine = told.get(item.path, []) + (told.get(item.old_path, []) if item.old_path != item.path else [])
        before, after = source.before.get(item.path), source.after.get(item.path)
        parts = source.gaps.in_file(item.path, partial(part_changes, item, before, after, mine))
        if category(item.path) is Category.LOCK:  # what a tool keeps beside the packages tells nothing
            parts = [part for part in parts if part.kind == "package"]
            # A package that only names another one's new version is as it was.
            own = {EffectKind.RAISES_VERSION, EffectKind.LOWERS_VERSION}
            parts = [
                item for item in parts if item.change != "body" or own & {told.kind for told in item.effects}
            ] or parts
            texts = source.before.get(item.path, b""), source.after.get(item.path, b"")
            parts = list(by_versions(parts, *(regions_of(item.path, text) for text in texts)))
        yield from parts
        if not parts and not mine and item.status == "M" and category(item.path) is Category.SOURCE:
            removed = [line for hunk in item.hunks for line in hunk.removed]
            added = [line for hunk in item.hunks for line in hunk.added]
            if found := plain_effects(removed, added):
                yield _of_file(item.path, found)


#: Languages of which a file is a module.
_MODULES = frozenset({"python", "javascript", "typescript", "tsx", "rust"})


def _of_file(path: str, found: Iterable[Effect]) -> SymbolChange:
    """What lines of a file do that are in nothing with a name."""
    if language_of(path) in _MODULES:
        return SymbolChange(path, module_name(path), "module", "body", effects=tuple(found))
    return SymbolChange(path, path, "file", "body", effects=tuple(found))


def changes_of(source: DiffSource) -> list[SymbolChange]:
    """The definitions a diff changes, moves between its files linked."""
    found: list[SymbolChange] = []
    for item in source.files:
        if category(item.path) is Category.GENERATED:
            # What a tool wrote is told by its source.
            continue
        before, after = source.before.get(item.path), source.after.get(item.path)
        changes = source.gaps.in_file(item.path, partial(symbol_changes, item, before, after))
        # Where the texts are at hand, what lies outside all definitions belongs to none.
        read = item.path in source.before or item.path in source.after
        found += changes if changes or read else from_headings(item)
    found = without_refuted(link_moves(borne_out(found, source.files)), source.files)
    return as_more_than_renamed(as_assigned(found, source.before, source.after), source.before, source.after)


def _told(change: SymbolChange, redact: Redact) -> SymbolChange:
    """A change as an answer holds it: without the lines by which moves are recognized, and without secrets."""
    if holds_secret(redact, change.signature, change.old_signature, change.effects):
        return change.withheld()
    return replace(change, lines=())


def _dangers(risks: Iterable[Risk], redact: Redact) -> tuple[Risk, ...]:
    return tuple(replace(risk, change=risk.change and _told(risk.change, redact)) for risk in risks)


def _subject(source: DiffSource, target: DiffTarget, redact: Redact) -> Subject:
    message = title_of(source)
    message = WITHHELD if holds_secret(redact, message) else message
    told = message if message and not uninformative(message) else ""
    revision = source.revision if target.kind == "revision" else target.revision
    return Subject(target.kind, target.revision, revision, told, source.merge, len(source.commits), source.is_cut_off)


def _doubtful(touch: Past) -> bool:
    """Whether a commit is better left out: a filter objects, and it did more than say nothing about its own lines."""
    silent = touch.objection is not None and touch.objection.kind is Ground.SILENT
    return touch.objection is not None and not touch.born and not (touch.label and silent)


def related(touches: Iterable[Past], redact: Redact) -> list[HistoryItem]:
    """The commits worth citing, newest first, each with its reasons; those that made something come along."""
    by_commit: dict[str, list[Past]] = {}
    for touch in touches:
        by_commit.setdefault(touch.commit, []).append(touch)
    ranked = list(by_commit.values())
    labelled = [group for group in ranked if any(item.label for item in group)]
    births = [group for group in labelled if any(item.born and item.label for item in group)]
    chosen = (labelled or ranked)[: MAX_HISTORY - min(2, len(births))]
    chosen += [group for group in births if group not in chosen][: MAX_HISTORY - len(chosen)]
    for group in ranked:
        if len(chosen) >= min(MAX_HISTORY, 3):
            break
        if group not in chosen:
            chosen.append(group)
    chosen.sort(key=ranked.index)
    items = []
    for group in chosen:
        first = group[0]
        subject = WITHHELD if holds_secret(redact, first.subject) else first.subject
        items.append(HistoryItem(first.commit, first.date, subject, _relation(group)))
    return items


def _relation(group: Sequence[Past]) -> Related:
    first = group[0]
    return Related(
        tuple(dict.fromkeys(item.label for item in group if item.born and item.label)),
        tuple(dict.fromkeys(item.label for item in group if not item.born and item.label)),
        tuple(dict.fromkeys(item.path for item in group)),
        first.born,
        first.kind,
        first.objection if _doubtful(first) else None,
    )


def _intent(source: DiffSource, changes: Sequence[SymbolChange], beside: Sequence[SymbolChange]) -> Intent:
    shape = shape_of(source.files, changes, beside)
    if len(source.commits) > 1:
        kinds = Counter(intent_of(item.subject, item.body, shape_of(item.files)).kind for item in source.commits)
        kinds.pop("change", None)
        kinds.pop("merge", None)
        if kinds:
            kind, count = kinds.most_common(1)[0]
            total = len(source.commits)
            return Intent(kind, count / total, (IntentReason(Sign.MOST, (str(count), str(total))),))
    return intent_of(source.subject, source.body, shape, merge=source.merge)


def _ranges(source: DiffSource, changes: Sequence[SymbolChange]) -> list[tuple[str, str, Range]]:
    """Where the changed definitions were before the diff."""
    ranges = []
    old_paths = {item.path: item.old_path or item.path for item in source.files}
    known: dict[str, dict[str, Range]] = {}
    for change in changes:
        if change.change in ("added", "moved") or change.path not in source.before:
            continue
        name, path = change.old_name or change.name, old_paths.get(change.path, change.path)
        if path not in known:
            symbols = symbols_of(path, source.before[change.path], variables=True)
            known[path] = {symbol.name: (symbol.start, symbol.end) for symbol in reversed(symbols)}
        if (place := known[path].get(name)) is not None:
            ranges.append((name, path, place))
    if source.repository is not None:
        source.repository.gaps.cut(GapKind.DEFINITIONS, MAX_RANGES, len(ranges))
    return ranges[:MAX_RANGES]


def _uses(source: DiffSource, changes: Sequence[SymbolChange], tracked: frozenset[str]) -> list[Reference]:
    """Uses of the changed names in the state after the diff."""
    if source.repository is None:
        return []
    changed = changed_names(changes, source.files)
    names = list(changed)
    names += [
        item.name.rsplit(".", 1)[-1]
        for item in changes
        if item.public
        and not item.inner
        and item.change in ("body", "moved", "signature")
        and item.kind != "test"
        and category(item.path) is Category.SOURCE
    ]
    wanted = [name for name in dict.fromkeys(names) if len(name) > 3 or name in changed]
    source.repository.gaps.cut(GapKind.NAMES, MAX_NAMES, len(wanted))
    wanted = wanted[:MAX_NAMES]
    repository = source.repository
    if not wanted or (repository.bare and not source.revision):
        return []
    origins: dict[str, list[str]] = {}
    for item in (*changed.values(), *changes):
        *outer, name = (item.old_name or item.name).split(".")
        if name in wanted and name not in origins:
            origins[name] = [item.path, module_name(item.path), *outer[-1:]]
    asked = dict.fromkeys([*wanted, *(lead for _, *leads in origins.values() for lead in leads)])
    owners = {name: leads[-1] for name, (_, *leads) in origins.items() if len(leads) > 1}
    read = cache(_reader(source))
    links = Links(tracked, read)
    found = references(repository, list(asked), read, source.revision or None, owners, links=links)
    return meant(linked(found, origins), found, origins)


def _along(source: DiffSource, past: PastEvidence, tracked: frozenset[str]) -> list[Likely]:
    """What likely changes along, by the newest commits and by what files name of the changed lines."""
    repository = source.repository
    if repository is None or (repository.bare and not source.revision):
        return []
    given = [item.old_path or item.path for item in source.files]
    lines = [line for item in source.files for hunk in item.hunks for line in (*hunk.removed, *hunk.added)]
    known = tracked.difference(given, (item.path for item in source.files))
    if not source.revision:
        read = _reader(source)
        return likely_along(past.recent(), given, lines, lambda path: words_of(read(path) or b""), known)
    with repository.blobs() as blobs:
        words = partial(_words_at, blobs, source.revision)
        return likely_along(past.recent(), given, lines, words, known)


def _words_at(blobs: BlobReader, revision: str, path: str) -> Words:
    return words_of(blobs.read(f"{revision}:{path}") or b"") if "\n" not in path else frozenset()


def _reader(source: DiffSource) -> ReadFile:
    """Gives the project's files in the state after the diff."""
    repository = source.repository
    if repository is None or (repository.bare and not source.revision):
        return lambda path: None
    return repository.work_tree_file if not source.revision else lambda path: _at_revision(source, path)


def _at_revision(source: DiffSource, path: str) -> bytes | None:
    if path in source.after or source.repository is None:
        return source.after.get(path)
    return source.repository.file_at(source.revision, path)
