"""What a commit is for, from its message, or from its diff alone."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.diff.filters import is_bot, rationale
from iquest_lsp.codeflow.diff.intents.intent import called_breaking, intent_of
from iquest_lsp.codeflow.diff.intents.kinds import IntentReason, Sign
from iquest_lsp.codeflow.diff.intents.message_words import issues_in, uninformative
from iquest_lsp.codeflow.diff.intents.shape import shape_of
from iquest_lsp.codeflow.git.commits import FileDiff, Hunk
from iquest_lsp.codeflow.syntax.changes import SymbolChange
from iquest_lsp.codeflow.syntax.effects.line_effects import effects, plain_effects
from iquest_lsp.codeflow.syntax.signatures import breaks_callers, parameter_effects, signature_effects, types_only
from iquest_lsp.codeflow.wording.effects import effect_words
from tests.unit.codeflow.made import diff_of

CODE = shape_of([FileDiff("src/a.py", "M", added=5, removed=3)])


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("fix: crash on empty input", "fix"),
        ("feat(parser)!: accept lists", "feature"),
        ("Fix crash on empty input", "fix"),
        ("Add support for European dates", "feature"),
        ("[shop#12] adding a limit", "feature"),
        ("[3.1] gh-12: Fix the limit", "fix"),
        ("Refactor the parser", "refactor"),
        ("perf: cache lookups", "perf"),
        ("Rename Foo to Bar", "refactor"),
        ("Speed up indexing", "perf"),
        ("Deprecate parse_date", "deprecate"),
        ('Revert "Add lists"', "revert"),
        ("v1.2.3", "release"),
        ("修复空输入崩溃", "fix"),
        ("新增欧洲日期支持", "feature"),
        ("重构解析器", "refactor"),
        ("feat：支持列表", "feature"),
        (":bug: empty input", "fix"),
        ("✨ lists", "feature"),
        ("[FIX] empty input", "fix"),
        ("Prevent a race in the cache", "fix"),
        ("Handle missing files", "fix"),
        ("Extract the tokenizer into a class", "refactor"),
        ("Allow several roots", "feature"),
        ("style: black", "style"),
    ],
)
def test_messages(subject: str, kind: str) -> None:
    assert intent_of(subject, "", CODE).kind == kind


def test_what_something_is_used_for_was_not_wrong() -> None:
    assert intent_of("Use the parser to handle parameters", "", CODE).kind == "change"
    closing = intent_of("Use the full name to resolve it", "Fixes #12", CODE)
    assert closing.reasons[:1] != (IntentReason(Sign.WORD, ("resolve",)),)
    mended = intent_of("Handle an empty name", "Fixes #12", CODE)
    assert (mended.kind, mended.reasons[0].values) == ("fix", ("Fixes #12",))


def test_tests_that_come_with_what_they_test_are_not_its_purpose() -> None:
    files = [FileDiff("a.py", "M", added=1, removed=1), FileDiff("tests/test_a.py", "M", added=20, removed=0)]
    assert intent_of("protect the output, test, docs", "", shape_of(files)).kind != "test"
    assert intent_of("Add tests for the output", "", shape_of(files)).kind == "test"


def test_what_a_message_names_beside_its_purpose() -> None:
    squashed = '* test: add one\n\n* use a stub\n\n* Revert "use a stub"\n\nThis reverts commit ' + "a" * 40 + "."
    made = intent_of("test(reels): add one (#12)", squashed, CODE)
    assert (made.kind, made.reverts) == ("test", "")
    assert intent_of("Fix PR comments", "", CODE).kind != "fix"
    assert intent_of("Remove Windows workarounds in some tests", "", CODE).kind != "fix"
    docs = shape_of([FileDiff("docs/reels.mdx", "A", added=20, removed=0)])
    assert intent_of("feat(docs): add reels", "", docs).kind == "docs"
    files = [FileDiff("a.py", "M", added=40, removed=3), FileDiff("tests/test_a.py", "M", added=20, removed=0)]
    assert intent_of("Improved test coverage and the tool's output", "", shape_of(files)).kind != "test"


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("Add godoc link", "feature"),
        ("allow travis to pass without the latest tag", "feature"),
        ("Add LCOV markers", "feature"),
        ("Raise minimum required compiler from 1.34 to 1.36", "refactor"),
    ],
)
def test_what_is_done_for_the_tools_around(subject: str, kind: str) -> None:
    made = [SymbolChange("a.py", "read", "function", "removed")] if kind == "refactor" else None
    files = [FileDiff("README.md", "M", added=1, removed=1), FileDiff("src/a.py", "M", added=1, removed=9)]
    assert intent_of(subject, "", shape_of(files, made)).kind != kind
    assert intent_of("Add link support to the parser", "", CODE).kind == "feature"


def test_what_comes_is_not_laid_out_anew() -> None:
    files = [FileDiff("src/a.c", "M", added=36, removed=0)]
    added = [SymbolChange("src/a.c", "format_vector", "function", "added")]
    assert intent_of("Format a command using a vector", "", shape_of(files, added)).kind == "feature"
    changed = [SymbolChange("src/a.c", "format_vector", "function", "body")]
    assert intent_of("Format the sources", "", shape_of(files, changed)).kind == "style"


def test_layout_beside_what_runs_is_not_all() -> None:
    shape = shape_of([diff_of("a.c", "f(a,b)\n", "f(a, b)\n"), diff_of(".travis.yml", "a: b\n", "a: c\n")])
    assert intent_of("Set up the builds", "", shape).kind != "style"


def test_what_runs_tests_adds_no_feature() -> None:
    files = [FileDiff(".travis.yml", "M", added=20, removed=3), FileDiff("tests/test_a.py", "M", added=2, removed=1)]
    assert intent_of("Add sanitizers to travis", "", shape_of(files)).kind == "ci"


@pytest.mark.parametrize(
    ("paths", "kind"),
    [
        (["README.md", "docs/x.rst"], "docs"),
        (["tests/test_a.py"], "test"),
        ([".github/workflows/ci.yml"], "ci"),
        (["pyproject.toml", "poetry.lock"], "build"),
    ],
)
def test_files_decide_before_words(paths: list[str], kind: str) -> None:
    shape = shape_of([FileDiff(path, "M", added=2, removed=1) for path in paths])
    assert intent_of("update", "", shape).kind == kind
    assert intent_of("Fix mistakes", "", shape).kind == kind


def test_trailers() -> None:
    body = "Because.\n\nBREAKING CHANGE: x\nCo-authored-by: Bob <b@x.org>\nThis reverts commit " + "a" * 40 + "."
    intent = intent_of("fix: a (#12)", body, CODE)
    assert (intent.issues, intent.reverts) == (("#12",), "a" * 40)
    assert called_breaking("fix: a (#12)", body) == "x"
    assert rationale("Why it is.\n\nSigned-off-by: A\n\nMore.") == "Why it is. More."
    assert issues_in("GH-3, ABC-12 and UTF-8; https://x.org/a/b/issues/7") == ("#3", "ABC-12", "#7")


@pytest.mark.parametrize(
    ("subject", "body", "said"),
    [
        ("feat!: drop the old form", "", ""),
        ("refactor(api)!: drop the old form", "It was slow.", ""),
        ("feat: a", "BREAKING-CHANGE: `sum` takes\na list now\n\nMore.", "`sum` takes a list now"),
        ("feat: a", "Text.\n\nBREAKING CHANGE: gone\nReviewed-by: Bo", "gone"),
        ("feat: a", "BREAKING CHANGES\n\n- one", ""),
        ("Stop!: it is late", "", None),
        ("feat: a", "No BREAKING CHANGE here.", None),
        ("feat: breaking changes of others", "", None),
    ],
)
def test_what_a_message_calls_breaking(subject: str, body: str, said: str | None) -> None:
    assert called_breaking(subject, body) == said


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("修复登录超时（#12）", ("#12",)),
        ("修复#12的问题，另见issue#13@Github", ("#12", "#13")),
        ("修复`DateUnit`毫秒转换问题（issue#IDNAOY@Gitee）", ("IDNAOY",)),
        ("解决ABC-12引起的崩溃", ("ABC-12",)),
        ("颜色#123456abc、UTF-8编码", ()),
        ("see pr#7", ("#7",)),
    ],
)
def test_issues_beside_chinese(text: str, found: tuple[str, ...]) -> None:
    assert issues_in(text) == found


@pytest.mark.parametrize(
    ("subject", "kind"),
    [
        ("修复get_name函数返回空值", "fix"),
        ("修复getName()空指针", "fix"),
        ("新增StrUtil.isBlank方法", "feature"),
        ("解决bug：登录超时", "fix"),
        ("重构add_user的实现细节", "refactor"),
        ("优化test_cache性能", "perf"),
    ],
)
def test_names_beside_chinese_do_not_swallow_it(subject: str, kind: str) -> None:
    assert intent_of(subject, "", CODE).kind == kind


@pytest.mark.parametrize(
    "subject", ["修改bug", "优化代码", "代码优化", "更新了一些文件", "修复问题", "bug修复", "调整细节"]
)
def test_empty_chinese_words(subject: str) -> None:
    assert uninformative(subject)


def test_a_text_without_spaces_is_cut_where_there_is_room_for_no_more() -> None:
    body = "原因 " + "因为缓存没有清理所以登录会超时" * 40
    assert rationale(body) == body[:399] + "…"
    assert len(rationale("word " * 200)) <= 400
    assert rationale("word " * 200).endswith("word…")


@pytest.mark.parametrize("subject", ["wip", "Update", "fix", "minor changes", "...", "更新", "", "x", "address review"])
def test_empty_words(subject: str) -> None:
    assert uninformative(subject)


@pytest.mark.parametrize(
    "subject",
    [
        "Fix the parser",
        "修复解析器崩溃",
        "优化登录",
        "更新README的安装说明",
        "修复登录超时问题",
        "Update the parser's grammar",
    ],
)
def test_full_words(subject: str) -> None:
    assert not uninformative(subject)


def test_bots() -> None:
    assert is_bot("dependabot[bot]", "x@y.z")
    assert is_bot("x", "renovate@whitesource.com")
    assert not is_bot("Abbott", "abbott@robotics.org")


def facts(removed: list[str], added: list[str]) -> list[str]:
    return [effect_words(item) for item in effects(removed, added)]


def parameter_facts(before: str, after: str) -> list[str]:
    return [effect_words(item) for item in parameter_effects(before, after)]


def heads(text: str) -> tuple[str, str]:
    before, _, after = text.partition(" → ")
    return before, after


def signature_facts(text: str) -> list[str]:
    return [effect_words(item) for item in signature_effects(*heads(text))]


def test_facts() -> None:
    assert "now raises `ValueError`" in facts(["    return None"], ["    raise ValueError('x')"])
    assert facts(["if a < b:"], ["if a <= b:"])[0].startswith("`<` becomes `<=`")
    assert facts(["x = f(3)"], ["x = f(4)"])[0].startswith("`3` becomes `4`")
    assert "now calls `strptime`" in facts([], ["    return datetime.strptime(text, fmt)"])
    assert parameter_facts("def f(a, b)", "def f(a, b, *, c: int = 3)") == ["takes the new parameter `c`"]
    assert parameter_facts("int f(int a, char *b)", "int f(int a)") == ["no longer takes `b`"]
    assert parameter_facts("def f(a, b)", "def f(b, a)") == ["takes its parameters in a different order"]


def test_heads_are_told_by_what_callers_notice() -> None:
    assert signature_facts("def f(a: int) -> int → def f(a: str) -> int") == ["changes only types in its signature"]
    assert types_only(*heads("def f(a: Union[str, None] = None) → def f(a: str | None = None)"))
    assert not types_only(*heads("def f(a: int = 1) → def f(a: int = 2)"))
    assert not types_only(*heads("def f(a) → def f(a, b)"))
    assert not types_only(*heads("int f(int a) → int f(long a)")), "callers of a compiled language do care"
    assert signature_facts("def f(a) → def f(a, b=1)") == ["takes the new parameter `b`"]


def test_no_fact_is_made_of_texts_or_common_calls() -> None:
    long = "SELECT a FROM (x) WHERE b IN (y) AND c IN (z) ORDER BY d LIMIT 100 -- so long that it is no name"
    told = facts(["    return stale(1)"], [f'    return fresh("{long}", max(2, 3))'])
    assert told == ["now calls `fresh`", "no longer calls `stale`"]


def test_what_is_nearly_all_new_is_neither_a_refactoring_nor_a_fix() -> None:
    new = shape_of([FileDiff("a/convert.py", "A", added=900), FileDiff("a/main.py", "M", added=4, removed=2)])
    assert intent_of("Workshop: convert checkpoints, streamed", "", new).kind == "feature"
    assert intent_of("Workshop: verify and repair files", "", new).kind == "feature"
    few = shape_of([FileDiff("a/main.py", "M", added=4, removed=2)])
    assert intent_of("Convert the loop to a comprehension", "", few).kind == "refactor"
    assert intent_of("Repair the cursor", "", few).kind == "fix"


def test_files_that_move_make_a_refactoring_even_where_their_imports_change() -> None:
    moves = [FileDiff(f"new/{name}.py", "R", f"old/{name}.py", added=2, removed=2) for name in "abcd"]
    assert intent_of("Rooms for projects and answers", "", shape_of([*moves, FileDiff("b.md", "M", added=9)])).kind == (
        "refactor"
    )
    fresh = [FileDiff(f"more/{number}.py", "A", added=60) for number in range(4)]
    assert intent_of("Rooms for projects and answers", "", shape_of([*moves, *fresh])).kind == "feature"


@pytest.mark.parametrize(
    ("signatures", "breaks"),
    [
        ("def f(a) → def f(a, b=1)", False),
        ("def f(a) → def f(a, b)", True),
        ("def f(a, b=1) → def f(a, c=1, b=1)", True),
        ("def f(a) → def f(a, *, b)", True),
        ("def f(a) → def f(a, *, b=2)", False),
        ("def f(a, *, key=1) → def f(a, b=2, *, key=1)", False),
        ("def f(a, **kw) → def f(a, b=1, **kw)", False),
        ("def f(a, *args) → def f(a, b=1, *args)", True),
        ("def f(a, b=1) → def f(a, b=2)", True),
        ("def f(a, b) → def f(a, b=2)", False),
        ("def f(a, b) → def f(a)", True),
        ("def f(a, b) → def f(b, a)", True),
        ("def f(self, a) → def f(self, c)", False),
        ("def f(a, *, k) → def f(a, *, m)", True),
        ("def f(a) → def f(*, a)", True),
        ("def f(a) → async def f(a)", True),
        ("int f(int a) → int f(int a, int b)", True),
        ("void f(const char *p) → void f(const char *p, int n = 0)", False),
        ("func f(a int) → func f(a int, rest ...string)", False),
        ("ask<T>(a: string) → ask<T, P>(a: string, b?: number)", False),
        ("async show(a: string): Promise<void> → show(a: string): Promise<void>", False),
    ],
)
def test_which_signatures_break_callers(signatures: str, breaks: bool) -> None:
    assert breaks_callers(*heads(signatures)) is breaks


LONG = "x = prepare(first, second, third_of_them, the_fourth_argument, the_fifth_argument, "


@pytest.mark.parametrize(
    ("removed", "added", "told"),
    [
        (
            ["    if self.closed:  # too late"],
            ["    if self.closed or done:  # too late"],
            ["the condition `self.closed` becomes `self.closed or done`"],
        ),
        (
            [LONG + "last)"],
            [LONG + "last, sorted=True)  # new"],
            ["`x = prepare(first, second, third_of_them, the_fourth_argume…` gains `, sorted=True`"],
        ),
        (["    total = a", "    rate = b"], ["    total = a + extra", "    rate = b"], ["now uses `extra`"]),
        (["    size = 1  # one"], ["    size = 1  # exactly one"], ["only comments change"]),
        (
            ["    if not text:", "        return"],
            ["    if not text:", "        return"],
            ["the lines from `if not text:` on move"],
        ),
        (["        total += 1  # one"], ["    total += 1  # two"], ["`total += 1  # one` is indented otherwise"]),
        (["    return path // 2"], ["    return path // 3"], ["`2` becomes `3` in `return path // 3`"]),
    ],
)
def test_small_changes_are_told_by_their_lines(removed: list[str], added: list[str], told: list[str]) -> None:
    assert (facts(removed, added) or [effect_words(item) for item in plain_effects(removed, added)]) == told


@pytest.mark.parametrize("subject", ["address review comments", "Addressed the code review", "PR feedback"])
def test_a_message_about_a_review_alone_tells_nothing(subject: str) -> None:
    assert uninformative(subject)


def test_the_layout_of_comments_and_empty_lines_is_style() -> None:
    def kind(removed: str, added: str) -> str:
        hunk = Hunk(1, 1, 1, 1, (removed,), (added,))
        return intent_of("Whitespace", "", shape_of([FileDiff("a.py", "M", added=1, removed=1, hunks=(hunk,))])).kind

    assert kind("    # one", "  # one") == "style"
    assert kind("# one", "# two") == "docs"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("See #47", ""),
        ("Fixes #12, #13.", ""),
        ("Part of #465.\n\nClients wait less.", "Clients wait less."),
        ("Closes https://shop.test/issues/12", ""),
        ("Fixes #12 for empty lists.", "Fixes #12 for empty lists."),
        ("It is faster:\n\n```rust\nfn main() {\n\n}\n```\n\nBy a half.", "It is faster: By a half."),
        ("It is faster:\n\n```\nno end", "It is faster:"),
    ],
)
def test_a_reference_and_pasted_code_are_no_reasons(body: str, reason: str) -> None:
    assert rationale(body) == reason
