"""The definitions in a source file, found by tree-sitter.

Names are qualified with dots (`Class.method`) in every language. Lines are 0-based, `end` is exclusive; a definition
begins with its decorators or attributes and the comment lines right above it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.definitions import (
    BRINGS,
    DEFINITIONS,
    HOLDERS,
    NAME_TYPES,
    NESTING,
    NESTING_NODES,
    NO_NAMES,
    VALUE_FUNCTIONS,
    PartKind,
)
from iquest_lsp.codeflow.syntax.outline.c_heads import declared_name, heads
from iquest_lsp.codeflow.syntax.outline.c_marks import is_guard, tree_of
from iquest_lsp.codeflow.syntax.outline.inner import aliases, given_items, members
from iquest_lsp.codeflow.syntax.outline.symbol import Symbol as Symbol
from iquest_lsp.codeflow.syntax.outline.symbol import at_line as at_line
from iquest_lsp.codeflow.syntax.paths import is_test

if TYPE_CHECKING:
    from tree_sitter import Node

#: A longer signature is kept in part.
MAX_SIGNATURE = 300
#: So many bytes of a head are read, comments among them.
MAX_HEAD = 20_000
MAX_SOURCE = 1024 * 1024
MAX_SYMBOLS = 20_000
MAX_DEPTH = 120


_COMMENT = re.compile(r"comment|attribute_item|inner_attribute")
_HEAD_COMMENT = re.compile(r"(?:(?<=[\s,(\[])#\s|(?<=[\s,(\[)])//)[^\n]*\n")
#: What leads from a head to its body; the `>` of a type parameter belongs to the head.
_HEAD_END = re.compile(r"(?:[\s{:=]|=>)+$")
_BLOCK_COMMENT = re.compile(r"(?<![\w\"'*])/\*.*?\*/", re.DOTALL)
#: A line of the preprocessor in a head; a macro's own head is its first line.
_DIRECTIVE = re.compile(r"(?<=\n)[ \t]*#.*")
_MACRO = re.compile(r"#\s*define\s+\w+\([^)]*\)|(?:pub\s+)?macro_rules!\s*\w+|(?:pub\s+)?macro\s+\w+")
#: What a caller in Java does not see of a parameter.
_FINAL = re.compile(r"(?<=[(,])(\s*)final\s+")
_OPENING, _CLOSING = re.compile(r"([(\[]) "), re.compile(r",? ?([)\]])")
#: What marks a function as a test in Rust, and how classes of tests are called.
_TEST_MARK = re.compile(r"#\[\s*(?:\w+\s*::\s*)*(?:test|rstest|test_case|wasm_bindgen_test)\b")
_JUNIT_MARK = re.compile(r"@(?:Test|ParameterizedTest|RepeatedTest|TestFactory)\b")
#: The macros of GoogleTest.
_TEST_MACROS = frozenset({"TEST", "TEST_F", "TEST_P", "TYPED_TEST", "TYPED_TEST_P"})
_TEST_MACRO = re.compile(r"\w+\(\s*(\w+)\s*,\s*(\w+)\s*\)")
_TEST_CLASS = re.compile(r"^Tests?(?=[A-Z_]|$)|(?:Tests?|TestCase|Spec)$")
_CONSTANT = re.compile(r"^[A-Z][A-Z0-9_]{2,}$")
#: Names without code of their own.
_NO_CODE = frozenset({"variable", "alias"})
_GO_KINDS: dict[str, PartKind] = {"struct_type": "struct", "interface_type": "interface"}
_SCRIPTS = frozenset({"javascript", "typescript", "tsx"})
_CLASS_LIKE = frozenset({"class", "interface", "struct", "enum", "trait", "impl"})


def symbols_of(path: str, source: bytes, *, variables: bool = False, inside: bool = False) -> tuple[Symbol, ...]:
    """The file's definitions in order of appearance; empty when no grammar reads it or it is too large.

    With `variables` the other names that a module gives a value or exports are among them, with `inside` also what is
    defined inside functions.
    """
    language = grammars.language_of(path)
    if not language or len(source) > MAX_SOURCE:
        return ()
    found = _symbols(language, source, is_test(path), inside)[0]
    return found if variables else tuple(item for item in found if item.kind not in _NO_CODE)


def parses(path: str, source: bytes) -> bool:
    """False when the file's grammar finds errors in it."""
    language = grammars.language_of(path)
    if not language or len(source) > MAX_SOURCE:
        return True
    return _symbols(language, source, is_test(path), False)[1]


