"""What a file is for, by its path alone."""

from __future__ import annotations

import re
from collections.abc import Container
from enum import StrEnum
from functools import lru_cache
from pathlib import PurePosixPath

from iquest_lsp import grammars


class Category(StrEnum):
    """The purpose of a file."""

    SOURCE = "source"
    TEST = "test"
    DOCS = "docs"
    CHANGELOG = "changelog"
    CI = "ci"
    BUILD = "build"
    LOCK = "lock"
    CONFIG = "config"
    GENERATED = "generated"
    OTHER = "other"


_CI = re.compile(
    r"^(\.github/(workflows|actions)/|\.gitlab-ci|\.circleci/|\.travis\.yml|appveyor|\.appveyor|azure-pipelines|"
    r"jenkinsfile|\.drone\.yml|\.ci/|ci/|\.?travis/|\.?jenkins/|\.buildkite/|bitbucket-pipelines|codecov\.yml|\.codecov\.yml|\.pre-commit|"
    r"\.cirrus\.yml|\.woodpecker)",
    re.IGNORECASE,
)
_CHANGELOG = re.compile(
    r"(^|/)(changelog|changes|(?:(?:version|change|revision|release)[-_ ]?)?history|news|release[-_ ]?notes|releases|"
    r"whatsnew)(\.(md|markdown|rst|rdoc|txt|adoc))?$|"
    r"(^|/)(changelog\.d|newsfragments|changes\.d|\.changeset|news|changelog|release[-_]?notes|whatsnew)/[^/]+"
    r"\.(md|rst|txt|bugfix|feature|misc|doc|removal)[^/]*$",
    re.IGNORECASE,
)
_TEST = re.compile(
    r"(^|/)src/[a-z]\w*Test/|(^|/)[\w.]+\.(?:Unit|Integration)?Tests?/[^/]|(^|/)(?:common|jvm|js|native|android|ios|macos|linux|apple|wasm|jdk|unit)\w*Test/|(^|/)(tests?(?:-d)?|testing(?!/[^/]+\.java$|/[\w/]+\.java$)|spec|specs|__tests__|e2e)/|(^|/)(test_[^/]*|conftest)\.py$|"
    r"(_test|_tests|_unittest|_spec|-test(?=\.(?:h|hpp|cc|cpp)$)|\.test|\.spec|\.test-d)\.[a-z0-9]+$|(^|/)[A-Za-z0-9]*(Test|Tests|IT)\.java$|"
    r"(^|/)(?:Unit|Integration)?Tests?/[^/]|(^|/)\w*[a-z0-9]Tests?\.(?:php|kt|cs|swift|scala)$|(^|/)tests?\.(py|rs|js|ts|c|cc|cpp)$"
)
_DOCS = re.compile(
    r"(^|/)(docs?|documentation|man)/|\.(md|markdown|rst|rdoc|adoc|asciidoc|textile|pod|mdx|1)$|\.[1-8]\.in$|"
    r"(^|/)(readme|contributing|authors|license|copying|code_of_conduct|security|faq|todo)(\.[\w-]+){0,2}$|"
    # In small letters alone it is a program.
    r"(^|/)(install(\.(md|txt|rst|adoc|html))+|(?-i:I(nstall|NSTALL))(\.[\w-]+){0,2})$",
    re.IGNORECASE,
)
#: A folder of documentation, whose code shows something; a package that is called so is code.
_DOC_FOLDER = re.compile(r"doc(?!s?/[^/]+\.(?:go|rs|java|c|cc|cpp)$)", re.IGNORECASE)
_LOCK = re.compile(
    r"(^|/)(package-lock\.json|yarn\.lock|pnpm-lock\.yaml|poetry\.lock|uv\.lock|pdm\.lock|pipfile\.lock|cargo\.lock|"
    r"go\.sum|(?:[\w.]+\.)?gemfile\.lock|composer\.lock|bun\.lockb?)$",
    re.IGNORECASE,
)
_BUILD = re.compile(
    r"(^|/)(setup\.(py|cfg)|pyproject\.toml|manifest\.in|makefile(\.(am|in))?|gnumakefile|cmakelists\.txt|[^/]*\.cmake|package\.json|"
    r"cargo\.toml|go\.mod|pom\.xml|build\.gradle(\.kts)?|settings\.gradle(\.kts)?|meson\.build|build\.rs|dockerfile[^/]*|"
    r"docker-compose[^/]*|(?:[\w.]+[-_.])?(?:requirements|constraints)[^/]*\.(txt|in)|pipfile|tox\.ini|noxfile\.py|configure(\.ac)?|"
    r"tsconfig[^/]*\.json|webpack[^/]*\.js|rollup[^/]*\.m?js|vite\.config\.\w+|bazel|build\.bazel|workspace|gemfile|rakefile|"
    r"environment\.ya?ml|composer\.json|project\.json|packages\.config|package\.swift|[^/]*\.(?:cs|fs|vb|vcx)proj|"
    r"[^/]*\.(?:sln|slnx|nuspec|gemspec|podspec|props|targets|proj|sbt)|build\.xml|build\.sc)$|(^|/)requirements/",
    re.IGNORECASE,
)
#: What a library of Ruby gives to those who test with it.
_FOR_TESTS = re.compile(r"^(?:(?!(?:tests?|specs?)/)[\w.-]+/)*lib/[\w/-]+/test(?:s|ing)?/[\w/]+\.rb$")
#: Files that build something wherever they lie, in a folder of tests too.
_PROJECT = re.compile(r"\.(?:cs|fs|vb|vcx)proj$|(?:^|/)pom\.xml$|(?:^|/)build\.gradle(?:\.kts)?$", re.IGNORECASE)
_GENERATED = re.compile(
    r"(\.min\.(js|css)|_pb2(_grpc)?\.py|\.pb\.(go|cc|h)|\.g\.dart|\.map)$|(^|/)(dist|vendor|"
    r"node_modules|third_party|generated)/",
    re.IGNORECASE,
)
_CONFIG = re.compile(
    r"\.(toml|ini|cfg|ya?ml|json|conf|properties|editorconfig|env)$|(^|/)\.[^/]+(rc|ignore|attributes)$", re.IGNORECASE
)
_CODE = frozenset(
    {
        "rb",
        "php",
        "cs",
        "kt",
        "kts",
        "scala",
        "swift",
        "m",
        "mm",
        "lua",
        "pl",
        "pm",
        "sh",
        "bash",
        "zsh",
        "fish",
        "r",
        "jl",
        "ex",
        "exs",
        "erl",
        "hs",
        "ml",
        "mli",
        "clj",
        "dart",
        "vue",
        "svelte",
        "sql",
        "ps1",
        "bat",
        "cmd",
        "psm1",
        "groovy",
        "f90",
        "f",
        "pas",
        "zig",
        "nim",
        "cu",
        "cl",
        "asm",
        "s",
        "v",
        "sv",
        "vhd",
        "html",
        "css",
        "scss",
        "less",
        "proto",
        "graphql",
        "tf",
        "el",
        "vim",
    }
)


