"""The answer to “what does this diff do, and what did it forget”, and its JSON and markdown forms."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.syntax.signatures import signature_facts

MAX_NEW = 8
MAX_FILES, MAX_GONE = 30, 3
#: The least confidence of a file that is expected; others only likely change along.
SURE = 0.3


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """One file of a diff; `status` is added, modified, deleted, renamed, copied, type-changed or conflicted.

    `old_path` is where a renamed or copied one was; a binary one has no lines.
    """

    path: str
    status: str
    symbols: tuple[SymbolChange, ...] = ()
    added: int = 0
    removed: int = 0
    old_path: str = ""
    binary: bool = False


@dataclass(frozen=True, slots=True)
class HistoryItem:
    """A commit that matters here, and why; `commit` is its full id."""

    commit: str
    date: str
    subject: str
    reason: str


@dataclass(frozen=True, slots=True)
class MissingItem:
    """A file that one would expect in the diff: in `support` commits of the past it was there, `confidence` often."""

    path: str
    reason: str
    support: int
    confidence: float


@dataclass(frozen=True, slots=True)
class DiffExplanation:
    """What a diff does, from facts alone; `model_text` is for a model's prose on top of them.

    `left_out` counts commits of the related history that a filter took out. Of `missing`, the documents tell what is
    less than SURE only of `open_work`, which can still grow: changes that are not committed yet.
    """

    target: str
    summary: str
    intent: str
    intent_reason: str
    files: tuple[ChangedFile, ...] = ()
    history: tuple[HistoryItem, ...] = ()
    missing: tuple[MissingItem, ...] = ()
    risks: tuple[str, ...] = ()
    model_text: str | None = None
    left_out: int = 0
    open_work: bool = False

    def to_json(self) -> dict[str, object]:
        """The JSON form (docs/json.md)."""
        return {
            "summary": self.summary,
            "intent": self.intent,
            "files": [
                {
                    "path": item.path,
                    "status": item.status,
                    "symbols": [
                        {"name": symbol.name, "kind": symbol.kind, "change": symbol.change} for symbol in item.symbols
                    ],
                }
                for item in self.files
            ],
            "history": history_json(self.history),
            "missing": [
                {
                    "path": item.path,
                    "reason": item.reason,
                    "support": item.support,
                    "confidence": round(item.confidence, 3),
                }
                for item in self.missing
            ],
            "risks": list(self.risks),
            "model_text": self.model_text,
        }

    def to_markdown(self) -> str:
        """The explanation as a markdown document."""
        return render_markdown(self)


def history_json(items: Iterable[HistoryItem]) -> list[dict[str, object]]:
    """The JSON form of cited commits."""
    return [
        {"commit": item.commit, "date": item.date, "subject": item.subject, "reason": item.reason} for item in items
    ]


def render_markdown(explanation: DiffExplanation) -> str:
    """The explanation as a markdown document."""
    lines = [f"# {_title(explanation)}", "", explanation.summary, ""]
    if explanation.model_text:
        lines += [explanation.model_text, ""]
    if explanation.files:
        lines += [f"**Intent:** {explanation.intent} ({explanation.intent_reason})", ""]
    if explanation.files:
        lines += ["## Files", ""]
        shown, rest = _worth_listing(explanation.files)
        for item in shown:
            origin = f" from `{item.old_path}`" if item.old_path else ""
            lines.append(f"- `{item.path}`: {item.status}{origin}{_counts(item)}")
            lines += _symbols(item)
        if rest:
            counts = Counter(item.status for item in rest)
            told = ", ".join(f"{count} {status}" for status, count in counts.most_common())
            lines.append(f"- and {len(rest)} more files ({told})")
        lines.append("")
    missing = [item for item in explanation.missing if item.confidence >= SURE]
    if missing:
        lines += ["## Perhaps missing", ""]
        lines += [f"- `{item.path}`: {item.reason}" for item in missing]
        lines.append("")
    likely = [item for item in explanation.missing if item.confidence < SURE] if explanation.open_work else []
    if likely:
        lines += ["## Likely to change along", ""]
        lines += [f"- `{item.path}`: {item.reason}" for item in likely]
        lines.append("")
    if explanation.risks:
        lines += ["## Risks", "", *[f"- {risk}" for risk in explanation.risks], ""]
    if explanation.history:
        lines += ["## Related history", "", *history_lines(explanation.history), ""]
    if explanation.left_out:
        lines += [left_out_line(explanation.left_out), ""]
    return "\n".join(lines).rstrip() + "\n"


def left_out_line(count: int) -> str:
    """Says that the filters took commits out, and how to see them."""
    what = "1 less telling commit is" if count == 1 else f"{count} less telling commits are"
    return f"{what} left out (`--include-filtered` shows them)."


def history_lines(items: Iterable[HistoryItem]) -> list[str]:
    """Cited commits as markdown list items."""
    return [f"- `{item.commit[:10]}` {item.date} {escape(item.subject)}: {item.reason}" for item in items]


def escape(text: str) -> str:
    """Text from outside, so that markdown shows it as it is."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|" else char for char in text.replace("\n", " "))


