"""What the index answers: co-change, declared versions, stories of classes and lines, planted truth in small."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.codeflow_truth import measure, report
from iquest_lsp.codeflow.git.commits import Hunk
from iquest_lsp.codeflow.git.revisions import Tag
from iquest_lsp.codeflow.past.cochange import partners, usual, wilson_bound
from iquest_lsp.codeflow.past.releases import releases, version_of
from iquest_lsp.codeflow.syntax.dialects import Declaration, declared, violations
from iquest_lsp.codeflow.wording.purposes import construct_words
from iquest_lsp.errors import NotARepositoryError, UsageError
from tests.unit.codeflow.conftest import Script, history_of


def test_partners_have_support_and_confidence() -> None:
    sweep = [*(f"x{number}" for number in range(40)), "a", "c"]
    commits = [["a", "b"]] * 6 + [["a", "c"]] * 2 + [["a"]] * 2 + [["b", "c"], sweep]
    found = {item.path: item for item in partners(commits, ["a"])}
    assert (found["b"].support, found["b"].total, found["b"].confidence) == (6, 10, 0.6)
    assert found["c"].support == 2, "the sweep over 42 files does not count"
    assert [item.path for item in usual(found.values(), ["a"])] == ["b"]
    assert usual(found.values(), ["a", "b"]) == []
    assert wilson_bound(1, 1) < wilson_bound(10, 10) < 1
    assert wilson_bound(0, 0) == 0


def test_versions_and_releases() -> None:
    assert version_of("v1.2.3") == ((1, 2, 3), True)
    assert version_of("release-2.0rc1") == ((2, 0), False)
    assert version_of("7") == ((7,), True)
    assert version_of("before-refactoring") is None
    tags = [Tag("v1.0", "a", 10), Tag("v1.1rc1", "b", 20), Tag("v1.1", "c", 30), Tag("green-5", "d", 40)]
    assert [tag.name for tag in releases(tags)] == ["v1.0", "v1.1"]
    assert [tag.name for tag in releases([Tag("alpha", "a", 1), Tag("beta", "b", 2)])] == ["alpha", "beta"]


@pytest.mark.parametrize(
    ("names", "kept"),
    [
        # A package's release is none of the repository's, which has tags of its own.
        (["13.0.0", "globset-0.4.6", "grep-searcher-0.1.7", "14.0.0"], ["13.0.0", "14.0.0"]),
        (["v1.0.0", "@scope/core@2.0.0", "release-1.1.0", "cli/v3.0.0"], ["v1.0.0", "release-1.1.0"]),
        # The package that the repository is called after.
        ([f"tokio-1.{minor}.0" for minor in range(6)] + ["0.1.0", "tokio-util-0.6.0"], None),
        # Packages alone: each of them counts.
        (["a@1.0.0", "b@1.0.0"], ["a@1.0.0", "b@1.0.0"]),
        # One package, by whatever name.
        (["curl-7_79_0", "curl-7_79_1"], ["curl-7_79_0", "curl-7_79_1"]),
    ],
)
def test_releases_of_packages_in_one_repository(names: list[str], kept: list[str] | None) -> None:
    tags = [Tag(name, str(at), at) for at, name in enumerate(names)]
    found = [tag.name for tag in releases(tags)]
    assert found == (kept if kept is not None else names[:-1])


@pytest.mark.parametrize(
    ("name", "text", "language", "version"),
    [
        ("pyproject.toml", '[project]\nrequires-python = ">=3.8,<4"\n', "python", (3, 8)),
        ("pyproject.toml", '[tool.poetry.dependencies]\npython = "^3.9"\n', "python", (3, 9)),
        ("setup.cfg", "[options]\npython_requires = >=3.7\n", "python", (3, 7)),
        ("setup.py", "setup(python_requires='>=3.6')\n", "python", (3, 6)),
        ("go.mod", "module x\n\ngo 1.17\n", "go", (1, 17)),
        ("pom.xml", "<maven.compiler.release>11</maven.compiler.release>", "java", (11,)),
        ("Cargo.toml", '[package]\nedition = "2015"\n', "rust", (2015,)),
    ],
)
def test_declared_versions(name: str, text: str, language: str, version: tuple[int, ...]) -> None:
    found = declared(language, lambda asked: text.encode() if asked == name else None)
    assert found is not None
    assert found.version == version


@pytest.mark.parametrize(
    ("path", "source", "version", "construct"),
    [
        ("a.py", "match x:\n    case 1:\n        pass\n", (3, 8), "a match statement"),
        ("a.py", "if (n := f()):\n    pass\n", (3, 7), "an assignment expression"),
        ("a.py", "def f(a, /, b):\n    pass\n", (3, 7), "positional-only parameters"),
        ("a.py", "def f[T](a: T) -> T:\n    return a\n", (3, 11), "type parameters"),
        ("a.py", "match = 3\nx: list[int] = [1 / 2]\ntype = 4\n", (3, 6), ""),
        ("a.go", "package a\nfunc F[T any](x T) T { return x }\n", (1, 17), "type parameters"),
        ("A.java", "record P(int x) {}\n", (11,), "a record"),
    ],
)
def test_violations(path: str, source: str, version: tuple[int, ...], construct: str) -> None:
    from iquest_lsp.grammars import language_of

    lines = tuple(source.splitlines())
    hunk = Hunk(0, 0, 0, len(lines), (), lines)
    found = violations(path, source.encode(), Declaration(language_of(path), version, "x"), [hunk])
    assert [construct_words(item.construct) for item in found][:1] == ([construct] if construct else [])
    assert violations(path, source.encode(), Declaration(language_of(path), (9999,), "x"), [hunk]) == []
    assert violations(path, source.encode(), Declaration(language_of(path), version, "x"), []) == []


CLASS = """class Box:
    def __init__(self, size):
        self.size = size
        self.items = []

    def put(self, item):
        if len(self.items) >= self.size:
            raise ValueError("full")
        self.items.append(item)
