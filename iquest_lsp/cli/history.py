"""Answered without a model: `explain-diff`, `why`, `impact`, `suspects` from the history, `next-edit` from edits."""

from __future__ import annotations

import base64
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from iquest_lsp.cli import options
from iquest_lsp.cli.command import command
from iquest_lsp.cli.output import Form, emit, emit_line, say, tell
from iquest_lsp.cli.sharing import answered, with_model
from iquest_lsp.errors import BareRepositoryError, IQuestError, UsageError, WorkspaceError
from iquest_lsp.workspace.paths import is_folder

if TYPE_CHECKING:
    from iquest_lsp.assistant import Assistant
    from iquest_lsp.codeflow import History, HistoryAnswer
    from iquest_lsp.daemon.client import DaemonClient

WAITING = "reading the history"


@command("explain-diff", WAITING)
@click.argument("target", metavar="[REV | A..B | -]", default="")
@click.option("--staged", is_flag=True, help="What is staged for the next commit.")
@options.forms
@options.repository
@click.option("--facts-only", is_flag=True, help="Without the words of the Instruct model that the settings name.")
@options.filtered
@options.standalone
@click.option("--commit-message", "message", is_flag=True, help="Write a commit message for it, from the facts.")
def explain_diff(
    target: str,
    staged: bool,
    form: Form,
    repo: Path,
    facts_only: bool,
    include_filtered: bool,
    standalone: bool,
    message: bool,
) -> None:
    """Explain a commit, a range, what is staged, a patch on stdin (-), or (by default) the working tree.

    With `instruct_model` set, a model explains it in words too.
    """
    if staged and target:
        raise UsageError("Give either --staged or a revision, not both")
    patch = _stdin() if target == "-" else None
    asked = _Asked(repo, "--staged" if staged else target, patch, include_filtered)
    if message:
        _emit_message(form, asked)
        return
    answer = None if facts_only else _in_words(asked, standalone)
    _emit(form, answer or asked.facts())


def _emit_message(form: Form, asked: _Asked) -> None:
    """The message alone on stdout, so that it can be piped into git; what is guessed in it on stderr."""
    made = _history(asked.root, include_filtered=False).commit_message(asked.target, asked.patch)
    if form is Form.JSON:
        emit_line(form, made.to_json(), "")
        return
    say(made.text.rstrip("\n"))
    if made.note:
        tell(f"note: {made.note}")


@dataclass(frozen=True, slots=True)
class _Asked:
    """A change to explain."""

    root: Path
    target: str
    patch: bytes | None
    include_filtered: bool

    def facts(self) -> HistoryAnswer:
        """What the history alone tells of it."""
        return _history(self.root, include_filtered=self.include_filtered).explain_diff(self.target, self.patch)

    def to_json(self) -> dict[str, object]:
        """The request to the daemon; the answer comes in both forms."""
        asked: dict[str, object] = {"folder": self.root.as_uri(), "target": self.target, "markdown": True}
        if self.patch is not None:
            asked["patch"] = base64.b64encode(self.patch).decode("ascii")
        return asked | {"include_filtered": self.include_filtered}


@dataclass(frozen=True, slots=True)
class _Explained:
    """An explanation in both its forms, as the daemon gives it."""

    json: dict[str, object]
    markdown: str

    def to_json(self) -> dict[str, object]:
        return self.json

    def to_markdown(self) -> str:
        return self.markdown


def _in_words(asked: _Asked, standalone: bool) -> HistoryAnswer | None:
    """The explanation with a model's words; None, with a warning, where it fails, and where no model is configured."""
    configuration = options.configuration()
    settings = configuration.settings()[0]
    if not (settings.instruct_model or settings.thinking_model):
        return None

    async def work(assistant: Assistant) -> HistoryAnswer:
        return await assistant.session().explain_diff(
            asked.root,
            asked.target,
            asked.patch,
            include_filtered=asked.include_filtered,
            failed=lambda error: tell(f"warning: not explained in words: {error}"),
        )

    def ask(client: DaemonClient) -> HistoryAnswer:
        told = answered(client.request("iquest/explainDiff", asked.to_json()))
        return _Explained(told, str(told.pop("markdown", "")))

    try:
        return with_model(configuration, work, None if standalone or _is_staged_elsewhere(asked.target) else ask)
    except IQuestError as error:
        answer = asked.facts()  # an error of the question itself is told as such
        tell(f"warning: not explained in words: {error}")
        return answer


