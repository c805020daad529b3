"""A real model through the whole program: SmolLM2-135M-Instruct, as `iquest-lsp models add smollm2` puts it there.

Marked `real`, and left out where that model is not here (IQUEST_REAL_MODEL names its file elsewhere). Asserted is what
the program owes whatever a model says, and what this one says where it is sure.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest

from iquest_lsp.context.chat import ChatTemplate, Message
from iquest_lsp.context.prompt import FileAtCursor, PromptFormat, PromptStyle, encode_parts
from iquest_lsp.datatypes import Limits, Part, Prompt
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.models import packaged
from iquest_lsp.token_ids import TokenIds
from tests.e2e.home import Home, private_home
from tests.port.test_window_tokens import check

pytestmark = pytest.mark.real

CODE = "def fibonacci(n):\n    if n <= 1:\n        return n\n    return fibonacci(n - 1) + fibonacci(n - 2)\n"
AGAIN = CODE.replace("fibonacci", "fib")


def never() -> bool:
    return False


@pytest.fixture(scope="module")
def engine(real_model: Path) -> LlamaBackend:
    made = LlamaBackend(EngineOptions(model_path=str(real_model), context_tokens=1024, batch_tokens=256, threads=2))
    made.load(lambda share: None)
    return made


def ids_of(engine: LlamaBackend, parts: list[Part] | tuple[Part, ...]) -> TokenIds:
    plain = engine.tokenize([part.text for part in parts if not part.special])
    return TokenIds(encode_parts(parts, engine.parts.model.special_tokens(), plain))


def continued(engine: LlamaBackend, prefix: str, head: str, *, heal: bool = True) -> str:
    """What follows a place of a file, in its line."""
    found = PromptFormat.detect(engine.parts.model.metadata, engine.parts.model.special_tokens())
    parts = [*found.begin("toy"), *found.current(FileAtCursor("numbers.py", prefix, head, "", ""))]
    made = engine.complete(Prompt(ids_of(engine, parts), ("\n",), heal=heal), Limits(max_tokens=24), never)
    return made.text


def test_the_file_is_the_pinned_one(real_model: Path) -> None:
    assert real_model.stat().st_size == packaged.PACKAGED[0].size


def test_it_continues_and_has_no_fill_in_the_middle(engine: LlamaBackend) -> None:
    model = engine.parts.model
    found = PromptFormat.detect(model.metadata, model.special_tokens())
    assert found.style is PromptStyle.CONTINUE
    assert ChatTemplate.of(model.metadata, model.special_tokens()) is not None


def test_its_threshold_comes_with_the_package(real_model: Path) -> None:
    made = LlamaBackend(EngineOptions(model_path=str(real_model), context_tokens=512, threads=1))
    assert made.load(lambda share: None).metadata["iquest.confidence"] == "0.3"
    made.close()


def test_it_goes_on_with_what_stands_before_the_cursor(engine: LlamaBackend) -> None:
    prefix = CODE + "\n\n" + "".join(AGAIN.splitlines(keepends=True)[:3])
    assert continued(engine, prefix, "    return fib(n - 1) + fib(") == "n - 2)"


def test_the_text_before_the_cursor_is_tokenized_as_a_whole(engine: LlamaBackend) -> None:
    """Its tokenizer joins a line end with the indentation after it; see tests/port/test_window_tokens.py."""
    check(engine.parts.model)


def test_in_a_new_line_the_indentation_is_chosen_with_the_line_end(engine: LlamaBackend) -> None:
    prefix = CODE + "\n\n" + "".join(AGAIN.splitlines(keepends=True)[:2])
    assert continued(engine, prefix, "        ") == "return n"
    assert continued(engine, prefix, "") == "        return n"


def test_inside_a_word_it_goes_on_with_the_word(engine: LlamaBackend) -> None:
    """Token healing: the half-typed word is given up, so that the model chooses the whole one."""
    prefix = CODE + "\n\n" + "".join(AGAIN.splitlines(keepends=True)[:2])
    for typed in ("        ret", "        retu", "        r"):
        assert continued(engine, prefix, typed) == "return n".removeprefix(typed.strip())


def test_a_token_costs_one_row_and_drafts_change_no_answer(engine: LlamaBackend) -> None:
    found = PromptFormat.detect(engine.parts.model.metadata, engine.parts.model.special_tokens())
    ids = ids_of(engine, [*found.current(FileAtCursor("numbers.py", CODE + "\n\n", "def fib(n):", "", ""))])
    plain = engine.complete(Prompt(ids), Limits(max_tokens=40, draft=False), never)
    sizes: list[int] = []
    context = engine.context
    original = context.decode

    def counted(tokens: object, *rest: object, **more: object) -> None:
        sizes.append(len(tokens))  # type: ignore[arg-type]
        original(tokens, *rest, **more)  # type: ignore[arg-type]

    context.decode = counted  # type: ignore[method-assign]
    try:
        again = engine.complete(Prompt(ids), Limits(max_tokens=40, draft=False), never)
        rows = sizes[1 if again.counts.prefilled else 0 :]
        drafted = engine.complete(Prompt(ids), Limits(max_tokens=40), never)
    finally:
        context.decode = original  # type: ignore[method-assign]
    assert again.tokens == plain.tokens
    assert rows == [1] * (len(again.tokens) - 1)
    same = [a == b for a, b in zip(plain.tokens, drafted.tokens, strict=False)]
    assert all(same)
    assert np.allclose(drafted.logprobs, plain.logprobs, atol=0.2)


def test_a_conversation_is_written_as_its_template_says(engine: LlamaBackend) -> None:
    model = engine.parts.model
    template = ChatTemplate.of(model.metadata, model.special_tokens())
    assert template is not None
    parts = template.parts([Message("user", "What is the capital of France? Answer in one word.")])
    text = "".join(part.text for part in parts)
    assert text.startswith("<|im_start|>system\n")
    assert text.endswith("<|im_end|>\n<|im_start|>assistant\n")
    made = engine.complete(Prompt(ids_of(engine, parts)), Limits(max_tokens=16), never)
    assert "Paris" in made.text
    assert "<|im_end|>" not in made.text


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A project of one file and two commits."""
    root = tmp_path / "toy"
    root.mkdir()
    git = ["git", "-C", str(root), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    (root / "shapes.py").write_text("class Square:\n    def area(self):\n        return 4\n")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "Give squares an area"], check=True)
    (root / "shapes.py").write_text("class Square:\n    def area(self, side):\n        return side * side\n")
    subprocess.run([*git, "commit", "-q", "-a", "-m", "Compute the area from the side"], check=True)
    return root


def asked(home: Home, root: Path, *arguments: str) -> str:
    done = home.command(*arguments, "--repo", str(root))
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_ask_and_explain_diff_speak_in_its_words_and_name_only_what_exists(repository: Path, real_model: Path) -> None:
    with private_home() as home:
        config = home.folder / "config" / "iquest-lsp"
        config.mkdir(parents=True)
        (config / "settings.toml").write_text(f'instruct_model = "{real_model}"\nwindow_tokens = 1024\n')
        told = json.loads(asked(home, repository, "ask", "What does Square.area return?", "--json"))
        assert told["model"]
        assert told["text"].strip() or told["dropped"]
        assert "<|im_" not in told["text"]
        assert all((repository / item["path"]).exists() for item in told["files"])
        document = asked(home, repository, "explain-diff", "HEAD", "--format", "md")
        facts, _, words = document.partition("## Written by the model ")
        assert "area" in facts
        assert "**Kind of change:**" in facts
        name, _, prose = words.partition("\n")
        assert not words or (name.strip() and prose.strip())  # nothing of it may have stood the check
        assert "**Kind of change:**" not in prose
