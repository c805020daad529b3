from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.context.inputs import WindowInputs
from iquest_lsp.context.prompt import PromptFormat
from iquest_lsp.context.window import WindowAssembler
from iquest_lsp.datatypes import ChunkKind, ContextWindow, Document, FlowRecord, Position, RecentEdit, Snapshot

from .toys import (
    NAMED,
    PLAIN,
    PSM,
    SECRET,
    SPM,
    STOCK_SPM,
    ToyTokenizer,
    ToyWorkspace,
    common_prefix,
    module,
    special_tokens,
)

FILES = {
    "toy/alpha.py": module("alpha", ["beta", "gamma"]),
    "toy/beta.py": module("beta"),
    "toy/gamma.py": module("gamma", ["beta"]),
    "toy/delta.py": module("delta"),
    "tests/test_alpha.py": module("test_alpha", ["alpha"]),
    "README.md": "# Toy\n\nA project of toys.\n",
}


class Bench:
    """A workspace, a tokenizer and an assembler."""

    def __init__(
        self, prompt_format: PromptFormat = SPM, budget: int = 4096, files: dict[str, str] | None = None
    ) -> None:
        self.workspace = ToyWorkspace(FILES if files is None else files)
        self.tokenizer = ToyTokenizer()
        self.special = special_tokens(prompt_format.tokens) if prompt_format.tokens else {}
        self.assembler = WindowAssembler(self.tokenizer, prompt_format, self.special, budget)

    def make(self, path: str, line: int, character: int, *, refresh: bool = False, **sources: object) -> ContextWindow:
        snapshot = self.workspace.snapshot(path, line, character)
        return self.assembler.assemble(snapshot, self.workspace.sources(**sources), refresh=refresh)

    def text(self, window: ContextWindow) -> str:
        return self.tokenizer.decode(window.tokens, self.special)


def kinds(window: ContextWindow) -> list[str]:
    return [str(chunk.kind) for chunk in window.chunks]


def test_the_prompt_is_layout_version_1() -> None:
    bench = Bench(files={"a.py": "one\ntwo\nthree\n", "b.py": "def helper():\n    pass\n"})
    window = bench.make("a.py", 1, 2, flow=[FlowRecord("c1", "2026-01-02", "fix", "handle  x", paths=("a.py",))])
    assert bench.text(window) == (
        "<|repo_name|>toy\n"
        "<|file_sep|>.tree\na.py\nb.py\n"
        "<|file_sep|>.history\n- fix: handle x (a.py)\n"
        "<|file_sep|>b.py\ndef helper():\n    pass\n"
        "<|file_sep|>a.py\n<|fim_prefix|><|fim_suffix|>three\n<|fim_middle|>one\n<|tail|>o<|head|>tw"
    )
    assert bench.text(window)[: len("<|repo_name|>toy")] == "<|repo_name|>toy"
    head = bench.tokenizer.decode(window.tokens[: window.stable_prefix_tokens], bench.special)
    assert head.endswith("pass\n")


def test_a_model_without_fill_in_the_middle_reads_only_what_stands_before_the_cursor() -> None:
    files = {"a.py": "one\ntwo\nthree\n" + "four\n" * 300, "b.py": "def helper():\n    pass\n"}
    bench = Bench(PLAIN, files=files)
    window = bench.make("a.py", 1, 2)
    assert bench.text(window).endswith("# b.py\ndef helper():\n    pass\n# a.py\none\ntw")
    assert not window.shows_suffix
    assert window.chunks[-1].end == 2
    assert Bench(SPM, files=files).make("a.py", 1, 2).shows_suffix


@pytest.mark.slow
def test_the_place_of_what_is_not_shown_goes_to_what_stands_before_the_cursor() -> None:
    files = {"a.py": "".join(f"value_{number} = {number}\n" for number in range(3000))}
    shown = {}
    for prompt_format in (PLAIN, SPM):
        window = Bench(prompt_format, files=files).make("a.py", 2000, 0)
        shown[prompt_format] = 2000 - window.chunks[-1].start
    assert shown[PLAIN] > 1.1 * shown[SPM]


