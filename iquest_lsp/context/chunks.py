"""A file in pieces cut at definition borders, and what it defines, imports and mentions."""

from __future__ import annotations

import re
import sys
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from iquest_lsp import grammars

if TYPE_CHECKING:
    from tree_sitter import Node, Parser

#: Pieces are about this many lines: shorter neighbours are joined, longer definitions are cut inside.
LEAST_LINES, MOST_LINES = 12, 80
_MAX_PARSED = 1024 * 1024
_MAX_WORDS = 600

# Node types whose children are definitions worth cutting at, in the grammars of this project.
_CONTAINERS = frozenset(
    {
        "class_definition",
        "class_declaration",
        "class_body",
        "block",
        "decorated_definition",
        "export_statement",
        "interface_declaration",
        "interface_body",
        "enum_declaration",
        "enum_body",
        "enum_body_declarations",
        "record_declaration",
        "impl_item",
        "trait_item",
        "mod_item",
        "declaration_list",
        "namespace_definition",
        "class_specifier",
        "struct_specifier",
        "field_declaration_list",
        "linkage_specification",
        "template_declaration",
        "internal_module",
        "module",
        "statement_block",
        "abstract_class_declaration",
        "preproc_ifdef",
        "preproc_if",
        "expression_statement",
        "ambient_declaration",
    }
)
_DEFINITIONS = frozenset(
    {
        "function_definition",
        "class_definition",
        "decorated_definition",
        "function_declaration",
        "class_declaration",
        "generator_function_declaration",
        "abstract_class_declaration",
        "method_definition",
        "method_declaration",
        "constructor_declaration",
        "interface_declaration",
        "enum_declaration",
        "record_declaration",
        "type_alias_declaration",
        "export_statement",
        "lexical_declaration",
        "variable_declaration",
        "function_item",
        "struct_item",
        "enum_item",
        "trait_item",
        "impl_item",
        "mod_item",
        "macro_definition",
        "type_item",
        "const_item",
        "static_item",
        "type_declaration",
        "const_declaration",
        "var_declaration",
        "struct_specifier",
        "class_specifier",
        "enum_specifier",
        "namespace_definition",
        "template_declaration",
        "type_definition",
        "preproc_def",
        "preproc_function_def",
        "declaration",
        "internal_module",
        "assignment",
        "expression_statement",
        "field_declaration",
        "function_signature_item",
        "union_item",
    }
)
# Values name something at the top of a file only (a field called `end` tells nothing), and cut nothing.
_VALUES = frozenset(
    {
        "lexical_declaration",
        "variable_declaration",
        "assignment",
        "expression_statement",
        "preproc_def",
        "declaration",
        "const_declaration",
        "var_declaration",
        "field_declaration",
        "const_item",
        "static_item",
    }
)
_BORDERS = _DEFINITIONS - _VALUES
_WORD = re.compile(r"[A-Za-z_]\w{2,63}")
# Comments and strings, as far as their names are no uses of what other files define.
_STRINGS = r"\x22(?:\\.|[^\x22\\\n])*\x22"
_PYTHON_PROSE = re.compile(
    rf"(?P<quote>\x22{{3}}|\x27{{3}})[\s\S]*?(?:(?P=quote)|\Z)|#[^\n]*|{_STRINGS}|\x27(?:\\.|[^\x27\\\n])*\x27"
)
_PROSE = re.compile(rf"/\*[\s\S]*?(?:\*/|\Z)|//[^\n]*|{_STRINGS}")
_QUOTED_IMPORT = re.compile(r"""(?:\bfrom|\bimport|\brequire\s*\(|\bimport\s*\()\s*["']([^"'\n]{1,200})["']""")
_INCLUDE = re.compile(r"""^[ \t]*#[ \t]*include[ \t]*"([^"\n]{1,200})\"""", re.MULTILINE)
_PYTHON_FROM = re.compile(r"^[ \t]*from[ \t]+([.\w]+)[ \t]+import[ \t]+(\([^)]{0,4000}\)|[^\n#]{1,500})", re.MULTILINE)
_PYTHON_IMPORT = re.compile(r"^[ \t]*import[ \t]+([\w., \t]+)", re.MULTILINE)
_JAVA_IMPORT = re.compile(r"^[ \t]*import[ \t]+(?:static[ \t]+)?([\w.]+)[ \t]*;", re.MULTILINE)
_RUST_USE = re.compile(r"^[ \t]*(?:pub[ \t]+)?(?:use[ \t]+([\w:]+)|mod[ \t]+(\w+)[ \t]*;)", re.MULTILINE)
_GO_BLOCK = re.compile(r"^import[ \t]*(?:\(([^)]*)\)|(?:\w+[ \t]+)?(\"[^\"\n]+\"))", re.MULTILINE)
_GO_PATH = re.compile(r"\"([^\"\n]+)\"")


