"""A commit message for a diff, from its facts alone, in the repository's own habit."""

from __future__ import annotations

from iquest_lsp.codeflow.answers.explain import known_of
from iquest_lsp.codeflow.diff.filters import is_bot
from iquest_lsp.codeflow.diff.intents.intent import intent_of
from iquest_lsp.codeflow.diff.intents.shape import shape_of
from iquest_lsp.codeflow.diff.message_habit import Habit, habit_of
from iquest_lsp.codeflow.diff.replacements import replacement_of
from iquest_lsp.codeflow.diff.sources import DiffSource, DiffTarget
from iquest_lsp.codeflow.facts import Redact
from iquest_lsp.codeflow.git.commits import commits
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.wording.commit_message import CommitMessage, MessageFacts, commit_message
from iquest_lsp.errors import UsageError

#: What changes with anything tells no area.
_FOLLOWERS = (Category.LOCK, Category.CHANGELOG, Category.GENERATED)
#: So many of the newest commits tell the habit.
MAX_READ = 300


def message_for(source: DiffSource, target: DiffTarget, *, redact: Redact) -> CommitMessage:
    """The message for a diff whose texts are at hand; the messages of its own commits are not looked at.

    Raises UsageError where nothing changes, and where that is not known.
    """
    if source.is_cut_off:
        raise UsageError(
            "No message is written",
            why=f"this shallow clone ends with {target.label}, and what that changed is not in it",
            fix="Bring older commits with `git fetch --unshallow`",
        )
    known, changes = known_of(source, target, redact)
    if not known.files:
        fix = "Stage something first with `git add`" if target.kind == "staged" else ""
        raise UsageError("There is nothing to write a message for", why=f"nothing changes in {target.label}", fix=fix)
    if conflicts := [item.path for item in source.files if item.status == "U"]:
        raise UsageError(
            "No message is written", why=f"{conflicts[0]} is in conflict", fix="Resolve the conflict first"
        )
    intent = intent_of("", "", shape_of(source.files, changes))
    hunks = [(hunk.removed, hunk.added) for item in source.files for hunk in item.hunks]
    whole = all(item.status == "M" and not item.binary and item.hunks for item in source.files)
    replacement = replacement_of(hunks) if whole else None
    facts = MessageFacts(known.files, intent, _habit(source), replacement)
    made = commit_message(facts)
    if redact(made.text):
        bare = [item for item in known.files if not redact(item.path)]
        files = [type(item)(item.path, item.status, (), item.added, item.removed) for item in bare]
        if not files:
            raise UsageError("No message is written", why="the names of what changes look like secrets")
        made = commit_message(MessageFacts(files, intent, facts.habit))
    return made


def _habit(source: DiffSource) -> Habit:
    repository = source.repository
    if repository is None:
        return Habit()
    base = source.base or repository.head()
    if not base:
        return Habit()
    read = [
        item
        for item in commits(repository, revisions=[base], numbers=False, limit=MAX_READ, merges=False)
        if not is_bot(item.author, item.email)
    ]
    branch = repository.branch() if not source.revision else ""
    paths = [path for item in source.files for path in {item.path, item.old_path} if path]
    main = [path for path in paths if category(path) not in _FOLLOWERS]
    return habit_of(read, main or paths, branch)
