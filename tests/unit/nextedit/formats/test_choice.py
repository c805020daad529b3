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


@pytest.mark.parametrize(
    ("names", "form"),
    [
        (["Zeta 2"], Zeta2),
        (["zeta-2"], Zeta2),
        (["zeta-2.1"], Zeta21),
        (["Zeta v2.1 8B"], Zeta21),
        (["zeta2_1"], Zeta21),
        (["zeta-2-Q4_K_M"], Zeta2),
        (["Sweep Next Edit 0.5B"], Sweep),
        (["Hf_Model", "sweep-next-edit-v2-7b.q8_0.gguf"], Sweep),
        (["Seed Coder 8B Base", "/models/zeta-2.1-q8_0.gguf"], Zeta21),
        (["SmolLM2 135M Instruct"], Instruct),
        (["zeta-24b"], Instruct),
    ],
)
def test_a_model_is_told_by_its_name(names: list[str], form: type) -> None:
    assert type(format_of(names, follows_instructions=True)) is form


def test_a_model_that_only_continues_text_speaks_none() -> None:
    assert format_of(["StableCode 3B", "code.gguf"], follows_instructions=False) is None
