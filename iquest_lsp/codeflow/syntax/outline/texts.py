"""Texts over several lines in scripts, which begin with a word that ends them (`<<EOF`)."""

from __future__ import annotations

import re

_HERE = re.compile(r"(?<!<)<<-?\s*[\"']?([A-Za-z_]\w*)[\"']?")
#: The same in Ruby, where `<<` alone mostly adds to something.
_HERE_RUBY = re.compile(r"<<(?:[-~][\"'`]?([A-Za-z_]\w*)|[\"']?([A-Z][A-Z_]{2,})\b)")
#: Languages whose texts over several lines are told by the line that begins them, and how it does.
_HERE_OF = {"sh": _HERE, "rb": _HERE_RUBY, "rake": _HERE_RUBY, "gemspec": _HERE_RUBY}


def without_texts(lines: list[str], language: str) -> list[str]:
    """A script with its texts over several lines (`<<EOF`) as something that goes on with the line above."""
    here = _HERE_OF.get(language)
    if here is None:
        return lines
    kept, word, indent = [], "", ""
    for line in lines:
        if word:
            kept.append(f"{indent}  :")
            word = "" if line.strip() == word else word
            continue
        kept.append(line)
        if (found := here.search(line)) and not line.lstrip().startswith("#"):
            word, indent = found[found.lastindex or 1], line[: len(line) - len(line.lstrip())]
    return kept if not word else lines
