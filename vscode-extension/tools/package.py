"""Builds the .vsix: for any machine, with the server's sources inside, or for one platform, with a wheel of the server.

    python vscode-extension/tools/package.py [--wheel dist/iquest_lsp-….whl] [--repository URL] [--output FILE]

With a wheel come the wheels of all that it needs, for every Python in PYTHONS, so that the server is installed offline;
pip fetches them from its index here. What is packed is laid out in a folder of its own: the checkout stays as it is,
and the manifest names a repository only where one is given.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import server_archive

EXTENSION = Path(__file__).resolve().parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
#: Files and folders of the extension that are packed, beside the server's.
PARTS = (
    "README.md",
    "CHANGELOG.md",
    "LICENSE",
    "package.nls.json",
    "package.nls.zh-cn.json",
    ".vscodeignore",
    "l10n",
    "media",
    "dist",
)
#: The platform of a wheel, and the editor's name for it.
TARGETS = (
    (r"manylinux_2_\d+_x86_64", "linux-x64"),
    (r"manylinux_2_\d+_aarch64", "linux-arm64"),
    (r"macosx_\d+_\d+_arm64", "darwin-arm64"),
    (r"win_amd64", "win32-x64"),
)
#: Before glibc 2.17 there was no name for its versions.
OLDEST_GLIBC = 17


class PackageError(Exception):
    """A step failed; the text says which and why."""


def main() -> int:
    """Builds one .vsix and prints its name and size."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--wheel", type=Path, help="the platform's wheel of the server; without: its sources")
    parser.add_argument("--repository", help="address of the project's repository, such as https://host/owner/name")
    parser.add_argument("--output", type=Path, help="default: iquest-lsp.vsix or iquest-lsp-PLATFORM.vsix beside it")
    options = parser.parse_args()
    target = None if options.wheel is None else target_of(options.wheel.name)
    output = options.output or EXTENSION / ("iquest-lsp.vsix" if target is None else f"iquest-lsp-{target}.vsix")
    try:
        build(output.resolve(), options.wheel and options.wheel.resolve(), options.repository)
    except PackageError as error:
        print(error, file=sys.stderr)
        return 1
    print(f"{output.stat().st_size / 1e6:6.1f} MB  {output}")
    return 0


def build(output: Path, wheel: Path | None, repository: str | None) -> None:
    """Writes the .vsix `output`. Raises PackageError."""
    _run(["npm", "run", "--silent", "check"])
    _run(["npm", "run", "--silent", "build"])
    with tempfile.TemporaryDirectory(prefix="iquest-vsix-") as scratch:
        folder = Path(scratch)
        for part in PARTS:
            path = EXTENSION / part
            if path.is_dir():
                shutil.copytree(path, folder / part)
            else:
                shutil.copy2(path, folder / part)
        (folder / "package.json").write_text(json.dumps(manifest(repository), indent=2, ensure_ascii=False), "utf-8")
        if wheel is None:
            server_archive.write(folder / "server")
        else:
            carry(wheel, folder / "server")
        pack(vsce(output, wheel, repository), folder, output)


def pack(command: list[str], folder: Path, output: Path) -> None:
    """Packs the laid out folder. Raises PackageError, and leaves no file, also where the packer only warns: of what it
    speaks, people would find in the marketplace."""
    said = _run(command, folder)
    if "WARNING" in said:
        output.unlink(missing_ok=True)
        raise PackageError(f"The packer warns:\n{said}")


def manifest(repository: str | None) -> dict[str, Any]:
    """package.json as it is packed: built already, and with the addresses where there are any."""
    data: dict[str, Any] = json.loads((EXTENSION / "package.json").read_text("utf-8"))
    del data["scripts"], data["devDependencies"]
    if repository is not None:
        data["repository"] = {"type": "git", "url": f"{repository}.git", "directory": EXTENSION.name}
        data["bugs"] = {"url": f"{repository}/issues"}
        data["homepage"] = f"{repository}#readme"
    return data


def vsce(output: Path, wheel: Path | None, repository: str | None) -> list[str]:
    """The command that packs the laid out folder."""
    command = [str(EXTENSION / "node_modules" / ".bin" / "vsce"), "package", "--no-dependencies", "--out", str(output)]
    if wheel is not None:
        command += ["--target", target_of(wheel.name)]
    if repository is None:
        return [*command, "--allow-missing-repository", "--no-rewrite-relative-links"]
    page = f"HEAD/{EXTENSION.name}"
    return [*command, "--baseContentUrl", f"{repository}/blob/{page}", "--baseImagesUrl", f"{repository}/raw/{page}"]


def target_of(wheel: str) -> str:
    """The editor's name for the platform of a wheel. Raises PackageError for one that no editor has."""
    for pattern, target in TARGETS:
        if re.search(rf"-{pattern}\.whl$", wheel):
            return target
    raise PackageError(f"{wheel} is for no platform that the editor has; known are {', '.join(t for _, t in TARGETS)}")


def platforms(wheel: str) -> list[str]:
    """The platform tags of other wheels that run wherever this one runs."""
    own = wheel.removesuffix(".whl").rpartition("-")[2]
    found = re.fullmatch(r"manylinux_2_(\d+)_(\w+)", own)
    if found is None:
        return [own]  # pip itself knows the older systems of macOS
    older = [f"manylinux_2_{minor}_{found[2]}" for minor in range(int(found[1]), OLDEST_GLIBC - 1, -1)]
    old_names = {"x86_64": ["manylinux2014", "manylinux_2_12", "manylinux2010", "manylinux_2_5", "manylinux1"]}
    return older + [f"{name}_{found[2]}" for name in old_names.get(found[2], ["manylinux2014"])]


def carry(wheel: Path, server: Path) -> None:
    """Puts a wheel, pip, and the wheels of all that it needs into `server`.

    Those that every Python takes lie in wheels/, those for one of them in a folder of its tag, such as wheels/cp312.
    """
    every = server / "wheels"
    every.mkdir(parents=True)
    shutil.copy2(wheel, server / wheel.name)
    where = [word for platform in platforms(wheel.name) for word in ("--platform", platform)]
    for version in PYTHONS:
        tag = "cp" + version.replace(".", "")
        command = [
            "download",
            "--quiet",
            "--only-binary",
            ":all:",
            "--implementation",
            "cp",
            "--python-version",
            version,
        ]
        _run([sys.executable, "-m", "pip", *command, *where, "--dest", str(every / tag), str(wheel), "pip"])
    share([every / ("cp" + version.replace(".", "")) for version in PYTHONS], every, wheel.name)


def share(folders: list[Path], every: Path, left_out: str) -> None:
    """Moves what lies in all folders into `every`; the file `left_out` goes. Raises PackageError."""
    for path in [path for folder in folders for path in sorted(folder.iterdir())]:
        if path.name == left_out:
            path.unlink()
        elif all((folder / path.name).is_file() or (every / path.name).is_file() for folder in folders):
            path.replace(every / path.name)
    for folder in folders:
        if not any(folder.iterdir()):
            raise PackageError(f"{folder.name} has no wheel of its own, by which the extension would know it")


def _run(command: list[str], folder: Path = EXTENSION) -> str:
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    said = (done.stdout + done.stderr).strip()
    if done.returncode != 0:
        raise PackageError(f"{' '.join(command[:3])} failed\n{said[-2000:]}")
    return said


if __name__ == "__main__":
    sys.exit(main())
