from __future__ import annotations

import os
import random
import subprocess
from pathlib import Path

import pytest
from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

from iquest_lsp.workspace.ignore import IgnoreRules, is_rules_file
from iquest_lsp.workspace.tree import walk


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """A global ignore file that does not exist."""
    return tmp_path / "no-such-file"


def git(root: Path, *arguments: str, check: bool = True, text: str = "") -> str:
    environment = {"PATH": os.environ["PATH"], "HOME": str(root.parent), "GIT_CONFIG_NOSYSTEM": "1"}
    result = subprocess.run(
        ["git", *arguments], cwd=root, env=environment, input=text, capture_output=True, text=True, check=check
    )
    return result.stdout


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


def test_a_rules_file_that_cannot_be_read_excludes_its_folder(tmp_path: Path, nowhere: Path) -> None:
    for folder, data in (("broken", b"\xff\xfe*.x"), ("binary", b"a\0b"), ("fine", b"*.x\n"), ("huge", b"#" * 2**21)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / ".gitignore").write_bytes(data)
        (tmp_path / folder / "a.py").write_text("")
    rules = IgnoreRules(tmp_path, global_file=nowhere)
    assert "cannot be used" in rules.reason("broken/a.py")
    assert "cannot be used" in rules.reason("binary/a.py")
    assert "cannot be used" in rules.reason("huge/deep/a.py")
    assert rules.reason("fine/a.py") == ""
    assert len(rules.problems) == 3


def test_a_pattern_that_cannot_be_parsed_excludes(
    tmp_path: Path, nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def picky(pattern: str) -> GitIgnoreSpecPattern:
        if "bad" in pattern:
            raise ValueError("bad pattern")
        return GitIgnoreSpecPattern(pattern)

    monkeypatch.setattr("iquest_lsp.workspace.ignore.GitIgnoreSpecPattern", picky)
    (tmp_path / ".gitignore").write_text("*.x\nbad\n")
    assert "line 2" in IgnoreRules(tmp_path, global_file=nowhere).reason("a.py")
    # A negation that cannot be parsed only excludes less: dropping it is safe.
    (tmp_path / ".gitignore").write_text("*.x\n!bad\n")
    rules = IgnoreRules(tmp_path, global_file=nowhere)
    assert rules.reason("a.py") == ""
    assert rules.reason("a.x")


@pytest.mark.parametrize(
    ("line", "fine"),
    [
        ("secret[s.txt", False),
        ("[", False),
        ("[!]", False),
        ("a\\\\", True),
        ("keep\\", False),
        ("[]]", True),
        ("[!]a]", True),
        ("\\[", True),
        ("[a-", False),
        ("# see [1", True),
        ("![", True),
    ],
)
def test_a_pattern_that_does_not_end_excludes(tmp_path: Path, nowhere: Path, line: str, fine: bool) -> None:
    """git takes it for one that matches nothing, and so would show what somebody meant to hide."""
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / ".gitignore").write_text(f"*.x\n{line}\n")
    rules = IgnoreRules(tmp_path, global_file=nowhere)
    assert rules.reason("other.py") == ""
    assert (rules.reason("deep/a.py") == "") is fine
    assert fine or "line 2" in rules.reason("deep/a.py")


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
