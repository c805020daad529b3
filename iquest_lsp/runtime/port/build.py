"""Builds the private runtime: pinned sdist, our model file and patches, its bindings and libraries as one folder.

Runs from a bare checkout (`python iquest_lsp/runtime/port/build.py --install`), from the build hook of the package's
wheel and from `iquest-lsp runtime build`, so it needs the standard library only; pip fetches the source, cmake builds
it. The folder is kept in the user's cache by the hash of its inputs, and copied into the package as
`iquest_lsp/_runtime`. CMAKE_ARGS is passed through: CMAKE_ARGS="-DGGML_CUDA=on" builds for CUDA. An interrupted build
leaves what it compiled beside them, and the next one of the same inputs goes on from there.

Two kinds: `native` for the processor that it is built on, `portable` for others too, with a library for each kind.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

VERSION = "0.3.36"
SDIST = f"llama_cpp_python-{VERSION}.tar.gz"
SDIST_SHA256 = "832db0699007f1be95a7e41ef12e88926b02ba836461e36a36372db2760c1a2e"
#: Raised with every change of what the built library does; part of the version that the runtime carries.
PATCH_LEVEL = 10

HERE = Path(__file__).resolve().parent
#: The edits to existing files, in their order.
PATCHES = tuple(sorted((HERE / "patches").glob("*.patch")))
#: The private package's folder, beside the package's other parts.
PRIVATE = HERE.parents[1] / "_runtime"
SOURCES = "vendor/llama.cpp/src"
#: Where files of the port go that do not lie among llama.cpp's own sources.
PLACES = {
    "CMakeLists.txt": "iquest",
    "vulkan.hpp": "iquest/headers/vulkan",
    "iquestloopcoder.cpp": "vendor/llama.cpp/src/models",
    "ggml-flash-attn-alibi.h": "vendor/llama.cpp/ggml/include",
    **dict.fromkeys(
        ("flash-attn-alibi.cpp", "mul-mat-q8.cpp", "mul-mat-q8.h", "mul-mat-rows.cpp", "mul-mat-rows.h"),
        "vendor/llama.cpp/ggml/src/ggml-cpu",
    ),
}
#: Parts of the distribution that are left packed.
UNUSED = ("app", "benches", "common", "docs", "examples", "gguf-py", "media", "models", "tests", "tools")
#: A user's CMAKE_ARGS come after these and win.
CMAKE_DEFAULTS = ("-DGGML_BUILD_COMMIT=port", "-DLLAMA_BUILD_COMMIT=port")
KINDS = {"native": (), "portable": ("-DIQUEST_PORTABLE=ON",)}

BuildProgress = Callable[[str], None]


class BuildError(Exception):
    """Fetching, patching or compiling failed; the text says what and what to do."""


def ensure_runtime(kind: str = "native", progress: BuildProgress = lambda line: None) -> Path:
    """The folder of the built runtime in the cache, built when the cache has none. Raises BuildError."""
    found = cached_runtime(kind)
    if found is not None:
        progress(f"The runtime is built already: {found}")
        return found
    root = cache_folder()
    root.mkdir(parents=True, exist_ok=True)
    with _sibling("machine").lock(root / "build.lock", progress):
        found = cached_runtime(kind)  # another process may have built it meanwhile
        if found is not None:
            return found
        started = time.monotonic()
        inputs = key(kind)
        scratch = _scratch(root, kind, inputs)
        tree = _tree_in(scratch)
        if not tree.is_dir():
            patched_tree(distribution(root, progress), scratch, progress)
        built = compile_tree(tree, kind, progress)
        done = scratch / "runtime"
        shutil.rmtree(done, ignore_errors=True)
        _package(tree, built, done, kind)
        if key(kind) != inputs:
            raise BuildError("The port's files changed while they were compiled; run it again")
        target = root / inputs
        shutil.rmtree(target, ignore_errors=True)
        done.replace(target)
        shutil.rmtree(scratch, ignore_errors=True)
        progress(f"Built in {time.monotonic() - started:.0f} s")
    return target


def cached_runtime(kind: str = "native") -> Path | None:
    """The folder of the built runtime if the cache has it whole."""
    folder = cache_folder() / key(kind)
    return folder if facts_of(folder) is not None else None


def facts_of(folder: Path) -> dict[str, Any] | None:
    """What is known of the runtime in a folder: `version`, `key`, `kind` and more; None without a whole one."""
    facts: dict[str, Any] | None = _sibling("bindings").read_facts(folder)
    return facts


def describe() -> dict[str, Any]:
    """Facts about the pinned version, the port and the cache."""
    folder = cached_runtime()
    return {
        "version": VERSION,
        "patch_level": PATCH_LEVEL,
        "local_version": local_version(),
        "key": key(),
        "cached": folder is not None,
        "folder": None if folder is None else str(folder),
        "cmake_args": os.environ.get("CMAKE_ARGS", ""),
    }


def install(progress: BuildProgress = lambda line: None, *, kind: str = "native", target: Path = PRIVATE) -> Path:
    """Puts the runtime into this package, over whatever is there; returns its folder. Raises BuildError."""
    source = ensure_runtime(kind, progress)
    if facts_of(target) == facts_of(source):
        return target
    try:
        with tempfile.TemporaryDirectory(prefix="._runtime-", dir=target.parent) as scratch:
            new, old = Path(scratch) / "new", Path(scratch) / "old"
            shutil.copytree(source, new)
            if target.exists():
                target.replace(old)
            new.replace(target)
    except OSError as error:
        raise BuildError(f"{target} cannot be written: {error.strerror or error}") from error
    return target


def local_version() -> str:
    """The version that the runtime carries: the pinned one, and which state of the port."""
    return f"{VERSION}+loop.{PATCH_LEVEL}"


def cache_folder() -> Path:
    """Where built runtimes and the source distribution are kept; shared by all checkouts of one user."""
    try:
        from platformdirs import user_cache_dir
    except ImportError:
        if sys.platform == "darwin":
            base = Path.home() / "Library" / "Caches"
        else:
            base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return base / "iquest-lsp" / "runtime"
    return Path(user_cache_dir("iquest-lsp")) / "runtime"


def key(kind: str = "native") -> str:
    """Hash of everything the runtime depends on.

    The CPU is among it for a native one: the library is compiled for the instructions of the machine it was built on.
    """
    digest = hashlib.sha256()
    machine = _sibling("machine")
    facts = [SDIST_SHA256, os.environ.get("CMAKE_ARGS", ""), machine.compiler(), sys.platform, kind, platform.machine()]
    facts += [*platform.libc_ver(), str(PATCH_LEVEL), *CMAKE_DEFAULTS, *KINDS[kind]]
    for fact in [*facts, machine.processor() if kind == "native" else ""]:
        digest.update(fact.encode() + b"\0")
    for path in [*PATCHES, *_added(), HERE / "bindings.py"]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:20]


# ------------------------------------------------------------------------------------------------ steps


def distribution(root: Path, progress: BuildProgress) -> Path:
    """The pinned source distribution in `root`, fetched where it is not there. Raises BuildError."""
    path = root / SDIST
    if path.is_file() and _sha256(path) == SDIST_SHA256:
        return path
    progress(f"Fetching {SDIST}")
    with tempfile.TemporaryDirectory(prefix=".sdist-", dir=root) as scratch:
        fetched = _fetched(VERSION, Path(scratch))
        found = _sha256(fetched)
        if found != SDIST_SHA256:
            raise BuildError(f"{SDIST} has SHA-256 {found}, expected {SDIST_SHA256}; it is not used")
        fetched.replace(path)
    return path


def _fetched(version: str, folder: Path) -> Path:
    """A version's source distribution, fetched into `folder`."""
    path = folder / f"llama_cpp_python-{version}.tar.gz"
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    if importlib.util.find_spec("scikit_build_core") is not None:
        command.append("--no-build-isolation")  # else pip sets up a build environment only to read the name
    _run([*command, "--dest", str(folder), f"llama-cpp-python=={version}"], f"pip could not fetch {path.name}")
    if not path.is_file():
        raise BuildError(f"pip fetched no {path.name}")
    return path


