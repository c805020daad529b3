"""What the history says: `explain-diff`, `why`, `impact`, `suspects`."""

from __future__ import annotations

import base64
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import click

from iquest_lsp.cli import options
from iquest_lsp.cli.command import command
from iquest_lsp.cli.output import Form, emit, tell
from iquest_lsp.cli.sharing import answered, with_model
from iquest_lsp.errors import IQuestError, UsageError

if TYPE_CHECKING:
    from iquest_lsp.assistant import Assistant
    from iquest_lsp.codeflow import DiffExplanation
    from iquest_lsp.daemon.client import DaemonClient

WAITING = "reading the history"


class Answer(Protocol):
    """What the questions to the history return."""

    def to_json(self) -> dict[str, object]: ...
    def to_markdown(self) -> str: ...


@command("explain-diff", WAITING)
@click.argument("target", metavar="[REV | A..B | -]", default="")
@click.option("--staged", is_flag=True, help="What is staged for the next commit.")
@options.forms
@options.repository
@click.option("--facts-only", is_flag=True, help="Without the words of the Instruct model that the settings name.")
@options.filtered
@options.standalone
def explain_diff(
    target: str, staged: bool, form: Form, repo: Path, facts_only: bool, include_filtered: bool, standalone: bool
) -> None:
    """Explain a commit, a range, what is staged, a patch on stdin (-), or (by default) the working tree.

    With `instruct_model` set, a model explains it in words too.
    """
    from iquest_lsp.assistant import explain

    if staged and target:
        raise UsageError("Give either --staged or a revision, not both")
    patch = _stdin() if target == "-" else None
    target = "--staged" if staged else target
    explanation = explain(repo, target, patch, include_filtered=include_filtered)
    if not facts_only:
        explanation = _in_words(repo, target, explanation, patch, standalone)
    _emit(form, explanation)


def _in_words(
    root: Path, target: str, facts: DiffExplanation, patch: bytes | None, standalone: bool
) -> DiffExplanation:
    """The explanation with a model's words where one is configured; without them, and a warning, where it fails."""
    from dataclasses import replace

    configuration = options.configuration()
    settings = configuration.settings()[0]
    if not (settings.instruct_model or settings.thinking_model):
        return facts

    async def work(assistant: Assistant) -> str | None:
        told = await assistant.explain_in_words(root, target, facts, patch)
        return told.text or None if told is not None else None

    def ask(client: DaemonClient) -> str | None:
        asked: dict[str, object] = {"folder": root.as_uri(), "target": target}
        if patch is not None:
            asked["patch"] = base64.b64encode(patch).decode("ascii")
        words = answered(client.request("iquest/explainDiff", asked))["model_text"]
        return words if isinstance(words, str) else None

    try:
        words = with_model(configuration, work, None if standalone else ask)
    except IQuestError as error:
        tell(f"warning: not explained in words: {error}")
        return facts
    return replace(facts, model_text=words)


@command("why", WAITING)
@click.argument("place", metavar="FILE:LINE | FILE::SYMBOL | FILE")
@options.filtered
@options.forms
def why(place: str, include_filtered: bool, form: Form) -> None:
    """Tell how a line, a function or a class came to be, and why."""
    from iquest_lsp import assistant

    _emit(form, assistant.why(place, include_filtered=include_filtered))


@command("impact", WAITING)
@click.argument("place", metavar="FILE::SYMBOL")
@options.filtered
@options.forms
def impact(place: str, include_filtered: bool, form: Form) -> None:
    """List what else must change if a function or class changes."""
    from iquest_lsp import assistant

    _emit(form, assistant.impact(place, include_filtered=include_filtered))


@command("suspects", WAITING)
@click.argument("place", metavar="FILE[:LINE] | -")
@options.filtered
@options.forms
def suspects(place: str, include_filtered: bool, form: Form) -> None:
    """Rank the recent changes that likely brought a bug: in a file, at a line, or by a test or CI log on stdin (-)."""
    from iquest_lsp import assistant

    log = _stdin().decode("utf-8", "replace") if place == "-" else None
    _emit(form, assistant.suspects(place, log, include_filtered=include_filtered))


def _stdin() -> bytes:
    return sys.stdin.buffer.read() if sys.stdin is not None else b""


def _emit(form: Form, answer: Answer) -> None:
    emit(form, answer.to_json(), lambda terminal: terminal.show_markdown(answer.to_markdown()), answer.to_markdown)
