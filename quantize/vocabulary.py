"""A published tokenizer as GGUF metadata: SentencePiece BPE, or byte-level BPE from tokenizer.json.

Where a folder has both files, tokenizer.model is taken: its scores are what the model was trained with, while the
merges of a tokenizer.json made from it are a reconstruction. Token kinds follow llama.cpp's converter, except that
SentencePiece's own user-defined pieces keep their kind, so that text is cut at them as SentencePiece does.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import gguf

from iquest_lsp.context.prompt import FAMILIES
from iquest_lsp.errors import CheckpointError
from quantize.checkpoint import check_fetched, read_json
from quantize.pretokenizers import recognise
from quantize.sentencepiece_model import PieceKind, SentencePieceModel

#: Looked at by llama.cpp as special whatever the file says of them (its converter's does_token_look_special).
_LOOKS_SPECIAL = ("<pad>", "<mask>", "<2mass>", "[@BOS@]")
_FIM_KEYS = {"pre": "prefix", "suf": "suffix", "mid": "middle", "rep": "repository", "sep": "file"}
_READ_BY_GGUF = ("tokenizer.json", "tokenizer_config.json")
_ADDED_SCORE = -1000.0
_PAD_SCORE = -10000.0
_MOST_TOKENS = 1 << 24


@dataclass(frozen=True)
class Vocabulary:
    """Tokens by id with their kinds (gguf.TokenType), and what llama.cpp needs to cut text into them.

    `kind` is llama.cpp's tokenizer model: "llama" (SentencePiece BPE with scores) or "gpt2" (byte-level BPE with
    merges). `cautions` says what llama.cpp cannot do as the published tokenizer does.
    """

    folder: Path
    kind: str
    pre: str
    tokens: tuple[str, ...]
    kinds: tuple[int, ...]
    scores: tuple[float, ...] = field(default=(), repr=False)
    merges: tuple[str, ...] = field(default=(), repr=False)
    space_prefix: bool | None = None
    eos_ids: tuple[int, ...] = ()
    cautions: tuple[str, ...] = ()

    @classmethod
    def read(cls, folder: Path, n_vocab: int | None = None, eos_ids: tuple[int, ...] = (), pre: str = "") -> Vocabulary:
        """The tokenizer of a model folder, padded to the model's `n_vocab`.

        `pre` names one of llama.cpp's pre-tokenizers where tokenizer.json is not recognised. Raises CheckpointError.
        """
        for name in _READ_BY_GGUF:  # gguf reads them as well, without saying which one is damaged
            if (folder / name).exists():
                check_fetched(folder / name)
                read_json(folder / name)
        settings = read_json(folder / "tokenizer_config.json") if (folder / "tokenizer_config.json").exists() else {}
        prefix = settings.get("add_prefix_space")
        if prefix is not None and not isinstance(prefix, bool):
            told = f"tokenizer_config.json has add_prefix_space = {prefix!r}"
            raise CheckpointError(told, why="true or false is needed")
        if (folder / "tokenizer.model").exists():
            check_fetched(folder / "tokenizer.model")
            return _from_sentencepiece(folder, settings, n_vocab, eos_ids)._with_real_ends()
        if (folder / "tokenizer.json").exists():
            return _from_json(folder, settings, n_vocab, eos_ids, pre)._with_real_ends()
        raise CheckpointError(
            f"There is no tokenizer in {folder}",
            why="neither tokenizer.model nor tokenizer.json is there",
            fix="Fetch the missing files of the checkpoint",
        )

    def _with_real_ends(self) -> Vocabulary:
        """Without ends of text that are beyond the vocabulary."""
        beyond = [token for token in self.eos_ids if token >= len(self.tokens)]
        if not beyond:
            return self
        caution = (
            f"config.json's eos_token_id {', '.join(map(str, beyond))} is left out: there are {len(self.tokens)} tokens"
        )
        ends = tuple(token for token in self.eos_ids if token not in beyond)
        return replace(self, eos_ids=ends, cautions=(*self.cautions, caution))

    def write(self, writer: Any) -> None:
        """Adds the tokenizer's keys to a gguf.GGUFWriter, by the names that llama.cpp reads."""
        writer.add_tokenizer_model(self.kind)
        writer.add_tokenizer_pre(self.pre)
        writer.add_token_list(list(self.tokens))
        if self.scores:
            writer.add_token_scores(list(self.scores))
        writer.add_token_types(list(self.kinds))
        special = self._special()
        special.merges = list(self.merges)
        eos = special.special_token_ids.get("eos")
        if eos is None and self.eos_ids:
            eos = self.eos_ids[0]
            special.special_token_ids["eos"] = eos
        for name, token in zip(("eot", "eom"), [i for i in self.eos_ids if i != eos], strict=False):
            special.special_token_ids.setdefault(name, token)
        special.add_to_gguf(writer, quiet=True)
        if self.space_prefix is not None:
            writer.add_add_space_prefix(self.space_prefix)
        for key, token in self.fim_ids().items():
            writer.add_uint32(f"tokenizer.ggml.fim_{key}_token_id", token)

    def _special(self) -> gguf.SpecialVocab:
        """Ids of special tokens and the chat template, as gguf reads them. Raises CheckpointError."""
        try:
            special = gguf.SpecialVocab(self.folder, load_merges=False, n_vocab=len(self.tokens))
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointError(f"The special tokens of {self.folder} make no sense", why=str(error)) from error
        template = special.chat_template
        if template is not None and not isinstance(template, str):
            named = isinstance(template, list) and all(
                isinstance(part, dict) and isinstance(part.get("name"), str) and isinstance(part.get("template"), str)
                for part in template
            )
            if not named:
                raise CheckpointError(f"The chat template of {self.folder} makes no sense", why="it is not a text")
        return special

    def fim_ids(self) -> dict[str, int]:
        """Ids of the tokens for filling in the middle, by llama.cpp's short names; empty where there are none."""
        ids = {text: at for at, text in enumerate(self.tokens)}
        for family in FAMILIES:
            if all(text in ids for text in family.named):
                found = {key: ids[getattr(family, part)] for key, part in _FIM_KEYS.items() if getattr(family, part)}
                return found | ({"pad": ids["<|fim_pad|>"]} if "<|fim_pad|>" in ids else {})
        return {}

    def added(self) -> dict[str, int]:
        """Tokens that text is cut at before anything else: special ones, <unk> among them, and user-defined ones."""
        wanted = (gguf.TokenType.CONTROL, gguf.TokenType.USER_DEFINED, gguf.TokenType.UNKNOWN)
        return {text: at for at, (text, kind) in enumerate(zip(self.tokens, self.kinds, strict=True)) if kind in wanted}


