"""Which licences code may be learned from."""

from __future__ import annotations

import re

#: Licences whose code may be learned from; all of an expression's AND parts, or one of its OR parts, must be here.
PERMITTED = re.compile(
    r"^(mit(-0|-cmu)?|0bsd|bsd(-[23]-clause)?|(modified |new |3-clause )?bsd( [23]-clause)?( license)?|mit license"
    r"|apache(-| )?(software )?(license)?(, version)? ?(2\.0)?( license)?|asl 2|apache license 2\.0"
    r"|isc( license)?( \(iscl\))?|psf-2\.0|python-2\.0|python software foundation license)$"
)
FORBIDDEN = re.compile(r"gpl|mozilla|mpl|proprietary|commercial", re.IGNORECASE)


def permitted_licence(expression: str | None, classifiers: list[str], text: str | None) -> str | None:
    """The licence's name if it is one of those permitted, else None."""
    if expression:
        choices = [part.strip(" ()") for part in re.split(r"\bOR\b", expression)]
        for choice in choices:
            if all(PERMITTED.match(part.strip(" ()").lower()) for part in re.split(r"\bAND\b", choice)):
                return expression
        return None
    names = [item.split("::")[-1].strip() for item in classifiers if item.startswith("License ::")]
    names = [name for name in names if name != "OSI Approved"]
    if names:
        if any(FORBIDDEN.search(name) for name in names):
            return None
        return " / ".join(names) if all(PERMITTED.match(name.lower()) for name in names) else None
    first = (text or "").strip().split("\n")[0].strip()
    return first if PERMITTED.match(first.lower()) else None
