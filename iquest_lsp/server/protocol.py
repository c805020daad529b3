"""pygls' protocol, made to withstand any client: one response per request, no stack trace, no death.

    parse error -32700, invalid request -32600, unknown method -32601, invalid parameters -32602,
    internal error -32603 (details in the log only), not initialized -32002, cancelled -32800,
    request failed -32803 (one of our errors, in words; where it asks for what cannot exist: invalid parameters;
    `data` has the error's parts: what, why, fix)

pygls keeps no documents here: the assistant's buffers are the only ones, so that an invalid change cannot make two
copies differ.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Callable, Container, Iterable
from concurrent.futures import CancelledError, Future
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcMethodNotFound
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol

from iquest_lsp.errors import IQuestError, RequestCancelledError, UsageError
from iquest_lsp.server.framing import Damage, MessageReader

log = logging.getLogger(__name__)

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
INTERNAL_ERROR, NOT_INITIALIZED, REQUEST_FAILED, CANCELLED = -32603, -32002, -32803, -32800
WITHDRAWN = "The request was cancelled"
MAX_ID_LENGTH = 1000
#: Requests of the client that are being handled, and requests to it that it has not answered.
MAX_UNDER_WAY, MAX_UNANSWERED = 512, 64
#: How long a request to the client is waited for: some are answered by its user.
PATIENCE_S = 60.0
MAX_SHOWN = 200

#: What a request to the client fails with where the answer is an error, or none comes.
ClientError = JsonRpcException

#: What pygls would do on its own: to documents of its own, or only to call our handler and keep its future for ever.
_NOT_PYGLS = (
    types.INITIALIZED,
    types.TEXT_DOCUMENT_DID_OPEN,
    types.TEXT_DOCUMENT_DID_CHANGE,
    types.TEXT_DOCUMENT_DID_CLOSE,
    types.NOTEBOOK_DOCUMENT_DID_OPEN,
    types.NOTEBOOK_DOCUMENT_DID_CHANGE,
    types.NOTEBOOK_DOCUMENT_DID_CLOSE,
    types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS,
)


class Protocol(LanguageServerProtocol):
    """See the module's docstring."""

    #: Set when the client said `exit`; the connection then ends.
    exited = False
    initialized = False

    def __init__(self, server: LanguageServer, converter: Any) -> None:
        self.heard_at = time.monotonic()
        self._asked: set[Any] = set()  # ids of the client's requests
        self._own: dict[Any, Future[Any]] = {}  # requests to the client
        self.on_unreadable: Callable[[str, object], None] = lambda method, params: None
        super().__init__(server, converter)
        for method in _NOT_PYGLS:
            self.fm.builtin_features.pop(method, None)
        self.fm.add_builtin_feature(types.SHUTDOWN, self._shut_down)
        self.fm.add_builtin_feature(types.EXIT, self._exit)

    @property
    def shut_down(self) -> bool:
        """Whether the client asked for a shutdown, as it should before it leaves."""
        return self._shutdown

    @property
    def under_way(self) -> int:
        """Requests of the client that are being handled."""
        return len(self._asked)

    @property
    def unanswered(self) -> int:
        """Requests to the client that it has not answered, and that are still waited for."""
        return len(self._own)

    def withhold(self, methods: Iterable[str]) -> None:
        """Leaves features out of the capabilities that are told within this call; the next message finds them."""
        held = {method: self.fm.features.pop(method) for method in methods}
        asyncio.get_running_loop().call_soon(self.fm.features.update, held)

    def options_of(self, method: str) -> dict[str, Any]:
        """The options that a feature was registered with, as they are sent."""
        given = self.fm.feature_options.get(method)
        told = self._converter.unstructure(given) if given is not None else {}
        return told if isinstance(told, dict) else {}

    def receive(self, body: bytes | Damage, withdrawn: Container[object] = ()) -> None:
        """Handles one message; raises nothing that a client could cause.

        `withdrawn` are ids of requests that the client will be found to have taken back: these are not begun.
        """
        self.heard_at = time.monotonic()
        if isinstance(body, Damage):
            self._reject(None, PARSE_ERROR, f"Could not read a message: {body.reason}")
            return
        try:
            data = json.loads(body)
        except (ValueError, RecursionError) as error:
            self._reject(None, PARSE_ERROR, f"The message is not valid JSON: {error}")
            return
        if not isinstance(data, dict):
            self._reject(None, INVALID_REQUEST, "The message is not an object")
            return
        number = data.get("id")
        if "id" in data and not _valid_id(number):
            self._reject(None, INVALID_REQUEST, "The id is neither a string nor a whole number")
            return
        method = data.get("method")
        if data.get("jsonrpc") != "2.0" or not (isinstance(method, str) or "result" in data or "error" in data):
            self._reject(number, INVALID_REQUEST, "Not a JSON-RPC 2.0 message")
            return
        if not isinstance(method, str):
            self._take_answer(data)
            return
        data = {key: data[key] for key in ("jsonrpc", "id", "method", "params") if key in data}
        if "id" in data:
            if not self._may_run(number, method):
                return
            if number in withdrawn and method not in (types.INITIALIZE, types.SHUTDOWN):
                self._reject(number, CANCELLED, WITHDRAWN)
                return
        elif not self.initialized and method != types.EXIT:
            log.debug("dropped %.100s before initialize", method)
            return
        elif method == types.CANCEL_REQUEST and not self._is_cancellable(data.get("params")):
            return  # answered meanwhile, most often; a client that is far ahead sends many
        self._handle(data, method, number)

    def _is_cancellable(self, params: object) -> bool:
        """Whether the request that a client withdraws is one of its own that is being handled."""
        number = params.get("id") if isinstance(params, dict) else None
        return _valid_id(number) and number in self._asked

    def withdraw(self) -> None:
        """Cancels what is under way, since nobody is left to hear of it."""
        for future in [*self._request_futures.values(), *self._own.values()]:
            future.cancel()

    def send_request(
        self,
        method: str,
        params: Any | None = None,
        callback: Callable[[Any], None] | None = None,
        msg_id: int | str | None = None,
    ) -> Future[Any]:
        """Asks the client; the future fails where it answers nothing in time, or has left too much unanswered."""
        number = str(uuid.uuid4()) if msg_id is None else msg_id
        if len(self._own) >= MAX_UNANSWERED:
            refused: Future[Any] = Future()
            refused.set_exception(JsonRpcException(f"The client has not answered {MAX_UNANSWERED} requests"))
            return refused
        future = super().send_request(method, params, callback, number)
        self._own[number] = self._request_futures.pop(number)
        timer = asyncio.get_running_loop().call_later(PATIENCE_S, _give_up, future)

        def ended(_: Future[Any]) -> None:  # answered, or nobody waits for it any more
            timer.cancel()
            self._own.pop(number, None)
            self._result_types.pop(number, None)

        future.add_done_callback(ended)
        return future

    # Without pygls' caches, which would keep connections that have ended.
    def get_message_type(self, method: str) -> type[Any] | None:  # type: ignore[override]  # not a cache wrapper
        """The type of a method's request or notification."""
        found: type[Any] | None = types.METHOD_TO_TYPES.get(method, (None,))[0]
        return found

    def get_result_type(self, method: str) -> type[Any] | None:  # type: ignore[override]  # not a cache wrapper
        """The type of a method's response."""
        found: type[Any] | None = types.METHOD_TO_TYPES.get(method, (None, None))[1]
        return found

    def _handle(self, data: dict[str, Any], method: str, number: Any) -> None:
        try:
            message = self.structure_message(with_versions(data))
        except (JsonRpcException, RecursionError):
            if number is None:  # a notification gets no response
                log.warning("the parameters of the notification %.100r are not valid", method)
                self.on_unreadable(method, data.get("params"))
            else:
                self._reject(number, INVALID_PARAMS, f"The parameters of {method[:MAX_SHOWN]!r} are not valid")
            return
        if method == types.INITIALIZE:
            self.initialized = True
        try:
            self.handle_message(message)
        except Exception:
            log.exception("a message could not be handled: %.100s", method)

    def _may_run(self, number: Any, method: str) -> bool:
        if number in self._request_futures:
            self._reject(number, INVALID_REQUEST, f"A request with id {number!r} is already under way")
        elif self._shutdown:
            self._reject(number, INVALID_REQUEST, "The server is shutting down")
        elif method == types.INITIALIZE and self.initialized:
            self._reject(number, INVALID_REQUEST, "The server is already initialized")
        elif method != types.INITIALIZE and not self.initialized:
            self._reject(number, NOT_INITIALIZED, "The server is not initialized")
        elif self.under_way >= MAX_UNDER_WAY:
            self._reject(number, REQUEST_FAILED, f"More than {MAX_UNDER_WAY} requests are under way")
        else:
            return True
        return False

    def _take_answer(self, data: dict[str, Any]) -> None:
        """The client's answer to a request of ours; any other one is dropped."""
        number = data.get("id")
        if number not in self._result_types:
            log.debug("an answer to no request of ours: %.100r", number)
            return
        future = self._own.get(number)
        try:
            message = self.structure_message(data)
            self.handle_message(message)
        except Exception as error:  # noqa: BLE001  whatever is wrong with it, the one who waits must hear
            log.debug("an answer that cannot be read: %s", error)
            if future is not None and not future.done():
                future.set_exception(JsonRpcException("The client's answer cannot be read"))

    def _handle_response(self, msg_id: Any, result: Any | None = None, error: Any | None = None) -> None:
        future = self._own.get(msg_id)
        if future is None or future.done():
            return
        if error is not None:
            future.set_exception(JsonRpcException.from_error(error))
        else:
            future.set_result(result)

    def _shut_down(self, *_: Any) -> None:
        """Ends what is under way; pygls' own stumbles over requests that end while it counts them."""
        self._shutdown = True
        self.withdraw()

    def _exit(self, *_: Any) -> None:
        """Ends the connection; pygls would end the process, which serves other clients too."""
        self.exited = True

    def _reject(self, number: Any, code: int, message: str, data: dict[str, str] | None = None) -> None:
        error = {"code": code, "message": message, **({"data": data} if data is not None else {})}
        self._send_data({"jsonrpc": "2.0", "id": number, "error": error})

    def _handle_request(self, msg_id: Any, method_name: str, params: Any) -> None:
        try:
            self._get_handler(method_name)
        except JsonRpcMethodNotFound:
            self._reject(msg_id, METHOD_NOT_FOUND, f"There is no method {method_name[:MAX_SHOWN]!r}")
            return
        self._asked.add(msg_id)
        super()._handle_request(msg_id, method_name, params)
        if msg_id not in self._request_futures:  # answered at once
            self._asked.discard(msg_id)

    def _handle_cancel_notification(self, msg_id: Any) -> None:
        future = self._request_futures.get(msg_id)  # it stays known until its one response has left
        if future is not None:
            future.cancel()

    def _send_handler_result(self, future: Future[Any], *, msg_id: Any) -> None:
        self._request_futures.pop(msg_id, None)
        self._asked.discard(msg_id)
        code, message, result, data = 0, "", None, None
        try:
            result = future.result()
        except (asyncio.CancelledError, CancelledError, RequestCancelledError):
            code, message = CANCELLED, WITHDRAWN
        except IQuestError as error:
            code, message = INVALID_PARAMS if isinstance(error, UsageError) else REQUEST_FAILED, str(error)
            data = {"what": error.what, "why": error.why, "fix": error.fix}
        except JsonRpcException as error:
            code, message = error.code or INTERNAL_ERROR, error.message
        except Exception:
            log.exception("a request failed")
            code, message = INTERNAL_ERROR, "Internal error; the server's log has the details"
        if code:
            self._reject(msg_id, code, message, data)
        else:
            self._send_response(msg_id, result=result)

    def _check_handler_result(self, future: Future[Any]) -> None:
        for number in [number for number, known in self._request_futures.items() if known is future]:
            del self._request_futures[number]  # pygls keeps those of notifications for ever
        if future.cancelled():
            return
        error = future.exception()
        if isinstance(error, IQuestError):
            log.warning("%s", error)
        elif error is not None:
            log.error("a notification failed", exc_info=error)


