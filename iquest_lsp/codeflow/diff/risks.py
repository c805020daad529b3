"""What may go wrong with a diff, each as a sentence that names its evidence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from iquest_lsp import grammars
from iquest_lsp.codeflow.diff.redaction import Redact
from iquest_lsp.codeflow.diff.sources import DiffSource
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.dialects import Read, declared, dotted, violations
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.syntax.references import Reference
from iquest_lsp.codeflow.syntax.signatures import breaks_callers, signature_facts
from iquest_lsp.codeflow.syntax.symbols import parses

MAX_RISKS = 12
MAX_BINARY, LARGE = 10, 1_000_000
_CONFLICT = re.compile(r"^(<{7} |>{7} |={7}$)")
_DEBUG = re.compile(r"\bbreakpoint\(\)|\bpdb\.set_trace\(|^\s*debugger;?\s*$|\bconsole\.log\(|\bdbg!\(|\bvar_dump\(")
_BROAD = re.compile(
    r"^\s*except\s*(\(?(Base)?Exception\)?\s*(as \w+)?)?:\s*(pass)?\s*$|\bcatch\s*\(\s*\w*\s*\)\s*\{\s*\}"
)
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
    redact: Redact | None = None,
    read: Read = lambda path: None,
) -> list[str]:
    """The risks of a diff, gravest first.

    `uses` are the uses of changed names, `read` gives the project's files, both in the state after the diff.
    """
    found = [
        *_cut_off(source),
        *_conflicts(source),
        *_secrets(source, redact),
        *_broken_code(source),
        *_too_new(source, read),
        *_callers_left(source, changes, uses),
        *_tests_removed(changes),
        *_leftovers(source),
        *_dependencies(source, tracked),
        *_size(source),
        *_large(source),
        *_modes(source),
    ]
    return found[:MAX_RISKS]


def _cut_off(source: DiffSource) -> Iterable[str]:
    if source.cut_off:
        yield (
            "this clone is shallow and ends with this commit: everything looks new, whatever it changed"
            " (`git fetch --unshallow` brings the rest)"
        )


def changed_names(changes: Iterable[SymbolChange]) -> dict[str, SymbolChange]:
    """Unqualified names whose old uses may fit no more (signature changed, renamed, removed), with their change."""
    names: dict[str, SymbolChange] = {}
    for item in changes:
        if item.kind in ("test", "module", "impl") or item.inner or category(item.path) is Category.TEST:
            continue
        if item.change == "signature" and (item.kind not in _CALLED or not breaks_callers(item.detail)):
            continue
        if item.change in ("signature", "removed", "renamed"):
            name = (item.old_name or item.name).rsplit(".", 1)[-1]
            if len(name) > 2 and not name.startswith("__"):
                names.setdefault(name, item)
    return names


def _callers_left(source: DiffSource, changes: Sequence[SymbolChange], uses: Sequence[Reference]) -> Iterable[str]:
    edited = {
        item.path: {line for hunk in item.hunks for line in range(hunk.new_start, hunk.new_start + hunk.new_count)}
        for item in source.files
    }
    kept = {item.name.rsplit(".", 1)[-1] for item in changes if item.change in ("added", "moved", "renamed")}
    for name, change in changed_names(changes).items():
        left = [
            use
            for use in uses
            if use.name == name
            and use.kind in ("caller", "test")
            and edited.get(use.path, set()).isdisjoint(range(use.line, max(use.line, use.last) + 1))
        ]
        if change.change == "signature":
            left = [use for use in left if use.call]
        elif name in kept:
            continue
        if not left:
            continue
        places = ", ".join(f"{use.path}:{use.line + 1}" for use in left[:4])
        more = f" and {len(left) - 4} more" if len(left) > 4 else ""
        told = ", ".join(signature_facts(change.detail)) if change.change == "signature" else ""
        what = {
            "signature": f"The signature of `{change.name}` changes ({told})",
            "removed": f"`{change.name}` is removed",
            "renamed": f"`{change.old_name}` is renamed",
        }[change.change]
        still = "its callers are as before" if change.change == "signature" else "the old name is still used"
        yield f"{what}, but {still}: {places}{more}"


def _conflicts(source: DiffSource) -> Iterable[str]:
    for item in source.files:
        if item.status == "U":
            yield f"{item.path} has an unresolved merge conflict"
            continue
        for hunk in item.hunks:
            for at, line in enumerate(hunk.added, hunk.new_start):
                if _CONFLICT.match(line) and not line.startswith("="):
                    yield f"{item.path}:{at + 1} holds a conflict marker"
                    return


def _secrets(source: DiffSource, redact: Redact | None) -> Iterable[str]:
    if redact is None:
        return
    for item in source.files:
        lines = ((at, line) for hunk in item.hunks for at, line in enumerate(hunk.added, hunk.new_start))
        place = next((at for at, line in lines if redact(line)), None)
        if place is not None:
            yield f"{item.path}:{place + 1} looks like a secret"


def _broken_code(source: DiffSource) -> Iterable[str]:
    for path, after in source.after.items():
        if parses(path, after):
            continue
        earlier = source.before.get(path)
        if earlier is None and grammars.language_of(path) in ("c", "cpp"):
            # What macros stand for is not known here, so a new file that does not parse may be sound.
            continue
        if earlier is None or parses(path, earlier):
            yield (
                f"{path} no longer parses as {grammars.language_of(path)}"
                if earlier
                else (f"{path} does not parse as {grammars.language_of(path)}")
            )


def _too_new(source: DiffSource, read: Read) -> Iterable[str]:
    """Constructs of a language version newer than the project declares."""
    for item in source.files:
        after = source.after.get(item.path)
        declaration = declared(grammars.language_of(item.path), read) if after is not None else None
        if after is None or declaration is None:
            continue
        for found in violations(item.path, after, declaration, item.hunks)[:1]:
            yield (
                f"{item.path}:{found.line + 1} uses {found.construct}, which needs {dotted(found.needs)}, "
                f"but {declaration}"
            )


def _tests_removed(changes: Sequence[SymbolChange]) -> Iterable[str]:
    gone = [item.name for item in changes if item.change == "removed" and item.kind == "test"]
    if gone:
        yield f"{_count(len(gone), 'test')} removed: {_list(gone)}"


def _leftovers(source: DiffSource) -> Iterable[str]:
    for item in source.files:
        if category(item.path) is not Category.SOURCE:
            continue
        for hunk in item.hunks:
            for at, line in enumerate(hunk.added, hunk.new_start):
                then = hunk.added[at - hunk.new_start + 1 :][:8]
                if _DEBUG.search(line):
                    yield f"{item.path}:{at + 1} looks like a debugging leftover: `{line.strip()[:60]}`"
                elif _BROAD.search(line) and not any(_AGAIN.match(item) for item in then):
                    yield f"{item.path}:{at + 1} catches everything: `{line.strip()[:60]}`"


def _dependencies(source: DiffSource, tracked: frozenset[str]) -> Iterable[str]:
    paths = {item.path for item in source.files}
    for path in sorted(paths):
        folder, _, name = path.rpartition("/")
        prefix = f"{folder}/" if folder else ""
        locks = [f"{prefix}{lock}" for lock in _MANIFESTS.get(name, ()) if f"{prefix}{lock}" in tracked]
        hunks = [hunk for item in source.files if item.path == path for hunk in item.hunks]
        changed = any("dependencies" in hunk.heading.lower() or _looks_like_dependency(hunk.added) for hunk in hunks)
        if locks and changed and not paths & set(locks):
            yield f"{path} changes dependencies, but {locks[0]} does not"


def _looks_like_dependency(lines: Sequence[str]) -> bool:
    return any(re.search(r"[\"'=\s][\^~>=v]*\d+\.\d+", line) and "version" not in line.split(":")[0] for line in lines)


def _size(source: DiffSource) -> Iterable[str]:
    lines = sum(
        max(item.added, 0) + max(item.removed, 0)
        for item in source.files
        if category(item.path) in (Category.SOURCE, Category.TEST)
    )
    if lines > 1000:
        yield f"{lines} lines of code change at once, which is hard to review"


def _large(source: DiffSource) -> Iterable[str]:
    """Binary files that every clone will have to fetch."""
    repository = source.repository
    binary = [item for item in source.files if item.binary and item.status != "D" and not item.submodule]
    for item in binary[:MAX_BINARY] if repository is not None else ():
        size = repository.size(item.new_oid, item.path) if repository is not None else 0
        if size >= LARGE:
            yield f"{item.path} is a binary file of {size / 1e6:.1f} MB, which stays in the history"


def _modes(source: DiffSource) -> Iterable[str]:
    for item in source.files:
        if item.old_mode == "100644" and item.new_mode == "100755":
            yield f"{item.path} becomes executable"
        if item.submodule:
            yield f"the submodule {item.path} moves to {item.new_oid[:10] or 'another commit'}"


def _list(names: Sequence[str], limit: int = 3) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:limit])
    return shown + (f" and {len(names) - limit} more" if len(names) > limit else "")


def _count(number: int, noun: str) -> str:
    return f"1 {noun} is" if number == 1 else f"{number} {noun}s are"
