"""What lines import, and whether a module leads to a file."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.imports import leads_to


@pytest.mark.parametrize(
    ("module", "path", "leads"),
    [
        ("/src/a.ts", "src/a.ts", True),
        ("/src/a.ts", "src/b.ts", False),
        ("/src/", "src/a.go", True),
        ("/src/", "src/inner/a.go", False),
        ("/./", "a.go", True),
    ],
)
def test_a_place_leads_to_its_file_or_folder(module: str, path: str, leads: bool) -> None:
    assert leads_to(module, path, "other.go") is leads
