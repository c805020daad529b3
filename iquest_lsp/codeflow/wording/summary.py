"""A diff's summary in words."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.diff.changed_files import ChangedFile, documents, worth_showing
from iquest_lsp.codeflow.diff.intents.kinds import GUESS, Intent
from iquest_lsp.codeflow.diff.part_effects import DEFINED
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.effects.effect import Effect
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.wording.effects import COMMENTS, effect_words, is_of_lines, told_as, told_effects
from iquest_lsp.codeflow.wording.phrases import listed, say

MAX_TOLD, MAX_FACTS, MAX_PHRASES = 8, 3, 6

_TITLES = {
    "feature": "Feature",
    "fix": "Fix",
    "refactor": "Refactoring",
    "perf": "Performance",
    "docs": "Documentation",
    "test": "Tests",
    "ci": "Continuous integration",
    "build": "Build",
    "style": "Formatting only",
    "deprecate": "Deprecation",
    "release": "Release",
    "revert": "Revert",
    "merge": "Merge",
    "chore": "Chore",
    "change": "Change",
}
NOUNS = {
    Category.DOCS: "documentation",
    Category.CHANGELOG: "the changelog",
    Category.CI: "continuous integration",
    Category.BUILD: "build files",
    Category.LOCK: "lock files",
    Category.CONFIG: "configuration",
    Category.TEST: "tests",
    Category.GENERATED: "generated files",
    Category.OTHER: "other files",
    Category.SOURCE: "code",
}


_VERBS = {
    "added": "adds {}",
    "removed": "removes {}",
    "renamed": "renames {}",
    "moved": "moves {}",
    "signature": "changes the signature of {}",
    "body": "changes {}",
    "doc": "changes the documentation of {}",
    COMMENTS: "changes only comments of {}",
    "format-only": "reformats {}",
}
_TEST_VERBS = {
    "added": "adds {}",
    "removed": "removes {}",
    "test": "changes {}",
    "renamed": "renames {}",
    "moved": "moves {}",
}
_FILE_VERBS = {"added": "adds {} ({})", "deleted": "deletes {} ({})"}
#: Parts whose names say where a file changes, and what is told of them.
_NAMED_PARTS = frozenset(
    {"key", "package", "section", "table", "target", "stage", "rule", "entry", "item", "command", "link", "attribute"}
)
_OF_PARTS = {"added": "`{}` added", "removed": "`{}` removed", "renamed": "`{}` renamed", "body": "`{}`"}
#: Parts that link a module with others.
_LINKS = frozenset({"imports", "exports"})
MAX_PARTS = 2
_HELPER_VERBS = {
    "added": "adds test code ({})",
    "removed": "removes test code ({})",
    "moved": "moves test code ({})",
    "renamed": "renames test code ({})",
}
_LABELS = {"worktree": "the working tree", "staged": "the staged changes", "patch": "the patch"}


@dataclass(frozen=True, slots=True)
class Subject:
    """What a diff is about: the kind of its target, the revision as it was `asked` for, and what its commits say.

    `message` is the subject of its only commit where that tells something; `merge` says that a merge is explained,
    `commits` how many are in it, `is_cut_off` that a shallow clone lacks what it changed.
    """

    kind: str
    asked: str
    revision: str
    message: str = ""
    merge: bool = False
    commits: int = 0
    is_cut_off: bool = False


@dataclass(frozen=True, slots=True)
class _Phrase:
    """One part of a summary; `moves` says that it tells of things moved or renamed, `details` that it says more of
    what another part names."""

    text: str
    moves: bool = False
    details: bool = False
    size: int = 0


def label(subject: Subject) -> str:
    """The target in words."""
    return say(_LABELS[subject.kind]) if subject.kind in _LABELS else subject.asked


def sentence(subject: Subject, files: Sequence[ChangedFile], changes: Sequence[SymbolChange], intent: Intent) -> str:
    """The summary: what it is for, what it does, how large it is."""
    if subject.is_cut_off:
        unknown = say("What {} changed is not known: this shallow clone ends with it.", label(subject))
        return f"{subject.message.rstrip(' .')}. {unknown}" if subject.message else unknown
    if not files:
        if subject.merge:
            return say("A merge without changes of its own.")
        return say("Nothing is staged.") if subject.kind == "staged" else say("Nothing changes in {}.", label(subject))
    phrases = describe(changes, files)
    if subject.message:  # the author's words, as they are
        head = subject.message.rstrip(" .")
    else:
        phrase = phrases.pop(0) if phrases else _Phrase(say("files change"))
        head, said_already = _capital(phrase.text), phrase.moves and intent.kind == "refactor"
        # A kind that is hardly more than a guess is told below, with its reason, not as if it were known.
        if intent.kind != "change" and intent.confidence > GUESS and not said_already:
            head = say("{}: {}", say(_TITLES[intent.kind]), phrase.text)
    if subject.commits > 1:
        head = say("{} commits, mostly {}", subject.commits, intent.kind)
    said = _capital("; ".join(phrase.text for phrase in _fitting(phrases)))
    body = f" {said}." if said else ""
    return f"{head}.{body} {_size(files)}."


def _fitting(phrases: Sequence[_Phrase]) -> list[_Phrase]:
    """As many phrases as a summary holds: what becomes of each file comes before what else a definition does."""
    left = len(phrases) - MAX_PHRASES
    details = sorted((phrase for phrase in phrases if phrase.details), key=lambda phrase: -phrase.size)
    dropped = {id(phrase) for phrase in details[max(1, len(details) - left) :]} if left > 0 else set()
    return [phrase for phrase in phrases if id(phrase) not in dropped][:MAX_PHRASES]


def _size(files: Sequence[ChangedFile]) -> str:
    count = say("{} file", 1) if len(files) == 1 else say("{} files", len(files))
    if all(item.binary for item in files):
        return say("{}, binary", count)
    added, removed = sum(item.added for item in files), sum(item.removed for item in files)
    if not added and not removed:  # nothing but names and modes changes, or the lines could not be read
        return count
    return say("{}, +{} −{} lines", count, added, removed)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def describe(changes: Sequence[SymbolChange], files: Sequence[ChangedFile]) -> list[_Phrase]:
    """Phrases that say what happens to the definitions and files, code before the rest."""
    phrases = []
    # What files without a grammar define is told as that of all others is.
    told = set(changes)
    outlined = [part for item in files for part in item.symbols if _is_definition(part) and part not in told]
    changes = [*changes, *outlined]
    code = [item for item in worth_showing(changes) if category(item.path) is not Category.TEST and item.kind != "test"]
    for change, template in _VERBS.items():
        some = [item for item in code if told_as(item) == change]
        if some:
            phrases.append(_Phrase(say(template, _definitions(some)), change in ("renamed", "moved")))
    phrases += [_Phrase(text, details=True, size=size) for text, size in _telling(code).items()]
    told.update(outlined)
    titled = [part for item in files for part in item.symbols if part.kind == "test" and part not in told]
    tests = [*(item for item in changes if item.kind == "test"), *titled]
    for change, template in _TEST_VERBS.items():
        # A test that takes other fixtures is a test that changes.
        some = [item for item in tests if ("test" if item.change == "signature" else item.change) == change]
        if some:
            one = say("`{}` to `{}`", some[0].old_name, some[0].name) if change == "renamed" else f"`{some[0].name}`"
            noun = say("{} tests", len(some)) if len(some) > 1 else say("the test {}", one)
            phrases.append(_Phrase(say(template, noun), change == "renamed"))
    # A suite that comes or goes whole is told in place of its tests.
    suites = [
        part
        for item in files
        for part in item.symbols
        if part.kind == "suite" and part.change in ("added", "removed") and part not in told
    ]
    phrases += map(_Phrase, _suites(suites))
    phrases += map(_Phrase, _helpers(changes))
    known = {item.path for item in (*changes, *titled, *suites)} - {item.path for item in files if _tells_more(item)}
    moved = [item for item in files if item.status == "renamed"]
    if moved:
        shown = ", ".join(say("{} to {}", item.old_path, item.path) for item in moved[:2])
        rest = len(moved) - 2
        more = "moves {0} and 1 more file" if rest == 1 else "moves {0} and {1} more files"
        text = say(more if rest > 0 else "moves {0}", shown, rest)
        phrases.insert(0, _Phrase(text, moves=True))
        known |= {item.path for item in moved}
    others: dict[tuple[Category, str, bool, bool], list[ChangedFile]] = {}
    for item in files:
        if item.path not in known:
            status = item.status if item.status in _FILE_VERBS else ""
            others.setdefault((category(item.path), status, _of_comments(item), item.blank), []).append(item)
    beside = any(category(path) is Category.TEST for path in known)
    phrases += [_Phrase(_files(kind, some_files, beside=beside)) for (kind, *_), some_files in others.items()]
    silent = [item for item in changes if item.change == "doc"]
    if not phrases and silent:  # of tests, and of what stands beside them
        names = listed([item.name for item in silent])
        if all(told_as(item) == COMMENTS for item in silent):
            phrases.append(_Phrase(say("changes only comments of {}", names)))
        else:
            phrases.append(_Phrase(say("changes only the documentation of {}", names)))
    return phrases


def _is_definition(part: SymbolChange) -> bool:
    """Whether a part of a file is a definition, or what is around some, in which a statement of its own changes."""
    return part.kind in DEFINED or (part.kind in ("module", "file") and bool(part.effects) and part.change == "body")


def _files(kind: Category, files: Sequence[ChangedFile], *, beside: bool) -> str:
    """What happens to files without definitions; `beside` says that other tests have been told of."""
    names = ", ".join(map(_with_parts, files[:2]))
    shown = say("{} and {} more", names, len(files) - 2) if len(files) > 2 else names
    statuses = {item.status for item in files}
    template = _FILE_VERBS.get(next(iter(statuses)) if len(statuses) == 1 else "", "updates {} ({})")
    noun = say(NOUNS[kind])
    if all(item.blank for item in files):
        return say("changes only blank lines ({})", shown)
    parts = [part for item in files for part in item.symbols]
    if all(map(_of_comments, files)):
        noun = say("comments") if kind is Category.SOURCE else say("comments of tests")
    elif kind is Category.SOURCE and parts and all(part.kind in _LINKS for part in parts):
        kinds = {part.kind for part in parts}
        noun = (
            say("imports and exports") if len(kinds) > 1 else say("imports") if "imports" in kinds else say("exports")
        )
    elif kind is Category.SOURCE and parts and all(part.kind == "documentation" for part in parts):
        noun = say("documentation in code")
    elif kind is Category.SOURCE and parts and all(part.kind == "declaration" for part in parts):
        noun = say("declarations")
    if kind is Category.OTHER and all(item.binary for item in files):
        noun = say("a binary file") if len(files) == 1 else say("binary files")
    elif all(item.pointer for item in files):
        noun = say("a file in Git LFS") if len(files) == 1 else say("files in Git LFS")
    elif kind is Category.TEST and beside and not all(map(_of_comments, files)):
        noun = say("{} more test files", len(files)) if len(files) > 1 else say("{} more test file", 1)
    return say(template, noun, shown)


def _of_comments(item: ChangedFile) -> bool:
    """Whether nothing but comments of code change in a file."""
    code = category(item.path) in (Category.SOURCE, Category.TEST)
    return code and bool(item.symbols) and all(part.change == "doc" or part.kind == "comment" for part in item.symbols)


def _tells_more(item: ChangedFile) -> bool:
    """Whether of a build file's definitions nothing but comments change, and more than these of its other parts."""
    if category(item.path) is not Category.BUILD:
        return False
    code = [part for part in item.symbols if part.kind in DEFINED]
    return all(map(documents, code)) and not all(map(documents, item.symbols))


