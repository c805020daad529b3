"""The use case "complete": from a place in a document to the text worth inserting there.

The ladder, quickest first: an answer that still holds where it is typed through, the next one if it was speculated, one
that is just being written, the model, nothing (with the reason).
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace

from iquest_lsp.completion import following_text
from iquest_lsp.completion.confidence import threshold_of
from iquest_lsp.completion.cursor_text import CursorText
from iquest_lsp.completion.in_flight import InFlight
from iquest_lsp.completion.postprocess import Quiet, Suggestion, postprocess, postprocess_for_key
from iquest_lsp.completion.request import CompletionRequest, Job, job_of, moved, prompt_of
from iquest_lsp.completion.suggestion_cache import SuggestionCache
from iquest_lsp.completion.syntax import Unit, unit_at
from iquest_lsp.completion.unwanted import Dismissed, is_deleted
from iquest_lsp.context.inputs import Purpose
from iquest_lsp.datatypes import (
    AnswerSource,
    Completion,
    ContextWindow,
    Finish,
    Generation,
    Limits,
    Priority,
    Timings,
    TokenCounts,
)
from iquest_lsp.errors import DocumentError, EngineError, RequestCancelledError
from iquest_lsp.project.kv_snapshots import KvSnapshots
from iquest_lsp.project.view import ProjectView
from iquest_lsp.project.warming import Warmer
from iquest_lsp.project.windows import Windows
from iquest_lsp.runtime.base.engine import Engine
from iquest_lsp.runtime.client.machine import Calm
from iquest_lsp.runtime.client.scheduler import Scheduler
from iquest_lsp.workspace.positions import LineIndex, is_machine_made

ANSWER_MARGIN_MS = 15.0  # kept back from the deadline for shaping the answer and sending it
#: How long after the deadline an answer that is just coming is still waited for.
LATENESS_MS = 100.0
MAX_IN_FLIGHT = 64
#: The least of a deadline that another candidate is begun with.
LEAST_LEFT_MS = 60.0
#: How many of the model's choices that say nothing are passed over for one that says something.
MORE_TRIES = 3
#: What the first answer of a request by key need not have, and those after it do: the probability of what is shown.
MORE_LEAST = 0.05


class Completer:
    """Answers completion requests in open workspaces. `calm` says whether something may be done ahead of requests."""

    def __init__(
        self,
        engine: Engine,
        scheduler: Scheduler,
        windows: Windows,
        warmer: Warmer,
        snapshots: KvSnapshots,
        calm: Callable[[ProjectView, str], Calm] = lambda view, path: Calm.FREE,
    ) -> None:
        self._engine = engine
        self._scheduler = scheduler
        self._windows = windows
        self._warmer = warmer
        self._snapshots = snapshots
        self._calm = calm
        self._cache = SuggestionCache()
        self._in_flight: OrderedDict[str, InFlight] = OrderedDict()
        self._speculations: dict[str, tuple[str, asyncio.Task[None]]] = {}
        self._numbers = itertools.count(1)
        self._dismissed = Dismissed()

    def close(self) -> None:
        """Ends everything."""
        for key in list(self._speculations):
            self._stop_speculating(key)
        for running in self._in_flight.values():
            running.end()

    @property
    def speculations(self) -> list[asyncio.Task[None]]:
        """The answers begun before anyone asks, done or not."""
        return [task for _, task in self._speculations.values()]

    async def complete(self, view: ProjectView, request: CompletionRequest) -> Completion:
        """The text to insert at the cursor, "" when there is nothing worth saying or nothing may be said.

        Raises RequestCancelledError when a newer request for the document took its place, and the engine's errors.
        """
        return await self._complete(job_of(view, request))

    async def _complete(self, job: Job) -> Completion:
        view, request, settings = job.view, job.request, job.settings
        document = job.snapshot.document
        if not settings.enable or document.language in settings.disabled_languages:
            return self._silent(job, Quiet.OFF)
        if not (request.explicit or request.longer) and job.is_inside_word:
            return self._silent(job, Quiet.INSIDE_WORD)
        if is_machine_made(job.place.lines, job.place.cursor):
            return self._silent(job, Quiet.LONG_LINE)
        if (known := self._known(job)) is not None:
            return known
        try:
            await asyncio.wait_for(self._snapshots.ready(view.project), settings.deadline_ms / 1000)
        except TimeoutError:  # still loading or restoring; the status says so
            return self._silent(job, Quiet.LOADING)
        self._warmer.stop(view.root)
        self._stop_speculating(job.key)
        try:
            made = await asyncio.wait_for(self._generate(job), max(self._left_ms(job) + LATENESS_MS, 1.0) / 1000)
        except TimeoutError:  # whatever holds the engine, or this process, up: nobody waits that long
            self._warmer.soon(view, document.path, request.cursor)
            self._check_fresh(job)
            return self._silent(job, Quiet.DEADLINE)
        if made is None:  # the file may not be shown to a model
            return self._silent(job, Quiet.HIDDEN)
        made = await self._chosen(job, made)
        self._keep(job, made)
        self._warmer.rest(view, document.path, request.cursor)
        if made.finish is Finish.DEADLINE and not made.text:
            self._warmer.soon(view, document.path, request.cursor)
        self._check_fresh(job)
        answer = self._completion(job, self._suggestion(job, made), made, AnswerSource.MODEL)
        self._start_speculating(job, answer)
        return answer

    async def candidates(self, view: ProjectView, request: CompletionRequest, count: int) -> list[Completion]:
        """Up to `count` different answers, the likeliest first, as far as the deadline allows; see complete.

        What the model says first may be nothing, or nothing new; its next choices take that one's place. Only where
        they say nothing either is there an empty answer, as the only one.
        """
        job = job_of(view, request)
        first = await self._complete(job)
        found = [first]
        if (count == 1 and first.text) or first.quiet in (Quiet.OFF, Quiet.LOADING, Quiet.HIDDEN):
            return found
        self._stop_speculating(job.key)  # what is waited for comes before what may be wanted next
        window = job.window or await self._window(job)
        avoid = self._first_tokens(job)
        for _ in range(count + MORE_TRIES):
            if sum(bool(one.text) for one in found) >= count or (left := self._left_ms(job)) <= LEAST_LEFT_MS:
                break
            made = await self._another(job, window, avoid, left)
            if not made.tokens or made.tokens[0] in avoid:
                break
            avoid.append(made.tokens[0])
            answer = self._completion(job, self._suggestion(job, made, MORE_LEAST), made, AnswerSource.MODEL)
            if answer.text and all(answer.text != other.text for other in found):
                found = [*(one for one in found if one.text), answer]
            elif not answer.text and made.finish is Finish.DEADLINE:
                break
        self._check_fresh(job)
        self._start_speculating(job, found[0])
        return found

    async def generate(self, view: ProjectView, request: CompletionRequest) -> tuple[CursorText, Unit, Generation]:
        """What the model says at a place before any filter, and what the filters need; for tuning and evaluation."""
        await self._snapshots.ready(view.project)
        job = job_of(view, request)
        window = await self._window(job)
        limits = Limits(job.settings.max_tokens, deadline_ms=max(self._left_ms(job), 1.0))
        made = await self._scheduler.complete(
            prompt_of(job, window, self._windows.sequence(job.project)), limits, group=str(view.root)
        )
        return job.place, job.unit, made

    # ---------------------------------------------------------------------------------------------- the ladder

    def _known(self, job: Job) -> Completion | None:
        """An answer that holds already; None where the model has to be asked."""
        found = self._cache.find(
            job.key, job.snapshot.document.text, job.place.offset, self._state(job), longer=job.request.longer
        )
        if found is None:
            return None
        job.unit = unit_at(job.place)
        suggestion = self._suggestion(job, found.generation)
        if not suggestion.text and suggestion.quiet is Quiet.DEADLINE:
            return None
        counts = TokenCounts(window=found.generation.counts.window)
        made = replace(found.generation, counts=counts, timings=Timings())
        answer = self._completion(job, suggestion, made, found.source)
        self._start_speculating(job, answer)
        return answer

    async def _generate(self, job: Job) -> Generation | None:
        """Waits for the generation under way that can become this answer, else for one of its own."""
        text, offset, longer = job.snapshot.document.text, job.place.offset, job.request.longer
        running = self._in_flight.get(job.key)
        if running is not None and running.joins(text, offset, longer):
            job.unit = unit_at(job.place)
            job.context_ms = (time.monotonic() - job.begin) * 1000
            try:
                return await running.wait()
            except RequestCancelledError:
                self._check_fresh(job)  # the request that it was begun for is not wanted any more
                if not running.diverged or self._in_flight.get(job.key) is not running:
                    raise
        window = await self._window(job)
        job.context_ms = (time.monotonic() - job.begin) * 1000
        if not window.tokens:
            return None
        self._check_fresh(job)
        older = self._in_flight.get(job.key)
        if older is not None:
            if older.asked_at > job.begin and not older.task.done():  # its window was made sooner
                raise RequestCancelledError("A newer request took this one's place")
            older.end()
            del self._in_flight[job.key]

        async def start(hear: Callable[[str], None]) -> Generation:
            left = max(self._left_ms(job), 1.0)
            limits = Limits(job.settings.max_tokens, deadline_ms=left)
            group = str(job.project.root)
            made = await self._scheduler.complete(
                prompt_of(job, window, self._windows.sequence(job.project)), limits, group=group, on_text=hear
            )
            self._windows.evaluated(job.project, len(window.tokens))
            self._snapshots.evaluated(job.project, made.counts.prefilled)
            return made

        running = self._in_flight[job.key] = InFlight(text, offset, longer, start, job.begin)
        while len(self._in_flight) > MAX_IN_FLIGHT:
            self._in_flight.popitem(last=False)[1].end()
        return await running.wait()

    async def _window(self, job: Job, purpose: Purpose = Purpose.ANSWER) -> ContextWindow:
        window, job.unit = await asyncio.gather(
            self._windows.make(job.project, job.snapshot, purpose), asyncio.to_thread(unit_at, job.place)
        )
        job.window = window
        return window

    async def _chosen(self, job: Job, first: Generation) -> Generation:
        """The model's first choice, or another where that does not go with what the model has not seen."""
        if (window := job.window) is None or window.shows_suffix:
            return first
        return await following_text.chosen(
            first,
            lambda made: following_text.is_ruled_out(self._suggestion(job, made), job.place),
            lambda avoid, left: self._another(job, window, avoid, left),
            lambda: self._left_ms(job) - LEAST_LEFT_MS,
        )

    async def _another(self, job: Job, window: ContextWindow, avoid: Sequence[int], left: float) -> Generation:
        """An answer that begins with none of these tokens."""
        prompt = replace(
            prompt_of(job, window, self._windows.sequence(job.project)), avoid=tuple(avoid), is_empty_allowed=False
        )
        limits = Limits(job.settings.max_tokens, deadline_ms=left)
        return await self._scheduler.complete(prompt, limits, group=str(job.view.root))

    def _first_tokens(self, job: Job) -> list[int]:
        """The first token of the answer that was given already, if it had one."""
        found = self._cache.find(
            job.key, job.snapshot.document.text, job.place.offset, self._state(job), longer=job.request.longer
        )
        return list(found.generation.tokens[:1]) if found is not None else []

    # ------------------------------------------------------------------------------------------- what is ahead

    def _start_speculating(self, job: Job, answer: Completion) -> None:
        """Begins to complete the place where the cursor will be if the answer is accepted."""
        if not answer.text or self._calm(job.view, job.place.path) is not Calm.FREE:
            return
        target = job.snapshot.document.text[: job.place.offset] + answer.text.removeprefix(job.given)
        under_way = self._speculations.get(job.key)
        if under_way is not None and under_way[0] == target:
            return  # typed through: the same place is speculated already
        self._stop_speculating(job.key)
        self._speculations[job.key] = target, asyncio.create_task(self._speculate_quietly(job, answer.text))

    def _stop_speculating(self, key: str) -> None:
        under_way = self._speculations.pop(key, None)
        if under_way is not None:
            under_way[1].cancel()

    async def _speculate_quietly(self, job: Job, accepted: str) -> None:
        try:
            await self._speculate(job, accepted)
        except (DocumentError, EngineError):
            return  # nobody waits for it

    async def _speculate(self, job: Job, accepted: str) -> None:
        inserted = accepted.removeprefix(job.given)
        text, offset = job.snapshot.document.text, job.place.offset
        lines = LineIndex(text[:offset] + inserted + text[offset:])
        cursor = lines.position(offset + len(inserted))
        state = self._state(job)
        if self._cache.find(job.key, lines.text, offset + len(inserted), state) is not None:
            return
        document = replace(job.snapshot.document, text=lines.text)
        snapshot = replace(job.snapshot, document=document, cursor=cursor)
        place = CursorText.at(document.path, lines, cursor)
        ahead = moved(job, snapshot, place)
        window = await self._window(ahead, Purpose.LOOK)
        if not window.tokens:
            return
        limits = Limits(job.settings.max_tokens)
        made = await self._scheduler.complete(
            prompt_of(ahead, window, self._windows.sequence(ahead.project)),
            limits,
            priority=Priority.SPECULATION,
            group=str(job.project.root),
        )
        self._cache.keep(job.key, lines.text, place.offset, made, state=state, source=AnswerSource.SPECULATED)

    # --------------------------------------------------------------------------------------------- small parts

    def _keep(self, job: Job, made: Generation) -> None:
        if made.finish is Finish.DEADLINE and not made.text:
            return
        self._cache.keep(
            job.key,
            job.snapshot.document.text,
            job.place.offset,
            made,
            state=self._state(job),
            longer=job.request.longer,
        )

    def dismiss(self, number: int) -> None:
        """The user put the answer of that number away: it is not offered again there."""
        self._dismissed.dismiss(number)

    def _suggestion(self, job: Job, made: Generation, floor: float = 0.0) -> Suggestion:
        """What of it is shown; `floor` is the threshold of a request by key."""
        metadata = self._engine.info.metadata if self._engine.info is not None else {}
        least = threshold_of(metadata, job.settings.min_confidence, job.language)
        if job.request.explicit:
            return postprocess_for_key(made, job.place, job.unit, floor, least)
        made_ready = postprocess(made, job.place, job.unit, least)
        if not made_ready.text:
            return made_ready
        text, offset = job.snapshot.document.text, job.place.offset
        if is_deleted(made_ready.text, offset, job.snapshot.document.deletion if text == job.text else None):
            return Suggestion("", Quiet.DELETED)
        if self._dismissed.holds(job.key, text, offset, made_ready.text):
            return Suggestion("", Quiet.DISMISSED)
        return made_ready

    def _completion(self, job: Job, suggestion: Suggestion, made: Generation, source: AnswerSource) -> Completion:
        total = (time.monotonic() - job.begin) * 1000
        text = job.given + suggestion.text if suggestion.text else ""
        number = next(self._numbers)
        if text:
            document, offset = job.snapshot.document, job.place.offset
            self._dismissed.remember(number, job.key, document.text, offset, suggestion.text)
        return Completion(
            text=text,
            span=job.span,
            model=self._model,
            finish=made.finish if text else Finish.NONE,
            source=source,
            timings=replace(made.timings, total_ms=total, context_ms=job.context_ms),
            tokens=made.counts,
            document_version=job.version,
            quiet=suggestion.quiet,
            memory_path=made.memory_path if text else "",
            memory_share=made.memory_share if text else 0.0,
            number=number,
        )

    def _silent(self, job: Job, why: Quiet) -> Completion:
        """The answer that says nothing."""
        total = (time.monotonic() - job.begin) * 1000
        spent, none = Timings(total_ms=total), TokenCounts()
        how, number = (Finish.NONE, AnswerSource.MODEL), next(self._numbers)
        return Completion("", job.span, self._model, *how, spent, none, job.version, why, number)

    def _left_ms(self, job: Job) -> float:
        return job.settings.deadline_ms - (time.monotonic() - job.begin) * 1000 - ANSWER_MARGIN_MS

    def _check_fresh(self, job: Job) -> None:
        """Raises RequestCancelledError when the document changed since the request."""
        try:
            now = job.view.document(job.snapshot.document.path)
        except DocumentError:
            raise RequestCancelledError("The document was closed meanwhile") from None
        if now.version != job.version or now.text != job.text:
            raise RequestCancelledError("The document changed meanwhile")

    def _state(self, job: Job) -> Hashable:
        return self._model, job.settings.max_tokens, job.project.state, self._windows.head(job.project.root)

    @property
    def _model(self) -> str:
        info = self._engine.info
        return info.name if info is not None else ""
