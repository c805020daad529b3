"""Which nodes of the grammars bind names, where these hold, and which values tell their type."""

from __future__ import annotations

from iquest_lsp.codeflow.syntax.definitions import MEMBERS, PATHS

WRAPPING = frozenset(
    {
        "parenthesized_expression",
        "await_expression",
        "await",
        "unary_expression",
        "reference_expression",
        "pointer_expression",
        "try_expression",
        "non_null_expression",
    }
)
#: Expressions that name their type, and the field that has it.
MADE_OF = {
    "as_expression": "type",
    "satisfies_expression": "type",
    "type_assertion_expression": "type",
    "cast_expression": "type",
    "type_cast_expression": "type",
    "composite_literal": "type",
    "struct_expression": "name",
    "compound_literal_expression": "type",
}
LITERALS = frozenset(
    {
        "string",
        "concatenated_string",
        "template_string",
        "string_literal",
        "raw_string_literal",
        "interpreted_string_literal",
        "integer",
        "float",
        "number",
        "integer_literal",
        "int_literal",
        "float_literal",
        "number_literal",
        "decimal_integer_literal",
        "boolean_literal",
        "true",
        "false",
        "list",
        "dictionary",
        "set",
        "tuple",
        "array",
        "object",
        "array_expression",
        "list_comprehension",
        "dictionary_comprehension",
        "set_comprehension",
        "lambda",
        "arrow_function",
        "function_expression",
        "func_literal",
        "closure_expression",
        "regex",
        "char_literal",
    }
)
NOTHING = frozenset({"none", "null", "nil", "null_literal", "undefined"})
FUNCTIONS = frozenset(
    {
        "function_definition",
        "function_declaration",
        "generator_function_declaration",
        "function_expression",
        "function_item",
        "method_definition",
        "method_declaration",
        "constructor_declaration",
        "arrow_function",
        "func_literal",
        "closure_expression",
        "lambda",
        "lambda_expression",
    }
)
CLASSES = frozenset({"class_body", "field_declaration_list", "interface_body", "enum_body", "class_definition"})
PYTHON_SCOPES = FUNCTIONS | {"class_definition", "module"}
SCOPES = (
    FUNCTIONS
    | CLASSES
    | {
        "program",
        "source_file",
        "translation_unit",
        "block",
        "statement_block",
        "compound_statement",
        "for_statement",
        "for_in_statement",
        "for_expression",
        "for_range_loop",
        "enhanced_for_statement",
        "if_statement",
        "if_expression",
        "while_statement",
        "while_expression",
        "match_arm",
        "catch_clause",
        "try_with_resources_statement",
        "expression_switch_statement",
        "type_switch_statement",
        "expression_case",
        "type_case",
        "communication_case",
        "switch_body",
        "switch_block",
        "namespace_definition",
    }
)
#: What binds names, and the fields that hold them.
BINDERS: dict[str, tuple[str, ...]] = {
    # Python
    "assignment": ("left",),
    "named_expression": ("name",),
    "typed_parameter": (),
    "typed_default_parameter": ("name",),
    "default_parameter": ("name",),
    "parameters": (),
    "lambda_parameters": (),
    "as_pattern": ("alias",),
    "for_in_clause": ("left",),
    "for_statement": ("left",),
    # JavaScript and TypeScript
    "variable_declarator": ("name", "declarator"),
    "required_parameter": ("pattern",),
    "optional_parameter": ("pattern",),
    "formal_parameters": (),
    "arrow_function": ("parameter",),
    "assignment_expression": ("left",),
    "catch_clause": ("parameter",),
    "for_in_statement": ("left",),
    # Go
    "short_var_declaration": ("left",),
    "assignment_statement": ("left",),
    "var_spec": ("name",),
    "const_spec": ("name",),
    "parameter_declaration": ("name", "declarator"),
    "variadic_parameter_declaration": ("name",),
    "range_clause": ("left",),
    "type_switch_statement": ("alias",),
    # Rust
    "let_declaration": ("pattern",),
    "parameter": ("pattern",),
    "closure_parameters": (),
    "for_expression": ("pattern",),
    "let_condition": ("pattern",),
    "match_pattern": (),
    # Java and C++
    "formal_parameter": ("name",),
    "spread_parameter": (),
    "inferred_parameters": (),
    "enhanced_for_statement": ("name",),
    "catch_formal_parameter": ("name",),
    "resource": ("name",),
    "lambda_expression": ("parameters",),
    "declaration": ("declarator",),
    "init_declarator": ("declarator",),
    "field_declaration": ("declarator",),
    "optional_parameter_declaration": ("declarator",),
    "for_range_loop": ("declarator",),
}
#: What gives a value to a member of an object, and what declares one.
FIELD_BINDERS = frozenset({"assignment", "assignment_expression"})
FIELD_DEFINITIONS = frozenset({"public_field_definition", "field_definition"})
#: Python's own types and functions, whose results no repository defines.
PYTHON_OWN = frozenset(
    {
        *("list", "dict", "set", "frozenset", "tuple", "str", "bytes", "bytearray", "int", "float", "bool", "range"),
        *("open", "sorted", "reversed", "zip", "map", "filter", "enumerate", "len", "sum", "repr"),
    }
)
FIRST = frozenset({"typed_parameter", "as_pattern"})
PARAMETERS = frozenset(
    {
        "typed_parameter",
        "default_parameter",
        "parameters",
        "lambda_parameters",
        "formal_parameters",
        "required_parameter",
        "optional_parameter",
        "arrow_function",
        "closure_parameters",
        "inferred_parameters",
        "lambda_expression",
        "parameter",
        "match_pattern",
        "type_switch_statement",
        "let_condition",
    }
)
ASSIGNING = frozenset({"assignment_expression", "assignment_statement"})
#: What binds its names in what it holds.
LASTING = frozenset(
    {
        "for_statement",
        "for_in_statement",
        "for_expression",
        "enhanced_for_statement",
        "for_range_loop",
        "arrow_function",
        "lambda_expression",
        "catch_clause",
        "type_switch_statement",
    }
)
ITERATING = frozenset(
    {
        "for_statement",
        "for_in_clause",
        "for_in_statement",
        "for_expression",
        "for_range_loop",
        "range_clause",
        "let_condition",
        "type_switch_statement",
        "variadic_parameter_declaration",
        "spread_parameter",
    }
)
#: What has a field for a type of the names that it binds, or around what binds them.
TYPED = frozenset(
    {
        "public_field_definition",
        "assignment",
        "typed_parameter",
        "typed_default_parameter",
        "variable_declarator",
        "required_parameter",
        "optional_parameter",
        "var_spec",
        "const_spec",
        "parameter_declaration",
        "let_declaration",
        "parameter",
        "formal_parameter",
        "enhanced_for_statement",
        "resource",
        "declaration",
        "field_declaration",
        "local_variable_declaration",
        "optional_parameter_declaration",
        "for_range_loop",
    }
)
#: Patterns whose names are members of what is taken apart.
TAKING_APART = frozenset({"object_pattern", "struct_pattern", "tuple_struct_pattern"})
#: Several targets or several values, side by side.
LISTED = frozenset({"expression_list", "pattern_list", "tuple_pattern", "tuple"})
#: A target that takes as many values as are left.
STARRED = frozenset({"list_splat_pattern", "list_splat"})
SPREADING = frozenset(
    {
        "pattern_list",
        "tuple_pattern",
        "list_pattern",
        "list_splat_pattern",
        "expression_list",
        "array_pattern",
        "object_pattern",
        "pair_pattern",
        "rest_pattern",
        "assignment_pattern",
        "object_assignment_pattern",
        "as_pattern_target",
        "mut_pattern",
        "ref_pattern",
        "reference_pattern",
        "tuple_struct_pattern",
        "slice_pattern",
        "init_declarator",
        "pointer_declarator",
        "reference_declarator",
        "array_declarator",
        "variable_declarator",
        "inferred_parameters",
        "structured_binding_declarator",
    }
)
#: The fields of what stands before a member's name, and the nodes that hold both.
HOLDS = ("object", "value", "operand", "argument", "path", "module", "package")
QUALIFIED = MEMBERS | PATHS | {"nested_type_identifier", "nested_identifier", "qualified_type"}
#: Elements of HTML in scripts.
ELEMENTS = frozenset({"jsx_opening_element", "jsx_closing_element", "jsx_self_closing_element"})
#: What defines the name in it, beside definitions and declarations.
DEFINING = frozenset(
    {
        "function_item",
        "struct_item",
        "enum_item",
        "trait_item",
        "type_spec",
        "method_elem",
        "method_spec",
        "function_declarator",
        "class_specifier",
        "struct_specifier",
        "macro_definition",
    }
)
#: What binds the names in it, where it stands itself where a name is bound.
PATTERNS = frozenset(
    {
        "object_pattern",
        "array_pattern",
        "pair_pattern",
        "assignment_pattern",
        "object_assignment_pattern",
        "rest_pattern",
        "tuple_pattern",
        "list_pattern",
        "pattern_list",
        "list_splat_pattern",
        "dictionary_splat_pattern",
        "expression_list",
        "mut_pattern",
        "ref_pattern",
        "reference_pattern",
    }
)
#: What binds a name that stands in it itself.
BINDING = frozenset(
    {
        "arrow_function",
        "for_in_statement",
        "range_clause",
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
