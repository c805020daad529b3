"""Heads of types and functions in languages without a grammar here, which were told as something else."""

from __future__ import annotations

import pytest

from tests.unit.codeflow.answers.conftest import Case, is_told_of
from tests.unit.codeflow.conftest import Script

REEL = """class Reel
private constructor(
    val size: Int,
) : Base() {
    class Builder {
        fun build() = 1
    }
}
"""
BLOCK = "class Reel {\n    fun turn(by: Int): Int {\n        return by + 1\n    }\n}\n"
PHP = """<?php
class Reel
{
    private $size;
    public function __construct($size)
    {
        $this->size = $size;
    }
}
"""
LOAD = "class Reel {\n    func load(from url: URL, done: @escaping (Int) -> Void) {\n        turn(url)\n    }\n}\n"
LINES = "        var one = 1;\n        var two = 2;\n        return Get(one, two);\n"

CASES = [
    Case(
        "a constructor below the name of its class",
        {"a.kt": f"fun turn() = 1\n\nclass Tape internal constructor(val a: A) {{\n    fun go() = 1\n}}\n{REEL}"},
        {
            "a.kt": "fun turn() = 1\n\nclass Tape internal constructor(val a: A) {\n    fun go() = 2\n}\n"
            + REEL.replace("= 1", "= 2\n        fun more() = 3")
        },
        (
            "function `Reel.Builder.build`: changed",
            "function `Reel.Builder.more`: added",
            "function `Tape.go`: changed",
        ),
    ),
    Case(
        "a form that takes the lines of another one",
        {
            "a.cs": "class A\n{\n    public static B Path(A a, string name)\n    {\n        var b = 0;\n"
            f"{LINES}    }}\n}}\n"
        },
        {
            "a.cs": "class A\n{\n    public static B Path(A a, string name) =>\n        Path(a, Split(name));\n"
            f"    public static B Path(A a, string[] names)\n    {{\n{LINES}    }}\n}}\n"
        },
        ("method `A.Path`: changed (gains another form)",),
        ("takes",),
    ),
    Case(
        "a form that goes and another one that comes",
        {
            "a.kt": "class A {\n    fun put(a: A) {\n        one(a)\n    }\n"
            "    fun put(b: B) {\n        two(b)\n    }\n}\n"
        },
        {
            "a.kt": "class A {\n    fun put(b: B) {\n        two(b)\n    }\n"
            "    fun put(c: C, d: D) {\n        three(c)\n    }\n}\n"
        },
        ("function `A.put`: changed (gains another form)", "function `A.put`: changed (loses one of its forms)"),
        ("takes", "calls"),
    ),
    Case(
        "a form with several type parameters that have their own",
        {"a.kt": "class A {\n    fun <S : C<S>, I : D<S>> set(a: I) {\n        one(a)\n    }\n}\n"},
        {
            "a.kt": "class A {\n    fun <S : C<S>, I : D<S>> set(a: I) {\n        one(a)\n    }\n\n"
            "    fun <S : C<S>, I : D<S>, E> set(a: I, e: E) {\n        one(e)\n    }\n}\n"
        },
        ("function `A.set`: changed (gains another form)",),
    ),
    Case(
        "a value outside of all types",
        {"a.kt": "val kit = module {\n    single<A>()\n}\n"},
        {"a.kt": "val kit = module {\n    single { A() }\n}\n\n// val kit = module {\n//     single<A>()\n// }\n"},
        ("property `kit`: changed",),
        ("only comments and",),
    ),
    Case(
        "a comment whose lines begin without a sign",
        {
            "a.swift": "extension A {\n    /**\n    Turns a reel.\n\n    - parameter a: one\n    */\n"
            "    @warn\n    func turn() {}\n}\n"
        },
        {"a.swift": "extension A {\n    @available(*, deprecated)\n    func turn() {}\n}\n"},
        ("function `A.turn`: changed (is marked `@available(*, deprecated)`, is no longer marked `@warn`)",),
        ("Turns", "parameter"),
    ),
    Case(
        "a constructor that is a member",
        {"a.kt": "class Reel {\n    val size: Int\n\n    fun a() = 1\n}\n"},
        {"a.kt": "class Reel {\n    val size: Int\n\n    constructor(size: Int)\n\n    fun a() = 1\n}\n"},
        ("method `Reel.constructor`: added",),
        ("property `Reel.size`",),
    ),
    Case(
        "a function that is written as the value that it returns",
        {
            "a.kt": BLOCK,
            "b.cs": "class Reel\n{\n    public void Turn(int by)\n    {\n        Run(by);\n    }\n}\n",
        },
        {
            "a.kt": "class Reel {\n    fun turn(by: Int): Int = by + 1\n}\n",
            "b.cs": "class Reel\n{\n    public void Turn(int by) => Run(by);\n}\n",
        },
        ("formatting only: `Reel.turn`", "formatting only: `Reel.Turn`"),
        ("no longer calls", "is gone"),
    ),
    Case(
        "a function that is written as another value",
        {"a.kt": BLOCK},
        {"a.kt": "class Reel {\n    fun turn(by: Int): Int = by + 2\n}\n"},
        ("function `Reel.turn`: changed",),
        ("formatting only",),
    ),
    Case(
        "parameters of a class on lines of their own",
        {
            "a.kt": "data class Reel(val size: Int, val name: String)\n",
            "b.kt": "class Tape @Inject constructor(private val a: A) : Base() {\n    fun go() = 1\n}\n",
        },
        {
            "a.kt": "data class Reel(\n    val size: Int,\n    val name: String,\n)\n",
            "b.kt": "class Tape @Inject constructor(\n    private val a: A,\n    private val b: B,\n) : Base() {\n"
            "    fun go() = 1\n}\n",
        },
        ("formatting only: `Reel`", "class `Tape`: changed (takes the new parameter `b`)"),
        ("loses", "property `Reel.size`", "property `Tape.a`"),
    ),
    Case(
        "a property that is declared by its constructor now",
        {"a.php": PHP},
        {
            "a.php": "<?php\nclass Reel\n{\n    public function __construct(private readonly int $size)\n"
            "    {\n    }\n}\n"
        },
        ("`$size` becomes `private readonly int $size`",),
        ("removed",),
    ),
    Case(
        "a callback that became what is returned",
        {"a.swift": LOAD},
        {
            "a.swift": "class Reel {\n    func load(from url: URL) async throws -> Int {\n"
            "        turn(url)\n    }\n}\n",
        },
        ("no longer takes `done`, is marked `async`, is marked `throws`, returns `Int`, where it returned nothing",),
        ("escaping",),
    ),
    Case(
        "extensions of two types",
        {"a.swift": "extension Reel: Turning {\n    func turn() {\n        one()\n        two()\n    }\n}\n"},
        {"a.swift": "extension Tape: Turning {\n    func turn() {\n        one()\n        two()\n    }\n}\n"},
        ("extension `Reel`: removed", "extension `Tape`: added"),
        ("renamed",),
    ),
    Case(
        "functions that have nothing but signs in common",
        {"a.php": "<?php\nclass A\n{\n    public function error($a)\n    {\n        $this->log(3, $a);\n    }\n}\n"},
        {"a.php": "<?php\nclass A\n{\n    public function debug($a)\n    {\n        $this->add(1, $a);\n    }\n}\n"},
        ("function `A.debug`: added", "function `A.error`: removed"),
        ("renamed",),
    ),
    Case(
        "a namespace around a class, and a constant that has a type",
        {"a.php": "<?php\nnamespace A\\B {\n    class C\n    {\n        const X = 1;\n    }\n}\n"},
        {
            "a.php": "<?php\nnamespace A\\B {\n    class C\n    {\n        const string X = 1;\n"
            "        public function d()\n        {\n            return 1;\n        }\n    }\n}\n"
        },
        ("function `C.d`: added", "property `C.X`: changed"),
        ("namespace", "`C.string`"),
    ),
    Case(
        "an attribute of what is indented in another way",
        {
            "a.cs": "namespace X\n{\n    class A\n    {\n        [Obsolete]\n"
            "        void Do(A a) { Run(a); }\n    }\n}\n"
        },
        {"a.cs": 'namespace X;\n\nclass A\n{\n    [Obsolete("x")]\n    void Do(A a) { Run(a); }\n}\n'},
        ('is marked `[Obsolete("x")]`, is no longer marked `[Obsolete]`',),
    ),
    Case(
        "what a class is derived from, who may see it, and what it takes",
        {
            "a.kt": "class A : Base() {\n    fun a() = 1\n}\n"
            "open class B(val size: Int, val name: String): Base() {\n    val all = read(\n        1\n    )\n}\n"
            "class C<T : Enum<T>>(val k: Class<T>) : Text(k) {\n    fun a() = 1\n}\n"
        },
        {
            "a.kt": "class A : Other() {\n    fun a() = 1\n}\n"
            "abstract class B(val name: String): Base() {\n    private val all = read(\n        1\n    )\n}\n"
            "class C<T : Enum<T>>(val k: Class<T>) : Line(k) {\n    fun a() = 1\n}\n"
        },
        (
            "class `A`: changed (`Base()` becomes `Other()`)",
            "class `B`: changed (no longer takes `size`, is marked `abstract`, is no longer marked `open`)",
            "class `C`: changed (`Text(k)` becomes `Line(k)`)",
            "property `B.all`: changed (is marked `private`)",
        ),
        ("calls", "returns"),
    ),
    Case(
        "members of a class of Swift itself",
        {
            "a.swift": "class A {\n    class func make() -> A {\n        return A(1)\n    }\n"
            "    class var x: Int { 1 }\n}\n"
        },
        {
            "a.swift": "class A {\n    class func make() -> A {\n        return A(2)\n    }\n"
            "    class var x: Int { 2 }\n"
            "    subscript(i: Int) -> Int { 1 }\n}\n"
        },
        ("function `A.make`: changed", "property `A.x`: changed", "method `A.subscript`: added"),
        ("`A.func`", "`A.var`", "now calls"),
    ),
    Case(
        "a language that nothing reads",
        {"flake.nix": "{ pkgs }:\npkgs.shell {\n  hook = ''\n    export A=1\n  '';\n}\n"},
        {"flake.nix": "{ pkgs }:\npkgs.shell {\n  hook = ''\n    export A=2\n    run() { echo 1; }\n  '';\n}\n"},
        ("`flake.nix`: modified (+2 −1)",),
        ("command", "`run`"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_told_of_a_head(script: Script, case: Case) -> None:
    is_told_of(script, case)
