"""What may change in the window, and when."""

from __future__ import annotations

from iquest_lsp.context.index import WorkspaceIndex
from iquest_lsp.context.window import WindowAssembler
from iquest_lsp.datatypes import ChunkKind, ContextWindow, FlowRecord, RecentEdit

from .toys import SECRET, SPM, ToyTokenizer, ToyWorkspace, common_prefix, module, special_tokens

FILES = {
    f"toy/{name}.py": module(name, uses)
    for name, uses in (
        ("alpha", ["beta", "gamma"]),
        ("beta", []),
        ("gamma", ["beta"]),
        ("delta", ["omega"]),
        ("omega", []),
    )
}
PATHS = sorted(FILES)


class Session:
    def __init__(self, budget: int = 6000) -> None:
        assert SPM.tokens is not None
        self.workspace = ToyWorkspace(FILES)
        for path in ("toy/alpha.py", "toy/beta.py", "toy/delta.py"):
            self.workspace.open(path)
        self.special = special_tokens(SPM.tokens)
        self.tokenizer = ToyTokenizer()
        self.assembler = WindowAssembler(self.tokenizer, SPM, self.special, budget)

    def make(
        self, path: str = "toy/alpha.py", line: int = 30, *, refresh: bool = False, **more: object
    ) -> ContextWindow:
        return self.assembler.assemble(
            self.workspace.snapshot(path, line, 4), self.workspace.sources(**more), refresh=refresh
        )

    def text(self, window: ContextWindow) -> str:
        return self.tokenizer.decode(window.tokens, self.special)


def head(window: ContextWindow) -> tuple[int, ...]:
    return window.tokens[: window.stable_prefix_tokens]


def edit(session: Session, path: str, old: str, new: str) -> None:
    text = session.workspace.buffers[path].text
    assert old in text
    session.workspace.edit(path, text.replace(old, new, 1))


def test_another_buffer_s_change_waits_until_it_costs_nothing() -> None:
    session = Session()
    first = session.make()
    edit(session, "toy/beta.py", "value_3 = first", "value_3 = renamed + first")
    assert head(session.make()) == head(first)
    session.workspace.save("toy/beta.py")
    assert head(session.make()) == head(first)
    # A jump evaluates the current file anew in any case: now it is told, behind what stays.
    jumped = session.make(line=5)
    assert common_prefix(jumped.tokens, first.tokens) >= first.stable_prefix_tokens
    changes = [chunk for chunk in jumped.chunks if chunk.kind is ChunkKind.EDIT]
    assert [chunk.path for chunk in changes] == ["toy/beta.py"]
    assert "renamed + first" in changes[0].text
    assert "-" not in {line[:1] for line in changes[0].text.splitlines()}


def test_an_idle_moment_tells_it_too() -> None:
    session = Session()
    session.make()
    edit(session, "toy/beta.py", "value_3 = first", "value_3 = renamed + first")
    assert "renamed" in session.text(session.make(refresh=True))


def test_patience_ends_without_an_idle_moment() -> None:
    session = Session()
    session.make()
    edit(session, "toy/beta.py", "value_3 = first", "value_3 = renamed + first")
    assert any("renamed" in session.text(session.make()) for _ in range(70))


def test_a_change_taken_back_is_no_longer_told() -> None:
    session = Session()
    session.make()
    edit(session, "toy/beta.py", "value_3 = first", "value_3 = renamed + first")
    session.make(refresh=True)
    edit(session, "toy/beta.py", "renamed + first", "first")
    assert "renamed" not in session.text(session.make(refresh=True))


def test_a_file_left_is_kept_in_sight() -> None:
    session = Session()
    first = session.make()
    second = session.make("toy/delta.py", 20)
    assert common_prefix(first.tokens, second.tokens) >= first.stable_prefix_tokens
    left = [chunk for chunk in second.chunks if chunk.path == "toy/alpha.py"]
    assert left
    assert left[0].kind is ChunkKind.OPEN
    assert left[0].reason == "left a moment ago"
    assert left[0].start <= 30 < left[0].end


def test_going_back_and_forth_does_not_pile_up() -> None:
    session = Session()
    session.make()
    for _ in range(10):
        session.make("toy/delta.py", 20)
        window = session.make("toy/alpha.py", 30)
    assert len([chunk for chunk in window.chunks if chunk.path == "toy/alpha.py"]) <= 2
    assert len(window.tokens) <= 6000


def test_new_history_is_appended() -> None:
    session = Session()
    old = FlowRecord("c1", "2026-01-01", "fix", "the first")
    new = FlowRecord("c2", "2026-01-02", "fix", "the second")
    first = session.make(flow=[old])
    assert session.text(session.make(flow=[old, new])).count("the second") == 0
    told = session.make(flow=[old, new], refresh=True)
    assert session.text(told).count("the first") == 1
    assert session.text(told).count("the second") == 1
    assert common_prefix(first.tokens, told.tokens) >= first.stable_prefix_tokens


