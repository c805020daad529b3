"""Whether a value that stands where a secret would reads like one: not a placeholder, a word for it, an expression."""

from __future__ import annotations

import math
import re
from collections import Counter

_PLACEHOLDER = re.compile(
    r"\$\{|\$\(|\{\{|%\(|<[a-z][\w .:-]*>|\.\.\.|\bexample\b|change[_-]?me|your[_-]|placeholder|dummy|redacted|x{4,}"
    r"|\*{3,}|0{8,}|1234567|abcdef|insert[_-]|todo|os\.environ|process\.env|getenv",
    re.IGNORECASE,
)
_COMMON = frozenset(
    {
        "pass",
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "string",
        "text",
        "null",
        "none",
        "true",
        "false",
        "hidden",
        "required",
        "optional",
        "invalid",
        "missing",
        "default",
        "unknown",
        "username",
        "user",
        "name",
        "value",
        "email",
        "login",
        "admin_password",
        "new_password",
        "old_password",
        "current_password",
        "confirm_password",
        "password1",
        "password2",
        "apikey",
        "api_key",
        "basic",
        "bearer",
        "negotiate",
        "digest",
        "credentials",
        "prompt",
        "file",
        "stdin",
        "env",
        "vault",
        "number",
        "undefined",
        "disabled",
        "enabled",
        "public",
        "changed",
    }
)


#: Names of buttons, labels and checks, whose value is a text for people: showPassword, confirm_password.
_LABEL = re.compile(
    r"(?:show|hide|forgot|forgotten|change|reset|confirm|enter|verify|validate|check|invalid|wrong|missing|repeat|retype"
    r"|your|has|is|no|without|lost|toggle|type|name|label|title|input|field|id|class|style)[_\-. ]?"
    r"(?:new|old|current|the|a)?[_\-. ]?(?:pass|pwd|secret)",
    re.IGNORECASE,
)
_VERSION = re.compile(r"[\^~<>=v]*\d+(?:\.\d+)+(?:[-+.]\w+)*")
#: A type, a call, a constant, an attribute, signs only, or one character again and again.
_EXPRESSION = re.compile(r"[\w.]+\(.*|[A-Z][A-Z0-9_]*|[a-z_]+(?:\.[a-z_]+)+|\W+|(.)\1*")
_TYPE = re.compile(r"(?:[A-Z][a-z]+){2,}|[A-Z]\w*(?:\.[A-Z]\w+)+|(?:Optional|String|Any|Str|Null)\w*")
_PIECES = re.compile(r"[\"']([^\"']*)[\"']")


def is_given(match: re.Match[str], *, is_literal: bool) -> bool:
    """Whether the value of a match is a secret; an unquoted value of what is no literal is an expression."""
    value = match.group(1)
    quoted = match.string[match.start(1) - 1 : match.start(1)] in tuple("\"'`")
    if value[:1] in ('"', "'") and (pieces := _PIECES.findall(value)):
        value, quoted = "".join(pieces), True
    bare = value.strip("\"'`")
    if not (is_literal or quoted) or len(bare) < 4 or _PLACEHOLDER.search(bare):
        return False
    if bare[0] in "$%<{[(*#-.&@:" or (bare[0] == "/" and not _is_encoded(bare)):
        return False
    lowered = bare.lower().strip("_-.:!?")
    if lowered in _COMMON or lowered.replace("-", "_").endswith(("_password", "_secret", "_token", "_key", "password")):
        return False
    if " " in bare and not _is_phrase(bare):
        return False
    if (
        _VERSION.fullmatch(bare)
        or (_EXPRESSION.fullmatch(bare) and not _is_scrambled(bare))
        or (not quoted and _TYPE.fullmatch(bare))
    ):
        return False
    return not _LABEL.search(match.string, match.start(), match.start(1))


def _is_phrase(text: str) -> bool:
    """Whether words are a pass phrase rather than a sentence for people: a seed phrase, or two or three small words."""
    words = text.split()
    if len(words) >= 12:
        return True
    return 2 <= len(words) <= 3 and all(word.isalnum() and word.islower() and word not in _COMMON for word in words)


def _is_scrambled(text: str) -> bool:
    """Whether what could be a constant's name has no words in it."""
    return len(text) >= 20 and "_" not in text and sum(char.isdigit() for char in text) >= 3 and is_random(text)


def _is_encoded(text: str) -> bool:
    """Whether what begins as a path does is random bytes in base64: one of 64 begins with a slash."""
    if not re.fullmatch(r"[A-Za-z0-9+/]{20,}={0,2}", text):
        return False
    mixed = all(any(test(char) for char in text) for test in (str.isupper, str.islower, str.isdigit))
    return mixed and entropy(text) >= 4.0


def looks_secret(value: str) -> bool:
    """Whether a value is mixed or random enough to be a secret."""
    if _PLACEHOLDER.search(value) or value.startswith(("$", "{", "%", "<", "./", "http:", "https:")):
        return False
    if value.startswith("/") and not _is_encoded(value):
        return False
    if any(char.isspace() for char in value):
        return False
    letters = any(char.isalpha() for char in value)
    others = any(not char.isalpha() and char not in "_-.:/" for char in value)
    bits = entropy(value)
    if value.isdigit():
        return len(value) >= 16 and bits >= 2.2
    return (letters and others and bits >= 2.5) or (len(value) >= 20 and bits >= 4.0)


def is_random(value: str) -> bool:
    """Whether a value is that long and that random that nobody made it up as an example."""
    return len(value) >= 14 and entropy(value) >= 3.2


def is_placeholder(value: str) -> bool:
    """Whether a value only says where one belongs."""
    return _PLACEHOLDER.search(value) is not None


def entropy(text: str) -> float:
    """Shannon entropy in bits a character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())
