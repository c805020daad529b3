"""Tokenizer files as metadata: kinds, ids, what is refused, and what llama.cpp cannot do."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import gguf
import pytest
import sentencepiece

from iquest_lsp.errors import CheckpointError
from quantize.sentencepiece_model import PieceKind, SentencePieceModel
from quantize.tokenizer import write_vocabulary
from quantize.vocabulary import Vocabulary
from tests.unit.quantize import checkpoints


def _train(path: Path, **options: Any) -> None:
    model = io.BytesIO()
    text = [line for line in Path(__file__).read_text("utf-8").splitlines() if line.strip()]
    defaults: dict[str, Any] = {"vocab_size": 340, "model_type": "bpe", "byte_fallback": True}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(text), model_writer=model, minloglevel=2, **(defaults | options)
    )
    path.write_bytes(model.getvalue())


def test_a_model_file_reads_as_sentencepiece_reads_it(tmp_path: Path) -> None:
    _train(tmp_path / "a.model", user_defined_symbols=["<think>", "    "], control_symbols=["<ctl>"])
    found = SentencePieceModel.read(tmp_path / "a.model")
    reference = sentencepiece.SentencePieceProcessor(model_file=str(tmp_path / "a.model"))
    assert len(found.pieces) == reference.get_piece_size()
    for at, piece in enumerate(found.pieces):
        assert piece == reference.id_to_piece(at)
        assert found.scores[at] == pytest.approx(reference.get_score(at), rel=1e-6)
        assert (found.kinds[at] is PieceKind.BYTE) == reference.is_byte(at)
        assert (found.kinds[at] is PieceKind.CONTROL) == reference.is_control(at)
        assert (found.kinds[at] is PieceKind.UNKNOWN) == reference.is_unknown(at)
    assert found.kinds[found.pieces.index("<think>")] is PieceKind.USER_DEFINED
    assert (found.normalizes, found.dummy_prefix, found.removes_spaces) == (True, True, True)  # the trainer's defaults


def test_the_published_kind_has_none_of_these(tmp_path: Path) -> None:
    checkpoints.write_sentencepiece(tmp_path)
    found = SentencePieceModel.read(tmp_path / "tokenizer.model")
    assert (found.normalizes, found.dummy_prefix, found.removes_spaces) == (False, False, False)


@pytest.mark.parametrize("data", [b"", b"nonsense", b"\x0a\xff\xff\xff\xff\x0f", bytes(100), b"\x0a\x03abc"])
def test_broken_model_files_are_clear_errors(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "tokenizer.model").write_bytes(data)
    with pytest.raises(CheckpointError, match=r"tokenizer\.model"):
        Vocabulary.read(tmp_path)


def test_a_unigram_model_is_refused(tmp_path: Path) -> None:
    _train(tmp_path / "tokenizer.model", model_type="unigram", vocab_size=350, hard_vocab_limit=False)
    with pytest.raises(CheckpointError, match="BPE"):
        Vocabulary.read(tmp_path)


def test_all_27_added_tokens_have_their_kind(tmp_path: Path) -> None:
    size = checkpoints.write_sentencepiece(tmp_path)
    found = Vocabulary.read(tmp_path, size, (2, 701, 702))
    kinds = dict(zip(found.tokens, found.kinds, strict=True))
    assert {kinds[text] for text in checkpoints.SPECIAL} == {int(PieceKind.CONTROL)}
    assert {kinds[text] for text in checkpoints.PLAIN} == {int(PieceKind.USER_DEFINED)}
    assert len(found.tokens) == size
    assert found.tokens[-1] == f"[PAD{size - 1}]"
    assert found.space_prefix is False
    assert not found.cautions


def test_what_is_written(tmp_path: Path) -> None:
    size = checkpoints.write_sentencepiece(tmp_path)
    vocabulary = Vocabulary.read(tmp_path, size, (2, 701, 702))
    fields = {
        name.removeprefix("tokenizer."): value.contents()
        for name, value in gguf.GGUFReader(write_vocabulary(tmp_path / "v.gguf", vocabulary)).fields.items()
    }
    assert fields["chat_template"] == checkpoints.TEMPLATE
    assert fields["ggml.add_space_prefix"] is False
    assert fields["ggml.add_bos_token"] is False
    assert [fields[f"ggml.{name}_token_id"] for name in ("eos", "eot", "eom")] == [2, 701, 702]
    tokens = fields["ggml.tokens"]
    for key, text in (("pre", "prefix"), ("suf", "suffix"), ("mid", "middle"), ("pad", "pad")):
        assert tokens[fields[f"ggml.fim_{key}_token_id"]] == f"<|fim_{text}|>"
    assert tokens[fields["ggml.fim_sep_token_id"]] == "<|file_sep|>"


def test_the_chat_template_may_have_a_file_of_its_own(tmp_path: Path) -> None:
    checkpoints.write_sentencepiece(tmp_path)
    settings = json.loads((tmp_path / "tokenizer_config.json").read_text("utf-8"))
    del settings["chat_template"]
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(settings), "utf-8")
    (tmp_path / "chat_template.jinja").write_text("{{ messages }}")
    written = gguf.GGUFReader(write_vocabulary(tmp_path / "v.gguf", Vocabulary.read(tmp_path)))
    assert written.fields["tokenizer.chat_template"].contents() == "{{ messages }}"


def test_sentencepiece_wins_over_a_reconstruction(tmp_path: Path) -> None:
    checkpoints.write_byte_level(tmp_path)
    assert Vocabulary.read(tmp_path).kind == "gpt2"
    checkpoints.write_sentencepiece(tmp_path)
    assert Vocabulary.read(tmp_path).kind == "llama"


def test_what_llama_cpp_cannot_do_is_said(tmp_path: Path) -> None:
    _train(tmp_path / "tokenizer.model")
    cautions = " ".join(Vocabulary.read(tmp_path).cautions)
    assert "rewrites characters (nmt_nfkc)" in cautions
    assert "removes spaces" in cautions


def test_too_many_tokens_for_the_model(tmp_path: Path) -> None:
    checkpoints.write_sentencepiece(tmp_path)
    with pytest.raises(CheckpointError, match="only 100"):
        Vocabulary.read(tmp_path, 100)
    with pytest.raises(CheckpointError, match="outside"):
        Vocabulary.read(tmp_path, 705)


def test_an_unknown_way_of_cutting_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    checkpoints.write_byte_level(tmp_path)
    content = json.loads((tmp_path / "tokenizer.json").read_text("utf-8"))
    assert Vocabulary.read(tmp_path).pre == "qwen2"
    content["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = r"\p{L}+"
    (tmp_path / "tokenizer.json").write_text(json.dumps(content), "utf-8")
    with pytest.raises(CheckpointError, match="--pre"):
        Vocabulary.read(tmp_path)
    assert Vocabulary.read(tmp_path, pre="gpt-2").pre == "gpt-2"


def test_no_tokenizer_at_all(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no tokenizer"):
        Vocabulary.read(tmp_path)


DAMAGED = {
    "cut off": '{"model": {"type": "BPE"',
    "a list": "[]",
    "empty": "",
    "no tokens": '{"model": {"type": "BPE", "vocab": {}, "merges": []}}',
    "ids that are texts": '{"model": {"type": "BPE", "vocab": {"a": "x"}, "merges": []}}',
    "negative ids": '{"model": {"type": "BPE", "vocab": {"a": -1, "b": 0}, "merges": []}}',
    "huge ids": '{"model": {"type": "BPE", "vocab": {"a": 99999999999}, "merges": []}}',
    "shared ids": '{"model": {"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}}',
    "added without text": '{"model": {"type": "BPE", "vocab": {"a": 0}}, "added_tokens": [{"id": 3}]}',
    "added in a table": '{"model": {"type": "BPE", "vocab": {"a": 0}}, "added_tokens": {"x": 1}}',
    "half a merge": '{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": ["ab"]}}',
    "a number as a merge": '{"model": {"type": "BPE", "vocab": {"a": 0}, "merges": [3]}}',
}


@pytest.mark.parametrize("name", DAMAGED)
def test_a_damaged_tokenizer_json_is_a_clear_error(tmp_path: Path, name: str) -> None:
    (tmp_path / "tokenizer.json").write_text(DAMAGED[name])
    with pytest.raises(CheckpointError, match=r"tokenizer\.json"):
        Vocabulary.read(tmp_path, 700)


@pytest.mark.parametrize("name", ["cut off", "a list", "empty"])
def test_a_damaged_one_beside_a_tokenizer_model_too(tmp_path: Path, name: str) -> None:
    size = checkpoints.write_sentencepiece(tmp_path)
    (tmp_path / "tokenizer.json").write_text(DAMAGED[name])
    with pytest.raises(CheckpointError, match=r"tokenizer\.json"):
        Vocabulary.read(tmp_path, size)


def test_settings_that_make_no_sense(tmp_path: Path) -> None:
    size = checkpoints.write_sentencepiece(tmp_path)
    path = tmp_path / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    path.write_text(json.dumps(settings | {"add_prefix_space": "yes"}))
    with pytest.raises(CheckpointError, match="add_prefix_space"):
        Vocabulary.read(tmp_path, size)
    path.write_text(json.dumps(settings | {"chat_template": [1]}))
    with pytest.raises(CheckpointError, match="chat template"):
        Vocabulary.read(tmp_path, size).write(gguf.GGUFWriter(None, "llama"))


def test_added_tokens_that_only_tokenizer_json_tells(tmp_path: Path) -> None:
    size = checkpoints.write_sentencepiece(tmp_path)
    full = Vocabulary.read(tmp_path, size)
    path = tmp_path / "tokenizer_config.json"
    settings = json.loads(path.read_text())
    decoder = settings.pop("added_tokens_decoder")
    path.write_text(json.dumps(settings))
    assert "no added tokens were found" in Vocabulary.read(tmp_path, size).cautions[0]
    listed = [{"id": int(token), **entry} for token, entry in decoder.items()]
    (tmp_path / "tokenizer.json").write_text(json.dumps({"added_tokens": listed}))
    found = Vocabulary.read(tmp_path, size)
    assert (found.tokens, found.kinds, found.cautions) == (full.tokens, full.kinds, ())


def test_ends_of_text_beyond_the_vocabulary_are_left_out(tmp_path: Path) -> None:
    size = checkpoints.write_sentencepiece(tmp_path)
    found = Vocabulary.read(tmp_path, size, (2, 75864, 75869))
    assert found.eos_ids == (2,)
    assert "75864, 75869 is left out" in found.cautions[-1]
