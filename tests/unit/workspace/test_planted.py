"""No planted secret is shown, in whatever kind of file it stands, and its harmless neighbour is shown as it is."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from iquest_lsp.datatypes import Document
from iquest_lsp.workspace.admission import Gate
from iquest_lsp.workspace.ignore import IgnoreRules
from iquest_lsp.workspace.secret_scan import SecretFinder, find_secrets, has_secret, redact
from tests.unit.workspace.planted_table import Planted, planted

ROWS = planted(7)
#: Secrets that are words are told apart from other words only by the file they stand in.
NEEDS_ITS_FILE = frozenset({"docker-compose.yml", "Dockerfile", "a.tf"})


def shown(text: str, path: str) -> str:
    return redact(text, find_secrets(text, path))


def leaks(row: Planted, text: str) -> list[str]:
    lines = [line.strip() for secret in row.secrets for line in secret.splitlines()]
    return [line for line in lines if line and line in text]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_a_planted_secret_is_not_shown(row: Planted, ends: str) -> None:
    for seed in range(3):
        again = planted(seed)[ROWS.index(row)]
        assert leaks(again, shown((again.text + "\n").replace("\n", ends), again.path)) == [], again.text


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_its_neighbour_is_shown(row: Planted) -> None:
    assert shown(row.neighbour + "\n", row.path) == row.neighbour + "\n"


@pytest.mark.slow
def test_the_file_of_a_masked_secret_is_kept_and_nothing_planted_gets_in(tmp_path: Path) -> None:
    for number, row in enumerate(ROWS):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / row.path).write_text(f"{row.neighbour}\n{row.text}\n{row.neighbour}\n")
    gate, kept = Gate(tmp_path, IgnoreRules(tmp_path, global_file=tmp_path / "none")), 0
    for number, row in enumerate(ROWS):
        loaded = gate.load(f"{number}/{row.path}")
        if isinstance(loaded, Document):
            kept += 1
            assert leaks(row, loaded.text.replace(row.neighbour, "")) == []
            assert row.neighbour.splitlines()[0] in loaded.text
    assert kept > len(ROWS) / 2


@pytest.mark.parametrize("row", [row for row in ROWS if "\n" not in row.text], ids=lambda row: row.name)
def test_a_line_is_found_without_its_file(row: Planted) -> None:
    """In a hunk, in a message and in a log, nothing says in which file a line stands."""
    assert has_secret(row.text), row.text
    assert has_secret(f"Mend the login\n\n    {row.text}\n"), row.text


@pytest.mark.slow
def test_typing_finds_what_a_whole_search_finds() -> None:
    rng = random.Random(4)
    pieces = [f"{row.text}\n" for row in ROWS if row.path.endswith((".yaml", ".yml", ".tf", ".json", ".xml"))]
    finder, text = SecretFinder("a.yaml"), ""
    for _ in range(50):
        at = rng.randint(0, len(text))
        cut = rng.choice([0, 0, rng.randint(0, 40)])
        text = text[:at] + rng.choice(pieces) + text[at + cut :] if len(text) < 6000 else text[at:]
        assert finder.find(text) == find_secrets(text, "a.yaml")


KUBERNETES = """\
# one
apiVersion: v1
kind: ConfigMap
data:
  mode: shown-one
---
metadata:
  name: x
data:
  first: hidden-one  # said
  "second": 'hidden-two'

  # a remark
  third: |-
    hidden-three: x

    hidden-four
  fourth: {{ .Values.shown }}
stringData: {fifth: hidden-five, "sixth": "hidden-six"}
kind: "Secret"
type: Opaque
---
kind: List
items:
  - metadata: {name: shown-two}
    kind: Secret
    data:
      a: hidden-seven
    other:
      b: shown-three
  - kind: ConfigMap
    data:
      c: shown-four
  -   kind: Secret
      stringData:
          d: >
            hidden-eight
---
kind: SealedSecret
data:
  e: shown-five
"""


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
def test_the_data_of_kubernetes_secrets_and_of_nothing_else(ends: str) -> None:
    text = shown(KUBERNETES.replace("\n", ends), "all.yaml")
    assert "hidden" not in text
    assert text.count("shown") == KUBERNETES.count("shown")
    assert text.count("\n") == KUBERNETES.count("\n")


HUNKS = (
    "  name: db\ndata:\n  licence: <c2VzYW1lNzd4Zm9v>\n  user: <YW5uYQ==>\n",
    "  licence: <c2VzYW1lNzd4Zm9v>\n",
    "  licence.json: '<c2VzYW1lNzd4Zm9v>'\r\n",
    '    "licence": "<c2VzYW1lNzd4Zm9v>",\n',
    "stringData:\n  licence: <open it>\n  other: |\n    <several>\n    <lines>\nmore:\n  a: shown\n",
    "type: Opaque\ndata:\n  licence: <open>\n",
    "data:\n  licence: <open>\ntype: kubernetes.io/basic-auth\n",
)


@pytest.mark.parametrize("hunk", HUNKS)
def test_a_hunk_of_a_kubernetes_secret_that_does_not_say_what_it_is(hunk: str) -> None:
    values = re.findall(r"<(.*?)>", hunk)
    text = re.sub(r"<(.*?)>", r"\1", hunk)
    assert has_secret(text)
    masked = redact(text, find_secrets(text))
    assert [value for value in values if value in masked] == []
    assert masked.count("\n") == text.count("\n")
    assert masked.count("shown") == text.count("shown")


@pytest.mark.parametrize(
    "line",
    [
        "integrity: 47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=",
        "name: deployment12",
        "data:\n  colour: blue\n  size: large",
        "schema: abcdefghijkl",
        "type: string\ndata:\n  a: b",
        "return: everything",
        "commit: 0123456789abcdef0123456789abcdef01234567",
    ],
)
def test_entries_that_are_no_text_in_base64(line: str) -> None:
    assert not has_secret(line + "\n")
