"""Next edits while somebody types: worked out after each edit in a process of its own, and kept until the next one.

What asks for a search through the repository comes later: another process searches, so that no key waits for it.

For a client that never asks nothing is worked out: most editors know no next edits.
Silent before any edit, after one that only took text away, while a completion is shown, and of what was dismissed.
A model, where the settings name one, is asked at a question; an edit ends that. What it guesses comes last.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

from iquest_lsp.datatypes import Position
from iquest_lsp.errors import IQuestError, RequestCancelledError
from iquest_lsp.nextedit.edit_log import EditLog
from iquest_lsp.nextedit.edit_model import EditModel
from iquest_lsp.nextedit.gate import Refusals, in_order
from iquest_lsp.nextedit.records import NextEdit, Place
from iquest_lsp.nextedit.taken import TakenEdits
from iquest_lsp.project.index_process import IndexProcess
from iquest_lsp.project.view import ProjectView
from iquest_lsp.runtime.base.tasks import mark_seen

if TYPE_CHECKING:
    from iquest_lsp.codeflow.reading import Wanted

log = logging.getLogger(__name__)

#: How long a request waits for what is being worked out.
WAIT_S = 10.0
#: How long what the repository says has precedence before what a model guesses.
FIRST_S = 0.4
IDLE_S = 600.0
#: Suggestions that were sent and can still be taken or dismissed by their number.
REMEMBERED = 200


class NextEditing:
    """What all clients share: the process, and the numbers of suggestions."""

    def __init__(self, model: EditModel | None = None) -> None:
        self._model = model
        self._process = IndexProcess("next edit", idle_s=IDLE_S, niceness=0)
        self._thread = ThreadPoolExecutor(1, "next edit")
        self._lives: dict[tuple[str, Path], TypingEdits] = {}
        self._numbers = itertools.count(1)
        self._searcher = IndexProcess("next edit search", idle_s=IDLE_S)
        self._search_thread = ThreadPoolExecutor(1, "next edit search")

    def of(self, view: ProjectView) -> TypingEdits:
        """The edits and suggestions of a client in a workspace."""
        key = (view.client, view.root)
        if key not in self._lives:
            self._lives[key] = TypingEdits(self, view, self._model)
        return self._lives[key]

    def now_is(self, view: ProjectView, path: str, text: str) -> None:
        """A client's document is closed and leaves this text, or is opened with it."""
        live = self._lives.get((view.client, view.root))
        if live is not None:
            live.now_is(path, text)

    def known(self, client: str) -> list[TypingEdits]:
        """All of a client."""
        return [live for (owner, _), live in self._lives.items() if owner == client]

    def forget(self, root: Path) -> None:
        """A workspace was closed."""
        self._keep(lambda _, where: where != root)

    def leave(self, client: str) -> None:
        """A client has gone."""
        self._keep(lambda owner, _: owner != client)

    def _keep(self, stays: Callable[[str, Path], bool]) -> None:
        """Keeps some of the clients' workspaces, and ends what is done for the others."""
        for key in [key for key in self._lives if not stays(*key)]:
            self._lives.pop(key).end_guess()

    def files_changed(self, root: Path) -> None:
        """Files of a workspace changed on the disk."""
        for (_, where), live in self._lives.items():
            if where == root:
                live.epoch += 1

    def number(self) -> int:
        """A number that no suggestion had."""
        return next(self._numbers)

    async def work(self, *args: object) -> tuple[list[NextEdit], list[Wanted]]:
        """`worker.suggest` in the process."""
        answer: tuple[list[NextEdit], list[Wanted]] = await self._called("suggest", *args)
        return answer

    async def places(self, *args: object) -> tuple[list[Place], list[Wanted]]:
        """`worker.places` in the process."""
        answer: tuple[list[Place], list[Wanted]] = await self._called("places", *args)
        return answer

    async def search(self, root: Path, epoch: int, exclude: Sequence[str], wanted: Sequence[Wanted]) -> None:
        """Searches for what suggestions want, and has the process learn it."""
        for each in wanted:
            args = (root, epoch, exclude, each)
            loop = asyncio.get_running_loop()
            found = await loop.run_in_executor(self._search_thread, _call, self._searcher, "search", *args)
            await self._called("learn", *args, found)

    async def _called(self, work: str, *args: object) -> Any:
        return await asyncio.get_running_loop().run_in_executor(self._thread, _call, self._process, work, *args)

    def close(self) -> None:
        """Ends the processes."""
        self._keep(lambda *_: False)
        self._process.stop()
        self._searcher.stop()
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._search_thread.shutdown(wait=False, cancel_futures=True)


def _call(process: IndexProcess, work: str, *args: object) -> Any:
    """A function of `worker` in a process."""
    # Imported with the first question: a daemon starts without what only the processes need.
    from iquest_lsp.nextedit import worker

    return process.call(getattr(worker, work), *args)


