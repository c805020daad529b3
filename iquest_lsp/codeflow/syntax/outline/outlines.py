"""The regions of any file, by its name."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import PurePosixPath

from iquest_lsp import grammars
from iquest_lsp.codeflow.syntax.outline import blocks, c_heads, documents, keys, packages, scripts, statements
from iquest_lsp.codeflow.syntax.outline.region import Region

MAX_BYTES = 8 * 1024 * 1024
Reader = Callable[[list[str], str], tuple[Region, ...]]


def _of_lines(reader: Callable[[list[str]], tuple[Region, ...]]) -> Reader:
    return lambda lines, _: reader(lines)


def _of_text(reader: Callable[[str], tuple[Region, ...]]) -> Reader:
    return lambda lines, _: reader("\n".join(lines))


def _with_keys(
    reader: Callable[[list[str]], tuple[Region, ...]], rest: Callable[[list[str]], tuple[Region, ...]]
) -> Reader:
    """Packages, and the keys of a lock file that lie in no package."""

    def read(lines: list[str], _: str) -> tuple[Region, ...]:
        found = reader(lines)
        taken = {at for item in found for at in range(item.start, item.end)}
        return (*found, *(item for item in rest(lines) if item.start not in taken))

    return read


def _json(lines: list[str]) -> tuple[Region, ...]:
    return keys.json_keys("\n".join(lines))


def _shell(lines: list[str], _: str) -> tuple[Region, ...]:
    return blocks.blocks(lines, "sh", "")


def _blocks(lines: list[str], name: str) -> tuple[Region, ...]:
    stem, _, suffix = name.rpartition(".")
    return blocks.blocks(lines, suffix.lower() if stem else "", stem.partition(".")[0] or name)


def _gems(lines: list[str], name: str) -> tuple[Region, ...]:
    """The packages of a Gemfile or a gemspec, and its blocks."""
    packages_ = packages.gem_requirements(lines)
    taken = {item.start for item in packages_}
    rest = blocks.blocks(lines, "rb", name.partition(".")[0] or name)
    return (*packages_, *(item for item in rest if item.kind not in ("command", "variable") or item.start not in taken))


def _component(lines: list[str], name: str) -> tuple[Region, ...]:
    """A component of Vue or Svelte: its elements, and what its script holds."""
    found = list(scripts.html_elements("\n".join(lines)))
    kept = [""] * len(lines)
    inside = False
    for at, line in enumerate(lines):
        if re.match(r"\s*<script\b", line):
            inside = True
        elif "</script>" in line:
            inside = False
        elif inside:
            kept[at] = line
    return (*found, *statements.statements("typescript", "\n".join(kept).encode(), name))


_NAMES: tuple[tuple[str, Reader], ...] = (
    (r"(cargo|poetry|uv|pdm)\.lock|pylock.*\.toml", _with_keys(packages.toml_packages, keys.toml_keys)),
    (r"yarn\.lock", _of_lines(packages.yarn_packages)),
    (r"pnpm-lock\.yaml", _with_keys(packages.pnpm_packages, keys.yaml_keys)),
    (r"(package-lock|npm-shrinkwrap)\.json", _with_keys(packages.npm_packages, _json)),
    (r"pom\.xml", _of_text(scripts.maven_elements)),
    (r"go\.(mod|sum|work)(\.sum)?", _of_lines(packages.go_packages)),
    (r"(?:[\w.]+\.)?gemfile\.lock", _of_lines(packages.gem_packages)),
    (r"(?:[\w.]+[-_.])?(requirements|constraints)[^/]*\.(txt|in)", _of_lines(packages.requirements)),
    (
        r"pipfile|\.flake8|\.coveragerc|\.pylintrc|\.editorconfig|\.npmrc|\.gitmodules|\.gitconfig",
        _of_lines(keys.ini_keys),
    ),
    (r"\.(clang-format|clang-tidy)|citation\.cff", _of_lines(keys.yaml_keys)),
    (r"\.(babel|eslint|prettier|nyc|swc|stylelint|jshint)rc", _of_text(keys.json_keys)),
    (r"(.*\.)?(dockerfile|containerfile)(\..*)?", _of_lines(scripts.docker_instructions)),
    (r"(gnu)?makefile(\..*)?", _of_lines(scripts.make_targets)),
    (r"cmakelists\.txt", _of_lines(scripts.cmake_commands)),
    (
        r"\.[\w-]*(ignore|attributes)|codeowners|authors|contributors|maintainers|manifest\.in|thanks|\.mailmap|.*\.dic",
        _of_lines(documents.entries),
    ),
    (
        r"(readme|license|copying|notice|install|changes|changelog|release-notes|news|history|todo|security)",
        documents.paragraphs,
    ),
    (r"gemfile|.*\.gemspec", _gems),
    (r"(jenkinsfile|vagrantfile|rakefile|justfile|brewfile|podfile)", _blocks),
    (r"(configure|bootstrap|autogen|\.?(bash|zsh)rc|\.?profile)", _shell),
)
_SUFFIXES: dict[str, Reader] = {
    **dict.fromkeys((".yaml", ".yml", ".cff"), _of_lines(keys.yaml_keys)),
    **dict.fromkeys((".json", ".jsonc", ".json5", ".webmanifest", ".ipynb"), _of_text(keys.json_keys)),
    **dict.fromkeys((".ini", ".cfg", ".conf", ".properties", ".env", ".cnf", ".desktop"), _of_lines(keys.ini_keys)),
    ".toml": _of_lines(keys.toml_keys),
    **dict.fromkeys((".md", ".markdown", ".mdx", ".qmd"), documents.markdown_sections),
    ".rst": documents.rst_sections,
    **dict.fromkeys((".adoc", ".asciidoc"), documents.asciidoc_sections),
    **dict.fromkeys((".1", ".2", ".3", ".5", ".7", ".8"), documents.manual_sections),
    ".txt": documents.paragraphs,
    **dict.fromkeys((".sh", ".bash", ".zsh", ".ksh", ".fish", ".bats"), _shell),
    **dict.fromkeys((".y", ".yy", ".l", ".ll"), _of_lines(c_heads.grammar_parts)),
    **dict.fromkeys((".cmake",), _of_lines(scripts.cmake_commands)),
    **dict.fromkeys((".mk", ".mak"), _of_lines(scripts.make_targets)),
    ".sql": _of_lines(scripts.sql_statements),
    **dict.fromkeys((".css", ".scss", ".less", ".sass"), _of_lines(scripts.css_rules)),
    **dict.fromkeys(
        (
            ".html",
            ".htm",
            ".xhtml",
            ".xml",
            ".svg",
            ".xaml",
            ".csproj",
            ".proj",
            ".props",
            ".targets",
            ".fsproj",
            ".vbproj",
            ".nuspec",
            ".config",
            ".vcxproj",
        ),
        _of_text(scripts.html_elements),
    ),
    **dict.fromkeys((".vue", ".svelte"), _component),
}
#: Languages without a grammar here, whose functions and classes are found by their heads and indentation.
_INDENTED = re.compile(
    r"\.(rb|php|cs|kts?|scala|swift|lua|pl|pm|tcl|exs?|dart|zig|nim|jl|groovy|gradle|proto|graphql|gql|tf|hcl|el|vim|ps1|r|"
    r"m4|ac|am|in|def|help|bzl|bazel|star|thrift|sol|cu|mm?|awk|pyx|pxd|snap|sbt|sc)$"
)


#: Folders of lists of requirements, each called after what it is for.
_REQUIRED = frozenset({"requirements", "constraints"})
#: The first line of a script for a shell.
_SCRIPT = re.compile(rb"#!\s*/\S*?(?:/env\s+(?:-S\s+)?)?(?:ba|z|da|k|a)?sh\b")


@lru_cache(maxsize=4096)
def _reader(path: str) -> Reader | None:
    name = PurePosixPath(path).name.lower()
    for pattern, reader in _NAMES:
        if re.fullmatch(pattern, name):
            return reader
    if PurePosixPath(path).parent.name.lower() in _REQUIRED and name.endswith((".txt", ".in")):
        return _of_lines(packages.requirements)
    # What a build fills in is written as what it becomes.
    if name.endswith(".in") and (filled := _SUFFIXES.get(PurePosixPath(name.removesuffix(".in")).suffix)):
        return filled
    indented = _blocks if _INDENTED.search(name) else None
    return _SUFFIXES.get(PurePosixPath(name).suffix, indented)


def has_outline(path: str) -> bool:
    """Whether the parts of such a file have names."""
    # A file without a suffix may be a script, as its first line tells.
    return bool(grammars.language_of(path)) or _reader(path) is not None or "." not in PurePosixPath(path).name


@lru_cache(maxsize=32)
def regions_of(path: str, source: bytes) -> tuple[Region, ...]:
    """The file's named parts, outer ones among them; none where it is too large or nothing reads it."""
    name = PurePosixPath(path).name
    if language := grammars.language_of(path):
        return statements.statements(language, source, name.partition(".")[0] or name)
    reader = _reader(path)
    if (reader is None or "." not in name) and _SCRIPT.match(source):
        reader = _shell
    if reader is None or len(source) > MAX_BYTES:
        return ()
    found = reader(source.decode("utf-8", "replace").removeprefix("\ufeff").split("\n"), name)
    return tuple(item for item in found if item.name.strip())
