"""What does not fit between a model and what it is used for here, in sentences for the user."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from iquest_lsp.context.chat import ChatTemplate, Message
from iquest_lsp.context.prompt import CHATS, PromptFormat, PromptStyle
from iquest_lsp.datatypes import Part
from iquest_lsp.errors import UnsupportedModelError

#: What templates ask of those who fill them in whether the model is to think first (Qwen3, GLM-4.5 and SmolLM3, and
#: Granite 3.3), and what stands in their instructions (Ministral's Reasoning models); left open, most think.
_CHOICES = ("enable_thinking", "if thinking", "[THINK]")
#: The end of a prompt that begins what a model thinks, in control tokens of its own (Cohere: `<|START_THINKING|>`).
_BEGUN = re.compile(r"<(?![^<>]{0,40}(?:/|end))[^<>]{0,40}think[^<>]{0,40}>\s*$", re.IGNORECASE)
_ASKED = (Message("user", "?"),)


def misfits(metadata: Mapping[str, str], special_tokens: Mapping[str, int]) -> tuple[str, ...]:
    """What a user should know of a model's formats; nothing of one that fits.

    Raises UnsupportedModelError for a model that cannot complete at all.
    """
    style = PromptFormat.detect(metadata, special_tokens).style
    found = []
    if style is PromptStyle.CONTINUE:
        found.append(
            "The model has no fill-in-the-middle tokens known here: it goes on with the text before the cursor, and "
            "does not see what stands behind it"
        )
    template = ChatTemplate.of(metadata, special_tokens)
    if template is None:
        if metadata.get("tokenizer.chat_template", "").strip():
            found.append("The model's chat template is too long to be used: it answers no questions")
        return tuple(found)
    try:
        parts = template.parts(_ASKED)
    except UnsupportedModelError as error:
        return (*found, f"{error}: the model answers no questions")
    if style is PromptStyle.INSTRUCT and not any(
        all(text in special_tokens and text in template.source for text in chat.controls) for chat in CHATS
    ):
        found.append("The model's chat template is of no kind known here: it is asked to complete in plain words")
    if _begins_thinking(parts) or template.has_channels or any(text in template.source for text in _CHOICES):
        found.append(
            "The model is made to think before it answers, and completions leave no time for that: it suits "
            "`thinking_model` better"
        )
    return tuple(found)


def _begins_thinking(parts: Sequence[Part]) -> bool:
    """Whether a prompt ends in what begins a model's thoughts."""
    return _BEGUN.search("".join(part.text for part in parts[-3:])[-100:]) is not None
