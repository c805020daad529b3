"""The release that a definition came with, and the one that deprecated it, where its life was not a straight line."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.past import index_access, indexer
from iquest_lsp.codeflow.wording.story import DeprecationSource
from iquest_lsp.errors import UsageError
from tests.unit.codeflow.conftest import Script, history_of

FIND = "def find(path):\n    for part in path.split('/'):\n        if part:\n            return part\n"
KEEP = "def keep(value):\n    return value\n"
MARK = "/** @deprecated Use `Form`. */\n"
SHAPE = "export type Shape = string;\n"


@pytest.fixture(autouse=True)
def nothing_is_read_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a long history: what an answer needs is read for it."""
    monkeypatch.setattr(index_access, "SPOT_DEEP", 0)


def test_what_a_revert_brought_back_is_as_old_as_what_went(script: Script) -> None:
    script.commit("Begin", {"a.py": KEEP})
    script.commit("Find", {"a.py": KEEP + "\n\n" + FIND})
    script.git("tag", "v1.0")
    script.commit("Find by other means", {"a.py": KEEP})
    script.git("tag", "v2.0")
    script.commit('Revert "Find by other means"', {"a.py": FIND + "\n\n" + KEEP})
    script.git("tag", "v3.0")
    story = history_of(script.root).why("a.py::find")
    assert story.since == "v1.0"
    assert [item.change for item in story.story] == [
        "the function was added",
        "the function was removed",
        "the function was brought back",
    ]


def test_a_release_made_while_it_was_out_does_not_have_it(script: Script) -> None:
    script.commit("Find", {"a.py": KEEP + "\n\n" + FIND})
    script.commit("Find by other means", {"a.py": KEEP})
    script.git("tag", "v1.0")
    script.commit('Revert "Find by other means"', {"a.py": FIND + "\n\n" + KEEP})
    script.git("tag", "v2.0")
    assert history_of(script.root).why("a.py::find").since == "v2.0"


def test_another_one_of_the_name_is_new(script: Script) -> None:
    script.commit("Find", {"a.py": KEEP + "\n\n" + FIND})
    script.git("tag", "v1.0")
    script.commit("Find by other means", {"a.py": KEEP})
    script.git("tag", "v2.0")
    other = "def find(index, key):\n    node = index.root\n    while node.key != key:\n        node = node.next\n"
    script.commit("Find in an index", {"a.py": KEEP + "\n\n" + other})
    script.git("tag", "v3.0")
    assert history_of(script.root).why("a.py::find").since == "v3.0"


def test_a_copy_whose_original_goes_before_the_release_is_as_old_as_that(script: Script) -> None:
    script.commit("Begin", {"all.py": FIND + "\n\n" + KEEP})
    script.git("tag", "v1.0")
    script.commit("Split, first half", {"pkg/find.py": FIND})
    script.commit("Split, second half", {"all.py": None, "pkg/keep.py": KEEP})
    script.git("tag", "v2.0")
    story = history_of(script.root).why("pkg/find.py::find")
    assert story.since == "v1.0"
    assert [item.change for item in story.story] == [
        "the function was added",
        "the function was copied from all.py::find, where it went later",
    ]


def test_a_copy_of_what_stays_is_new(script: Script) -> None:
    script.commit("Begin", {"all.py": FIND + "\n\n" + KEEP})
    script.git("tag", "v1.0")
    script.commit("Copy", {"pkg/find.py": FIND})
    script.git("tag", "v2.0")
    script.commit("Only the copy is used", {"all.py": KEEP})
    assert history_of(script.root).why("pkg/find.py::find").since == "v2.0"


def test_what_went_before_its_copy_came_was_moved(script: Script) -> None:
    script.commit("Begin", {"all.py": FIND + "\n\n" + KEEP})
    script.git("tag", "v1.0")
    script.commit("Out with the old", {"all.py": None})
    script.commit("In with the new", {"pkg/find.py": FIND, "pkg/keep.py": KEEP})
    script.git("tag", "v2.0")
    story = history_of(script.root).why("pkg/find.py::find")
    assert story.since == "v1.0"
    assert [item.change for item in story.story] == [
        "the function was added",
        "the function was moved from all.py::find",
    ]


def test_a_function_inside_a_function_is_followed_by_its_name(script: Script) -> None:
    def outer(inner: str) -> str:
        return f"{KEEP}\n\ndef on(code):\n    def wrap(f):\n{inner}        return f\n\n    return wrap\n"

    script.commit("Begin", {"a.py": outer("        keep(lambda state: state.on(code)(f))\n")})
    script.git("tag", "v1.0")
    named = "        def from_state(state):\n            state.on(code)(f)\n\n        keep(from_state)\n"
    script.commit("Give it a name", {"a.py": outer(named)})
    script.git("tag", "v2.0")
    script.commit("Write its type", {"a.py": outer(named.replace("(state):", "(state) -> None:"))})
    story = history_of(script.root).why("a.py::from_state")
    assert (story.target, story.since) == ("a.py::on.wrap.from_state", "v2.0")
    assert [item.change for item in story.story] == ["the function was added", "the function was changed"]


