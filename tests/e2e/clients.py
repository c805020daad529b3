"""Clients of a server with a home of their own, for tests of what it offers beside completion."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from tests.e2e.home import Home, private_home
from tests.e2e.rawclient import RawClient, close_all

FAKE = ("--engine", "fake")


CODE = "def area(width, height):\n    return width * height\n\n\ndef volume(a, b, c):\n    return a * b * c\n"


DYNAMIC = {"dynamicRegistration": True}


@asynccontextmanager
async def client_in(
    root: Path,
    *arguments: str,
    capabilities: dict[str, Any] | None = None,
    environment: dict[str, str] | None = None,
    results: dict[str, Any] | None = None,
    kind: type[Home] = Home,
    **options: Any,
) -> AsyncIterator[tuple[RawClient, dict[str, Any]]]:
    with private_home(kind) as home:
        client = await RawClient.start(home, *arguments, environment=environment)
        client.results |= results or {}
        try:
            answer = await client.initialize(root, capabilities=capabilities, **options)
            yield client, answer["result"]["capabilities"]
            assert await client.leave() == 0
        finally:
            await close_all()


def at(uri: str, line: int) -> dict[str, Any]:
    return {"textDocument": {"uri": uri}, "position": {"line": line, "character": 4}}


def shapes_in(folder: Path) -> Path:
    """A repository with a file of shapes in a folder."""
    root = folder / "work"
    root.mkdir()
    (root / "shapes.py").write_text(CODE)
    git = ["git", "-C", str(root), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run([*git, "init", "-q"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "Compute *areas*"], check=True)
    return root


def actions(uri: str, line: int, **context: Any) -> dict[str, Any]:
    place = {"line": line, "character": 0}
    diagnostics = [{"range": {"start": place, "end": place}, "message": "name 'q' is not defined"}]
    return {
        "textDocument": {"uri": uri},
        "range": {"start": place, "end": place},
        "context": {"diagnostics": diagnostics, **context},
    }


def registered(client: RawClient, method: str) -> set[str]:
    key = "registrations" if method == "client/registerCapability" else "unregisterations"
    return {item["method"] for asked in client.requests if asked["method"] == method for item in asked["params"][key]}


def times_asked(client: RawClient, method: str) -> int:
    return sum(item["method"] == method for item in client.requests)


def newest_status(client: RawClient) -> dict[str, Any]:
    return client.home.status(*FAKE)
