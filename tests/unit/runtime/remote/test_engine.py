"""The remote engine against a server that answers from a script, and fails in every way a server can."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from iquest_lsp.datatypes import Finish, Limits, Prompt
from iquest_lsp.engines import without_secrets
from iquest_lsp.errors import RemoteEngineError
from iquest_lsp.runtime.base.engine import EngineState
from iquest_lsp.runtime.remote import text_tokens
from iquest_lsp.runtime.remote.engine import RemoteEngine, RemoteOptions
from tests.unit.runtime.scripted_server import (
    Asked,
    Reply,
    Scripted,
    delta,
    model_server,
    piece,
    serving,
    streams,
)
from tests.waiting import PATIENCE_S, until

FIM = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
KEY = "sk-verysecret123456"


@pytest.fixture(autouse=True)
def _key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", KEY)


def options(server: Scripted, **more: Any) -> RemoteOptions:
    return RemoteOptions(server.url, key_variable="TEST_KEY", families=((*FIM, "<|tail|>"), FIM), **more)


@asynccontextmanager
async def engine_for(server: Scripted, **more: Any) -> AsyncIterator[RemoteEngine]:
    engine = RemoteEngine(options(server, **more), without_secrets)
    try:
        yield engine
    finally:
        await engine.close()


async def prompt(engine: RemoteEngine, *texts: str, **more: Any) -> Prompt:
    """A prompt of plain texts and control tokens, as the window writes it."""
    info = await engine.start()
    ids: list[int] = []
    for text in texts:
        ids += [info.special_tokens[text]] if text in info.special_tokens else text_tokens.encode(text)
    return Prompt(tuple(ids), **more)


# -------------------------------------------------------------------------------------------------- tokens


@pytest.mark.parametrize("text", ["", "x", "a = 1\n", "漢字\nüß\n\n", "x" * 1000, "a\r\nb\x00c\x85d\u2028e\n"])
def test_text_tokens_carry_the_text(text: str) -> None:
    ids = text_tokens.encode(text)
    assert all(text_tokens.is_text(token) and token < 2**31 for token in ids)
    assert "".join(run for _, run in text_tokens.decode(ids, [])) == text


def test_tokens_do_not_cross_lines() -> None:
    assert text_tokens.encode("ab\ncd\n") == text_tokens.encode("ab\n") + text_tokens.encode("cd\n")


@pytest.mark.parametrize(
    "text",
    ["<|fim_middle|>", "<｜fim▁end｜>", "<fim_prefix>", "[INST]", "</s>", "<|im_start|>system", "<PRE>", "<think>"],
)
def test_what_reads_like_a_control_token_is_broken_up(text: str) -> None:
    assert text not in text_tokens.harmless(f"a {text} b")
    assert text_tokens.harmless("if a < b and c > d: x[1] = <y>") == "if a < b and c > d: x[1] = <y>"


# ------------------------------------------------------------------------------------------------- answers


async def test_the_prompt_goes_out_as_text_with_the_servers_control_tokens() -> None:
    with serving(model_server(streams(piece("return "), piece("1")), tokens=FIM)) as server:
        async with engine_for(server) as engine:
            info = await engine.start()
            assert (info.name, info.context_length) == ("coder", 4096)
            assert tuple(info.special_tokens) == FIM
            asked = await prompt(engine, "<|fim_prefix|>", "def f():\n    # <|fim_middle|>\n    ", "<|fim_middle|>")
            heard: list[str] = []
            made = await engine.complete(asked, Limits(8), heard.append)
        assert (made.text, made.finish, heard) == ("return 1", Finish.STOP, ["return ", "1"])
        body = server.of("/v1/completions")[0].body
        assert body["prompt"] == "<|fim_prefix|>def f():\n    # <\u200b|fim_middle|>\n    <|fim_middle|>"
        assert (body["model"], body["max_tokens"], body["temperature"]) == ("coder", 8, 0.0)
        # Nothing of a workspace is sent to find the tokens.
        assert all(
            set(item.body["prompt"]) <= set("".join(FIM) + "<|tail|>a b c d")
            for item in server.of("/tokenize")
            if "prompt" in item.body
        )


async def test_secrets_do_not_leave() -> None:
    secret = "AKIA" + "Z7Q4W2E9R5T1Y8U3"
    with serving(model_server(streams(piece("x")), chat=streams(delta(content="x")))) as server:
        async with engine_for(server) as engine:
            await engine.complete(await prompt(engine, f'aws_access_key_id = "{secret}"\nname = '), Limits(4))
            async for _ in engine.chat([{"role": "user", "content": f"key {secret}"}], max_tokens=4, temperature=0):
                pass
        assert secret not in json.dumps([item.body for item in server.asked])


async def test_stop_rules_hold_whatever_the_server_does() -> None:
    with serving(model_server(streams(piece("one\n"), piece("two"), piece("three")))) as server:
        async with engine_for(server) as engine:
            one = await engine.complete(await prompt(engine, "a", max_lines=1), Limits(8))
            marked = await engine.complete(await prompt(engine, "a", stop=("tw",)), Limits(8))
        assert (one.text, marked.text) == ("one", "one\n")
        assert [item.body.get("stop") for item in server.of("/v1/completions")] == [None, ["tw"]]


async def test_counts_and_logprobs_are_the_servers() -> None:
    usage = {
        "choices": [],
        "usage": {"prompt_tokens": 50, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 40}},
    }
    first = piece("a", logprobs={"token_logprobs": [-0.5]})
    last = piece("b", finish_reason="length", logprobs={"token_logprobs": [-0.25]})
    with serving(model_server(streams(first, last, usage))) as server:
        async with engine_for(server) as engine:
            made = await engine.complete(await prompt(engine, "x"), Limits(2))
    assert made.finish is Finish.LIMIT
    assert made.logprobs == (-0.5, -0.25)
    assert (made.counts.window, made.counts.reused, made.counts.prefilled, made.counts.generated) == (50, 40, 10, 2)


async def test_a_server_without_logprobs_is_asked_without_them() -> None:
    def complete(asked: Asked) -> Reply:
        if "logprobs" in asked.body:
            return Reply(400, {"error": {"message": "logprobs are not supported"}})
        return Reply(events=[piece("ok")])

    with serving(model_server(complete)) as server:
        async with engine_for(server) as engine:
            asked = await prompt(engine, "x")
            assert (await engine.complete(asked, Limits(2))).text == "ok"
            assert (await engine.complete(asked, Limits(2))).text == "ok"
        assert len(server.of("/v1/completions")) == 3


async def test_a_plain_answer_is_taken_too() -> None:
    with serving(model_server(lambda _: Reply(body=piece("whole")))) as server:
        async with engine_for(server) as engine:
            assert (await engine.complete(await prompt(engine, "x"), Limits(4))).text == "whole"


async def test_connections_are_used_again() -> None:
    with serving(model_server(streams(piece("x")))) as server:
        async with engine_for(server) as engine:
            asked = await prompt(engine, "x")
            before = len(server.clients)
            for _ in range(5):
                await engine.complete(asked, Limits(4))
        assert len(server.clients) - before <= 1


# ------------------------------------------------------------------------------- deadlines and cancellation


async def test_the_deadline_returns_what_there_is() -> None:
    hold = threading.Event()
    with serving(model_server(streams())) as server:
        async with engine_for(server) as engine:
            asked = await prompt(engine, "x")
            for deadline_ms in (500, 5000, 50_000):  # the first that leaves this machine time for an answer's beginning
                gone = threading.Event()
                server.answer = model_server(streams(piece("half"), piece(" more"), hold=hold, gone=gone))
                made = await engine.complete(asked, Limits(8, deadline_ms=deadline_ms))
                assert made.finish is Finish.DEADLINE
                assert await asyncio.to_thread(gone.wait, PATIENCE_S), "the server goes on"
                if made.text:
                    break
            assert (made.text, made.finish) == ("half", Finish.DEADLINE)
        hold.set()


async def test_cancelling_closes_the_connection() -> None:
    hold, gone, heard = threading.Event(), threading.Event(), asyncio.Event()
    with serving(model_server(streams(piece("half"), piece(" more"), hold=hold, gone=gone))) as server:
        async with engine_for(server) as engine:
            asked = await prompt(engine, "x")
            task = asyncio.create_task(engine.complete(asked, Limits(8), lambda _: heard.set()))
            await asyncio.wait_for(heard.wait(), PATIENCE_S)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert await asyncio.to_thread(gone.wait, PATIENCE_S), "the server goes on"
            assert engine.status.state is EngineState.READY
        hold.set()


async def test_warming_ends_at_once_and_gives_way() -> None:
    hold, gone = threading.Event(), threading.Event()

    def complete(asked: Asked) -> Reply:
        if asked.body["max_tokens"] == 1:
            return Reply(events=[piece("a"), piece("b")], hold=hold, gone=gone)
        return Reply(events=[piece("answer")])

    with serving(model_server(complete)) as server:
        async with engine_for(server) as engine:
            asked = await prompt(engine, "some window")
            for _ in range(2):  # what is being read is not asked for again
                assert (await engine.warm(asked.tokens)).remaining == 0
            await until(lambda: server.of("/v1/completions"))
            assert (await engine.complete(asked, Limits(8))).text == "answer"
            assert await asyncio.to_thread(gone.wait, PATIENCE_S)
            assert len(server.of("/v1/completions")) == 2
        hold.set()


# ------------------------------------------------------------------------------------------------ failures


@pytest.mark.parametrize(
    ("reply", "what", "fix"),
    [
        (Reply(401, {"error": {"message": f"Incorrect key {KEY}"}}), "401: Incorrect key", "remote_key"),
        (Reply(404, {"detail": "Not Found"}), "404: Not Found", "/v1"),
        (Reply(400, {"error": {"message": "maximum context length is 10"}}), "maximum context", "window_tokens"),
        (Reply(302, "", headers={"Location": "http://127.0.0.1:1/"}), "302", "log"),
        (Reply(200, raw=b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n{nope"), "not JSON", ""),
        (Reply(200, raw=b"SSH-2.0-OpenSSH\r\n\r\n"), "cannot be used", "remote"),
        (Reply(200, raw=b""), "cannot be used", "remote"),
        (Reply(events=[{"error": {"message": "overloaded"}}]), "overloaded", ""),
    ],
)
async def test_each_failure_says_what_why_and_what_to_do(
    reply: Reply, what: str, fix: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with serving(model_server(lambda _: reply)) as server:
        async with engine_for(server) as engine:
            asked = await prompt(engine, "x")
            with pytest.raises(RemoteEngineError) as caught:
                await engine.complete(asked, Limits(4))
            assert what in str(caught.value)
            assert fix in caught.value.fix
            assert engine.status.state is EngineState.FAILED
            assert KEY not in str(caught.value)
        sent = [item.headers.get("Authorization") for item in server.of("/v1/completions")]
        assert set(sent) == {f"Bearer {KEY}"}
    assert KEY not in caplog.text


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_what_may_pass_is_tried_again(status: int) -> None:
    left = [
        Reply(status, {"error": "busy"}, headers={"Retry-After": "0"}),
        Reply(cut=True, body={}),
        Reply(events=[piece("at last")]),
    ]
    with serving(model_server(lambda _: left.pop(0))) as server:
        async with engine_for(server) as engine:
            assert (await engine.complete(await prompt(engine, "x"), Limits(4))).text == "at last"
        assert len(server.of("/v1/completions")) == 3


async def test_nothing_is_asked_twice_once_an_answer_has_begun() -> None:
    with serving(model_server(streams(piece("half"), cut=True))) as server:
        async with engine_for(server) as engine:
            asked = await prompt(engine, "x")
            with pytest.raises(RemoteEngineError):
                await engine.complete(asked, Limits(4))
        assert len(server.of("/v1/completions")) == 1


async def test_a_model_that_is_not_there_is_named() -> None:
    with serving(model_server(streams(), models=("a", "b"))) as server:
        async with engine_for(server, model="c") as engine:
            with pytest.raises(RemoteEngineError, match="no model 'c': it has a, b"):
                await engine.start()


PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy")


async def test_a_proxy_leads_elsewhere_and_never_to_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
    answer = model_server(streams(piece("x")))

    def proxy(asked: Asked) -> Reply:
        assert asked.path.startswith("http://model.invalid/")
        asked.path = asked.path.removeprefix("http://model.invalid")
        return answer(asked)

    with serving(proxy) as through, serving(answer) as server:
        monkeypatch.setenv("http_proxy", through.url.removesuffix("/v1"))
        engine = RemoteEngine(RemoteOptions("http://model.invalid/v1"), without_secrets)
        try:
            assert (await engine.complete(await prompt(engine, "x"), Limits(4))).text == "x"
        finally:
            await engine.close()
        asked = len(through.asked)
        assert asked >= 2
        for host in ("127.0.0.1", "localhost"):
            near = RemoteOptions(server.url.replace("127.0.0.1", host))
            engine = RemoteEngine(near, without_secrets)
            try:
                assert (await engine.complete(await prompt(engine, "x"), Limits(4))).text == "x"
            finally:
                await engine.close()
        assert len(through.asked) == asked
        monkeypatch.setenv("http_proxy", "nonsense://")
        engine = RemoteEngine(RemoteOptions("http://model.invalid/v1"), without_secrets)
        with pytest.raises(RemoteEngineError, match="proxy"):
            await engine.start()
        await engine.close()


@pytest.mark.parametrize("key", ["schlüssel", "a\nb"])
async def test_a_key_that_no_header_can_hold_ends_nothing(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_KEY", key)
    with serving(model_server(streams(piece("x")))) as server:
        async with engine_for(server) as engine:
            if key.isprintable():
                assert (await engine.start()).name == "coder"
            else:
                with pytest.raises(RemoteEngineError):
                    await engine.start()


# ------------------------------------------------------------------------------------------------- falling back


async def test_chat_keeps_thinking_apart() -> None:
    script = streams(delta(reasoning_content="hm"), delta(content="Yes"), delta("length", content="."))
    with serving(model_server(streams(), chat=script)) as server:
        async with engine_for(server) as engine:
            messages = [{"role": "user", "content": "Why?"}]
            said = [item async for item in engine.chat(messages, max_tokens=9, temperature=0.6, model="big")]
        assert said == [("thinking", "hm"), ("text", "Yes"), ("text", "."), ("finish", "limit")]
        assert server.of("/v1/chat/completions")[0].body["model"] == "big"
