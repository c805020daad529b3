"""Named parts of build scripts, queries, style sheets and marked-up texts, read by their layout.

Dockerfile, Makefile, CMake, SQL, CSS, HTML and XML.
"""

from __future__ import annotations

import re
from collections import Counter
from html.parser import HTMLParser

from iquest_lsp.codeflow.syntax.outline.region import Region, shortened

_INSTRUCTION = re.compile(r"\s*([A-Z]+)\s+(\S.*?)\s*\\?$")
_STAGE = re.compile(r"\s*FROM\s+(?:--\S+\s+)*(\S+)(?:\s+AS\s+(\S+))?", re.IGNORECASE)
_TARGET = re.compile(r"([^\s#:=][^#:=]*?)\s*::?(?!=)\s*([^=]*)$")
_MAKE_VARIABLE = re.compile(r"\s*(?:export\s+|override\s+)?([\w.\-]+)\s*(?:\?|:|::|\+)?=\s*(.*)")
_MAKE_CONDITION = re.compile(r"\s*(ifeq|ifneq|ifdef|ifndef|else|endif|-?include)\b\s*(.*)")
_CMAKE_WORD = re.compile(r"\s*(\"[^\"]*\"|[^\s()#]+)")
_CMAKE = re.compile(r"\s*(\w+)\s*\(\s*(\"[^\"]*\"|[^\s()]*)")
#: What ends a block of CMake, or begins its other branch, is told by what it holds.
_CMAKE_END = re.compile(r"(?:end\w+|else|elseif)", re.IGNORECASE)
_SQL = re.compile(
    r"\s*(create|alter|drop|insert|update|delete|select|grant|with|comment|truncate|replace|merge)\b"
    r"(?:\s+(?:or\s+replace|temporary|temp|unique|into|from|if\s+(?:not\s+)?exists|"
    r"(table|view|index|function|procedure|trigger|type|sequence|schema|database)))*\s*([\w.\"`\[\]]*)",
    re.IGNORECASE,
)
#: Texts and comments, and what stands around the body of a function, which has statements of its own.
_SQL_ASIDE = re.compile(r"'(?:[^']|'')*+'|--.*$")
_SQL_BODY = re.compile(r"\$\w*\$")
_CMAKE_ASIDE = re.compile(r"\"(?:[^\"\\]|\\.)*+\"|#.*$")
#: What a style sheet is read by: comments, texts and addresses as a whole, all else sign by sign.
_CSS = re.compile(
    r"/\*.*?(?:\*/|\Z)|//[^\n]*+|\"(?:[^\"\\\n]|\\.)*+\"|'(?:[^'\\\n]|\\.)*+'|\burl\([^()\n]*+\)|.", re.DOTALL
)
_VOID = re.compile(r"(?:area|base|br|col|embed|hr|img|input|link|meta|param|source|track|wbr)$")


def docker_instructions(lines: list[str]) -> tuple[Region, ...]:
    """Stages, and the instructions in them with their first word: `build > RUN apt-get`."""
    found: list[Region] = []
    stages: list[tuple[str, int]] = []
    at = 0
    while at < len(lines):
        end = at + 1
        while end < len(lines) and lines[end - 1].rstrip().endswith("\\"):
            end += 1
        if stage := _STAGE.match(lines[at]):
            stages.append((stage[2] or stage[1], at))
        if instruction := _INSTRUCTION.match(lines[at]):
            word = re.split(r"[\s=]", instruction[2])[0]
            outer = f"{stages[-1][0]} > " if stages else ""
            found.append(Region(short(f"{outer}{instruction[1]} {word}"), "instruction", at, end))
        at = end
    ends = [start for _, start in stages[1:]] + [len(lines)]
    return (
        *(Region(short(name), "stage", start, end) for (name, start), end in zip(stages, ends, strict=False)),
        *found,
    )


