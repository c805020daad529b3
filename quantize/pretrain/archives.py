"""Source archives of package registries as training data: pinned by hash, fetched by the registries' own clients.

A list is a CSV beside the recipe, one archive a line: `registry` (pypi, npm or debian), package, version, file name,
SHA-256. What is missing in the folder of archives is fetched by exactly that version; what has another hash is left
out. Wheels and npm packages state their licence in their metadata; a Debian source package states it file by file
in `debian/copyright`, and each file goes by what is said of it there.
"""

from __future__ import annotations

import csv
import email
import fnmatch
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from pathlib import Path

from iquest_lsp.grammars import language_of
from quantize.pretrain.licences import permitted_licence

COLUMNS = ("registry", "package", "version", "file", "sha256")
REGISTRIES = ("pypi", "npm", "debian")
#: Compiled, bundled or copied files of npm packages.
BUILT = re.compile(r"(^|/)(dist|umd|cjs|bundles?|build|_esm|_cjs|_types|es5|esm5|esm2015|fesm\w*|node_modules)/")
#: Bytes from which on a file is passed over unread.
LARGEST = 200_000
#: Debian's names of licences where they differ.
DEBIAN_NAMES = {
    "expat": "mit",
    "psf-2": "psf-2.0",
    "psf": "psf-2.0",
    "apache-2": "apache-2.0",
    "bsd-3": "bsd-3-clause",
    "bsd-2": "bsd-2-clause",
    "bsd3": "bsd-3-clause",
    "bsd-3-clauses": "bsd-3-clause",
}


@dataclass(frozen=True, slots=True, order=True)
class Archive:
    """One pinned file of a registry."""

    registry: str
    package: str
    version: str
    file: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Found:
    """One file of a package: its path, the licence that it is under, its text."""

    path: str
    licence: str
    text: str


def read(path: Path) -> list[Archive]:
    """What `write` wrote."""
    with path.open(newline="", encoding="utf-8") as stream:
        return [Archive(*row) for row in csv.reader(stream)][1:]


