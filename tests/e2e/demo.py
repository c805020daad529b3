"""`make demo`: the real server completes a line of a real file, and git's history explains a commit.

`python -m tests.e2e.demo --svg FILE` also draws what was shown, for the README.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown
from rich.syntax import Syntax
from rich.text import Text

from tests.e2e.editor import Editor, connected
from tests.waiting import PATIENT_MS

ROOT = Path(__file__).resolve().parents[2]
#: Lines of this repository that are typed again, as (file, the line's text, how much of it is already there).
PLACES = (
    ("iquest_lsp/completion/syntax.py", "if TYPE_CHECKING:", "if TYPE_"),
    ("iquest_lsp/runtime/decode/healing.py", "from dataclasses import dataclass", "from dataclasses import "),
    ("iquest_lsp/completion/suggestion_cache.py", "        self._clock = clock", "        self._clock = "),
    ("iquest_lsp/daemon/lock.py", "        return False", "        return "),
)
console = Console(width=100, record=True)


async def complete_one(editor: Editor, name: str, line_text: str, head: str) -> bool:
    """Types the beginning of one line of a file and shows the answer; True when there was one."""
    file = ROOT / name
    lines = file.read_text("utf-8").splitlines()
    number = lines.index(line_text)
    lines[number] = head[:-1]
    uri = editor.open(file, "\n".join(lines) + "\n")
    begin = time.perf_counter()
    await editor.inline(uri, number, len(head) - 1)  # reads the window; what a person sees is the next key's answer
    first = (time.perf_counter() - begin) * 1000
    editor.insert(uri, 2, number, len(head) - 1, head[-1])
    start = time.perf_counter()
    items = await editor.inline(uri, number, len(head))
    milliseconds = (time.perf_counter() - start) * 1000
    console.print(f"\n[bold]{name}:{number + 1}[/bold]")
    for at in range(max(number - 3, 0), number):
        console.print(Text(f"{at + 1:5} ", style="dim"), Syntax(lines[at], "python"), sep="", end="")
    answer = items[0].insert_text if items else ""
    shown = Text(f"{number + 1:5} ", style="dim")
    shown.append(head, style="default").append(answer, style="bold green")
    console.print(shown)
    console.print(
        f"      [dim]{milliseconds:.0f} ms from request to answer ({first:.0f} ms for the key before, which read the "
        f"window); the line was: {line_text.strip()}[/dim]"
    )
    return bool(answer)


async def main(arguments: list[str]) -> int:
    """Runs the demo; 0 when at least one place was completed and the commit was explained."""
    console.rule("[bold]IQuest LSP[/bold]: a completion from our own Loop model")
    start = time.perf_counter()
    async with connected(ROOT, options={"deadlineMs": PATIENT_MS}) as editor:
        await editor.wait_until_ready()
        model = editor.statuses[-1]["model"]
        console.print(f"server and model ({model}) ready after {time.perf_counter() - start:.1f} s")
        answered = [await complete_one(editor, *place) for place in PLACES]
    console.print()
    console.rule("the explanation of a real commit")
    command = [sys.executable, "-m", "iquest_lsp.cli", "explain-diff", "HEAD", "--format", "md"]
    explained = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    console.print(Markdown(explained.stdout))
    if explained.returncode:
        console.print(explained.stderr, style="red")
    console.print()
    console.print(f"{sum(answered)} of {len(answered)} places completed; try it: .venv/bin/iquest-lsp --help")
    if arguments[:1] == ["--svg"]:
        console.save_svg(arguments[1], title="make demo")
        picture = Path(arguments[1])
        # A picture in a README fetches nothing: the font is the reader's own.
        picture.write_text(re.sub(r"@font-face \{.*?\}", "", picture.read_text("utf-8"), flags=re.DOTALL), "utf-8")
    return 0 if any(answered) and explained.returncode == 0 else 1


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(sys.argv[1:])))
