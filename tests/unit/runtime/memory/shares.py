"""Shares by which every order and every feature counts alike."""

from __future__ import annotations

from iquest_lsp.runtime.memory.shares import FEATURES, MemoryShares
from iquest_lsp.runtime.memory.store import ORDERS

EVEN = MemoryShares(((0.0,) * FEATURES,) * (len(ORDERS) + 1), ((0.0,) * FEATURES,) * (len(ORDERS) + 1))