def _from_sentencepiece(
    folder: Path, settings: dict[str, Any], n_vocab: int | None, eos_ids: tuple[int, ...]
) -> Vocabulary:
    model = SentencePieceModel.read(folder / "tokenizer.model")
    added = _added_tokens(settings) or _added_in_json(folder)
    extra = read_json(folder / "added_tokens.json") if (folder / "added_tokens.json").exists() else {}
    if n_vocab is None:
        ids = [*(at for at in extra.values() if isinstance(at, int)), *(at for at, *_ in added)]
        n_vocab = max(len(model.pieces), *(at + 1 for at in ids if at < _MOST_TOKENS)) if ids else len(model.pieces)
    size = _size(n_vocab, len(model.pieces), "tokenizer.model")
    padding = size - len(model.pieces)
    tokens = [*model.pieces, *(f"[PAD{at}]" for at in range(len(model.pieces), size))]
    scores = [*model.scores, *[_PAD_SCORE] * padding]
    kinds = [*(int(kind) for kind in model.kinds), *[int(PieceKind.UNUSED)] * padding]
    for text, token in extra.items():
        _add(tokens, kinds, token, text, PieceKind.USER_DEFINED)
        scores[token] = _ADDED_SCORE
    for token, text, special, _ in added:
        kind = PieceKind.CONTROL if special or _looks_special(text) else PieceKind.USER_DEFINED
        _add(tokens, kinds, token, text, kind)
        scores[token] = _ADDED_SCORE
    cautions = [*_stripping(settings)]
    if padding and not added and not extra:
        cautions.append(
            f"no added tokens were found, so the ids from {len(model.pieces)} on stand for no text: is "
            "tokenizer_config.json missing?"
        )
    if model.normalizes:
        cautions.append(f"the tokenizer rewrites characters ({model.normalizer}); llama.cpp takes text as it is")
    if model.removes_spaces:
        cautions.append("the tokenizer removes spaces at both ends and doubled ones; llama.cpp keeps them")
    prefix = settings.get("add_prefix_space")
    return Vocabulary(
        folder,
        "llama",
        "default",
        tuple(tokens),
        tuple(kinds),
        tuple(scores),
        (),
        prefix if isinstance(prefix, bool) else model.dummy_prefix,
        eos_ids,
        tuple(cautions),
    )


