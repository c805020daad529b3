"""Which project a file belongs to, and what becomes of open buffers where that changes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from iquest_lsp.assistant import Assistant, CompletionRequest, workspaces
from iquest_lsp.datatypes import Position
from iquest_lsp.project import project as projects
from iquest_lsp.project.index_process import IndexProcess
from iquest_lsp.settings import Configuration
from tests.waiting import PATIENT_MS, until

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("forked_workers")]  # engines, daemons or long sessions

CODE = "def area(width, height):\n    return width * height\n\n\ndef area("


@pytest.fixture
async def assistant() -> AsyncIterator[Assistant]:
    made = Assistant(Configuration({"engine": "fake", "deadline_ms": PATIENT_MS}), watch=False)
    await made.engine.ready()
    yield made
    await made.close()


def roots(assistant: Assistant) -> list[Path]:
    return [item.root for item in assistant.status_of_workspaces()]


async def text_in(assistant: Assistant, file: Path) -> str:
    """What is completed at the end of a document, which the fake engine copies from the buffer's beginning."""
    lines = assistant.session("editor").buffers.lines(file)
    cursor = lines.position(len(lines.text))
    return (await assistant.session("editor").complete(CompletionRequest(file, cursor))).text


async def test_a_buffer_follows_the_folder_it_belongs_to(assistant: Assistant, tmp_path: Path) -> None:
    """What is typed is completed, not what the disk has, whatever folders come and go."""
    outer, inner = tmp_path / "outer", tmp_path / "outer" / "inner"
    inner.mkdir(parents=True)
    (outer / "iquest.toml").write_text("")
    file = inner / "a.py"
    file.write_text("nothing of this is typed\n")
    assistant.session("editor").add_workspace(outer)
    assistant.session("editor").buffers.open(file, CODE, 1, "python")
    assistant.session("editor").add_workspace(inner)
    assert assistant.session().view(file).project.root == inner
    assert await text_in(assistant, file) == "width, height):"
    assistant.session("editor").buffers.change(file, [(None, CODE + "wid")], 2)
    assert await text_in(assistant, file) == "th, height):"
    assistant.session("editor").remove_workspace(inner)
    assert assistant.session().view(file).project.root == outer
    assert await text_in(assistant, file) == "th, height):"
    assistant.session("editor").remove_workspace(outer)
    assistant.session("editor").buffers.change(file, [(None, "\n" + CODE)], 3)  # not only a deletion
    assert await text_in(assistant, file) == "width, height):"
    assert roots(assistant) == [outer]  # by its mark, as for a file opened alone


async def test_below_a_folder_that_nobody_opened_there_are_projects(assistant: Assistant, tmp_path: Path) -> None:
    repository = tmp_path / "work"
    (repository / ".git").mkdir(parents=True)
    for file in (tmp_path / "loose.py", repository / "a.py"):
        file.write_text(CODE)
        assistant.session("editor").buffers.open(file, CODE, 1, "python")
    assert roots(assistant) == [tmp_path, repository]
    assert assistant.session().view(repository / "a.py").project.root == repository
    # Opened as a workspace, the folder is one; the repository in it stays what it is.
    assistant.session("editor").add_workspace(tmp_path)
    assert assistant.session().view(tmp_path / "other" / "b.py").project.root == tmp_path
    assert assistant.session().view(repository / "a.py").project.root == repository


