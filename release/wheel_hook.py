"""Build hook of the package's wheel: puts the runtime inside, and names the platform that it is for.

IQUEST_LSP_RUNTIME says which: `native` (for this processor; what `pip install .` does without it), `portable` (for
others too; what `make dist` publishes), or `none` (a wheel for any machine, without completions of its own). An
editable installation gets the native one into the checkout.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class RuntimeHook(BuildHookInterface):
    """Builds the runtime before the wheel is written."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Adds the runtime's folder to the wheel; `version` is "standard" or "editable"."""
        kind = os.environ.get("IQUEST_LSP_RUNTIME") or "native"
        if kind == "none":
            return
        build = build_module(Path(self.root))
        if version == "editable":
            build.install(_report)
            return
        build_data["force_include"][str(build.ensure_runtime(kind, _report))] = "iquest_lsp/_runtime"
        build_data["pure_python"] = False
        build_data["tag"] = "py3-none-" + sysconfig.get_platform().replace("-", "_").replace(".", "_")


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def build_module(root: Path) -> ModuleType:
    """build.py of the checkout in `root`."""
    # By its path: in an isolated build environment the package itself cannot be imported.
    path = root / "iquest_lsp" / "runtime" / "port" / "build.py"
    spec = importlib.util.spec_from_file_location("iquest_port_build", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module
