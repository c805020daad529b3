"""A diff's summary in words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from iquest_lsp.codeflow.diff.explanation import ChangedFile, worth_showing
from iquest_lsp.codeflow.diff.intents import Intent, uninformative
from iquest_lsp.codeflow.diff.sources import DiffSource, DiffTarget
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.syntax.signatures import signature_facts

MAX_TOLD, MAX_FACTS = 8, 3
# Facts are kept as one text; names and code between backticks hold commas too.
_NEXT_FACT = re.compile(
    r", (?=(?:[^`]*`[^`]*`)*[^`]*$)"
    r"(?=(?:now|no longer|checks|adds|drops|takes|only|has|changes)\b|`[^`]*` (?:becomes|is|gains|loses)\b)"
)
#: Kinds that are no surer than this are guesses.
GUESS = 0.5

_TITLES = {
    "feature": "Feature",
    "fix": "Fix",
    "refactor": "Refactoring",
    "perf": "Performance",
    "docs": "Documentation",
    "test": "Tests",
    "ci": "Continuous integration",
    "build": "Build",
    "style": "Layout only",
    "deprecate": "Deprecation",
    "release": "Release",
    "revert": "Revert",
    "merge": "Merge",
    "chore": "Chore",
    "change": "Change",
}
# How a subject's first words say its kind already.
_SAID = {
    kind: re.compile(rf"\b(?:{pattern})", re.IGNORECASE)
    for kind, pattern in {
        "feature": "feat",
        "fix": "fix|bug",
        "refactor": "refactor|mov(e|es|ed|ing)\\b|renam",
        "perf": "perf|speed|optimi",
        "docs": "docs?\\b|documentation|readme|changelog|comment",
        "test": "tests?\\b|testing",
        "ci": "ci\\b|continuous",
        "build": "build",
        "style": "style|format|layout|lint",
        "deprecate": "deprecat",
        "release": "release|bump|v?\\d+\\.\\d",
        "revert": "revert",
        "merge": "merge",
        "chore": "chore",
        "change": "change",
    }.items()
}
_NOUNS = {
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


def sentence(
    source: DiffSource,
    files: Sequence[ChangedFile],
    changes: Sequence[SymbolChange],
    intent: Intent,
    target: DiffTarget,
) -> str:
    """The summary: what it is for, what it does, how large it is."""
    if not source.files:
        return "Merges without changes of its own." if source.merge else f"Nothing changes in {target.label}."
    title = _TITLES[intent.kind]
    parts = describe(changes, files)
    told = source.subject and not uninformative(source.subject)
    what = _clean(source.subject) if told else (parts.pop(0) if parts else "files change")
    # A kind that is hardly more than a guess is told below, with its reason, not as if it were known.
    said_already = bool(_SAID[intent.kind].search(what.partition(":")[0] if ":" in what else what.split(" ")[0]))
    head = what[0].upper() + what[1:]
    if intent.kind != "change" and intent.confidence > GUESS and not said_already:
        head = f"{title}: {what}"
    if len(source.commits) > 1:
        head = f"{len(source.commits)} commits, mostly {intent.kind}"
    said = "; ".join(parts[:6])
    added, removed = sum(item.added for item in files), sum(item.removed for item in files)
    lines = ", binary" if all(item.binary for item in files) else f", +{added} −{removed} lines"
    size = f"{len(files)} file{'s' if len(files) != 1 else ''}{lines}"
    body = f" {said[0].upper()}{said[1:]}." if said else ""
    return f"{head}.{body} {size}."


def describe(changes: Sequence[SymbolChange], files: Sequence[ChangedFile]) -> list[str]:
    """Phrases that say what happens to the definitions and files, code before the rest."""
    phrases = []
    code = [item for item in worth_showing(changes) if category(item.path) is not Category.TEST]
    for change, verb in (
        ("added", "adds"),
        ("removed", "removes"),
        ("renamed", "renames"),
        ("moved", "moves"),
        ("signature", "changes the signature of"),
        ("body", "changes"),
        ("doc", "documents"),
        ("format-only", "reformats"),
    ):
        some = [item for item in code if item.change == change]
        if some:
            phrases.append(f"{verb} {_definitions(some)}")
    phrases += _telling(code)
    tests = [item for item in changes if category(item.path) is Category.TEST and item.kind == "test"]
    for change, verb in (("added", "adds"), ("removed", "removes"), ("test", "changes"), ("renamed", "renames")):
        some = [item for item in tests if item.change == change]
        if some:
            noun = f"{len(some)} tests" if len(some) > 1 else f"the test `{some[0].name}`"
            phrases.append(f"{verb} {noun}")
    phrases += _helpers(changes)
    known = {item.path for item in changes}
    moved = [item for item in files if item.status == "renamed"]
    if moved:
        shown = ", ".join(f"{item.old_path} to {item.path}" for item in moved[:2])
        more = f" and {len(moved) - 2} more files" if len(moved) > 2 else ""
        phrases.insert(0, f"moves {shown}{more}")
        known |= {item.path for item in moved}
    others: dict[Category, list[ChangedFile]] = {}
    for item in files:
        if item.path not in known:
            others.setdefault(category(item.path), []).append(item)
    for kind, some_files in others.items():
        names = ", ".join(item.path for item in some_files[:2])
        more = f" and {len(some_files) - 2} more" if len(some_files) > 2 else ""
        statuses = {item.status for item in some_files}
        verb = {"added": "adds", "deleted": "deletes"}.get(
            next(iter(statuses)) if len(statuses) == 1 else "", "updates"
        )
        noun = _NOUNS[kind]
        if kind is Category.OTHER and all(item.binary for item in some_files):
            noun = "a binary file" if len(some_files) == 1 else "binary files"
        elif kind is Category.TEST and any(category(path) is Category.TEST for path in known):
            noun = f"{len(some_files)} more test file{'s' if len(some_files) > 1 else ''}"
        phrases.append(f"{verb} {noun} ({names}{more})")
    return phrases


def _helpers(changes: Sequence[SymbolChange]) -> list[str]:
    """What happens to the definitions in test files that are no tests."""
    some = [
        item
        for item in worth_showing(changes)
        if category(item.path) is Category.TEST and item.kind != "test" and item.change not in ("doc", "format-only")
    ]
    if not some:
        return []
    kinds = {item.change for item in some}
    verbs = {"added": "adds", "removed": "removes", "moved": "moves", "renamed": "renames"}
    verb = verbs.get(next(iter(kinds)), "changes") if len(kinds) == 1 else "changes"
    names = list(dict.fromkeys(f"`{item.name}`" for item in some))
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return [f"{verb} what tests share ({', '.join(names[:3])}{more})"]


def _telling(code: Sequence[SymbolChange]) -> list[str]:
    """What the most telling changes do, each with its definition's name; nothing where there are too many to tell."""
    if len(code) > MAX_TOLD:
        return []
    told = {item.name: _details(item) for item in code}
    alone = len(code) == 1
    return [phrase for name, details in told.items() for phrase in _phrases("" if alone else name, details)][:MAX_FACTS]


