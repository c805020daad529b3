"""Imports that the changes made idle, and names that they use and do not import."""

from __future__ import annotations

import contextlib
import re
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.codeflow.reading import NotLookedUpError, Sources, category, lines_with
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.import_statements import Import, imports_of, module_of
from iquest_lsp.nextedit.parsed import Parsed, parse
from iquest_lsp.nextedit.predictors.modules import (
    GO_PACKAGES,
    as_written_in,
    family,
    from_definer,
    in_braces,
    leads_here,
)
from iquest_lsp.nextedit.predictors.new_names import is_free, new_names, new_packages
from iquest_lsp.nextedit.records import EditKind, NextEdit, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort

if TYPE_CHECKING:
    from tree_sitter import Node

#: Files that pass on what they import.
_PASSES_ON = ("__init__.py", "index.js", "index.ts", "conftest.py", "mod.rs", "lib.rs")
#: Files whose names are looked for in the imports of others.
_LEARNED = (".py", ".pyi", ".ts", ".tsx", ".js", ".jsx", ".mjs")
#: Files that a name's usual module is learned from, and names that are looked for.
MAX_FILES, MAX_NAMES = 40, 12
#: Says of a file that it uses a name without any origin.
FREE = "?"
#: The share of these files that import it from the same module.
LEAST_SHARE = 0.8
#: So many statements for one name each, and none for several, are a habit.
ONE_EACH = 4


def predict(changes: Sequence[Change], sources: Sources) -> Iterator[NextEdit]:
    """Suggestions for every changed file whose imports can be read."""
    renamed = {(item.old, item.new) for change in changes for item in change.renamings}
    for change in changes:
        if change.after.root is not None:
            # What is imported under a name that became another is not idle, and the other one not missing.
            bound = {item.name for item in imports_of(change.after)}
            both = [(old, new) for old, new in renamed if old in bound and lines_with(change.after.text, new)]
            if change.path.rpartition("/")[2] not in _PASSES_ON:
                yield from _unused(change, {old for old, _ in both})
            with contextlib.suppress(NotLookedUpError):
                yield from _missing(change, sources, {new for _, new in both})


# ------------------------------------------------------------------------------------------------------ unused


def _unused(change: Change, known: Collection[str]) -> Iterator[NextEdit]:
    after, before = change.after, change.before
    gone = {word for edit in change.edits for line in edit.old for word in re.findall(r"[\w$]+", line)}
    for item in imports_of(after):
        if item.name not in gone:
            continue  # no edit took a use of it away
        rows = range(item.statement.start_point.row, item.statement.end_point.row + 1)
        if item.statement.type == "future_import_statement":
            continue  # it says how the file is read
        if len(item.name) < 2 or item.name in known or any(at not in rows for at in lines_with(after.text, item.name)):
            continue
        if any(change.is_changed(at) for at in rows) or "noqa" in after.lines[rows[0]]:
            continue
        if len(lines_with(before.text, item.name)) <= 1:
            continue  # it was idle before
        language = grammars.language_of(change.path)
        some = ("one", "of", "several") if item.several > 1 else ("whole",)
        sort = Sort.of(PredictorKind.IMPORT, "unused", language, *some)
        yield from _without(change, item, Reason(ReasonKind.UNUSED_IMPORT, (item.name,)), sort)


def _without(change: Change, item: Import, reason: Reason, sort: Sort) -> Iterator[NextEdit]:
    """The statement without the name, or nothing where it binds no other."""
    text = change.after
    trigger = (change.path, change.edits[-1].line) if change.edits else (change.path, 0)

    def removal(first: int, column: int, old: str) -> NextEdit:
        return NextEdit(change.path, first, column, old, "", EditKind.IMPORT, reason, sort, trigger=trigger)

    node = item.node
    line, column = text.place_of(node)
    if item.several > 1 and node.parent is not None and node.parent.named_child_count == 1:
        return  # brackets in brackets would be left empty
    if item.several == 1:
        first, last = item.statement.start_point.row, item.statement.end_point.row
        yield removal(first, 0, "\n".join(text.lines[first : last + 1]) + "\n")
    elif re.fullmatch(rf"\s*{re.escape(text.text_of(node))},?\s*", text.lines[line]):
        yield removal(line, 0, text.lines[line] + "\n")
    else:
        whole, end = text.lines[line], column + len(text.text_of(node))
        if behind := re.match(r",\s*(?=\S)", whole[end:]):
            yield removal(line, column, whole[column : end + behind.end()])
        elif ahead := re.search(r",\s*$", whole[:column]):
            yield removal(line, ahead.start(), whole[ahead.start() : end])


