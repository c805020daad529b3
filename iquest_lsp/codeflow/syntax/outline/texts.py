"""Texts over several lines in scripts, which begin with a word that ends them (`<<EOF`), or which brackets end."""

from __future__ import annotations

import re

_HERE = re.compile(r"(?<!<)<<-?\s*[\"']?([A-Za-z_]\w*)[\"']?")
#: The same in Ruby, where `<<` alone mostly adds to something.
_HERE_RUBY = re.compile(r"<<(?:[-~][\"'`]?([A-Za-z_]\w*)|[\"']?([A-Z][A-Z_]{2,})\b)")
#: A value in quotes that goes on below, in a shell, and the line that ends it.
_QUOTED = re.compile(r"\s*(?:(?:export|local|readonly)\s+)?[A-Za-z_]\w*=([\"'])([^\"']*)$")
_ENDS = {quote: re.compile(rf"(?:[^{quote}\\]|\\.)*+{quote}\s*(?:[;&|)#].*)?$") for quote in "\"'"}
#: A text of Ruby in brackets, which may go on below, and what closes it.
_PERCENT = re.compile(r"(?:(?<=[\s(\[{,=])|^)%[qQwWiI]?(?=([{(\[]))")
_CLOSING = {"{": "}", "(": ")", "[": "]"}
#: Languages whose texts over several lines are told by the line that begins them, and how it does.
_HERE_OF = {"sh": _HERE, "rb": _HERE_RUBY, "rake": _HERE_RUBY, "gemspec": _HERE_RUBY}


def without_texts(lines: list[str], language: str) -> list[str]:
    """A script with its texts over several lines (`<<EOF`, `A="`, `%q{`) as what goes on with the line above."""
    here = _HERE_OF.get(language)
    if here is None:
        return lines
    kept, word, indent, closes = [], "", "", -1
    for at, line in enumerate(lines):
        if at <= closes:
            kept.append(f"{indent}  :")
            continue
        if word:
            kept.append(f"{indent}  :")
            word = "" if line.strip() == word else word
            continue
        kept.append(line)
        if (found := here.search(line)) and not line.lstrip().startswith("#"):
            word, indent = found[found.lastindex or 1], line[: len(line) - len(line.lstrip())]
        elif language == "sh" and (quoted := _QUOTED.match(line)):
            closes, indent = _end_of(lines, at + 1, quoted[1]), line[: len(line) - len(line.lstrip())]
        elif language != "sh" and (begun := _PERCENT.search(line)) and not line.lstrip().startswith("#"):
            closes = _end_of_brackets(lines, at, begun)
            if begun.start():
                indent = line[: len(line) - len(line.lstrip())]
            elif closes > at:  # what stands at the left edge is a part of the line above
                above = next((other for other in reversed(lines[:at]) if other.strip()), "")
                indent = above[: len(above) - len(above.lstrip())]
                kept[-1] = f"{indent}  :"
    return kept if not word else lines


def _end_of_brackets(lines: list[str], start: int, begun: re.Match[str]) -> int:
    """The line that closes the brackets of a text which begins on one; -1 where none does."""
    depth = 0
    for at in range(start, len(lines)):
        text = lines[at][begun.end() :] if at == start else lines[at]
        depth += text.count(begun[1]) - text.count(_CLOSING[begun[1]])
        if depth <= 0:
            return at
    return -1


def _end_of(lines: list[str], start: int, quote: str) -> int:
    """The line that ends a text in quotes, before any that has the quote otherwise; -1 where there is none."""
    near = next((at for at in range(start, len(lines)) if quote in lines[at].replace(f"\\{quote}", "")), -1)
    return near if near >= 0 and _ENDS[quote].match(lines[near]) else -1
