"""What is known of models whose files do not say how far they lean on a memory."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from iquest_lsp.completion.confidence import threshold_of
from iquest_lsp.datatypes import CONFIDENCE_KEY
from iquest_lsp.runtime.memory import known_models
from iquest_lsp.runtime.memory.known_models import VALID_S, Known, keep, known
from iquest_lsp.runtime.memory.shares import FEATURES, MemoryShares
from iquest_lsp.runtime.memory.store import ORDERS
from iquest_lsp.runtime.models.packaged import PACKAGED

ROWS = ((0.5,) * FEATURES,) * (len(ORDERS) + 1)
SHARES = MemoryShares(ROWS, ROWS, 1.0, 3.0)


def test_the_threshold_is_told_as_a_models_file_would_tell_it() -> None:
    assert threshold_of({CONFIDENCE_KEY: "0.3"}) == 0.3


def test_what_was_learned_is_known_at_the_next_start(tmp_path: Path) -> None:
    file = tmp_path / "cache" / "shares.json"
    assert known("whole 1", file) is None
    keep("whole 1", file, SHARES)
    keep("whole 2", file, None)
    assert known("whole 1", file) == Known(SHARES)
    assert known("whole 2", file) == Known(None)
    assert known("whole 3", file) is None


def test_a_model_for_which_it_did_not_pay_is_tried_again_some_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "shares.json"
    keep("whole 1", file, SHARES)
    keep("whole 2", file, None)
    later = time.time() + VALID_S + 1
    monkeypatch.setattr(time, "time", lambda: later)
    assert known("whole 1", file) == Known(SHARES)
    assert known("whole 2", file) is None


@pytest.mark.parametrize(
    "text", ["", "[]", '{"whole 1 1": 3}', "{", '{"whole 1 1": {"at": "x", "shares": 5}}', "[" * 9999]
)
def test_a_damaged_file_costs_what_it_knew(tmp_path: Path, text: str) -> None:
    file = tmp_path / "shares.json"
    file.write_text(text)
    assert known("whole 1", file) is None
    keep("whole 1", file, SHARES)
    assert known("whole 1", file) == Known(SHARES)


def test_a_folder_that_cannot_be_written_costs_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "file" / "shares.json"
    file.parent.write_text("")
    keep("whole 1", file, SHARES)
    assert known("whole 1", file) is None


def test_the_models_of_packages_have_shares_from_the_start(tmp_path: Path) -> None:
    text = Path(known_models.__file__).with_name("known_models.json").read_text("utf-8")
    for entry in json.loads(text):
        about = known(entry["fingerprint"], tmp_path / "none")
        assert about is not None
        assert about.shares is not None, entry["name"]
        assert entry["fitted_to"]
    for model in PACKAGED:
        assert known(f"whole {model.digest}", tmp_path / "none") is not None, model.name
