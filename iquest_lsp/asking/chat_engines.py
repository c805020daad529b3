"""Who answers questions: the engines of the Instruct and Thinking roles, local ones and a server's.

A role's model may be the one that completes, another GGUF in a process of its own, or a model of the remote server.
An engine of its own is loaded with the first question and ends when it has been idle for a while.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from iquest_lsp.asking.statements import ThinkingSplitter
from iquest_lsp.context.chat import ChatTemplate, Message
from iquest_lsp.context.prompt import encode_parts
from iquest_lsp.datatypes import Finish, Generation, Limits, Priority, Prompt, Sampling
from iquest_lsp.errors import ModelError
from iquest_lsp.runtime.base.engine import Engine
from iquest_lsp.runtime.client.own_engines import OwnEngines
from iquest_lsp.runtime.client.scheduler import Scheduler
from iquest_lsp.runtime.client.switch import EngineSwitch
from iquest_lsp.runtime.models.planner import ANSWER_ROOM, CPU_WINDOW
from iquest_lsp.runtime.remote import text_tokens
from iquest_lsp.settings import Settings
from iquest_lsp.token_ids import TokenIds

REMOTE = "remote"
#: How long a model may read before it answers, by its measured speed, and tokens that it may read in any case.
READ_S, LEAST_READ = 60.0, 1536
#: What the model family's makers recommend for answers (docs/loop-models.md).
SAMPLING = Sampling(temperature=0.6, top_p=0.85, top_k=20)


class Role(StrEnum):
    """What a model is asked for: a prompt answer, or one that it thinks about first."""

    INSTRUCT = "instruct"
    THINKING = "thinking"


@dataclass(frozen=True, slots=True)
class TokenBudget:
    """Tokens that a conversation may have, and those of them kept for the answer."""

    total: int
    answer: int

    @property
    def prompt(self) -> int:
        return self.total - self.answer


class ChatEngine(Protocol):
    """A model that answers."""

    @property
    def name(self) -> str: ...

    async def start(self) -> TokenBudget:
        """Loads the model; raises ModelError where it cannot follow instructions, EngineError where it fails."""

    async def encode(self, texts: Sequence[str]) -> Sequence[Sequence[int]]: ...

    def answer(
        self, messages: Sequence[Message], max_tokens: int, grammar: str = ""
    ) -> AsyncGenerator[tuple[str, str]]:
        """("evidence", tokens to read), then ("text" or "thinking", words) as they come, last ("finish", why).

        A model here keeps to the grammar, unless it thinks first; servers are not asked to, each takes another form.
        """


def no_model(name: str) -> ModelError:
    """What is said where nothing can answer."""
    return ModelError(
        "No model that can follow instructions is configured",
        why=f"{name} only continues code" if name else "`instruct_model` is not set",
        fix="Set `instruct_model` to a GGUF file of an Instruct model, or to remote:NAME for one of the server's",
    )


class LocalChat:
    """A GGUF with a chat template, over an engine."""

    def __init__(self, engine: Engine, scheduler: Scheduler, window: Callable[[], int], think: bool) -> None:
        self._engine = engine
        self._scheduler = scheduler
        self._window = window
        self._think = think

    @property
    def name(self) -> str:
        info = self._engine.info
        return info.name if info is not None else ""

    async def start(self) -> TokenBudget:
        info = await self._engine.start()
        if ChatTemplate.of(info.metadata, info.special_tokens) is None:
            raise no_model(info.name)
        read = min(info.window or info.context_length, self._window() or CPU_WINDOW)
        if info.read_rate and not self._window():
            read = min(read, max(int(info.read_rate * READ_S), LEAST_READ))
        total = read + ANSWER_ROOM
        return TokenBudget(total, min(max(total // 4, 256), 4096 if self._think else 1024))

    async def encode(self, texts: Sequence[str]) -> Sequence[Sequence[int]]:
        return await self._engine.tokenize(texts)

    async def answer(
        self, messages: Sequence[Message], max_tokens: int, grammar: str = ""
    ) -> AsyncGenerator[tuple[str, str]]:
        info = await self._engine.start()
        template = ChatTemplate.of(info.metadata, info.special_tokens)
        if template is None:
            raise no_model(info.name)
        parts = template.parts(messages)
        ids = await self._engine.tokenize([part.text for part in parts if not part.special])
        tokens = TokenIds(encode_parts(parts, info.special_tokens, ids))
        # the last sequence is for questions, so that no workspace's window goes; what they share is shared
        rules = template.kept(grammar, parts)
        prompt = Prompt(tokens, sequence=max(info.sequences - 1, 0), sampling=SAMPLING, grammar=rules)
        yield "evidence", str(len(tokens))
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        work = asyncio.create_task(
            self._scheduler.complete(
                prompt, Limits(max_tokens), priority=Priority.CHAT, on_text=lambda text: pieces.put_nowait(text)
            )
        )
        work.add_done_callback(lambda _: pieces.put_nowait(None))
        splitter = ThinkingSplitter(opened=template.opens_thinking(parts))
        try:
            while (text := await pieces.get()) is not None:
                for piece in splitter.push(text):
                    yield piece
            made: Generation = await work
        finally:
            work.cancel()
        for piece in splitter.end():
            yield piece
        yield "finish", str(made.finish)


class RemoteChat:
    """A model of the server that the settings name."""

    def __init__(self, switch: EngineSwitch, model: str, window: Callable[[], int], think: bool) -> None:
        self._switch = switch
        self._model = model
        self._window = window
        self._think = think

    @property
    def name(self) -> str:
        return self._model or (self._switch.info.name if self._switch.info is not None else REMOTE)

    async def start(self) -> TokenBudget:
        total = self._window() or CPU_WINDOW
        return TokenBudget(total, min(max(total // 4, 256), 4096 if self._think else 1024))

    async def encode(self, texts: Sequence[str]) -> Sequence[Sequence[int]]:
        return [text_tokens.encode(text) for text in texts]

    async def answer(
        self, messages: Sequence[Message], max_tokens: int, grammar: str = ""
    ) -> AsyncGenerator[tuple[str, str]]:
        sent = [{"role": item.role, "content": text_tokens.harmless(item.text)} for item in messages]
        yield "evidence", str(sum(map(len, await self.encode([item.text for item in messages]))))
        splitter = ThinkingSplitter()
        stream = self._switch.chat(
            sent,
            model=self._model,
            max_tokens=max_tokens,
            temperature=SAMPLING.temperature,
            top_p=SAMPLING.top_p,
        )
        finish = str(Finish.STOP)
        async for kind, words in stream:
            if kind == "finish":
                finish = words
            elif kind == "thinking":
                yield kind, words
            else:
                for piece in splitter.push(words):
                    yield piece
        for piece in splitter.end():
            yield piece
        yield "finish", finish


class ChatEngines:
    """Finds who answers in a role; `own` has the engines that do nothing else."""

    def __init__(self, switch: EngineSwitch, own: OwnEngines, settings: Callable[[], Settings]) -> None:
        self._switch = switch
        self._own = own
        self._settings = settings

    def is_configured(self, role: Role) -> bool:
        """Whether the settings name a model for the role; the one that completes may be able to answer without."""
        return bool(self._spec(role))

    def can_answer(self) -> bool:
        """Whether the settings name a model that answers, or the one that completes is known to."""
        if self.is_configured(Role.INSTRUCT):
            return True
        info = self._switch.local.info
        return info is not None and ChatTemplate.of(info.metadata, info.special_tokens) is not None

    def find(self, role: Role) -> ChatEngine:
        """Who answers in the role; raises ModelError."""
        spec, think = self._spec(role), role is Role.THINKING
        if spec == REMOTE or spec.startswith(REMOTE + ":"):
            if not self._settings().remote:
                what = f"`{spec}` names a model of a server, and no server is configured"
                raise ModelError(what, fix="Set `remote` to its address")
            return RemoteChat(self._switch, spec.partition(":")[2], self._window, think)
        return LocalChat(*self._own.find(spec), self._window, think)

    def _spec(self, role: Role) -> str:
        settings = self._settings()
        instruct, thinking = settings.instruct_model.strip(), settings.thinking_model.strip()
        return thinking or instruct if role is Role.THINKING else instruct or thinking

    def _window(self) -> int:
        return self._settings().window_tokens
