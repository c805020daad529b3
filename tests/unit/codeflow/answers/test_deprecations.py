"""Why was this deprecated: the reasons, quoted with their sources, and nothing that is none."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.wording.story import DeprecationSource
from tests.unit.codeflow.conftest import Script, history_of

PLAIN = "def load(path, mode='r'):\n    return open(path, mode)\n"
DOC = '''def load(path, mode='r'):
    """Reads a file.

    .. deprecated:: 2.3
        Use `read`, which closes the file.

    :param path: where it is
    """
    return open(path, mode)
'''


def deprecated(script: Script, message: str, code: str = DOC, log: str = "") -> str:
    script.commit("Add load", {"lib.py": PLAIN, "CHANGELOG.md": "# Changes\n"})
    script.git("tag", "v1.0")
    oid = script.commit(message, {"lib.py": code, "CHANGELOG.md": f"# Changes\n\n## 2.3\n\n{log}\n"})
    script.git("tag", "v2.3")
    return oid


@pytest.mark.slow
def test_the_reason_is_quoted_from_all_that_gives_one(script: Script) -> None:
    body = "Deprecate load\n\nIt leaves files open, which fails on Windows.\n\nFixes #12"
    oid = deprecated(script, body, log="- Deprecated `load` in favour of `read`.\n- Sped up loading.")
    story = history_of(script.root).why("lib.py::load")
    assert story.deprecated_in == "v2.3"
    assert {(item.kind, item.text, item.source) for item in story.reasons} == {
        (DeprecationSource.DOCSTRING, "Use `read`, which closes the file.", "lib.py:4"),
        (DeprecationSource.MESSAGE, "It leaves files open, which fails on Windows.", oid),
        (DeprecationSource.CHANGELOG, "Deprecated `load` in favour of `read`.", "CHANGELOG.md:5"),
        (DeprecationSource.ISSUE, "#12", oid),
    }
    told = story.to_json()["reasons"]
    assert isinstance(told, list)
    assert {"kind", "text", "source"} == {*told[0]}
    assert "CHANGELOG.md:5" in story.to_markdown()


def test_squashed_branches_and_pasted_code_are_no_reasons(script: Script) -> None:
    body = "Deprecate load (#7)\n\n* Try a lock\n\n* Fix the tests\n\n* Rename it"
    deprecated(script, body)
    messages = [
        item for item in history_of(script.root).why("lib.py::load").reasons if item.kind is DeprecationSource.MESSAGE
    ]
    assert [item.text for item in messages] == ["Deprecate load (#7)"]


def test_what_a_decorator_says_is_a_reason(script: Script) -> None:
    code = '@deprecated("Use read, load blocks the loop")\n' + PLAIN
    deprecated(script, "Warn of load", code)
    story = history_of(script.root).why("lib.py::load")
    assert story.deprecated_in == "v2.3"
    assert [item.text for item in story.reasons] == ["Use read, load blocks the loop", "Warn of load"]


def test_a_deprecated_parameter_is_a_part(script: Script) -> None:
    code = PLAIN.replace(
        "):\n", '):\n    """Reads a file.\n\n    :param mode: Deprecated since 2.2, always "r".\n    """\n'
    )
    deprecated(script, "Ignore the mode", code)
    story = history_of(script.root).why("lib.py::load")
    assert story.deprecated_in is None
    assert story.reasons == ()
    assert [(part.name, part.since) for part in story.deprecated_parts] == [("mode", "2.2")]
    assert "`mode` is deprecated" in story.to_markdown()


def test_a_part_without_a_version_is_as_old_as_its_line(script: Script) -> None:
    code = PLAIN.replace("):\n", '):\n    """Reads a file.\n\n    Args:\n        mode: Deprecated, ignored.\n    """\n')
    deprecated(script, "Ignore the mode", code)
    assert [(part.name, part.since) for part in history_of(script.root).why("lib.py::load").deprecated_parts] == [
        ("mode", "v2.3")
    ]


@pytest.mark.parametrize("lifted", [PLAIN, PLAIN + "# load is deprecated no longer\n"])
def test_what_was_lifted_is_not_deprecated(script: Script, lifted: str) -> None:
    deprecated(script, "Deprecate load")
    script.commit("Keep load after all", {"lib.py": lifted})
    story = history_of(script.root).why("lib.py::load")
    assert story.deprecated_in is None
    assert story.reasons == ()


@pytest.mark.slow
def test_a_deprecated_definition_that_moved_is_deprecated_since_it_was(script: Script) -> None:
    deprecated(script, "Deprecate load")
    script.commit("Move load", {"lib.py": "X = 1\n", "old.py": DOC})
    script.git("tag", "v3.0")
    assert history_of(script.root).why("old.py::load").deprecated_in == "v2.3"


def test_where_links_lead_to_is_no_reason(script: Script) -> None:
    code = "/// Deprecated. Use [`read`] instead.\n///\n/// [`read`]: crate::read\n#[deprecated]\npub fn load() {}\n"
    script.commit("Add load", {"lib.rs": "pub fn load() {}\n", "CHANGELOG.md": "# Changes\n"})
    log = "# Changes\n\n- files: rename load ([#12])\n\n[#11]: https://example.org/11\n[#12]: https://example.org/12\n"
    script.commit("Rename load (#12)", {"lib.rs": code, "CHANGELOG.md": log})
    told = [(item.kind, item.text) for item in history_of(script.root).why("lib.rs::load").reasons]
    assert told == [
        (DeprecationSource.DOCSTRING, "Use [`read`] instead."),
        (DeprecationSource.MESSAGE, "Rename load (#12)"),
        (DeprecationSource.CHANGELOG, "files: rename load ([#12])"),
        (DeprecationSource.ISSUE, "#12"),
    ]


def test_what_is_said_twice_is_quoted_once(script: Script) -> None:
    said = "`load` is deprecated, use `read` instead."
    warned = f"    warnings.warn('{said}', DeprecationWarning)\n"
    deprecated(
        script, "Prefer read", f"@deprecated('{said}')\ndef load(path, mode='r'):\n{warned}    return read(path)\n"
    )
    told = [item.text for item in history_of(script.root).why("lib.py::load").reasons]
    assert told == [said, "Prefer read"]


def test_that_an_issue_is_closed_is_no_reason(script: Script) -> None:
    deprecated(script, "Close files by themselves\n\nclose #12\ncloses #13, fixes #14")
    told = [
        item.text
        for item in history_of(script.root).why("lib.py::load").reasons
        if item.kind is DeprecationSource.MESSAGE
    ]
    assert told == ["Close files by themselves"]


def test_the_subject_of_a_wide_commit_is_no_reason(script: Script) -> None:
    script.write({f"m{number}.py": "x = 1\n" for number in range(30)})
    deprecated(script, "Version 4")
    script.write({f"m{number}.py": "x = 2\n" for number in range(30)})
    script.git("commit", "-qa", "--amend", "-m", "Version 4")
    told = [item.kind for item in history_of(script.root).why("lib.py::load").reasons]
    assert DeprecationSource.MESSAGE not in told
