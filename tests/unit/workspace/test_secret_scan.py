from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.workspace.secret_scan import Finding, SecretFinder, find_secrets, has_secret, redact, secret_by_name

from . import planted

HARMLESS = (
    '<assemblyIdentity name="System.Runtime" publicKeyToken="b03f5f7f11d50a3a" culture="neutral" />',
    'public_key = "MFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAK"',
    '<package id="Bcl" version="1.0" targetFramework="portable-net40+sl50+wp80+win+MonoAndroid10+MonoTouch10" />',
    'password = os.environ["DB_PASSWORD"]',
    "def check(password: str, token: str | None = None) -> bool:",
    'password = getpass.getpass("Password: ")',
    "token = tokens[index].strip()",
    'api_key = "your_api_key_here"',
    'SECRET_KEY = "${SECRET_KEY}"',
    "password: {{ vault_password }}",
    'key = "name"',
    'sha256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"',
    '"integrity": "sha512-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789AbCdEfGhIjKlMnOpQrSt=="',
    "https://example.com/path?query=1#fragment",
    "git@github.com:owner/repository.git",
    'sort_key = "last_modified_time"',
    'token_type = "identifier"',
    "skills = risk_assessment(ask_price)",
    'assert "a" * 64 == digest',
    "from cryptography.hazmat.primitives.serialization import load_pem_private_key",
)


@pytest.mark.parametrize("kind", planted.secrets())
def test_tokens_are_found_wherever_they_stand(kind: str) -> None:
    for seed in range(5):
        secret = planted.secrets(seed)[kind]
        for template in ("{}", 'x = "{}"', "# see {}\n", "call('{}', 1)", "- {}\n", "é漢 {} 😀"):
            text = template.format(secret)
            hidden = redact(text, find_secrets(text, "a.py"))
            assert secret not in hidden, template
            assert hidden.count("\n") == text.count("\n")


@pytest.mark.parametrize("kind", planted.lines())
def test_values_of_telling_names_are_found(kind: str) -> None:
    for seed in range(5):
        line, secret = planted.lines(seed)[kind]
        assert secret not in redact(line, find_secrets(line, "a.py")), line


@pytest.mark.parametrize("kind", planted.settings_lines())
@pytest.mark.parametrize("name", ["app.yaml", "app.ini", "app.properties", "run.sh", ".env.local", "Dockerfile"])
def test_configuration_needs_no_quotes(kind: str, name: str) -> None:
    line, secret = planted.settings_lines()[kind]
    assert secret not in redact(line, find_secrets(line, name))


@pytest.mark.parametrize("line", HARMLESS)
def test_ordinary_code_is_left_alone(line: str) -> None:
    assert find_secrets(line, "a.py") == []
    assert not has_secret(line)


@pytest.mark.parametrize(
    "path",
    [
        ".env",
        "deploy/.env.production",
        "prod.env",
        "certs/server.pem",
        "server.KEY",
        "id_rsa",
        "home/.ssh/config",
        "id_ed25519.bak",
        ".netrc",
        ".npmrc",
        "credentials.json",
        "config/secrets.yaml",
        "terraform.tfstate",
        "prod.tfvars",
        "keystore.jks",
        ".aws/config",
        "config/master.key",
        "my-service-account.json",
    ],
)
def test_names_of_secrets(path: str) -> None:
    assert secret_by_name(path)


@pytest.mark.parametrize(
    "path",
    ["a.py", ".env.example", "id_rsa.pub", "secrets.py", "credentials.ts", "environment.py", "monkey.py", "keys.go"],
)
def test_names_that_are_none(path: str) -> None:
    assert secret_by_name(path) == ""


@given(st.data())
@pytest.mark.slow
def test_the_finder_agrees_with_a_search_of_the_whole(data: st.DataObject) -> None:
    pieces = [*(line for line, _ in planted.lines().values()), *planted.secrets().values(), "x = 1", "", "é😀", "\n"]
    finder = SecretFinder("a.py")
    text = ""
    for _ in range(6):
        at = data.draw(st.integers(0, len(text)))
        end = data.draw(st.integers(at, min(at + 120, len(text))))
        piece = data.draw(st.sampled_from(pieces))
        piece = piece[: data.draw(st.integers(0, len(piece)))] + data.draw(st.sampled_from(["", "\n"]))
        text = text[:at] + piece + text[end:]
        assert finder.find(text) == find_secrets(text, "a.py")


def test_redacting_keeps_everything_else() -> None:
    text = "a\nSECRET\r\nTWO\nb"
    assert redact(text, [Finding(2, 13, "x")]) == "a\n***\r\n***\nb"
    assert redact(text, []) == text
