"""Latency as an editor meets it: a session of typing, replayed through the socket at a person's speed.

Every request of the session counts, the first after a jump, a paste or a change of file too. Cold (the first request
after the daemon's start), warm (the model was asked) and cached (an answer that held already) are never blended.
After the first request of the session, which is cold, the window is evaluated once, as for who stood there for a
while, and timed by itself; what follows, jumps and other files too, is the session's own.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from iquest_lsp.bench.editor import BenchEditor
from iquest_lsp.bench.report import BenchProgress, Report, Row, Sample, percentile
from iquest_lsp.bench.typing_session import LINES_AT_A_PLACE, MOVES, Kind, TypingEvent, session
from iquest_lsp.errors import DaemonError, WorkspaceError

CANCELLED = -32800
MOST_FILES, LEAST_LINES, MOST_LINES = 4, 60, 4000
SUFFIXES = (".py", ".js", ".ts", ".go", ".rs", ".c", ".cpp", ".h", ".java")
#: How long the answers that are still under way at the end are waited for.
LAST_S = 10.0
#: The same for the window that is warmed before.
WARM_S = 3600.0
SLOWEST = 3
#: What an answer of the model is made of, in the order of its making.
PARTS = ("context_ms", "queue_ms", "prefill_ms", "decode_ms")
#: What the requests of a session come after.
MOMENTS = {
    Kind.KEY: "after a key",
    Kind.DELETE: "after a deletion",
    Kind.JUMP: "after a jump",
    Kind.PASTE: "after a paste",
    Kind.SWITCH: "after a switch to an open file",
    Kind.OPEN: "after opening a file",
}
BEGIN = "where the session begins"
ORDER = (BEGIN, *MOMENTS.values())
MOVED = (Kind.JUMP, Kind.PASTE, Kind.SWITCH, Kind.OPEN)


@dataclass(slots=True)
class TimedRequest:
    """One request of the session: its id, the moment it belongs to, and what it asked about."""

    number: int
    after: Kind
    uri: str
    version: int
    rest: str


@dataclass(slots=True)
class Ladder:
    """What became of the requests, rung by rung; times in milliseconds."""

    cold: list[float] = field(default_factory=list)
    warm: list[float] = field(default_factory=list)
    moved: dict[Kind, list[float]] = field(default_factory=dict)
    moments: dict[str, Counter[str]] = field(default_factory=dict)
    cached: list[float] = field(default_factory=list)
    speculated: list[float] = field(default_factory=list)
    quiet: list[float] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    window: int = 0
    tokens: int = 0
    prefilled: list[int] = field(default_factory=list)
    parts: dict[str, list[float]] = field(default_factory=dict)
    warming: tuple[float, int] = (0.0, 0)
    every: list[tuple[float, Kind, dict[str, Any]]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class PlayedEditor:
    """The editor that is played: its folder, the program's command line options, and what it sends as options."""

    root: Path
    arguments: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Typing:
    """What is typed, and how.

    `lines` are typed at a place before the next jump; with `tells` the editor says where the person looks, as ours for
    VS Code does. `keep` is a folder in which evaluated windows stay from run to run: what is there already is
    restored, not cold. Without `files` some of the folder's are taken.
    """

    keys: int
    colds: int
    seed: int = 0
    speed: float = 1.0
    files: tuple[Path, ...] = ()
    keep: Path | None = None
    lines: int = LINES_AT_A_PLACE
    tells: bool = True


async def run(client: PlayedEditor, typing: Typing, progress: BenchProgress = lambda done, total: None) -> Report:
    """Types in the files of a workspace; nothing of it is changed. Raises WorkspaceError, DaemonError."""
    colds, keys, keep = typing.colds, typing.keys, typing.keep
    chosen = list(typing.files) or typed_files(client.root)
    texts = [file.read_text("utf-8", "replace").replace("\r\n", "\n") for file in chosen]
    ladder, model = Ladder(), ""
    folder = Path(tempfile.mkdtemp(prefix="iq-"))
    try:
        environment = _home(folder)
        if keep is not None:
            environment["XDG_CACHE_HOME"] = str(keep.absolute())
        for turn in range(colds):
            model = await _cold(client, chosen[0], texts[0], environment, ladder)
            _end_daemon(folder)
            if keep is None:
                shutil.rmtree(folder / "cache", ignore_errors=True)  # a restored window is not cold
            progress(turn + 1, colds + keys)
        editor = await BenchEditor.start(client.root, list(client.arguments), environment, **client.options)
        typist = _Typist(editor, chosen, typing.speed, typing.tells)
        done = 0
        for event in session(texts, keys, typing.seed, typing.lines):
            await typist.act(event)
            if not ladder.warming[1]:
                ladder.warming = await _warm(editor, chosen[event.file], event.line)
            done += event.kind is Kind.KEY
            progress(min(colds + done, colds + keys), colds + keys)
        await typist.finish()
        count_requests(ladder, editor, typist.asked)
        await editor.leave()
    finally:
        _end_daemon(folder)
        shutil.rmtree(folder, ignore_errors=True)
    return report_of(ladder, model, typing.speed, restored=keep is not None)


