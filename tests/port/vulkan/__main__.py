"""The port's tests on a Vulkan device: `make test-vulkan`.

    python -m tests.port.vulkan [PYTEST ARGUMENTS]

Mesa's lavapipe is such a device without a GPU: a processor computes what a GPU would. The environment's
GGML_VK_VISIBLE_DEVICES names another one by its number. The runtime is built with Vulkan and kept in the user's cache
by its inputs, as any other; the tests run in a copy of this tree that has it, with all layers of their models on the
device. Products are computed in F32 there, so that they can be compared with the oracle; only keys are rounded to half
precision before (tests/port/agreement.py).
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from iquest_lsp.runtime.port import build
from tests.port.copied_tree import copied_tree

HERE = Path(__file__).parent
#: Where Mesa's packages put the description of lavapipe.
DRIVERS = Path("/usr/share/vulkan/icd.d")
NEEDED = "apt-get install libvulkan-dev glslc spirv-headers mesa-vulkan-drivers"
#: What is run unless arguments say otherwise: all of tests/port takes hours on a device in software.
USUAL = ("tests/port/test_gpu.py", "tests/port/test_passes.py", "tests/port/test_agreement.py")


def missing() -> list[str]:
    """What the build or the device lacks here."""
    parts = {
        "glslc": shutil.which("glslc") is not None,
        "Vulkan's headers": Path("/usr/include/vulkan/vulkan.hpp").is_file() or "VULKAN_SDK" in os.environ,
        "SPIR-V's headers": Path("/usr/include/spirv/unified1/spirv.hpp").is_file() or "VULKAN_SDK" in os.environ,
        "a device": "GGML_VK_VISIBLE_DEVICES" in os.environ or bool(_lavapipe()),
    }
    return [name for name, is_there in parts.items() if not is_there]


def _lavapipe() -> list[Path]:
    return sorted(DRIVERS.glob("lvp_icd*.json"))


def cmake_args() -> str:
    """What the runtime is built with: shaders that are not optimized, which takes a third of the time."""
    args = [
        "-DGGML_VULKAN=on",
        f"-DVulkan_GLSLC_EXECUTABLE={HERE / 'glslc'}",
    ]
    return shlex.join(args)


def main() -> int:
    if lacking := missing():
        print(f"make test-vulkan needs {', '.join(lacking)} (Debian: {NEEDED})", file=sys.stderr)
        return 2
    os.environ["CMAKE_ARGS"] = cmake_args()
    runtime = build.ensure_runtime("native", lambda line: print(line, file=sys.stderr, flush=True))
    with tempfile.TemporaryDirectory(prefix="iquest-vulkan-") as scratch:
        tree = copied_tree(Path(scratch), runtime)
        environment = dict(os.environ) | {
            "PYTHONPATH": str(tree),
            "IQUEST_TESTS_ON_GPU": "1",
            "GGML_VK_DISABLE_F16": "1",
            "LP_NUM_THREADS": "1",  # its threads wait for each other more than they compute for tiny models
        }
        if "GGML_VK_VISIBLE_DEVICES" not in os.environ:
            drivers = os.pathsep.join(map(str, _lavapipe()))
            environment |= {"VK_DRIVER_FILES": drivers, "VK_ICD_FILENAMES": drivers, "GGML_VK_VISIBLE_DEVICES": "0"}
        command = [sys.executable, "-m", "pytest", "-n", "2", *(sys.argv[1:] or USUAL)]
        return subprocess.run(command, cwd=tree, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
