"""What a prompt for an edit is made of, and the prompt: plain data. Lines count from 0, offsets in characters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from iquest_lsp.context.chat import Message
from iquest_lsp.datatypes import Part


@dataclass(frozen=True, slots=True)
class EditHunk:
    """An edit with the lines around it, as a unified diff writes them: each begins with a blank, `-` or `+`.

    `old_line` and `line` are where they begin in the text before and after; `own`: a suggestion that was taken.
    """

    path: str
    old_line: int
    line: int
    lines: tuple[str, ...]
    own: bool = False

    def side(self, other: str, around: int) -> str:
        """The old lines (`other` is `+`) or the new ones (`-`), with so many unchanged ones around.

        The hunk's own last line has no line end, as a diff that ends there has none.
        """
        changed = [at for at, line in enumerate(self.lines) if line[:1] in "-+"]
        if not changed:
            return ""
        end = changed[-1] + around + 1
        shown = self.lines[max(changed[0] - around, 0) : end]
        text = "".join(line[1:] + "\n" for line in shown if line[:1] != other)
        is_last = end >= len(self.lines) and self.lines[-1][:1] != other
        return text.removesuffix("\n") if is_last else text

    def unified(self) -> str:
        """The hunk as a unified diff has it, without the names of the files."""
        old = sum(line[:1] != "+" for line in self.lines)
        new = sum(line[:1] != "-" for line in self.lines)
        head = f"@@ -{self.old_line + 1},{old} +{self.line + 1},{new} @@\n"
        return head + "".join(line + "\n" for line in self.lines)


@dataclass(frozen=True, slots=True)
class RelatedPiece:
    """Lines `start` to `end` of a file of `lines` lines that has to do with the edit; a smaller `order` goes first."""

    path: str
    start: int
    end: int
    text: str
    lines: int
    order: int = 0


@dataclass(frozen=True, slots=True)
class AskedEdit:
    """A file's text with the cursor in it, the last edits (the latest at the end), and what has to do with them.

    `before` is the text before the edits, `syntax` the spans of the syntax around the cursor, innermost first, and
    `budget` the tokens that the prompt may have, estimated by its length (0: as many as the model's makers allow).
    """

    path: str
    text: str
    cursor: int
    hunks: Sequence[EditHunk] = ()
    pieces: Sequence[RelatedPiece] = ()
    before: str = ""
    syntax: Sequence[tuple[int, int]] = ()
    budget: int = 0

    def room(self, most: int) -> int:
        """The budget, of which the makers allow `most`."""
        return min(self.budget, most) if self.budget else most


@dataclass(frozen=True, slots=True)
class EditPrompt:
    """A prompt: `parts` to continue, or `messages` to answer; generation ends at one of `stop`.

    `start` and `end` delimit what the answer may rewrite; `region` is the text there, `cursor` an offset in it. `draft`
    is the answer that changes nothing, as the model would write it behind the prompt, which already holds `given` of
    it. What an answer may be says `grammar` (GBNF), where that is more than a text.
    """

    start: int
    end: int
    region: str
    cursor: int
    parts: tuple[Part, ...] = ()
    messages: tuple[Message, ...] = ()
    stop: tuple[str, ...] = ()
    draft: str = ""
    given: str = ""
    grammar: str = ""

    @property
    def text(self) -> str:
        """The prompt as one text; empty for a conversation."""
        return "".join(part.text for part in self.parts)


class EditFormat(Protocol):
    """How one family of models is asked."""

    @property
    def name(self) -> str:
        """What it is called in the logs."""

    def prompt(self, asked: AskedEdit) -> EditPrompt | None:
        """The prompt; None where it does not fit, or where the text could be taken for the format's own signs."""

    def parse(self, prompt: EditPrompt, answer: str) -> str | None:
        """The region's new text; None for an answer that changes nothing or is broken. It must have come to its end."""


def levelled(old: str, new: str) -> str:
    """A new text that ends in a line end where the old one does, and in one less where the old one does not."""
    if old.endswith("\n"):
        return new if new.endswith("\n") or not new else new + "\n"
    return new.removesuffix("\n")


def changed(old: str, new: str, signs: Sequence[str]) -> str | None:
    """A new text; None where it is the old one, or holds a sign of the format that the old one does not hold."""
    if new == old or any(sign in new and sign not in old for sign in signs):
        return None
    return new


def joined(parts: Sequence[Part]) -> tuple[Part, ...]:
    """Parts with plain neighbours made one, so that a tokenizer sees no border where the text has none."""
    found: list[Part] = []
    for part in parts:
        if not part.special and found and not found[-1].special:
            found[-1] = Part(found[-1].text + part.text)
        elif part.text:
            found.append(part)
    return tuple(found)
