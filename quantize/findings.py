"""What a check of a model file found, and which header keys would put it right."""

from __future__ import annotations

from dataclasses import dataclass, field

from quantize.gguf_edit import Entry


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: `state` is ok, wrong, or unknown; `changes` are header keys that would put it right."""

    name: str
    state: str
    detail: str
    changes: dict[str, Entry | None] = field(default_factory=dict)

    @property
    def repairable(self) -> bool:
        """Whether the header alone can put it right."""
        return bool(self.changes)
