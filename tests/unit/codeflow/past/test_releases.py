"""Releases from tags."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.git.revisions import Tag
from iquest_lsp.codeflow.past.releases import last_good, package_of, releases, version_of


@pytest.mark.parametrize(
    ("name", "version"),
    [
        ("v1.2.3", ((1, 2, 3), True)),
        ("1.2rc1", ((1, 2), False)),
        ("v1.2-beta.1", ((1, 2), False)),
        ("release_1_2", ((1, 2), True)),
        ("kit@1.2.0", ((1, 2, 0), True)),
        ("v7", ((7,), True)),
        ("r12", ((12,), True)),
        ("build-7", None),
        ("nightly", None),
        ("", None),
        ("v1." + "9" * 5000, ((1, int("9" * 18)), True)),  # Python reads no number of so many digits
    ],
)
def test_the_version_of_a_tag(name: str, version: tuple[tuple[int, ...], bool] | None) -> None:
    assert version_of(name) == version


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("v1.2", ""),
        ("release-1.2", ""),
        ("kit-1.2", "kit"),
        ("@own/kit@1.2", "@own/kit"),
        ("kit/v1.2", "kit"),
        ("none", ""),
    ],
)
def test_the_package_of_a_tag(name: str, package: str) -> None:
    assert package_of(name) == package


def tags(*names: str) -> list[Tag]:
    return [Tag(name, f"{at:040}", at) for at, name in enumerate(names)]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ((), []),
        (("v1.0", "v1.1rc1", "v1.1"), ["v1.0", "v1.1"]),
        (("v1.0rc1", "v1.0rc2"), ["v1.0rc1", "v1.0rc2"]),
        (("one", "green", "two"), ["one", "two"]),
        # The tags of packages inside are not the repository's.
        (("v1.0", "kit-0.1", "kit-0.2"), ["v1.0"]),
        (("kit-0.1", "kit-0.2", "kit-0.3"), ["kit-0.1", "kit-0.2", "kit-0.3"]),
    ],
)
def test_the_tags_that_are_releases(names: tuple[str, ...], expected: list[str]) -> None:
    assert [tag.name for tag in releases(tags(*names))] == expected


def test_states_that_are_known_to_work_newest_first() -> None:
    assert [tag.name for tag in last_good(tags("v1.0", "green", "wip", "v1.1rc1"))] == ["green", "v1.0"]