def write(path: Path, pins: Iterable[Archive]) -> None:
    """The list of archives, sorted."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(astuple(pin) for pin in sorted(pins))


def pin(folder: Path) -> list[Archive]:
    """What lies in a folder of archives (one folder a registry); files that are no sources are passed over."""
    pins = []
    for registry in REGISTRIES:
        for path in sorted((folder / registry).iterdir()):
            named = _named(registry, path)
            if named is not None:
                digest = hashlib.sha256(path.read_bytes()).hexdigest()
                pins.append(Archive(registry, *named, path.name, digest))
    whole = {pin.package for pin in pins if ".debian.tar" not in pin.file}
    return [pin for pin in pins if pin.registry != "debian" or pin.package in whole]


def _named(registry: str, path: Path) -> tuple[str, str] | None:
    """Package and version of an archive, or None for what is none."""
    if registry == "pypi" and path.suffix == ".whl":
        name, version = path.name.split("-")[:2]
        return name.replace("_", "-").lower(), version
    if registry == "npm" and path.suffix == ".tgz":
        about = _about(path)
        return (str(about["name"]).lower(), str(about["version"])) if {"name", "version"} <= about.keys() else None
    match = re.match(r"([^_]+)_(.+?)(\.orig|\.debian)?\.tar\.(gz|xz|bz2)$", path.name)
    return (match.group(1), match.group(2)) if registry == "debian" and match is not None else None


def fetch(pins: Sequence[Archive], folder: Path) -> list[Archive]:
    """Brings what is missing into the folder; those archives that are there now with their own hash."""
    missing = [pin for pin in pins if not (folder / pin.registry / pin.file).exists()]
    for registry in REGISTRIES:
        (folder / registry).mkdir(parents=True, exist_ok=True)
        wanted = sorted({(pin.package, pin.version) for pin in missing if pin.registry == registry})
        if wanted:
            {"pypi": _fetch_pypi, "npm": _fetch_npm, "debian": _fetch_debian}[registry](wanted, folder / registry)
    return [pin for pin in pins if _matches(folder / pin.registry / pin.file, pin.sha256)]


def _matches(path: Path, sha256: str) -> bool:
    return path.exists() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def _fetch_pypi(wanted: Sequence[tuple[str, str]], folder: Path) -> None:
    # One name that is not to be had spoils a whole call, so each of a failed one is asked for by itself.
    pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary=:all:", "-d", str(folder)]
    for at in range(0, len(wanted), 20):
        names = [f"{name}=={version}" for name, version in wanted[at : at + 20]]
        if subprocess.run([*pip, *names], check=False).returncode:
            for name in names:
                subprocess.run([*pip, name], check=False)


def _fetch_npm(wanted: Sequence[tuple[str, str]], folder: Path) -> None:
    npm = ["npm", "pack", "--silent"]
    for at in range(0, len(wanted), 20):
        names = [f"{name}@{version}" for name, version in wanted[at : at + 20]]
        if subprocess.run([*npm, *names], cwd=folder, stdout=subprocess.DEVNULL, check=False).returncode:
            for name in names:
                subprocess.run([*npm, name], cwd=folder, stdout=subprocess.DEVNULL, check=False)


def _fetch_debian(wanted: Sequence[tuple[str, str]], folder: Path) -> None:
    """Source packages of the suites that the machine has binary packages from; its own lists are left alone.

    An upstream tarball is named by the version without Debian's own part, so the package's newest one is asked for.
    """
    with tempfile.TemporaryDirectory() as scratch:
        parts, lists = Path(scratch, "parts"), Path(scratch, "lists")
        parts.mkdir()
        (lists / "partial").mkdir(parents=True)
        for source in Path("/etc/apt/sources.list.d").glob("*.sources"):
            text = source.read_text(encoding="utf-8")
            (parts / source.name).write_text(re.sub(r"(?m)^Types: deb$", "Types: deb-src", text), encoding="utf-8")
        values = (
            "Dir::Etc::sourcelist=/dev/null",
            f"Dir::Etc::sourceparts={parts}",
            f"Dir::State::lists={lists}",
            f"Dir::Cache={scratch}/cache",
            "APT::Sandbox::User=root",
        )
        base = ["apt-get", "-qq", *(item for value in values for item in ("-o", value))]
        subprocess.run([*base, "update"], check=False)
        for name in sorted({name for name, _ in wanted}):
            subprocess.run([*base, "source", "--download-only", name], cwd=folder, check=False)


def packages(
    pins: Sequence[Archive], folder: Path, licences: Mapping[str, str], limit: int, whole: Collection[str]
) -> Iterator[tuple[str, str, Found]]:
    """Package, version and file of everything in the archives whose licence is permitted, in a fixed order.

    Of a package at most about `limit` bytes are read, files in the order of their paths' hashes; all of those in
    `whole`. `licences` speaks for packages whose metadata does not.
    """
    groups: dict[tuple[str, str, str], list[Archive]] = defaultdict(list)
    for pin in sorted(pins):
        groups[pin.registry, pin.package, pin.version].append(pin)
    upstream: dict[str, list[Archive]] = defaultdict(list)
    for (registry, package, version), items in groups.items():
        if registry == "debian":
            upstream[package] += items
            continue
        path = folder / registry / items[0].file
        reader = _wheel if registry == "pypi" else _npm
        most = None if package in whole else limit
        for found in reader(path, licences.get(package), most):
            yield package, version, found
    for package, items in upstream.items():
        paths = [folder / "debian" / item.file for item in items]
        version = next((item.version for item in items if ".orig." in item.file), items[0].version)
        for found in _debian(paths, licences.get(package), None if package in whole else limit):
            yield package, version, found


def _wheel(path: Path, licence: str | None, limit: int | None) -> Iterator[Found]:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        about = next((name for name in names if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)), None)
        if about is None:
            return
        metadata = email.message_from_string(archive.read(about).decode("utf-8", "replace"))
        stated = licence or permitted_licence(
            metadata.get("License-Expression"),
            [str(item) for item in metadata.get_all("Classifier", [])],
            metadata.get("License"),
        )
        if stated is None:
            return
        for name in _some([(name, archive.getinfo(name).file_size) for name in names if language_of(name)], limit):
            text = decoded(archive.read(name))
            if text is not None:
                yield Found(name, stated, text)


def _about(path: Path) -> dict[str, object]:
    """An npm package's own description."""
    with tarfile.open(path) as tar:
        for member in tar:
            if member.isfile() and re.fullmatch(r"[^/]+/package\.json", member.name):
                stream = tar.extractfile(member)
                about = json.loads(stream.read()) if stream is not None else {}
                return about if isinstance(about, dict) else {}
    return {}


