"""Writing: a place where nothing can be written is found before the work; failures name the file and what to do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from iquest_lsp.errors import ModelFileError
from quantize import outputs
from quantize.convert import command as convert
from quantize.imatrix import command as imatrix
from quantize.quantizer import command as quantize
from quantize.random_model import Recipe, write
from quantize.synth import command as synth
from quantize.verify import command as verify
from tests.unit.quantize import checkpoints
from tests.waiting import PATIENCE_S


def test_places_where_nothing_can_be_written(tmp_path: Path) -> None:
    outputs.check(tmp_path / "new", None)
    for path, why in ((tmp_path, "it is a folder"), (tmp_path / "no" / "x", "there is no folder")):
        with pytest.raises(ModelFileError, match=why):
            outputs.check(path)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_somebody_else(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ModelFileError, match="cannot be written to"):
        outputs.check(tmp_path / "x")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
def test_a_full_disk(tmp_path: Path) -> None:
    (tmp_path / "left").write_text("half")
    with (
        pytest.raises(ModelFileError, match=r"No space left on device.*Free some space"),
        outputs.writing(tmp_path / "x", tmp_path / "left"),
        Path("/dev/full").open("wb", buffering=0) as stream,
    ):
        stream.write(b"x")
    assert not (tmp_path / "left").exists()


def test_every_command_says_so_first(tmp_path: Path) -> None:
    checkpoints.write(tmp_path / "model", "IQuestLoopCoderForCausalLM")
    model = write(tmp_path / "m.gguf", Recipe(vocab="bytes", n_vocab=300))
    (tmp_path / "text").write_text("words and words\n" * 200)
    out = str(tmp_path / "nowhere" / "out.gguf")
    for command, arguments in (
        (convert, [str(tmp_path / "model"), out]),
        (quantize, [str(model), out, "Q8_0"]),
        (imatrix, [str(model), out, "--text", str(tmp_path / "text")]),
        (synth, [out, "--layers", "1"]),
        (verify, [str(model), "--repair", out]),
    ):
        run = CliRunner().invoke(command, arguments)
        assert run.exit_code == 1, run.output
        assert "there is no folder" in run.output
        assert not isinstance(run.exception, OSError)


def test_sizes() -> None:
    assert [outputs.size_text(size) for size in (0, 9.4e3, 8.91e6, 4.622e9)] == ["0 KB", "9 KB", "8.9 MB", "4.62 GB"]


BUSY = """
import ctypes, pathlib, sys
from quantize import outputs
part = pathlib.Path(sys.argv[1])
part.write_text("half")
with outputs.interruptible(part):
    print("ready", flush=True)
    ctypes.CDLL(None).sleep(3600)  # native code: no instruction of the interpreter is run
"""


@pytest.fixture
def heeds_interrupts() -> Iterator[None]:
    """As at a terminal: what a shell starts in the background ignores interrupts, and so do its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_interrupts")
def test_native_code_is_interrupted_and_leaves_nothing(tmp_path: Path) -> None:
    part = tmp_path / "x.gguf.part"
    command = [sys.executable, "-c", BUSY, str(part)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
        run.send_signal(signal.SIGINT)
        _, told = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 1
    assert "Aborted" in told
    assert not part.exists()


@pytest.mark.usefixtures("heeds_interrupts")
def test_an_interrupt_within_a_callback_comes_after_it() -> None:
    steps = []

    def work() -> None:
        with outputs.deferred_interrupts():
            signal.raise_signal(signal.SIGINT)
            steps.append("went on")

    with pytest.raises(KeyboardInterrupt):
        work()
    assert steps == ["went on"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
