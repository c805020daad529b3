"""What a model is loaded with: the devices there are, the plan for it, and what the rest of the house is told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from iquest_lsp.datatypes import ModelInfo
from iquest_lsp.errors import EngineError, IQuestError, UnsupportedModelError
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.decode.small_model import BATCH, CELLS
from iquest_lsp.runtime.llama.context import Context
from iquest_lsp.runtime.llama.library import Gpu, build_identity, list_gpus
from iquest_lsp.runtime.llama.loop_context import open_context
from iquest_lsp.runtime.llama.model import GpuUse, Model
from iquest_lsp.runtime.llama.speed_probe import measure
from iquest_lsp.runtime.models import catalogue
from iquest_lsp.runtime.models.gguf_header import Header, fingerprint
from iquest_lsp.runtime.models.planner import (
    ANSWER_ROOM,
    MeasuredSpeed,
    Placed,
    Wishes,
    are_all_on_gpus,
    available_memory,
    cores,
    drafting_bytes,
    experts_bytes,
    has_sparse_attention,
    layers_that_fit,
    plan,
    reach,
)
from iquest_lsp.runtime.models.speed_cache import refine, remembered, speed_key, speeds_file
from iquest_lsp.runtime.models.split_files import read_model

#: Tokens that one vocabulary may have more at its end than another of its kind (llama.cpp, common/speculative.cpp).
MOST_UNUSED = 128
#: Threads that worked for so much of the time had their processors for themselves.
ALONE_SHARE = 0.75


@dataclass(frozen=True, slots=True)
class Settled:
    """Why the options are what they are, what of it a user should know, and how many tokens a second the model was
    measured to read (0: not measured)."""

    reason: str
    cuts: tuple[str, ...] = ()
    read_rate: float = 0.0
    measured_as: str = ""  # the key of the measurement that the plan was made by, if it was made for us


def on_devices(options: EngineOptions, header: Header) -> tuple[EngineOptions, tuple[str, ...]]:
    """The options with as many layers on GPUs as there are GPUs for, and a place for the experts of a mixture; and what
    a user should know of it.

    Unless a setting says how many layers or which GPU, only GPUs with memory of their own are taken, and no Loop model
    with linear biases goes there: its attention is sparse, and exact at any distance, on a processor alone. Raises
    EngineError where the options name a GPU that there is not.
    """
    if not options.gpu_layers:
        return options, ()
    found = list_gpus()
    if _is_unasked(options):
        if not any(gpu.is_apart for gpu in found) or has_sparse_attention(header):
            return replace(options, gpu_layers=0), ()
    elif not found:
        return replace(options, gpu_layers=0), ("A GPU is asked for, and the runtime found none: the processor works",)
    last = max(options.main_gpu, len(options.tensor_split) - 1)
    if last >= len(found):
        raise EngineError(
            f"There is no GPU number {last}",
            why=f"the runtime found {len(found)}, numbered from 0",
            fix="Correct main_gpu or tensor_split",
        )
    usable = sum(gpu.free for gpu in _used(options, found))
    notes = []
    if options.experts == "auto":
        is_full = int(header.get("expert_count", 0)) > 0 and layers_that_fit(header, usable) >= 0
        options = replace(options, experts="memory" if is_full else "gpu")
        if is_full:
            notes.append(f"The model's experts stay in system memory: the GPUs have {usable / 2**30:.1f} GiB free")
    if options.gpu_layers < 0:
        fitting = layers_that_fit(header, usable, experts_stay=options.experts == "memory")
        options = replace(options, gpu_layers=fitting)
        if fitting >= 0:
            every = int(header.get("block_count", 0))
            notes.append(f"{fitting} of {every} layers are on the GPUs, which have {usable / 2**30:.1f} GiB free")
    return options, tuple(notes)


def _is_unasked(options: EngineOptions) -> bool:
    """Whether no setting says how many layers or which GPU."""
    return options.gpu_layers < 0 and options.main_gpu < 0 and not options.tensor_split


def gpu_memory(options: EngineOptions) -> int:
    """Bytes that are free on the GPUs that the options would use for a model."""
    found = list_gpus() if options.gpu_layers else []
    if options.main_gpu >= len(found) or (_is_unasked(options) and not any(gpu.is_apart for gpu in found)):
        return 0
    return sum(gpu.free for gpu in _used(options, found) if gpu.is_apart)


def _used(options: EngineOptions, found: Sequence[Gpu]) -> Sequence[Gpu]:
    """Those of the GPUs that the options put layers on."""
    return [found[options.main_gpu]] if options.main_gpu >= 0 else found


def gpu_use(options: EngineOptions) -> GpuUse:
    """Where the options put the model's layers."""
    if not options.gpu_layers:
        return GpuUse()
    return GpuUse(options.gpu_layers, options.main_gpu, options.tensor_split, options.experts == "memory")


