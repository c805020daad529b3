"""Frozen records that flow between rooms.

    Snapshot -> Chunks -> ContextWindow -> Prompt + Limits -> Generation -> Completion

Positions are 0-based; characters count Unicode code points, as Python strings do. Paths of workspace files are
POSIX paths relative to the workspace root. Times are seconds unless a name says `_ms`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, StrEnum
from pathlib import Path

from iquest_lsp.dropped import Dropped
from iquest_lsp.token_ids import TokenIds

# --------------------------------------------------------------------------------------------- documents


@dataclass(frozen=True, slots=True, order=True)
class Position:
    """A place between two characters: 0-based `line`, 0-based `character` in code points."""

    line: int
    character: int


@dataclass(frozen=True, slots=True)
class Span:
    """The text from `start` up to, not including, `end`."""

    start: Position
    end: Position


@dataclass(frozen=True, slots=True)
class Deletion:
    """What was taken out of a text, and the offset at which it stood."""

    offset: int
    text: str


@dataclass(frozen=True, slots=True)
class Document:
    """One text file as the user sees it: the open buffer where there is one, else the file on disk.

    `version` is the editor's number (0 for a file read from disk); `edited_at` and `viewed_at` are wall-clock
    times, 0.0 when unknown. Line ends are kept as they are. `deletion` is what the last change, or several in a row
    at one place, took out, where they did nothing else.
    """

    path: str
    text: str
    version: int = 0
    language: str = ""
    is_open: bool = False
    edited_at: float = 0.0
    viewed_at: float = 0.0
    deletion: Deletion | None = None


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The state of a workspace at one request: nothing in it changes while the request runs."""

    root: Path
    document: Document
    cursor: Position
    open_documents: tuple[Document, ...] = ()


# --------------------------------------------------------------------------------------------- the window


