"""A short film: the model's answers at random cursors in held-out files, right and wrong, as an animated SVG."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

#: Seconds a scene lasts, and after which the answer and then the file's own text are seen.
SCENE, ANSWERED, JUDGED = 5.0, 1.2, 2.6
#: Lines of code and columns that are shown; pixels of a character.
LINES, COLUMNS = 7, 92
WIDTH, HEIGHT, MARGIN = 8.4, 19, 16
STYLE = """\
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; white-space: pre; fill: #d4d4d4; }
.dim { fill: #808080; } .ghost { fill: #6a9fd8; font-style: italic; }
.right { fill: #6cc26c; } .wrong { fill: #d8936a; }
.scene, .late { opacity: 0; animation-duration: %(whole)gs; animation-iteration-count: infinite; }"""


@dataclass(frozen=True, slots=True)
class Scene:
    """A cursor: the text before it, what the model wrote, what the file has there; `where` names the file's package."""

    where: str
    before: str
    answer: str
    target: str
    is_right: bool


def draw(scenes: Sequence[Scene], title: str) -> str:
    """The film as SVG; it starts again when it is over."""
    whole = SCENE * len(scenes)
    width, height = COLUMNS * WIDTH + 2 * MARGIN, (LINES + 4) * HEIGHT + 2 * MARGIN
    shots = []
    styles = [STYLE % {"whole": whole}]
    for number, scene in enumerate(scenes):
        styles += [
            _appearing(f"scene-{number}", number * SCENE, (number + 1) * SCENE, whole),
            _appearing(f"answer-{number}", number * SCENE + ANSWERED, (number + 1) * SCENE, whole),
            _appearing(f"verdict-{number}", number * SCENE + JUDGED, (number + 1) * SCENE, whole),
        ]
        shots.append(_shot(number, len(scenes), scene))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" width="{width:g}" '
            f'role="img" aria-label="{_quoted(title)}">',
            f"<style>\n{chr(10).join(styles)}\n</style>",
            f'<rect width="{width:g}" height="{height:g}" rx="8" fill="#1e1e1e"/>',
            _line(0, f'<tspan class="dim">{_quoted(title[:COLUMNS])}</tspan>'),
            *shots,
            "</svg>",
            "",
        ]
    )


def _shot(number: int, count: int, scene: Scene) -> str:
    code = scene.before.expandtabs(4).split("\n")[-LINES:]
    code = [""] * (LINES - len(code)) + code
    indent = min((len(line) - len(line.lstrip()) for line in code if line.strip()), default=0)
    code = [line[indent:][:COLUMNS] for line in code]
    head = code[-1]
    ghost = scene.answer.split("\n")[0][: max(0, COLUMNS - len(head))] or "(nothing)"
    has = f"  the file has: {scene.target.strip()}"[:COLUMNS]
    verdict = '<tspan class="right">  as the file has it</tspan>'
    if not scene.is_right:
        verdict = f'<tspan class="wrong">{_quoted(has)}</tspan>'
    place = f"{scene.where} ({number + 1} of {count})"
    return "\n".join(
        [
            f'<g class="scene" style="animation-name: scene-{number}">',
            *(_line(2 + at, _quoted(line)) for at, line in enumerate(code[:-1])),
            _line(
                LINES + 1,
                f'{_quoted(head)}<tspan class="late ghost" style="animation-name: answer-{number}">'
                f"{_quoted(ghost)}</tspan>",
            ),
            f'<g class="late" style="animation-name: verdict-{number}">{_line(LINES + 2, verdict)}</g>',
            _line(LINES + 3, f'<tspan class="dim">{_quoted(place)}</tspan>'),
            "</g>",
        ]
    )


def _line(row: int, inner: str) -> str:
    return f'<text x="{MARGIN}" y="{MARGIN + (row + 0.8) * HEIGHT:g}" xml:space="preserve">{inner}</text>'


def _appearing(name: str, start: float, end: float, whole: float) -> str:
    """Keyframes of something that is seen from one second of the film to another."""
    a, b = 100 * start / whole, 100 * end / whole
    before = f"0%, {a - 0.01:.2f}% {{ opacity: 0; }} " if a > 0 else ""
    after = f" {b:.2f}%, 100% {{ opacity: 0; }}" if b < 100 else ""
    return f"@keyframes {name} {{ {before}{a:.2f}%, {b - 0.01:.2f}% {{ opacity: 1; }}{after} }}"


def _quoted(text: str) -> str:
    """Text for XML, without the characters that it cannot hold."""
    return escape("".join(sign if sign >= " " else " " for sign in text), {'"': "&quot;"})
