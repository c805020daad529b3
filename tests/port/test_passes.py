"""Passes per call: depth, the receptive field, rewinds, shared heads, saved states, later passes alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from iquest_lsp.errors import EngineError
from iquest_lsp.runtime.llama.loop_context import LoopContext
from iquest_lsp.runtime.llama.model import Model
from quantize.random_model import Recipe
from tests.port.agreement import ON_GPU, TOLERANCE, WRONG, error, expected
from tests.port.states import load_state, reused_graphs, save_state

Files = Callable[[Recipe], Path]

N = 220
MODELS = {
    "2 passes": Recipe(seed=40),
    "2 passes, wide window": Recipe(n_layer=2, window=24, seed=41),
    "2 passes, window 1": Recipe(window=1, seed=42),
    "one layer": Recipe(n_layer=1, window=16, seed=43),
    "3 passes": Recipe(n_layer=2, passes=3, seed=44),
    "alibi": Recipe(max_alibi_bias=8.0, window=12, seed=45),
    "parallel": Recipe(parallel=True, gate_hidden=True, seed=46),
    "parallel, 3 passes": Recipe(n_layer=2, parallel=True, passes=3, window=6, seed=47),
}


class Bench:
    """A model, its oracle's answers for one sequence, and contexts over it."""

    def __init__(self, path: Path, recipe: Recipe) -> None:
        self.recipe = recipe
        self.path = path
        self.model = Model.load(path)
        self.tokens = np.random.default_rng(recipe.seed).integers(0, recipe.n_vocab, N).astype(np.int32)
        self.reference = expected(path, self.tokens)
        self._open: list[LoopContext] = []

    def context(self, cells: int = 1024, **options: Any) -> LoopContext:
        exact: dict[str, Any] = {"type_k": "f32", "type_v": "f32", "flash_attn": False, "n_threads": 1}
        self._open.append(LoopContext(self.model, cells, **(exact | options)))
        return self._open[-1]

    def go_on(self, context: LoopContext, start: int, stop: int, seq: int = 0, size: int = 1) -> float:
        """The worst error of continuing with all passes from `start`, `size` tokens at a time."""
        worst = 0.0
        for at in range(start, stop, size):
            piece = self.tokens[at : min(at + size, stop)]
            context.decode(piece, np.arange(at, at + len(piece)), seq, "all")
            for i in range(len(piece)):
                worst = max(worst, error(context.logits(i), self.reference[at + i]))
        return worst

    def close(self) -> None:
        for context in self._open:
            context.close()
        self.model.close()


@pytest.fixture
def bench(request: pytest.FixtureRequest, random_model: Files) -> Iterator[Bench]:
    recipe = MODELS[request.param]
    result = Bench(random_model(recipe), recipe)
    yield result
    result.close()


every_model = pytest.mark.parametrize("bench", MODELS, indirect=True)
one_model = pytest.mark.parametrize("bench", ["2 passes"], indirect=True)
two_models = pytest.mark.parametrize("bench", ["2 passes", "parallel"], indirect=True)


def rows(context: LoopContext, n: int) -> NDArray[np.float32]:
    return np.stack([context.logits(i) for i in range(n)])


@every_model
def test_each_depth_gives_the_logits_of_that_many_passes(bench: Bench) -> None:
    context = bench.context()
    for depth in range(1, bench.recipe.passes + 1):
        context.clear()
        context.decode_depth(bench.tokens, np.arange(N), 0, depth, "all")
        assert error(rows(context, N), expected(bench.path, bench.tokens, depth=depth)) <= TOLERANCE
    assert context.evaluated_first == N * bench.recipe.passes
    assert context.evaluated_later == N * (bench.recipe.passes - 1)