def _from_json(
    folder: Path, settings: dict[str, Any], n_vocab: int | None, eos_ids: tuple[int, ...], pre: str
) -> Vocabulary:
    content = read_json(folder / "tokenizer.json")
    model = content.get("model")
    if not isinstance(model, dict) or model.get("type") != "BPE" or not isinstance(model.get("vocab"), dict):
        raise CheckpointError(f"{folder / 'tokenizer.json'} is not a BPE tokenizer", why="only BPE can be converted")
    ids: dict[str, int] = model["vocab"]
    listed = _listed_in_json(folder, content)
    added = {str(entry["content"]): entry for entry in listed}
    merges = _merges(folder, model)
    every = [*ids.values(), *(entry["id"] for entry in listed)]
    if not every or not all(type(token) is int and 0 <= token < _MOST_TOKENS for token in every):
        odd = next((token for token in every if type(token) is not int or not 0 <= token < _MOST_TOKENS), None)
        raise _senseless(folder, f"it has the token id {odd!r}" if every else "it has no tokens")
    if len(set(ids.values())) != len(ids):
        raise _senseless(folder, "two tokens share an id")
    size = _size(n_vocab, max(every) + 1, "tokenizer.json")
    tokens = [f"[PAD{at}]" for at in range(size)]
    kinds = [int(PieceKind.UNUSED)] * size
    for text, token in ids.items():
        tokens[token], kinds[token] = text, int(PieceKind.NORMAL)
    scores: tuple[float, ...] = ()
    if model.get("byte_fallback"):
        kind, pre, prefix, scores = _sentencepiece_again(content, settings, tokens, kinds, merges)
    else:
        kind, pre, prefix = "gpt2", pre or recognise(content), None
    for text, entry in added.items():
        special = bool(entry.get("special")) or _looks_special(text)
        _add(tokens, kinds, int(entry["id"]), text, PieceKind.CONTROL if special else PieceKind.USER_DEFINED)
    cautions = _stripping({"added_tokens_decoder": {entry["id"]: entry for entry in added.values()}})
    if (content.get("normalizer") or {}).get("type") == "NFC":
        cautions.append("the tokenizer composes characters (NFC); llama.cpp takes text as it is")
    # a space within a merge is written as llama.cpp's converter does
    lines = [" ".join(part.replace(" ", chr(ord(" ") + 256)) for part in pair) for pair in merges]
    return Vocabulary(
        folder,
        kind,
        pre,
        tuple(tokens),
        tuple(kinds),
        scores,
        tuple(lines) if kind == "gpt2" else (),
        prefix,
        eos_ids,
        tuple(cautions),
    )


