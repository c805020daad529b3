"""What is told where words change that are no code, where lines only stand elsewhere, and of what a module exports."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.intents.intent import intent_of
from iquest_lsp.codeflow.diff.intents.shape import shape_of
from iquest_lsp.codeflow.git.commits import FileDiff, Hunk
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


def test_what_an_import_loses_is_used_where_it_comes_another_way(script: Script) -> None:
    before = "import os\nfrom functools import cache\n\nx = 1\n"
    after = "import os\n\ntry:\n    from functools import cache\nexcept ImportError:\n    cache = None\n\nx = 1\n"
    assert "no longer uses" not in told(script, "a.py", before, after)


def test_names_in_another_order_do_not_move(script: Script) -> None:
    before = "import os\nfrom typing import Dict, IO, List\n\nx = 1\n"
    assert "move" not in told(script, "a.py", before, before.replace("Dict, IO, List", "IO, Dict, List"))


def test_tests_in_a_list_are_tests(script: Script) -> None:
    before = "await Promise.all([\n  it('adds', async () => {\n    run(1);\n  }),\n]);\n"
    after = before.replace("  }),\n", "  }),\n  it('takes away', async () => {\n    run(2);\n  }),\n")
    found = told(script, "a.test.js", before, after)
    assert "test `takes away`: added" in found
    assert "now calls" not in found


def test_a_condition_is_told_beside_the_one_it_was(script: Script) -> None:
    before = "func f(n int) int {\n\tif t.plain() {\n\t\tn--\n\t}\n\treturn n\n}\n"
    after = "func f(n int) int {\n\tif !t.silent {\n\t\tn++\n\t}\n\tif !t.plain() {\n\t\tn++\n\t}\n\treturn n\n}\n"
    found = told(script, "a.go", "package a\n\n" + before, "package a\n\n" + after)
    assert "the condition `t.plain()` is turned around to `!t.plain()`" in found
    assert "`t.plain()` becomes" not in found
    assert "`--` becomes `++`" not in found


def test_words_of_comments_make_nothing_faster() -> None:
    hunk = Hunk(0, 2, 0, 2, ("    # nulled when used", "    go(one)"), ("    # the buffer's, lazily", "    go(two)"))
    item = FileDiff("src/a.py", "M", added=2, removed=2, hunks=(hunk,))
    assert shape_of([item]).speeds == 0


def test_what_is_called_in_the_place_of_another_is_renamed(script: Script) -> None:
    body = "def {}({}, {}):\n    log(1)\n    {} = {} in {}\n    if {}:\n        return 2\n    return None\n"
    before = body.format("use", "item", "keys", "used", "item", "keys", "used")
    after = body.format("take", "entry", "known", "is_known", "entry", "known", "is_known")
    call = "\n\ndef run(x):\n    return %s(x, [1])\n"
    found = told(script, "a.py", before + call % "use", after + call % "take")
    assert "function `take`: renamed" in found


def test_one_short_line_says_more_than_a_text_in_it(script: Script) -> None:
    before = "class A {\n  constructor() {\n    this.x = 1;\n  }\n}\n"
    after = before.replace("    this.x = 1;\n", "    this.x = 1;\n    this.name = 'Detailed';\n")
    assert "(`this.name = 'Detailed';` is new)" in told(script, "a.js", before, after)


def test_dunder_names_survive_markdown_in_a_story(script: Script) -> None:
    script.commit("Begin", {"a.py": "class A:\n    def __one__(self):\n        return [1, 2, 3]\n"})
    script.commit("Rename", {"a.py": "class A:\n    def __two__(self):\n        return [1, 2, 3]\n"})
    text = history_of(script.root).why("a.py::A.__two__").to_markdown()
    assert "A.\\_\\_one\\_\\_ → A.\\_\\_two\\_\\_" in text


def test_an_item_that_comes_before_others_changes_none_of_them(script: Script) -> None:
    item = "  - python: '{}'\n    os: {}\n"
    before = "include:\n" + item.format("3.8", "linux") + item.format("pypy", "linux") + item.format("3.9", "mac")
    after = "include:\n" + item.format("3.8", "linux") + item.format("3.7", "old") + before.partition("linux\n")[2]
    found = told(script, "ci.yml", before, after)
    assert "becomes" not in found
    assert "added" in found


def test_requirements_for_developers_are_packages(script: Script) -> None:
    found = told(
        script, "dev-requirements.txt", "h2==4.1.0\nattrs==23.2.0\ntrio==0.26.0\n", "h2==4.1.0\ntrio==0.26.2\n"
    )
    assert "package `trio`: changed (raised from 0.26.0 to 0.26.2)" in found
    assert "package `attrs`: removed" in found
    assert "updates build files" in found


def test_a_function_of_go_that_returns_something_now(script: Script) -> None:
    before = "package a\n\nfunc set(r *Request, v any) {\n\tput(r, v)\n}\n"
    found = told(script, "a.go", before, before.replace("any) {", "any) *Request {").replace("put", "return put"))
    assert "returns `*Request`, where it returned nothing" in found
    assert "types only" not in found


def test_what_is_not_called_any_more_is_not_passed_less(script: Script) -> None:
    before = (
        "fn f(x: Option<u8>) -> bool {\n    x.filter(one)\n        .map_or(false, |c| text(c, 2) && text(c, 4))\n}\n"
    )
    found = told(script, "a.rs", before, before.replace("map_or(false, ", "is_some_and("))
    assert "no longer passes" not in found


def test_warnings_are_no_faults() -> None:
    shape = shape_of([FileDiff("src/a.rs", "M", added=5, removed=3)])
    assert intent_of("Fix `clippy::unnecessary_map_or` warnings", "", shape).kind == "refactor"
    assert intent_of("Fix a crash where warnings are shown", "", shape).kind == "fix"