@every_model
def test_positions_that_ran_one_pass_are_absent_from_the_local_cache(bench: Bench) -> None:
    context = bench.context()
    context.decode_depth(bench.tokens[:100], np.arange(100), 0, 1)
    assert context.local_span(0) == (-1, -1)
    assert context.position_max(0) == 99
    context.decode(bench.tokens[100:110], np.arange(100, 110), 0)
    assert context.local_span(0) == (100, 109)
    context.decode_depth(bench.tokens[110:112], [110, 111], 0, 1)
    context.decode(bench.tokens[112:114], [112, 113], 0)
    assert context.local_span(0) == (112, 113)  # no hole: what lies before it was dropped


@every_model
def test_the_same_shape_at_another_depth_computes_another_graph(bench: Bench) -> None:
    context = bench.context()
    context.decode(bench.tokens[:50], np.arange(50), 0)
    for at in range(50, 60):
        context.decode_depth(bench.tokens[at : at + 1], [at], 0, 1, "last")
        shallow = context.logits(-1)
        context.remove(0, at, -1)
        context.decode(bench.tokens[at : at + 1], [at], 0, "last")
        assert error(context.logits(-1), bench.reference[at]) <= TOLERANCE
        assert error(shallow, bench.reference[at]) > WRONG


@every_model
def test_the_later_passes_over_the_receptive_field_are_exact(bench: Bench) -> None:
    for batch in (512, 50, 7):
        for total in (30, 130, 200):
            context = bench.context(margin=0)
            plan = context.plan(0, 0, total, batch=batch)
            context.run(plan, bench.tokens[:total])
            assert error(context.logits(-1), bench.reference[total - 1]) <= TOLERANCE, (batch, total)
            assert bench.go_on(context, total, total + 15) <= TOLERANCE
            assert plan.later <= context.reach + 1 + 64
            assert context.evaluated_first == total + 15


@every_model
def test_a_call_that_begins_before_the_field_keeps_the_field_only(bench: Bench) -> None:
    context = bench.context(margin=0)
    apex, stop = 190, 192
    base = apex - context.reach
    context.decode_layers(bench.tokens[:stop], np.arange(stop), 0, context.passes * context.layers, apex=apex)
    assert context.local_span(0) == (base, stop - 1)
    assert (context.evaluated_first, context.evaluated_later) == (stop, stop - base)
    assert context.exact_from(0, stop) == apex
    assert bench.go_on(context, stop, N, size=3) <= TOLERANCE


@every_model
def test_a_triangle_with_its_apex_too_late_is_not_exact(bench: Bench) -> None:
    if bench.recipe.window == 1:
        pytest.skip("a window of one position has no field")
    context = bench.context()
    layers = context.passes * context.layers
    late = 200 + context.reach // 2
    context.decode_layers(bench.tokens[:200], np.arange(200), 0, layers, "last", apex=late)
    assert error(context.logits(-1), bench.reference[199]) > WRONG
    assert context.exact_from(0, 200) == late


@every_model
def test_any_rows_of_calls_of_one_shape_may_have_logits(bench: Bench) -> None:
    context = bench.context()
    context.decode(bench.tokens[:40], np.arange(40), 0)
    at = 40
    for wanted in ([4, 5], [0, 1], [4, 5], [5], [2], [], [0, 1, 2, 3, 4, 5], [4, 5], [0, 5]):
        flags = [i in wanted for i in range(6)]
        context.decode(bench.tokens[at : at + 6], np.arange(at, at + 6), 0, flags)
        for i in wanted:
            assert error(context.logits(i), bench.reference[at + i]) <= TOLERANCE, wanted
        at += 6
    assert bench.go_on(context, at, at + 3) <= TOLERANCE


@pytest.mark.skipif(ON_GPU, reason="a model on a GPU keeps none")
@every_model
def test_small_calls_of_a_few_shapes_keep_their_graphs(bench: Bench) -> None:
    context = bench.context()
    calls = [(1, 1), (3, context.passes), (1, context.passes), (2, 1)]
    before, at = reused_graphs(context), 0
    for turn in range(5):
        for size, depth in calls:
            piece = bench.tokens[at : at + size]
            context.decode_depth(piece, np.arange(at, at + size), 0, depth, "all")
            at += size
        if turn == 0:
            assert reused_graphs(context) == before  # each is built once
    assert reused_graphs(context) - before == 4 * len(calls)
    context.clear()
    assert bench.go_on(context, 0, 90, size=30) <= TOLERANCE  # too large to be kept, in between
    assert bench.go_on(context, 90, 110, size=3) <= TOLERANCE


