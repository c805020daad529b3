"""Bad model files behind the real server: one clear message, a living server, and another try when the file changes."""

from __future__ import annotations

import shutil
from pathlib import Path

import gguf
import numpy as np
import pytest

from iquest_lsp.runtime.models.catalogue import embedded_path
from tests.e2e.editor import connected
from tests.waiting import PATIENT_MS

OPTIONS = {"deadlineMs": PATIENT_MS}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "shapes.py").write_text("def area(width, height):\n    return width * height\n\n\nclass area(")
    return folder


def truncated(path: Path) -> Path:
    data = embedded_path().read_bytes()
    path.write_bytes(data[: len(data) // 2])
    return path


def aborting(path: Path) -> Path:
    """A file whose metadata is absurd in a way that makes llama.cpp abort: more experts used than there are."""
    writer = gguf.GGUFWriter(path, "llama")
    numbers = {
        "context_length": 512,
        "embedding_length": 64,
        "block_count": 1,
        "feed_forward_length": 96,
        "attention.head_count": 4,
        "expert_count": 4,
        "expert_used_count": 9,
        "vocab_size": 256,
    }
    for key, value in numbers.items():
        writer.add_uint32(f"llama.{key}", value)
    writer.add_float32("llama.attention.layer_norm_rms_epsilon", 1e-5)
    writer.add_tokenizer_model("no_vocab")
    writer.add_tensor("token_embd.weight", np.zeros((256, 64), np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


@pytest.mark.parametrize(
    ("make", "says"),
    [(truncated, "it is cut off"), (aborting, "the runtime stopped while reading it")],
    ids=["truncated", "aborting"],
)
async def test_a_bad_file_is_told_once_and_a_good_one_in_its_place_is_taken(
    root: Path, tmp_path: Path, make: object, says: str
) -> None:
    model = tmp_path / "model.gguf"
    make(model)  # type: ignore[operator]
    async with connected(root, "--model", str(model), options=OPTIONS) as editor:
        uri = editor.open(root / "shapes.py")
        for _ in range(3):
            assert await editor.inline(uri, 4, 11) == []
        told = [message.message for message in editor.messages]
        assert len([text for text in told if says in text]) == 1, told
        assert not any("Traceback" in text for text in told)
        shutil.copy(embedded_path(), model)
        await editor.inline(uri, 4, 11)
        await editor.wait_until_ready()
        assert editor.statuses[-1]["model"]


async def test_a_missing_file_is_told(root: Path, tmp_path: Path) -> None:
    async with connected(root, "--model", str(tmp_path / "absent.gguf"), options=OPTIONS) as editor:
        uri = editor.open(root / "shapes.py")
        assert await editor.inline(uri, 4, 11) == []
        assert any("There is no model" in message.message for message in editor.messages)
