"""Patches as git and mail programs write them: read as what they say, or refused with a reason."""

from __future__ import annotations

import subprocess

import pytest

from iquest_lsp.codeflow.diff.patches import Patch, read_patch
from iquest_lsp.errors import UsageError
from tests.unit.codeflow.conftest import Script, history_of

BEFORE = "import os\n\n\ndef f():\n    return 1\n\n\ndef g():\n    return os\n"
AFTER = BEFORE.replace("return 1", "return 2").replace("return os", "return None")


def changed(patch: Patch) -> list[tuple[str, int, int, tuple[str, ...], tuple[str, ...]]]:
    return [
        (file.path, *((hunk.old_start, hunk.new_start, hunk.removed, hunk.added)))
        for file in patch.files
        for hunk in file.hunks
    ]


def output(script: Script, *args: str) -> bytes:
    return subprocess.run(["git", *args], cwd=script.root, capture_output=True, check=True).stdout


@pytest.fixture
def two(script: Script) -> Script:
    script.commit("First", {"a.py": BEFORE})
    script.commit("Größer werden: zwei statt eins, und noch ein paar Wörter mehr\n\nWeil es muß.", {"a.py": AFTER})
    return script


@pytest.mark.parametrize(
    "form",
    [
        ["show", "--color=always"],
        ["show", "--color=always", "--color-moved=zebra"],
        ["format-patch", "-1", "--stdout"],
        ["format-patch", "-1", "--stdout", "--attach"],
        ["diff", "--no-prefix", "HEAD~1"],
        ["diff", "--src-prefix=i/", "--dst-prefix=w/", "HEAD~1"],
        ["diff", "--unified=0", "HEAD~1"],
        ["diff", "--function-context", "HEAD~1"],
        ["show", "--stat", "--patch"],
        ["log", "-1", "-p", "--graph"],
    ],
    ids=" ".join,
)
def test_every_form_tells_the_same_change(two: Script, form: list[str]) -> None:
    text = output(two, *form)
    if "--graph" in form:
        with pytest.raises(UsageError):
            read_patch(text)
        return
    patch = read_patch(text)
    assert changed(patch) == [
        ("a.py", 4, 4, ("    return 1",), ("    return 2",)),
        ("a.py", 8, 8, ("    return os",), ("    return None",)),
    ]
    assert (patch.files[0].added, patch.files[0].removed) == (2, 2)
    if form[0] != "diff":
        assert patch.subject == "Größer werden: zwei statt eins, und noch ein paar Wörter mehr"


@pytest.mark.parametrize("encoding", ["quoted-printable", "base64"])
def test_a_mail_in_a_transfer_encoding(two: Script, encoding: str) -> None:
    import base64
    import quopri

    mail = output(two, "format-patch", "-1", "--stdout")
    head, _, body = mail.partition(b"\n\n")
    kept = b"\n".join(line for line in head.split(b"\n") if not line.startswith(b"Content-Transfer-Encoding"))
    coded = quopri.encodestring(body) if encoding == "quoted-printable" else base64.encodebytes(body)
    patch = read_patch(kept + b"\nContent-Transfer-Encoding: " + encoding.encode() + b"\n\n" + coded)
    assert [item[3:] for item in changed(patch)] == [
        (("    return 1",), ("    return 2",)),
        (("    return os",), ("    return None",)),
    ]


def test_several_mails(two: Script) -> None:
    two.commit("Another file", {"b.py": "x = 1\n"})
    patch = read_patch(output(two, "format-patch", "-2", "--stdout"))
    assert [(file.path, file.status, file.added, file.removed) for file in patch.files] == [
        ("a.py", "M", 2, 2),
        ("b.py", "A", 1, 0),
    ]


