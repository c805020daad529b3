"""The configurations of editors that are not run in the tests: their syntax, and that they say what the pages say."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
EDITORS = ROOT / "editors"
COMMAND = ["iquest-lsp", "--stdio"]


def test_helix_keeps_the_servers_of_each_language() -> None:
    told = tomllib.loads((EDITORS / "helix" / "languages.toml").read_text("utf-8"))
    server = told["language-server"]["iquest"]
    assert [server["command"], *server["args"]] == COMMAND
    servers = {language["name"]: language["language-servers"] for language in told["language"]}
    assert len(servers) == len(told["language"])
    for name, several in servers.items():
        assert several[-1] == "iquest", name
        assert len(several) > 1, name
    assert {"python", "javascript", "typescript", "java", "go", "rust", "c", "cpp"} <= set(servers)


def test_kakoune_adds_to_the_servers_of_a_file_type() -> None:
    text = (EDITORS / "kakoune" / "iquest.kak").read_text("utf-8")
    assert text.count("{") == text.count("}")
    hook = re.search(r"^hook -group iquest global User LSPDefaultConfig=\(\?:([\w|]+)\) %\{$", text, re.MULTILINE)
    assert hook
    assert {"python", "c", "cpp", "rust", "javascript"} <= set(hook[1].split("|"))
    table = re.search(r"set-option -add buffer lsp_servers %\{\n(.*?)\n    \}", text, re.DOTALL)
    assert table
    server = tomllib.loads(table[1])["iquest"]
    assert [server["command"], *server["args"]] == COMMAND


def test_sublime_has_a_client_more() -> None:
    told = json.loads((EDITORS / "sublime" / "LSP.sublime-settings").read_text("utf-8"))
    client = told["clients"]["iquest"]
    assert client["command"] == COMMAND
    assert client["enabled"] is True
    assert client["selector"] == "source"


def test_jetbrains_has_a_template() -> None:
    folder = EDITORS / "jetbrains"
    for name in ("initializationOptions.json", "settings.json", "clientSettings.json"):
        assert json.loads((folder / name).read_text("utf-8")) == {}
    told = json.loads((folder / "template.json").read_text("utf-8"))
    assert told["programArgs"]["default"].split() == COMMAND
    patterns = [pattern for one in told["fileTypeMappings"] for pattern in one["fileType"]["patterns"]]
    assert len(patterns) == len(set(patterns))
    known = {one["languageId"] for one in told["fileTypeMappings"]}
    assert {"python", "javascript", "typescript", "java", "go", "rust", "c", "cpp"} <= known


def test_the_page_shows_what_the_files_say() -> None:
    page = (ROOT / "docs" / "editors.md").read_text("utf-8")
    for name in ("helix/languages.toml", "kakoune/iquest.kak", "sublime/LSP.sublime-settings", "jetbrains"):
        assert f"editors/{name}" in page, name
