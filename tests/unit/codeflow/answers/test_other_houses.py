"""Kinds of sentences that were wrong, or missing, about commits in C#, Java, Kotlin, PHP and Ruby."""

from __future__ import annotations

import pytest

from tests.unit.codeflow.answers.conftest import Case, is_told_of
from tests.unit.codeflow.conftest import Script

ART = "%q{\n    ss\n  def in_art\n |_ }\n"
SETTER = """package a;

class Filler {
  void fill(Object to, Field field, Object value) {
    try {
      %s;
    } catch (%s e) {
      throw new Failed(e);
    }
  }
}
"""
CASES = (
    Case(
        "the opposite condition whose branches change places is no new check",
        {
            "a.php": "<?php\nclass A {\n    public function f($b)\n    {\n        if ($b) {\n            one();\n"
            "            uno();\n        } else {\n            two();\n            dos();\n        }\n    }\n}\n"
        },
        {
            "a.php": "<?php\nclass A {\n    public function f($b)\n    {\n        if (!$b) {\n            two();\n"
            "            dos();\n        } elseif (free()) {\n            one();\n            uno();\n"
            "        }\n    }\n}\n"
        },
        ("function `A.f`: changed",),
        ("checks `!$b`",),
    ),
    Case(
        "a condition that takes another one's place is told with it",
        {
            "a.rb": 'class A\n  def f(ex)\n    if @options[:handlers].size == 0\n      p ["!!!!", ex]\n'
            "    end\n  end\nend\n"
        },
        {
            "a.rb": 'class A\n  def f(ex)\n    if @options[:handlers].empty?\n      logger.error { "No handlers" }\n'
            "      logger.error { ex }\n    end\n  end\nend\n"
        },
        ("the condition `@options[:handlers].size == 0` becomes `@options[:handlers].empty?`",),
        ("checks",),
    ),
    Case(
        "a function of another object is not called with fewer arguments",
        {"a/Filler.java": SETTER % ("field.set(to, value)", "IllegalAccessException")},
        {"a/Filler.java": SETTER % ("new Setter(to, field).set(value)", "Exception")},
        ("`field.set(to, value);` becomes `new Setter(to, field).set(value);`",),
        ("no longer passes",),
    ),
    Case(
        "an annotation is no part of a signature",
        {"a/A.java": "package a;\n\nclass A {\n  void f(int b) {\n    one(b);\n  }\n}\n"},
        {"a/A.java": 'package a;\n\nclass A {\n  @SuppressWarnings("all")\n  void f(int b) {\n    two(b);\n  }\n}\n'},
        ('method `A.f`: changed (is marked `@SuppressWarnings("all")`, calls `two` instead of `one`)',),
        ("signature",),
    ),
    Case(
        "a constant's two values are told, not the texts in them",
        {"a.php": "<?php\ninterface A\n{\n    const VERSION = '4.1.1';\n    const OTHER = 1;\n}\n"},
        {"a.php": "<?php\ninterface A\n{\n    const VERSION = '4.1.2';\n    const OTHER = 1;\n}\n"},
        ("`const VERSION = '4.1.1';` becomes `const VERSION = '4.1.2';`",),
        ("adds the text",),
    ),
    Case(
        "a few lines of two hunks are told rather than a text in one of them",
        {"a.rb": "class A\n  def push(item)\n    check(item)\n    one = two(item)\n    !! one\n  end\nend\n"},
        {
            "a.rb": "class A\n  def push(item)\n    check(item)\n    item['jid'] = fresh\n    one = two(item)\n"
            "    one ? item['jid'] : nil\n  end\nend\n"
        },
        ("`item['jid'] = fresh` is new, `!! one` becomes `one ? item['jid'] : nil`",),
        ("adds the text",),
    ),
    Case(
        "a line of which more changes than can be told is not told by a part",
        {
            "a.kt": "class A(\n  loader: Loader\n) {\n"
            "  private var roots: List<Pair<Files, Path>> = loader.toRootsOfAllClasses()\n}\n"
        },
        {
            "a.kt": "class A(\n  loader: Loader,\n  early: Boolean,\n) {\n"
            "  private val roots: List<Pair<Files, Path>> by lazy { loader.toRootsOfAllClasses() }\n}\n"
        },
        ("class `A`: changed (takes the new parameter `early`)", "property `A.roots`: changed"),
        ("`var` becomes `val`", "`by`"),
    ),
    Case(
        "what is said of an assembly is told by its name and value",
        {"src/Info.cs": '[assembly : AssemblyVersion("5.6.2.0")]\n[assembly: InternalsVisibleTo("B")]\n'},
        {"src/Info.cs": '[assembly : AssemblyVersion("6.0.0.0")]\n[assembly: InternalsVisibleTo("B")]\n'},
        ("src/Info.cs: `AssemblyVersion`", 'attribute `AssemblyVersion`: changed (`"5.6.2.0"` becomes `"6.0.0.0"`)'),
    ),
    Case(
        "a project's file is a build file, told by its elements",
        {"build/all.proj": "<Project>\n  <Target>\n    <Version>1.0</Version>\n  </Target>\n</Project>\n"},
        {"build/all.proj": "<Project>\n  <Target>\n    <Version>1.1</Version>\n  </Target>\n</Project>\n"},
        ("Updates build files (build/all.proj: `Version`)", "element `Version`: changed (`1.0` becomes `1.1`)"),
        ("other files",),
    ),
    Case(
        "what stands behind a text in brackets over several lines is read on",
        {
            "a.rb": f"class A\n  def self.art\n{ART}  end\n\n  def f(a)\n    fail(\n"
            f"      %{{Wrong parameter #{{a}}}}\n    )\n  end\nend\n"
        },
        {
            "a.rb": f"class A\n  def self.art\n{ART}  end\n\n  def f(a)\n    fail(\n      %{{Bad #{{a}}}}\n"
            f"    )\n  end\nend\n"
        },
        ("function `A.f`: changed",),
        ("no longer uses", "in_art", "file `a.rb`"),
    ),
    Case(
        "what changes in a block is not hidden by comments inside it",
        {
            "build.gradle": "task docs {\n  doLast {\n    def one = file('a')\n    def two = file('b')\n\n    exec {\n"
            "      commandLine 'hg', 'push'\n    }\n  }\n}\n"
        },
        {
            "build.gradle": "task docs {\n  doLast {\n    def one = file('a')\n    //TODO right?\n"
            "    def two = file('b')\n\n"
            "    exec {\n      commandLine 'hg', 'ci'\n    }\n\n    exec {\n      commandLine 'hg', 'push'\n"
            "    }\n  }\n}\n"
        },
        ("block `docs`: changed", "updates build files (build.gradle: `docs`)"),
    ),
    Case(
        "the tests and the build are in a summary with many details",
        {
            "src/a.php": "<?php\nclass A {\n"
            + "".join(f"    public function f{at}($x)\n    {{\n        one{at}($x);\n    }}\n\n" for at in range(3))
            + "}\n",
            "src/b.php": "<?php\nclass B {\n    private $old;\n}\n",
            "tests/a_test.php": "<?php\nclass ATest {\n    public function testIt()\n    {\n        one();\n    }\n}\n",
            "composer.json": '{\n  "require": {\n    "a/b": "1.0"\n  }\n}\n',
        },
        {
            "src/a.php": "<?php\nclass A {\n"
            + "".join(f"    public function f{at}($x)\n    {{\n        two{at}($x);\n    }}\n\n" for at in range(3))
            + "}\n",
            "src/b.php": "<?php\nclass B {\n    private $fresh;\n    public function g() { return 1; }\n}\n",
            "tests/a_test.php": "<?php\nclass ATest {\n    public function testIt()\n    {\n        two();\n    }\n}\n",
            "composer.json": '{\n  "require": {\n    "a/b": "1.1"\n  }\n}\n',
        },
        ("changes the test `ATest.testIt`", "updates build files (composer.json: `require.a/b`)"),
    ),
    Case(
        "white space between words is layout in languages without a grammar here",
        {
            "src/A.cs": "public class A {\n\tpublic A(T t) {\n\t\tName = new Lazy(x => Resolve(t));\n\t}\n}\n",
            "a.php": "<?php\nclass A {\n    public function f($a)\n    {\n        return 'a  b'.$a;\n    }\n}\n",
            "b.php": "<?php\nclass B {\n    public function g($a)\n    {\n        return 'a  b';\n    }\n}\n",
        },
        {
            "src/A.cs": "public class A {\n\tpublic A(T t) {\n\t\tName = new Lazy(x =>  Resolve(t));\n\t}\n}\n",
            "a.php": "<?php\nclass A {\n    public function f($a)\n    {\n        return 'a  b' . $a;\n    }\n}\n",
            "b.php": "<?php\nclass B {\n    public function g($a)\n    {\n        return 'a b';\n    }\n}\n",
        },
        ("formatting only: `A.A`", "formatting only: `A.f`", "function `B.g`: changed"),
        ("method `A.A`: changed", "function `A.f`: changed"),
    ),
    Case(
        "a section stays where a heading above it is written otherwise, or comes",
        {"README.md": "Pile\n=\n\nHeaps.\n\nUse\n=\n\n## Step one\n\nTake it.\n\n## Step two\n\nPut it.\nThen go.\n"},
        {"README.md": "# Pile\n\nHeaps.\n\n# Use\n\n## Step one\n\nTake it.\n\n## Step 2\n\nPut it.\nThen go.\n"},
        ("section `Use > Step 2`: renamed (Use > Step two → Use > Step 2)",),
        ("`Pile`: added", "removed", "preamble"),
    ),
    Case(
        "a heading that comes above others takes none of them out",
        {"README.md": "## Step one\n\nTake it.\n\n## Step two\n\nPut it.\nThen go.\n\n## Step three\n\nGo.\n"},
        {"README.md": "# Use\n\n## Step 1\n\nTake it.\n\n## Step two\n\nPut it.\nThen go.\n\n## Step three\n\nGo.\n"},
        ("section `Use`: added",),
        ("`Step three`", "Step one → Use`", "Step two → Use"),
    ),
    Case(
        "what stands behind a value on its line is none of it",
        {
            "a.cs": "public class A {\n    void F(int i) {\n        switch (i) {\n            case 1:\n"
            "                code = Codes.I1; break;\n        }\n        Log(i, code, other);\n    }\n}\n"
        },
        {
            "a.cs": "public class A {\n    void F(int i) {\n        switch (i) {\n            case 1:\n"
            "                code = Codes.U1; break;\n        }\n        Log(i, code, other, one, two);\n    }\n}\n"
        },
        ("sets `code` to `Codes.U1` instead of `Codes.I1`",),
        ("; break",),
    ),
    Case(
        "an operator without what stands before it is not told",
        {
            "a.kt": "class Mark(val at: Instant, val clock: Clock) {\n"
            "    override fun plus(length: Duration): TimeMark = InstantTimeMark(at + length, clock)\n}\n"
        },
        {
            "a.kt": "class Mark(val at: Instant, val clock: Clock) {\n"
            "    override fun plus(length: Duration): OtherMark = InstantTimeMark(at.addAll(length), clock)\n}\n"
        },
        ("`Mark.plus`: changed",),
        ("`+ length`",),
    ),
    Case(
        "a condition ends where its block begins",
        {
            "a.cpp": "char *f(int n) {\n    char *p = get(n);\n    if (p == nullptr) { return nullptr; }\n    put(p);\n"
            "    put(p, n);\n    return p;\n}\n"
        },
        {"a.cpp": "char *f(int n) {\n    char *p = sure(\n        get(n));\n    put(p);\n    put(p, n);\n}\n"},
        ("no longer checks `p == nullptr`",),
        ("{ return",),
    ),
    Case(
        "an item of a list in an element is no comment",
        {"a.nuspec": "<package>\n  <notes>\n    * 1.0 - One\n  </notes>\n</package>\n"},
        {"a.nuspec": "<package>\n  <notes>\n    * 1.1 - Two\n    * 1.0 - One\n  </notes>\n</package>\n"},
        ("element `notes`: changed",),
        ("comments",),
    ),
    Case(
        "an implicit definition is one, and a condition is no member of a trait",
        {
            "A.scala": "trait Readers {\n  implicit def MapReader[K](implicit k: Reader[K]): Reader[Map[K]] = {\n"
            "    if (k ne Text) seq.map(_.toMap)\n    else new Simple[Map[K]]{\n"
            "      def visit(n: Int) = 1\n    }\n  }\n}\n"
        },
        {
            "A.scala": "trait Readers {\n"
            "  def MapReader0[K](make: Make[K])(implicit k: Reader[K]): Reader[Map[K]] = {\n"
            "    if (k ne Text) seq.map(x => make(x))\n    else new Simple[Map[K]]{\n"
            "      def visit(n: Int) = 1\n    }\n  }\n\n"
            "  implicit def MapReader1[K](implicit k: Reader[K]): Reader[Map[K]] = {\n"
            "    MapReader0[K](_.toMap)\n  }\n}\n"
        },
        ("`Readers.MapReader0`", "function `Readers.MapReader1`: added"),
        ("member", "visit → "),
    ),
    Case(
        "a comment behind an annotation is no part of a head",
        {
            "a/A.java": 'package a;\n\nclass A<T> {\n  @SuppressWarnings("unchecked")//\n'
            "  public T get(Errors errors, Context context) {\n    Provider p = of(errors);\n"
            "    return p.get();\n  }\n}\n"
        },
        {
            "a/A.java": "package a;\n\nclass A<T> {\n  public T get(Errors errors, Context context) {\n"
            "    Provider<T> p = of(errors);\n    return p.get();\n  }\n}\n"
        },
        ('is no longer marked `@SuppressWarnings("unchecked")`',),
        ("takes", "signature"),
    ),
    Case(
        "what is passed on without a name is taken still",
        {"a.rb": "class A\n  def missing(name, *args, &block)\n    one(name)\n  end\nend\n"},
        {"a.rb": "class A\n  def missing(name, ...)\n    one(name)\n  end\nend\n"},
        ("`def missing(name, *args, &block)` becomes `def missing(name, ...)`",),
        ("no longer takes",),
    ),
    Case(
        "what moves into a type that comes is not gone",
        {
            "A.scala": "object A {\n  val one = 1\n}\n\nabstract class B {\n  def name: String\n\n"
            "  def wrap(t: Tree): Tree\n}\n"
        },
        {
            "A.scala": "trait Api {\n  val c: Context\n  def wrap(t: Tree): Tree\n}\n\nobject A {\n  val one = 1\n}\n\n"
            "abstract class B extends Api {\n  def name: String\n}\n"
        },
        ("trait `Api`: added", "function `Api.wrap`: moved"),
        ("removed",),
    ),
    Case(
        "what stands in a text of PHP up to a word defines nothing",
        {
            "a.php": "<?php\nclass A {\n    public function f()\n    {\n        return <<<EOF\nclass B {\n"
            "    public function g() { return 1; }\n}\nEOF;\n    }\n\n    public function h() { return 2; }\n}\n"
        },
        {
            "a.php": "<?php\nclass A {\n    public function f()\n    {\n        return <<<EOF\nclass B {\n"
            "    public function g() { return two(); }\n}\nEOF;\n    }\n\n    public function h() { return 2; }\n}\n"
        },
        ("function `A.f`: changed (only the words of a text change)",),
        ("`A.f.", "now calls", "`B"),
    ),
    Case(
        "what is said of an assembly comes and goes beside comments",
        {
            "Info.cs": 'using System;\n\n[assembly: Title("A")]\n\n// Why.\n[assembly: Guid("a6")]\n\n// The version.\n'
            '[assembly: Version("1.0")]\n'
        },
        {"Info.cs": 'using System;\n\n[assembly: Title("A")]\n[assembly: VisibleTo("B")]\n'},
        ("attribute `VisibleTo`: added", "attribute `Guid`: removed", "attribute `Version`: removed"),
    ),
    Case(
        "a comment among imports imports nothing, and a value with its type has a name",
        {"build.sc": "import mill._\n\nlazy val one = Seq(1)\n"},
        {
            "build.sc": "// plugins\nimport mill._\nimport mill.mima.Mima\n\nlazy val one = Seq(2)\n"
            "val two: Seq[String] = Seq()\n"
        },
        ("imports `build`: changed (now uses `mill.mima.Mima`)", "variable `one`: changed", "variable `two`: added"),
        ("`plugins`", "`val`", "`lazy`"),
    ),
    Case(
        "a call whose errors are kept quiet is one",
        {
            "src/A.php": "<?php\nclass A {\n    public function f($p)\n    {\n        $s = fopen($p, 'w');\n"
            "        $x = one($s);\n        return $x;\n    }\n}\n"
        },
        {
            "src/A.php": "<?php\nclass A {\n    public function f($p)\n    {\n        clear();\n"
            "        $s = @fopen($p, 'w');\n        $x = one($s, last());\n        return $x;\n    }\n}\n"
        },
        ("now calls `clear`, `last`",),
        ("no longer calls",),
    ),
    Case(
        "a part of a line that begins with an operator is not told",
        {
            "a.cs": "public class A {\n    M F(T t, bool exact) {\n"
            "        return t.All(m => m.Fits(parameters, exact ? Kind.Equality : Kind.Assignment));\n    }\n}\n"
        },
        {
            "a.cs": "public class A {\n    M F(T t, bool exact) {\n"
            "        return t.All(m => m.Fits(parameters, exact, considerMatchers: false));\n    }\n}\n"
        },
        ("method `A.F`: changed",),
        ("becomes `, ",),
    ),
    Case(
        "a type is not called after what it is derived from, and tests are where their folder and name say so",
        {
            "Source/A.swift": "enum Value:Logic,Equal{\n    func one() {\n        f(1)\n    }\n}\n",
            "Tests/ATests/B.swift": "class B: X {\n    func testIt() {\n        f(1)\n    }\n}\n",
            "src/LocalTest.php": "<?php\nclass LocalTest {\n    public function g()\n    {\n        f(1);\n    }\n}\n",
        },
        {
            "Source/A.swift": "enum Value:Logic,Equal{\n    func one() {\n        f(2)\n    }\n}\n",
            "Tests/ATests/B.swift": "class B: X {\n    func testIt() {\n        f(2)\n    }\n}\n",
            "src/LocalTest.php": "<?php\nclass LocalTest {\n    public function g()\n    {\n        f(2);\n    }\n}\n",
        },
        ("Changes `Value.one` in Source/A.swift", "changes test code (`LocalTest.g`)"),
    ),
    Case(
        "nobody calls otherwise what cannot be overridden any more, or is seen by more",
        {
            "a/A.java": "package a;\n\nclass A {\n  void f(int b) {}\n\n  public void g(int b) {}\n}\n",
            "a/B.java": "package a;\n\nclass B {\n  void h(A a) {\n    a.f(1);\n    a.g(1);\n  }\n}\n",
        },
        {"a/A.java": "package a;\n\nclass A {\n  protected void f(int b) {}\n\n  public final void g(int b) {}\n}\n"},
        ("method `A.f`: new signature", "method `A.g`: new signature"),
        ("## Risks",),
    ),
    Case(
        "a section whose heading is of another level is the same one",
        {"README.md": "# Guard\n\nIt guards.\n\n# References\n\n- [One](http://one.example)\n"},
        {"README.md": "# Guard\n\nIt guards.\n\n## Use\n\nCall it.\n\n## References\n\n- [One](http://one.example)\n"},
        ("section `Guard > References`: renamed (References → Guard > References)", "`Guard > Use`: added"),
        ("removed",),
    ),
    Case(
        "an argument is no group of tests, and what is filled into a text is code",
        {
            "Plugins/A.swift": "extension Plugin {\n  func perform() {\n    let out = url\n      .appending(name)\n"
            '    run(out)\n  }\n\n  func text() -> String {\n    """\n    _\\(type.name)_a\n    """\n  }\n}\n'
        },
        {
            "Plugins/A.swift": "extension Plugin {\n  func perform() {\n    let out = Self.directory(\n"
            "      context: context, target: target)\n    run(out)\n  }\n\n  func text() -> String {\n"
            '    """\n    _\\(type.name.escaped())_a\n    """\n  }\n}\n'
        },
        ("function `Plugin.perform`: changed", "function `Plugin.text`: changed"),
        ("suite", "words of a text"),
    ),
    Case(
        "members behind a constructor of several lines are members, and a comma that comes with a line is nothing",
        {
            "A.kt": "class Choice(\n    val values: List<String>,\n    val shown: (T) -> T = { it }) : Type(true) {\n"
            "    val text: String\n        get() = one()\n\n    override fun convert(a: String) = a\n}\n\n"
            "class Parser(\n    var skip: Boolean = false\n) {\n    fun parse() {\n        one()\n    }\n}\n"
        },
        {
            "A.kt": "class Choice(\n    val values: List<String>,\n    val shown: (T) -> T = { it }) : Type(true) {\n"
            "    val text: String\n        get() = two()\n\n    override fun convert(a: String) = a\n}\n\n"
            "class Parser(\n    var skip: Boolean = false,\n    var strict: Boolean = false\n) {\n    fun parse() {\n"
            "        if (strict) {\n            two()\n        }\n    }\n}\n"
        },
        ("property `Choice.text`: changed", "`Parser.parse`: changed (checks `strict`"),
        ("Choice.shown", "becomes `var skip"),
    ),
    Case(
        "two values of a module are told by their lines",
        {"lib/a.rb": "module A\n  # One.\n  MINOR = 3\n\n  # Two.\n  PATCH = 'pre1'\nend\n"},
        {"lib/a.rb": "module A\n  # One.\n  MINOR = 4\n\n  # Two.\n  PATCH = 0\nend\n"},
        ("Changes `A` in lib/a.rb", "`MINOR = 3` becomes `MINOR = 4`"),
        ("Updates code",),
    ),
    Case(
        "what a library gives to those who test with it is code",
        {"lib/pile/testing/inline.rb": "module Pile\n  def push(a)\n    one(a)\n  end\nend\n"},
        {"lib/pile/testing/inline.rb": "module Pile\n  def push(a)\n    two(a)\n  end\nend\n"},
        ("Changes `Pile.push`",),
        ("test code",),
    ),
)