@every_model
def test_less_than_the_receptive_field_is_not_exact(bench: Bench) -> None:
    if bench.recipe.window == 1:
        pytest.skip("a window of one position has no field")
    context = bench.context()
    begin = 199 - context.reach // 3
    context.decode_depth(bench.tokens[:begin], np.arange(begin), 0, 1)
    context.decode(bench.tokens[begin:200], np.arange(begin, 200), 0, logits="last")
    assert error(context.logits(-1), bench.reference[199]) > 2 * TOLERANCE
    assert context.exact_from(0, 200) > 199


@every_model
def test_exact_from_is_kept_and_true(bench: Bench) -> None:
    context = bench.context()
    start = 100
    context.decode_depth(bench.tokens[:start], np.arange(start), 0, 1)
    exact = context.exact_from(0, start)
    assert exact == start + context.reach
    worst = {}
    for at in range(start, exact + 10):
        worst[at] = bench.go_on(context, at, at + 1)
    assert context.exact_from(0, exact + 10) == exact
    assert max(worst[at] for at in range(exact, exact + 10)) <= TOLERANCE
    if bench.recipe.window > 1:
        assert worst[start] > 2 * TOLERANCE


@every_model
def test_a_rewind_within_the_margin_costs_nothing(bench: Bench) -> None:
    context = bench.context(margin=300)
    context.run(context.plan(0, 0, 200, extra=60), bench.tokens[:200])
    before = (context.evaluated_first, context.evaluated_later)
    for back in (190, 170, 145):
        context.remove(0, back, -1)
        plan = context.plan(0, back, back + 3)
        assert (plan.start, plan.first, plan.later) == (back, 3, 3)
        context.run(plan, bench.tokens[: back + 3])
        assert error(context.logits(-1), bench.reference[back + 2]) <= TOLERANCE
    assert (context.evaluated_first, context.evaluated_later) == (before[0] + 9, before[1] + 9)


@every_model
def test_a_rewind_beyond_the_margin_costs_at_most_the_receptive_field(bench: Bench) -> None:
    context = bench.context()
    context.run(context.plan(0, 0, N), bench.tokens)
    context.remove(0, 120, -1)
    before = (context.evaluated_first, context.evaluated_later)
    plan = context.plan(0, 120, 121)
    context.run(plan, bench.tokens[:121])
    assert error(context.logits(-1), bench.reference[120]) <= TOLERANCE
    first, later = context.evaluated_first - before[0], context.evaluated_later - before[1]
    assert (first, later) == (plan.first, plan.later)
    assert first <= context.reach + 1
    assert later <= context.reach + 1
    assert bench.go_on(context, 121, 130) <= TOLERANCE


@every_model
def test_a_window_that_was_overwritten_is_noticed(bench: Bench) -> None:
    if bench.recipe.window == 1:
        pytest.skip("nothing to lose")
    # 512 positions cannot stay in the local cache of 256 cells or so: a rewind finds it without its window
    tokens = np.random.default_rng(5).integers(0, bench.recipe.n_vocab, 700).astype(np.int32)
    context = bench.context(n_batch=64, n_ubatch=64)
    for at in range(0, 700, 50):
        context.decode(tokens[at : at + 50], np.arange(at, at + 50), 0)
    assert context.exact_from(0, 700) == 0
    context.remove(0, 300, -1)
    assert context.exact_from(0, 300) == 300 + context.reach
    plan = context.plan(0, 300, 310)
    context.run(plan, tokens[:310])
    assert error(context.logits(-1), expected(bench.path, tokens[:310])[-1]) <= TOLERANCE


