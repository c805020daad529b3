"""What the answers say is so: counts, places, releases, and the words of authors."""

from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.codeflow.answers import why
from iquest_lsp.codeflow.answers.missing import with_likely
from iquest_lsp.codeflow.past.cochange import Partner
from iquest_lsp.codeflow.past.likely_files import Likely
from iquest_lsp.codeflow.syntax.linking.uses import Reference
from iquest_lsp.codeflow.syntax.linking.uses_in_text import meant, names_module
from iquest_lsp.codeflow.syntax.paths import is_test_of
from iquest_lsp.codeflow.wording.suspects import Evidence, EvidenceKind, Suspect
from tests.unit.codeflow.conftest import Script, history_of

MODULE = "def read(size=0):\n    return size\n"


def test_the_author_keeps_the_spelling_of_a_subject(script: Script) -> None:
    script.commit("Begin", {"lib.py": MODULE})
    script.commit("fix(lib): read one more", {"lib.py": MODULE.replace("return size", "return size + 1")})
    explanation = history_of(script.root).explain_diff("HEAD")
    assert explanation.summary.startswith("fix(lib): read one more. Changes `read` in lib.py; ")
    assert explanation.intent == "fix"


def test_the_reason_of_a_step_is_the_authors_own(script: Script, tmp_path: Path) -> None:
    script.commit("Add reading", {"lib.py": MODULE})
    script.commit("Fix the size\n\nOne byte was lost.", {"lib.py": MODULE.replace("return size", "return size + 1")})
    story = history_of(script.root, folder=tmp_path).why("lib.py::read")
    assert [(item.kind, item.reason) for item in story.story] == [
        ("feature", "Add reading"),
        ("fix", "One byte was lost."),
    ]


@pytest.mark.slow
def test_without_tags_nothing_is_said_of_releases(script: Script, tmp_path: Path) -> None:
    script.commit("Add reading", {"lib.py": MODULE})
    assert (
        "\nThere are no release tags.\n" in history_of(script.root, folder=tmp_path).why("lib.py::read").to_markdown()
    )
    script.git("tag", "v1.0")
    script.commit("Add writing", {"lib.py": MODULE + "\n\ndef write():\n    pass\n"})
    history = history_of(script.root, folder=tmp_path)
    assert "\nNo release tag contains it.\n" in history.why("lib.py::write").to_markdown()
    assert "\nIn releases since **v1.0**.\n" in history.why("lib.py::read").to_markdown()