def rebased(wanted: str) -> tuple[bool, list[str]]:
    """Whether the patches fit another version, or that of a .tar.gz, and where not. Raises BuildError."""
    series = [(path.name, list(_sibling("patching").files(path.read_text("utf-8")))) for path in PATCHES]
    with tempfile.TemporaryDirectory(prefix="iquest-rebase-") as scratch:
        path = Path(wanted) if wanted.endswith(".tar.gz") else _fetched(wanted, Path(scratch))
        try:
            fits, lines = _sibling("rebase").told(series, path)
        except (OSError, tarfile.TarError) as error:
            raise BuildError(f"{path} cannot be read: {error}") from error
    return fits, lines


def _scratch(root: Path, kind: str, inputs: str) -> Path:
    """The folder of a build of these inputs, with what an interrupted one left in it, so that the next one goes on.

    Those of other inputs go: the port's files have changed since, and nothing of them is used again.
    """
    scratch = root / f".build-{kind}-{inputs}"
    for left in root.glob(f".build-{kind}-*"):
        if left != scratch:
            shutil.rmtree(left, ignore_errors=True)
    scratch.mkdir(exist_ok=True)
    return scratch


def patched_tree(sdist: Path, folder: Path, progress: BuildProgress) -> Path:
    """The patched source in `folder`, which has it whole or not at all. Raises BuildError."""
    tree = _tree_in(folder)
    if tree.exists():
        raise BuildError(f"{tree} is there already")
    progress("Unpacking and patching")
    skip = tuple(f"vendor/llama.cpp/{unused}/" for unused in UNUSED)
    safely: dict[str, Any] = {"filter": "data"} if hasattr(tarfile, "data_filter") else {}  # Python before 3.11.4
    with tempfile.TemporaryDirectory(prefix=".unpacked-", dir=folder) as scratch, tarfile.open(sdist) as archive:
        for member in archive:
            inner = member.name.partition("/")[2]
            if member.isfile() and not inner.startswith(skip) and not inner.startswith(".git"):
                archive.extract(member, scratch, **safely)
        apply_port(_tree_in(Path(scratch)))
        _tree_in(Path(scratch)).replace(tree)
    return tree


