"""What a module's syntax holds beside its definitions: imports, statements, members, tests with titles, comments."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.comments import uncommented
from iquest_lsp.codeflow.syntax.definitions import BRINGS, PartKind
from iquest_lsp.codeflow.syntax.outline.c_marks import is_guard
from iquest_lsp.codeflow.syntax.outline.region import Region, shortened

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tree_sitter import Node

MAX_SOURCE = 1024 * 1024
JOINT = " > "

_IMPORTS = frozenset(
    {
        "import_statement",
        "import_from_statement",
        "future_import_statement",
        "use_declaration",
        "extern_crate_declaration",
        "preproc_include",
        "import_declaration",
        "using_declaration",
        "package_declaration",
        "package_clause",
    }
)
#: Statements whose parts are looked at one by one.
_HOLDERS = frozenset(
    {
        "preproc_if",
        "preproc_ifdef",
        "preproc_else",
        "preproc_elif",
        "preproc_elifdef",
        "linkage_specification",
        "declaration_list",
        "namespace_definition",
        "block",
        "if_statement",
        "try_statement",
        "else_clause",
        "elif_clause",
        "except_clause",
        "finally_clause",
        "with_statement",
        "for_statement",
        "statement_block",
        "export_statement",
        "expression_statement",
        "program",
        "module",
        "source_file",
        "translation_unit",
        "mod_item",
        "impl_item",
        "const_declaration",
        "var_declaration",
        "var_spec_list",
        "lexical_declaration",
        "variable_declaration",
        "ERROR",
    }
)
_DECLARED = frozenset(
    {
        "variable_declarator",
        "const_spec",
        "var_spec",
        "const_item",
        "static_item",
        "assignment",
        "assignment_expression",
        "augmented_assignment",
        "augmented_assignment_expression",
        "preproc_def",
        "declaration",
        "field_declaration",
        "type_alias_statement",
        "ambient_declaration",
    }
)
_SUITES = re.compile(r"(?:describe|context|suite)(?:\.\w+)*(?:\(.*\))?$|(?:test|it)\.describe(?:\.\w+)*$")
_TESTS = re.compile(r"(?:it|test|specify|bench|fit|xit|xtest)(?:\.(?!describe)\w+)*(?:\(.*\)|`.*`)?$", re.DOTALL)
_AT_ONCE = re.compile(r"[(!\s]*(?:async\s+)?(?:function\b|\([^()]*\)\s*=>)")
#: The fields of what a member is taken of.
_HOLDERS_OF_MEMBERS = ("object", "value", "operand", "argument")
_CALLS = frozenset({"call", "call_expression", "macro_invocation", "new_expression", "await_expression"})
_DEFINED_IN_MACRO = re.compile(
    r"(\s*)(?:pub(?:\([^)]*\))?\s+)?(?:(?:async|const|unsafe|extern\s+\"\w+\")\s+)*"
    r"(fn|struct|enum|trait|impl|mod|use|type|const|static(?:\s+ref|\s+mut)?(?=\s)|macro_rules!)\s*(?:<[^>]*>)?\s*([\w:]+)"
)


@lru_cache(maxsize=64)
def statements(language: str, source: bytes, name: str) -> tuple[Region, ...]:
    """The named parts of a source file's top, and of its class bodies; `name` is the module's."""
    tree = grammars.tree(language, source) if len(source) <= MAX_SOURCE else None
    if tree is None:
        return ()
    walker = _Walker(source, name)
    walker.visit(tree.root_node, "", 0)
    return tuple(walker.found)


class _Walker:
    def __init__(self, source: bytes, name: str) -> None:
        self.source, self.name = source, name
        self.found: list[Region] = []

    def visit(self, node: Node, scope: str, depth: int) -> None:
        """Collects the regions of the statements below `node`."""
        if depth > 40:
            return
        for child in node.named_children:
            self._statement(child, scope, depth)

    def _statement(self, node: Node, scope: str, depth: int) -> None:
        kind = node.type
        if kind in _IMPORTS:
            self._add(self.name, "imports", node)
        elif kind == "export_statement" and node.child_by_field_name("source") is not None:
            self._add(self.name, "exports", node)
        elif kind == "preproc_call" or ("comment" in kind and _DIRECTIVE.match(self._text(node))):
            self._add(self._words(node), "directive", node)
        elif kind == "hash_bang_line" or (not node.start_byte and self._text(node).startswith("#!")):
            self._add("#!", "directive", node)
        elif "comment" in kind:
            self._add(self._words(node), "comment", node)
        elif kind in ("attribute_item", "inner_attribute_item", "decorator"):
            self._add(self._words(node), "attribute", node)
        elif kind == "export_statement" and node.child_by_field_name("declaration") is None:
            # `export default <expression>` is what the module is.
            self._add(self.name, "exports" if node.child_by_field_name("value") is None else "module", node)
        elif is_guard(node):
            return
        elif kind in _DECLARED:
            self._declared(node, scope, depth)
        elif kind in _CALLS:
            self._call(node, scope, depth)
        elif kind == "string" and node.parent is not None and node.parent.type in ("expression_statement", "module"):
            self._add(self.name, "documentation", node)
        elif kind in ("if_statement", "try_statement", "with_statement", "for_statement", "while_statement"):
            self._add(uncommented(self._words(node)).rstrip(" {:"), "statement", node)
            self.visit(node, scope, depth + 1)
        elif kind.startswith("preproc_if") or kind in ("preproc_else", "preproc_elif"):
            if not any(map(is_guard, node.named_children)):  # all of a header is in that one
                self._add(self._words(node), "condition", node)
            self.visit(node, scope, depth + 1)
        elif kind in ("enum_specifier", "struct_specifier", "class_specifier"):
            self._add(self._words(node), "type", node)
        elif kind in _HOLDERS:
            self.visit(node, scope, depth + 1)
        elif kind.endswith(("_statement", "_expression")):
            self._add(uncommented(self._words(node)).rstrip(" {:"), "statement", node)

    def _declared(self, node: Node, scope: str, depth: int) -> None:
        declares = next((item for item in _below(node) if item.type == "variable_declarator"), node)
        node = declares if node.type == "ambient_declaration" else node
        target = node.child_by_field_name("left") or node.child_by_field_name("name")
        while target is None or "declarator" in target.type:
            inner = (target or node).child_by_field_name("declarator")
            if inner is None:
                break
            target = inner
        kind: PartKind = "variable"
        if node.type == "declaration" and any("function_declarator" in part.type for part in _down(node)):
            kind = "declaration"
        elif node.type == "preproc_def":
            kind = "constant"
        elif node.type.endswith("assignment_expression") or node.type == "assignment":
            kind = "assignment"
        name = self._text(target) if target is not None else self._words(node)
        value = node.child_by_field_name("right") or node.child_by_field_name("value")
        self._add(name, kind, _whole(node), self._text(value) if value is not None else "")
        if value is not None and value.type in _CALLS and not BRINGS.match(self._text(value)):
            self._call(value, scope, depth)

    def _call(self, node: Node, scope: str, depth: int) -> None:
        """A call by its function; a test or a suite by its title, under the suites around it."""
        if node.type == "await_expression":
            self.visit(node, scope, depth + 1)
            return
        function = node.child_by_field_name("function") or node.child_by_field_name("macro")
        function = function or node.child_by_field_name("constructor")
        called = self._text(function) if function is not None else self._words(node)
        if _AT_ONCE.match(called):
            self._add(self.name, "module", _whole(node))  # what is called at once is what the module is
            return
        arguments = node.child_by_field_name("arguments")
        suite, test = _SUITES.match(called), _TESTS.match(called)
        title = self._title(arguments) if (suite or test) and arguments is not None else ""
        if title and arguments is not None:
            full = f"{scope}{JOINT}{title}" if scope else title
            self._add(full, "suite" if suite else "test", _whole(node))
            # What a test does is told with the test.
            if suite:
                self._into(arguments, full, depth)
            return
        bang = "!" if node.type == "macro_invocation" else ""
        first = _first_call(node)
        # A chain of calls is told by the first one, which all others are made on.
        called = called if first == node else self._text(first)
        self._add(f"{called}{bang}", "macro call" if bang else "call", _whole(node))
        if bang:
            self._macro(node)
        elif arguments is not None:
            self._into(arguments, scope, depth)

    def _into(self, arguments: Node, scope: str, depth: int) -> None:
        """The statements of the functions that a call is given, and the calls of a list that it is given."""
        for argument in arguments.named_children:
            body = argument.child_by_field_name("body")
            if body is not None and body.type == "statement_block":
                self.visit(body, scope, depth + 2)
            elif argument.type == "array":
                self.visit(argument, scope, depth + 2)

    def _macro(self, node: Node) -> None:
        """The definitions that a macro is given, found by their first words: no grammar reads its tokens as items."""
        first = node.start_point.row
        lines = self._text(node).split("\n")
        open_: list[tuple[int, PartKind, str, int]] = []
        for at, line in enumerate(lines):
            indent = len(line) - len(line.lstrip())
            closes = line.strip().startswith(("}", ")", "where"))
            while open_ and line.strip() and indent + closes <= open_[-1][0]:
                _, kind, name, start = open_.pop()
                self.found.append(Region(name, kind, first + start, first + at))
            if at and (found := _DEFINED_IN_MACRO.match(line)):
                kind = _RUST_KINDS[found[2].split()[0]]
                name = self.name if kind == "imports" else found[3].rstrip(":")
                open_.append((indent, kind, name, at))
        for _, kind, name, start in open_:
            self.found.append(Region(name, kind, first + start, first + len(lines)))

    def _title(self, arguments: Node) -> str:
        first = next((item for item in arguments.named_children if "comment" not in item.type), None)
        if first is None or first.type not in ("string", "template_string", "identifier", "binary_expression"):
            return ""
        text = self._text(first)
        text = text[1:-1] if first.type.endswith("string") else text.strip("\"'`")
        return text if text and "\n" not in text and len(text) <= 200 else ""

    def _add(self, name: str, kind: PartKind, node: Node, value: str = "") -> None:
        name = " ".join(name.split())
        if not name:
            return  # a brace alone says nothing of what it holds
        short = name if kind in ("test", "suite") else shortened(name)
        end = node.end_point.row + (node.end_point.column > 0)
        start = node.start_point.row
        last = self.found[-1] if self.found else None
        # One region for imports that follow each other, and for the lines of a comment.
        follows = last is not None and last.kind == kind and last.end >= start - (kind != "comment")
        if last is not None and follows and kind in ("imports", "exports", "comment"):
            self.found[-1] = Region(last.name, kind, last.start, max(end, start + 1))
            return
        self.found.append(Region(short, kind, start, max(end, start + 1), value if "\n" not in value else ""))

    def _words(self, node: Node) -> str:
        """The first line of a node."""
        text = self._text(node).strip()
        line = next((part for part in (item.strip(" \t/*#!-\"'") for item in text.split("\n")) if part), self.name)
        return line.rstrip(" {:")

    def _text(self, node: Node) -> str:
        return self.source[node.start_byte : min(node.end_byte, node.start_byte + 100_000)].decode("utf-8", "replace")


_RUST_KINDS: dict[str, PartKind] = {
    "fn": "function",
    "mod": "module",
    "use": "imports",
    "const": "constant",
    "static": "variable",
    "macro_rules!": "macro",
    "struct": "struct",
    "enum": "enum",
    "trait": "trait",
    "impl": "impl",
    "type": "type",
}


def _first_call(node: Node) -> Node:
    """The call that a chain of calls begins with: `a.b()` of `a.b().c().d()`."""
    while True:
        function = node.child_by_field_name("function")
        holders = [function.child_by_field_name(field) for field in _HOLDERS_OF_MEMBERS] if function is not None else []
        inner = next((holder for holder in holders if holder is not None and holder.type in _CALLS), None)
        if inner is None or inner.type == "await_expression":
            return node
        node = inner


def _whole(node: Node) -> Node:
    """The statement that a call or an assignment is all of."""
    parent = node.parent
    while parent is not None and (
        parent.type in ("expression_statement", "export_statement", "await_expression")
        or (parent.type in _GROUPS and parent.named_child_count == 1)
    ):
        node, parent = parent, parent.parent
    return node


#: Comments of Go that tell its tools what to do.
_DIRECTIVE = re.compile(r"//(?:go:|\s*\+build\b)")
_GROUPS = frozenset({"lexical_declaration", "variable_declaration", "const_declaration", "var_declaration"})


def _below(node: Node) -> Iterator[Node]:
    """The children of a node, and theirs."""
    for child in node.named_children:
        yield child
        yield from child.named_children


def _down(node: Node) -> Iterator[Node]:
    """The declarators of a declaration, from outside."""
    inner = node.child_by_field_name("declarator")
    while inner is not None:
        yield inner
        inner = inner.child_by_field_name("declarator")
