"""What is published: the platform's wheel, the wheel for any machine, and the source distribution.

    python release/dist.py [--output dist] [--runtime native]

The platform's wheel (`dist/iquest_lsp-VERSION-py3-none-PLATFORM.whl`) holds the runtime with a library for each
generation of processors. On Linux auditwheel puts into it what it needs besides the C library, and names the oldest
system that it runs on: the one whose compiler built it, or an older one (manylinux_2_28 in the container of the
release workflow). With `--runtime native` it holds one library, for processors like this one, which is there at once
where this checkout was set up: to try an installation, not to publish.

The wheel for any machine (`dist/any/`) has no runtime. The source distribution lies in `dist/source/`, so that
`pip install dist/*.whl` means one file.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST_BYTES = 60_000_000
#: What a platform's wheel must hold, and a wheel for any machine must not.
RUNTIME = "iquest_lsp/_runtime/"
MODEL_SUFFIX = ".gguf"


class DistError(Exception):
    """A step failed, or what it made is not what is published."""


def main() -> int:
    """Builds all three and prints their names and sizes."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--output", type=Path, default=ROOT / "dist")
    parser.add_argument("--runtime", choices=("portable", "native"), default="portable")
    options = parser.parse_args()
    output: Path = options.output.resolve()
    try:
        made = [platform_wheel(output, options.runtime), any_wheel(output / "any"), source(output / "source")]
    except DistError as error:
        print(error, file=sys.stderr)
        return 1
    for path in made:
        print(f"{path.stat().st_size / 1e6:6.1f} MB  {os.path.relpath(path)}")
    return 0


def platform_wheel(output: Path, runtime: str = "portable") -> Path:
    """The wheel with the runtime inside, checked and named for the oldest system that it runs on."""
    with tempfile.TemporaryDirectory(prefix="iquest-dist-") as scratch:
        wheel = _hatchling("wheel", Path(scratch), runtime)
        if sys.platform == "linux":
            repaired = Path(scratch) / "repaired"
            _run([sys.executable, "-m", "auditwheel", "repair", "--only-plat", "-w", str(repaired), str(wheel)])
            wheel = _only(repaired, "*.whl")
        check(wheel, has_runtime=True)
        return _placed(wheel, output, "*.whl")


def any_wheel(output: Path) -> Path:
    """The wheel without a runtime."""
    with tempfile.TemporaryDirectory(prefix="iquest-dist-") as scratch:
        wheel = _hatchling("wheel", Path(scratch), "none")
        check(wheel, has_runtime=False)
        return _placed(wheel, output, "*.whl")


def source(output: Path) -> Path:
    """The source distribution."""
    with tempfile.TemporaryDirectory(prefix="iquest-dist-") as scratch:
        return _placed(_hatchling("sdist", Path(scratch), "none"), output, "*.tar.gz")


def check(wheel: Path, *, has_runtime: bool) -> None:
    """Raises DistError where a wheel lacks something, has what it must not have, or is too large."""
    if wheel.stat().st_size > MOST_BYTES:
        raise DistError(f"{wheel.name} has {wheel.stat().st_size / 1e6:.1f} MB, {MOST_BYTES / 1e6:.0f} are allowed")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    if not any(name.endswith(MODEL_SUFFIX) for name in names):
        raise DistError(f"{wheel.name} has no model")
    if any(name.startswith(RUNTIME) for name in names) != has_runtime:
        raise DistError(f"{wheel.name} {'lacks the' if has_runtime else 'has a'} runtime")
    if has_runtime and not any(name.startswith(f"{RUNTIME}LICENSE") for name in names):
        raise DistError(f"{wheel.name} lacks the licence of the runtime")


def _hatchling(target: str, folder: Path, runtime: str) -> Path:
    environment = {**os.environ, "IQUEST_LSP_RUNTIME": runtime}
    _run([sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(folder)], environment)
    return _only(folder, "*.whl" if target == "wheel" else "*.tar.gz")


def _run(command: list[str], environment: dict[str, str] | None = None) -> None:
    environment = dict(os.environ if environment is None else environment)
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", "")])
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise DistError(f"{' '.join(command[2:4])} failed\n{done.stdout[-2000:]}")


def _only(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise DistError(f"{folder} has {len(found)} files {pattern}, one is expected")
    return found[0]


def _placed(path: Path, output: Path, pattern: str) -> Path:
    """Puts a file into `output`, in the place of what an earlier build left there."""
    output.mkdir(parents=True, exist_ok=True)
    for old in output.glob(pattern):
        old.unlink()
    return Path(shutil.move(path, output / path.name))


if __name__ == "__main__":
    sys.exit(main())