def open_drafting(options: EngineOptions, model: Model) -> tuple[Context | None, tuple[str, ...]]:
    """A context of the small model that drafts for `model`, and what a user should know of it; None where there is
    none, or where it does not fit: then the model works alone."""
    if not options.draft_model:
        return None, ()
    try:
        path = catalogue.resolve(options.draft_model)
        small = Model.load(path, gpus=replace(gpu_use(options), layers=-1 if options.gpu_layers else 0))
        try:
            check_drafts(model, small)
            threads = options.threads or cores()
            return open_context(small, CELLS, n_batch=BATCH, n_ubatch=BATCH, n_threads=threads), ()
        except IQuestError:
            small.close()
            raise
    except IQuestError as error:
        return None, (f"The draft model is not used: {error}",)


def check_drafts(model: Model, small: Model) -> None:
    """Raises UnsupportedModelError where `small` cannot draft for `model`: its tokens would mean something else.

    Vocabularies of one kind may differ in unused tokens at their end, as those of large and small models of a family
    do; llama.cpp's own drafts allow as many.
    """
    what = f"{small.path.name} cannot draft for {model.path.name}"
    if not model.can_rewind or not small.can_rewind:
        raise UnsupportedModelError(what, why="the memory of one of them cannot go back")
    common = min(model.n_vocab, small.n_vocab)
    differ = max(model.n_vocab, small.n_vocab) - common > MOST_UNUSED or model.cuts != small.cuts
    if differ or any(model.piece(token, special=True) != small.piece(token, special=True) for token in range(common)):
        raise UnsupportedModelError(what, why="their vocabularies differ")


def check_draft_files(path: Path, small: Path) -> None:
    """As check_drafts, by the vocabularies in the files. Raises the errors of models too."""
    large = Model.load(path, vocab_only=True)
    try:
        other = Model.load(small, vocab_only=True)
        try:
            check_drafts(large, other)
        finally:
            other.close()
    finally:
        large.close()


def settled(options: EngineOptions, header: Header, model: Model) -> tuple[EngineOptions, Settled]:
    """The options with everything chosen that they leave to the planner, and why so; measures where that is not
    known yet."""
    if not options.plan:
        return options, Settled("as asked")
    wishes = Wishes(options.window_tokens, options.kv_type, options.threads, options.gpu_layers)
    key = _speed_key(header, options)
    speed = _speed(key, model)
    memory = memory_for(options, header)
    if options.draft_model:
        memory = available_memory() if memory is None else memory
        memory = None if memory is None else memory - _drafting_bytes(options)
    made = plan(wishes, header, speed, memory)
    chosen = replace(
        options,
        plan=False,
        window_tokens=made.window,
        context_tokens=made.context_tokens,
        sequences=made.sequences,
        batch_tokens=made.batch,
        threads=made.threads,
        batch_threads=made.batch_threads,
        kv_type=made.kv_type,
    )
    measured_as = "" if options.threads else key  # a wish is not what is measured
    return chosen, Settled(made.reason, made.cuts, speed.prefill.get(made.kv_type, 0.0), measured_as)