"""


@pytest.mark.slow
def test_a_class_through_renames_and_moves(script: Script, tmp_path: Path) -> None:
    script.commit("Add Box", {"a.py": CLASS})
    script.git("tag", "v1.0")
    script.commit("Fix Box for no size", {"a.py": CLASS.replace("self.size = size", "self.size = size or 10")})
    renamed = CLASS.replace("self.size = size", "self.size = size or 10").replace("class Box", "class Crate")
    script.commit("Rename Box to Crate", {"a.py": renamed})
    script.git("mv", "a.py", "crate.py")
    script.commit("Move Crate into a file of its own")
    script.commit("Let Crate tell when it is full", {"crate.py": renamed.replace('"full"', '"the crate is full"')})
    story = history_of(script.root, folder=tmp_path).why("crate.py::Crate")
    assert [item.subject for item in story.story] == [
        "Add Box",
        "Fix Box for no size",
        "Rename Box to Crate",
        "Let Crate tell when it is full",
    ]
    assert story.since == "v1.0"
    assert story.deprecated_in is None
    method = history_of(script.root, folder=tmp_path).why("crate.py::put")
    assert method.story[0].subject == "Add Box"
    assert method.story[-1].subject == "Let Crate tell when it is full"
    line = history_of(script.root, folder=tmp_path).why("crate.py:3")
    assert [item.subject for item in line.story][:2] == ["Add Box", "Fix Box for no size"]


@pytest.mark.slow
def test_a_function_moved_between_files(script: Script, tmp_path: Path) -> None:
    body = "def area(width, height):\n    result = width * height\n    result = round(result, 2)\n    return result\n"
    script.commit("Add area", {"a.py": body, "b.py": "X = 1\n"})
    script.commit("Move area to b", {"a.py": "Y = 1\n", "b.py": "X = 1\n\n\n" + body})
    script.commit("Round area less", {"b.py": "X = 1\n\n\n" + body.replace("2)", "3)")})
    story = history_of(script.root, folder=tmp_path).why("b.py::area")
    assert [item.subject for item in story.story] == ["Add area", "Move area to b", "Round area less"]
    assert "moved from a.py" in story.story[1].change
    gone = history_of(script.root, folder=tmp_path).why("a.py::area")
    assert gone.story[0].subject == "Add area"


def test_clear_errors_for_places(script: Script, tmp_path: Path) -> None:
    script.commit("Add Box", {"a.py": CLASS})
    wrong = {"none.py:3": "no file", "a.py:300": "no line 300", "": "names no place", "a.py:0": "no line"}
    for place, said in wrong.items():
        with pytest.raises(UsageError, match=said):
            history_of(script.root, folder=tmp_path).why(place)
    with pytest.raises(UsageError, match=r"Box\.put"):
        history_of(script.root, folder=tmp_path).impact("a.py::Box.putt")
    with pytest.raises(NotARepositoryError):
        history_of(tmp_path, folder=tmp_path).why("a.py:1")


@pytest.mark.slow
def test_the_store_serves_explanations_and_records(script: Script, tmp_path: Path) -> None:
    script.commit("Start", {"a.py": "def f():\n    return 0\n", "a.json": "0\n", "CHANGES.md": "0\n"})
    for number in range(1, 7):
        script.commit(
            f"Add step {number} to f",
            {"a.py": f"def f():\n    return {number}\n", "a.json": f"{number}\n", "CHANGES.md": f"{number}\n"},
        )
    history_of(script.root, folder=tmp_path).update_index()
    assert dict(history_of(script.root, folder=tmp_path).cochanged(["a.py"])["a.py"])["a.json"] > 0.6
    script.write({"a.py": "def f():\n    return 7\n"})
    explanation = history_of(script.root, folder=tmp_path).explain_diff()
    assert {"a.json", "CHANGES.md"} <= {item.path for item in explanation.missing}
    assert "added `f`" in explanation.history[-1].reason
    live = history_of(script.root, folder=tmp_path / "none").explain_diff()
    assert [item.path for item in live.missing] == [item.path for item in explanation.missing]
    assert [item.commit for item in live.history] == [item.commit for item in explanation.history]
    records = history_of(script.root, folder=tmp_path).flow_records(["a.py"], 3)
    assert [item.subject for item in records] == ["Add step 6 to f", "Add step 5 to f", "Add step 4 to f"]
    assert records[0].symbols == ("f",)
    assert "`5` becomes `6`" in records[0].action
    # An older revision is explained by what came before it.
    older = history_of(script.root, folder=tmp_path).explain_diff("HEAD~3")
    assert "Add step 6 to f" not in [item.subject for item in older.history]
    assert history_of(script.root, folder=tmp_path).suspects("a.py:2").items[0].subject == "Add step 6 to f"


@pytest.mark.slow
def test_planted_truth() -> None:
    """Targets: macro F1 0.9 over kinds with 30% of the messages empty; 80% of the culprits among three suspects."""
    figures = report(measure([11], 300, 14))
    assert figures["kinds_macro_f1"] >= 0.9  # type: ignore[operator]
    ranks = figures["suspects"]
    assert ranks["log"]["top3"] >= 0.8  # type: ignore[index]
    assert ranks["line"]["top3"] >= 0.8  # type: ignore[index]
    assert figures["bots"]["wrong"] == 0  # type: ignore[index]
