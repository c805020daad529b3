"""What asks `fork_server` for a fork of it and ends as that does. It is started for every command of many tests: it
imports only what is written in C, since Python's own `socket` takes longer than Python takes to start."""

from __future__ import annotations

import _socket
import array
import marshal
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SIGKILL = 9


def ask(
    address: str, asked: Mapping[str, object], descriptors: Mapping[int, int], patience_s: float | None = None
) -> int:
    """Has a fork do what is asked, with these descriptors by the numbers they have there; its exit code."""
    connection = _socket.socket(_socket.AF_UNIX)
    try:
        connection.settimeout(patience_s)
        connection.connect(address)
        text = marshal.dumps({**asked, "numbers": list(descriptors)})
        lent = array.array("i", descriptors.values())
        sent = connection.sendmsg([text], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, lent)])
        connection.sendall(text[sent:])
        connection.shutdown(_socket.SHUT_WR)
        return int(connection.recv(16) or -_SIGKILL)
    finally:
        connection.close()


def program(address: str, starts: Sequence[str], arguments: Sequence[str]) -> None:
    """Becomes `iquest-lsp ARGUMENTS` in a fork, by its streams; what it `starts` are forks too."""
    _become(address, {"what": "program", "arguments": list(arguments), "starts": list(starts)}, range(3))


def python(address: str, words: Sequence[str]) -> None:
    """Becomes what Python would be with these words, `-m MODULE` or `-c CODE` among them, with all that it was lent."""
    lent = [number for number in map(int, os.listdir("/dev/fd")) if _is_lent(number)]  # noqa: PTH208  no pathlib here
    _become(address, {"what": "python", "arguments": list(words), "starts": []}, lent)


def _is_lent(number: int) -> bool:
    try:
        return os.get_inheritable(number)
    except OSError:  # the folder's own
        return False


def _become(address: str, asked: Mapping[str, object], numbers: Sequence[int]) -> None:
    here = {"folder": os.getcwd(), "environment": dict(os.environ)}  # noqa: PTH109  nor here
    code = ask(address, {**asked, **here}, {number: number for number in numbers})
    if code < 0:
        os.kill(os.getpid(), -code)
    os._exit(code)
