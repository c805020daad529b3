"""What binds names, by the names that the grammars give it."""

from __future__ import annotations

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.linking import binding_nodes as nodes


def known() -> set[str]:
    """The kinds of nodes and the fields of all grammars."""
    found: set[str] = set()
    for name in grammars.languages():
        tree = grammars.tree(name, b"")
        assert tree is not None
        language = tree.language
        found |= {language.node_kind_for_id(at) or "" for at in range(language.node_kind_count)}
        found |= {language.field_name_for_id(at) or "" for at in range(language.field_count + 1)}
    return found


def test_every_node_and_field_is_one_of_a_grammar() -> None:
    said = {*nodes.BINDERS, *(field for fields in nodes.BINDERS.values() for field in fields)}
    said |= {*nodes.MADE_OF, *nodes.MADE_OF.values()} | nodes.SCOPES | nodes.PYTHON_SCOPES | nodes.LITERALS
    said |= nodes.WRAPPING | nodes.TYPED | nodes.SPREADING | nodes.TAKING_APART | nodes.NOTHING | nodes.FIELD_BINDERS
    assert said - known() == set()


def test_what_is_told_of_binders_is_told_of_some() -> None:
    assert set(nodes.BINDERS) >= nodes.PARAMETERS | nodes.ITERATING | nodes.ASSIGNING | nodes.LASTING | nodes.FIRST
