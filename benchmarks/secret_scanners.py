"""How many planted secrets are hidden, and how many innocent files are kept out; beside detect-secrets and gitleaks.

    python -m benchmarks.secret_scanners [TREE...] [--detect-secrets PROGRAM] [--gitleaks gitleaks.toml]

The planted set is the tests' (tests/unit/workspace/planted_table.py), a file a secret. Ours hides one when no line of
it is shown; the others find one when they report its line, which asks less. detect-secrets is the program of that name
from PyPI. gitleaks is a Go program; its rules (config/gitleaks.toml of its repository) are run here by Python's regular
expressions, with their keywords, entropies and allow lists. trufflehog keeps its rules in Go code and is left out. A
tree is any folder of sources, taken for innocent; fixtures that hold keys on purpose count against everyone.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import subprocess
import tempfile
import tomllib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

from iquest_lsp.datatypes import Document
from iquest_lsp.dropped import DropKind, Dropped
from iquest_lsp.workspace.admission import Gate
from iquest_lsp.workspace.ignore import IgnoreRules
from iquest_lsp.workspace.tree import walk
from tests.unit.workspace.planted_table import Planted, planted

#: Lines, counted from 1, that a scanner reports in a file.
Lines = set[int]
#: Reports the lines of each file of a folder; the paths are relative to it.
Scan = Callable[[Path], dict[str, Lines]]


def main() -> None:
    """Prints both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("trees", nargs="*", type=Path)
    parser.add_argument("--detect-secrets", metavar="PROGRAM")
    parser.add_argument("--gitleaks", type=Path, metavar="gitleaks.toml")
    parser.add_argument("--missed", action="store_true", help="name what each does not find")
    given = parser.parse_args()
    others: dict[str, Scan] = {}
    if given.detect_secrets:
        others["detect-secrets"] = lambda folder: _detect_secrets(given.detect_secrets, folder)
    if given.gitleaks:
        rules = Gitleaks(given.gitleaks)
        others["gitleaks' rules"] = rules.scan
        if rules.unread:
            print(f"{len(rules.unread)} of gitleaks' rules are not read by Python: {', '.join(rules.unread)}")
    _planted(others, name_missed=given.missed)
    for tree in given.trees:
        _innocent(tree.resolve(), others)


def _planted(others: dict[str, Scan], *, name_missed: bool) -> None:
    rows = planted()
    missed: dict[str, list[str]] = {"ours": [], **{name: [] for name in others}}
    kept = 0
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        for number, row in enumerate(rows):
            (root / str(number)).mkdir()
            (root / str(number) / row.path).write_text(row.text + "\n")
        gate = Gate(root, IgnoreRules(root))
        for number, row in enumerate(rows):
            shown = gate.load(f"{number}/{row.path}")
            if isinstance(shown, Document):
                hidden = not any(_part_shown(secret, shown.text) for secret in row.secrets)
                kept += hidden
                missed["ours"] += [] if hidden else [row.name]
        for other, scan in others.items():
            found = scan(root)
            for number, row in enumerate(rows):
                if not _all_found(row, found.get(f"{number}/{row.path}", set())):
                    missed[other].append(row.name)
    print(f"{len(rows)} kinds of planted secrets; the files of {kept} are still shown, without the secret")
    for name, names in missed.items():
        print(f"  {name:<16} {len(rows) - len(names):>4} found  {len(names):>4} missed")
        if name_missed:
            print("    " + "; ".join(names))


def _part_shown(secret: str, text: str) -> bool:
    return any(line.strip() and line.strip() in text for line in secret.splitlines())


def _all_found(row: Planted, lines: Lines) -> bool:
    """Whether the lines hold the beginning of each secret."""
    starts = {row.text.count("\n", 0, row.text.index(secret)) + 1 for secret in row.secrets}
    return starts <= lines


def _innocent(tree: Path, others: dict[str, Scan]) -> None:
    gate = Gate(tree, IgnoreRules(tree))
    reasons: Counter[str] = Counter()
    files = masked = 0
    judged: set[str] = set()
    for path in walk(tree, gate.rules).paths:
        found = gate.load(path)
        if isinstance(found, Dropped) and found.why.kind is not DropKind.SECRET_CONTENT:
            continue
        judged.add(path)
        files += 1
        if isinstance(found, Dropped):
            reasons[f"secret by content: {found.why.values[0]}"] += 1
        else:
            masked += "***" in found.text and "***" not in (tree / path).read_text("utf-8", "replace")
    out = sum(reasons.values())
    share = out / max(files, 1)
    print(f"{tree.name}: {files} files; kept out {out} ({share:.2%}), shown with something masked {masked}")
    for reason, count in reasons.most_common(5):
        print(f"    {count:>4} {reason}")
    for name, scan in others.items():
        hit = len(judged & set(scan(tree)))
        print(f"  {name}: {hit} files reported ({hit / max(files, 1):.2%})")


