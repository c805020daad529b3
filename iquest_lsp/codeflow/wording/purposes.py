"""What a commit is for and why a filter objects to one, in words."""

from __future__ import annotations

from collections.abc import Iterable

from iquest_lsp.codeflow.diff.filters import Ground, Objection
from iquest_lsp.codeflow.diff.intents.kinds import IntentReason, Sign
from iquest_lsp.codeflow.syntax.dialects import Construct
from iquest_lsp.codeflow.syntax.paths import Category
from iquest_lsp.codeflow.wording.phrases import say

_SIGNS = {
    Sign.JOINS: "it joins two lines of development",
    Sign.UNDOES: "the message says that it undoes a commit",
    Sign.PREFIX: "the message begins with “{}”",
    Sign.EMOJI: "the message begins with {}",
    Sign.WORD: "the message says “{}”",
    Sign.MOST: "{} of its {} commits are of this kind",
    Sign.VERSIONS: "only version numbers change",
    Sign.VERSIONS_AND_NOTES: "only version numbers and the changelog change",
    Sign.FILES_RENAMED: "files are only renamed",
    Sign.LAYOUT: "only the formatting of code changes",
    Sign.FILES_MOVED: "files are moved",
    Sign.FILES_ADDED: "source files are added",
    Sign.CODE_REMOVED: "code is removed",
    Sign.MOSTLY_NEW: "mostly new lines",
    Sign.DEPRECATES: "a definition is marked as deprecated",
    Sign.COMMENTS: "only comments and documentation strings change",
    Sign.NAME_REPLACED: "a name is replaced throughout",
    Sign.DEFINITIONS_MOVED: "definitions are moved or renamed",
    Sign.LINES_REGROUPED: "existing lines move into other definitions",
    Sign.PUBLIC_ADDED: "definitions are added",
    Sign.MORE_ADDED: "more definitions are added than removed",
    Sign.DEFINITIONS_REMOVED: "definitions are removed",
    Sign.SPEED: "the added lines contain words of caching or parallel work",
    Sign.LINES_REARRANGED: "existing lines are rearranged",
    Sign.TAKES_MORE: "a definition takes more parameters",
    Sign.INSIDE: "the bodies of existing definitions change a little",
    Sign.REWRITTEN: "code is rewritten in place",
    Sign.CI_AND_DOCS: "only continuous integration and documentation change",
    Sign.EXISTING: "existing definitions change",
    Sign.UNKNOWN: "no sign of it is clear enough",
}
_ONE_CATEGORY = {
    Category.DOCS: "only documentation changes",
    Category.TEST: "only tests change",
    Category.CI: "only continuous integration changes",
    Category.BUILD: "only build files change",
}
_GROUNDS = {
    Ground.BOT: "committed by the bot {}",
    Ground.MERGE: "a merge",
    Ground.LAYOUT: "only the formatting changes",
    Ground.GENERATED: "only generated files change",
    Ground.SWEEP: "it changes {} files at once",
    Ground.SILENT: "the message says nothing about the purpose",
    Ground.BROKEN: "{} no longer parses as {}",
    Ground.UNDONE: "a later commit reverts it",
}
_CONSTRUCTS = {
    Construct.MATCH: "a match statement",
    Construct.ASSIGNMENT_EXPRESSION: "an assignment expression",
    Construct.POSITIONAL_ONLY: "positional-only parameters",
    Construct.EXCEPT_GROUP: "except*",
    Construct.TYPE_STATEMENT: "a type statement",
    Construct.TYPE_PARAMETERS: "type parameters",
    Construct.RECORD: "a record",
    Construct.TEXT_BLOCK: "a text block",
    Construct.SWITCH_RULE: "a switch rule",
    Construct.RECORD_PATTERN: "a record pattern",
    Construct.AWAIT: "await",
}
_LANGUAGES = {"python": "Python", "go": "Go", "java": "Java", "rust": "Rust edition"}


def reason_words(reasons: Iterable[IntentReason], *, guess: bool = False) -> str:
    """What a commit's kind was read from, marked as a guess where it is hardly more."""
    told = say(", and ").join(map(_reason, reasons))
    return say("a guess: {}", told) if guess else told


def _reason(reason: IntentReason) -> str:
    if reason.kind is Sign.ONE_CATEGORY:
        return say(_ONE_CATEGORY[Category(reason.values[0])])
    return say(_SIGNS[reason.kind], *reason.values)


def ground_words(objection: Objection) -> str:
    """What a filter objects to."""
    if objection.kind is Ground.TOO_NEW:
        path, line, construct, language, needs, *promise = objection.values
        what = say(_CONSTRUCTS[Construct(construct)])
        return say(
            "{}:{} uses {}, which needs {} {}, but {}", path, line, what, language.title(), needs, declares(*promise)
        )
    return say(_GROUNDS[objection.kind], *objection.values)


def objection_words(objection: Objection) -> str:
    """What a filter objects to, after the filter's name."""
    return say("{}: {}", objection.filter, ground_words(objection))


def construct_words(construct: str) -> str:
    """A construct of a language."""
    return say(_CONSTRUCTS[Construct(construct)])


def declares(source: str, language: str, version: str) -> str:
    """What a project's file promises."""
    return say("{} declares {} {}", source, _LANGUAGES[language], version)
