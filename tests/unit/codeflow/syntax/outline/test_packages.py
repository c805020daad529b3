"""The packages of lock files and of lists of requirements."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from iquest_lsp.codeflow.syntax.outline import packages
from iquest_lsp.codeflow.syntax.outline.region import Region


@pytest.mark.parametrize(
    ("read", "text", "expected"),
    [
        (
            packages.toml_packages,
            '[[package]]\nname = "kit"\nversion = "1.2"\n\n[[package]]\nname = "b"\n[metadata]\n',
            [("kit", "1.2", 0, 4), ("b", "", 4, 6)],
        ),
        (
            packages.yarn_packages,
            '# yarn\n"@own/kit@^1.0", "@own/kit@^1.1":\n  version "1.2.0"\n\nkit@npm:^2:\n  version: 2.0\n',
            [("@own/kit", "1.2.0", 1, 3), ("kit", "2.0", 4, 6)],
        ),
        (
            packages.pnpm_packages,
            "packages:\n\n  kit@1.2.0:\n    a: b\n\n  '@own/kit@2.0.0(x@1)':\n    c: d\n\nsnapshots:\n",
            [("kit", "1.2.0", 2, 5), ("@own/kit", "2.0.0", 5, 8)],
        ),
        (
            packages.npm_packages,
            '{\n  "node_modules/@own/kit": {\n    "version": "1.2.0"\n  },\n  "a": {\n    "b": 1\n  }\n}',
            [("@own/kit", "1.2.0", 1, 4)],
        ),
        (
            packages.go_packages,
            "module example.org/a\n\ngo 1.21\n\nrequire example.org/kit v1.2.0 // indirect\n",
            [("module", "example.org/a", 0, 1), ("go", "1.21", 2, 3), ("example.org/kit", "v1.2.0", 4, 5)],
        ),
        # The sum of a go.mod is told with the module, and by itself is of nothing that is built.
        (
            packages.go_packages,
            "example.org/kit v1.1.0/go.mod h1:x=\nexample.org/kit v1.2.0 h1:y=\nexample.org/kit v1.2.0/go.mod h1:z=\n",
            [("example.org/kit", "v1.2.0", 1, 3)],
        ),
        (
            packages.requirements,
            "# kit\nkit[all]==1.2 ; python_version > '3'\n    # via a\n\nb\n-r other.txt\n",
            [("kit[all]", "1.2", 1, 3), ("b", "", 4, 5), ("-r other.txt", "", 5, 6)],
        ),
        (packages.gem_packages, "GEM\n  specs:\n    kit (1.2)\n      b (>= 1)\n", [("kit", "1.2", 2, 3)]),
        (
            packages.gem_requirements,
            "gem 'kit', '~> 1.2'\ns.add_dependency(\"b\")\n# gem 'c'\n",
            [("kit", "~> 1.2", 0, 1), ("b", "", 1, 2)],
        ),
    ],
)
def test_packages_and_their_versions(
    read: Callable[[list[str]], tuple[Region, ...]], text: str, expected: list[tuple[str, str, int, int]]
) -> None:
    assert [(item.name, item.value, item.start, item.end) for item in read(text.split("\n"))] == expected
    assert [(item.name, item.start, item.end) for item in read(text.replace("\n", "\r\n").split("\n"))] == [
        (name, start, end) for name, _, start, end in expected
    ]
    assert read([""]) == ()


def test_bounds_of_a_requirement_keep_their_signs() -> None:
    lines = ["pytest>=2.8.0,<9", "rich==13.1", "click ~= 8.0", "httpx @ https://example.org/httpx.zip", "tomlkit"]
    assert [item.value for item in packages.requirements(lines)] == [
        ">=2.8.0,<9",
        "13.1",
        "~=8.0",
        "https://example.org/httpx.zip",
        "",
    ]
