"""Secrets, by a file's name and by its content.

Errs towards finding: a false alarm costs some context, a miss costs a key. The shapes of tokens (prefix, alphabet,
length) are those their issuers document. Its lines are mostly a table of shapes;
more of them are rows of secret_rules.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from iquest_lsp.workspace.secret_rules import GIVEN, SEVERAL_LINES, TOKENS

_NAMES = (
    ".env",
    ".env.*",
    "*.env",
    ".envrc",
    ".netrc",
    "_netrc",
    ".npmrc",
    ".pypirc",
    ".pgpass",
    "pgpass.conf",
    ".my.cnf",
    ".mylogin.cnf",
    ".htpasswd",
    ".git-credentials",
    ".dockercfg",
    ".dockerconfigjson",
    ".vault-token",
    ".vault_pass*",
    ".terraformrc",
    "credentials.tfrc.json",
    "*.tfvars",
    "*.tfvars.json",
    "*.tfstate",
    "*.tfstate.*",
    "*.pem",
    "*.key",
    "*.p8",
    "*.p12",
    "*.pfx",
    "*.jks",
    "*.jceks",
    "*.keystore",
    "*.ppk",
    "*.kdb",
    "*.kdbx",
    "*.keytab",
    "*.ovpn",
    "*.gpg",
    "*.pgp",
    "*.age",
    "id_rsa*",
    "id_dsa*",
    "id_ecdsa*",
    "id_ed25519*",
    "identity",
    "wallet.dat",
    "credentials",
    "credentials.*",
    "secret.*",
    "secrets.*",
    "*.secret",
    "*.secrets",
    "kubeconfig",
    "*.kubeconfig",
    "service-account*.json",
    "service_account*.json",
    "*-service-account.json",
    "gha-creds-*.json",
    "master.key",
    "htpasswd",
    "shadow",
    "client_secret*.json",
    ".s3cfg",
    ".boto",
    "*.mobileprovision",
    "auth.json",
    "token.json",
)
_FOLDERS = frozenset({".ssh", ".aws", ".gnupg", ".azure", ".kube", ".docker", ".gcloud"})
#: Source of a module that merely deals in secrets (secrets.py, credentials.ts) is code, and is judged by its content.
_CODE = (
    ".py",
    ".pyi",
    ".js",
    ".jsx",
    ".mjs",
    ".cjs",
    ".ts",
    ".tsx",
    ".java",
    ".go",
    ".rs",
    ".c",
    ".h",
    ".cc",
    ".cpp",
    ".hpp",
    ".cs",
    ".rb",
    ".php",
    ".kt",
    ".swift",
    ".scala",
    ".md",
    ".rst",
    ".html",
    ".css",
    ".vue",
    ".svelte",
)
_TEMPLATES = (".example", ".sample", ".template", ".dist", ".pub")


def secret_by_name(path: str) -> str:
    """Why a file is taken for a secret by its path (POSIX); "" when it is not."""
    *folders, name = path.lower().split("/")
    for folder in folders:
        if folder in _FOLDERS:
            return f"secret by name: lies in {folder}"
    if name.endswith(_TEMPLATES):
        return ""
    for pattern in _NAMES:
        if fnmatchcase(name, pattern) and not (pattern.endswith(".*") and name.endswith(_CODE)):
            return f"secret by name: {pattern}"
    return ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret in a text: offsets `start` up to, not including, `end`, and what kind it looks like.

    Where it `masks`, hiding the value is enough, and the rest of the file may be shown.
    """

    start: int
    end: int
    kind: str
    masks: bool = False


@dataclass(frozen=True, slots=True)
class _Rule:
    """A shape of secret: searched for only where one of `hints` occurs (in lower case); group 1 is the secret."""

    kind: str
    hints: tuple[str, ...]
    pattern: re.Pattern[str]


def _rule(kind: str, hints: Iterable[str], pattern: str, flags: int = 0) -> _Rule:
    return _Rule(kind, tuple(hints), re.compile(pattern, flags))


