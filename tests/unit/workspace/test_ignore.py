from __future__ import annotations

import contextlib
import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from iquest_lsp.workspace.ignore import IgnoreRules, is_rules_file
from iquest_lsp.workspace.tree import walk


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A global ignore file that does not exist."""
    return tmp_path / "no-such-file"


def git(root: Path, *arguments: str, check: bool = True) -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(root.parent), "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", *map(os.fsencode, arguments)]
    return os.fsdecode(subprocess.run(command, cwd=root, env=environment, capture_output=True, check=check).stdout)


PATTERNS = (
    "*.log",
    "!*.log",
    "build/",
    "!build/",
    "/a",
    "a/",
    "!a/",
    "a/*",
    "!a/b",
    "**/b",
    "a/**",
    "b/**/c",
    "!b",
    "*.py",
    "!keep.py",
    "c?",
    "[ab]",
    "[!a]",
    "/*",
    "!/a/",
    "\\!x",
    "# comment",
    "",
    "  ",
    "x y",
    "trailing  ",
    "a/b/",
    "*/",
    "!*/",
    "b*",
    "/b/",
    "!c",
    "*.l[oa]g",
)
NAMES = ("a", "b", "c", "ab", "x.log", "keep.py", "y.py", "build", "!x", "x y", "cd", "trailing")


@pytest.mark.parametrize("seed", range(16))
def test_agrees_with_git(tmp_path: Path, nowhere: Path, seed: int) -> None:
    rng = random.Random(seed)
    root = tmp_path / "work"
    root.mkdir()
    git(root, "init", "-q")
    folders = [Path()]
    for _ in range(14):
        folder = rng.choice(folders) / rng.choice(NAMES)
        if not (root / folder).exists() and len(folder.parts) < 5:
            (root / folder).mkdir()
            folders.append(folder)
    for folder in folders:
        for name in rng.sample(NAMES, 5):
            if not (root / folder / name).exists():
                (root / folder / name).write_text("x")
    for folder in rng.sample(folders, min(4, len(folders))):
        (root / folder / ".gitignore").write_text("\n".join(rng.choices(PATTERNS, k=rng.randint(1, 6))) + "\n")
    (root / ".git" / "info").mkdir(exist_ok=True)
    (root / ".git" / "info" / "exclude").write_text("\n".join(rng.choices(PATTERNS, k=2)))
    wanted = set(git(root, "ls-files", "-co", "--exclude-standard", "-z").split("\0")) - {""}
    found = set(walk(root, IgnoreRules(root, global_file=nowhere)).paths)
    assert found == wanted


ODD = (
    "[[:alpha:]]",
    "[^a-c]",
    "[!a-c]x",
    "[]-]",
    "[a-]",
    "[\\\\a]",
    "[b\\-d]",
    "[[:upper:]]*",
    "[[:foo:]]",
    "[[:alnum]",
    "a[",
    "**",
    "***",
    "a**",
    "**a",
    "a/**b",
    "a**/b",
    "**/",
    "/**",
    "**/a/**",
    "a/**/b/**/c",
    "*/*",
    "a*b*",
    "*?*",
    "?",
    "??",
    "\\a",
    "\\*",
    "a\\",
    "a\\/",
    "a\\/b",
    "**\\/b",
    "a/b**/c",
    "/ab*",
    "a/*/c",
    "//",
    "/",
    "!",
    "!/",
    "! a",
    "\\#x",
    "\\!x",
    "x\\ ",
    "x ",
    "A",
    "AB",
    "[A-Z]",
    "[a-z]b",
    "\\A",
    "Build/",
    "é",
    "?é",
    "[é]",
    "*.LOG",
    "*.log ",
    "#a",
    "a//b",
    "./a",
    "../a",
    "a/./b",
    ".*",
    "a/",
    "a/.*",
    "*/b",
    "!a/b/",
    "ab/",
    "b/c",
    "/a/*",
    "!/a/b",
    "a*",
    "*b/",
    "[ab]/[bc]",
    "[a/]b",
    "a[/]b",
    "a?b",
    "*/../a",
    "\tx",
    "c\r",
    "\x7f",
    "\udcff",
)
PARTS = (
    "a",
    "b",
    "c",
    "ab",
    "A",
    "AB",
    "x",
    "é",
    "x.log",
    "Build",
    ".a",
    "#x",
    "!x",
    "x ",
    "a b",
    "[",
    "*",
    "\\",
    "b\\",
    "\udcff",
    "\tx",
    "-",
)
LINES = st.lists(st.tuples(st.sampled_from(("", "!")), st.sampled_from((*ODD, *PATTERNS))).map("".join), max_size=5)
PATHS = st.lists(st.sampled_from(PARTS), min_size=1, max_size=4).map("/".join)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@example(
    files=["a", "A", "b/x", "B/c"],
    rules={},
    exclude=[],
    everywhere=[],
    tracked=3,
    ignore_case=True,
    inner="",
    opened="",
    ends="\n",
)
@given(
    files=st.lists(PATHS, min_size=1, max_size=14),
    rules=st.dictionaries(st.sampled_from(("", "a/", "a/b/", "b/", "ab/")), LINES, max_size=4),
    exclude=LINES,
    everywhere=LINES,
    tracked=st.integers(0, 3),
    ignore_case=st.booleans(),
    inner=st.sampled_from(("", "", "", "a", "a/b", "b")),
    opened=st.sampled_from(("", "", "a", "a/b")),
    ends=st.sampled_from(("\n", "\r\n")),
)
@pytest.mark.slow
def test_no_difference_from_git(
    tmp_path_factory: pytest.TempPathFactory,
    files: list[str],
    rules: dict[str, list[str]],
    exclude: list[str],
    everywhere: list[str],
    tracked: int,
    ignore_case: bool,
    inner: str,
    opened: str,
    ends: str,
) -> None:
    home = tmp_path_factory.mktemp("home")
    root = home / "work"
    (root / opened).mkdir(parents=True)
    git(root, "init", "-q")
    git(root, "config", "core.ignoreCase", str(ignore_case).lower())
    git(root, "config", "core.excludesFile", str(home / "everywhere"))
    (home / "everywhere").write_bytes(os.fsencode(ends.join(everywhere)))
    if ignore_case:
        files = spelled_one_way(files)
    for path in files:
        with contextlib.suppress(OSError):
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text("x")
    for folder, lines in rules.items():
        if (root / folder).is_dir():
            (root / folder / ".gitignore").write_bytes(os.fsencode(ends.join(lines) + ends))
    (root / ".git" / "info").mkdir(exist_ok=True)
    (root / ".git" / "info" / "exclude").write_bytes(os.fsencode(ends.join(exclude)))
    if tracked:
        git(
            root,
            "--literal-pathspecs",
            "add",
            "-f",
            "--",
            *[file for file in files[:tracked] if (root / file).is_file()],
        )
    if inner and (root / inner).is_dir():
        git(root / inner, "init", "-q")
    start = root / opened
    wanted = set(listed(start))
    if inner and inner.startswith(opened) and (root / inner).is_dir() and inner != opened:
        place = inner[len(opened) :].lstrip("/") + "/"
        # git names an inner repository, not its files; those are judged by its own rules.
        if place in wanted:
            wanted.remove(place)
            wanted |= {place + path for path in listed(root / inner)}
    made = IgnoreRules(start)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("GIT_CONFIG_NOSYSTEM", "1")
        found = {path for path in every_file(start) if not kept_out(made, path)}
    assert found == wanted


def spelled_one_way(paths: list[str]) -> list[str]:
    """The paths that a file system without case could hold together: `a` and `A` are one name to git there."""
    spelled: dict[str, str] = {}
    kept = []
    for path in paths:
        parts = path.split("/")
        names = ["/".join(parts[:depth]) for depth in range(1, len(parts) + 1)]
        if all(spelled.get(name.lower(), name) == name for name in names):
            spelled.update((name.lower(), name) for name in names)
            kept.append(path)
    return kept


def listed(folder: Path) -> list[str]:
    """What git neither ignores nor fails to track in a folder."""
    output = git(folder, "ls-files", "-co", "--exclude-standard", "-z")
    return [path for path in output.split("\0") if path and not (folder / path).is_symlink()]


def every_file(folder: Path) -> Iterator[str]:
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != ".git"]
        for name in names:
            yield Path(place, name).relative_to(folder).as_posix()


def kept_out(rules: IgnoreRules, path: str) -> bool:
    """Whether a walk from the top would miss a file."""
    parts = path.split("/")
    folders = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
    return bool(rules.reason(path)) or any(rules.reason(folder, is_folder=True) for folder in folders)


def test_a_rules_file_that_cannot_be_read_excludes_its_folder(tmp_path: Path, nowhere: Path) -> None:
    for folder, data in (
        ("broken", "\ufeff*.x".encode("utf-16-le")),
        ("binary", b"a\0b"),
        ("fine", b"*.x\n"),
        ("huge", b"#" * 2**21),
    ):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / ".gitignore").write_bytes(data)
        (tmp_path / folder / "a.py").write_text("")
    rules = IgnoreRules(tmp_path, global_file=nowhere)
    assert "cannot be used" in rules.reason("broken/a.py")
    assert "cannot be used" in rules.reason("binary/a.py")
    assert "cannot be used" in rules.reason("huge/deep/a.py")
    assert rules.reason("fine/a.py") == ""
    assert len(rules.problems) == 3


def test_a_pattern_of_the_settings_that_cannot_match_excludes(tmp_path: Path, nowhere: Path) -> None:
    assert "bad[" in IgnoreRules(tmp_path, ["*.x", "bad["], global_file=nowhere).reason("a.py")
    # A comment, an empty line, and a path that is written with a slash at its end, are none of that.
    rules = IgnoreRules(tmp_path, ["# bad[", "", "*.x", "/"], global_file=nowhere)
    assert rules.reason("a.py") == ""
    assert rules.reason("a.x")


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("secret[s.txt", ""),
        ("[", ""),
        ("[!]", ""),
        ("a\\\\", "a\\"),
        ("keep\\", ""),
        ("[]]", "]"),
        ("[!]a]", "b"),
        ("\\[", "["),
        ("[a-", ""),
        ("# see [1", ""),
        ("![", ""),
        ("caf\udce9", "caf\udce9"),
    ],
)
def test_one_odd_line_does_not_silence_a_project(tmp_path: Path, nowhere: Path, line: str, hidden: str) -> None:
    """git takes a pattern that does not end for one that matches nothing; the other lines count."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / ".gitignore").write_bytes(os.fsencode(f"*.x\n{line}\n"))
    rules = IgnoreRules(tmp_path, global_file=nowhere)
    assert rules.reason("other.py") == ""
    assert rules.reason("deep/a.py") == ""
    assert rules.reason("deep/a.x")
    assert rules.problems == ()
    assert not hidden or rules.reason(f"deep/{hidden}")


