from __future__ import annotations

import pickle
import random
import threading

import pytest

from iquest_lsp.context.index import WorkspaceIndex
from iquest_lsp.context.index import test_stem as stem_of_test
from iquest_lsp.datatypes import Document
from iquest_lsp.dropped import Dropped

from .toys import SECRET, ToyWorkspace, module


def toy() -> ToyWorkspace:
    return ToyWorkspace(
        {
            "toy/__init__.py": "",
            "toy/alpha.py": module("alpha", ["beta"]),
            "toy/beta.py": module("beta"),
            "tests/test_beta.py": module("test_beta", ["beta"]),
            "toy/lone.ts": "export const lone = 1;\n",
        }
    )


def test_definers_imports_importers_and_tests() -> None:
    index = toy().index
    assert index.definers("beta_function_1") == {"toy/beta.py"}
    assert index.definers("nobody") == frozenset()
    entry = index.entry("toy/alpha.py")
    assert entry is not None
    assert list(index.imported("toy/alpha.py", entry.imports)) == ["toy/beta.py"]
    assert index.importers("toy/beta.py") == ["tests/test_beta.py", "toy/alpha.py"]
    assert index.same_name("toy/beta.py") == ["tests/test_beta.py"]
    assert index.same_name("tests/test_beta.py") == ["toy/beta.py"]


@pytest.mark.parametrize(
    ("path", "stem"),
    [
        ("a/test_x.py", "x"),
        ("a/x_test.go", "x"),
        ("a/x.test.ts", "x"),
        ("a/x.spec.js", "x"),
        ("a/XTest.java", "x"),
        ("a/TestX.java", "x"),
        ("a/x.py", "x"),
        ("a/contest.py", "contest"),
        ("a/testing.py", "testing"),
        ("a/Makefile", "makefile"),
    ],
)
def test_stems(path: str, stem: str) -> None:
    assert stem_of_test(path) == stem


def test_nearest_goes_outwards() -> None:
    assert list(toy().index.nearest("toy"))[:4] == ["toy/__init__.py", "toy/alpha.py", "toy/beta.py", "toy/lone.ts"]
    assert sorted(toy().index.nearest("toy")) == sorted(toy().index.paths)


def test_updates_leave_the_index_as_a_fresh_one() -> None:
    rng = random.Random(5)
    workspace = toy()
    names = ["beta", "gamma", "delta", "omega"]
    for _ in range(60):
        name = rng.choice(names)
        path = f"toy/{name}.py"
        action = rng.random()
        if action < 0.6:
            workspace.files[path] = module(name, rng.sample(names, 2), rng.randint(1, 4))
            workspace.refused.pop(path, None)
        elif action < 0.8:
            workspace.files.pop(path, None)
        else:
            workspace.refused[path] = SECRET
        workspace.index.update(path, workspace.load)
    fresh = WorkspaceIndex()
    fresh.build(sorted({*workspace.files, *workspace.refused}), workspace.load)
    assert workspace.index.paths == fresh.paths
    assert workspace.index.dropped == fresh.dropped
    for path in fresh.paths:
        mine, theirs = workspace.index.entry(path), fresh.entry(path)
        assert mine is not None
        assert theirs is not None
        assert (mine.pieces, mine.imports) == (theirs.pieces, theirs.imports)
        assert workspace.index.importers(path) == fresh.importers(path)
        assert workspace.index.same_name(path) == fresh.same_name(path)
    for name in names:
        assert workspace.index.definers(f"{name}_function_1") == fresh.definers(f"{name}_function_1")


def test_readers_on_another_thread_meet_no_error() -> None:
    workspace = toy()
    stop = threading.Event()
    errors: list[Exception] = []

    def read() -> None:
        while not stop.is_set():
            try:
                for path in workspace.index.paths:
                    entry = workspace.index.entry(path)
                    workspace.index.importers(path)
                    workspace.index.imported(path, entry.imports if entry else ())
                    workspace.index.definers("beta_function_1")
                assert workspace.index.dropped is not None
            except Exception as error:  # noqa: BLE001 - whatever it is, the test tells
                errors.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    for number in range(300):
        path = f"toy/beta_{number % 7}/beta.py"
        if number % 3:
            workspace.files[path] = "from toy.alpha import alpha_function_1\ndef beta_function_1():\n    pass\n"
        else:
            workspace.files.pop(path, None)
        workspace.index.update(path, workspace.load)
    stop.set()
    reader.join()
    assert errors == []


def test_build_tells_progress_removes_what_is_gone_and_can_be_cancelled() -> None:
    workspace = toy()
    told: list[tuple[int, int]] = []
    assert workspace.index.build(["toy/beta.py"], workspace.load, lambda done, total: told.append((done, total)))
    assert workspace.index.paths == ("toy/beta.py",)
    assert told[0] == (0, 1)
    assert told[-1] == (1, 1)
    assert not workspace.index.build(sorted(workspace.files), workspace.load, cancelled=lambda: True)


def test_refusals_are_kept_with_their_reasons_and_missing_files_are_not() -> None:
    workspace = toy()
    workspace.refused["toy/beta.py"] = SECRET
    workspace.index.update("toy/beta.py", workspace.load)
    assert workspace.index.refusal("toy/beta.py") == "secret by content: a token in line 1"
    assert workspace.index.dropped == (Dropped("toy/beta.py", SECRET),)
    del workspace.files["toy/alpha.py"]
    workspace.index.update("toy/alpha.py", workspace.load)
    assert workspace.index.entry("toy/alpha.py") is None
    assert workspace.index.refusal("toy/alpha.py") == ""


def test_the_index_can_be_sent_to_another_process() -> None:
    index = toy().index
    copy: WorkspaceIndex = pickle.loads(pickle.dumps(index))
    assert copy.paths == index.paths
    assert copy.importers("toy/beta.py") == index.importers("toy/beta.py")
    copy.update("toy/new.py", lambda path: Document(path, "def fresh_one():\n    pass\n"))
    assert copy.definers("fresh_one") == {"toy/new.py"}
    assert index.definers("fresh_one") == frozenset()
