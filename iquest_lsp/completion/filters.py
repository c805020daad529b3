"""The filters an answer goes through, one function each: a text in, what of it is worth showing out."""

from __future__ import annotations

import builtins
import keyword
import re

from iquest_lsp import grammars
from iquest_lsp.completion.brackets import begun_string, end_of_string, open_before, open_behind, own_closings, surplus
from iquest_lsp.completion.cursor_text import CursorText, indent_of
from iquest_lsp.runtime.base.repetition import without_loop

__all__ = [
    "indent_unit",
    "is_telling",
    "reindented",
    "repeats_above",
    "whole_pieces",
    "within_string",
    "without_begun_string",
    "without_following",
    "without_loop",
    "without_open_string",
    "without_surplus_brackets",
    "without_tail",
    "without_unknown_names",
]

#: What a string of Python, Rust or C++ may have before its quote.
_PREFIX = re.compile(r"(?<![\w$])(?:[rbfuRBFUL]|[rR][bBfF]|[bBfF][rR]|u8)$")
_LEAST_OVERLAP = 4
_LEAST_LINE = 8
#: Letters that the beginning of a string needs to say something.
_LEAST_STRING = 4
_WORD = re.compile(r"(?<![\w$])[^\W\d][\w$]*")
_OF_JAVASCRIPT = """
abstract any arguments as asserts async await bigint boolean break case catch class const continue debugger declare
default delete do else enum export exports extends false finally for from function get global globalThis if
implements import in infer instanceof interface is keyof let module namespace never new null number object of
override package private protected public readonly require return satisfies set static string super switch symbol
this throw true try type typeof undefined unique unknown using var void while with yield accessor constructor
addEventListener alert atob blur btoa caches cancelAnimationFrame cancelIdleCallback clearImmediate clearInterval
clearTimeout close closed confirm console createImageBitmap crypto customElements decodeURI decodeURIComponent
devicePixelRatio dispatchEvent document encodeURI encodeURIComponent escape eval event fetch find focus frames
getComputedStyle getSelection history importScripts indexedDB innerHeight innerWidth isFinite isNaN isSecureContext
length localStorage location matchMedia name navigator open opener origin outerHeight outerWidth parent parseFloat
parseInt performance postMessage print process prompt queueMicrotask removeEventListener reportError
requestAnimationFrame requestIdleCallback screen scroll scrollBy scrollTo scrollX scrollY self sessionStorage
setImmediate setInterval setTimeout status stop structuredClone top unescape visualViewport window
after afterAll afterEach assert assertType before beforeAll beforeEach bench chai context cy define describe expect
expectTypeOf fdescribe fit it jasmine jest jQuery setup sinon specify spyOn suite suiteSetup suiteTeardown teardown
test vi xdescribe xit
"""
#: What Python, a shell for it, or a file of settings has besides its builtins.
_OF_PYTHON = "WindowsError _ display exit get_config get_ipython quit reveal_locals reveal_type"
#: Words that a file may use though nothing in it names them. A language that is not here is not judged: there names
#: come from other files of the package, from headers, or by macros.
_GIVEN = {
    "python": frozenset((*keyword.kwlist, *keyword.softkwlist, *dir(builtins), *_OF_PYTHON.split())),
    **dict.fromkeys(("javascript", "typescript", "tsx"), frozenset(_OF_JAVASCRIPT.split())),
}
_STRING_OF_LINE = re.compile(r"\"(?:[^\"\\]|\\.)*\"?|'(?:[^'\\]|\\.)*'?|`(?:[^`\\]|\\.)*`?")
#: Behind these, names may be introduced in the same line.
_INTRODUCES_IN_PYTHON = re.compile(
    r"\b(?:as|case|class|def|for|from|global|import|lambda|nonlocal|type)\b"
    r"|^(?:[\w ,*]*, *)?[(\[]"  # targets in brackets
)
_INTRODUCES = re.compile(
    r"\b(?:catch|class|declare|enum|export|for|function|import|interface|module|namespace|type)\b|/(?! )|\{|^@"
    r"|^(?:[\w$ ,]*, *)?[(\[]|(?:[(,=:?]|\b(?:async|return)) *\("  # targets, parameters of an arrow function
    r"|^(?!(?:await|delete|if|return|switch|throw|typeof|void|while|yield|\})\b)[\w$#* ]+\??(?:<[^()]*>)?\("  # a method
)
_DECLARES = re.compile(r"\b(?:const|let|var)\b")
#: What stands before a name that is declared, not used, and what a type follows.
_MODIFIERS = re.compile(
    r"(?:(?:abstract|accessor|async|declare|get|override|private|protected|public|readonly|set|static)\b[ *]*)+"
)
_BEFORE_TYPE = re.compile(r"\b(?:as|asserts|extends|implements|infer|instanceof|is|keyof|new|satisfies)$")
_BINDS_IN_PYTHON = re.compile(r"\b(?:for|as|lambda)\b")
_WALRUS = re.compile(r"([^\W\d]\w*) ?:=")
#: A line that is longer before the cursor is not judged.
_MOST_HEAD = 500
_LAST_NAME = re.compile(r"(?<![\w$.])[\w$]+[ \t]*$")
_OPERATORS = "-+*/%&|^<>=!~?@\\"
_COMPARISONS = frozenset({"==", "===", "!=", "!==", "<=", ">="})
_OPEN_IN_JAVASCRIPT = "case delete do extends instanceof new of satisfies switch throw typeof void"
_OPEN_WORDS = frozenset((*keyword.kwlist, *_OPEN_IN_JAVASCRIPT.split())) - {"True", "False", "None"}
#: A file of fewer lines is just begun: what it will import is not there yet.
_LEAST_FILE = 20
_FROM_ELSEWHERE = re.compile(r"^from[ \t].*import[ \t]*\*", re.MULTILINE)