@pytest.mark.parametrize("prompt_format", [SPM, PSM, STOCK_SPM, PLAIN])
@pytest.mark.parametrize("budget", [40, 300, 1000, 4096, 50_000])
def test_the_window_fits_and_its_counts_add_up(prompt_format: PromptFormat, budget: int) -> None:
    bench = Bench(prompt_format, budget)
    bench.workspace.open("toy/alpha.py")
    window = bench.make("toy/alpha.py", 30, 10)
    assert 0 < len(window.tokens) <= budget
    assert window.chunks[-1].kind is ChunkKind.CURRENT
    current = window.chunks[-1].tokens
    assert window.stable_prefix_tokens == len(window.tokens) - current
    others = sum(chunk.tokens for chunk in window.chunks[:-1])
    assert 0 <= window.stable_prefix_tokens - others <= 10  # the repository's name belongs to no chunk
    assert "value_" in bench.text(window)[-200:]


def test_the_order_of_kinds_is_that_of_the_layout() -> None:
    bench = Bench()
    for path in ("toy/alpha.py", "toy/delta.py"):
        bench.workspace.open(path)
    window = bench.make(
        "toy/alpha.py",
        10,
        4,
        flow=[FlowRecord("c", "2026-01-01", "fix", "x")],
        edits=[RecentEdit("toy/delta.py", 0, 2, "def fresh():\n    pass\n", at=5.0)],
    )
    order = ["tree", "flow", "related", "open", "edit", "current"]
    found = kinds(window)
    assert found == sorted(found, key=order.index)
    assert set(found) == set(order)


def test_what_matters_is_shown_with_its_reason() -> None:
    bench = Bench(budget=3000)
    window = bench.make("toy/alpha.py", 30, 10)
    reasons = {chunk.path: chunk.reason for chunk in window.chunks}
    assert "beta_function_1" in reasons["toy/beta.py"] or "imported" in reasons["toy/beta.py"]
    assert all(chunk.reason for chunk in window.chunks)
    assert "toy/alpha.py" not in {chunk.path for chunk in window.chunks[:-1]}


def test_dropped_ones_have_reasons() -> None:
    bench = Bench(budget=3000)
    bench.workspace.refused["toy/delta.py"] = SECRET
    bench.workspace.index.update("toy/delta.py", bench.workspace.load)
    window = bench.make("toy/alpha.py", 30, 10)
    assert any("over the budget" in item.reason for item in window.dropped)
    assert ("toy/delta.py", "secret by content: a token in line 1") in {
        (item.path, item.reason) for item in window.dropped
    }


def test_a_keystroke_asks_the_tokenizer_once_and_changes_the_end_only() -> None:
    bench = Bench()
    bench.workspace.open("toy/alpha.py")
    text = FILES["toy/alpha.py"]
    lines = text.split("\n")
    old = bench.make("toy/alpha.py", 30, 4)
    for count in range(1, 6):
        lines[30] = "    " + "total"[:count]
        bench.workspace.edit("toy/alpha.py", "\n".join(lines))
        calls, characters = bench.tokenizer.calls, bench.tokenizer.characters
        new = bench.make("toy/alpha.py", 30, 4 + count)
        assert bench.tokenizer.calls <= calls + 1
        assert bench.tokenizer.characters <= characters + 20
        assert new.stable_prefix_tokens == old.stable_prefix_tokens
        assert len(new.tokens) - common_prefix(old.tokens, new.tokens) <= (4 if count > 1 else 12)
        old = new


def test_a_refused_current_file_gives_nothing() -> None:
    class Refused:
        text, reason = "", NAMED

    bench = Bench()
    window = bench.make("toy/alpha.py", 0, 0, current=lambda document: Refused())
    assert not window.tokens
    assert not window.chunks
    assert window.dropped[0].reason == "secret by name: *.key"
    assert bench.tokenizer.calls == 0