# A text is asked about again as the one before the next commit, and for its soundness.
@lru_cache(maxsize=64)
def _symbols(language: str, source: bytes, test_file: bool, inside: bool) -> tuple[tuple[Symbol, ...], bool]:
    tree = tree_of(language, source)
    if tree is None:
        return (), True
    walker = _Walker(language, source, test_file, inside)
    root = tree.root_node
    walker.visit(root, "", None)
    if language in ("c", "cpp") and root.has_error:
        walker.add_lost(root)
    return tuple(walker.found), not root.has_error


class _Walker:
    def __init__(self, language: str, source: bytes, test_file: bool, inside: bool) -> None:
        self.definitions = DEFINITIONS[language]
        self.language = language
        self.source = source
        self.test_file, self.inside = test_file, inside
        self.found: list[Symbol] = []

    def visit(self, node: Node, scope: str, scope_kind: PartKind | None, depth: int = 0) -> None:
        """Collects the definitions below `node`; bodies of functions are searched only for those `inside`."""
        if depth > (MAX_DEPTH if self.inside else MAX_DEPTH // 2):
            return
        for child in node.children:
            if len(self.found) >= MAX_SYMBOLS:
                return
            kind = self.definitions.get(child.type)
            if kind and (child.is_named or child.type != "class"):
                self._definition(child, kind, scope, scope_kind, depth)
            elif child.type == "variable_declarator":
                self._variable(child, scope, scope_kind, depth)
            elif child.type in (
                "assignment",
                "const_spec",
                "const_item",
                "static_item",
                "public_field_definition",
                "field_definition",
            ):
                self._constant(child, scope, scope_kind)
            elif child.type == "assignment_expression":
                if not self._assigned(child, scope, depth) and self.inside:
                    self.visit(child, scope, scope_kind, depth + 1)
            elif child.type == "ERROR" and self.language in ("c", "cpp"):
                # What the preprocessor defines stands for itself, whatever stands around it.
                for part in child.children:
                    if part.type in ("preproc_def", "preproc_function_def"):
                        self._definition(part, self.definitions[part.type], scope, scope_kind, depth)
            elif child.type == "macro_invocation" and self.language == "rust":
                self._given(child, scope, scope_kind, depth)
            elif child.type == "export_statement" and self._members(child.child_by_field_name("value"), ""):
                pass  # `export default {...}` holds no other definitions
            elif child.type == "export_clause":
                for part, name in aliases(child):
                    self._add(part, name, "alias", None)
            elif child.type in HOLDERS or self.inside:
                self.visit(child, scope, scope_kind, depth + 1)

    def _given(self, macro: Node, scope: str, scope_kind: PartKind | None, depth: int) -> None:
        """Collects the definitions that a macro of Rust is given to make what it wants of them."""
        place = given_items(macro)
        tree = grammars.part(self.language, self.source, place) if place is not None else None
        if tree is not None and not tree.root_node.has_error:
            self.visit(tree.root_node, scope, scope_kind, depth + 1)

    def add_lost(self, root: Node) -> None:
        """Adds the functions of C in what no grammar reads, by their heads."""
        parts = [root] if root.type == "ERROR" else [child for child in root.children if child.type == "ERROR"]
        lines = self.source.decode("utf-8", "replace").split("\n") if parts else []
        known = {row for item in self.found for row in range(item.start, item.end)}
        for part in parts:
            for item in heads(lines, part.start_point.row, min(part.end_point.row + 1, len(lines))):
                if not known.intersection(range(item.head, item.body + 1)):
                    signature = " ".join(" ".join(lines[item.head : item.body + 1]).split()).rstrip(" {")
                    doc = (item.start, item.head)
                    head = item.body + 1
                    self.found.append(
                        Symbol(item.name, "function", item.start, item.end, signature[:MAX_SIGNATURE], head, doc)
                    )
        self.found.sort(key=lambda item: (item.start, -item.end))

    def _definition(self, node: Node, kind: PartKind, scope: str, scope_kind: PartKind | None, depth: int) -> None:
        name = self._name(node)
        name = "" if self.language in ("c", "cpp") and (name in NO_NAMES or is_guard(node)) else name
        nests = kind in NESTING or (self.language, node.type) in NESTING_NODES
        body = node.child_by_field_name("body")
        if self.language in ("c", "cpp") and kind in ("struct", "enum", "class") and body is None:
            return
        if self.language == "go" and kind == "type":
            kind = _GO_KINDS.get(self._type_of(node), kind)
        if not name:
            if nests:
                self.visit(body or node, scope, scope_kind, depth + 1)
            return
        qualified = f"{scope}.{name}" if scope else name
        if kind == "function" and scope_kind in _CLASS_LIKE:
            kind = "method"
        if kind != "impl":
            self._add(node, qualified, kind, body)
        if (nests or self.inside) and body is not None:
            self.visit(body, qualified, kind, depth + 1)

    def _variable(self, node: Node, scope: str, scope_kind: PartKind | None, depth: int) -> None:
        """`const name = () => ...` counts as a function; upper-case constants count too."""
        value = node.child_by_field_name("value")
        if value is not None and value.type in VALUE_FUNCTIONS:
            name = self._name(node)
            kind: PartKind = "class" if value.type == "class" else "function"
            body = value.child_by_field_name("body")
            if name and node.parent is not None:
                self._add(node.parent, f"{scope}.{name}" if scope else name, kind, body)
                if (kind == "class" or self.inside) and body is not None:
                    self.visit(body, name, kind, depth + 1)
            return
        self._constant(node, scope, scope_kind)
        if not scope and self.language in _SCRIPTS:
            self._members(value, self._name(node))

    def _members(self, value: Node | None, owner: str) -> bool:
        """Collects the functions of an object that a module gives a name, or exports (`owner` is ""); whether any."""
        known = len(self.found)
        for part, name, body in members(value, VALUE_FUNCTIONS) if not self.test_file else ():
            name = f"{owner}.{name}" if owner else name
            self._add(part, name, "method" if "." in name else "function", body)
        return len(self.found) > known

    def _constant(self, node: Node, scope: str, scope_kind: PartKind | None) -> None:
        name = self._name(node)
        value = node.child_by_field_name("value")
        if value is not None and value.type in VALUE_FUNCTIONS:
            self._add(node, f"{scope}.{name}" if scope else name, "method", value.child_by_field_name("body"))
        elif name and _CONSTANT.match(name):
            self._add(node, f"{scope}.{name}" if scope else name, "constant", None)
        elif name and (self.inside or not scope) and not self.test_file and self._sets(node):
            self._add(node, f"{scope}.{name}" if scope else name, "variable", None)

    def _sets(self, node: Node) -> bool:
        """Whether a statement of the module gives a name a value of its own, not one that it brings from elsewhere."""
        value = node.child_by_field_name("value") or node.child_by_field_name("right")
        return value is not None and not BRINGS.match(self._text(value))

    def _assigned(self, node: Node, scope: str, depth: int) -> bool:
        """`name.other = function () {}`, as modules of CommonJS and prototypes are written, a class likewise, and
        `name = {...}` with functions in it; whether all there is inside was collected."""
        name = node.child_by_field_name("left")
        value = node.child_by_field_name("right")
        while value is not None and value.type == "assignment_expression":
            value = value.child_by_field_name("right")
        if scope or self.test_file or name is None or value is None or self.language not in _SCRIPTS:
            return False
        text = re.sub(r"^(?:module\.)?exports(?:\.|$)|\.prototype(?=\.|$)", "", self._text(name))
        if text and not re.fullmatch(r"[\w$]+(?:\.[\w$]+)*", text):
            return False
        if value.type not in VALUE_FUNCTIONS:
            return self._members(value, text)
        text, body = text or self._name(value), value.child_by_field_name("body")
        if not text:
            return False
        is_class = value.type == "class"
        self._add(node, text, "class" if is_class else "method" if "." in text else "function", body)
        if is_class and body is not None:
            self.visit(body, text, "class", depth + 1)
        return is_class

    def _add(self, node: Node, name: str, kind: PartKind, body: Node | None) -> None:
        outer = node
        while outer.parent is not None and (
            outer.parent.type in _WRAPPERS or (outer.parent.type in _GROUPS and outer.parent.named_child_count == 1)
        ):
            outer = outer.parent
        start = outer.start_point.row
        doc = (start, start)
        is_marked = False
        if name.rpartition(".")[2] in _TEST_MACROS and (tested := _TEST_MACRO.match(self._text(node)[:300])):
            name, is_marked = f"{tested[1]}.{tested[2]}", True
        above = outer.prev_named_sibling
        while (
            above is not None
            and _COMMENT.search(above.type)
            and above.end_point.row >= start - 1 - self._documents(above)
            and (above.start_point.row < start and self._alone(above))
        ):
            is_marked = is_marked or bool(_TEST_MARK.match(self._text(above)))
            if "comment" in above.type:
                doc = (above.start_point.row, doc[1] if doc[1] > doc[0] else start)
            start = above.start_point.row
            above = above.prev_named_sibling
        last = outer.end_point
        end = last.row + (last.column > 0)
        head = self._head_row(node, body)
        signature = name if kind in ("constant", "variable") else self._signature(node, body)
        if kind == "macro":  # what it stands for is its body
            found = _MACRO.match(signature)
            signature = found[0] if found else signature
        if self.language == "python" and body is not None:
            doc = self._docstring(body) or doc
        short = name.rsplit(".", 1)[-1]
        if self.language == "java" and kind == "method":
            is_marked = bool(_JUNIT_MARK.search(self._text(node)[:400].partition(f" {short}(")[0]))
        by_name = self.test_file and self.language not in _SCRIPTS
        if kind in ("function", "method") and (is_marked or (by_name and short.lower().startswith("test"))):
            kind = "test"
        elif self.test_file and kind == "class" and _TEST_CLASS.search(short):
            kind = "suite"
        self.found.append(Symbol(name, kind, start, max(end, start + 1), signature, head, doc))

    def _documents(self, comment: Node) -> bool:
        """Whether a comment is of what follows though a line is left blank behind it: JSDoc, but for a file's own."""
        is_jsdoc = self.language in _SCRIPTS and self.source.startswith(b"/**", comment.start_byte)
        around = comment.parent
        return is_jsdoc and (comment.prev_named_sibling is not None or (around is not None and around.type == "object"))

    def _signature(self, node: Node, body: Node | None) -> str:
        end = body.start_byte if body is not None else node.end_byte
        if node.type == "type_alias_declaration" and (value := node.child_by_field_name("value")) is not None:
            end = value.start_byte  # what it stands for is its body
        # In Python a comment may stand between the head and the body.
        last = node.child_by_field_name("return_type") or node.child_by_field_name("parameters")
        if self.language == "python" and last is not None:
            end = last.end_byte
        if node.type in _NAMING:  # what the name stands for is told as its value
            return f"{_NAMING[node.type]} {self._name(node)}"
        # What a constructor sets before its body is part of what it does.
        sets = next((child for child in node.children if child.type == "field_initializer_list"), None)
        end = min(end, sets.start_byte) if sets is not None else end
        raw = self.source[node.start_byte : min(end, node.start_byte + MAX_HEAD)].decode("utf-8", "replace")
        if "#" in raw and self.language in ("c", "cpp"):
            raw = _DIRECTIVE.sub("", raw)
        if "/*" in raw and self.language != "python":
            raw = _BLOCK_COMMENT.sub("", raw)
        text = " ".join((_HEAD_COMMENT.sub("\n", raw) if "\n" in raw else raw).split())
        if "\n" in raw:
            # The same head broken over lines in another way is the same head.
            text = _CLOSING.sub(r"\1", _OPENING.sub(r"\1", text))
        text = _FINAL.sub(r"\1", text) if self.language == "java" else text
        return _HEAD_END.sub("", text)[:MAX_SIGNATURE]

    def _alone(self, node: Node) -> bool:
        """True when a node begins its line and is no comment of Rust's on what is around it."""
        line_start = self.source.rfind(b"\n", 0, node.start_byte) + 1
        inner = self.language == "rust" and self.source.startswith((b"//!", b"/*!"), node.start_byte)
        return not inner and not self.source[line_start : node.start_byte].strip()

    @staticmethod
    def _head_row(node: Node, body: Node | None) -> int:
        if body is None:
            return node.end_point.row + 1
        # The body begins on the line of its first statement where the language has no braces.
        return body.start_point.row + (body.type != "block" or body.start_point.row == node.start_point.row)

    @staticmethod
    def _docstring(body: Node) -> tuple[int, int] | None:
        first = _first_named(body)
        if first is not None and first.type == "expression_statement":
            first = _first_named(first)
        if first is not None and first.type == "string":
            return first.start_point.row, first.end_point.row + 1
        return None

    def _text(self, node: Node) -> str:
        return self.source[node.start_byte : node.end_byte].decode("utf-8", "replace")

    def _type_of(self, node: Node) -> str:
        inner = node.child_by_field_name("type")
        return inner.type if inner is not None else ""

    def _name(self, node: Node) -> str:
        if node.type == "impl_item":
            implementing = node.child_by_field_name("type")
            return re.sub(r"<.*", "", self._text(implementing)) if implementing is not None else ""
        fields = (node.child_by_field_name(field) for field in ("name", "left", "property"))
        name = next((field for field in fields if field is not None), None)
        if name is None:
            name = declared_name(node.child_by_field_name("declarator"))
        if name is not None and name.type == "template_type":
            text = " ".join(_BLOCK_COMMENT.sub("", self._text(name)).split()).replace("< ", "<")
            return re.sub(r"(?:\w+::)+", "", text)[:200]
        if name is None or (name.type not in NAME_TYPES and node.type != "internal_module"):
            return ""
        text = self._text(name).replace("::", ".").strip("\"'")
        if self.language == "go" and node.type == "method_declaration":
            receiver = node.child_by_field_name("receiver")
            found = re.search(r"(\w+)(?:\[[^\]]*\])?\s*\)", self._text(receiver)) if receiver is not None else None
            return f"{found[1]}.{text}" if found else text
        return text if len(text) <= 200 and "\n" not in text else ""


#: Nodes of C and C++ that give a type another name, and the words with which they do.
_NAMING = {"type_definition": "typedef", "alias_declaration": "using"}


def _first_named(node: Node) -> Node | None:
    return node.named_children[0] if node.named_child_count else None


# What stands around a definition and belongs to it; groups only when they hold that definition alone.
_WRAPPERS = frozenset(
    {
        "decorated_definition",
        "export_statement",
        "template_declaration",
        "ambient_declaration",
        "expression_statement",
        "type_definition",
    }
)
_GROUPS = frozenset({"type_declaration", "lexical_declaration", "const_declaration", "var_declaration"})