class _Typist:
    """Carries out a session's events in an editor, and asks after each of them as VS Code does."""

    def __init__(self, editor: BenchEditor, files: Sequence[Path], speed: float, tells: bool) -> None:
        self._editor = editor
        self._tells = tells
        self._uris = [file.absolute().as_uri() for file in files]
        self._versions = [0] * len(files)
        self._speed = speed
        self._waiting: list[int] = []
        self.asked: list[TimedRequest] = []

    async def act(self, event: TypingEvent) -> None:
        uri = self._uris[event.file]
        line, column = event.line, event.column
        if event.kind is Kind.OPEN:
            document = {"uri": uri, "version": 0, "languageId": Path(uri).suffix.lstrip("."), "text": event.text}
            self._editor.notify("textDocument/didOpen", {"textDocument": document})
        if event.kind in MOVES and self._tells:
            place = {"line": line, "character": column}
            self._editor.notify("textDocument/didFocus", {"textDocument": {"uri": uri}, "position": place})
        await asyncio.sleep(event.pause_s / self._speed)
        if event.kind is Kind.SAVE:
            return  # the workspace is not touched
        self._versions[event.file] += 1
        where = {"uri": uri, "version": self._versions[event.file]}
        text, end = event.text, {"line": line, "character": column}
        start = {"line": line, "character": column - event.removed}
        if event.kind in MOVES:
            rows = event.taken.split("\n")
            end, text = {"line": line + len(rows) - 1, "character": _units(rows[-1])}, ""
        else:
            line += text.count("\n")
            column = 0 if text.endswith("\n") else column - event.removed + len(text)
        changes = [{"range": {"start": start, "end": end}, "text": text}]
        self._editor.notify("textDocument/didChange", {"textDocument": where, "contentChanges": changes})
        for number in self._waiting:
            if number not in self._editor.responses:
                self._editor.notify("$/cancelRequest", {"id": number})
        position = {"line": line, "character": column}
        params = {"textDocument": {"uri": uri}, "position": position, "context": {"triggerKind": 2}}
        number = self._editor.ask("textDocument/inlineCompletion", params)
        self._waiting = [number]
        self.asked.append(TimedRequest(number, event.kind, uri, where["version"], event.rest))  # type: ignore[arg-type]

    async def finish(self) -> None:
        """Waits for the last answers."""
        last = [one.number for one in self.asked]
        await self._editor.until(lambda: all(number in self._editor.responses for number in last), LAST_S)


async def _cold(client: PlayedEditor, file: Path, text: str, environment: dict[str, str], ladder: Ladder) -> str:
    """The first request after the start: the file is opened and asked about at once; returns the model's name."""
    editor = await BenchEditor.start(client.root, list(client.arguments), environment, **client.options)
    uri = file.absolute().as_uri()
    line = text.count("\n") // 2
    document = {"uri": uri, "version": 1, "languageId": file.suffix.lstrip("."), "text": text}
    editor.notify("textDocument/didOpen", {"textDocument": document})
    position = {"line": line, "character": 0}
    number = editor.ask(
        "textDocument/inlineCompletion",
        {"textDocument": {"uri": uri}, "position": position, "context": {"triggerKind": 2}},
    )
    answer = await editor.response(number)
    ladder.cold.append(editor.took_ms[number])
    items = (answer.get("result") or {}).get("items") or []
    ladder.counts["cold: text" if items else "cold: nothing in time"] += 1
    await editor.leave()
    return editor.model


