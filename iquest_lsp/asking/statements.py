"""A model's prose, statement by statement: thinking apart, and nothing that cites or names what does not exist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

#: A statement of at least so many words is said once; after so many that were said before the model is stuck.
LEAST_WORDS, MOST_REPEATS = 4, 3
THINK, THINK_END = "<think>", "</think>"


class ThinkingSplitter:
    """Parts the stream of a Thinking model: what stands between <think> and </think> is ("thinking", text).

    With `opened` the prompt has begun the thinking already.
    """

    def __init__(self, *, opened: bool = False) -> None:
        self._thinking = opened
        self._fresh = False
        self._held = ""

    def push(self, text: str) -> Iterator[tuple[str, str]]:
        """The pieces that are certain by now."""
        self._held += text
        while True:
            if self._fresh:  # the blank lines between the thinking and the answer belong to neither
                self._held = self._held.lstrip("\n")
                self._fresh = not self._held
            tag = THINK_END if self._thinking else THINK
            at = self._held.find(tag)
            if at < 0:
                break
            yield from self._piece(self._held[:at])
            self._held = self._held[at + len(tag) :]
            self._fresh = self._thinking
            self._thinking = not self._thinking
        keep = _overlap(self._held, THINK_END if self._thinking else THINK)
        said, self._held = self._held[: len(self._held) - keep], self._held[len(self._held) - keep :]
        yield from self._piece(said)

    def end(self) -> Iterator[tuple[str, str]]:
        """What was held back in case it were the beginning of a tag."""
        held, self._held = self._held, ""
        yield from self._piece(held)

    def _piece(self, text: str) -> Iterator[tuple[str, str]]:
        if text:
            yield ("thinking" if self._thinking else "text"), text


def _overlap(text: str, tag: str) -> int:
    """Length of the longest end of the text that is a beginning of the tag."""
    return next((size for size in range(min(len(tag) - 1, len(text)), 0, -1) if text.endswith(tag[:size])), 0)


# ----------------------------------------------------------------------------------------------- citations

_COMMIT = re.compile(r"(?<![\w./-])(?=[0-9a-f]*\d)(?=\d*[a-f])([0-9a-f]{7,40})(?![\w-])")
_FILE = re.compile(
    r"(?<![\w.+/@:\\-])(?P<path>(?:\.{0,2}/)?(?:(?:[\w.+@-]++|\([\w.-]+\)|\[[\w.-]+\])/)*[\w+@-][\w.+@-]*\.(?P<ext>[A-Za-z][A-Za-z0-9]{0,9}))"
    r"(?::(?P<line>\d{1,18}))?(?![\w/(])"
)
#: Ends of names that are files wherever they are named; those of the workspace's own files come along.
_EXTENSIONS = frozenset(
    {
        *("py", "pyi", "pyx", "js", "jsx", "mjs", "cjs", "ts", "tsx", "java", "kt", "go", "rs", "c", "h", "cc", "cpp"),
        *("hpp", "cxx", "hh", "cs", "rb", "php", "swift", "scala", "lua", "sh", "bash", "zsh", "sql", "html", "css"),
        *("scss", "md", "rst", "txt", "toml", "yaml", "yml", "json", "ini", "cfg", "lock", "xml", "proto", "gradle"),
        *("cmake", "mk", "ipynb", "vue", "svelte"),
    }
)


@dataclass(frozen=True, slots=True)
class Citation:
    """What a statement refers to: a commit's id, or a file with a line (from 1, 0 for none)."""

    kind: str
    name: str
    line: int = 0

    def __str__(self) -> str:
        return f"{self.name}:{self.line}" if self.line else self.name


def citations(text: str, extensions: frozenset[str] = frozenset()) -> list[Citation]:
    """The commits and files that a text names, once each, in order."""
    found = [(match.start(), Citation("commit", match[1])) for match in _COMMIT.finditer(text)]
    for match in _FILE.finditer(text):
        ending = match["ext"].lower()
        if ending in _EXTENSIONS or ending in extensions:
            path = match["path"].removeprefix("./")
            found.append((match.start(), Citation("file", path, int(match["line"] or 0))))
    return list(dict.fromkeys(item for _, item in sorted(found, key=lambda pair: pair[0])))


_NAME = r"[A-Za-z_$][\w$]*(?:(?:\.|::|#)[A-Za-z_$][\w$]*)*"
_QUOTED = re.compile(rf"`({_NAME})(?:\([^`\n]*\))?`")
_BARE = re.compile(rf"(?<![\w./@$`#<-])({_NAME})(\(\))?(?![\w/$-])")
#: What has an inner capital or an underscore in common prose, and is no name in code.
_COMMON = frozenset(
    {
        *("GitHub", "GitLab", "BitBucket", "JavaScript", "TypeScript", "CoffeeScript", "PyPI", "NumPy", "MacOS", "iOS"),
        *(
            "macOS",
            "GraphQL",
            "PostgreSQL",
            "MySQL",
            "SQLite",
            "MongoDB",
            "OpenAPI",
            "OAuth",
            "DevOps",
            "LaTeX",
            "ReadMe",
        ),
        *(
            "YouTube",
            "LinkedIn",
            "StackOverflow",
            "WebSocket",
            "OpenAI",
            "IDs",
            "URLs",
            "APIs",
            "PRs",
            "README",
            "CHANGELOG",
        ),
    }
)


