"""`ask`: a question about the code, answered in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iquest_lsp.cli import options
from iquest_lsp.cli.command import command, shows_progress
from iquest_lsp.cli.output import Form, emit
from iquest_lsp.cli.sharing import answered, with_model

if TYPE_CHECKING:
    from iquest_lsp.assistant import Assistant
    from iquest_lsp.daemon.client import DaemonClient


@command("ask", "reading the workspace and loading the model")
@click.argument("question")
@click.argument("files", nargs=-1, type=options.ExistingPath("file"), metavar="[FILE...]")
@click.option("--think", is_flag=True, help="Ask the Thinking model, and show what it thinks.")
@options.repository
@options.form
@options.engine
@options.model
@options.standalone
def ask(
    question: str, files: tuple[Path, ...], think: bool, repo: Path, form: Form, standalone: bool, **overrides: Any
) -> None:
    """Ask about the code: answered from its files and its history, with both cited.

    Needs a model that follows instructions (`instruct_model`, or --model FILE); the embedded one only continues code.
    """
    from iquest_lsp.cli.terminal import words_as_they_come

    configuration = options.configuration(**overrides, instruct_model=overrides["model"])
    shown = form is not Form.JSON

    async def work(assistant: Assistant) -> dict[str, Any]:
        from iquest_lsp.assistant import Question, Role

        asked = Question(question, files, role=Role.THINKING if think else Role.INSTRUCT)
        with words_as_they_come(shows_progress, shown=shown, thinking=think) as listen:
            return (await assistant.session().ask(repo, asked, listen)).to_json()

    def ask_daemon(client: DaemonClient) -> dict[str, Any]:
        asked = {"question": question, "folder": repo.as_uri(), "files": [file.as_uri() for file in files]}
        with words_as_they_come(shows_progress, shown=shown, thinking=think) as listen:
            made = client.request(
                "iquest/ask", {**asked, "think": think}, lambda part: listen(str(part["kind"]), str(part["text"]))
            )
        return answered(made)

    answer = with_model(configuration, work, None if standalone else ask_daemon)
    emit(form, answer, lambda terminal: terminal.show_sources(answer))
