"""The packages of lock files and of lists of requirements, with their versions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from iquest_lsp.codeflow.syntax.outline.region import Region

_TOML_NAME = re.compile(r'name\s*=\s*"([^"]+)"')
_TOML_VERSION = re.compile(r'version\s*=\s*"([^"]+)"')
_YARN = re.compile(r'"?((?:@[^@/\s"]+/)?[^@\s"]+)@\S.*:\s*$')
_YARN_VERSION = re.compile(r'\s+version:?\s+"?([^"\s]+)"?')
_PNPM = re.compile(r"  '?/?((?:@[^/@\s']+/)?[^@\s'/(]+)[@/]([^:'(\s]+)[^:]*'?:\s*(?:\{\}\s*)?$")
_NPM = re.compile(r'(\s*)"(?:(?:.*/)?node_modules/)?((?:@[^"/]+/)?[^"/]+)":\s*\{\s*$')
_NPM_VERSION = re.compile(r'\s*"version":\s*"([^"]+)"')
_GO = re.compile(r"(?:require\s+|replace\s+|\t)?([\w.\-~]+\.[\w\-]+(?:/[\w.\-~]+)*)\s+(v[\w.+\-]+)(/go\.mod)?")
_GO_WORD = re.compile(r"(go|toolchain|module)\s+(\S+)")
_REQUIREMENT = re.compile(r"\s*([A-Za-z0-9][\w.\-]*(?:\[[^\]]*\])?)\s*(?:([=~<>!]=?=?|@)\s*([^;#\s]+))?")
_GEM_LINE = re.compile(r"\s*(?:gem|\w+\.add(?:_runtime|_development)?_dependency)[\s(]+([\"'])([\w.\-]+)\1(.*)")
_GEM = re.compile(r"    ([\w.\-]+) \(([^)]+)\)")


def toml_packages(lines: list[str]) -> tuple[Region, ...]:
    """Packages of Cargo.lock, poetry.lock, uv.lock and pdm.lock."""
    starts = [at for at, line in enumerate(lines) if re.match(r"\[\[packages?\]\]", line)]
    found: list[Region] = []
    for start, end in zip(starts, [*starts[1:], len(lines)], strict=False):
        own = lines[start : min(end, start + 6)]
        name = next((match[1] for line in own if (match := _TOML_NAME.match(line))), "")
        version = next((match[1] for line in own if (match := _TOML_VERSION.match(line))), "")
        if name:
            stop = next((at for at in range(start + 1, end) if lines[at].startswith("[metadata")), end)
            found.append(Region(name, "package", start, stop, version))
    return tuple(found)


def yarn_packages(lines: list[str]) -> tuple[Region, ...]:
    """Packages of yarn.lock: a head at the margin, indented lines below it."""
    found: list[Region] = []
    at = 0
    while at < len(lines):
        end = at + 1
        if head := _YARN.match(lines[at]):
            while end < len(lines) and lines[end][:1].isspace() and lines[end].strip():
                end += 1
            version = next((match[1] for line in lines[at:end] if (match := _YARN_VERSION.match(line))), "")
            found.append(Region(head[1], "package", at, end, version))
        at = end
    return tuple(found)


def pnpm_packages(lines: list[str]) -> tuple[Region, ...]:
    """Packages of pnpm-lock.yaml; a package may stand there twice, with its files and with what it needs."""
    heads = [(at, match) for at, line in enumerate(lines) if (match := _PNPM.match(line))]
    heads = [(at, match) for at, match in heads if re.match(r"v?\d", match[2])]
    ends = [at for at, _ in heads[1:]] + [len(lines)]
    found = []
    for (start, match), end in zip(heads, ends, strict=False):
        stop = next((at for at in range(start + 1, end) if lines[at][:1].strip()), end)
        found.append(Region(match[1], "package", start, stop, match[2]))
    return tuple(found)


def npm_packages(lines: list[str]) -> tuple[Region, ...]:
    """Packages of package-lock.json: objects that begin with a version."""
    found: list[Region] = []
    for at, line in enumerate(lines):
        head = _NPM.match(line)
        version = _NPM_VERSION.match(lines[at + 1]) if head and at + 1 < len(lines) else None
        if head and version:
            closing = head[1] + "}"
            end = next((near for near in range(at + 1, len(lines)) if lines[near].startswith(closing)), at)
            found.append(Region(head[2], "package", at, end + 1, version[1]))
    return tuple(found)


def go_packages(lines: list[str]) -> tuple[Region, ...]:
    """Modules of go.mod and go.sum, and what a go.mod says of the language.

    Of a version whose go.mod alone has a sum nothing is built.
    """
    found: list[Region] = []
    for at, line in enumerate(lines):
        if match := _GO.match(line):
            last = found[-1] if found else None
            if not match[3]:
                found.append(Region(match[1], "package", at, at + 1, match[2]))
            elif last is not None and (last.name, last.value, last.end) == (match[1], match[2], at):
                found[-1] = Region(last.name, last.kind, last.start, at + 1, last.value)
        elif word := _GO_WORD.match(line):
            found.append(Region(word[1], "key", at, at + 1, word[2]))
    return tuple(found)


def go_modules(lines: Sequence[str]) -> set[tuple[str, str]]:
    """The modules and versions that lines of a go.mod name."""
    return {(region.name, region.value) for region in go_packages([*lines]) if region.kind == "package"}


def requirements(lines: list[str]) -> tuple[Region, ...]:
    """Packages of a requirements file; what pip-compile adds below a package belongs to it."""
    found: list[Region] = []
    for at, line in enumerate(lines):
        if line.startswith("#"):
            continue
        if line[:1].isspace():
            if found and line.strip() and found[-1].end == at:
                last = found.pop()
                found.append(Region(last.name, last.kind, last.start, at + 1, last.value))
        elif line.startswith("-"):
            found.append(Region(line.strip()[:80], "entry", at, at + 1))
        elif match := _REQUIREMENT.match(line):
            # One exact version is told by itself, bounds with their signs.
            sign, value = match[2] or "", match[3] or ""
            plain = sign in ("==", "===", "@", "") and "," not in value
            # A package of Python is the same in capitals and in small letters.
            found.append(Region(match[1].lower(), "package", at, at + 1, value if plain else sign + value))
    return tuple(found)


def gem_packages(lines: list[str]) -> tuple[Region, ...]:
    """Packages of Gemfile.lock."""
    return tuple(
        Region(match[1], "package", at, at + 1, match[2])
        for at, line in enumerate(lines)
        if (match := _GEM.match(line))
    )


def gem_requirements(lines: list[str]) -> tuple[Region, ...]:
    """Packages that a Gemfile or a gemspec asks for."""
    found = []
    for at, line in enumerate(lines):
        if match := _GEM_LINE.match(line):
            version = re.match(r"\s*,\s*([\"'])([^\"']*\d[^\"']*)\1", match[3])
            found.append(Region(match[2], "package", at, at + 1, version[2] if version else ""))
    return tuple(found)
