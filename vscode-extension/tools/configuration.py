"""Writes the server's settings, from settings.py, into package.json, the extension's README and docs/settings.md.

python vscode-extension/tools/configuration.py
"""

from __future__ import annotations

import json
from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from iquest_lsp.settings import Settings

EXTENSION = Path(__file__).resolve().parents[1]
PAGES = (EXTENSION / "README.md", EXTENSION.parent / "docs" / "settings.md")
BEGIN, END = "<!-- settings: written by vscode-extension/tools/configuration.py -->", "<!-- end of settings -->"
_TYPES = {bool: "boolean", int: "integer", str: "string"}


def key_of(name: str) -> str:
    """A setting's name as editors write it: deadline_ms is deadlineMs."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def schema(item: Field[Any]) -> dict[str, Any]:
    """A setting as package.json describes it."""
    meta, default = item.metadata, item.default
    found: dict[str, Any] = {}
    if isinstance(default, tuple):
        found |= {"type": "array", "items": {"type": "string"}, "default": list(default)}
    else:
        found |= {"type": _TYPES[type(default)], "default": default}
    if meta["choices"]:
        found["enum"] = list(meta["choices"])
    if meta["low"] is not None:
        found["minimum"] = meta["low"]
    if meta["high"] is not None:
        found["maximum"] = meta["high"]
    return found | {"scope": "window" if meta["workspace"] else "machine", "description": meta["doc"]}


def table() -> str:
    """The pages' table of settings."""
    rows = ["| setting | in `iquest.toml` | default | what it does |", "| --- | --- | --- | --- |"]
    for item in fields(Settings):
        default = json.dumps(list(item.default) if isinstance(item.default, tuple) else item.default)
        inside = f"`{item.name}`" if item.metadata["workspace"] else "–"
        rows.append(f"| `iquest.{key_of(item.name)}` | {inside} | `{default}` | {item.metadata['doc']} |")
    return "\n".join(rows)


def main() -> None:
    """Rewrites the files in place."""
    manifest = EXTENSION / "package.json"
    data = json.loads(manifest.read_text("utf-8"))
    configuration = data["contributes"]["configuration"]
    own = {key: value for key, value in configuration["properties"].items() if key.count(".") > 1}
    configuration["properties"] = {f"iquest.{key_of(item.name)}": schema(item) for item in fields(Settings)} | own
    restricted = [key for key, value in configuration["properties"].items() if value["scope"] == "machine"]
    data["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"] = restricted
    manifest.write_text(json.dumps(data, indent=2, ensure_ascii=False) + "\n", "utf-8")
    for page in PAGES:
        text = page.read_text("utf-8") if page.exists() else ""
        if BEGIN in text and END in text:
            head, tail = text.split(BEGIN)[0], text.split(END, 1)[1]
            page.write_text(f"{head}{BEGIN}\n{table()}\n{END}{tail}", "utf-8")


if __name__ == "__main__":
    main()
