"""The engine protocol: what the rest of the house knows of whatever runs the model.

`Backend` is the blocking side, inside the engine process; `Engine` is the asynchronous side that the assistant
talks to. Both are satisfied by the llama engine and by the fake one, which needs no model.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from iquest_lsp.datatypes import Generation, Limits, ModelInfo, Prompt
from iquest_lsp.errors import IQuestError


@dataclass(frozen=True, slots=True)
class EngineOptions:
    """How an engine is to be started: plain values, since they cross a process border.

    `kind` is "llama" or "fake". With `plan` the engine chooses by itself (see planner.py), and `window_tokens`,
    `kv_type`, `threads` and `gpu_layers` are wishes, 0 and "auto" none. Without it `context_tokens` is the KV cache's
    size for all sequences together, `window_tokens` what a prompt should not exceed; `threads` 0 means all cores. Of
    the layers on GPUs -1 are as many as fit; they lie on the one numbered `main_gpu`, or (-1) on all by the shares in
    `tensor_split` (empty: by free memory); `experts` of a mixture lie with them ("gpu"), in system memory ("memory"),
    or there where the GPUs have no room for all ("auto"). `flash_attention` None lets the runtime choose (its CPU
    kernels round values to half precision, so exact comparisons turn it off). `draft_model` is the name or path of a
    small model that writes ahead ("": none). KV is saved in `state_folder`, at most `state_limit` bytes (0: not at
    all); `fake` holds the fake engine's own options (see fake.py).
    """

    kind: str = "llama"
    model_path: str = ""
    draft_model: str = ""
    plan: bool = False
    window_tokens: int = 0
    context_tokens: int = 8192
    sequences: int = 1
    batch_tokens: int = 512
    threads: int = 0
    batch_threads: int = 0
    gpu_layers: int = 0
    main_gpu: int = -1
    tensor_split: tuple[float, ...] = ()
    experts: str = "auto"
    kv_type: str = "f16"
    flash_attention: bool | None = None
    state_folder: str = ""
    state_limit: int = 0
    fake: dict[str, object] = field(default_factory=dict)


class EngineState(StrEnum):
    """What the engine is doing, as a user would say it."""

    STOPPED = "stopped"
    LOADING = "loading"
    READY = "ready"
    BUSY = "busy"
    RESTARTING = "restarting"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """A change of state: `progress` is 0..1 while loading; `error` says why the engine failed or restarts."""

    state: EngineState
    progress: float = 0.0
    error: IQuestError | None = None


@dataclass(frozen=True, slots=True)
class StateLabel:
    """Whose KV is saved: a workspace's root, its branch, and the layout of its window."""

    workspace: str
    branch: str = ""
    layout: str = ""


@dataclass(frozen=True, slots=True)
class WarmResult:
    """What one step of warming did: tokens found in the cache, evaluated now, and still to do."""

    reused: int
    evaluated: int
    remaining: int


@dataclass(frozen=True, slots=True)
class EngineMetrics:
    """Counters since the engine process started; `cached` is the number of tokens held per sequence."""

    evaluated_tokens: int
    generated_tokens: int
    cached: dict[int, int]
    memory_bytes: int


class Backend(Protocol):
    """Runs a model; every call blocks, and all but `tokenize` come from one thread."""

    def load(self, progress: Callable[[float], None]) -> ModelInfo:
        """Loads the model; raises ModelError, PortMissingError or EngineMemoryError."""

    def tokenize(self, texts: Sequence[str]) -> Sequence[Sequence[int]]:
        """Token ids of each text, never parsed for special tokens; may be called from another thread."""

    def complete(
        self,
        prompt: Prompt,
        limits: Limits,
        cancelled: Callable[[], bool],
        on_text: Callable[[str], None] | None = None,
    ) -> Generation:
        """Continues the prompt; looks at `cancelled` at least once a token."""

    def warm(self, tokens: Sequence[int], sequence: int, budget_ms: float, cancelled: Callable[[], bool]) -> WarmResult:
        """Evaluates what the sequence does not hold yet, for about `budget_ms`; what was done stays."""

    def save(self, label: StateLabel, sequence: int, wait: bool) -> int:
        """Saves a sequence's KV on disk; returns its tokens, 0 where nothing was saved. With `wait` it is written then.

        A failure is a log line, not an error: nothing is lost but time.
        """

    def restore(self, label: StateLabel, sequence: int, wanted: Sequence[int] = ()) -> int:
        """Puts saved KV into a sequence, if it serves the prompt `wanted` (with none: if it is longer) better than what
        the sequence holds; returns the tokens it holds then, 0 for a cold start."""

    def learn(self, memory: Sequence[str], budget_ms: float, cancelled: Callable[[], bool]) -> int:
        """Learns for about `budget_ms` from the memory in these files how far the model leans on one, where its own
        file does not say; returns the tokens left to read, 0 where there is nothing to learn."""

    def metrics(self) -> EngineMetrics:
        """Counters for tests, status and benchmarks."""

    def close(self) -> None:
        """Frees the model."""


class Engine(Protocol):
    """The asynchronous side of a backend; survives the backend's death."""

    @property
    def status(self) -> EngineStatus: ...

    @property
    def info(self) -> ModelInfo | None:
        """The loaded model; None until loading has ended well."""

    async def start(self) -> ModelInfo:
        """Loads the model, or waits until it is loaded; raises the error that a load ended with."""

    async def tokenize(self, texts: Sequence[str]) -> Sequence[Sequence[int]]: ...

    async def complete(
        self, prompt: Prompt, limits: Limits, on_text: Callable[[str], None] | None = None
    ) -> Generation:
        """Continues the prompt; cancelling the awaiting task stops the decoding within one token."""

    async def warm(self, tokens: Sequence[int], sequence: int = 0, budget_ms: float = 50.0) -> WarmResult: ...

    async def save(self, label: StateLabel, sequence: int = 0, *, wait: bool = False) -> int: ...

    async def restore(self, label: StateLabel, sequence: int = 0, wanted: Sequence[int] = ()) -> int:
        """As Backend.restore; the engine does it again by itself when it had to start anew."""

    async def learn(self, memory: Sequence[str], budget_ms: float = 50.0) -> int:
        """As Backend.learn; cancelling the awaiting task ends it, and what was read stays."""

    async def metrics(self) -> EngineMetrics: ...

    async def close(self) -> None: ...

    def on_status(self, listener: Callable[[EngineStatus], None]) -> Callable[[], None]:
        """Calls `listener` at every change of state, until what this returns is called."""
