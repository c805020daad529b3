"""What is shown of a generation that the model is not sure of."""

from __future__ import annotations

from iquest_lsp.completion.postprocess import Quiet, postprocess, postprocess_for_key
from iquest_lsp.completion.syntax import unit_at
from tests.unit.completion.places import at, generation


def test_a_guess_for_a_key_is_shown_and_called_unsure() -> None:
    code = at("def total(items):\n    return ‸\n")
    made = generation("sum(items)", logprobs=(-0.1, -1.5))
    assert postprocess(made, code, unit_at(code), 0.25).text == ""
    asked = postprocess_for_key(made, code, unit_at(code), 0.0, 0.25)
    assert (asked.text, asked.quiet) == ("sum(items)", Quiet.UNSURE)
    assert postprocess_for_key(made, code, unit_at(code), 0.0, 0.1).quiet is Quiet.NO