@dataclass(frozen=True, slots=True)
class Piece:
    """Lines [start, end) of a file and the names defined in them."""

    start: int
    end: int
    names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outline:
    """What a file consists of: its pieces cover all its lines in order."""

    pieces: tuple[Piece, ...]
    imports: tuple[str, ...]
    lines: int
    parsed: bool

    @property
    def names(self) -> set[str]:
        """All names the file defines."""
        return {name for piece in self.pieces for name in piece.names}


@lru_cache(maxsize=16)
def recent_outline(text: str, path: str) -> Outline:
    """The same as `outline`, remembered for the few buffers at work."""
    return outline(text, path)


def outline(text: str, path: str) -> Outline:
    """Cuts a text (line ends "\\n") at definition borders where there is a grammar, at margins where there is none."""
    language = grammars.language_of(path)
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    borders: dict[int, None] = {}
    names: dict[int, list[str]] = {}
    parser = _parser(language) if language and len(text) <= _MAX_PARSED else None
    if parser is not None:
        _definitions(parser, text, lines, borders, names)
    else:
        borders.update(dict.fromkeys(_margins(lines)))
    pieces = _pieces(lines, sorted(borders), names)
    return Outline(tuple(pieces), imports_of(text, language), len(lines), parser is not None)


@lru_cache(maxsize=16)
def code_words(text: str, path: str) -> tuple[str, ...]:
    """The identifiers that a file's code uses, its comments and strings left out; of very many the most frequent."""
    language = grammars.language_of(path)
    prose = _PYTHON_PROSE if language == "python" else _PROSE if language else None
    counted = Counter(_WORD.findall(prose.sub(" ", text) if prose else text))
    return tuple(word for word, _ in counted.most_common(_MAX_WORDS))


def words_of(text: str) -> frozenset[str]:
    """The distinct identifiers of a text."""
    return frozenset(_WORD.findall(text))


@lru_cache(maxsize=4096)
def piece_words(text: str) -> tuple[str, ...]:
    """The distinct identifiers of a piece, remembered for the pieces that are looked at again and again.

    One string stands for a word in all of them, and a tuple takes a seventh of a set's memory: thousands are held.
    """
    return tuple(map(sys.intern, words_of(text)))


def imports_of(text: str, language: str) -> tuple[str, ...]:
    """What a file imports, as it is written there: dotted modules, relative paths, include paths."""
    found: dict[str, None] = {}
    if language == "python":
        for match in _PYTHON_FROM.finditer(text):
            module = match.group(1)
            found[module] = None
            for name in re.findall(r"(\w+)(?:\s+as\s+\w+)?", re.sub(r"#[^\n]*", "", match.group(2))):
                # `from package import module`: only the index can tell a module from a name.
                found[f"{module}{'' if module.endswith('.') else '.'}{name}"] = None
        for match in _PYTHON_IMPORT.finditer(text):
            for name in match.group(1).split(","):
                if name.split():
                    found[name.split()[0]] = None
    elif language in ("javascript", "typescript", "tsx"):
        found.update(dict.fromkeys(_QUOTED_IMPORT.findall(text)))
    elif language in ("c", "cpp"):
        found.update(dict.fromkeys(_INCLUDE.findall(text)))
    elif language == "java":
        found.update(dict.fromkeys(_JAVA_IMPORT.findall(text)))
    elif language == "rust":
        found.update(dict.fromkeys(path or f"self::{module}" for path, module in _RUST_USE.findall(text)))
    elif language == "go":
        for block, single in _GO_BLOCK.findall(text):
            found.update(dict.fromkeys(_GO_PATH.findall(block or single)))
    return tuple(found)


