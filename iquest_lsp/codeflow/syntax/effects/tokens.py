"""One side of a hunk as tokens, whatever its language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from iquest_lsp.codeflow.syntax.comments import is_comment, uncommented

_TOKEN = re.compile(
    r"(?P<text>[rbfuRBFU]{0,2}(?:\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|`[^`]*`))|"
    r"\b(?:is\s+not|not\s+in)\b|[A-Za-z_$][\w$]*(?:!(?!=)|\?(?=\())?|\d[\w.]*|"
    r"===|!==|=>|->|::|<=|>=|==|!=|&&|\|\||:=|\+=|-=|\*\*|\?\?|\?\.|\S"
)


_NAME = re.compile(r"[A-Za-z_$][\w$]*[!?]?$")


#: So much of a call is looked through for an argument.
MAX_CALL = 300
#: What stands between a name and the one that it belongs to.
JOINTS = (".", "::", "->", "?.")


@dataclass(frozen=True, slots=True)
class Side:
    """The tokens of one side of a hunk with their places in its text."""

    text: str
    tokens: list[str]
    spans: list[tuple[int, int]]

    @classmethod
    def of(cls, lines: Sequence[str]) -> Side:
        # What joins a line to the next one is no part of it.
        text = "\n".join(uncommented(line).removesuffix("\\").rstrip() for line in lines if not is_comment(line))
        found = list(_TOKEN.finditer(text))
        return cls(text, [match[0] for match in found], [match.span() for match in found])

    def shown(self, start: int, end: int) -> str:
        """The text of some tokens, as it is written."""
        return " ".join(self.text[self.spans[start][0] : self.spans[end - 1][1]].split()) if start < end else ""

    def slide(self, start: int, end: int) -> int:
        """By how many tokens a run may be said to stand further left, so that it is one with a comma at an end."""
        by = 0
        while "," not in (self.tokens[start - by], self.tokens[end - by - 1]):
            if start - by < 1 or self.tokens[start - by - 1] != self.tokens[end - by - 1]:
                return 0
            by += 1
        return by

    def closing(self, start: int, end: int) -> int:
        """Where a run of tokens ends with the brackets that close what is open in it."""
        run = self.tokens[start:end]
        missing = run.count("(") - run.count(")")
        while missing > 0 and end < len(self.tokens) and self.tokens[end] == ")":
            end, missing = end + 1, missing - 1
        return end

    def is_long(self, start: int, end: int) -> bool:
        """Whether some tokens are a line or more."""
        return start < end and (
            "\n" in self.text[self.spans[start][0] : self.spans[end - 1][1]]
            or self.shown(start, end) == self.line(start)
        )

    def left_of(self, at: int) -> str:
        """What stands before a token on its line."""
        return self.text[: self.spans[at][0]].rpartition("\n")[2]

    def passes(self, text: str, called: str) -> bool:
        """Whether a call gets an argument, wherever it stands among the others."""
        argument = re.compile(rf"(?<=[(,\s]){re.escape(text)}\s*[,)]")
        calls = re.finditer(rf"(?<!\w){re.escape(called)}\s*\(", self.text)
        return any(argument.search(self.text, call.end() - 1, call.end() + MAX_CALL) for call in calls)

    def line(self, at: int) -> str:
        """The line that a token stands on, or stood on if it is behind the last."""
        where = self.spans[min(at, len(self.spans) - 1)][0]
        return self.text[self.text.rfind("\n", 0, where) + 1 :].partition("\n")[0].strip()


def stands(part: str, lines: Iterable[str]) -> bool:
    """Whether a part of a line is one of some lines, or a word that is in one of them."""
    word = re.compile(rf"\b{part}\b") if re.fullmatch(r"\w+", part) else None
    bare = part.rstrip("{:; ")
    return any(word.search(line) if word else line.strip().rstrip("{:; ") == bare for line in lines)


#: What begins a line that goes on with the statement above it.
_GOES_ON = re.compile(r"\s*(?:\?|:(?!:)|\.(?!\.)|&&|\|\|?|[+*/%](?![+*/])|-(?!-)|==|or\b|and\b|if\b|else\b)")


def goes_on(side: Side, at: int) -> bool:
    """Whether the line below the one that a token stands on goes on with what that says, as far as it is at hand."""
    where = side.spans[min(at, len(side.spans) - 1)][0]
    below = side.text[where:].split("\n", 2)[1:2]
    # A brace that ends the line above begins a block, which what comes next stands in.
    return bool(below) and not side.line(at).endswith(("{", ":", ";")) and bool(_GOES_ON.match(below[0]))


def condition_at(side: Side, at: int) -> str:
    """The condition that a token is in, where a line holds all of it."""
    line = side.line(at) if side.spans else ""
    found = re.match(r"(?:\}\s*)?(?:else\s+)?(?:el)?(?:if|while|unless)\b\s*(.*?)\s*(?:[:{]|\bthen)?\s*$", line)
    if found is None:
        return ""
    text = found[1]
    if text.startswith("("):
        depth = 0
        for place, char in enumerate(text):
            depth += (char == "(") - (char == ")")
            if depth == 0:
                if re.match(r"\s*[\w$;]", text[place + 1 :]):
                    text = text[: place + 1]
                break
    if text.count("(") != text.count(")"):
        return ""
    where = side.spans[min(at, len(side.spans) - 1)][0]
    column = where - (side.text.rfind("\n", 0, where) + 1)
    return text if column <= line.find(text) + len(text) else ""


def rewritten(
    old: Side, new: Side, at: tuple[int, int], changes: Iterable[tuple[int, int, int, int]]
) -> tuple[str, str] | None:
    """Both forms of the condition at a place, where more than one of the changed runs of tokens is in it."""
    before, after = condition_at(old, at[0]), condition_at(new, at[1])
    if not (before and after):
        return None
    within = [(condition_at(old, start), condition_at(new, first)) == (before, after) for start, _, first, _ in changes]
    return (before, after) if sum(within) > 1 else None


#: What asks a condition, and what begins a statement that gives a value instead.
_ASKS = re.compile(
    r"\b(?:if|elif|elsif|elseif|while|unless|until|when|for|assert\w*|where|filter|expect\w*|ensure\w*|check\w*|some|every|any|"
    r"all|find\w*|take_?[wW]hile|skip_?[wW]hile|drop_?[wW]hile|retain|require)\b|\?(?![.?])"
)
_GIVES = re.compile(
    r"\b(?:return|yield)\b|=>|(?<![=!<>+\-*/|&]):?=(?![=~>])|^\s*[\w\"'$.\[\]-]+\??:(?!:)\s|"
    r"^\s*[\w.$\[\]]+\s*(?:\|\||&&|\?\?)=|^\s*\{"
)


def called_around(side: Side, at: int) -> str:
    """The word before the bracket that a token stands in; empty where there is none."""
    depth = 0
    for place in range(at - 1, 0, -1):
        depth += (side.tokens[place] in ")]}") - (side.tokens[place] in "([{")
        if depth < 0:
            return side.tokens[place - 1] if side.tokens[place] == "(" and _NAME.match(side.tokens[place - 1]) else ""
    return ""


def is_in_value(side: Side, at: int) -> bool:
    """Whether what joins two parts by `and` or `or` gives a value that is returned, set or shown: no condition asks it.

    Where the statement begins in lines that are not at hand, that is not known.
    """
    where = side.spans[min(at, len(side.spans) - 1)][0]
    start = side.text.rfind("\n", 0, where) + 1
    left, right = side.text[start:where], side.text[where:].partition("\n")[0]
    if (name := called_around(side, at)) and not _ASKS.fullmatch(name) and not _ASKS.search(left):
        return True
    while not (found := [*_ASKS.finditer(left), *_GIVES.finditer(left)]):
        if start == 0 or re.search(r"[;{}]\s*$", side.text[:start].rstrip()):
            return False
        end, start = start - 1, side.text.rfind("\n", 0, start - 1) + 1
        left, right = side.text[start:end], ""
    last = max(found, key=lambda item: item.start())
    return bool(_GIVES.match(left, last.start())) and not re.search(r"\s\?\s|\bif\b|\?$", right)


def likest(line: str, lines: Iterable[str]) -> str:
    """The one of some lines that a line is most like, without white space at its ends."""
    return max(map(str.strip, lines), key=lambda other: ratio(line, other))


def ratio(one: Sequence[str], other: Sequence[str]) -> float:
    """How alike two lines, or two lists of words, are: 0 to 1."""
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def nearest_condition(condition: str, side: Side) -> str:
    """The condition of one side that is most like one of the other side."""
    lines = side.text.split("\n")
    places = [sum(len(line) + 1 for line in lines[:at]) for at in range(len(lines))]
    starts = (next((at for at, (start, _) in enumerate(side.spans) if start >= place), -1) for place in places)
    found = [text for text in (condition_at(side, at) for at in dict.fromkeys(starts) if at >= 0) if text]
    return max(found, key=lambda text: ratio(condition, text), default="")


def unturned(condition: str) -> str:
    """A condition without what turns it around."""
    return re.sub(r"\s|^\(|\)$", "", re.sub(r"^\(?\s*(?:!(?!=)|not\b)", "", condition)).strip("()")


def arguments(side: Side, opening: int) -> list[str]:
    """The tokens between a bracket and its partner."""
    depth = 0
    for at in range(opening, len(side.tokens)):
        depth += (side.tokens[at] in "([{") - (side.tokens[at] in ")]}")
        if not depth:
            return side.tokens[opening + 1 : at]
    return side.tokens[opening + 1 :]


def owners(side: Side, called: str) -> set[tuple[str, ...]]:
    """What a function is called of, wherever it is on one side: a word and the joint behind it; of nothing, neither."""
    places = (at for at, token in enumerate(side.tokens) if token == called)
    return {tuple(side.tokens[max(at - 2, 0) : at]) if at and side.tokens[at - 1] in JOINTS else () for at in places}


def alike(one: list[str], other: list[str]) -> bool:
    """Whether two lists of arguments are equal, or one goes on where the other ends."""
    count = min(len(one), len(other))
    return one == other or (count > 0 and one[:count] == other[:count])


def closed(text: str) -> str:
    """A text without brackets at its ends that have no partner in it."""
    text = text.strip(" ,;{:")
    while text.endswith(")") and text.count(")") > text.count("("):
        text = text[:-1].rstrip()
    while text.startswith("(") and text.count("(") > text.count(")"):
        text = text[1:].lstrip()
    return text


#: A piece of code that goes on at one of its ends.
_TORN = re.compile(r"^(?::?=(?!=)|[,.)\]}])|(?:(?<![=!<>]):?=|[(\[{,]|&&|\|\||\?\??|\s:|\b(?:and|or|not|in|is))$")
_RIGHT_SIDE = re.compile(r"(?:[+*/%-]|==|!=|&&|\|\|)\s")


def is_right_side(text: str) -> bool:
    """Whether a piece of code begins with an operator, whose left side is not in it."""
    return bool(_RIGHT_SIDE.match(text))


def are_whole(before: str, after: str) -> bool:
    """Whether two pieces of code, of which one takes the other's place where both are there, can be read so."""
    halves = bool(before and after) and any(map(is_right_side, (before, after)))
    return is_whole(before) and is_whole(after) and not halves