@pytest.mark.slow
def test_steps_that_are_not_shown_are_not_counted_as_filtered(
    script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(why, "MAX_STORY", 6)
    for number in range(9):
        script.commit(f"Read {number} bytes more", {"lib.py": MODULE.replace("return size", f"return size + {number}")})
    story = history_of(script.root, folder=tmp_path).why("lib.py::read")
    assert (len(story.story), story.left_out) == (6, 0)
    assert "filtered out" not in story.to_markdown()
    assert "only 6 of 9 steps are shown" in story.to_markdown()


def test_impact_shows_no_line_of_a_whole_file_and_no_number_that_is_not_counted(script: Script, tmp_path: Path) -> None:
    script.commit(
        "Begin", {"lib.py": MODULE, "tests/test_lib.py": "from lib import read\n\n\ndef test_a():\n    read()\n"}
    )
    for number in range(5):
        script.commit(
            f"Read {number}", {"lib.py": MODULE.replace("size=0", f"size={number}"), "table.txt": f"{number}\n"}
        )
    found = history_of(script.root, folder=tmp_path).impact("lib.py::read")
    document = found.to_markdown()
    assert "- `table.txt` also changed in 4 of 5 commits that changed lib.py (lately `" in document
    assert "- `tests/test_lib.py:5` calls `read` in `test_a`\n" in document
    assert "%" not in document
    assert {item.path: item.line for item in found.items}["table.txt"] == 1
    assert document.startswith("# What changing lib.py::read may affect\n")


def test_a_file_that_only_lies_near_is_not_listed() -> None:
    along = [Likely("near.py", 0.9, ()), Likely("names.py", 0.2, ("read_all",)), Likely("along.py", 0.1, ())]
    found = with_likely((), along, [Partner("along.py", "x.py", 1, 4, 1.0, 2.0)])
    assert [item.path for item in found] == ["names.py", "along.py"]


@pytest.mark.parametrize(
    ("told", "test", "path"),
    [
        (True, "tests/test_macros.py", "src/shop/macros.py"),
        (False, "tests/macros.rs", "crates/printer/src/macros.rs"),
        (True, "printer/tests/macros.rs", "printer/src/macros.rs"),
        (True, "test/specs/utils.spec.js", "lib/utils.js"),
        (False, "tests/test_other.py", "src/shop/macros.py"),
    ],
)
def test_a_test_without_a_mark_is_of_its_own_package(told: bool, test: str, path: str) -> None:
    assert is_test_of(test, path) == told


def test_the_narrowest_place_is_told() -> None:
    evidence = (Evidence(EvidenceKind.LINE), Evidence(EvidenceKind.SYMBOL, ("f",)), Evidence(EvidenceKind.FILE, ("a",)))
    assert Suspect("c", "d", "s", 0.5, evidence, ()).reason == "changed this very line"
    assert Suspect("c", "d", "s", 0.5, evidence[1:], ()).reason == "changed `f`"


def test_a_word_that_matches_is_not_called_a_call() -> None:
    told = Suspect("c", "d", "s", 0.5, (Evidence(EvidenceKind.CALLED_IN, ("Reader.read", "main")),), ())
    assert told.reason == "changed `Reader.read`, whose name also stands in `main`"


@pytest.mark.slow
def test_what_is_not_counted_and_what_is_guessed_is_not_told(script: Script, tmp_path: Path) -> None:
    script.commit("Document reading", {"lib.py": MODULE})
    script.commit("Read", {"lib.py": MODULE.replace("size=0", "size=1") + "\n"})
    found = history_of(script.root, folder=tmp_path).suspects("lib.py")
    assert [item.reason for item in found.items] == [
        "changed lib.py; 3 lines added or removed in all",
        "changed lib.py; 2 lines added or removed in all",
    ]
    assert all("kind" not in item.reason for item in found.items)
    [item] = history_of(script.root).explain_diff("HEAD").history
    assert item.reason == "added `read`"


def test_a_trailer_is_no_reason(script: Script, tmp_path: Path) -> None:
    script.commit("Add reading\n\nOriginal-commit-link: https://example.org/1", {"lib.py": MODULE})
    [step] = history_of(script.root, folder=tmp_path).why("lib.py::read").story
    assert step.reason == "Add reading"


def test_comments_are_no_code(script: Script) -> None:
    text = "//! Green threads.\n//! They run.\n\nmod inner;\n"
    script.commit("Begin", {"src/task.rs": text})
    script.write({"src/task.rs": text.replace("They run.", "They run and end.")})
    assert "updates code" not in history_of(script.root).explain_diff().summary.lower()


def test_parts_of_an_attribute_are_no_members(script: Script) -> None:
    text = "#[cfg(all(\n    tokio_unstable,\n    {}\n))]\nenum Kind {{\n    One,\n}}\n"
    script.commit("Begin", {"a.rs": text.format("feature")})
    script.write({"a.rs": text.format("feature,\n    unix,\n    other")})
    assert "member" not in history_of(script.root).explain_diff().summary


def test_a_member_of_a_struct_is_no_signature(script: Script) -> None:
    text = "package a\n\ntype Context struct {\n\tName string\n}\n"
    script.commit("Begin", {"a.go": text})
    script.write({"a.go": text.replace("\tName string\n", "\tName string\n\tCache int\n")})
    summary = history_of(script.root).explain_diff().summary
    assert summary.startswith("Changes `Context` in a.go. Gains the member `Cache`.")
    assert "signature" not in summary


def test_callers_of_one_of_several_forms_are_no_risk(script: Script) -> None:
    old = "def total(x: int, strict: bool = False) -> int:\n    return x\n"
    script.commit("Begin", {"a.py": old, "b.py": "from a import total\n\ntotal(1, strict=True)\n"})
    form = "@overload\ndef total(x: int, strict: Literal[False]) -> int: ...\n\n\n"
    script.write({"a.py": form + old.replace("strict: bool = False", "strict: bool")})
    assert history_of(script.root).explain_diff().risks == ()


ORIGIN = ["shop/copying.py", "copying"]


def docs(text: str, name: str = "Copy", path: str = "docs/guide.md", kind: str = "docs") -> Reference:
    return Reference(path, 0, kind, name, text)


@pytest.mark.parametrize(
    ("told", "texts"),
    [
        (True, ["`Copy` does it alone: no other code has the name"]),
        (False, ["Copy the files to your server"]),
        (False, ["## Copy"]),
        (True, ["Use shop.Copy for this"]),
        (True, ["from shop.copying import Copy"]),
        (False, ["import Copy from other"]),
    ],
)
def test_documentation_means_a_plain_word_only_as_code(told: bool, texts: list[str]) -> None:
    uses = [docs(text) for text in texts]
    assert bool(meant(uses, uses, {"Copy": ORIGIN})) == told


@pytest.mark.parametrize(
    ("told", "text"),
    [
        (True, "/src/shop/files.py"),
        (True, "`shop.files` has them"),
        (True, "from shop.files import Copy"),
        (False, "see working-with-files/using-files/viewing"),
        (False, "files. Then"),
    ],
)
def test_a_module_called_by_a_plain_word_is_meant_by_its_path(told: bool, text: str) -> None:
    assert names_module(docs(text, "files"), "src/shop/files.py") == told


def test_a_name_that_others_have_too_needs_its_origin_beside_it() -> None:
    use = docs("Call `copy` then", "copy")
    other = Reference("lib/files.py", 3, "caller", "copy", "file.copy()", on="file", call=True)
    origins = {"copy": ORIGIN}
    assert meant([use], [use], origins) == [use]
    assert meant([use], [use, other], origins) == []
    beside = docs("The module `copying` has", "copying")
    assert meant([use], [use, other, beside], origins) == [use]
    setting = docs("copy: true", "copy", "a.yml", "config")
    assert meant([setting], [setting], origins) == []
    assert meant([named := docs("copy_files: true", "copy_files", "a.yml", "config")], [named], {"copy_files": ORIGIN})


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def f(a):\n    return a\n", "def f(a):  # one\n    return a\n"),
        ("def f(a):\n    # one\n    return a\n", "def f(a):\n    # two\n    return a\n"),
        ("LIMIT = 3  # one\n", "LIMIT = 3  # two\n"),
    ],
)
def test_comments_alone_mend_nothing_and_ask_for_nothing(script: Script, before: str, after: str) -> None:
    for number in range(6):
        end = f"\n\nX = {number}\n"
        files = {"shop.py": before + end, "test_shop.py": f"Y = {number}\n", "CHANGES.md": f"{number}\n"}
        script.commit(f"Change it {number}", files)
    script.write({"shop.py": f"{after}\n\nX = 5\n"})
    told = history_of(script.root).explain_diff()
    assert (told.intent, told.missing) == ("docs", ())
    assert "comments" in told.summary
    assert "documentation of" not in told.summary
    assert [change for file in told.to_json()["files"] for change in file["symbols"]]


def test_a_changed_docstring_is_documentation(script: Script) -> None:
    script.commit("Begin", {"shop.py": 'def f(a):\n    """One."""\n    return a\n'})
    script.write({"shop.py": 'def f(a):\n    """Two."""  # two\n    return a\n'})
    assert "documentation of `f`" in history_of(script.root).explain_diff().summary