def _sentencepiece_again(
    content: dict[str, Any], settings: dict[str, Any], tokens: list[str], kinds: list[int], merges: list[list[str]]
) -> tuple[str, str, bool, tuple[float, ...]]:
    """A SentencePiece model of which only tokenizer.json is left: a token's score is the rank of the merge that
    makes it, which is what the merges were reconstructed from."""
    scores = [0.0] * len(tokens)
    for rank, pair in enumerate(merges):
        at = content["model"]["vocab"].get("".join(pair))
        if at is not None and scores[at] == 0.0:
            scores[at] = -float(rank + 1)
    for at, text in enumerate(tokens):
        if len(text) == 6 and text.startswith("<0x") and text.endswith(">"):
            kinds[at] = int(PieceKind.BYTE)
        if text == content["model"].get("unk_token"):
            kinds[at] = int(PieceKind.UNKNOWN)
    prefix = settings.get("add_prefix_space")
    if not isinstance(prefix, bool):
        prefix = '"Prepend"' in json.dumps(content.get("normalizer")) or '"prepend_scheme": "first"' in json.dumps(
            content.get("pre_tokenizer")
        )
    return "llama", "default", prefix, tuple(scores)


def _senseless(folder: Path, why: str) -> CheckpointError:
    return CheckpointError(f"{folder / 'tokenizer.json'} makes no sense", why=why, fix="Fetch the file again")


def _listed_in_json(folder: Path, content: dict[str, Any]) -> list[dict[str, Any]]:
    """The added tokens of a tokenizer.json. Raises CheckpointError."""
    listed = content.get("added_tokens") or []
    if not isinstance(listed, list) or not all(
        isinstance(entry, dict) and isinstance(entry.get("content"), str) and type(entry.get("id")) is int
        for entry in listed
    ):
        raise _senseless(folder, "its added tokens have no text or no id")
    return listed


def _added_in_json(folder: Path) -> list[tuple[int, str, bool, dict[str, Any]]]:
    """The added tokens that only a tokenizer.json beside the tokenizer.model tells."""
    if not (folder / "tokenizer.json").exists():
        return []
    listed = _listed_in_json(folder, read_json(folder / "tokenizer.json"))
    return [(entry["id"], entry["content"], bool(entry.get("special")), entry) for entry in listed]


def _merges(folder: Path, model: dict[str, Any]) -> list[list[str]]:
    """Pairs of pieces, written as one text or as two. Raises CheckpointError."""
    listed = model.get("merges") or []
    if not isinstance(listed, list):
        raise _senseless(folder, "its merges are no list")
    pairs: list[list[str]] = [pair.split(" ", 1) if isinstance(pair, str) else pair for pair in listed]
    for pair in pairs:
        if not (isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)):
            raise _senseless(folder, f"{pair!r} is not a pair of pieces to merge")
    return pairs


def _added_tokens(settings: dict[str, Any]) -> list[tuple[int, str, bool, dict[str, Any]]]:
    decoder = settings.get("added_tokens_decoder") or {}
    try:
        return [(int(at), str(entry["content"]), bool(entry.get("special")), entry) for at, entry in decoder.items()]
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError("tokenizer_config.json has added_tokens_decoder entries that make no sense") from error


def _stripping(settings: dict[str, Any]) -> list[str]:
    odd = [text for _, text, _, entry in _added_tokens(settings) if entry.get("lstrip") or entry.get("rstrip")]
    return [f"spaces beside {', '.join(odd)} belong to the token; llama.cpp keeps them apart"] if odd else []


def _add(tokens: list[str], kinds: list[int], token: object, text: str, kind: PieceKind) -> None:
    if not isinstance(token, int) or not 0 <= token < len(tokens):
        raise CheckpointError(
            f"The added token {text} has the id {token!r}, outside of the model's {len(tokens)} tokens"
        )
    # llama.cpp looks for user-defined tokens in the text as it is, with plain spaces
    tokens[token] = text.replace("\u2581", " ") if kind is PieceKind.USER_DEFINED else text
    kinds[token] = int(kind)


def _looks_special(text: str) -> bool:
    return (
        text in _LOOKS_SPECIAL
        or (text.startswith("<|") and text.endswith("|>"))
        or (text.startswith("<｜") and text.endswith("｜>"))
        or (text.startswith("<unused") and text.endswith(">"))
    )


def _size(n_vocab: int | None, tokens: int, name: str) -> int:
    if n_vocab is None:
        return tokens
    if tokens > n_vocab:
        raise CheckpointError(f"{name} has {tokens} tokens, the model only {n_vocab}")
    return n_vocab
