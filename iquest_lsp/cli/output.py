"""How an answer leaves: as text, as one JSON object, or as markdown; and how an error is told."""

from __future__ import annotations

import codecs
import contextlib
import json
import logging
import os
import sys
from collections.abc import Callable
from enum import Enum
from typing import IO, TYPE_CHECKING

from iquest_lsp.errors import IQuestError
from iquest_lsp.workspace.visible_text import visible

if TYPE_CHECKING:
    from iquest_lsp.cli.terminal import Terminal

#: How characters are written that an encoding lacks, and the signs that answers are laid out with.
PLAIN = "iquest-plain"
_PLAIN_SIGNS = {
    "\N{BULLET}": "*",
    "\N{MINUS SIGN}": "-",
    "\N{EN DASH}": "-",
    "\N{HORIZONTAL ELLIPSIS}": "...",
    "\N{RIGHTWARDS ARROW}": "->",
    "\N{MIDDLE DOT}": "-",
    "\N{MULTIPLICATION SIGN}": "x",
    "\N{LEFT DOUBLE QUOTATION MARK}": '"',
    "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
    "\N{LEFT SINGLE QUOTATION MARK}": "'",
    "\N{RIGHT SINGLE QUOTATION MARK}": "'",
    "\N{BOX DRAWINGS LIGHT HORIZONTAL}": "-",
    "\N{BOX DRAWINGS LIGHT VERTICAL}": "|",
    "\N{BOX DRAWINGS LIGHT VERTICAL AND RIGHT}": "|",
    "\N{BOX DRAWINGS LIGHT UP AND RIGHT}": "`",
}


class Form(Enum):
    """The forms of an answer."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "md"


def emit(
    form: Form, answer: object, show: Callable[[Terminal], None], markdown: Callable[[], str] | None = None
) -> None:
    """Prints an answer: as text `show` draws it, as JSON it is the object itself, as markdown what `markdown` gives."""
    if form is Form.JSON:
        _print_json(answer)
    elif form is Form.MARKDOWN and markdown is not None:
        say(markdown())
    else:
        from iquest_lsp.cli.terminal import Terminal

        show(Terminal())


def emit_line(form: Form, answer: object, line: str) -> None:
    """The same for an answer that is one line of text."""
    if form is Form.JSON:
        _print_json(answer)
    else:
        say(line)


def say(line: str) -> None:
    """A line of the answer, to stdout."""
    _write(sys.stdout, line)


def tell(line: str) -> None:
    """A line beside the answer, to stderr."""
    _write(sys.stderr, line)


def tell_error(error: IQuestError, form: Form) -> None:
    """An error as one line on stderr, and as an object on stdout where the answer would have been one."""
    tell(f"error: {' '.join(str(error).split())}")
    if form is Form.JSON:
        _print_json({"error": {"what": error.what, "why": error.why, "fix": error.fix}})


def log_to_stderr(level: str) -> None:
    """What this process logs from a level on."""
    logging.basicConfig(
        stream=sys.stderr, level=level.upper(), format="%(asctime)s %(levelname)s %(name)s: %(message)s", force=True
    )
    logging.getLogger("pygls").setLevel(logging.CRITICAL)  # it logs documents, and traces of what clients send wrong


def lend_no_programs() -> None:
    """A workspace that nobody vouches for lends no programs: Windows would run a `git.exe` of the working directory."""
    if os.name == "nt":
        os.environ["NODEFAULTCURRENTDIRECTORYINEXEPATH"] = "1"


def survive_any_stream() -> None:
    """Standard streams of any kind end nothing.

    A sign of ours that the output's encoding cannot hold is written with plain ones, any other character as an escape.
    A stream that is closed becomes /dev/null, so that no file that is opened later takes its number.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest number that is free
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):  # no such stream, or one that is closed
            stream.reconfigure(errors=PLAIN)  # type: ignore[union-attr]


def name_files_in_utf8() -> None:
    """Begins anew where the locale's encoding is another one: git names files in UTF-8, as the daemon does."""
    if sys.getfilesystemencoding() == "utf-8":
        return
    shown = {} if sys.stdout is None else {"PYTHONIOENCODING": sys.stdout.encoding}
    os.execve(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]], {**os.environ, **shown})


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """Handles the characters that an encoding does not have, one after the other; see `codecs.register_error`."""
    assert isinstance(error, UnicodeEncodeError)
    sign = _PLAIN_SIGNS.get(error.object[error.start])
    if sign is not None:
        return sign, error.start + 1
    return codecs.backslashreplace_errors(
        UnicodeEncodeError(error.encoding, error.object, error.start, error.start + 1, "")
    )


codecs.register_error(PLAIN, _plain)


def _print_json(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False, indent=2)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:  # JSON has escapes of its own
        text = json.dumps(value, indent=2)
    say(text)


def _write(stream: IO[str] | None, line: str) -> None:
    if stream is not None:  # None where the program was started without one
        stream.write(visible(line) + "\n")
        stream.flush()
