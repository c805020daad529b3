"""The daemon itself: one assistant, a socket, and the clients that come and go."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import faulthandler
import hmac
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from iquest_lsp import __version__
from iquest_lsp.assistant import Assistant
from iquest_lsp.daemon import handshake, health
from iquest_lsp.daemon.endpoint import endpoint_of
from iquest_lsp.daemon.engine_watch import CHECK_EVERY_S, EngineWatch
from iquest_lsp.daemon.lock import Lock, acquire
from iquest_lsp.daemon.logs import start_logging
from iquest_lsp.daemon.runtime_dir import DaemonFiles
from iquest_lsp.daemon.starting import Waiting
from iquest_lsp.errors import DaemonError
from iquest_lsp.server.serve import attend
from iquest_lsp.server.stream import READ_LIMIT, PipeWriter
from iquest_lsp.settings import Configuration, user_file
from iquest_lsp.telemetry import kept_statistics

log = logging.getLogger(__name__)

LOCK_PATIENCE_S = 10.0
HELLO_PATIENCE_S = 5.0
LEAVE_PATIENCE_S = 2.0
MAX_CLIENTS = 64
#: Connections that have said nothing yet; each holds a descriptor that others need.
MOST_STRANGERS = 32


class Service:
    """Serves clients on a listening socket until it is told to stop or has been idle long enough.

    `files` is None for a service on TCP, which then asks every client for `token`.
    """

    def __init__(
        self, assistant: Assistant, files: DaemonFiles | None, lock: Lock | None = None, token: str = ""
    ) -> None:
        self.assistant = assistant
        self._endpoint = endpoint_of(files) if files is not None else None
        self._lock = lock
        self._token = token
        self._began = time.monotonic()
        self._clients: dict[asyncio.Task[None], str] = {}
        self._handlers: set[asyncio.Task[None]] = set()
        self._strangers: dict[asyncio.Task[None], asyncio.StreamWriter] = {}  # who has not said yet what is wanted
        self._server: asyncio.Server | None = None
        self._idle: asyncio.TimerHandle | None = None
        self._idle_s = float(assistant.settings.idle_exit_seconds)
        self._stop = asyncio.Event()
        self._reason = ""
        self._watch = EngineWatch(assistant.engine, lambda: assistant.settings)
        assistant.workspaces.changed.add(lambda settings: logging.getLogger().setLevel(settings.log_level.upper()))

    async def run(self, port: int | None = None, ready: Callable[[int], None] | None = None) -> None:
        """Serves until the end, on TCP where there is a `port`; once it does, `ready` hears the one it got (else 0)."""
        if port is None:
            await self._listen()
        else:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", port, limit=READ_LIMIT)
        if ready is not None and self._server is not None:
            ready(0 if port is None else self._server.sockets[0].getsockname()[1])
        loop = asyncio.get_running_loop()
        for name in ("SIGTERM", "SIGINT", "SIGHUP"):
            if hasattr(signal, name):
                with contextlib.suppress(NotImplementedError):  # Windows has none that another process can send
                    loop.add_signal_handler(getattr(signal, name), self.stop, f"The daemon was stopped ({name}).")
        checks = asyncio.create_task(self._check())
        self._rest()
        try:
            await self._stop.wait()
        finally:
            log.info("stopping: %s", self._reason)
            checks.cancel()
            self._close_socket()
            for task in list(self._handlers):
                task.cancel()
            await asyncio.gather(*self._handlers, return_exceptions=True)
            await self.assistant.close()

    def stop(self, reason: str) -> None:
        """Ends the service; the clients still connected are told the reason."""
        self._reason = self._reason or reason
        self._stop.set()

    def status(self) -> dict[str, object]:
        """What `iquest-lsp daemon status --json` prints."""
        info, engine = self.assistant.engine.model, self.assistant.engine.pid
        pids = [os.getpid(), *([engine] if engine is not None else [])]
        return {
            "pid": os.getpid(),
            "version": __version__,
            "uptime_s": round(time.monotonic() - self._began, 1),
            "model": info.name if info is not None else None,
            "state": self.assistant.engine.status.state.value,
            "clients": len(self._clients),
            "workspaces": [
                {"root": str(item.root), "window_tokens": item.window_tokens, "warm_tokens": item.warm_tokens}
                for item in self.assistant.status_of_workspaces()
            ],
            "memory_bytes": sum(health.resident_bytes(pid) for pid in pids),
        }

    # ------------------------------------------------------------------------------------------------ clients

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        self._strangers[task] = writer
        if len(self._strangers) > MOST_STRANGERS:  # a bridge speaks at once: the oldest will not any more
            oldest = next(iter(self._strangers))
            self._strangers.pop(oldest).transport.abort()
        try:
            await self._meet(reader, writer)
        except asyncio.CancelledError:  # the service stops; asyncio would report it as a failure
            log.debug("a connection was ended")
        except (DaemonError, OSError, TimeoutError, ValueError) as error:
            log.warning("a connection was refused: %s", error or type(error).__name__)
        except Exception:
            log.exception("a connection failed")
        finally:
            self._handlers.discard(task)
            self._strangers.pop(task, None)
            with contextlib.suppress(OSError):
                writer.close()

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._endpoint is not None:
            self._endpoint.check_caller(writer.get_extra_info("socket"))
        hello = await asyncio.wait_for(reader.readline(), HELLO_PATIENCE_S)
        if not hello:
            return  # it only looked whether somebody listens
        said = handshake.parse(hello)
        task = asyncio.current_task()
        assert task is not None
        self._strangers.pop(task, None)
        proven = self._endpoint.answer_to(said) if self._endpoint is not None else {}
        if self._endpoint is None and not hmac.compare_digest(
            str(said.get("token", "")).encode(), self._token.encode()
        ):
            writer.write(handshake.reply(handshake.DENIED, reason="the token is missing or wrong"))
            return
        match said.get("want"):
            case "serve":
                refusal = self._refusal(said)
                answer, more = refusal or (handshake.WELCOME, {"pid": os.getpid()})
                writer.write(handshake.reply(answer, **more, **proven))
                if not refusal:
                    await self._serve(reader, writer, str(said.get("version")))
            case "status":
                writer.write(handshake.reply(handshake.WELCOME, status=self.status(), **proven))
            case "stop":
                writer.write(handshake.reply(handshake.WELCOME, pid=os.getpid(), **proven))
                self.stop("The daemon was stopped by `iquest-lsp daemon stop`.")
            case _:
                reason = "the daemon does not know what is wanted"
                writer.write(handshake.reply(handshake.DENIED, reason=reason, **proven))

    def _refusal(self, said: Mapping[str, object]) -> tuple[str, dict[str, object]] | None:
        """The answer to a client that is not served, and what more it is told; None for one that is."""
        if self._stop.is_set():
            return handshake.REPLACED, {}
        if handshake.is_newer(said.get("version")) and not self._clients and self._endpoint is not None:
            self.stop(f"A newer version ({str(said.get('version'))[:40]}) takes over.")
            return handshake.REPLACED, {}
        if not handshake.is_compatible(said):
            reason = f"other editors use version {__version__} of the daemon, which this one cannot be joined to"
            return handshake.INCOMPATIBLE, {"reason": reason}
        if len(self._clients) >= MAX_CLIENTS:
            return handshake.FULL, {"reason": f"the daemon serves {MAX_CLIENTS} editors already"}
        return None

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, version: str) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients[task] = version
        self._rest()
        log.info("a client came (version %.40s); now %d", version, len(self._clients))
        transport = writer.transport
        transport.set_write_buffer_limits(high=0)  # so that `drain` waits for the last byte
        code, message = 1, self._reason
        try:
            client = PipeWriter(transport)
            is_local = self._endpoint is not None  # a port may be forwarded from anywhere
            code = await attend(self.assistant, reader, client, leaving=self._note_idle_time, is_local=is_local)
            message = ""
        except asyncio.CancelledError:
            message = self._reason
        except Exception:
            log.exception("serving a client failed")
            message = "The daemon could not go on serving this editor; its log has the details."
        finally:
            del self._clients[task]
            self._rest()
            log.info("a client left; now %d", len(self._clients))
            with contextlib.suppress(OSError, TimeoutError):
                writer.write(handshake.farewell(code, message))
                await asyncio.wait_for(writer.drain(), LEAVE_PATIENCE_S)

    def _note_idle_time(self) -> None:
        """The last editor's wish holds after it left."""
        self._idle_s = float(self.assistant.settings.idle_exit_seconds)

    def _rest(self) -> None:
        """Sets or stops the clock that ends an idle daemon."""
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
        if not self._clients and self._endpoint is not None and not self._stop.is_set():
            why = f"No editor was connected for {self._idle_s:.0f} s."
            self._idle = asyncio.get_running_loop().call_later(self._idle_s, self.stop, why)

    # ----------------------------------------------------------------------------------------- socket, health

    async def _listen(self) -> None:
        assert self._endpoint is not None
        self._server = await self._endpoint.listen(self._accept, READ_LIMIT)

    def _close_socket(self) -> None:
        if self._server is not None:
            self._server.close()
        if self._endpoint is not None:
            self._endpoint.remove()

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(CHECK_EVERY_S)
            try:
                await self._check_socket()
                self.assistant.look_at_user_file()
                await self._watch.look()
            except Exception:
                log.exception("a check failed")

    async def _check_socket(self) -> None:
        """Whether clients can still find us: something may clean the folder."""
        if self._endpoint is None or self._stop.is_set() or self._endpoint.is_mine():
            return
        if self._lock is not None and self._lock.is_in_place():
            log.warning("the socket was removed; it is made again")
            if self._server is not None:
                self._server.close()
            await self._listen()
        elif not self._clients:
            self.stop("The daemon's files were removed.")


