"""Builds the patched llama-cpp-python: pinned sdist, our model file and patch, one wheel, cached by its inputs.

Runs from a bare checkout (`python iquest_lsp/runtime/port/build.py --wheel`), from the package's build hook and from
`iquest-lsp runtime build`, so it needs the standard library only; pip does the fetching and the building. CMAKE_ARGS
is passed through: CMAKE_ARGS="-DGGML_CUDA=on" builds for CUDA.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

VERSION = "0.3.36"
SDIST = f"llama_cpp_python-{VERSION}.tar.gz"
SDIST_SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
#: Raised with every change of what the built library does; part of the version that the wheel carries.
PATCH_LEVEL = 6

HERE = Path(__file__).resolve().parent
PATCH = HERE / "port.patch"
SOURCES = "vendor/llama.cpp/src"
#: Where files of the port go that do not lie among llama.cpp's own sources.
PLACES = {
    "iquestloopcoder.cpp": "vendor/llama.cpp/src/models",
    "ggml-flash-attn-alibi.h": "vendor/llama.cpp/ggml/include",
    "flash-attn-alibi.cpp": "vendor/llama.cpp/ggml/src/ggml-cpu",
    "mul-mat-q8.cpp": "vendor/llama.cpp/ggml/src/ggml-cpu",
    "mul-mat-q8.h": "vendor/llama.cpp/ggml/src/ggml-cpu",
}
#: Parts of the distribution that the library is not built from; left packed.
UNUSED = ("app", "benches", "common", "docs", "examples", "gguf-py", "media", "models", "tests", "tools")
#: What the port never needs; a user's CMAKE_ARGS come after these and win.
CMAKE_DEFAULTS = ("-DLLAVA_BUILD=OFF", "-DLLAMA_OPENSSL=OFF", "-DGGML_BUILD_COMMIT=port", "-DLLAMA_BUILD_COMMIT=port")
#: Headers, CMake files and a second copy of the libraries that an installation for Python has no use for.
WHEEL_EXCLUDE = ("include/**", "lib/**", "bin/**")

Progress = Callable[[str], None]


class BuildError(Exception):
    """Fetching, patching or compiling failed; the text says what and what to do."""


def ensure_wheel(progress: Progress = lambda line: None) -> Path:
    """Returns the wheel for this machine, building it when the cache has none. Raises BuildError."""
    found = cached_wheel()
    if found is not None:
        progress(f"The runtime is built already: {found.name}")
        return found
    root = cache_folder()
    root.mkdir(parents=True, exist_ok=True)
    with _lock(root / "build.lock", progress):
        found = cached_wheel()  # another process may have built it meanwhile
        if found is not None:
            return found
        started = time.monotonic()
        inputs = key()
        with tempfile.TemporaryDirectory(prefix=".build-", dir=root) as scratch:
            tree = _patched_tree(_sdist(root, progress), Path(scratch), progress)
            done = Path(scratch) / "wheel"
            _compile(tree, done, progress)
            if key() != inputs:
                raise BuildError("The port's files changed while they were compiled; run it again")
            target = root / inputs
            shutil.rmtree(target, ignore_errors=True)
            done.replace(target)
        progress(f"Built in {time.monotonic() - started:.0f} s")
    found = cached_wheel()
    if found is None:
        raise BuildError("The build ended without a wheel; run it again with CMAKE_ARGS unset")
    return found


def cached_wheel() -> Path | None:
    """The wheel for this machine if the cache has it."""
    wheels = sorted((cache_folder() / key()).glob("*.whl"))
    return wheels[0] if wheels else None


def describe() -> dict[str, Any]:
    """Facts about the pinned version, the port and the cache."""
    wheel = cached_wheel()
    return {
        "version": VERSION,
        "patch_level": PATCH_LEVEL,
        "local_version": local_version(),
        "key": key(),
        "cached": wheel is not None,
        "wheel": None if wheel is None else str(wheel),
        "cmake_args": os.environ.get("CMAKE_ARGS", ""),
    }


def install(python: Path | str, progress: Progress = lambda line: None) -> Path:
    """Installs the wheel for this machine into the environment of `python`, over whatever is there."""
    wheel = ensure_wheel(progress)
    command = [str(python), "-m", "pip", "install", "--quiet", "--no-deps", "--force-reinstall", str(wheel)]
    _run(command, "pip could not install the built wheel")
    return wheel


def local_version() -> str:
    """The version the patched distribution carries: satisfies ==0.3.36 and names the port."""
    return f"{VERSION}+loop.{PATCH_LEVEL}"


def cache_folder() -> Path:
    """Where wheels and the source distribution are kept; shared by all checkouts of one user."""
    try:
        from platformdirs import user_cache_dir
    except ImportError:
        if sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return base / "iquest-lsp" / "runtime"
    return Path(user_cache_dir("iquest-lsp")) / "runtime"


def key() -> str:
    """Hash of everything the wheel depends on.

    The CPU is among it: the library is compiled for the instructions of the machine it was built on.
    """
    digest = hashlib.sha256()
    facts = [SDIST_SHA256, os.environ.get("CMAKE_ARGS", ""), _compiler(), _cpu(), sys.platform]
    facts += [
        platform.machine(),
        *platform.libc_ver(),
        sys.implementation.cache_tag or "",
        str(PATCH_LEVEL),
        *CMAKE_DEFAULTS,
        *WHEEL_EXCLUDE,
    ]
    for fact in facts:
        digest.update(fact.encode() + b"\0")
    for path in sorted([PATCH, *HERE.glob("*.cpp"), *HERE.glob("*.h")]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:20]


# ------------------------------------------------------------------------------------------------ steps


def _sdist(root: Path, progress: Progress) -> Path:
    path = root / SDIST
    if path.is_file() and _sha256(path) == SDIST_SHA256:
        return path
    progress(f"Fetching {SDIST}")
    with tempfile.TemporaryDirectory(prefix=".sdist-", dir=root) as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
        if importlib.util.find_spec("scikit_build_core") is not None:
            command.append("--no-build-isolation")  # else pip sets up a build environment only to read the name
        _run([*command, "--dest", scratch, f"llama-cpp-python=={VERSION}"], f"pip could not fetch {SDIST}")
        fetched = Path(scratch) / SDIST
        if not fetched.is_file():
            raise BuildError(f"pip fetched no {SDIST}")
        found = _sha256(fetched)
        if found != SDIST_SHA256:
            raise BuildError(f"{SDIST} has SHA-256 {found}, expected {SDIST_SHA256}; it is not used")
        fetched.replace(path)
    return path


def _patched_tree(sdist: Path, scratch: Path, progress: Progress) -> Path:
    progress("Unpacking and patching")
    skip = tuple(f"vendor/llama.cpp/{name}/" for name in UNUSED)
    safely: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # Python before 3.11.4
    with tarfile.open(sdist) as archive:
        for member in archive:
            inner = member.name.partition("/")[2]
            if member.isfile() and not inner.startswith(skip) and not inner.startswith(".git"):
                archive.extract(member, scratch, **safely)
    tree = scratch / f"llama_cpp_python-{VERSION}"
    apply_port(tree)
    return tree


def apply_port(tree: Path) -> None:
    """Turns an unpacked llama-cpp-python of the pinned version into the patched one. Raises BuildError."""
    patching = _sibling("patching")
    init = tree / "llama_cpp" / "__init__.py"
    text = init.read_text("utf-8") if init.is_file() else ""
    pinned = f'__version__ = "{VERSION}"'
    if pinned not in text:
        found = re.search(r'__version__ = "([^"]*)"', text)
        seen = found[1] if found else "no version"
        raise BuildError(f"The port is made for llama-cpp-python {VERSION}, this source has {seen}")
    try:
        patching.apply_patch(PATCH.read_text("utf-8"), tree)
    except patching.PatchError as error:
        raise BuildError(f"{PATCH.name} does not apply to llama-cpp-python {VERSION}: {error}") from error
    for path in sorted([*HERE.glob("*.cpp"), *HERE.glob("*.h")]):
        shutil.copyfile(path, tree / PLACES.get(path.name, SOURCES) / path.name)
    init.write_text(text.replace(pinned, f'__version__ = "{local_version()}"'), "utf-8")


def _compile(tree: Path, target: Path, progress: Progress) -> None:
    progress("Compiling llama.cpp with the Loop port (some minutes)")
    command = [sys.executable, "-m", "pip", "wheel", "--verbose", "--no-deps", "--wheel-dir", str(target)]
    if all(importlib.util.find_spec(name) is not None for name in ("scikit_build_core", "ninja")):
        command.append("--no-build-isolation")
    command.append("--config-settings=build.targets=llama")
    command.append(f"--config-settings=wheel.exclude={';'.join(WHEEL_EXCLUDE)}")
    environment = dict(os.environ)
    environment["CMAKE_ARGS"] = " ".join([*CMAKE_DEFAULTS, os.environ.get("CMAKE_ARGS", "")]).strip()
    environment["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), environment.get("PATH", "")])
    last: list[str] = []
    shown = 0.0
    with subprocess.Popen(
        [*command, str(tree)],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            last = [*last[-400:], line.rstrip()]
            step = re.search(r"\[(\d+)/(\d+)\]", line)
            if step and (time.monotonic() - shown > 5 or step[1] == step[2]):
                shown = time.monotonic()
                progress(f"  building {step[1]}/{step[2]}")
    if process.returncode != 0:
        errors = [line for line in last if "error" in line.lower()] or last[-15:]
        raise BuildError("Compiling failed:\n" + "\n".join(errors[:15]))


# ------------------------------------------------------------------------------------------------ helpers


def _run(command: list[str], complaint: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        tail = "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:])
        raise BuildError(f"{complaint}:\n{tail}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _compiler() -> str:
    name = os.environ.get("CXX") or "c++"
    try:
        done = subprocess.run([*name.split(), "--version"], capture_output=True, text=True, check=False)
    except OSError:
        return name
    return f"{name} {done.stdout.splitlines()[0] if done.stdout else ''}"


def _cpu() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8", "replace")
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    wanted = ("model name", "flags", "Features", "CPU part")
    lines = {line for line in text.splitlines() if line.startswith(wanted)}
    return "\n".join(sorted(lines))


def _sibling(name: str) -> ModuleType:
    # By its path: this file also runs as a script and before the package is installed.
    spec = importlib.util.spec_from_file_location(f"iquest_port_{name}", HERE / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    if spec.name in sys.modules:
        return sys.modules[spec.name]
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def _lock(path: Path, progress: Progress) -> Iterator[None]:
    """Lets one process build at a time; a second one waits and then finds the wheel."""
    try:
        import fcntl
    except ImportError:  # no such lock on this system: at worst two builds run, and the last one's result stays
        yield
        return
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            progress("Another process is building the runtime; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> int:
    """`--wheel` prints the wheel's path on stdout; everything else goes to stderr."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--wheel", action="store_true", help="build if needed and print the wheel's path")
    parser.add_argument("--install", metavar="PYTHON", help="also install it into this interpreter's environment")
    parser.add_argument("--tree", metavar="FOLDER", help="unpack the source with the port applied, to work on it")
    options = parser.parse_args()

    def report(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    try:
        if options.tree:
            cache_folder().mkdir(parents=True, exist_ok=True)
            print(_patched_tree(_sdist(cache_folder(), report), Path(options.tree), report))
        if options.install:
            install(options.install, report)
        if options.wheel:
            print(ensure_wheel(report))
        if not (options.wheel or options.install or options.tree):
            for name, value in describe().items():
                print(f"{name}: {value}")
    except BuildError as error:
        report(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
