"""Metadata hook of the package's build: names the dependencies, the patched runtime among them by its built wheel.

pip would otherwise fetch and compile a stock llama-cpp-python that the patched one then replaces. With
IQUEST_LSP_RUNTIME=stock in the environment the plain requirement is written instead (for a wheel to publish; the
runtime is then set up by `iquest-lsp runtime build`).
"""

from __future__ import annotations

import importlib.util
import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.metadata.plugin.interface import MetadataHookInterface

HERE = Path(__file__).resolve().parent


class DependenciesHook(MetadataHookInterface):
    """Fills in `dependencies`."""

    def update(self, metadata: dict[str, Any]) -> None:
        root = Path(self.root)
        table = _read_table(root / "pyproject.toml")
        metadata["dependencies"] = [*table["plain"], _runtime(str(table["patched"]))]


def _runtime(requirement: str) -> str:
    if os.environ.get("IQUEST_LSP_RUNTIME") == "stock":
        return requirement
    wheel = _build_module().ensure_wheel(lambda line: print(line, file=sys.stderr, flush=True))  # noqa: T201
    name = requirement.partition("==")[0]
    return f"{name} @ {Path(wheel).resolve().as_uri()}"


def _build_module() -> ModuleType:
    # By its path: in an isolated build environment the package itself cannot be imported.
    spec = importlib.util.spec_from_file_location("iquest_port_build", HERE / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def _read_table(path: Path) -> dict[str, Any]:
    import tomllib

    table: dict[str, Any] = tomllib.loads(path.read_text("utf-8"))["tool"]["iquest"]["dependencies"]
    return table