def make_targets(lines: list[str]) -> tuple[Region, ...]:
    """Targets with their recipes, variables and conditions."""
    found: list[Region] = []
    at = 0
    while at < len(lines):
        line, end = lines[at], at + 1
        while end < len(lines) and lines[end - 1].rstrip().endswith("\\"):
            end += 1
        if line.startswith(("\t", "#")) or not line.strip():
            if found and line.startswith("\t") and found[-1].kind == "target":
                last = found.pop()
                found.append(Region(last.name, last.kind, last.start, end))
        elif variable := _MAKE_VARIABLE.match(line):
            value = variable[2] if end == at + 1 else ""
            found.append(Region(variable[1], "variable", at, end, value))
        elif condition := _MAKE_CONDITION.match(line):
            if condition[1] not in ("else", "endif"):  # they belong to a condition above
                found.append(Region(short(f"{condition[1]} {condition[2]}".strip()), "condition", at, end))
        elif target := _TARGET.match(line):
            found.append(Region(short(target[1]), "target", at, end))
        at = end
    return tuple(found)


def cmake_commands(lines: list[str]) -> tuple[Region, ...]:
    """Commands with their first argument: `add_library(core`."""
    found: list[Region] = []
    at = 0
    while at < len(lines):
        end = at + 1
        if (command := _CMAKE.match(lines[at])) and not _CMAKE_END.fullmatch(command[1]):
            depth = _opened(lines[at])
            while depth > 0 and end < len(lines):
                depth += _opened(lines[end])
                end += 1
            # The first argument may stand on the line below.
            first = command[2] or next(iter(_CMAKE_WORD.findall("".join(lines[at + 1 : min(end, at + 2)]))), "")
            found.append(Region(short(f"{command[1]}({first})"), "command", at, end))
        at = end
    return tuple(found)


def _opened(line: str) -> int:
    """Brackets opened and not closed on a line of CMake, texts and comments aside."""
    bare = _CMAKE_ASIDE.sub("", line)
    return bare.count("(") - bare.count(")")


def sql_statements(lines: list[str]) -> tuple[Region, ...]:
    """Statements, by their verb and what they are about: `CREATE TABLE users`."""
    found: list[Region] = []
    start, name, body = -1, "", ""
    for at, line in enumerate(lines):
        if start < 0 and (match := _SQL.match(line)):
            start = at
            name = " ".join(filter(None, (match[1].upper(), (match[2] or "").upper(), match[3])))
        bare = _SQL_ASIDE.sub("", line).rstrip()
        for mark in _SQL_BODY.findall(bare):
            body = "" if mark == body else body or mark
        if start >= 0 and ((bare.endswith(";") and not body) or at == len(lines) - 1):
            found.append(Region(short(name), "statement", start, at + 1))
            start = -1
    return tuple(found)


def css_rules(lines: list[str]) -> tuple[Region, ...]:
    """Rules by their selectors, nested ones under their outer ones; what a rule holds belongs to it."""
    found: list[Region] = []
    outer: list[tuple[str, int]] = []
    head, head_at, at = "", 0, 0
    for token in _CSS.findall("\n".join(lines)):
        if token.startswith(("/*", "//")):
            head += " "
        elif token == "{":
            name = " ".join(head.split())
            outer.append((short(f"{outer[-1][0]} {name}" if outer else name), head_at))
            head = ""
        elif token == "}" and outer:
            name, start = outer.pop()
            found.append(Region(name, "rule", start, at + 1))
            head = ""
        elif token == ";":
            if not outer and (name := " ".join(head.split())):
                name = short(re.split(r"[:\s]", name)[0] + " " + name.partition(" ")[2])
                found.append(Region(name, "statement", head_at, at + 1))
            head = ""
        else:
            head_at = head_at if head.strip() else at
            head += token
        at += token.count("\n")
    return tuple(found)


#: Elements of project files of .NET that name a package.
_PACKAGES = frozenset({"packageversion", "packagereference", "globalpackagereference", "package", "dependency"})


#: Elements that lie deeper have no names.
MAX_LEVELS = 60


