"""The plan: what fits into memory, what the model can see, and what was measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import planned
from iquest_lsp.runtime.backends import loading
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.llama.library import Gpu, list_gpus
from iquest_lsp.runtime.models import planner, speed_cache
from iquest_lsp.runtime.models.catalogue import embedded_path
from iquest_lsp.runtime.models.footprint import footprint
from iquest_lsp.runtime.models.gguf_header import Header, read_header
from iquest_lsp.runtime.models.manager import known_model
from iquest_lsp.runtime.models.plan_reasons import PlanReason, PlanReasonKind
from iquest_lsp.runtime.models.planner import (
    ANSWER_ROOM,
    LEAST_WINDOW,
    WINDOW_KEY,
    MeasuredSpeed,
    Wishes,
    attention_bytes,
    kv_bytes,
    plan,
)
from iquest_lsp.runtime.models.speed_cache import known_speed, remembered

GIB = 2**30
#: Shapes of a published 7B model with two passes, of the embedded one, and of one with RoPE and one pass.
SHAPES: dict[str, dict[str, Any]] = {
    "7b": {
        "block_count": 14,
        "embedding_length": 5120,
        "attention.head_count": 40,
        "attention.head_count_kv": 8,
        "attention.key_length": 128,
        "context_length": 131072,
        "loop.num": 2,
        "loop.window_size": 64,
    },
    "nano": {
        "block_count": 6,
        "embedding_length": 256,
        "attention.head_count": 8,
        "attention.head_count_kv": 2,
        "attention.key_length": 32,
        "context_length": 131072,
        "loop.num": 2,
        "loop.window_size": 32,
        "attention.max_alibi_bias": 16.0,
    },
    "plain": {
        "block_count": 28,
        "embedding_length": 1536,
        "attention.head_count": 12,
        "attention.head_count_kv": 2,
        "context_length": 32768,
    },
}


def header(shape: str, size: int = 0, **changes: Any) -> Header:
    values = {**SHAPES[shape], **{key.replace("__", "."): value for key, value in changes.items()}}
    metadata = {"general.architecture": "m", **{f"m.{key}": value for key, value in values.items()}}
    return Header(Path("model.gguf"), metadata, (), 0, size)


def test_with_room_the_window_is_the_usual_one_for_several_workspaces() -> None:
    made = plan(Wishes(), header("nano"), memory=8 * GIB)
    assert (made.window, made.kv_type, made.batch) == (8192, "f16", 512)
    assert made.sequences > 1
    assert made.context_tokens == made.sequences * (made.window + ANSWER_ROOM)


def test_a_model_that_says_how_much_context_it_gains_from_gets_no_more_unless_it_is_set() -> None:
    model = header("nano")
    model.metadata[WINDOW_KEY] = 2048
    made = plan(Wishes(), model, memory=8 * GIB)
    assert made.window == 2048
    assert "2048 is the model's" in made.reason
    assert plan(Wishes(window_tokens=32768), model, memory=8 * GIB).window == 32768


@pytest.mark.parametrize(("value", "window"), [(-1, 8192), ("2048", 8192), (3, LEAST_WINDOW), (10**9, 8192)])
def test_a_model_that_says_nonsense_of_its_context_is_planned_for_all_the_same(value: object, window: int) -> None:
    model = header("nano")
    model.metadata[WINDOW_KEY] = value  # type: ignore[assignment]
    assert plan(Wishes(), model, memory=8 * GIB).window == window


def test_a_set_window_is_taken_up_to_what_the_model_was_made_for() -> None:
    assert plan(Wishes(window_tokens=131072), header("nano"), memory=16 * GIB).window == 131072
    made = plan(Wishes(window_tokens=100_000), header("plain"), memory=64 * GIB)
    assert made.window == 32768
    assert "made for 32768" in made.reason


def test_memory_first_costs_precision_then_tokens() -> None:
    wishes, model = Wishes(window_tokens=131072), header("7b", size=5 * GIB)
    types = [plan(wishes, model, memory=gib * GIB).kv_type for gib in (40, 18, 14)]
    assert types == ["f16", "q8_0", "q4_0"]
    made = plan(wishes, model, memory=11 * GIB)
    assert made.kv_type == "q4_0"
    assert LEAST_WINDOW <= made.window < 131072
    assert "window cut from 131072" in made.reason
    fixed = plan(Wishes(window_tokens=131072, kv_type="f16"), model, memory=11 * GIB)
    assert fixed.kv_type == "f16"
    assert fixed.window < made.window


def test_heads_that_a_quantized_block_does_not_divide_keep_f16() -> None:
    narrow = header("nano", attention__key_length=16)
    fast = MeasuredSpeed({"f16": 100.0, "q8_0": 200.0}, 1.0)
    for made in (plan(Wishes(), narrow, memory=GIB // 2), plan(Wishes(), narrow, fast, memory=8 * GIB)):
        assert made.kv_type == "f16"


@given(st.sampled_from(sorted(SHAPES)), st.integers(1, 64), st.integers(0, 131072), st.sampled_from(["auto", "f16"]))
@pytest.mark.slow
def test_the_plan_stays_within_memory(shape: str, gib: int, window: int, kv_type: str) -> None:
    model = header(shape, size=GIB // 2)
    made = plan(Wishes(window_tokens=window, kv_type=kv_type), model, memory=gib * GIB)
    room = min(int(gib * GIB * planner.MEMORY_SHARE), gib * GIB - planner.MEMORY_LEFT) - model.file_size
    scores = attention_bytes(model, made.context_tokens, made.batch, made.kv_type)
    if made.window > LEAST_WINDOW:
        assert made.kv_bytes + scores <= max(room * 1.2, room + 2**26)
    assert made.context_tokens >= made.window + ANSWER_ROOM  # what a window may have, the engine has room for
    assert made.kv_bytes == kv_bytes(model, made.context_tokens, made.kv_type, made.sequences)


def test_kv_of_a_loop_model_is_at_most_a_tenth_more_than_that_of_one_pass() -> None:
    for shape in ("7b", "nano"):
        two, one = header(shape), header(shape, loop__num=1)
        assert kv_bytes(two, 131072, "f16") <= 1.1 * kv_bytes(one, 131072, "f16")
    assert kv_bytes(header("7b", loop__num=1), 131072, "f16") == 131072 * 57344  # 56 KiB a token


def test_no_budget_beyond_the_reach() -> None:
    near = header("nano", attention__max_alibi_bias=8.0)
    made = plan(Wishes(), near, memory=8 * GIB)
    assert made.window == int(planner.REACH_NATS * 256)
    assert plan(Wishes(window_tokens=8192), near, memory=8 * GIB).window == made.window


@given(
    st.floats(1.0, 24.0),
    st.sampled_from([2048, 32768, 131072]),
    st.integers(0, 200_000),
    st.integers(0, 64),
    st.integers(0, 99),
)
@pytest.mark.slow
def test_no_plan_keeps_cells_that_no_head_can_reach(
    max_bias: float, trained: int, window: int, half_gibs: int, gpu_layers: int
) -> None:
    model = header("nano", attention__max_alibi_bias=max_bias, context_length=trained)
    made = plan(Wishes(window_tokens=window, gpu_layers=gpu_layers), model, memory=half_gibs * GIB // 2)
    seen = planner.reach(max_bias, trained)
    assert made.window <= max(seen, LEAST_WINDOW)
    assert made.context_tokens // made.sequences <= max(seen, LEAST_WINDOW) + ANSWER_ROOM


def test_a_slow_machine_gets_a_smaller_window() -> None:
    slow = MeasuredSpeed({"f16": 20.0}, token_ms=5.0, depth_ms=0.1, threads=2, batch_threads=2)
    made = plan(Wishes(), header("nano"), slow, memory=8 * GIB)
    assert LEAST_WINDOW <= made.window <= 20 * planner.WARM_SECONDS
    deep = MeasuredSpeed({"f16": 5000.0}, token_ms=5.0, depth_ms=5.0, threads=1, batch_threads=2)
    made = plan(Wishes(), header("nano"), deep, memory=8 * GIB)
    assert 5.0 + made.window / 1000 * 5.0 <= planner.ANSWER_MS / planner.ANSWER_TOKENS
    assert (made.threads, made.batch_threads) == (1, 2)
    assert plan(Wishes(threads=7), header("nano"), deep, memory=8 * GIB).threads == 7


def test_the_faster_type_is_taken_by_measurement_only() -> None:
    slower = MeasuredSpeed({"f16": 1000.0, "q8_0": 500.0}, 1.0, 0.1, 2, 2)
    faster = MeasuredSpeed({"f16": 1000.0, "q8_0": 1500.0}, 1.0, 0.1, 2, 2)
    assert plan(Wishes(), header("nano"), slower, memory=8 * GIB).kv_type == "f16"
    assert plan(Wishes(), header("nano"), faster, memory=8 * GIB).kv_type == "q8_0"
    assert plan(Wishes(kv_type="f16"), header("nano"), faster, memory=8 * GIB).kv_type == "f16"


def test_a_wide_window_means_small_batches_where_scores_are_laid_out() -> None:
    biased = header("7b", attention__max_alibi_bias=16.0)  # llama.cpp's own flash attention rounds such biases
    made = plan(Wishes(window_tokens=131072), biased, memory=32 * GIB)
    assert 40 * made.context_tokens * made.batch * 4 < 4 * GIB
    assert made.batch < 512


def test_flash_attention_lays_out_no_scores() -> None:
    made = plan(Wishes(), header("7b", size=int(4.7 * GIB)), memory=12 * GIB)
    assert (made.window, made.kv_type, made.batch) == (8192, "f16", 512)


def test_a_measurement_is_made_once_and_again_after_a_busy_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "cache" / "speeds.json"
    made: list[MeasuredSpeed] = []

    def measured(rate: float) -> MeasuredSpeed:
        made.append(MeasuredSpeed({"f16": rate}, 1000 / rate, 0.1, 1, 2))
        return made[-1]

    monkeypatch.setattr(speed_cache, "is_busy", lambda: True)
    assert remembered(file, "a", lambda: measured(100.0)).prefill == {"f16": 100.0}
    assert remembered(file, "a", lambda: measured(1.0)).prefill == {"f16": 100.0}  # a restart does not measure anew
    assert len(made) == 1
    monkeypatch.setattr(speed_cache, "BUSY_VALID_S", 0.0)
    assert remembered(file, "a", lambda: measured(50.0)).prefill == {"f16": 100.0}  # the quieter one counts
    assert remembered(file, "nothing", MeasuredSpeed).prefill == {}
    assert known_speed(file, "nothing") is None  # is tried again at the next start
    monkeypatch.setattr(speed_cache, "is_busy", lambda: False)
    assert remembered(file, "a", lambda: measured(400.0)).token_ms == 2.5
    assert remembered(file, "a", lambda: measured(1.0)).prefill == {"f16": 400.0}
    assert len(made) == 3
    assert known_speed(file, "a") == remembered(file, "a", lambda: measured(1.0))
    assert known_speed(file, "b") is None
    file.write_text('{"a": {"prefill": 7}, "c": []}')
    assert remembered(file, "a", lambda: measured(9.0)).prefill == {"f16": 9.0}
    file.write_bytes(b"\xff{")
    assert known_speed(file, "a") is None
    (tmp_path / "file").write_text("")
    assert remembered(tmp_path / "file" / "x.json", "a", lambda: measured(8.0)).prefill == {"f16": 8.0}


def test_attention_without_scores_needs_no_memory_for_them() -> None:
    """A Loop model with ALiBi: 320 MB were measured with 131072 cells; scores in full would take 2.1 GB."""
    header = read_header(embedded_path())
    found = footprint(header, 131_072, "f16")
    assert 300e6 < found.total < 350e6
    assert plan(Wishes(window_tokens=65_536), header, memory=2 * 2**30).batch == planner.BATCH


def test_a_model_too_slow_for_any_window_gets_one_that_slows_it_little_further() -> None:
    for token_ms in (20.0, 80.0, 400.0):
        made = plan(Wishes(), header("plain", 5 * GIB), MeasuredSpeed({"f16": 1e4}, token_ms, 1.0), 64 * GIB)
        left = max(planner.ANSWER_MS / planner.ANSWER_TOKENS - token_ms, planner.SLOWED_SHARE * token_ms)
        assert LEAST_WINDOW <= made.window <= max(left * 1000, LEAST_WINDOW)
        assert made.window <= planner.CPU_WINDOW


@pytest.mark.slow
def test_the_documented_plans_are_the_planners() -> None:
    recorded = json.loads(planned.RESULT.read_text("utf-8"))
    computed = planned.topic()
    assert recorded == computed
    for row in computed["tables"][0]["rows"]:
        assert row[2] in {"does not fit", "1,024", "2,048", "3,072", "4,096", "6,144", "8,192", "16,384", "32,768"}, row


def test_what_cut_a_window_is_said_in_a_sentence() -> None:
    assert plan(Wishes(), header("nano"), memory=16 * GIB).cuts == ()
    (asked,) = plan(Wishes(window_tokens=200_000), header("7b"), memory=100 * GIB).cuts
    assert asked == "The window is cut to 131072 tokens: the model was made for 131072 tokens, not for 200000"
    (scarce,) = plan(Wishes(), header("7b", 5 * GIB), memory=17 * GIB // 2).cuts
    assert scarce == "The window is cut from 8192 to 2048 tokens for 8.5 GiB of free memory"
    (slow,) = plan(Wishes(), header("7b"), MeasuredSpeed({"f16": 20.0}), memory=100 * GIB).cuts
    assert slow == "The window is cut to 2048 tokens: more is not warmed within 120 s"
    (late,) = plan(Wishes(), header("7b"), MeasuredSpeed({}, 20.0, 5.0), memory=100 * GIB).cuts
    assert late.endswith("over more an answer is not written in time")


def test_of_two_measurements_that_cut_a_window_the_last_one_is_its_cut() -> None:
    made = plan(Wishes(), header("7b"), MeasuredSpeed({"f16": 60.0}, 20.0, 5.0), memory=100 * GIB)
    warmed, answered = (PlanReasonKind.WARMED_TOO_LATE, PlanReasonKind.ANSWERED_TOO_LATE)
    assert [item.kind for item in made.reasons if item.kind in (warmed, answered)] == [warmed, answered]
    assert made.cut_by == (PlanReason(answered, (made.window,)),)


def test_with_all_layers_on_gpus_their_memory_is_planned_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "list_gpus", lambda: [Gpu("one", 12 * GIB), Gpu("two", 8 * GIB)])
    monkeypatch.setattr(loading, "available_memory", lambda: 9 * GIB)
    given = header("plain", 5 * GIB)
    every = int(given.get("block_count", 0))
    assert loading.memory_for(EngineOptions(gpu_layers=99), given) == 25 * GIB
    assert loading.memory_for(EngineOptions(gpu_layers=every + 1), given) == 25 * GIB
    assert loading.memory_for(EngineOptions(gpu_layers=-1), given) == 25 * GIB
    assert loading.memory_for(EngineOptions(gpu_layers=-1), given, is_loaded=False) == 20 * GIB
    assert loading.memory_for(EngineOptions(gpu_layers=-1, main_gpu=1), given) == 13 * GIB
    # of what the system must hold, a part; the last of the layers is what is behind them
    assert loading.memory_for(EngineOptions(gpu_layers=every), given) == 9 * GIB * (every + 1)
    assert loading.memory_for(EngineOptions(gpu_layers=(every + 1) // 2), given) == 9 * GIB * (every + 1) // (
        every + 1 - (every + 1) // 2
    )
    assert loading.memory_for(EngineOptions(), given) is None
    monkeypatch.setattr(loading, "list_gpus", list)
    assert loading.memory_for(EngineOptions(gpu_layers=99), given) is None


def test_what_a_gpu_holds_whole_leaves_it_most_of_its_memory() -> None:
    known = known_model("IQuest-Coder-V1-14B")
    assert known is not None
    free = known.header.file_size + 3 * GIB
    for gpu_layers in (-1, 99):
        made = plan(Wishes(gpu_layers=gpu_layers), known.header, memory=free)
        assert made.window == planner.GPU_WINDOW
        assert made.kv_bytes + known.header.file_size <= planner.GPU_SHARE * free
    assert plan(Wishes(gpu_layers=20), known.header, memory=100 * GIB).window == planner.CPU_WINDOW  # room for no more


def test_a_gpu_lays_out_scores_that_the_processor_does_not() -> None:
    model = read_header(embedded_path())
    assert attention_bytes(model, 4096, 32, "f16") == 0
    assert attention_bytes(model, 4096, 32, "f16", on_gpus=True) > 4 * 4096 * 32


def test_this_machine_says_whether_it_has_gpus() -> None:
    assert all(gpu.free > 0 and gpu.name for gpu in list_gpus())
