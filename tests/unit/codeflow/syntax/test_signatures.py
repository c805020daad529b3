"""Heads of definitions: what of them callers see."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.effects.effect import EffectKind
from iquest_lsp.codeflow.syntax.signatures import breaks_callers, parameters, signature_effects
from iquest_lsp.codeflow.syntax.symbols import symbols_of


@pytest.mark.parametrize("mark", ['__attribute__((optimize("O0")))', "__declspec(noinline)", "[[nodiscard]]"])
def test_an_attribute_of_c_is_no_parameter(mark: str) -> None:
    before, after = "static int sizes(int of, int all)", f"static {mark} int sizes(int of, int all)"
    assert list(parameters(after)) == ["of", "all"]
    assert not breaks_callers(before, after)
    assert [(effect.kind, effect.values) for effect in signature_effects(before, after)] == [
        (EffectKind.GAINS_MARK, (mark,))
    ]


def test_a_line_of_the_preprocessor_is_no_part_of_a_head() -> None:
    text = (
        "#if defined(OLD)\n__attribute__((noinline))\n#endif\nint sizes(int all,\n#ifdef ALL\n#endif\n  int of)\n{\n}\n"
    )
    (signature,) = (item.signature for item in symbols_of("a.c", text.encode()) if item.name == "sizes")
    assert "#" not in signature
    assert list(parameters(signature)) == ["all", "of"]


LONG = "class ThatIsCalledByAVeryLongNameIndeed implements AnotherThatIsCalledByAVeryLongName"


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("interface A extends B", "type A", [(EffectKind.BECOMES, ("interface", "type"))]),
        ("class A", "interface A", [(EffectKind.BECOMES, ("class A", "interface A"))]),
        ("fn f(a: u8)", "fn f(a: u8) -> Out<()> where T: B", [(EffectKind.GIVES, ("Out<()>",))]),
        ("fn f(a: u8) -> Out", "fn f(a: u8) -> ()", [(EffectKind.GIVES_NO_MORE, ("Out",))]),
        # The arrow of a parameter is no result.
        ("fn f(a: impl Fn(u8) -> u8)", "fn f(a: impl Fn(u8) -> u8) -> Out", [(EffectKind.GIVES, ("Out",))]),
        (LONG, f"final {LONG}", [(EffectKind.GAINS_MARK, ("final",))]),
        (
            f"public {LONG}",
            f"private {LONG}",
            [(EffectKind.GAINS_MARK, ("private",)), (EffectKind.LOSES_MARK, ("public",))],
        ),
        (LONG, LONG.replace("Indeed", "Now"), [(EffectKind.OTHER_SIGNATURE, ())]),
    ],
)
def test_what_becomes_of_a_head(before: str, after: str, told: list[tuple[EffectKind, tuple[str, ...]]]) -> None:
    assert [(effect.kind, effect.values) for effect in signature_effects(before, after)] == told
