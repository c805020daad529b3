"""A model on a GPU, where the tests run on one (tests/port/vulkan): what is told of it, and whole sessions."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from iquest_lsp.datatypes import Finish, Limits, ModelInfo, Prompt
from iquest_lsp.errors import RequestCancelledError
from iquest_lsp.runtime.backends.llama import LlamaBackend
from iquest_lsp.runtime.base.engine import EngineOptions
from iquest_lsp.runtime.client.process import ProcessEngine
from iquest_lsp.runtime.decode.sampling import CLOSE_CALL
from iquest_lsp.runtime.llama import attention
from iquest_lsp.runtime.llama.library import list_gpus
from iquest_lsp.runtime.llama.loop_context import open_context
from iquest_lsp.runtime.llama.model import GpuUse, Model
from iquest_lsp.runtime.models.catalogue import embedded_path
from tests.port.agreement import ON_GPU
from tests.real.conftest import REAL_MODEL

pytestmark = pytest.mark.skipif(not ON_GPU, reason="`make test-vulkan` runs these")

CODE = "def area(width, height):\n    return width * height\n\n\ndef volume(width, height, depth):\n    return "


def options(layers: int, path: Path | None = None) -> EngineOptions:
    file = str(path or embedded_path())
    return EngineOptions(model_path=file, plan=True, window_tokens=1024, gpu_layers=layers, threads=1)


def loaded(layers: int, path: Path | None = None) -> tuple[LlamaBackend, ModelInfo]:
    backend = LlamaBackend(options(layers, path))
    return backend, backend.load(lambda share: None)


def check_session(there: LlamaBackend, here: LlamaBackend) -> None:
    """Prompts, shortened and grown again, are answered on the device as they are on the processor."""
    tokens = here.tokenize([CODE])[0]
    for cut in (len(tokens), len(tokens) - 3, len(tokens)):
        got = there.complete(Prompt(tuple(tokens[:cut])), Limits(max_tokens=8), lambda: False)
        expected = here.complete(Prompt(tuple(tokens[:cut])), Limits(max_tokens=8), lambda: False)
        assert got.tokens[:1] == expected.tokens[:1]
        assert abs(got.logprobs[0] - expected.logprobs[0]) < CLOSE_CALL
    with pytest.raises(RequestCancelledError):
        there.complete(Prompt(tuple(tokens * 3)), Limits(max_tokens=8), lambda: True)
    again = there.complete(Prompt(tuple(tokens)), Limits(max_tokens=8), lambda: False)
    assert again.finish != Finish.DEADLINE


def test_a_device_in_software_is_found_and_has_no_memory_of_its_own() -> None:
    for gpu in list_gpus():
        assert gpu.free > 0
        assert gpu.is_apart != gpu.name.startswith("llvmpipe")


@pytest.mark.parametrize(("layers", "is_there", "is_sparse"), [(0, False, True), (1, True, True), (99, True, False)])
def test_the_kernel_is_that_of_the_device(layers: int, is_there: bool, is_sparse: bool) -> None:
    model = Model.load(embedded_path(), gpus=GpuUse(layers))
    context = open_context(model, 256)
    assert (model.is_on_gpu, model.exact_flash_attention) == (is_there, is_sparse)
    assert attention.applies(context) == is_sparse
    context.close()
    model.close()


def test_a_session_answers_as_one_on_the_processor_does() -> None:
    (there, told), (here, _) = loaded(99), loaded(0)
    assert told.window == 1024
    check_session(there, here)


@pytest.mark.real
@pytest.mark.skipif(not REAL_MODEL.exists(), reason="`iquest-lsp models add smollm2` fetches the model")
def test_real_weights_answer_as_on_the_processor() -> None:
    (there, _), (here, _) = loaded(99, REAL_MODEL), loaded(0, REAL_MODEL)
    assert there.parts.model.is_on_gpu
    check_session(there, here)


async def test_an_engine_process_works_on_the_device(tmp_path: Path) -> None:
    engine = ProcessEngine(replace(options(99), state_folder=str(tmp_path), state_limit=2**30))
    try:
        (tokens,) = await engine.tokenize([CODE])
        first = await engine.complete(Prompt(tuple(tokens)), Limits(max_tokens=6))
        second = await engine.complete(Prompt((*tokens, *first.tokens[:2])), Limits(max_tokens=4))
        assert second.counts.reused >= len(tokens) - 1
        assert second.tokens[:1] == first.tokens[2:3]
    finally:
        await engine.close()
