from __future__ import annotations

import asyncio
import gc

from iquest_lsp.runtime.base.tasks import is_being_cancelled, mark_seen


async def test_who_waits_for_what_is_cancelled_is_not_cancelled_itself() -> None:
    inner = asyncio.get_running_loop().create_future()
    inner.cancel()
    try:
        await inner
    except asyncio.CancelledError:
        assert not is_being_cancelled()


async def test_who_is_cancelled_knows_it() -> None:
    seen: list[bool] = []

    async def waiter() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append(is_being_cancelled())
            raise

    task = asyncio.create_task(waiter())
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    assert seen == [True]


async def test_a_failure_that_was_seen_is_not_logged() -> None:
    logged: list[object] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: logged.append(context["message"]))
    for seen in (True, False):
        done = loop.create_future()
        done.set_exception(ValueError("x"))
        if seen:
            mark_seen(done)
        del done
        gc.collect()
        assert bool(logged) is not seen
    cancelled = loop.create_future()
    cancelled.cancel()
    mark_seen(cancelled)
