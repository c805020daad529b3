"""What files of scripts import and export, and which file a name of theirs comes from."""

from __future__ import annotations

import pytest

from iquest_lsp.codeflow.syntax.linking.scripts import FileLinks, ScriptLinks, links_of


def test_what_modules_of_scripts_import_and_export() -> None:
    links = links_of(
        "import a, { b as c } from './one'\nimport * as d from './two'\nexport { e as f } from './three'\n"
        "export * from './four'\nconst { g: h } = require('./five')\nexport { a as i }\nexport default class J {}\n"
    )
    assert links.imports == {
        "a": ("./one", "default"),
        "c": ("./one", "b"),
        "d": ("./two", "*"),
        "h": ("./five", "g"),
    }
    assert links.exports == {"f": ("./three", "e"), "i": ("", "a"), "J": ("", "J"), "default": ("", "J")}
    assert links.stars == ["./four"]


def test_modules_that_pass_on_each_other_come_to_an_end() -> None:
    texts = {"a.ts": b"export * from './b'\n", "b.ts": b"export * from './a'\n", "c.ts": b"import { x } from './a'\n"}
    assert ScriptLinks(texts, texts.get).sources("c.ts", "x") <= {"/a.ts", "/b.ts"}


@pytest.mark.parametrize(
    "text",
    ["", "const text = 'import';\n", "import(", "export {", "import { a", "export const = 1", "of.import('./b')"],
)
def test_what_imports_and_exports_nothing_has_no_links(text: str) -> None:
    assert links_of(text) == FileLinks()


def test_a_list_of_hostile_length_takes_no_time_that_grows_with_its_square() -> None:
    assert links_of("import {" * 20_000).imports == {}
    assert links_of("/*" * 50_000).exports == {}


def linked(files: dict[str, str]) -> ScriptLinks:
    return ScriptLinks(files, {path: text.encode() for path, text in files.items()}.get)


@pytest.mark.parametrize(
    ("module", "places"),
    [
        ("./measure", {"/src/measure.ts"}),
        ("./measure.js", {"/src/measure.ts"}),
        ("../src/measure", {"/src/measure.ts"}),
        ("@/measure", {"/src/measure.ts"}),
        ("@own/kit/measure", {"/src/measure.ts"}),
        ("fs", set()),
        ("node:fs", set()),
        ("left", set()),
        ("unknown", {"unknown"}),
    ],
)
def test_a_module_means_a_file_of_the_repository_nothing_in_it_or_itself(module: str, places: set[str]) -> None:
    files = {
        "package.json": '{"name": "@own/kit", "dependencies": {"left": "1"}}',
        "tsconfig.json": '{ // comments may stand here\n "compilerOptions": {"paths": {"@/*": ["./src/*"],}}}',
        "src/measure.ts": "export const size = 1;\r\n",
        "src/run.ts": f"import {{ size }} from '{module}'\r\n",
    }
    assert linked(files).sources("src/run.ts", "size") == places


@pytest.mark.parametrize("broken", ["", '{"name": ', "[" * 5000, '{"a":' * 5000, "\0"])
def test_broken_configuration_says_nothing(broken: str) -> None:
    files = {"package.json": broken, "tsconfig.json": "[1]", "a.ts": "import { x } from 'kit'\n"}
    assert linked(files).sources("a.ts", "x") == {"kit"}


def test_a_name_is_followed_through_index_files_to_where_it_is_defined() -> None:
    files = {
        "src/part.ts": "export class Part {}\nexport default Part;\n",
        "src/index.ts": "export * from './part';\nexport { default as Whole } from './part';\n",
        "run.ts": "import { Part, Whole as W } from './src';\n",
    }
    links = linked(files)
    assert links.ends("run.ts", "Part") == {("/src/part.ts", "Part")}
    assert links.ends("run.ts", "W") == {("/src/part.ts", "Part")}
    assert links.aliases("run.ts", "src/part.ts", "Part") == ({"W"}, set())
    assert links.aliases("src/index.ts", "src/part.ts", "Part") == (set(), {"Whole"})


@pytest.mark.parametrize(
    ("module", "own"),
    [
        *(
            (name, True)
            for name in ("@/box", "~/box.js", "src/box", "@app/box", "kit", "@kit", "@/", "@any", "#/x.svc")
        ),
        *((name, False) for name in ("react", "@any/react", "boxes", "run", "@/x")),
    ],
)
def test_a_module_without_a_place_may_be_one_of_the_repository(module: str, *, own: bool) -> None:
    files = {"src/kit/box.ts": "", "src/any/index.d.ts": "", "src/x.svc.ts": "", "run.py": ""}
    assert linked(files).is_own(module) is own


def test_files_of_other_languages_are_not_read() -> None:
    assert [linked({}).reads(path) for path in ("a.ts", "a.vue", "a.py", "ts")] == [True, True, False, False]
