"""Which format a model speaks."""

from __future__ import annotations

import pytest

from iquest_lsp.nextedit.formats.choice import format_of
from iquest_lsp.nextedit.formats.instruct import Instruct
from iquest_lsp.nextedit.formats.sweep import Sweep
from iquest_lsp.nextedit.formats.zeta import Zeta2, Zeta21


@pytest.mark.parametrize(
    ("names", "kind"),
    [
        (["zeta-2-Q8.gguf"], Zeta2),
        (["Zeta2"], Zeta2),
        (["zeta-2.1"], Zeta21),
        (["zeta_v2_1"], Zeta21),
        (["zeta-20"], None),
        (["sweep-next-edit-1.5b"], Sweep),
        (["next-edit-sweep"], Sweep),
        (["other", "zeta2"], Zeta2),
        (["", "kit"], None),
        ([], None),
    ],
)
def test_a_format_is_told_by_the_names_of_a_model(names: list[str], kind: type | None) -> None:
    found = format_of(names, follows_instructions=False)
    assert type(found) is (kind or type(None))


def test_a_model_that_follows_instructions_is_asked_in_words() -> None:
    assert isinstance(format_of(["kit"], follows_instructions=True), Instruct)
    assert isinstance(format_of(["zeta2"], follows_instructions=True), Zeta2)
