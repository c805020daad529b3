"""Of which class an object of Python, JavaScript or TypeScript is, by what its repository writes down.

An expression is followed through variables, imports, what functions are said to return or plainly return, and what
classes say of their members. Where a step is not written down nothing is known.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from iquest_lsp.codeflow.syntax.definitions import MEMBERS
from iquest_lsp.codeflow.syntax.linking.binding_nodes import (
    FIRST,
    ITERATING,
    LITERALS,
    MADE_OF,
    PARAMETERS,
    TAKING_APART,
)
from iquest_lsp.codeflow.syntax.linking.chains.declarations import (
    CALLED,
    CLASSES,
    MODULES,
    bases,
    class_around,
    exported_by_default,
    is_read,
    results,
    says_nothing,
    value_of,
)
from iquest_lsp.codeflow.syntax.linking.chains.read_files import ReadFiles
from iquest_lsp.codeflow.syntax.linking.chains.things import (
    OUTSIDE,
    ClassPlace,
    NamedFile,
    Thing,
    itself,
    one_of,
    place_of,
)
from iquest_lsp.codeflow.syntax.linking.chains.things_found import ThingKey, ThingsFound
from iquest_lsp.codeflow.syntax.linking.links import Links
from iquest_lsp.codeflow.syntax.linking.scripts import DEFAULT, WHOLE
from iquest_lsp.codeflow.syntax.linking.written_types import of_type
from iquest_lsp.grammars import text_of

if TYPE_CHECKING:
    from tree_sitter import Node

#: Steps of one expression, classes that one may be derived from, and values of which an expression may be one.
MAX_STEPS, MAX_BASES, MAX_SIDES = 24, 60, 8
#: Bytes of an expression that is followed.
MAX_EXPRESSION = 2000
_WRAPPING = frozenset({"parenthesized_expression", "await_expression", "await", "non_null_expression"})
_ITSELF = frozenset({"Self", "this"})
_EITHER = frozenset({"or", "??", "||"})
_PYTHON = (".py", ".pyi")
_EXPRESSIONS = frozenset({"identifier", "attribute", "member_expression", "type_identifier"})
#: What a name stands in that is alone bound to a value.
_ALONE = _EXPRESSIONS | {"property_identifier"}


class ObjectTypes:
    """The classes of a repository and what their objects hold; `read` gives what is known of a file."""

    def __init__(self, read: Callable[[str], NamedFile | None], links: Links) -> None:
        self._files, self._links = ReadFiles(read), links
        self._known = ThingsFound()
        self._lines: dict[ThingKey, tuple[list[Thing], bool, bool]] = {}
        #: Within one question, since where nothing is found with some steps left another question may find it.
        self._either: dict[tuple[str, int, int], Thing | None] = {}

    def is_of(self, path: str, holder: Node, name: str, owner: ClassPlace, *, exactly: bool = False) -> bool | None:
        """Whether the member `name` that a file takes of an object is that of a class or of one derived from it.

        With `exactly` it is not one that a derived class overrides. None where that is not known.
        """
        if len(holder.text or b"") > MAX_EXPRESSION:
            return None
        self._begin()
        thing = self._value(path, holder, MAX_STEPS)
        if thing is None or thing.kind == "function":
            return None
        if thing.kind in ("outside", "module"):
            return thing.kind == "module" and place_of(thing) == owner
        line, is_whole = self._line(thing, MAX_STEPS)
        having = [place_of(one) for one in line if self._files.declares(one, name)]
        if having[:1] == [owner] if exactly else owner in map(place_of, line):
            return True
        return False if having and is_whole else None

    def module(self, path: str, holder: Node) -> str:
        """The file of the module that an expression is; empty where it is none."""
        self._begin()
        thing = self._value(path, holder, MAX_STEPS) if len(holder.text or b"") <= MAX_EXPRESSION else None
        return thing.path if thing is not None and thing.kind == "module" else ""

    def _begin(self) -> None:
        self._known.ask()
        self._either.clear()

    def _value(self, path: str, node: Node | None, steps: int) -> Thing | None:
        """What an expression is."""
        if node is None or self._known.is_over(steps):
            return None
        kind = node.type
        if kind in _WRAPPING and node.named_child_count:
            return self._value(path, node.named_children[-1], steps - 1)
        if kind == "this":
            around = class_around(node)
            return Thing("object", path, around) if around is not None else None
        if kind in ("identifier", "type_identifier"):
            return self._name(path, node, steps)
        if kind in MEMBERS:
            member = node.child_by_field_name("attribute") or node.child_by_field_name("property")
            base = self._value(path, node.child_by_field_name("object"), steps - 1)
            return self._taken(base, text_of(member), steps - 1) if base is not None and member is not None else None
        if kind in ("call", "call_expression"):
            called = self._value(path, node.child_by_field_name("function"), steps - 1)
            return self._result(called, steps - 1) if called is not None else None
        if kind == "new_expression":
            made = self._value(path, node.child_by_field_name("constructor"), steps - 1)
            return replace(made, kind="object") if made is not None and made.kind == "class" else None
        if kind in MADE_OF:
            parts = node.named_children
            return self._typed(path, parts[-1], steps - 1) if len(parts) > 1 else None
        if kind in CALLED:
            return Thing("function", path, node)
        if kind in CLASSES:
            return Thing("class", path, node)
        if _is_either(node):
            key = path, node.id, steps
            if key not in self._either:
                self._either[key] = one_of(self._value(path, side, steps - 1) for side in _sides(node))
            elif self._either[key] is None:
                self._known.ended += 1
            return self._either[key]
        return OUTSIDE if kind in LITERALS else None

    def _name(self, path: str, node: Node, steps: int) -> Thing | None:
        """What a name is where it stands."""
        file, name = self._files.file(path), text_of(node)
        if file is None or file.tree is None:
            return None
        for binder in file.bindings.declarations(node):
            if not says_nothing(binder):
                return self._bound(path, binder, name, steps - 1)
        return self._in(path, node, name, steps - 1)

    def _bound(self, path: str, binder: Node, name: str, steps: int) -> Thing | None:
        """What the node that binds a name says of it."""
        if binder.type == "parameters":
            return itself(path, binder, name)
        sides = [binder.child_by_field_name(field) for field in ("left", "name", "pattern")]
        if any(side is not None and (side.type in TAKING_APART or side.type not in _ALONE) for side in sides):
            return None
        written = binder.child_by_field_name("type")
        if written is not None:
            return self._typed(path, written, steps)
        if binder.type in ITERATING:
            return None
        if binder.type == "as_pattern":
            return self._entered(path, binder, steps)
        value = value_of(binder)
        if value is None or binder.type in PARAMETERS or binder.type in FIRST:
            return None
        return self._value(path, value, steps)

    def _entered(self, path: str, binder: Node, steps: int) -> Thing | None:
        """What `with` binds a name to: what the object gives that is entered."""
        if binder.parent is None or binder.parent.type != "with_item":
            return None
        entered = self._value(path, binder.named_children[0], steps)
        if entered is None or entered.kind != "object":
            return None
        for name in ("__enter__", "__aenter__"):
            method = self._taken(entered, name, steps - 1)
            if method is not None:
                return self._result(method, steps - 1)
        return None

    def _typed(self, path: str, written: Node, steps: int) -> Thing | None:
        """What is of a type as it is written."""
        inner = (
            written.named_children[0] if written.type == "type_annotation" and written.named_child_count else written
        )
        if inner.type == "function_type":
            return Thing("function", path, inner)
        if inner.type == "this_type":
            around = class_around(inner)
            return Thing("object", path, around) if around is not None else None
        types = of_type(written).types
        if len(types) != 1 or self._known.is_over(steps):
            return None
        before, name = min(types)
        if not name:
            return OUTSIDE
        found: Thing | None
        if before:
            module = self._in(path, written, before, steps - 1)
            found = self._taken(module, name, steps - 1) if module is not None else None
        else:
            found = self._in(path, written, name, steps - 1)
        if found is None:
            return None
        return replace(found, kind="object") if found.kind == "class" else found if found is OUTSIDE else None

    def _in(self, path: str, node: Node, name: str, steps: int) -> Thing | None:
        """What a name of a module means at a node: in the namespaces around it, in the module."""
        around = node.parent
        while around is not None:
            if around.type in MODULES and (body := around.child_by_field_name("body")) is not None:
                found = self._declared_in(path, body, name, steps)
                if found is not None:
                    return found
            around = around.parent
        return self._global(path, name, steps)

    def _global(self, path: str, name: str, steps: int) -> Thing | None:
        """What a name of a module is: declared there, imported, or the language's own."""
        return self._known.once((path, -1, name), steps, lambda: self._of_module(path, name, steps))

    def _of_module(self, path: str, name: str, steps: int) -> Thing | None:
        file = self._files.file(path)
        if file is None:
            return None
        found = self._declared_in(path, file.tree.root_node, name, steps) if file.tree is not None else None
        return found if found is not None else self._imported(path, file, name, steps)

    def _declared_in(self, path: str, root: Node, name: str, steps: int) -> Thing | None:
        """What a module or a namespace itself declares."""
        for item in reversed(self._files.declared(root, name)):
            if item.type in CLASSES:
                return Thing("class", path, item)
            if item.type in CALLED:
                return Thing("function", path, item)
            if item.type in MODULES:
                return Thing("module", path, item)
            if item.type == "type_alias_declaration" and (value := item.child_by_field_name("value")) is not None:
                made = self._typed(path, value, steps - 1)
                return replace(made, kind="class") if made is not None and made.kind == "object" else made
            if item.type in ("assignment", "variable_declarator") and not says_nothing(item):
                return self._bound(path, item, name, steps - 1)
        return None

    def _imported(self, path: str, file: NamedFile, name: str, steps: int) -> Thing | None:
        if not path.endswith(_PYTHON):
            ends = self._links.scripts.ends(path, name)
            return one_of(self._end(place, last, steps) for place, last in ends) if ends is not None else None
        written = file.modules(name) or frozenset()
        if not written:
            return OUTSIDE if hasattr(builtins, name) else None
        for module, last in self._links.python.parts(name, written, path):
            found = self._global(module, last, steps - 1) if last and module != path else self._files.whole(module)
            if found is not None:
                return found
        return None if any(map(self._links.python.is_own, written)) else OUTSIDE

    def _end(self, place: str, name: str, steps: int) -> Thing | None:
        """What a module of a script exports."""
        path = place.removeprefix("/")
        if not place.startswith("/"):
            return None if self._links.scripts.is_own(place) else OUTSIDE
        if name == WHOLE:
            return self._files.whole(path)
        if name == DEFAULT:
            file = self._files.file(path)
            if file is None or file.tree is None:
                return None
            return self._value(path, exported_by_default(file.tree.root_node), steps - 1)
        return self._global(path, name, steps - 1)

    def _taken(self, base: Thing, name: str, steps: int) -> Thing | None:
        """What a member is."""
        if base is OUTSIDE or base.node is None:
            return OUTSIDE if base is OUTSIDE else None
        if base.kind == "module":
            if base.node.parent is None:
                return self._module_member(base, name, steps)
            body = base.node.child_by_field_name("body")
            return self._declared_in(base.path, body, name, steps) if body is not None else None
        if base.kind not in ("object", "class"):
            return None
        line, _ = self._line(base, steps)
        for one in line:
            found = self._own(one, base, name, steps)
            if found is not None or self._files.declares(one, name):
                return found
        return None

    def _module_member(self, base: Thing, name: str, steps: int) -> Thing | None:
        if base.path.endswith(_PYTHON):
            found = self._global(base.path, name, steps)
            if found is None and base.path.endswith(("/__init__.py", "/__init__.pyi")):
                place = self._links.python.file(f".{name}", base.path)
                return self._files.whole(place) if place else None
            return found
        ends = self._links.scripts.exported(base.path, name)
        return one_of(self._end(place, last, steps) for place, last in ends)

    def _own(self, one: Thing, base: Thing, name: str, steps: int) -> Thing | None:
        """What a member is that a class has itself, for the object or the class that it is read of."""
        key = one.path, one.node.id if one.node is not None else 0, name
        found = self._known.once(key, steps + 1, lambda: self._read_member(one, name, steps))
        if found is None or found.kind != "function" or found.node is None:
            return found
        method = replace(found, on=base)
        return self._result(method, steps) if is_read(found.node) else method

    def _read_member(self, one: Thing, name: str, steps: int) -> Thing | None:
        for item in self._files.members(one, name):
            if item.type in CALLED:
                return Thing("function", one.path, item)
            if item.type in CLASSES:
                return Thing("class", one.path, item)
            if (written := item.child_by_field_name("type")) is not None:
                return self._typed(one.path, written, steps - 1)
            if (value := value_of(item)) is not None and not says_nothing(item):
                return self._value(one.path, value, steps - 1)
        return None

    def _result(self, called: Thing, steps: int) -> Thing | None:
        """What a call gives."""
        if called is OUTSIDE:
            return OUTSIDE
        if called.kind == "class":
            return replace(called, kind="object") if called.path.endswith(_PYTHON) else None
        if called.kind != "function" or called.node is None or self._known.is_over(steps):
            return None
        written = called.node.child_by_field_name("return_type")
        if written is not None:
            if text_of(written).strip(" :'\"") in _ITSELF:
                return replace(called.on, kind="object") if called.on is not None else None
            return self._typed(called.path, written, steps - 1)
        given = results(called.node)
        if called.on is not None and given and all(text_of(item) in ("self", "this") for item in given):
            return replace(called.on, kind="object")
        key = called.path, called.node.id, "()"
        return self._known.once(key, steps, lambda: self._given(called.path, given, steps))

    def _given(self, path: str, given: list[Node], steps: int) -> Thing | None:
        found = [self._value(path, item, steps - 1) for item in given[:4]]
        return found[0] if found and len(given) <= 4 and all(item == found[0] for item in found) else None

    def _line(self, one: Thing, steps: int) -> tuple[list[Thing], bool]:
        """A class and what it is derived from, nearest first, and whether all of these are known."""
        if one.node is None:
            return [], False
        key = one.path, one.node.id, ":"
        line, is_whole, is_final = self._lines.get(key, ([one], False, False))
        if not is_final and self._known.begins(key, steps):
            ended = self._known.ended
            line, is_whole = self._derived(one, steps)
            self._lines[key] = line, is_whole, self._known.ended == ended
        return line, is_whole

    def _derived(self, one: Thing, steps: int) -> tuple[list[Thing], bool]:
        found: list[Thing] = []
        is_whole, waiting = True, [replace(one, kind="class", on=None)]
        for item in waiting:
            if item in found or item.node is None or len(found) >= MAX_BASES:
                continue
            found.append(item)
            for base in bases(item.node):
                thing = self._base(item.path, base, steps - 1)
                if thing is not None and thing.kind in ("class", "object"):
                    waiting.append(replace(thing, kind="class", on=None))
                elif thing is not OUTSIDE:
                    is_whole = False
        return found, is_whole

    def _base(self, path: str, base: Node, steps: int) -> Thing | None:
        found = self._value(path, base, steps) if base.type in _EXPRESSIONS else None
        return found if found is not None else self._typed(path, base, steps)


def _is_either(node: Node) -> bool:
    """Whether an expression is one of two values."""
    return node.type in ("boolean_operator", "binary_expression") and any(
        child.type in _EITHER for child in node.children
    )


def _sides(node: Node) -> list[Node]:
    """The values of which an expression is one, of `a or b or c` three; none where they are too many to look at."""
    found: list[Node] = []
    waiting = [node]
    while waiting and len(found) <= MAX_SIDES:
        item = waiting.pop()
        if _is_either(item):
            sides = item.child_by_field_name("left"), item.child_by_field_name("right")
            waiting += [side for side in sides if side is not None]
        else:
            found.append(item)
    return found if len(found) <= MAX_SIDES else []
