"""Where names come from: Go's own packages, and files of the repository that define a name (Python, scripts)."""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath

from iquest_lsp.codeflow.reading import Sources
from iquest_lsp.common_ends import common_head
from iquest_lsp.nextedit.change import Change
from iquest_lsp.nextedit.import_statements import is_same_module

_PYTHON = (".py", ".pyi")
#: Folders that hold packages and are no part of their names.
_ROOTS = ("src", "lib", "python")
_TYPES = ("interface", "type")
_TYPED = re.compile(r"import\s+type\b")
#: Packages of Go's own library that nothing else is usually called like.
_PATHS = (
    "archive/tar",
    "archive/zip",
    "bufio",
    "bytes",
    "cmp",
    "compress/gzip",
    "compress/zlib",
    "context",
    "crypto/aes",
    "crypto/cipher",
    "crypto/hmac",
    "crypto/md5",
    "crypto/rsa",
    "crypto/sha1",
    "crypto/sha256",
    "crypto/sha512",
    "crypto/subtle",
    "crypto/tls",
    "crypto/x509",
    "database/sql",
    "embed",
    "encoding/base64",
    "encoding/binary",
    "encoding/csv",
    "encoding/gob",
    "encoding/hex",
    "encoding/json",
    "encoding/pem",
    "encoding/xml",
    "errors",
    "expvar",
    "flag",
    "fmt",
    "hash/crc32",
    "hash/fnv",
    "io",
    "io/fs",
    "io/ioutil",
    "iter",
    "log",
    "log/slog",
    "maps",
    "math",
    "math/big",
    "math/bits",
    "mime",
    "mime/multipart",
    "net",
    "net/http",
    "net/http/httptest",
    "net/http/httputil",
    "net/mail",
    "net/netip",
    "net/smtp",
    "net/textproto",
    "net/url",
    "os",
    "os/exec",
    "os/signal",
    "path",
    "path/filepath",
    "reflect",
    "regexp",
    "runtime",
    "slices",
    "sort",
    "strconv",
    "strings",
    "sync",
    "sync/atomic",
    "syscall",
    "testing",
    "testing/fstest",
    "testing/iotest",
    "text/tabwriter",
    "time",
    "unicode",
    "unicode/utf16",
    "unicode/utf8",
    "unsafe",
)
#: Paths by the names that code calls them.
GO_PACKAGES = {path.rpartition("/")[2]: path for path in _PATHS}


def from_definer(change: Change, name: str, sources: Sources, example: str) -> str:
    """The statement that imports a name where one file alone defines it, written as the file's `example` is.

    Empty where no file or several define it, or where its path cannot be told.
    """
    is_python = change.path.endswith(_PYTHON)
    defines = re.compile(
        rf"(?:async\s+def|def|(class))\s+{name}\b|{name}\s*(?::[^=]+)?=[^=]"
        if is_python
        else rf"export\s+(?:abstract\s+|async\s+)?(function\*?|class|const|let|var|interface|type|enum)\s+{name}\b"
    )
    found = {
        path: match[1] or ""
        for path, _, text in sources.grep([name])
        if path != change.path and family(path) == family(change.path) and (match := defines.match(text))
    }
    if len(found) != 1 or not example:
        return ""
    (path, kind), *_ = found.items()
    if is_python:
        return _python(change.path, path, name, example)
    is_typed = bool(_TYPED.search(change.after.text))
    return _script(change.path, path, name, kind, example, is_typed=is_typed)


def family(path: str) -> str:
    """The suffix that stands for a language's others too."""
    suffix = PurePosixPath(path).suffix
    return "py" if suffix in _PYTHON else "js" if suffix.lstrip(".")[:1] in ("j", "t", "m") else suffix


def leads_here(module: str, path: str, here: str) -> bool:
    """Whether a module as a file at `path` names it is the file `here` itself."""
    file = PurePosixPath(here)
    if module.startswith(("./", "../")):
        target = os.path.normpath(PurePosixPath(path).parent / module)
        return target in (here, str(file.with_suffix("")))
    parts = [part for part in re.split(r"[./:]+", module) if part]
    own = file.parent.parts if file.stem in ("__init__", "index") else (*file.parent.parts, file.stem)
    return bool(parts) and [*own[-len(parts) :]] == parts


