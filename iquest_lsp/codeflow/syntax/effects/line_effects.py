"""What changed lines do, as facts that follow from the text alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from iquest_lsp.codeflow.facts import bounded
from iquest_lsp.codeflow.syntax.comments import is_comment, uncommented
from iquest_lsp.codeflow.syntax.effects.calls import called_in
from iquest_lsp.codeflow.syntax.effects.common_words import WORDS
from iquest_lsp.codeflow.syntax.effects.effect import Effect, EffectKind, named
from iquest_lsp.codeflow.syntax.effects.tokens import is_right_side, ratio
from iquest_lsp.common_ends import common_ends

MAX_FACTS = 3
#: What is told plainly has at most so many lines on both sides, and so many names that come or go.
MAX_PLAIN, MAX_PLAIN_NAMES = 12, 4

# What begins with a small letter is a variable or a function that makes the exception, whose kind it does not tell.
RAISES = re.compile(
    r"\b(?:raise|throw(?:\s+new)?)\s+\\?((?:[A-Za-z_]\w*(?:\.|::|\\))*(?:[A-Z]\w*|\w+_(?:error|exception)))(?![\w.])"
)
_HANDLES = re.compile(
    r"^\s*except\s+\(?([A-Za-z_][\w., ]*?)\)?\s*(?:as\b|:)|"
    r"(?:^|\})\s*catch\s*\(\s*(?:final\s+|const\s+)?([A-Z][\w.: |]*?)\s+\w+"
)
_STRING = re.compile(r"(?<!\w)[rbufRBUF]{0,2}(\"(?:[^\"\\\n]|\\.){1,60}\"|'(?:[^'\\\n]|\\.){1,60}')")
_ANY_STRING = re.compile(r"(?<!\w)[rbufRBUF]{0,2}(\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*')")
_NUMBER = re.compile(r"(?<![\w.])-?\d+(?:\.\d+)?(?![\w.])")
_OPERATOR = re.compile(r"<=|>=|==|!=|(?<![-=<>])[<>](?![=<>])|\band\b|\bor\b|&&|\|\||\bnot\b")
_CONDITION = re.compile(r"^\s*(?:\}\s*)?(?:el)?(?:se )?if\s+(.{1,200}?)\s*(?:[:{]|;?\s*\bthen)?\s*$")
#: A longer condition says less than the lines themselves.
MAX_CONDITION = 70
#: A condition is looked for in so many lines.
MAX_SPREAD = 8
_COMMENT = re.compile(r"^\s*(#(?!!?\[|!\s*/)|//|\*|/\*|\"\"\"|''')")
_AFTER_CONDITION = re.compile(r"([:{])\s+(?:#|//|/\*).*$")
_TOKEN = re.compile(r"\s+|\w+|.")
_VARIABLE = re.compile(r"[\"']\$\{?\w+\}?[\"']")


def effects(
    removed: Sequence[str], added: Sequence[str], before: Sequence[str] = (), after: Sequence[str] = ()
) -> list[Effect]:
    """At most MAX_FACTS effects, the most telling first, each once.

    `before` and `after` are all lines of the definition, where they are known: what stands elsewhere in it has neither
    come nor gone.
    """
    minus, plus, old, new = (
        [line for line in lines if not _COMMENT.match(line)] for lines in (removed, added, before, after)
    )
    old, new = [*minus, *old], [*plus, *new]
    found: list[Effect] = []
    found += named(EffectKind.RAISES, _names(RAISES, plus) - _names(RAISES, old))
    found += named(EffectKind.RAISES_NO_MORE, _names(RAISES, minus) - _names(RAISES, new))
    found += named(EffectKind.HANDLES, _names(_HANDLES, plus) - _names(_HANDLES, old))
    found += _replaced(minus, plus)
    turned = [line for effect in found if effect.kind is EffectKind.TURNS for line in effect.values[2:]]
    was, now = _conditions(old), _conditions(new)
    old_conditions = {_form(item) for item in _conditions(minus)} | set(was)
    text = "\n".join(old)  # a condition may have stood behind its statement
    new_conditions = [
        item
        for item in _conditions(plus)
        if not {item, _form(item)} & old_conditions and item not in text and not any(item in line for line in turned)
    ]
    come_conditions = [item for item in _conditions(plus) if item not in was]
    found += _asked(new_conditions, come_conditions, [item for item in _conditions(minus) if item not in now])
    if not any(map(_asks, plus)):  # none has taken its place
        gone_conditions = [item for item in _conditions(minus, long=True) if not _is_kept(item, new)]
        found += [Effect(EffectKind.CHECKS_NO_MORE, (_short(item),)) for item in gone_conditions[:1]]
    come, gone = called_in(plus) - called_in(old), called_in(minus) - called_in(new)
    # An exception that is made is told as raised.
    raised = {name.rsplit(".", 1)[-1] for name in _names(RAISES, [*minus, *plus])}
    come, gone = come - raised, gone - raised
    # A long list says only that much was rewritten.
    found += named(EffectKind.CALLS, come) if len(come) <= 5 else []
    found += named(EffectKind.CALLS_NO_MORE, _uncalled(gone, minus, new)) if len(gone) <= 3 else []
    # Texts tell little beside much else.
    return [*found, *(_texts(minus, plus) if len(found) < 2 else [])][:MAX_FACTS]


def _uncalled(names: set[str], removed: Sequence[str], after: Sequence[str]) -> set[str]:
    """The names that no line hands on instead of calling them: `map(read, items)`, `read=read`."""
    before, after = ([_ANY_STRING.sub('""', uncommented(line)) for line in side] for side in (removed, after))
    return {name for name in names if _reads(name, before) or not _hands_on(name, after)}


def _reads(name: str, lines: Sequence[str]) -> bool:
    """Whether lines call a member without giving it anything: by its name alone it is no function that is handed on."""
    calls = re.compile(rf"(\.)?(?<![\w$]){re.escape(name)}\s*\((\s*\))?")
    found = [match for line in lines for match in calls.finditer(line)]
    return bool(found) and all(match[1] and match[2] for match in found)


def _hands_on(name: str, lines: Sequence[str]) -> bool:
    form = re.compile(rf"(?:[(,\[:=&]|=>|\breturn)\s*+(?:[\w$]++(?:\.|::))*+{re.escape(name)}\s*(?:[,)\];]|$)")
    return any(map(form.search, lines))


def _conditions(lines: Iterable[str], *, long: bool = False) -> list[str]:
    """The conditions that lines ask, those on one line only where they are short or `long` ones are asked for."""
    bare = (_AFTER_CONDITION.sub(r"\1", line) for line in lines)
    found = [(_bracketed(match[1]), spread) for line, spread in _on_one_line(bare) if (match := _CONDITION.match(line))]
    return [text for text, spread in found if (long or spread or len(text) <= MAX_CONDITION) and _balanced(text)]


#: How alike two conditions are in their words of which one took the place of the other.
SAME_PLACE = 0.5


def _asked(new: Sequence[str], come: Sequence[str], gone: Sequence[str]) -> list[Effect]:
    """The first new condition: by itself, or with the one that it took the place of.

    `come` are all that the added lines ask, `gone` what is asked no more. Of one that only asks for the opposite
    nothing is said: what it guards is likely the other branch now.
    """
    instead = {_likest(item, come): item for item in gone} if come else {}
    for item in new:
        before = instead.get(item, "")
        if not before or _alike(item, before) < SAME_PLACE:
            return [Effect(EffectKind.CHECKS, (_short(item),))]
        if _names_in(item) != _names_in(before):
            fits = max(len(item), len(before)) <= MAX_CONDITION
            return [Effect(EffectKind.CONDITION, (before, item))] if fits else []
    return []


def _likest(condition: str, others: Iterable[str]) -> str:
    return max(others, key=lambda other: _alike(condition, other))


def _alike(one: str, other: str) -> float:
    return ratio(_names_in(one), _names_in(other))


def _names_in(condition: str) -> list[str]:
    return re.findall(r"\w+", condition)


_ASKS = re.compile(r"\s*(?:\}\s*)?(?:el)?(?:se )?if\b")


def _on_one_line(lines: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """The lines, a condition that is spread over several as one, and whether it is."""
    rest = list(lines)
    at = 0
    while at < len(rest):
        line, end = rest[at], at + 1
        while _ASKS.match(line) and _opened(line) > 0 and end < min(len(rest), at + MAX_SPREAD):
            line, end = f"{line.rstrip()} {rest[end].strip()}", end + 1
        spread = end > at + 1 and not _opened(line)
        yield (re.sub(r"(?<=[(\[]) | (?=[)\]])", "", line), True) if spread else (rest[at], False)
        at = end if spread else at + 1


def _opened(text: str) -> int:
    """How many more brackets a text opens than it closes, those of a block aside."""
    return text.count("(") + text.count("[") - text.count(")") - text.count("]")


#: What asks something inside a line, or of the loop around it.
_ASKED = re.compile(r"\b(?:if|unless|while|until|when|case|match|assert\w*|switch)\b|\?(?![.?:])|&&|\|\|")


def _asks(line: str) -> bool:
    return bool(_ASKED.search(_ANY_STRING.sub('""', line)))


def _is_kept(condition: str, lines: Sequence[str]) -> bool:
    """Whether a condition, or the names in it, may still be asked for in some lines."""
    names = set(re.findall(r"[A-Za-z_]\w*", condition))
    return any(condition in line or (_asks(line) and names <= set(re.findall(r"\w+", line))) for line in lines)


def _short(condition: str) -> str:
    if len(condition) <= MAX_CONDITION:
        return condition
    return condition.removeprefix("(")[: MAX_CONDITION - 1] + "…"  # a bracket would stand alone


def _form(condition: str) -> str:
    """A condition without its names: what asks the same of another name is not a new one."""
    return re.sub(r"\w+", "\0", condition)


def _bracketed(condition: str) -> str:
    """A condition in brackets without the statement behind them."""
    depth = 0
    for at, char in enumerate(condition):
        depth += (char == "(") - (char == ")")
        if not depth:
            rest = condition[at + 1 :].lstrip()
            # `(a) && (b)` goes on; a word after the bracket begins a statement, as a brace begins a block.
            return condition[: at + 1] if condition[0] == "(" and re.match(r"[\w${]", rest) else condition
    return condition


def plain_effects(
    removed: Sequence[str], added: Sequence[str], old: Sequence[str] = (), new: Sequence[str] = ()
) -> list[Effect]:
    """A change of few lines that no other effect tells, by the lines themselves or the names that come and go.

    `old` and `new` are all lines of the definition, where they are known.
    """
    before, after = ([line for line in lines if line.strip() and not is_comment(line)] for lines in (removed, added))
    minus, plus = ([line.strip() for line in lines] for lines in (before, after))
    if minus and list(map(uncommented, minus)) == list(map(uncommented, plus)):
        return [_same_code(before, after)]
    if len(minus) == len(plus) == 1 and (part := _part(minus[0], plus[0])) is not None:
        return [part]
    if not plus or not minus:
        kind, telling = EffectKind.COMES if plus else EffectKind.GOES, (line for line in plus or minus if _tells(line))
        lines = list(telling)
        # Two lines are told, of more the first, and of a list how many there are.
        told = [Effect(kind, (bounded(line),)) for line in lines][: 2 if len(lines) == 2 else 1]
        listed = len(lines) > 2 and all(line.endswith(",") for line in lines)
        more = EffectKind.MORE_COME if plus else EffectKind.MORE_GO
        return [*told, *([Effect(more, (str(len(lines) - 1),))] if listed else [])]
    come = sorted(_identifiers(plus) - _identifiers([*minus, *old]))
    gone = sorted(_identifiers(minus) - _identifiers([*plus, *new]))
    # The same name may stand in a text on one side, whose quotes are others now.
    come, gone = _not_in(come, minus), _not_in(gone, plus)
    if len(minus) + len(plus) > MAX_PLAIN or not 0 < len(come) + len(gone) <= MAX_PLAIN_NAMES:
        return []
    return named(EffectKind.USES, come) + named(EffectKind.USES_NO_MORE, gone)


def _tells(line: str) -> bool:
    """Whether a line is more than the end of a block."""
    return not re.fullmatch(
        r"(?:\}\s*)?(?:(?:else\s+if|elif|elsif|if|return|while|for|switch)\s*)?[(\[{]|"
        r"[\W_]*(?:(?:endif|end|fi|done|esac|else|then|do|begin)[\W_]*)?|\s*#\s*(?:pragma|region|endregion|nullable)\b.*",
        line,
    )


def _same_code(before: Sequence[str], after: Sequence[str]) -> Effect:
    """What becomes of lines that hold the same code after the change, in the same order."""
    pairs = list(zip(before, after, strict=True))
    first = bounded(before[0].strip())
    if any(_indent(one) != _indent(other) for one, other in pairs):
        return Effect(EffectKind.INDENTS, (first,))
    if all(one.rstrip() != other.rstrip() for one, other in pairs):
        return Effect(EffectKind.COMMENTS_ONLY)
    # A diff takes lines out and puts them in again only where they stand elsewhere now.
    return moved(before)


def moved(lines: Sequence[str]) -> Effect:
    """Says that lines stand elsewhere, by the first of them."""
    kind = EffectKind.MOVES_LINES if len(lines) > 1 else EffectKind.MOVES_LINE
    return Effect(kind, (bounded(lines[0].strip()),))


def _not_in(names: Sequence[str], lines: Sequence[str]) -> list[str]:
    words = {word for line in lines for word in re.findall(r"\w+", line)}
    return [name for name in names if name not in words]


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip())]


def _part(before: str, after: str) -> Effect | None:
    """What of one line becomes what: the line itself where it is short, else the part that differs, if it is whole."""
    if before == after:  # it stands elsewhere
        return Effect(EffectKind.MOVES_LINES, (bounded(before),))
    if before.split() == after.split():
        return None
    if len(before) + len(after) <= 100:
        return Effect(EffectKind.BECOMES, (before, after))
    before, after = uncommented(before), uncommented(after)
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    same, tail = common_ends(old, new)
    # `C++` or `v1.2` in a text is one word, of which no half is told.
    while same and tail and not old[same - 1].isspace() and _in_text(before, "".join(old[:same])):
        same -= 1
    while tail and not _parted(old, tail) and not _parted(new, tail):
        if not _in_text(before, "".join(old[: len(old) - tail])):
            break
        tail -= 1
    if same + tail in (len(old), len(new)):  # something only comes or goes
        side = new if len(new) > len(old) else old
        by = _slide(side, same, len(side) - tail)
        same, tail = same - by, tail + by
    left, right = old[same:], new[same:]
    was, now = ("".join(part[: len(part) - tail]).strip() for part in (left, right))
    if len(was) + len(now) > 120 or not (_balanced(was) and _balanced(now)):
        # A bracket that comes or goes within the quotes of a text is a sign of it.
        within = _in_text(before, "".join(old[:same])) and _in_text(after, "".join(new[:same]))
        return Effect(EffectKind.TEXTS_ONLY) if within else None
    if not was or not now:
        if not re.search(r"\w", was + now):
            return None  # a comma that goes says nothing by itself
        gains = Effect(EffectKind.GAINS, (bounded(after), now))
        return gains if now else Effect(EffectKind.LOSES, (bounded(before), was))
    return Effect(EffectKind.BECOMES, (was, now)) if not _half(was) and not _half(now) else None


def _half(text: str) -> bool:
    """Whether a piece of a line begins with what joins it to something that is not in it."""
    return is_right_side(text) or bool(re.match(r"[?,]\s", text))


def _slide(tokens: Sequence[str], start: int, end: int) -> int:
    """By how many tokens a run may be said to stand further left, so that it is an argument with its comma."""
    by = 0
    while "".join(tokens[start - by : end - by]).rstrip()[-1:] != ",":
        if by >= start or tokens[start - by - 1] != tokens[end - by - 1]:
            return 0
        by += 1
    return by


def _parted(tokens: Sequence[str], tail: int) -> bool:
    """Whether white space stands on either side of where the last tokens begin."""
    return tokens[-tail].isspace() or (len(tokens) > tail and tokens[-tail - 1].isspace())


def _in_text(line: str, left: str) -> bool:
    """Whether a place, given by what stands left of it, lies inside the quotes of a text that goes on behind it."""
    return any(left.count(quote) % 2 and quote in line[len(left) :] for quote in ('"', "'", "`"))


def _balanced(text: str) -> bool:
    """Whether every bracket that is closed was opened, and the other way round."""
    depth = 0
    for char in text:
        depth += (char in "([{") - (char in ")]}")
        if depth < 0:
            return False
    return depth == 0


def _identifiers(lines: Iterable[str]) -> set[str]:
    bare = (_ANY_STRING.sub('""', uncommented(line)) for line in lines)
    return {word for line in bare for word in re.findall(r"[A-Za-z_]\w+", line)} - WORDS


def _texts(minus: Sequence[str], plus: Sequence[str]) -> list[Effect]:
    """Texts that came and went, where they are few and short enough to tell something."""
    old, new = (_names(_STRING, map(uncommented, lines)) for lines in (minus, plus))
    come, gone = new - old, old - new
    # A variable in quotes, as in shells, is no text.
    come, gone = (
        {item for item in texts if 3 < len(item) <= 44 and _balanced(item) and not _VARIABLE.fullmatch(item)}
        for texts in (come, gone)
    )
    if not (minus or len(plus) < 40) or len(come) + len(gone) > 3:
        return []
    return named(EffectKind.ADDS_TEXT, come) + named(EffectKind.DROPS_TEXT, gone)


def _replaced(minus: Sequence[str], plus: Sequence[str]) -> list[Effect]:
    """A single operator or number that became another one on an otherwise equal line."""
    found = []
    for before, after in zip(minus, plus, strict=False):
        for what in (_OPERATOR, _NUMBER):
            old, new = what.findall(before), what.findall(after)
            if len(old) == len(new) and old != new and what.sub("\0", before) == what.sub("\0", after):
                pairs = [(one, other) for one, other in zip(old, new, strict=True) if one != other]
                alone = pairs[0][1] == after.strip()
                kind, where = (EffectKind.BECOMES, ()) if alone else (EffectKind.TURNS, (bounded(after.strip()),))
                found.append(Effect(kind, (*pairs[0], *where)))
    return found[:2]


def _names(pattern: re.Pattern[str], lines: Iterable[str]) -> set[str]:
    if pattern is not _STRING:
        lines = (_ANY_STRING.sub('""', uncommented(line)) for line in lines)
    found = (match for line in lines for match in pattern.finditer(line))
    return {next(group for group in match.groups() if group).strip() for match in found}
