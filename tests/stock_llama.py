"""A stock llama_cpp for tests: the whole bindings of the pinned distribution, under their usual name.

They stand for another tool's llama-cpp-python in the same environment. They load copies of our libraries that know each
other by other names, since a stock build would take minutes; with those the port's models run too.
"""

from __future__ import annotations

import tarfile
from pathlib import Path

from iquest_lsp.runtime.port import build

#: In the place of "iquest-", and of the same length.
OTHER = "stock0-"


def stock_environment(folder: Path) -> dict[str, str]:
    """Lays the bindings out in `folder`; returns the environment in which `import llama_cpp` finds them.

    The process must run in `folder / "lib"`, where llama.cpp looks for its backends.
    """
    archive = build.cache_folder() / build.SDIST
    with tarfile.open(archive) as packed:
        for member in packed:
            inner = member.name.partition("/")[2]
            if member.isfile() and inner.startswith("llama_cpp/"):
                target = folder / inner
                target.parent.mkdir(parents=True, exist_ok=True)
                content = packed.extractfile(member)
                assert content is not None
                target.write_bytes(content.read())
            elif inner.startswith("vendor/"):
                break  # what follows is llama.cpp
    libraries = folder / "lib"
    libraries.mkdir()
    for path in (build.PRIVATE / "lib").iterdir():
        copy = libraries / path.name.replace("iquest-", OTHER)
        copy.write_bytes(path.read_bytes().replace(b"libiquest-", f"lib{OTHER}".encode()))
        if OTHER in copy.name:
            (libraries / copy.name.replace(OTHER, "")).symlink_to(copy.name)
    return {"PYTHONPATH": str(folder), "LLAMA_CPP_LIB_PATH": str(libraries)}
