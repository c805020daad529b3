"""Secrets, by a file's name and by its content.

Errs towards finding: a false alarm costs some context, a miss costs a key. What they look like is data in
`secret_shapes`. A value that is random enough to be real, and every token with a shape of its own, keeps the whole file
out; what only its surroundings give away is masked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from iquest_lsp.common_ends import common_start
from iquest_lsp.workspace.secret_shapes.blocks import encoded_values, kubernetes_values
from iquest_lsp.workspace.secret_shapes.file_names import secret_by_name
from iquest_lsp.workspace.secret_shapes.reading import entropy, is_given, is_placeholder, is_random, looks_secret
from iquest_lsp.workspace.secret_shapes.rule import SecretRule
from iquest_lsp.workspace.secret_shapes.surroundings import GIVEN, SCHEME
from iquest_lsp.workspace.secret_shapes.tokens import TOKENS

__all__ = ["Finding", "SecretFinder", "find_secrets", "has_secret", "redact", "secret_by_name"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret in a text: offsets `start` up to, not including, `end`, and what kind it looks like.

    Where it `masks`, hiding the value is enough, and the rest of the file may be shown.
    """

    start: int
    end: int
    kind: str
    masks: bool = False


_ROWS = (*TOKENS, *GIVEN)
_IN_LINES, _SPANNING = (tuple(row for row in _ROWS if row.spans is spans) for spans in (False, True))
#: A password in an address: scheme://user:password@host. Group 1 is the password.
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s:/@\"'<>]{0,100}:([^\s/@\"'<>]{3,200})@")
#: Names that speak of a secret contain one of these.
_STEMS = (
    "passw",
    "passphrase",
    "pwd",
    "secret",
    "token",
    "credential",
    "apikey",
    "accesskey",
    "accountkey",
    "authkey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "_key",
    "-key",
    "_auth",
)
#: What follows the stem where such a name is given a literal. Groups: quote, quoted value, bare value.
_GIVEN = re.compile(
    r"[A-Za-z0-9_-]{0,30}[\"'\]]{0,2}[ \t]*(?::[ \t]*[A-Za-z_.\[\]| ]{1,40}=|[:=]=?>?|:=)[ \t]*"
    r"(?:[rbfu]?([\"'`])" + SCHEME + r"([^\"'`\r\n]{8,4000}?)[ \t]{0,3}\1|([^\s\"'`,;(){}\[\]<>]{8,4000}))",
    re.IGNORECASE,
)
#: Any quoted run that is long and random enough to be a key, whatever its name.
_LONG = re.compile(r"[\"'`]([A-Za-z0-9+/_-]{40,4000}={0,2})[\"'`]")
#: A part of a list of words in capitals and small letters, each with its version: net40+MonoAndroid10.
_NAME = re.compile(r"[A-Z]?[a-z]+(?:[A-Z][a-z]+)*\d{0,3}")
_ENV_LINE = re.compile(
    r"^[ \t]*(?:export[ \t]+)?([A-Z][A-Z0-9_]{2,60})[ \t]*=[ \t]*[\"']?([^\s\"'#]{8,4000})", re.MULTILINE
)
_CONFIG = (
    ".yaml",
    ".yml",
    ".ini",
    ".cfg",
    ".conf",
    ".toml",
    ".properties",
    ".json",
    ".xml",
    ".tf",
    ".hcl",
    ".env",
    ".sh",
    ".bash",
    ".zsh",
    ".ps1",
    ".bat",
    ".example",
    ".sample",
    ".template",
    ".dist",
    ".txt",
    "",
)


def find_secrets(text: str, path: str = "") -> list[Finding]:
    """All secrets in a text, by offset, overlaps merged; `path` tells configuration from code."""
    return _merge([*_in_lines(text, path), *_spanning(text, path)])


