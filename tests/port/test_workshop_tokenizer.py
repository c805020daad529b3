"""llama.cpp must cut text as the published tokenizer does, and the comparison must notice when it does not."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import gguf
import pytest
from click.testing import CliRunner

from iquest_lsp.runtime.llama.model import Model
from quantize.hard_text import strings
from quantize.tokenizer import command, compare, write_vocabulary
from quantize.vocabulary import Vocabulary
from tests.unit.quantize import checkpoints


def _sentencepiece(folder: Path) -> Vocabulary:
    folder.mkdir(exist_ok=True)
    return Vocabulary.read(folder, checkpoints.write_sentencepiece(folder), (2, 701, 702))


def _byte_level(folder: Path) -> Vocabulary:
    folder.mkdir(exist_ok=True)
    checkpoints.write_byte_level(folder)
    return Vocabulary.read(folder)


@pytest.mark.parametrize("make", [_sentencepiece, _byte_level])
def test_equal_to_the_published_tokenizer(tmp_path: Path, make: object) -> None:
    vocabulary = make(tmp_path / "model")  # type: ignore[operator]  # one of the two functions above
    path = write_vocabulary(tmp_path / "v.gguf", vocabulary)
    report = compare(vocabulary, path, strings(3000, list(vocabulary.added())))
    assert report.differences == []
    assert report.distinct > 20_000


@pytest.mark.parametrize("prefix", [False, True])
def test_the_space_in_front_is_as_configured(tmp_path: Path, prefix: bool) -> None:
    checkpoints.write_sentencepiece(tmp_path, add_prefix_space=prefix)
    vocabulary = Vocabulary.read(tmp_path)
    path = write_vocabulary(tmp_path / "v.gguf", vocabulary)
    model = Model.load(path, vocab_only=True)
    assert vocabulary.tokens[model.tokenize("return", special=True)[0]].startswith("\u2581") is prefix
    # a part of a longer text has none in any case, and means the same wherever it is cut
    for text in ("return", "    return x", "\n\n    return", "", "\u6f22", " "):
        assert b"".join(map(model.piece, model.tokenize(text))) == text.encode()
    assert model.tokenize("if x:\n") + model.tokenize("    return x") == model.tokenize("if x:\n    return x")
    model.close()


def test_all_27_tokens_are_one_id_each(tmp_path: Path) -> None:
    vocabulary = _sentencepiece(tmp_path)
    model = Model.load(write_vocabulary(tmp_path / "v.gguf", vocabulary), vocab_only=True)
    for text in (*checkpoints.SPECIAL, *checkpoints.PLAIN):
        at = vocabulary.tokens.index(text)
        assert model.tokenize(f"a{text}b", special=True)[1:-1] == [at]
        # what is not special is cut out of a user's text too; what is special never is
        assert (at in model.tokenize(f"a{text}b")) == (text in checkpoints.PLAIN)
    assert all(model.is_eog(token) for token in (2, 701, 702))
    model.close()


def _swap_scores(vocabulary: Vocabulary) -> Vocabulary:
    scores = list(vocabulary.scores)
    scores[300:500] = scores[300:500][::-1]
    return dataclasses.replace(vocabulary, scores=tuple(scores))


def _plain_think(vocabulary: Vocabulary) -> Vocabulary:
    kinds = list(vocabulary.kinds)
    kinds[vocabulary.tokens.index("<think>")] = int(gguf.TokenType.NORMAL)
    return dataclasses.replace(vocabulary, kinds=tuple(kinds))


@pytest.mark.parametrize(
    "spoil",
    [_swap_scores, _plain_think, lambda vocabulary: dataclasses.replace(vocabulary, space_prefix=True)],
    ids=["scores", "added token", "space in front"],
)
def test_a_wrong_file_is_noticed(tmp_path: Path, spoil: object) -> None:
    vocabulary = _sentencepiece(tmp_path)
    wrong = spoil(vocabulary)  # type: ignore[operator]  # one of the functions above
    path = write_vocabulary(tmp_path / "v.gguf", wrong)
    assert compare(vocabulary, path, strings(400, list(vocabulary.added()))).unexplained


def test_only_tokenizer_json_of_a_sentencepiece_model(tmp_path: Path) -> None:
    """Scores made from merges give the segmentation that the merges give."""
    from tokenizers import Tokenizer, decoders, models, normalizers, trainers

    made = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    made.normalizer = normalizers.Replace(" ", "\u2581")
    made.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    special = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    trainer = trainers.BpeTrainer(vocab_size=900, special_tokens=special, show_progress=False)
    lines = [line for path in sorted(checkpoints.ROOT.glob("iquest_lsp/*.py")) for line in path.read_text().split("\n")]
    made.train_from_iterator(lines, trainer)
    made.save(str(tmp_path / "tokenizer.json"))
    content = json.loads((tmp_path / "tokenizer.json").read_text("utf-8"))
    content["added_tokens"] = content["added_tokens"][:3]
    (tmp_path / "tokenizer.json").write_text(json.dumps(content), "utf-8")
    vocabulary = Vocabulary.read(tmp_path)
    assert vocabulary.kind == "llama"
    report = compare(vocabulary, write_vocabulary(tmp_path / "v.gguf", vocabulary), strings(1000))
    assert not report.unexplained


def test_the_command_reports_and_fails(tmp_path: Path) -> None:
    vocabulary = _sentencepiece(tmp_path / "model")
    good = CliRunner().invoke(command, [str(tmp_path / "model"), "--strings", "200", "--json"])
    assert good.exit_code == 0, good.output
    assert json.loads(good.stdout)["different"] == 0
    path = write_vocabulary(tmp_path / "v.gguf", _swap_scores(vocabulary))
    bad = CliRunner().invoke(command, [str(tmp_path / "model"), str(path), "--strings", "200", "--json"])
    assert bad.exit_code == 1
    assert json.loads(bad.stdout)["causes"]["unknown"] > 0
