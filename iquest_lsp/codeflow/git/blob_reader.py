"""Contents of files by object id."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

from iquest_lsp.codeflow.gaps import GapKind, Gaps
from iquest_lsp.errors import RepositoryError

#: Bytes of the largest file that is read.
MAX_BLOB = 2 * 1024 * 1024
#: Bytes by which a file is told to be text.
BEGINNING = 8000


def is_binary(data: bytes) -> bool:
    """Whether a file that begins so is binary, as git sees it."""
    return b"\0" in data[:BEGINNING]


class BlobReader:
    """Contents by object id, from a running `git cat-file --batch`; keeps none."""

    def __init__(self, start: Callable[[], subprocess.Popen[bytes]], gaps: Gaps, *, is_partial: bool) -> None:
        self._start = start
        self._process = start()
        self._gaps = gaps
        self._is_partial = is_partial

    def read(self, oid: str, path: str = "") -> bytes | None:
        """The blob's bytes; None when it is missing, no blob, or larger than MAX_BLOB; `path` is told as missing."""
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(oid.encode() + b"\n")
            stdin.flush()
        except BrokenPipeError as error:
            raise RepositoryError("git stopped while file contents were read", fix="Check with `git fsck`") from error
        header = stdout.readline().split()
        if not header and self._is_partial:
            # Git ends where it would have to fetch what this clone lacks.
            self._gaps.add(GapKind.ABSENT, path or oid[:10])
            self._process = self._start()
            return None
        if len(header) != 3 or not header[2].isdigit():
            if re.fullmatch("[0-9a-f]{40,64}", oid):
                self._gaps.add(GapKind.ABSENT, path or oid[:10])
            return None
        size = int(header[2])
        keep = size <= MAX_BLOB and header[1] == b"blob"
        data = stdout.read(size) if keep else b""
        left = 0 if keep else size
        while left:
            left -= len(stdout.read(min(left, 1 << 16))) or left
        stdout.read(1)
        return data if keep else None

    def file_at(self, revision: str, path: str) -> bytes | None:
        """A file's bytes in a commit, as `read`; None for a path that the running git cannot be asked about."""
        return None if "\n" in path else self.read(f"{revision}:{path}", path)
