"""Conversations as prompts: the model's own chat template, filled in without letting a text pose as a control token.

The template is a Jinja program inside the model's file, and so is not trusted: it runs in a sandbox. It is given
marks in place of the messages; what it writes around the marks is searched for control tokens, the messages are not.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from iquest_lsp.datatypes import Part
from iquest_lsp.errors import UnsupportedModelError

THINK, THINK_END = "<think>", "</think>"
#: Private use characters: templates trim blanks, look for words, and leave these alone.
_MARK = "\ue000{}\ue001"
_MARKS = re.compile("\ue000(\\d+)\ue001")
MAX_FENCE = 32
_FENCES = re.compile(r"^[ \t]*(`{3,})", re.MULTILINE)
_MAX_TEMPLATE = 256 * 1024
#: OpenAI's harmony format (gpt-oss): an answer is begun in the channel that the user sees, since what a model thinks in
#: the others is set off by control tokens only, which are no text.
_CHANNEL, _MESSAGE, _FINAL = "<|channel|>", "<|message|>", "final"


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: `role` is system, user or assistant."""

    role: str
    text: str


def fence_around(text: str) -> str:
    """A fence of backticks that no line of the text can end."""
    return "`" * (max((len(found) for found in _FENCES.findall(text)), default=2) + 1)


def block_rules(fence: str, otherwise: str = "") -> str:
    """The grammar (GBNF) of an answer that is one block of code between fences of backticks and nothing else; or, in
    place of it, the words `otherwise`. No line of the block could be taken for its end. Empty, so no grammar, where a
    fence is longer than any that is meant as one."""
    if len(fence) > MAX_FENCE:
        return ""
    begun = (f'"{fence[:count]}" ([^`\\n] [^\\n]*)?' for count in range(1, len(fence)))
    lines = " | ".join(("[^` \\t\\n] [^\\n]*", *begun))
    return (
        f'root ::= block{f""" | "{otherwise}" """ if otherwise else ""}\n'
        f'block ::= "{fence}" [a-zA-Z0-9+#._-]* "\\n" line* "{fence}"\n'
        f'line ::= [ \\t]* ({lines})? "\\n"\n'
    )


@dataclass(frozen=True, slots=True)
class ChatTemplate:
    """How one model writes conversations.

    `stop` are texts that end a turn even where the model's file does not say so.
    """

    source: str
    special: tuple[str, ...]
    bos: str = ""
    eos: str = ""

    @classmethod
    def of(cls, metadata: Mapping[str, str], special_tokens: Mapping[str, int]) -> ChatTemplate | None:
        """The template in a GGUF's metadata, None for a model that has none: it does not follow instructions."""
        source = metadata.get("tokenizer.chat_template", "")
        if not source.strip() or len(source) > _MAX_TEMPLATE:
            return None
        named = {token: text for text, token in special_tokens.items()}

        def name(key: str) -> str:
            number = metadata.get(f"tokenizer.ggml.{key}_token_id", "")
            return named.get(int(number), "") if number.isdecimal() else ""

        return cls(source, tuple(special_tokens), name("bos"), name("eos"))

    def parts(self, messages: Sequence[Message]) -> tuple[Part, ...]:
        """The conversation up to where the model answers; raises UnsupportedModelError for a broken template."""
        try:
            text = self._render(messages)
        except UnsupportedModelError:
            # Some templates know no system role: what it says then stands before the first question.
            merged = _without_system(messages)
            if list(merged) == list(messages):
                raise
            messages, text = merged, self._render(merged)
        pattern = "(" + "|".join(map(re.escape, sorted(self.special, key=len, reverse=True))) + ")"
        found: list[Part] = []
        for number, piece in enumerate(_MARKS.split(text)):
            if number % 2:
                found.append(Part(messages[int(piece)].text))
            elif self.special:
                found += [Part(word, special=at % 2 == 1) for at, word in enumerate(re.split(pattern, piece)) if word]
            elif piece:
                found.append(Part(piece))
        if self.has_channels and not text.rstrip().endswith(_MESSAGE):
            found += [Part(_CHANNEL, special=True), Part(_FINAL), Part(_MESSAGE, special=True)]
        return tuple(part for part in found if part.text)

    @property
    def has_channels(self) -> bool:
        """Whether answers have channels, of which the user sees one (harmony)."""
        return all(text in self.special and text in self.source for text in (_CHANNEL, _MESSAGE))

    def opens_thinking(self, parts: Sequence[Part]) -> bool:
        """Whether the prompt itself begins the thinking part, as templates of Thinking models do."""
        end = "".join(part.text for part in parts[-3:]).rstrip()
        return end.endswith(THINK)

    def kept(self, grammar: str, parts: Sequence[Part]) -> str:
        """The grammar of an answer to the prompt; none where a model first thinks, in words of its own."""
        return "" if self.opens_thinking(parts) else grammar

    def _render(self, messages: Sequence[Message]) -> str:
        filled = [{"role": item.role, "content": _MARK.format(at)} for at, item in enumerate(messages)]
        text: str = _compiled(self.source)(
            messages=filled,
            bos_token=self.bos,
            eos_token=self.eos,
            add_generation_prompt=True,
            tools=None,
            documents=None,
            strftime_now=lambda form: date.today().strftime(form),
        )
        seen = {int(number) for number in _MARKS.findall(text)}
        if seen != set(range(len(messages))):
            raise UnsupportedModelError("The model's chat template leaves messages out")
        return text


def _without_system(messages: Sequence[Message]) -> Sequence[Message]:
    if len(messages) < 2 or messages[0].role != "system" or messages[1].role != "user":
        return messages
    first = replace(messages[1], text=f"{messages[0].text}\n\n{messages[1].text}")
    return [first, *messages[2:]]


@functools.lru_cache(maxsize=8)
def _compiled(source: str) -> Any:
    import jinja2
    from jinja2.ext import Extension
    from jinja2.nodes import Node
    from jinja2.parser import Parser
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    class Generation(Extension):
        """What marks the answers of a conversation for those who train on it (transformers' own tag): no more than
        what it holds."""

        tags = {"generation"}  # noqa: RUF012  jinja2's own declaration

        def parse(self, parser: Parser) -> list[Node]:
            next(parser.stream)
            return parser.parse_statements(("name:endgeneration",), drop_needle=True)

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", Generation]
    )

    def refuse(message: object) -> None:
        raise jinja2.TemplateError(str(message))

    environment.globals["raise_exception"] = refuse

    def render(**values: Any) -> str:
        try:
            return str(environment.from_string(source).render(**values))
        except (
            jinja2.TemplateError,
            TypeError,
            ValueError,
            AttributeError,
            KeyError,
            IndexError,
            ArithmeticError,
            RecursionError,
            MemoryError,
        ) as error:
            raise UnsupportedModelError(
                "The model's chat template cannot be used", why=str(error)[:200] or type(error).__name__
            ) from error

    return render