async def test_of_a_folder_that_nobody_opened_only_what_is_near_is_read(
    assistant: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be the home of a user, with all that lies there."""
    monkeypatch.setattr(projects, "LOOSE_FILES", 20)
    deep = tmp_path / "a" / "b" / "c" / "d"
    deep.mkdir(parents=True)
    (tmp_path / ".cache").mkdir()
    for file in (tmp_path / "x.py", tmp_path / "a" / "near.py", deep / "far.py", tmp_path / ".cache" / "kept.py"):
        file.write_text("value = 1\n")
    project = assistant.session("editor").view(tmp_path / "x.py").project
    await project.index()
    assert project.paths == ("a/near.py", "x.py")
    for number in range(50):
        (tmp_path / f"y{number}.py").write_text("value = 2\n")
    project.widen()
    await project.index()
    assert {"a/b/c/d/far.py", "y49.py"} <= set(project.paths)
    assert len(project.paths) == 54


async def test_who_looks_into_many_folders_leaves_none_of_them_open(
    assistant: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with definitions in libraries, which editors open and close."""
    monkeypatch.setattr(workspaces, "LINGER_S", 0.0)
    for name in ("work", "library", "shared", "kept"):
        (tmp_path / name / ".git").mkdir(parents=True)
    files = {name: tmp_path / name / "a.py" for name in ("work", "library", "shared", "kept")}
    assistant.session("editor").add_workspace(tmp_path / "work")
    for file in files.values():
        assistant.session("editor").buffers.open(file, CODE, 1, "python")
    assistant.session("other").buffers.open(files["shared"], CODE, 1, "python")
    assistant.session("editor").buffers.open(files["kept"].with_name("b.py"), CODE, 1, "python")
    for file in files.values():
        assistant.session("editor").buffers.close(file)
        assistant.session("editor").buffers.close(file)
    await until(lambda: tmp_path / "library" not in roots(assistant))
    assert set(roots(assistant)) == {tmp_path / name for name in ("work", "shared", "kept")}
    assistant.session("editor").buffers.open(files["library"], CODE, 1, "python")
    assert await text_in(assistant, files["library"]) == "width, height):"
    assistant.session("editor").buffers.close(tmp_path / "nowhere" / "a.py")
    assert tmp_path / "nowhere" not in roots(assistant)


async def test_a_folder_that_cannot_be_indexed_costs_related_files_and_no_answer(
    assistant: Assistant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "iquest.toml").write_text("")
    (tmp_path / "a.py").write_text(CODE)
    monkeypatch.setattr(IndexProcess, "call", fail)
    project = assistant.session("editor").add_workspace(tmp_path)
    await project.index()
    assistant.session("editor").buffers.open(tmp_path / "a.py", CODE, 1, "python")
    window = await assistant.session("editor").context(tmp_path / "a.py", Position(4, 9))
    assert window.tokens
    assert await text_in(assistant, tmp_path / "a.py") == "width, height):"


async def test_a_folder_that_an_editor_renames_takes_its_files_along(assistant: Assistant, tmp_path: Path) -> None:
    (tmp_path / "iquest.toml").write_text("")
    (tmp_path / "old" / "deep").mkdir(parents=True)
    for file in (tmp_path / "old" / "a.py", tmp_path / "old" / "deep" / "b.py"):
        file.write_text(CODE)
        assistant.session("editor").buffers.open(file, CODE, 1, "python")
    project = assistant.session("editor").add_workspace(tmp_path)
    await project.index()
    assert set(project.paths) == {"iquest.toml", "old/a.py", "old/deep/b.py"}
    (tmp_path / "old").rename(tmp_path / "new")
    assistant.session("editor").buffers.gone([tmp_path / "old"])
    assistant.workspaces.files_changed([tmp_path / "new"])
    await project.index()
    assert set(project.paths) == {"iquest.toml", "new/a.py", "new/deep/b.py"}
    assert project.documents.open_documents("editor") == ()
    # More files than are worth reading one by one.
    for number in range(300):
        (tmp_path / "new" / f"more{number}.py").write_text("x = 1\n")
    assistant.workspaces.files_changed([tmp_path / "new"])
    await project.index()
    assert len(project.paths) == 303
    assistant.session("editor").buffers.open(tmp_path / "new" / "a.py", CODE, 1, "python")
    assistant.session("editor").buffers.gone([tmp_path])  # all of it
    assert project.documents.open_documents("editor") == ()


async def test_a_link_to_a_folder_of_a_workspace_is_no_workspace_of_its_own(
    assistant: Assistant, tmp_path: Path
) -> None:
    root, beside, far = tmp_path / "root", tmp_path / "beside", tmp_path / "far"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "iquest.toml").write_text("")
    beside.symlink_to(root / "sub")
    far.symlink_to(tmp_path)
    for file in (root / "sub" / "a.py", root / "sub" / "deep" / "b.py"):
        file.write_text("nothing of this is typed\n")
    project = assistant.session("editor").add_workspace(root)
    for name, path in (
        (beside / "a.py", "sub/a.py"),
        (beside / "deep" / "b.py", "sub/deep/b.py"),
        (far / "root" / "sub" / "a.py", "sub/a.py"),
        (far / "beside" / "new.py", "sub/new.py"),
    ):
        view, found = assistant.workspaces.locate(name, "editor")
        assert (view.project, found) == (project, path)
    assert roots(assistant) == [root]
    # What is typed under one name is what is completed under the other.
    assistant.session("editor").buffers.open(beside / "a.py", CODE, 1, "python")
    assert await text_in(assistant, root / "sub" / "a.py") == "width, height):"
    # Opened as a workspace it is one, and the innermost by either name.
    inner = assistant.session("editor").add_workspace(beside)
    for name in (beside / "a.py", root / "sub" / "a.py"):
        view, found = assistant.workspaces.locate(name, "editor")
        assert (view.project, found) == (inner, "a.py")
    assert await text_in(assistant, root / "sub" / "a.py") == "width, height):"
    # A link that leads elsewhere leads elsewhere.
    other = tmp_path / "other"
    other.mkdir()
    (root / "out").symlink_to(other)
    (other / "c.py").write_text("x = 1\n")
    assert assistant.workspaces.locate(root / "out" / "c.py", "editor")[1] == "out/c.py"
    assert assistant.workspaces.locate(other / "c.py", "editor")[0].project.root == other
