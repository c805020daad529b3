"""What else must change if this changes: uses found in the syntax, and what history says changes along.

What changes is a definition, some lines, a file or a diff: it comes down to definitions in files, and to the lines that
change anyway.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from iquest_lsp import grammars
from iquest_lsp.codeflow.answers.explain import changes_of
from iquest_lsp.codeflow.answers.targets import Target
from iquest_lsp.codeflow.diff.sources import DiffSource
from iquest_lsp.codeflow.facts import Redact, holds_secret
from iquest_lsp.codeflow.gaps import GapKind
from iquest_lsp.codeflow.git.repository import Repository
from iquest_lsp.codeflow.past.cochange import Partner, usual
from iquest_lsp.codeflow.past.flow_index import FlowIndex
from iquest_lsp.codeflow.syntax.imports import imports, is_package, leads_to
from iquest_lsp.codeflow.syntax.linking.links import Links
from iquest_lsp.codeflow.syntax.linking.others import Above, above, overrides, under_other_names
from iquest_lsp.codeflow.syntax.linking.references import references
from iquest_lsp.codeflow.syntax.linking.type_uses import Everywhere, types_of
from iquest_lsp.codeflow.syntax.linking.uses import Reference, is_compound, is_meant, module_name
from iquest_lsp.codeflow.syntax.linking.uses_in_text import TEXTS, meant, names_module
from iquest_lsp.codeflow.syntax.paths import Category, category, has_own, is_test_of
from iquest_lsp.codeflow.syntax.symbols import Symbol
from iquest_lsp.codeflow.wording.impact import ORDER, Impact, ImpactItem, Use, UseKind

MAX_ITEMS = 60
#: Definitions of one change that are looked for, and commits that are named for two files that change together.
MAX_NAMES, MAX_COMMITS = 40, 3
#: Where many definitions are meant, a use that only has one of their names is no evidence.
LEAST_OF_MANY = 0.6
#: Changes of definitions that reach beyond them, those that break their users first.
_REACHING = ("removed", "renamed", "signature", "moved", "body")


@dataclass(frozen=True, slots=True)
class Changing:
    """What is going to change: the names of definitions by file; a file without any stands for itself.

    `anyway` are the lines that change anyway, by file (0-based, without the end). A diff's files are `done`: that they
    change is nothing to be told.
    """

    label: str
    files: Mapping[str, Sequence[str]]
    anyway: Mapping[str, Sequence[tuple[int, int]]] = field(default_factory=dict)
    is_diff: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """All the definitions."""
        return tuple(name for names in self.files.values() for name in names)

    @property
    def done(self) -> frozenset[str]:
        """The files that change anyway."""
        return frozenset(self.files) if self.is_diff else frozenset()

    def is_changed(self, path: str, line: int) -> bool:
        """Whether a line changes anyway."""
        return any(start <= line < end for start, end in self.anyway.get(path, ()))


def of_target(target: Target) -> Changing:
    """A place as something that changes."""
    spans = [(item.start, item.end) for item in target.symbols]
    if target.lines is not None:
        spans.append(target.lines)
    elif not target.name:
        spans = [(0, 1 << 60)]
    # An outer definition stands for those in it.
    names = [item.name for item in target.symbols]
    outermost = [name for name in names if not any(name.startswith(f"{other}.") for other in names)]
    return Changing(target.label, {target.path: outermost[:MAX_NAMES]}, {target.path: spans})


def of_diff(source: DiffSource, label: str) -> Changing:
    """A diff as something that changes."""
    files: dict[str, list[str]] = {item.path: [] for item in source.files}
    changes = [item for item in changes_of(source) if item.change in _REACHING and item.kind != "test"]
    changes.sort(key=lambda item: _REACHING.index(item.change))
    for item in changes[:MAX_NAMES]:
        name = item.old_name or item.name
        if not item.inner and name not in files.setdefault(item.path, []):
            files[item.path].append(name)
    anyway = {
        item.path: [(hunk.new_start, hunk.new_start + hunk.new_count) for hunk in item.hunks] for item in source.files
    }
    return Changing(label, files, anyway, is_diff=True)


def impact_of(
    repository: Repository,
    changing: Changing,
    past: FlowIndex,
    *,
    redact: Redact,
    include_filtered: bool = False,
) -> Impact:
    """The places that use the definitions, and the files that change with their files.

    A reason that quotes a text of which `redact` says True is withheld.
    """
    definitions = changing.names
    if short := [name for name in definitions if len(_short(name)) == 1]:
        repository.gaps.add(GapKind.SHORT, *short)
    changing = replace(changing, files={path: [*map(_as_called, names)] for path, names in changing.files.items()})
    asked: dict[str, None] = {}
    modules: set[str] = set()
    for path, names in changing.files.items():
        module = module_name(path)
        modules |= {module, f"test_{module}", f"{module}_test"}
        asked |= dict.fromkeys([*map(_short, names), module, f"test_{module}", f"{module}_test"])
    modules -= set(map(_short, changing.names))
    wanted, read = [*filter(None, asked)], repository.work_tree_file
    owners = _owners(changing.names)
    tracked = frozenset(repository.files())
    uses: list[Reference] = []
    renamed: list[tuple[str, Reference]] = []
    overriding: list[tuple[str, str, Symbol]] = []
    implemented: Mapping[str, Sequence[Above]] = {}
    if not repository.bare:
        links, homes = Links(tracked, read), _homes(changing.files)
        everywhere = Everywhere(repository, None, read)
        types = types_of(everywhere, owners.values(), homes)
        overriding += overrides(repository, homes, owners, types, read)
        implemented = above(everywhere, homes, owners, read)
        uses = references(
            repository,
            wanted,
            read,
            owners=owners,
            modules=modules,
            links=links,
            homes=homes,
            types=types,
            origins={name: path for path, names in changing.files.items() for name in names if "." not in name},
            instead=_instead(overriding),
            above={name: tuple(item.type for item in some) for name, some in implemented.items()},
            everywhere=everywhere,
        )
        renamed += under_other_names(repository, changing.files, uses, links, read)
    scripts = _ci_text(repository)
    uses = [
        replace(use, kind="ci")
        if use.kind == "caller" and not grammars.language_of(use.path) and PurePosixPath(use.path).name in scripts
        else use
        for use in uses
    ]
    together = past.partners([*changing.files], include_filtered=include_filtered)
    found: dict[tuple[str, str], ImpactItem] = {}
    for item in (*_items(changing, uses, together, tracked), *_elsewhere(changing, renamed, overriding, implemented)):
        used = item.kind in ("caller", "test") and item.use.kind is not UseKind.NAMED_TEST
        key = (item.path, f"{item.kind}:{item.line}" if used else item.kind)
        if key not in found or found[key].confidence < item.confidence:
            found[key] = item
    # A test that uses the definition is told by its uses, not by its name.
    uses_of = {item.path for item in found.values() if item.use.kind in (UseKind.CALLS, UseKind.USES)}
    found = {key: item for key, item in found.items() if key[1] != "test" or item.path not in uses_of}
    known = {item.path for item in found.values() if item.kind != "cochange"}
    kept = [item for item in found.values() if item.kind != "cochange" or item.path not in known]
    kept.sort(key=lambda item: (ORDER.index(item.kind), -item.confidence, item.path, item.line))
    repository.gaps.cut(GapKind.PLACES, MAX_ITEMS, len(kept))
    if repository.bare:
        repository.gaps.add(GapKind.BARE)
    shown = [_with_commits(past, item) for item in kept[:MAX_ITEMS]]
    shown = [replace(item, use=Use(UseKind.WITHHELD)) if holds_secret(redact, item.use) else item for item in shown]
    gaps = repository.lacks()
    changes_nothing = not changing.files and not repository.gaps.has(GapKind.CUT_OFF)
    return Impact(changing.label, tuple(shown), definitions, changing.is_diff, changes_nothing, gaps)


def _items(
    changing: Changing, uses: Sequence[Reference], together: Sequence[Partner], tracked: frozenset[str]
) -> Iterator[ImpactItem]:
    for path, names in changing.files.items():
        module = module_name(path)
        importers = {use.path for use in uses if use.name == module and imports(use.text)}
        for name in names:
            mine = [use for use in uses if use.name == _short(name) and not changing.is_changed(use.path, use.line)]
            origin = {_short(name): [path, module, *filter(None, [_short(name.rpartition(".")[0])])]}
            for item in _uses(path, name, module, meant(mine, uses, origin), importers):
                if item.confidence >= LEAST_OF_MANY or len(changing.names) == 1:
                    yield item
        others = {module, f"test_{module}", f"{module}_test"} - {*map(_short, names)}
        # Where the file itself stays, what only names the file stays as well.
        mentions = [] if changing.is_diff else [use for use in uses if use.name in others]
        # A page that names a definition's module tells of something else in it; what is run is run with it.
        mentions = [use for use in mentions if not names or category(use.path) is not Category.DOCS]
        for item in (
            *_mentions(path, module, mentions),
            *(_tests(path, tracked) if names or not changing.is_diff else ()),
            *_cochanges(path, [partner for partner in together if partner.of == path], tracked),
        ):
            if item.path not in changing.done:
                yield item


def _elsewhere(
    changing: Changing,
    renamed: Iterable[tuple[str, Reference]],
    overriding: Iterable[tuple[str, str, Symbol]],
    implemented: Mapping[str, Sequence[Above]],
) -> Iterator[ImpactItem]:
    """Uses under other names, members of derived types that override what changes, and members that it overrides."""
    for name, use in renamed:
        if not changing.is_changed(use.path, use.line):
            kind = UseKind.CALLS if use.call else UseKind.USES
            fact = Use(kind, (f"{name} as {use.name}", use.within, ""))
            yield ImpactItem(use.path, use.line + 1, use.kind, fact, 0.9 if use.call else 0.75)
    for name, path, symbol in overriding:
        if not changing.is_changed(path, symbol.start):
            yield ImpactItem(path, symbol.start + 1, "caller", Use(UseKind.OVERRIDES, (name,)), 0.85)
    for name in changing.names:
        for base in implemented.get(_short(name), ()):
            if not changing.is_changed(base.path, base.line):
                fact = Use(UseKind.DECLARES, (f"{base.type.names[0]}.{_short(name)}", name))
                yield ImpactItem(base.path, base.line + 1, "caller", fact, 0.8)


def _owners(names: Iterable[str]) -> dict[str, str]:
    """The type whose member each name is, where that is the same for all definitions of the name."""
    found: dict[str, set[str]] = {}
    for name in names:
        found.setdefault(_short(name), set()).add(_short(name.rpartition(".")[0]))
    return {name: min(outer) for name, outer in found.items() if len(outer) == 1 and "" not in outer}


def _instead(overriding: Iterable[tuple[str, str, Symbol]]) -> dict[str, frozenset[str]]:
    """The types of Go that have a member of a name themselves, which is called on them.

    In other languages what overrides a member has to go on being like it, and who calls it is concerned too.
    """
    found: dict[str, set[str]] = {}
    for name, path, symbol in overriding:
        if not path.endswith(".go"):
            continue
        found.setdefault(_short(name), set()).add(_short(symbol.name.rpartition(".")[0]))
    return {name: frozenset(types) for name, types in found.items()}


def _homes(files: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """The file that defines each type whose members are named, where that is one file."""
    found: dict[str, set[str]] = {}
    for path, names in files.items():
        for name in names:
            found.setdefault(_short(name.rpartition(".")[0]), set()).add(path)
    return {owner: min(paths) for owner, paths in found.items() if owner and len(paths) == 1}


def _as_called(name: str) -> str:
    """A constructor as its class, by which it is called."""
    outer, _, last = name.rpartition(".")
    return outer if outer and last in ("constructor", "__init__", "__new__") else name


def _short(name: str) -> str:
    return name.rsplit(".", 1)[-1]


def _with_commits(past: FlowIndex, item: ImpactItem) -> ImpactItem:
    """The item with the newest commits that changed both files, where it rests on those."""
    if item.use.kind is not UseKind.TOGETHER:
        return item
    with_it = {entry.oid for entry in past.on_paths(past.renamed_from(item.path))}
    on_path = past.on_paths(past.renamed_from(item.use.values[2]))
    both = [entry.oid for entry in on_path if entry.oid in with_it and not entry.merge]
    return replace(item, commits=tuple(both[:MAX_COMMITS]))


def _ci_text(repository: Repository) -> str:
    """The text of the CI configuration: a script that it names is a part of it."""
    files = [path for path in repository.files() if category(path) is Category.CI][:20] if not repository.bare else []
    return "\n".join((repository.work_tree_file(path) or b"").decode("utf-8", "replace") for path in files)


def _uses(path: str, name: str, module: str, uses: Sequence[Reference], importers: set[str]) -> Iterable[ImpactItem]:
    short = _short(name)
    alone = all(use.path == path for use in uses if use.own)
    others = {use.path for use in uses if use.own and use.path != path and category(use.path) is Category.SOURCE}
    used = {use.path for use in uses if not imports(use.text)}
    for use in uses:
        # A test is told by what it does with the definition, not by its import.
        if category(use.path) is Category.CHANGELOG or (use.kind == "test" and use.path in used and imports(use.text)):
            continue
        if use.kind in TEXTS:
            yield ImpactItem(use.path, use.line + 1, use.kind, Use(UseKind.MENTIONS, (short, use.text[:100])), 0.7)
            continue
        if use.by_way_of:
            fact = Use(UseKind.BY_WAY_OF, (use.by_way_of, use.within, "call" if use.call else "", name))
            yield ImpactItem(use.path, use.line + 1, use.kind, fact, 0.6)
            continue
        sure = is_meant(use, path, name, importers)
        if sure and _may_be_another(use, path, others):
            sure = None
        if sure is False or (sure is None and not (alone and is_compound(short))):
            continue
        confidence = 0.9 if sure else 0.5
        if not use.call:
            confidence -= 0.15
        kind = UseKind.CALLS if use.call else UseKind.USES
        fact = Use(kind, (short, use.within, "" if sure else module))
        yield ImpactItem(use.path, use.line + 1, use.kind, fact, confidence)


def _may_be_another(use: Reference, path: str, others: Iterable[str]) -> bool:
    """Whether the package that a name is imported from holds several files that define it, and does not say which."""
    if use.path == path or (use.on and use.on == module_name(path)):
        return False
    packages = [module for module in (use.modules if use.on else use.sources) or () if is_package(module, path)]
    return any(leads_to(module, other, use.path) for module in packages for other in others)


def _mentions(path: str, module: str, uses: Sequence[Reference]) -> Iterable[ImpactItem]:
    """Documentation, CI and configuration that name the module or its test."""
    for use in uses:
        if use.kind not in TEXTS or category(use.path) is Category.CHANGELOG or len(module) <= 3:
            continue
        # A module may be called by a plain word, which prose uses for other things.
        if names_module(use, path):
            fact = Use(UseKind.MENTIONS_MODULE, (use.name, use.text[:100]))
            yield ImpactItem(use.path, use.line + 1, use.kind, fact, 0.4)


def _tests(path: str, tracked: frozenset[str]) -> Iterable[ImpactItem]:
    for other in tracked:
        code = category(other) is Category.TEST and grammars.language_of(other)
        if code and other != path and is_test_of(other, path) and not has_own(other, path, tracked):
            yield ImpactItem(other, 1, "test", Use(UseKind.NAMED_TEST, (path,)), 0.6)


def _cochanges(path: str, partners: Sequence[Partner], tracked: frozenset[str]) -> Iterable[ImpactItem]:
    kinds = {Category.TEST: "test", Category.DOCS: "docs", Category.CI: "ci"}
    for item in usual((partner for partner in partners if partner.path in tracked), [path]):
        fact = Use(UseKind.TOGETHER, (str(item.support), str(item.total), path))
        kind = kinds.get(category(item.path), "cochange")
        yield ImpactItem(item.path, 1, kind, fact, item.confidence)
