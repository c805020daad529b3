"""What models whose files do not say it are known for: how far they lean on the memory, and how sure they must be.

Of some the package knows it; the rest was learned here (see decode/share_learner.py).
"""

from __future__ import annotations

import functools
import json
import time
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from iquest_lsp.runtime.base.newest_entries import NewestEntries, made_at
from iquest_lsp.runtime.memory.shares import MemoryShares

#: A model for which the memory did not pay is tried again after so many seconds, on what the repository is then.
VALID_S = 30 * 86400.0
_PACKAGED = "known_models.json"
#: Form of what is kept, and of the mixture that it was fitted for.
_FORM = "1"


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a model: its shares, None where the memory does not pay for it, and the probability that what
    is shown should have (see completion/confidence.py), None where that is not known."""

    shares: MemoryShares | None
    confidence: float | None = None


def shares_file() -> Path:
    """Where the user's are kept."""
    return user_cache_path("iquest-lsp") / "shares.json"


def known(fingerprint: str, path: Path) -> Known | None:
    """What is known of the model with that fingerprint (see gguf_header), None for nothing."""
    packaged = _packaged().get(fingerprint)
    if packaged is not None:
        return Known(MemoryShares.parse(json.dumps(packaged["shares"])), packaged.get("confidence"))
    entry = NewestEntries(path).get(f"{fingerprint} {_FORM}")
    if entry is None:
        return None
    shares = MemoryShares.parse(str(entry.get("shares", "")))
    return Known(shares) if shares is not None or 0 <= time.time() - made_at(entry) < VALID_S else None


def keep(fingerprint: str, path: Path, shares: MemoryShares | None) -> None:
    """Remembers what was learned; where that cannot be written it is learned again at the next start."""
    entry = {"shares": str(shares) if shares is not None else ""}
    NewestEntries(path).put(f"{fingerprint} {_FORM}", entry)


@functools.cache
def _packaged() -> dict[str, Any]:
    """By fingerprint; each with the model's name, shares and threshold, and what they were fitted to."""
    text = resources.files(__package__).joinpath(_PACKAGED).read_text("utf-8")
    return {entry["fingerprint"]: entry for entry in json.loads(text)}
