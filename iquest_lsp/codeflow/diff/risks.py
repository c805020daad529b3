"""What may go wrong with a diff, each risk with its evidence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from iquest_lsp import grammars
from iquest_lsp.codeflow.diff.filters import cut_off
from iquest_lsp.codeflow.diff.intents.intent import called_breaking
from iquest_lsp.codeflow.diff.refuted import is_given_elsewhere
from iquest_lsp.codeflow.diff.replacements import without_successor
from iquest_lsp.codeflow.diff.sources import DiffSource
from iquest_lsp.codeflow.facts import WITHHELD, Redact
from iquest_lsp.codeflow.gaps import GapKind
from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.comments import is_comment
from iquest_lsp.codeflow.syntax.dialects import ReadFile, breaks, declared, dotted, violations
from iquest_lsp.codeflow.syntax.effects.effect import EffectKind
from iquest_lsp.codeflow.syntax.effects.layout import indentation
from iquest_lsp.codeflow.syntax.linking.uses import Reference
from iquest_lsp.codeflow.syntax.outline.packages import go_modules
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.syntax.prose import prose_rows
from iquest_lsp.codeflow.syntax.signatures import breaks_callers, fits_call
from iquest_lsp.codeflow.syntax.symbols import parses

MAX_RISKS = 12
MAX_BINARY, LARGE = 10, 1_000_000
#: A call takes so many lines at most; files of C that no other file sees.
MAX_CALL, _OWN = 12, (".c", ".cc", ".cpp", ".cxx")
#: Messages that are quoted, and signs of each.
MAX_BREAKING, MAX_QUOTE = 3, 200


class RiskKind(StrEnum):
    """What may go wrong; what `Risk.values` hold is said where they are more than the place."""

    #: What breaks by the message's own words, "" where it only marks it so; of a range the commit too.
    CALLED_BREAKING = "called-breaking"
    #: The definition; the places are its callers.
    SIGNATURE = "signature"
    #: The definition under its old name; the places use it.
    REMOVED = "removed"
    RENAMED = "renamed"
    CONFLICT = "conflict"
    CONFLICT_MARKER = "conflict-marker"
    SECRET = "secret"
    #: The language; BROKEN did parse before.
    BROKEN = "broken"
    UNPARSED = "unparsed"
    #: Construct, the version needed; then file, language and version of the promise.
    TOO_NEW = "too-new"
    #: The names of tests.
    TESTS_REMOVED = "tests-removed"
    #: The line.
    DEBUGGING = "debugging"
    CATCHES_ALL = "catches-all"
    #: The lock file that stays as it is.
    LOCK_STAYS = "lock-stays"
    #: How many lines.
    MUCH_CODE = "much-code"
    #: Megabytes.
    LARGE_BINARY = "large-binary"
    EXECUTABLE = "executable"
    #: The submodule's new commit, empty where it is not known.
    SUBMODULE = "submodule"


@dataclass(frozen=True, slots=True)
class Risk:
    """One risk: its places (path and 1-based line, 0 for the whole file), values, and for a SIGNATURE the change."""

    kind: RiskKind
    places: tuple[tuple[str, int], ...] = ()
    values: tuple[str, ...] = ()
    change: SymbolChange | None = None


_CONFLICT = re.compile(r"^(<{7} |>{7} |={7}$)")
_DEBUG = re.compile(r"\bbreakpoint\(\)|\bpdb\.set_trace\(|^\s*debugger;?\s*$|\bconsole\.log\(|\bdbg!\(|\bvar_dump\(")
_BROAD = re.compile(
    r"^\s*except\s*(\(?(Base)?Exception\)?\s*(as \w+)?)?:\s*(pass)?\s*$|\bcatch\s*\(\s*\w*\s*\)\s*\{\s*\}"
)
#: What the preprocessor chooses by.
_CHOICE = re.compile(r"\s*#\s*(?:if|ifdef|ifndef|else|elif|endif)\b")
# What is caught to be cleaned up after goes on.
_AGAIN = re.compile(r"^\s*(raise|throw)\b")
_CALLED = ("function", "method")
_MANIFESTS = {
    "package.json": ("package-lock.json", "yarn.lock", "pnpm-lock.yaml"),
    "Cargo.toml": ("Cargo.lock",),
    "go.mod": ("go.sum",),
    "Pipfile": ("Pipfile.lock",),
}


def risks_of(
    source: DiffSource,
    changes: Sequence[SymbolChange],
    uses: Sequence[Reference],
    tracked: frozenset[str],
    redact: Redact,
    read: ReadFile = lambda path: None,
) -> list[Risk]:
    """The risks of a diff, gravest first.

    `uses` are the uses of changed names, `read` gives the project's files, both in the state after the diff.
    """
    found = [
        *_conflicts(source),
        *_secrets(source, redact),
        *_called_breaking(source, redact),
        *_broken_code(source),
        *_too_new(source, read),
        *_callers_left(source, changes, uses),
        *_tests_removed(source, changes),
        *_leftovers(source),
        *_dependencies(source, tracked),
        *_size(source),
        *_large(source),
        *_modes(source),
    ]
    if source.repository is not None:
        source.repository.gaps.cut(GapKind.RISKS, MAX_RISKS, len(found))
    return found[:MAX_RISKS]


def _called_breaking(source: DiffSource, redact: Redact) -> Iterable[Risk]:
    """What the message says, or the newest messages of a range, for who has not read them to the end."""
    whose = len(source.commits) > 1
    messages = [(item.subject, item.body, item.oid if whose else "") for item in source.commits]
    messages = messages or [(source.subject, source.body, "")]
    found = [(said, oid) for *message, oid in messages if (said := called_breaking(*message)) is not None]
    for said, oid in found[:MAX_BREAKING]:
        quoted = WITHHELD if redact(said) else cut_off(said, MAX_QUOTE)
        yield Risk(RiskKind.CALLED_BREAKING, values=(quoted, oid) if oid else (quoted,))


_FORMS = (EffectKind.OTHER_FORM, EffectKind.LESS_FORMS)


def changed_names(changes: Iterable[SymbolChange], files: Sequence[FileDiff] = ()) -> dict[str, SymbolChange]:
    """Unqualified names whose old uses may fit no more (signature changed, renamed, removed), with their change.

    `files` are those of the diff: what builds the code may define what the code no longer does.
    """
    names: dict[str, SymbolChange] = {}
    # Which of several forms a use means is not known.
    formed = {(item.path, item.name) for item in changes if any(effect.kind in _FORMS for effect in item.effects)}
    for item in changes:
        if item.kind in ("test", "module", "impl", "variable") or item.inner or category(item.path) is Category.TEST:
            continue
        if (item.path, item.name) in formed or _wraps_its_name(item):
            continue
        if item.change == "signature" and (
            item.kind not in _CALLED or not breaks_callers(item.old_signature, item.signature)
        ):
            continue
        if item.change in ("signature", "removed", "renamed"):
            name = (item.old_name or item.name).rsplit(".", 1)[-1]
            if len(name) > 2 and not name.startswith("__") and not is_given_elsewhere(item, name, files):
                names.setdefault(name, item)
    return names


def _wraps_its_name(item: SymbolChange) -> bool:
    """Whether a macro stands before what has its name elsewhere, which the uses mean where it is gone."""
    text = " ".join(item.lines)
    return item.kind in ("macro", "constant") and len(re.findall(rf"\b{re.escape(item.name)}\b", text)) > 1


def _callers_left(source: DiffSource, changes: Sequence[SymbolChange], uses: Sequence[Reference]) -> Iterable[Risk]:
    edited = {
        item.path: {line for hunk in item.hunks for line in range(hunk.new_start, hunk.new_start + hunk.new_count)}
        for item in source.files
    }
    kept = {
        item.name.rsplit(".", 1)[-1]
        for item in changes
        # What changes otherwise has its name still, which another definition may have had too.
        if item.change != "removed" and not (item.change == "signature" and item.kind in _CALLED)
    }
    changed = changed_names(changes, source.files)
    used: dict[str, list[Reference]] = {}
    for use in uses:
        used.setdefault(use.name, []).append(use)
    kept |= {
        name
        for name, change in changed.items()
        if change.change in ("removed", "renamed") and _is_bound(name, source.after.get(change.path) or b"")
    }
    lines = cache(lambda path: _lines(source.after, path))
    for name, change in changed.items():
        left = [
            use
            for use in used.get(name, ())
            if use.kind in ("caller", "test")
            and edited.get(use.path, set()).isdisjoint(range(use.line, max(use.line, use.last) + 1))
        ]
        if change.change == "signature":
            left = [use for use in left if use.call and _may_mean(change, use, lines)]
        elif name in kept or _is_promised(change, source.before.get(change.old_path or change.path) or b""):
            continue
        if not left:
            continue
        left.sort(key=lambda use: use.kind == "test")
        kind = RiskKind(change.change)
        old = change.old_name if kind is RiskKind.RENAMED else change.name
        yield Risk(kind, tuple(dict.fromkeys((use.path, use.line + 1) for use in left)), (old,), change)


def _may_mean(change: SymbolChange, use: Reference, lines: Callable[[str], list[str]]) -> bool:
    """Whether a call may be one of a function as it was: in C another of its name may be meant, which takes more."""
    if grammars.language_of(change.path) not in ("c", "cpp"):
        return True
    if use.path != change.path and change.old_signature.startswith("static ") and change.path.endswith(_OWN):
        return False
    text = "\n".join(lines(use.path)[use.line : use.line + MAX_CALL])
    return fits_call(change.old_signature, text, change.name.rsplit(".", 1)[-1])


_OVERRIDES = re.compile(r"@(?:\w+\.)*[Oo]verride\b|(?:^|\s)override\s[^=;]*[({]|\)[^;{=]*\boverride\b")
_IMPLEMENTS = re.compile(r"(\s*)(?:unsafe\s+)?impl\b[^{;]*\bfor\b")


def _is_promised(change: SymbolChange, before: bytes) -> bool:
    """Whether a member was a form of what a trait or a base promises: there may still be another form of it."""
    if change.kind != "method":
        return False
    if _OVERRIDES.search("\n".join(change.lines[:8])):
        return True
    if grammars.language_of(change.path) != "rust":
        return False
    lines = before.decode("utf-8", "replace").split("\n")[: change.old_span[0] + 1]
    outer = next((line for line in reversed(lines) if line.strip() and indentation(line) < indentation(lines[-1])), "")
    return bool(_IMPLEMENTS.match(outer))


def _is_bound(name: str, text: bytes) -> bool:
    """Whether a file still gives the name a meaning: by an inner definition, an assignment or an import."""
    word, source = re.escape(name), text.decode("utf-8", "replace")
    kinds = "def|class|function\\*?|const|let|var|val|fn|func|struct|enum|trait|type|interface|mod|macro_rules!"
    defines = rf"\b(?:{kinds})\s+{word}\b"
    assigns = rf"^\s*(?:self\.|this\.|export\s+|static\s+|pub\s+)*{word}\s*(?::[^:=\n]+)?=(?!=)"
    brings = rf"^\s*(?:from\b.*\bimport\b|import\b|use\b|\}}?\s*from\b).*\b{word}\b"
    return any(re.search(f"{defines}|{assigns}|{brings}", line) for line in _lines_with(name, source))


def _lines_with(name: str, source: str) -> Iterator[str]:
    """The lines that hold a name, each once: few of a long file, which a pattern would read letter by letter."""
    at = source.find(name)
    while at >= 0:
        start, end = source.rfind("\n", 0, at) + 1, source.find("\n", at)
        yield source[start:] if end < 0 else source[start:end]
        at = source.find(name, end) if end >= 0 else -1


def _conflicts(source: DiffSource) -> Iterable[Risk]:
    for item in source.files:
        if item.status == "U" and not item.hunks:
            yield Risk(RiskKind.CONFLICT, ((item.path, 0),))
            continue
        for hunk in item.hunks:
            for at, line in enumerate(hunk.added, hunk.new_start):
                if _CONFLICT.match(line) and not line.startswith("="):
                    yield Risk(RiskKind.CONFLICT_MARKER, ((item.path, at + 1),))
                    return


#: A pattern that chooses between many words, which nobody has for a password.
_ALTERNATIVES = re.compile(r"""["'`](?:[^"'`|\s]*\|){3}""")


def _secrets(source: DiffSource, redact: Redact) -> Iterable[Risk]:
    before = cache(lambda path: frozenset(_lines(source.before, path)))
    for item in source.files:
        lines = [(at, line) for hunk in item.hunks for at, line in enumerate(hunk.added, hunk.new_start)]
        # Many lines at once are looked through much faster than one by one.
        blocks = (lines[start : start + 100] for start in range(0, len(lines), 100))
        suspect = (line for block in blocks if redact("\n".join(line for _, line in block)) for line in block)
        secret = ((at, line) for at, line in suspect if not _ALTERNATIVES.search(line) and redact(line))
        place = next((at for at, line in secret if line not in before(item.path)), None)
        if place is not None:
            yield Risk(RiskKind.SECRET, ((item.path, place + 1),))


def _lines(texts: Mapping[str, bytes], path: str) -> list[str]:
    return texts.get(path, b"").decode("utf-8", "replace").split("\n")


def _broken_code(source: DiffSource) -> Iterable[Risk]:
    for path, after in source.after.items():
        if parses(path, after):
            continue
        earlier = source.before.get(path)
        lines = (line for item in source.files if item.path == path for hunk in item.hunks for line in hunk.added)
        if grammars.language_of(path) in ("c", "cpp") and any(map(_CHOICE.match, lines)):
            continue  # two forms of one head are more than the grammar reads
        if earlier is None and _is_half_read(source, grammars.language_of(path)):
            continue  # a new file that does not parse may be sound
        if earlier is None or breaks(path, earlier, after):
            kind = RiskKind.BROKEN if earlier else RiskKind.UNPARSED
            yield Risk(kind, ((path, 0),), (grammars.language_of(path),))


def _is_half_read(source: DiffSource, language: str) -> bool:
    """Whether a language has more than its grammar here reads: macros, or what stood in the diff's files before."""
    before = ((path, text) for path, text in source.before.items() if grammars.language_of(path) == language)
    return language in ("c", "cpp") or any(not parses(path, text) for path, text in before)


def _too_new(source: DiffSource, read: ReadFile) -> Iterable[Risk]:
    """Constructs of a language version newer than the project declares."""
    for item in source.files:
        after = source.after.get(item.path)
        declaration = declared(grammars.language_of(item.path), read) if after is not None else None
        if after is None or declaration is None:
            continue
        for found in violations(item.path, after, declaration, item.hunks)[:1]:
            values = (found.construct.value, dotted(found.needs), *declaration.values)
            yield Risk(RiskKind.TOO_NEW, ((item.path, found.line + 1),), values)


def _tests_removed(source: DiffSource, changes: Sequence[SymbolChange]) -> Iterable[Risk]:
    gone = without_successor([item for item in changes if item.kind == "test"], source.files)
    if gone:
        yield Risk(RiskKind.TESTS_REMOVED, (), tuple(item.name for item in gone))


def _leftovers(source: DiffSource) -> Iterable[Risk]:
    for item in source.files:
        if category(item.path) is not Category.SOURCE:
            continue
        text = source.after.get(item.path, b"").split(b"\n")
        prose = prose_rows(grammars.language_of(item.path), text, values=True)
        for hunk in item.hunks:
            for at, line in enumerate(hunk.added, hunk.new_start):
                if at in prose or is_comment(line):
                    continue
                below = at - hunk.new_start + 1
                then = hunk.added[below : below + 8]
                if _DEBUG.search(line):
                    yield Risk(RiskKind.DEBUGGING, ((item.path, at + 1),), (line.strip()[:60],))
                elif _BROAD.search(line) and not any(_AGAIN.match(item) for item in then):
                    yield Risk(RiskKind.CATCHES_ALL, ((item.path, at + 1),), (line.strip()[:60],))


def _dependencies(source: DiffSource, tracked: frozenset[str]) -> Iterable[Risk]:
    paths = {item.path for item in source.files}
    for path in sorted(paths):
        folder, _, name = path.rpartition("/")
        prefix = f"{folder}/" if folder else ""
        locks = [f"{prefix}{lock}" for lock in _MANIFESTS.get(name, ()) if f"{prefix}{lock}" in tracked]
        hunks = [hunk for item in source.files if item.path == path for hunk in item.hunks]
        changed = any("dependencies" in hunk.heading.lower() or _looks_like_dependency(hunk.added) for hunk in hunks)
        if name == "go.mod":  # what a module retracts is none
            changed = any(go_modules(hunk.removed) != go_modules(hunk.added) for hunk in hunks)
        if locks and changed and not paths & set(locks):
            yield Risk(RiskKind.LOCK_STAYS, ((path, 0),), (locks[0],))


def _looks_like_dependency(lines: Sequence[str]) -> bool:
    return any(re.search(r"[\"'=\s][\^~>=v]*\d+\.\d+", line) and "version" not in line.split(":")[0] for line in lines)


def _size(source: DiffSource) -> Iterable[Risk]:
    lines = sum(
        max(item.added, 0) + max(item.removed, 0)
        for item in source.files
        if category(item.path) in (Category.SOURCE, Category.TEST)
    )
    if lines > 1000:
        yield Risk(RiskKind.MUCH_CODE, (), (str(lines),))


def _large(source: DiffSource) -> Iterable[Risk]:
    """Binary files that every clone will have to fetch."""
    repository = source.repository
    binary = [item for item in source.files if item.binary and item.status != "D" and not item.submodule]
    if repository is not None:
        repository.gaps.cut(GapKind.BINARIES, MAX_BINARY, len(binary))
    for item in binary[:MAX_BINARY] if repository is not None else ():
        size = repository.size(item.new_oid, item.path) if repository is not None else 0
        if size >= LARGE:
            yield Risk(RiskKind.LARGE_BINARY, ((item.path, 0),), (f"{size / 1e6:.1f}",))


def _modes(source: DiffSource) -> Iterable[Risk]:
    for item in source.files:
        if item.old_mode == "100644" and item.new_mode == "100755":
            yield Risk(RiskKind.EXECUTABLE, ((item.path, 0),))
        if item.submodule:
            yield Risk(RiskKind.SUBMODULE, ((item.path, 0),), (item.new_oid,))