# ----------------------------------------------------------------------------------------------------- missing


def _missing(change: Change, sources: Sources, known: Collection[str]) -> Iterator[NextEdit]:
    is_go = change.path.endswith(".go")
    if not is_go and not change.path.endswith(_LEARNED):
        return
    after = change.after
    language = grammars.language_of(change.path)
    sort = Sort.of(PredictorKind.IMPORT, "missing", language)
    names = [name for name in (new_packages if is_go else new_names)(change) if name not in known][:MAX_NAMES]
    for _ in sources.grep(names) if names else ():
        break  # all names are looked for in one go, and remembered
    for name in names:
        if is_own := _is_own(name, change):
            reason = Reason(ReasonKind.MISSING_IMPORT_OF_LANGUAGE, (name, language))
            yield from _with_import(change, after, name, is_own, reason, sort.plus("own"))
            continue
        statements = statements_of_others(change, name, sources)
        if not statements and (statement := from_definer(change, name, sources, _first_import(after))):
            reason = Reason(ReasonKind.MISSING_IMPORT, (name, module_of(statement)))
            yield from _with_import(change, after, name, statement, reason, sort.plus("defined"))
        if not statements:
            continue
        statement, count = statements.most_common(1)[0]
        if count < LEAST_SHARE * statements.total():
            continue
        reason = Reason(ReasonKind.MISSING_IMPORT, (name, module_of(statement)))
        yield from _with_import(change, after, name, statement, reason, sort.plus(str(min(count, 3))))


def statements_of_others(change: Change, name: str, sources: Sources) -> Counter[str]:
    """How files of the kind import a name, as this one would write it; by files of its own sort where there are any."""
    found: dict[bool, Counter[str]] = {True: Counter(), False: Counter()}
    without = 0
    here, sort = change.path, category(change.path)
    paths = dict.fromkeys(path for path, _, _ in sources.grep([name]))
    for path in [path for path in paths if path != here and family(path) == family(here)][:MAX_FILES]:
        statement = sources.kept(path, ("import of", name), partial(imports_it, path, name))
        without += statement == FREE
        if statement in (None, "", FREE) or leads_here(module_of(statement), path, here):
            continue  # none, or what comes from here
        if written := as_written_in(here, statement, path):
            found[category(path) is sort][written] += 1
    several = found[True] or found[False]
    # What more files use than import is there without that: it is the language's own, or its tools'.
    return several if without <= several.total() else Counter()


def _first_import(text: Parsed) -> str:
    """A file's first statement that imports from a path of its own, else its first one."""
    found = [text.text_of(item.statement) for item in imports_of(text)]
    return next((words for words in found if re.search(r"from\s+['\"]?\.", words)), found[0] if found else "")


def _is_own(name: str, change: Change) -> str:
    """The import statement of a module of the language itself, where a name can only be that; Python, Go."""
    if change.path.endswith(".go"):
        return f'"{GO_PACKAGES[name]}"' if name in GO_PACKAGES else ""
    if not change.path.endswith((".py", ".pyi")) or name not in sys.stdlib_module_names:
        return ""
    spots = list(change.after.spots(name))
    plain = all(re.match(r"\.[^\W\d]", change.after.lines[spot.line][spot.end :]) for spot in spots)
    return f"import {name}" if spots and plain else ""


def imports_it(path: str, name: str, data: bytes) -> str:
    """How a file imports a name, as a statement for that name alone; FREE where nothing there binds it."""
    text = parse(path, data.decode("utf-8", "replace"))
    for item in imports_of(text):
        if item.name == name:
            whole = " ".join(text.text_of(item.statement).split())
            if item.several == 1:
                return whole
            return _alone(whole, item, " ".join(text.text_of(item.node).split()))
    uses = [text.use(spot)[0] for spot in text.spots(name) if is_free(spot)]
    return FREE if uses and {*uses} <= {"use", "call"} else ""


def _alone(whole: str, item: Import, part: str) -> str:
    """A statement for several names as one for a part of it alone."""
    if item.node.parent is not None and item.node.parent.type == "import_clause":  # beside names in braces
        return re.sub(r"import\s.*\sfrom\b", lambda _: f"import {part} from", whole)
    braced = f"{{{part}}}" if re.search(r"\{\S", whole) else f"{{ {part} }}"
    alone = re.sub(r"\{.*\}", lambda _: braced, re.sub(r"^import\s+[\w$]+\s*,\s*\{", "import {", whole))
    return re.sub(r"import\s+(?:\(.*\)|[^({]*$)", lambda _: f"import {part}", alone)