def test_a_rules_file_that_is_a_link_excludes(tmp_path: Path, nowhere: Path) -> None:
    (tmp_path / "rules").write_text("")
    (tmp_path / ".gitignore").symlink_to("rules")
    assert IgnoreRules(tmp_path, global_file=nowhere).reason("a.py")


def test_settings_cannot_be_taken_back(tmp_path: Path, nowhere: Path) -> None:
    (tmp_path / ".gitignore").write_text("!docs/\n!*.md\n")
    rules = IgnoreRules(tmp_path, ["docs/", "*.md", "!README.md"], global_file=nowhere)
    assert "settings" in rules.reason("docs/a.py")
    assert "settings" in rules.reason("x.md")
    assert rules.reason("README.md") == ""


def test_the_users_own_file_counts(tmp_path: Path) -> None:
    (tmp_path / "global").write_text("*.swp\n")
    rules = IgnoreRules(tmp_path, global_file=tmp_path / "global")
    assert "global ignore file" in rules.reason("a.swp")


def test_outside_and_git(tmp_path: Path, nowhere: Path) -> None:
    rules = IgnoreRules(tmp_path, global_file=nowhere)
    assert rules.reason("../a.py") == "outside the workspace"
    assert rules.reason("/etc/passwd") == "outside the workspace"
    assert rules.reason(".git/config") == "inside .git"
    assert rules.reason("sub/.git/config") == "inside .git"


