"""What usually changes together with the files of a diff and is not in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from iquest_lsp.codeflow.diff.changed_files import worth_showing
from iquest_lsp.codeflow.past.cochange import Partner, usual, wilson_bound
from iquest_lsp.codeflow.past.likely_files import Likely
from iquest_lsp.codeflow.past.unindexed import Habits
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.linking.uses import Reference
from iquest_lsp.codeflow.syntax.paths import Category, category, has_own, is_code, is_test_of, stem
from iquest_lsp.codeflow.syntax.signatures import breaks_callers, types_only
from iquest_lsp.codeflow.wording.explanation import SURE, MissingItem, MissingKind, MissingReason

MAX_MISSING = 10
MAX_MENTIONS = 5
#: Where fewer files are expected, less sure ones follow up to so many, each of less confidence than an
#: expected one has at least.
LEAST, UNSURE = 5, SURE - 0.01
#: After so many commits on a file, a test that changed in less than this share of them is not expected.
TELLING, SELDOM = 6, 0.4
#: The least share of commits that a file changed along in: of those on code, of those on files that no program is made
#: of, which one tool often changes at once, and of those on pages, which a sweep does.
OFTEN, OFTEN_BESIDE, OFTEN_PAGES = 0.5, 0.8, 0.95
#: What share of commits it is at least, by the 90% interval, in which code changed along with other code, any file with
#: one of another kind, a test with another test. With a file hidden in each of some 170 diffs of eight repositories, 11
#: of the 22 that were told were the hidden one, and 10 were told beside 200 whole commits. 8 of the 22, one of them
#: right, and 5 of the 10 were tests beside tests: what these need was raised after that, and not measured anew.
SURELY, SURELY_BESIDE, SURELY_TESTED = 0.7, 0.65, 0.8
#: A changelog follows code so often at least, and in a project so often.
OFTEN_LOG, OFTEN_LOGGED = 0.4, 0.5
#: Files that follow on others: that a release or an update changed them asks for nothing more.
_FOLLOWERS = (Category.CHANGELOG, Category.LOCK, Category.GENERATED)
_TELLING = ("added", "removed", "renamed", "signature", "body", "moved")


def missing_of(
    paths: Sequence[str],
    changes: Sequence[SymbolChange],
    partners: Sequence[Partner],
    habits: Habits,
    uses: Sequence[Reference],
    tracked: frozenset[str],
    intent: str,
) -> list[MissingItem]:
    """Expected files that are not among `paths`, most certain first; only files that exist are named."""
    known = set(paths)
    found: dict[str, MissingItem] = {}
    telling = [
        partner
        for partner in partners
        if category(partner.of) not in _FOLLOWERS
        # A changelog follows code; that it changed beside a test is that code's doing.
        and not (category(partner.path) is Category.CHANGELOG and category(partner.of) is Category.TEST)
    ]
    code = [path for path in paths if category(path) is Category.SOURCE]
    tested = any(category(path) is Category.TEST for path in paths)
    for partner in usual((partner for partner in telling if partner.path in tracked), known):
        share = (
            partner.confidence
            if _follows(partner, coded=bool(code), tested=tested)
            else min(partner.confidence, UNSURE)
        )
        _put(found, MissingItem(partner.path, (_together(partner),), partner.support, share))
    behaviour = [
        item for item in worth_showing(changes) if item.change in _TELLING and category(item.path) is Category.SOURCE
    ]
    # What is there under the same name elsewhere has not gone.
    kept = {item.name.rsplit(".", 1)[-1] for item in changes if item.change in ("added", "moved")}
    behaviour = [item for item in behaviour if item.change != "removed" or item.name.rsplit(".", 1)[-1] not in kept]
    counted = {(partner.path, partner.of): partner for partner in partners}
    if behaviour and not tested:
        acting = {item.path for item in behaviour}
        for item in _tests([path for path in code if path in acting], counted, tracked):
            _put(found, item)
    for item in _mentions(behaviour, uses, known, counted):
        _put(found, item)
    if intent in ("feature", "fix", "deprecate", "perf") and code:
        for item in _changelog(known, habits, tracked):
            _put(found, item)
    ranked = sorted(found.values(), key=lambda item: (-item.confidence, -item.support, item.path))
    return ranked[:MAX_MISSING]


def with_likely(
    expected: Sequence[MissingItem], likely: Sequence[Likely], partners: Sequence[Partner]
) -> list[MissingItem]:
    """The expected files and, up to LEAST, those that likely change along, each less sure than all expected ones."""
    known = {item.path for item in expected}
    counted: dict[str, Partner] = {}
    for partner in partners:
        if partner.path not in counted or partner.support > counted[partner.path].support:
            counted[partner.path] = partner
    more: list[MissingItem] = []
    for item in likely:
        if item.path not in known and len(expected) + len(more) < LEAST:
            together = counted.get(item.path)
            reasons = [MissingReason(MissingKind.NAMES, item.names)] if item.names else []
            reasons += [_together(together)] if together is not None else []
            support = together.support if together is not None else 0
            if reasons:  # that a file lies near and changes often is no evidence
                more.append(MissingItem(item.path, tuple(reasons), support, min(item.share, UNSURE)))
    return [*expected, *more]


#: How often a file changed along at least that is asked for where nothing of its kind changes.
MUCH = 0.8


def fitting(paths: Iterable[str], items: Iterable[MissingItem]) -> list[MissingItem]:
    """The files that fit what changes: documentation, or what a tool keeps, asks for no code."""
    kinds = {category(path) for path in paths}
    coded = kinds & {Category.SOURCE, Category.TEST}
    written = kinds <= {Category.DOCS, Category.CHANGELOG}
    return [
        item
        for item in items
        if coded
        or item.confidence >= MUCH
        or category(item.path) in (Category.DOCS, Category.CHANGELOG)
        or not (written or category(item.path) in (Category.SOURCE, Category.TEST))
    ]


def _follows(item: Partner, *, coded: bool, tested: bool) -> bool:
    """Whether a file changed along so often that it is expected; `coded` says that code is among what changes, `tested`
    that tests are.

    What changes along with a file of no program is mostly brought up to date by the same tool, one file or all of them.
    Where a file of 119 diffs of four repositories is hidden, 16 of the 21 files that are told are the hidden one (25 of
    72 without this), and beside 160 whole commits 5 files are told (52 without this).
    """
    kind, of = category(item.path), category(item.of)
    if kind is Category.CHANGELOG:
        return of is Category.SOURCE and item.confidence >= OFTEN_LOG
    if kind is of is Category.DOCS:
        return item.confidence >= OFTEN_PAGES
    if not is_code(item.path) and not is_code(item.of):
        return item.confidence >= OFTEN_BESIDE and not (of is Category.CI and kind is Category.DOCS)
    if kind is Category.TEST and not tested:
        return item.confidence >= OFTEN
    if of is Category.TEST and kind is Category.SOURCE and not coded:
        return False  # that a test is mended says nothing of what it tests
    least = SURELY if of is kind is Category.SOURCE else SURELY_BESIDE
    if of is kind is Category.TEST:  # tests of other things are written at one time
        least = SURELY_TESTED
    return wilson_bound(item.support, item.total) >= least


def _put(found: dict[str, MissingItem], item: MissingItem) -> None:
    """Keeps the more certain of two items for one path, with the reasons of both."""
    other = found.get(item.path)
    if other is None:
        found[item.path] = item
        return
    first, second = (item, other) if item.confidence > other.confidence else (other, item)
    # Two reasons tell enough; a third mention of the same name does not add to them.
    full = len(first.reasons) > 1 or _same_evidence(first.reasons[0], second.reasons[0])
    reasons = first.reasons if full else (*first.reasons, *second.reasons)
    found[item.path] = MissingItem(item.path, reasons, max(item.support, other.support), first.confidence)


def _same_evidence(one: MissingReason, other: MissingReason) -> bool:
    """Whether two reasons differ in nothing or in their details only: another line, how often it was so."""
    if one.kind in (MissingKind.MENTIONS, MissingKind.NAMED_TEST):
        return (one.kind, one.values[0]) == (other.kind, other.values[0])
    return one == other


def _together(item: Partner) -> MissingReason:
    return MissingReason(MissingKind.TOGETHER, (str(item.support), str(item.total), item.of))


def _tests(
    code: Iterable[str], counted: dict[tuple[str, str], Partner], tracked: frozenset[str]
) -> Iterable[MissingItem]:
    tests: dict[str, list[str]] = {}
    for path in tracked:
        if category(path) is Category.TEST:
            tests.setdefault(stem(path), []).append(path)
    totals = {of: partner.total for (_, of), partner in counted.items()}
    for path in code:
        for test in sorted(
            (test for test in tests.get(stem(path), []) if is_test_of(test, path) and not has_own(test, path, tracked)),
            key=lambda item: (_distance(item, path), item),
        )[:2]:
            partner = counted.get((test, path))
            support, total = partner.support if partner else 0, totals.get(path, 0)
            if total >= TELLING and support < SELDOM * total:
                continue
            # Before history can tell, a test that is named after the file is no more than likely.
            confidence = max(partner.confidence if partner else 0.0, 0.5) if support else UNSURE
            often = (str(support), str(total)) if total >= TELLING else ()
            yield MissingItem(test, (MissingReason(MissingKind.NAMED_TEST, (path, *often)),), support, confidence)


def _mentions(
    behaviour: Sequence[SymbolChange],
    uses: Sequence[Reference],
    known: set[str],
    counted: dict[tuple[str, str], Partner],
) -> Iterable[MissingItem]:
    by_name = {
        name: item
        for item in behaviour
        if item.public
        and not (name := (item.old_name or item.name).rsplit(".", 1)[-1]).startswith("__")
        and not (item.change == "signature" and types_only(item.old_signature, item.signature))
        # What a class is derived from is no matter to what only names it.
        and not (item.change == "signature" and item.kind == "class")
        and not (item.kind in ("constant", "variable") and item.change == "body")
        # What a module defines keeps its name where it moves; a member's place is a part of it.
        and not (item.change == "moved" and "." not in item.old_name)
    }
    strong = ("signature", "removed", "renamed", "moved")
    # What half of the documentation mentions is explained in one of its places at most.
    spread = Counter(name for name, _ in {(use.name, use.path) for use in uses if use.kind == "docs"})
    for use in uses:
        if (
            spread[use.name] > MAX_MENTIONS
            and by_name.get(use.name)
            and by_name[use.name].change not in ("removed", "renamed")
        ):
            continue
        change = by_name.get(use.name)
        if change is None or use.path in known or use.kind not in ("docs", "ci", "config", "test"):
            continue
        if category(use.path) is Category.CHANGELOG:
            continue
        # Documentation tells of every parameter; tests and configuration need a change only where they would fail.
        kept = change.change == "signature" and not breaks_callers(change.old_signature, change.signature)
        fits = kept or change.change not in strong
        if fits and (use.kind in ("test", "config") or change.change not in strong):
            continue
        plain = use.name.islower() and use.name.isalpha()
        if plain and "." in change.name and not use.owned:
            continue  # a word that other members are called by, too
        partner = counted.get((use.path, change.path))
        # A page that names a function mostly says nothing of its parameters.
        base = UNSURE if use.kind == "docs" and change.change == "signature" else 0.6
        yield MissingItem(
            use.path,
            (MissingReason(MissingKind.MENTIONS, (use.name, str(use.line + 1), change.change)),),
            partner.support if partner else 0,
            max(partner.confidence if partner else 0.0, base),
        )


def _changelog(known: set[str], habits: Habits, tracked: frozenset[str]) -> Iterable[MissingItem]:
    share = habits.share(Category.CHANGELOG)
    if share < OFTEN_LOGGED or habits.source < 5 or any(category(path) is Category.CHANGELOG for path in known):
        return
    logs = [path for path in tracked if category(path) is Category.CHANGELOG]
    logs.sort(key=lambda path: (path.count("/"), path))
    if logs:
        support = habits.with_category[Category.CHANGELOG]
        reason = MissingReason(MissingKind.CHANGELOG, (str(support), str(habits.source)))
        yield MissingItem(logs[0], (reason,), support, share)


def _distance(one: str, other: str) -> int:
    """How far apart two paths are in the tree, tests folders aside."""
    left = [part for part in one.split("/")[:-1] if part not in ("tests", "test", "unit", "src", "__tests__")]
    right = [part for part in other.split("/")[:-1] if part not in ("tests", "test", "unit", "src", "lib")]
    return len(set(left) ^ set(right))
