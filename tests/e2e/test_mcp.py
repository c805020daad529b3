"""The MCP server as a coding agent starts it: the SDK's own client over stdio, and raw bytes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from iquest_lsp.mcp_server import budget, tools
from tests.docs import shop
from tests.e2e.home import PROGRAM, Home, children, complaints, private_home
from tests.needed import needs
from tests.unit.workspace.planted import secrets
from tests.waiting import PATIENCE_S, until

needs("mcp", "the extra mcp is not installed")
jsonschema = pytest.importorskip("jsonschema")

#: What each server would import anew.
IMPORTS = "import mcp.server, mcp.server.stdio, mcp.shared.exceptions, mcp_types.version\n"
#: The protocol before and after its version of 2026-07-28.
MODES = ("legacy", "auto")
each_mode = pytest.mark.parametrize("mode", MODES)


@pytest.fixture(scope="module")
def private() -> Iterator[Home]:
    with private_home() as home:
        (home.folder / "shop").mkdir()
        shop.make(home.folder / "shop")
        bank = home.folder / "bank"
        bank.mkdir()
        (bank / "vault.py").write_text("def open_vault(code):\n    return code == 7\n")
        git(bank, "init", "-q", "-b", "main")
        git(bank, "add", ".")
        git(bank, "commit", "-q", "-m", "feat: a vault")
        yield home


@pytest.fixture
def root(private: Home) -> Path:
    """The example project, whose history is known."""
    return Path(os.path.realpath(private.folder / "shop"))


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=Ann", "-c", "user.email=ann@example.org", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@asynccontextmanager
async def agent(
    home: Home, cwd: Path, *arguments: str, environment: dict[str, str] | None = None, own: bool = False, **more: Any
) -> AsyncIterator[Any]:
    """A client of a server that runs in a folder, where that matters in a process of its `own`."""
    import mcp

    full = {**os.environ, **home.environment, **(environment or {})}
    command, *words = PROGRAM if own else home.program(full, IMPORTS)
    parameters = mcp.StdioServerParameters(command=command, args=[*words, "mcp", *arguments], env=full, cwd=cwd)
    async with mcp.Client(mcp.stdio_client(parameters), read_timeout_seconds=PATIENCE_S, **more) as client:
        yield client


async def ask(client: Any, tool: str, **given: Any) -> dict[str, Any]:
    """The structured answer of a tool; the client checks it against the schema."""
    made = await client.call_tool(tool, given)
    assert not made.is_error, made.content
    found: dict[str, Any] = made.structured_content
    return found


async def refused(client: Any, tool: str, given: dict[str, Any]) -> str:
    """What a tool says of a question that it cannot answer."""
    made = await client.call_tool(tool, given)
    assert made.is_error, made.content
    assert made.structured_content is None
    said: str = made.content[0].text
    assert "Traceback" not in said
    assert said.endswith(".")
    return said


@each_mode
async def test_the_tools_are_offered_as_read_only_with_schemas(private: Home, root: Path, mode: str) -> None:
    async with agent(private, root, mode=mode) as client:
        offered = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert "why: how a line" in client.instructions
    assert set(offered) == {"explain_diff", "why", "impact", "next_edit", "suspects", "context"}
    for tool in offered.values():
        assert tool.annotations.read_only_hint
        assert not tool.annotations.destructive_hint
        assert not tool.annotations.open_world_hint
        jsonschema.Draft202012Validator.check_schema(tool.input_schema)
        jsonschema.Draft202012Validator.check_schema(tool.output_schema)
        for example in re.findall(r"\{.*?\}", tool.description.rpartition("Example: ")[2]):
            jsonschema.validate(json.loads(example), tool.input_schema)


@each_mode
async def test_every_question_is_answered_with_commits(private: Home, root: Path, mode: str) -> None:
    known = set(git(root, "rev-list", "--all").split())
    async with agent(private, root, mode=mode) as client:
        explained = await ask(client, "explain_diff")
        assert "`total`" in explained["summary"]
        assert "tests/test_prices.py" in [item["path"] for item in explained["missing"]]
        assert {item["commit"] for item in explained["history"]} <= known
        story = await ask(client, "why", file="shop/prices.py", symbol="total")
        assert story["since"] == "v1.0"
        assert {item["commit"] for item in story["story"]} <= known
        assert story["root"] == str(root)
        assert story["head"] == git(root, "rev-parse", "HEAD").strip()
        reached = await ask(client, "impact", file="shop/prices.py", symbol="total")
        assert ("shop/orders.py", 15) in [(item["path"], item["line"]) for item in reached["items"]]
        assert (await ask(client, "next_edit"))["items"] == []  # what `delivery` is to be, nobody knows
        found = await ask(client, "suspects", file="shop/prices.py")
        assert found["items"][0]["commit"] in known
        log = 'Traceback (most recent call last):\n  File "shop/prices.py", line 9, in total\nTypeError: x\n'
        assert (await ask(client, "suspects", log=log))["items"]


@each_mode
async def test_text_and_structure_say_the_same(private: Home, root: Path, mode: str) -> None:
    async with agent(private, root, mode=mode) as client:
        made = await client.call_tool("why", {"file": "shop/prices.py", "line": 9})
    text = made.content[0].text
    for item in made.structured_content["story"]:
        assert item["commit"][:10] in text
        assert item["subject"] in text
    assert str(root) in text


async def test_a_patch_and_a_range_are_explained(private: Home, root: Path) -> None:
    patch = git(root, "diff")
    async with agent(private, root) as client:
        by_patch = await ask(client, "explain_diff", patch=patch)
        by_tree = await ask(client, "explain_diff")
        assert by_patch["files"] == by_tree["files"]
        assert "Members" in json.dumps(await ask(client, "explain_diff", revision="v1.1..v1.2"))
        nothing = await client.call_tool("explain_diff", {"staged": True})
        assert not nothing.is_error


async def test_ranges_files_and_diffs(private: Home, root: Path) -> None:
    async with agent(private, root) as client:
        story = await ask(client, "why", file="shop/prices.py", line=3, end_line=9)
        assert story["target"] == "shop/prices.py:3-9"
        assert story == await ask(client, "why", file="shop/prices.py:3-9")
        some = await ask(client, "impact", file="shop/prices.py", line=8, end_line=9)
        assert some["definitions"] == ["total"]
        whole = await ask(client, "impact", file="shop/prices.py")
        assert "total" in whole["definitions"]
        diff = await ask(client, "impact")
        assert diff["definitions"] == ["total"]
        assert ("shop/orders.py", 15) in [(item["path"], item["line"]) for item in diff["items"]]
        assert diff["items"] == (await ask(client, "impact", patch=git(root, "diff")))["items"]
        assert (await ask(client, "impact", revision="v1.1..v1.2"))["items"]
        commits = [commit for item in diff["items"] for commit in item.get("commits", [])]
        assert commits
        assert set(commits) <= set(git(root, "rev-list", "HEAD").split())


async def test_answers_keep_to_the_budget_and_say_how_to_get_the_rest(private: Home, root: Path) -> None:
    async with agent(private, root) as client:
        asked = {"file": "shop/prices.py", "symbol": "total"}
        short = await client.call_tool("why", {**asked, "max_tokens": budget.LEAST})
        cut = short.structured_content["cut"]
        assert budget.json_tokens(short.structured_content) <= budget.LEAST
        assert budget.tokens(short.content[0].text) <= budget.LEAST
        assert cut["lists"][0]["list"] == "story"
        needed = int(cut["rest"].partition("max_tokens=")[2].split()[0])
        whole = await ask(client, "why", **asked, max_tokens=needed)
        assert "cut" not in whole
        assert len(whole["story"]) == len(short.structured_content["story"]) + cut["lists"][0]["left_out"]


HOSTILE: tuple[tuple[str, dict[str, Any], str], ...] = (
    ("why", {}, "'file' is missing"),
    ("why", {"file": "../bank/vault.py"}, "lies outside of"),
    ("why", {"file": "/etc/passwd"}, "lies outside of"),
    ("why", {"file": ".git/config"}, "belongs to git itself"),
    ("why", {"file": "shop"}, "is a folder"),
    ("why", {"file": "shop/prices.py", "line": 99}, "has no line 99"),
    ("why", {"file": "shop/prices.py", "line": 2, "symbol": "total"}, "not both"),
    ("why", {"file": "shop/prices.py", "end_line": 2}, "needs 'line'"),
    ("why", {"file": "shop/prices.py", "line": 5, "end_line": 2}, "comes before"),
    ("why", {"file": "shop/prices.py", "line": 5, "end_line": 2000}, "has no line 2000"),
    ("impact", {"file": "shop/prices.py", "revision": "HEAD"}, "not both"),
    ("impact", {"revision": "--output=pwned"}, "names no change"),
    ("impact", {"patch": "no patch at all"}, ""),
    ("why", {"file": "shop/prices.py\0"}, "holds what is no text"),
    ("why", {"file": "a/" * 2000}, "There is no file"),
    ("why", {"file": {"path": "shop/prices.py"}}, "must be a text"),
    ("why", {"file": "shop/prices.py", "root": "/"}, "lies outside of"),
    ("why", {"file": "shop/prices.py", "root": "../bank"}, "lies outside of"),
    ("why", {"file": "shop/prices.py", "root": "nowhere"}, "There is no folder nowhere"),
    ("why", {"file": "shop/prices.py", "max_tokens": 1}, "must lie between 200 and 25000"),
    ("impact", {"file": "shop/prices.py", "symbol": "totl"}, "defines no totl"),
    ("impact", {"file": "$(touch pwned)", "symbol": "`touch pwned`"}, "There is no file"),
    ("explain_diff", {"revision": "--output=pwned"}, "names no change"),
    ("explain_diff", {"revision": "HEAD..--output=pwned"}, "--output=pwned"),
    ("explain_diff", {"revision": "HEAD; touch pwned"}, "names no commit"),
    ("explain_diff", {"revision": "no-such-branch"}, "no-such-branch"),
    ("explain_diff", {"revision": "HEAD", "staged": True}, "not both"),
    ("suspects", {}, "'file' and 'log' are both missing"),
    ("suspects", {"log": "all is well"}, ""),
    ("suspects", {"log": "x", "file": "shop/prices.py"}, "not both"),
    ("next_move", {"file": "shop/prices.py"}, "There is no tool 'next_move'. There are: explain_diff, "),
)


@each_mode
async def test_hostile_arguments_are_refused_in_plain_words(private: Home, root: Path, mode: str) -> None:
    async with agent(private, root, mode=mode) as client:
        for tool, given, said in HOSTILE:
            answer = await refused(client, tool, given)
            assert said.lower() in answer.lower(), (tool, given, answer)
        assert await ask(client, "why", file="shop/prices.py")  # it goes on
    assert "pwned" not in [path.name for path in root.iterdir()]


@each_mode
async def test_a_client_offers_its_folders(private: Home, root: Path, mode: str) -> None:
    bank = root.parent / "bank"
    offered = [bank, root]

    async def folders(context: Any) -> Any:
        import mcp

        return mcp.types.ListRootsResult(roots=[mcp.types.Root(uri=folder.as_uri()) for folder in offered])

    async with agent(private, private.folder, mode=mode, list_roots_callback=folders) as client:
        assert (await ask(client, "why", file="vault.py"))["root"] == str(bank)
        assert (await ask(client, "why", file="shop/prices.py", root=str(root)))["root"] == str(root)
        assert "lies outside of" in await refused(client, "why", {"file": "a", "root": str(private.folder / "state")})


async def test_several_repositories_are_asked_about_at_once(private: Home, root: Path) -> None:
    bank = root.parent / "bank"
    async with agent(private, private.folder, str(bank), str(root)) as client:
        asked = [("shop", "shop/prices.py"), ("bank", "vault.py")] * 3
        answers = await asyncio.gather(
            *(ask(client, "why", root=str(root.parent / name), file=file) for name, file in asked)
        )
        assert [Path(answer["root"]).name for answer in answers] == [name for name, _ in asked]
        assert (await ask(client, "why", file="vault.py"))["root"] == str(bank)  # the first one, without a root


async def test_progress_is_told_and_grows(private: Home, root: Path) -> None:
    told: list[tuple[float, str]] = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        told.append((done, message or ""))

    async with agent(private, root) as client:
        await client.call_tool("explain_diff", {"revision": "v1.1..v1.2"}, progress_callback=progress)
    assert told
    assert told == sorted(told, key=lambda each: each[0])
    assert told[0][1].startswith("shop: ")


def slow_git(folder: Path) -> dict[str, str]:
    """An environment whose git stands still as long as the file `hold` is there; `held` says that it does."""
    real = shutil.which("git")
    script = f'#!/bin/sh\nif [ -e {folder}/hold ]; then touch {folder}/held; exec sleep 3600; fi\nexec {real} "$@"\n'
    (folder / "git").write_text(script)
    (folder / "git").chmod(0o755)
    (folder / "hold").touch()
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


@each_mode
async def test_a_question_that_is_withdrawn_ends_with_all_it_started(
    private: Home, root: Path, tmp_path: Path, mode: str
) -> None:
    environment = slow_git(tmp_path)
    async with agent(private, root, mode=mode, environment=environment, own=True) as client:
        asking = asyncio.create_task(client.call_tool("why", {"file": "shop/prices.py"}))
        await until((tmp_path / "held").exists)
        server = next(pid for pid in children(os.getpid(), "iquest_lsp.cli") if children(pid, "multiprocessing"))
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        await until(lambda: not children(server, "spawn_main") and not sleeping(tmp_path))
        (tmp_path / "hold").unlink()
        assert await ask(client, "why", file="shop/prices.py")


async def test_a_server_that_is_killed_leaves_nothing_behind(private: Home, root: Path, tmp_path: Path) -> None:
    environment = {**os.environ, **private.environment, **slow_git(tmp_path)}
    opening = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}
    asked = {"name": "why", "arguments": {"file": "shop/prices.py"}}
    server = subprocess.Popen([*PROGRAM, "mcp"], cwd=root, env=environment, stdin=subprocess.PIPE, text=True)
    assert server.stdin is not None
    for number, (method, params) in enumerate((("initialize", opening), ("tools/call", asked))):
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        server.stdin.write(json.dumps(message) + "\n")
        if not number:
            server.stdin.write('{"jsonrpc": "2.0", "method": "notifications/initialized"}\n')
    server.stdin.flush()
    await until((tmp_path / "held").exists)
    workers = children(server.pid, "spawn_main")
    assert workers
    server.kill()
    server.communicate()
    await until(lambda: not sleeping(tmp_path) and not any(Path(f"/proc/{pid}").exists() for pid in workers))


def sleeping(folder: Path) -> list[int]:
    """The processes that the slow git became."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            if b"3600" in (path / "cmdline").read_bytes() and str(folder).encode() in (path / "environ").read_bytes():
                found.append(int(path.name))
        except OSError:
            continue
    return found