def _with_parts(item: ChangedFile) -> str:
    """A file with the parts of it that change, where they have names of their own."""
    parts = [part for part in item.symbols if _is_named(part) and part.change in _OF_PARTS]
    if item.status != "modified" or not parts:
        return item.path
    parts.sort(key=lambda part: part.kind != "command")
    names = [part.signature or part.name if part.kind == "command" else part.name for part in parts]
    # Where one of them comes or goes, each is told with what happens to it.
    forms = _OF_PARTS if all(part.change == "body" for part in parts) else _OF_PARTS | {"body": "`{}` changed"}
    told = [say(_more(part) or forms[part.change], name) for part, name in zip(parts, names, strict=True)]
    told = list(dict.fromkeys(told))
    shown = ", ".join(told[:MAX_PARTS])
    shown = say("{} and {} more", shown, len(told) - MAX_PARTS) if len(told) > MAX_PARTS else shown
    return say("{}: {}", item.path, shown)


def _more(part: SymbolChange) -> str:
    """How a part is told that changes in more than its name; empty for others."""
    return "`{}` renamed and changed" if part.change == "renamed" and part.effects else ""


def _is_named(part: SymbolChange) -> bool:
    """Whether the name of a part says where its file changes; that of an element does in what builds a project."""
    of_project = category(part.path) in (Category.BUILD, Category.CONFIG)
    return part.kind in _NAMED_PARTS or (part.kind in ("element", "block") and of_project)


