"""What is told where words change that are no code, where lines only stand elsewhere, and of what a module exports."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.intents import intent_of, shape_of
from iquest_lsp.codeflow.git.commits import FileDiff
from iquest_lsp.codeflow.syntax.prose import code_rows
from tests.unit.codeflow.conftest import Script, history_of

HELP = """pub fn options() -> App {
    App::new("tool").arg(
        Arg::new("run").long_help(
            "Runs a command.\\n\\
             Each mark is replaced:\\n  \\
               '{}':   path\\n  \\
               '{/}':  name",
        ),
    )
}
"""


def told(script: Script, path: str, before: str, after: str) -> str:
    """The summary of a change of one file, and the list of its parts."""
    script.commit("Begin", {path: before})
    script.commit("", {path: after})
    text = history_of(script.root).explain_diff("HEAD").to_markdown()
    return text.partition("## Related")[0]


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        ("app.rs", HELP, HELP.replace("path\\n", "path (of what '--run' found)\\n").replace("Runs", "Starts")),
        (
            "a.js",
            "function page(x) {\n  return join(`<p>\n    call me\n    ${x}\n  </p>`);\n}\n",
            'function page(x) {\n  return join(`<p>\n    try run(me)\n    or "this" one\n    ${x}\n  </p>`);\n}\n',
        ),
        (
            "a.go",
            "package a\n\nfunc script() string {\n\treturn wrap(`begin\n  one\n`, 1)\n}\n",
            "package a\n\nfunc script() string {\n\treturn wrap(`begin\n  do(one) if ok(two)\n  raise Late\n`, 1)\n}\n",
        ),
        (
            "a.py",
            'def query():\n    return run("""\n        select a\n        from b\n    """)\n',
            'def query():\n    return run("""\n        select max(a)\n        from c\n    """)\n',
        ),
    ],
)
def test_words_of_a_text_are_no_calls(script: Script, path: str, before: str, after: str) -> None:
    text = told(script, path, before, after)
    assert "only the words of a text change" in text
    assert "calls" not in text
    assert "adds the text" not in text
    assert "raises" not in text
    assert "checks" not in text


def test_code_beside_a_text_and_in_it_is_told(script: Script) -> None:
    before = "function page(x) {\n  return join(`<p>\n    ${x}\n  </p>`);\n}\n"
    after = "function page(x) {\n  start();\n  return join(`<p>\n    ${clean(x)} run(me)\n  </p>`);\n}\n"
    text = told(script, "a.js", before, after)
    assert "now calls `clean`, `start`" in text
    assert "`run`" not in text


def test_rows_that_share_a_text() -> None:
    source = b'f(a, """one\ntwo\nthree""", """four\nfive""")\ng("x")\n'
    assert code_rows("python", source, 0, 9) == {0: 'f(a, ""', 1: "", 2: '"", ""', 3: '"")'}


def test_a_line_that_is_put_in_again_elsewhere_becomes_nothing(script: Script) -> None:
    items = ["    nan: 'NaN',", "    number: 'nombre',"]
    more = ["    string: 'texte',", items[1], "    date: 'date',", "    map: 'carte',", items[0], "    set: 'suite',"]
    text = "function words() {\n  return {\n%s\n  };\n}\n"
    found = told(script, "a.js", text % "\n".join(items), text % "\n".join(more))
    assert "becomes" not in found


def test_what_a_module_exports_is_no_import(script: Script) -> None:
    before = (
        "export * from './a.js';\nexport * as iso from './iso.js';\nexport { one } from './one.js';\n\nconst x = 1;\n"
    )
    after = "export * from './a.js';\nexport { one, two } from './one.js';\n\nconst x = 1;\n"
    found = told(script, "a.ts", before, after)
    assert "exports `a`: changed (now exports `two`, no longer exports `iso`)" in found
    assert "updates exports" in found.casefold()


def test_a_heading_is_no_comment(script: Script) -> None:
    before = "# Changes\n\n## Next\n\n### Fixed\n\n- one\n"
    after = "# Changes\n\n## Next\n\n## 1.2 (May)\n\n### Fixed\n\n- one\n"
    found = told(script, "CHANGELOG.md", before, after)
    assert "section `Changes > 1.2 (May)`: added" in found
    assert "Fixed`: added" not in found


def test_a_comment_in_a_list_of_requirements_is_of_what_follows(script: Script) -> None:
    before = "flake\n# has no wheel\nblack --no-binary=regex\ntool\n    # via black\n"
    found = told(script, "requirements.txt", before, before.replace("# has no wheel\nblack --no-binary=regex", "black"))
    assert "package `black`: changed (`black --no-binary=regex` becomes `black`)" in found
    assert "flake" not in found


def test_a_value_in_other_lines_is_formatting(script: Script) -> None:
    before = '{\n  "a": [\n    "x --write"\n  ],\n  "b": 1\n}\n'
    found = told(script, "settings.json", before, '{\n  "a": ["x --write"],\n  "b": 1\n}\n')
    assert "formatting only: `a`" in found
    assert "changed" not in found


def test_a_title_keeps_the_quotes_inside_it(script: Script) -> None:
    test = "test(\"says 'a', not 'b'\", () => {\n  run(%d);\n});\n"
    found = told(script, "a.test.js", test % 1, test % 2)
    assert "test `says 'a', not 'b'`: changed" in found


def test_what_is_added_is_told_apart_from_what_changes(script: Script) -> None:
    script.commit("Begin", {"a.sh": "ln -s a b\n"})
    script.commit("", {"a.sh": "ln -s a c\n", "b.sh": "echo 1\n", "c.sh": "echo 2\n"})
    summary = history_of(script.root).explain_diff("HEAD").summary
    assert "adds code (b.sh, c.sh)" in summary.casefold()
    assert "updates code (a.sh" in summary.casefold()


def test_an_exception_of_a_new_function_is_handled_all_the_same(script: Script) -> None:
    before = "def show(path):\n    return read(path)\n"
    after = (
        "def load(path):\n    if not path:\n        raise Missing(path)\n    return read(path)\n\n\n"
        "def show(path):\n    try:\n        return load(path)\n    except Missing:\n        return None\n"
    )
    assert "now handles `Missing`" in told(script, "a.py", before, after)


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("Issue a warning on an open client", "change"),
        ("Improve the help text, closes #605", "change"),
        ("Bump the year of the license", "change"),
        ("Fix lint", "style"),
        ("Fixed eslint errors", "style"),
        ("Fix lint rule that crashes", "fix"),
        ("Solve the issue with empty input", "fix"),
    ],
)
def test_words_that_do_not_make_a_fix(subject: str, kind: str) -> None:
    assert intent_of(subject, "", shape_of([FileDiff("src/a.py", "M", added=5, removed=3)])).kind == kind
