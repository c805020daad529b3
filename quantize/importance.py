"""Importance matrices: the mean square of each input of a matrix, over text; GGUF files as llama.cpp's tools have them.

Tensors NAME.in_sum2 (sums of squares) and NAME.counts (how many rows they are over); keys imatrix.datasets,
imatrix.chunk_count, imatrix.chunk_size. Source: tools/imatrix of llama.cpp.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

from iquest_lsp.atomic_file import put_in_place
from iquest_lsp.errors import ModelFileError
from iquest_lsp.runtime.models.gguf_header import read_header
from quantize import outputs


@dataclass(frozen=True)
class Importance:
    """Sums of squares [columns] and the number of rows behind them, for each matrix."""

    sums: Mapping[str, NDArray[np.float32]]
    counts: Mapping[str, float]
    datasets: tuple[str, ...]
    chunks: int
    chunk_size: int

    @classmethod
    def read(cls, path: Path) -> Importance:
        """Raises ModelFileError for a file that is none."""
        read_header(path)
        reader = gguf.GGUFReader(path)
        data = {str(tensor.name): np.array(tensor.data, np.float32) for tensor in reader.tensors}
        names = [name.removesuffix(".in_sum2") for name in data if name.endswith(".in_sum2")]
        keys = ("imatrix.datasets", "imatrix.chunk_count", "imatrix.chunk_size")
        if not names or any(key not in reader.fields for key in keys) or any(f"{n}.counts" not in data for n in names):
            raise ModelFileError(f"{path.name} is not an importance matrix", fix="Make one with `quantize imatrix`")
        if not all(np.isfinite(value).all() for value in data.values()):
            raise ModelFileError(f"{path.name} holds numbers that are not finite")
        fields = [reader.fields[key].contents() for key in keys]
        return cls(
            {name: data[f"{name}.in_sum2"].reshape(-1) for name in names},
            {name: float(data[f"{name}.counts"].reshape(-1)[0]) for name in names},
            tuple(fields[0]),
            int(fields[1]),
            int(fields[2]),
        )

    def write(self, path: Path) -> None:
        """Writes the file that `llama-quantize --imatrix` and `quantize quantize --imatrix` read."""
        part = path.with_name(path.name + ".part")
        with outputs.writing(path, part):
            self._write(part)
            put_in_place(part, path)

    def _write(self, path: Path) -> None:
        writer = gguf.GGUFWriter(path, "")
        writer.kv_data[0].pop("general.architecture", None)
        writer.add_type("imatrix")
        writer.add_array("imatrix.datasets", list(self.datasets))
        writer.add_uint32("imatrix.chunk_count", self.chunks)
        writer.add_uint32("imatrix.chunk_size", self.chunk_size)
        for name in sorted(self.sums):
            writer.add_tensor(f"{name}.in_sum2", self.sums[name].reshape(1, -1).astype(np.float32))
            writer.add_tensor(f"{name}.counts", np.array([[self.counts[name]]], np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()

    def means(self) -> dict[str, NDArray[np.float32]]:
        """What quantization takes: the mean square of each input; ones where a matrix was never used."""
        return {
            name: values / np.float32(self.counts[name]) if self.counts[name] > 0 else np.ones_like(values)
            for name, values in self.sums.items()
        }