def _is_staged_elsewhere(target: str) -> bool:
    """Whether what is staged lies in an index that only this process is told of, as in hooks of `git commit -a`."""
    return target == "--staged" and Path(os.environ.get("GIT_INDEX_FILE", "index")).name != "index"


@command("why", WAITING)
@click.argument("place", shell_complete=options.file_names, metavar="FILE:LINE | FILE:FIRST-LAST | FILE::SYMBOL | FILE")
@options.filtered
@options.forms
def why(place: str, include_filtered: bool, form: Form) -> None:
    """Tell how a line, some lines, a function, a class or a file came to be, and why."""
    root, target = _located(place)
    _emit(form, _history(root, include_filtered=include_filtered).why(target))


@command("impact", WAITING)
@click.argument(
    "place",
    shell_complete=options.file_names,
    metavar="[FILE::SYMBOL | FILE:LINE | FILE:FIRST-LAST | FILE | -]",
    default="",
)
@click.option("--diff", "revision", metavar="REV | A..B", default="", help="Of what a commit or a range changes.")
@click.option("--staged", is_flag=True, help="Of what is staged for the next commit.")
@options.repository
@options.filtered
@options.forms
def impact(place: str, revision: str, staged: bool, repo: Path, include_filtered: bool, form: Form) -> None:
    """List what else must change if a definition, some lines or a file change, or with a diff.

    The diff is a commit, a range, what is staged, a patch on stdin (-), or (by default) the working tree.
    """
    given = [name for name, value in (("a place", place), ("--diff", revision), ("--staged", staged)) if value]
    if len(given) > 1:
        raise UsageError(f"Give either {given[0]} or {given[1]}, not both")
    if place and place != "-":
        root, target = _located(place)
        _emit(form, _history(root, include_filtered=include_filtered).impact(target))
        return
    history = _history(repo, include_filtered=include_filtered)
    patch = _stdin() if place == "-" else None
    _emit(form, history.impact_of_diff("--staged" if staged else revision, patch))


@command("suspects", WAITING)
@click.argument("place", shell_complete=options.file_names, metavar="FILE[:LINE[-LAST]] | FILE::SYMBOL | -")
@options.filtered
@options.forms
def suspects(place: str, include_filtered: bool, form: Form) -> None:
    """Rank the recent changes that likely brought a bug: in a file, at a line, or by a test or CI log on stdin (-)."""
    if place == "-":
        log, history = _stdin().decode("utf-8", "replace"), _history(Path.cwd(), include_filtered=include_filtered)
        _emit(form, history.suspects_in_log(log))
        return
    root, target = _located(place)
    _emit(form, _history(root, include_filtered=include_filtered).suspects(target))


@command("next-edit", "looking for what the changes ask for")
@click.option("--patch", metavar="FILE | -", default="", help="A patch in place of the working tree's changes.")
@options.repository
@options.forms
def next_edit(patch: str, repo: Path, form: Form) -> None:
    """List the edits that the working tree's changes, or a patch, ask for elsewhere."""
    from iquest_lsp.nextedit.predict import next_edits
    from iquest_lsp.workspace.secret_scan import has_secret

    try:
        found = next_edits(repo, patch=_patch(patch) if patch else None, redact=has_secret)
    except BareRepositoryError as error:
        error.fix = "Give a patch with --patch"
        raise
    _emit(form, found)


def _history(root: Path, *, include_filtered: bool) -> History:
    from iquest_lsp.codeflow import History
    from iquest_lsp.workspace.secret_scan import has_secret

    return History(root, has_secret, include_filtered=include_filtered)


def _located(place: str) -> tuple[Path, str]:
    """A place as a folder that exists, and the place as seen from there. Raises UsageError."""
    from iquest_lsp.codeflow import History

    path = History.path_in(place)
    if Path(path).name in ("", ".."):
        raise UsageError(f"{path} is a folder", fix="Give FILE, FILE:LINE or FILE::SYMBOL")
    file = Path(path).absolute()
    if not is_folder(file.parent):
        return Path.cwd(), place
    return file.parent, f"{file.name}{place.removeprefix(path)}"


def _patch(patch: str) -> bytes:
    if patch == "-":
        return _stdin()
    try:
        return Path(patch).read_bytes()
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise WorkspaceError(f"Cannot read {patch}", why=why) from error


def _stdin() -> bytes:
    return sys.stdin.buffer.read() if sys.stdin is not None else b""


def _emit(form: Form, answer: HistoryAnswer) -> None:
    emit(form, answer.to_json(), lambda terminal: terminal.show_markdown(answer.to_markdown()), answer.to_markdown)