VERSION = {
    "lib/version.rb": 'module Pile\n  VERSION = "3.0.0"\nend\n',
    "Changes.md": "# Changes\n\n## 3.0.0\n\n- One\n",
}
RAISED = {
    "lib/version.rb": 'module Pile\n  VERSION = "3.0.1"\nend\n',
    "Changes.md": "# Changes\n\n## 3.0.1\n\n- Two\n\n## 3.0.0\n\n- One\n",
}
CODE = {"a.rb": "class A\n  def push(a)\n    one(a)\n    two(a)\n  end\nend\n", "a_test.rb": "class ATest\nend\n"}
CHANGED = {
    "a.rb": "class A\n  def push(a)\n    raw(a) if a\n  end\n\n  def raw(a)\n    one(a)\n    two(a)\n  end\nend\n",
    "a_test.rb": "class ATest\n  def test_it\n    one(1)\n    two(2)\n    three(3)\n  end\nend\n",
}
NOTED = {"Changes.md": RAISED["Changes.md"]}
CASES += (
    Case("a version and its notes", VERSION, RAISED, ("release (only version numbers and the changelog",), (), "bump"),
    Case(
        "a release by its notes", VERSION, NOTED, ("release (the message says “Release 3.0.1”)",), (), "Release 3.0.1"
    ),
    Case("a release at the end", VERSION, RAISED, ("change:** release",), (), "3.0.1 release"),
    Case("a name that a word begins", CODE, CHANGED, (), ("says “Inline”",), "Inline testing now runs through all"),
    Case("a test and what it asks for", CODE, CHANGED, (), ("change:** test",), "Add test and make it pass by a step"),
    Case("a tool", CODE, CHANGED, (), ("says “Enable”",), "Enable Checkstyle 7.7"),
    Case(
        "a word beside much else",
        CODE,
        CHANGED,
        (),
        ("says “Fixing”", "change:** docs"),
        "Making the reader of files call its parts by default. Fixing typo in docblock.",
    ),
)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_is_told_of_a_commit(script: Script, case: Case) -> None:
    is_told_of(script, case)
