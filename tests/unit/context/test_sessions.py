"""The promises of the window, counted over editing sessions."""

from __future__ import annotations

import sysconfig
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import pytest

from iquest_lsp.context.prompt import PromptFormat
from iquest_lsp.context.window import WindowAssembler
from iquest_lsp.datatypes import ContextWindow

from .sessions import Costs, Typist, library, play
from .toys import PLAIN, PSM, SPM, STOCK_SPM, ToyTokenizer, ToyWorkspace, special_tokens

pytestmark = pytest.mark.slow  # engines, daemons or long sessions

FILES = library("json", "logging", "email", "http", "asyncio", "unittest", "urllib", "xml/etree", most_lines=1500)


def run(prompt_format: PromptFormat, budget: int, seeds: Sequence[int], spans: int = 10) -> Costs:
    total = Costs()

    def check(window: ContextWindow) -> None:
        assert len(window.tokens) <= budget

    for seed in seeds:
        typist = Typist(FILES, seed)
        costs = play(list(typist.session(spans)), FILES, typist.opened, prompt_format, budget, check=check)
        for kind in costs.kept:
            total.kept[kind] += costs.kept[kind]
            total.evaluated[kind] += costs.evaluated[kind]
        total.windows += costs.windows
        total.largest = max(total.largest, costs.largest)
    return total


def keeps_the_promises(costs: Costs) -> None:
    assert len(costs.keystrokes) > 700
    assert costs.typical <= 16
    assert costs.percentile(0.95) <= 64
    assert min(costs.kept["elsewhere"]) >= 0.9
    assert min(costs.kept["save"]) >= 0.9
    assert len(costs.kept["switch"]) >= 3
    assert min(costs.kept["switch"]) >= 0.6


@pytest.mark.slow
@pytest.mark.parametrize("prompt_format", [SPM, PSM, STOCK_SPM], ids=["spm", "psm", "stock spm"])
@pytest.mark.parametrize(("budget", "seeds"), [(2048, (1, 2)), (8192, (1, 2)), (32_768, (2,))])
def test_what_typing_saving_and_switching_cost(
    prompt_format: PromptFormat, budget: int, seeds: tuple[int, ...]
) -> None:
    costs = run(prompt_format, budget, seeds)
    assert costs.largest > budget * 0.75  # the windows are full, so that the shares mean something
    keeps_the_promises(costs)


@pytest.mark.slow
def test_a_window_of_the_largest_size_keeps_the_same_promises(monkeypatch: pytest.MonkeyPatch) -> None:
    everything = sorted(item.name for item in Path(sysconfig.get_path("stdlib")).iterdir() if item.is_dir())
    packages = [name for name in everything if name not in ("site-packages", "test", "__pycache__")]
    monkeypatch.setitem(globals(), "FILES", library(*packages, most_lines=1500))
    costs = run(SPM, 131_072, seeds=(2,))
    assert costs.largest > 98_304
    keeps_the_promises(costs)


@pytest.mark.slow
def test_new_lines_by_themselves_keep_the_promise_too() -> None:
    for prompt_format in (SPM, PSM):
        newlines = sorted(run(prompt_format, 4096, seeds=(4, 5)).evaluated["newline"])
        assert median(newlines) <= 16
        assert newlines[int(len(newlines) * 0.95)] <= 64


def test_a_model_that_only_continues_text_is_cheap_as_well() -> None:
    costs = run(PLAIN, 4096, seeds=(1,))
    assert costs.typical <= 16
    assert costs.percentile(0.95) <= 64


def test_an_idle_moment_does_not_churn() -> None:
    """A second idle moment right after the first changes nothing."""
    typist = Typist(FILES, 7)
    workspace = ToyWorkspace(FILES)
    for path in typist.opened:
        workspace.open(path)
    assert SPM.tokens is not None
    assembler = WindowAssembler(ToyTokenizer(), SPM, special_tokens(SPM.tokens), 8192)
    for path in typist.opened:
        windows = [
            assembler.assemble(workspace.snapshot(path, 30, 0), workspace.sources(), refresh=True) for _ in range(6)
        ]
        assert windows[-1].tokens == windows[-2].tokens == windows[-3].tokens


@pytest.mark.parametrize("slide", [False, True])
def test_the_counts_would_show_a_window_that_slides(slide: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """A span that begins a fixed number of lines above the cursor, as many tools have it, fails the same bounds."""
    if slide:
        monkeypatch.setattr("iquest_lsp.context.layout._first", lambda lines, row, limit, kept: max(row - 40, 0))
    newlines = sorted(run(SPM, 8192, seeds=(1,)).evaluated["newline"])
    assert (newlines[int(len(newlines) * 0.95)] > 64) is slide