#: Secrets that go over several lines contain one of these.
_SPANNING = ("-----BEGIN ", "PuTTY-User-Key-File-")
#: A name whose value may stand in the next line.
_GOES_ON = re.compile(
    r"(?:pass\w{0,6}|pwd|secret|token|key|credentials?|auth)[\"']?[ \t]{0,5}[:=]"
    r"[ \t]{0,5}(?:\(|[>|]-?|\\)?[ \t]{0,5}\r?\n",
    re.IGNORECASE,
)
_RULES = (
    # An unterminated key runs to the end of the text.
    _rule(
        "private key",
        ["private key", "pgp message"],
        r"(-----BEGIN [A-Z0-9 ]*(?:PRIVATE KEY(?: BLOCK)?|PGP MESSAGE)-----(?:.*?-----END [A-Z0-9 ]*-----|.*))",
        re.DOTALL,
    ),
    _rule("PuTTY private key", ["putty-user-key-file"], r"(PuTTY-User-Key-File-\d.*)", re.DOTALL),
    _rule("age secret key", ["age-secret-key-"], r"(AGE-SECRET-KEY-1[0-9A-Z]{20,})", re.IGNORECASE),
    _rule(
        "AWS access key",
        ["akia", "asia", "abia", "acca"],
        r"(?<![A-Z0-9])((?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16})(?![A-Z0-9])",
    ),
    _rule(
        "GitHub token",
        ["ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"],
        r"\b((?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}))",
    ),
    _rule(
        "GitLab token",
        ["glpat-", "gldt-", "glrt-", "glptt-", "glsoat-", "glcbt-", "glft-"],
        r"\b(gl(?:pat|dt|rt|ptt|soat|cbt|ft)-[A-Za-z0-9_\-]{16,})",
    ),
    _rule("Slack token", ["xox", "xapp-"], r"\b((?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,})"),
    _rule("Slack webhook", ["hooks.slack.com"], r"(hooks\.slack\.com/(?:services|workflows)/[A-Za-z0-9/+_-]{20,})"),
    _rule("Discord webhook", ["/api/webhooks/"], r"(/api/webhooks/\d{10,}/[A-Za-z0-9_-]{20,})"),
    _rule(
        "Stripe key",
        ["sk_live_", "rk_live_", "sk_test_", "rk_test_", "whsec_"],
        r"\b((?:[sr]k_(?:live|test)|whsec)_[A-Za-z0-9]{16,})",
    ),
    _rule("Google API key", ["aiza"], r"\b(AIza[0-9A-Za-z_\-]{30,})"),
    _rule("Google OAuth secret", ["gocspx-", "ya29."], r"\b(GOCSPX-[A-Za-z0-9_-]{20,}|ya29\.[A-Za-z0-9_-]{20,})"),
    _rule(
        "model provider key",
        ["sk-", "hf_", "gsk_", "r8_", "pplx-", "xai-", "nvapi-"],
        r"(?<![A-Za-z0-9_-])((?:sk-(?:ant-|proj-|or-|svcacct-)?[A-Za-z0-9_-]{20,}|hf_[A-Za-z0-9]{20,}"
        r"|gsk_[A-Za-z0-9]{20,}|r8_[A-Za-z0-9]{20,}|pplx-[A-Za-z0-9]{20,}|xai-[A-Za-z0-9]{20,}|nvapi-[A-Za-z0-9_-]{20,}))",
    ),
    _rule("npm token", ["npm_"], r"\b(npm_[A-Za-z0-9]{30,})"),
    _rule("PyPI token", ["pypi-"], r"\b(pypi-[A-Za-z0-9_-]{40,})"),
    _rule("SendGrid key", ["sg."], r"\b(SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,})"),
    _rule("Mailgun key", ["key-"], r"\b(key-[0-9a-f]{32})\b"),
    _rule("Twilio key", ["sk", "ac"], r"\b((?:SK|AC)[0-9a-f]{32})\b"),
    _rule("DigitalOcean token", ["dop_v1_", "doo_v1_", "dor_v1_"], r"\b(do[opr]_v1_[0-9a-f]{40,})"),
    _rule("Shopify token", ["shpat_", "shpca_", "shppa_", "shpss_"], r"\b(shp(?:at|ca|pa|ss)_[0-9a-fA-F]{32})"),
    _rule("Square token", ["eaaa", "sq0"], r"\b(EAAA[A-Za-z0-9_-]{50,}|sq0[a-z]{3}-[A-Za-z0-9_-]{20,})"),
    _rule("Vault token", ["hvs.", "hvb.", "hvr."], r"\b(hv[sbr]\.[A-Za-z0-9_-]{20,})"),
    _rule("Databricks token", ["dapi"], r"\b(dapi[0-9a-f]{32})"),
    _rule("Linear key", ["lin_api_"], r"\b(lin_api_[A-Za-z0-9]{30,})"),
    _rule("Telegram token", [":aa"], r"\b(\d{8,10}:AA[A-Za-z0-9_-]{32,})"),
    _rule(
        "Azure storage key",
        ["accountkey=", "sharedaccesskey="],
        r"(?:AccountKey|SharedAccessKey)=([A-Za-z0-9+/]{30,}={0,2})",
        re.IGNORECASE,
    ),
    _rule("signed URL", ["sig=", "x-amz-signature="], r"[?&](?:sig|X-Amz-Signature)=([A-Za-z0-9%+/]{30,}={0,2})"),
    _rule("JSON web token", ["eyj"], r"\b(eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*)"),
    _rule(
        "authorization header",
        ["bearer ", "basic "],
        r"(?i:authorization|auth)[\"']?[ \t]*[:=,][ \t]*[\"']?(?i:bearer|basic|token)[ \t]+"
        r"([A-Za-z0-9+/_.=~-]{12,})",
    ),
)


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
    r"(?:[rbfu]?([\"'`])([^\"'`\r\n]{8,400})\1|([^\s\"'`,;(){}\[\]<>]{8,400}))",
    re.IGNORECASE,
)
#: Any quoted run that is long and random enough to be a key, whatever its name.
_LONG = re.compile(r"[\"'`]([A-Za-z0-9+/_-]{40,400}={0,2})[\"'`]")
_ENV_LINE = re.compile(
    r"^[ \t]*(?:export[ \t]+)?([A-Z][A-Z0-9_]{2,60})[ \t]*=[ \t]*[\"']?([^\s\"'#]{8,400})", re.MULTILINE
)
_PLACEHOLDER = re.compile(
    r"\$\{|\$\(|\{\{|%\(|<[a-z]|\.\.\.|\bexample\b|change[_-]?me|your[_-]|placeholder|dummy|redacted|x{4,}|\*{3,}|0{8,}"
    r"|1234567|abcdef|insert[_-]|todo|os\.environ|process\.env|getenv",
    re.IGNORECASE,
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
    lowered, is_config = _lower(text), _is_config(path)
    found: list[Finding] = []
    for rule in _RULES:
        if any(hint in lowered for hint in rule.hints):
            found += (Finding(*match.span(1), rule.kind) for match in rule.pattern.finditer(text))
    for row in (*TOKENS, *GIVEN):
        if any(hint in lowered for hint in row.hints):
            found += (
                Finding(*match.span(1), row.kind, row.masks)
                for match in row.pattern.finditer(text)
                if not row.checked or _is_given(match, is_config or row.kind not in _CONFIGURED)
            )
    if "://" in text:
        found += _addresses(text)
    found += _named(text, lowered, is_config)
    found += _long(text)
    if _is_env(path):
        found += _environment(text)
    return _merge(found)


class SecretFinder:
    """Finds the secrets of one text after another, looking only at the lines that changed in between."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._text = ""
        self._found: list[Finding] = []

    def find(self, text: str) -> list[Finding]:
        """The same as `find_secrets`."""
        old, self._text = self._text, text
        if any(mark in each for mark in _SPANNING for each in (old, text)) or any(map(_GOES_ON.search, (old, text))):
            self._found = find_secrets(text, self._path)
            return self._found
        # All other shapes lie within a line.
        start = text.rfind("\n", 0, _common(old, text)) + 1
        same = _common(old[start:][::-1], text[start:][::-1])
        end = text.find("\n", len(text) - same)
        end = len(text) if end < 0 else end
        shift = len(text) - len(old)
        inside = (
            replace(item, start=item.start + start, end=item.end + start)
            for item in find_secrets(text[start:end], self._path)
        )
        before = (item for item in self._found if item.end <= start)
        after = (
            replace(item, start=item.start + shift, end=item.end + shift)
            for item in self._found
            if item.start >= end - shift
        )
        self._found = [*before, *inside, *after]
        return self._found


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
        if not _PLACEHOLDER.search(match.group(1)) and not match.group(1).startswith(("$", "{", "%", "<")):
            yield Finding(*match.span(1), "password in an address")


def _named(text: str, lowered: str, is_config: bool) -> Iterator[Finding]:
    for stem in _STEMS:
        at = lowered.find(stem)
        while at >= 0:
            match = _GIVEN.match(text, at + len(stem))
            if match is not None:
                group = 2 if match.group(1) else 3
                # Unquoted in code is an expression, not a literal.
                if (group == 2 or is_config) and _looks_secret(match.group(group)):
                    yield Finding(*match.span(group), "value of a name that speaks of a secret")
            at = lowered.find(stem, at + 1)


def _lower(text: str) -> str:
    """Lower case with every character in its place; a few would become two."""
    lowered = text.lower()
    if len(lowered) == len(text):
        return lowered
    return "".join(small if len(small := char.lower()) == 1 else char for char in text)


#: Kinds that mean what they say in configuration only; in code an unquoted value is an expression.
_CONFIGURED = frozenset({"password of a settings file", SEVERAL_LINES})
_COMMON = frozenset(
    {
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


def _is_given(match: re.Match[str], is_literal: bool) -> bool:
    """Whether a value that its surroundings call a secret is one, and no placeholder, word for it or expression."""
    value = match.group(1)
    is_literal = is_literal or match.string[match.start(1) - 1] in "\"'`"
    bare = value.strip("\"'`")
    if not is_literal or len(bare) < 4 or _PLACEHOLDER.search(bare) or bare[0] in "$%<{[(*#/-.&@":
        return False
    lowered = bare.lower().strip("_-.:!?")
    if lowered in _COMMON or lowered.replace("-", "_").endswith(("_password", "_secret", "_token", "_key", "password")):
        return False
    if " " in bare and len(bare.split()) < 12:
        return False  # a sentence, not a seed phrase
    return not re.fullmatch(r"[\w.]+\(.*|[A-Z][A-Z0-9_]*|[a-z_]+(?:\.[a-z_]+)+|\W+|(.)\1*", bare)


def _looks_secret(value: str) -> bool:
    if _PLACEHOLDER.search(value) or value.startswith(("$", "{", "%", "<", "/", "./", "http:", "https:")):
        return False
    if any(char.isspace() for char in value):
        return False
    letters = any(char.isalpha() for char in value)
    others = any(not char.isalpha() and char not in "_-.:/" for char in value)
    entropy = _entropy(value)
    return (letters and others and entropy >= 2.5) or (len(value) >= 20 and entropy >= 4.0)


def _long(text: str) -> Iterator[Finding]:
    for match in _LONG.finditer(text):
        value = match.group(1)
        if re.fullmatch(r"[0-9a-fA-F]+", value) or value.startswith(("sha256-", "sha384-", "sha512-")):
            continue  # digests; those under a telling name are found by it
        classes = (any(c.isupper() for c in value), any(c.islower() for c in value), any(c.isdigit() for c in value))
        if all(classes) and _entropy(value) >= 4.3:
            yield Finding(*match.span(1), "high-entropy value")


def _environment(text: str) -> Iterator[Finding]:
    for match in _ENV_LINE.finditer(text):
        if _looks_secret(match.group(2)):
            yield Finding(*match.span(2), "value in an environment file")


def _is_config(path: str) -> bool:
    name = path.rpartition("/")[2].lower()
    dot = name.rfind(".")
    return (name[dot:] if dot >= 0 else "") in _CONFIG or _is_env(path)


def _is_env(path: str) -> bool:
    return ".env" in path.rpartition("/")[2].lower()


def _entropy(text: str) -> float:
    """Shannon entropy in bits a character."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())


def _common(a: str, b: str) -> int:
    """Length of the common prefix."""
    low, high = 0, min(len(a), len(b))
    if a[:high] == b[:high]:
        return high
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _merge(findings: list[Finding]) -> list[Finding]:
    merged: list[Finding] = []
    for finding in sorted(findings, key=lambda item: (item.start, -item.end)):
        if merged and finding.start < merged[-1].end:
            last = merged[-1]
            merged[-1] = Finding(last.start, max(last.end, finding.end), last.kind, last.masks and finding.masks)
        else:
            merged.append(finding)
    return merged
