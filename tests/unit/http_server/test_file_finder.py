"""Finding the file that a text around a cursor comes from."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from iquest_lsp.http_server.file_finder import FileFinder

LINES = [f"value_{number} = compute({number})" for number in range(400)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "long.py").write_text("\n".join(LINES) + "\n")
    (tmp_path / "other.py").write_text("def other():\n    return compute(1)\n")
    (tmp_path / "near.py").write_text("\n".join(LINES[:100]) + "\n")
    return tmp_path


def around(line: int, typed: str, before: int = 100, behind: int = 30) -> tuple[str, str]:
    """What llama.vim sends with the cursor behind `typed`, on a new line."""
    prefix = "\n".join(LINES[max(line - before, 0) : line]) + "\n" + typed
    suffix = "\n" + "\n".join(LINES[line : line + behind]) + "\n"
    return prefix, suffix


def test_the_file_is_found_and_the_rest_of_it_stands_around(root: Path) -> None:
    places = FileFinder([root])
    prefix, suffix = around(200, "value_new = ")
    assert places.at_hand(prefix, suffix) is None
    assert places.search(prefix, suffix, [])
    place = places.at_hand(prefix, suffix)
    assert place is not None
    assert place.file == root / "long.py"
    assert (place.line, place.column) == (200, len("value_new = "))
    assert place.text == "\n".join([*LINES[:200], "value_new = ", *LINES[200:]]) + "\n"


def test_a_file_that_was_meant_is_at_hand_at_the_next_key(root: Path) -> None:
    places = FileFinder([root])
    assert places.search(*around(200, "a"), [])
    for typed in ("ab", "abc = "):
        place = places.at_hand(*around(260, typed))
        assert place is not None
        assert (place.file, place.line, place.column) == (root / "long.py", 260, len(typed))


def test_at_the_end_and_at_the_beginning_nothing_is_made_up(root: Path) -> None:
    places = FileFinder([root])
    assert places.search(*around(200, ""), [])
    for line in (400, 5):
        place = places.at_hand(*around(line, "x = "))
        assert place is not None
        assert place.line == line
        # llama.vim ends what it sends with a line break of its own.
        assert place.text.rstrip("\n").rstrip() == "\n".join([*LINES[:line], "x = ", *LINES[line:]]).rstrip()


def test_a_file_of_the_disk_that_changes_is_read_anew(root: Path) -> None:
    places = FileFinder([root])
    prefix, suffix = around(200, "")
    assert places.search(prefix, suffix, [])
    (root / "long.py").write_text("# a head that was added\n" + "\n".join(LINES) + "\n")
    place = places.at_hand(prefix, suffix)
    assert place is not None
    assert place.line == 201


def test_a_name_that_a_client_gives_is_tried_first_but_only_inside(
    root: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "long.py"
    outside.write_text("\n".join(LINES) + "\n")
    (root / "long.py").unlink()
    (root / "near.py").unlink()
    (root / "link.py").symlink_to(outside)
    places = FileFinder([root])
    names = [str(outside), "../" + str(outside), "link.py", "\0", ""]
    assert not places.search(*around(200, ""), names)


def test_what_git_ignores_is_not_looked_through(root: Path) -> None:
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    (root / ".gitignore").write_text("long.py\n")
    assert not FileFinder([root]).search(*around(300, ""), [])


def test_a_text_of_no_file_stands_alone(root: Path) -> None:
    places = FileFinder([root])
    text = "never_seen_before = 1\nand_this_neither = 2\nx = "
    assert not places.search(text, "\n", [])
    place = places.unknown(text, "\nlast\n")
    assert (place.file, place.text, place.line, place.column) == (None, text + "\nlast\n", 2, 4)
    assert (places.unknown("ab", "c").line, places.unknown("ab", "c").column) == (0, 2)


def test_few_lines_decide_nothing(root: Path) -> None:
    assert not FileFinder([root]).search("value_1 = compute(1)\n", "", [])
