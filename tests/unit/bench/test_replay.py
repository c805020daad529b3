from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.bench.replay import replay, wilson
from iquest_lsp.errors import WorkspaceError
from tests.unit.codeflow.conftest import Script


def test_wilson_against_a_published_value() -> None:
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I: 15 of 148, method 3.
    low, high = wilson(15, 148)
    assert (low, high) == (pytest.approx(0.0624, abs=5e-4), pytest.approx(0.1605, abs=5e-4))


async def test_a_history_without_a_line_to_type_is_no_figure(tmp_path: Path) -> None:
    script = Script(tmp_path / "repository")
    script.commit("Begin", {"a.py": "x = 1\n"})  # nothing stands around the first commit's lines
    with pytest.raises(WorkspaceError, match="nothing to type again"):
        await replay(script.root, 5, 5, {"engine": "fake"})
