"""The keys of configuration files: their names, their lines and their values."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.outline.keys import MAX_NAME, ini_keys, json_keys, toml_keys, yaml_keys
from iquest_lsp.codeflow.syntax.outline.region import Region

Found = dict[str, tuple[int, int, str]]


def of(regions: tuple[Region, ...], kind: str = "key") -> Found:
    return {item.name: (item.start, item.end, item.value) for item in regions if item.kind == kind}


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", {}),
        ("a = 1 # one", {"a": (0, 1, "1")}),
        ("a = 1\r", {"a": (0, 1, "1")}),
        ('a = "# no comment" # one', {"a": (0, 1, '"# no comment"')}),
        ("a.b . c = true", {"a.b.c": (0, 1, "true")}),
        ('"a b" = 1', {"a b": (0, 1, "1")}),
        ("a = [\n  1, # ]\n  2,\n]\nb = 2", {"a": (0, 4, "[\n  1, # ]\n  2,\n]"), "b": (4, 5, "2")}),
        ('a = """\nb = 1\n"""\nc = 2', {"a": (0, 3, '"""\nb = 1\n"""'), "c": (3, 4, "2")}),
        (
            "[t]\na = 1\n[[t.u]]\na = 2\n[[t.u]]\na = 3",
            {"t.a": (1, 2, "1"), "t.u[0].a": (3, 4, "2"), "t.u[1].a": (5, 6, "3")},
        ),
        ("# a = 1\nno key", {}),
    ],
)
def test_keys_of_toml(text: str, keys: Found) -> None:
    assert of(toml_keys(text.split("\n"))) == keys


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", {}),
        ("a: 1 # one", {"a": (0, 1, "1")}),
        ("a: 1\r\nb: 2\r", {"a": (0, 1, "1"), "b": (1, 2, "2")}),
        ("a:\n  b: 1\n  c: 2\nd: 3", {"a": (0, 3, ""), "a.b": (1, 2, "1"), "a.c": (2, 3, "2"), "d": (3, 4, "3")}),
        ("a: |\n  b: 1\n\n  c: 2\nd: 3", {"a": (0, 4, ""), "d": (4, 5, "3")}),
        ("a:\n- x\n- y, z\n# end\nb: 1", {"a": (0, 3, '[x, "y, z"]'), "b": (4, 5, "1")}),
        ("a: http://b:1", {"a": (0, 1, "http://b:1")}),
        ("# a: 1\n- b\n", {}),
        ('"a b": 1', {"a b": (0, 1, "1")}),
    ],
)
def test_keys_of_yaml(text: str, keys: Found) -> None:
    assert of(yaml_keys(text.split("\n"))) == keys


def test_items_of_yaml_are_named_by_what_tells_them_apart() -> None:
    text = "steps:\n  - uses: kit/run@v1\n    with: 1\n  - shell: sh\n  - name: Build\n"
    assert set(of(yaml_keys(text.split("\n")), "item")) == {"steps[kit/run]", "steps[1]", "steps[Build]"}


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", {}),
        ("[", {}),
        ('{"a": 1}', {"a": (0, 1, "1")}),
        (
            '{"a": {"b": "x"},\n"c": [1, {"d": null}]}',
            {
                "a": (0, 1, '{"b": "x"}'),
                "a.b": (0, 1, '"x"'),
                "c": (1, 2, '[1, {"d": null}]'),
                "c[1]": (1, 2, '{"d": null}'),
                "c[1].d": (1, 2, "null"),
            },
        ),
        ('{\n// "no": 1\n/* "no":\n2 */ "a": "{"}', {"a": (3, 4, '"{"')}),
        ('{"a": 1,}', {"a": (0, 1, "1")}),
        ('}]{"a": 1', {"a": (0, 1, "1")}),
    ],
)
def test_keys_of_json(text: str, keys: Found) -> None:
    assert of(json_keys(text)) == keys


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("", {}),
        ("a=1\n; b = 2\n# c = 3", {"a": (0, 1, "1")}),
        ("[s]\na: 1\n  2\n\nb = 3", {"s.a": (1, 3, "1\n2"), "s.b": (4, 5, "3")}),
        ("export A=1", {"export A": (0, 1, "1")}),
    ],
)
def test_keys_of_ini(text: str, keys: Found) -> None:
    assert of(ini_keys(text.split("\n"))) == keys


def test_names_that_are_too_long_are_left_out_with_all_below_them() -> None:
    deep = "{" + '"a": {' * 3000 + "}" * 3001
    assert all(len(item.name) < MAX_NAME for item in json_keys(deep))
    assert toml_keys([f"{'a' * MAX_NAME} = 1"]) == ()
