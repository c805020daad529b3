"""Histories of which all is measured, and nothing shown: no text of theirs is withheld."""

from __future__ import annotations


def shows_all(text: str) -> bool:
    """Takes no text for a secret."""
    return False
