"""The GGUF header reader: what it reads, and that no damage gets past it as anything but a clear error."""

from __future__ import annotations

import contextlib
from pathlib import Path

import gguf
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iquest_lsp.errors import ModelFileError
from iquest_lsp.runtime.models.gguf_header import Header, check_language_model, read_header


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gguf") / "small.gguf"
    writer = gguf.GGUFWriter(path, "iquestloopcoder")
    writer.add_name("Small")
    writer.add_uint32("iquestloopcoder.loop.num", 3)
    writer.add_float32("iquestloopcoder.attention.max_alibi_bias", 8.0)
    writer.add_array("tokenizer.ggml.tokens", ["a", "b", "c"])
    writer.add_array("tokenizer.ggml.token_type", [1, 1, 3])
    writer.add_tensor("token_embd.weight", np.ones((3, 64), np.float32))
    writer.add_tensor("blk.0.attn_q.weight", np.ones((64, 64), np.float16))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def test_a_sound_file_is_read(sound: Path) -> None:
    header = read_header(sound)
    assert header.architecture == "iquestloopcoder"
    assert header.name == "Small"
    assert header.passes == 3
    assert header.needs_port
    assert header.parameters == 3 * 64 + 64 * 64
    assert {tensor.name: tensor.size for tensor in header.tensors} == {
        "token_embd.weight": 3 * 64 * 4,
        "blk.0.attn_q.weight": 64 * 64 * 2,
    }


def test_every_truncation_is_noticed(sound: Path, tmp_path: Path) -> None:
    data = sound.read_bytes()
    cut = tmp_path / "cut.gguf"
    end = max(t.offset + (t.size or 0) for t in read_header(sound).tensors) + read_header(sound).data_start
    for length in [*range(0, 200, 7), *range(200, end, 997), end - 1]:
        cut.write_bytes(data[:length])
        with pytest.raises(ModelFileError, match=r"cut off|does not begin"):
            read_header(cut)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.integers(0, 400), value=st.integers(0, 255))
@pytest.mark.slow
def test_a_damaged_byte_is_an_error_or_another_value_never_a_crash(
    sound: Path, tmp_path: Path, place: int, value: int
) -> None:
    data = bytearray(sound.read_bytes())
    data[place % len(data)] = value
    damaged = tmp_path / "damaged.gguf"
    damaged.write_bytes(data)
    with contextlib.suppress(ModelFileError):
        read_header(damaged)


def test_missing_and_foreign_files_say_so(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="There is no model file"):
        read_header(tmp_path / "absent.gguf")
    other = tmp_path / "page.gguf"
    other.write_text("<html>not found</html>")
    with pytest.raises(ModelFileError, match="does not begin with GGUF"):
        read_header(other)
    with pytest.raises(ModelFileError, match="cannot be read"):
        read_header(tmp_path)


@pytest.mark.parametrize(("key", "value"), [("block_count", "many"), ("attention.head_count", True), ("loop.num", -2)])
def test_a_shape_that_is_told_in_no_number(tmp_path: Path, key: str, value: str | bool | int) -> None:
    path = tmp_path / "m.gguf"
    writer = gguf.GGUFWriter(path, "iquestloopcoder")
    full = f"iquestloopcoder.{key}"
    kinds = {str: writer.add_string, bool: writer.add_bool, int: writer.add_int32}
    kinds[type(value)](full, value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    with pytest.raises(ModelFileError, match=f"its key {full} is {value!r}"):
        read_header(path)
    assert read_header(path, any_values=True).metadata[full] == value


def test_what_is_no_language_model() -> None:
    for metadata, why in (
        ({"general.type": "imatrix"}, "kind 'imatrix'"),
        ({"split.count": 2}, "one of 2 parts"),
        ({"general.architecture": "clip"}, "kind 'clip'"),
        ({}, "no token_embd"),
    ):
        with pytest.raises(ModelFileError, match=why):
            check_language_model(Header(Path("m.gguf"), metadata, (), 0, 0))


def test_a_tensor_of_nothing(tmp_path: Path) -> None:
    path = tmp_path / "m.gguf"
    writer = gguf.GGUFWriter(path, "iquestloopcoder")
    writer.add_tensor_info("blk.0.attn_q.weight", (0, 64), np.dtype(np.float32), 0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    writer.close()
    with pytest.raises(ModelFileError, match=r"attn_q.* has the shape \[64, 0\]"):
        read_header(path)