def test_a_combined_diff_is_read_against_the_first_parent(script: Script) -> None:
    script.commit("First", {"a.py": "def f():\n    return 1\n"})
    script.git("checkout", "-q", "-b", "side")
    script.commit("Two", {"a.py": "def f():\n    return 2\n"})
    script.git("checkout", "-q", "main")
    script.commit("Three", {"a.py": "def f():\n    return 3\n"})
    script.git("merge", "-q", "-s", "ours", "--no-commit", "side")
    script.commit("Merge", {"a.py": "def f():\n    x = 5\n    return x\n"})
    for form in ("--cc", "-c"):
        patch = read_patch(output(script, "show", form, "HEAD"))
        assert changed(patch) == [("a.py", 1, 1, ("    return 3",), ("    x = 5", "    return x"))]
        assert (patch.files[0].added, patch.files[0].removed) == (2, 1)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n a\n-b\n+c\n", "fewer lines"),
        (
            b"--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-b\n+c\n--- a/y\n+++ b/y\n@@ -1 +1 @@\n-b\n+c\n",
            "more lines",
        ),
        (b"--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n-b\n+c\n+d\n", "more lines"),
        (
            b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n def f():\n    return [-1-]{+2+}\n",
            "no changed line",
        ),
        (b"--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n def f():\n-1\n+2\n~\n", "none of the marks|fewer|more lines|no changed"),
        (b"--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n def f():\nreturn 1\n", "none of the marks"),
        (b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-b\n+c\n+d\n", "more lines"),
        (b"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-b\n+c\n-d\n", "more lines"),
        (b"diff --git a/x b/x\n", "the input ends, or another file begins"),
        (b"--- a/x\n+++ b/x\n", "the input ends, or another file begins"),
        (b"diff --git a/x b/x\ndiff --git a/y b/y\nold mode 100644\nnew mode 100755\n", "another file begins"),
    ],
)
def test_a_patch_that_does_not_hold_together_is_refused(text: bytes, why: str) -> None:
    if b"~" in text:
        text = text.replace(b"-1\n+2\n", b" return \n-1\n+2\n")
    with pytest.raises(UsageError) as caught:
        read_patch(text)
    assert caught.value.fix
    import re

    assert re.search(why, caught.value.why), caught.value.why


