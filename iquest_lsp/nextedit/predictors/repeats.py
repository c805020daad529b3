"""The same edit elsewhere: what was replaced at one place or at several stands in other places too.

A rule is what an edit replaced, with more or less of the line around it. Where other edits of the session obey it too
it has several examples; a place above the first example that was passed over ends it.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from iquest_lsp.codeflow.reading import Category, NotLookedUpError, Sources, category, lines_with
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.parsed import Parsed, is_member, parse
from iquest_lsp.nextedit.pieces import TextPiece, is_compound, is_name, pieces, replacements
from iquest_lsp.nextedit.predictors.passed_over import counted, nearness, out_of_order, passed
from iquest_lsp.nextedit.records import Edit, EditKind, NextEdit, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort

#: An edit of more lines, or one that replaces more parts of its line, is no pattern.
MAX_LINES, MAX_PARTS = 3, 4
#: Rules that are looked for, the newest first; places that one has at most.
MAX_RULES, MAX_PLACES = 120, 60
#: Places that are few, and that are some.
FEW, SOME = 2, 8
#: Pieces of the line that a narrow, and a wide rule take along on either side.
NARROW, WIDE = 1, 4
#: The shortest word that other files are searched for.
ANCHOR = 4
#: Lines that are comments, or most likely are.
_PROSE = re.compile(r"\s*(?:\*|//|#(?!\s*(?:include|if|endif|define))|/\*|--|\"{3}|'{3})")
#: A number of two digits or more, or a version.
_NUMBER = re.compile(r"v?\d+(?:\.\d+)+\w*|\d{2,}")
_SKIPPED = (Category.CHANGELOG, Category.GENERATED, Category.LOCK)


@dataclass(slots=True)
class Rule:
    """Text `old` between `left` and `right` became `new`; `width` is bare, number, narrow, wide or line."""

    left: tuple[str, ...]
    old: tuple[str, ...]
    right: tuple[str, ...]
    new: str
    width: str
    examples: list[tuple[str, int]] = field(default_factory=list)

    @property
    def key(self) -> tuple[object, ...]:
        """What makes two rules one."""
        return self.left, self.old, self.right, " ".join(self.new.split()), self.width

    @property
    def anchor(self) -> str:
        """The longest name in it; the number itself of a rule for one."""
        if self.width == "number":
            return "".join(self.old)
        return max((word for word in (*self.left, *self.old, *self.right) if is_name(word)), key=len, default="")

    @property
    def strength(self) -> str:
        """How telling the replaced text is: a compound name, a word, several pieces, or signs only."""
        if self.width == "number":
            return "version" if "." in self.old else "digits"
        names = [word for word in self.old if is_name(word)]
        if any(map(is_compound, names)):
            return "compound"
        if len(self.old) >= 3:
            return "phrase"
        return "word" if any(len(word) >= ANCHOR for word in names) else "short"

    def pattern(self) -> re.Pattern[str]:
        """Matches the rule's places; the group `x` is what is replaced."""
        left, old, right = (r"[ \t]*".join(map(re.escape, part)) for part in (self.left, self.old, self.right))
        between = r"[ \t]*"
        inner = rf"{between}{old}{between}" if old else between
        if self.width == "number":
            return re.compile(rf"(?<![\w.])(?P<x>{re.escape(''.join(self.old))})(?!\w|\.\d)")
        if self.width == "bare":
            return re.compile(rf"(?<![\w$])(?P<x>{old})(?![\w$])")
        if self.width == "line":
            return re.compile(rf"^[ \t]*(?P<x>{old})[ \t]*$")
        front = rf"(?<!\w){left}" if left else r"^[ \t]*"
        back = rf"{right}(?!\w)" if right else r"[ \t]*$"
        return re.compile(rf"{front}(?P<x>{inner}){back}")


