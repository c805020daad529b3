"""Histories with planted truth: what kind every commit is, which one brought a bug, which files belong together.

A project of Python modules lives through random events; the truth is kept apart from the repository. Messages of
`vague` of the commits say nothing, the others are worded in many ways, some of them in Chinese.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.clones import git

VAGUE = (
    "wip",
    "update",
    "changes",
    "misc",
    "fix stuff",
    "more work",
    ".",
    "tmp",
    "更新",
    "address review comments",
    "minor changes",
    "progress",
    "commit",
    "some changes",
    "updates",
    "cleanup",
    "fixes",
    "save",
    "修改",
    "tweaks",
)
MAX_FUNCTIONS = 40
NOUNS = (
    "order",
    "price",
    "user",
    "token",
    "batch",
    "index",
    "record",
    "limit",
    "offset",
    "weight",
    "score",
    "label",
    "queue",
    "page",
    "cursor",
    "buffer",
    "window",
    "range",
    "level",
    "ratio",
    "stock",
    "route",
    "event",
    "signal",
)
VERBS = (
    "load",
    "parse",
    "merge",
    "filter",
    "count",
    "check",
    "send",
    "build",
    "split",
    "update",
    "format",
    "resolve",
    "collect",
    "convert",
    "compare",
    "select",
    "store",
    "read",
    "write",
    "compute",
)


@dataclass
class Function:
    """One function or method as lines without indentation; `doc` may be empty."""

    name: str
    params: list[str]
    doc: str
    body: list[str]
    decorator: str = ""

    def render(self, indent: str = "") -> list[str]:
        lines = [f"{indent}{self.decorator}"] if self.decorator else []
        params = (["self"] if indent else []) + self.params
        lines.append(f"{indent}def {self.name}({', '.join(params)}):")
        if self.doc:
            lines.append(f'{indent}    """{self.doc}"""')
        return lines + [f"{indent}    {line}" for line in self.body]


@dataclass
class Module:
    """A module: imports, functions, classes with methods, and how it is laid out."""

    name: str
    functions: list[Function] = field(default_factory=list)
    classes: dict[str, list[Function]] = field(default_factory=dict)
    imports: list[str] = field(default_factory=list)
    blank: int = 2
    quote: str = '"'

    def render(self) -> str:
        gap = [""] * self.blank
        lines = [f'"""The {self.name} module."""', "", *self.imports]
        for function in self.functions:
            lines += [*gap, *function.render()]
        for name, methods in self.classes.items():
            lines += [*gap, f"class {name}:"]
            for at, method in enumerate(methods):
                lines += ([""] if at else []) + method.render("    ")
        text = "\n".join(lines) + "\n"
        return text.replace('"', "'").replace("'''", '"""') if self.quote == "'" else text

    def everything(self) -> list[Function]:
        return self.functions + [item for methods in self.classes.values() for item in methods]


@dataclass(frozen=True)
class Bug:
    """A planted bug: its commit's number, and where it shows at the end."""

    commit: int
    path: str
    function: str
    asked_at: int


@dataclass
class Truth:
    """What the indexer must find out; commits are counted from 0."""

    kinds: list[str] = field(default_factory=list)
    vague: list[bool] = field(default_factory=list)
    bots: set[int] = field(default_factory=set)
    splits: set[int] = field(default_factory=set)
    bugs: list[Bug] = field(default_factory=list)
    pairs: list[tuple[str, str]] = field(default_factory=list)
    oids: list[str] = field(default_factory=list)