def whole_pieces(text: str) -> str:
    """What of a text that was cut short is whole: its lines, or of its first line what ends at a word's border."""
    if text.strip() and "\n" in text.rstrip(" \t"):
        kept = text.rpartition("\n")[0]
        if kept.strip():
            return kept
    stripped = text
    while stripped and (stripped[-1].isalnum() or stripped[-1] == "_"):
        stripped = stripped[:-1]
    return stripped


def without_tail(text: str, place: CursorText) -> str:
    """Without an end that stands behind the cursor already, and without further lines where its line goes on; nothing
    where it begins with the rest of the line, which would then be there twice.

    A sign that closes what the answer itself opens is no repetition of the one behind the cursor.
    """
    rest = place.tail.strip()
    if not rest:
        return text
    line = text.partition("\n")[0]
    own = own_closings(line, place)
    bare = line.rstrip()
    if bare.endswith(rest) and not _cuts(own, len(bare) - len(rest), len(bare)):
        return bare[: -len(rest)]
    if bare.startswith(rest) and is_telling(rest):
        return ""
    for size in range(min(len(rest), len(line)), 0, -1):
        is_sign = not (rest[0].isalnum() or rest[0] == "_")
        same = line.endswith(rest[:size]) and (is_sign or size >= _LEAST_OVERLAP)
        if same and not _cuts(own, len(line) - size, len(line)):
            return line[:-size]
    return line


def _cuts(own: frozenset[int], start: int, end: int) -> bool:
    return any(start <= at < end for at in own)


def without_begun_string(text: str, place: CursorText) -> str:
    """A text that was cut short, without a string at its end of which hardly more than the quote is there."""
    at = begun_string(text, place)
    if at < 0 or sum(char.isalpha() for char in text[at:]) >= _LEAST_STRING:
        return text
    return _before_string(text, at)


def without_open_string(text: str, place: CursorText) -> str:
    """A whole text without a string of one line that it opens and leaves open: what is written so does not parse."""
    at = begun_string(text, place)
    return text if at < 0 or text[at] in place.tail else _before_string(text, at)


def _before_string(text: str, at: int) -> str:
    """What stands before a string at an offset, without the letters that are its prefix and the comma before it."""
    return _PREFIX.sub("", text[:at]).rstrip(" \t,")


def without_surplus_brackets(text: str, place: CursorText) -> str:
    """Up to the first closing bracket that nothing before the cursor needs."""
    at = surplus(text, place)
    return text if at < 0 else text[:at].rstrip(" \t")


def within_string(text: str, place: CursorText) -> str:
    """Up to the end of the string around the cursor, which what follows ends already."""
    at = end_of_string(text, place)
    return text if at < 0 else text[:at]


