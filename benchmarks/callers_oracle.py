"""Callers that `iquest-lsp impact` names, beside the references that a language's own tools find.

`python -m benchmarks.callers_oracle FOLDER/CLONE... [--symbols N] [--typescript FOLDER | --go PROGRAM] [--show M]
[--common]` draws N public definitions of each clone that the oracle knows 2 to 40 uses of (with `--common` only members
and functions whose short name others have too, which only types tell apart), and prints precision and recall of the
lines that are named as callers or tests; imports and definitions are left out on both sides, and so is what the oracle
knows no definition of (`+?` counts it). The oracle is jedi for Python, for JavaScript and TypeScript the language
service of TypeScript, whose package lies in FOLDER/node_modules (`npm install typescript@5`), and for Go its type
checker (`go build -o PROGRAM benchmarks/go_uses.go`), where a call of an interface's method counts for nobody unless
that method was asked about. M lines that only one side names are printed.
"""

from __future__ import annotations

import argparse
import importlib
import json
import random
import re
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from iquest_lsp.codeflow import History
from iquest_lsp.codeflow.syntax.comments import is_comment
from iquest_lsp.codeflow.syntax.imports import imports
from iquest_lsp.codeflow.syntax.outline.outlines import regions_of
from iquest_lsp.codeflow.syntax.outline.region import Region
from iquest_lsp.codeflow.syntax.paths import Category, category
from iquest_lsp.codeflow.syntax.symbols import Symbol, symbols_of

Line = tuple[str, int]
#: The uses of a definition that stands in a file at a 1-based line and a 0-based column, or with True the lines where
#: what stands there is defined.
Oracle = Callable[[str, int, int, bool], Iterable[Line] | None]
#: What impact tells of one definition at most; beyond it, it says that there is more.
CUT = 60
LEAST, MOST = 2, 40
#: What is a short name.
SHORT = 7
_KINDS = frozenset({"function", "class", "method", "interface", "type", "enum", "constant"})
_SERVICE = """
const ts = require(process.argv[1] + "/node_modules/typescript"), path = require("path"), fs = require("fs");
const root = process.argv[2], files = JSON.parse(fs.readFileSync(process.argv[3], "utf8"));
const config = ts.findConfigFile(root, ts.sys.fileExists, "tsconfig.json");
const raw = config ? ts.readConfigFile(config, ts.sys.readFile).config : null;
const read = raw ? ts.parseJsonConfigFileContent(raw, ts.sys, root) : null;
const options = { ...(read ? read.options : {}), allowJs: true, checkJs: false, noEmit: true, composite: false,
  moduleResolution: read && read.options.moduleResolution || ts.ModuleResolutionKind.Bundler,
  module: read && read.options.module || ts.ModuleKind.ESNext, target: ts.ScriptTarget.ESNext };
const full = files.map(name => path.join(root, name));
const service = ts.createLanguageService({
  getScriptFileNames: () => full, getScriptVersion: () => "0", getCurrentDirectory: () => root,
  getScriptSnapshot: name =>
    fs.existsSync(name) ? ts.ScriptSnapshot.fromString(fs.readFileSync(name, "utf8")) : undefined,
  getCompilationSettings: () => options, getDefaultLibFileName: o => ts.getDefaultLibFilePath(o),
  fileExists: ts.sys.fileExists, readFile: ts.sys.readFile, readDirectory: ts.sys.readDirectory,
  directoryExists: ts.sys.directoryExists, getDirectories: ts.sys.getDirectories });
require("readline").createInterface({ input: process.stdin }).on("line", line => {
  const [name, row, column, defined] = JSON.parse(line), file = path.join(root, name);
  let found = null;
  try {
    const source = service.getProgram().getSourceFile(file);
    const place = source.getPositionOfLineAndCharacter(row - 1, column);
    const spans = defined ? service.getDefinitionAtPosition(file, place) || []
      : (service.findReferences(file, place) || []).flatMap(item => item.references);
    found = spans.map(item => {
      const other = service.getProgram().getSourceFile(item.fileName);
      return [path.relative(root, item.fileName), other.getLineAndCharacterOfPosition(item.textSpan.start).line + 1];
    });
  } catch (error) { found = null; }
  console.log(JSON.stringify(found));
});
"""