async def _warm(editor: BenchEditor, file: Path, line: int) -> tuple[float, int]:
    """Evaluates the window of a place in an open file, whatever it takes; the seconds, and the tokens evaluated."""
    begin = time.perf_counter()
    asked = {"textDocument": {"uri": file.absolute().as_uri()}, "place": {"line": line, "column": None}}
    answer = await editor.response(editor.ask("iquest/complete", asked), WARM_S)
    result = answer.get("result")
    if not isinstance(result, dict):
        raise DaemonError("The window could not be warmed", why=str((answer.get("error") or {}).get("message", "")))
    return time.perf_counter() - begin, max(int(result["tokens"]["prefilled"]), 1)


def count_requests(ladder: Ladder, editor: BenchEditor, asked: Sequence[TimedRequest]) -> None:
    for one in asked:
        answers = editor.responses.get(one.number, [])
        ladder.counts["requests"] += 1
        begins = one is asked[0]  # cold: the window is evaluated after it
        moment = ladder.moments.setdefault(BEGIN if begins else MOMENTS[one.after], Counter())
        moment["requests"] += 1
        ladder.counts["responses"] += len(answers)
        error = answers[0].get("error") if answers else None
        if error is not None:
            how = "cancelled" if error.get("code") == CANCELLED else "failed"
            ladder.counts[how] += 1
            moment[how] += 1
            continue
        told = editor.answers.get((one.uri, one.version))
        if not answers or not told:
            ladder.counts["nothing known of"] += 1
            continue
        cost, took = told[0], editor.took_ms[one.number]
        ladder.every.append((took, one.after, cost))
        items = answers[0]["result"]["items"]
        ladder.window = max(ladder.window, cost["tokens"]["window"])
        if items and one.rest and items[0]["insertText"].strip():
            ladder.counts["judged"] += 1
            ladder.counts["right"] += _is_right(items[0]["insertText"], one.rest)
        if cost["source"] != "model":
            ladder.counts[f"from {cost['source']}" if items else f"from {cost['source']}, quiet"] += 1
            (ladder.cached if cost["source"] == "cache" else ladder.speculated).append(took)
            moment[cost["source"]] += 1
            continue
        ladder.counts["not cached"] += 1
        if not items:
            ladder.counts[f"quiet: {cost['quiet']}"] += 1
            moment[f"quiet: {cost['quiet']}"] += 1
            ladder.quiet.append(took)
            continue
        ladder.counts["text at the deadline" if cost["finish"] == "deadline" else "text, whole"] += 1
        ladder.prefilled.append(cost["tokens"]["prefilled"])
        for part in PARTS:
            ladder.parts.setdefault(part, []).append(cost["timings"][part])
        ladder.tokens += cost["tokens"]["generated"]
        moment["text"] += 1
        if begins:
            ladder.counts["text where the session begins"] += 1
        elif one.after in (Kind.KEY, Kind.DELETE):
            ladder.warm.append(took)
        else:
            ladder.moved.setdefault(one.after, []).append(took)


def _is_right(text: str, rest: str) -> bool:
    """Whether the first line of an answer is what was typed next, or a beginning of it."""
    first = text.split("\n", 1)[0].rstrip()
    return bool(first) and rest.rstrip().startswith(first)


