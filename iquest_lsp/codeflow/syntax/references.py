"""Where names are used: callers in code, confirmed by tree-sitter, and mentions in tests, docs, CI, configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.codeflow.gaps import GapKind
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.syntax.symbols import MAX_SOURCE, at_line, symbols_of

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

MAX_PARSED = 80
MAX_FOUND = 400
# A name as common as this is no evidence, and reading on would take long.
MAX_LINES = 4000

_KINDS = {
    Category.TEST: "test",
    Category.DOCS: "docs",
    Category.CI: "ci",
    Category.SOURCE: "caller",
    Category.BUILD: "config",
    Category.CONFIG: "config",
}


@dataclass(frozen=True, slots=True)
class Reference:
    """One use of `name`: `kind` is caller, test, docs, ci or config; `line` is 0-based; `within` the definition.

    `own` says that its file defines that name itself; `last` is the last line of a call.
    """

    path: str
    line: int
    kind: str
    name: str
    text: str
    within: str = ""
    call: bool = False
    own: bool = False
    last: int = -1

    @property
    def named(self) -> bool:
        """True when the text plainly means code: the name is no plain word, or stands in quotes or before a bracket."""
        plain = self.name.islower() and self.name.isalpha()
        return not plain or bool(re.search(rf"`{re.escape(self.name)}[`(]|\b{re.escape(self.name)}\(", self.text))


def module_name(path: str) -> str:
    """What other files call a file by when they import it."""
    file = PurePosixPath(path)
    general = file.stem in ("__init__", "index", "mod", "main", "lib") and file.parent.name
    return file.parent.name if general else file.stem


def linked(uses: Sequence[Reference], origins: Mapping[str, Sequence[str]]) -> list[Reference]:
    """The uses that can mean the definition: in its file, or where that file or an outer definition is named.

    `origins` has for each name the path of its definition and the names, module or outer definition, that lead to it.
    In documentation, CI and configuration the name must plainly be one of code.
    """
    named: dict[str, set[str]] = {}
    for use in uses:
        # A module may be called like a definition in it, and then only its import leads there.
        path, *leads = origins.get(use.name, ("",))
        if use.name not in leads or _imports_module(use, path):
            named.setdefault(use.path, set()).add(use.name)
    kept = []
    for use in uses:
        if use.name not in origins:
            continue
        path, *leads = origins[use.name]
        if use.kind in ("docs", "ci", "config"):
            if use.named:
                kept.append(use)
        elif (
            _akin(use.path, path)
            and (use.path == path or named.get(use.path, set()) & set(leads))
            and _can_be(use, leads, inside=use.path == path)
        ):
            # A function called on some object is another function, unless the object is its module.
            kept.append(use)
    return kept


def _can_be(use: Reference, leads: Sequence[str], *, inside: bool) -> bool:
    """Whether a use, `inside` the file of the definition that `leads` lead to or outside, can be of it."""
    on = _receiver(use)
    if len(leads) > 1:
        # What an object calls hidden is its own.
        return inside or not (use.name.startswith("_") and on in ("self", "cls", "this"))
    return on in leads if on else inside or not use.own


def _imports_module(use: Reference, path: str) -> bool:
    """Whether the text imports the module at `path`, whose name it uses, rather than another thing of that name."""
    name, folder = re.escape(use.name), re.escape(PurePosixPath(path).parent.name)
    inside = rf"|\b{folder}\s+import\b.*\b{name}\b" if folder else rf"|^\s*import\s+{name}\b"
    return bool(re.search(rf"\b{name}\s+import\b|[./]{name}\b{inside}", use.text)) and imports(use.text)


def _akin(one: str, other: str) -> bool:
    """Whether code of one file can use code of the other, by their languages."""
    left, right = (_FAMILIES.get(suffix, suffix) for suffix in (PurePosixPath(path).suffix for path in (one, other)))
    return left == right


def imports(text: str) -> bool:
    """True for lines that import something."""
    return bool(re.search(r"\b(import|from|use|require|include|mod|package)\b|#include", text))


# Suffixes of languages that use each other's definitions.
_FAMILIES = {
    suffix: family[0]
    for family in (
        (".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".inl", ".cu", ".cuh", ".m", ".mm", ".cppm", ".ipp"),
        (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts", ".vue", ".svelte", ".html", ".astro"),
        (".java", ".kt", ".kts", ".scala", ".groovy", ".clj", ".gradle"),
        (".py", ".pyi", ".pyw", ".pyx", ".pxd", ".ipynb"),
    )
    for suffix in family
}


def _receiver(use: Reference) -> str:
    found = re.search(rf"(\w+)[\])]*\s*(?:\.|::|->)\s*{re.escape(use.name)}\b", use.text)
    return found[1] if found else ""


def references(
    repository: Repository, names: Sequence[str], read: Callable[[str], bytes | None], revision: str | None = None
) -> list[Reference]:
    """Uses of the (unqualified) names in tracked files, definitions and comments in code left out.

    `read` gives a file's bytes in the state that is searched.
    """
    wanted = [name for name in dict.fromkeys(names) if len(name) > 1]
    if not wanted:
        return []
    longest_first = sorted(wanted, key=len, reverse=True)
    pattern = re.compile("|".join(rf"(?<![\w$]){re.escape(name)}(?![\w$])" for name in longest_first))
    hits: dict[str, list[tuple[int, str]]] = {}
    lines = list(islice(repository.grep(wanted, revision), MAX_LINES + 1))
    if len(lines) > MAX_LINES:
        repository.gaps.add(GapKind.USES, MAX_LINES)
    for path, line, text in lines[:MAX_LINES]:
        kind = _KINDS.get(category(path))
        if kind is not None and len(text) < 2000:
            hits.setdefault(path, []).append((line, text))
    found: list[Reference] = []
    bound: set[tuple[str, str, str]] = set()
    parsed = unparsed = 0
    for path in sorted(hits, key=lambda item: (category(item) is not Category.SOURCE, len(hits[item]), item)):
        confirm: _Confirmation | None = None
        code = bool(grammars.language_of(path))
        if code and parsed < MAX_PARSED:
            parsed += 1
            source = read(path)
            confirm = _Confirmation(path, source) if source is not None and len(source) <= MAX_SOURCE else None
        unparsed += code and confirm is None
        for line, text in hits[path]:
            kind = _KINDS[category(path)]
            if confirm is None:
                named = dict.fromkeys(match[0] for match in pattern.finditer(text))
                # A name in code that is not parsed may be anything; what looks like a call is the best guess.
                found += [
                    Reference(path, line, kind, name, text.strip()[:200], call=f"{name}(" in text)
                    for name in named
                    if not code or imports(text) or _looks_called(name, text)
                ]
                continue
            for match in pattern.finditer(text):
                use, last = confirm.use(line, len(text[: match.start()].encode("utf-8")))
                if use == "bind":
                    bound.add((path, confirm.within(line), match[0]))
                elif use:
                    found.append(
                        Reference(
                            path,
                            line,
                            kind,
                            match[0],
                            text.strip()[:200],
                            confirm.within(line),
                            use == "call",
                            match[0] in confirm.defined,
                            last,
                        )
                    )
                    break
        if len(found) >= MAX_FOUND:
            repository.gaps.add(GapKind.USES, len(found))
            break
    if unparsed:
        repository.gaps.add(GapKind.UNPARSED, unparsed)
    # A local variable or parameter of the same name is another thing.
    return [use for use in found if use.call or not use.within or (use.path, use.within, use.name) not in bound]


def _looks_called(name: str, text: str) -> bool:
    return f"{name}(" in text and not re.search(rf"\b(def|class|func|fn|function)\s+{re.escape(name)}\(", text)


class _Confirmation:
    """Says of a place in one file whether the identifier there is used."""

    def __init__(self, path: str, source: bytes) -> None:
        self.symbols = symbols_of(path, source)
        self.defined = frozenset(item.short for item in self.symbols)
        parser = grammars.parser(grammars.language_of(path))
        self.tree: Tree | None = parser.parse(source) if parser is not None else None

    def use(self, line: int, column: int) -> tuple[str, int]:
        """`call`, `use`, `bind` for a variable of that name, or nothing for definitions, comments and strings.

        With it the last line of a call, else the line.
        """
        if self.tree is None:
            return "use", line
        node = self.tree.root_node.descendant_for_point_range((line, column), (line, column + 1))
        if node is None or "identifier" not in node.type:
            return "", line
        parent = node.parent
        if parent is None:
            return "use", line
        if (
            parent.type not in _BINDING
            and parent.child_by_field_name("name") == node
            and ("definition" in parent.type or "declaration" in parent.type or parent.type in _DEFINING)
        ):
            return "", line
        if parent.type == "keyword_argument" and parent.child_by_field_name("name") == node:
            return "", line
        if parent.type in ("parameters", "lambda_parameters"):
            return "bind", line
        if parent.type in _BINDING and node in (
            parent.child_by_field_name("left"),
            parent.child_by_field_name("name"),
            parent.child_by_field_name("pattern"),
            _first(parent),
        ):
            return "bind", line
        outer = parent
        if node in (parent.child_by_field_name(name) for name in ("object", "value", "operand", "argument", "path")):
            # `name.other()` calls something else.
            return "use", line
        if parent.type in _MEMBERS and outer.parent is not None:
            outer = outer.parent
        return ("call", outer.end_point.row) if outer.type in _CALLS else ("use", line)

    def within(self, line: int) -> str:
        """The definition around a line."""
        symbol = at_line(self.symbols, line)
        return symbol.name if symbol is not None else ""


def _first(parent: Node) -> Node | None:
    """The name in a node that has no field for it."""
    if parent.type in ("typed_parameter", "as_pattern_target"):
        return parent.named_children[0] if parent.named_child_count else None
    return None


_DEFINING = frozenset(
    {
        "function_item",
        "struct_item",
        "enum_item",
        "trait_item",
        "type_spec",
        "function_declarator",
        "class_specifier",
        "struct_specifier",
        "macro_definition",
    }
)
_BINDING = frozenset(
    {
        "assignment",
        "typed_parameter",
        "default_parameter",
        "typed_default_parameter",
        "for_statement",
        "for_in_clause",
        "variable_declarator",
        "required_parameter",
        "formal_parameter",
        "let_declaration",
        "short_var_declaration",
        "parameter_declaration",
        "named_expression",
        "as_pattern_target",
    }
)
_MEMBERS = frozenset(
    {
        "attribute",
        "member_expression",
        "field_expression",
        "selector_expression",
        "field_access",
        "scoped_identifier",
        "qualified_identifier",
    }
)
_CALLS = frozenset(
    {
        "call",
        "call_expression",
        "method_invocation",
        "object_creation_expression",
        "new_expression",
        "macro_invocation",
        "decorator",
    }
)