@every_model
def test_two_sequences_keep_their_own_books(bench: Bench) -> None:
    context = bench.context(n_seq_max=2)
    context.run(context.plan(0, 0, 150), bench.tokens[:150], 0)
    context.run(context.plan(1, 0, 90), bench.tokens[:90], 1)
    assert bench.go_on(context, 150, 160, 0) <= TOLERANCE
    assert bench.go_on(context, 90, 100, 1) <= TOLERANCE
    both = np.array([bench.tokens[160], bench.tokens[100]], np.int32)
    context.decode(both, [160, 100], [0, 1], "all")
    assert error(context.logits(0), bench.reference[160]) <= TOLERANCE
    assert error(context.logits(1), bench.reference[100]) <= TOLERANCE


@every_model
def test_a_parked_head_leaves_the_later_passes_valid_at_its_end(bench: Bench) -> None:
    context = bench.context(n_seq_max=3, n_batch=64, n_ubatch=64)
    head = 110
    context.run(context.plan(0, 0, head), bench.tokens[:head], 0)
    context.copy(0, 2, 0, head)
    for at in range(head, N, 37):  # far enough to push the head's window out of the local cache
        context.decode(bench.tokens[at : at + 37], np.arange(at, min(at + 37, N)), 0)
    tail = (bench.tokens[:300] + 7) % bench.recipe.n_vocab
    for at in range(0, 180, 60):
        context.decode(tail[at : at + 60], np.arange(N + at, N + at + 60), 0)
    context.copy(2, 1, 0, head)
    before = context.evaluated_later
    assert context.exact_from(1, head) <= head
    assert bench.go_on(context, head, head + 12, 1) <= TOLERANCE
    assert context.evaluated_later - before == 12


@every_model
def test_a_restored_state_may_be_rewound_within_the_margin_for_nothing_too(bench: Bench) -> None:
    context = bench.context(margin=300)
    context.run(context.plan(0, 0, 200, extra=60), bench.tokens[:200])
    other = bench.context(margin=300, n_seq_max=2)
    load_state(other, 1, save_state(context, 0))
    assert other.local_span(1) == context.local_span(0)
    for back in (190, 170, 145):
        other.remove(1, back, -1)
        plan = other.plan(1, back, back + 3)
        assert (plan.start, plan.first, plan.later) == (back, 3, 3)
        other.run(plan, bench.tokens[: back + 3], 1)
        assert error(other.logits(-1), bench.reference[back + 2]) <= TOLERANCE


