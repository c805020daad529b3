"""Commits as text: mails as `git format-patch` writes them, and the messages that stand ahead of a diff."""

from __future__ import annotations

import email
import email.errors
import email.header
import email.policy
import re
from collections.abc import Sequence

_MAIL = re.compile(rb"^From [0-9a-f]{40,64} ", re.MULTILINE)
_ENCODED = re.compile(rb"^Content-Transfer-Encoding:\s*(quoted-printable|base64)\s*$", re.MULTILINE | re.IGNORECASE)
_COMMIT = re.compile(rb"^commit ([0-9a-f]{40,64})\b", re.MULTILINE)


def mails_of(text: bytes) -> list[bytes]:
    """The mails of a mailbox as `git format-patch` writes it, each with its body decoded; other input as it is."""
    starts = [found.start() for found in _MAIL.finditer(text)]
    parts = [text[a:b] for a, b in zip(starts, [*starts[1:], len(text)], strict=True)] if starts[:1] == [0] else [text]
    return [_decoded(part) for part in parts]


def _decoded(mail: bytes) -> bytes:
    head, gap, _ = mail.partition(b"\n\n")
    if not gap or not _ENCODED.search(head):
        return mail
    message = email.message_from_bytes(mail, policy=email.policy.compat32)
    payload = message.get_payload(decode=True)
    return head + gap + payload.replace(b"\r\n", b"\n") if isinstance(payload, bytes) else mail


def are_of_one_commit(text: bytes) -> bool:
    """Whether a text that holds a diff is not of several commits, by mails or as `git log --patch` writes them."""
    return len(_MAIL.findall(text)) < 2 and len({*_COMMIT.findall(text)}) < 2


def is_log(text: bytes) -> bool:
    """Whether a text holds commits as `git log` writes them, the newest first."""
    return _COMMIT.search(text) is not None


def message_of(lines: Sequence[str]) -> tuple[str, str]:
    """Subject and body of a mail (`git format-patch`) or of `git show`."""
    at = next((at for at, line in enumerate(lines) if line.startswith("Subject: ")), None)
    if at is not None:
        rest = list(lines[at:])
        end = next((index for index, line in enumerate(rest) if not line.strip()), len(rest))
        subject = " ".join(line.removeprefix("Subject: ").strip() for line in rest[:end] if line[:1] in ("S", " "))
        body = "\n".join(rest[end + 1 :]).split("\n---", 1)[0]
        return re.sub(r"^\[PATCH[^\]]*\]\s*", "", _unencoded(subject)), body.strip()
    indented = [line[4:] for line in lines if line.startswith("    ")]
    return (indented[0], "\n".join(indented[1:]).strip()) if indented else ("", "")


def _unencoded(subject: str) -> str:
    """A header's text, its encoded words (RFC 2047) decoded where they can be."""
    try:
        return str(email.header.make_header(email.header.decode_header(subject)))
    except (LookupError, UnicodeDecodeError, email.errors.HeaderParseError):
        return subject
