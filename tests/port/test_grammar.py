"""Answers by a grammar: nothing else is written, with drafts and without, and not what a control token is called."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from iquest_lsp.asking.editing import new_text
from iquest_lsp.context.chat import block_rules
from iquest_lsp.datatypes import Finish, Limits, Prompt, Sampling
from iquest_lsp.errors import EngineError
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.llama import grammar
from iquest_lsp.runtime.llama.grammar import Grammar
from iquest_lsp.runtime.models.catalogue import embedded_path
from quantize.random_model import Recipe, write

CALLS = 'root ::= call (" " call){2,5}\ncall ::= name "(" [0-9]{1,3} ")"\nname ::= [a-c]+ | "print"\n'
CALLED = re.compile(r"([a-c]+|print)\(\d{1,3}\)( ([a-c]+|print)\(\d{1,3}\)){2,5}")
#: Of an answer that is cut off.
BEGUN = re.compile(r"[a-cprint0-9() ]*")
GREEDY = Sampling()
ASKED = "The calls:\na(1) b(22) c(333) a(1) b(22) c(333)\nOnce more:\n"


def never() -> bool:
    return False


@pytest.fixture(scope="module", params=["embedded", "one pass"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> LlamaBackend:
    path = embedded_path()
    if request.param == "one pass":
        path = write(
            tmp_path_factory.mktemp("grammar") / "model.gguf", Recipe(vocab="bytes", n_vocab=258, n_layer=2, passes=1)
        )
    made = LlamaBackend(EngineOptions(model_path=str(path), context_tokens=1024, kv_type="f32", threads=1))
    made.load(lambda share: None)
    return made


def grammar_of(engine: LlamaBackend, rules: str) -> Grammar:
    parts = engine.parts
    return Grammar(parts.model, rules, np.append(parts.pieces.written, parts.decoder.traits.ends).astype(np.int32))


def asked(engine: LlamaBackend, rules: str = CALLS, sampling: Sampling = GREEDY) -> Prompt:
    return Prompt(engine.tokenize([ASKED])[0], grammar=rules, sampling=sampling, heal=True)


@pytest.mark.parametrize("sampling", [Sampling(), Sampling(0.6, 20, 0.85), Sampling(1.0)], ids=str)
@pytest.mark.parametrize("draft", [False, True])
def test_an_answer_keeps_to_its_grammar(engine: LlamaBackend, sampling: Sampling, draft: bool) -> None:
    made = engine.complete(asked(engine, sampling=sampling), Limits(100, draft=draft), never)
    assert (CALLED if made.finish is Finish.STOP else BEGUN).fullmatch(made.text)
    assert all(np.isfinite(made.logprobs))


def test_without_one_the_model_says_something_else(engine: LlamaBackend) -> None:
    made = engine.complete(asked(engine, ""), Limits(100), never)
    assert not CALLED.fullmatch(made.text)


def test_drafts_change_nothing(engine: LlamaBackend) -> None:
    plain, drafted = (engine.complete(asked(engine), Limits(60, draft=draft), never) for draft in (False, True))
    assert drafted.text == plain.text
    assert drafted.tokens == plain.tokens


def test_an_answer_in_pieces_goes_on_in_its_grammar(engine: LlamaBackend) -> None:
    whole = engine.complete(asked(engine), Limits(60, draft=False), never)
    prompt, written = asked(engine), ()
    while len(written) < len(whole.tokens):
        piece = replace(prompt, tokens=prompt.tokens + written, answered=len(written))
        made = engine.complete(piece, Limits(3, draft=False), never)
        written += made.tokens
        if made.finish is Finish.STOP:
            break
    assert written == whole.tokens
    with pytest.raises(EngineError, match="does not fit"):
        engine.complete(replace(prompt, answered=3), Limits(3), never)


def test_it_ends_where_the_rules_end_and_nowhere_else(engine: LlamaBackend) -> None:
    made = engine.complete(asked(engine, 'root ::= "(((" ")))"'), Limits(100), never)
    assert (made.text, made.finish) == ("((()))", Finish.STOP)
    cut = engine.complete(asked(engine, 'root ::= "(((" ")))"'), Limits(1), never)
    assert cut.finish is Finish.LIMIT
    assert "((()))".startswith(cut.text)


def test_a_block_of_code_is_one_and_nothing_else(engine: LlamaBackend) -> None:
    for fence in ("```", "````"):
        rules = block_rules(fence, "NO_EDITS")
        lines = f'root ::= "{fence}" "py"? "\\n  x = 1\\n\\n`y`\\n" "{fence}"'
        told = engine.complete(asked(engine, lines), Limits(100), never)
        assert told.finish is Finish.STOP
        held = grammar_of(engine, rules)
        for token in told.tokens:  # each may come next
            row = np.zeros(engine.parts.model.n_vocab, np.float32)
            assert np.isfinite(held.allowed(row, len(row))[token])
            held.accept(token)
        assert {*np.flatnonzero(np.isfinite(held.allowed(row, len(row))))} == {*engine.parts.decoder.traits.ends}
        held.close()
        assert new_text(told.text) == "  x = 1\n\n`y`"
        made = engine.complete(asked(engine, rules), Limits(80), never)
        assert made.text.startswith((fence, "NO_EDITS"))


def fits(engine: LlamaBackend, rules: str, text: str) -> bool:
    """Whether an answer of these rules may begin with a text."""
    held = grammar_of(engine, rules)
    row = np.zeros(engine.parts.model.n_vocab, np.float32)
    for token in engine.tokenize([text])[0]:
        if not np.isfinite(held.allowed(row, len(row))[token]):
            held.close()
            return False
        held.accept(token)
    held.close()
    return True


@pytest.mark.parametrize("line", ["```x", "  ```x", "\t````", " \t ```"])
def test_no_line_of_a_block_could_be_taken_for_its_end(engine: LlamaBackend, line: str) -> None:
    assert not fits(engine, block_rules("```"), f"```\n{line}\n")
    assert fits(engine, block_rules("````"), f"````\n{line[:6]}\n") is (line.count("`") < 4)
    assert fits(engine, block_rules("```"), f"```py\n``\nx {line}\n```")


def test_the_likeliest_tokens_are_asked_about_first_and_all_where_none_of_them_fits(
    engine: LlamaBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grammar, "LIKELIEST", 16)
    parts = engine.parts
    for seed in range(20):
        row = np.random.default_rng(seed).normal(0, 3, parts.model.n_vocab).astype(np.float32)
        held = grammar_of(engine, "root ::= [a-z] [a-z0-9]*")
        whole = held.allowed(row, len(row))
        for enough in (1, 2, 7):
            some = held.allowed(row, enough)
            best = np.argsort(-whole, kind="stable")[:enough]
            np.testing.assert_array_equal(some[best], whole[best])
            assert np.isin(np.flatnonzero(np.isfinite(some)), np.flatnonzero(np.isfinite(whole))).all()
        held.close()


def test_rules_that_are_none_are_an_error_in_words(engine: LlamaBackend) -> None:
    for broken in ("x ::= [a-z]", "root ::= [a-z", "root ::= word", "root ::= root"):
        with pytest.raises(EngineError, match="grammar cannot be used"):
            engine.complete(asked(engine, broken), Limits(10), never)
    assert engine.complete(asked(engine), Limits(4), never).tokens  # it works on


def test_where_no_token_fits_that_is_said(engine: LlamaBackend) -> None:
    held = Grammar(engine.parts.model, "root ::= [a-z]+", np.array(engine.tokenize(["0"])[0], np.int32))
    with pytest.raises(EngineError, match="cannot go on"):
        held.allowed(np.zeros(engine.parts.model.n_vocab, np.float32))
    held.close()


def test_what_a_control_token_is_called_is_no_text_of_an_answer() -> None:
    engine = LlamaBackend(EngineOptions(model_path=str(embedded_path()), context_tokens=1024, threads=1))
    engine.load(lambda share: None)
    made = engine.complete(asked(engine, r'root ::= "<|fim_" [a-z]+ "|>"'), Limits(60, draft=False), never)
    assert made.text.startswith("<|fim_")
    assert not set(made.tokens) & set(engine.parts.model.special_tokens().values())


JSON = r"""root ::= object
object ::= "{" (pair ("," pair){0,3})? "}"
pair ::= string ":" (string | [1-9] [0-9]{0,3} | "true" | "null")
string ::= "\"" [a-z ]{0,8} "\""
"""


def test_json_can_be_read(engine: LlamaBackend) -> None:
    for temperature in (0.0, 1.0):
        made = engine.complete(asked(engine, JSON, Sampling(temperature)), Limits(200), never)
        assert made.finish is Finish.STOP
        assert isinstance(json.loads(made.text), dict)
