"""The packages of a `node_modules` folder, as far as types say what they offer."""

from __future__ import annotations

import json
from pathlib import Path

#: Suffixes of files that hold types.
TYPES = (".d.ts", ".d.mts", ".d.cts")
_MOST_MANIFEST = 1 << 20


def package_of(specifier: str) -> str:
    """The package that an import names; "" for a file of one's own, or what the runtime brings."""
    if not specifier or specifier[0] in "./#~" or specifier.startswith(("node:", "@/")) or "\\" in specifier:
        return ""
    parts = specifier.split("/")
    kept = parts[: 2 if specifier.startswith("@") else 1]
    return "" if any(part in ("", ".", "..") for part in kept) else "/".join(kept)


def types_of(package: str) -> str:
    """The package that holds the types of one that has none itself."""
    return f"@types/{package.removeprefix('@').replace('/', '__')}"


def version_with_types(folder: Path) -> str:
    """The version of the package in a folder; "" where there is none, or none with types."""
    try:
        data = (folder / "package.json").read_bytes()[:_MOST_MANIFEST]
        about = json.loads(data)
        version = about["version"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return ""
    if not isinstance(version, str):
        return ""
    says_so = isinstance(about.get("types", about.get("typings")), str)
    exports = json.dumps(about.get("exports", ""))
    has_some = any(suffix in exports or next(folder.glob(f"*{suffix}"), None) is not None for suffix in TYPES)
    return version if says_so or has_some else ""
