"""Secrets of every kind, put together at run time so that no file of the project holds one."""

from __future__ import annotations

import base64
import json
import random
import string

_ALNUM = string.ascii_letters + string.digits
_HEX = "0123456789abcdef"


def secrets(seed: int = 0) -> dict[str, str]:
    """A secret value by kind; all random."""
    rng = random.Random(seed)

    def some(alphabet: str, count: int) -> str:
        # Every class of characters occurs, as in real keys of this length.
        text = "".join(rng.choices(alphabet, k=count))
        return text if alphabet is not _ALNUM or count < 12 else text[: count - 3] + "q7Z"

    def segment(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    body = "\n".join(some(_ALNUM + "+/", 64) for _ in range(6))
    upper = string.ascii_uppercase + string.digits
    return {
        "rsa": f"-----BEGIN RSA {'PRIVATE'} KEY-----\n{body}\n-----END RSA {'PRIVATE'} KEY-----",
        "openssh": f"-----BEGIN OPENSSH {'PRIVATE'} KEY-----\n{body}\n-----END OPENSSH {'PRIVATE'} KEY-----",
        "unterminated": f"-----BEGIN {'PRIVATE'} KEY-----\n{body}",
        "pgp": f"-----BEGIN PGP {'PRIVATE'} KEY BLOCK-----\n{body}\n-----END PGP {'PRIVATE'} KEY BLOCK-----",
        "putty": f"{'PuTTY'}-User-Key-File-3: ssh-rsa\nPrivate-Lines: 6\n{body}",
        "age": "AGE-SECRET-" + "KEY-1" + some(upper, 58),
        "aws": "AK" + "IA" + some(upper, 16),
        "aws temporary": "AS" + "IA" + some(upper, 16),
        "github": "gh" + "p_" + some(_ALNUM, 36),
        "github fine": "github" + "_pat_" + some(_ALNUM, 40),
        "gitlab": "gl" + "pat-" + some(_ALNUM, 20),
        "slack": "xo" + "xb-" + some(string.digits, 12) + "-" + some(_ALNUM, 24),
        "slack hook": "hooks.slack" + f".com/services/T0{some(upper, 8)}/B0{some(upper, 8)}/{some(_ALNUM, 24)}",
        "stripe": "sk_" + "live_" + some(_ALNUM, 24),
        "google": "AI" + "za" + some(_ALNUM, 35),
        "google oauth": "GOC" + "SPX-" + some(_ALNUM, 28),
        "openai": "s" + "k-proj-" + some(_ALNUM, 48),
        "anthropic": "s" + "k-ant-" + some(_ALNUM, 60),
        "huggingface": "h" + "f_" + some(_ALNUM, 34),
        "npm": "np" + "m_" + some(_ALNUM, 36),
        "pypi": "py" + "pi-AgEI" + some(_ALNUM, 80),
        "sendgrid": "S" + "G." + some(_ALNUM, 22) + "." + some(_ALNUM, 43),
        "twilio": "S" + "K" + some(_HEX, 32),
        "mailgun": "ke" + "y-" + some(_HEX, 32),
        "digitalocean": "dop" + "_v1_" + some(_HEX, 64),
        "shopify": "shp" + "at_" + some(_HEX, 32),
        "vault": "hv" + "s." + some(_ALNUM, 24),
        "telegram": some("123456789", 9) + ":A" + "A" + some(_ALNUM, 33),
        "jwt": ".".join((segment({"alg": "HS256", "typ": "JWT"}), segment({"sub": "1234"}), some(_ALNUM, 43))),
    }


def lines(seed: int = 0) -> dict[str, tuple[str, str]]:
    """A line of code or configuration that gives a secret away without a telling prefix, and the secret in it."""
    rng = random.Random(seed + 1)

    def some(alphabet: str, count: int) -> str:
        return "".join(rng.choices(alphabet, k=count - 4)) + "k9Wz"

    password, key, mixed = some(_ALNUM, 14), some(_ALNUM, 32), some(_ALNUM, 44)
    return {
        "python": (f'DB_PASSWORD = "{password}"', password),
        "python typed": (f'api_key: str = "{key}"', key),
        "dictionary": (f'config = {{"client_secret": "{key}"}}', key),
        "index": (f'settings["SECRET_KEY"] = "{key}"', key),
        "keyword": (f"connect(user='me', passwd='{password}')", password),
        "javascript": (f"const authToken = '{key}';", key),
        "go": (f'accessKey := "{key}"', key),
        "ruby": (f'secret_token => "{key}"', key),
        "java": (f'private static final String API_KEY = "{key}";', key),
        "address": (f"postgres://admin:{password}@db.internal:5432/app", password),
        "header": (f'headers = {{"Authorization": "Bearer {key}"}}', key),
        "azure": (f"DefaultEndpointsProtocol=https;AccountName=a;Account{'Key'}={mixed}==", mixed),
        "any name": (f'blob = "{mixed}"', mixed),
    }


def settings_lines(seed: int = 0) -> dict[str, tuple[str, str]]:
    """The same without quotes, as configuration files have it."""
    rng = random.Random(seed + 2)
    password = "".join(rng.choices(_ALNUM, k=12)) + "x4T"
    return {
        "yaml": (f"  password: {password}", password),
        "ini": (f"aws_secret_access_key = {password}{password}{password}", password),
        "properties": (f"spring.datasource.password={password}", password),
        "shell": (f"export GITHUB_TOKEN={password}", password),
    }
