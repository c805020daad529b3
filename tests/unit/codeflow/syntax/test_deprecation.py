"""What makes a definition deprecated, and what only speaks of deprecation."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.deprecation import is_deprecated
from iquest_lsp.codeflow.syntax.symbols import symbols_of

DEPRECATED = [
    ("a.py", "@deprecated('use g')\ndef f():\n    return 1\n"),
    ("a.py", "@typing_extensions.deprecated(\n    'use g',\n)\ndef f():\n    return 1\n"),
    ("a.py", 'def f():\n    """Does it.\n\n    .. deprecated:: 2.3\n        Use g.\n    """\n    return 1\n'),
    ("a.py", 'def f():\n    """Deprecated: use g."""\n'),
    ("a.py", "def f(x):\n    warnings.warn('f goes', DeprecationWarning, stacklevel=2)\n    return x\n"),
    (
        "a.py",
        "def f(x):\n    import warnings\n\n    warnings.warn(\n        'f goes',\n"
        "        DeprecationWarning,\n    )\n    return x\n",
    ),
    ("a.js", "/**\n * Does it.\n * @deprecated use g\n */\nfunction f() {\n  return 1;\n}\n"),
    ("A.java", "class A {\n  @Deprecated\n  void f() {\n  }\n}\n"),
    ("a.rs", '#[deprecated(since = "0.2")]\npub fn f() {}\n'),
    ("a.go", "// F does it.\n//\n// Deprecated: use G.\nfunc F() {\n}\n"),
]
NOT = [
    ("a.py", "def f(deprecated=None):\n    return deprecated\n"),
    (
        "a.py",
        "def f(x, y=None):\n    if y is not None:\n        warnings.warn('y goes', DeprecationWarning)\n    return x\n",
    ),
    (
        "a.py",
        'def f(x, y=None):\n    """Does it.\n\n    :param y: what it does.\n\n        .. deprecated:: 2.3\n    """\n',
    ),
    ("a.py", "def f(x):\n    return is_deprecated(x)  # deprecated: no\n"),
    ("a.py", "def f():\n    with pytest.deprecated_call():\n        g()\n"),
    ("a.py", 'def f():\n    """Tells which fields are deprecated."""\n    return [x for x in y if x.deprecated]\n'),
    ("a.js", "/**\n * @param {string} x - deprecated, use y\n */\nfunction f(x, y) {\n  return y;\n}\n"),
    ("a.js", "function f(x) {\n  if (x) {\n    deprecate('x goes');\n  }\n  return 1;\n}\n"),
    ("a.rs", "pub fn f() {\n    let deprecated = true;\n}\n"),
]


@pytest.mark.parametrize(("path", "text"), DEPRECATED)
def test_a_definition_is_deprecated_by_what_is_said_of_itself(path: str, text: str) -> None:
    source = text.encode()
    assert is_deprecated(source.split(b"\n"), symbols_of(path, source)[-1])


@pytest.mark.parametrize(("path", "text"), NOT)
def test_a_part_a_condition_or_a_word_deprecates_nothing(path: str, text: str) -> None:
    source = text.encode()
    assert not any(is_deprecated(source.split(b"\n"), symbol) for symbol in symbols_of(path, source))
