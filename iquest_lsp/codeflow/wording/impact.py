"""The answer to “what else must change if this changes”, and its JSON and markdown forms."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from iquest_lsp.codeflow.facts import Fact
from iquest_lsp.codeflow.gaps import Gap, GapKind
from iquest_lsp.codeflow.wording.gaps import partial, partial_lines
from iquest_lsp.codeflow.wording.phrases import WITHHELD, escape, listed, say

#: Definitions that are named in the markdown form.
MAX_NAMED = 5
#: What keeps one from saying that there is no use.
_UNSEARCHED = (GapKind.BARE, GapKind.CUT_OFF, GapKind.SHORT)
ORDER = ("caller", "test", "docs", "ci", "config", "cochange")


class UseKind(StrEnum):
    """What a place has to do with a definition."""

    #: The definition's name, the definition around the use, and the module that its file does not import (or "").
    CALLS = "calls"
    USES = "uses"
    #: The member of an interface or a base that is used, the definition around the use, "call" where it is called, and
    #: the member that may stand for it there.
    BY_WAY_OF = "by-way-of"
    #: The definition that it overrides.
    OVERRIDES = "overrides"
    #: A member of an interface or a base, and the one that implements or overrides it.
    DECLARES = "declares"
    #: A name and the line that holds it.
    MENTIONS = "mentions"
    MENTIONS_MODULE = "mentions-module"
    #: The path that the test is named after.
    NAMED_TEST = "named-test"
    #: In how many of how many commits that changed a file it changed too, and that file.
    TOGETHER = "together"
    #: What is known holds a secret.
    WITHHELD = "withheld"


class Use(Fact[UseKind]):
    """What a place has to do with a definition."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ImpactItem:
    """A place that may have to change: `line` is 1-based; `kind` is caller, test, docs, ci, config or cochange.

    Where a whole file is meant `line` is 1. `confidence` orders the items of a kind and is not measured.

    `commits` are some of those that it rests on, newest first, where it rests on commits.
    """

    path: str
    line: int
    kind: str
    use: Use
    confidence: float
    commits: tuple[str, ...] = ()

    @property
    def reason(self) -> str:
        """What it has to do with the target, in words."""
        return _use(self.use)

    @property
    def place(self) -> str:
        """The path, and the line unless the whole file is meant."""
        whole = self.use.kind in (UseKind.NAMED_TEST, UseKind.TOGETHER)
        return self.path if whole else f"{self.path}:{self.line}"


@dataclass(frozen=True, slots=True)
class Impact:
    """All such places for a target, most certain first within their kinds.

    `definitions` are those whose change is meant; the target is a diff where `is_diff`, and has no file where it
    `changes_nothing`.
    """

    target: str
    items: tuple[ImpactItem, ...]
    definitions: tuple[str, ...] = ()
    is_diff: bool = False
    changes_nothing: bool = False
    gaps: tuple[Gap, ...] = ()

    def to_json(self) -> dict[str, object]:
        """The JSON form (docs/json.md)."""
        return {
            "target": self.target,
            "definitions": list(self.definitions),
            "items": [
                {
                    "path": item.path,
                    "line": item.line,
                    "kind": item.kind,
                    "reason": item.reason,
                    "confidence": round(item.confidence, 3),
                    **({"commits": list(item.commits)} if item.commits else {}),
                }
                for item in self.items
            ],
            "partial": partial(self.gaps),
        }

    def to_markdown(self) -> str:
        """The places as a markdown document, by kind."""
        title = "# What may have to change with {}" if self.is_diff else "# What changing {} may affect"
        lines = [say(title, escape(self.target)), ""]
        if self.definitions and not self.target.endswith(f"::{self.definitions[0]}"):
            lines += [say("Definitions meant: {}.", listed(self.definitions, MAX_NAMED)), ""]
        if self.changes_nothing:
            lines.append(say("Nothing changes in {}.", escape(self.target)))
        elif not self.items and not any(gap.kind in _UNSEARCHED for gap in self.gaps):
            lines.append(say("No use of it was found in the tracked files of this repository."))
        for kind in ORDER:
            some = [item for item in self.items if item.kind == kind]
            if some:
                lines += [say(_HEADINGS[kind]), ""]
                lines += [_line(item) for item in some]
                lines.append("")
        lines += partial_lines(self.gaps)
        return "\n".join(lines).rstrip() + "\n"


def _line(item: ImpactItem) -> str:
    # A quoted line may hold a picture.
    told = item.reason.replace("![", "\\![")
    line = f"- `{item.place}` {told}"
    commits = ", ".join(f"`{commit[:10]}`" for commit in item.commits)
    return say("{} (lately {})", line, commits) if commits else line


_HEADINGS = {
    "caller": "## Callers",
    "test": "## Tests",
    "docs": "## Documentation",
    "ci": "## Continuous integration",
    "config": "## Configuration",
    "cochange": "## Usually changes with it",
}
_USES = {
    UseKind.OVERRIDES: "overrides `{}`",
    UseKind.DECLARES: "declares `{}`, which `{}` implements or overrides",
    UseKind.MENTIONS: "mentions `{}`: {}",
    UseKind.MENTIONS_MODULE: "mentions {}: {}",
    UseKind.NAMED_TEST: "is by its name a test of {}",
    UseKind.TOGETHER: "also changed in {0} of {1} commits that changed {2}",
}


def _use(use: Use) -> str:
    if use.kind is UseKind.WITHHELD:
        return WITHHELD
    if use.kind is UseKind.BY_WAY_OF:
        base, within, call, name = use.values
        text = _within("calls `{}`" if call else "uses `{}`", base, within)
        return say("{} (which may run `{}`)" if call else "{} (which may be `{}`)", text, name)
    if use.kind not in (UseKind.CALLS, UseKind.USES):
        return say(_USES[use.kind], *use.values)
    name, within, module = use.values
    text = _within("calls `{}`" if use.kind is UseKind.CALLS else "uses `{}`", name, within)
    return say("{} (only the name matches: it may be another than the one in {})", text, module) if module else text


def _within(how: str, name: str, within: str) -> str:
    text = say(how, name)
    return say("{} in `{}`", text, within) if within else text