def names(text: str, extensions: frozenset[str] = frozenset()) -> list[str]:
    """The names of code in a text, once each: what stands in code font and is one name, calls, and words that only code
    spells so (`snake_case`, `camelCase`). Files are citations, and left out."""
    found = [(match.start(), match[1]) for match in _QUOTED.finditer(text)]
    for match in _BARE.finditer(text):
        word, is_call = match[1], bool(match[2])
        if is_call or ("_" in word.strip("_")) or re.search(r"[a-z0-9][A-Z]", word):
            found.append((match.start(), word))
    ends = _EXTENSIONS | extensions
    kept = [name for _, name in sorted(found) if "." not in name or name.rpartition(".")[2].lower() not in ends]
    return list(dict.fromkeys(name for name in kept if name not in _COMMON))


@dataclass(frozen=True, slots=True)
class DroppedStatement:
    """A statement that was left out, and what it cites or names that does not exist; "" where it repeats the prompt."""

    text: str
    citation: str


#: A heading within a line, as the facts have them: `**Kind of change:**`.
_LABEL = re.compile(r"^[\s>*#-]*?\*\*([^*\n]{1,60}:)\*\*")


class EchoCheck:
    """Whether a statement stands word for word in `text`, marks of lists and headings aside: a line or sentence of it.

    One that begins with a heading of `text` is an echo too, whatever follows: in the facts' form it reads as a fact.
    A single word is no echo: it may well be the answer.
    """

    def __init__(self, text: str) -> None:
        lines = text.split("\n")
        sentences = [sentence for line in lines for sentence in _SENTENCE_END.split(line)]
        self._said = {_words(part) for part in (*lines, *sentences)}
        self._labels = {label[1] for label in map(_LABEL.match, lines) if label}

    def __call__(self, statement: str) -> bool:
        words = _words(statement)
        label = _LABEL.match(statement)
        return (len(words) > 1 and words in self._said) or (label is not None and label[1] in self._labels)


def _words(text: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\w+", text))


class StatementFilter:
    """Lets through whole statements that cite and name nothing false, that are the model's own, and each once.

    A statement ends with its sentence or its line; a block of code is one, and is not searched: it shows code, it
    claims nothing. `is_true` says whether what is cited exists, `is_known` whether a name of code is one that the model
    was shown or that the project has, `is_echo` whether a statement only repeats the prompt. `cited` and `dropped`
    tell what was found; `is_stuck` that the model says over and over what it has said.
    """

    def __init__(
        self,
        is_true: Callable[[Citation], bool],
        extensions: Iterable[str] = (),
        is_known: Callable[[str], bool] = lambda name: True,
        is_echo: Callable[[str], bool] = lambda statement: False,
    ) -> None:
        self._is_true = is_true
        self._is_echo = is_echo
        self._is_known = is_known
        self._extensions = frozenset(extensions)
        self._known: dict[Citation, bool] = {}
        self._held = ""
        self._in_code = False
        self._line_shown = False
        self._said: set[tuple[str, ...]] = set()
        self._repeats = 0
        self.cited: list[Citation] = []
        self.dropped: list[DroppedStatement] = []

    @property
    def is_stuck(self) -> bool:
        """Whether the last statements were all said before."""
        return self._repeats >= MOST_REPEATS

    def push(self, text: str) -> str:
        """Takes what the model wrote; returns what may be shown of it by now."""
        self._held += text
        return "".join(self._ready(final=False))

    def end(self) -> str:
        """The rest."""
        return "".join(self._ready(final=True))

    def _ready(self, *, final: bool) -> Iterator[str]:
        while statement := self._next(final=final):
            self._held = self._held[len(statement) :]
            if statement.lstrip().startswith("```"):
                self._in_code = not self._in_code
                yield statement
            elif self._in_code or self._holds(statement):
                self._line_shown = not statement.endswith("\n")
                yield statement
            elif statement.endswith("\n"):  # the rest of a line; of a line without any rest nothing stays
                if self._line_shown:
                    yield "\n"
                self._line_shown = False

    def _next(self, *, final: bool) -> str:
        """The first whole statement that is held, "" where none is."""
        line, newline, _ = self._held.partition("\n")
        if not self._in_code and not line.lstrip().startswith("```"):
            found = _SENTENCE_END.search(line)
            if found is not None:
                return self._held[: found.end()]
        if newline or final:
            return line + newline
        return ""

    def _holds(self, statement: str) -> bool:
        words = _words(statement)
        if len(words) >= LEAST_WORDS and words in self._said:
            self._repeats += 1
            return False
        if words:
            self._repeats = 0
            self._said.add(words)
        if self._is_echo(statement):
            self.dropped.append(DroppedStatement(statement.strip(), ""))
            return False
        found = citations(statement, self._extensions)
        for item in found:
            if item not in self._known:
                self._known[item] = self._is_true(item)
            if not self._known[item]:
                self.dropped.append(DroppedStatement(statement.strip(), str(item)))
                return False
        for name in names(statement, self._extensions):
            if not self._is_known(name):
                self.dropped.append(DroppedStatement(statement.strip(), name))
                return False
        self.cited += [item for item in found if item not in self.cited]
        return True


#: The end of a sentence and the blank after it; not that of a numbered item, nor of an abbreviation in common use.
_SENTENCE_END = re.compile(
    r"(?<!\be\.g)(?<!\bi\.e)(?<!\bcf)(?<!\bvs)(?<!^\d)(?<!^\d\d)(?<=[^\s])[.!?][)\"'`*]{0,3}[ \t]+|[。！？]"
)
