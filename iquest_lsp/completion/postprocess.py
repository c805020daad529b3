"""From a generation to the text that is shown, or the reason why nothing is."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from iquest_lsp import grammars
from iquest_lsp.completion import filters
from iquest_lsp.completion.confidence import trusted_length
from iquest_lsp.completion.cursor_text import CursorText
from iquest_lsp.completion.grammatical import without_errors
from iquest_lsp.completion.parsing import parser_of
from iquest_lsp.completion.syntax import Extent, Unit
from iquest_lsp.datatypes import Finish, Generation

#: So many signs are no suggestion, nor are those that begin a comment of code.
MOST_NOISE = 2
_COMMENT_SIGNS = frozenset("/*#!-")
_LONE_RETURN = re.compile(r"\r(?!\n)")


class Quiet(StrEnum):
    """Why an answer is empty; the values are for people and for counting."""

    NO = ""
    OFF = "off"  # completions are not wanted here
    LOADING = "loading"
    HIDDEN = "hidden"  # the file may not be shown to a model
    INSIDE_WORD = "inside a word"
    LONG_LINE = "long line"  # of a length that no person types
    DEADLINE = "deadline"  # nothing whole was there in time
    NOTHING = "nothing"  # the model had nothing to add
    UNSURE = "unsure"
    LOOP = "loop"
    REPEATS = "repeats"  # what it said stands there already
    BRACKET = "bracket"  # it only closed what is closed
    BROKEN = "broken"  # a text that ends nowhere
    GRAMMAR = "grammar"  # the language does not let it stand here
    UNKNOWN = "unknown name"  # it uses one that nothing in the file names
    NOISE = "noise"  # nothing but signs, quicker typed than read
    DELETED = "deleted"  # by the user, here, just now
    DISMISSED = "dismissed"  # by the user, here


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What is inserted at the cursor; where that is nothing, `quiet` says why.

    A text that was asked for by key is UNSURE where it would not be shown unasked.
    """

    text: str
    quiet: Quiet = Quiet.NO


def postprocess(
    generation: Generation, place: CursorText, unit: Unit, threshold: float = 0.0, *, guess: bool = False
) -> Suggestion:
    """Cuts a generation to what fits the place: likely enough, whole, new, grammatical, set like its surroundings.

    A text cut short by a limit or by doubt keeps whole lines, or of its first line what ends at a word's border. A
    `guess` may break the grammar: its beginning may be what was wanted.
    """
    text, finish = _without_lone_return(generation.text), generation.finish
    if not text.strip():
        return Suggestion("", Quiet.DEADLINE if finish is Finish.DEADLINE else Quiet.NOTHING)
    if not place.head.strip() and not text.partition("\n")[0].strip():
        return Suggestion("", Quiet.NOTHING)  # the line stays empty
    whole = text
    text = filters.without_following(whole, place)  # cut short, what stands below may not be told any more
    if not text.strip():
        return Suggestion("", Quiet.REPEATS)
    trusted = text[: trusted_length(generation, threshold)]
    if len(trusted) < len(text):
        text = filters.without_begun_string(filters.whole_pieces(trusted), place)
        if not text.strip():
            return Suggestion("", Quiet.UNSURE)
    elif text == whole and finish in (Finish.LIMIT, Finish.DEADLINE):
        sound = filters.without_loop(text)
        if not sound.strip():
            return Suggestion("", Quiet.LOOP)
        text = min(filters.whole_pieces(text), sound, key=len)  # cut short, a loop may not be told any more
        text = filters.without_begun_string(text, place)
        if not text.strip():
            return Suggestion("", Quiet.DEADLINE)
    elif unit.extent is not Extent.TEXT:
        text = filters.without_open_string(text, place)
        if not text.strip():
            return Suggestion("", Quiet.BROKEN)
    text = filters.without_loop(text)
    if not text.strip():
        return Suggestion("", Quiet.LOOP)
    if unit.extent is not Extent.TEXT:
        text = filters.reindented(text, place)
        text = filters.without_surplus_brackets(text, place)
        if not text.strip():
            return Suggestion("", Quiet.BRACKET)
    text = filters.within_string(filters.without_tail(text.rstrip(), place), place)
    text = filters.without_following(text, place)
    if not text.strip() or filters.repeats_above(text, place):
        return Suggestion("", Quiet.REPEATS)
    if unit.extent is not Extent.TEXT and not guess:
        text = without_errors(text, place, whole)
        if not text:
            return Suggestion("", Quiet.GRAMMAR)
        text = filters.without_unknown_names(text, place, whole)
        if not text.strip():
            return Suggestion("", Quiet.UNKNOWN)
    if _is_noise(text.strip(), is_code=unit.extent is not Extent.TEXT and _has_grammar(place)):
        return Suggestion("", Quiet.NOISE)
    text = text.replace("\r\n", "\n")
    return Suggestion(text.replace("\n", "\r\n") if _has_crlf(place.text) else text)


def postprocess_for_key(
    generation: Generation, place: CursorText, unit: Unit, threshold: float, usual: float
) -> Suggestion:
    """The same for who asked by key: UNSURE is what would not be shown by the `usual` threshold."""
    found = postprocess(generation, place, unit, threshold, guess=True)
    is_unsure = found.text and not postprocess(generation, place, unit, usual).text
    return Suggestion(found.text, Quiet.UNSURE) if is_unsure else found


def _is_noise(text: str, *, is_code: bool) -> bool:
    """Whether a text is quicker typed than read. In prose, a row of signs may underline a title."""
    if any(char.isalnum() or char == "_" for char in text):
        return False
    return len(text) <= MOST_NOISE or (is_code and _COMMENT_SIGNS.issuperset(text))


def _has_grammar(place: CursorText) -> bool:
    return parser_of(grammars.language_of(place.path)) is not None


def _without_lone_return(text: str) -> str:
    """What stands before a carriage return without a line feed, which to editors ends a line and to models does not."""
    lone = _LONE_RETURN.search(text)
    return text[: lone.start()] if lone else text


def _has_crlf(text: str) -> bool:
    """Whether most lines of a text end in a carriage return and a line feed."""
    return 2 * text.count("\r\n") > text.count("\n")