@pytest.mark.parametrize("form", ["--word-diff", "--word-diff=porcelain", "--word-diff=color"])
def test_word_diffs_are_refused(two: Script, form: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_patch(output(two, "show", form))
    assert "--word-diff" in caught.value.fix


def test_what_looks_like_a_colour_inside_the_code_stays(script: Script) -> None:
    script.commit("First", {"a.py": "x = 1\n"})
    script.commit("Red", {"a.py": "x = '\x1b[31mred'\n"})
    assert read_patch(output(script, "show")).files[0].hunks[0].added == ("x = '\x1b[31mred'",)


PREFIXES = (["--no-prefix"], ["--src-prefix=old/", "--dst-prefix=new/"], ["-c", "diff.mnemonicPrefix=true"], [])


@pytest.mark.parametrize("prefix", PREFIXES, ids=" ".join)
def test_what_git_says_of_a_file_is_said_of_that_file(script: Script, prefix: list[str]) -> None:
    """Whatever stands before the names: object ids, modes and renames belong to the header above them."""
    script.commit("First", {"a/x.py": BEFORE, "b/two words.py": "one = 1\n", "c.py": BEFORE, "\u00e4 b/c.py": BEFORE})
    script.git("mv", "c.py", "d.py")
    script.git("rm", "-q", "b/two words.py")
    changed_texts = {"a/x.py": AFTER, "\u00e4 b/c.py": AFTER, "new.py": "x = 1\n"}
    script.commit("Second", changed_texts)
    options = prefix[:2] if prefix[:1] == ["-c"] else []
    text = output(script, *options, "diff", *([] if options else prefix), "HEAD~1", "HEAD")
    found = {file.path: file for file in read_patch(text).files}
    assert {path: file.status for path, file in found.items()} == {
        "a/x.py": "M",
        "b/two words.py": "D",
        "d.py": "R",
        "new.py": "A",
        "\u00e4 b/c.py": "M",
    }
    assert found["d.py"].old_path == "c.py"
    for path, new in changed_texts.items():
        wanted = script.git("rev-parse", f"HEAD:{path}").strip()
        assert wanted.startswith(found[path].new_oid), (path, new)


@pytest.mark.parametrize("form", [["show"], ["format-patch", "-1", "--stdout"]], ids=" ".join)
def test_a_patch_whose_line_ends_were_turned_on_its_way(two: Script, form: list[str]) -> None:
    text = output(two, *form)
    assert changed(read_patch(text.replace(b"\n", b"\r\n"))) == changed(read_patch(text))


def test_the_line_ends_of_a_file_stay(script: Script) -> None:
    script.git("config", "core.autocrlf", "false")
    script.commit("First", {"a.py": "x = 1\r\ny = 2\r\n"})
    script.commit("Second", {"a.py": "x = 3\r\ny = 2\r\n"})
    text = output(script, "diff", "HEAD~1")
    assert changed(read_patch(text)) == [("a.py", 0, 0, ("x = 1\r",), ("x = 3\r",))]
    assert changed(read_patch(text.replace(b"\n", b"\r\n"))) == changed(read_patch(text))


def test_a_definition_that_begins_in_a_hunk_is_nearer_than_its_heading() -> None:
    lines = (
        "--- a/a.py",
        "+++ b/a.py",
        "@@ -5,5 +5,5 @@ def before():",
        " ",
        " def inside(x):",
        "     a = 1",
        "-    b = 2",
        "+    b = 3",
        "     c",
        "@@ -20,2 +20,2 @@ def later(x):",
        "-    d",
        "+    e",
        "     f",
        "@@ -30,2 +30,2 @@ def last():",
        "-def own(x):",
        "+def own(x, y):",
        "     f",
    )
    [item] = read_patch("\n".join((*lines, "")).encode()).files
    assert [hunk.heading for hunk in item.hunks] == ["def inside(x):", "def later(x):", "def own(x):"]


@pytest.mark.parametrize(
    ("mark", "encoding"), [(b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")]
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_patch_with_a_byte_order_mark_is_read_in_its_encoding(mark: bytes, encoding: str, end: str) -> None:
    lines = ["--- a/ä.py", "+++ b/ä.py", "@@ -1 +1 @@", "-x = 1", "+x = '你'", ""]
    (file,) = read_patch(mark + end.join(lines).encode(encoding)).files
    assert (file.path, file.hunks[0].removed, file.hunks[0].added) == ("ä.py", ("x = 1",), ("x = '你'",))


@pytest.mark.parametrize(
    ("text", "what", "fix"),
    [
        (
            "*** a.py\t2026\n--- b.py\t2026\n***************\n*** 1 ****\n! x\n--- 1 ----\n! y\n",
            "a context diff",
            "diff -u",
        ),
        ("1c1\n< x\n---\n> y\n", "a diff without context", "diff -u"),
        (" a.py | 2 +-\n 1 file changed, 1 insertion(+), 1 deletion(-)\n", "the summary of a diff", "--patch"),
        ("", "no diff in the input", "git diff"),
        ("hello\n", "no diff in the input", "git diff"),
    ],
)
def test_what_is_no_unified_diff_is_named(text: str, what: str, fix: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_patch(text.encode())
    assert what in caught.value.what
    assert fix in caught.value.fix


def test_a_mail_may_end_behind_its_hunk() -> None:
    hunk = b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-b\n+c\n"
    for end in (b"-- \n2.39.5\n", b"--\n2.39.5\n", b"\nAnd more words.\n", b"\\ No newline at end of file\n"):
        (file,) = read_patch(hunk + end).files
        assert (file.added, file.removed) == (1, 1)


def test_a_file_of_which_no_line_changes() -> None:
    (copied,) = read_patch(b"diff --git a/x b/y\nsimilarity index 100%\ncopy from x\ncopy to y\n").files
    assert (copied.status, copied.old_path, copied.path) == ("C", "x", "y")
    (mode,) = read_patch(b"diff --git a/x b/x\nold mode 100644\nnew mode 100755\n").files
    assert (mode.old_mode, mode.new_mode, mode.added) == ("100644", "100755", 0)
    (empty,) = read_patch(b"diff --git a/x b/x\nnew file mode 100644\nindex 0000000..e69de29\n").files
    assert empty.status == "A"
    of_svn = b"Index: x\n===\n--- x\t(revision 1)\n+++ x\t(working copy)\n\nProperty changes on: x\n___\n"
    assert [item.path for item in read_patch(of_svn).files] == ["x"]


def test_names_are_as_the_repository_has_them(script: Script) -> None:
    script.commit("Begin", {"a.py": "x = 1\n"})
    for name in ("./a.py", "././a.py", f"{script.root}/a.py", "../../elsewhere/b.txt", "/elsewhere/b.txt"):
        text = f"--- {name}\n+++ {name}\n@@ -1 +1 @@\n-x = 1\n+x = 2\n".encode()
        (file,) = history_of(script.root).explain_diff("-", text).files
        assert file.path == (name if "elsewhere" in name else "a.py")
    assert read_patch(b"--- ./.env\n+++ ./.env\n@@ -1 +1 @@\n-a\n+b\n").files[0].path == ".env"
