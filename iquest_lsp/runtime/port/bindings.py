"""The private package that holds the runtime: the pinned distribution's low-level bindings, and the libraries.

The bindings are taken in when the runtime is built and stay under their own licence, which lies beside them. They are
changed in three things: they import each other by relative names, they load the library by the name that it has here,
and they need no third-party package. Standard library only, as build.py.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

#: What is known of a built runtime: version, key, kind.
FACTS = "built.json"
LIBRARIES = "lib"

_IMPORT = ("from llama_cpp._ctypes_extensions import", "from ._ctypes_extensions import")
#: For each file of the bindings what is written instead of what.
_CHANGES: dict[str, tuple[tuple[str, str], ...]] = {
    "llama_cpp.py": (
        _IMPORT,
        ('_lib_base_name = "llama"', '_lib_base_name = "iquest-llama"'),
        ('os.environ.get("LLAMA_CPP_LIB_PATH")', "None"),
    ),
    "_ctypes_extensions.py": (("from typing_extensions import TypeAlias", "from typing import TypeAlias"),),
}
_LICENCES = {"LICENSE.md": "LICENSE.llama-cpp-python", "vendor/llama.cpp/LICENSE": "LICENSE.llama.cpp"}
_SUFFIXES = (".so", ".dylib", ".dll")
_PACKAGE = '''"""llama.cpp with the Loop port, and the low-level bindings of llama-cpp-python {pinned} to it."""

__version__ = "{version}"
'''


class BindingsError(Exception):
    """The distribution's bindings, or what was built, are not what is expected."""


def write_package(tree: Path, built: Path, target: Path, facts: dict[str, Any]) -> None:
    """Puts bindings, licences, libraries and facts into the folder `target`.

    `tree` is the patched distribution, `built` the folder below which the libraries were built; `facts` has at least
    the `version` and the `pinned` one that it is made from. Raises BindingsError.
    """
    libraries = target / LIBRARIES
    libraries.mkdir(parents=True)
    for path in sorted(built.rglob("*")):
        if (
            path.suffix in _SUFFIXES
            and path.is_file()
            and path.name.removeprefix("lib").startswith(("iquest-", "ggml"))
        ):
            shutil.copy2(path, libraries / path.name)
    names = sorted(path.name for path in libraries.iterdir())
    for part in ("iquest-llama", "iquest-ggml.", "iquest-ggml-base", "ggml-cpu"):
        if not any(part in name for name in names):
            raise BindingsError(f"The build made no library {part.rstrip('.')}")
    for name, changes in _CHANGES.items():
        text = (tree / "llama_cpp" / name).read_text("utf-8")
        for old, new in changes:
            if old not in text:
                raise BindingsError(f"{name} has no line {old!r}")
            text = text.replace(old, new)
        (target / name).write_text(text, "utf-8")
    for source, name in _LICENCES.items():
        shutil.copyfile(tree / source, target / name)
    (target / "__init__.py").write_text(_PACKAGE.format(**facts), "utf-8")
    (target / FACTS).write_text(json.dumps(facts | {"libraries": names}, indent=2) + "\n", "utf-8")


def read_facts(folder: Path) -> dict[str, Any] | None:
    """What is known of the runtime in `folder`; None without one, or where a library of it is missing."""
    try:
        facts: dict[str, Any] = json.loads((folder / FACTS).read_text("utf-8"))
        whole = all((folder / LIBRARIES / str(name)).is_file() for name in facts["libraries"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return facts if whole else None
