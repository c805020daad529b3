"""What else must change if this changes: uses found in the syntax, and what history says changes along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from iquest_lsp import grammars
from iquest_lsp.codeflow.answers.targets import Target
from iquest_lsp.codeflow.diff.explanation import escape
from iquest_lsp.codeflow.diff.redaction import WITHHELD, Redact
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.cochange import Partner, usual
from iquest_lsp.codeflow.past.unindexed import Evidence
from iquest_lsp.codeflow.syntax.paths import Category, category, stem
from iquest_lsp.codeflow.syntax.references import Reference, imports, module_name, references

MAX_ITEMS = 60
_ORDER = ("caller", "test", "docs", "ci", "config", "cochange")


@dataclass(frozen=True, slots=True)
class ImpactItem:
    """A place that may have to change: `line` is 1-based; `kind` is caller, test, docs, ci, config or cochange."""

    path: str
    line: int
    kind: str
    reason: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Impact:
    """All such places for a target, most certain first within their kinds."""

    target: str
    items: tuple[ImpactItem, ...]

    def to_json(self) -> dict[str, object]:
        """The JSON form (docs/json.md)."""
        return {
            "target": self.target,
            "items": [
                {
                    "path": item.path,
                    "line": item.line,
                    "kind": item.kind,
                    "reason": item.reason,
                    "confidence": round(item.confidence, 3),
                }
                for item in self.items
            ],
        }

    def to_markdown(self) -> str:
        """The places as a markdown document, by kind."""
        lines = [f"# What a change of {escape(self.target)} reaches", ""]
        if not self.items:
            lines.append("Nothing in this repository uses it, as far as syntax and history tell.")
        titles = dict(
            zip(
                _ORDER,
                (
                    "Callers",
                    "Tests",
                    "Documentation",
                    "Continuous integration",
                    "Configuration",
                    "Changes along, says history",
                ),
                strict=True,
            )
        )
        for kind in _ORDER:
            some = [item for item in self.items if item.kind == kind]
            if some:
                lines += [f"## {titles[kind]}", ""]
                lines += [f"- `{item.path}:{item.line}` {item.reason} ({item.confidence:.0%})" for item in some]
                lines.append("")
        return "\n".join(lines).rstrip() + "\n"


def impact_of(
    repository: Repository,
    target: Target,
    past: Evidence,
    *,
    redact: Redact | None = None,
    include_filtered: bool = False,
) -> Impact:
    """The places that use the target's definition, and the files that change with its file.

    A reason that quotes a text of which `redact` says True is withheld.
    """
    short = target.name.rsplit(".", 1)[-1]
    module = module_name(target.path)
    names = [name for name in (short, module, f"test_{module}", f"{module}_test") if name]
    uses = references(repository, names, repository.work_tree_file) if not repository.bare else []
    scripts = _ci_text(repository)
    uses = [
        replace(use, kind="ci")
        if use.kind == "caller" and not grammars.language_of(use.path) and PurePosixPath(use.path).name in scripts
        else use
        for use in uses
    ]
    importers = {use.path for use in uses if use.name == module and imports(use.text)}
    tracked = frozenset(repository.files())
    found: dict[tuple[str, str], ImpactItem] = {}
    for item in (
        *_uses(target, short, module, [use for use in uses if use.name == short], importers),
        *_mentions(module, [use for use in uses if use.name != short]),
        *_tests(target, tracked),
        *_cochanges(target, past.partners([target.path], include_filtered=include_filtered), tracked),
    ):
        key = (item.path, item.kind if item.kind != "caller" else f"caller:{item.line}")
        if key not in found or found[key].confidence < item.confidence:
            found[key] = item
    known = {item.path for item in found.values() if item.kind != "cochange"}
    kept = [item for item in found.values() if item.kind != "cochange" or item.path not in known]
    kept.sort(key=lambda item: (_ORDER.index(item.kind), -item.confidence, item.path, item.line))
    shown = kept[:MAX_ITEMS]
    if redact is not None:
        shown = [replace(item, reason=WITHHELD) if redact(item.reason) else item for item in shown]
    return Impact(target.label, tuple(shown))


def _ci_text(repository: Repository) -> str:
    """The text of the CI configuration: a script that it names is a part of it."""
    files = [path for path in repository.files() if category(path) is Category.CI][:20] if not repository.bare else []
    return "\n".join((repository.work_tree_file(path) or b"").decode("utf-8", "replace") for path in files)


def _uses(
    target: Target, short: str, module: str, uses: Sequence[Reference], importers: set[str]
) -> Iterable[ImpactItem]:
    if not short:
        return
    outer = target.name.rpartition(".")[0]
    for use in uses:
        if use.path == target.path and target.symbol and target.symbol.start <= use.line < target.symbol.end:
            continue
        if category(use.path) is Category.CHANGELOG:
            continue
        if use.kind in ("docs", "ci", "config"):
            yield ImpactItem(use.path, use.line + 1, use.kind, f"mentions `{short}`: {use.text[:100]}", 0.7)
            continue
        near = use.path == target.path or use.path in importers
        confidence = 0.9 if near else 0.7 if outer and re.search(rf"\b{re.escape(outer)}\b", use.text) else 0.5
        if not use.call:
            confidence -= 0.15
        verb = "calls" if use.call else "uses"
        where = f" in `{use.within}`" if use.within else ""
        how = "" if near else f", though it does not import {module}"
        yield ImpactItem(use.path, use.line + 1, use.kind, f"{verb} `{short}`{where}{how}", confidence)


def _mentions(module: str, uses: Sequence[Reference]) -> Iterable[ImpactItem]:
    """Documentation, CI and configuration that name the module or its test."""
    for use in uses:
        if use.kind not in ("docs", "ci", "config") or category(use.path) is Category.CHANGELOG or len(module) <= 3:
            continue
        # A module may be called by a plain word, which prose uses for other things.
        name = re.escape(use.name)
        if use.named or re.search(rf"[./]{name}\b|\b{name}(\.\w|/)|\bimport {name}\b", use.text):
            yield ImpactItem(use.path, use.line + 1, use.kind, f"mentions {use.name}: {use.text[:100]}", 0.4)


def _tests(target: Target, tracked: frozenset[str]) -> Iterable[ImpactItem]:
    for path in tracked:
        if category(path) is Category.TEST and path != target.path and stem(path) == stem(target.path):
            yield ImpactItem(path, 1, "test", f"is the test named after {target.path}", 0.6)


def _cochanges(target: Target, partners: Sequence[Partner], tracked: frozenset[str]) -> Iterable[ImpactItem]:
    kinds = {Category.TEST: "test", Category.DOCS: "docs", Category.CI: "ci"}
    for item in usual((partner for partner in partners if partner.path in tracked), [target.path]):
        reason = f"changed in {item.support} of the {item.total} commits that changed {target.path}"
        kind = kinds.get(category(item.path), "cochange")
        yield ImpactItem(item.path, 1, kind, reason, item.confidence)