def jedi_oracle(root: Path) -> Oracle:
    """References by jedi."""
    jedi = importlib.import_module("jedi")
    project = jedi.Project(str(root))

    def ask(path: str, line: int, column: int, defined: bool) -> Iterable[Line] | None:
        try:
            script = jedi.Script(path=str(root / path), project=project)
            found = script.goto(line, column, follow_imports=True) if defined else script.get_references(line, column)
            if defined:
                return [(str(item.module_path), item.line or 0) for item in found]
        except Exception:  # noqa: BLE001 - whatever the oracle fails at is no evidence
            return None
        own = [item for item in found if item.module_path and Path(item.module_path).is_relative_to(root)]
        return [(Path(item.module_path).relative_to(root).as_posix(), item.line) for item in own]

    return ask


def typescript_oracle(root: Path, folder: Path, files: Iterable[str]) -> Oracle:
    """References by the language service of TypeScript, in a process of its own."""
    with tempfile.NamedTemporaryFile("w", suffix=".json", delete=False) as listed:
        json.dump(list(files), listed)
    command = ["node", "-e", _SERVICE, str(folder), str(root), listed.name]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(path: str, line: int, column: int, defined: bool) -> Iterable[Line] | None:
        if process.stdin is None or process.stdout is None:
            return None
        process.stdin.write(json.dumps([path, line, column, defined]) + "\n")
        process.stdin.flush()
        answer = json.loads(process.stdout.readline() or "null")
        return None if answer is None else [(name, number) for name, number in answer]

    return ask


def go_oracle(root: Path, program: Path) -> Oracle:
    """References by Go's type checker, all at once."""
    command = [str(program), str(root)]
    read = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    uses = {tuple(item["def"]): [(path, line) for path, line in item["uses"]] for item in read}
    defined: dict[Line, set[Line]] = {}
    for item in read:
        path, line, _ = item["def"]
        for use in item["uses"] if not item["abstract"] else ():
            defined.setdefault(tuple(use), set()).add((path, line))

    def ask(path: str, line: int, column: int, where: bool) -> Iterable[Line] | None:
        return defined.get((path, line), ()) if where else uses.get((path, line, column), ())

    return ask


def drawn(
    root: Path, files: Iterable[str], seed: int, *, common: bool = False
) -> Iterator[tuple[str, Symbol, int, int]]:
    """Public definitions of the source files in a random order: path, definition, 1-based line and column."""
    found = []
    for path in files:
        if category(path) is not Category.SOURCE:
            continue
        source = (root / path).read_bytes()
        lines = source.decode("utf-8", "replace").split("\n")
        for symbol in symbols_of(path, source):
            if symbol.kind not in _KINDS or not symbol.public or symbol.short.startswith("__"):
                continue
            for at in range(symbol.start, min(symbol.end, symbol.start + 40)):
                text = lines[at]
                bare = text.lstrip()
                found_at = re.search(rf"(?<![\w$]){re.escape(symbol.short)}(?![\w$])", text)
                column = found_at.start() if found_at else -1
                if column >= 0 and not bare.startswith(("@", "#", "//", "*", "/*")):
                    found.append((path, symbol, at + 1, column))
                    break
    if common:
        having = Counter(symbol.short for _, symbol, _, _ in found)
        found = [item for item in found if having[item[1].short] > 1 and len(item[1].short) <= SHORT]
    random.Random(seed).shuffle(found)
    yield from found


@cache
def _imports_of(path: str, root: Path) -> list[Region]:
    return [item for item in regions_of(path, (root / path).read_bytes()) if item.kind == "imports"]


@dataclass(frozen=True)
class Own:
    """What is no use of a definition: its own lines, its heads, imports, comments."""

    path: str
    span: range
    heads: re.Pattern[str]
    root: Path
    texts: dict[str, list[str]]

    def without(self, lines: Iterable[Line]) -> set[Line]:
        """The lines that use it."""
        return {
            (path, number)
            for path, number in lines
            if _is_use((path, number), self.texts)
            and not (path == self.path and number in self.span)
            and not any(item.start < number <= item.end for item in _imports_of(path, self.root))
            and not self.heads.search(self.texts[path][number - 1])
        }