def test_only_the_protocol_is_on_stdout_and_garbage_ends_nothing(private: Home, root: Path) -> None:
    opening = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "raw", "version": "1"}}
    messages: list[str] = [
        "not json",
        "[]",
        '{"jsonrpc": "2.0"}',
        '{"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": ' + json.dumps(opening) + "}",
        '{"jsonrpc": "2.0", "method": "notifications/initialized"}',
        '{"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": {"name": 7}}',
        '{"jsonrpc": "2.0", "id": 3, "method": "tools/call", "params": {"name": "why", "arguments": "x"}}',
        '{"jsonrpc": "2.0", "id": 4, "method": "no/such", "params": {}}',
        "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"),
        '{"jsonrpc": "2.0", "id": 5, "method": "tools/call", '
        '"params": {"name": "why", "arguments": {"file": "shop/prices.py"}}}',
    ]
    process = subprocess.Popen(
        [*PROGRAM, "mcp"],
        cwd=root,
        env={**os.environ, **private.environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write("\n".join(messages) + "\n")
    process.stdin.flush()
    answers: dict[int, Any] = {}
    while 5 not in answers:
        message = json.loads(process.stdout.readline())  # nothing but JSON
        assert message["jsonrpc"] == "2.0"
        answers[message.get("id")] = message
    rest, told = process.communicate(timeout=PATIENCE_S)  # stdin is closed: it ends
    assert rest == ""
    assert process.returncode == 0, told
    assert answers[5]["result"]["structuredContent"]["story"]
    assert "error" in answers[2]
    assert "error" in answers[4]


def test_without_the_extra_the_error_says_what_to_install(private: Home, tmp_path: Path) -> None:
    (tmp_path / "mcp.py").write_text("raise ImportError('there is no mcp here')\n")
    process = private.begin("mcp", environment={"PYTHONPATH": str(tmp_path)})
    out, err = process.communicate("")
    assert process.returncode == 1
    assert out == ""
    assert 'pip install "iquest-lsp[mcp]"' in err
    assert len(complaints(err)) == 1


async def test_secrets_stay_here(private: Home, tmp_path: Path) -> None:
    planted = secrets()["aws"]
    (tmp_path / "keys.py").write_text(f"def key():\n    return '{planted}'\n")
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", f"feat: the key is {planted}")
    (tmp_path / "keys.py").write_text("def key():\n    return ''\n")
    async with agent(private, tmp_path) as client:
        for tool, given in (
            ("why", {"file": "keys.py", "symbol": "key"}),
            ("why", {"file": "keys.py", "line": 2}),
            ("explain_diff", {}),
            ("explain_diff", {"revision": "HEAD"}),
            ("suspects", {"file": "keys.py"}),
            ("suspects", {"log": f'File "keys.py", line 2, in key\nKeyError: {planted}\n'}),
            ("impact", {"file": "keys.py", "symbol": "key"}),
        ):
            made = await client.call_tool(tool, given)
            assert planted not in made.model_dump_json(), tool


async def test_the_window_at_a_place_comes_from_the_daemon(private: Home, root: Path) -> None:
    async with agent(private, root, "--engine", "fake") as client:
        found = await ask(client, "context", file="shop/orders.py", line=15)
        assert "shop/prices.py" in [piece["path"] for piece in found["pieces"]]
        assert found["pieces"][-1]["path"] == "shop/orders.py"
        assert found["pieces"][-1]["kind"] == "current"
        assert {item["commit"] for item in found["commits"]} <= set(git(root, "rev-list", "HEAD").split())
        assert "has no line 999" in await refused(client, "context", {"file": "shop/orders.py", "line": 999})
    assert private.pids()


def test_it_says_so_where_no_agent_is_on_stdin(private: Home) -> None:
    done = subprocess.run(
        [*PROGRAM, "mcp"],
        env={**os.environ, **private.environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "a coding agent starts" in done.stderr
    assert sys.executable == PROGRAM[0]


def test_the_tools_of_the_page_are_those_that_there_are() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "mcp.md").read_text("utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == [*tools.TOOLS]
