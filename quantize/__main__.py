"""`python -m quantize`: one command per module, imported only when asked for."""

from __future__ import annotations

import importlib
from typing import Any

import click

COMMANDS: dict[str, str] = {
    "convert": "quantize.convert",
    "imatrix": "quantize.imatrix",
    "logits": "quantize.logits",
    "pretrain": "quantize.pretrain.command",
    "quantize": "quantize.quantizer",
    "synth": "quantize.synth",
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
        command: Any = importlib.import_module(module).command
        assert isinstance(command, click.Command)
        return command


@click.group(cls=LazyGroup, help=__doc__)
def main() -> None:
    pass


if __name__ == "__main__":
    main(prog_name="python -m quantize")