def test_what_is_inside_a_function_is_followed_where_that_takes_another_name(script: Script) -> None:
    def outer(head: str) -> str:
        return f"{head} => {{\n  const cancelAll = () => {{\n    for (const stop of stops) stop();\n  }};\n}};\n"

    script.commit("Begin", {"a.ts": outer("module.exports = (request)")})
    script.git("tag", "v1.0")
    script.commit("By a name", {"a.ts": outer("export const timedOut = (request, delays)").replace("();", "(1);")})
    script.git("tag", "v2.0")
    assert history_of(script.root).why("a.ts::cancelAll").since == "v1.0"


def test_a_variable_of_a_module_is_found_by_its_name(script: Script) -> None:
    script.commit("Begin", {"a.ts": "export const isListed: Test = makeMap(ALLOWED)\n"})
    script.git("tag", "v1.0")
    both = "export const isAllowed: Test = makeMap(ALLOWED)\n\n" + MARK + "export const isListed: Test = isAllowed\n"
    script.commit("Call it what it is", {"a.ts": both})
    script.git("tag", "v2.0")
    story = history_of(script.root).why("a.ts::isListed")
    assert (story.since, story.deprecated_in) == ("v1.0", "v2.0")


def test_a_mark_inside_a_macro_is_read(script: Script) -> None:
    def method(mark: str) -> str:
        body = f"{mark}        pub fn count(&self) -> usize {{ self.n }}\n"
        return f"impl Pool {{\n    cfg_metrics! {{\n{body}    }}\n}}\n"

    script.commit("Begin", {"src/pool.rs": method("")})
    script.git("tag", "v1.0")
    script.commit("Rename it", {"src/pool.rs": method('        #[deprecated(note = "Use `alive`")]\n')})
    script.git("tag", "v1.1")
    story = history_of(script.root).why("src/pool.rs::Pool::count")
    assert (story.since, story.deprecated_in) == ("v1.0", "v1.1")


def test_an_alias_that_an_export_gives_is_deprecated_as_any_other(script: Script) -> None:
    script.commit("Begin", {"a.ts": f'export type {{\n  {MARK}  $Shape as ShapeAny,\n}} from "./core";\n'})
    script.git("tag", "v1.0")
    typed = f'import * as core from "./core";\n\n{MARK}export type ShapeAny = core.$Shape;\n'
    script.commit("As a type", {"a.ts": typed})
    story = history_of(script.root).why("a.ts::ShapeAny")
    assert (story.since, story.deprecated_in) == ("v1.0", "v1.0")


def test_a_mark_that_came_with_a_wide_commit_is_read(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexer, "MAX_DEEP_FILES", 2)
    script.commit("Begin", {"a.ts": SHAPE})
    script.git("tag", "v1.0")
    script.commit("Everything", {"a.ts": MARK + SHAPE, "b.ts": "export {};\n", "c.ts": "export {};\n"})
    script.git("tag", "v2.0")
    story = history_of(script.root).why("a.ts::Shape")
    assert (story.since, story.deprecated_in) == ("v1.0", "v2.0")


def test_the_issues_of_a_squashed_branch_are_no_reasons(script: Script) -> None:
    script.commit("Begin", {"a.ts": SHAPE})
    squashed = "".join(f"* Step, see #{number}\n\n" for number in range(10, 20))
    script.commit(f"Everything (#9)\n\n{squashed}", {"a.ts": MARK + SHAPE})
    told = [
        item.text for item in history_of(script.root).why("a.ts::Shape").reasons if item.kind is DeprecationSource.ISSUE
    ]
    assert told == ["#9"]


def test_a_name_of_several_definitions_is_asked_back(script: Script) -> None:
    script.commit("Begin", {"a.py": "class A:\n    def get(self): ...\n\n\nclass B:\n    def get(self): ...\n"})
    with pytest.raises(UsageError) as raised:
        history_of(script.root).why("a.py::get")
    assert "A.get, B.get" in str(raised.value)


