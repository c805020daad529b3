"""The settings are the same in settings.py, in the VS Code extension's package.json, and in the pages' tables."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from iquest_lsp import __version__
from iquest_lsp.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
EXTENSION = ROOT / "vscode-extension"
MANIFEST: dict[str, Any] = json.loads((EXTENSION / "package.json").read_text("utf-8"))
GROUPS: list[dict[str, Any]] = MANIFEST["contributes"]["configuration"]
PROPERTIES: dict[str, dict[str, Any]] = {key: value for group in GROUPS for key, value in group["properties"].items()}
#: The manifest's texts, by the keys that stand for them.
ENGLISH: dict[str, str] = json.loads((EXTENSION / "package.nls.json").read_text("utf-8"))
#: What runs the model is for tests of the server; an editor's user is not offered it.
DESCRIBED = [item for item in fields(Settings) if item.name != "engine"]
FIX = "run: python vscode-extension/tools/configuration.py"
ROW = re.compile(r"^\| `iquest\.(\w+)` \| (?:`(\w+)`|–) \| `(.*?)` \| (.*) \|$", re.MULTILINE)


def camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


def as_json(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def test_the_manifest_has_the_servers_settings_and_no_others() -> None:
    # Those of the extension itself have a second dot.
    own = {key for key in PROPERTIES if key.count(".") == 1}
    assert own == {f"iquest.{camel(item.name)}" for item in DESCRIBED}, FIX
    assert "iquest.engine" not in PROPERTIES


def test_a_folder_sets_for_itself_what_the_extension_follows() -> None:
    resource = {key for key, value in PROPERTIES.items() if value["scope"] == "resource"}
    assert {"iquest.enable", "iquest.disabledLanguages", "iquest.editor.lineEnd"} <= resource
    assert all(PROPERTIES[key]["scope"] != "resource" for key in ("iquest.context", "iquest.maxTokens"))


@pytest.mark.parametrize("key", PROPERTIES)
def test_each_of_several_values_says_what_it_means(key: str) -> None:
    described = PROPERTIES[key]
    told = [ENGLISH[text.strip("%")] for text in described.get("enumDescriptions", [])]
    assert len(told) == len(described.get("enum", []))
    assert all(told)


@pytest.mark.parametrize("item", DESCRIBED, ids=lambda item: item.name)
def test_a_setting_is_described_alike(item: Any) -> None:
    described = PROPERTIES[f"iquest.{camel(item.name)}"]
    default = as_json(item.default)
    kinds = {bool: "boolean", int: "integer", str: "string", list: "array"}
    assert described["type"] == kinds[type(default)], FIX
    assert described["default"] == default, FIX
    assert ENGLISH[described["description"].strip("%")] == item.metadata["doc"], FIX
    assert tuple(described.get("enum", ())) == item.metadata["choices"], FIX
    assert described.get("minimum") == item.metadata["low"], FIX
    assert described.get("maximum") == item.metadata["high"], FIX
    # What a workspace's file may not set, a workspace's editor settings may not either.
    assert (described["scope"] == "machine") == (not item.metadata["workspace"]), FIX


@pytest.mark.parametrize("page", [EXTENSION / "README.md", ROOT / "docs" / "settings.md"], ids=["extension", "project"])
def test_the_page_lists_them(page: Path) -> None:
    rows = ROW.findall(page.read_text("utf-8"))
    assert rows == [
        (
            camel(item.name),
            item.name if item.metadata["workspace"] else "",
            json.dumps(as_json(item.default)),
            item.metadata["doc"],
        )
        for item in (DESCRIBED if page.parent == EXTENSION else fields(Settings))
    ], FIX


def test_the_versions_agree() -> None:
    assert MANIFEST["version"] == __version__
