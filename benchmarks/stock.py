"""Ours beside an unpatched llama.cpp: the cases of `bench decode` and `bench prefill`, with threads of one's choice.

    python -m benchmarks.stock MODEL [--threads 1] [--tokens 512] [--prompts 4] [--new 48] [--repeat 5] [--prefill]
                                     [--package FOLDER]

FOLDER is where an unpatched llama_cpp package of the pinned version lies, its libraries in FOLDER/lib under names of
their own; without it `stock` is the loop of an unpatched program over our libraries. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import ctypes
import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

from iquest_lsp.bench import decode, prefill
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.client.child import SLEEPING_THREADS

_kept: list[Any] = []


def unpatched(folder: Path) -> Any:
    """The low-level bindings of the package in `folder`."""
    os.environ["LLAMA_CPP_LIB_PATH"] = str(folder / "lib")
    sys.path.insert(0, str(folder))
    module = importlib.import_module("llama_cpp.llama_cpp")
    sys.path.remove(str(folder))
    silent = module.llama_log_callback(lambda *_: None)
    _kept.append(silent)  # it must outlive the library
    module.llama_log_set(silent, None)
    if hasattr(module._lib, "ggml_backend_load_all_from_path"):  # a build whose backends are modules
        load = module._lib.ggml_backend_load_all_from_path
        load.restype, load.argtypes = None, [ctypes.c_char_p]
        load(os.fsencode(folder / "lib"))
    module.llama_backend_init()
    return module


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--tokens", type=int, action="append")
    parser.add_argument("--prompts", type=int, default=4)
    parser.add_argument("--new", type=int, default=48)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--kind", choices=decode.KINDS, action="append")
    parser.add_argument("--prefill", action="store_true")
    parser.add_argument("--package", type=Path)
    given = parser.parse_args()
    for name, value in SLEEPING_THREADS.items():  # as the engine's process has it
        os.environ.setdefault(name, value)
    library = None if given.package is None else unpatched(given.package)
    lengths = given.tokens or [512]
    options = EngineOptions(
        model_path=str(given.model), threads=given.threads, batch_threads=given.threads, context_tokens=1024
    )
    if given.prefill:
        report = prefill.run(options, lengths, given.repeat, cases="passes", library=library)
    else:
        report = decode.run(
            options,
            lengths,
            given.repeat,
            prompts=given.prompts,
            new=given.new,
            library=library,
            kinds=given.kind or decode.KINDS,
        )
    print(json.dumps({"threads": given.threads, **report.to_json()}, indent=2))


if __name__ == "__main__":
    main()
