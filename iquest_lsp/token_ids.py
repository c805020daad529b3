"""Token ids as one block of memory: what a window, a prompt and a KV sequence are made of.

A prompt of 131,072 tokens is half a megabyte this way, and comparing, cutting, hashing or sending one runs at the
speed of memory; as a tuple of Python integers it is five megabytes, and each of those takes milliseconds.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, overload

#: Bytes of one id: an int32 in the machine's own order.
WIDTH = 4


class TokenIds(Sequence[int]):
    """An immutable sequence of token ids; numpy reads it without a copy (`np.asarray`).

    Equal to another one with the same ids, and hashable; a tuple or a list is another kind of value.
    """

    __slots__ = ("data",)

    def __init__(self, ids: Iterable[int] = ()) -> None:
        if isinstance(ids, TokenIds):
            self.data: bytes = ids.data
        else:  # an array takes bytes for what lies in memory, while here each of them is an id
            self.data = array("i", iter(ids) if isinstance(ids, bytes | bytearray) else ids).tobytes()

    @classmethod
    def of_bytes(cls, data: bytes) -> TokenIds:
        """The ids that lie in `data`, of which no copy is made. Raises ValueError for a broken number of bytes."""
        if len(data) % WIDTH:
            raise ValueError(f"{len(data)} bytes are no token ids")
        made = cls.__new__(cls)
        made.data = data
        return made

    def __len__(self) -> int:
        return len(self.data) // WIDTH

    @overload
    def __getitem__(self, place: int) -> int: ...
    @overload
    def __getitem__(self, place: slice) -> TokenIds: ...
    def __getitem__(self, place: int | slice) -> int | TokenIds:
        if isinstance(place, int):
            return int(memoryview(self.data).cast("i")[place])
        start, stop, step = place.indices(len(self))
        if step == 1:
            return TokenIds.of_bytes(self.data[start * WIDTH : max(stop, start) * WIDTH])
        return TokenIds(array("i", self.data)[place])

    def __iter__(self) -> Iterator[int]:
        return iter(memoryview(self.data).cast("i"))

    def __eq__(self, other: object) -> bool:
        return self.data == other.data if isinstance(other, TokenIds) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.data)

    def __add__(self, other: Iterable[int]) -> TokenIds:
        return TokenIds.of_bytes(self.data + TokenIds(other).data)

    def __repr__(self) -> str:
        shown = ", ".join(map(str, self[:8]))
        return f"TokenIds([{shown}{', ...' if len(self) > 8 else ''}], {len(self)} tokens)"

    @property
    def __array_interface__(self) -> dict[str, Any]:
        order = "<" if sys.byteorder == "little" else ">"
        return {"version": 3, "shape": (len(self),), "typestr": f"{order}i{WIDTH}", "data": self.data}

    def replaced_from(self, place: int, tail: TokenIds) -> TokenIds:
        """The first `place` ids, then `tail`; one copy."""
        return TokenIds.of_bytes(b"".join((memoryview(self.data)[: place * WIDTH], tail.data)))

    def common_prefix(self, other: TokenIds) -> int:
        """How many ids the two begin with alike."""
        mine, theirs = self.data, memoryview(other.data)
        size = min(len(mine), len(theirs))
        if mine.startswith(theirs[:size]):
            return size // WIDTH
        low, high = 0, size  # alike up to `low`, not up to `high`: halved with one comparison of each byte
        while high - low > 1:
            middle = (low + high) // 2
            if mine.startswith(theirs[low:middle], low, middle):
                low = middle
            else:
                high = middle
        return low // WIDTH