def _npm(path: Path, licence: str | None, limit: int | None) -> Iterator[Found]:
    stated = _about(path).get("license")
    allowed = licence or (permitted_licence(stated, [], None) if isinstance(stated, str) else None)
    if allowed is None:
        return
    data: dict[str, bytes] = {}
    # One way through the tar: going back in a compressed one means starting anew.
    with tarfile.open(path, "r|*") as tar:
        for member in tar:
            name = member.name.partition("/")[2]
            script = language_of(name) in ("javascript", "typescript", "tsx") and ".min." not in name
            stream = tar.extractfile(member) if script and member.isfile() and member.size <= LARGEST else None
            if stream is not None:
                data[name] = stream.read()
    # Where the sources themselves are shipped, what was compiled from them is left alone; so are declarations of
    # types, but for packages that are nothing else.
    sources = [name for name in data if re.search(r"(^|/)src(\.ts)?/", name) and not name.endswith(".d.ts")]
    kept = sources or [name for name in data if not BUILT.search(name) and not name.endswith(".d.ts")] or list(data)
    for name in _some([(name, len(data[name])) for name in kept], limit):
        text = decoded(data[name])
        if text is not None:
            yield Found(name, allowed, text)


def _debian(paths: Sequence[Path], licence: str | None, limit: int | None) -> Iterator[Found]:
    copyright_text = ""
    for path in paths:
        if ".orig" not in path.name:
            with tarfile.open(path) as tar:
                for member in tar:
                    if re.fullmatch(r"(\./)?([^/]+/)?debian/copyright", member.name) and member.isfile():
                        stream = tar.extractfile(member)
                        copyright_text = stream.read().decode("utf-8", "replace") if stream is not None else ""
                        break
    rules = stated_licences(copyright_text)
    if not rules and licence is None:
        return
    source = next((path for path in paths if ".orig" in path.name), paths[0])
    data: dict[str, tuple[str, bytes]] = {}
    # One way through the tar: going back in a compressed one means starting anew.
    with tarfile.open(source, "r|*") as tar:
        for member in tar:
            name = member.name.partition("/")[2]
            if member.isfile() and member.size <= LARGEST and language_of(name):
                allowed = licence or licence_of(name, rules)
                stream = tar.extractfile(member) if allowed is not None else None
                if allowed is not None and stream is not None:
                    data[name] = allowed, stream.read()
    for name in _some([(name, len(content)) for name, (_, content) in data.items()], limit):
        text = decoded(data[name][1])
        if text is not None:
            yield Found(name, data[name][0], text)


def stated_licences(text: str) -> list[tuple[re.Pattern[str], str]]:
    """File patterns of a machine-readable debian/copyright and the licence of each; [] where it is not one."""
    if not text.lstrip().lower().startswith("format"):
        return []
    rules = []
    for paragraph in re.split(r"\n\s*\n", text):
        fields = {
            name.lower(): value
            for name, value in re.findall(r"(?m)^([A-Za-z-]+):[ \t]*((?:.*)(?:\n[ \t].*)*)", paragraph)
        }
        if "files" in fields and "license" in fields:
            licence = fields["license"].split("\n")[0].strip()
            rules += [(re.compile(fnmatch.translate(glob)), licence) for glob in fields["files"].split()]
    return rules


def licence_of(path: str, rules: Sequence[tuple[re.Pattern[str], str]]) -> str | None:
    """The permitted licence that the last rule for a file states, else None."""
    stated = next((licence for pattern, licence in reversed(rules) if pattern.match(path)), None)
    if stated is None:
        return None
    words = [DEBIAN_NAMES.get(word.lower(), word) for word in stated.replace(",", "").split()]
    expression = re.sub(r"(?i)\b(and|or)\b", lambda match: match.group().upper(), " ".join(words))
    return permitted_licence(expression, [], None)


def _some(sizes: Sequence[tuple[str, int]], limit: int | None) -> list[str]:
    """Paths in their own order: all, or in the order of their hashes as many as `limit` bytes hold."""
    if limit is None or sum(size for _, size in sizes) <= limit:
        return sorted(name for name, _ in sizes)
    chosen = []
    for name, size in sorted(sizes, key=lambda pair: hashlib.sha256(pair[0].encode()).digest()):
        if size <= limit:
            limit -= size
            chosen.append(name)
    return sorted(chosen)


def decoded(data: bytes) -> str | None:
    """A file's text without byte order mark and carriage returns; None for what is not UTF-8."""
    try:
        return data.decode("utf-8").removeprefix("\ufeff").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None