def as_written_in(here: str, statement: str, path: str) -> str:
    """How a file would write the statement that another one imports something with; empty where that cannot be told.

    What is named from where the other one lies is named from where this one does.
    """
    home = PurePosixPath(here).parent
    if home == PurePosixPath(path).parent:
        return statement
    if script := re.search(r"(?:from\s+|require\()(['\"])(\.[^'\"]*)\1", statement):
        where = os.path.relpath(PurePosixPath(path).parent / script[2], home)
        return (
            statement[: script.start(2)]
            + (where if where.startswith(".") else f"./{where}")
            + statement[script.end(2) :]
        )
    if python := re.match(r"from\s+(\.+)(\S*)\s", statement):
        parents = PurePosixPath(path).parent.parts
        target = [*parents[: len(parents) - len(python[1]) + 1], *filter(None, python[2].split("."))]
        same = common_head(target, home.parts)
        where = "." * (len(home.parts) - same + 1) + ".".join(target[same:])
        # A relative name leads through packages only, not from one folder at the top to another.
        return f"from {where} {statement[python.end() :]}" if same else ""
    return statement


def _python(here: str, path: str, name: str, example: str) -> str:
    module = PurePosixPath(path).with_suffix("")
    module = module.parent if module.name == "__init__" else module
    if module.parent == PurePosixPath(here).parent and re.match(r"from\s+\.", example):
        return f"from .{module.name} import {name}"
    parts = module.parts[1:] if module.parts and module.parts[0] in _ROOTS else module.parts
    # Whether the package is named in full, and so where it begins, its other imports show.
    return f"from {'.'.join(parts)} import {name}" if re.match(rf"(?:from|import)\s+{parts[0]}\b", example) else ""


def _script(here: str, path: str, name: str, kind: str, example: str, *, is_typed: bool) -> str:
    if not re.search(r"from\s+['\"]\.", example):
        return ""
    told = re.search(r"(['\"])(\.[^'\"]*)\1(;?)", example)
    if told is None:
        return ""
    quote, sample, end = told.groups()
    file = PurePosixPath(os.path.relpath(path, PurePosixPath(here).parent or "."))
    suffix = re.search(r"\.[cm]?[jt]sx?$", sample)
    stem = file.with_suffix("")
    stem = stem.parent if stem.name == "index" and suffix is None else stem
    where = str(stem) if str(stem).startswith(".") else f"./{stem}"
    word = "import type" if kind in _TYPES and is_typed else "import"
    braced = f"{{{name}}}" if re.search(r"\{\S", example) else f"{{ {name} }}"
    return f"{word} {braced} from {quote}{where}{suffix[0] if suffix else ''}{quote}{end}"


def in_braces(whole: str, statement: str, name: str) -> tuple[int, str] | None:
    """Scripts: where in a statement a name goes that another one would import from the same module, and its text.

    None where they import from different modules, or types and values, or nothing by name.
    """
    froms = [re.search(r"(from\s+|require\()['\"]([^'\"]+)['\"]", text) for text in (whole, statement)]
    if not froms[0] or not froms[1] or froms[0][1] != froms[1][1] or "{" not in whole or "{" not in statement:
        return None
    if not is_same_module(froms[0][2], froms[1][2]):
        return None
    if _TYPED.match(whole) and not _TYPED.match(statement):
        return None
    start, end = whole.index("{") + 1, whole.rindex("}")
    names = [(found.start() + start, found[0]) for found in re.finditer(r"[^\s,][^,\n]*", whole[start:end])]
    if not names:
        return None
    words = [text.lower() for _, text in names]
    ordered = words == sorted(words)
    behind = next((at for at, text in names if ordered and text.lower() > name.lower()), -1)
    if "\n" in whole[start:end]:
        at = whole.rindex("\n", 0, behind if behind >= 0 else end) + 1
        indent = re.match(r"[ \t]*", whole[whole.rindex("\n", 0, names[0][0]) + 1 :])
        last = whole[:at].rstrip()
        return (at, f"{indent[0] if indent else ''}{name},\n") if last.endswith((",", "{")) else None
    if behind >= 0:
        return behind, f"{name}, "
    last_at, last_text = names[-1]
    return last_at + len(last_text.rstrip()), f", {name}"
