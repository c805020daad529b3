"""The tools as an agent sees them: what each answers, when to use it, what it takes and what it returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from iquest_lsp.mcp_server import arguments
from iquest_lsp.mcp_server.arguments import TEXT_LENGTH, Argument
from iquest_lsp.mcp_server.budget import LEAST, MOST, USUAL

INSTRUCTIONS = """\
Answers about a git repository from its own history and syntax. Nothing is changed and no network is used.
- why: how a line, a symbol or a file came to be. Ask before you change code whose purpose is not obvious.
- impact: what else may have to change with a symbol, lines, a file or a diff. Ask before you change what others use.
- next_edit: the edits that your edits ask for elsewhere, ready to apply. Ask after you renamed or changed a signature.
- explain_diff: what a change does, may have forgotten, may break. Ask before you commit, and when you review.
- suspects: which commits may have introduced a bug. Ask with a failing test's log.
- context: which files and commits matter at a place. Ask before you read around.
Commit ids are real: `git show COMMIT` shows them. Intent, missing, risks, scores and confidences are heuristics from
names and history: read the code before you act on them."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool; `result` are the properties of its answer as JSON schema. `is_story`: its list is in order of time."""

    name: str
    title: str
    about: str
    takes: tuple[Argument, ...]
    result: Mapping[str, object]
    is_story: bool = False
    #: Parts of the result that are there only where there is something in them.
    optional: frozenset[str] = frozenset()

    def input_schema(self) -> dict[str, object]:
        """What it takes."""
        return arguments.schema(self.takes)

    def output_schema(self) -> dict[str, object]:
        """What it returns."""
        properties = {**_COMMON, **self.result, "cut": _CUT}
        return {
            "type": "object",
            "properties": properties,
            "required": [*_COMMON, *(name for name in self.result if name not in self.optional)],
        }

    def read(self, given: Mapping[str, object]) -> dict[str, Any]:
        """The arguments that were given; raises UsageError."""
        return arguments.read(self.takes, given)


# ----------------------------------------------------------------------------------------------- pieces of schemas


def _text(about: str) -> dict[str, object]:
    return {"type": "string", "description": about}


def _number(about: str) -> dict[str, object]:
    return {"type": "number", "description": about}


def _maybe(about: str) -> dict[str, object]:
    return {"type": ["string", "null"], "description": about}


def _list(about: str, **properties: object) -> dict[str, object]:
    items = {"type": "object", "properties": properties, "required": [*properties]}
    return {"type": "array", "description": about, "items": items}


_COMMIT = _text("the full commit id")
_DATE = _text("the author's day, ISO 8601")
_SUBJECT = _text("the commit message's first line")
_PATH = _text("the path from `root`")
_COMMON: dict[str, object] = {
    "root": _text("the top of the repository; paths in the answer are relative to it"),
    "head": _text("the commit that is checked out, empty where there is none"),
}
_CUT: dict[str, object] = {
    "type": "object",
    "description": "only where the answer was cut to max_tokens: what is missing, and how to get it",
    "properties": {
        "lists": _list("the lists that lost items", list=_text("its name"), left_out=_number(""), of=_number("")),
        "rest": _text("how to get the rest"),
    },
    "required": ["lists", "rest"],
}

# --------------------------------------------------------------------------------------------------- the arguments

_ROOT = Argument(
    "root",
    "string",
    "The repository: an absolute path, or one relative to the workspace.",
    more="Default: the client's workspace folder.",
)
_MAX_TOKENS = Argument(
    "max_tokens",
    "integer",
    "How long the answer may be, in tokens of 3 bytes.",
    LEAST,
    MOST,
    USUAL,
    more="A cut answer says what is missing, and which max_tokens gives all of it.",
)
_FILTERED = Argument(
    "include_filtered",
    "boolean",
    "Also commits that are left out since they say little: made by bots, formatting only, reverted later.",
)
_FILE = Argument("file", "string", "A path in the repository, relative to `root` or absolute.")
_LINE = Argument(
    "line",
    "integer",
    "A line of the file as it is on disk, counted from 1.",
    1,
    100_000_000,
    more="Not together with `symbol`.",
)
_END_LINE = Argument(
    "end_line", "integer", "The last line of the range that begins at `line`; needs `line`.", 1, 100_000_000
)
_SYMBOL = Argument(
    "symbol",
    "string",
    "A definition in `file`, members dotted: `total`, `Order.bill`.",
    more="Not together with `line`.",
)
_DIFF = (
    Argument(
        "revision",
        "string",
        "A commit (`HEAD~2`, `3f2a91c`: what that commit itself changed, not everything since) or a range "
        "(`main..HEAD`, `main...feature`).",
        more="Default: all changes that are not committed, untracked files included.",
    ),
    Argument("staged", "boolean", "true: only the staged changes.", more="Not together with `revision` or `patch`."),
    Argument("patch", "string", "The text of a unified diff, instead of `revision`.", most=TEXT_LENGTH),
)
_USUAL = (_ROOT, _MAX_TOKENS, _FILTERED)


