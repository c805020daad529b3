"""Why is this code so: the story of a line or a definition, told by the commits that shaped it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from iquest_lsp.codeflow.answers.targets import Target
from iquest_lsp.codeflow.diff.explanation import escape, left_out_line
from iquest_lsp.codeflow.diff.filters import rationale
from iquest_lsp.codeflow.diff.redaction import WITHHELD, Redact
from iquest_lsp.codeflow.past.flow_index import Entry, FlowIndex, SymbolEntry
from iquest_lsp.codeflow.syntax.paths import Category, category, stem
from iquest_lsp.codeflow.syntax.signatures import signature_facts
from iquest_lsp.codeflow.syntax.symbols import symbols_of

MAX_STORY = 40
FOLLOW_UP_DAYS = 21
_FOLLOW_UP = {
    Category.TEST: "its tests follow",
    Category.DOCS: "its documentation follows",
    Category.CI: "continuous integration follows",
    Category.CHANGELOG: "the changelog follows",
}
_KIND_WORDS = {
    Category.TEST: "a change of tests that",
    Category.DOCS: "a change of documentation that",
    Category.CI: "a change of continuous integration that",
    Category.CHANGELOG: "a changelog entry that",
}


@dataclass(frozen=True, slots=True)
class StoryItem:
    """One step: `change` says what happened to the target, `reason` why, as far as the history tells."""

    commit: str
    date: str
    subject: str
    change: str
    reason: str
    release: str | None = None
    filtered: str = ""


@dataclass(frozen=True, slots=True)
class Story:
    """How a line or definition came to be, oldest step first.

    `since` is the first release that has it, `deprecated_in` the one that declares it deprecated (`unreleased` where
    no release does yet). `left_out` counts steps that a filter took out.
    """

    target: str
    story: tuple[StoryItem, ...]
    since: str | None = None
    deprecated_in: str | None = None
    left_out: int = 0
    note: str = ""

    def to_json(self) -> dict[str, object]:
        """The JSON form (docs/json.md)."""
        return {
            "target": self.target,
            "story": [
                {
                    "commit": item.commit,
                    "date": item.date,
                    "subject": item.subject,
                    "change": item.change,
                    "reason": item.reason,
                }
                for item in self.story
            ],
            "since": self.since,
            "deprecated_in": self.deprecated_in,
        }

    def to_markdown(self) -> str:
        """The story as a markdown document."""
        lines = [f"# Why {escape(self.target)} is as it is", ""]
        if self.since:
            lines.append(f"In releases since **{escape(self.since)}**.")
        elif self.story and not self.note:
            lines.append("In no release yet.")
        if self.deprecated_in:
            lines.append(f"Deprecated: **{escape(self.deprecated_in)}**.")
        if self.note:
            lines.append(self.note)
        lines.append("")
        for item in self.story:
            release = f" ({item.release})" if item.release else ""
            lines.append(f"- {item.date} `{item.commit[:10]}`{release} {escape(item.subject)}")
            lines.append(f"  - {item.change}")
            if item.reason and not item.reason.endswith(f": {item.subject}"):
                lines.append(f"  - why: {escape(item.reason)}")
            if item.filtered:
                lines.append(f"  - doubtful: {escape(item.filtered)}")
        if self.left_out:
            lines += ["", left_out_line(self.left_out)]
        return "\n".join(lines).rstrip() + "\n"


@dataclass(slots=True)
class _Step:
    entry: Entry
    change: str
    direct: bool
    deprecates: bool = False


def tell(index: FlowIndex, target: Target, *, include_filtered: bool = False, redact: Redact | None = None) -> Story:
    """The story of a target, from what is indexed; older commits on its file are read first where need be."""
    index.deepen(index.renamed_from(target.head_path))
    steps: dict[str, _Step] = {}
    if target.line is not None and target.line_committed is not None:
        _line_steps(index, target, steps)
    newest = max(steps.values(), key=lambda step: step.entry.order, default=None)
    if target.name:
        _symbol_steps(index, target, steps, birth_only=target.line is not None)
    elif target.line is None:
        _file_steps(index, target, steps)
    if not steps:
        note = "It is not committed yet." if target.committed is None and target.line_committed is None else ""
        return Story(target.label, (), note=note)
    _came_with_its_file(index, target, steps)
    born = min(steps.values(), key=lambda step: step.entry.order)
    deprecated = [step.entry.release or "unreleased" for step in steps.values() if step.deprecates]
    if target.name:
        _follow_ups(index, target, steps)
    ordered = sorted(steps.values(), key=lambda step: step.entry.order)
    kept = [step for step in ordered if include_filtered or _telling(step, born)]
    shown = kept if len(kept) <= MAX_STORY else [*kept[:5], *kept[-(MAX_STORY - 5) :]]
    items = tuple(_item(step, redact, include_filtered=include_filtered) for step in shown)
    note = ""
    if index.repository.is_cut_off(born.entry.oid):
        note = f"This clone is shallow: what came before {born.entry.oid[:10]} is not in it."
    # A definition is as old as its beginning, a line as it reads now is as old as its last change.
    since = born if target.line is None else newest
    return Story(
        target.label,
        items,
        since.entry.release if since else None,
        deprecated[-1] if deprecated else None,
        len(ordered) - len(shown),
        note,
    )


def _line_steps(index: FlowIndex, target: Target, steps: dict[str, _Step]) -> None:
    assert target.line_committed is not None
    span = (target.line_committed, target.line_committed + 1)
    for past, entry in index.follow([("line", target.head_path, span)])[0]:
        steps[entry.oid] = _Step(entry, "the line came with it" if past.born else "the line was changed", True)


def _symbol_steps(index: FlowIndex, target: Target, steps: dict[str, _Step], *, birth_only: bool) -> None:
    """Walks a definition's changes back through renames and moves, of itself, its outer one and its file."""
    path, name = target.head_path, target.name
    found: list[tuple[SymbolEntry, str]] = []
    seen: set[tuple[str, str]] = set()
    before = 1 << 60
    while (path, name) not in seen and len(seen) < 20:
        seen.add((path, name))
        names = index.renamed_from(path)
        outers = _outers(name)
        went_on = False
        changes = [item for item in index.symbols_on(names) if item.entry.order <= before]
        for item in changes:
            inner = item.name.startswith(f"{name}.")
            if item.name == name:
                found.append((item, ""))
            elif inner and item.change not in ("format-only",):
                found.append((item, item.name.removeprefix(f"{name}.")))
                continue
            elif item.name in outers and item.change in ("renamed", "moved"):
                # The class around it took another name or place.
                old_path, old_outer = _origin(item)
                path, name = old_path, old_outer + name.removeprefix(item.name)
                found.append((item, ""))
                before, went_on = item.entry.order - 1, True
                break
            else:
                continue
            if item.change in ("renamed", "moved"):
                path, name = _origin(item)
                before, went_on = item.entry.order - 1, True
                break
            if item.change == "added" and not _was_there(item, changes):
                break
        if not went_on:
            break
    births = [item for item, member in found if not member]
    again = [(item, member) for item, member in found if not member and item.change == "added"][:-1]
    found = [
        (replace(item, change="body", detail="it gained another form"), member)
        if (item, member) in again
        else (item, member)
        for item, member in found
    ]
    first = min((item.entry.order for item in births), default=0)
    for item, member in found:
        if birth_only and item.entry.order != first and not item.deprecates:
            continue
        _add_step(steps, item, target.symbol.kind if target.symbol else item.kind, member)


