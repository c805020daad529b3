"""Which nodes of the grammars are definitions, which may hold some, and what calls, members and parameters are."""

from __future__ import annotations

import re
from typing import Literal

#: A value that brings a module or a logger in, which is no definition.
BRINGS = re.compile(r"(?:await\s+)?(?:require|import)\s*\(|(?:[\w.]*\.)?getLogger\(")
#: What a named part of a file is: a definition, or what else has a name in its language.
PartKind = Literal[
    # definitions
    "alias",
    "class",
    "constant",
    "enum",
    "extension",
    "field",
    "function",
    "impl",
    "interface",
    "macro",
    "method",
    "module",
    "object",
    "property",
    "protocol",
    "record",
    "struct",
    "suite",
    "test",
    "trait",
    "type",
    "variable",
    # what else a module's top holds
    "assignment",
    "attribute",
    "call",
    "comment",
    "declaration",
    "directive",
    "documentation",
    "exports",
    "file",
    "imports",
    "macro call",
    "statement",
    # parts of configuration, scripts and documents
    "block",
    "command",
    "component",
    "condition",
    "data",
    "element",
    "entry",
    "input",
    "instruction",
    "item",
    "key",
    "link",
    "message",
    "output",
    "package",
    "paragraph",
    "preamble",
    "provider",
    "resource",
    "rule",
    "section",
    "service",
    "stage",
    "table",
    "target",
    "task",
    "template",
]
#: Kinds that hold further definitions, and the nodes that do so in one language alone.
NESTING: frozenset[PartKind] = frozenset({"class", "impl", "interface", "module", "trait"})
NESTING_NODES = frozenset({("cpp", "struct_specifier"), ("java", "enum_declaration")})
# node type -> kind
DEFINITIONS: dict[str, dict[str, PartKind]] = {
    "python": {"function_definition": "function", "class_definition": "class"},
    "javascript": {
        "function_declaration": "function",
        "generator_function_declaration": "function",
        "class_declaration": "class",
        "method_definition": "method",
        "class": "class",
    },
    "typescript": {
        "function_declaration": "function",
        "generator_function_declaration": "function",
        "class_declaration": "class",
        "abstract_class_declaration": "class",
        "method_definition": "method",
        "method_signature": "method",
        "abstract_method_signature": "method",
        "interface_declaration": "interface",
        "enum_declaration": "enum",
        "type_alias_declaration": "type",
        "internal_module": "module",
        "module": "module",
        "function_signature": "function",
        "class": "class",
    },
    "java": {
        "class_declaration": "class",
        "interface_declaration": "interface",
        "enum_declaration": "enum",
        "record_declaration": "class",
        "annotation_type_declaration": "interface",
        "method_declaration": "method",
        "constructor_declaration": "method",
    },
    "go": {
        "var_spec": "variable",
        "const_spec": "constant",
        "function_declaration": "function",
        "method_declaration": "method",
        "type_spec": "type",
        "type_alias": "type",
    },
    "rust": {
        "function_item": "function",
        "function_signature_item": "function",
        "struct_item": "struct",
        "enum_item": "enum",
        "union_item": "struct",
        "trait_item": "trait",
        "mod_item": "module",
        "type_item": "type",
        "macro_definition": "macro",
        "impl_item": "impl",
    },
    "c": {
        "function_definition": "function",
        "struct_specifier": "struct",
        "enum_specifier": "enum",
        "union_specifier": "struct",
        "type_definition": "type",
        "preproc_function_def": "macro",
        "preproc_def": "constant",
    },
    "cpp": {
        "function_definition": "function",
        "struct_specifier": "struct",
        "enum_specifier": "enum",
        "union_specifier": "struct",
        "class_specifier": "class",
        "namespace_definition": "module",
        "type_definition": "type",
        "alias_declaration": "type",
        "preproc_function_def": "macro",
        "preproc_def": "constant",
    },
}
DEFINITIONS["tsx"] = DEFINITIONS["typescript"]

# Nodes that may hold definitions without being any.
HOLDERS = frozenset(
    {
        "module",
        "program",
        "source_file",
        "translation_unit",
        "decorated_definition",
        "export_statement",
        "block",
        "class_body",
        "interface_body",
        "enum_body",
        "enum_body_declarations",
        "declaration_list",
        "type_declaration",
        "field_declaration_list",
        "linkage_specification",
        "template_declaration",
        "preproc_if",
        "preproc_ifdef",
        "preproc_else",
        "preproc_elif",
        "preproc_elifdef",
        "if_statement",
        "try_statement",
        "else_clause",
        "except_clause",
        "ambient_declaration",
        "statement_block",
        "expression_statement",
        "object_type",
        "lexical_declaration",
        "variable_declaration",
        "declaration",
        "annotation_type_body",
        "const_declaration",
        "var_declaration",
        "var_spec_list",
        "finally_clause",
        "ERROR",
    }
)

#: Values that a name is defined by, as a function or a class.
VALUE_FUNCTIONS = frozenset(
    {
        "arrow_function",
        "function",
        "function_expression",
        "generator_function",
        "class",
    }
)

#: Nodes that are the name of a definition.
NAME_TYPES = frozenset(
    {
        "identifier",
        "type_identifier",
        "property_identifier",
        "private_property_identifier",
        "field_identifier",
        "name",
        "qualified_identifier",
        "namespace_identifier",
        "nested_namespace_specifier",
        "string",
        "operator_name",
        "destructor_name",
        "scoped_identifier",
        "nested_identifier",
        "template_function",
    }
)

#: Words of C++ that its grammar takes for names where it has lost its way.
NO_NAMES = frozenset(
    {
        *("namespace", "class", "struct", "union", "enum", "template", "typename", "using", "if", "else", "for", "do"),
        *("while", "switch", "case", "return", "try", "catch", "new", "delete", "operator", "const", "static"),
    }
)

#: Nodes with parameters of their own.
FUNCTIONS = frozenset(
    {
        "function_definition",
        "function_declaration",
        "function_expression",
        "function_item",
        "function_signature_item",
        "function_signature",
        "function",
        "generator_function_declaration",
        "generator_function",
        "method_definition",
        "method_declaration",
        "method_signature",
        "method_elem",
        "constructor_declaration",
        "arrow_function",
        "lambda",
        "lambda_expression",
        "closure_expression",
        "func_literal",
    }
)
#: Lists of parameters.
PARAMETERS = frozenset(
    {
        "parameters",
        "formal_parameters",
        "parameter_list",
        "lambda_parameters",
        "closure_parameters",
        "inferred_parameters",
    }
)
#: Nodes whose members may be called on the object itself.
CLASSES = frozenset({"class_definition", "class_declaration", "class_body", "impl_item", "class_specifier"})
#: Lists of arguments.
ARGUMENTS = frozenset({"argument_list", "arguments"})
#: A name behind a dot, with what it is read of, and a name behind a double colon.
MEMBERS = frozenset({"attribute", "member_expression", "field_expression", "selector_expression", "field_access"})
PATHS = frozenset({"scoped_identifier", "qualified_identifier"})
CALLS = frozenset(
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