def _with_import(
    change: Change, text: Parsed, name: str, statement: str, reason: Reason, sort: Sort
) -> Iterator[NextEdit]:
    """The statement at its alphabetical place among the file's imports, or the name in the one that has its module."""
    statements = list({item.statement.id: item.statement for item in imports_of(text)}.values())
    statements.sort(key=lambda node: node.start_byte)
    if not statements:
        return
    trigger = (change.path, change.edits[-1].line)
    if change.path.endswith(".go"):
        place = _place_in_block(text, statements, statement)
        if place >= 0:
            new = f"\t{statement}\n"
            yield NextEdit(change.path, place, 0, "", new, EditKind.IMPORT, reason, sort, 0.0, trigger)
        return
    head = re.match(r"from\s+\S+\s+import\s", statement)
    if head is not None and (beside := _beside_others(text, statements, head[0], name)) is not None:
        yield NextEdit(change.path, *beside, EditKind.IMPORT, reason, sort, 0.0, trigger)
        return
    for node in statements:
        whole = text.text_of(node)
        if (within := in_braces(whole, statement, name)) is not None:
            above = whole[: within[0]]
            line, column = text.place_of(node)
            column = len(above.rpartition("\n")[2]) + (0 if "\n" in above else column)
            at = line + above.count("\n"), column
            yield NextEdit(change.path, *at, "", within[1], EditKind.IMPORT, reason, sort, 0.0, trigger)
            return
    module = re.sub(r"^(from|import)\s+", "", statement).partition(" ")[0].split(".")[0]
    kin = [node for node in statements if re.match(rf"(from|import)\s+{re.escape(module)}\b", text.text_of(node))]
    is_python = change.path.endswith((".py", ".pyi"))
    if not kin and is_python:  # those of one form stand together
        form = statement.partition(" ")[0] + " "
        kin = [
            node
            for node in statements
            if text.text_of(node).startswith(form) and "__future__" not in text.text_of(node)
        ]
    is_from = is_python and statement.startswith("from ")
    if not kin and is_from:  # they stand behind plain ones
        behind = statements
    else:
        behind = [node for node in kin or statements if not is_python or text.text_of(node) < statement]
    place = behind[-1].end_point.row + 1 if behind else (kin or statements)[0].start_point.row
    sort = sort.plus("line")
    yield NextEdit(change.path, place, 0, "", statement + "\n", EditKind.IMPORT, reason, sort, 0.0, trigger)


def _beside_others(text: Parsed, statements: Sequence[Node], head: str, name: str) -> tuple[int, int, str, str] | None:
    """Python: where a name goes into the statement with that head, and its text; None where it has its own line."""
    froms = [words for node in statements if (words := text.text_of(node)).startswith("from")]
    if len(froms) >= ONE_EACH and not any("," in words or "(" in words for words in froms):
        return None
    for node in statements:
        whole = text.text_of(node)
        if whole.startswith(head) and not re.search(r"[\n*(]", whole):
            names = [part.strip() for part in whole[len(head) :].split(",")]
            line, column = text.place_of(node)
            after = next((at for at, other in enumerate(names) if other.lower() > name.lower()), len(names))
            if after == len(names):
                return line, column + len(whole), "", f", {name}"
            return line, column + len(head) + sum(len(other) + 2 for other in names[:after]), "", f"{name}, "
    return None


def _place_in_block(text: Parsed, specs: Sequence[Node], statement: str) -> int:
    """Go: the line at which a package goes into the block of imports, among those of its sort; -1 where none is."""
    blocked = [node for node in specs if node.parent is not None and node.parent.type == "import_spec_list"]

    def path_of(spec: str) -> str:
        return spec.rpartition(" ")[2].strip('"')

    def is_foreign(spec: str) -> bool:
        return "." in path_of(spec).partition("/")[0]

    kin = [node for node in blocked if is_foreign(text.text_of(node)) == is_foreign(statement)]
    behind = [node for node in kin if path_of(text.text_of(node)) < path_of(statement)]
    if behind:
        return behind[-1].end_point.row + 1
    return (kin or blocked)[0].start_point.row if blocked else -1