def without_following(text: str, place: CursorText) -> str:
    """Without the lines that stand below the cursor already; an answer that only repeats them is nothing."""
    following = place.below(4)
    if not following:
        return text
    lines = [line.rstrip() for line in text.split("\n")]
    full = [place.head + lines[0], *lines[1:]]
    for at, line in enumerate(full):
        rest = [item for item in full[at:] if item.strip()]
        if not line.strip() or not rest:
            continue
        same = rest[: len(following)] == following[: len(rest)]
        # One short line (a bracket, `else:`) may well be written twice; not where it would end the answer.
        if same and (len(rest) > 1 or is_telling(line) or at == len(full) - 1):
            return "\n".join(text.split("\n")[:at]).rstrip() if at else ""
        if line == following[0] and is_telling(line):
            return "\n".join(text.split("\n")[:at]).rstrip() if at else ""
    return text


def without_unknown_names(text: str, place: CursorText, whole: str) -> str:
    """Up to the first name of its first line that is used there and that nothing in the file names: models make such
    names up, and are sure of them. Words that the model only goes on with are left to who began them.

    `whole` is what the model wrote. What introduces a name is no use of it; where the line cannot tell, all is kept.
    """
    language = grammars.language_of(place.path)
    given = _GIVEN.get(language)
    if given is None or len(place.head) > _MOST_HEAD or _may_have_any_name(place, language):
        return text
    is_python = language == "python"
    line, rest = text.partition("\n")[0], whole.partition("\n")[0]
    # Cut short, an answer does not show how its last word goes on; what the model wrote does, or the line itself.
    behind = rest.lstrip()[len(line.lstrip()) :] if rest.lstrip().startswith(line.lstrip()) else ""
    behind += "" if "\n" in whole else place.tail[:_MOST_HEAD]
    bare = _STRING_OF_LINE.sub(lambda found: '"' + " " * (len(found.group()) - 1), place.head + line + behind)
    bare = bare.partition("#" if is_python else "//")[0]
    if not is_python and "=>" in bare:
        return text  # its parameters may be any of the names before it
    end, indent = len(place.head + line), len(bare) - len(bare.lstrip())
    bound = _bound_in_python(bare) if is_python else frozenset()
    introduces = (_INTRODUCES_IN_PYTHON if is_python else _INTRODUCES).search(bare[indent:])
    for word in _WORD.finditer(bare, len(place.head)):
        name, before = word.group(), bare[indent : word.start()].rstrip()
        if word.start() >= end or (introduces and introduces.end() + indent <= word.start()):
            return text
        if not is_python and _DECLARES.search(before, before.rfind("=") + 1):
            return text
        if name in given or name in bound or (name.startswith("__") and name.endswith("__")):
            continue
        after = bare[word.end() :].lstrip()
        is_over = "\n" in whole or (is_python and before.count("(") <= before.count(")"))
        if not (after or is_over) or not _is_used(name, before, after, is_python=is_python):
            continue
        if name not in place.text or not re.search(rf"(?<![\w$]){re.escape(name)}(?![\w$])", place.text):
            return _ended(text, place.head, max(word.start() - len(place.head), 0), bare)
    return text


def _bound_in_python(line: str) -> frozenset[str]:
    """The names that a line itself may bind, wherever it uses them."""
    found = _BINDS_IN_PYTHON.search(line)
    names = _WORD.findall(line, found.end()) if found else ()
    return frozenset((*names, *_WALRUS.findall(line)))


def _is_used(name: str, before: str, behind: str, *, is_python: bool) -> bool:
    """Whether a word between two parts of a line is the use of a name: no member, key, type, label, decorator, target,
    declaration or parameter. A line's first word is one only where something is asked of it."""
    if before.endswith((".", "@", "#", ":", "<", "|", "\\", "->")) or behind.startswith(('"', "?", ":")):
        return False
    if behind.startswith("=") and not behind.startswith("=="):
        return False
    if before.endswith(",") and not {"(", "["}.intersection(before):
        return False
    if is_python:
        # A capitalised one may be a type.
        return behind.startswith((".", "(")) or bool(before and not name[0].isupper())
    if not name[0].islower() or _MODIFIERS.fullmatch(before) or _BEFORE_TYPE.search(before):
        return False
    return bool(before) or behind.startswith(".")