@lru_cache(maxsize=32)
def _parser(language: str) -> Parser | None:
    return grammars.parser(language)


def _definitions(
    parser: Parser, text: str, lines: list[str], borders: dict[int, None], names: dict[int, list[str]]
) -> None:
    data = text.encode("utf-8", "replace")
    stack: list[tuple[Node, int]] = [(parser.parse(data).root_node, 0)]
    while stack:
        node, depth = stack.pop()
        for child in node.named_children:
            kind = child.type
            if kind in _DEFINITIONS and not (depth and kind in _VALUES):
                name = _name(child, data)
                row = child.start_point[0]
                if name:
                    names.setdefault(row, []).append(name)
                if kind in _BORDERS and (depth == 0 or child.end_point[0] - row >= 2):
                    borders[_with_comment(lines, row)] = None
            if kind in _CONTAINERS and depth < 6:
                stack.append((child, depth + 1))


def _name(node: Node, data: bytes) -> str:
    for field in ("name", "declarator", "left", "type"):
        child = node.child_by_field_name(field)
        while child is not None and child.type not in (
            "identifier",
            "type_identifier",
            "property_identifier",
            "field_identifier",
            "namespace_identifier",
        ):
            inner = child.child_by_field_name("declarator") or child.child_by_field_name("name")
            child = inner
        if child is not None:
            return data[child.start_byte : child.end_byte].decode("utf-8", "replace")
    if node.type in (
        "type_declaration",
        "const_declaration",
        "var_declaration",
        "lexical_declaration",
        "variable_declaration",
        "expression_statement",
        "export_statement",
    ):
        first = next(iter(node.named_children), None)
        if first is not None and first.type not in ("string", "call_expression", "call"):
            return _name(first, data)
    return ""


def _with_comment(lines: list[str], row: int) -> int:
    """The row where the comment or attribute right above a definition begins."""
    while row > 0 and lines[row - 1].lstrip().startswith(("#", "//", "/*", "*", "@", "///", "[")):
        row -= 1
    return row


def _margins(lines: list[str]) -> list[int]:
    """Lines at the margin after a blank line: where a text without a grammar falls apart by itself."""
    return [
        row for row in range(1, len(lines)) if lines[row] and not lines[row][0].isspace() and not lines[row - 1].strip()
    ]


def _pieces(lines: list[str], borders: list[int], names: dict[int, list[str]]) -> list[Piece]:
    total = len(lines)
    if not total:
        return []
    spans: list[tuple[int, int]] = []
    start = 0
    for border in [*(row for row in borders if 0 < row < total), total]:
        if border - start >= LEAST_LINES or border == total:
            spans.append((start, border))
            start = border
    if len(spans) > 1 and total - spans[-1][0] < LEAST_LINES // 2:
        spans[-2:] = [(spans[-2][0], total)]  # a few lines at the end say nothing by themselves
    rows = sorted(names)
    pieces, at = [], 0
    for first, last in spans:
        for begin, end in _halves(lines, first, last):
            own: list[str] = []
            while at < len(rows) and rows[at] < end:
                own += names[rows[at]]
                at += 1
            pieces.append(Piece(begin, end, tuple(dict.fromkeys(own))))
    return pieces


def _halves(lines: list[str], start: int, end: int) -> list[tuple[int, int]]:
    """Cuts a span that is too long at its blank or least indented lines."""
    spans = []
    while end - start > MOST_LINES:
        window = range(start + LEAST_LINES * 2, min(start + MOST_LINES, end - LEAST_LINES) + 1)
        cut = min(window, key=lambda row: (bool(lines[row - 1].strip()), _indent(lines[row]), -row))
        spans.append((start, cut))
        start = cut
    return [*spans, (start, end)]


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip()) if line.strip() else 1000
