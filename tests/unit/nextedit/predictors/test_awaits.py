"""What became asynchronous asks for `await` where it is called; what awaits has to be asynchronous."""

from __future__ import annotations

import pytest

from tests.unit.nextedit.conftest import Think, places


@pytest.mark.parametrize(
    ("path", "before", "old", "new", "suggested"),
    [
        (
            "a.py",
            "def load(x):\n    return x\n\n\nasync def page(x):\n    y = load(x)\n    return await load(y)\n",
            "def load",
            "async def load",
            {(6, "", "await ")},
        ),
        (
            "a.ts",
            "export function load(x: number): number {\n  return x;\n}\n\n"
            "export const page = async (x: number) => {\n  const y = load(x);\n  return y;\n};\n",
            "function load",
            "async function load",
            {(6, "", "await ")},
        ),
        (
            "a.rs",
            "fn load(x: u8) -> u8 {\n    x\n}\n\nasync fn page(x: u8) -> u8 {\n    let y = load(x);\n    y\n}\n",
            "fn load",
            "async fn load",
            {(6, "", ".await")},
        ),
        (
            "b.py",
            "class A:\n    def page(self, x):\n        return self.load(x)\n",
            "return self",
            "return await self",
            {(2, "", "async ")},
        ),
        (
            "b.ts",
            "class A {\n  page(x: number) {\n    return this.load(x);\n  }\n}\n",
            "return this",
            "return await this",
            {(2, "", "async ")},
        ),
        ("c.py", "def page(x):\n    return x\n", "return x", "return x  # no await", set()),
        ("c.ts", "const page = async (x: number) => load(x);\n", "=> load", "=> await load", set()),
    ],
)
def test_await_and_async(
    think: Think, path: str, before: str, old: str, new: str, suggested: set[tuple[int, str, str]]
) -> None:
    found = places(think({path: before}, {path: before.replace(old, new, 1)}), "signature")
    assert {(line, gone, come) for _, line, gone, come in found if "a" in come} == suggested
