"""What a model is shown of the edits, its answer as suggestions, and when it is asked while somebody types."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any, cast

import pytest

from iquest_lsp.datatypes import (
    Finish,
    Generation,
    Limits,
    ModelInfo,
    Part,
    Position,
    Priority,
    Prompt,
    Timings,
    TokenCounts,
)
from iquest_lsp.errors import DocumentError, ModelError
from iquest_lsp.nextedit.edit_log import EditLog
from iquest_lsp.nextedit.edit_model import EditModel, differences, hunks_of, known
from iquest_lsp.nextedit.records import EditKind, NextEdit, Reason, ReasonKind
from iquest_lsp.nextedit.sorts import PredictorKind, Sort
from iquest_lsp.nextedit.while_typing import TypingEdits
from iquest_lsp.nextedit.wording import reason_words
from iquest_lsp.workspace.positions import LineIndex

BEFORE = "def area(width):\n    return width\n\n\nprint(area(1))\n"
AFTER = BEFORE.replace("(width)", "(width, height)", 1)
WANTED = AFTER.replace("return width", "return width * height").replace("area(1)", "area(1, 2)")
SPECIAL = ("<[fim-suffix]>", "<[fim-prefix]>", "<[fim-middle]>", "<filename>")


class Scripted:
    """Stands for an engine and its queue: a token is a byte, the answer is a text."""

    def __init__(self, answer: str = "", finish: Finish = Finish.STOP, context: int = 100_000) -> None:
        self.answer, self.finish, self.context = answer, finish, context
        self.name = "zeta-2"
        self.template = ""
        self.prompts: list[str] = []
        self.asked: list[tuple[Prompt, Limits, Priority]] = []
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.ended = 0

    def find(self, model: str) -> tuple[Scripted, Scripted]:
        return self, self

    async def start(self) -> ModelInfo:
        ids = {text: 256 + at for at, text in enumerate(SPECIAL)}
        metadata = {"general.name": self.name, "tokenizer.chat_template": self.template}
        return ModelInfo(
            name="x",
            path="",
            architecture="",
            context_length=self.context,
            passes=1,
            parameters=0,
            size_bytes=0,
            reach=self.context,
            window=0,
            sequences=4,
            special_tokens=ids,
            metadata=metadata,
        )

    async def tokenize(self, texts: Sequence[str]) -> list[list[int]]:
        return [list(text.encode()) for text in texts]

    async def complete(self, prompt: Prompt, limits: Limits, *, priority: Priority, group: str) -> Generation:
        self.asked.append((prompt, limits, priority))
        shown = [SPECIAL[token - 256].encode() if token > 255 else bytes([token]) for token in prompt.tokens]
        self.prompts.append(b"".join(shown).decode())
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.ended += 1
            raise
        return Generation(self.answer, (), (), self.finish, TokenCounts(), Timings())


class Client:
    """A client with documents and its edits."""

    def __init__(self, engine: Scripted, texts: dict[str, str], refused: Sequence[str] = ()) -> None:
        self.texts = texts
        self.found: list[NextEdit] = []
        project = SimpleNamespace(
            documents=SimpleNamespace(open_documents=lambda client: []),
            refusal=lambda path: "ignored" if path in refused else "",
            definers=lambda name: frozenset(path for path, text in texts.items() if f"def {name}(" in text),
        )
        view = SimpleNamespace(
            root="/",
            client="",
            settings=SimpleNamespace(exclude=(), deadline_ms=10_000),
            project=project,
            lines=self.lines,
        )
        self.view = cast(Any, view)
        self.model = EditModel(cast(Any, engine), lambda: "some.gguf")
        self.live = TypingEdits(cast(Any, self), self.view, self.model)

    def lines(self, path: str) -> LineIndex:
        if path not in self.texts:
            raise DocumentError(f"no {path}")
        return LineIndex(self.texts[path])

    def edit(self, path: str, text: str) -> None:
        before, self.texts[path] = self.texts[path], text
        self.live.changed(path, before, text)

    def number(self) -> int:
        return 1

    async def work(self, *args: object) -> tuple[list[NextEdit], list[object]]:
        return self.found, []

    async def ask(self, line: int = 0, column: int = 15) -> list[NextEdit]:
        return await self.live.ask("a.py", line, column)


def client_of(engine: Scripted, *, edited: bool = True) -> Client:
    client = Client(engine, {"a.py": BEFORE})
    if edited:
        client.edit("a.py", AFTER)
    return client


async def test_each_change_of_the_answer_is_one_suggestion() -> None:
    engine = Scripted(WANTED)
    found = await client_of(engine).ask()
    assert [(item.line, item.column, item.old, item.new) for item in found] == [
        (1, 16, "", " * height"),
        (4, 12, "", ", 2"),
    ]
    text = AFTER
    for item in reversed(found):
        text = item.applied_to(text) or ""
    assert text == WANTED
    assert {(item.kind, item.confidence, item.trigger) for item in found} == {(EditKind.MODEL, 0.0, ("a.py", 0))}
    assert reason_words(found[0].reason) == "a guess of the model zeta-2, which nobody has measured here"
    (prompt, limits, priority) = engine.asked[0]
    assert priority > Priority.COMPLETION
    assert prompt.stop == (">>>>>>> UPDATED",)
    assert limits.max_tokens <= 1024
    assert "-def area(width):\n+def area(width, height):\n     return width\n" in engine.prompts[0]
    assert "def area(width, <|user_cursor|>height):" not in engine.prompts[0]
    assert "def area(width,<|user_cursor|> height):" in engine.prompts[0]


@pytest.mark.parametrize("answer", ["NO_EDITS\n", AFTER, BEFORE, "", "<<<<<<< CURRENT\n" + WANTED])
async def test_no_edit_a_broken_answer_or_taking_back_is_no_suggestion(answer: str) -> None:
    assert await client_of(Scripted(answer)).ask() == []


@pytest.mark.parametrize("finish", [Finish.LIMIT, Finish.DEADLINE, Finish.NONE])
async def test_an_answer_that_was_cut_is_no_suggestion(finish: Finish) -> None:
    assert await client_of(Scripted(WANTED, finish)).ask() == []


async def test_windows_line_ends_stay_as_they_are() -> None:
    engine = Scripted(AFTER.replace("print", "x = 1\nprint"))
    client = Client(engine, {"a.py": BEFORE.replace("\n", "\r\n")})
    client.edit("a.py", AFTER.replace("\n", "\r\n"))
    (item,) = await client.ask()
    assert (item.line, item.column, item.old, item.new) == (4, 0, "", "x = 1\r\n")
    assert "\r" not in engine.prompts[0]


async def test_the_model_is_silent_where_the_others_are() -> None:
    engine = Scripted(WANTED)
    client = client_of(engine, edited=False)
    assert await client.ask() == []  # before any edit
    client.edit("a.py", BEFORE.replace("print(area(1))\n", ""))
    assert await client.ask() == []  # only text taken away
    client = client_of(engine)
    client.live.completion_shown = True
    assert await client.ask() == []
    assert engine.asked == []
    client = client_of(engine)
    one, other = await client.ask()
    client.live.dismiss(client.live.sent(one))
    assert await client.ask() == [other]
    assert len(engine.asked) == 1  # the same place in the same text is not asked about again


async def test_an_edit_ends_what_the_model_does() -> None:
    engine = Scripted(WANTED)
    engine.may_answer.clear()
    client = client_of(engine)
    asking = asyncio.ensure_future(client.ask())
    while not engine.asked:
        await asyncio.sleep(0)
    client.edit("a.py", AFTER + "\n")
    assert await asking == []
    assert engine.ended == 1
    engine.may_answer.set()
    assert len(await client.ask()) > 0
    assert len(engine.asked) == 2


async def test_an_answer_behind_the_deadline_is_kept_for_the_next_question() -> None:
    engine = Scripted(WANTED)
    engine.may_answer.clear()
    client = client_of(engine)
    client.view.settings.deadline_ms = 1
    assert await client.ask() == []
    engine.may_answer.set()
    for _ in range(20):
        await asyncio.sleep(0)
    assert len(await client.ask()) == 2
    assert len(engine.asked) == 1


async def test_sure_suggestions_come_first_and_wait_for_no_model() -> None:
    engine = Scripted(WANTED)
    engine.may_answer.clear()
    client = client_of(engine)
    sure = NextEdit(
        "a.py",
        4,
        12,
        "",
        ", 3",
        EditKind.SIGNATURE,
        Reason(ReasonKind.PARAMETER_ADDED, ("a", "b")),
        Sort.of(PredictorKind.SIGNATURE),
        0.95,
    )
    client.found = [sure]
    assert await client.ask() == [sure]
    engine.may_answer.set()
    for _ in range(20):
        await asyncio.sleep(0)
    found = await client.ask()
    assert [(item.kind, item.line) for item in found] == [
        (EditKind.SIGNATURE, 4),
        (EditKind.MODEL, 1),
    ]  # one for a place


async def test_no_model_is_asked_unless_the_settings_name_one() -> None:
    engine = Scripted(WANTED)
    client = client_of(engine)
    client.live = TypingEdits(cast(Any, client), client.view, EditModel(cast(Any, engine), lambda: ""))
    client.edit("a.py", AFTER + "\n")
    assert await client.ask() == []
    assert engine.asked == []


async def test_nothing_that_may_not_be_shown_gets_into_a_prompt() -> None:
    key = "ghp_" + "aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0eF3hJ6"
    engine = Scripted(WANTED)
    client = Client(engine, {"a.py": BEFORE, "private.py": "a = 1\n", "b.py": "b = 1\n"}, refused=["private.py"])
    client.edit("private.py", "a = 2\n")
    client.edit("b.py", f"b = '{key}'\n")
    client.edit("a.py", AFTER)
    await client.ask()
    (shown,) = engine.prompts
    assert "private.py" not in shown
    assert key not in shown
    client.edit("a.py", AFTER + f"token = '{key}'\n")
    assert await client.ask() == []
    assert await client.live.ask("private.py", 0, 0) == []
    assert len(engine.prompts) == 1
    engine.answer = WANTED + f"token = '{key}'\n"
    client.edit("a.py", AFTER)
    assert all(key not in item.new for item in await client.ask())


async def test_a_model_that_cannot_tell_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    engine = Scripted(WANTED)
    engine.name = "StableCode"
    client = client_of(engine)
    with pytest.raises(ModelError, match="StableCode predicts no edits"):
        await client.model.guess(client.view, client.live.edits, "a.py", Position(0, 0))
    assert await client.ask() == []
    client.edit("a.py", AFTER + "\n")
    assert await client.ask() == []
    assert caplog.text.count("predicts no edits") == 1


async def test_a_model_that_follows_instructions_is_asked_in_a_conversation() -> None:
    engine = Scripted(f"```python\n{WANTED}```")
    engine.name = "Some Instruct"
    engine.template = "{% for message in messages %}[{{ message.role }}]{{ message.content }}{% endfor %}[assistant]"
    assert len(await client_of(engine).ask()) == 2
    assert engine.prompts[0].startswith("[system]You predict")


@pytest.mark.parametrize("context", [500, 1050])
async def test_a_prompt_that_does_not_fit_is_not_made(context: int) -> None:
    engine = Scripted(WANTED, context=context)
    assert await client_of(engine).ask() == []
    assert engine.asked == []


def test_signs_that_the_vocabulary_does_not_have_are_plain_text() -> None:
    info = cast(ModelInfo, SimpleNamespace(special_tokens={"<a>": 1}))
    parts = [Part("<a>", special=True), Part("x"), Part("<b>", special=True), Part("y")]
    assert known(parts, info) == (Part("<a>", special=True), Part("x<b>y"))


def test_edits_that_lie_near_each_other_are_one_hunk() -> None:
    clock = iter(range(0, 100, 10))
    log = EditLog(lambda: float(next(clock)))
    lines = [f"line {n}" for n in range(40)]
    before = "\n".join(lines) + "\n"
    first = before.replace("line 30\n", "line thirty\n")
    second = first.replace("line 2\n", "line two\n")
    third = second.replace("line 5\n", "line five\nmore\n")
    log.changed("a.py", before, first)
    log.changed("a.py", first, second)
    log.changed("a.py", second, third)
    far, near = hunks_of(log)
    assert near.unified() == (
        "@@ -1,9 +1,10 @@\n line 0\n line 1\n-line 2\n+line two\n line 3\n line 4\n-line 5\n+line five\n+more\n"
        " line 6\n line 7\n line 8\n"
    )
    assert far.unified().startswith("@@ -28,7 +29,7 @@\n line 27\n")


def test_a_difference_is_as_small_as_can_be() -> None:
    assert list(differences("a = 1\nb\nc = 3\n", "a = 2\nb\nc = 3\nd\n")) == [(4, "1", "2"), (14, "", "d\n")]
    assert list(differences("z = 3", "z = 3\nw")) == [(5, "", "\nw")]
    assert list(differences("", "x")) == [(0, "", "x")]
    assert list(differences("a\n", "a\n")) == []


OTHER = "import x\n\n\ndef outer_area(width):\n    return width\n"


@pytest.mark.parametrize(("refused", "shown"), [((), True), (("other.py",), False)])
async def test_definitions_of_other_files_are_shown_where_they_may_be(refused: Sequence[str], shown: bool) -> None:
    engine = Scripted()
    texts = {"a.py": BEFORE + "outer_area(2)\n", "other.py": OTHER, "third.py": "def unrelated(): ...\n"}
    client = Client(engine, texts, refused)
    client.edit("a.py", AFTER + "outer_area(2)\n")
    await client.ask()
    assert ("<filename>other.py\n" in engine.prompts[0] and "def outer_area(width):" in engine.prompts[0]) is shown
    assert "unrelated" not in engine.prompts[0]
