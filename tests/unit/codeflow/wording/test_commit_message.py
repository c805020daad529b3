"""Commit messages from the facts of a diff, in the form that the repository's messages have."""

from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.codeflow.diff.replacements import Replacement, replacement_of
from iquest_lsp.codeflow.wording.commit_message import CommitMessage
from iquest_lsp.errors import UsageError
from tests.unit.codeflow.conftest import Script, history_of

MODULE = "def read(path):\n    return open(path)\n\n\ndef write(path, text):\n    open(path, 'w').write(text)\n"
RAISING = MODULE.replace(
    "    return open(path)", "    if not path:\n        raise ValueError(path)\n    return open(path)"
)


def begun(script: Script, *subjects: str) -> Script:
    """A repository whose subjects are these, each of a commit on files.py."""
    for number, subject in enumerate(subjects):
        script.commit(subject, {"lib/files.py": MODULE + f"\n\ndef more{number}():\n    pass\n"})
    script.commit(subjects[-1], {"lib/files.py": MODULE})
    return script


def staged(script: Script, **files: str) -> CommitMessage:
    script.write({path.replace("__", "/").replace("_py", ".py"): text for path, text in files.items()})
    script.git("add", "-A")
    return history_of(script.root).commit_message("--staged")


PLAIN = ("Add reading", "Write texts too", "Read more", "Speed reading up", "Say what is read")
CONVENTIONAL = (
    "feat(files): add reading",
    "fix(files): write texts",
    "feat(files): read more",
    "chore: tidy",
    "fix(files): a",
)


@pytest.mark.parametrize(
    ("subjects", "branch", "expected", "guessed"),
    [
        (PLAIN, "main", "Raise ValueError in read", ""),
        (CONVENTIONAL, "main", "fix(files): raise ValueError in read", "fix"),
        (tuple(f"✨ {subject}" for subject in PLAIN), "main", "🐛 Raise ValueError in read", "fix"),
        (tuple(f":tada: {subject}." for subject in PLAIN), "main", ":bug: Raise ValueError in read.", "fix"),
        (
            tuple(f"SHOP-{n}: {subject}" for n, subject in enumerate(PLAIN)),
            "fix/SHOP-77-empty",
            "SHOP-77: Raise ValueError in read",
            "",
        ),
        (
            tuple(f"[AB-{n}] {subject}" for n, subject in enumerate(PLAIN)),
            "AB-9",
            "[AB-9] Raise ValueError in read",
            "",
        ),
        (tuple(f"SHOP-{n}: {subject}" for n, subject in enumerate(PLAIN)), "main", "Raise ValueError in read", ""),
        (
            tuple(f"lib/files: {subject.lower()}" for subject in PLAIN),
            "main",
            "lib/files: raise ValueError in read",
            "",
        ),
        (tuple(f"{subject} of `read`" for subject in PLAIN), "main", "Raise `ValueError` in `read`", ""),
    ],
)
def test_the_subject_has_the_repositorys_form(
    script: Script, subjects: tuple[str, ...], branch: str, expected: str, guessed: str
) -> None:
    begun(script, *subjects).git("checkout", "-q", "-B", branch)
    made = staged(script, lib__files_py=RAISING)
    assert (made.subject, made.guessed) == (expected, guessed)
    assert bool(made.note) == bool(guessed)


def test_what_else_changes_stands_in_the_body(script: Script) -> None:
    begun(script, *PLAIN)
    made = staged(
        script, lib__files_py=RAISING.replace("def write(path, text)", "def write(path, text, mode)"), notes="a\n"
    )
    assert made.subject == "Add the parameter mode to write"
    assert made.body == "- Raise ValueError in read\n- Add notes"
    assert made.text == f"{made.subject}\n\n{made.body}\n"


def test_subjects_and_lines_are_short(script: Script) -> None:
    begun(script, *PLAIN)
    names = [f"a_rather_long_name_for_a_function_{number}" for number in range(9)]
    made = staged(script, lib__other_py="\n\n".join(f"def {name}():\n    pass\n" for name in names))
    assert made.subject == "Add a_rather_long_name_for_a_function_0 and 8 more to lib/other.py"
    assert len(made.subject) <= 72
    assert all(len(line) <= 72 for line in made.body.splitlines())


def test_the_message_of_a_commit_is_not_looked_at(script: Script) -> None:
    begun(script, *PLAIN)
    script.commit("wip", {"lib/files.py": RAISING})
    assert history_of(script.root).commit_message("HEAD").subject == "Raise ValueError in read"


def test_a_patch_outside_of_any_repository(script: Script, tmp_path: Path) -> None:
    begun(script, *PLAIN)
    script.write({"lib/files.py": RAISING})
    patch = script.git("diff", "-U1") + "\n"
    assert history_of(script.root).commit_message().subject == "Raise ValueError in read"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert history_of(elsewhere).commit_message("-", patch.encode()).subject == "Change read in lib/files.py"


def test_nothing_staged_is_an_error(script: Script) -> None:
    begun(script, *PLAIN)
    with pytest.raises(UsageError, match="nothing to write"):
        history_of(script.root).commit_message("--staged")


def test_secrets_stay_out(script: Script) -> None:
    begun(script, *PLAIN)
    script.write({"lib/files.py": MODULE.replace("def read(", "def hunter2(")})
    made = history_of(script.root, redact=lambda text: "hunter2" in text).commit_message()
    assert made.text == "Update lib/files.py\n"


