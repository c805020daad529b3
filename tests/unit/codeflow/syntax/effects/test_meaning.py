"""What replaced lines are said to mean."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iquest_lsp.codeflow.syntax.effects.body_effects import body_effects
from iquest_lsp.codeflow.syntax.effects.effect import EffectKind
from iquest_lsp.codeflow.syntax.effects.meaning import meaning_of
from iquest_lsp.codeflow.syntax.signatures import parameters, signature_effects
from iquest_lsp.codeflow.wording.effects import effect_words


def told(kind: str, before: str, after: str, language: str = "") -> list[str]:
    minus, plus = (text.split("\n") if text else [] for text in (before, after))
    return [effect_words(item) for item in body_effects(kind, [(minus, plus)], minus, plus, language)]


LONG = "    result = " + "compute_the_whole_thing_at_once(first_argument, second_argument, third_argument"


@pytest.mark.parametrize(
    ("kind", "before", "after", "expected"),
    [
        (
            "function",
            "if x == nil {\n  a()\n}",
            "if x != nil {\n  a()\n}",
            ["the condition `x == nil` is turned around to `x != nil`"],
        ),
        (
            "function",
            "  if ready(x):",
            "  if not ready(x):",
            ["the condition `ready(x)` is turned around to `not ready(x)`"],
        ),
        ("function", "if (a) {", "if (a && b(c)) {", ["a condition also requires `b(c)`"]),
        ("function", "if (a || b(c)) {", "if (a) {", ["a condition no longer holds if `b(c)`"]),
        ("function", "  a === 1 &&", "  (a === 1 || a === 2) &&", ["a condition also holds if `a === 2`"]),
        (
            "function",
            "if (!item.Readable)",
            "if (item.Getter == null || !item.Getter.Public)",
            ["the condition `!item.Readable` becomes `item.Getter == null || !item.Getter.Public`"],
        ),
        (
            "function",
            "  const job = take();\n  if (!job) {\n    return false;\n  }",
            "  const job = take()!;",
            ["no longer checks `!job`"],
        ),
        (
            "function",
            "  if (a) {\n    b();\n  }\n  c();",
            "  a && b();\n  d();",
            ["now calls `d`", "no longer calls `c`"],
        ),
        ("function", "if dbg!(x.y()) {", "if x.y() {", ["the condition `dbg!(x.y())` becomes `x.y()`"]),
        ("function", f"{LONG})", f"{LONG}, timeout=3)", ["passes `timeout=3` to `compute_the_whole_thing_at_once`"]),
        ("function", "a = one(x, y)", "a = two(x, y)", ["calls `two` instead of `one`"]),
        (
            "function",
            '            message!("{}", err);',
            '            message!(\n                "failed to read: {}",\n                err\n            );',
            ['`"{}"` becomes `"failed to read: {}"`'],
        ),
        ("enum", "", "    Third,", ["gains the member `Third`"]),
        ("enum", "  A = 1,\n  B = 2,", "  A = 1,", ["loses the member `B`"]),
        ("struct", "", "    pub(crate) depth: Option<usize>,", ["gains the member `depth`"]),
        ("struct", "", "    unsigned long long seen[3];", ["gains the member `seen`"]),
        ("struct", "", '\tMaxDepth int `json:"x"`', ["gains the member `MaxDepth`"]),
        (
            "struct",
            "\tfs fs.FS",
            "\tfs   fs.FS\n\tmu   sync.Mutex // guards bins\n\tbins map[string]*bin",
            ["gains the members `mu`, `bins`"],
        ),
        ("struct", "", "\tleft, right *node", ["gains the members `left`, `right`"]),
        (
            "method",
            "    gen = self.walk(r, stream=stream,\n               timeout=timeout, verify=verify,\n"
            "               proxies=proxies)",
            "    gen = self.walk(r, stream=stream,\n               timeout=timeout, retries=retries,\n"
            "               verify=verify,\n               proxies=proxies)",
            ["passes `retries=retries` to `walk`"],
        ),
        ("interface", "", "\tMatch([]string, string) Routes", ["gains the member `Match`"]),
        (
            "method",
            "",
            "    #[cfg_attr(docsrs, doc(cfg(unstable)))]",
            ["is marked `#[cfg_attr(docsrs, doc(cfg(unstable)))]`"],
        ),
        (
            "function",
            "@cache",
            "@lru_cache(maxsize=3)",
            ["is marked `@lru_cache(maxsize=3)`", "is no longer marked `@cache`"],
        ),
    ],
)
def test_what_lines_mean(kind: str, before: str, after: str, expected: list[str]) -> None:
    assert told(kind, before, after) == expected


def test_lifetimes_are_no_texts() -> None:
    before = "impl<'s, M: Matcher, S: Sink> Core<'s> {\n    fn a(&'s self) -> &'s str { x }"
    after = "impl<'a, M: Matcher, S: Sink> Core<'a> {\n    fn a(&'a self) -> &'a str { x }"
    assert not [words for words in told("function", before, after, "rust") if "text" in words]


def test_a_block_that_is_put_around_is_no_change_of_a_line() -> None:
    before = ["    value = parse(text)"]
    after = ["    try:", "        value = parse(text)", "    except ValueError:", "        value = None"]
    assert not meaning_of([(before, after)]).complete


def test_another_text_is_not_compared() -> None:
    assert not meaning_of([(["    x = take(x)"], ["    log(y)", "    extra = 3"])]).effects


def test_lines_that_move_are_said_to_move() -> None:
    pairs: list[tuple[list[str], list[str]]] = [([], ["    x = 0;"]), (["        x = 0;"], [])]
    [effect] = body_effects("function", pairs, [], [])
    assert effect.kind is EffectKind.MOVES_LINE


def test_what_moves_along_with_a_change_is_not_told() -> None:
    pairs: list[tuple[list[str], list[str]]] = [
        ([], ["    if a.b:", "        c.d.add(1)"]),
        (["    if a.b:", "        c.d.add(1)"], []),
        ([], ["    c.d.add(1)"]),
    ]
    own = ["if a.b:", "c.d.add(1)"]
    assert [effect_words(item) for item in body_effects("function", pairs, own, own)] == ["`c.d.add(1)` is new"]


@pytest.mark.parametrize(
    ("signature", "names"),
    [
        ("pub(super) fn run(self, x: u8) -> X", ["self", "x"]),
        ("pub(crate) fn f<F: Fn(A) -> B>(x: F)", ["x"]),
        ("func (c *Context) Bind(obj any, n int) error", ["obj", "n"]),
        ("type A = (B, C)", []),
        ("pub(super) struct A", []),
        ("function f<T extends (x: A) => B>(y: T)", ["y"]),
    ],
)
def test_parameters_begin_behind_what_stands_before_the_name(signature: str, names: list[str]) -> None:
    assert list(parameters(signature)) == names


def test_another_type_is_told_by_both() -> None:
    [effect] = signature_effects("type A<K> = Record<K, boolean>", "type A<K> = Partial<Record<K, boolean>>")
    assert effect.kind is EffectKind.BECOMES


_WORDS = [
    "foo(a,",
    "b)",
    "foo(",
    "bar",
    "(",
    ")",
    ",",
    "x",
    "if",
    "else",
    "return",
    "raise",
    "Error",
    "'text'",
    "1",
    "=",
    "==",
    "not",
    "and",
    "self",
    ".",
    "y",
    "new",
    "for",
    "in",
    "[",
    "]",
    "{",
    "}",
    ":",
]


@given(st.randoms(use_true_random=False))
@pytest.mark.slow
def test_any_lines_that_replaced_others_have_a_meaning_or_none(source: random.Random) -> None:
    old = [source.choice(_WORDS) for _ in range(source.randint(3, 12))]
    new = list(old)
    for _ in range(source.randint(1, 4)):
        at = source.randrange(len(new))
        new[at : at + source.randint(0, 1)] = [source.choice(_WORDS)] * source.randint(0, 1) or [source.choice(_WORDS)]
    before, after = (
        "".join(word + source.choice(["\n", " ", " ", " "]) for word in words).strip().split("\n")
        for words in (old, new)
    )
    for effect in meaning_of([(before, after)]).effects:
        assert effect_words(effect)


def test_an_argument_beside_a_line_that_comes() -> None:
    assert meaning_of([(["( , x for"], ["or foo(a,", "x", "for"])]).effects


def test_values_are_whole_and_their_words_cut() -> None:
    """Of two long texts what stands around their difference is shown."""
    before = '"' + "a word and another one " * 5 + 'at the end"'
    after = before.replace("at the end", "at the very end")
    [effect] = body_effects("function", [([f"say({before})"], [f"say({after})"])], [], [])
    assert effect.kind is EffectKind.VALUE_BECOMES
    assert effect.values == (before, after)
    assert effect_words(effect) == '`…another one at the end"` becomes `…another one at the very end"`'