@every_model
def test_a_saved_state_goes_on_exactly_and_knows_where_it_is_exact(bench: Bench) -> None:
    context = bench.context(n_seq_max=2)
    context.run(context.plan(0, 0, 150), bench.tokens[:150], 0)
    exact = context.exact_from(0, 150)
    data = save_state(context, 0)
    other = bench.context(n_seq_max=2)
    load_state(other, 1, data)
    assert other.exact_from(1, 150) == exact
    assert bench.go_on(other, 150, 160, 1) <= TOLERANCE
    with pytest.raises(EngineError):
        load_state(other, 0, data[: len(data) // 2])
    assert other.position_max(0) == -1


@pytest.mark.parametrize("bench", ["2 passes", "alibi"], indirect=True)
def test_a_copy_into_a_cache_of_its_own_is_there_after_the_next_evaluation(bench: Bench) -> None:
    context = bench.context(n_seq_max=3, unified=False)
    context.decode(bench.tokens[:100], np.arange(100), 0)
    context.copy(0, 1, -1, -1)
    for early in (lambda: save_state(context, 1), lambda: load_state(context, 2, b"")):
        with pytest.raises(EngineError, match="not there yet"):
            early()
    assert bench.go_on(context, 100, 110, 1) <= TOLERANCE
    load_state(context, 2, save_state(context, 1))
    assert bench.go_on(context, 110, 115, 2) <= TOLERANCE
    assert bench.go_on(context, 100, 105, 0) <= TOLERANCE


@pytest.mark.parametrize("bench", ["parallel"], indirect=True)
def test_the_parallel_variant_is_not_copied_into_a_cache_of_its_own(bench: Bench) -> None:
    context = bench.context(n_seq_max=2, unified=False)
    context.decode(bench.tokens[:50], np.arange(50), 0)
    with pytest.raises(EngineError, match="unified=True"):
        context.copy(0, 1, -1, -1)
    assert bench.go_on(context, 50, 60, 0) <= TOLERANCE


@one_model
def test_drafts_of_pass_one_are_verified_by_the_later_passes_alone(bench: Bench) -> None:
    context = bench.context()
    context.keep_hidden(True)
    context.decode(bench.tokens[:100], np.arange(100), 0)
    hidden = []
    for at in range(100, 106):
        context.decode_depth(bench.tokens[at : at + 1], [at], 0, 1, "last")
        hidden.append(context.hidden(-1))
    before = context.evaluated_first
    context.finish(np.stack(hidden), np.arange(100, 106))
    assert context.evaluated_first == before
    assert error(rows(context, 6), bench.reference[100:106]) <= TOLERANCE
    context.remove(0, 103, -1)  # three drafts accepted
    assert bench.go_on(context, 103, 115) <= TOLERANCE


@pytest.mark.parametrize("bench", ["3 passes", "alibi"], indirect=True)
def test_later_passes_alone_for_other_models(bench: Bench) -> None:
    context = bench.context()
    context.keep_hidden(True)
    context.decode_depth(bench.tokens[:60], np.arange(60), 0, 1, "all")
    hidden = np.stack([context.hidden(i) for i in range(60)])
    context.finish(hidden, np.arange(60))
    assert error(rows(context, 60), bench.reference[:60]) <= TOLERANCE
    assert bench.go_on(context, 60, 70) <= TOLERANCE


@one_model
def test_later_passes_need_a_first_one(bench: Bench) -> None:
    context = bench.context()
    context.decode(bench.tokens[:10], np.arange(10), 0)
    with pytest.raises(EngineError):
        context.finish(np.zeros((2, bench.recipe.n_embd), np.float32), [10, 11])
    assert bench.go_on(context, 10, 20) <= TOLERANCE


@pytest.mark.parametrize("bench", ["parallel"], indirect=True)
def test_the_parallel_variant_cannot_run_later_passes_alone(bench: Bench) -> None:
    context = bench.context()
    assert not context.can_finish
    context.decode(bench.tokens[:10], np.arange(10), 0)
    with pytest.raises(EngineError, match="cannot be run apart"):
        context.finish(np.zeros((1, bench.recipe.n_embd), np.float32), [10])


@two_models
def test_a_rewind_and_another_tail(bench: Bench) -> None:
    context = bench.context(margin=256)
    context.decode(bench.tokens[:120], np.arange(120), 0)
    other = (bench.tokens + 3) % bench.recipe.n_vocab
    for _ in range(3):
        context.remove(0, 100, -1)
        context.decode(other[100:130], np.arange(100, 130), 0)
    context.remove(0, 100, -1)
    assert bench.go_on(context, 100, 130, size=4) <= TOLERANCE


@pytest.mark.parametrize("layers", [0, 2, 7])
@one_model
def test_a_range_that_makes_no_sense_is_refused(bench: Bench, layers: int) -> None:
    context = bench.context()
    with pytest.raises(EngineError, match="layers cannot be run"):
        context.decode_layers([1], [0], 0, layers)
    context.decode([1], [0], 0, "last")


def test_a_long_windows_memory_is_that_of_one_pass(random_model: Files) -> None:
    recipe = Recipe(n_layer=4, window=64, context=131072, seed=48)
    model = Model.load(random_model(recipe))
    context = LoopContext(model, 131072, margin=2048, n_batch=512, n_ubatch=512)
    once = Model.load(random_model(Recipe(n_layer=4, passes=1, context=131072, seed=48)))
    single = LoopContext(once, 131072, n_batch=512, n_ubatch=512)
    assert context.memory_bytes <= 1.1 * single.memory_bytes
    for closable in (context, single, model, once):
        closable.close()