def _detect_secrets(program: str, folder: Path) -> dict[str, Lines]:
    command = [program, "scan", "--all-files", "--no-verify", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    results = json.loads(done.stdout)["results"]
    return {path.removeprefix("./"): {item["line_number"] for item in items} for path, items in results.items()}


class Gitleaks:
    """The rules of a gitleaks.toml."""

    def __init__(self, path: Path) -> None:
        self.unread: list[str] = []
        config = tomllib.loads(path.read_text("utf-8"))
        self._allowed = _Allowed(config.get("allowlist", {}))
        self._rules = []
        for rule in config["rules"]:
            if "regex" not in rule:
                continue
            try:
                pattern = re.compile(as_python(rule["regex"]))
                place = re.compile(as_python(rule["path"])) if "path" in rule else None
                allowed = [_Allowed(item) for item in rule.get("allowlists", [])]
            except re.error:
                self.unread.append(rule["id"])
                continue
            keywords = [word.lower() for word in rule.get("keywords", [])]
            group, entropy = rule.get("secretGroup", 0), rule.get("entropy", 0.0)
            self._rules.append((keywords, pattern, place, group, entropy, allowed))

    def scan(self, folder: Path) -> dict[str, Lines]:
        """The lines with findings, by file."""
        found = {}
        for path in sorted(item for item in folder.rglob("*") if item.is_file() and ".git" not in item.parts):
            name = path.relative_to(folder).as_posix()
            if path.stat().st_size > 512 * 1024 or self._allowed.takes_path(name):
                continue
            lines = set(self._lines(name, path.read_text("utf-8", "replace")))
            if lines:
                found[name] = lines
        return found

    def _lines(self, name: str, text: str) -> Iterator[int]:
        lowered = text.lower()
        for keywords, pattern, place, group, entropy, allowed in self._rules:
            if (keywords and not any(word in lowered for word in keywords)) or (place and not place.search(name)):
                continue
            for match in pattern.finditer(text):
                secret = match[group] if group else next((item for item in match.groups() if item), match[0])
                whole = (self._allowed, *allowed)
                if _entropy(secret) <= entropy or any(item.takes(secret, match[0], name) for item in whole):
                    continue
                yield text.count("\n", 0, match.start(0) + match[0].index(secret)) + 1


class _Allowed:
    """One of gitleaks' allow lists."""

    def __init__(self, table: dict[str, object]) -> None:
        self._paths = [re.compile(as_python(str(item))) for item in _listed(table, "paths")]
        self._patterns = [re.compile(as_python(str(item))) for item in _listed(table, "regexes")]
        self._words = [str(item).lower() for item in _listed(table, "stopwords")]
        self._on_match = table.get("regexTarget") in ("match", "line")

    def takes_path(self, path: str) -> bool:
        return any(pattern.search(path) for pattern in self._paths)

    def takes(self, secret: str, match: str, path: str) -> bool:
        text = match if self._on_match else secret
        return (
            self.takes_path(path)
            or any(pattern.search(text) for pattern in self._patterns)
            or any(word in secret.lower() for word in self._words)
        )


def _listed(table: dict[str, object], key: str) -> list[object]:
    value = table.get(key, [])
    assert isinstance(value, list)
    return value


def as_python(pattern: str) -> str:
    """A pattern of Go's as Python takes it: flags in the middle hold until their group's end or the next branch."""
    out, at, open_flags = "", 0, [[]]  # type: tuple[str, int, list[list[str]]]
    in_class = False
    while at < len(pattern):
        flags = re.compile(r"\(\?(-?[ims]+)\)").match(pattern, at)
        char = pattern[at]
        if char == "\\":
            out += "\\Z" if pattern[at : at + 2] == "\\z" else pattern[at : at + 2]
            at += 2
            continue
        if not in_class and flags:
            out += f"(?{flags[1]}:"
            open_flags[-1].append(flags[1])
            at = flags.end()
            continue
        if char == "[" and not in_class:
            in_class = True
            if pattern[at + 1 : at + 2] == "]" or pattern[at + 1 : at + 3] == "^]":
                step = 2 if pattern[at + 1] == "]" else 3
                out += pattern[at : at + step]
                at += step
                continue
        elif char == "]" and in_class:
            in_class = False
        elif not in_class and char == "(":
            open_flags.append([])
        elif not in_class and char == ")":
            out += ")" * len(open_flags.pop())
        elif not in_class and char == "|":
            out += ")" * len(open_flags[-1]) + "|" + "".join(f"(?{item}:" for item in open_flags[-1])
            at += 1
            continue
        out += char
        at += 1
    return out + ")" * len(open_flags[0])


def _entropy(text: str) -> float:
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values()) if text else 0.0


if __name__ == "__main__":
    main()
