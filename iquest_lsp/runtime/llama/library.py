"""The llama.cpp runtime: imported on first use, its version, and what it complained about last.

It is the private package `iquest_lsp._runtime`; where an installation has none, the environment's llama_cpp, with which
all models but those of the port run. A private package that is broken is an error. llama.cpp's own log goes to the
logger `iquest_lsp.llama`.
"""

from __future__ import annotations

import collections
import ctypes
import hashlib
import importlib
import importlib.util
import logging
import os
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iquest_lsp.errors import PortMissingError, RuntimeSetupError

#: ggml.h, enum ggml_log_level.
_LEVELS = {1: logging.DEBUG, 2: logging.INFO, 3: logging.WARNING, 4: logging.ERROR}
_PRIVATE = "iquest_lsp._runtime"
_ENVIRONMENT = "llama_cpp"
_complaints: collections.deque[str] = collections.deque(maxlen=20)
_setup_lock = threading.Lock()
_state: dict[str, Any] = {}
#: Exported functions by name: what they return, and their arguments, as ctypes types.
Prototypes = dict[str, tuple[Any, list[Any]]]


def bindings() -> Any:
    """The low-level bindings, imported and initialised once. Raises RuntimeSetupError where they are missing."""
    with _setup_lock:
        if "module" not in _state:
            name = _package_name()
            try:
                package = importlib.import_module(name)
                module = importlib.import_module(f"{name}.llama_cpp")
            except (ImportError, OSError, RuntimeError) as error:
                raise RuntimeSetupError(
                    "The llama.cpp runtime cannot be loaded", why=str(error), fix="Run `iquest-lsp runtime build`"
                ) from error
            logging.getLogger("iquest_lsp.llama").addHandler(logging.NullHandler())  # silent unless logging is set up
            callback = module.llama_log_callback(_log)
            module.llama_log_set(callback, ctypes.c_void_p(0))
            if name == _PRIVATE:
                _load_backends(module._lib, _libraries(package))
            module.llama_backend_init()
            _state.update(module=module, package=package, log=callback)  # the callback must outlive the library
        return _state["module"]


def _package_name() -> str:
    """The private package where there is one, broken or not; else the environment's."""
    return _PRIVATE if importlib.util.find_spec(_PRIVATE) is not None else _ENVIRONMENT


def _libraries(package: Any) -> Path:
    """The folder of a package's shared libraries."""
    return Path(str(package.__file__)).parent / "lib"


def _load_backends(library: Any, folder: Path) -> None:
    """Loads the backends that lie in `folder`, of those for this kind of processor the best one.

    llama.cpp would otherwise look into the current folder, which is the user's project. Raises RuntimeSetupError where
    none fits.
    """
    load = library.ggml_backend_load_all_from_path
    load.restype, load.argtypes = None, [ctypes.c_char_p]
    count = library.ggml_backend_reg_count
    count.restype, count.argtypes = ctypes.c_size_t, []
    load(os.fsencode(folder))
    if not count():
        raise RuntimeSetupError(
            "The llama.cpp runtime cannot be loaded",
            why=f"no library in {folder} is for this processor",
            fix="Run `iquest-lsp runtime build`",
        )


def declared(prototypes: Prototypes, purpose: str) -> Any:
    """The shared library with these functions of the port declared.

    Raises PortMissingError where it has none, saying that it cannot do what `purpose` says.
    """
    library = bindings()._lib
    for name, (result, arguments) in prototypes.items():
        function = getattr(library, name, None)
        if function is None:
            raise PortMissingError(
                f"The installed llama.cpp cannot {purpose}",
                why=f"it has no {name}",
                fix="Run `iquest-lsp runtime build`",
            )
        function.restype, function.argtypes = result, arguments
    return library


def address(handle: Any) -> ctypes.c_void_p:
    """A model's or context's handle as the exported functions take it."""
    return ctypes.c_void_p(int(getattr(handle, "value", handle)))


#: ggml-backend.h, enum ggml_backend_dev_type: a GPU with memory of its own, and one with the system's.
_GPU, _INTEGRATED_GPU = 1, 2
#: What processors call themselves that pose as GPUs. llama.cpp takes one for a GPU with memory of its own where its
#: environment names it (GGML_VK_VISIBLE_DEVICES), and leaves it out otherwise.
_SOFTWARE = ("llvmpipe", "swiftshader", "basic render driver")


@dataclass(frozen=True, slots=True)
class Gpu:
    """A GPU that llama.cpp would use, and what of its memory is free.

    `is_apart` is true of one with memory of its own: not of one that shares the system's, nor of a processor that poses
    as a GPU.
    """

    name: str
    free: int
    is_apart: bool = True