def report_of(ladder: Ladder, model: str, speed: float, *, restored: bool = False) -> Report:
    report = Report("latency", model)
    first = "first request after the start of the daemon"
    cases = (
        ("restored" if restored else "cold", ladder.cold, first + (", windows kept from before" * restored)),
        ("warm", ladder.warm, "text of the model after a key"),
        *((f"first {MOMENTS[kind]}", ladder.moved.get(kind, []), "text of the model") for kind in MOVED),
        ("quiet", ladder.quiet, "the model was asked and nothing was shown"),
        ("cached", ladder.cached, "typed through"),
        ("speculated", ladder.speculated, "speculated"),
    )
    for name, times, note in cases:
        if times:
            samples = tuple(Sample(took / 1000, 0.0) for took in times)
            report.rows.append(Row(name, 0, samples, f"{note}; {len(times)} of a window of {ladder.window} tokens"))
    for part, times in ladder.parts.items():
        samples = tuple(Sample(took / 1000, 0.0) for took in times)
        report.rows.append(Row(f"part: {part.removesuffix('_ms')}", 0, samples, "of the model's texts"))
    if ladder.warming[1]:
        seconds, tokens = ladder.warming
        report.rows.append(Row("warming", tokens, (Sample(seconds, 0.0),), "where the session begins"))
    counts = ladder.counts
    text = counts["text, whole"] + counts["text at the deadline"]
    unsure = counts["quiet: unsure"]
    asked = counts["not cached"] - unsure
    report.counts = {name: counts[name] for name in sorted(counts)} | {
        "moments": {name: _shares(ladder.moments[name]) for name in ORDER if name in ladder.moments},
        "text_share": round(text / asked, 4) if asked else None,
        "unsure_share": round(unsure / counts["not cached"], 4) if counts["not cached"] else None,
        "responses_per_request": counts["responses"] / counts["requests"] if counts["requests"] else None,
        "right_share": round(counts["right"] / counts["judged"], 4) if counts["judged"] else None,
        "window_tokens": ladder.window,
        "prefilled_p50": _middle(ladder.prefilled, 0.5),
        "prefilled_p95": _middle(ladder.prefilled, 0.95),
        "slowest": [
            {
                "took_ms": round(took, 1),
                "after": str(after),
                "quiet": cost["quiet"],
                "finish": cost["finish"],
                **cost["timings"],
                "prefilled": cost["tokens"]["prefilled"],
                "generated": cost["tokens"]["generated"],
            }
            for took, after, cost in sorted(ladder.every, key=lambda item: -item[0])[:SLOWEST]
        ],
    }
    for name, moment in report.counts["moments"].items():
        said = ", ".join(f"{count} {what}" for what, count in moment.items() if what not in ("requests", "text_share"))
        report.notes.append(f"{name}: {moment['requests']} requests: {said}")
    if asked:
        report.notes.append(
            f"of {counts['not cached']} requests not answered from the cache {unsure} were kept quiet for doubt;"
            f" {text} of the other {asked} ({text / asked:.0%}) brought text by the deadline"
        )
    report.notes.append(
        f"{counts['requests']} requests, {counts['responses']} responses, {counts['cancelled']} withdrawn by the next"
        " key" + (f"; typed at {speed:g} times a person's speed" if speed != 1 else "")
    )
    return report


def _shares(moment: Counter[str]) -> dict[str, int | float | None]:
    """Counts of one kind of moment, with the share of texts among what was asked of the model and not kept quiet for
    doubt."""
    asked = sum(count for name, count in moment.items() if name.startswith(("quiet", "text"))) - moment["quiet: unsure"]
    counts = {name: moment[name] for name in sorted(moment)}
    return {**counts, "text_share": round(moment["text"] / asked, 4) if asked else None}


def _units(text: str) -> int:
    """UTF-16 code units."""
    return len(text.encode("utf-16-le", "replace")) // 2


def _middle(values: Sequence[int], share: float) -> int | None:
    return int(percentile(sorted(values), share)) if values else None


def typed_files(root: Path) -> list[Path]:
    """Files of a workspace to type in: source code of usual length, spread over the whole. Raises WorkspaceError."""
    found = []
    for folder, names, files in os.walk(root):
        names[:] = sorted(name for name in names if not name.startswith(".") and name not in ("node_modules", "venv"))
        for name in sorted(files):
            path = Path(folder, name)
            if path.suffix in SUFFIXES and path.is_file():
                with suppress(OSError, UnicodeDecodeError):
                    if LEAST_LINES <= path.read_text("utf-8").count("\n") <= MOST_LINES:
                        found.append(path)
    if not found:
        raise WorkspaceError(f"There is nothing to type in {root}", why="no source file of at least 60 lines was found")
    step = max(len(found) // MOST_FILES, 1)
    return found[step // 2 :: step][:MOST_FILES]


def _home(folder: Path) -> dict[str, str]:
    """Folders for a daemon of the benchmark's own."""
    names = {"run": "XDG_RUNTIME_DIR", "state": "XDG_STATE_HOME", "cache": "XDG_CACHE_HOME"}
    for name in names:
        (folder / name).mkdir(mode=0o700)
    return {variable: str(folder / name) for name, variable in names.items()}


def _end_daemon(folder: Path) -> None:
    """Ends the benchmark's daemon and waits for it."""
    for lock in (folder / "run" / "iquest-lsp").glob("*.lock"):
        text = lock.read_text().strip()
        if not text.isdigit():
            continue
        with suppress(ProcessLookupError, PermissionError):
            os.kill(int(text), signal.SIGTERM)
        for _ in range(200):
            if not Path(f"/proc/{text}").exists():
                break
            time.sleep(0.05)
