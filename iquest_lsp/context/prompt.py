"""Prompt formats: how chunks and the text around the cursor become the parts of a prompt.

Layout version 1, the one the embedded model is trained on (parts are tokenized one by one, so that a change in one
leaves the tokens of the others alone; text is never parsed for special tokens):

    <|repo_name|>NAME\\n
    <|file_sep|>.tree\\n one path per line \\n
    <|file_sep|>.history\\n- KIND: subject (path, path)\\n ...
    <|file_sep|>PATH\\n TEXT \\n                               related and open files
    <|file_sep|>PATH (edited)\\n TEXT \\n                      recent edits, as the code reads after the change
    <|file_sep|>PATH\\n<|fim_prefix|><|fim_suffix|> SUFFIX <|fim_middle|> PREFIX [<|tail|> TAIL <|head|>] HEAD

HEAD is the cursor's line up to the cursor, TAIL the rest of it, PREFIX the whole lines before it and SUFFIX the
whole lines after it. The model continues HEAD; no newline stands between its answer and SUFFIX. TAIL is absent when
empty, so that typing at the end of a line, or inside brackets an editor closed by itself, changes only the end of
the prompt. Suffix-first order: Bavarian et al. 2022, "Efficient Training of Language Models to Fill in the Middle",
section 3 (SPM).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from iquest_lsp.datatypes import ChunkKind, Part

LAYOUT_VERSION = 1
TREE_PATH = ".tree"
HISTORY_PATH = ".history"


@dataclass(frozen=True, slots=True)
class FimTokens:
    """The special tokens of one family of fill-in-the-middle models, by their exact text ("" where it has none)."""

    prefix: str
    suffix: str
    middle: str
    repository: str = ""
    file: str = ""
    tail: str = ""
    head: str = ""


#: Families told apart by the tokens in the vocabulary, most specific first.
FAMILIES: tuple[FimTokens, ...] = (
    FimTokens(
        "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|repo_name|>", "<|file_sep|>", "<|tail|>", "<|head|>"
    ),
    FimTokens("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|repo_name|>", "<|file_sep|>"),
    FimTokens("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "", "<|file_separator|>"),
    FimTokens("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    FimTokens("<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<repo_name>", "<file_sep>"),
    FimTokens("<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<reponame>", "<filename>"),
    FimTokens("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
    FimTokens("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),
    FimTokens("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
    FimTokens("▁<PRE>", "▁<SUF>", "▁<MID>"),
    FimTokens("<PRE>", "<SUF>", "<MID>"),
    FimTokens("[PREFIX]", "[SUFFIX]", "[MIDDLE]"),
)


@dataclass(frozen=True, slots=True)
class CursorText:
    """The current file around the cursor, cut at line borders; see the module's docstring for the four names."""

    path: str
    prefix: str
    head: str
    tail: str
    suffix: str


@dataclass(frozen=True, slots=True)
class PromptFormat:
    """How prompts are written for one model: its tokens, its order ("spm" or "psm"), its layout version.

    `tokens` is None for a model without fill-in-the-middle tokens.
    """

    tokens: FimTokens | None
    order: str = "psm"
    version: int = 0

    @classmethod
    def detect(cls, metadata: Mapping[str, str], special_tokens: Mapping[str, int]) -> PromptFormat:
        """Reads the format from the GGUF's own metadata and vocabulary, never from the file's name."""
        order = metadata.get("iquest.fim.order", "psm")
        version = int(metadata.get("iquest.prompt.version", "0"))
        for family in FAMILIES:
            named = (family.prefix, family.suffix, family.middle, family.repository, family.file, family.tail)
            if all(text in special_tokens for text in named if text):
                return cls(family, order if order in ("spm", "psm") else "psm", version)
        return cls(None, "psm", version)

    def repository(self, name: str) -> list[Part]:
        """The first line of the prompt: the repository's name."""
        if self.tokens is None or not self.tokens.repository:
            return []
        return [Part(self.tokens.repository, special=True), Part(name + "\n")]

    def chunk(self, kind: ChunkKind, path: str, text: str) -> list[Part]:
        """One chunk of context with its header; text ends with a newline in the prompt."""
        title = f"{path} (edited)" if kind is ChunkKind.EDIT else path
        body = text if text.endswith("\n") else text + "\n"
        return [*self._file(title), Part(body)]

    def current(self, cursor: CursorText) -> list[Part]:
        """The current file, last: its end is where the model goes on."""
        tokens = self.tokens
        if tokens is None:
            return [*self._file(cursor.path), *_text(cursor.prefix), *_text(cursor.head)]
        parts = self._file(cursor.path)
        pre, suf, mid = (Part(text, special=True) for text in (tokens.prefix, tokens.suffix, tokens.middle))
        if self.order == "psm":
            after = self._rest(cursor)
            return [*parts, pre, *_text(cursor.prefix), suf, *_text(after), mid, *_text(cursor.head)]
        if not tokens.tail:
            after = self._rest(cursor)
            return [*parts, pre, suf, *_text(after), mid, *_text(cursor.prefix), *_text(cursor.head)]
        line = _text(cursor.head)
        if cursor.tail:
            line = [Part(tokens.tail, special=True), Part(cursor.tail), Part(tokens.head, special=True), *line]
        return [*parts, pre, suf, *_text(cursor.suffix), mid, *_text(cursor.prefix), *line]

    def _rest(self, cursor: CursorText) -> str:
        return cursor.tail + ("\n" + cursor.suffix if cursor.suffix else "")

    def _file(self, title: str) -> list[Part]:
        if self.tokens is not None and self.tokens.file:
            return [Part(self.tokens.file, special=True), Part(title + "\n")]
        return [Part(f"# {title}\n")]


def encode(parts: Sequence[Part], special_tokens: Mapping[str, int], tokenized: Sequence[Sequence[int]]) -> list[int]:
    """Joins parts into token ids; `tokenized` holds the ids of the plain parts, in order."""
    ids: list[int] = []
    plain = iter(tokenized)
    for part in parts:
        if part.special:
            ids.append(special_tokens[part.text])
        else:
            ids.extend(next(plain))
    return ids


def _text(text: str) -> list[Part]:
    return [Part(text)] if text else []
