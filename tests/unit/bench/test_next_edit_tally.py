from __future__ import annotations

from iquest_lsp.bench.next_edit_tally import Tally


def test_nothing_tried_is_no_share_of_anything() -> None:
    row = Tally("none").row()
    assert {row[name] for name in ("precision", "recall", "quiet", "kept", "p50_ms")} == {0.0}


def test_shares_are_of_what_they_say() -> None:
    tally = Tally("all", commits=2, edits=9, later=8, shown=5, right=4, whole=3, found=4, placed=2, ended=4, quiet=3)
    tally.places, tally.changed, tally.noisy, tally.saved, tally.typed = 10, 9, 1, 30, 120
    tally.ms = [3.0, 1.0, 2.0]
    row = tally.row()
    assert (row["precision"], row["recall"], row["kept"]) == (0.8, 0.5, 0.6)
    assert row["named_recall"] == 0.75
    assert (row["places_precision"], row["quiet_places"], row["quiet"]) == (0.9, 0.75, 0.75)
    assert row["saved_characters"] == 0.25
    assert row["p50_ms"] == 2.0
    low, high = row["precision_interval"]
    assert low < 0.8 < high
