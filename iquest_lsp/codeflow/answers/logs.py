"""Places and words in the output of tests, compilers and crashes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.common_ends import common_tail

MAX_FRAMES = 60
#: Characters of a log, and of one of its lines.
MAX_LOG, MAX_LOG_LINE = 4_000_000, 2000


@dataclass(frozen=True, slots=True)
class Frame:
    """A place that a log names: repository path, 0-based line, function if told, and how near it is to the failure."""

    path: str
    line: int
    function: str = ""
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class Failure:
    """What a log says: frames, most telling first, and words of its error messages."""

    frames: tuple[Frame, ...]
    words: frozenset[str]
    message: str = ""


_PYTHON = re.compile(r'^\s*File "([^"]+)", line (\d{1,18})(?:, in (\S+))?')
_NODE = re.compile(r"^\s*at (?:async )?(?:(\S+) )?\(?(?:file://)?([^\s():]+):(\d{1,18}):\d+\)?")
_JAVA = re.compile(r"^\s*at ([\w.$<>]+)\((\w+\.java):(\d{1,18})\)")
_TSC = re.compile(r"^(\S[^()]*?)\((\d{1,18}),\d+\): (?:error|warning)")
_PLACE = re.compile(r"(?<![\w/.\\-])((?:[A-Za-z]:)?[\w./\\@+-]*[\w-]\.[A-Za-z][A-Za-z0-9]{0,5}):(\d{1,18})")
_PYTEST_ID = re.compile(r"\b(\S+\.py)::(?:\w+::)*(\w+)")
_MESSAGE = re.compile(
    r"^(?:E\s{2,}(?P<a>.*)|(?P<b>[\w.]*(?:Error|Exception|Panic|Failure)\b.*)|.*\berror(?:\[\w+\]|\sTS\d+)?:\s*(?P<c>.*)|"
    r".*panicked at (?P<d>.*)|panic: (?P<e>.*)|.*\bFAILED\b.* - (?P<f>.*))$"
)
_WORD = re.compile(r"[A-Za-z_]\w{2,}")
_COMMON = frozenset(
    {
        "error",
        "exception",
        "assertionerror",
        "assert",
        "true",
        "false",
        "none",
        "null",
        "expected",
        "got",
        "object",
        "type",
        "value",
        "the",
        "for",
        "and",
        "not",
        "has",
        "was",
        "with",
        "line",
        "file",
        "test",
        "tests",
        "failed",
        "typeerror",
        "valueerror",
        "keyerror",
        "attributeerror",
        "indexerror",
        "where",
        "self",
        "return",
        "from",
        "import",
        "nonetype",
        "str",
        "int",
        "list",
        "dict",
        "attribute",
        "argument",
        "arguments",
        "called",
        "but",
        "found",
    }
)


def read_log(text: str, tracked: Sequence[str]) -> Failure:
    """What the log says about files of the repository."""
    resolve = _Resolver(tracked)
    frames: list[Frame] = []
    words: set[str] = set()
    message = ""
    deepest_last = "Traceback (most recent call last)" in text or 'File "' in text
    for whole in text[-MAX_LOG:].splitlines():
        line = whole[:MAX_LOG_LINE]
        if found := _MESSAGE.match(line):
            said = next((group for group in found.groups() if group), "")
            words |= {word for word in _WORD.findall(said) if word.lower() not in _COMMON}
            message = message or said[:200]
        frames += _frames(line, resolve)
    if not deepest_last:
        frames.reverse()
    unique: dict[tuple[str, int], Frame] = {}
    for depth, frame in enumerate(reversed(frames)):
        weight = max(0.15, 0.85**depth) * (0.35 if category(frame.path) is Category.TEST else 1.0)
        unique.setdefault((frame.path, frame.line), Frame(frame.path, frame.line, frame.function, weight))
    ranked = sorted(unique.values(), key=lambda frame: -frame.weight)[:MAX_FRAMES]
    return Failure(tuple(ranked), frozenset(words), message)


def _frames(line: str, resolve: _Resolver) -> Iterable[Frame]:
    if found := _PYTHON.match(line):
        places = [(found[1], int(found[2]), found[3] or "")]
    elif found := _JAVA.match(line):
        package = found[1].rsplit(".", 2)[0].replace(".", "/")
        places = [(f"{package}/{found[2]}", int(found[3]), found[1].rsplit(".", 1)[-1])]
    elif found := _NODE.match(line):
        places = [(found[2], int(found[3]), (found[1] or "").rsplit(".", 1)[-1])]
    elif found := _TSC.match(line):
        places = [(found[1], int(found[2]), "")]
    else:
        places = [(match[1], int(match[2]), "") for match in _PLACE.finditer(line)]
        places += [(match[1], 1, match[2]) for match in _PYTEST_ID.finditer(line)]
    for name, number, function in places:
        path = resolve(name)
        if path:
            yield Frame(path, max(0, number - 1), function)


class _Resolver:
    """Paths as machines print them -> paths of the repository, by their longest common end."""

    def __init__(self, tracked: Sequence[str]) -> None:
        self._by_name: dict[str, list[str]] = {}
        for path in tracked:
            self._by_name.setdefault(path.rsplit("/", 1)[-1], []).append(path)

    def __call__(self, name: str) -> str:
        parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
        best, length, tied = "", 0, False
        for path in self._by_name.get(parts[-1], []) if parts else []:
            own = path.split("/")
            common = common_tail(own, parts)
            # The whole of either path must match, so that another project's file of the same name does not.
            if common not in (len(own), len(parts)):
                continue
            if common > length:
                best, length, tied = path, common, False
            elif common == length:
                tied = True
        return "" if tied else best