class _Elements(HTMLParser):
    """Elements with their lines; one that is never closed ends where its outer one does."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[Region] = []
        self.outer: list[tuple[str, str, int]] = []
        self.open: Counter[str] = Counter()

    def parse_marked_section(self, i: int, report: bool = True) -> int:
        """`<![CDATA[…]]>` and its like, whatever they are called; the library gives up on unknown words."""
        mark = "]]>" if self.rawdata.startswith("<![CDATA[", i) else ">"
        end = self.rawdata.find(mark, i)
        return end + len(mark) if end >= 0 else -1

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        written = (self.get_starttag_text() or "")[1 : 1 + len(tag)]
        mark = f"#{given['id']}" if given.get("id") else "." + (given.get("class") or "").split(" ")[0]
        name = short(f"{written or tag}{mark}".rstrip("."))
        start = self.getpos()[0] - 1
        if tag in _PACKAGES and (package := given.get("include") or given.get("update") or given.get("id")):
            self.found.append(Region(package, "package", start, start + 1, given.get("version") or ""))
            self._open(tag, "", start)
            return
        if _VOID.match(tag):
            self.found.append(Region(name, "element", start, start + 1 + (self.get_starttag_text() or "").count("\n")))
        else:
            self._open(tag, name, start)

    def _open(self, tag: str, name: str, start: int) -> None:
        self.outer.append((tag, name, start))
        self.open[tag] += 1

    def handle_endtag(self, tag: str) -> None:
        if self.open[tag]:
            while self.outer:
                its_tag, name, start = self.outer.pop()
                self.open[its_tag] -= 1
                if not name:  # a package
                    return
                if len(self.outer) < MAX_LEVELS:
                    self.found.append(Region(name, "element", start, self.getpos()[0]))
                if its_tag == tag:
                    return

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if not _VOID.match(tag):
            self.handle_endtag(tag)


def html_elements(text: str) -> tuple[Region, ...]:
    """Elements by tag and id, or tag and first class."""
    parser = _Elements()
    parser.feed(text)
    end = text.count("\n") + 1
    outer = parser.outer[:MAX_LEVELS]
    unclosed = (Region(name, "element", start, end) for _, name, start in reversed(outer) if name)
    return (*parser.found, *unclosed)


_DEPENDENCY = re.compile(r"<(dependency|plugin|parent|extension)>(.{0,4000}?)</\1>", re.DOTALL)
#: A longer block sets more than what is needed.
MAX_DEPENDENCY = 12
#: Elements that several may be called like, and what of their own tells them apart.
_TITLED = frozenset({"dependency", "plugin", "parent", "extension", "execution", "profile", "repository", "exclusion"})
_COORDINATE = re.compile(r"\s*<(groupId|artifactId|version|id|name)>([^<]*)</\1>")


def maven_elements(text: str) -> tuple[Region, ...]:
    """Packages that a pom.xml asks for, by group and artifact, and its elements outside of them.

    What lies in a plugin or a profile is called by it: `maven-jar-plugin > version`.
    """
    packages: list[Region] = []
    taken: set[int] = set()
    start, read = 0, 0
    for block in _DEPENDENCY.finditer(text):
        start, read = start + text.count("\n", read, block.start()), block.start()
        count = block[0].count("\n") + 1
        own = _own(block[0].split("\n")) if count > 1 else dict(_COORDINATE.findall(block[2]))
        if "artifactId" in own:
            name = ":".join(filter(None, (own.get("groupId"), own["artifactId"])))
            packages.append(Region(name, "package", start, start + count, own.get("version", "")))
            taken |= set(range(start, start + count)) if count <= MAX_DEPENDENCY else {start}
    return (*packages, *(item for item in _under_titles(text) if item.start not in taken))


def _under_titles(text: str) -> list[Region]:
    """Elements, each under the titles of those around it that have one."""
    lines = text.split("\n")
    found: list[Region] = []
    around: list[tuple[int, str]] = []
    for item in sorted(html_elements(text), key=lambda item: (item.start, -item.end)):
        while around and around[-1][0] <= item.start:
            around.pop()
        outer = f"{around[-1][1]} > " if around else ""
        own = _own(lines[item.start : item.end]) if item.name in _TITLED else {}
        title = next((own[tag] for tag in ("artifactId", "id", "name") if own.get(tag)), "")
        name = f"{outer}{title or item.name}"
        if title:
            around.append((item.end, name))
        found.append(Region(short(name), item.kind, item.start, item.end, item.value))
    return found


def _own(lines: list[str]) -> dict[str, str]:
    """What stands right inside an element of several lines that says what it is, by tag."""
    inside = [(len(line) - len(line.lstrip()), found) for line in lines[1:-1] if (found := _COORDINATE.match(line))]
    depth = min((indent for indent, _ in inside), default=0)
    # The first of several is what the element says of itself.
    return {coordinate[1]: coordinate[2].strip() for indent, coordinate in reversed(inside) if indent == depth}


def short(name: str) -> str:
    """A name on one line, cut where it is long."""
    return shortened(" ".join(name.split()))
