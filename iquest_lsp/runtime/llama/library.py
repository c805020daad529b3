"""The llama_cpp library: imported on first use, its version, and what it complained about last.

llama.cpp's own log goes to the logger `iquest_lsp.llama`.
"""

from __future__ import annotations

import collections
import ctypes
import hashlib
import importlib
import logging
import threading
from pathlib import Path
from typing import Any

from iquest_lsp.errors import PortMissingError, RuntimeSetupError

#: ggml.h, enum ggml_log_level.
_LEVELS = {1: logging.DEBUG, 2: logging.INFO, 3: logging.WARNING, 4: logging.ERROR}
_complaints: collections.deque[str] = collections.deque(maxlen=20)
_setup_lock = threading.Lock()
_state: dict[str, Any] = {}
#: Exported functions by name: what they return, and their arguments, as ctypes types.
Prototypes = dict[str, tuple[Any, list[Any]]]


def bindings() -> Any:
    """llama_cpp's low-level module, imported and initialised once. Raises RuntimeSetupError where it is missing."""
    with _setup_lock:
        if "module" not in _state:
            try:
                package = importlib.import_module("llama_cpp")
                module = importlib.import_module("llama_cpp.llama_cpp")
            except (ImportError, OSError, RuntimeError) as error:
                raise RuntimeSetupError(
                    "The llama.cpp runtime cannot be loaded", why=str(error), fix="Run `iquest-lsp runtime build`"
                ) from error
            logging.getLogger("iquest_lsp.llama").addHandler(logging.NullHandler())  # silent unless logging is set up
            callback = module.llama_log_callback(_log)
            module.llama_log_set(callback, ctypes.c_void_p(0))
            module.llama_backend_init()
            _state.update(module=module, package=package, log=callback)  # the callback must outlive the library
        return _state["module"]


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


def port_version() -> str | None:
    """The version of the installed llama_cpp if it carries the port (0.3.36+loop.N), else None."""
    bindings()
    version = str(getattr(_state["package"], "__version__", ""))
    return version if "+loop." in version else None


def build_identity() -> str:
    """The installed library's version, and size and date of its files: another build gives another text."""
    version = port_version() or str(getattr(_state["package"], "__version__", ""))
    folder = Path(str(_state["package"].__file__)).parent / "lib"
    parts = [version]
    for path in sorted(folder.glob("*")):
        if path.is_file():
            status = path.stat()
            parts.append(f"{path.name} {status.st_size} {status.st_mtime_ns}")
    return f"{version} {hashlib.sha256(chr(10).join(parts).encode()).hexdigest()[:16]}"


def is_ported() -> bool:
    """Whether the installed llama_cpp can run Loop models."""
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
