"""pygls' protocol, made to withstand any client: one response per request, no stack trace, no death.

    parse error -32700, invalid request -32600, unknown method -32601, invalid parameters -32602,
    internal error -32603 (details in the log only), request failed -32803 (one of our errors, in words)
"""

from __future__ import annotations

import asyncio
import json
import logging
from concurrent.futures import CancelledError, Future
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer
from pygls.protocol import LanguageServerProtocol

from iquest_lsp.errors import IQuestError, RequestCancelledError
from iquest_lsp.server.stream import Damage, messages

log = logging.getLogger(__name__)

PARSE_ERROR, INVALID_REQUEST, INVALID_PARAMS = -32700, -32600, -32602
INTERNAL_ERROR, NOT_INITIALIZED, REQUEST_FAILED, CANCELLED = -32603, -32002, -32803, -32800
MAX_ID_LENGTH = 1000


class Protocol(LanguageServerProtocol):
    """See the module's docstring."""

    #: Set when the client said `exit`; the connection then ends.
    exited = False
    initialized = False

    @property
    def shut_down(self) -> bool:
        """Whether the client asked for a shutdown, as it should before it leaves."""
        return self._shutdown

    def receive(self, body: bytes | Damage) -> None:
        """Handles one message; raises nothing that a client could cause."""
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
        if "id" in data and isinstance(method, str) and not self._may_run(number, method):
            return
        try:
            message = self.structure_message(data)
        except (JsonRpcException, RecursionError):
            self._reject(number, INVALID_PARAMS, f"The parameters of {method!r} are not valid")
            return
        try:
            self.handle_message(message)
        except SystemExit:  # how pygls ends a process; here a connection ends, not the daemon
            self.exited = True
        except Exception:
            log.exception("a message could not be handled: %s", method)

    def _may_run(self, number: Any, method: str) -> bool:
        if number in self._request_futures:
            self._reject(number, INVALID_REQUEST, f"A request with id {number!r} is already under way")
        elif self._shutdown:
            self._reject(number, INVALID_REQUEST, "The server is shutting down")
        elif method == types.INITIALIZE and self.initialized:
            self._reject(number, INVALID_REQUEST, "The server is already initialized")
        elif method != types.INITIALIZE and not self.initialized:
            self._reject(number, NOT_INITIALIZED, "The server is not initialized")
        else:
            self.initialized = True
            return True
        return False

    def _reject(self, number: Any, code: int, message: str) -> None:
        if number is None and code == INVALID_PARAMS:
            log.warning("%s", message)  # a notification gets no response
            return
        self._send_data({"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": message}})

    def _send_handler_result(self, future: Future[Any], *, msg_id: Any) -> None:
        self._request_futures.pop(msg_id, None)
        code, message = 0, ""
        try:
            result = future.result()
        except (asyncio.CancelledError, CancelledError, RequestCancelledError):
            code, message = CANCELLED, "The request was cancelled"
        except IQuestError as error:
            code, message = REQUEST_FAILED, str(error)
        except JsonRpcException as error:
            code, message = error.code or INTERNAL_ERROR, str(error)
        except Exception:
            log.exception("a request failed")
            code, message = INTERNAL_ERROR, "Internal error; the server's log has the details"
        if code:
            self._reject(msg_id, code, message)
        else:
            self._send_response(msg_id, result=result)

    def _check_handler_result(self, future: Future[Any]) -> None:
        if future.cancelled():
            return
        error = future.exception()
        if isinstance(error, SystemExit):
            self.exited = True
        elif isinstance(error, IQuestError):
            log.warning("%s", error)
        elif error is not None:
            log.error("a notification failed", exc_info=error)


def _valid_id(number: object) -> bool:
    if isinstance(number, bool):
        return False
    if isinstance(number, str):
        return len(number) <= MAX_ID_LENGTH
    return isinstance(number, int) and abs(number) < 2**63


async def converse(server: LanguageServer, reader: asyncio.StreamReader, writer: Any) -> None:
    """Serves one client until it says `exit` or its stream ends."""
    protocol = server.protocol
    assert isinstance(protocol, Protocol)
    protocol.set_writer(writer)
    async for body in messages(reader):
        protocol.receive(body)
        if protocol.exited:
            break
        await asyncio.sleep(0)  # a burst of messages must not starve the handlers
