"""Which notifications beyond the protocol a client knows; no other client is sent any.

A client says so in its capabilities, `experimental.iquest` with `status`, `didChangeStatus` or `answers`; one whose
user can only set options names the methods in the initialization option `notifications`. Copilot's clients are known
by the option that introduces them, `editorInfo` or `editorPluginInfo`; they know `didChangeStatus`.
"""

from __future__ import annotations

from typing import Any

from iquest_lsp.server import convert

STATUS, CHANGE_STATUS, ANSWERED = "iquest/status", "didChangeStatus", "iquest/answered"
_CAPABILITIES = {"status": STATUS, "didChangeStatus": CHANGE_STATUS, "answers": ANSWERED}
_INTRODUCTIONS = ("editorInfo", "editorPluginInfo")
#: Initialization options that are no settings.
NO_SETTINGS = frozenset({"notifications", *_INTRODUCTIONS})


def known_notifications(experimental: Any, options: Any) -> frozenset[str]:
    """The methods that a client knows, by its experimental capabilities and its initialization options."""
    announced, given = convert.announced(experimental), convert.plain(options)
    known = {method for name, method in _CAPABILITIES.items() if announced.get(name) is True}
    named = given.get("notifications")
    known |= {method for method in _CAPABILITIES.values() if isinstance(named, list) and method in named}
    if any(isinstance(given.get(name), dict) for name in _INTRODUCTIONS):
        known.add(CHANGE_STATUS)
    return frozenset(known)