def _came_with_its_file(index: FlowIndex, target: Target, steps: dict[str, _Step]) -> None:
    """Adds the beginning of a definition that came in a commit too wide to be read in depth."""
    names = index.renamed_from(target.head_path)
    entries = index.on_paths(names)
    first = min((step.entry.order for step in steps.values()), default=0)
    if not target.name or not entries or entries[-1].oid in steps or entries[-1].order >= first:
        return
    oldest = min(steps.values(), key=lambda step: step.entry.order)
    if "introduced" in oldest.change or "moved" in oldest.change or "renamed" in oldest.change:
        return
    # The changes in between told nothing of it, so it was there where it is in the oldest state.
    for path in index.touched_by(entries[-1], names):
        source = index.repository.run("cat-file", "blob", f"{entries[-1].oid}:{path}", ok=(0, 128))
        if any(symbol.name == target.name for symbol in symbols_of(path, source)):
            kind = target.symbol.kind if target.symbol else "definition"
            steps[entries[-1].oid] = _Step(entries[-1], f"the {kind} came with the file", True)


def _was_there(item: SymbolEntry, changes: Sequence[SymbolEntry]) -> bool:
    """Whether a definition that a commit adds had another form before: an overload, or one for another platform."""
    earlier = [other for other in changes if other.name == item.name and other.entry.order < item.entry.order]
    return bool(earlier) and earlier[0].change != "removed"


def _add_step(steps: dict[str, _Step], item: SymbolEntry, kind: str, inner: str) -> None:
    change = _phrase(item, kind, inner)
    step = steps.get(item.entry.oid)
    deprecates = bool(item.deprecates) and not inner
    if step is None:
        steps[item.entry.oid] = _Step(item.entry, change, True, deprecates)
        return
    step.deprecates |= deprecates
    if change not in step.change and step.change.count(";") < 3:
        # What happened to the definition itself comes first, its members after it.
        step.change = f"{change}; {step.change}" if not inner else f"{step.change}; {change}"


