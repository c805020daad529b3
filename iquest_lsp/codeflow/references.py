"""Where names are used: callers in code, confirmed by tree-sitter, and mentions in tests, docs, CI, configuration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.codeflow.paths import Category, category
from iquest_lsp.codeflow.repository import Repository
from iquest_lsp.codeflow.symbols import MAX_SOURCE, at_line, symbols_of

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

MAX_PARSED = 80
MAX_FOUND = 400
# A name as common as this is no evidence, and reading on would take long.
MAX_LINES = 4000

_KINDS = {
    Category.TEST: "test", Category.DOCS: "docs", Category.CI: "ci", Category.SOURCE: "caller",
    Category.BUILD: "config", Category.CONFIG: "config",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reference:
    """One use of `name`: `kind` is caller, test, docs, ci or config; `line` is 0-based; `within` the definition."""

    path: str
    line: int
    kind: str
    name: str
    text: str
    within: str = ""
    call: bool = False

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
        named.setdefault(use.path, set()).add(use.name)
    kept = []
    for use in uses:
        if use.name not in origins:
            continue
        path, *leads = origins[use.name]
        if use.kind in ("docs", "ci", "config"):
            if use.named:
                kept.append(use)
        elif use.path == path or named[use.path] & set(leads):
            # A function called on some object is another function, unless the object is its module.
            on = _receiver(use)
            if len(leads) > 1 or not on or on in (*leads, "self", "cls"):
                kept.append(use)
    return kept


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
    for path, line, text in islice(repository.grep(wanted, revision), MAX_LINES):
        kind = _KINDS.get(category(path))
        if kind is not None and len(text) < 2000:
            hits.setdefault(path, []).append((line, text))
    found: list[Reference] = []
    bound: set[tuple[str, str, str]] = set()
    parsed = 0
    for path in sorted(hits, key=lambda item: (category(item) is not Category.SOURCE, len(hits[item]), item)):
        confirm: _Confirmation | None = None
        if grammars.language_of(path) and parsed < MAX_PARSED:
            parsed += 1
            source = read(path)
            confirm = _Confirmation(path, source) if source is not None and len(source) <= MAX_SOURCE else None
        for line, text in hits[path]:
            kind = _KINDS[category(path)]
            if confirm is None:
                named = dict.fromkeys(match[0] for match in pattern.finditer(text))
                found += [Reference(path, line, kind, name, text.strip()[:200], call=f"{name}(" in text)
                          for name in named]
                continue
            for match in pattern.finditer(text):
                use = confirm.use(line, len(text[: match.start()].encode("utf-8")))
                if use == "bind":
                    bound.add((path, confirm.within(line), match[0]))
                elif use:
                    found.append(Reference(path, line, kind, match[0], text.strip()[:200], confirm.within(line),
                                           call=use == "call"))
                    break
        if len(found) >= MAX_FOUND:
            break
    # A local variable or parameter of the same name is another thing.
    return [use for use in found if use.call or not use.within or (use.path, use.within, use.name) not in bound]


class _Confirmation:
    """Says of a place in one file whether the identifier there is used."""

    def __init__(self, path: str, source: bytes) -> None:
        self.symbols = symbols_of(path, source)
        parser = grammars.parser(grammars.language_of(path))
        self.tree: Tree | None = parser.parse(source) if parser is not None else None

    def use(self, line: int, column: int) -> str:
        """`call`, `use`, `bind` for a variable of that name, or nothing for definitions, comments and strings."""
        if self.tree is None:
            return "use"
        node = self.tree.root_node.descendant_for_point_range((line, column), (line, column + 1))
        if node is None or "identifier" not in node.type:
            return ""
        parent = node.parent
        if parent is None:
            return "use"
        if parent.type not in _BINDING and parent.child_by_field_name("name") == node and (
            "definition" in parent.type or "declaration" in parent.type or parent.type in _DEFINING
        ):
            return ""
        if parent.type == "keyword_argument" and parent.child_by_field_name("name") == node:
            return ""
        if parent.type in ("parameters", "lambda_parameters"):
            return "bind"
        if parent.type in _BINDING and node in (parent.child_by_field_name("left"), parent.child_by_field_name("name"),
                                                parent.child_by_field_name("pattern"), _first(parent)):
            return "bind"
        outer = parent
        if node in (parent.child_by_field_name(name) for name in ("object", "value", "operand", "argument", "path")):
            # `name.other()` calls something else.
            return "use"
        if parent.type in _MEMBERS and outer.parent is not None:
            outer = outer.parent
        return "call" if outer.type in _CALLS else "use"

    def within(self, line: int) -> str:
        """The definition around a line."""
        symbol = at_line(self.symbols, line)
        return symbol.name if symbol is not None else ""


def _first(parent: Node) -> Node | None:
    """The name in a node that has no field for it."""
    if parent.type in ("typed_parameter", "as_pattern_target"):
        return parent.named_children[0] if parent.named_child_count else None
    return None


_DEFINING = frozenset({"function_item", "struct_item", "enum_item", "trait_item", "type_spec", "function_declarator",
                       "class_specifier", "struct_specifier", "macro_definition"})  # fmt: skip
_BINDING = frozenset({"assignment", "typed_parameter", "default_parameter", "typed_default_parameter",
                      "for_statement", "for_in_clause", "variable_declarator", "required_parameter", "formal_parameter",
                      "let_declaration", "short_var_declaration", "parameter_declaration", "named_expression",
                      "as_pattern_target"})  # fmt: skip
_MEMBERS = frozenset({"attribute", "member_expression", "field_expression", "selector_expression", "field_access",
                      "scoped_identifier", "qualified_identifier"})  # fmt: skip
_CALLS = frozenset({"call", "call_expression", "method_invocation", "object_creation_expression", "new_expression",
                    "macro_invocation", "decorator"})  # fmt: skip
