"""llama.cpp must cut text into the very tokens that the model was trained on."""

from __future__ import annotations

import random
from pathlib import Path

import gguf
import pytest

import iquest_lsp.models
from iquest_lsp.errors import RuntimeSetupError
from iquest_lsp.runtime.llama import model
from quantize.pretrain import tokenizer as vocabulary
from quantize.pretrain.gguf_tokenizer import from_fields
from tests.unit.pretrain.strings import strings

NANO = Path(iquest_lsp.models.__file__).with_name("nano.gguf")


def _fields(path: Path) -> dict[str, object]:
    return {name: field.contents() for name, field in gguf.GGUFReader(path).fields.items()}


@pytest.fixture(scope="module")
def engine() -> model.Model:
    try:
        model.bindings()
    except RuntimeSetupError as error:
        pytest.skip(str(error))
    if not model.is_ported():
        pytest.skip("the ported llama.cpp is not installed: iquest-lsp runtime build")
    return model.Model.load(NANO)


def test_llama_cpp_tokenizes_as_in_training(engine: model.Model) -> None:
    ours = from_fields(_fields(NANO))
    cases = list(strings(10_000))
    wrong = [text for text in cases if engine.tokenize(text) != ours.encode(text).ids]
    assert not wrong, f"{len(wrong)} of {len(cases)}, the shortest {min(wrong, key=len)!r}"
    assert len(set("".join(cases))) > 3000


def test_tokens_give_the_text_back(engine: model.Model) -> None:
    for text in strings(300, seed=1):
        assert b"".join(map(engine.piece, engine.tokenize(text))) == text.encode("utf-8")


def test_special_tokens_are_single_and_never_parsed(engine: model.Model) -> None:
    special = vocabulary.special_ids(from_fields(_fields(NANO)))
    assert sorted(special.values()) == list(range(len(vocabulary.SPECIAL)))
    for text, token in special.items():
        assert engine.token_id(text) == token
        assert token not in engine.tokenize(text)
        assert len(engine.tokenize(text)) > 1


def test_the_file_names_the_roles_of_its_tokens() -> None:
    fields = _fields(NANO)
    special = vocabulary.special_ids(from_fields(fields))
    for key, text in (
        ("eos", vocabulary.END),
        ("eot", vocabulary.END),
        ("fim_pre", vocabulary.FIM_PREFIX),
        ("fim_suf", vocabulary.FIM_SUFFIX),
        ("fim_mid", vocabulary.FIM_MIDDLE),
        ("fim_pad", vocabulary.FIM_PAD),
        ("fim_rep", vocabulary.REPOSITORY),
        ("fim_sep", vocabulary.FILE),
    ):
        assert fields[f"tokenizer.ggml.{key}_token_id"] == special[text]
    assert fields["iquest.fim.order"] == "spm"
    assert fields["iquest.prompt.version"] == 1
    assert fields["iquest.window_tokens"] == 2048
    assert fields["tokenizer.ggml.add_bos_token"] is False


@pytest.mark.torch
def test_the_file_holds_the_trained_tokenizer(finished: tuple[object, Path]) -> None:
    run, path = finished
    cleaned, key = run.stages.clean()  # type: ignore[attr-defined]  # the run's type needs torch, which is optional here
    trained, _ = run.stages.tokenizer(cleaned, key)  # type: ignore[attr-defined]  # likewise
    again = from_fields(_fields(path))
    draw = random.Random(2)
    for text in strings(2_000, seed=draw.randrange(1000)):
        assert trained.encode(text).ids == again.encode(text).ids