class SecretFinder:
    """Finds the secrets of one text after another, looking only at the lines that changed in between."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._text = ""
        self._found: list[Finding] = []

    def find(self, text: str) -> list[Finding]:
        """The same as `find_secrets`."""
        old, self._text = self._text, text
        start = text.rfind("\n", 0, common_start(old, text)) + 1
        same = common_start(old[start:][::-1], text[start:][::-1])
        end = text.find("\n", len(text) - same)
        end = len(text) if end < 0 else end
        shift = len(text) - len(old)
        inside = (
            replace(item, start=item.start + start, end=item.end + start)
            for item in _in_lines(text[start:end], self._path)
        )
        before = (item for item in self._found if item.end <= start)
        after = (
            replace(item, start=item.start + shift, end=item.end + shift)
            for item in self._found
            if item.start >= end - shift
        )
        self._found = [*before, *inside, *after]
        return _merge([*self._found, *_spanning(text, self._path)])


def _in_lines(text: str, path: str) -> list[Finding]:
    """Secrets that lie within a line."""
    lowered, is_config = _lower(text), _is_config(path)
    found = _of_rows(_IN_LINES, text, lowered, is_config=is_config)
    if "://" in text:
        found += _addresses(text)
    found += _named(text, lowered, is_config)
    found += _long(text)
    found += (Finding(start, end, "text in base64", True) for start, end in encoded_values(text))
    if _is_env(path):
        found += _environment(text)
    return found


def _spanning(text: str, path: str) -> list[Finding]:
    """Secrets that may go over several lines."""
    lowered = _lower(text)
    found = _of_rows(_SPANNING, text, lowered, is_config=_is_config(path))
    if any(word in lowered for word in ("stringdata", "opaque", "kubernetes.io/")) or (
        "secret" in lowered and "kind" in lowered
    ):
        found += (Finding(start, end, "value of a Kubernetes secret", True) for start, end in kubernetes_values(text))
    return found


def _of_rows(rows: Sequence[SecretRule], text: str, lowered: str, *, is_config: bool) -> list[Finding]:
    return [
        Finding(*match.span(1), row.kind, row.masks)
        for row in rows
        if any(hint in lowered for hint in row.hints)
        for match in row.pattern.finditer(text)
        if not row.checked or is_given(match, is_literal=is_config or not row.literal)
    ]


def has_secret(text: str) -> bool:
    """Whether a text, for instance a commit message, holds a secret."""
    return bool(find_secrets(text))


def redact(text: str, findings: Sequence[Finding]) -> str:
    """The text with each finding's characters replaced by asterisks; line ends and so line numbers stay."""
    parts, at = [], 0
    for finding in findings:
        parts.append(text[at : finding.start])
        parts.append(re.sub(r"[^\r\n]+", "***", text[finding.start : finding.end]))
        at = finding.end
    return "".join(parts) + text[at:]


def _addresses(text: str) -> Iterator[Finding]:
    for match in _ADDRESS.finditer(text):
        # A short one, or a word, is masked by its row of the table.
        value = match.group(1)
        if not is_placeholder(value) and not value.startswith(("$", "{", "%", "<")):
            yield Finding(*match.span(1), "password in an address", not (looks_secret(value) and is_random(value)))


def _named(text: str, lowered: str, is_config: bool) -> Iterator[Finding]:
    for stem in _STEMS:
        at = lowered.find(stem)
        while at >= 0:
            match = _GIVEN.match(text, at + len(stem))
            # A public key, and what names one, is there to be read.
            if match is not None and not lowered.endswith(("public", "publickey"), 0, at):
                group = 2 if match.group(1) else 3
                # Unquoted in code is an expression, not a literal.
                if (group == 2 or is_config) and looks_secret(match.group(group)):
                    masks = not is_random(match.group(group))
                    yield Finding(*match.span(group), "value of a name that speaks of a secret", masks)
            at = lowered.find(stem, at + 1)


def _lower(text: str) -> str:
    """Lower case with every character in its place; a few would become two."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(small if len(small := char.lower()) == 1 else char for char in text)


def _long(text: str) -> Iterator[Finding]:
    for match in _LONG.finditer(text):
        value = match.group(1)
        if re.fullmatch(r"[0-9a-fA-F]+", value) or value.startswith(("sha256-", "sha384-", "sha512-")):
            continue  # digests; those under a telling name are found by it
        if all(map(_NAME.fullmatch, re.split(r"[+/_-]", value.rstrip("=")))):
            continue
        classes = (any(c.isupper() for c in value), any(c.islower() for c in value), any(c.isdigit() for c in value))
        if all(classes) and entropy(value) >= 4.3 and not is_placeholder(value):
            yield Finding(*match.span(1), "high-entropy value")


def _environment(text: str) -> Iterator[Finding]:
    for match in _ENV_LINE.finditer(text):
        if looks_secret(match.group(2)):
            yield Finding(*match.span(2), "value in an environment file")


def _is_config(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    dot = name.rfind(".")
    return (name[dot:] if dot >= 0 else "") in _CONFIG or _is_env(path)


def _is_env(path: str) -> bool:
    return ".env" in path.rpartition("/")[2].lower()


def _merge(findings: list[Finding]) -> list[Finding]:
    merged: list[Finding] = []
    for finding in sorted(findings, key=lambda item: (item.start, -item.end)):
        if merged and finding.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = Finding(last.start, max(last.end, finding.end), last.kind, last.masks and finding.masks)
        else:
            merged.append(finding)
    return merged