def run(files: DaemonFiles, options: Mapping[str, object], waiting: Waiting) -> None:
    """Becomes the daemon of these files: takes the lock, or leaves it to the one that has it.

    `waiting` is the bridge that is told once clients can come.
    """
    faulthandler.enable(file=sys.__stderr__ or sys.stderr)
    configuration = Configuration(options, user_file())
    start_logging(files.log, configuration.settings()[0].log_level)
    try:
        lock = acquire(files.lock, LOCK_PATIENCE_S, endpoint_of(files).is_answered)
    except DaemonError as error:
        log.error("%s", error)
        return
    if lock is None:
        log.info("another daemon serves already")
        return
    if waiting.has_gone():
        log.info("the bridge that started this process has gone")
        return
    log.info("version %s, process %d", __version__, os.getpid())

    async def serve() -> None:
        asyncio.get_running_loop().set_exception_handler(_report)
        assistant = Assistant(configuration, statistics=kept_statistics())
        await Service(assistant, files, lock).run(ready=lambda _: waiting.tell())

    try:
        asyncio.run(serve())
    except Exception:
        log.exception("the daemon failed")
        raise
    finally:
        lock.release()
        logging.shutdown()
    # The interpreter would wait for threads that may be deep in a large repository.
    os._exit(0)


def _report(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What the loop itself met; that there are too many connections for a moment is no fault of this program."""
    error = context.get("exception")
    if isinstance(error, OSError) and error.errno in (errno.EMFILE, errno.ENFILE):
        log.warning("connections have to wait a second: %s", error.strerror)  # asyncio listens again then
    else:
        loop.default_exception_handler(context)
