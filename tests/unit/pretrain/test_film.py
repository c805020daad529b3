"""The film of answers: valid SVG, whatever the code has in it, each scene in its time."""

from __future__ import annotations

import itertools
import re
from xml.dom import minidom

from quantize.pretrain.film import COLUMNS, Scene, draw

SCENES = (
    Scene("a<b>", 'def f():\n    if a < b & "c":\n        return ', "a & b", "a & b", is_right=True),
    Scene("x", "one line\x0c ", "", " rest < of it", is_right=False),
    Scene("y", "\n".join(f"line {at}" for at in range(40)) + "\n" + "z" * 200, "w" * 300, "v" * 300, is_right=False),
)


def test_what_is_seen() -> None:
    film = draw(SCENES, "a <title>")
    groups = [
        item for item in minidom.parseString(film).getElementsByTagName("g") if item.getAttribute("class") == "scene"
    ]
    texts = ["".join(_text(node) + "\n" for node in group.getElementsByTagName("text")) for group in groups]
    assert len(texts) == 3
    assert 'if a < b & "c":' in texts[0]
    assert "return a & b" in texts[0]
    assert "as the file has it" in texts[0]
    assert "(nothing)" in texts[1]
    assert "the file has: rest < of it" in texts[1]
    assert "line 33" not in texts[2]
    assert "line 39" in texts[2]
    assert max(map(len, "\n".join(texts).split("\n"))) <= COLUMNS + len("(nothing)")


def test_scenes_take_turns() -> None:
    film = draw(SCENES, "title")
    times = [
        tuple(map(float, found))
        for found in re.findall(r"@keyframes scene-\d [^\n]*?([\d.]+)%, ([\d.]+)% \{ opacity: 1; \}", film)
    ]
    assert len(times) == 3
    assert times[0][0] == 0
    assert times[-1][1] > 99.9
    assert all(before[1] < after[0] for before, after in itertools.pairwise(times))


def _text(node: minidom.Element) -> str:
    return "".join(
        child.data if isinstance(child, minidom.Text) else _text(child)
        for child in node.childNodes
        if isinstance(child, minidom.Text | minidom.Element)
    )