class _Device(ctypes.Structure):
    """ggml-backend.h, struct ggml_backend_dev_props."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("description", ctypes.c_char_p),
        ("free", ctypes.c_size_t),
        ("total", ctypes.c_size_t),
        ("type", ctypes.c_int),
        ("id", ctypes.c_char_p),
        ("capabilities", ctypes.c_bool * 16),  # more than there are
    )


def list_gpus() -> list[Gpu]:
    """The GPUs that llama.cpp found, in its order, by which settings number them.

    Of one that two backends found the first counts, and those that share the system's memory are used where there are
    no others (llama.cpp, llama_prepare_model_devices).
    """
    library = bindings()._lib
    for name, result, arguments in (
        ("count", ctypes.c_size_t, []),
        ("get", ctypes.c_void_p, [ctypes.c_size_t]),
        ("get_props", None, [ctypes.c_void_p, ctypes.POINTER(_Device)]),
        ("backend_reg", ctypes.c_void_p, [ctypes.c_void_p]),
    ):
        function = getattr(library, f"ggml_backend_dev_{name}")
        function.restype, function.argtypes = result, arguments
    apart: list[Gpu] = []
    integrated: list[Gpu] = []
    seen: set[bytes] = set()
    backend: int | None = None
    for number in range(library.ggml_backend_dev_count()):
        handle, device = library.ggml_backend_dev_get(number), _Device()
        library.ggml_backend_dev_get_props(handle, ctypes.pointer(device))
        told = (device.description or device.name or b"").decode("utf-8", "replace")
        if device.type == _GPU and device.id not in seen:
            is_software = any(name in told.lower() for name in _SOFTWARE)
            apart.append(Gpu(told, device.free, is_apart=not is_software))
            seen |= {device.id} if device.id else set()
        elif device.type == _INTEGRATED_GPU and backend in (None, library.ggml_backend_dev_backend_reg(handle)):
            backend = library.ggml_backend_dev_backend_reg(handle)
            integrated.append(Gpu(told, device.free, is_apart=False))
    return apart or integrated


def system_memory() -> int:
    """The address of ggml's type of buffers in system memory."""
    library = bindings()._lib
    library.ggml_backend_cpu_buffer_type.restype, library.ggml_backend_cpu_buffer_type.argtypes = ctypes.c_void_p, []
    return int(library.ggml_backend_cpu_buffer_type())


def port_version() -> str | None:
    """The version of the runtime if it carries the port (0.3.36+loop.N), else None."""
    bindings()
    version = str(getattr(_state["package"], "__version__", ""))
    return version if "+loop." in version else None


def build_identity() -> str:
    """The runtime's version, size and date of its files, and the instructions it uses: another build, or another
    processor, gives another text."""
    module = bindings()
    version = port_version() or str(getattr(_state["package"], "__version__", ""))
    parts = [version, module.llama_print_system_info().decode("utf-8", "replace")]
    for path in sorted(_libraries(_state["package"]).glob("*")):
        if path.is_file():
            status = path.stat()
            parts.append(f"{path.name} {status.st_size} {status.st_mtime_ns}")
    return f"{version} {hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:16]}"


def cpu_library() -> str:
    """The file whose code this processor runs: of the runtime's libraries for processors the best one, by its own
    judgement, as llama.cpp chooses (ggml-backend-reg.cpp, ggml_backend_load_best). "unknown" where there is none."""
    bindings()
    best, name = 0, "unknown"
    for path in sorted(_libraries(_state["package"]).glob("*ggml-cpu*")):
        judge = getattr(ctypes.CDLL(str(path)), "ggml_backend_score", None)
        score = 1 if judge is None else int(judge())
        if score > best:
            best, name = score, path.name
    return name


def is_ported() -> bool:
    """Whether the runtime can run Loop models."""
    return port_version() is not None


def forget_complaints() -> None:
    """Called before a call whose failure is to be explained by `complaint`."""
    _complaints.clear()


def _log(level: int, text: bytes, _: Any) -> None:
    line = text.decode("utf-8", "replace").rstrip()
    if not line or line.strip(".") == "":
        return
    if level in (3, 4):
        _complaints.append(line)
    logging.getLogger("iquest_lsp.llama").log(_LEVELS.get(level, logging.DEBUG), "%s", line)


def complaint() -> str:
    """The first error that llama.cpp logged since `forget_complaints`, else its first warning, else nothing."""
    lines = [line.partition(": ")[2] or line for line in _complaints]
    wanted = [line for line in lines if "error" in line.lower() or "fail" in line.lower()]
    return (wanted or lines or [""])[0]
