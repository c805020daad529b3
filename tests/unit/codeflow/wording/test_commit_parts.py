"""Points of a commit message on keys, packages and sections."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind
from iquest_lsp.codeflow.wording.commit_parts import is_named, lengths, of_keys, of_sections, worded


def change(name: str, kind: str = "function", what: str = "added", path: str = "a.py", **more: object) -> SymbolChange:
    return SymbolChange(path, name, kind, what, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a"], ["a"]),
        (["a", "b"], ["a and b", "a and 1 more"]),
        (["a", "b", "c", "d"], ["a, b, c and 1 more", "a, b and 2 more", "a and 3 more"]),
        (["a", "a"], ["a"]),
    ],
)
def test_names_in_several_lengths(names: list[str], expected: list[str]) -> None:
    assert lengths(names) == expected


def test_a_change_is_told_with_its_place_and_without() -> None:
    assert worded("added", [change("f")]) == ("add `f` to a.py", "add `f`")
    some = [change("f", what="body"), change("g", what="body", path="b.py")]
    assert worded("body", some) == (
        "change `f` and `g`",
        "change `f` and 1 more",
        "change 2 functions",
        "change 2 functions in 2 files",
    )


def turned(name: str, kind: EffectKind, *values: str, of: str = "key", path: str = "pyproject.toml") -> SymbolChange:
    return change(name, of, "body", path, effects=(Effect(kind, values),))


@pytest.mark.parametrize(
    ("item", "told"),
    [
        (turned("project.version", EffectKind.RAISES_VERSION, '"1.0"', '"1.1"'), "set the version to 1.1"),
        (turned("dependencies.kit", EffectKind.RAISES_VERSION, '"1.0"', '"1.1"'), "raise kit from 1.0 to 1.1"),
        (turned("tool.size", EffectKind.VALUE_BECOMES, "1", "2"), "change tool.size from 1 to 2"),
        (turned("kit", EffectKind.LOWERS_VERSION, "1.1", "1.0", of="package"), "lower kit from 1.1 to 1.0"),
        (change("dependencies.kit", "key"), "add the dependency kit"),
        (change("tool.size", "key", "removed"), "remove tool.size from a.py"),
        (change("kit", "package"), "add the package kit"),
        (
            turned("jobs.a.steps[1].uses", EffectKind.VALUE_BECOMES, "a/check@v2", "a/check@v3"),
            "update a/check from v2 to v3",
        ),
        (
            turned("jobs.a.steps[1].uses", EffectKind.BECOMES, "a/check@1234567 # v2.1", "a/check@89abcde # v2.2"),
            "update a/check from v2.1 to v2.2",
        ),
        (
            turned("repos[https://a.org/one/hooks].rev", EffectKind.BECOMES, "1234567 # 0.7", "89abcde # 0.8"),
            "update one/hooks from 0.7 to 0.8",
        ),
        (
            turned("jobs.a.steps[1].uses", EffectKind.VALUE_BECOMES, "a/check@v2", "b/check@v3"),
            "change jobs.a.steps[1].uses from a/check@v2 to b/check@v3",
        ),
    ],
)
def test_what_happens_to_a_key(item: SymbolChange, told: str) -> None:
    (point,) = of_keys([item])
    assert point.texts[0] == told


def test_many_packages_are_counted() -> None:
    (point,) = of_keys([change(f"kit{number}", "package", "body") for number in range(9)])
    assert point.texts[-1] == "update 9 packages"


def test_a_section_is_told_by_its_innermost_name() -> None:
    (point,) = of_sections([change("Use > Install", "section", path="docs/a.md")])
    assert point.texts == ("add “Install” to docs/a.md", "update docs/a.md")


def test_what_stands_before_all_sections_is_told_by_its_file() -> None:
    (point,) = of_sections([change("a.md", "preamble", path="docs/a.md")])
    assert point.texts == ("update docs/a.md",)


def test_what_stands_in_a_new_section_is_new_with_it() -> None:
    sections = [change("Use", "section", path="a.md"), change("Use > Install", "section", path="a.md")]
    (point,) = of_sections(sections)
    assert point.texts[0] == "add “Use” to a.md"


@pytest.mark.parametrize(
    ("name", "kind", "named"),
    [
        ("read", "function", True),
        ("a.py", "imports", False),
        ("x" * 81, "key", False),
        ("f(" + "x" * 50, "command", False),
        ("f(x", "command", True),
    ],
)
def test_what_has_a_name_for_a_message(name: str, kind: str, named: bool) -> None:
    assert is_named(change(name, kind)) is named


def test_one_action_in_several_steps_is_told_once_and_several_together() -> None:
    some = [
        turned(f"jobs.a.steps[{at}].uses", EffectKind.VALUE_BECOMES, f"a/{name}@v2", f"a/{name}@v3")
        for at, name in enumerate(("check", "check", "setup"))
    ]
    assert [point.texts[0] for point in of_keys(some[:2])] == ["update a/check from v2 to v3"]
    assert [point.texts[0] for point in of_keys(some)] == ["update a/check and a/setup"]


def test_packages_are_called_so_where_they_come_or_go() -> None:
    some = [change(name, "package", "removed") for name in ("kit", "box")]
    (point,) = of_keys(some)
    assert point.texts == ("remove the packages kit and box", "remove the packages kit and 1 more", "remove 2 packages")