def _phrase(item: SymbolEntry, kind: str, inner: str) -> str:
    what = f"`{inner}`" if inner else f"the {kind}"
    deprecation = ", and declared deprecated" if item.deprecates and not inner else ""
    told = ", ".join(signature_facts(item.detail)) if item.change == "signature" else item.detail
    detail = f": {told}" if told else ""
    phrases = {
        "added": f"{what} was introduced",
        "removed": f"{what} was removed",
        "renamed": f"{what} was renamed{detail}",
        "moved": f"{what} was moved {item.detail}",
        "signature": f"the signature of {what} changed{detail}",
        "body": f"{what} was changed{detail}",
        "doc": f"the documentation of {what} was changed",
        "test": f"{what} was changed",
        "format-only": f"the layout of {what} was changed",
    }
    return phrases.get(item.change, f"{what} was changed") + deprecation


def _file_steps(index: FlowIndex, target: Target, steps: dict[str, _Step]) -> None:
    names = index.renamed_from(target.head_path)
    entries = index.on_paths(names)
    first = min((item.order for item in entries), default=0)
    for entry in entries:
        if not entry.merge:
            verb = "the file was added" if entry.order == first else f"the file was changed ({entry.kind})"
            steps[entry.oid] = _Step(entry, verb, True)


def _follow_ups(index: FlowIndex, target: Target, steps: dict[str, _Step]) -> None:
    """Commits that belong to the story without touching the definition: they name it, or follow up on a step."""
    short = target.name.rsplit(".", 1)[-1]
    direct = [step for step in steps.values() if step.direct and step.change]
    words = {short} if len(short) > 3 else set()
    issues = {issue for step in direct for issue in step.entry.issues.split()}
    first = min(step.entry.order for step in direct)
    named = [entry for entry in index.naming(words | issues) if entry.oid not in steps] if words | issues else []
    near = [entry for entry in _near(index, direct) if entry.oid not in steps]
    candidates = {entry.oid: entry for entry in (*named, *near) if not entry.merge and entry.files <= 20}
    paths = index.paths_of([entry.key for entry in candidates.values()])
    names = {entry.oid for entry in named}
    for entry in candidates.values():
        kinds = {category(path) for path in paths.get(entry.key, [])}
        side = next((kind for kind in _FOLLOW_UP if kind in kinds and Category.SOURCE not in kinds), None)
        if entry.oid in names:
            shared = issues & set(entry.issues.split())
            reason = f"belongs to {', '.join(sorted(shared))}" if shared else f"names `{short}`"
            if side is not None:
                reason = f"{_KIND_WORDS[side]} {reason}" if shared else _FOLLOW_UP[side]
            steps[entry.oid] = _Step(entry, f"before it: {reason}" if entry.order < first else reason, False)
        elif side is not None and _about(entry, paths.get(entry.key, []), target, short):
            steps[entry.oid] = _Step(entry, _FOLLOW_UP[side], False)


def _near(index: FlowIndex, direct: Sequence[_Step]) -> list[Entry]:
    """The few commits right after each step."""
    found: list[Entry] = []
    for step in direct[:20]:
        later = index.entries("l.ord > ? AND l.ord <= ?", step.entry.order, step.entry.order + 5, limit=5)
        found += [item for item in later if item.time - step.entry.time <= FOLLOW_UP_DAYS * 86400]
    return found


def _about(entry: Entry, paths: Iterable[str], target: Target, short: str) -> bool:
    """True when a commit on tests, docs or CI is about the target: its file's test, or words in common."""
    if any(stem(path) == stem(target.head_path) for path in paths):
        return True
    words = {word for word in re.split(r"[^a-z0-9]+", short.lower()) if len(word) > 3}
    said = set(re.split(r"[^a-z0-9]+", entry.subject.lower()))
    return bool(words & {word.removesuffix("s") for word in said} or words & said)


def _telling(step: _Step, born: _Step) -> bool:
    return (
        not step.entry.filter
        or step is born
        or step.deprecates
        or (step.entry.filter == "credibility" and "says nothing" in step.entry.objection and step.direct)
    )


def _item(step: _Step, redact: Redact | None, *, include_filtered: bool) -> StoryItem:
    entry = step.entry
    why = rationale(entry.body, 300) or ""
    issues = [issue for issue in entry.issues.split() if issue not in entry.subject and issue not in why]
    kind = "" if entry.kind == "change" else entry.kind
    reason = ": ".join(part for part in (kind, why or entry.subject) if part)
    if issues:
        reason += f" ({', '.join(issues)})"
    item = StoryItem(
        entry.oid,
        entry.date,
        entry.subject,
        step.change,
        reason,
        entry.release,
        entry.doubt if include_filtered else "",
    )
    if redact is not None:
        item = replace(
            item, **{name: WITHHELD for name in ("subject", "change", "reason") if redact(getattr(item, name))}
        )
    return item


def _origin(item: SymbolEntry) -> tuple[str, str]:
    if item.change == "moved" and "::" in item.detail:
        path, _, name = item.detail.removeprefix("from ").partition("::")
        return path, name
    return item.path, item.old_name


def _outers(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[:count]) for count in range(len(parts) - 1, 0, -1)]
