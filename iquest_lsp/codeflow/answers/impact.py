"""What else must change if this changes: uses found in the syntax, and what history says changes along."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from iquest_lsp import grammars
from iquest_lsp.codeflow.answers.targets import Target
from iquest_lsp.codeflow.facts import Redact, holds_secret
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.cochange import Partner, usual
from iquest_lsp.codeflow.past.unindexed import Evidence
from iquest_lsp.codeflow.syntax.imports import imports, leads_to
from iquest_lsp.codeflow.syntax.paths import Category, category, stem
from iquest_lsp.codeflow.syntax.references import Reference, is_compound, module_name, references
from iquest_lsp.codeflow.wording.impact import ORDER, Impact, ImpactItem, Use, UseKind

MAX_ITEMS = 60


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
    outer = target.name.rpartition(".")[0].rsplit(".", 1)[-1]
    owners = {short: outer} if outer else {}
    read = repository.work_tree_file
    uses = references(repository, names, read, owners=owners) if not repository.bare else []
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
    kept.sort(key=lambda item: (ORDER.index(item.kind), -item.confidence, item.path, item.line))
    shown = kept[:MAX_ITEMS]
    if redact is not None:
        shown = [replace(item, use=Use(UseKind.WITHHELD)) if holds_secret(redact, item.use) else item for item in shown]
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
    member = "." in target.name
    alone = all(use.path == target.path for use in uses if use.own)
    users = {use.path for use in uses if not imports(use.text)}
    for use in uses:
        if use.path == target.path and target.symbol and target.symbol.start <= use.line < target.symbol.end:
            continue
        if category(use.path) is Category.CHANGELOG or (use.path in users and imports(use.text)):
            continue
        if use.kind in ("docs", "ci", "config"):
            yield ImpactItem(use.path, use.line + 1, use.kind, Use(UseKind.MENTIONS, (short, use.text[:100])), 0.7)
            continue
        sure = use.owned if member else _resolved(use, target, module, importers)
        if sure is False or (sure is None and not (alone and is_compound(short))):
            continue
        confidence = 0.9 if sure else 0.5
        if not use.call:
            confidence -= 0.15
        kind = UseKind.CALLS if use.call else UseKind.USES
        fact = Use(kind, (short, use.within, "" if sure else module))
        yield ImpactItem(use.path, use.line + 1, use.kind, fact, confidence)


def _resolved(use: Reference, target: Target, module: str, importers: set[str]) -> bool | None:
    """Whether a use of a name that a module defines is of that module's; None where its file does not tell."""
    if use.path == target.path:
        return not use.on
    if use.on:
        return use.on == module and use.path in importers
    if use.own:
        return False
    if use.sources is not None:
        return any(leads_to(source, target.path) for source in use.sources)
    return True if use.path in importers else None


def _mentions(module: str, uses: Sequence[Reference]) -> Iterable[ImpactItem]:
    """Documentation, CI and configuration that name the module or its test."""
    for use in uses:
        if use.kind not in ("docs", "ci", "config") or category(use.path) is Category.CHANGELOG or len(module) <= 3:
            continue
        # A module may be called by a plain word, which prose uses for other things.
        name = re.escape(use.name)
        if use.named or re.search(rf"[./]{name}\b|\b{name}(\.\w|/)|\bimport {name}\b", use.text):
            fact = Use(UseKind.MENTIONS_MODULE, (use.name, use.text[:100]))
            yield ImpactItem(use.path, use.line + 1, use.kind, fact, 0.4)


def _tests(target: Target, tracked: frozenset[str]) -> Iterable[ImpactItem]:
    for path in tracked:
        if category(path) is Category.TEST and path != target.path and stem(path) == stem(target.path):
            yield ImpactItem(path, 1, "test", Use(UseKind.NAMED_TEST, (target.path,)), 0.6)


def _cochanges(target: Target, partners: Sequence[Partner], tracked: frozenset[str]) -> Iterable[ImpactItem]:
    kinds = {Category.TEST: "test", Category.DOCS: "docs", Category.CI: "ci"}
    for item in usual((partner for partner in partners if partner.path in tracked), [target.path]):
        fact = Use(UseKind.TOGETHER, (str(item.support), str(item.total), target.path))
        kind = kinds.get(category(item.path), "cochange")
        yield ImpactItem(item.path, 1, kind, fact, item.confidence)
