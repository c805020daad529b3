"""An engine that is a server: OpenAI's /completions and /chat/completions, as vLLM and llama.cpp's servers speak them.

The window and its order stay ours, so that the server's prefix cache pays. The format of the prompt is found by
asking the server's tokenizer, where it has an endpoint for that, which control tokens it knows; nothing of the
workspace is sent for it. Texts pass `redact` before they leave; what in them reads like a control token is broken up.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from iquest_lsp.datatypes import Finish, Generation, Limits, ModelInfo, Prompt
from iquest_lsp.errors import EngineError, RemoteEngineError, RequestCancelledError
from iquest_lsp.runtime.base.broadcast import Broadcast
from iquest_lsp.runtime.base.engine import EngineMetrics, EngineState, EngineStatus, StateLabel, WarmResult
from iquest_lsp.runtime.remote import text_tokens
from iquest_lsp.runtime.remote.http_client import Address, HttpClient
from iquest_lsp.runtime.remote.streamed_answer import StreamedAnswer, choice_of, count_of

log = logging.getLogger(__name__)

#: OpenAI takes at most four.
MAX_STOPS = 4
START_SILENCE_S = 5.0
WARM_SILENCE_S = 120.0
_TOKENIZERS: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("/tokenize", "content", {"add_special": False, "parse_special": True}),  # llama-server
    ("/tokenize", "prompt", {"add_special_tokens": False}),  # vLLM
    ("/extras/tokenize", "input", {}),  # llama-cpp-python
)


@dataclass(frozen=True, slots=True)
class RemoteOptions:
    """Which server, and how it is used.

    `model` "" takes the server's first; `key_variable` names the environment variable with the key, which is read at
    every start and kept nowhere else. `window` is the number of tokens assumed where the server does not say.
    `families` are sets of control tokens, most specific first, and `chats` those of chat formats.
    """

    url: str
    model: str = ""
    key_variable: str = ""
    window: int = 8192
    families: tuple[tuple[str, ...], ...] = ()
    chats: tuple[tuple[str, ...], ...] = ()


RedactText = Callable[[str], str]


class RemoteEngine:
    """Satisfies engine.Engine; see the module's docstring."""

    def __init__(self, options: RemoteOptions, redact: RedactText) -> None:
        self.options = options
        self._redact = redact
        self._status = EngineStatus(EngineState.STOPPED)
        self._statuses = Broadcast[EngineStatus]()
        self._info: ModelInfo | None = None
        self._special: list[str] = []
        self._client: HttpClient | None = None
        self._loading: asyncio.Task[ModelInfo] | None = None
        self._warming: asyncio.Task[None] | None = None
        self._warmed: tuple[int, ...] = ()
        self._running = 0
        self._sent = self._made = 0
        self._logprobs = True
        self._usage = True

    @property
    def status(self) -> EngineStatus:
        return self._status

    @property
    def info(self) -> ModelInfo | None:
        return self._info

    def on_status(self, listener: Callable[[EngineStatus], None]) -> Callable[[], None]:
        return self._statuses.add(listener)

    async def start(self) -> ModelInfo:
        if self._info is not None:
            return self._info
        if self._loading is None or self._loading.done():
            self._loading = asyncio.create_task(self._load())
        return await asyncio.shield(self._loading)

    async def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        return [text_tokens.encode(text) for text in texts]

    async def complete(
        self, prompt: Prompt, limits: Limits, on_text: Callable[[str], None] | None = None
    ) -> Generation:
        begin = time.monotonic()
        info = await self.start()
        if not all(map(text_tokens.is_text, prompt.tokens)):
            raise RequestCancelledError("The engine was changed meanwhile")
        self._stop_warming()
        body: dict[str, object] = {
            "model": info.path,
            "prompt": self.text(prompt.tokens),
            "max_tokens": limits.max_tokens,
            "temperature": prompt.sampling.temperature,
            "stream": True,
        }
        if prompt.stop:  # the rules about lines are followed here: the connection is closed where they end the text
            body["stop"] = list(prompt.stop[:MAX_STOPS])
        answer = StreamedAnswer(prompt, on_text)
        left = None
        if limits.deadline_ms is not None:
            left = max(limits.deadline_ms / 1000 - (time.monotonic() - begin), 0.001)
        self._set_running(1)
        try:
            async with asyncio.timeout(left):
                async for item in self._events("/completions", body):
                    if answer.take(item):
                        break
        except TimeoutError:
            answer.finish = Finish.DEADLINE
        finally:
            self._set_running(-1)
        self._made += answer.counted
        return answer.generation(len(prompt.tokens), begin)

    async def learn(self, memory: Sequence[str], budget_ms: float = 50.0) -> int:
        """A server's model says nothing that could be weighed."""
        return 0

    async def warm(self, tokens: Sequence[int], sequence: int = 0, budget_ms: float = 50.0) -> WarmResult:
        """Lets the server read a prompt while nobody waits for an answer; ends at once, the reading goes on."""
        info = await self.start()
        wanted = tuple(tokens)
        if not all(map(text_tokens.is_text, wanted)):
            raise RequestCancelledError("The engine was changed meanwhile")
        if wanted and wanted != self._warmed:
            self._stop_warming()
            self._warmed = wanted
            body = {"model": info.path, "prompt": self.text(wanted), "max_tokens": 1, "temperature": 0.0}
            self._warming = asyncio.create_task(self._warm(body))
        return WarmResult(len(wanted), 0, 0)

    async def chat(
        self,
        messages: Sequence[dict[str, str]],
        *,
        model: str = "",
        max_tokens: int,
        temperature: float,
        top_p: float = 1.0,
    ) -> AsyncIterator[tuple[str, str]]:
        """The answer to a conversation, piece by piece: ("text" or "thinking", words), last ("finish", why)."""
        info = await self.start()
        clean = [message | {"content": self._redact(message["content"])} for message in messages]
        body: dict[str, object] = {
            "model": model or info.path,
            "messages": clean,
            "max_tokens": max_tokens,
            "temperature": temperature,
            "top_p": top_p,
            "stream": True,
        }
        finish = ""
        self._set_running(1)
        try:
            async for item in self._events("/chat/completions", body):
                choice = choice_of(item)
                said = choice.get("delta") or choice.get("message") or {}
                for kind, names in (("thinking", ("reasoning_content", "reasoning")), ("text", ("content",))):
                    words = next((said[name] for name in names if isinstance(said.get(name), str)), "")
                    if words:
                        yield kind, words
                finish = choice.get("finish_reason") or finish
        finally:
            self._set_running(-1)
        yield "finish", "limit" if finish == "length" else "stop"

    async def save(self, label: StateLabel, sequence: int = 0, *, wait: bool = False) -> int:
        return 0  # the server keeps its own cache

    async def restore(self, label: StateLabel, sequence: int = 0, wanted: Sequence[int] = ()) -> int:
        return 0

    async def metrics(self) -> EngineMetrics:
        return EngineMetrics(self._sent, self._made, {}, 0)

    async def close(self) -> None:
        self._stop_warming()
        if self._loading is not None:
            self._loading.cancel()
        if self._client is not None:
            await self._client.close()
        self._info = None
        self._set(EngineStatus(EngineState.STOPPED))

    def text(self, tokens: Sequence[int]) -> str:
        """What is sent for a prompt: its text, with secrets taken out and control tokens only where we put them."""
        parts = []
        for special, text in text_tokens.decode(tokens, self._special):
            parts.append(text if special else text_tokens.harmless(self._redact(text)))
        return "".join(parts)

    # --------------------------------------------------------------------------------------------- starting

    async def _load(self) -> ModelInfo:
        self._set(EngineStatus(EngineState.LOADING))
        try:
            if self._client is not None:
                await self._client.close()
            key = os.environ.get(self.options.key_variable, "") if self.options.key_variable else ""
            self._client = HttpClient(Address.parse(self.options.url), key.strip())
            self._info = await self._meet(self._client)
        except RemoteEngineError as error:
            self._set(EngineStatus(EngineState.FAILED, error=error))
            raise
        self._set(EngineStatus(EngineState.READY))
        return self._info

    async def _meet(self, client: HttpClient) -> ModelInfo:
        said = await client.call("GET", "/models", silence_s=START_SILENCE_S)
        found = said.get("data") if isinstance(said, dict) else None
        models = [item for item in found or [] if isinstance(item, dict) and isinstance(item.get("id"), str)]
        names = [item["id"] for item in models]
        model = self.options.model or (names[0] if names else "")
        if not model or (names and model not in names):
            what = f"The server {client.address} has no model {model!r}" if model else "The server names no model"
            shown = ", ".join(map(client.without_key, names[:5]))
            raise RemoteEngineError(what, why=f"it has {shown}" if shown else "", fix="Set `remote_model`")
        chosen = next((item for item in models if item["id"] == model), {})
        special, chat = await self._vocabulary(client, model)
        self._special = list(special)
        metadata = {"tokenizer.chat_template": "".join(chat)} if chat else {}
        if "<|tail|>" in special:  # only layout 1 of this program has it
            metadata |= {"iquest.fim.order": "spm", "iquest.prompt.version": "1"}
        length = _length(chosen) or self.options.window
        return ModelInfo(
            name=client.without_key(model.rpartition("/")[2] or model),
            path=model,
            architecture="remote",
            context_length=length,
            passes=1,
            parameters=0,
            size_bytes=0,
            reach=length,
            special_tokens=text_tokens.special_ids(special),
            metadata=metadata,
        )

    async def _vocabulary(self, client: HttpClient, model: str) -> tuple[list[str], tuple[str, ...]]:
        """The control tokens of the first family and the first chat format that the server's tokenizer knows."""
        count = await self._counter(client, model)
        if count is None:
            return [], ()
        family = await _first(count, self.options.families)
        chat = await _first(count, self.options.chats) if not family else ()
        return [*family, *chat], chat

    async def _counter(self, client: HttpClient, model: str) -> Callable[[str], Any] | None:
        """How the server is asked for the number of tokens of a text, None where it cannot be asked."""
        base = client.address.base.removesuffix("/v1")
        for path, field, extra in _TOKENIZERS:

            async def count(text: str, path: str = path, field: str = field, extra: Any = extra) -> int:
                body = {"model": model, field: text, **extra}
                said = await client.call("POST", path, body, silence_s=START_SILENCE_S, retries=0, base=base)
                found = said.get("tokens") if isinstance(said, dict) else None
                if not isinstance(found, list):
                    raise RemoteEngineError("The server's tokenizer cannot be used")
                return len(found)

            with contextlib.suppress(RemoteEngineError):
                # Some begin every text with a token; a server that ignores the field's name says nothing of the text.
                begin = await count("")
                if await count("a b c d") > begin:
                    return lambda text, ask=count, begin=begin: _less(ask(text), begin)  # type: ignore[misc]
        log.info("the server %s has no tokenizer to ask; prompts are plain text", client.address)
        return None

    # -------------------------------------------------------------------------------------------- exchanges

    async def _events(self, path: str, body: dict[str, object]) -> AsyncIterator[Any]:
        """The stream of an answer, asked for with what this server takes; raises RemoteEngineError."""
        client = self._client
        if client is None:
            raise EngineError("The server is not known yet", fix="Try again in a moment")
        plain = path == "/completions"
        while True:
            extra: dict[str, object] = {"stream_options": {"include_usage": True}} if self._usage else {}
            if plain and self._logprobs:
                extra["logprobs"] = 1
            begun = False
            try:
                stream = client.stream("POST", path, {**body, **extra})
                async with contextlib.aclosing(stream):  # type: ignore[type-var]  # it is a generator
                    async for item in stream:
                        begun = True
                        yield item
                return
            except RemoteEngineError as error:
                # Old or small servers refuse what they do not know: asked again without it, from now on.
                said = str(error).lower()
                if not begun and "logprobs" in extra and "logprobs" in said:
                    self._logprobs = False
                elif not begun and "stream_options" in extra and "stream_options" in said:
                    self._usage = False
                else:
                    self._lost(error)
                    raise

    def _lost(self, error: RemoteEngineError) -> None:
        """The server failed: it is met anew before it is used again."""
        log.warning("%s", error)
        self._info = None
        self._warmed = ()
        self._set(EngineStatus(EngineState.FAILED, error=error))

    async def _warm(self, body: dict[str, object]) -> None:
        client = self._client
        if client is None:
            return
        try:
            await client.call("POST", "/completions", body, silence_s=WARM_SILENCE_S, retries=0)
        except RemoteEngineError as error:
            log.debug("not warmed: %s", error)

    def _stop_warming(self) -> None:
        if self._warming is not None and not self._warming.done():
            self._warming.cancel()
            self._warmed = ()

    def _set_running(self, change: int) -> None:
        self._running += change
        self._sent += change > 0
        if self._status.state in (EngineState.READY, EngineState.BUSY):
            self._set(EngineStatus(EngineState.BUSY if self._running else EngineState.READY))

    def _set(self, status: EngineStatus) -> None:
        if status != self._status:
            self._status = status
            self._statuses.tell(status)


def _length(model: dict[str, Any]) -> int:
    """The context a server offers: vLLM says `max_model_len`, llama-server `meta.n_ctx_train`."""
    meta = model.get("meta")
    return count_of(model, "max_model_len") or (count_of(meta, "n_ctx_train") if isinstance(meta, dict) else 0)


async def _first(count: Callable[[str], Any], families: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    """The first family of which every token is one token of the vocabulary."""
    for family in families:
        if family and await count("".join(family)) == len(family):
            return family
    return ()


async def _less(counting: Any, begin: int) -> int:
    found: int = await counting
    return found - begin
