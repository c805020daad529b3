"""Chooses window, KV type, batch and threads from the memory there is, the model's reach, and how fast it runs here.

One plan gives both: the tokens that a window may have, and the cells that the engine makes room for. All of it fits
into memory that is free now, so that the machine does not swap.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from iquest_lsp.runtime.base.memory import read_memory
from iquest_lsp.runtime.models.gguf_header import Header
from iquest_lsp.runtime.models.plan_reasons import PlanReason, PlanReasonKind, cut_words, plan_words
from iquest_lsp.settings import Settings

#: Cells of a small model that drafts.
DRAFT_CELLS = 2048
#: Default window on a processor without an accelerator: warmed in seconds, re-read in milliseconds.
CPU_WINDOW = 8192
GPU_WINDOW = 32768
LEAST_WINDOW = 1024
#: Key of a GGUF that says how much context its model gains from, in tokens: reading more would cost time for nothing.
WINDOW_KEY = "iquest.window_tokens"
ANSWER_ROOM = 512
#: Of the memory that is free, what the engine may take, and what it leaves in any case.
MEMORY_SHARE = 0.6
MEMORY_LEFT = 512 * 2**20
#: Of a GPU's memory, what layers and caches may take.
GPU_SHARE = 0.9
#: Most sequences a plan provides for: windows of several workspaces, and one for questions.
MOST_SEQUENCES = 4
#: More cells than these are not worth a second sequence: plain attention lays out scores for all of them.
MOST_CELLS = 40_000
BATCH = 512
LEAST_BATCH = 32
#: Attention scores of one call may take so much where they are laid out in full (no flash attention).
SCORES_SHARE = 0.15
#: Positions behind the local window that a rewind finds in the local cache, at no cost.
REWIND_MARGIN = 4096
#: A head whose bias has fallen to -T contributes e^-T of its weight: below f32 rounding for T = 17.
REACH_NATS = 17.0
#: A window is warmed within so many seconds, and an answer of ANSWER_TOKENS over it written within ANSWER_MS.
WARM_SECONDS = 120.0
ANSWER_TOKENS, ANSWER_MS = 12, 300.0
#: Where the model is too slow for that whatever the window, a full one makes a token longer by this share at most.
SLOWED_SHARE = 0.25
#: llama.cpp makes room for as many cells at once.
CELLS_AT_ONCE = 256
ELEMENT_BYTES = {"f32": 4.0, "f16": 2.0, "q8_0": 34 / 32, "q4_0": 18 / 32}
QUANTIZED_BLOCK = 32
#: Masks are laid out in two types.
MASK_BYTES = 6
#: Types that are not quantized.
WHOLE_TYPES = ("f32", "f16", "bf16")
#: Types of KV in the order in which they are tried: a smaller one for want of memory only, unless it is faster.
AUTO_TYPES = ("f16", "q8_0", "q4_0")


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the settings ask for; 0 and "auto" leave it to the planner.

    `gpu_layers` are those for which there are GPUs, -1 all of them (loading.on_devices).
    """

    window_tokens: int = 0
    kv_type: str = "auto"
    threads: int = 0
    gpu_layers: int = 0