def test_a_file_that_another_one_was_before_is_followed_where_only_its_name_is_new(
    script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(index_access, "SMALL", 0)
    script.commit("Begin", {"one.py": FIND})
    script.git("tag", "v1.0")
    script.commit("Call it two", {"one.py": None, "two.py": FIND})
    script.commit("Keep", {"two.py": FIND + "\n\n" + KEEP, "three.py": KEEP})
    script.commit("Move it", {"two.py": KEEP, "three.py": KEEP + "\n\n" + FIND})
    script.git("tag", "v2.0")
    story = history_of(script.root).why("three.py::find")
    assert story.since == "v1.0"
    assert [item.subject for item in story.story] == ["Begin", "Move it"]


def test_a_name_that_comes_back_before_the_next_release_was_never_away(script: Script) -> None:
    script.commit("Begin", {"a.py": FIND})
    script.git("tag", "v1.0")
    script.commit("Call it what it does", {"a.py": FIND.replace("find", "first_part")})
    kept = "\n\ndef find(path):\n    warnings.warn('use first_part', DeprecationWarning)\n    return first_part(path)\n"
    script.commit("Keep the old name", {"a.py": FIND.replace("find", "first_part") + kept})
    script.git("tag", "v2.0")
    story = history_of(script.root).why("a.py::find")
    assert (story.since, story.deprecated_in) == ("v1.0", "v2.0")


def test_a_backport_has_it_before_the_release_of_its_commit(script: Script) -> None:
    script.commit("Begin", {"a.py": KEEP})
    script.git("tag", "v1.0")
    script.git("checkout", "-q", "-b", "next")
    script.commit("Find", {"a.py": KEEP + "\n\n" + FIND})
    script.git("checkout", "-q", "main")
    script.commit("Find, for those who stay", {"a.py": KEEP + "\n\n" + FIND, "b.py": KEEP})
    script.git("tag", "v1.1")
    script.git("checkout", "-q", "v1.0")
    script.commit("For those who stayed longer", {"c.py": KEEP})
    script.git("tag", "v1.0.1")
    script.git("checkout", "-q", "next")
    marked = FIND.replace(":\n", ":\n    warnings.warn('use keep', DeprecationWarning)\n", 1)
    script.commit("Warn", {"a.py": KEEP + "\n\n" + marked})
    script.git("tag", "v2.0")
    story = history_of(script.root).why("a.py::find")
    assert (story.since, story.deprecated_in) == ("v1.1", "v2.0")


def test_a_name_that_came_later_is_told_apart(script: Script) -> None:
    script.commit("Begin", {"a.py": FIND.replace("find", "first_part")})
    script.git("tag", "v1.0")
    script.commit("Call it find", {"a.py": FIND})
    script.git("tag", "v2.0")
    story = history_of(script.root).why("a.py::find")
    assert (story.since, story.named_since) == ("v1.0", "v2.0")
    assert "In releases since **v1.0**, under this name since **v2.0**." in story.to_markdown()


def test_a_line_that_was_written_anew_is_the_same_definition(script: Script) -> None:
    script.commit("Begin", {"a.ts": "export const weekYear = convert(fn, 2)\n"})
    script.git("tag", "v1.0")
    script.commit("Without a name", {"a.ts": "export default convert(fn, 2)\n"})
    script.git("tag", "v2.0")
    script.commit("With its name", {"a.ts": "export const weekYear: Fn = convert(fn, 2)\n"})
    script.git("tag", "v3.0")
    assert history_of(script.root).why("a.ts::weekYear").since == "v1.0"


def test_what_is_written_anew_under_its_name_is_as_old_as_what_it_replaces(script: Script) -> None:
    script.commit(
        "Begin", {"src/send.ts": "export function sendAll(to: Sink) {\n  for (const x of all) to.put(x);\n}\n"}
    )
    script.git("tag", "v1.0")
    alias = "/** @deprecated Return the stream. */\nexport const sendAll = (to: Sink, value: Stream) => value;\n"
    script.commit("Return streams", {"src/send.ts": "export function stream() {}\n", "src/old.ts": alias})
    script.git("tag", "v2.0")
    story = history_of(script.root).why("src/old.ts::sendAll")
    assert (story.since, story.deprecated_in) == ("v1.0", "v2.0")
    assert story.story[-1].change == (
        "the function was written anew, in place of src/send.ts::sendAll, and marked as deprecated"
    )


def test_two_of_a_common_word_are_two(script: Script) -> None:
    whole = "export function send(to: Sink) {\n  for (const x of all) to.put(x);\n}\n"
    script.commit("Begin", {"src/send.ts": whole})
    script.git("tag", "v1.0")
    other = "export const send = (value: Stream) => value;\n"
    script.commit("Return streams", {"src/send.ts": "export function stream() {}\n", "src/old.ts": other})
    script.git("tag", "v2.0")
    assert history_of(script.root).why("src/old.ts::send").since == "v2.0"


def test_what_was_commented_out_for_a_while_is_as_old_as_before(script: Script) -> None:
    script.commit("Begin", {"a.py": KEEP + "\n\n" + FIND})
    script.git("tag", "v1.0")
    script.commit("Not now", {"a.py": KEEP + "\n\n" + "".join(f"# {line}\n" for line in FIND.splitlines())})
    script.git("tag", "v1.1")
    script.commit("Again", {"a.py": KEEP + "\n\n" + FIND})
    assert history_of(script.root).why("a.py::find").since == "v1.0"
