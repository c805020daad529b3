"""Named parts of files in languages without a grammar here: functions, types and blocks, by heads and indentation."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from iquest_lsp.codeflow.syntax.definitions import PartKind
from iquest_lsp.codeflow.syntax.outline.braces import (
    BRACED,
    PREPROCESSED,
    balanced,
    depths_of,
    is_directive,
    opened,
    rows_in_texts,
)
from iquest_lsp.codeflow.syntax.outline.region import Region
from iquest_lsp.codeflow.syntax.outline.scripts import short
from iquest_lsp.codeflow.syntax.outline.texts import without_texts

_MODIFIERS = (
    r"(?:(?:export|public|private|protected|internal|static|final|abstract|override|async|local|suspend|default|"
    r"inline|open|sealed|data|pub(?:\([^)]*\))?|unsafe|const|extern|virtual|partial|operator|infix|tailrec|actual|"
    r"expect|required|convenience|mutating|fileprivate|companion|external|value|indirect|readonly|new|"
    r"implicit|lazy|transparent|annotation|class(?=\s+(?:func|var|let)\b)|(?:private|protected)\[\w+\]|"
    r"@\w+(?:\([^)]*\))?)\s+)*"
)
_WORDS = (
    r"(?:enum|record)\s+(?:class|struct)|def|class(?!\s+(?:func|var|let)\b)|module|function|func|fun|fn|proc|sub|interface|trait|struct|enum|message|service|rpc|type|input|impl|"
    r"resource|data|variable|output|provider|namespace|object|protocol|extension|macro|defmodule|defp?|test|describe|it|"
    r"context|should|specify|scenario|package|rule|task|defun|start_server|union|record|abstract\s+class|scalar|"
    r"extend\s+type|template|component|shared_examples(?:_for)?|shared_context"
)
_HEAD = re.compile(
    rf"(\s*)(?:RSpec\.)?{_MODIFIERS}({_WORDS})[\s:!]\s*(?:<[^<>]*(?:<[^<>]*>[^<>]*)*>\s*)?&?"
    r"(\"[^\"]+\"|'[^']+'|`[^`]+`|\{[^{}]+\}|[\w$.:?!\-]+)(?:\s+(\"[^\"]+\"))?"
)
#: A function of a shell; behind the word no brackets need be.
_SHELL = re.compile(r"(\s*)(?:function\s+(?=[\w.\-:]+\s*(?:[({;#]|-|$))|(?=[\w.\-:]+\s*\(\)))([\w.\-:]+)")
#: A function of Kotlin that extends a type with parameters: the type and the name.
_EXTENSION = re.compile(r"\s*(?:[\w@]+\s+)*?fun\s+(?:<[^()]*?>\s*)?(\w+)<[^()]*>\??\.(\w+)\s*\(")
#: A method of Ruby that is an operator.
_OPERATOR = re.compile(
    r"\s*def\s+(self\.)?(\[\]=?|<=>|===?|=~|![=~]?|\*\*?|[+\-~]@?|<<|>>|<=?|>=?|[/%&|^`])(?=[\s(;]|$)"
)
#: A test of Scala's specifications.
_SPEC = re.compile(r"\s*(it|they|\"[^\"]+\")\s+(should|must|can|ignore)\s+\"([^\"]+)\"\s*(?:taggedAs\b.*)?\bin\b")
#: A test of bats.
_BATS = re.compile(r"(\s*)@test\s+[\"'](.+?)[\"']\s*\{")
#: A member that begins with its type, or is a constructor, as C# and its kin write them.
_MEMBER = re.compile(
    r"(\s*)(?=\w+\s)(?:(?:public|private|protected|internal|static|virtual|override|abstract|async|sealed|extern|unsafe|"
    r"partial|new|readonly|const|event|required|explicit|implicit|volatile)\s+)+"
    r"(?:[\w<>\[\],.?()\s]*?[\w>\]?)]\s+)??(operator\b\s*[^\s(]+|[A-Za-z_]\w*)\s*(?:<[^<>()]*>\s*)?(\(|\{|=>|=|;|$)"
)
#: What a type declares without a word before it: what it only promises, or keeps to itself.
_SLOT = re.compile(
    r"\s*(?!return\b|throw\b|new\b|using\b|await\b|where\b|else\b|is\b|and\b|or\b|not\b|in\b)"
    r"[\w<>\[\],.?]{1,200}(?:\s*<[^()]{0,200}>)?\s+(?!(?:is|as|and|or|not|in|switch)\b)(\w+)\s*(?:<[^<>()]*>\s*)?(\(|\{|=|;)"
)
#: A property, a constant or an initializer inside a type.
_PROPERTY = re.compile(
    rf"(\s*){_MODIFIERS}(?:(?:lateinit|weak|lazy|static)\s+)*(?:val|var|let|const)\s+(?:<[^<>]*>\s*)?(?:\w+\.)*(?:\??[\w|\\]+\s+(?=\w+\s*=))?(\w+)|"
    r"(\s*)(?:(?:public|private|protected|static|readonly|var)\s+)+(?:\??[\w|\\]+\s+)?(\$\w+)"
)
_BUILDER = re.compile(
    r"(\s*)(?:(?:public|private|internal|protected|required|convenience)\s+)*(init|deinit|constructor|subscript)\b"
)
#: The constructor that belongs to the head of a class of Kotlin, where it stands on a line of its own.
_PRIMARY = re.compile(r"\s*(?:@[\w.]+(?:\([^()]*\))?\s+|(?:private|protected|internal|public)\s+)*constructor\s*\(")
_SET = re.compile(
    r"(\s*)(?:export\s+|local\s+|readonly\s+|declare\s+(?:-\w+\s+)?|set\s+|let\s+|my\s+|lazy\s+|implicit\s+|var\s+|val\s+|const\s+)*"
    r"([$@%]?[A-Za-z_][\w.]*)(?:\s*:\s*[A-Z]\w*(?:\[[^\[\]=]*\]|<[^<>=]*>)?)?\s*(?::?=)(?![=~])\s*(.*)"
)
_COMMAND = re.compile(r"\s*([A-Za-z_./$][\w./:$\-]*)")
#: A statement that holds others, which one word does not name.
_CHOICE = re.compile(r"\s*(?:if|unless|for|foreach|while|until|switch|case|with)\b(?!\s*=)")
#: A call of a method in PHP, with the first text that it is given.
_CALL = re.compile(r"\s*(\$?\w+(?:(?:->|::)\w+)+\((?:\s*(?:'[^']{1,40}'|\"[^\"]{1,40}\"))?)")
_CLOSERS = re.compile(
    r"\s*(end\b|\}|\)|\]|\{|fi\b|done\b|esac\b|else\b|elif\b|elsif\b|then\b|do\b|rescue\b|ensure\b|catch\b|where\b)"
)
_IMPORT = re.compile(r"\s*(?:use|using|import|require|require_once|require_relative|include|include_once|open)\b[\s(]")
_COMMENT = re.compile(r"\s*(?:#(?!\[)|//|/\*)")
#: A comment that changes what Ruby does.
_MAGIC = re.compile(r"#\s*(?:frozen_string_literal|shareable_constant_value):")
_MARK = re.compile(r"\s*(?:\[[A-Z][\w.]*(?:\(.*\))?\]|#\[.*\]|@[A-Za-z][\w.:]*(?:\(.*\))?)\s*(?:(?://|#).*)?$")
#: What C# says of a whole assembly.
_OF_ASSEMBLY = re.compile(r"\s*\[\s*(?:assembly|module)\s*:\s*([\w.]+)\s*\((.*)\)\s*\]\s*$")
_TEST_MARK = re.compile(r"\s*(?:@Test\b|\[(?:Test|Fact|Theory|TestMethod|TestCase)\b|#\[Test\b)")
_TEST_NAME = re.compile(r"test[A-Z_]")
#: Languages whose members begin with their types, and those whose files are blocks with labels.
_TYPED, _LABELLED = frozenset({"cs"}), frozenset({"tf", "hcl"})
#: Languages in which a line outside all blocks declares something rather than runs.
_DECLARATIVE = frozenset({"cs", "kt", "swift", "scala", "dart", "proto", "graphql", "gql", "tf", "hcl", "thrift"})
#: How a comment is written where it is not by `#`, `//` and `/*`.
_NO_HASH = frozenset({"cs", "kt", "kts", "swift", "scala", "dart", "proto", "gradle", "groovy", "zig", "sol"})
_TYPES: dict[str, PartKind] = {
    "class": "class",
    "interface": "interface",
    "trait": "trait",
    "struct": "struct",
    "enum": "enum",
    "object": "object",
    "protocol": "protocol",
    "extension": "extension",
    "record": "record",
}
#: Words that say what they begin.
_NAMED_SO: dict[str, PartKind] = {**_TYPES, "module": "module", "macro": "macro"}
#: The blocks of Terraform and its kin.
_LABELS: dict[str, PartKind] = {
    "component": "component",
    "data": "data",
    "input": "input",
    "message": "message",
    "module": "module",
    "output": "output",
    "provider": "provider",
    "resource": "resource",
    "rule": "rule",
    "service": "service",
    "task": "task",
    "template": "template",
    "test": "test",
    "type": "type",
    "variable": "input",
}
#: Words that begin a test where a title follows them.
_TESTS = frozenset({"it", "should", "specify", "scenario"})
_TITLED = _TESTS | {"describe", "context", "test", "rule", "task"}
#: Languages of programs, in which a word that begins a block elsewhere is the name of a parameter or of a value.
_PROGRAMS = frozenset({"cs", "kt", "swift", "scala", "dart", "php", "cu", "m", "mm"})
_NO_WORDS = (_LABELS.keys() - {"test"}) | {"impl", "proc", "rpc", "scalar", "sub", "union"}
#: Languages with objects of their own, and those in which a value may stand outside of all types.
_OBJECTS, _LOOSE = frozenset({"kt", "kts", "scala"}), frozenset({"kt", "swift"})
_FUNCTIONS = frozenset({"def", "defp", "function", "func", "fun", "fn", "proc", "sub", "rpc", "defun"})


@dataclass(slots=True)
class _Open:
    """A region whose end is still to be found."""

    indent: int
    kind: PartKind
    name: str
    start: int
    #: The line of its head, and how far what stands in it is indented.
    head: int = 0
    inner: int = 0


@dataclass(slots=True)
class _Reader:
    language: str
    stem: str
    #: The braces that are open where each line begins, where they can be believed.
    depths: list[int] = field(default_factory=list)
    found: list[Region] = field(default_factory=list)
    outer: list[_Open] = field(default_factory=list)
    #: The line after the last one that is no comment and not empty, and where the comments above a line begin.
    last: int = 0
    above: int = -1
    in_comment: bool = False
    is_test: bool = False

    def read(self, lines: list[str]) -> tuple[Region, ...]:
        skip = 0
        for at, line in enumerate(lines):
            if at < skip or not line.strip():
                if self.above >= 0 and at >= skip and not self.outer and not self.in_comment:
                    self._comment(lines, at)  # it stands above nothing
                self.above = -1 if not line.strip() and at >= skip else self.above
                continue
            if self._is_beside(at, line) or (self.language in PREPROCESSED and is_directive(line)):
                continue
            skip = self._line(at, line, lines)
            self.above, self.is_test = -1, False
            self.last = max(at + 1, skip)
        while self.outer:
            self._close(len(lines) if len(self.outer) == 1 and self.outer[0].indent == 0 else self.last)
        return tuple(self.found)

    def _comment(self, lines: list[str], end: int) -> None:
        """A comment that documents nothing, by its first words."""
        words = (item.strip(" \t/*#!") for item in lines[self.above : end] if not item.startswith("#!"))
        self.found.append(Region(short(next(filter(None, words), self.stem)), "comment", self.above, end))

    def _is_beside(self, at: int, line: str) -> bool:
        """Whether a line is a comment or an attribute, which belongs to what stands below it."""
        if _MAGIC.match(line):
            self.found.append(Region(line.strip("# "), "directive", at, at + 1))
            return True
        commented = self.in_comment or self._is_comment(line)
        if self.in_comment or line.lstrip().startswith("/*"):
            self.in_comment = "*/" not in (line.partition("/*")[2] if not self.in_comment else line)
        if not commented and not _MARK.match(line):
            return False
        self.above = at if self.above < 0 else self.above
        self.is_test = self.is_test or bool(_TEST_MARK.match(line))
        return True

    def _is_comment(self, line: str) -> bool:
        found = _COMMENT.match(line)
        return found is not None and not (found[0].strip() == "#" and self.language in _NO_HASH)

    def _line(self, at: int, line: str, lines: list[str]) -> int:
        """Takes one line in; where what begins on it is known already, the line after its last."""
        indent = len(line.expandtabs(TAB)) - len(line.expandtabs(TAB).lstrip())
        above = self.outer[-1] if self.outer and self.language == "kt" else None
        if above and (above.indent, above.kind) == (indent, "class") and _PRIMARY.match(line):
            return 0  # the head of the class above goes on
        closes = _CLOSERS.match(line)
        while self.outer and (indent < self.outer[-1].indent or (indent == self.outer[-1].indent and not closes)):
            if self._is_within(self.outer[-1], at):
                break
            self._close(self.last)
        start = self.above if self.above >= 0 else at
        if self.outer and not self.outer[-1].inner and line.strip() != "{":
            self.outer[-1].inner = indent
        head = self._head(line, at, indent)
        if head is not None:
            while self.outer and self._is_over(self.outer[-1], at):
                self._close(self.last)
                head = self._head(line, at, indent) or head
            kind, title = head
            name = f"{self.outer[-1].name}.{title}" if self.outer else title
            if kind == "property" and line.count(")") > line.count("("):  # a constructor's last one
                self.found.append(Region(short(name), kind, start, at + 1))
                return 0
            self.outer.append(_Open(indent, kind, short(name), start, at))
            return 0
        return 0 if self.outer or closes else self._statement(at, line, lines)

    def _goes_on(self, lines: list[str], at: int) -> bool:
        """Whether a line, or the first below it that is not empty, is indented as what a statement holds."""
        line = next((line for line in lines[at : at + MAX_EMPTY] if line.strip()), "")
        return line[:1].isspace()

    def _is_within(self, item: _Open, at: int) -> bool:
        """Whether a brace that a block has opened is not closed yet where a line begins."""
        return bool(self.depths) and self.depths[at] > self.depths[item.head]

    def _is_over(self, item: _Open, at: int) -> bool:
        """Whether all braces that a block has opened are closed again where a line begins."""
        if not self.depths or self.depths[at] > self.depths[item.head]:
            return False
        return self.depths[item.head + 1] > self.depths[item.head] or any(
            depth > self.depths[item.head] for depth in self.depths[item.head + 1 : at]
        )

    def _close(self, end: int) -> None:
        item = self.outer.pop()
        self.found.append(Region(item.name, item.kind, item.start, max(end, item.start + 1)))

    def _is_name(self, word: str) -> bool:
        """Whether a word that begins a block in another language is a name in this one."""
        if word == "type":
            return self.language in _PROGRAMS - {"scala"}
        if word == "object":
            return self.language in _PROGRAMS - _OBJECTS
        return self.language in _PROGRAMS and word in _NO_WORDS

    def _is_inside(self, at: int) -> bool:
        """Whether a line stands in a type itself, not in a member of it whose head is not known for one."""
        if not self.outer or self.outer[-1].kind not in _TYPES:
            return False
        return not self.depths or self.depths[at] <= self.depths[self.outer[-1].head] + 1

    def _head(self, line: str, at: int, indent: int) -> tuple[PartKind, str] | None:
        """The kind and the name of what begins on a line."""
        if self.language == "sh":
            if found := _BATS.match(line):
                return "test", found[2]
            found = _SHELL.match(line)
            return ("function", found[2]) if found else None
        if self.language == "rb" and (found := _OPERATOR.match(line)):
            return "function", (found[1] or "") + found[2]
        if self.language == "scala" and (found := _SPEC.match(line)):
            subject = "" if found[1] in ("it", "they") else f"{found[1][1:-1]} "
            return "test", f"{subject}{found[2]} {found[3]}"
        if (found := _HEAD.match(line)) and not self._is_name(found[2]):
            if found[3][0] not in "\"'{`" and found[2] in (_TITLED if self.language in _PROGRAMS else _TESTS):
                return None
            if found[2] in ("namespace", "package"):
                return None
            if self.language in _LABELLED:
                title = ".".join(label.strip('"') for label in (found[3], found[4]) if label)
                return (_LABELS.get(found[2]) or _kind(found[2], "")[0], title)
            kind, title = _kind(found[2], found[3])
            if self.language in _PROGRAMS:  # behind a colon stands what it is derived from
                title = title.partition(":")[0] or title
            if self.language == "rb" and kind not in ("test", "suite"):
                title = title.replace("::", ".")  # the same where the outer one is opened around it
            if self.language in ("kt", "kts") and (extended := _EXTENSION.match(line)):
                title = f"{extended[1]}.{extended[2]}"
            short_name = title.rsplit(".", 1)[-1]
            named = _TEST_NAME.match(short_name) or (self.language == "php" and re.match(r"test\w", short_name))
            named = named if kind == "function" else None
            if self.language == "rb" and self.outer and not any(item.kind in ("class", "suite") for item in self.outer):
                named = None  # what a module is called helps those who test
            marked = self.is_test or _TEST_MARK.match(line)
            return ("test" if kind == "function" and (named or marked) else kind, title)
        inside = self._is_inside(at)
        if self.language in _TYPED and (member := _MEMBER.match(line)) and (inside or not self.outer):
            if member[3] == "(":
                return ("test" if self.is_test else "method", member[2])
            return ("field" if member[3] in ("=", ";") else "property", member[2]) if inside else None
        if self.language in _TYPED and inside and indent == self.outer[-1].inner and (slot := _SLOT.match(line)):
            return ("method" if slot[2] == "(" else "property" if slot[2] == "{" else "field", slot[1])
        if inside and (builder := _BUILDER.match(line)):
            return ("method", builder[2])
        if (inside or (not self.outer and not indent and self.language in _LOOSE)) and (found := _PROPERTY.match(line)):
            return ("property", found[2] or found[4])
        return None

    def _statement(self, at: int, line: str, lines: list[str]) -> int:
        """What stands outside of all blocks, named by what it sets or by the command that it runs."""
        if self.language == "php" and re.match(r"\s*+(?:namespace\b[\s\w\\]*+[;{]?\s*+$|declare\s*+\()", line):
            if self.above >= 0:  # the head of the file
                self._comment(lines, at)
            return at + 1
        if self.language != "sh" and _IMPORT.match(line):
            if self.found and self.found[-1].kind == "imports" and not any(map(str.strip, lines[self.last : at])):
                last = self.found.pop()
                self.found.append(Region(last.name, last.kind, last.start, at + 1))
            else:
                self.found.append(Region(self.stem, "imports", at, at + 1))
            return at + 1
        if self.language in _TYPED and (found := _OF_ASSEMBLY.match(line)):
            self.found.append(Region(found[1], "attribute", at, at + 1, found[2]))
            return at + 1
        if self.language in _DECLARATIVE:
            return 0
        end = at + 1
        depth = 0 if self.language == "sh" else opened(line)
        while end < min(len(lines), at + MAX_STATEMENT) and (
            depth > 0 or lines[end - 1].rstrip().endswith("\\") or self._goes_on(lines, end)
        ):
            if self.language in _BY_WORDS and not lines[end][:1].isspace() and _HEAD.match(lines[end]):
                break  # a bracket in a text or a pattern opens nothing
            if self.language in _MACROS and _MACRO.match(lines[end]):
                break  # nor does one that m4 quotes
            depth += 0 if self.language == "sh" else opened(lines[end])
            end += 1
        while end > at + 1 and not lines[end - 1].strip():
            end -= 1
        alone = end == at + 1
        if setting := _SET.match(line):
            self.found.append(Region(setting[2], "variable", at, end, setting[3] if alone else ""))
        elif self.language == "php" and (called := _CALL.match(line)):
            self.found.append(Region(short(f"{called[1]})"), "command", at, end))
        elif _CHOICE.match(line):
            if self.language != "sh" and any(self._head(inner, 0, 0) for inner in lines[at + 1 : end]):
                return at + 1  # what it holds is told by itself
            self.found.append(Region(short(line.strip().rstrip(" {;")), "statement", at, end))
        elif command := _COMMAND.match(line):
            value = line.strip() if alone and self.language == "sh" else ""
            self.found.append(Region(short(command[1]), "command", at, end, value))
        return end


#: Languages whose commands are macros of m4, which begin at the left edge.
_MACROS = frozenset({"ac", "m4"})
_MACRO = re.compile(r"[A-Z][A-Z0-9_]+\(")
#: Languages in which what begins a block at the left edge never stands in brackets.
_BY_WORDS = frozenset({"pl", "pm", "rb", "py", "php", "lua", "ex", "exs"})
#: A statement takes so many lines at most.
MAX_STATEMENT = 400
#: So many lines between two lines of a statement are empty at most.
MAX_EMPTY = 4
#: So many columns does a tab take, where a file mixes tabs and spaces.
TAB = 4


def blocks(lines: list[str], language: str, stem: str) -> tuple[Region, ...]:
    """Functions, types and blocks with a title, each with the comments and attributes right above it.

    A block goes to the last line before one that is indented no deeper and closes nothing, or to the brace that closes
    it. One whose braces do not match is not told: where it ends is not known. `language` is the file's suffix, `sh` for
    all shells; `stem` is what its imports are called by.
    """
    if language not in BRACED:
        return _Reader(language, stem).read(without_texts(lines, language))
    texts = rows_in_texts(lines, language)
    code = [line if at not in texts else "" for at, line in enumerate(lines)]
    found = _Reader(language, stem, depths_of(lines, language)).read(code)
    return tuple(item for item in found if balanced(lines[item.start : item.end], language))


def _kind(word: str, name: str) -> tuple[PartKind, str]:
    title = name.strip("\"'{}`") if name[:1] in "\"'{`" else name.rstrip(":")
    if word == "test" or word in _TESTS:
        return "test", title
    if word in ("describe", "context", "start_server") or word.startswith("shared_"):
        return "suite", title
    if known := _NAMED_SO.get(word.partition(" ")[0]):
        return known, title
    return ("class" if word.startswith("abstract") else "function" if word in _FUNCTIONS else "block"), title
