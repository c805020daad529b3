"""Of which class an object is, followed through what a repository writes down."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.linking.chains.object_types import ObjectTypes
from iquest_lsp.codeflow.syntax.linking.links import Links
from iquest_lsp.codeflow.syntax.linking.names import NamesOfFile

PYTHON = {
    "kit/__init__.py": "from .shop import Shop as Store\nfrom . import tools\n",
    "kit/shop.py": (
        "from __future__ import annotations\nfrom contextlib import contextmanager\nfrom typing import Optional, Self\n"
        "from kit.till import Till\n\n\nclass Base:\n    owner: Owner\n    def close(self): ...\n\n\n"
        "class Owner:\n    def pay(self): ...\n\n\nclass Shop(Base):\n    spare = None\n\n"
        "    def __init__(self, till: Optional[Till] = None, name=''):\n        self.till = till or Till()\n"
        "        self.name = name\n        self.spare = Till()\n\n    def open(self):\n        return self\n\n"
        "    def again(self) -> Self:\n        return self\n\n"
        "    @property\n    def box(self) -> 'Till':\n        return self.till\n\n"
        "    @classmethod\n    def make(cls):\n        return cls()\n\n"
        "    def __enter__(self):\n        return self\n\n"
        "    def sell(self):\n        self.till.take()\n\n    def close(self): ...\n\n\n"
        "def found(name) -> Shop:\n    ...\n\n\ndef built():\n    return Shop()\n\n\n"
        "def loop():\n    return loop()\n\n\nmain = built()\n"
    ),
    "kit/till.py": "class Till:\n    def take(self): ...\n\n\nclass Drawer(Till):\n    def take(self): ...\n",
    "kit/tools.py": "def mend(): ...\n",
}
SCRIPTS = {
    "src/till.ts": (
        "export interface Tray { take(): number }\nexport class Till implements Tray {\n  take() { return 1 }\n}\n"
        "export class Drawer extends Till {\n  take() { return 2 }\n}\n"
    ),
    "src/shop.ts": (
        "import { Till as Box, Tray } from './till';\nimport * as parts from './till';\n\n"
        "export namespace kit {\n  export interface Shop { take(): number; till: Box }\n}\n\n"
        "export class Shop implements kit.Shop {\n  till: Box = new Box();\n  private spare = new parts.Drawer();\n"
        "  constructor(private readonly first: Tray, second: Tray) {}\n  open() { return this }\n"
        "  later(): Promise<Box> { return null as any }\n  get one(): Box { return this.till }\n"
        "  pick = (): Tray => this.first;\n  take() { return this.till.take() }\n}\n\n"
        "export function found(): kit.Shop { return null as any }\nexport const built = () => new Shop(null, null);\n"
        "export type Stall = Shop;\nconst main: Shop = built();\nexport { main as instance };\nexport default Shop;\n"
    ),
    "src/index.ts": "export { default as Store, instance } from './shop';\nexport * from './till';\n",
}


def whose(files: dict[str, str], path: str, text: str, owner: str, *, exactly: bool = False) -> bool | None:
    """Whether the last member of a text is that of a class, FILE::NAME."""
    known = {**files, path: text}
    home, _, name = owner.partition("::")
    links = Links(known, lambda one: known[one].encode() if one in known else None)
    objects = ObjectTypes(lambda one: NamesOfFile(one, known[one].encode()) if one in known else None, links)
    file = NamesOfFile(path, text.encode())
    assert file.tree is not None
    member = text.rstrip().rpartition(".")[2].partition("(")[0]
    at = len(text[: text.rindex(f".{member}") + 1].encode())
    node = file.tree.root_node.descendant_for_byte_range(at, at + 1)
    assert node is not None
    assert node.parent is not None
    holder = node.parent.child_by_field_name("object")
    assert holder is not None
    return objects.is_of(path, holder, member, (home, name), exactly=exactly)


TILL = "kit/till.py::Till"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from kit.till import Till\nTill().take()\n", True),
        ("from kit.till import Drawer\nDrawer().take()\n", True),
        ("from kit.shop import found\nfound(1).till.take()\n", True),
        ("from kit.shop import built\nbuilt().open().till.take()\n", True),
        ("from kit.shop import built\nshop = built()\nshop.again().box.take()\n", True),
        ("from kit.shop import main\nmain.till.take()\n", True),
        ("from kit.shop import main\nmain.spare.take()\n", True),
        ("from kit import Store\nwith Store() as one:\n    one.till.take()\n", True),
        ("from kit import Store\nStore.make().till.take()\n", True),
        ("import kit\nkit.Store().till.take()\n", True),
        ("import kit.shop\nkit.shop.main.till.take()\n", True),
        ("from kit.shop import Shop\ndef f(shop: Shop | None):\n    shop.till.take()\n", True),
        ("from kit.shop import Shop\nasync def f(get):\n    one: Shop = await get()\n    one.till.take()\n", True),
        # An object of another class that has such a member.
        ("class Hand:\n    def take(self): ...\nHand().take()\n", False),
        ("'a'.take()\n", False),
        ("import json\njson.loads('').take()\n", False),
        ("import kit.tools\nkit.tools.take()\n", False),
        # What no line says, or several say.
        ("def f(one):\n    one.take()\n", None),
        ("from kit.shop import main\nmain.name.take()\n", None),
        ("from kit.shop import loop\nloop().take()\n", None),
        ("one = two\ntwo = one\none.take()\n", None),
        ("for one in many:\n    one.take()\n", None),
        ("one, two = Till(), 1\none.take()\n", None),
        ("from kit.missing import Any\nAny().take()\n", None),
    ],
)
def test_an_object_of_python_has_a_class(text: str, *, expected: bool | None) -> None:
    assert whose(PYTHON, "run.py", text, TILL) is expected


TRAY = "src/till.ts::Till"


@pytest.mark.parametrize(
    ("text", "owner", "expected"),
    [
        ("import { Till } from './till';\nnew Till().take();\n", TRAY, True),
        ("import { Till as Box } from './index';\nconst box = new Box();\nbox.take();\n", TRAY, True),
        ("import { instance } from './index';\ninstance.till.take();\n", TRAY, True),
        ("import { instance as shop } from './index';\nshop.open().one.take();\n", TRAY, True),
        ("import Any from './shop';\nnew Any(null, null).till.take();\n", TRAY, True),
        ("import { Store } from './index';\nlet one: Store;\none.till.take();\n", TRAY, True),
        ("import * as all from './index';\nall.instance.till.take();\n", TRAY, True),
        ("import { found } from './shop';\nfound().till.take();\n", TRAY, True),
        ("import { built } from './shop';\nbuilt().spare.take();\n", TRAY, True),
        ("import { built } from './shop';\n(await built().later())!.take();\n", TRAY, True),
        ("import { Stall } from './shop';\nfunction f(one?: Stall) { one.till.take(); }\n", TRAY, True),
        ("import { built } from './shop';\nbuilt().first.take();\n", "src/till.ts::Tray", True),
        ("import { built } from './shop';\nbuilt().pick().take();\n", "src/till.ts::Tray", True),
        # A class may be called like the interface that it implements, which is in a namespace of its file.
        ("import { built } from './shop';\nbuilt().take();\n", "src/shop.ts::Shop", True),
        ("import { built } from './shop';\nbuilt().take();\n", TRAY, False),
        ("import { take } from 'elsewhere';\ntake.take();\n", TRAY, False),
        # A module that may be one of the repository by an alias.
        *(
            (f"import {{ Till }} from '{module}';\nnew Till().take();\n", TRAY, None)
            for module in ("@/till", "~/till", "src/till", "@app/till", "till")
        ),
        ("import { built } from './shop';\n(a ?? built() ?? b).till.take();\n", TRAY, True),
        # A parameter that is no member of the object.
        ("import { built } from './shop';\nbuilt().second.take();\n", TRAY, None),
        ("const { one } = f();\none.take();\n", TRAY, None),
        ("function f(one) { one.take(); }\n", TRAY, None),
        ("items.map((one) => one.take());\n", TRAY, None),
    ],
)
def test_an_object_of_a_script_has_a_class(text: str, owner: str, *, expected: bool | None) -> None:
    assert whose(SCRIPTS, "src/run.ts", text, owner) is expected


def test_a_member_that_a_derived_class_overrides_is_its_own() -> None:
    text = "import { Drawer } from './till';\nnew Drawer().take();\n"
    assert whose(SCRIPTS, "src/run.ts", text, "src/till.ts::Till") is True
    assert whose(SCRIPTS, "src/run.ts", text, "src/till.ts::Till", exactly=True) is False
    assert whose(SCRIPTS, "src/run.ts", text, "src/till.ts::Drawer", exactly=True) is True


def test_a_long_chain_of_classes_is_followed_some_way() -> None:
    """Each class is derived from a member of the one before it."""
    classes = "".join(f"class A{number}(A{number - 1}.B):\n    pass\n" for number in range(1, 1500))
    text = f"class A0:\n    class B: ...\n{classes}A1499().take()\n"
    assert whose({}, "run.py", text, "run.py::A0") is None
    calls = "".join(f"def f{number}():\n    return f{number - 1}()\n" for number in range(1, 1500))
    assert whose({}, "run.py", f"def f0():\n    return 1\n{calls}f1499().take()\n", "run.py::A0") is None


def test_values_of_many_sides_are_looked_at_once() -> None:
    """Each variable is one of several that are each one of several, up to the one that has a class."""
    for first, sides, expected in (("Till()", 7, True), ("some", 8, None), ("Till()", 60, None)):
        steps = (f"t{step} = {' or '.join([f't{step - 1}'] * sides)}\n" for step in range(1, 8))
        text = f"from kit.till import Till\ndef f(some):\n t0 = {first}\n {' '.join(steps)} t7.take()\n"
        assert whose(PYTHON, "run.py", text, TILL) is expected


def test_nothing_found_with_few_steps_left_is_found_with_more() -> None:
    """What is far from one question's object is near to another one's: in a function, in a module, in classes."""
    for indent, head in (("    ", "def f():\n"), ("", "")):
        steps = "".join(f"{indent}t{step} = t{step - 1} or None\n" for step in range(1, 20))
        text = f"from kit.till import Till\n{head}{indent}t0 = Till()\n{steps}{indent}last = t19, t6, t0\n"
        assert several_whose(text, "t19", "t6", "t0") == [None, True, True]
    steps = "".join(f"class A{step}(A{step - 1}.B): ...\n" for step in range(1, 30))
    text = f"from kit.till import Till\nclass A0:\n    class B(Till): ...\n{steps}last = A29, A1\n"
    assert several_whose(text, "A29", "A1") == [None, True]


def several_whose(text: str, *names: str) -> list[bool | None]:
    """Whether what is called so last in a text has the member of the class, asked in turn."""
    known = {**PYTHON, "run.py": text}
    links = Links(known, lambda one: known[one].encode())
    objects = ObjectTypes(lambda one: NamesOfFile(one, known[one].encode()) if one in known else None, links)
    tree = NamesOfFile("run.py", text.encode()).tree
    assert tree is not None
    found: list[bool | None] = []
    for name in names:
        at = text.rindex(name)
        node = tree.root_node.descendant_for_byte_range(at, at + len(name))
        assert node is not None
        found.append(objects.is_of("run.py", node, "take", ("kit/till.py", "Till")))
    return found