def test_files_that_come_and_go_do_not_touch_the_head() -> None:
    session = Session()
    first = session.make()
    session.workspace.files["toy/new.py"] = module("new")
    session.workspace.index.update("toy/new.py", session.workspace.load)
    del session.workspace.files["toy/omega.py"]
    session.workspace.index.update("toy/omega.py", session.workspace.load)
    assert head(session.make()) == head(first)


def test_a_path_that_becomes_secret_leaves_the_tree_too() -> None:
    session = Session()
    assert "toy/omega.py" in session.text(session.make())
    session.workspace.refused["toy/omega.py"] = SECRET
    session.workspace.index.update("toy/omega.py", session.workspace.load)
    assert "omega.py" not in session.text(session.make())


def test_another_index_that_no_longer_has_a_file_takes_it_out_at_once() -> None:
    """A folder that came to be ignored is not walked: its files are in no list of refusals."""
    session = Session()
    session.workspace.buffers.clear()
    first = session.make()
    assert "omega.py" in session.text(first)
    index = WorkspaceIndex()
    index.build([path for path in PATHS if "omega" not in path], session.workspace.load)
    index.version = session.workspace.index.version  # the same number must not hide that it is another
    session.workspace.index = index
    assert "omega.py" not in session.text(session.make())


def test_a_buffer_that_may_no_longer_be_shown_tells_nothing_of_its_file() -> None:
    session = Session()
    session.make()
    edit(session, "toy/beta.py", "value_3 = first", "value_3 = hush + first")
    told = RecentEdit("toy/beta.py", 11, 12, FILES["toy/beta.py"].split("\n")[11] + "\n")
    window = session.make(refresh=True, edits=[told], open_reason=lambda item: SECRET if "hush" in item.text else None)
    assert "hush" not in session.text(window)
    assert not [chunk for chunk in window.chunks if chunk.kind is ChunkKind.EDIT and chunk.path == "toy/beta.py"]


def test_dense_text_settles_on_one_span() -> None:
    """Where a character makes more tokens than the rest of the project's, the span is cut smaller once."""
    text = "".join(f"{'{}[]();:'[number % 8]}\n" * 3 for number in range(2000))
    session = Session(2048)
    session.workspace.open("dense.py", text)
    lines = text.split("\n")
    spans = set()
    for step in range(12):
        lines[3000] = "(" * step
        session.workspace.edit("dense.py", "\n".join(lines))
        window = session.assembler.assemble(
            session.workspace.snapshot("dense.py", 3000, step), session.workspace.sources()
        )
        assert window.chunks[-1].tokens <= session.assembler.shares.current
        if step:
            spans.add((window.chunks[-1].start, window.chunks[-1].end))
    assert len(spans) == 1


def test_edits_told_by_others_come_with_lines_around_them() -> None:
    session = Session()
    lines = FILES["toy/omega.py"].split("\n")
    lines[10:12] = ["    fresh_call()", "    fresh_again()"]
    session.workspace.files["toy/omega.py"] = "\n".join(lines)
    session.workspace.index.update("toy/omega.py", session.workspace.load)
    told = RecentEdit("toy/omega.py", 10, 12, "    fresh_call()\n    fresh_again()\n")
    window = Session.make(session, edits=[told])
    # The head was planned from the text as it is now, so there is nothing left to tell of it.
    shown = [chunk for chunk in window.chunks if "fresh_call()" in chunk.text]
    assert len(shown) == 1
    assert lines[8] in shown[0].text
    assert lines[13] in shown[0].text


def test_an_edit_elsewhere_in_the_current_file_is_told_when_its_span_does_not_show_it() -> None:
    text = "\n".join(f"value_{number} = {number}" for number in range(3000)) + "\n"
    session = Session(2048)
    session.workspace.files["toy/long.py"] = text
    session.workspace.index.update("toy/long.py", session.workspace.load)
    session.workspace.open("toy/long.py", text)
    near = RecentEdit("toy/long.py", 1500, 1501, "value_1500 = 1500\n")
    far = RecentEdit("toy/long.py", 2900, 2901, "value_2900 = 2900\n")
    window = session.make("toy/long.py", 1500, edits=[near, far])
    edits = [chunk for chunk in window.chunks if chunk.kind is ChunkKind.EDIT]
    assert ["value_2900" in chunk.text for chunk in edits] == [True]


def test_a_look_leaves_no_trace() -> None:
    session, other = Session(), Session()
    for at in (session, other):
        at.make()
        edit(at, "toy/beta.py", "value_3 = first", "value_3 = renamed + first")
    looked = session.assembler.preview(session.workspace.snapshot("toy/delta.py", 9, 0), session.workspace.sources())
    assert looked.chunks[-1].path == "toy/delta.py"
    text = session.text(looked)
    assert "renamed" in text
    assert session.make().tokens == other.make().tokens
    assert session.make(line=5).tokens == other.make(line=5).tokens


def test_equal_inputs_give_equal_windows() -> None:
    assert Session().make().tokens == Session().make().tokens