def test_what_becomes_refused_leaves_at_once() -> None:
    bench = Bench()
    first = bench.make("toy/alpha.py", 30, 10)
    assert any(chunk.path == "toy/beta.py" for chunk in first.chunks)
    bench.workspace.refused["toy/beta.py"] = SECRET
    bench.workspace.index.update("toy/beta.py", bench.workspace.load)
    second = bench.make("toy/alpha.py", 30, 10)
    assert "beta.py" not in bench.text(second)


def test_secret_history_and_edits_stay_out() -> None:
    bench = Bench()
    window = bench.make(
        "toy/alpha.py",
        30,
        10,
        flow=[FlowRecord("c", "2026-01-01", "fix", "rotate hush"), FlowRecord("d", "2026-01-01", "fix", "fine")],
        edits=[RecentEdit("toy/delta.py", 0, 1, "key = hush\n"), RecentEdit("stranger.py", 0, 1, "strange = 1\n")],
        is_secret=lambda text: "hush" in text,
    )
    assert "hush" not in bench.text(window)
    assert "strange" not in bench.text(window)
    assert "fine" in bench.text(window)


def test_history_does_not_name_files_that_may_not_be_shown() -> None:
    bench = Bench()
    bench.workspace.refused["deploy/production.key"] = NAMED
    bench.workspace.index.update("deploy/production.key", bench.workspace.load)
    record = FlowRecord("c", "2026-01-01", "fix", "deploy again", paths=("deploy/production.key", "toy/beta.py"))
    text = bench.text(bench.make("toy/alpha.py", 30, 10, flow=[record]))
    assert "- fix: deploy again (toy/beta.py)\n" in text
    assert "production.key" not in text


def test_an_open_buffer_that_may_not_be_shown_is_not() -> None:
    bench = Bench()
    bench.workspace.open("toy/beta.py", "unsaved_hush = 1\n")
    reason = {"toy/beta.py": SECRET}
    window = bench.make("toy/alpha.py", 30, 10, open_reason=lambda document: reason.get(document.path))
    assert "unsaved_hush" not in bench.text(window)


@pytest.mark.parametrize("prompt_format", [SPM, PSM, PLAIN])
@pytest.mark.slow
def test_one_enormous_line(prompt_format: PromptFormat) -> None:
    text = "x = [" + "1, " * 100_000 + "]"
    bench = Bench(prompt_format, 1000, {"big.py": text})
    window = bench.make("big.py", 0, 150_000)
    assert 100 < len(window.tokens) <= 1000
    assert bench.text(window).endswith("1, "[: 150_000 % 3] or "1, ") or bench.text(window)[-1] in "1, "


@pytest.mark.parametrize("text", ["", "\n", "\r\n", "a\r\nb\rc", "\ud800\0x", "\n" * 500, "    "])
def test_odd_texts(text: str) -> None:
    for prompt_format in (SPM, PSM, PLAIN):
        bench = Bench(prompt_format, 500, {"odd.py": "x\n"})
        bench.workspace.open("odd.py", text)
        for line, character in ((0, 0), (0, 99), (99, 0), (2, 1)):
            window = bench.make("odd.py", line, character)
            assert 0 < len(window.tokens) <= 500
            bench.text(window).encode()


def test_assemble_is_the_first_window_of_a_session() -> None:
    bench = Bench()
    window = bench.make("toy/alpha.py", 30, 10)
    alone = WindowAssembler(bench.tokenizer, SPM, bench.special, 4096)
    snapshot, inputs = bench.workspace.snapshot("toy/alpha.py", 30, 10), bench.workspace.sources()
    assert alone.assemble(snapshot, inputs) == window


def test_sources_have_defaults_for_a_file_alone() -> None:
    tokenizer = ToyTokenizer()
    document = Document("/elsewhere/a.py", "x = 1\n")
    snapshot = Snapshot(Path("/"), document, Position(0, 5))
    window = WindowAssembler(tokenizer, PLAIN, {}, 1000).assemble(snapshot, WindowInputs())
    assert kinds(window) == ["current"]
