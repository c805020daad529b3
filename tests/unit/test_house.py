"""The rules of the house that import-linter cannot see."""

from __future__ import annotations

import ast
import graphlib
import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "iquest_lsp"
FOLDERS = ("iquest_lsp", "quantize", "benchmarks", "tests")
#: The package's files; llama-cpp-python's bindings, which a build puts into it, are not ours.
SOURCES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent != PACKAGE / "_runtime")
PATHS = {".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path for path in SOURCES}
MODULES = sorted(PATHS)
MOST_MODULES, MOST_LINES = 15, 400
MOST_PRIVATE_USES = 7
MOST_LAYOUT_EXCEPTIONS = 0
#: Modules of each room without a test file of their name in the folder that mirrors theirs; the numbers only fall.
MOST_UNNAMED = {
    "asking": 1,
    "assistant": 4,
    "bench": 6,
    "cli": 13,
    "codeflow": 5,
    "completion": 3,
    "context": 3,
    "daemon": 4,
    "ground": 1,
    "http_server": 1,
    "mcp_server": 2,
    "nextedit": 3,
    "project": 5,
    "runtime": 22,
    "server": 22,
    "workspace": 2,
}
OWNERS = {
    "pygls": ("server/protocol.py", "server/client.py"),
    "lsprotocol": ("server/", "daemon/"),
    "llama_cpp": ("runtime/",),
    "cattrs": ("runtime/base/wire.py", "server/"),
    "psutil": ("processes.py", "runtime/base/memory.py", "runtime/client/machine.py"),
    "filelock": ("file_lock.py",),
    "tomlkit": ("settings.py",),
    "jinja2": ("context/chat.py",),
    "http": (),
    "httpx": ("runtime/remote/http_client.py",),
    "git": ("codeflow/git/processes.py", "codeflow/git/repository.py"),
    "watchdog": ("workspace/watcher.py",),
    "torch": (),
    "transformers": (),
    "rich": ("cli/terminal.py",),
    "mcp": ("mcp_server/server.py",),
    "mcp_types": ("mcp_server/server.py",),
}


@cache
def tree(path: Path) -> ast.Module:
    """A module's syntax."""
    return ast.parse(path.read_text("utf-8"))


@cache
def nodes(path: Path) -> list[ast.AST]:
    """All of a module's syntax, which is walked through once for all tests."""
    return list(ast.walk(tree(path)))


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


@pytest.mark.slow
def test_each_library_has_one_owner() -> None:
    for path in SOURCES:
        name = path.relative_to(PACKAGE).as_posix()
        for node in nodes(path):
            found = []
            if isinstance(node, ast.Import):
                found = [alias.name.partition(".")[0] for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found = [node.module.partition(".")[0]]
            for library in found:
                if library in OWNERS:
                    assert name.startswith(OWNERS[library]), f"{name} imports {library}"


def imports(name: str, path: Path) -> set[str]:
    """The package's modules that a module names in its imports, for the type checker's eyes only or not."""
    found = set()
    for node in nodes(path):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (full & set(MODULES)) or {node.module}
    return (found & set(MODULES)) - {name}


@pytest.mark.slow
def test_no_module_imports_itself_in_a_circle() -> None:
    graph = {}
    for path in SOURCES:
        name = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts).removesuffix(".__init__")
        graph[name] = imports(name, path)
    assert len(graph) > 150
    graphlib.TopologicalSorter(graph).prepare()  # raises CycleError, which names the circle


@pytest.mark.slow
def test_no_room_imports_itself_in_a_circle() -> None:
    """Of the modules and folders in one folder none leads back to itself by what they import of each other."""
    for room in {name.rpartition(".")[0] for name in MODULES if "." in name}:
        graph: dict[str, set[str]] = {}
        for name, path in PATHS.items():
            if name.startswith(f"{room}."):
                child, *_ = name.removeprefix(f"{room}.").split(".")
                inside = (item.removeprefix(f"{room}.") for item in imports(name, path) if item.startswith(f"{room}."))
                graph.setdefault(child, set()).update(item.split(".")[0] for item in inside)
        graphlib.TopologicalSorter({child: beside - {child} for child, beside in graph.items()}).prepare()


@pytest.mark.slow
def test_only_the_command_line_prints_or_exits() -> None:
    allowed = {
        "runtime/port/build.py",
        "runtime/client/worker.py",
    }
    for path in SOURCES:
        name = path.relative_to(PACKAGE).as_posix()
        if name in allowed or name.startswith("cli/"):
            continue
        for node in nodes(path):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("print", "exit", "quit"), f"{name}:{node.lineno}"


@pytest.mark.slow
def test_files_are_replaced_in_one_place() -> None:
    """Writing a file under another name and renaming it is the business of atomic_file.py."""
    apart = {
        "iquest_lsp/atomic_file.py",
        "iquest_lsp/runtime/port/build.py",  # runs before the package is installed
        "iquest_lsp/daemon/endpoint/unix.py",  # a socket
        "iquest_lsp/codeflow/past/store.py",  # sets an unreadable store aside
    }
    for path in [*SOURCES, *(PACKAGE.parent / "quantize").glob("*.py")]:
        name = path.relative_to(PACKAGE.parent).as_posix()
        for node in nodes(path):
            if name in apart or not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            owner = node.func.value.id if isinstance(node.func.value, ast.Name) else ""
            renames = node.func.attr in ("replace", "rename") and len(node.args) == 1 and not node.keywords
            assert not renames, f"{name}:{node.lineno}"
            assert (owner, node.func.attr) not in (("os", "replace"), ("os", "rename"), ("shutil", "move")), name


def test_the_command_line_loads_no_model_code() -> None:
    heavy = ["iquest_lsp._runtime", "llama_cpp", "torch", "numpy", "pygls", "git", "tree_sitter", "rich"]
    code = f"import sys, json, iquest_lsp.cli; print(json.dumps([m for m in {heavy} if m in sys.modules]))"
    loaded = json.loads(run(code))
    assert loaded == []


def test_the_bridge_loads_no_event_loop() -> None:
    """Each editor starts it, and waits for it: it copies bytes with what Python has loaded anyway."""
    heavy = ["asyncio", "multiprocessing", "psutil", "filelock", "hmac", "numpy", "pygls"]
    code = f"import sys, iquest_lsp.cli, iquest_lsp.daemon.bridge; print([m for m in {heavy} if m in sys.modules])"
    assert run(code).strip() == "[]"


@pytest.mark.slow
def test_importing_does_nothing() -> None:
    """No module prints, logs, or reads a file that is not Python when it is imported."""
    code = f"""
import sys, importlib, logging
seen = []
def hook(event, args):
    if event == "open" and isinstance(args[0], str) and args[0].startswith({str(PACKAGE)!r}):
        if not args[0].endswith((".py", ".pyc")) and "__pycache__" not in args[0]:
            seen.append(args[0])
class Handler(logging.Handler):
    def emit(self, record): seen.append(record.name) if record.name.startswith("iquest_lsp") else None
logging.getLogger().addHandler(Handler())
sys.addaudithook(hook)
for name in {MODULES!r}:
    importlib.import_module(name)
print(seen)
"""
    assert run(code).strip() == "[]"


@pytest.mark.parametrize("command", [["--help"], ["--version"], ["complete", "--help"]])
@pytest.mark.slow
def test_help_needs_nothing_heavy(command: list[str]) -> None:
    line = [sys.executable, "-X", "importtime", "-m", "iquest_lsp.cli", *command]
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    assert done.stdout
    # A count stands for the time: machines that run tests are noisy.
    assert done.stderr.count("\n") < 350, "too many modules for an answer within 300 ms"


def test_a_folder_holds_what_one_can_look_over() -> None:
    sizes = Counter(path.parent for path in PATHS.values() if path.name != "__init__.py")
    assert {str(folder): size for folder, size in sizes.items() if size > MOST_MODULES} == {}


def test_a_long_module_says_why_it_is_long() -> None:
    """In its docstring: it has "as many lines as" there is something."""
    long = {
        name
        for name, path in PATHS.items()
        if len(path.read_text("utf-8").splitlines()) > MOST_LINES
        and "as many lines as" not in (ast.get_docstring(tree(path)) or "")
    }
    assert not long


def _called(node: ast.Call) -> str:
    """The last name of what is called."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def private_uses(path: Path) -> Iterator[str]:
    """Names with one underscore that a test reads of something else than itself."""
    for node in ast.walk(tree(path)):
        name = ""
        if isinstance(node, ast.Attribute) and not (isinstance(node.value, ast.Name) and node.value.id == "self"):
            name = node.attr
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("iquest_lsp", "quantize")):
            name = next((alias.name for alias in node.names if re.match("_[^_]", alias.name)), "")
        elif isinstance(node, ast.Call) and len(node.args) > 1 and _called(node).endswith("setattr"):
            name = getattr(node.args[1], "value", "")
        if isinstance(name, str) and re.match("_[^_]", name) and name != "_exit":
            yield f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}"


@pytest.mark.slow
def test_tests_use_what_everybody_may_use() -> None:
    found = [use for path in sorted((ROOT / "tests").rglob("*.py")) for use in private_uses(path)]
    assert len(found) <= MOST_PRIVATE_USES, "\n".join(found)


def test_the_layout_has_few_exceptions() -> None:
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py") if path != Path(__file__)]
    found = [path for path in files for _ in range(path.read_text("utf-8").count("fmt: skip"))]
    assert len(found) <= MOST_LAYOUT_EXCEPTIONS, found


def is_tested_by_name(inner: Path) -> bool:
    """Whether a module has a test file of its name: in the folder that mirrors its own, or, of what needs llama.cpp, in
    `tests/port`."""
    file = f"test_{inner.name}"
    if (ROOT / "tests" / "unit" / inner.parent / file).exists():
        return True
    on_port = ROOT / "tests" / "port" / file
    package, name = ".".join(("iquest_lsp", *inner.parent.parts)), inner.stem
    named = rf"from {re.escape(package)}(?:\.{name} import|\b import .*\b{name}\b)"
    return inner.parts[0] == "runtime" and on_port.exists() and bool(re.search(named, on_port.read_text("utf-8")))


def unnamed() -> Iterator[tuple[str, str]]:
    """The modules without a test file of their name, each with its room; a module of no room is on the ground."""
    for path in SOURCES:
        inner = path.relative_to(PACKAGE)
        if not path.name.startswith("__") and not is_tested_by_name(inner):
            yield inner.parts[0] if len(inner.parts) > 1 else "ground", inner.as_posix()


def test_a_module_is_tested_where_one_looks_for_it() -> None:
    """`codeflow/git/commits.py` in `tests/unit/codeflow/git/test_commits.py`."""
    found = [*unnamed()]
    counts = Counter(room for room, _ in found)
    more = {room for room, count in counts.items() if count > MOST_UNNAMED.get(room, 0)}
    assert not more, [name for room, name in found if room in more]


@pytest.mark.slow
def test_each_dependency_has_a_lowest_version_that_can_be_installed() -> None:
    done = subprocess.run([ROOT / ".ci" / "lowest"], capture_output=True, text=True, check=True)
    lowest = done.stdout.splitlines()
    assert len(lowest) > 15
    assert all(re.fullmatch(r"[\w.-]+(\[[\w,]+\])?==[\w.]+(;.*)?", line) for line in lowest)


def test_git_ignores_no_source() -> None:
    """A file that git ignores is there for who wrote it alone."""
    listing = ["git", "ls-files", "--others", "--ignored", "--exclude-standard", "--directory"]
    folders = [
        "iquest_lsp",
        "quantize",
        "benchmarks",
        "tests",
        "editors",
        "vscode-extension/src",
        "vscode-extension/test",
    ]
    done = subprocess.run([*listing, "--", *folders], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip("this is no checkout")
    ignored = [
        path for path in done.stdout.splitlines() if Path(path).suffix in (".py", ".ts", ".lua", ".el", ".cpp", ".h")
    ]
    assert ignored == []


#: Parsers of texts that others wrote: what they compare is no sentence of this package.
FOREIGN = {
    "codeflow/git/processes.py": "git's own complaints",
    "codeflow/git/commits.py": "git's output",
    "codeflow/diff/patches.py": "patches and their messages",
    "codeflow/diff/filters.py": "trailers of commit messages",
    "codeflow/diff/intents/intent.py": "commit messages",
    "codeflow/diff/intents/message_words.py": "commit messages",
    "codeflow/answers/logs.py": "output of programs",
    "codeflow/answers/why.py": "commit messages",
    "codeflow/syntax/signatures.py": "source code",
    "codeflow/syntax/imports.py": "source code",
    "nextedit/import_statements.py": "source code",
    "nextedit/predictors/imports.py": "source code",
    "codeflow/past/store.py": "SQLite's complaints",
    "bench/report.py": "what the system says of its processor",
    "runtime/llama/model.py": "llama.cpp's complaints",
}
_SENTENCE = re.compile(r"[A-Za-z→] +\S|\S +[A-Za-z→]|^ (?:→|\w+) $")
_LOOKS = {"startswith", "endswith", "partition", "rpartition", "split", "removeprefix", "removesuffix", "find"}
_LOOKS |= {"search", "match", "fullmatch", "replace"}
#: What such names hold is shown to people.
_SHOWN = {"reason", "why", "fix", "sentence"}


def _is_shown(node: ast.expr) -> bool:
    if isinstance(node, ast.Attribute):
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        return node.attr in _SHOWN or (node.attr == "what" and owner == "error")
    return isinstance(node, ast.Name) and node.id in _SHOWN


def _text(node: ast.AST) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def decided_by_words(path: Path) -> Iterator[str]:
    """Places where code looks into a text that is made for people: a comparison, or a method that looks into a text,
    with a literal of more than one word, or of what is shown with anything but "" and None."""
    for node in nodes(path):
        literals: list[ast.expr] = []
        looked_at: list[ast.expr] = []
        if isinstance(node, ast.Compare):
            literals = looked_at = [node.left, *node.comparators]
            empty = any(isinstance(item, ast.Constant) and item.value in ("", None) for item in literals)
            if empty or not isinstance(node.ops[0], ast.Eq | ast.NotEq | ast.In | ast.NotIn):
                looked_at = []
            elif isinstance(node.ops[0], ast.In | ast.NotIn):
                looked_at = node.comparators  # a reason among reasons is no look into its words
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _LOOKS:
            literals, looked_at = [*node.args], [node.func.value, *node.args]
        elif re.search(r"\bLIKE '[^']* ", _text(node)):
            yield f"{node.lineno}: {_text(node)!r}"
        if any(map(_is_shown, looked_at)):
            yield f"{node.lineno}: {ast.unparse(node)}"
        for part in (part for literal in literals for part in ast.walk(literal)):
            text = _text(part)
            if _SENTENCE.search(text) and not text.startswith("SELECT "):  # statements of SQL are code
                yield f"{node.lineno}: {text!r}"


@pytest.mark.slow
def test_nothing_decides_by_what_is_shown() -> None:
    """Facts are data: sentences are made last, and nothing reads them."""
    found = []
    for path in SOURCES:
        name = path.relative_to(PACKAGE).as_posix()
        if name not in FOREIGN and not name.startswith("codeflow/wording/"):
            found += [f"{name}:{place}" for place in decided_by_words(path)]
    # No sentence: the words are counted by a server's tokenizer.
    assert [place for place in found if "'a b c d'" not in place] == []


def test_looks_into_words_are_found(tmp_path: Path) -> None:
    for number, line in enumerate(
        (
            "item.reason.startswith('secret')",
            "error.what == without",
            "error.what.partition(' is ')",
            "inside.search(reason)",
            "'over the budget' in text",
            "reason == _BACKUP",
            "said.reason != MISSING",
            "'made by' == note",
            "reasons[-1].replace('cut', 'is cut', 1)",
        )
    ):
        file = tmp_path / f"look_{number}.py"  # each is parsed once
        file.write_text(line + "\n")
        assert [*decided_by_words(file)], line


def _aliases(statement: ast.stmt) -> Iterator[str]:
    """Names of types that a statement gives: those of classes, of aliases and of type variables."""
    named: list[ast.expr] = []
    if isinstance(statement, ast.ClassDef) and not statement.name.startswith("_"):
        yield statement.name
    elif isinstance(statement, ast.Assign):
        named = statement.targets
    elif isinstance(statement, ast.AnnAssign):
        named = [statement.target]
    yield from (item.id for item in named if isinstance(item, ast.Name) and re.match("[A-Z]+[a-z]", item.id))


def test_a_type_has_a_name_of_its_own() -> None:
    """A name that two public classes or aliases bear says of neither what it is."""
    where: dict[str, list[str]] = {}
    for module, path in PATHS.items():
        for name in (name for statement in tree(path).body for name in _aliases(statement)):
            where.setdefault(name, []).append(module)
    assert len(where) > 500
    common = {"T"}  # a letter is no name
    assert {name: modules for name, modules in where.items() if len(modules) > 1 and name not in common} == {}


def test_a_type_has_one_name() -> None:
    """What is ours is imported under the name that it has: no class, no function and no constant has another one."""
    for module, path in PATHS.items():
        for node in nodes(path):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("iquest_lsp"):
                renamed = [alias for alias in node.names if alias.asname not in (None, alias.name)]
                assert not renamed, f"{module}:{node.lineno}: {ast.unparse(node)}"


def test_no_module_bears_a_name_of_the_standard_library() -> None:
    files = [path for folder in ("iquest_lsp", "benchmarks", "quantize") for path in (ROOT / folder).rglob("*.py")]
    shadows = {
        path.stem: path for path in files if path.stem in sys.stdlib_module_names and path.parent.name != "_runtime"
    }
    assert {name: path for name, path in shadows.items() if not name.startswith("__")} == {}
