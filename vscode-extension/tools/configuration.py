"""Writes the server's settings, from settings.py, into package.json, its English texts, the extension's README and
docs/settings.md.

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
#: For tests of the server; an editor's user has no use for it.
_LEFT_OUT = ("engine",)
_BY_FOLDER = ("enable", "disabled_languages", "next_edits")
#: The groups of the settings page, each with the names of its settings; what has a dot is the extension's own.
_GROUPS = {
    "suggestions": (
        "enable",
        "disabledLanguages",
        "deadlineMs",
        "maxTokens",
        "minConfidence",
        "nextEdits",
    ),
    "history": ("hover", "codeLens", "editor.lineEnd", "editor.newLines"),
    "context": ("context", "memory", "edits", "history", "exclude", "windowTokens"),
    "model": (
        "model",
        "draftModel",
        "instructModel",
        "thinkingModel",
        "nextEditModel",
        "remote",
        "remoteModel",
        "remoteKey",
    ),
    "machine": (
        "threads",
        "gpuLayers",
        "mainGpu",
        "tensorSplit",
        "experts",
        "kvType",
        "batterySaver",
        "memoryLimitMb",
        "savedKvMb",
        "idleExitSeconds",
    ),
    "server": (
        "server.command",
        "server.python",
        "server.package",
        "server.environment",
        "logLevel",
        "trace.server",
    ),
}
_TYPES = {bool: "boolean", int: "integer", str: "string"}


def key_of(name: str) -> str:
    """A setting's name as editors write it: deadline_ms is deadlineMs."""
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


def schema(item: Field[Any]) -> dict[str, Any]:
    """A setting as package.json describes it; its texts are keys of package.nls.json."""
    meta, default, key = item.metadata, item.default, f"iquest.{key_of(item.name)}"
    found: dict[str, Any] = {}
    if isinstance(default, tuple):
        found |= {"type": "array", "items": {"type": "string"}, "default": list(default)}
    else:
        found |= {"type": _TYPES[type(default)], "default": default}
    if meta["choices"]:
        found["enum"] = list(meta["choices"])
        found["enumDescriptions"] = [f"%{key}.{choice}%" for choice in meta["choices"]]
    if meta["low"] is not None:
        found["minimum"] = meta["low"]
    if meta["high"] is not None:
        found["maximum"] = meta["high"]
    if meta["pattern"]:
        found["pattern"] = f"^({meta['pattern']})$"
    # What the extension itself follows, a folder may set for itself; the server has one value for all folders.
    scope = "resource" if item.name in _BY_FOLDER else "window" if meta["workspace"] else "machine"
    return found | {"scope": scope, "description": f"%{key}%"}


def table(page: Path) -> str:
    """A page's table of settings: the extension's has those that it offers."""
    rows = ["| setting | in `iquest.toml` | default | what it does |", "| --- | --- | --- | --- |"]
    for item in fields(Settings):
        if item.name in _LEFT_OUT and page.parent == EXTENSION:
            continue
        default = json.dumps(list(item.default) if isinstance(item.default, tuple) else item.default)
        inside = f"`{item.name}`" if item.metadata["workspace"] else "–"
        rows.append(f"| `iquest.{key_of(item.name)}` | {inside} | `{default}` | {item.metadata['doc']} |")
    return "\n".join(rows)


def main() -> None:
    """Rewrites the files in place."""
    manifest, texts = EXTENSION / "package.json", EXTENSION / "package.nls.json"
    data, told = (json.loads(file.read_text("utf-8")) for file in (manifest, texts))
    groups = data["contributes"]["configuration"]
    before = {key: value for group in groups for key, value in group["properties"].items()}
    described = {f"iquest.{key_of(item.name)}": item for item in fields(Settings) if item.name not in _LEFT_OUT}
    found = {key: value for key, value in before.items() if key.count(".") > 1}
    found |= {key: schema(item) for key, item in described.items()}
    told |= {key: item.metadata["doc"] for key, item in described.items()}
    data["contributes"]["configuration"] = [
        {
            "id": name,
            "title": f"%settings.{name}%",
            "order": order,
            # An editor shows a group's settings by their names unless they have an order of their own.
            "properties": {
                f"iquest.{key}": found.pop(f"iquest.{key}") | {"order": place} for place, key in enumerate(keys)
            },
        }
        for order, (name, keys) in enumerate(_GROUPS.items())
    ]
    if found:
        raise SystemExit(f"no group has {', '.join(found)}")
    every = {key: value for group in data["contributes"]["configuration"] for key, value in group["properties"].items()}
    restricted = [key for key, value in every.items() if value["scope"] == "machine"]
    data["capabilities"]["untrustedWorkspaces"]["restrictedConfigurations"] = restricted
    for file, value in ((manifest, data), (texts, told)):
        file.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")
    for page in PAGES:
        text = page.read_text("utf-8") if page.exists() else ""
        if BEGIN in text and END in text:
            head, tail = text.split(BEGIN)[0], text.split(END, 1)[1]
            page.write_text(f"{head}{BEGIN}\n{table(page)}\n{END}{tail}", "utf-8")


if __name__ == "__main__":
    main()