def test_rules_files() -> None:
    assert is_rules_file(".gitignore")
    assert is_rules_file("a/b/.gitignore")
    assert is_rules_file(".git/info/exclude")
    assert not is_rules_file("a.gitignore.py")


def test_the_walk_is_sorted_bounded_and_survives_links_and_odd_names(tmp_path: Path, nowhere: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "deep.py").write_text("")
    for name in ("z.py", "a.py"):
        (tmp_path / name).write_text("")
    (tmp_path / "b" / "loop").symlink_to(tmp_path)
    (tmp_path / "b" / "itself").symlink_to("itself")
    (Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff.py"))).write_text("")
    (tmp_path / "new\nline.py").write_text("")
    tree = walk(tmp_path, IgnoreRules(tmp_path, global_file=nowhere))
    assert tree.paths == ("a.py", "b/deep.py", "z.py")
    assert tree.complete
    reasons = {dropped.reason.partition(":")[0] for dropped in tree.left_out}
    assert reasons == {"a symbolic link to a folder", "its name is not valid UTF-8", "cannot be read"}
    flat = walk(tmp_path, IgnoreRules(tmp_path, global_file=nowhere), max_depth=0)
    assert flat.paths == ("a.py", "z.py")
    cut = walk(tmp_path, IgnoreRules(tmp_path, global_file=nowhere), max_files=2)
    assert cut.paths == ("a.py", "z.py")
    assert not cut.complete