def _ended(text: str, head: str, at: int, bare: str) -> str:
    """What stands before an offset, without the operators, keywords, and commas at its end that ask for more; all of
    the text where that would leave half of a choice or of a type in brackets."""
    kept = head + text[:at].rstrip(" \t")
    while len(kept) > len(head):
        kept = kept.rstrip(" \t")
        within = bare[: len(kept)]
        is_open = sum(map(within.count, "([{")) > sum(map(within.count, ")]}"))
        shorter = kept.rstrip(_OPERATORS)
        signs = kept[len(shorter) :]
        if signs == "?" or (signs == ">" and "<" in shorter):
            return text
        if signs.endswith("=") and signs not in _COMPARISONS:
            if not is_open:
                return ""
            shorter = _LAST_NAME.sub("", shorter)
        elif not signs:
            last = _LAST_NAME.search(kept)
            if last and last.group() == "else":
                return text
            if last and last.group() in _OPEN_WORDS:
                shorter = kept[: -len(last.group())]
            elif kept.endswith(",") and not is_open:
                shorter = kept[:-1]
            else:
                break
        kept = shorter
    return kept[len(head) :].rstrip(" \t")


def _may_have_any_name(place: CursorText, language: str) -> bool:
    """Whether names come into a file, or into the line at the cursor, in a way that the line does not show: by imports
    that are not written yet, with all that another module has, as prose or text between tags, or in a list of
    parameters or imports that began further up."""
    if place.text.count("\n") < _LEAST_FILE:
        return True
    before = place.text[: place.offset]
    if language == "python":
        if _FROM_ELSEWHERE.search(place.text) or any(before.count(sign) % 2 for sign in ('"""', "'''")):
            return True
    elif "</" in place.text or "/>" in place.text or before.rfind("/*") > before.rfind("*/"):
        return True
    outer = open_before(place)
    if outer and outer[-1].kind != "bracket":
        return True
    own = len(open_behind((), place.head, language))
    around = outer[-own - 1].close if len(outer) > own else ""
    return around in ((")", "]", "}") if language == "python" else (")", "]"))


def repeats_above(text: str, place: CursorText) -> bool:
    """Whether the answer would write the line above the cursor a second time."""
    line = (place.head + text.partition("\n")[0]).strip()
    return is_telling(line) and line == place.above().strip() and "\n" not in text.strip()


def reindented(text: str, place: CursorText) -> str:
    """With the indentation of the place: no deeper than its block at the first line, tabs where the file has tabs."""
    unit = indent_unit(place)
    lines = text.split("\n")
    made = []
    for number, line in enumerate(lines):
        bare = line.lstrip(" \t")
        if number == 0 and place.head.strip():
            made.append(line)
            continue
        space = line[: len(line) - len(bare)]
        if unit == "\t" and "\t" not in space:
            space = "\t" * (len(space) // 4) if number else space.replace("    ", "\t")
        elif unit != "\t" and "\t" in space:
            space = space.replace("\t", unit)
        if number == 0:
            space = space[: max(_deepest(place, unit) - len(place.head), 0)]
        made.append(space + bare)
    return "\n".join(made)


def indent_unit(place: CursorText) -> str:
    """One step of indentation as the lines around the place have it: a tab, or so many spaces."""
    widths: list[int] = []
    first = max(place.cursor.line - 200, 0)
    for number in range(first, min(place.cursor.line + 100, len(place.lines))):
        line = place.lines.line(number)
        if line[:1] == "\t":
            return "\t"
        width = indent_of(line)
        if 1 < width < len(line):
            widths.append(width)
    least = min(widths, default=4)
    return " " * (least if least in (2, 3, 4, 8) else 4)


def is_telling(line: str) -> bool:
    """Whether a line is long enough, and not mere brackets, that its like twice in a row is no accident."""
    bare = line.strip()
    return len(bare) >= _LEAST_LINE and any(char.isalnum() for char in bare)


def _deepest(place: CursorText, unit: str) -> int:
    """The deepest indentation that a line at the place can have: that of the line above, one step more after an
    opening; any where brackets are open, since continuation lines are set as one likes."""
    above = place.above()
    bare = above.rstrip()
    if bare.endswith(("(", "[", ",")):
        return 10_000
    deeper = bare.endswith((":", "{"))
    return indent_of(above) + (len(unit) if deeper else 0)