def _phrases(name: str, details: Sequence[str]) -> list[str]:
    """What one definition does now, and what becomes of its lines, as two phrases at most."""
    does = " and ".join(item for item in details if not item.startswith("`"))
    lines = " and ".join(item for item in details if item.startswith("`"))
    if not name:
        return [item for item in (does, lines) if item]
    return [*([f"`{name}` {does}"] if does else []), *([f"in `{name}`, {lines}"] if lines else [])]


def _definitions(some: Sequence[SymbolChange]) -> str:
    def name(item: SymbolChange) -> str:
        return f"`{item.old_name}` to `{item.name}`" if item.change == "renamed" else f"`{item.name}`"

    some = sorted(some, key=lambda item: (not item.public, item.kind == "constant", -len(item.lines)))
    names = list(dict.fromkeys(map(name, some)))
    shown = ", ".join(names[:3])
    if len(names) > 3:
        shown += f" and {len(names) - 3} more"
    paths = {item.path for item in some}
    origins = {item.old_name.partition("::")[0] for item in some if item.change == "moved"}
    if len(origins) == 1 and origins != paths:
        shown += f" from {next(iter(origins))}"
        return f"{shown} to {next(iter(paths))}" if len(paths) == 1 else shown
    if len(paths) == 1:
        return f"{shown} in {next(iter(paths))}"
    return f"{shown} in {len(paths)} files" if len(some) > 3 else shown


def _details(item: SymbolChange) -> list[str]:
    """What changed in one definition, in phrases."""
    if item.change == "signature" and " → " in item.detail:
        return signature_facts(item.detail)
    return _NEXT_FACT.split(item.detail)[:2] if item.change == "body" and item.detail else []


def _clean(subject: str) -> str:
    return subject.rstrip(" .")
