"""What may go wrong with a diff."""

from __future__ import annotations

from typing import Any

import pytest

from benchmarks.unredacted import shows_all
from iquest_lsp.codeflow.diff.risks import RiskKind, changed_names, risks_of
from iquest_lsp.codeflow.diff.sources import DiffSource
from iquest_lsp.codeflow.facts import WITHHELD
from iquest_lsp.codeflow.git.commits import FileDiff, Hunk
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from tests.unit.codeflow.conftest import Script, history_of

CALLER = "from a import read\n\n\ndef f():\n    return read(1)\n"
EACH = "def test_each():\n    assert each(1)\n    assert each(2)\n\n\ndef test_b():\n    assert b()\n"
MODULE = "module a.io/a\n\ngo 1.20\n\nrequire a.io/x v1.8.0\n"
READ = "def read(x):\n    return x\n"


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ({"a.py": READ, "b.py": CALLER}, {"a.py": READ.replace("(x)", "(x, y)")}, "The signature of `read` changes"),
        ({"a.py": READ, "b.py": CALLER}, {"a.py": "x = 1\n"}, "the old name is still used"),
        ({"a.py": READ}, {"a.py": "def read(x:\n    return x\n"}, "no longer parses as"),
        ({"a.py": READ}, {"a.py": "<<<<<<< ours\nx\n=======\ny\n>>>>>>> theirs\n"}, "conflict marker"),
        (
            {"a.py": READ},
            {"a.py": READ.replace("    return", "    breakpoint()\n    return")},
            "left over from debugging",
        ),
        ({"tests/test_a.py": EACH}, {"tests/test_a.py": EACH[: EACH.index("def test_b")]}, "test is removed"),
        ({"tests/test_a.py": "def test_a():\n    assert f()\n"}, {"tests/test_a.py": "x = 1\n"}, "test is removed"),
        (
            {"a.py": READ},
            {"a.py": "def read(x):\n    try:\n        return x\n    except Exception:\n        pass\n"},
            "catches every exception",
        ),
        (
            {"go.mod": MODULE, "go.sum": "a.io/x v1.8.0 h1:a=\n"},
            {"go.mod": MODULE.replace("v1.8.0", "v1.9.0")},
            "go.mod changes dependencies",
        ),
    ],
)
def test_a_risk_is_told_with_its_evidence(
    script: Script, before: dict[str, str | None], after: dict[str, str | None], words: str
) -> None:
    script.commit("Begin", before)
    script.write(after)
    assert any(words in risk for risk in history_of(script.root).explain_diff().risks)


@pytest.mark.parametrize(
    "after",
    [
        {"a.py": READ.replace("return x", "return x + 1")},
        {"a.py": READ, "notes.md": "Heading\n=======\n"},
        {"a.py": f"# breakpoint()\n{READ}"},
        {"tests/test_a.py": EACH.replace("test_each", "test_all").replace("each(", "every(1, 2, ")},
        {"go.mod": f"{MODULE}\nretract (\n\tv1.7.0 // Crashes\n\tv1.6.0\n)\n"},
    ],
)
def test_what_is_no_risk(script: Script, after: dict[str, str | None]) -> None:
    others = {"tests/test_a.py": EACH, "go.mod": MODULE, "go.sum": "a.io/x v1.8.0 h1:a=\n"}
    script.commit("Begin", {"a.py": READ, "b.py": CALLER, **others})
    script.write(after)
    assert history_of(script.root).explain_diff().risks == ()


def test_names_that_callers_may_still_use() -> None:
    gone = SymbolChange("a.py", "Shop.read", "method", "removed")
    assert "read" in {name.rpartition(".")[2] for name in changed_names([gone])}
    assert changed_names([SymbolChange("a.py", "read", "function", "body")]) == {}
    assert len({kind.value for kind in RiskKind}) == len(RiskKind)


def test_what_a_message_calls_breaking_is_quoted(script: Script) -> None:
    script.commit("Begin", {"a.py": READ})
    script.commit("feat: take a list\n\nWhy not.\n\nBREAKING CHANGE: one value\nis no list", {"a.py": f"{READ}# x\n"})
    script.commit("feat!: forget it", {"b.py": "x = 1\n"})
    history = history_of(script.root, redact=lambda text: "one value" in text)
    assert history.explain_diff("HEAD").risks == ("the message of this commit marks it as a breaking change (`!`)",)
    told = history_of(script.root).explain_diff("HEAD~1").risks
    assert told == ("the message of this commit says that it breaks something: one value is no list",)
    assert history.explain_diff("HEAD~1").risks == (told[0].replace("one value is no list", WITHHELD),)
    of_range = history_of(script.root).explain_diff("HEAD~2..HEAD").risks
    assert sorted(script.git("log", "--format=`%h`", "--abbrev=10", "-2").split()) == sorted(
        risk.split()[3] for risk in of_range
    )


class _Counted(tuple[str, ...]):
    """Lines that count how many of them are copied."""

    copied = 0

    def __getitem__(self, at: Any) -> Any:
        found = super().__getitem__(at)
        if isinstance(at, slice):
            type(self).copied += len(found)
        return found


def test_what_is_left_over_is_looked_for_line_by_line() -> None:
    """A patch may bring any number of lines; of each a few below it are looked at."""
    lines = _Counted(f"call({number})" for number in range(5000))
    item = FileDiff("a.py", "A", added=len(lines), hunks=(Hunk(0, 0, 0, len(lines), (), lines),))
    risks_of(DiffSource((item,), {}, {}), [], [], frozenset(), shows_all)
    assert _Counted.copied <= 20 * len(lines)
