"""Looks at intermediate results of an evaluation: inputs of matrices by pass, outputs of layers by logical layer.

Through llama.cpp's callback for evaluation (ggml_backend_sched_eval_callback) and ggml's tensor structure
(ggml/include/ggml.h); the structure's size is compared with what the library says before anything is read.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.errors import RuntimeSetupError
from iquest_lsp.runtime.llama import model

_F32 = 0
#: sizeof(struct ggml_object), which ggml_tensor_overhead() counts with the tensor.
_OBJECT = 32


class _Tensor(ctypes.Structure):
    """struct ggml_tensor."""


_Tensor._fields_ = [
    ("type", ctypes.c_int),
    ("buffer", ctypes.c_void_p),
    ("ne", ctypes.c_int64 * 4),
    ("nb", ctypes.c_size_t * 4),
    ("op", ctypes.c_int),
    ("op_params", ctypes.c_int32 * 16),
    ("flags", ctypes.c_int32),
    ("src", ctypes.POINTER(_Tensor) * 10),
    ("view_src", ctypes.c_void_p),
    ("view_offs", ctypes.c_size_t),
    ("data", ctypes.c_void_p),
    ("name", ctypes.c_char * 64),
    ("extra", ctypes.c_void_p),
    ("padding", ctypes.c_char * 8),
]

#: Gets a matrix's name and its input rows [n, columns]; the array is only valid during the call.
Input = Callable[[str, NDArray[np.float32]], None]
#: Gets a result's name ("l_out-3") and its rows [n, columns].
Result = Callable[[str, NDArray[np.float32]], None]


class Observer:
    """A callback for a context's `observer`; errors within it are kept in `failure`, since C++ frames lie between."""

    def __init__(
        self,
        on_input: Input | None = None,
        on_result: Result | None = None,
        results: Callable[[str], bool] | None = None,
    ) -> None:
        """`results` says which named results `on_result` wants."""
        lib = model.bindings()
        self._product = _operation(lib, b"MUL_MAT")
        self._on_input, self._on_result, self._results = on_input, on_result, results
        self.failure: Exception | None = None
        self.callback = lib.ggml_backend_sched_eval_callback(self._called)

    def _called(self, address: int | None, ask: bool, _: Any) -> bool:
        try:
            if address is None or self.failure is not None:
                return not ask
            tensor = _Tensor.from_address(address)
            is_product = self._on_input is not None and tensor.op == self._product and bool(tensor.src[0])
            is_result = self._results is not None and self._results(tensor.name.decode("utf-8", "replace"))
            if ask:
                return (is_product and _is_weight(tensor)) or is_result
            if is_product and _is_weight(tensor) and self._on_input is not None:
                self._on_input(tensor.src[0].contents.name.decode("utf-8"), _rows(tensor.src[1].contents))
            if is_result and self._on_result is not None:
                self._on_result(tensor.name.decode("utf-8"), _rows(tensor).copy())
        except Exception as error:  # noqa: BLE001  it cannot cross the C++ frames; whoever evaluates raises it
            self.failure = error
        return True

    def check(self) -> None:
        """Raises what went wrong within the callback."""
        if self.failure is not None:
            raise self.failure


def _is_weight(tensor: _Tensor) -> bool:
    return (
        bool(tensor.src[1])
        and tensor.src[0].contents.name.endswith(b".weight")
        and (tensor.src[1].contents.type == _F32)
    )


def _rows(tensor: _Tensor) -> NDArray[np.float32]:
    """A contiguous F32 tensor in the host's memory, [rows, columns]."""
    columns = int(tensor.ne[0])
    rows = int(tensor.ne[1] * tensor.ne[2] * tensor.ne[3])
    if tensor.type != _F32 or tensor.nb[0] != 4 or (rows > 1 and tensor.nb[1] != 4 * columns) or not tensor.data:
        raise RuntimeSetupError("An intermediate result cannot be read", why="it is not plain F32 in memory")
    pointer = ctypes.cast(tensor.data, ctypes.POINTER(ctypes.c_float))
    return np.ctypeslib.as_array(pointer, (rows, columns))


@functools.cache
def _operation(lib: Any, name: bytes) -> int:
    """ggml's number of an operation, asked of the library: it changes between versions."""
    library = lib._lib
    library.ggml_tensor_overhead.restype = ctypes.c_size_t
    if library.ggml_tensor_overhead() != ctypes.sizeof(_Tensor) + _OBJECT:
        raise RuntimeSetupError(
            "Intermediate results of this llama.cpp cannot be read",
            why="its tensors are laid out differently",
            fix="Run `iquest-lsp runtime build`",
        )
    library.ggml_op_name.restype, library.ggml_op_name.argtypes = ctypes.c_char_p, [ctypes.c_int]
    for number in range(256):
        if library.ggml_op_name(number) == name:
            return number
    raise RuntimeSetupError(f"This llama.cpp has no operation {name.decode()}")