class ChunkKind(StrEnum):
    """What a piece of the window is; the order is that of the layout, rarest change first."""

    TREE = "tree"
    FLOW = "flow"
    RELATED = "related"
    OPEN = "open"
    EDIT = "edit"
    CURRENT = "current"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of text that may enter the window.

    Lines `start` up to, not including, `end` (0-based) of `path`; `tokens` is its cost in the prompt with its
    header; a greater `score` is worth more; `reason` says in words why it is here.
    """

    kind: ChunkKind
    path: str
    start: int
    end: int
    text: str
    tokens: int
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class Part:
    """A run of prompt text: a special token by its exact `text`, or plain text that is never parsed for any."""

    text: str
    special: bool = False


@dataclass(frozen=True, slots=True)
class RememberedPart:
    """What the memory holds of one sort of files (code, prose, data, dependencies), or of one installed package."""

    layer: str
    texts: int
    tokens: int
    package: str = ""


@dataclass(frozen=True, slots=True)
class ContextWindow:
    """What is sent: the chunks kept in prompt order, those dropped, the counts, and the prompt itself.

    `tokens` are the prompt's ids, none where the file at the cursor may not be shown; the first
    `stable_prefix_tokens` of them do not change while one types. The repository's memory holds `memory_files` files of
    `memory_tokens` tokens beside it, which `memory_parts` tell apart. `stop` are texts that end an answer to it;
    `shows_suffix` says whether the model sees what stands behind the cursor. `partial` are sentences about what could
    not be chosen from, where somebody looks at the window.
    """

    budget: int
    chunks: tuple[Chunk, ...]
    dropped: tuple[Dropped, ...]
    tokens: TokenIds
    stable_prefix_tokens: int
    stop: tuple[str, ...] = ()
    shows_suffix: bool = True
    memory_files: int = 0
    memory_tokens: int = 0
    memory_parts: tuple[RememberedPart, ...] = ()
    partial: tuple[str, ...] = ()

    # --------------------------------------------------------------------------------------------- the runtime


#: Where a model's file, or what the engine tells of it, holds the probability that what is shown should have.
CONFIDENCE_KEY = "iquest.confidence"


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """What the engine says of the model it loaded.

    `special_tokens` maps the text of each control token to its id; `metadata` is the GGUF's own, as strings;
    `reach` is how many tokens back any head can attend, in tokens (the context length for RoPE models). `window` is
    how many tokens a prompt may have here (0: not planned), `sequences` how many KV sequences there are for prompts,
    `plan` why; `notes` are sentences on what of it a user should know: a window that was cut, say. `read_rate` is how
    many tokens a second the model was measured to read here (0: not measured).
    """

    name: str
    path: str
    architecture: str
    context_length: int
    passes: int
    parameters: int
    size_bytes: int
    reach: int
    window: int = 0
    sequences: int = 1
    plan: str = ""
    notes: tuple[str, ...] = ()
    special_tokens: dict[str, int] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    read_rate: float = 0.0


class Priority(int, Enum):
    """Order of service, smallest first."""

    COMPLETION = 0
    CHAT = 1
    SPECULATION = 2
    WARMING = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """What a generation may cost.

    `deadline_ms` counts from the moment the engine client takes the request; `draft` says whether tokens may be
    guessed ahead and verified together, which changes the time that an answer takes and nothing else; `copying`
    whether what the prompt repeats and what the repository's memory says is weighed in, for a model whose file says how
    (runtime/memory/mixture.py, runtime/decode/copy_mixture.py).
    """

    max_tokens: int = 64
    deadline_ms: float | None = None
    draft: bool = True
    copying: bool = True


@dataclass(frozen=True, slots=True)
class Sampling:
    """How tokens are drawn: at a `temperature`, of which 0 always takes the likeliest.

    Drawn are only the `top_k` likeliest (0: all), of these the likeliest that hold `top_p` of the probability together,
    and of these those that are at least `min_p` times as likely as the likeliest; all before the temperature counts, as
    in llama.cpp.
    """

    temperature: float = 0.0
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0


@dataclass(frozen=True, slots=True)
class Prompt:
    """Token ids to continue (any sequence of them may be given), and the rules for stopping.

    Text generation ends at a token that ends the model's text, at the first of `stop` (not included in the
    answer), after `max_lines` lines that hold something (0: no limit; some more until the round and square
    brackets that they opened are closed), or at a limit. With an `outer_indent` of 0 or
    more it ends after the first line before one that is indented by no more characters than that, unless the line
    begins with a closing bracket: then after it. The answer does not begin with one of the tokens `avoid`, and without
    `is_empty_allowed` not with the end. `sequence` names the KV sequence.
    With `heal` the half word or space that the prompt ends in is tokenized anew together with the answer; the answer
    still begins after it. With `ends_at_loop` it ends, as at a limit, once it only repeats itself (see
    runtime/base/repetition.py). `memory` names the files that hold the repository's memory, `path` the file that is
    being written, whose folder counts more in it. With a `grammar` (llama.cpp's GBNF) the answer is a beginning of what
    its rule `root` describes, and ends by itself only where that is whole; nothing is healed then. Where an answer is
    written in pieces the prompt's last `answered` tokens are its beginning.
    """

    tokens: TokenIds
    stop: tuple[str, ...] = ()
    max_lines: int = 0
    sequence: int = 0
    sampling: Sampling = Sampling()
    heal: bool = False
    outer_indent: int = -1
    avoid: tuple[int, ...] = ()
    is_empty_allowed: bool = True
    ends_at_loop: bool = False
    memory: tuple[str, ...] = ()
    path: str = ""
    grammar: str = ""
    answered: int = 0

    def __post_init__(self) -> None:
        object.__setattr__(self, "tokens", TokenIds(self.tokens))


class Finish(StrEnum):
    """Why an answer ended."""

    STOP = "stop"
    DEADLINE = "deadline"
    LIMIT = "limit"
    NONE = "none"


class AnswerSource(StrEnum):
    """Where an answer came from."""

    MODEL = "model"
    CACHE = "cache"
    SPECULATED = "speculated"


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """Token-exact cost of one answer.

    `window`: prompt length; `reused`: found in the KV cache; `prefilled`: evaluated from the prompt;
    `generated`: decoded; `drafted` and `accepted`: guessed ahead, and confirmed; `rechecked`: verified rows that were
    too close to call, and so were evaluated again alone.
    """

    window: int = 0
    reused: int = 0
    prefilled: int = 0
    generated: int = 0
    drafted: int = 0
    accepted: int = 0
    rechecked: int = 0


@dataclass(frozen=True, slots=True)
class Timings:
    """Milliseconds spent on one answer."""

    total_ms: float = 0.0
    context_ms: float = 0.0
    queue_ms: float = 0.0
    prefill_ms: float = 0.0
    decode_ms: float = 0.0


@dataclass(frozen=True, slots=True)
class Generation:
    """Text the engine produced, before any filter.

    `logprobs` has one natural logarithm per generated token, `ends` the length that the text had after it. The
    repository's memory is answerable for `memory_share` of it, from 0 to 1, and `memory_path` for the most of that.
    """

    text: str
    tokens: tuple[int, ...]
    logprobs: tuple[float, ...]
    finish: Finish
    counts: TokenCounts
    timings: Timings
    ends: tuple[int, ...] = ()
    memory_share: float = 0.0
    memory_path: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """An answer to an editor: `text` replaces `span` of the document at `document_version`.

    Where `text` is empty, `quiet` says why: the model had nothing to say, was not sure, ran out of time, ... (see
    completion.postprocess.Quiet); one asked for by key is `unsure` where it would not be shown unasked. `number` is
    the answer's own, by which an editor tells what became of it. The repository's memory is answerable for
    `memory_share` of the text (0 to 1), the file `memory_path` for most of that.
    """

    text: str
    span: Span
    model: str
    finish: Finish
    source: AnswerSource
    timings: Timings
    tokens: TokenCounts
    document_version: int
    quiet: str = ""
    number: int = 0
    memory_path: str = ""
    memory_share: float = 0.0


# --------------------------------------------------------------------------------------------- code flow


@dataclass(frozen=True, slots=True)
class FlowRecord:
    """One decision of a repository's history, in words: before, action, after, rationale.

    `date` is ISO 8601 (the author's day); `kind` is fix, feature, refactor, docs, test, ...; `paths` and
    `symbols` are what it touched, most affected first. `action` says what was done to them; `before` and `after` are
    the heads of the most affected definition where they differ; `release` is the first tag that has it.
    """

    commit: str
    date: str
    kind: str
    subject: str
    rationale: str = ""
    paths: tuple[str, ...] = ()
    symbols: tuple[str, ...] = ()
    score: float = 0.0
    action: str = ""
    before: str = ""
    after: str = ""
    release: str = ""


@dataclass(frozen=True, slots=True)
class RecentEdit:
    """A run of changed lines, in the working tree against HEAD or in a buffer, as the code reads now.

    Lines `start` up to, not including, `end` (0-based) of `path` hold `text`, which took the place of `removed`
    lines; `symbols` are the definitions it lies in. Where lines were only removed, `start == end`. `at` is when it
    was made, 0.0 when unknown.
    """

    path: str
    start: int
    end: int
    text: str
    removed: int = 0
    symbols: tuple[str, ...] = ()
    at: float = 0.0