def _needed(argument: Argument) -> Argument:
    return replace(argument, is_required=True)


_PARTIAL: dict[str, Any] = {
    "type": ["array", "null"],
    "description": "what was cut off, skipped, not indexed yet or not readable; null: nothing",
    "items": {"type": "string"},
}

EXPLAIN_DIFF = Tool(
    "explain_diff",
    "Explain a change",
    """\
Explains a change from the repository's history and syntax: what it does, function by function; what kind of \
change it is; which earlier commits changed the same code; what usually changes together with it and does not here (a \
test, a page of documentation); what may break, such as callers that are as before.
Use it before you commit, on a branch before you review it, and on a commit you want to understand. Without arguments \
it explains what is not committed yet.
Example: {"revision": "main..HEAD"}""",
    (*_DIFF, *_USUAL),
    {
        "summary": _text("what the change does"),
        "intent": _text("kind of change, guessed from message and diff: fix, feature, refactor, ...; change: unclear"),
        "files": _list(
            "the files that it changes",
            path=_PATH,
            status=_text("added, modified, deleted, renamed"),
            symbols=_list(
                "definitions that it changes", name=_text(""), kind=_text(""), change=_text("what happens to it")
            ),
        ),
        "history": _list(
            "earlier commits on the same code", commit=_COMMIT, date=_DATE, subject=_SUBJECT, reason=_text("")
        ),
        "missing": _list(
            "files that may also have to change, best evidence first; below 0.3 the evidence is weak",
            path=_PATH,
            reason=_text("the evidence"),
            support=_number(
                "past commits in which it changed with a changed file; 0: the evidence is a name or a folder"
            ),
            confidence=_number("0 to 1"),
        ),
        "risks": {"type": "array", "description": "what may break", "items": {"type": "string"}},
        "partial": _PARTIAL,
    },
)

WHY = Tool(
    "why",
    "Why is this code the way it is?",
    """\
Tells how a line, some lines, a symbol or a file came to be: the commits that made and changed it, oldest first, what \
each did to it, the reason that its author gave, and the first release that has it. It follows code through moves and \
renames and passes over commits that only reformat, where `git blame` and `git log` stop.
Use it before you change or remove code whose purpose is not obvious, and for questions such as "since when?" and "why \
is this deprecated?".
Example: {"file": "src/cache.py", "symbol": "Cache.get"}, or {"file": "src/cache.py", "line": 120, "end_line": 130}""",
    (_needed(_FILE), _LINE, _END_LINE, _SYMBOL, *_USUAL),
    {
        "target": _text("the place that is told about"),
        "story": _list(
            "what happened to it, oldest first",
            commit=_COMMIT,
            date=_DATE,
            subject=_SUBJECT,
            change=_text("what the commit did to it"),
            reason=_text(
                "what the message says of the purpose; may begin with the kind of commit that this tool takes it for"
            ),
        ),
        "since": _maybe("the first release tag that has it"),
        "deprecated_in": _maybe("the first release tag that calls it deprecated"),
        "deprecated_parts": _list(
            "its parameters that are deprecated",
            name=_text("the parameter"),
            since=_maybe("the version or release tag that says so first"),
        ),
        "reasons": _list(
            "why it is deprecated, quoted",
            kind=_text("message, changelog, docstring or issue"),
            text=_text("what the source says"),
            source=_text("the commit, or the file and line"),
        ),
        "partial": _PARTIAL,
    },
    is_story=True,
)

IMPACT = Tool(
    "impact",
    "What may have to change with it?",
    """\
Lists what else may have to change if code changes: callers and other uses by syntax, with file and line; tests; \
documentation, CI and configuration that name it; and files that changed together with it in the past, which no search \
for the name finds. Each comes with the reason and a confidence, and with commits where it rests on them.
Give EITHER a place: `file`, with `symbol` OR `line` (and `end_line`) for a part of it; OR one change: `revision`, \
`staged` or `patch`. With neither, the changes that are not committed are meant. Lines that a change itself edits are \
not listed.
Use it before you change a signature, a name or a behaviour, to find which tests to run, and before you commit.
Example: {"file": "shop/prices.py", "symbol": "total"}, or {"revision": "main..HEAD"}""",
    (_FILE, _SYMBOL, _LINE, _END_LINE, *_DIFF, *_USUAL),
    {
        "target": _text("the place or the change that is meant"),
        "definitions": {"type": "array", "items": {"type": "string"}, "description": "the symbols that are meant"},
        "items": _list(
            "places, by kind, the surest first; `commits`, where there are any, are what a place rests on",
            path=_PATH,
            line=_number("from 1; 1 where the whole file is meant"),
            kind=_text("caller, test, docs, ci, config, cochange"),
            reason=_text("the evidence"),
            confidence=_number("0 to 1, orders the places: a share of past commits, or a weight per kind of evidence"),
        ),
        "partial": _PARTIAL,
    },
)

