"""Documents that are no files get paths by which they are known, whatever their client calls them."""

from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.errors import DocumentError
from iquest_lsp.server.nameless import Nameless
from iquest_lsp.workspace.unsaved import is_untitled, notebook_of

HOME = Path("/work/shop")


@pytest.fixture
def nameless() -> Nameless:
    return Nameless(lambda: HOME)


def test_a_file_is_its_own(nameless: Nameless) -> None:
    assert nameless.open("file:///work/shop/a%20b.py", "python") == Path("/work/shop/a b.py")
    assert nameless.find("file:///work/shop/a%20b.py") == Path("/work/shop/a b.py")


def test_a_buffer_that_was_never_saved_lies_where_the_client_works(nameless: Nameless) -> None:
    path = nameless.open("untitled:Untitled-1", "python")
    assert path.parent == HOME
    assert is_untitled(path.as_posix())
    assert path.suffix == ".py"
    assert nameless.find("untitled:Untitled-1") == path
    nameless.close("untitled:Untitled-1")
    with pytest.raises(DocumentError):
        nameless.find("untitled:Untitled-1")


def test_a_buffer_of_a_file_that_is_still_to_be_made_is_that_file(nameless: Nameless) -> None:
    assert nameless.open("untitled:/work/shop/new.py", "python") == Path("/work/shop/new.py")


def test_cells_have_names_of_their_own_beside_their_notebook(nameless: Nameless) -> None:
    cells = [nameless.open(f"vscode-notebook-cell:/work/shop/n.ipynb#{name}", "python") for name in ("a", "b")]
    cells.append(nameless.open_cell("file:///work/shop/n.ipynb", "any:thing", "python"))
    assert len(set(cells)) == 3
    assert {notebook_of(cell.as_posix()) for cell in cells} == {"/work/shop/n.ipynb"}
    assert nameless.close_notebook("file:///work/shop/n.ipynb") == cells[2:]
    assert nameless.close_notebook("file:///work/shop/n.ipynb") == []
    with pytest.raises(DocumentError):
        nameless.find("any:thing")


@pytest.mark.parametrize("uri", ["http://[", "mailto:ann@example.org", ""])
def test_what_is_not_served_is_refused(nameless: Nameless, uri: str) -> None:
    with pytest.raises(DocumentError):
        nameless.open(uri, "python")