def predict(changes: Sequence[Change], sources: Sources) -> Iterator[NextEdit]:
    """Suggestions for every rule of the changes, the newest rules first."""
    rules: dict[tuple[object, ...], Rule] = {}
    for change in changes:
        for edit in change.edits:
            for rule in rules_of(edit):
                rules.setdefault(rule.key, rule).examples.append((edit.path, edit.line))
    by_path = {change.path: change for change in changes}
    touched, heads = touched_names(changes), head_lines(changes)
    aside = out_of_order(changes, heads)
    newest = [*reversed(rules.values())][:MAX_RULES]
    with contextlib.suppress(NotLookedUpError):
        for _ in sources.grep([rule.anchor for rule in newest if is_sought_elsewhere(rule)]):
            break  # all words are looked for in one go, and remembered
    for rule in newest:
        is_touched = not touched.isdisjoint((*rule.left, *rule.old, *rule.right))
        with contextlib.suppress(NotLookedUpError):
            yield from _places(rule, by_path, sources, heads, aside, is_touched=is_touched)


def touched_names(changes: Sequence[Change]) -> set[str]:
    """What the definitions are called, and were called, that the changes touch."""
    names = {name for change in changes for item in change.symbols for name in (item.name, item.old_name)}
    return {name.rsplit(".", 1)[-1] for name in names}


def head_lines(changes: Sequence[Change]) -> set[tuple[str, int]]:
    """The lines of the heads of definitions that got another name or signature, each with its path."""
    found: set[tuple[str, int]] = set()
    for change in changes:
        names = {item.name for item in change.symbols if item.change in ("renamed", "signature")}
        for item in change.after.symbols if names else ():
            if item.name in names:
                found |= {(change.path, line) for line in range(item.start, max(item.head, item.start + 1))}
    return found


def is_own_affair(examples: int, old: str, new: str, *, of_heads: bool) -> bool:
    """Whether one definition alone got or lost a parameter, which says nothing of the heads of others."""
    return examples == 1 and of_heads and old.count(",") != new.count(",")


def local_names(old: str, new: str, change: Change | None, line: int) -> set[str]:
    """Names that an edit of a line brought in and that are parameters or variables of the function around it."""
    if change is None or change.after.names is None or (node := change.after.first_node(line)) is None:
        return set()
    known = {item.text for item in pieces(old)}
    names = {item.text for item in pieces(new) if is_name(item.text) and item.text not in known}
    return {name for name in names if change.after.binding(node, name)}


def rules_of(edit: Edit) -> Iterator[Rule]:
    """The rules that one edit is an example of."""
    if not edit.old or len(edit.old) > MAX_LINES or len(edit.new) > MAX_LINES:
        return
    if not edit.new:
        return
    before, after = "\n".join(edit.old), "\n".join(edit.new)
    old, new = pieces(before), pieces(after)
    parts = replacements(old, new)
    if not parts or len(parts) > MAX_PARTS or len(old) == sum(part.old[1] - part.old[0] for part in parts):
        return
    if len(edit.old) == len(edit.new) == 1 and len(old) >= 2 and any(is_name(item.text) for item in old):
        yield Rule((), tuple(item.text for item in old), (), after.strip(), "line")
    for part in parts:
        (i1, i2), (j1, j2) = part.old, part.new
        gone = tuple(item.text for item in old[i1:i2])
        if _opened(gone) != _opened([item.text for item in new[j1:j2]]):
            continue  # half of an edit: the other half closes what it opens
        if gone and j2 > j1 and any(is_name(word) and len(word) > 2 for word in gone):
            yield Rule((), gone, (), after[new[j1].start : new[j2 - 1].end], "bare")
        if gone and j2 > j1 and (numbers := _numbers(before, old[i1:i2], after, new[j1:j2])) is not None:
            yield Rule((), tuple(item.text for item in pieces(numbers[0])), (), numbers[1], "number")
        for width, size in (("narrow", NARROW), ("wide", WIDE)):
            left, right = _around(old, i1, i2, size, before)
            if not any(is_name(word) and len(word) > 2 for word in (*left, *gone, *right)):
                continue
            first = new[j1].start if j1 < len(new) else len(after)
            start = new[j1 - 1].end if j1 and left else _line_start(after, first)
            end = new[j2].start if j2 < len(new) and right else _line_end(after, new[j2 - 1].end if j2 else 0)
            if start <= end and "\n" not in after[start:end]:
                yield Rule(left, gone, right, after[start:end], width)