def test_a_form_that_goes_removes_no_definition(script: Script) -> None:
    forms = "export interface Shop {\n  get(a: string): void;\n  get(a: string, b: number): void;\n}\n"
    script.commit("Begin", {"shop.ts": forms})
    script.write({"shop.ts": "export interface Shop {\n  get(a: string, b: number): void;\n}\n"})
    assert "Remove" not in history_of(script.root).commit_message().text


def test_forms_that_come_change_no_other_form(script: Script) -> None:
    old = "export function tick<T, R>(this: T, then: (this: T) => R): Promise<R> {\n  return go(then);\n}\n"
    script.commit("Begin", {"tick.ts": old})
    new = old.replace(": (this: T) => R)", "?: (this: T) => R)")
    script.write({"tick.ts": "export function tick(): Promise<void>;\n" + new})
    explanation = history_of(script.root).explain_diff()
    assert "no longer takes" not in explanation.summary
    assert "Remove" not in history_of(script.root).commit_message().text


def test_members_of_a_type_are_no_parameters(script: Script) -> None:
    text = "type Collections = (Map<any, any> | Set<any>) & Target\n"
    script.commit("Begin", {"a.ts": text})
    script.write({"a.ts": text.replace("(Map<any, any> | Set<any>)", "(Map<string, any> | Set<string>)")})
    assert "parameter" not in history_of(script.root).commit_message().text
    assert "parameter" not in history_of(script.root).explain_diff().summary


def test_what_one_file_loses_and_another_gains_is_moved(script: Script) -> None:
    script.commit("Begin", {"a.py": MODULE, "b.py": "x = 1\n"})
    body = "def write(path, text):\n    with open(path, 'w') as file:\n        file.write(str(text))\n"
    script.write({"a.py": MODULE.split("\n\n\n")[0] + "\n", "b.py": "x = 1\n\n\n" + body})
    assert history_of(script.root).commit_message().subject == "Move write from a.py to b.py"


def test_a_version_that_is_raised(script: Script) -> None:
    script.commit("Begin", {"pyproject.toml": '[project]\nversion = "1.0"\n'})
    script.write({"pyproject.toml": '[project]\nversion = "1.1"\n'})
    assert history_of(script.root).commit_message().text == "Set the version to 1.1\n"


def test_a_condition_that_turns_is_not_called_new(script: Script) -> None:
    text = "def read(path):\n    if not path.ready():\n        return 1\n"
    script.commit("Begin", {"a.py": text})
    script.write({"a.py": text.replace("not path", "path")})
    assert (
        history_of(script.root).commit_message().subject
        == "Change the condition not path.ready() to path.ready() in read"
    )


def test_what_a_lock_file_keeps_beside_packages_is_not_told(script: Script) -> None:
    lock = 'version = {}\n\n[[package]]\nname = "strum"\nversion = "{}"\n'
    script.commit("Begin", {"Cargo.lock": lock.format(3, "1.0.1")})
    script.write({"Cargo.lock": lock.format(4, "1.0.2")})
    assert history_of(script.root).commit_message().text == "Raise strum from 1.0.1 to 1.0.2\n"


def test_sections_are_named_by_their_own_heading(script: Script) -> None:
    text = "# Guide\n\n## First steps\n\nInstall it.\n"
    script.commit("Begin", {"docs/guide.md": text})
    script.write({"docs/guide.md": text.replace("Install it.", "Install it first.") + "\n## Last steps\n\nGo.\n"})
    assert history_of(script.root).commit_message().text == (
        "Update “First steps” in docs/guide.md\n\n- Add “Last steps” to docs/guide.md\n"
    )


@pytest.mark.parametrize(
    ("hunks", "expected"),
    [
        ([(["a Fn b"], ["a FnOnce b"]), (["(Fn)"], ["(FnOnce)"])], Replacement("Fn", "FnOnce", 2)),
        ([(["| %s |"], ["| %15s |"])], None),
        ([(["a b"], ["a c"]), (["a b"], ["a d"])], None),
        ([(["a b"], ["a c"]), ([], ["e"])], None),
        ([(["x = 1"], ["x = 2"])], None),
        ([(["in Flask 3.1."], ["in Flask 3.2."])], Replacement("3.1", "3.2", 1)),
    ],
)
def test_one_piece_is_replaced(hunks: list[tuple[list[str], list[str]]], expected: Replacement | None) -> None:
    assert replacement_of(hunks) == expected


def test_documentation_of_attributes_is_no_code(script: Script) -> None:
    fields = 'class Settings:\n    extra: str\n    """What is done: {}.\n\n    More.\n    """\n'
    script.commit("Begin", {"settings.py": fields.format("ignored (silently)")})
    script.write({"settings.py": fields.format("raise ValueError(x) or kept (always)")})
    assert history_of(script.root).commit_message().subject == "Change the documentation of Settings in settings.py"
    assert history_of(script.root).explain_diff().files[0].symbols[0].change == "doc"


def test_nothing_is_said_of_parameters_of_a_signature_that_is_cut(script: Script) -> None:
    head = "def dump(" + ", ".join(f"parameter_{number}=None" for number in range(20)) + "{}):\n    pass\n"
    script.commit("Begin", {"a.py": head.format("")})
    script.write({"a.py": head.format(", last=1").replace("parameter_0=None", "parameter_0=False")})
    assert history_of(script.root).commit_message().subject == "Change the signature of dump in a.py"
