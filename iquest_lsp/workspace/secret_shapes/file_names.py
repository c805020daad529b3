"""Files that are secret by their name or their folder."""

from __future__ import annotations

from fnmatch import fnmatchcase

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
    """Why a file is taken for a secret by its path (POSIX), in words after "secret by name:"; "" when it is not."""
    *folders, name = path.lower().split("/")
    for folder in folders:
        if folder in _FOLDERS:
            return f"lies in {folder}"
    if name.endswith(_TEMPLATES):
        return ""
    for pattern in _NAMES:
        if fnmatchcase(name, pattern) and not (pattern.endswith(".*") and name.endswith(_CODE)):
            return pattern
    return ""
