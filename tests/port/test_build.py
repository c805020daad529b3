"""The build's own promises; no test here compiles."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from iquest_lsp.runtime.port import bindings, build, patching, rebase

BINDINGS = """import os
from llama_cpp._ctypes_extensions import TypeAlias
_lib_base_name = "llama"
folder = os.environ.get("LLAMA_CPP_LIB_PATH")
"""
LIBRARIES = ("libiquest-llama.so", "libiquest-ggml.so", "libiquest-ggml-base.so", "libggml-cpu-haswell.so")


@pytest.fixture(scope="session")
def originals() -> dict[str, str]:
    """The files that the patches change, as the pinned distribution has them."""
    archive = build.cache_folder() / build.SDIST
    if not archive.is_file():
        pytest.skip("the pinned source distribution is not in the cache")
    series = [path.read_text("utf-8") for path in build.PATCHES]
    names = {name for text in series for name, _ in patching.files(text)}
    texts = rebase.texts_of(archive, names)
    assert set(texts) == names
    return texts


@pytest.fixture
def tree(originals: dict[str, str], tmp_path: Path) -> Path:
    """The files of the pinned distribution that the patches change, and stand-ins for what else is read of it."""
    root = tmp_path / "tree"
    for name, content in originals.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    init = root / "llama_cpp" / "__init__.py"
    init.parent.mkdir(parents=True, exist_ok=True)
    init.write_text('from .llama_cpp import *\n\n__version__ = "0.3.36"\n', "utf-8")
    for place in build.PLACES.values():
        if place.startswith("vendor/"):
            (root / place).mkdir(parents=True, exist_ok=True)
    bindings = root / "llama_cpp"
    (bindings / "llama_cpp.py").write_text(BINDINGS, "utf-8")
    (bindings / "_ctypes_extensions.py").write_text("from typing_extensions import TypeAlias\n", "utf-8")
    for licence in ("LICENSE.md", "vendor/llama.cpp/LICENSE"):
        (root / licence).write_text("MIT\n", "utf-8")
    return root


def test_the_port_is_applied_and_names_itself_in_the_version(tree: Path) -> None:
    build.apply_port(tree)
    init = (tree / "llama_cpp" / "__init__.py").read_text("utf-8")
    assert f'__version__ = "{build.VERSION}+loop.{build.PATCH_LEVEL}"' in init
    for name, place in build.PLACES.items():
        assert (tree / place / name).is_file()
    assert (tree / build.SOURCES / "llama-kv-cache-loop.cpp").is_file()
    assert "LLM_ARCH_IQUESTLOOPCODER" in (tree / build.SOURCES / "llama-arch.h").read_text("utf-8")


def test_another_version_is_refused(tree: Path) -> None:
    init = tree / "llama_cpp" / "__init__.py"
    init.write_text('__version__ = "0.4.0"\n', "utf-8")
    with pytest.raises(build.BuildError, match=r"made for llama-cpp-python 0\.3\.36, this source has 0\.4\.0"):
        build.apply_port(tree)


def test_a_patch_that_does_not_apply_is_a_clear_error_and_changes_nothing(tree: Path) -> None:
    changed = tree / build.SOURCES / "llama-model.cpp"
    changed.write_text(changed.read_text("utf-8").replace("LLM_ARCH", "LLM_ARCHITECTURE"), "utf-8")
    untouched = (tree / build.SOURCES / "llama-arch.h").read_text("utf-8")
    with pytest.raises(
        build.BuildError, match=r"does not apply to llama-cpp-python 0\.3\.36: .*llama-model\.cpp, line \d+"
    ):
        build.apply_port(tree)
    assert (tree / build.SOURCES / "llama-arch.h").read_text("utf-8") == untouched


def test_the_patches_change_what_is_theirs_and_leave_no_file_half_changed(
    tree: Path, originals: dict[str, str]
) -> None:
    """Without the last patch the tree is another one, and each patch needs the ones before it in their order."""
    assert [path.name.partition("-")[0] for path in build.PATCHES] == ["1", "2", "3", "4", "5", "6"]
    with pytest.raises(patching.PatchError, match="2-loop-cache"):
        patching.apply_patches(build.PATCHES[1:], tree)
    assert all((tree / name).read_text("utf-8") == text for name, text in originals.items())
    changed = patching.apply_patches(build.PATCHES, tree)
    assert sorted(changed) == sorted(originals)
    assert all((tree / name).read_text("utf-8") != text for name, text in originals.items())


def test_a_wrong_download_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(command: list[str], _: str) -> None:
        (Path(command[command.index("--dest") + 1]) / build.SDIST).write_bytes(b"something else")

    monkeypatch.setattr(build, "_run", fetch)
    with pytest.raises(build.BuildError, match="expected " + build.SDIST_SHA256):
        build.distribution(tmp_path, lambda line: None)
    assert not (tmp_path / build.SDIST).exists()


def test_the_cache_key_follows_its_inputs(monkeypatch: pytest.MonkeyPatch) -> None:
    key = build.key()
    assert key == build.key()
    monkeypatch.setenv("CMAKE_ARGS", "-DGGML_CUDA=on")
    assert build.key() != key


def test_a_portable_runtime_is_known_by_another_key_and_by_no_processor(monkeypatch: pytest.MonkeyPatch) -> None:
    native, portable = build.key("native"), build.key("portable")
    assert native != portable
    monkeypatch.setattr(sys.modules["iquest_port_machine"], "processor", lambda: "another processor")
    assert build.key("native") != native
    assert build.key("portable") == portable


def built_libraries(folder: Path, names: tuple[str, ...] = LIBRARIES) -> Path:
    """Stands for what a build leaves: libraries in a folder of its own, and what is not taken."""
    (folder / "bin").mkdir(parents=True)
    for name in (*names, "libother.so", "CMakeCache.txt"):
        (folder / "bin" / name).write_text(name, "utf-8")
    return folder


def test_the_private_package_has_bindings_of_its_own_their_licences_and_the_libraries(
    tree: Path, tmp_path: Path
) -> None:
    build.apply_port(tree)
    target = tmp_path / "_runtime"
    facts = {"version": build.local_version(), "pinned": build.VERSION, "key": "k", "kind": "portable"}
    bindings.write_package(tree, built_libraries(tmp_path / "built"), target, facts)
    assert {path.name for path in (target / "lib").iterdir()} == set(LIBRARIES)
    assert (target / "LICENSE.llama-cpp-python").is_file()
    assert (target / "LICENSE.llama.cpp").is_file()
    texts = [path.read_text("utf-8") for path in target.glob("*.py")]
    assert len(texts) == 3
    assert not any("from llama_cpp" in text or "typing_extensions" in text for text in texts)
    own = (target / "llama_cpp.py").read_text("utf-8")
    assert "from ._ctypes_extensions import TypeAlias" in own
    assert '_lib_base_name = "iquest-llama"' in own
    assert "LLAMA_CPP_LIB_PATH" not in own  # a stock tool's setting is not ours
    found = build.facts_of(target)
    assert found is not None
    assert found["version"] == build.local_version()


def test_a_runtime_that_lacks_a_library_is_not_taken_for_one(tree: Path, tmp_path: Path) -> None:
    target = tmp_path / "_runtime"
    facts = {"version": "1", "pinned": "1"}
    bindings.write_package(tree, built_libraries(tmp_path / "built"), target, facts)
    assert build.facts_of(target) is not None
    (target / "lib" / LIBRARIES[0]).unlink()
    assert build.facts_of(target) is None
    (target / bindings.FACTS).write_text("{", "utf-8")
    assert build.facts_of(target) is None
    assert build.facts_of(tmp_path / "nothing") is None


@pytest.mark.parametrize("missing", LIBRARIES)
def test_a_build_without_one_of_the_libraries_is_an_error(tree: Path, tmp_path: Path, missing: str) -> None:
    built = built_libraries(tmp_path / "built", tuple(name for name in LIBRARIES if name != missing))
    with pytest.raises(bindings.BindingsError, match="made no library"):
        bindings.write_package(tree, built, tmp_path / "_runtime", {"version": "1", "pinned": "1"})


def test_other_bindings_than_the_pinned_ones_are_an_error(tree: Path, tmp_path: Path) -> None:
    (tree / "llama_cpp" / "llama_cpp.py").write_text("import os\n", "utf-8")
    with pytest.raises(bindings.BindingsError, match=r"llama_cpp\.py has no line"):
        bindings.write_package(
            tree, built_libraries(tmp_path / "built"), tmp_path / "_runtime", {"version": "1", "pinned": "1"}
        )


def test_a_runtime_is_put_over_the_one_that_is_there(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built = built_libraries(tmp_path / "built")
    target = tmp_path / "package" / "_runtime"
    target.parent.mkdir()
    for version in ("1", "2"):
        source = tmp_path / f"cached-{version}"
        bindings.write_package(tree, built, source, {"version": version, "pinned": "1"})
        monkeypatch.setattr(build, "ensure_runtime", lambda kind, progress, source=source: source)
        assert build.install(target=target) == target
        found = build.facts_of(target)
        assert found is not None
        assert found["version"] == version
        assert [path.name for path in target.parent.iterdir()] == ["_runtime"]


def test_a_build_that_was_interrupted_goes_on_where_it_was(
    tree: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, unpacked = tmp_path / "cache", 0
    monkeypatch.setattr(build, "cache_folder", lambda: cache)
    monkeypatch.setattr(build, "distribution", lambda root, progress: tmp_path / build.SDIST)

    def unpack(sdist: Path, folder: Path, progress: build.BuildProgress) -> None:
        nonlocal unpacked
        unpacked += 1
        shutil.copytree(tree, folder / f"llama_cpp_python-{build.VERSION}")

    def interrupted(source: Path, kind: str, progress: build.BuildProgress) -> Path:
        (source / "built").mkdir()
        (source / "built" / "first.o").write_text("compiled", "utf-8")
        raise KeyboardInterrupt

    def compiled(source: Path, kind: str, progress: build.BuildProgress) -> Path:
        assert (source / "built" / "first.o").read_text("utf-8") == "compiled"
        return built_libraries(source / "built" / "libraries")

    monkeypatch.setattr(build, "patched_tree", unpack)
    (cache / ".build-native-of-other-inputs").mkdir(parents=True)
    (cache / ".build-portable-of-another-kind").mkdir()
    monkeypatch.setattr(build, "compile_tree", interrupted)
    with pytest.raises(KeyboardInterrupt):
        build.ensure_runtime()
    monkeypatch.setattr(build, "compile_tree", compiled)
    found = build.ensure_runtime()
    assert unpacked == 1
    assert build.cached_runtime() == found
    assert {path.name for path in cache.iterdir()} == {
        found.name,
        "build.lock",
        ".build-portable-of-another-kind",
    }


def test_the_script_runs_alone_and_prints_nothing_else_on_stdout(tmp_path: Path) -> None:
    folder = tmp_path / "port"
    shutil.copytree(build.HERE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    done = subprocess.run(
        [sys.executable, "-I", str(folder / "build.py")], capture_output=True, text=True, check=True, cwd=tmp_path
    )
    assert f"local_version: {build.local_version()}" in done.stdout
    assert done.stderr == ""