def with_versions(data: dict[str, Any]) -> dict[str, Any]:
    """A message with a version for each document that it changes: some clients send null, or none."""
    params, method = data.get("params"), data.get("method")
    if not isinstance(params, dict) or method not in (types.TEXT_DOCUMENT_DID_OPEN, types.TEXT_DOCUMENT_DID_CHANGE):
        return data
    document = params.get("textDocument")
    if not isinstance(document, dict) or document.get("version") is not None:
        return data
    return {**data, "params": {**params, "textDocument": {**document, "version": 0}}}


def _give_up(future: Future[Any]) -> None:
    if not future.done():
        future.set_exception(JsonRpcException(f"The client has not answered for {PATIENCE_S:.0f} s"))


def _valid_id(number: object) -> bool:
    if isinstance(number, bool):
        return False
    if isinstance(number, str):
        return len(number) <= MAX_ID_LENGTH
    return isinstance(number, int) and abs(number) < 2**63


async def converse(protocol: Protocol, reader: asyncio.StreamReader, writer: Any) -> None:
    """Serves one client until it says `exit` or its stream ends."""
    protocol.set_writer(writer)
    ahead = MessageReader(reader)
    try:
        async for body in ahead:
            protocol.receive(body, ahead.withdrawn)
            if protocol.exited:
                break
            await asyncio.sleep(0)  # a burst of messages must not starve the handlers
    finally:
        ahead.close()