def _title(explanation: DiffExplanation) -> str:
    target = explanation.target
    short = target[:10] if len(target) >= 40 and all(char in "0123456789abcdef" for char in target) else target
    return (
        f"What {short} changes"
        if not short.startswith("the ")
        else f"What {short} change" + ("" if short.endswith("changes") else "s")
    )


def _worth_listing(files: Sequence[ChangedFile]) -> tuple[list[ChangedFile], list[ChangedFile]]:
    """The files to list, in their order, and those that are only counted, where there are very many."""
    if len(files) <= MAX_FILES:
        return list(files), []
    order = {Category.SOURCE: 0, Category.TEST: 1, Category.BUILD: 2, Category.CI: 2, Category.CONFIG: 2}

    def weight(item: ChangedFile) -> tuple[bool, int, bool, int]:
        return (
            item.status == "deleted",
            order.get(category(item.path), 3),
            not item.symbols,
            -item.added - item.removed,
        )

    kept = {item.path for item in sorted(files, key=weight)[:MAX_FILES]}
    return [item for item in files if item.path in kept], [item for item in files if item.path not in kept]


def _counts(item: ChangedFile) -> str:
    if item.binary:
        return " (binary)"
    return f" (+{item.added} −{item.removed})" if item.added > 0 or item.removed > 0 else ""


_WORDS = {
    "body": "changed",
    "test": "changed",
    "signature": "new signature",
    "doc": "documentation changed",
    "format-only": "layout only",
}


def worth_showing(symbols: Sequence[SymbolChange]) -> list[SymbolChange]:
    """Changes a reader wants to see: no parts of whole definitions, no class that only changed in its methods."""
    names = [item.name for item in symbols]
    return [
        item
        for item in symbols
        if not item.inner
        and not (
            item.change in ("body", "test")
            and not item.detail
            and any(name.startswith(f"{item.name}.") for name in names)
        )
    ]


def _symbols(item: ChangedFile) -> list[str]:
    """The definitions of one file as list items; of many new ones only the first, by weight."""
    shown = worth_showing(item.symbols)
    if item.status == "deleted" and len(shown) > MAX_GONE:
        names = ", ".join(f"`{symbol.name}`" for symbol in shown[:MAX_GONE])
        return [f"  - with it {names} and {len(shown) - MAX_GONE} more definitions"]
    new = [symbol for symbol in shown if symbol.change == "added"]
    if len(new) > MAX_NEW:
        main = sorted(new, key=lambda symbol: (not symbol.public, symbol.kind == "constant", -len(symbol.lines)))
        kept = {id(symbol) for symbol in main[:MAX_NEW]}
        left = len(new) - MAX_NEW
        shown = [symbol for symbol in shown if symbol.change != "added" or id(symbol) in kept]
        return [*_lines(shown), f"  - and {left} more new definitions"]
    return _lines(shown)


def _lines(shown: Sequence[SymbolChange]) -> list[str]:
    """One line for each change; equal ones (overloads) once, those of layout alone together, last."""
    layout = list(dict.fromkeys(symbol.name for symbol in shown if symbol.change == "format-only"))
    told = dict.fromkeys(f"  - {_symbol(symbol)}" for symbol in shown if symbol.change != "format-only")
    if layout:
        more = f" and {len(layout) - MAX_GONE} more" if len(layout) > MAX_GONE else ""
        told["  - layout only: " + ", ".join(f"`{name}`" for name in layout[:MAX_GONE]) + more] = None
    return list(told)


def _symbol(symbol: SymbolChange) -> str:
    told = ", ".join(signature_facts(symbol.detail)) if symbol.change == "signature" else symbol.detail
    detail = f" ({told})" if told and symbol.change not in ("added", "removed") else ""
    return f"{symbol.kind} `{symbol.name}`: {_WORDS.get(symbol.change, symbol.change)}{detail}"
