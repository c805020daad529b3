"""What the daemon and its engine process say to each other; the frames are those of wire.py.

The first record is the EngineOptions, then come requests. Each gets one answer; a `Load` may get some `Progress` and
a `Complete` some `Text` before it. A `Cancel` bears the number of the request it means, and gets no answer.
"""

from __future__ import annotations

from dataclasses import dataclass

from iquest_lsp.datatypes import Generation, Limits, ModelInfo, Prompt
from iquest_lsp.errors import IQuestError
from iquest_lsp.runtime.base.engine import EngineMetrics, EngineOptions, StateLabel, WarmResult
from iquest_lsp.runtime.client.prompt_delta import PromptDelta
from iquest_lsp.token_ids import TokenIds


@dataclass(frozen=True, slots=True)
class Load:
    """Answered with a ModelInfo."""


@dataclass(frozen=True, slots=True)
class Tokenize:
    """Answered with Tokenized."""

    texts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Complete:
    """Answered with a Generation; `rules` is the prompt without its tokens, and `streams` asks for its text early."""

    rules: Prompt
    tokens: PromptDelta
    limits: Limits
    streams: bool


@dataclass(frozen=True, slots=True)
class Warm:
    """Answered with a WarmResult."""

    tokens: PromptDelta
    budget_ms: float


@dataclass(frozen=True, slots=True)
class Save:
    """Answered with Held: what was saved."""

    label: StateLabel
    sequence: int
    wait: bool


@dataclass(frozen=True, slots=True)
class Restore:
    """Answered with Held: what the sequence holds then."""

    label: StateLabel
    sequence: int
    wanted: PromptDelta | None


@dataclass(frozen=True, slots=True)
class Learn:
    """Answered with Held: the tokens of the memory in these files that are still to be read."""

    memory: tuple[str, ...]
    budget_ms: float


@dataclass(frozen=True, slots=True)
class Measure:
    """Answered with EngineMetrics."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """The request is not wanted any more."""


@dataclass(frozen=True, slots=True)
class Progress:
    """The share of the model that is loaded, 0 to 1."""

    share: float


@dataclass(frozen=True, slots=True)
class Text:
    """Text that the answer goes on with."""

    text: str


@dataclass(frozen=True, slots=True)
class Tokenized:
    """The ids of each text."""

    ids: tuple[TokenIds, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A number of tokens."""

    tokens: int


@dataclass(frozen=True, slots=True)
class PromptLost:
    """The prompt that a PromptDelta builds on is not there: it is to be sent whole."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The request ended with an error."""

    error: IQuestError


EngineRequest = Load | Tokenize | Complete | Warm | Save | Restore | Learn | Measure
EngineAnswer = ModelInfo | Tokenized | Generation | WarmResult | Held | EngineMetrics | PromptLost | Failed

REQUESTS: dict[str, type] = {
    kind.__name__: kind
    for kind in (EngineOptions, Load, Tokenize, Complete, Warm, Save, Restore, Learn, Measure, Cancel)
}
ANSWERS: dict[str, type] = {
    kind.__name__: kind
    for kind in (
        Progress,
        Text,
        ModelInfo,
        Tokenized,
        Generation,
        WarmResult,
        Held,
        EngineMetrics,
        PromptLost,
        Failed,
    )
}