def _tree_in(folder: Path) -> Path:
    return folder / f"llama_cpp_python-{VERSION}"


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
        patching.apply_patches(PATCHES, tree)
    except patching.PatchError as error:
        raise BuildError(f"The port does not apply to llama-cpp-python {VERSION}: {error}") from error
    for path in _added():
        place = tree / PLACES.get(path.name, SOURCES)
        place.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place / path.name)
    init.write_text(text.replace(pinned, f'__version__ = "{local_version()}"'), "utf-8")


def compile_tree(tree: Path, kind: str, progress: BuildProgress) -> Path:
    """Compiles the patched source; returns the folder below which the libraries lie. Raises BuildError."""
    progress("Compiling llama.cpp with the Loop port (some minutes)")
    built = tree / "built"
    environment = _sibling("machine").with_build_tools(tree / "tools", _run, progress)
    arguments = [*CMAKE_DEFAULTS, *KINDS[kind], *shlex.split(os.environ.get("CMAKE_ARGS", ""))]
    generator = ["-G", "Ninja"] if os.name != "nt" else []
    ninja = shutil.which("ninja", path=environment["PATH"])
    if generator and ninja:  # cmake remembers the one of the interrupted build, whose environment may be gone
        generator.append(f"-DCMAKE_MAKE_PROGRAM={ninja}")
    _followed(["cmake", "-S", str(tree / "iquest"), "-B", str(built), *generator, *arguments], environment, progress)
    command = ["cmake", "--build", str(built), "--config", "Release", "--target", "llama", "--parallel"]
    if jobs := os.environ.get("CMAKE_BUILD_PARALLEL_LEVEL"):
        command.append(jobs)
    _followed(command, environment, progress)
    return built


def _followed(command: list[str], environment: dict[str, str], progress: BuildProgress) -> None:
    """Runs a build step and reports how far it is. Raises BuildError with the lines that say why."""
    last: list[str] = []
    shown = 0.0
    with subprocess.Popen(
        command,
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


def _package(tree: Path, built: Path, target: Path, kind: str) -> None:
    bindings = _sibling("bindings")
    facts = {
        "version": local_version(),
        "pinned": VERSION,
        "key": key(kind),
        "kind": kind,
        "cmake_args": os.environ.get("CMAKE_ARGS", ""),
    }
    try:
        bindings.write_package(tree, built, target, facts)
    except bindings.BindingsError as error:
        raise BuildError(str(error)) from error


# ------------------------------------------------------------------------------------------------ helpers


def _run(command: list[str], complaint: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode != 0:
        tail = "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:])
        raise BuildError(f"{complaint}:\n{tail}")


def _added() -> list[Path]:
    """The files that the port adds, in a fixed order."""
    return sorted([HERE / "CMakeLists.txt", *HERE.glob("*.cpp"), *HERE.glob("*.h"), *HERE.glob("*.hpp")])


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


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


def main() -> int:
    """`--install` builds and prints the folder on stdout; everything else goes to stderr."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--install", action="store_true", help="build if needed and put it into this package")
    parser.add_argument("--kind", choices=list(KINDS), default="native", help="for this processor, or for others too")
    parser.add_argument("--build", action="store_true", help="build if needed and print its folder in the cache")
    parser.add_argument("--tree", metavar="FOLDER", help="unpack the source with the port applied, to work on it")
    parser.add_argument("--rebase", metavar="VERSION", help="say where the patches fit another version, or its .tar.gz")
    options = parser.parse_args()

    def report(line: str) -> None:
        print(line, file=sys.stderr, flush=True)

    try:
        if options.tree:
            cache_folder().mkdir(parents=True, exist_ok=True)
            print(patched_tree(distribution(cache_folder(), report), Path(options.tree), report))
        if options.rebase:
            fits, lines = rebased(options.rebase)
            print(*lines, sep="\n")
            return 0 if fits else 1
        if options.build:
            print(ensure_runtime(options.kind, report))
        if options.install:
            print(install(report, kind=options.kind))
        if not (options.build or options.install or options.tree):
            for name, value in describe().items():
                print(f"{name}: {value}")
    except BuildError as error:
        report(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
