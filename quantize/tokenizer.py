"""`python -m quantize tokenizer`: does llama.cpp cut text into the very tokens that the published tokenizer does?

The reference is SentencePiece itself for a tokenizer.model, with the added tokens cut out first as Hugging Face does,
and the `tokenizers` library for a tokenizer.json. Differences are listed, each with its cause where one is known.
"""

from __future__ import annotations

import collections
import json
import re
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import gguf

from iquest_lsp.errors import CheckpointError, IQuestError
from iquest_lsp.runtime.llama.model import Model
from quantize import gguf_stream
from quantize.checkpoint import read_json
from quantize.hard_text import strings
from quantize.sentencepiece_model import PieceKind
from quantize.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Difference:
    """One string on which the two disagree; `what` is encode or decode, `cause` "" where none is known."""

    text: str
    what: str
    ours: list[int] | str
    theirs: list[int] | str
    cause: str


@dataclass(frozen=True)
class Report:
    """How many strings were compared, and where they differ."""

    strings: int
    characters: int
    distinct: int
    cautions: tuple[str, ...]
    differences: list[Difference] = field(default_factory=list)

    @property
    def unexplained(self) -> list[Difference]:
        """Differences without a known cause."""
        return [one for one in self.differences if not one.cause]

    def to_json(self) -> dict[str, Any]:
        """The report, long strings cut."""
        causes = collections.Counter(one.cause or "unknown" for one in self.differences)
        return {
            "strings": self.strings,
            "characters": self.characters,
            "distinct_characters": self.distinct,
            "cautions": list(self.cautions),
            "different": len(self.differences),
            "causes": dict(causes),
            "differences": [
                {
                    "text": one.text[:200],
                    "what": one.what,
                    "llama_cpp": one.ours[:60],
                    "reference": one.theirs[:60],
                    "cause": one.cause or "unknown",
                }
                for one in self.differences[:200]
            ],
        }