async def _has_guess(guess: asyncio.Task[list[NextEdit]]) -> bool:
    """Comes to its end once the model has a guess and the predictors have had their time; never where it has none."""
    await asyncio.sleep(FIRST_S)
    return bool(await asyncio.shield(guess)) or await asyncio.Event().wait()


def _overlap(one: NextEdit, other: NextEdit) -> bool:
    """Whether two suggestions are about the same text."""
    return one.path == other.path and (one.line, one.column) <= other.end and (other.line, other.column) <= one.end


class TypingEdits:
    """One client's edits in one workspace, and what they ask for. All calls come from one event loop."""

    def __init__(self, shared: NextEditing, view: ProjectView, model: EditModel | None = None) -> None:
        self._view = view
        self._model = model
        #: What the model was asked last: the state of the texts and the place, and its answer to come.
        self._guess: tuple[tuple[int, str, int], asyncio.Task[list[NextEdit]]] | None = None
        self._complaint = ""
        self.edits = EditLog()
        self.epoch = 0
        #: A completion stands in the editor.
        self.completion_shown = False
        self._shared = shared
        self._state, self._done = 0, 0
        self._is_asked = False
        self._task: asyncio.Task[None] | None = None
        self._found: list[NextEdit] = []
        #: Something was found for the last edit, though the search may go on.
        self._has_some = asyncio.Event()
        self._edited = asyncio.Event()
        self._search: asyncio.Task[None] | None = None
        self._refused = Refusals()
        #: Lines, by path and text, at which a suggestion was dismissed: they are no places to look at, either.
        self._dismissed: set[tuple[str, str]] = set()
        self._sent: OrderedDict[int, NextEdit] = OrderedDict()
        self._taken = TakenEdits()
        #: The state of the texts that what was found is for.
        self._found_for = -1

    def changed(self, path: str, before: str, after: str) -> None:
        """A document of the client changed."""
        if before == after:
            return
        own = self._taken.changed(path, before, after, self._found if self._found_for == self._state else ())
        self.edits.changed(path, before, after, own=own)
        self.completion_shown = False
        self._begin_anew()

    def now_is(self, path: str, text: str) -> None:
        """A document is closed and leaves this text, or is opened with it: edits that it does not show are no more."""
        if self.edits.now_is(path, text):
            self._taken.forget(path)
            self._begin_anew()

    def _begin_anew(self) -> None:
        """The edits are others now."""
        self._state += 1
        self.end_guess()
        self._has_some.clear()
        self._edited.set()
        if self._is_asked:
            self._begin()

    async def ask(self, path: str = "", line: int = 0, column: int = 0) -> list[NextEdit]:
        """The suggestions for the texts as they are, those near a place first; none where it is time to be silent.

        A model's guesses come behind the others, and are waited for, up to the deadline, where there are no others.
        """
        self._is_asked = True
        if self._is_silent():
            return []
        guess = self._guessing(path, Position(line, column)) if path else None
        if self._done != self._state:
            await self._worked_out(guess)
        is_known = self._done == self._state or self._has_some.is_set()
        if not is_known and guess is None:
            return []
        found = self._wanted(self._found) if is_known else []
        if not path:
            return found
        guesses = await self._guesses(guess, wait=not found) if guess is not None else []
        if self._is_silent():
            return []
        more = [item for item in self._wanted(guesses) if not any(_overlap(item, sure) for sure in found)]
        return [*in_order(found, path, line), *in_order(more, path, line)]

    async def places(self) -> list[Place]:
        """The places to look at for the texts as they are; none once they are others.

        They are asked for, not shown unasked: also after an edit that only took text away, and a search is waited for.
        """
        if self.edits.last is None:
            return []
        state, view = self._state, self._view
        where = (view.root, self.epoch, view.settings.exclude)
        found: list[Place] = []
        try:
            async with asyncio.timeout(WAIT_S):
                while state == self._state:
                    found, wanted = await self._shared.places(
                        *where, self.edits.texts, self._over(view), self._taken.now()
                    )
                    if not wanted:
                        break
                    await self._shared.search(*where, wanted)
        except TimeoutError:
            return []  # before everything was searched it is not known where a suggestion is made, not a place
        except IQuestError as error:
            log.warning("places to look at: %s", error)
        if state != self._state:
            return []
        return [place for place in found if (place.path, self._line(place.path, place.line)) not in self._dismissed]

    def _is_silent(self) -> bool:
        """Whether nothing is to be shown: before any edit, after one that only took text away, beside a completion."""
        last = self.edits.last
        return last is None or last.deletes or self.completion_shown

    def end_guess(self) -> None:
        """Ends what the model is doing for this client."""
        if self._guess is not None:
            self._guess[1].cancel()
            self._guess = None

    async def _worked_out(self, guess: asyncio.Task[list[NextEdit]] | None) -> None:
        """Waits until something is found or nothing can be; not longer than FIRST_S where a model has a guess."""
        signs: list[Coroutine[None, None, bool]] = [self._has_some.wait()]
        if guess is not None:
            signs.append(_has_guess(guess))
        waiting = [asyncio.ensure_future(sign) for sign in signs]
        await asyncio.wait([self._begin(), *waiting], timeout=WAIT_S, return_when=asyncio.FIRST_COMPLETED)
        for each in waiting:
            each.cancel()

    def _guessing(self, path: str, cursor: Position) -> asyncio.Task[list[NextEdit]] | None:
        """The task that asks the model about the texts as they are; None where there is no model."""
        if self._model is None or not self._model.is_on:
            return None
        asked = (self._state, path, cursor.line)
        if self._guess is None or self._guess[0] != asked:
            self.end_guess()
            self._guess = (asked, asyncio.get_running_loop().create_task(self._ask_model(self._model, path, cursor)))
        return self._guess[1]

    async def _guesses(self, guess: asyncio.Task[list[NextEdit]], *, wait: bool) -> list[NextEdit]:
        """What the model guesses, as far as it is done, or is within the deadline."""
        if wait:
            await asyncio.wait([guess], timeout=self._view.settings.deadline_ms / 1000)
        return guess.result() if guess.done() and not guess.cancelled() else []

    async def _ask_model(self, model: EditModel, path: str, cursor: Position) -> list[NextEdit]:
        try:
            return await model.guess(self._view, self.edits, path, cursor)
        except RequestCancelledError:
            return []
        except IQuestError as error:
            if str(error) != self._complaint:
                self._complaint = str(error)
                log.warning("next edits by a model: %s", error)
            return []

    def _wanted(self, items: Sequence[NextEdit]) -> list[NextEdit]:
        """The suggestions that nobody dismissed."""
        return [item for item in items if not self._refused.holds(item, self._place(item))]

    def sent(self, item: NextEdit) -> int:
        """A number by which a suggestion that is sent can be taken or dismissed."""
        number = self._shared.number()
        self._sent[number] = item
        while len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)
        return number

    def take(self, number: int) -> bool:
        """The client takes a suggestion: the change that follows, or was the last one, is no edit of its own.

        Whether it was sent here.
        """
        item = self._sent.get(number)
        if item is not None and self._taken.take(item):
            self._begin_anew()
        return item is not None

    def dismiss(self, number: int) -> bool:
        """The client does not want a suggestion: it is not made again at that place. Whether it was sent here."""
        item = self._sent.get(number)
        if item is not None:
            self._refused.add(item, self._place(item))
            self._taken.refuse(item)
            self._dismissed.add((item.path, self._line(item.path, item.line)))
        return item is not None

    def _place(self, item: NextEdit) -> str:
        """What tells a suggestion's place while the text around it moves: its line's text."""
        return f"{item.column} {self._line(item.path, item.line)}"

    def _line(self, path: str, number: int) -> str:
        """A line's text; its number where the text cannot be read."""
        try:
            return self._view.lines(path).line(number)
        except IQuestError:
            return str(number)

    def _begin(self) -> asyncio.Task[None]:
        """The task that works the suggestions out, begun unless it is under way."""
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._follow())
        return self._task

    async def _follow(self) -> None:
        """Works the suggestions out until they are those of the last edit."""
        view = self._view
        while self._done != self._state:
            state, last = self._state, self.edits.last
            self._edited.clear()
            if last is None:
                self._found, self._done = [], state
                continue
            where = (view.root, self.epoch, view.settings.exclude)
            try:
                found, wanted = await self._shared.work(
                    *where, self.edits.texts, self._over(view), (last.path, last.line), self._taken.now()
                )
                if state == self._state:
                    self._found, self._found_for = found, state
                    if found:
                        self._has_some.set()
                    if wanted:
                        await self._searched(self._shared.search(*where, wanted))
                    else:
                        self._done = state
            except IQuestError as error:
                log.warning("next edits: %s", error)
                if state == self._state:
                    self._found, self._done = [], state

    async def _searched(self, search: Coroutine[None, None, None]) -> None:
        """Waits for a search, for an earlier one where that is under way, or for another edit.

        Raises IQuestError.
        """
        if self._search is None or self._search.done():
            self._search = asyncio.get_running_loop().create_task(search)
            self._search.add_done_callback(mark_seen)  # also where none waits
        else:
            search.close()
        edited = asyncio.ensure_future(self._edited.wait())
        await asyncio.wait([self._search, edited], return_when=asyncio.FIRST_COMPLETED)
        edited.cancel()
        if self._search.done():
            self._search.result()

    @staticmethod
    def _over(view: ProjectView) -> Mapping[str, str]:
        documents = view.project.documents.open_documents(view.client)
        texts = {document.path: view.unsaved_text(document.path) for document in documents}
        return {path: text for path, text in texts.items() if text is not None}
