"""Places to look at: the imports of a file whose changed lines use a name that nothing there binds."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from iquest_lsp import grammars
from iquest_lsp.codeflow.reading import NotLookedUpError, Sources, lines_with
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.import_statements import import_lines, imports_of
from iquest_lsp.nextedit.parsed import Parsed
from iquest_lsp.nextedit.predictors.new_names import is_known, may_give_package, new_names, new_packages
from iquest_lsp.nextedit.records import EditKind, Place, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort

_DOT_IMPORT = re.compile(r"^[ \t]*(?:import[ \t]+)?\.[ \t]+\"", re.MULTILINE)
_SCRIPTS = (".py", ".pyi", ".ts", ".tsx", ".js", ".jsx", ".mjs")
#: Languages of which types alone are looked at: how a file imports everything of somewhere, and where types stand.
_TYPED = {
    ".java": (
        re.compile(r"^import\s+(?:static\s+)?[\w.]+\.\*;", re.MULTILINE),
        re.compile(r"(?<![\w.$])([A-Z]\w*[a-z]\w*)(?!\w)"),
    ),
    ".rs": (
        re.compile(r"^[ \t]*use\b.*\*", re.MULTILINE),
        re.compile(r"(?<![\w.:$])([A-Z]\w*[a-z]\w*)(?![\w(!])"),
    ),
}
#: What both languages have without an import.
_GIVEN = frozenset(
    re.findall(
        r"\w+",
        "Appendable ArithmeticException AssertionError AutoCloseable Boolean Byte CharSequence Character Class"
        " ClassLoader ClassNotFoundException Cloneable Comparable Deprecated Double Enum Error Exception Float"
        " FunctionalInterface IllegalArgumentException IllegalStateException IndexOutOfBoundsException Integer"
        " InterruptedException Iterable Long Math NullPointerException Number NumberFormatException Object Override"
        " Process ProcessBuilder Record ReflectiveOperationException Runnable Runtime RuntimeException SafeVarargs"
        " SecurityException Short StackTraceElement String StringBuffer StringBuilder SuppressWarnings System"
        " Thread ThreadLocal Throwable UnsupportedOperationException Void NoSuchMethodException"
        " NoSuchFieldException InstantiationException IllegalAccessException CloneNotSupportedException"
        " StackOverflowError OutOfMemoryError LinkageError ArrayIndexOutOfBoundsException ArrayStoreException"
        " ClassCastException NegativeArraySizeException StringIndexOutOfBoundsException InternalError"
        " VirtualMachineError"
        " IllegalCallerException IllegalMonitorStateException IllegalThreadStateException LayerInstantiationException"
        " EnumConstantNotPresentException TypeNotPresentException ExceptionInInitializerError NoClassDefFoundError"
        " AbstractMethodError IncompatibleClassChangeError NoSuchFieldError NoSuchMethodError UnsatisfiedLinkError"
        " UnsupportedClassVersionError VerifyError ClassFormatError ThreadGroup InheritableThreadLocal Package Module"
        " StrictMath StackWalker ProcessHandle Option Some None Ok Err Result Box Vec Clone Copy Send"
        " Sync Sized Drop Fn FnMut FnOnce AsRef AsMut Into From Default Iterator Extend IntoIterator"
        " DoubleEndedIterator ExactSizeIterator Eq Ord PartialEq PartialOrd ToOwned ToString TryFrom TryInto"
        " FromIterator Self Debug Hash Unpin",
    )
)
#: What scripts have without an import.
_OF_SCRIPTS = frozenset(
    re.findall(
        r"\w+",
        "AbortSignal Array ArrayBuffer BigInt Blob Boolean Buffer Date Error EvalError Event EventTarget"
        " File FormData Function Headers Infinity Intl JSON Map Math NaN Number Object Promise Proxy RangeError"
        " ReadableStream ReferenceError Reflect RegExp Request Response Set String Symbol SyntaxError TextDecoder"
        " TextEncoder TransformStream TypeError URL URLSearchParams Uint8Array WeakMap WeakRef WeakSet WebSocket"
        " WritableStream clearTimeout console const crypto document fetch global globalThis isNaN let module"
        " parseFloat parseInt process queueMicrotask setImmediate setInterval setTimeout structuredClone undefined"
        " window Partial Pick Omit Record Readonly Required Exclude Extract NonNullable ReturnType Parameters Awaited"
        " ReadonlyArray",
    )
)
MAX_NAMES = 8
#: So much of a line is looked at for what binds a name.
MAX_LINE = 500
#: Lines below the last import at which another one may come, under a condition too.
BELOW = 3


def predict(changes: Sequence[Change], sources: Sources) -> Iterator[Place]:
    """For each name that a changed file lacks the lines of its imports."""
    for change in changes:
        rows = [item.statement for item in imports_of(change.after)] if change.after.root is not None else []
        if not rows or not change.edits:
            continue
        first, last = min(node.start_point.row for node in rows), max(node.end_point.row for node in rows)
        with contextlib.suppress(NotLookedUpError):
            for name, how in _lacking(change, sources):
                yield Place(
                    change.path,
                    first,
                    min(last + BELOW, len(change.after.lines) - 1),
                    EditKind.IMPORT,
                    Reason(ReasonKind.NOT_IMPORTED, (name,)),
                    Sort.of(PredictorKind.IMPORT, "block", grammars.language_of(change.path), how),
                    trigger=(change.path, change.edits[-1].line),
                )


def _lacking(change: Change, sources: Sources) -> Iterator[tuple[str, str]]:
    """The names that a file lacks, each with what others say of it: they import it so, or not at all."""
    path = PurePosixPath(change.path)
    if change.path.endswith(".go"):
        if _DOT_IMPORT.search(change.after.text):
            return
        names = [name for name in new_packages(change) if _is_package(change.after, name)]
    elif change.path.endswith(_SCRIPTS):
        names = [
            name for name in new_names(change) if name not in _OF_SCRIPTS and not _is_taken_apart(change.after, name)
        ]
    elif path.suffix in _TYPED:
        names = [*_new_types(change, *_TYPED[path.suffix])]
    else:
        return
    names = names[:MAX_NAMES]
    lines: dict[str, list[tuple[str, str]]] = {name: [] for name in names}
    for where, _, text in sources.grep(names) if names else ():
        for name in names:
            if name in text:
                lines[name].append((where, text))
    for name, found in lines.items():
        if path.suffix == ".go" and any(may_give_package(path, where, name, text) for where, text in found):
            continue
        if path.suffix in _TYPED and any(_is_beside(path, PurePosixPath(where), name, text) for where, text in found):
            continue
        imported = re.compile(
            rf"^\s*(?:pub\s+)?(?:import|from|use)\b.*\b{name}\b|^.{{0,80}}\b{name}\b.{{0,80}}=\s*require\("
        )
        kin = {where for where, text in found if PurePosixPath(where).suffix == path.suffix and where != change.path}
        known = {where for where, text in found if where in kin and imported.search(text)}
        yield name, "known" if known else "met" if kin else "fresh"


def _is_taken_apart(text: Parsed, name: str) -> bool:
    """Whether a name is bound where an object is taken apart."""
    return any("pattern" in spot.node.type for spot in text.spots(name))


def _is_package(text: Parsed, name: str) -> bool:
    """Go: whether a name stands before a dot wherever it stands, as no variable does."""
    ends = ((line, end) for line in lines_with(text.text, name) for _, end in text.words(name, line))
    return all(text.lines[line][end : end + 1] == "." or text.in_words(line, end - 1) for line, end in ends)


def _is_beside(path: PurePosixPath, where: PurePosixPath, name: str, text: str) -> bool:
    """Java: whether a file of the same package defines a type."""
    beside = path.suffix == ".java" and where.suffix == ".java" and where.parent.name == path.parent.name
    return beside and bool(re.search(rf"\b(?:class|interface|enum|record)\s+{name}\b", text))


def _new_types(change: Change, everything: re.Pattern[str], types: re.Pattern[str]) -> Iterator[str]:
    """The types that the changed lines name, new to the file and bound by nothing in it."""
    after = change.after
    if everything.search(after.text):
        return
    imported = import_lines(after)
    bound = {item.name for item in imports_of(after)} | {item.short for item in after.symbols} | _GIVEN
    for edit in change.edits:
        for line in (line for line in range(edit.line, edit.line + len(edit.new)) if line not in imported):
            for found in types.finditer(after.lines[line]):
                name = found[1]
                if name in bound:
                    continue
                bound.add(name)
                if after.in_words(line, found.start()) or is_known(change.before, name):
                    continue
                # The outline may lack what is defined within functions, type parameters and the values of an enum.
                if any(
                    re.search(
                        rf"\b(?:class|interface|enum|record|type|struct|trait)\s+{name}\b|^\s*{name}\s*(?:[,;({{]|$)|\benum\b[^{{]*\{{[^}}]*\b{name}\b"
                        rf"|(?:(?<![\w.>])|\b(?:class|interface|record|struct|enum|trait|fn|impl|type)\b\s*\w*)<.*\b{name}\b",
                        it,
                    )
                    for it in (after.lines[at][:MAX_LINE] for at in lines_with(after.text, name))
                ):
                    continue
                yield name