@click.command("tokenizer")
@click.argument("checkpoint", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("model", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--strings", "count", type=click.IntRange(min=1), default=20_000, show_default=True)
@click.option("--text", "folders", multiple=True, type=click.Path(exists=True, path_type=Path), help="Real text.")
@click.option("--seed", default=0, show_default=True)
@click.option("--pre", default="", help="llama.cpp's name of the pre-tokenizer, where it is not recognised.")
@click.option("--json", "json_", is_flag=True, help="One JSON object on stdout.")
def command(
    checkpoint: Path, model: Path | None, count: int, folders: tuple[Path, ...], seed: int, pre: str, json_: bool
) -> None:
    """Compare the tokenizer of CHECKPOINT with llama.cpp's reading of MODEL (default: of a file without weights).

    Exit code 1 if they differ without a known cause.
    """
    try:
        vocabulary = Vocabulary.read(checkpoint, _vocabulary_size(checkpoint), pre=pre)
        with tempfile.TemporaryDirectory() as scratch:
            path = model or write_vocabulary(Path(scratch) / "vocabulary.gguf", vocabulary)
            report = compare(vocabulary, path, strings(count, list(vocabulary.added()), folders, seed))
    except IQuestError as error:
        raise click.ClickException(str(error)) from error
    if json_:
        click.echo(json.dumps(report.to_json(), indent=2, ensure_ascii=True))
    else:
        _show(report)
    if report.unexplained:
        raise SystemExit(1)


def compare(vocabulary: Vocabulary, path: Path, texts: Iterable[str]) -> Report:
    """Encodes and decodes each string both ways: special tokens read out of it, and taken as characters."""
    reference = reference_for(vocabulary)
    model = Model.load(path, vocab_only=True)
    count = characters = 0
    seen: set[str] = set()
    found: list[Difference] = []
    try:
        for text in texts:
            count, characters = count + 1, characters + len(text)
            seen.update(text)
            for special in (True, False):
                theirs = reference.encode(text, special)
                ours = model.tokenize(text, special=special)
                if ours != theirs:
                    found.append(Difference(text, "encode", ours, theirs, reference.cause(text, ours, theirs)))
                    break
                back = b"".join(model.piece(token, special=True) for token in ours).decode("utf-8", "replace")
                decoded = reference.decode(theirs)
                if back != decoded:
                    cause = (
                        "SentencePiece writes a space where the text has its mark U+2581"
                        if (back.replace("\u2581", " ") == decoded.replace("\u2581", " "))
                        else ""
                    )
                    found.append(Difference(text, "decode", back, decoded, cause))
                    break
    finally:
        model.close()
    return Report(count, characters, len(seen), vocabulary.cautions, found)


def write_vocabulary(path: Path, vocabulary: Vocabulary) -> Path:
    """A GGUF that holds nothing but the tokenizer."""
    writer = gguf.GGUFWriter(None, "llama")
    vocabulary.write(writer)
    gguf_stream.write(path, writer, [], lambda tensor: iter(()), {})
    return path


def reference_for(vocabulary: Vocabulary) -> Reference:
    """The published tokenizer of a vocabulary's folder. Raises CheckpointError where its library is missing."""
    try:
        if (vocabulary.folder / "tokenizer.model").exists():
            return _SentencePiece(vocabulary)
        return _Tokenizers(vocabulary)
    except ImportError as error:
        raise CheckpointError(
            "The published tokenizer cannot be run", why=str(error), fix="Install the extra: pip install '.[workshop]'"
        ) from error


class Reference:
    """A published tokenizer: text to ids and back."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._added = vocabulary.added()
        plain = {text for text, at in self._added.items() if vocabulary.kinds[at] == PieceKind.USER_DEFINED}
        self._every, self._plain = _pattern(self._added), _pattern(plain)

    def encode(self, text: str, special: bool) -> list[int]:
        """Ids; `special` False takes control tokens as characters, as text from a user is taken."""
        ids: list[int] = []
        for part in (self._every if special else self._plain)(text):
            cut = part in self._added and (special or self._kind(self._added[part]) == PieceKind.USER_DEFINED)
            ids += [self._added[part]] if cut else self.plain(part)
        return ids

    def plain(self, text: str) -> list[int]:
        """Ids of text without added tokens."""
        raise NotImplementedError

    def decode(self, ids: Sequence[int]) -> str:
        """The text of ids."""
        raise NotImplementedError

    def cause(self, text: str, ours: list[int], theirs: list[int]) -> str:
        """Why llama.cpp differs, "" if that is not known."""
        special = {PieceKind.CONTROL, PieceKind.BYTE, PieceKind.UNUSED, PieceKind.UNKNOWN}
        odd = [token for token in ours if token not in theirs and self._vocabulary.kinds[token] in special]
        names = sorted({self._vocabulary.tokens[token] for token in odd if self._vocabulary.tokens[token] in text})
        if names:
            return f"llama.cpp merges characters into pieces that no text stands for: {', '.join(names)}"
        return ""

    def _kind(self, token: int) -> int:
        return self._vocabulary.kinds[token]


class _SentencePiece(Reference):
    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__(vocabulary)
        import sentencepiece

        data = (vocabulary.folder / "tokenizer.model").read_bytes()
        if vocabulary.space_prefix is not None:
            # a message that is given again is merged: normalizer_spec (3) with add_dummy_prefix (3)
            data += bytes((3 << 3 | 2, 2, 3 << 3, int(vocabulary.space_prefix)))
        try:
            self._processor = sentencepiece.SentencePieceProcessor(model_proto=data)
        except RuntimeError as error:
            raise _refused(vocabulary.folder / "tokenizer.model", error) from error
        self._size = int(self._processor.get_piece_size())

    def plain(self, text: str) -> list[int]:
        ids: list[int] = self._processor.encode(text) if text else []
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        parts: list[str] = []
        run: list[int] = []
        for token in [*ids, -1]:
            if 0 <= token < self._size and self._vocabulary.tokens[token] not in self._added:
                run.append(token)
                continue
            if run:
                parts.append(self._processor.decode(run))
                run = []
            if token >= 0:
                parts.append(self._vocabulary.tokens[token])
        return "".join(parts)

    def cause(self, text: str, ours: list[int], theirs: list[int]) -> str:
        known = super().cause(text, ours, theirs)
        if known:
            return known
        plain = text.replace(" ", "\u2581")
        if self._vocabulary.cautions and self._processor.normalize(text) != plain:
            return "the tokenizer rewrites this text first: " + "; ".join(self._vocabulary.cautions)
        # merging by rank is not SentencePiece's rule where pieces share a score
        tokens, scores = self._vocabulary.tokens, self._vocabulary.scores
        if "".join(tokens[t] for t in ours) == "".join(tokens[t] for t in theirs) and (
            sorted(scores[t] for t in ours) == sorted(scores[t] for t in theirs)
        ):
            return "pieces of equal score, which may be merged in either order"
        return ""


class _Tokenizers(Reference):
    def __init__(self, vocabulary: Vocabulary) -> None:
        super().__init__(vocabulary)
        import tokenizers

        content = read_json(vocabulary.folder / "tokenizer.json")
        bare = json.dumps(content | {"added_tokens": [], "post_processor": None})
        try:
            self._bare = tokenizers.Tokenizer.from_str(bare)
        except Exception as error:  # the library raises nothing more particular
            raise _refused(vocabulary.folder / "tokenizer.json", error) from error

    def plain(self, text: str) -> list[int]:
        ids: list[int] = self._bare.encode(text, add_special_tokens=False).ids if text else []
        return ids

    def decode(self, ids: Sequence[int]) -> str:
        parts: list[str] = []
        run: list[int] = []
        for token in [*ids, -1]:
            if token >= 0 and self._vocabulary.tokens[token] not in self._added:
                run.append(token)
                continue
            if run:
                parts.append(self._bare.decode(run, skip_special_tokens=False))
                run = []
            if token >= 0:
                parts.append(self._vocabulary.tokens[token])
        return "".join(parts)

    def cause(self, text: str, ours: list[int], theirs: list[int]) -> str:
        known = super().cause(text, ours, theirs)
        if not known and self._bare.normalizer is not None and self._bare.normalizer.normalize_str(text) != text:
            return "the tokenizer rewrites this text first: " + "; ".join(self._vocabulary.cautions)
        return known


def _refused(path: Path, error: Exception) -> CheckpointError:
    why = (str(error).splitlines() or [type(error).__name__])[0]
    return CheckpointError(f"The published tokenizer's own library refuses {path}", why=why)


def _pattern(tokens: Iterable[str]) -> Callable[[str], list[str]]:
    """Cuts text at any of the tokens, the leftmost first and the longest of those."""
    ordered = sorted((text for text in tokens if text), key=len, reverse=True)
    if not ordered:
        return lambda text: [text] if text else []
    compiled = re.compile("(" + "|".join(re.escape(text) for text in ordered) + ")")
    return lambda text: [part for part in compiled.split(text) if part]


def _vocabulary_size(folder: Path) -> int | None:
    if not (folder / "config.json").exists():
        return None
    size = read_json(folder / "config.json").get("vocab_size")
    return size if isinstance(size, int) else None


def _show(report: Report) -> None:
    content = report.to_json()
    for caution in report.cautions:
        click.echo(f"caution: {caution}")
    click.echo(
        f"{report.strings} strings, {report.characters} characters ({report.distinct} different ones): "
        f"{report.strings - len(report.differences)} equal, {len(report.differences)} different"
    )
    for cause, count in content["causes"].items():
        click.echo(f"  {count} x {cause}")
    for one in content["differences"][:20]:
        click.echo(f"  {one['what']} {one['text'][:60]!r}: {one['llama_cpp'][:12]} instead of {one['reference'][:12]}")