NEXT_EDIT = Tool(
    "next_edit",
    "What do these edits ask for elsewhere?",
    """\
Lists the edits that a change asks for at other places, each ready to apply: the old name where something was renamed, \
arguments that do not fit a changed signature, declarations, the same replacement at places like those that were \
edited, imports that became idle. `confidence` estimates, from replayed histories, how often such an edit is right; \
at least one half. `places` are lines that have to be changed too where the text cannot be told: calls that lack a new \
argument, uses of what is gone. An empty list does not say that nothing is left: `impact` lists every place.
The change is what is not committed, unless `revision`, `staged` or `patch` names another one.
Use it after you renamed something, changed parameters or edited several places alike, and before you commit.
Example: {}, or {"revision": "HEAD"}""",
    (*_DIFF, *_USUAL),
    {
        "items": _list(
            "edits in the order of the work",
            path=_PATH,
            range={
                "type": "object",
                "description": "start and end, each with line and column, counted from 1; columns are code points",
                "properties": {"start": {"type": "object"}, "end": {"type": "object"}},
                "required": ["start", "end"],
            },
            old=_text("the text in that range"),
            new=_text("the text that takes its place"),
            kind=_text("rename, signature, repeat, import"),
            reason=_text("why this place"),
            confidence=_number("the measured share of such suggestions that were right"),
        ),
        "places": _list(
            "places to look at: they have to be changed, but the text cannot be told",
            path=_PATH,
            lines={"type": "array", "items": {"type": "integer"}, "description": "the first and the last line, from 1"},
            kind=_text("rename, signature, repeat, import, gone"),
            reason=_text("why this place"),
            confidence=_number("the measured share of such places that were changed"),
        ),
        "partial": _PARTIAL,
    },
    optional=frozenset({"places"}),
)

SUSPECTS = Tool(
    "suspects",
    "Which commits may have introduced the bug?",
    """\
Ranks commits by how strongly history and a log point to them as the origin of a bug. Each comes with its evidence and \
a score, which orders the commits and is not a probability: a hint where to look first, to be confirmed with \
`git show` or `git bisect`.
Give `log` OR `file`, not both; one is needed. `log` is the whole output of a failing test, a compiler or a crash; \
`file`, optionally with `symbol` or `line`, is what misbehaves.
Use it when something that worked is broken, before `git bisect`. Stack traces, names and messages of the log are \
looked up.
Example: {"log": "Traceback (most recent call last): ..."}, or {"file": "shop/prices.py", "line": 12}""",
    (
        Argument("log", "string", "The output of a failing test, a compiler or a crash.", most=TEXT_LENGTH),
        _FILE,
        _LINE,
        _END_LINE,
        _SYMBOL,
        *_USUAL,
    ),
    {
        "items": _list(
            "commits, the likeliest first",
            commit=_COMMIT,
            date=_DATE,
            subject=_SUBJECT,
            score=_number("orders the commits, not a probability"),
            reason=_text("the evidence"),
            paths={"type": "array", "items": {"type": "string"}, "description": "files that it changed"},
        ),
        "partial": _PARTIAL,
    },
)

CONTEXT = Tool(
    "context",
    "What matters at this place?",
    """\
Lists what this tool's completion model is shown at a place in a file: related files and ranges of lines (not their \
text), what is being edited, and commits, each with the reason. The first call may take some seconds, while that model \
is loaded.
Use it for a first reading list in a file you do not know; for callers ask impact, for history why.
Example: {"file": "shop/orders.py", "line": 15}""",
    (
        _needed(_FILE),
        _needed(_LINE),
        Argument(
            "column", "integer", "A column of the line, counted from 1.", 1, 100_000_000, more="Default: its end."
        ),
        _ROOT,
        _MAX_TOKENS,
    ),
    {
        "place": _text("the place asked about"),
        "pieces": _list(
            "pieces of files, in the order in which the model reads them",
            kind=_text("related, open (in an editor), edit, current (the file itself)"),
            path=_PATH,
            start=_number("the first line"),
            end=_number("the last line"),
            tokens=_number("the piece's length for the model"),
            reason=_text("why it is there"),
        ),
        "commits": _list("commits that tell of this place", commit=_COMMIT, date=_DATE, subject=_SUBJECT),
        "more": _list("related files for which there was no room", path=_PATH, reason=_text("why they are related")),
        "withheld": _list("files that look like secrets: do not quote from them", path=_PATH, reason=_text("why")),
        "partial": _PARTIAL,
    },
)

TOOLS = {tool.name: tool for tool in (EXPLAIN_DIFF, WHY, IMPACT, NEXT_EDIT, SUSPECTS, CONTEXT)}
