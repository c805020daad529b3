"""Which files may be learned from: packages of the environment, their licences, and every file's hash."""

from __future__ import annotations

import email
import hashlib
import json
import re
import sys
import sysconfig
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from quantize.pretrain import archives
from quantize.pretrain.licences import permitted_licence
from quantize.pretrain.recipe import DataRecipe

#: Copies of other packages, whose own licences the metadata does not tell.
BUNDLED = re.compile(r"(^|/)(_?vendor(ed)?|_vendored|third_party|extern(als?)?|thirdparty)/", re.IGNORECASE)
SCRIPTS = frozenset({".js", ".mjs", ".cjs", ".ts", ".tsx", ".jsx"})


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One file as found: `package` (lower case), its version and licence, the path inside it, its text."""

    package: str
    version: str
    licence: str
    path: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode("utf-8")).hexdigest()


@dataclass(frozen=True, slots=True)
class Places:
    """What only the command line knows: a source distribution of llama-cpp-python, a node_modules folder, the list of
    archives beside the recipe and the folder that they lie in."""

    archive: Path | None = None
    npm: Path | None = None
    listed: Path | None = None
    archives: Path | None = None


def collect(recipe: DataRecipe, places: Places = Places()) -> Iterator[SourceFile]:
    """All readable UTF-8 source files of the permitted packages, in a fixed order."""
    seen: set[tuple[str, str]] = set()
    skipped = re.compile("|".join(recipe.skipped)) if recipe.skipped else None
    for source in recipe.sources:
        for found in _source(source, recipe, places):
            if found.package in {name.lower() for name in recipe.excluded} or BUNDLED.search(found.path):
                continue
            if skipped is not None and skipped.match(f"{found.package}/{found.path}"):
                continue
            key = (found.package, found.path)
            if key not in seen:
                seen.add(key)
                yield found
    for package, folder in sorted(recipe.folders.items()):
        root = Path(folder)
        for path in sorted(root.rglob("*.py")):
            text = _read(path)
            if text is not None:
                yield SourceFile(package, "", "MIT", path.relative_to(root.parent).as_posix(), text)


def _source(source: str, recipe: DataRecipe, places: Places) -> Iterator[SourceFile]:
    if source == "stdlib":
        yield from _standard_library()
    elif source == "environment":
        yield from _site_packages(Path(sysconfig.get_path("purelib")), recipe)
    elif source == "base":
        base = sysconfig.get_path("purelib", vars={"base": sys.base_prefix})
        yield from _site_packages(Path(base), recipe)
    elif source == "archive" and places.archive is not None:
        yield from _archive(places.archive)
    elif source == "npm" and places.npm is not None:
        yield from _npm(places.npm)
    elif source == "archives" and places.listed is not None and places.archives is not None:
        pins = archives.fetch(archives.read(places.listed), places.archives)
        whole = {name.lower() for name in (*recipe.held_out, *recipe.guarded)} | recipe.caps.keys()
        for package, version, item in archives.packages(
            pins, places.archives, recipe.licences, recipe.cap + recipe.cap // 2, whole
        ):
            yield SourceFile(package, version, item.licence, item.path, item.text)


def _standard_library() -> Iterator[SourceFile]:
    root = Path(sysconfig.get_path("stdlib"))
    version = ".".join(map(str, sys.version_info[:3]))
    for path in sorted(root.rglob("*.py")):
        relative = path.relative_to(root).as_posix()
        if relative.startswith(("site-packages/", "lib2to3/tests/data", "ensurepip/")):
            continue
        text = _read(path)
        if text is not None:
            package = "python-tests" if re.search(r"(^|/)tests?/|idle_test/", relative) else "python"
            yield SourceFile(package, version, "PSF-2.0", relative, text)


def _site_packages(root: Path, recipe: DataRecipe) -> Iterator[SourceFile]:
    for info in sorted(root.glob("*.dist-info")):
        metadata = email.message_from_string((info / "METADATA").read_text(encoding="utf-8", errors="replace"))
        name = str(metadata["Name"]).lower()
        licence = recipe.licences.get(name) or permitted_licence(
            metadata.get("License-Expression"),
            [str(item) for item in metadata.get_all("Classifier", [])],
            metadata.get("License"),
        )
        record = info / "RECORD"
        if licence is None or not record.exists():
            continue
        for line in sorted(record.read_text(encoding="utf-8").splitlines()):
            relative = line.rsplit(",", 2)[0].strip('"')
            if relative.endswith(".py") and not PurePosixPath(relative).is_absolute() and ".." not in relative:
                text = _read(root / relative)
                if text is not None:
                    yield SourceFile(name, str(metadata["Version"]), licence, relative, text)


def _npm(root: Path) -> Iterator[SourceFile]:
    """JavaScript and TypeScript of the packages in a node_modules folder, under the licence each states."""
    for described in sorted(root.rglob("package.json")):
        folder = described.parent
        if folder.parent.name != "node_modules" and folder.parent.parent.name != "node_modules":
            continue
        try:
            about = json.loads(described.read_text(encoding="utf-8"))
        except ValueError:
            continue
        licence = about.get("license") if isinstance(about, dict) else None
        if not isinstance(licence, str) or permitted_licence(licence, [], None) is None or "name" not in about:
            continue
        for path in sorted(folder.rglob("*")):
            relative = path.relative_to(folder)
            if path.suffix not in SCRIPTS or ".min." in path.name or "node_modules" in relative.parts:
                continue
            text = _read(path)
            if text is not None:
                name = str(about["name"]).lower()
                yield SourceFile(name, str(about.get("version", "")), licence, relative.as_posix(), text)


def _archive(archive: Path) -> Iterator[SourceFile]:
    """The C and C++ of llama.cpp's own core and the Python of the bindings, both MIT."""
    core = r"vendor/llama\.cpp/(src|ggml/src|ggml/include|include)/[^/]+\.(c|cpp|h)"
    wanted = re.compile(rf"({core}|llama_cpp/[^/]+\.py)$")
    with tarfile.open(archive) as tar:
        members = sorted((item for item in tar.getmembers() if item.isfile()), key=lambda item: item.name)
        for member in members:
            match = wanted.search(member.name)
            stream = tar.extractfile(member) if match else None
            if match is None or stream is None:
                continue
            try:
                text = stream.read().decode("utf-8")
            except UnicodeDecodeError:
                continue
            relative = match.group(0).removeprefix("vendor/")
            yield SourceFile(relative.split("/")[0].lower(), "", "MIT", relative, text)


def _read(path: Path) -> str | None:
    try:
        return archives.decoded(path.read_bytes())
    except OSError:
        return None