def is_whole(text: str) -> bool:
    """Whether a piece of code can be read by itself: its brackets are paired, nothing is missing at its ends."""
    return is_paired(text) and not _TORN.search(text)


def is_paired(text: str) -> bool:
    """Whether as many brackets of each kind are closed as are opened."""
    return all(text.count(one) == text.count(other) for one, other in ("()", "[]", "{}"))


def widened(side: Side, span: tuple[int, int]) -> tuple[int, int]:
    """A run of tokens with the rest of the dotted names at its ends."""
    start, end = span
    if start == end:
        return span
    while start > 0 and (side.tokens[start] in JOINTS or side.tokens[start - 1] in JOINTS):
        if side.tokens[start - 1] in ")]}(,;":
            break
        start -= 1
    while end < len(side.tokens) and (side.tokens[end - 1] in JOINTS or side.tokens[end] in JOINTS):
        if side.tokens[end] in "([{,;)":
            break
        end += 1
    return start, end


def slid(run: tuple[int, int, int, int], old: Side, new: Side) -> tuple[int, int, int, int]:
    """A run of tokens that only comes or goes as a whole argument: `b, a` in `(a, b, a)` is `a, b` as well."""
    start, end, first, last = run
    if (start == end) == (first == last):
        return run
    by = new.slide(first, last) if start == end else old.slide(start, end)
    return start - by, end - by, first - by, last - by