def _suites(suites: Sequence[SymbolChange]) -> Iterator[str]:
    """What suites come, and what suites go."""
    for change in ("added", "removed"):
        names = [part.name for part in suites if part.change == change]
        if names:
            noun = say("{} suites", len(names)) if len(names) > 1 else say("the suite `{}`", names[0])
            yield say(_TEST_VERBS[change], noun)


def _helpers(changes: Sequence[SymbolChange]) -> list[str]:
    """What happens to the definitions in test files that are no tests."""
    some = [
        item
        for item in worth_showing(changes)
        if category(item.path) is Category.TEST
        and item.kind not in ("test", "suite")
        and item.change not in ("doc", "format-only")
    ]
    if not some:
        return []
    kinds = {item.change for item in some}
    other = "changes test code ({})"
    template = _HELPER_VERBS.get(next(iter(kinds)), other) if len(kinds) == 1 else other
    return [say(template, listed(list(dict.fromkeys(item.name for item in some))))]


def _telling(code: Sequence[SymbolChange]) -> dict[str, int]:
    """What the most telling changes do, each with its definition's name, and how large they are; nothing where there
    are too many to tell."""
    if len(code) > MAX_TOLD:
        return {}
    alone = len(code) == 1
    told = [(item.size, _phrases("" if alone else item.name, _effects(item))) for item in code]
    if sum(len(some) for _, some in told) > MAX_FACTS:  # where not all is told, the most is
        told.sort(key=lambda item: -item[0])
    found = {phrase: size for size, some in told for phrase in some}
    return dict(list(found.items())[:MAX_FACTS])


