"""Changes of definitions that the changed lines themselves refute, and code that becomes a comment.

A definition that comes has its name in a line that comes. Where it has not, one of the two texts was read otherwise
than the other (an error of syntax, a block whose end was not found), and nothing has come or gone.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from iquest_lsp import grammars
from iquest_lsp.codeflow.diff.part_effects import DEFINED
from iquest_lsp.codeflow.diff.removals.moved_calls import without_moved_calls
from iquest_lsp.codeflow.facts import bounded
from iquest_lsp.codeflow.git.commits import FileDiff, Hunk
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.comments import is_comment
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.syntax.effects.layout import indentation
from iquest_lsp.codeflow.syntax.outline.region import is_shortened
from iquest_lsp.codeflow.syntax.paths import Category, category, is_code

#: Kinds of which the name is a word of the code.
_KINDS = DEFINED | {"test", "suite", "type", "module", "constant", "block"}
#: Lines by their numbers.
_Lines = dict[int, str]
_MARK = re.compile(r"^\s*(?:#|//|--|;|\*|/\*)+\s?")


def uncommented_text(line: str) -> str:
    """What stands in a comment on a line of its own."""
    return _MARK.sub("", line).strip()


def without_refuted(changes: Sequence[SymbolChange], files: Sequence[FileDiff]) -> list[SymbolChange]:
    """The changes, moves among them linked, without what the changed lines show to be there still."""
    found = without_moved_calls(without_wrapped(changes, files))
    return without_moved(with_commented_out(found, files), files)


def with_commented_out(changes: Iterable[SymbolChange], files: Sequence[FileDiff]) -> list[SymbolChange]:
    """The changes, and of what is removed, whether its lines are comments after the diff."""
    comments: dict[str, set[str]] = {}
    removed: dict[str, dict[int, str]] = {}
    for item in files:
        added = (line for hunk in item.hunks for line in hunk.added if is_comment(line))
        path = item.old_path or item.path
        if texts := {uncommented_text(line) for line in added} - {""}:
            comments[path] = texts
            removed[path] = _rows(item.hunks, new=False)
    return [_told(item, comments.get(item.path, set()), removed.get(item.path, {})) for item in changes]


def without_wrapped(changes: Sequence[SymbolChange], files: Sequence[FileDiff]) -> list[SymbolChange]:
    """The changes without what is said to be removed while its first line, and half of it or more, stands deeper in the
    same file; of a name with a value its name alone. What stands in a new type there has moved into it."""
    added: dict[str, dict[str, list[int]]] = {}
    removed: dict[str, dict[int, str]] = {}
    for item in files:
        path = item.old_path or item.path
        lines = added.setdefault(path, {})
        for line in (line for hunk in item.hunks for line in hunk.added if line.strip()):
            lines.setdefault(_plain(line), []).append(indentation(line))
        removed[path] = _rows(item.hunks, new=False)
    found = []
    for change in changes:
        rows = removed.get(change.path, {})
        outer = _outer(change, changes, rows) if change.change == "removed" and change.kind in _MEMBERS else None
        # A type that comes may take in what stood in another one, as deep as that.
        if not _is_wrapped(change, added.get(change.path, {}), rows, deeper=outer is None):
            found.append(change)
        elif outer is not None:
            name = f"{outer.name}.{change.name.rsplit('.', 1)[-1]}"
            found.append(
                replace(change, name=name, change="moved", old_path=change.path, old_name=change.name, line=outer.line)
            )
    return found


_MEMBERS = frozenset({"function", "method", "property", "field"})
_TYPES = frozenset({"class", "module", "struct", "object", "trait", "interface", "protocol", "extension", "record"})


def _outer(item: SymbolChange, changes: Iterable[SymbolChange], removed: Mapping[int, str]) -> SymbolChange | None:
    """The new type in which the first line of something stands that stood elsewhere in the file."""
    first = next((line.strip() for at in range(*item.old_span) if (line := removed.get(at, "")).strip()), "")
    types = (other for other in changes if other.change == "added" and other.kind in _TYPES)
    return next((other for other in types if other.path == item.path and first in other.lines), None)


#: How much of what is wrapped is as it was.
SAME = 0.5
#: What gives a name its value, without blanks.
_HEAD_OF_VALUE = re.compile(r"[\w$]+:?=(?!=)")


def _is_wrapped(
    item: SymbolChange, added: dict[str, list[int]], removed: dict[int, str], *, deeper: bool = True
) -> bool:
    if item.change != "removed":
        return False
    lines = [line for at in range(*item.old_span) if (line := removed.get(at, "")).strip()]
    if lines and item.kind in ("constant", "variable") and (head := _HEAD_OF_VALUE.match(_plain(lines[0]))):
        # Another value deeper in the file is that of a local name.
        return any(max(depths) > indentation(lines[0]) for line, depths in added.items() if line.startswith(head[0]))
    kept = [line for line in lines if max(added.get(_plain(line), [-1])) >= indentation(line) + deeper]
    # What a test is called may change where it comes to stand in a group of them.
    named = item.kind == "test" or (bool(lines) and lines[0] in kept)
    return bool(lines) and named and len(kept) >= SAME * len(lines)


def _plain(line: str) -> str:
    return re.sub(r"[\s;,]", "", line)


def _told(item: SymbolChange, comments: set[str], removed: dict[int, str]) -> SymbolChange:
    if item.change != "removed" or item.effects or not comments:
        return item
    lines = (removed.get(at, "").strip() for at in range(*item.old_span))
    code = [line for line in lines if line and not is_comment(line)]
    if code and all(line in comments for line in code):
        return replace(item, effects=(Effect(EffectKind.COMMENTED_OUT),))
    return item


def borne_out(changes: Iterable[SymbolChange], files: Sequence[FileDiff]) -> list[SymbolChange]:
    """The changes; what neither came nor went is told as changed where lines in it change, else left out."""
    changes = list(changes)
    come = {item.path: _rows(item.hunks, new=True) for item in files if item.status not in ("A", "D")}
    gone = {item.old_path or item.path: _rows(item.hunks, new=False) for item in files if item.status not in ("A", "D")}
    by_path: dict[str, list[SymbolChange]] = {}
    for change in changes:
        by_path.setdefault(change.path, []).append(change)
    found = []
    for change in changes:
        forms = {effect.kind for effect in change.effects}
        is_new = change.change == "added" or EffectKind.OTHER_FORM in forms
        is_old = change.change == "removed" or EffectKind.LESS_FORMS in forms
        lines, span = (come, change.span) if is_new else (gone, change.old_span)
        if change.kind == "section" and (headed := _headed(change, come, gone)) is not change:
            found += [headed] if headed else []
            continue
        rows = lines.get(change.path) if change.kind in _KINDS else None
        if (
            change.change in ("body", "test")
            and not change.effects
            and _is_empty(change, by_path[change.path], come, gone)
        ):
            continue
        if rows is None or not (is_new or is_old) or span[0] == span[1] or _names(change, rows, span):
            found.append(change)
        elif is_new and any(at in rows for at in range(*span)):
            found.append(replace(change, change="body", effects=(), old_name=change.name, inner=False))
    return found


_LEVEL = re.compile(r"\s*(#+|=+)\s")


def _headed(change: SymbolChange, come: Mapping[str, _Lines], gone: Mapping[str, _Lines]) -> SymbolChange | None:
    """A section's change; none of one whose heading stands where it stood, in what is called otherwise or is new.

    One whose heading is of another level than the one in its place holds that one's text, and was not called so.
    """
    old = _first(gone.get(change.old_path or change.path, {}), change.old_span)
    new = _first(come.get(change.path, {}), change.span)
    if (change.change == "added" and new is None and change.path in come) or (
        change.change == "removed" and old is None and change.path in gone
    ):
        return None
    levels = [found[1] for line in (old, new) if line and (found := _LEVEL.match(line))]
    titles = {name.rsplit(" > ", 1)[-1] for name in (change.name, change.old_name)}
    if change.change == "renamed" and len(titles) == 2 and len(levels) == 2 and levels[0] != levels[1]:
        return replace(change, change="added", old_name="", old_span=(0, 0))
    return change


def _first(rows: _Lines, span: tuple[int, int]) -> str | None:
    """The changed line that a section begins with: its heading, which may stand below an anchor."""
    return next((rows[at] for at in range(span[0], min(span[0] + 2, span[1])) if rows.get(at, "").strip()), None)


def _is_empty(
    change: SymbolChange, beside: Sequence[SymbolChange], come: Mapping[str, _Lines], gone: Mapping[str, _Lines]
) -> bool:
    """Whether nothing but empty lines changes in a definition, what is told of the definitions inside it aside.

    `beside` are the changes of its file.
    """
    inside = [
        item
        for item in beside
        if item is not change and (item.kind == "test" or item.name.startswith(f"{change.name}."))
    ]
    for side, span, spans in (
        (come, change.span, [item.span for item in inside]),
        (gone, change.old_span, [item.old_span for item in inside]),
    ):
        rows = side.get(change.path, {})
        own = (at for at in range(*span) if rows.get(at, "").strip())
        if any(not any(start <= at < end for start, end in spans) for at in own):
            return False
    return change.path in come and change.span[0] < change.span[1]


def as_moved(changes: Iterable[SymbolChange], files: Sequence[FileDiff]) -> list[SymbolChange]:
    """The changes; what is removed from one file and stands in what another one gains has moved there."""
    come = {
        item.path: Counter(line.strip() for hunk in item.hunks for line in hunk.added if len(line.strip()) > 1)
        for item in files
        if category(item.path) in (Category.SOURCE, Category.TEST)
    }
    found = []
    for change in changes:
        lines = [line for line in change.lines if len(line) > 1]
        where = ""
        if change.change == "removed" and change.kind in DEFINED and len(lines) >= MOVED_LINES:
            where = next((path for path, there in come.items() if path != change.path and _holds(there, lines)), "")
        if where:
            change = replace(change, path=where, change="moved", old_path=change.path, old_name=change.name, line=0)
        found.append(change)
    return found


#: Fewer lines than these, or a smaller share of them, may stand anywhere.
MOVED_LINES, MOVED_SHARE = 3, 0.8


def _holds(there: Counter[str], lines: Sequence[str]) -> bool:
    return sum((there & Counter(lines)).values()) >= MOVED_SHARE * len(lines) and lines[0] in there


def without_moved(changes: Iterable[SymbolChange], files: Sequence[FileDiff]) -> list[SymbolChange]:
    """The changes without lines that are told as new, or as gone, while the diff of the file has them on both sides."""
    sides: dict[str, tuple[list[str], list[str]]] = {}
    for item in files:
        gone = [line.strip() for hunk in item.hunks for line in hunk.removed]
        come = [line.strip() for hunk in item.hunks for line in hunk.added]
        sides[item.path] = gone, come
    found = []
    for change in changes:
        gone, come = sides.get(change.path, ([], []))
        effects = tuple(item for item in change.effects if not _stands(item, gone, come))
        found.append(change if len(effects) == len(change.effects) else replace(change, effects=effects))
    return found


def _stands(effect: Effect, gone: Sequence[str], come: Sequence[str]) -> bool:
    if effect.kind not in (EffectKind.COMES, EffectKind.GOES):
        return False
    [told] = effect.values
    return told in map(bounded, gone if effect.kind is EffectKind.COMES else come)


def _rows(hunks: Iterable[Hunk], *, new: bool) -> _Lines:
    sides = ((hunk.new_start, hunk.added) if new else (hunk.old_start, hunk.removed) for hunk in hunks)
    return {at: line for start, lines in sides for at, line in enumerate(lines, start)}


def _names(change: SymbolChange, rows: _Lines, span: tuple[int, int]) -> bool:
    """Whether a changed line of a definition holds its name, so far as it is a name and not a title."""
    short = re.split(r"\.| > ", change.name)[-1]
    if is_shortened(change.name) or is_shortened(short) or " " in short.strip():
        return True
    name = "".join(short.split())
    return any(name in "".join(rows.get(at, "").split()) for at in range(*span))


#: Functions of the C library that a project is likely to define in a form of its own.
_FUNCTIONS = """
    abort abs accept access atexit atof atoi atol bind bsearch calloc ceil chdir chmod clock close connect dup
    dup2 exit exp fabs fclose fdopen feof ferror fflush fgetc fgets fileno floor fmod fopen fork fprintf fputc
    fputs fread free fscanf fseek fstat ftell fwrite getc getcwd getenv getline getopt getpid gmtime isatty
    isinf isnan kill ldexp listen localtime localtime_r log longjmp lseek malloc memchr memcmp memcpy memmem
    memmove memset mkdir mkstemp mktime mmap munmap nanosleep open perror pipe poll pow printf putc putchar
    puts qsort raise rand read readdir realloc recv remove rename round scanf select send setenv setjmp signal
    sleep snprintf socket sprintf sqrt srand sscanf stat strcasecmp strcat strchr strcmp strcpy strcspn strdup
    strerror strerror_r strftime strlcat strlcpy strlen strncasecmp strncat strncmp strncpy strndup strnlen
    strpbrk strptime strrchr strsep strsignal strspn strstr strtod strtok strtok_r strtol strtoll strtoul
    system time tolower toupper trunc uname unlink usleep vfprintf vprintf vsnprintf vsprintf wait waitpid
    wcslen write
"""
_LIBRARY = frozenset(re.findall(r"\w+", _FUNCTIONS))


def is_given_elsewhere(item: SymbolChange, name: str, files: Iterable[FileDiff]) -> bool:
    """Whether what uses a name that is taken out means, or gets, another thing of that name; `files` are the diff's."""
    if item.change not in ("removed", "renamed") or grammars.language_of(item.path) not in ("c", "cpp"):
        return False
    if item.kind in ("macro", "constant"):
        word = re.compile(rf"(?<!\w)(?:-D)?{re.escape(name)}\b")
        built = (line for file in files if not is_code(file.path) for hunk in file.hunks for line in hunk.added)
        return any(map(word.search, built))
    return item.kind == "function" and name in _LIBRARY
