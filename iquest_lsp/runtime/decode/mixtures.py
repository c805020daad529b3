"""What was seen before an answer, in the prompt and in other files: mixed into its distributions, and drafted from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from iquest_lsp.runtime.decode.copy_mixture import Copies, CopyMixture, CopyShares
from iquest_lsp.runtime.decode.drafting import Lookup
from iquest_lsp.runtime.memory.mixture import MemoryMixture
from iquest_lsp.runtime.memory.remembered import SAME_PLACE, Remembered
from iquest_lsp.runtime.memory.shares import DRAFTED_FROM
from iquest_lsp.runtime.memory.store import LONGEST
from iquest_lsp.runtime.memory.written import Written

if TYPE_CHECKING:
    from iquest_lsp.runtime.decode.answer import Request
    from iquest_lsp.runtime.decode.healing import Pieces
    from iquest_lsp.runtime.memory.disk import Memory
    from iquest_lsp.runtime.memory.opened import OpenMemories
    from iquest_lsp.runtime.memory.shares import MemoryShares


class Mixture(Protocol):
    """What changes the distributions of an answer by what was seen before."""

    def add(self, token: int) -> None:
        """Notes the text's next token."""

    def fork(self) -> Self:
        """For a text that may not come."""

    def weigh(
        self, logits: NDArray[np.float32], allowed: Sequence[int] | None = None, spelled: int = 0
    ) -> NDArray[np.float32]:
        """Logits of the changed distribution; see CopyMixture and MemoryMixture."""


@dataclass(frozen=True, slots=True)
class SeenText:
    """For one answer: `mixture` changes the distributions; from `memory`, which may be the same, and from `lookup`,
    that of the last answer in this sequence, is drafted."""

    mixture: Mixture | None = None
    memory: MemoryMixture | None = None
    lookup: Lookup = field(default_factory=Lookup)

    @property
    def told(self) -> list[Mixture]:
        """Who is told every token, each once."""
        return [*{id(one): one for one in (self.mixture, self.memory) if one is not None}.values()]


class Mixtures:
    """Makes the mixtures of a model; `shares` (see CopyMixture) serve models without `memory_shares`, `memories` opens
    what prompts name."""

    def __init__(
        self,
        pieces: Pieces,
        shares: CopyShares | None = None,
        memory_shares: MemoryShares | None = None,
        memories: OpenMemories | None = None,
    ) -> None:
        self._pieces = pieces
        self.shares = shares
        self.memory_shares = memory_shares
        self._memories = memories

    def opened(self, files: Sequence[str]) -> list[Memory]:
        """The memories in files that prompts name, as far as they are open."""
        return self._memories.of(files) if self._memories is not None else []

    def of(self, request: Request) -> tuple[Mixture | None, MemoryMixture | None]:
        """What changes the distributions of an answer, and the memory that is drafted from."""
        prompt, shares = request.prompt, self.memory_shares
        weighs = request.limits.copying
        files = self.opened(prompt.memory)
        before = prompt.tokens[-SAME_PLACE:]
        if shares is not None and weighs:
            source = Remembered(files, prompt.path, shares, before=before) if files else None
            memory = MemoryMixture(Written(prompt.tokens), shares, source)
            return memory, memory if source is not None else None
        copying = (
            CopyMixture(Copies(prompt.tokens, self._pieces.sizes), self.shares) if self.shares and weighs else None
        )
        if not files or not request.limits.draft:
            return copying, None
        drafted = Remembered(files, prompt.path, DRAFTED_FROM, before=before)
        return copying, MemoryMixture(Written(prompt.tokens[-LONGEST:]), None, drafted)
