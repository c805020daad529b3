"""Macros that mark definitions of C and C++, which no grammar knows."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.outline.c_marks import tree_of, without_marks
from iquest_lsp.codeflow.syntax.outline.outlines import regions_of
from iquest_lsp.codeflow.syntax.symbols import symbols_of

MARKED = b"""#define KIT_INLINE inline \\
  KIT_MORE int
KIT_BEGIN_NAMESPACE
namespace kit {
template <typename Char> struct data {
  size_t size;

  KIT_CONSTEXPR data(int digits, unsigned prefix,
                     const specs& all)
      : size((prefix >> 24) + digits), padding(0) {
    if (all.on()) {
      size = 1;
    }
  }
};

template <typename Out>
KIT_CONSTEXPR20 auto write(Out out, bool is_nan) -> Out {
  return out;
}

KIT_FUNC void fail(const char* file) {
  KIT_ASSERT(file, "none");
}
}  // namespace kit
KIT_END_NAMESPACE
"""


def test_marked_definitions_are_read_as_others_are() -> None:
    names = [item.name for item in symbols_of("a.h", MARKED) if item.kind != "constant"]
    assert names[-5:] == ["kit", "kit.data", "kit.data.data", "kit.write", "kit.fail"]


@pytest.mark.parametrize(
    ("text", "bare"),
    [
        (b"KIT_API int f();\n", b"        int f();\n"),
        (b"KIT_ATTR(1, 2) void f();\n", b"               void f();\n"),
        (b"KIT_BEGIN\nint a;\n", b"         \nint a;\n"),
        (b"int f() const KIT_NOEXCEPT { return 1; }\n", b"int f() const              { return 1; }\n"),
        (b"int f() KIT_IF(a) = default;\n", b"int f()           = default;\n"),
        (b"auto f(int a, set b = {}) KIT_PURE -> int {\n", b"auto f(int a, set b     )          -> int {\n"),
        # What is a value, is called, or is the preprocessor's.
        (b"int a = KIT_ONE;\n", b"int a = KIT_ONE;\n"),
        (b"KIT_CHECK(a);\n", b"KIT_CHECK(a);\n"),
        (b"TEST_F(A, b) {\n}\n", b"TEST_F(A, b) {\n}\n"),
        (b"#define KIT_API KIT_OTHER int\n", b"#define KIT_API KIT_OTHER int\n"),
        (b"HANDLE f();\n", b"HANDLE f();\n"),
        (b"", b""),
    ],
)
def test_a_mark_is_left_blank(text: bytes, bare: bytes) -> None:
    assert without_marks(text) == bare


BEHIND = b"""class reel {
public:
    reel() KIT_NOEXCEPT = default;

    int turn(const int by) const KIT_NOEXCEPT {
        return by;
    }

    template<typename Sign>
    void pull(const Sign &sign = {}) {
        take(sign);
    }
};
"""


def test_marks_behind_parameters_are_no_names_of_methods() -> None:
    assert [item.name for item in symbols_of("a.hpp", BEHIND)] == ["reel", "reel.reel", "reel.turn", "reel.pull"]


def test_a_text_without_errors_is_read_as_it_is() -> None:
    source = b"UINT_PTR one;\nint f(void) { return 1; }\n"
    tree = tree_of("c", source)
    assert tree is not None
    assert tree.root_node.text == source
    assert tree_of("cobol", source) is None


GUARDED = b"""#ifndef KIT_REEL_H
#define KIT_REEL_H

namespace kit {
class reel {
};
}

#ifndef KIT_SIZE
#define KIT_SIZE 4
#endif
#endif
"""


def test_the_name_that_guards_a_header_is_no_constant_of_it() -> None:
    assert [item.name for item in symbols_of("a.hpp", GUARDED)] == ["kit", "kit.reel", "KIT_SIZE"]
    assert [item.name for item in regions_of("a.hpp", GUARDED)] == ["class reel", "ifndef KIT_SIZE", "KIT_SIZE"]
