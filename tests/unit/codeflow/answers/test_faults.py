"""A fault of the program in one part of an explanation costs that part, and is told."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from iquest_lsp.codeflow.answers import explain
from iquest_lsp.codeflow.gaps import AnswerPart, Gap, GapKind, Gaps
from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.wording.gaps import gap_words
from iquest_lsp.errors import RepositoryError
from tests.unit.codeflow.conftest import Script, history_of


@pytest.fixture
def told(script: Script, monkeypatch: pytest.MonkeyPatch) -> Callable[[], tuple[list[str], tuple[Gap, ...]]]:
    """The names that an explanation of the last commit holds, and what it lacks."""
    monkeypatch.setattr(Gaps, "shows_faults", False)
    first = {f"{name}.py": f"def {name}():\n    return 1\n" for name in ("shop", "till")}
    script.commit("First", {**first, "use.py": "from shop import shop\n\nshop()\n"})
    script.commit("Second", {path: text.replace("1", "2") for path, text in first.items()})

    def explained() -> tuple[list[str], tuple[Gap, ...]]:
        answer = history_of(script.root).explain_diff("HEAD")
        return [item.name for item in answer.changes], answer.gaps

    return explained


def fails(*_: object, **__: object) -> list[object]:
    raise ValueError("'x' is not in list")


def test_in_one_file(told: Callable[[], tuple[list[str], tuple[Gap, ...]]], monkeypatch: pytest.MonkeyPatch) -> None:
    changes = explain.symbol_changes

    def sometimes(item: FileDiff, before: bytes | None, after: bytes | None) -> list[SymbolChange]:
        assert item.path != "shop.py"
        return changes(item, before, after)

    monkeypatch.setattr(explain, "symbol_changes", sometimes)
    names, gaps = told()
    assert names == ["till"], "nothing is told as the module's that is its function's"
    assert gaps == (Gap(GapKind.FAULTY_FILE, ("shop.py",)),)
    assert gap_words(gaps) == [
        "what changes in `shop.py` is not told in full: this program failed there (its log says how)"
    ]


@pytest.mark.parametrize(
    ("function", "part"),
    [
        ("references", AnswerPart.USES),
        ("risks_of", AnswerPart.RISKS),
        ("missing_of", AnswerPart.MISSING),
        ("symbols_of", AnswerPart.HISTORY),
    ],
)
def test_in_one_part(
    told: Callable[[], tuple[list[str], tuple[Gap, ...]]],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    function: str,
    part: AnswerPart,
) -> None:
    monkeypatch.setattr(explain, function, fails)
    names, gaps = told()
    assert names == ["shop", "till"]
    assert gaps == (Gap(GapKind.FAULT, (part,)),)
    assert len(gap_words(gaps)) == 1
    assert "ValueError: 'x' is not in list" in caplog.text


def test_what_a_user_can_mend_ends_the_answer(
    told: Callable[[], tuple[list[str], tuple[Gap, ...]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> list[object]:
        raise RepositoryError("The repository is damaged")

    monkeypatch.setattr(explain, "references", refused)
    with pytest.raises(RepositoryError):
        told()


def test_whoever_looks_for_faults_sees_them(
    told: Callable[[], tuple[list[str], tuple[Gap, ...]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Gaps, "shows_faults", True)
    monkeypatch.setattr(explain, "references", fails)
    with pytest.raises(ValueError, match="is not in list"):
        told()
