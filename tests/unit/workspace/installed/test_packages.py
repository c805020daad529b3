"""Installed packages: found where they lie, told apart by their versions, and never out of the project."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from iquest_lsp.workspace.installed.packages import Installed, Package


def put(path: Path, text: str = "") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project with a virtual environment and two folders of node modules."""
    made = tmp_path / "project"
    site = made / ".venv" / "lib" / "python3.11" / "site-packages"
    put(made / ".venv" / "pyvenv.cfg")
    put(site / "yaml" / "__init__.py", "def load(stream):\n    return stream\n")
    put(site / "yaml" / "deep" / "reader.py", "class Reader:\n    pass\n")
    put(site / "yaml" / "tests" / "test_load.py", "x = 1\n")
    put(site / "yaml" / "_speed.so", "\0")
    put(site / "PyYAML-6.0.1.dist-info" / "RECORD", "yaml/__init__.py,sha256=x,9\nPyYAML-6.0.1.dist-info/RECORD,,\n")
    put(site / "single.py", "def one():\n    pass\n")
    put(site / "unused" / "__init__.py", "x = 1\n")
    for modules, version in ((made / "node_modules", "4.0.0"), (made / "web" / "node_modules", "5.0.0")):
        put(modules / "lib" / "package.json", json.dumps({"version": version, "types": "index.d.ts"}))
        put(modules / "lib" / "index.d.ts", f"export declare const version: {version[0]};\n")
        put(modules / "lib" / "index.js", "exports.version = 0\n")
    put(made / "node_modules" / "plain" / "package.json", json.dumps({"version": "1.0.0"}))
    put(made / "node_modules" / "@types" / "plain" / "package.json", json.dumps({"version": "1.0.2", "types": "a"}))
    put(made / "node_modules" / "@types" / "plain" / "a.d.ts", "export declare function plain(): void;\n")
    return made


def found(root: Path, *imports: tuple[str, tuple[str, ...]]) -> list[Package]:
    return Installed(root).imported(imports)


def test_imported_modules_are_found_with_their_distributions(root: Path) -> None:
    packages = found(root, ("a.py", ("yaml.deep", "single")), ("b.py", ("yaml", "os", ".own")))
    assert [(one.name, one.version) for one in packages] == [("pypi/PyYAML", "6.0.1"), ("pypi/single", "")]
    assert [path for path, _ in packages[0].texts()] == ["yaml/__init__.py", "yaml/deep/reader.py"]
    assert dict(packages[1].texts()) == {"single.py": "def one():\n    pass\n"}


def test_node_modules_are_those_nearest_to_the_file_or_the_types_published_apart(root: Path) -> None:
    packages = found(root, ("src/a.ts", ("lib/sub", "plain", "node:fs", "./own")))
    assert [(one.name, one.version) for one in packages] == [("npm/@types/plain", "1.0.2"), ("npm/lib", "4.0.0")]
    assert dict(packages[1].texts()) == {"lib/index.d.ts": "export declare const version: 4;\n"}
    assert [(one.name, one.version) for one in found(root, ("web/a.js", ("lib",)))] == [("npm/lib", "5.0.0")]


def test_what_lies_outside_is_not_read(root: Path, tmp_path: Path) -> None:
    site = root / ".venv" / "lib" / "python3.11" / "site-packages"
    put(tmp_path / "elsewhere" / "__init__.py", "secret = 1\n")
    (site / "linked").symlink_to(tmp_path / "elsewhere")
    (site / "yaml" / "more.py").symlink_to(tmp_path / "elsewhere" / "__init__.py")
    (root / "node_modules" / "linked").symlink_to(tmp_path / "elsewhere")
    put(root / "packages" / "own" / "package.json", json.dumps({"version": "1.0.0", "types": "a.d.ts"}))
    (root / "node_modules" / "own").symlink_to(root / "packages" / "own")  # of the project itself
    assert found(root, ("a.py", ("linked",)), ("a.ts", ("linked", "own"))) == []
    (yaml,) = found(root, ("a.py", ("yaml",)))
    assert [path for path, _ in yaml.texts()] == ["yaml/__init__.py", "yaml/deep/reader.py"]


def test_links_of_package_managers_within_the_modules_are_followed(root: Path) -> None:
    store = root / "node_modules" / ".pnpm" / "linked@2.0.0" / "node_modules" / "linked"
    put(store / "package.json", json.dumps({"version": "2.0.0", "exports": {".": {"types": "./a.d.mts"}}}))
    put(store / "a.d.mts", "export declare const a: 1;\n")
    (root / "node_modules" / "linked").symlink_to(store)
    (linked,) = found(root, ("a.ts", ("linked",)))
    assert (linked.version, [path for path, _ in linked.texts()]) == ("2.0.0", ["linked/a.d.mts"])


def test_files_with_secrets_or_of_no_text_stay_out(root: Path) -> None:
    site = root / ".venv" / "lib" / "python3.11" / "site-packages"
    put(site / "yaml" / "keys.py", 'KEY = "' + "AKIA" + 'QYLPMN5HHHFPZAM2"\n')
    (site / "yaml" / "binary.py").write_bytes(b"\0\1\2" * 100)
    (yaml,) = found(root, ("a.py", ("yaml",)))
    assert [path for path, _ in yaml.texts()] == ["yaml/__init__.py", "yaml/deep/reader.py"]


@pytest.mark.parametrize("manifest", ["", "[]", "{}", '{"version": 3}', "\0"])
def test_a_damaged_manifest_is_no_package(root: Path, manifest: str) -> None:
    put(root / "node_modules" / "odd" / "package.json", manifest)
    put(root / "node_modules" / "odd" / "index.d.ts", "export {}\n")
    assert found(root, ("a.ts", ("odd",))) == []