def refine_speed(key: str, kv_type: str, tokens: int, seconds: float, processor_s: float, threads: int) -> None:
    """Lets the next plan know how fast prompts were read at work: so many tokens in so many seconds of the clock, for
    which the processors worked so long; 0 threads: a GPU did."""
    is_alone = not threads or processor_s >= ALONE_SHARE * seconds * threads
    refine(speeds_file(), key, kv_type, tokens / seconds, is_alone=is_alone)


def _drafting_bytes(options: EngineOptions) -> int:
    """What the small model will take; nothing where it cannot be read, since it is not used then."""
    try:
        return drafting_bytes(read_model(catalogue.resolve(options.draft_model)))
    except IQuestError:
        return 0


def memory_for(options: EngineOptions, header: Header, *, is_loaded: bool = True) -> int | None:
    """Bytes to plan with: those of the GPUs where the whole model and with it the cache lies there; None: the system's.

    Where a part of it lies there, that part is added to what the system has free, since the plan counts the whole.
    With `is_loaded` the weights are on the GPUs already, and the plan counts them again, as it does the experts that
    lie elsewhere.
    """
    found = _used(options, list_gpus()) if options.gpu_layers else ()
    if not found:
        return None
    if are_all_on_gpus(header, options.gpu_layers):
        elsewhere = experts_bytes(header) if options.experts == "memory" else 0
        return sum(gpu.free for gpu in found) + (header.file_size if is_loaded else elsewhere)
    every = int(header.get("block_count", 0)) + 1
    memory = available_memory()
    return None if memory is None else memory * every // max(every - options.gpu_layers, 1)


def placed(options: EngineOptions, header: Header) -> Placed:
    """Where the engine would put a model of which nothing is loaded. Raises EngineError as on_devices does."""
    options, _ = on_devices(options, header)
    return Placed(options.gpu_layers, memory_for(options, header, is_loaded=False), _mark(options))


def measured_speed(path: Path, options: EngineOptions) -> MeasuredSpeed:
    """How fast a model runs on this machine, where the engine would put it; it is loaded for a second where that is
    not known yet.

    Raises the errors of models and of the engine.
    """
    header = read_model(path)
    options, _ = on_devices(options, header)
    model = Model.load(path, gpus=gpu_use(options))
    try:
        return _speed(_speed_key(header, options), model)
    finally:
        model.close()


def _speed(key: str, model: Model) -> MeasuredSpeed:
    return remembered(speeds_file(), key, lambda: measure(model, cores(), gpu=model.is_on_gpu))


def _speed_key(header: Header, options: EngineOptions) -> str:
    return speed_key(fingerprint(header), build_identity().split()[0]) + _mark(options)


def _mark(options: EngineOptions) -> str:
    if not options.gpu_layers:
        return ""
    names = ", ".join(gpu.name for gpu in _used(options, list_gpus()))
    return f" {options.gpu_layers} layers on {names}" if names else ""


def describe(model: Model, path: Path, options: EngineOptions, made: Settled, notes: Sequence[str] = ()) -> ModelInfo:
    """What the rest of the house needs to know of a loaded model, and in `notes`, besides the plan's, what a user
    should."""
    context_tokens = options.context_tokens
    metadata = model.metadata
    context_length = int(metadata.get(f"{model.architecture}.context_length", context_tokens))
    return ModelInfo(
        name=metadata.get("general.name") or path.stem,
        path=str(path),
        architecture=model.architecture,
        context_length=context_length,
        passes=model.passes,
        parameters=model.n_params,
        size_bytes=model.size_bytes,
        reach=reach(model.max_alibi_bias, context_length),
        window=options.window_tokens or max(context_tokens - ANSWER_ROOM, context_tokens // 2),
        sequences=options.sequences,
        plan=made.reason,
        notes=(*made.cuts, *notes),
        special_tokens=model.special_tokens(),
        metadata=metadata,
        read_rate=made.read_rate,
    )
