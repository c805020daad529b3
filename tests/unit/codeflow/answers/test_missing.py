"""Files that are expected in a diff."""

from __future__ import annotations

from collections import Counter

import pytest

from iquest_lsp.codeflow.answers.missing import fitting, missing_of, with_likely
from iquest_lsp.codeflow.past.cochange import Partner
from iquest_lsp.codeflow.past.likely_files import Likely
from iquest_lsp.codeflow.past.unindexed import Habits
from iquest_lsp.codeflow.syntax.changes import ChangeName, SymbolChange
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.syntax.linking.uses import Reference
from iquest_lsp.codeflow.wording.explanation import MissingItem, MissingKind, MissingReason, told_as_missing


def item(path: str, confidence: float = 0.5) -> MissingItem:
    return MissingItem(path, (MissingReason(MissingKind.NAMES, ("read_all",)),), 3, confidence)


@pytest.mark.parametrize(
    ("paths", "path", "confidence", "fits"),
    [
        (["a.py"], "b.py", 0.5, True),
        (["a.py"], "README.md", 0.5, True),
        (["README.md"], "b.py", 0.5, False),
        (["README.md"], "b.py", 0.9, True),
        (["README.md"], "docs/b.md", 0.5, True),
        (["setup.cfg"], "b.py", 0.5, False),
        (["setup.cfg"], "a.toml", 0.5, True),
    ],
)
def test_documentation_asks_for_no_code(paths: list[str], path: str, confidence: float, fits: bool) -> None:
    some = [item(path, confidence)]
    assert fitting(paths, some) == (some if fits else [])


def test_likely_files_stand_behind_the_expected_ones() -> None:
    expected = [item("a.py", 0.9)]
    likely = [Likely("a.py", 0.5, ("x_y",)), Likely("b.py", 0.9, ("read_all",)), Likely("c.py", 0.4, ())]
    found = with_likely(expected, likely, [])
    assert [one.path for one in found] == ["a.py", "b.py"]
    assert found[1].confidence < found[0].confidence


def test_what_changed_along_is_told_of_a_likely_file() -> None:
    partner = Partner("b.py", "a.py", 3, 4, 3.0, 4.0)
    (found,) = with_likely([], [Likely("b.py", 0.4, ())], [partner])
    assert (found.support, [reason.kind for reason in found.reasons]) == (3, [MissingKind.TOGETHER])


@pytest.mark.parametrize(("changed", "expected"), [("a/b.py", ["CHANGES.md"]), ("tests/test_b.py", [])])
def test_a_test_asks_for_no_changelog(changed: str, expected: list[str]) -> None:
    partner = Partner("CHANGES.md", changed, 9, 10, 9.0, 10.0)
    found = missing_of([changed], [], [partner], Habits(0, Counter()), [], frozenset({"CHANGES.md", changed}), "fix")
    assert [one.path for one in found] == expected


@pytest.mark.parametrize(
    ("changed", "path", "support", "total", "told"),
    [
        # Of few commits all have to agree.
        (["src/a.py"], "src/b.py", 17, 20, True),
        (["src/a.py"], "src/b.py", 15, 20, False),
        (["src/a.py"], "src/b.py", 3, 3, False),
        (["src/a.py"], "tests/test_a.py", 12, 20, True),
        (["tests/test_c.py"], "tests/test_a.py", 4, 4, False),
        (["tests/test_c.py"], "tests/test_a.py", 12, 12, True),
        (["src/a.py", "tests/test_c.py"], "tests/test_a.py", 12, 20, False),
        (["src/a.py"], "docs/a.md", 16, 20, True),
        (["src/a.py"], "docs/a.md", 13, 20, False),
        ([".github/workflows/ci.yml"], "README.md", 20, 20, False),
        # What one tool brings up to date, in one file or in all.
        (["requirements/dev.txt"], "requirements/docs.txt", 15, 20, False),
        (["requirements/dev.txt"], "requirements/docs.txt", 18, 20, True),
        (["one/package.json"], "other/package.json", 15, 20, False),
        (["docs/a.md"], "docs/b.md", 18, 20, False),
        (["docs/a.md"], "docs/b.md", 20, 20, True),
        # A changelog follows code, and a test that is mended says nothing of the code.
        (["src/a.py"], "CHANGELOG.md", 10, 20, True),
        (["package.json"], "CHANGELOG.md", 18, 20, False),
        (["tests/test_a.py"], "src/a.py", 15, 20, False),
        (["tests/test_a.py", "src/c.py"], "src/a.py", 15, 20, False),
        (["tests/test_a.py", "src/c.py"], "src/a.py", 17, 20, True),
    ],
)
def test_files_that_follow_often_enough_are_expected(
    changed: list[str], path: str, support: int, total: int, told: bool
) -> None:
    partner = Partner(path, changed[0], support, total, float(support), float(total))
    tracked = frozenset({path, *changed})
    found = missing_of(changed, [], [partner], Habits(0, Counter()), [], tracked, "change")
    assert [one.path for one in told_as_missing(found)] == ([path] if told else [])


@pytest.mark.parametrize(("support", "total", "told"), [(0, 0, False), (2, 4, True), (3, 12, False), (6, 12, True)])
def test_a_test_of_that_name_is_expected_as_its_past_says(support: int, total: int, told: bool) -> None:
    test, path = "tests/test_shop.py", "shop.py"
    change = SymbolChange(path, "read", "function", "body", effects=(Effect(EffectKind.CALLS, ("go",)),))
    partners = [Partner(test, path, support, total, support, total)] if support else []
    partners += [Partner("other.py", path, 0, total, 0, total)]
    found = missing_of([path], [change], partners, Habits(0, Counter()), [], frozenset({test, path}), "change")
    assert [one.path for one in told_as_missing(found)] == ([test] if told else [])


@pytest.mark.parametrize(
    ("name", "change", "told"),
    [("read_all", "removed", True), ("read_all", "signature", False), ("Kit.get", "removed", False)],
)
def test_a_page_is_stale_where_what_it_names_has_gone(name: str, change: ChangeName, told: bool) -> None:
    item = SymbolChange("lib.py", name, "function", change, signature="def f(a)", old_signature="def f(b, c)")
    short = name.rpartition(".")[2]
    use = Reference("docs/a.md", 3, "docs", short, f"`{short}` reads all")
    tracked = frozenset({"lib.py", "docs/a.md"})
    found = missing_of(["lib.py"], [item], [], Habits(0, Counter()), [use], tracked, "change")
    assert [one.path for one in told_as_missing(found)] == (["docs/a.md"] if told else [])