def _phrases(name: str, effects: Sequence[Effect]) -> list[str]:
    """What one definition does now, and what becomes of its lines, as two phrases at most."""
    does = say(" and ").join(effect_words(item) for item in effects if not is_of_lines(item))
    of_lines = [item for item in effects if is_of_lines(item)]
    lines = say(" and ").join(map(effect_words, of_lines))
    if not name:
        return [item for item in (does, lines) if item]
    if lines and not all(_begins_with(item, name) for item in of_lines):
        lines = say("in `{}`, {}", name, lines)
    return [*([say("`{}` {}", name, does)] if does else []), *([lines] if lines else [])]


def _begins_with(effect: Effect, name: str) -> bool:
    """Whether the line that is told of names what it is of, as a value's own line does."""
    return bool(effect.values) and re.match(rf"{re.escape(name)}(?![\w.])", effect.values[0]) is not None


def _effects(item: SymbolChange) -> Sequence[Effect]:
    """What is told of one definition: all of its signature, the first two effects of its lines."""
    if item.change == "signature":
        return told_effects(item)
    return told_effects(item)[:2] if item.change == "body" else ()


def _definitions(some: Sequence[SymbolChange]) -> str:
    def name(item: SymbolChange) -> str:
        return say("`{}` to `{}`", item.old_name, item.name) if item.change == "renamed" else f"`{item.name}`"

    some = sorted(some, key=lambda item: (not item.public, item.kind in ("constant", "variable"), -item.size))
    names = list(dict.fromkeys(map(name, some)))
    shown = ", ".join(names[:3])
    if len(names) > 3:
        shown = say("{} and {} more", shown, len(names) - 3)
    paths = {item.path for item in some}
    origins = {item.old_path for item in some if item.change == "moved"}
    if len(origins) == 1 and origins != paths:
        shown = say("{} from {}", shown, next(iter(origins)))
        return say("{} to {}", shown, next(iter(paths))) if len(paths) == 1 else shown
    if len(paths) == 1 and names != [f"`{path}`" for path in paths]:
        return say("{} in {}", shown, next(iter(paths)))
    return say("{} in {} files", shown, len(paths)) if len(some) > 3 else shown
