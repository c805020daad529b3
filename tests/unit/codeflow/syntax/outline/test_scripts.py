"""Named parts of build scripts, queries, style sheets and marked-up texts."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.outline.region import MAX_NAME
from iquest_lsp.codeflow.syntax.outline.scripts import (
    MAX_LEVELS,
    cmake_commands,
    css_rules,
    docker_instructions,
    html_elements,
    make_targets,
    maven_elements,
    short,
    sql_statements,
)

Parts = list[tuple[str, int, int]]


def parts(regions: object, kind: str = "") -> Parts:
    return [(item.name, item.start, item.end) for item in regions if item.kind == kind or not kind]  # type: ignore[attr-defined]


def test_stages_and_instructions_of_a_dockerfile() -> None:
    text = "FROM base:1 AS build\nRUN apt-get \\\n  install a\nENV A=1\nFROM build\nCOPY . /app\n"
    found = docker_instructions(text.split("\n"))
    assert parts(found, "stage") == [("build", 0, 4), ("build", 4, 7)]
    assert parts(found, "instruction")[1:3] == [("build > RUN apt-get", 1, 3), ("build > ENV A", 3, 4)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("all: a b\n\tcc a\n\n\tcc b\nclean:\n\trm a\n", [("all", 0, 4), ("clean", 4, 6)]),
        ("A := 1\nB ?= \\\n  2\nC+=3", [("A", 0, 1), ("B", 1, 3), ("C", 3, 4)]),
        ("ifeq ($(A),1)\nelse\nendif", [("ifeq ($(A),1)", 0, 1)]),
        ("# a: b\n", []),
    ],
)
def test_targets_variables_and_conditions_of_a_makefile(text: str, expected: Parts) -> None:
    assert parts(make_targets(text.split("\n"))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("project(kit)\nadd_library(core\n  a.c\n  b.c)\n", [("project(kit)", 0, 1), ("add_library(core)", 1, 4)]),
        # Brackets in comments and in texts are none.
        ("add(core # the (old\n  a.c)\nset(b 1)", [("add(core)", 0, 2), ("set(b)", 2, 3)]),
        ('message("(")\nset(b 1)', [('message("(")', 0, 1), ("set(b)", 1, 2)]),
        ("# add(core)\n", []),
    ],
)
def test_commands_of_cmake(text: str, expected: Parts) -> None:
    assert parts(cmake_commands(text.split("\n"))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("create table if not exists users (\n  id int\n);\n", [("CREATE TABLE users", 0, 3)]),
        ("select 1; -- one\ndrop table a;", [("SELECT 1", 0, 1), ("DROP TABLE a", 1, 2)]),
        ("update a set b = '; -- '\n  where c = 1;", [("UPDATE a", 0, 2)]),
        ("-- insert into a;\n", []),
        ("insert into a values (1)", [("INSERT a", 0, 1)]),
        # The statements in the body of a function are its own.
        (
            "create or replace function f() returns int as $$\nbegin\n  delete from a;\n"
            "  return 1;\nend\n$$ language x;\ndrop view b;",
            [("CREATE FUNCTION f", 0, 6), ("DROP VIEW b", 6, 7)],
        ),
    ],
)
def test_statements_of_sql(text: str, expected: Parts) -> None:
    assert parts(sql_statements(text.split("\n"))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (".a {\n  color: red;\n}\n\n.b,\n.c { }", [(".a", 0, 3), (".b, .c", 4, 6)]),
        (".a {\r\n}\r", [(".a", 0, 2)]),
        (".a {\n  .b { x: 1 }\n}", [(".a .b", 1, 2), (".a", 0, 3)]),
        ("@import 'a.css';\n$b: 1;", [("@import 'a.css'", 0, 1), ("$b 1", 1, 2)]),
        # What stands in addresses, texts and comments is no rule and ends none.
        (".a { background: url(http://x/y.png); }\n.b { }", [(".a", 0, 1), (".b", 1, 2)]),
        (".a::after { content: '}'; }\n.b { }", [(".a::after", 0, 1), (".b", 1, 2)]),
        ("/* .a {\n b; */\n.c { x: 1 } // }\n", [(".c", 2, 3)]),
        ("/* never ended {\n.a { }", []),
        ("}\n.a { }", [("} .a", 0, 2)]),
        (".a {", []),
    ],
)
def test_rules_of_style_sheets(text: str, expected: Parts) -> None:
    assert parts(css_rules(text.split("\n"))) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("plain", []),
        ('<div id="a">\n<p class="b c">x</p>\n<br>\n</div>', [("p.b", 1, 2), ("br", 2, 3), ("div#a", 0, 4)]),
        ("<Grid>\n</Grid>", [("Grid", 0, 2)]),
        # What is not closed ends where its outer one does, or at the end.
        ("<ul>\n<li>a\n<li>b\n</ul>", [("li", 2, 4), ("li", 1, 4), ("ul", 0, 4)]),
        ("<p>\n", [("p", 0, 2)]),
        ("</p>", []),
        ("<!-- <p> --><b></b>", [("b", 0, 1)]),
        ("<![CDATA[<p>]]><b></b>", [("b", 0, 1)]),
        ("<![if !x]><b></b><![endif]>", [("b", 0, 1)]),
        # Words in such marks that nobody knows, and marks that never end.
        ("<![foo[bar]]><b></b>", [("b", 0, 1)]),
        ("<![ x]><b></b>", [("b", 0, 1)]),
        ("<b></b><![", [("b", 0, 1)]),
        ("<script>if (a<b) {}</script>", [("script", 0, 1)]),
        ('<PackageReference Include="Kit" Version="1.2" />', [("Kit", 0, 1)]),
    ],
)
def test_elements(text: str, expected: Parts) -> None:
    assert parts(html_elements(text)) == expected


def test_elements_that_lie_too_deep_have_no_names() -> None:
    assert len(html_elements("<b>" * 500 + "</b>" * 500)) == MAX_LEVELS
    assert len(html_elements("<b>" * 500)) == MAX_LEVELS


def test_packages_of_maven() -> None:
    text = (
        "<project>\n<dependencies>\n<dependency>\n  <groupId>org.kit</groupId>\n  <artifactId> core </artifactId>\n"
        "  <version>1</version>\n</dependency>\n</dependencies>\n</project>\n"
    )
    found = maven_elements(text)
    assert [(item.name, item.start, item.end, item.value) for item in found if item.kind == "package"] == [
        ("org.kit:core", 2, 7, "1")
    ]
    assert ("dependencies", 1, 8) in parts(found, "element")


def test_a_name_is_one_line_and_cut() -> None:
    assert short(" a \n\t b ") == "a b"
    assert len(short("a" * 1000)) == MAX_NAME
