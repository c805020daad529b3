"""`python -m quantize`: one command per module, imported only when asked for."""

from __future__ import annotations

import importlib
import os
from typing import Any

import click

COMMANDS: dict[str, str] = {
    "convert": "quantize.convert",
    "evaluate": "quantize.evaluate",
    "imatrix": "quantize.imatrix",
    "logits": "quantize.logits",
    "pretrain": "quantize.pretrain.command",
    "quantize": "quantize.quantizer",
    "search": "quantize.pretrain.search_command",
    "synth": "quantize.synth",
    "verify": "quantize.verify",
    "tokenizer": "quantize.tokenizer",
}


class LazyGroup(click.Group):
    """A group whose commands are modules with a `command` object."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        try:
            command: Any = importlib.import_module(module).command
        except ModuleNotFoundError as error:
            if (error.name or "").startswith(("quantize", "iquest_lsp")):
                raise
            raise click.ClickException(
                f"`{cmd_name}` needs the package {error.name}. Install the extra: pip install '.[workshop]'"
            ) from error
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, help=__doc__)
def main() -> None:
    # threads that spin while they wait make llama.cpp many times slower next to any other program
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    os.environ.setdefault("GGML_NO_BACKTRACE", "1")


if __name__ == "__main__":
    main(prog_name="python -m quantize")