def wishes_of(settings: Settings, gpu_layers: int = 0) -> Wishes:
    """What the settings leave open and what they fix, with so many layers on GPUs."""
    return Wishes(settings.window_tokens, settings.kv_type, settings.threads, gpu_layers)


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the engine would put a model now: how many of its layers on GPUs, the bytes to plan with (None: the
    system's), and how a measurement of its speed there is marked."""

    gpu_layers: int = 0
    memory: int | None = None
    mark: str = ""


@dataclass(frozen=True, slots=True)
class MeasuredSpeed:
    """What was measured of a model on this machine.

    `prefill` tokens a second by KV type; `token_ms` for one decoded token over a nearly empty cache, `depth_ms` what
    1000 tokens in the cache add to it; `threads` and `batch_threads` are the fastest numbers of threads to decode and
    to read with. Zeros: not measured.
    """

    prefill: dict[str, float] = field(default_factory=dict)
    token_ms: float = 0.0
    depth_ms: float = 0.0
    threads: int = 0
    batch_threads: int = 0


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """What the engine is started with; `window` in tokens, `kv_bytes` for all caches, `context_tokens` in cells.

    `reasons` are all of it, `cut_by` those that made the window smaller than was wished for.
    """

    window: int
    kv_type: str
    batch: int
    threads: int
    batch_threads: int
    sequences: int
    context_tokens: int
    kv_bytes: int
    reasons: tuple[PlanReason, ...]
    cut_by: tuple[PlanReason, ...] = ()

    @property
    def reason(self) -> str:
        """All reasons, in words."""
        return plan_words(self.reasons)

    @property
    def cuts(self) -> tuple[str, ...]:
        """What cut the window, in sentences."""
        return cut_words(self.cut_by)


def plan(wishes: Wishes, header: Header, speed: MeasuredSpeed | None = None, memory: int | None = None) -> ModelPlan:
    """The plan for one model on this machine, now; `memory` are the bytes that are free (default: asked)."""
    speed = speed or MeasuredSpeed()
    if memory is None:
        memory = available_memory()
    window, reasons, cuts = _wanted_window(wishes, header, speed)
    share = GPU_SHARE if are_all_on_gpus(header, wishes.gpu_layers) else MEMORY_SHARE
    room = None if memory is None else min(int(memory * share), memory - MEMORY_LEFT) - header.file_size
    on_gpus = has_layers_on_gpus(wishes.gpu_layers)
    types = list(AUTO_TYPES) if wishes.kv_type == "auto" else [wishes.kv_type]
    if wishes.kv_type == "auto" and speed.prefill.get("q8_0", 0.0) > 1.1 * speed.prefill.get("f16", float("inf")):
        types = ["q8_0", "f16", "q4_0"]
        reasons.append(PlanReason(PlanReasonKind.FASTER_TYPE, ("q8_0", "f16")))
    if wishes.kv_type == "auto" and any(width % QUANTIZED_BLOCK for width in _widths(header)):
        types = ["f16"]  # the quantized types hold whole blocks of a head's values
    kv_type, fitting = types[0], window
    if room is not None:
        kv_type, fitting = _fit(header, window, types, room, on_gpus)
        free = (memory or 0) / 2**30
        if fitting < window:
            cuts.append(PlanReason(PlanReasonKind.WINDOW_TOO_LARGE, (window, fitting, free)))
            reasons.append(cuts[-1])
        elif kv_type != types[0]:
            reasons.append(PlanReason(PlanReasonKind.TYPE_TOO_LARGE, (kv_type, free)))
    sequences = _sequences(header, fitting, kv_type, room, on_gpus)
    cells = (fitting + ANSWER_ROOM) * sequences
    batch = BATCH if room is None else _batch(header, cells, kv_type, room, on_gpus)
    if batch < BATCH:
        reasons.append(PlanReason(PlanReasonKind.SCORES_TOO_LARGE, (batch,)))
    threads = wishes.threads or speed.threads or cores()
    batch_threads = wishes.threads or speed.batch_threads or cores()
    if speed.prefill:
        reasons.append(PlanReason(PlanReasonKind.MEASURED, (speed.token_ms,), tuple(speed.prefill.items())))
    total = kv_bytes(header, cells, kv_type, sequences)
    reasons.append(PlanReason(PlanReasonKind.KV_SIZE, (total / 1e6, sequences)))
    if batch_threads != threads:
        reasons.append(PlanReason(PlanReasonKind.BATCH_THREADS, (batch_threads,)))
    return ModelPlan(
        fitting, kv_type, batch, threads, batch_threads, sequences, cells, total, tuple(reasons), tuple(cuts)
    )


def _wanted_window(
    wishes: Wishes, header: Header, speed: MeasuredSpeed
) -> tuple[int, list[PlanReason], list[PlanReason]]:
    """The window before memory is asked; why, and what cut it."""
    trained = int(header.get("context_length", 0)) or CPU_WINDOW
    seen = reach(float(header.get("attention.max_alibi_bias", 0.0)), trained)
    if wishes.window_tokens:
        window = min(wishes.window_tokens, trained)
        cuts = []
        if window < wishes.window_tokens:
            cuts.append(PlanReason(PlanReasonKind.MADE_FOR, (trained, wishes.window_tokens)))
        reasons = [*cuts] or [PlanReason(PlanReasonKind.AS_SET)]
        if seen < window:
            beyond = PlanReason(PlanReasonKind.HEADS_SEE, (seen,))
            reasons, cuts = [*reasons, beyond], [*cuts, beyond]
        return min(window, seen), reasons, cuts
    window, suits = (CPU_WINDOW, PlanReasonKind.SUITS_PROCESSOR)
    if are_all_on_gpus(header, wishes.gpu_layers):
        window, suits = GPU_WINDOW, PlanReasonKind.SUITS_GPU
    gains = header.metadata.get(WINDOW_KEY, 0)
    if isinstance(gains, int) and gains > 0:
        trained = min(trained, max(gains, LEAST_WINDOW))
    window = min(window, trained, seen)
    reasons = [PlanReason(suits if window < min(trained, seen) else PlanReasonKind.MODELS_OWN, (window,))]
    cuts = []
    rate = max(speed.prefill.values(), default=0.0)
    if rate > 0 and window > rate * WARM_SECONDS:
        window = max(_round(int(rate * WARM_SECONDS)), LEAST_WINDOW)
        cuts = [PlanReason(PlanReasonKind.WARMED_TOO_LATE, (window, WARM_SECONDS))]
        reasons += cuts
    if speed.depth_ms > 0:
        left = max(ANSWER_MS / ANSWER_TOKENS - speed.token_ms, SLOWED_SHARE * speed.token_ms)
        affordable = left / speed.depth_ms * 1000
        if window > affordable:
            window = max(_round(int(affordable)), LEAST_WINDOW)
            # Of two that are too slow the one that cuts more.
            cuts = [PlanReason(PlanReasonKind.ANSWERED_TOO_LATE, (window,))]
            reasons += cuts
    return window, reasons, cuts


def _fit(header: Header, window: int, types: Sequence[str], room: int, on_gpus: bool) -> tuple[str, int]:
    """The first type in which the window fits; in the last one as much of it as fits."""
    for kind in types:
        if needed(header, window + ANSWER_ROOM, kind, 1, on_gpus) <= room:
            return kind, window
    kind = types[-1]
    while window > LEAST_WINDOW and needed(header, window + ANSWER_ROOM, kind, 1, on_gpus) > room:
        window = max(_round(window - 1), LEAST_WINDOW)
    return kind, window


def _sequences(header: Header, window: int, kv_type: str, room: int | None, on_gpus: bool) -> int:
    """How many windows may be warm together: as many as fit into a quarter of the room."""
    if header.get("attention.sliding_window", 0) and header.passes == 1:
        return 1  # its caches cannot be shared
    best = 1
    for count in range(2, MOST_SEQUENCES + 1):
        if (window + ANSWER_ROOM) * count > MOST_CELLS:
            break
        cells = (window + ANSWER_ROOM) * count
        if room is not None and needed(header, cells, kv_type, count, on_gpus) <= room // 4:
            best = count
    return best


def _batch(header: Header, cells: int, kv_type: str, room: int, on_gpus: bool) -> int:
    batch = BATCH
    most = max(room * SCORES_SHARE, 2**26)
    while batch > LEAST_BATCH and attention_bytes(header, cells, batch, kv_type, on_gpus) > most:
        batch //= 2
    return batch


def _round(tokens: int) -> int:
    """The next smaller size of the kind that windows have: a power of two, or half as much again."""
    power = 1 << max(tokens.bit_length() - 1, 0)
    return power + power // 2 if tokens >= power + power // 2 else power


def needed(header: Header, cells: int, kv_type: str, sequences: int, on_gpus: bool = False) -> int:
    """Memory for caches of so many cells, and for what evaluating over them takes at the least."""
    return kv_bytes(header, cells, kv_type, sequences) + attention_bytes(header, cells, LEAST_BATCH, kv_type, on_gpus)


def attention_bytes(header: Header, cells: int, batch: int, kv_type: str, on_gpus: bool = False) -> int:
    """Memory for the masks of one call, and for its scores; sparse attention, the processor's, has neither."""
    if has_sparse_attention(header) and not on_gpus:
        return 0
    # Flash attention lays out no scores. It is used but for linear biases, which llama.cpp's own rounds (Context), over
    # a cache that is not quantized.
    biased = float(header.get("attention.max_alibi_bias", 0.0)) > 0
    scores = 4 * (int(header.get("attention.head_count", 1)) or 1) if biased and kv_type in WHOLE_TYPES else 0
    return (scores + MASK_BYTES) * cells * batch


def layers_that_fit(header: Header, free: int, *, experts_stay: bool = False) -> int:
    """How many layers go on GPUs with so many bytes free, with a cache for the usual window; -1: all of them.

    With `experts_stay` those of a mixture lie elsewhere.
    """
    layers = int(header.get("block_count", 0)) or 1
    weights = max(header.file_size - (experts_bytes(header) if experts_stay else 0), 0)
    cache = kv_bytes(header, CPU_WINDOW + ANSWER_ROOM, AUTO_TYPES[0])
    room = int(free * GPU_SHARE) - MEMORY_LEFT
    if weights + cache <= room:
        return -1
    # what is behind the last layer is as large as one of them, and goes there first
    return max(min(int(room / (weights / (layers + 1) + cache / layers)), layers), 0)


def experts_bytes(header: Header) -> int:
    """Bytes of the experts of a mixture."""
    return sum(tensor.size or 0 for tensor in header.tensors if "_exps." in tensor.name)


def has_layers_on_gpus(gpu_layers: int) -> bool:
    """Whether the attention of a layer is worked out on a GPU: what is behind the last layer goes there first."""
    return gpu_layers < 0 or gpu_layers > 1


def are_all_on_gpus(header: Header, gpu_layers: int) -> bool:
    """Whether GPUs have the whole model, and with it the whole cache."""
    return gpu_layers < 0 or gpu_layers > (int(header.get("block_count", 0)) or 1)


def has_sparse_attention(header: Header) -> bool:
    """Whether attention on a processor works tile by tile, without scores or masks in full: Loop models with ALiBi
    (port/flash-attn-alibi.cpp)."""
    return header.architecture == "iquestloopcoder" and float(header.get("attention.max_alibi_bias", 0.0)) > 0


def _widths(header: Header) -> tuple[int, int]:
    """How many values a head keeps of a token's key, and of its value."""
    heads = int(header.get("attention.head_count", 1)) or 1
    width = int(header.get("attention.key_length", 0)) or int(header.get("embedding_length", 0)) // heads
    return width, int(header.get("attention.value_length", 0)) or width


def kv_bytes(header: Header, cells: int, kv_type: str, sequences: int = 1) -> int:
    """Memory of the KV cache: all cells for the first pass, the local window and a margin for those after it."""
    heads = int(header.get("attention.head_count", 1)) or 1
    kv_heads = int(header.get("attention.head_count_kv", heads)) or heads
    width, values = _widths(header)
    layers = int(header.get("block_count", 1)) * max(int(header.get("num_loops", 1)), 1)  # a cache for each (Nanbeige)
    cell = layers * kv_heads * (width + values) * ELEMENT_BYTES[kv_type]
    local = 0
    if header.passes > 1:
        # each sequence has a shelf, and one moves spans; a window for each, and for all but one of them another
        # (port/llama-kv-cache-loop.cpp)
        windows = 2 * (2 * sequences + 1) - 1
        local = min(cells, REWIND_MARGIN + BATCH + windows * int(header.get("loop.window_size", 0)))
        local = -(-local // CELLS_AT_ONCE) * CELLS_AT_ONCE
    return int(cell * (cells + (header.passes - 1) * local))


def drafting_bytes(header: Header) -> int:
    """Memory of a small model that drafts, beside the model that it drafts for."""
    return header.file_size + kv_bytes(header, DRAFT_CELLS, AUTO_TYPES[0])


def reach(max_alibi_bias: float, context_length: int) -> int:
    """How many tokens back the widest head sees to within rounding.

    It holds for the model, not only for one layer: along any way through several layers the biases add up, and with
    them the distances. No plan has a window beyond it, so that there are never cells in the cache which no head can
    reach: what could be dropped is not read in the first place.

    Press et al. 2022, "Train Short, Test Long", section 3; slopes as ggml computes them, of which the smallest is
    2^-max_alibi_bias whatever the number of heads.
    """
    if max_alibi_bias <= 0:
        return context_length
    return min(int(REACH_NATS * 2.0**max_alibi_bias), context_length)


def available_memory() -> int | None:
    """Bytes that can be used without swapping; None where the system does not say."""
    memory = read_memory()
    return None if memory is None else memory.available


def cores() -> int:
    """Processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def better(one: MeasuredSpeed, other: MeasuredSpeed) -> MeasuredSpeed:
    """The quieter machine's figures of two measurements: work beside them only ever slows down."""
    kinds = one.prefill | other.prefill
    rates = {kind: max(one.prefill.get(kind, 0.0), other.prefill.get(kind, 0.0)) for kind in kinds}
    quiet = min((speed for speed in (one, other) if speed.token_ms > 0), key=lambda speed: speed.token_ms, default=one)
    return replace(quiet, prefill=rates)
