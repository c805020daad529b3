"""What an answer rests on: pieces of files with their line numbers, and what the history says of them.

What is gathered has passed the workspace's gate: nothing that git ignores, no secrets.
"""

from __future__ import annotations

import builtins
import keyword
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from iquest_lsp.asking.statements import Citation, citations
from iquest_lsp.datatypes import ChunkKind, FlowRecord

_WORD = re.compile(r"[A-Za-z_]\w*(?:(?:\.|::)[A-Za-z_]\w*)*")
_QUOTED = re.compile(r"`([^`\n]+)`")
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*")
#: What languages have of themselves: naming it claims nothing about the project.
_LANGUAGES = frozenset(
    {
        *dir(builtins),
        *keyword.kwlist,
        *("self", "cls", "this", "null", "nil", "undefined", "true", "false", "void", "const", "let", "var", "func"),
        *("fn", "impl", "struct", "enum", "trait", "interface", "string", "number", "boolean", "object", "console"),
        *("Promise", "Error", "Option", "Result", "Some", "Ok", "Err", "Vec", "String", "println", "printf", "error"),
    }
)
#: Words that are names only by chance.
_MIN_NAME = 3


@dataclass(frozen=True, slots=True)
class ShownPiece:
    """One thing shown to the model: `text` as it reads it, and where it is from, in words for the user."""

    kind: str
    path: str
    text: str
    reason: str
    start: int = 0
    end: int = 0

    def to_json(self) -> dict[str, object]:
        """Without its text."""
        return {"kind": self.kind, "path": self.path, "start": self.start, "end": self.end, "reason": self.reason}


@dataclass(slots=True)
class ShownEvidence:
    """All that is shown for one question; `commits` and `paths` are those it names."""

    pieces: list[ShownPiece] = field(default_factory=list)
    commits: set[str] = field(default_factory=set)
    paths: set[str] = field(default_factory=set)

    def add(self, piece: ShownPiece) -> None:
        """Adds a piece and what it cites."""
        self.pieces.append(piece)
        if piece.path:
            self.paths.add(piece.path)
        for item in citations(piece.text) if piece.kind != "file" else ():
            (self.commits if item.kind == "commit" else self.paths).add(item.name)

    def text(self) -> str:
        """The pieces, one after the other."""
        return "\n".join(piece.text.rstrip("\n") + "\n" for piece in self.pieces)

    def headings(self) -> str:
        """The line above each piece."""
        return "\n".join(piece.text.partition("\n")[0] for piece in self.pieces)

    def names(self, citation: Citation) -> bool:
        """Whether the evidence itself speaks of it; the file's line is another question."""
        if citation.kind == "commit":
            return any(oid.startswith(citation.name) for oid in self.commits)
        return citation.name in self.paths


class NameCheck:
    """Whether a name of code is one that the model was shown, that the project defines, or that languages have."""

    def __init__(self, shown: str, definers: Callable[[str], Iterable[str]]) -> None:
        self._words = frozenset(_IDENTIFIER.findall(shown))
        self._definers = definers

    def __call__(self, name: str) -> bool:
        return all(self._has(part) for part in _IDENTIFIER.findall(name))

    def _has(self, part: str) -> bool:
        singular = part.removesuffix("s")  # "the ChunkKinds"
        return any(
            word in self._words or word in _LANGUAGES or self._definers(word) for word in (part, singular) if word
        )


def file_piece(path: str, start: int, text: str, reason: str) -> ShownPiece:
    """Lines of a file, numbered from `start` (0-based), as a model can cite them."""
    lines = text.rstrip("\n").split("\n")
    shown = "\n".join(f"{number:5}  {line}" for number, line in enumerate(lines, start + 1))
    return ShownPiece("file", path, f"File {path}:\n{shown}\n", reason, start + 1, start + len(lines))


def history_piece(records: Sequence[FlowRecord], limit: int) -> ShownPiece | None:
    """What the history says, a commit a line, with the ids to cite."""
    lines: list[str] = []
    room = limit
    for record in records:
        where = ", ".join(record.paths[:3])
        why = f" Why: {record.rationale}" if record.rationale else ""
        did = f" It {record.action}." if record.action else ""
        line = f"- {record.commit[:10]} {record.date} {record.kind}: {record.subject}.{did}{why} ({where})"
        if len(line) > room:
            break
        lines.append(line)
        room -= len(line)
    if not lines:
        return None
    text = "What the history says, newest first (commit, date, kind, what, why, files):\n" + "\n".join(lines) + "\n"
    return ShownPiece("history", "", text, f"{len(lines)} commits on these files")


def names_in(question: str) -> list[str]:
    """Identifiers and paths that a question may mean, the likeliest first."""
    quoted = [word for text in _QUOTED.findall(question) for word in [text, *_WORD.findall(text)]]
    words = _WORD.findall(question)
    telling = [word for word in words if "_" in word or "." in word or "::" in word or word[1:] != word[1:].lower()]
    found = [*quoted, *telling, *words]
    parts = [part for word in found for part in (word, *re.split(r"\.|::", word))]
    return list(dict.fromkeys(word for word in parts if len(word) >= _MIN_NAME))


def files_for(question: str, paths: Sequence[str], definers: Callable[[str], Iterable[str]], limit: int) -> list[str]:
    """The files a question speaks of: named ones, and those that define what it names."""
    known = set(paths)
    found: dict[str, None] = {}
    for item in citations(question):
        ends = [path for path in paths if path == item.name or path.endswith("/" + item.name)]
        found |= dict.fromkeys(ends[:3])
    for name in names_in(question):
        if name in known:
            found[name] = None
        defining = sorted(definers(name))
        if len(defining) <= 4:  # what everybody defines tells nothing
            found |= dict.fromkeys(defining)
    return list(found)[:limit]


#: What chunks of a window become here; the tree is told apart, the history is told with its commits.
FILE_KINDS = (ChunkKind.RELATED, ChunkKind.OPEN, ChunkKind.CURRENT, ChunkKind.EDIT)
