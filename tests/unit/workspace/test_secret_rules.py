"""Each row of the table of secrets finds its example and leaves its counter-example alone."""

from __future__ import annotations

import random
import re
import string
import time

import pytest

from iquest_lsp.workspace.secret_scan import find_secrets, redact
from iquest_lsp.workspace.secret_shapes.blocks import kubernetes_values
from iquest_lsp.workspace.secret_shapes.rule import SecretRule
from iquest_lsp.workspace.secret_shapes.surroundings import GIVEN
from iquest_lsp.workspace.secret_shapes.tokens import TOKENS

ALPHABETS = {
    "A": string.ascii_letters + string.digits,
    "H": "0123456789abcdef",
    "U": string.ascii_uppercase + string.digits,
    "D": "123456789",
}
ROWS = [*TOKENS, *GIVEN]


def filled(text: str, seed: int) -> str:
    rng = random.Random(seed)

    def some(match: re.Match[str]) -> str:
        return "".join(rng.choices(ALPHABETS[match[1]], k=int(match[2])))

    return re.sub(r"<([AHUD])(\d+)>", some, text)


@pytest.mark.parametrize("rule", ROWS, ids=lambda rule: f"{rule.kind}: {rule.example[:24]}")
def test_each_row(rule: SecretRule) -> None:
    for seed in range(3):
        text = filled(rule.example, seed)
        match = rule.pattern.search(text)
        assert match is not None, text
        assert any(hint in text.lower() for hint in rule.hints), text
        for path in ("a.py", "deploy.yaml"):
            around = f"x = 1\n{text}\ny = 2\n"
            if path == "deploy.yaml" or not rule.literal:
                assert match[1].splitlines()[0] not in redact(around, find_secrets(around, path)), text
    assert rule.pattern.search(rule.counter_example) is None or find_secrets(rule.counter_example, "a.py") == []


@pytest.mark.parametrize("rule", ROWS, ids=lambda rule: f"{rule.kind}: {rule.example[:24]}")
def test_no_text_makes_a_row_slow(rule: SecretRule) -> None:
    """Processor time for hostile texts grows with their length only."""
    for piece in (rule.example[:12], rule.hints[0], "password=", "a", " ", '"', "a.", "-p "):
        text = (piece * 20_000)[:20_000]
        begin = time.process_time()
        rule.pattern.search(text)
        assert time.process_time() - begin < 2.0, piece


@pytest.mark.parametrize(
    "line", ["kind: Secret", "  data:", "- kind: Secret", "data: {", "    a: b", '{"kind": "Secret",']
)
def test_no_settings_are_slow_to_read(line: str) -> None:
    text = f"kind: Secret\n{line}\n" * 2000
    begin = time.process_time()
    list(kubernetes_values(text))
    assert time.process_time() - begin < 2.0