class Generator:
    """Makes one history; `write` puts it into a repository."""

    def __init__(self, seed: int, modules: int = 12, vague: float = 0.3) -> None:
        self.rng = random.Random(seed)
        self.vague_share = vague
        self.truth = Truth()
        self.names = self._names()
        self.modules = {name: self._module(name) for name in self.rng.sample([f"{noun}s" for noun in NOUNS], modules)}
        self.files: dict[str, str] = {}
        self.notes: dict[str, list[str]] = {"README.md": ["# Project", ""], "docs/guide.md": ["# Guide", ""]}
        self.tests: dict[str, list[str]] = {}
        self.dependencies = ["requests>=2.0"]
        self.jobs = ["lint", "test"]
        self.settings: dict[str, int] = {}
        self.stream: list[str] = []
        self.number = 0
        chosen = self.rng.sample(sorted(self.modules), 3)
        self.truth.pairs = [(f"src/{name}.py", f"config/{name}.yaml") for name in chosen]

    def make(self, commits: int, bugs: int = 0) -> None:
        """Lives through `commits` events, `bugs` of them with a bug, asked about some commits later."""
        self._commit("feature", "Start the project", everything=True)
        planted = set(self.rng.sample(range(commits // 6, commits - 45), bugs)) if bugs else set()
        events: list[tuple[Callable[[], str | None], float]] = [
            (self.feature, 22),
            (self.fix, 22),
            (self.rename, 5),
            (self.extract, 4),
            (self.move, 4),
            (self.docs, 9),
            (self.test, 9),
            (self.ci, 5),
            (self.build, 5),
            (self.style, 5),
            (self.perf, 5),
            (self.split, 2),
            (self.bot, 3),
        ]
        while self.number < commits:
            if self.number in planted:
                self.bug(self.number)
                continue
            event = self.rng.choices([item for item, _ in events], [weight for _, weight in events])[0]
            event()

    # ------------------------------------------------------------------------------------------- events

    def feature(self) -> None:
        module = self._pick()
        if len(module.everything()) > MAX_FUNCTIONS:
            # What grew too long is left alone from here on, as people do.
            name = f"{self.rng.choice(NOUNS)}_part{self.number}"
            module = self.modules[name] = self._module(name)
        function = self._function()
        target = self.rng.choice([module.functions, *module.classes.values()])
        target.append(function)
        what = function.name.replace("_", " ")
        if self.rng.random() < 0.5:
            self._test_for(module, function)
        if self.rng.random() < 0.3:
            self.notes["docs/guide.md"].append(f"`{function.name}` is in {module.name}.")
        self._commit(
            "feature",
            self.rng.choice(
                [
                    f"Add {function.name}",
                    f"feat: {what}",
                    f"Support {what}",
                    f"Implement {what} for {module.name}",
                    f"新增 {function.name}",
                    f"{module.name}: allow to {what}",
                    f"Introduce {function.name} (#{self.number})",
                    f"Let callers {what}",
                    f"{what} in {module.name}",
                ]
            ),
            [module],
        )

    def fix(self) -> None:
        module = self._pick()
        function = self._some(module)
        self._repair(function)
        if self.rng.random() < 0.4:
            self._test_for(module, function)
        what = function.name.replace("_", " ")
        self._commit(
            "fix",
            self.rng.choice(
                [
                    f"Fix {function.name} for empty input",
                    f"fix: {what} with no rows",
                    f"Handle missing values in {what}",
                    f"修复 {function.name} 的错误",
                    f"{function.name}: off by one",
                    f"Prevent a crash when {what} gets nothing",
                    f"Closes #{self.number}: wrong result of {function.name}",
                    f"Correct the result of {function.name}",
                    f"{function.name} must not fail without rows",
                    f"Do not lose the last one in {function.name}",
                ]
            ),
            [module],
        )

    def rename(self) -> None:
        module = self._pick()
        function = self._some(module)
        old, new = function.name, self._fresh()
        for item in self.modules.values():
            for other in item.everything():
                other.body = [line.replace(f"{old}(", f"{new}(") for line in other.body]
        function.name = new
        for lines in self.tests.values():
            lines[:] = [line.replace(f"{old}(", f"{new}(") for line in lines]
        self._commit(
            "refactor",
            self.rng.choice(
                [
                    f"Rename {old} to {new}",
                    f"refactor: {old} is now {new}",
                    f"重命名 {old}",
                    f"{old} -> {new}",
                    f"Give {old} a better name",
                ]
            ),
            list(self.modules.values()),
        )

    def extract(self) -> None:
        module = self._pick()
        candidates = [item for item in module.functions if len(item.body) >= 6]
        if not candidates:
            return
        function = self.rng.choice(candidates)
        name = f"_{self._fresh()}"
        part = function.body[1:4]
        helper = Function(name, ["rows", "limit"], "", [*part, "return rows"])
        function.body = [function.body[0], f"rows = {name}(rows, limit)", *function.body[4:]]
        module.functions.append(helper)
        self._commit(
            "refactor",
            self.rng.choice(
                [
                    f"Extract a helper from {function.name}",
                    f"refactor: split up {function.name}",
                    f"重构 {function.name}",
                    f"Simplify {function.name}",
                    f"Make {function.name} shorter",
                ]
            ),
            [module],
        )

    def move(self) -> None:
        source, target = self.rng.sample(list(self.modules.values()), 2)
        if len(source.functions) < 2:
            return
        function = source.functions.pop(self.rng.randrange(len(source.functions)))
        target.functions.append(function)
        source.imports.append(f"from src.{target.name} import {function.name}  # noqa")
        self._commit(
            "refactor",
            self.rng.choice(
                [
                    f"Move {function.name} to {target.name}",
                    f"refactor: {function.name} belongs to {target.name}",
                    f"移动 {function.name}",
                    f"{function.name} lives in {target.name} now",
                ]
            ),
            [source, target],
        )

    def split(self) -> None:
        module = self._pick()
        candidates = [name for name, methods in module.classes.items() if len(methods) >= 4]
        if not candidates:
            return
        name = self.rng.choice(candidates)
        methods = module.classes.pop(name)
        half = len(methods) // 2
        one, other = (f"{self.rng.choice(NOUNS).title()}{word}{self.number}" for word in ("Reader", "Writer"))
        module.classes[one], module.classes[other] = methods[:half], methods[half:]
        self.truth.splits.add(self.number)
        self._commit(
            "refactor",
            self.rng.choice(
                [f"Split {name}", f"refactor: two classes for {name}", f"拆分 {name}", f"{name} did too much"]
            ),
            [module],
        )

    def docs(self) -> None:
        if self.rng.random() < 0.4:
            module = self._pick()
            function = self._some(module)
            function.doc = f"{self.rng.choice(VERBS).title()} the {self.rng.choice(NOUNS)} ({self.number})."
            touched = [module]
        else:
            page = self.rng.choice(sorted(self.notes))
            self.notes[page].append(f"Note {self.number} about {self.rng.choice(NOUNS)}s.")
            touched = []
        self._commit(
            "docs",
            self.rng.choice(
                [
                    "docs: explain the limits",
                    "Document the parameters",
                    "Fix a typo in the guide",
                    "Improve the wording",
                    "文档：说明参数",
                    "Explain what it returns",
                    "README: one more note",
                ]
            ),
            touched,
        )

    def test(self) -> None:
        module = self._pick()
        self._test_for(module, self._some(module))
        self._commit(
            "test",
            self.rng.choice(
                [
                    f"Test {module.name}",
                    "test: cover the empty case",
                    "Add a regression test",
                    "More tests",
                    "补充测试",
                    f"Cover {module.name} better",
                    "Check the boundaries too",
                ]
            ),
        )

    def ci(self) -> None:
        self.jobs.append(f"job{self.number}")
        self._commit(
            "ci",
            self.rng.choice(
                [
                    "ci: one more job",
                    "Run the tests on 3.13",
                    "Cache pip in the workflow",
                    "持续集成：新任务",
                    "Fix the pipeline",
                    "Faster checks",
                ]
            ),
        )

    def build(self) -> None:
        self.dependencies.append(f"{self.rng.choice(NOUNS)}-lib>={self.number}.0")
        self._commit(
            "build",
            self.rng.choice(
                [
                    "build: a new dependency",
                    "Bump dependencies",
                    "Require a newer library",
                    "升级依赖",
                    "Pin versions",
                    "Add a dependency",
                ]
            ),
        )

    def style(self) -> None:
        module = self._pick()
        if self.rng.random() < 0.5:
            module.quote = "'" if module.quote == '"' else '"'
        else:
            module.blank = 1 if module.blank == 2 else 2
        self._commit(
            "style",
            self.rng.choice(
                [
                    "style: one kind of quotes",
                    "Format the code",
                    "Run the formatter",
                    "Lint",
                    "格式化代码",
                    "Whitespace",
                ]
            ),
            [module],
        )

    def perf(self) -> None:
        module = self._pick()
        candidates = [item for item in module.functions if not item.decorator]
        if not candidates:
            return
        function = self.rng.choice(candidates)
        if "from functools import lru_cache" not in module.imports:
            module.imports.insert(0, "from functools import lru_cache")
        function.decorator = "@lru_cache(maxsize=1024)"
        self._commit(
            "perf",
            self.rng.choice(
                [
                    f"Cache {function.name}",
                    f"perf: remember results of {function.name}",
                    f"Speed up {function.name}",
                    f"优化 {function.name} 的性能",
                    f"{function.name} is called often",
                ]
            ),
            [module],
        )

    def bot(self) -> None:
        self.dependencies[-1] = self.dependencies[-1].split(">=")[0] + f">={self.number}.1"
        self.truth.bots.add(self.number)
        self._commit(
            "build",
            f"Bump {self.dependencies[-1].split('>=')[0]} from 1 to {self.number}",
            author="dependabot[bot] <support@github.com>",
        )

    def bug(self, number: int) -> None:
        """An innocent-looking commit, of any kind that touches code, whose change breaks a function."""
        module = self._pick()
        function = self._some(module)
        self._break(function)
        what = function.name.replace("_", " ")
        kind, message = self.rng.choice(
            [
                ("refactor", f"Simplify {function.name}"),
                ("perf", f"Speed up {function.name}"),
                ("feature", f"Support large rows in {function.name}"),
                ("fix", f"Fix {what} for some rows"),
                ("refactor", f"refactor: tidy {what}"),
            ]
        )
        if kind == "feature":
            module.functions.append(self._function())
        self._commit(kind, message, [module])
        if self.number > number:
            later = number + self.rng.randint(3, 40)
            self.truth.bugs.append(Bug(number, f"src/{module.name}.py", function.name, later))

    # ------------------------------------------------------------------------------------------- parts

    def _names(self) -> Iterable[str]:
        names = [f"{verb}_{noun}" for verb in VERBS for noun in NOUNS]
        self.rng.shuffle(names)
        yield from names
        for count in range(2, 1000):
            yield from (f"{name}_{count}" for name in names)

    def _fresh(self) -> str:
        return next(iter(self.names))

    def _pick(self) -> Module:
        # Some modules change much more often than others.
        ordered = list(reversed(self.modules.values()))
        return self.rng.choices(ordered, [1 / (1 + at) for at in range(len(ordered))])[0]

    def _some(self, module: Module) -> Function:
        """A function of the module; a few of them are where most of the work happens."""
        ordered = sorted(module.everything(), key=lambda item: item.name[::-1])
        return self.rng.choices(ordered, [1 / (1 + at) for at in range(len(ordered))])[0]

    def _module(self, name: str) -> Module:
        module = Module(name, [self._function() for _ in range(self.rng.randint(2, 5))])
        module.classes[f"{name.title()}Service"] = [self._function() for _ in range(self.rng.randint(4, 6))]
        return module

    def _function(self) -> Function:
        rng, noun = self.rng, self.rng.choice(NOUNS)
        pool = [
            f"if not rows:\n    return {rng.choice(['None', '[]', '0'])}",
            f"total = sum(row.{noun} for row in rows)",
            f"limit = min(limit, {rng.randint(10, 500)})",
            f"rows = [row for row in rows if row.{noun} >= limit]",
            f"rows = sorted(rows, key=lambda row: row.{noun})",
            f"last = rows[-{rng.randint(1, 3)}]",
            f"for row in rows:\n    row.{noun} = row.{noun} + {rng.randint(1, 9)}",
            f"{noun} = len(rows) - 1",
            f"rows = rows[: limit + {rng.randint(1, 5)}]",
            f"if limit > {rng.randint(3, 90)}:\n    limit = limit // 2",
            f"names = [row.name for row in rows if row.{noun} != {rng.randint(0, 9)}]",
        ]
        lines = [line for item in rng.sample(pool, rng.randint(4, 7)) for line in item.split("\n")]
        lines.append(rng.choice(["return rows", "return rows[:limit]", "return len(rows)", "return rows, limit"]))
        return Function(self._fresh(), ["rows", f"limit={rng.randint(5, 99)}"], f"Handles the {noun}.", lines)

    def _repair(self, function: Function) -> None:
        at = self.rng.randrange(len(function.body))
        indent = function.body[at][: len(function.body[at]) - len(function.body[at].lstrip())]
        choice = self.rng.random()
        if choice < 0.4 and not indent:
            function.body[at:at] = self.rng.choice(
                [
                    ["if rows is None:", "    rows = []"],
                    ["if limit < 0:", "    raise ValueError(limit)"],
                    ["rows = [row for row in rows if row is not None]"],
                    ["limit = max(limit, 1)"],
                ]
            )
        elif choice < 0.8:
            self._turn(function)
        else:
            function.body[-1] = self.rng.choice(
                [
                    "return list(rows)",
                    "return rows[: limit + 1]",
                    "return rows or []",
                    "return len(rows) + 1",
                    "return rows[1:]",
                ]
            )

    def _turn(self, function: Function) -> None:
        turns = [(">=", ">"), ("<", "<="), (" - 1", ""), ("!=", "=="), (" + ", " - "), ("> ", ">= "), ("min(", "max(")]
        self.rng.shuffle(turns)
        for old, new in turns:
            places = [at for at, line in enumerate(function.body) if old in line]
            if places:
                at = self.rng.choice(places)
                function.body[at] = function.body[at].replace(old, new, 1)
                return
        function.body.insert(0, f"limit = limit + {self.number}")

    def _break(self, function: Function) -> None:
        guards = [at for at, line in enumerate(function.body) if line.startswith("if ")]
        choice = self.rng.random()
        if guards and choice < 0.35:
            at = self.rng.choice(guards)
            del function.body[at : at + 2]
        elif choice < 0.75:
            self._turn(function)
        else:
            function.body[-1:] = ["result = rows[1:]", "limit = limit or len(result)", "return result[:limit]"]

    def _test_for(self, module: Module, function: Function) -> None:
        lines = self.tests.setdefault(f"tests/test_{module.name}.py", [f"from src import {module.name}", ""])
        lines += [
            "",
            f"def test_{function.name}_{self.number}():",
            f"    assert {module.name}.{function.name}([], {self.number}) is not None",
        ]

    def _commit(
        self,
        kind: str,
        message: str,
        touched: Iterable[Module] = (),
        *,
        everything: bool = False,
        author: str = "",
    ) -> None:
        vague = not author and not everything and self.rng.random() < self.vague_share
        if vague:
            message = self.rng.choice(VAGUE)
        touched = list(self.modules.values()) if everything else list(touched)
        for code, config in self.truth.pairs:
            if (
                any(f"src/{module.name}.py" == code for module in touched)
                and kind in ("feature", "fix")
                and (self.rng.random() < 0.8)
            ):
                self.settings[config] = self.number
        wanted = {f"src/{module.name}.py": module.render() for module in touched}
        wanted |= {path: "\n".join(lines) + "\n" for path, lines in (*self.notes.items(), *self.tests.items())}
        wanted["pyproject.toml"] = (
            "[project]\nname = 'x'\ndependencies = [\n"
            + "".join(f"  '{item}',\n" for item in self.dependencies)
            + "]\n"
        )
        wanted[".github/workflows/ci.yml"] = "jobs:\n" + "".join(f"  {job}: {{}}\n" for job in self.jobs)
        wanted |= {path: f"limit: {value}\n" for path, value in self.settings.items()}
        changed = {path: text for path, text in wanted.items() if self.files.get(path) != text}
        if not changed:
            return
        self.files |= changed
        name, _, email = (author or f"{self.rng.choice(['Ada', 'Bob', 'Cao'])} <dev@example.org>").partition(" <")
        time = 1_600_000_000 + self.number * 7200
        data = message.encode()
        self.stream.append(
            f"commit refs/heads/main\nmark :{self.number + 1}\nauthor {name} <{email} {time} +0000\n"
            f"committer {name} <{email} {time} +0000\ndata {len(data)}\n{message}\n"
        )
        for path, text in changed.items():
            self.stream.append(f"M 100644 inline {path}\ndata {len(text.encode())}\n{text}\n")
        self.truth.kinds.append(kind if not author else "bot")
        self.truth.vague.append(vague)
        self.number += 1

    def write(self, root: Path) -> Truth:
        """Makes the repository in `root` and returns the truth, commit ids filled in."""
        root.mkdir(parents=True, exist_ok=True)
        git(root, "init", "-q", "-b", "main")
        marks = root / ".git" / "marks"
        git(root, "fast-import", "--quiet", f"--export-marks={marks}", stdin="".join(self.stream))
        git(root, "reset", "-q", "--hard", "main")
        found = dict(line.split() for line in marks.read_text().splitlines())
        self.truth.oids = [found[f":{number + 1}"] for number in range(self.number)]
        return self.truth