def _numbers(before: str, old: Sequence[TextPiece], after: str, new: Sequence[TextPiece]) -> tuple[str, str] | None:
    """The numbers, or versions, that a replaced part is or lies in, before and after; None where it is none."""
    found = []
    for text, part in ((before, old), (after, new)):
        start, end = part[0].start, part[-1].end
        while start and re.fullmatch(r"[\w.]", text[start - 1]):
            start -= 1
        while end < len(text) and re.match(r"\w|\.\d", text[end:]):
            end += 1
        found.append(text[start:end])
    if found[0] != found[1] and all(_NUMBER.fullmatch(text) for text in found):
        return found[0], found[1]
    return None


def _opened(words: Sequence[str]) -> list[int]:
    """For each sort of brackets how many more are opened than closed."""
    return [words.count(start) - words.count(end) for start, end in ("()", "[]", "{}")]


def _around(
    old: Sequence[TextPiece], i1: int, i2: int, size: int, text: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Pieces before and behind a part, of its own line only."""
    first = old[i1].start if i1 < len(old) else len(text)
    last = old[i2 - 1].end if i2 else 0
    left = [item.text for item in old[max(i1 - size, 0) : i1] if "\n" not in text[item.start : first]]
    right = [item.text for item in old[i2 : i2 + size] if "\n" not in text[last : item.start]]
    return tuple(left), tuple(right)


def _line_start(text: str, offset: int) -> int:
    start = text.rfind("\n", 0, offset) + 1
    return start + len(text[start:]) - len(text[start:].lstrip(" \t"))


def _line_end(text: str, offset: int) -> int:
    end = text.find("\n", offset)
    return len(text) if end < 0 else end


def _places(
    rule: Rule,
    changes: dict[str, Change],
    sources: Sources,
    heads: set[tuple[str, int]],
    aside: frozenset[tuple[str, int]],
    *,
    is_touched: bool,
) -> Iterator[NextEdit]:
    pattern = rule.pattern()
    homes = list(dict.fromkeys(path for path, _ in rule.examples))
    found: list[NextEdit] = []
    is_orphan = len(rule.old) == 1 and is_name(rule.old[0]) and _is_orphan(rule, changes)
    of_heads = not heads.isdisjoint(rule.examples)
    last = rule.examples[-1]
    local = local_names(" ".join((*rule.left, *rule.old, *rule.right)), rule.new, changes.get(last[0]), last[1])
    kin = category(homes[0])
    in_words = rule.width == "number" or _is_said_in_words(rule, changes)
    own_head = is_own_affair(len(rule.examples), " ".join(rule.old), rule.new, of_heads=of_heads)
    anchor = rule.anchor
    paths = list(homes)
    marks = [
        "touched" if is_touched else "",
        "head" if of_heads else "",
        "orphan" if is_orphan else "",
        "once" if len(homes) == 1 else "",
    ]
    if rule.strength != "short" and rule.width in ("bare", "line", "number"):
        paths += [path for path in changes if path not in homes]
    if is_sought_elsewhere(rule):
        paths += [path for path in sources.holders(anchor) if path not in paths]
    for path in paths[: MAX_PLACES + len(homes)]:
        if category(path) in _SKIPPED or (path not in homes and not _may_hold(rule, path)):
            continue
        data = sources.read(path)
        if data is None or len(data) > 1_000_000 or anchor.encode() not in data:
            continue
        text = data.decode("utf-8", "replace")
        lines = text.split("\n")
        first = min((line for at, line in rule.examples if at == path and (at, line) not in aside), default=-1)
        change = changes.get(path)
        for line, match in _matches(pattern, lines, lines_with(text, anchor)):
            if change is not None and change.is_changed(line):
                continue
            if path in homes and line < first:
                return  # a place was passed over: this one edit was meant, not all
            if local and _speaks_of_others(rule, local, _parsed(path, text, change), line):
                continue  # what the new text speaks of is not there
            if own_head and _parsed(path, text, change).is_head(line):
                continue
            if not in_words and _lies_in_words(path, change, sources, line, match.start("x")):
                continue  # what was done to code is not done to what is said of it
            met = "met" if path in changes and path not in homes else ""
            place = "own" if path in homes else "other" if category(path) is kin else "akin"
            place = "docs" if place == "akin" and category(path) is Category.DOCS else place
            reason = Reason(ReasonKind.REPEATED, (str(len(rule.examples)),))
            count = counted(len(rule.examples))
            told = rule.width, rule.strength, str(count), place, nearness(rule.examples, path, line)
            prose = "prose" if _PROSE.match(lines[line]) else ""
            sort = Sort.of(PredictorKind.REPEAT, *told, *marks, met, prose)
            column = match.start("x")
            found.append(NextEdit(path, line, column, match["x"], rule.new, EditKind.REPEAT, reason, sort, 0.0, last))
            if len(found) > MAX_PLACES:
                return
    left = amount(len(found))
    over = passed(rule.examples, ((item.path, item.line) for item in found), aside)
    yield from (replace(item, sort=item.sort.plus(left, *over.marks(item.path, item.line))) for item in found)


def is_sought_elsewhere(rule: Rule) -> bool:
    """Whether other files are searched: those of a rule of several files, or of one for a text that says much."""
    if rule.strength == "version":
        return True
    if len(rule.anchor) < ANCHOR or rule.strength == "short":
        return False
    if len({path for path, _ in rule.examples}) > 1:
        return True  # what was done in one file only is meant there most often
    return (
        rule.width == "line"
        or rule.strength == "version"
        or (rule.width == "bare" and rule.strength in ("compound", "phrase"))
    )


def _may_hold(rule: Rule, path: str) -> bool:
    """Whether a file is of the kind that a rule's examples are in, or may speak of what they are."""
    if _suffix(path) == _suffix(rule.examples[0][0]):
        return True
    if rule.strength == "version":
        return category(path) in (Category.DOCS, Category.CONFIG, Category.BUILD, Category.CI)
    return category(path) is Category.DOCS and rule.width == "bare" and rule.strength in ("compound", "phrase")


def _speaks_of_others(rule: Rule, local: set[str], text: Parsed, line: int) -> bool:
    """Whether the new text speaks of what a place does not have; a variable may have its old name there."""
    missing = [name for name in local if text.lacks(line, name)]
    renames = len(rule.old) == 1 and missing == [rule.new.strip()]
    return bool(missing) and not (renames and text.has_variable(line, rule.old[0]))


def _lies_in_words(path: str, change: Change | None, sources: Sources, line: int, column: int) -> bool:
    """Whether a place lies in a comment or a string; what is found in a file without changes is remembered."""
    if change is not None:
        return change.after.in_words(line, column)
    return bool(sources.kept(path, ("in words", line, column), partial(_in_words, path, line, column)))


def _in_words(path: str, line: int, column: int, data: bytes) -> bool:
    return parse(path, data.decode("utf-8", "replace")).in_words(line, column)


def _is_said_in_words(rule: Rule, changes: Mapping[str, Change]) -> bool:
    """Whether an example of the rule is a line of a comment or a string, or may have changed one within a line."""
    signs = ("'", '"', "`", "#", "//", "/*")
    for path, line in rule.examples:
        if (change := changes.get(path)) is None or line >= len(change.after.lines):
            return True
        text = change.after.lines[line]
        start = len(text) - len(text.lstrip())
        if any(sign in text for sign in signs) or change.after.in_words(line, start):
            return True
    return False


def _parsed(path: str, text: str, change: Change | None) -> Parsed:
    return change.after if change is not None and change.after.text == text else parse(path, text)


def _is_orphan(rule: Rule, changes: Mapping[str, Change]) -> bool:
    """Whether what the rule replaces is a name that a file of it defined or bound before, and does not any more."""
    found = [changes[path] for path in dict.fromkeys(path for path, _ in rule.examples) if path in changes]
    read = [change for change in found if change.before.names is not None and change.after.names is not None]
    name = rule.old[0]
    return any(_is_bound(change.before, name) and not _is_bound(change.after, name) for change in read)


def _is_bound(text: Parsed, name: str) -> bool:
    """Whether a file defines a name or gives it a value."""
    return any(item.short == name for item in text.symbols) or any(
        text.use(spot)[0] == "bind" and not is_member(spot.node) for spot in text.spots(name)
    )


def amount(count: int) -> str:
    """Whether places are few, some, or many."""
    return "few" if count <= FEW else "some" if count <= SOME else "many"


def _matches(
    pattern: re.Pattern[str], lines: Sequence[str], where: Sequence[int]
) -> Iterator[tuple[int, re.Match[str]]]:
    for line in where:
        for match in pattern.finditer(lines[line]):
            yield line, match


def _suffix(path: str) -> str:
    return path.rpartition(".")[2]
