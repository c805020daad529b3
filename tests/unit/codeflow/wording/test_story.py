"""The story of a line or a definition, in words."""

from __future__ import annotations

from iquest_lsp.codeflow.wording.story import MAX_STEPS, Story, StoryItem


def item(number: int, subject: str) -> StoryItem:
    return StoryItem(f"{number:040x}", f"2026-01-{number:02}", subject, (), "", subject)


def test_a_story_in_short_tells_the_newest_steps_first_and_how_many_more() -> None:
    items = tuple(item(number, f"Step {number}") for number in range(1, MAX_STEPS + 3))
    lines = Story("a.py:1", items, since="v1.0").in_short().split("\n")
    assert [line.rpartition(" ")[2] for line in lines[:MAX_STEPS]] == ["5", "4", "3"]
    assert lines[MAX_STEPS:] == ["- … 2 more", "", "Since v1.0"]


def test_a_story_in_short_shows_marks_of_a_subject_as_they_are() -> None:
    assert Story("a.py:1", (item(1, "Drop `*args` <b>"),)).in_short().endswith(r" Drop \`\*args\` \<b\>")
    assert Story("a.py:1", ()).in_short() == ""
