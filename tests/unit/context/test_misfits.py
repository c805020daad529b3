"""What is said of a model whose formats do not fit its use, and of one whose formats do nothing."""

from __future__ import annotations

import pytest

from iquest_lsp.context.misfits import misfits
from iquest_lsp.errors import UnsupportedModelError
from tests.unit.context.test_chat import CHATML, THINKER, TOKENS

FIM = {"<|fim_prefix|>": 20, "<|fim_suffix|>": 21, "<|fim_middle|>": 22}
HARMONY = "{% for m in messages %}<|start|>{{ m.role }}<|message|>{{ m.content }}<|end|>{% endfor %}<|start|>assistant"
HARMONY_USES = HARMONY + "{# <|channel|> #}"
CHANNELS = {"<|start|>": 30, "<|message|>": 31, "<|end|>": 32, "<|channel|>": 33}


@pytest.mark.parametrize("template", ["", CHATML, CHATML + "<|START_THINKING|><|END_THINKING|>", CHATML + "</think>"])
def test_nothing_is_said_of_a_model_that_fits(template: str) -> None:
    assert misfits({"tokenizer.chat_template": template}, FIM | TOKENS) == ()


@pytest.mark.parametrize(
    ("metadata", "special", "said"),
    [
        ({}, TOKENS, "no fill-in-the-middle tokens"),
        ({"tokenizer.chat_template": "{{ messages[0].rolle.x }}"}, FIM, "answers no questions"),
        ({"tokenizer.chat_template": "{% for"}, FIM, "chat template cannot be used"),
        ({"tokenizer.chat_template": "x" * 300_000}, FIM, "too long"),
        ({"tokenizer.chat_template": THINKER}, FIM | TOKENS, "made to think"),
        ({"tokenizer.chat_template": CHATML + "{% if enable_thinking %}{% endif %}"}, FIM | TOKENS, "made to think"),
        ({"tokenizer.chat_template": HARMONY_USES}, FIM | CHANNELS, "made to think"),
        ({"tokenizer.chat_template": CHATML + "<|START_THINKING|>"}, FIM | TOKENS, "made to think"),
        ({"tokenizer.chat_template": CHATML + "{# thoughts in [THINK] #}"}, FIM | TOKENS, "made to think"),
        (
            {"tokenizer.chat_template": "{{ messages[0].content }}", "iquest.prompt.style": "instruction"},
            {},
            "no kind known here",
        ),
    ],
)
def test_what_does_not_fit_is_said_in_one_sentence(
    metadata: dict[str, str], special: dict[str, int], said: str
) -> None:
    (note,) = misfits(metadata, special)
    assert said in note


def test_a_chat_model_in_channels_without_tokens_to_fill_in_is_told_both() -> None:
    said = misfits({"tokenizer.chat_template": HARMONY_USES}, CHANNELS)  # gpt-oss
    assert ["no fill-in-the-middle" in said[0], "made to think" in said[1], len(said)] == [True, True, 2]


def test_a_layout_that_is_not_known_is_an_error() -> None:
    with pytest.raises(UnsupportedModelError, match="prompt layout 9"):
        misfits({"iquest.prompt.version": "9"}, FIM)
