from __future__ import annotations

import pytest

from iquest_lsp.nextedit.sorts import Clue, PredictorKind, Sort


@pytest.mark.parametrize("key", ["model", "rename-own-done2", "rename-own+repeat-bare-1-far"])
def test_a_sort_is_read_as_it_is_written(key: str) -> None:
    assert Sort.read(key).key == key


def test_a_name_of_no_predictor_is_none() -> None:
    with pytest.raises(ValueError, match="guess"):
        Sort.read("guess-1")


def test_marks_that_are_empty_are_none() -> None:
    made = Sort.of(PredictorKind.RENAME, "member", "", "own")
    assert made == Sort((Clue(PredictorKind.RENAME, ("member", "own")),))
    assert made.plus("") is made
    assert made.plus("", "short").key == "rename-member-own-short"


def test_what_several_predictors_say_is_one_sort_whoever_spoke_first() -> None:
    renamed, repeated = Sort.read("rename-own"), Sort.read("repeat-bare")
    both = Sort.joined([repeated, renamed, repeated])
    assert both == Sort.joined([both, renamed])
    assert both.key == "rename-own+repeat-bare"
    assert both.predictors == (PredictorKind.RENAME, PredictorKind.REPEAT)
    assert Sort.read("rename-own+rename-other").predictors == (PredictorKind.RENAME,)