@lru_cache(maxsize=20_000)
def category(path: str) -> Category:
    """The file's purpose; source code that is no test is SOURCE."""
    rules = (
        (_LOCK, Category.LOCK),
        (_CI, Category.CI),
        (_GENERATED, Category.GENERATED),
        (_CHANGELOG, Category.CHANGELOG),
        (_PROJECT, Category.BUILD),
        (_TEST, Category.TEST),
        (_BUILD, Category.BUILD),
        (_DOCS, Category.DOCS),
    )
    code = is_code(path)
    for rule, kind in rules:
        if not rule.search(path) or (kind is Category.DOCS and code and not _DOC_FOLDER.match(path)):
            continue
        if kind is not Category.TEST or not _FOR_TESTS.search(path):
            return kind
    if code:
        return Category.SOURCE
    return Category.CONFIG if _CONFIG.search(path) else Category.OTHER


def is_test(path: str) -> bool:
    """True for files of tests."""
    return category(path) is Category.TEST


def is_code(path: str) -> bool:
    """True when the suffix is a programming language's."""
    return bool(grammars.language_of(path)) or PurePosixPath(path).suffix.lower().lstrip(".") in _CODE


_TEST_WORDS = re.compile(r"^(test[s]?_|test(?=[A-Z]))|(_test[s]?|_spec|\.test|\.spec|Test[s]?|Spec|IT)$")


def stem(path: str) -> str:
    """The file's base name without suffix and test marks, in lower case: what a test and its subject share."""
    return _TEST_WORDS.sub(
        "",
        PurePosixPath(path).name.split(".")[0]
        if not _dotted_test(path)
        else PurePosixPath(path).name.rsplit(".", 2)[0],
    ).lower()


def is_test_of(test: str, path: str) -> bool:
    """Whether a test is by its name one of a file; without a test mark in its name, only within the file's package."""
    if stem(test) != stem(path) or _package(test) != _package(path):
        return False
    if test.endswith("_test.go") and PurePosixPath(test).parent != PurePosixPath(path).parent:
        return False  # a folder of Go holds one package and its tests
    if stem(path) in _GENERAL and _folder(test) != _folder(path):
        return False
    if stem(test) != PurePosixPath(test).name.split(".")[0].lower():
        return True
    package, mark, _ = test.rpartition("tests/")
    return not mark or (path.startswith(package) and path.removeprefix(package).startswith(("src/", "lib/")))


def has_own(test: str, path: str, tracked: Container[str]) -> bool:
    """Whether a test stands beside a file of its name, which is another one than the file at `path`."""
    file = PurePosixPath(test)
    beside = (
        file.with_name(f"{stem(test)}{suffix}").as_posix() for suffix in {file.suffix, PurePosixPath(path).suffix}
    )
    return any(other in tracked and other != path for other in beside)


#: Modules that stand for their folder.
_GENERAL = frozenset({"index", "mod", "main", "lib", "__init__"})


def _folder(path: str) -> str:
    """The folder of a file, that of tests inside it left out."""
    return re.sub(r"(?:^|/)(?:tests?|__tests__|specs?)$", "", PurePosixPath(path).parent.as_posix())


def _package(path: str) -> str:
    """The package of a repository with several that a path lies in; empty outside of all."""
    found = re.match(r"(?:packages|crates|libs|modules|apps)/[^/]+/", path)
    return found[0] if found else ""


def _dotted_test(path: str) -> bool:
    return bool(re.search(r"\.(test|spec)\.[a-z]+$", path))
