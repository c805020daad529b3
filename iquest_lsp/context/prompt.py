"""Prompt formats: how chunks and the text around the cursor become the parts of a prompt.

Layout version 1, the one the embedded model is trained on (parts are tokenized one by one, so that a change in one
leaves the tokens of the others alone; text is never parsed for special tokens):

    <|repo_name|>NAME\\n
    <|file_sep|>.tree\\n one path per line \\n
    <|file_sep|>.history\\n- KIND: subject (path, path)\\n ...
    <|file_sep|>PATH\\n TEXT \\n                               related and open files
    <|file_sep|>PATH (edited)\\n TEXT \\n                      recent edits, as the code reads after the change
    <|file_sep|>.diagnostics\\n- MESSAGE: CODE \\n ...          where an editor offers it; not part of the training
    <|file_sep|>PATH\\n<|fim_prefix|><|fim_suffix|> SUFFIX <|fim_middle|> PREFIX [<|tail|> TAIL <|head|>] HEAD

HEAD is the cursor's line up to the cursor, TAIL the rest of it, PREFIX the whole lines before it and SUFFIX the
whole lines after it. The model continues HEAD; no newline stands between its answer and SUFFIX. TAIL is absent when
empty, so that typing at the end of a line, or inside brackets an editor closed by itself, changes only the end of
the prompt. Suffix-first order: Bavarian et al. 2022, "Efficient Training of Language Models to Fill in the Middle",
section 3 (SPM).

A model without fill-in-the-middle tokens continues the same pieces as plain text, each behind a line with its path;
what stands behind the cursor is no part of that prompt:

    # PATH\n TEXT \n                                          related and open files, recent edits, ...
    # PATH\n PREFIX HEAD
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from iquest_lsp.datatypes import ChunkKind, Part
from iquest_lsp.errors import UnsupportedModelError

LAYOUT_VERSION = 1
TREE_PATH = ".tree"
HISTORY_PATH = ".history"
NOTES_PATH = ".diagnostics"


@dataclass(frozen=True, slots=True)
class FimTokens:
    """The special tokens of one family of fill-in-the-middle models, by their exact text ("" where it has none).

    `order` is the one the family was trained with: "psm" (prefix, suffix, then the answer), or "sfx" (the suffix's
    token and text, the prefix's, then the answer). `repository_end` stands after the repository's name. With
    `path_inside` the path of the current file belongs to its prefix, after the prefix's token.
    """

    prefix: str
    suffix: str
    middle: str
    repository: str = ""
    file: str = ""
    tail: str = ""
    head: str = ""
    order: str = "psm"
    repository_end: str = "\n"
    path_inside: bool = False

    @property
    def named(self) -> tuple[str, ...]:
        """All tokens the family has."""
        every = (self.prefix, self.suffix, self.middle, self.repository, self.file, self.tail, self.head)
        return tuple(text for text in every if text)


#: Families told apart by the tokens in the vocabulary, most specific first. Sources: the models' papers and cards
#: (Qwen2.5-Coder arXiv 2409.12186; CodeGemma arXiv 2406.11409; StarCoder2 arXiv 2402.19173, section 5.1; StarCoder
#: arXiv 2305.06161, whose format Granite Code shares; DeepSeek-Coder arXiv 2401.14196; Code Llama arXiv 2308.12950;
#: Codestral: mistral-common; Seed-Coder arXiv 2506.03524; GLM-4.5 and CodeGeeX4: their vocabularies). Qwen3-Coder's
#: README puts the marks into a chat turn, where the model answers with a fenced block (its repository's issue 543);
#: with the bare marks it fills in.
FAMILIES: tuple[FimTokens, ...] = (
    FimTokens(
        "<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|repo_name|>", "<|file_sep|>", "<|tail|>", "<|head|>"
    ),
    FimTokens("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "<|repo_name|>", "<|file_sep|>"),
    FimTokens("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>", "", "<|file_separator|>"),
    FimTokens("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    FimTokens(
        "<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<repo_name>", "<file_sep>", repository_end="", path_inside=True
    ),
    FimTokens("<fim_prefix>", "<fim_suffix>", "<fim_middle>", "<reponame>", "<filename>", repository_end=""),
    FimTokens("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
    FimTokens("<fim-prefix>", "<fim-suffix>", "<fim-middle>"),
    FimTokens("<[fim-prefix]>", "<[fim-suffix]>", "<[fim-middle]>", order="sfx"),
    FimTokens("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
    FimTokens("▁<PRE>", "▁<SUF>", "▁<MID>"),
    FimTokens("<PRE>", "<SUF>", "<MID>"),
    FimTokens("[PREFIX]", "[SUFFIX]", "", order="sfx"),
    FimTokens("<|code_prefix|>", "<|code_suffix|>", "<|code_middle|>"),
)
#: Families that share another's tokens and not its order, told apart by what the file calls its model (general.name,
#: general.basename). Mellum: the card of JetBrains/Mellum-4b-base shows the suffix first, each file behind its name,
#: and no repository. Mellum 2 has the same marks and was trained on both orders, half and half (arXiv 2605.31268,
#: section 3.2.2).
NAMED_FAMILIES: Mapping[str, FimTokens] = {
    "mellum": FimTokens("<fim_prefix>", "<fim_suffix>", "<fim_middle>", "", "<filename>", order="sfx"),
}
_NAME_KEYS = ("general.name", "general.basename")
#: Where a GGUF names its tokens by id itself: prefix, suffix, middle, repository, file.
_ID_KEYS = ("fim_pre", "fim_suf", "fim_mid", "fim_rep", "fim_sep")


@dataclass(frozen=True, slots=True)
class ChatTokens:
    """How a family of instruction models marks turns: what stands before a user's text, and between it and the answer.

    Each is text with the control tokens in it; the control tokens are cut out by their exact text.
    """

    controls: tuple[str, ...]
    user: str
    answer: str


#: Told apart by their control tokens, which must stand in the chat template too.
CHATS: tuple[ChatTokens, ...] = (
    ChatTokens(("<|im_start|>", "<|im_end|>"), "<|im_start|>user\n", "<|im_end|>\n<|im_start|>assistant\n"),
    ChatTokens(
        ("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
        "<|start_header_id|>user<|end_header_id|>\n\n",
        "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    ),
    ChatTokens(("<start_of_turn>", "<end_of_turn>"), "<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n"),
    ChatTokens(("<｜User｜>", "<｜Assistant｜>"), "<｜User｜>", "<｜Assistant｜>"),
    ChatTokens(("<|user|>", "<|assistant|>", "<|end|>"), "<|user|>\n", "<|end|>\n<|assistant|>\n"),
    ChatTokens(("<|user|>", "<|assistant|>"), "<|user|>\n", "<|assistant|>\n"),
    ChatTokens(("[INST]", "[/INST]"), "[INST] ", "[/INST]"),
)
#: For a model with a chat template that none of these describe.
_PLAIN_CHAT = ChatTokens((), "### Instruction:\n", "\n### Response:\n")
_TASK = (
    "You complete code in an editor. Below are files of the project, then the file at work in two parts: what stands "
    "after the cursor, and what stands before it. Answer with one code block: the text that belongs at the cursor, "
    "going on where the part before it ends. No explanation.\n\n"
)
_FENCE = "```"
#: A border that no tokenizer in use joins over, and how far above the cursor it is looked for, in characters.
_BETWEEN_WORDS, _NEAR = re.compile(r"(?<=\S)(?= \S)"), 2000


class PromptStyle(StrEnum):
    """What a model is asked to do with the text around the cursor; the values are for people.

    FILL needs tokens that a model was trained with. Every model can CONTINUE a text; it does not see what stands behind
    the cursor. INSTRUCT asks in words, and only a file that says so itself is asked that way (STYLE_KEY).
    """

    FILL = "fill-in-the-middle"
    CONTINUE = "continuation, without fill-in-the-middle"
    INSTRUCT = "instruction, without fill-in-the-middle"


#: Key of a GGUF whose model has no fill-in-the-middle tokens, and does better when it is asked in words ("instruction")
#: than where it continues the text before the cursor.
STYLE_KEY = "iquest.prompt.style"


@dataclass(frozen=True, slots=True)
class FileAtCursor:
    """The current file around the cursor, cut at line borders; see the module's docstring for the four names."""

    path: str
    prefix: str
    head: str
    tail: str
    suffix: str


@dataclass(frozen=True, slots=True)
class PromptFormat:
    """How prompts are written for one model: its tokens, its order ("spm", "psm" or "sfx"), its layout version.

    `tokens` is None for a model without fill-in-the-middle tokens: it continues plain text, or is asked in words with
    the turns of `chat` (see PromptStyle). `start` is the token that texts begin with.
    """

    tokens: FimTokens | None
    order: str = "psm"
    version: int = 0
    start: str = ""
    chat: ChatTokens | None = None

    @classmethod
    def detect(cls, metadata: Mapping[str, str], special_tokens: Mapping[str, int]) -> PromptFormat:
        """Reads the format from the GGUF's own metadata and vocabulary, never from the file's name.

        Raises UnsupportedModelError for a layout version that this program does not know.
        """
        version = _version(metadata)
        start = _start(metadata, special_tokens)
        tokens = _named_by_id(metadata, special_tokens)
        named = " ".join(metadata.get(key, "") for key in _NAME_KEYS).lower()
        for family in (*(family for name, family in NAMED_FAMILIES.items() if name in named), *FAMILIES):
            if all(text in special_tokens for text in family.named):
                tokens = family
                break
        if tokens is None:
            asked = metadata.get(STYLE_KEY, "") == "instruction"
            return cls(None, "psm", version, start, _chat(metadata, special_tokens) if asked else None)
        order = metadata.get("iquest.fim.order", "")
        return cls(tokens, order if order in ("spm", "psm") else tokens.order, version, start)

    @property
    def style(self) -> PromptStyle:
        """What the model is asked to do."""
        if self.tokens is not None:
            return PromptStyle.FILL
        return PromptStyle.CONTINUE if self.chat is None else PromptStyle.INSTRUCT

    @property
    def shows_suffix(self) -> bool:
        """Whether what stands behind the cursor is part of the prompt."""
        return self.style is not PromptStyle.CONTINUE

    @property
    def is_prefix_first(self) -> bool:
        """Whether the suffix stands after the prefix, so that a line added to the prefix costs the suffix."""
        return self.chat is not None or (self.tokens is not None and self.order == "psm")

    @property
    def stop(self) -> tuple[str, ...]:
        """Texts that end an answer, besides the model's own end."""
        return ("\n" + _FENCE,) if self.chat is not None else ()

    def begin(self, repository: str) -> list[Part]:
        """The beginning of the prompt: the start token, the task where the model needs one, the repository's name."""
        start = [Part(self.start, special=True)] if self.start else []
        if self.chat is None:
            return start + (self.repository(repository) if repository else [])
        named = f"Project: {repository}\n\n" if repository else ""
        return [*start, *_turn(self.chat.user, self.chat), Part(_TASK + named)]

    def repository(self, name: str) -> list[Part]:
        """The repository's name, where the format has a place for it."""
        if self.tokens is None or not self.tokens.repository:
            return []
        return [Part(self.tokens.repository, special=True), Part(name + self.tokens.repository_end)]

    def chunk(self, kind: ChunkKind, path: str, text: str) -> list[Part]:
        """One chunk of context with its header; text ends with a newline in the prompt."""
        title = f"{path} (edited)" if kind is ChunkKind.EDIT else path
        body = text if text.endswith("\n") else text + "\n"
        return [*self._file(title), Part(body)]

    def current(self, cursor: FileAtCursor) -> list[Part]:
        """The current file, last: its end is where the model goes on."""
        tokens = self.tokens
        if self.chat is not None:
            return self._question(cursor, self.chat)
        if tokens is None:
            return [*self._file(cursor.path), *_before(cursor)]
        parts = self._file(cursor.path)
        pre, suf, mid = ([Part(text, special=True)] if text else [] for text in _three(tokens))
        if self.order == "sfx":
            return [*parts, *suf, *_text(self._rest(cursor)), *pre, *_before(cursor), *mid]
        if self.order == "psm":
            opening = [*parts[:1], *pre, *parts[1:]] if tokens.path_inside else [*parts, *pre]
            after = self._rest(cursor)
            return [*opening, *_text(cursor.prefix), *suf, *_text(after), *mid, *_text(cursor.head)]
        if not tokens.tail:
            after = self._rest(cursor)
            return [*parts, *pre, *suf, *_text(after), *mid, *_before(cursor)]
        tail = []
        if cursor.tail:
            tail = [Part(tokens.tail, special=True), Part(cursor.tail), Part(tokens.head, special=True)]
        return [*parts, *pre, *suf, *_text(cursor.suffix), *mid, *_before(cursor, tail)]

    def _question(self, cursor: FileAtCursor, chat: ChatTokens) -> list[Part]:
        """The answer is begun for the model with the cursor's line, so that it goes on instead of starting over."""
        after = f"After the cursor in {cursor.path}:\n{_FENCE}\n{self._rest(cursor)}\n{_FENCE}\n"
        before = f"Before the cursor in {cursor.path}:\n{_FENCE}\n{cursor.prefix}"
        turn = [*_turn(f"{_FENCE}\n{chat.answer}", chat), Part(f"{_FENCE}\n")]
        return [Part(after), Part(before), *turn, *_text(cursor.head)]

    def _rest(self, cursor: FileAtCursor) -> str:
        return cursor.tail + ("\n" + cursor.suffix if cursor.suffix else "")

    def _file(self, title: str) -> list[Part]:
        if self.tokens is not None and self.tokens.file:
            return [Part(self.tokens.file, special=True), Part(title + "\n")]
        return [Part(f"# {title}\n")]


def _three(tokens: FimTokens) -> tuple[str, str, str]:
    return tokens.prefix, tokens.suffix, tokens.middle


def _version(metadata: Mapping[str, str]) -> int:
    text = metadata.get("iquest.prompt.version", "0")
    if text not in ("0", str(LAYOUT_VERSION)):
        raise UnsupportedModelError(
            f"The model was trained on prompt layout {text}",
            why=f"this program writes layout {LAYOUT_VERSION}",
            fix="Install a newer version of iquest-lsp",
        )
    return int(text)


def _start(metadata: Mapping[str, str], special_tokens: Mapping[str, int]) -> str:
    """The token at the beginning of texts, where the model was trained to see one."""
    if metadata.get("tokenizer.ggml.add_bos_token", "").lower() not in ("true", "1"):
        return ""
    return _by_id(metadata.get("tokenizer.ggml.bos_token_id", ""), special_tokens)


def _named_by_id(metadata: Mapping[str, str], special_tokens: Mapping[str, int]) -> FimTokens | None:
    found = [_by_id(metadata.get(f"tokenizer.ggml.{key}_token_id", ""), special_tokens) for key in _ID_KEYS]
    prefix, suffix, middle, repository, file = found
    return FimTokens(prefix, suffix, middle, repository, file) if prefix and suffix and middle else None


def _by_id(number: str, special_tokens: Mapping[str, int]) -> str:
    if not number.isdecimal():
        return ""
    return next((text for text, token in special_tokens.items() if token == int(number)), "")


def _chat(metadata: Mapping[str, str], special_tokens: Mapping[str, int]) -> ChatTokens | None:
    template = metadata.get("tokenizer.chat_template", "")
    if not template:
        return None
    for chat in CHATS:
        if all(text in special_tokens and text in template for text in chat.controls):
            return chat
    return _PLAIN_CHAT


def _turn(text: str, chat: ChatTokens) -> list[Part]:
    """Text with control tokens in it, as parts."""
    if not chat.controls:
        return [Part(text)]
    pattern = "(" + "|".join(map(re.escape, chat.controls)) + ")"
    return [Part(piece, special=piece in chat.controls) for piece in re.split(pattern, text) if piece]


def encode_parts(
    parts: Sequence[Part], special_tokens: Mapping[str, int], tokenized: Sequence[Sequence[int]]
) -> list[int]:
    """Joins parts into token ids; `tokenized` holds the ids of the plain parts, in order."""
    ids: list[int] = []
    plain = iter(tokenized)
    for part in parts:
        if part.special:
            ids.append(special_tokens[part.text])
        else:
            ids.extend(next(plain))
    return ids


def _before(cursor: FileAtCursor, between: Sequence[Part] = ()) -> list[Part]:
    """What stands before the cursor, in two parts of which only the second changes while the line is typed; `between`
    stands before the cursor's line.

    They are cut between two words of a line above. Not at its end: most tokenizers join a line end with the indentation
    that follows it, or with the signs before it, and a model has hardly ever seen these apart.
    """
    near = max(len(cursor.prefix) - _NEAR, 0)
    borders = [found.start() for found in _BETWEEN_WORDS.finditer(cursor.prefix, near)]
    at = borders[-1] if borders else len(cursor.prefix) if near else 0
    above, near_cursor = _text(cursor.prefix[:at]), cursor.prefix[at:]
    if between:
        return [*above, *_text(near_cursor), *between, *_text(cursor.head)]
    return [*above, *_text(near_cursor + cursor.head)]


def _text(text: str) -> list[Part]:
    return [Part(text)] if text else []
