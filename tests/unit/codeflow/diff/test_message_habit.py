"""How a repository writes the subjects of its commits."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.message_habit import LEAST, Habit, SubjectForm, habit_of
from iquest_lsp.codeflow.git.commits import Commit, FileDiff


def commits(*subjects: str, path: str = "src/a.py") -> list[Commit]:
    files = (FileDiff(path, "M"),)
    return [Commit(f"{n:040}", (), "Ada", "", n, "", subject, "", files) for n, subject in enumerate(subjects)]


@pytest.mark.parametrize(
    ("subject", "form"),
    [
        ("Handle empty files", SubjectForm.PLAIN),
        ("fix(parser)!: handle empty files", SubjectForm.CONVENTIONAL),
        (":bug: Handle empty files", SubjectForm.GITMOJI),
        ("🐛 Handle empty files", SubjectForm.GITMOJI),
        ("[KIT-12] Handle empty files", SubjectForm.TICKET),
        ("parser: handle empty files", SubjectForm.AREA),
    ],
)
def test_the_form_that_most_subjects_have(subject: str, form: SubjectForm) -> None:
    assert habit_of(commits(*[subject] * LEAST), []).form is form


def test_few_subjects_and_those_that_git_writes_make_no_habit() -> None:
    assert habit_of([], []) == Habit()
    assert habit_of(commits(*["fix: handle it"] * (LEAST - 1)), []) == Habit()
    assert habit_of(commits(*["Merge branch 'a'"] * 20, *["fix: handle it"] * 4), []) == Habit()


def test_the_scope_is_that_of_the_same_files() -> None:
    some = [*commits(*["fix(parser): it"] * 6), *commits(*["fix(shop): it"] * 6, path="shop/b.py")]
    assert habit_of(some, ["src/a.py"]).scope == "parser"
    assert habit_of(some, ["shop/b.py"]).scope == "shop"
    assert habit_of(some, ["docs/c.md"]).scope == ""


def test_the_ticket_is_that_of_the_branch_as_subjects_write_it() -> None:
    some = commits(*["[KIT-12] Handle it"] * LEAST)
    assert habit_of(some, [], "ada/KIT-34-empty-files").ticket == "[KIT-34]"
    assert habit_of(some, [], "main").ticket == ""
    assert habit_of(commits(*["Handle it"] * LEAST), [], "KIT-34").ticket == ""


def test_capitals_periods_and_code_font() -> None:
    loud = habit_of(commits(*["Handle `read`."] * LEAST), [])
    assert (loud.capital, loud.period, loud.code_font) == (True, True, True)
    quiet = habit_of(commits(*["handle read"] * LEAST), [])
    assert (quiet.capital, quiet.period, quiet.code_font) == (False, False, False)
    assert habit_of(commits(*["处理空文件"] * LEAST), []).form is SubjectForm.PLAIN
