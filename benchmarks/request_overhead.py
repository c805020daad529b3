"""What a request costs besides the model: processor time of sending a prompt to the engine process, and of finding
what its KV cache holds. `python -m benchmarks.request_overhead [TOKENS]`

`whole` sends every prompt whole, as tuples and lists of Python integers: that is what a plain JSON pipe does. `delta`
is what is in use. Both are run in turn on the same prompts, one token more each time. Prints one JSON object.
"""

from __future__ import annotations

import hashlib
import json
import statistics
import sys
import time
from array import array
from collections.abc import Callable

from iquest_lsp.datatypes import Limits, Prompt
from iquest_lsp.runtime.base import wire
from iquest_lsp.runtime.client.messages import REQUESTS, Complete
from iquest_lsp.runtime.client.prompt_delta import ReceivedPrompts, SentPrompts
from iquest_lsp.runtime.kv.prefix_cache import PrefixCache
from iquest_lsp.token_ids import TokenIds

TURNS = 30


def main(length: int) -> None:
    tokens = TokenIds(at * 7919 % 50_000 for at in range(length))
    sent, received, cache = SentPrompts(), ReceivedPrompts(), PrefixCache()
    held = list(tokens)
    cache.extend(0, tokens)
    lengths: dict[str, int] = {}

    def delta(prompt: TokenIds) -> None:
        request = Complete(Prompt(TokenIds()), sent.delta(0, prompt), Limits(), streams=False)
        frame = wire.pack(1, request)
        head, _ = wire.sizes(frame[: wire.PREFIX.size])
        start = wire.PREFIX.size
        _, arrived = wire.unpack(frame[start : start + head], frame[start + head :], REQUESTS)
        assert len(received.whole(arrived.tokens)) == len(prompt)
        lengths["delta"] = len(frame)

    def whole(prompt: tuple[int, ...]) -> None:
        hashlib.sha256(array("i", prompt).tobytes()).hexdigest()
        body = array("i", prompt).tobytes()
        arrived = tuple(array("i", body).tolist())
        assert len(arrived) == len(prompt)
        lengths["whole"] = len(body)

    def found_as_lists(prompt: tuple[int, ...]) -> None:
        wanted = list(prompt)
        assert held[:length] == wanted[:length]

    def found_as_arrays(prompt: TokenIds) -> None:
        assert cache.reusable(0, prompt) == length

    delta(tokens)
    times: dict[str, list[float]] = {}
    for turn in range(TURNS):
        prompt = tokens + TokenIds([turn])
        as_tuple = tuple(prompt)
        cases: dict[str, Callable[[], None]] = {
            "sent whole": lambda prompt=as_tuple: whole(prompt),  # type: ignore[misc]
            "sent as delta": lambda prompt=prompt: delta(prompt),  # type: ignore[misc]
            "found in lists": lambda prompt=as_tuple: found_as_lists(prompt),  # type: ignore[misc]
            "found in arrays": lambda prompt=prompt: found_as_arrays(prompt),  # type: ignore[misc]
        }
        for name, case in cases.items():
            begin = time.process_time()
            case()
            times.setdefault(name, []).append((time.process_time() - begin) * 1000)
    medians = {name: round(statistics.median(found), 3) for name, found in times.items()}
    print(json.dumps({"tokens": length, "bytes": lengths, "processor_ms": medians}, indent=1))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 131_072)
