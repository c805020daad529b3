"""The configurations for Helix and Kakoune, taken literally, in the real programs."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from tests.e2e.home import private_home
from tests.editors.home import SHAPES, newest, on_path, repository
from tests.waiting import PATIENCE_S, wait_until

EDITORS = Path(__file__).parents[2] / "editors"
#: What of kak-lsp's own scripts matters here: the option, and a server of its own that it sets for a file type.
KAK_LSP = """declare-option str lsp_servers
hook -group lsp-filetype-python global User LSPDefaultConfig=python %{
    set-option buffer lsp_servers %{
        [pylsp]
        root_globs = ["pyproject.toml"]
    }
}
"""


class Terminal:
    """A program at a terminal of its own: keys go in, everything that it draws is kept."""

    def __init__(self, program: Path, file: Path, environment: dict[str, str]) -> None:
        self.process, self._keys = pty.fork()
        if self.process == 0:
            os.chdir(file.parent)
            os.execve(program, [str(program), file.name], environment)
        os.set_blocking(self._keys, False)
        self._drawn = b""

    def type(self, keys: str) -> None:
        """Presses keys one after the other."""
        os.write(self._keys, keys.encode())

    def drawn(self) -> str:
        """All that was drawn since the start, without what places and colours it."""
        with contextlib.suppress(BlockingIOError, OSError):
            while part := os.read(self._keys, 1 << 16):
                self._drawn += part
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z ]", "", self._drawn.decode(errors="replace"))

    def shows(self, text: str) -> None:
        """Waits until something has been drawn."""
        wait_until(lambda: text in self.drawn(), self.drawn)


@contextlib.contextmanager
def at_a_terminal(program: Path, file: Path, environment: dict[str, str]) -> Iterator[Terminal]:
    terminal = Terminal(program, file, {**environment, "TERM": "xterm-256color"})
    try:
        yield terminal
    finally:
        os.kill(terminal.process, signal.SIGKILL)
        os.waitpid(terminal.process, 0)


def test_helix_takes_the_suggestion_from_its_list(tmp_path: Path) -> None:
    program = newest("hx")
    file = repository(tmp_path / "work")
    with private_home() as home:
        settings = home.folder / "config" / "helix"
        settings.mkdir()
        shutil.copy(EDITORS / "helix" / "languages.toml", settings)
        with at_a_terminal(program, file, on_path(home)) as helix:
            helix.shows("shapes.py")
            helix.type("geo\x15def area(")  # Helix closes the bracket itself
            helix.shows("INS")
            tries = 0

            def listed() -> bool:
                nonlocal tries
                tries += 1
                if tries % 150 == 0:
                    helix.type("\x18")  # asked again: the first answers may come before the engine is loaded
                return "width, height" in helix.drawn().split("INS")[-1]

            wait_until(listed, helix.drawn)
            helix.type("\x0e\r")
            before = len(helix.drawn())
            helix.type("\x1b")  # alone: with what follows at once it would be read as Alt
            wait_until(lambda: "NOR" in helix.drawn()[before:], helix.drawn)
            helix.type(":write\r")
            wait_until(lambda: file.read_text() == f"{SHAPES}def area(width, height)\n", file.read_text)


def test_kakoune_adds_the_server_to_those_of_the_file_type(tmp_path: Path) -> None:
    program = newest("kak")
    file = repository(tmp_path / "work")
    with private_home() as home:
        environment = on_path(home)
        kak_lsp = home.folder / "bin" / "kak-lsp"
        kak_lsp.write_text(f"#!/bin/sh\ncat <<'END'\n{KAK_LSP}END\n")
        kak_lsp.chmod(0o755)
        settings = home.folder / "config" / "kak"
        settings.mkdir()
        (settings / "kakrc").write_text(f"eval %sh{{kak-lsp}}\nsource {EDITORS / 'kakoune' / 'iquest.kak'}\n")
        told = tmp_path / "told"
        chosen = 'trigger-user-hook "LSPDefaultConfig=%opt{filetype}"'
        play = f'{chosen}; echo -to-file {told} -- "%opt{{lsp_servers}}"; kill!'
        subprocess.run(
            [str(program), "-ui", "dummy", "-e", f"edit {file}; {play}"],
            env={**environment, "HOME": str(home.folder)},
            stdin=subprocess.DEVNULL,
            check=True,
            timeout=PATIENCE_S,
        )
    tables = re.findall(r"^\s*\[(\w+)\]$", told.read_text("utf-8"), re.MULTILINE)
    assert tables == ["pylsp", "iquest"]
