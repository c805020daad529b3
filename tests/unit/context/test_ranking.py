from __future__ import annotations

from iquest_lsp.context.budget import Candidate
from iquest_lsp.context.ranking import related

from .toys import ToyWorkspace, module

FILES = {
    "toy/alpha.py": module("alpha", ["beta"]),
    "toy/beta.py": module("beta", functions=12),
    "toy/gamma.py": module("gamma", ["alpha"]),
    "toy/other.py": module("other"),
    "far/away.py": module("away"),
    "tests/test_alpha.py": module("test_alpha"),
}


def found(cochange: dict[str, float] | None = None, *opened: str) -> list[Candidate]:
    workspace = ToyWorkspace(FILES)
    for path in opened:
        workspace.open(path)
    snapshot = workspace.snapshot("toy/alpha.py", 20, 0)
    return related(
        snapshot.document,
        600,
        workspace.index,
        snapshot.open_documents,
        cochange or {},
        workspace.read,
        max_characters=100_000,
    )


def best(items: list[Candidate]) -> dict[str, Candidate]:
    top: dict[str, Candidate] = {}
    for item in items:
        if item.path not in top or item.score > top[item.path].score:
            top[item.path] = item
    return top


def test_every_signal_is_worth_more_than_none() -> None:
    top = best(found({"far/away.py": 0.9}, "toy/other.py"))
    plain = best(found())
    assert "toy/alpha.py" not in top
    assert top["far/away.py"].score > plain["far/away.py"].score
    assert top["far/away.py"].reason == "often changes with toy/alpha.py"
    assert top["toy/other.py"].score > plain["toy/other.py"].score
    assert top["toy/other.py"].is_open
    assert "open" in top["toy/other.py"].reason
    assert plain["toy/beta.py"].score > plain["toy/gamma.py"].score > plain["toy/other.py"].score
    assert plain["toy/gamma.py"].reason.startswith("imports toy/alpha.py")
    assert plain["tests/test_alpha.py"].score > plain["toy/other.py"].score
    assert plain["toy/other.py"].score > plain["far/away.py"].score


def test_a_piece_that_speaks_of_the_same_things_as_the_cursor_is_worth_more() -> None:
    filler = "".join(f"def other_{number}(value):\n    return value * {number}\n\n\n" for number in range(40))
    alike = "def settle(invoice):\n    invoice.discount = tariff(invoice)\n    return invoice\n"
    workspace = ToyWorkspace(
        {
            "here.py": "def draw(invoice):\n    if invoice.discount:\n        ",
            "far/one.py": filler,
            "far/two.py": filler + alike,
            "far/three.py": filler,
        }
    )
    snapshot = workspace.snapshot("here.py", 2, 8)
    items = related(
        snapshot.document, len(snapshot.document.text), workspace.index, (), {}, workspace.read, max_characters=100_000
    )
    first, *rest = sorted(items, key=lambda item: -item.score)
    assert first.path == "far/two.py"
    assert "discount" in first.text
    assert first.reason == "names discount, invoice, as the lines at the cursor do"
    assert first.score > 3 * max(item.score for item in rest)


def test_the_piece_that_defines_what_is_used_is_worth_most() -> None:
    pieces = [item for item in found() if item.path == "toy/beta.py"]
    assert len(pieces) > 3
    top = max(pieces, key=lambda item: item.score)
    assert "def beta_function_1(" in top.text
    assert "beta_function_1" in top.reason


def test_a_name_in_another_language_means_something_else() -> None:
    workspace = ToyWorkspace(
        {
            "a.py": "def run():\n    return compute_total()\n",
            "b.py": "def compute_total():\n    pass\n",
            "c.go": "package c\nfunc compute_total() {}\n",
            "d.js": "import {x} from './e';\nrender_page();\n",
            "f.ts": "export function render_page() {}\n",
        }
    )

    def reasons(path: str) -> dict[str, str]:
        snapshot = workspace.snapshot(path, 0, 0)
        items = related(snapshot.document, 0, workspace.index, (), {}, workspace.read, max_characters=10_000)
        return {item.path: item.reason for item in items}

    assert reasons("a.py")["b.py"] == "defines compute_total"
    assert "defines" not in reasons("a.py")["c.go"]
    assert reasons("d.js")["f.ts"] == "defines render_page"


def test_one_long_file_does_not_keep_the_others_out() -> None:
    files = {
        "toy/alpha.py": module("alpha", ["long", "beta"]),
        "toy/beta.py": module("beta"),
        "toy/long.py": module("long", functions=200),
    }
    workspace = ToyWorkspace(files)
    snapshot = workspace.snapshot("toy/alpha.py", 20, 0)
    items = related(snapshot.document, 0, workspace.index, (), {}, workspace.read, max_characters=6000)
    assert {item.path for item in items} == {"toy/beta.py", "toy/long.py"}


def test_what_was_edited_last_is_worth_more() -> None:
    workspace = ToyWorkspace(FILES)
    for path in ("toy/other.py", "far/away.py"):
        workspace.open(path)
    workspace.edit("far/away.py", FILES["far/away.py"] + "x = 1\n")
    snapshot = workspace.snapshot("toy/alpha.py", 20, 0)
    top = best(
        related(
            snapshot.document, 0, workspace.index, snapshot.open_documents, {}, workspace.read, max_characters=100_000
        )
    )
    assert top["far/away.py"].score > top["toy/other.py"].score
    assert top["far/away.py"].reason == "open, edited lately"


def test_candidates_are_bounded_and_do_not_depend_on_chance() -> None:
    assert found() == found()
    workspace = ToyWorkspace({f"m/{number}.py": module(f"m{number}") for number in range(60)})
    snapshot = workspace.snapshot("m/0.py", 3, 0)
    few = related(snapshot.document, 0, workspace.index, (), {}, workspace.read, max_characters=4000)
    assert 4000 <= sum(len(item.text) for item in few) <= sum(map(len, workspace.files.values())) // 3