def compare(
    root: Path, oracle: Oracle, files: list[str], count: int, show: int, seed: int, *, common: bool
) -> tuple[int, int, int, int]:
    """Lines that both name, that one names only, and that the oracle knows nothing of, over `count` definitions."""
    both = ours = theirs = unknown = 0
    texts = {path: (root / path).read_text("utf-8", "replace").split("\n") for path in files}
    history = History(root, lambda text: False, Path(tempfile.mkdtemp()))
    # Only TypeScript counts a use of a base's member for those that implement it, and these for it.
    above = () if any(path.endswith((".py", ".go")) for path in files) else ("by-way-of", "declares", "overrides")
    for path, symbol, line, column in drawn(root, files, seed, common=common):
        answer = oracle(path, line, column, False)
        if answer is None:
            continue
        span = range(symbol.start + 1, symbol.end + 1)
        name = re.escape(symbol.short)
        # Heads of overloads and of setters, which an oracle counts as uses.
        heads = re.compile(
            rf"\b(?:def|class|function|interface|type|enum|fn|func)\s+{name}\b|^\s*@{name}\.setter|"
            rf"^\s*(?:[\w*]+\s+)*{name}\??[(<:].*[;{{]\s*$"
        )
        own = Own(path, span, heads, root, texts)
        known = own.without(answer)
        if not LEAST <= len(known) <= MOST:
            continue
        items = history.impact(f"{path}::{symbol.name}").items
        if len(items) >= CUT:
            continue
        told = {
            (item.path, item.line)
            for item in items
            if item.kind in ("caller", "test") and item.use.kind.value in ("calls", "uses", *above)
        }
        told = own.without(told)
        for item in told - known:
            text = texts[item[0]][item[1] - 1]
            places = [match.start() for match in re.finditer(rf"\b{name}\b", text)]
            if not any(oracle(item[0], item[1], place, True) for place in places):
                told.discard(item)
                unknown += 1
        both, ours, theirs = both + len(told & known), ours + len(told - known), theirs + len(known - told)
        for mark, some in (("+", told - known), ("-", known - told)):
            for item in sorted(some)[: show if show else 0]:
                text = texts[item[0]][item[1] - 1].strip()
                print(f"  {mark} {path}::{symbol.name}  {item[0]}:{item[1]} {text[:90]}")
        count -= 1
        if not count:
            break
    return both, ours, theirs, unknown


def _is_use(item: Line, texts: dict[str, list[str]]) -> bool:
    path, number = item
    if path not in texts or not 0 < number <= len(texts[path]):
        return False
    text = texts[path][number - 1]
    return not imports(text) and not is_comment(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clones", nargs="+", type=Path)
    parser.add_argument("--symbols", type=int, default=40)
    parser.add_argument("--typescript", type=Path)
    parser.add_argument("--go", type=Path)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--common", action="store_true")
    options = parser.parse_args()
    for clone in options.clones:
        root = clone.resolve()
        listed = subprocess.run(["git", "-C", str(root), "ls-files"], capture_output=True, text=True, check=True)
        scripts = (".js", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".jsx")
        suffixes = scripts if options.typescript else (".go",) if options.go else (".py", ".pyi")
        files = [name for name in listed.stdout.split("\n") if name.endswith(suffixes) and (root / name).is_file()]
        if options.go:
            oracle = go_oracle(root, options.go)
        else:
            oracle = typescript_oracle(root, options.typescript, files) if options.typescript else jedi_oracle(root)
        both, ours, theirs, unknown = compare(
            root, oracle, files, options.symbols, options.show, options.seed, common=options.common
        )
        precision, recall = both / max(both + ours, 1), both / max(both + theirs, 1)
        counts = f"{both} both, +{ours}, -{theirs}, +?{unknown}"
        print(f"{root.name}: precision {precision:.3f}, recall {recall:.3f} ({counts})", flush=True)


if __name__ == "__main__":
    main()
