"""Tables for a terminal."""

from __future__ import annotations

import pytest

from iquest_lsp.bench.next_edit_tally import Tally
from iquest_lsp.cli.terminal import Terminal


def test_a_share_of_nothing_is_no_figure(capsys: pytest.CaptureFixture[str]) -> None:
    rows = [Tally("diff, all").row()]
    Terminal().show_replayed_edits({"commits": 5, "repository": "shop", "rows": rows})
    (row,) = [line for line in capsys.readouterr().out.splitlines() if "diff, all" in line]
    assert "%" not in row
    assert row.split()[-4:] == ["-", "│", "-", "│"]
