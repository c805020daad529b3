"""Planted secrets reach neither the disk nor a server: in files, messages, diffs, branch names and old commits.

Every command runs on a repository full of them, with a remote engine that notes what it is sent; then all that was
sent, said, logged and kept is searched for them.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.home import Home, private_home
from tests.unit.runtime.scripted_server import Reply, Script, delta, model_server, piece, serving
from tests.unit.workspace import planted
from tests.unit.workspace.planted_table import planted as rows
from tests.waiting import PATIENT_MS

FIM = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
#: Kinds that are one line and random, so that a message, a name or a log can hold them, and a search can tell them.
TOKENS = ("github", "gitlab", "stripe", "aws", "openai", "npm", "google", "digitalocean", "huggingface", "jwt")


def git(root: Path, *arguments: str) -> None:
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    who = {f"GIT_{role}_{what}": "a@x.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    subprocess.run(["git", *arguments], cwd=root, check=True, capture_output=True, env={**os.environ, **own, **who})


def plant(root: Path) -> dict[str, str]:
    """Makes the repository; the secrets by where they are."""
    root.mkdir()
    hidden: dict[str, str] = {}
    git(root, "init", "-q", "-b", "main")
    (root / "shop.py").write_text(
        "def total(items):\n    return sum(items)\n\n\ndef show(items):\n    print(total(items))\n"
    )
    (root / "test_shop.py").write_text("from shop import total\n\n\ndef test_total():\n    assert total([1]) == 1\n")
    for number, row in enumerate(rows(3)):
        file = root / "kinds" / f"k{number}" / row.path
        file.parent.mkdir(parents=True)
        file.write_text(row.text + "\n")
        hidden |= {
            f"{row.name} {i}": value for i, value in enumerate(row.secrets) if "\n" not in value and _tells(value)
        }
    git(root, "add", "-A")
    git(root, "commit", "-qm", "Add a shop and how it is set up")
    values = {
        where: planted.secrets(seed) for seed, where in enumerate(("old", "subject", "body", "diff", "staged", "new"))
    }
    for name in TOKENS:
        (root / "shop.py").write_text(f"KEY = '{values['old'][name]}'\n" + (root / "shop.py").read_text())
        git(
            root,
            "commit",
            "-qam",
            f"Total with the key {values['subject'][name]}\n\nUse {values['body'][name]} for it.",
        )
        text = (root / "shop.py").read_text().partition("\n")[2]
        (root / "shop.py").write_text(text)
        git(root, "commit", "-qam", f"Show the total without {name}, which was no good idea at all")
    branch = planted.secrets(77)["github"]
    git(root, "checkout", "-q", "-b", f"try-{branch}")
    hidden["branch"] = branch
    with (root / "shop.py").open("a") as file:
        file.write("\n\ndef more(items):\n")
        file.writelines(f"    use('{values['staged'][name]}')\n" for name in TOKENS)
    git(root, "add", "-A")
    with (root / "shop.py").open("a") as file:
        file.writelines(f"    use('{values['diff'][name]}')\n" for name in TOKENS)
    (root / "new.py").write_text("".join(f"N{n} = '{values['new'][name]}'\n" for n, name in enumerate(TOKENS)))
    for where, some in values.items():
        hidden |= {f"{where} {name}": some[name] for name in TOKENS}
    return hidden


def _tells(value: str) -> bool:
    """Whether finding a text means that this secret was found: planted words are words elsewhere too."""
    return len(value) >= 16 and any(char.isdigit() for char in value)


@pytest.fixture
def home() -> Iterator[Home]:
    with private_home() as made:
        yield made


def answering() -> Script:
    """A server that completes and chats."""
    return model_server(
        lambda asked: Reply(events=[piece("return 1")]),
        tokens=FIM,
        chat=lambda asked: Reply(events=[delta(content="It adds up. [shop.py:2]"), delta("stop")]),
    )


def test_no_planted_secret_is_sent_said_or_kept(home: Home, tmp_path: Path) -> None:
    root = tmp_path / "work"
    hidden = plant(root)
    assert len(hidden) > 150
    said: dict[str, str] = {}
    with serving(answering()) as server:
        settings = home.folder / "config" / "iquest-lsp"
        settings.mkdir(parents=True)
        (settings / "settings.toml").write_text(
            f'remote = "{server.url}"\ndeadline_ms = {PATIENT_MS}\ninstruct_model = "remote:coder"\n'
        )
        for command in (
            ("complete", f"{root}/shop.py:2", "--json"),
            ("complete", f"{root}/new.py:3", "--json"),
            ("complete", f"{root}/test_shop.py:5", "--json"),
            ("context", f"{root}/shop.py:2", "--json"),
            ("explain-diff", "--repo", str(root)),
            ("explain-diff", "--repo", str(root), "--json"),
            ("explain-diff", "--repo", str(root), "--staged"),
            ("explain-diff", "--repo", str(root), "HEAD~1"),
            ("explain-diff", "--repo", str(root), "HEAD~4..HEAD"),
            ("why", "--repo", str(root), "shop.py:2"),
            ("why", "--repo", str(root), "shop.py::total", "--json"),
            ("why", "--repo", str(root), "shop.py"),
            ("impact", "--repo", str(root), "shop.py::total"),
            ("suspects", "--repo", str(root), "shop.py"),
            ("ask", "What is the key of the shop?", "--repo", str(root)),
            ("complete", f"{root}/shop.py:4", "--json"),
        ):
            done = home.command(*command)
            said[" ".join(command)] = done.stdout + done.stderr
        sent = [f"{item.path} {item.body}" for item in server.asked]
        home.end()
    assert any("/v1/completions" in text for text in sent), said
    assert any("/chat/" in text for text in sent), said
    kept = {str(path): path.read_bytes() for path in home.folder.rglob("*") if path.is_file() and not path.is_symlink()}
    assert len(kept) > 3
    leaks = [
        (name, place)
        for name, secret in hidden.items()
        for place in (
            *("sent: " + text[:60] for text in sent if secret in text),
            *("said: " + command for command, text in said.items() if secret in text),
            *("kept: " + path for path, data in kept.items() if secret.encode() in data),
        )
    ]
    assert leaks == []
