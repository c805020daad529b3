"""Archives of registries: what is read of them, under which licence, and what is learned from."""

from __future__ import annotations

import io
import random
import re
import tarfile
import zipfile
from collections import Counter
from pathlib import Path

import pytest

from quantize.pretrain import archives, clean, manifest, samples, spans
from quantize.pretrain.archives import Archive
from quantize.pretrain.manifest import SourceFile
from quantize.pretrain.recipe import DataRecipe

CODE = Path(samples.__file__).read_text(encoding="utf-8")
COPYRIGHT = """Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: somebody
License: Expat

Files: src/other/* lib/a?.c
Copyright: somebody else
License: GPL-2+
 Long text.
 .
 License: MIT

Files: src/other/both.c
License: Apache-2.0 or GPL-2

License: Expat
 Permission is granted.
"""


@pytest.mark.parametrize(
    ("path", "licence"),
    [
        ("main.c", "mit"),
        ("src/main.c", "mit"),
        ("src/other/deep/x.c", None),
        ("lib/ab.c", None),
        ("lib/abc.c", "mit"),
        ("src/other/both.c", "Apache-2.0 OR GPL-2"),
    ],
)
def test_each_file_goes_by_what_debian_says_of_it(path: str, licence: str | None) -> None:
    assert archives.licence_of(path, archives.stated_licences(COPYRIGHT)) == licence


def test_prose_states_no_licences() -> None:
    assert archives.stated_licences("This package is free software under the MIT licence.\n") == []


def _tar(path: Path, files: dict[str, str]) -> None:
    with tarfile.open(path, "w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(text.encode())
            tar.addfile(member, io.BytesIO(text.encode()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """One package of each registry, and one of each kind that may not be read."""
    for registry in archives.REGISTRIES:
        (tmp_path / registry).mkdir()
    for name, licence in (("good", "MIT"), ("bad", "GPL-3.0-only")):
        with zipfile.ZipFile(tmp_path / "pypi" / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
            wheel.writestr(f"{name}-1.0.dist-info/METADATA", f"Name: {name}\nLicense-Expression: {licence}\n")
            wheel.writestr(f"{name}/a.py", "a = 1\r\n")
            wheel.writestr(f"{name}/a.txt", "text")
    package = '{"name": "@s/N", "version": "2.0", "license": "MIT"}'
    sources = {
        "package/package.json": package,
        "package/src/a.ts": "a",
        "package/src/a.d.ts": "d",
        "package/lib/a.js": "j",
    }
    _tar(tmp_path / "npm" / "s-n-2.0.tgz", sources)
    plain = '{"name": "plain", "version": "1.0", "license": "ISC"}'
    _tar(
        tmp_path / "npm" / "plain-1.0.tgz",
        {"package/package.json": plain, "package/dist/b.js": "b", "package/b.js": "b"},
    )
    _tar(
        tmp_path / "debian" / "deb_1.0.orig.tar.gz",
        {"deb-1.0/m.c": "c", "deb-1.0/src/other/g.c": "g", "deb-1.0/x": "x"},
    )
    _tar(tmp_path / "debian" / "deb_1.0-2.debian.tar.gz", {"debian/copyright": COPYRIGHT})
    _tar(tmp_path / "debian" / "alone_1.0-2.debian.tar.gz", {"debian/copyright": COPYRIGHT})
    return tmp_path


def test_permitted_sources_are_read(folder: Path, tmp_path: Path) -> None:
    pins = archives.pin(folder)
    archives.write(tmp_path / "list.csv", pins)
    assert archives.read(tmp_path / "list.csv") == sorted(pins)
    places = manifest.Places(listed=tmp_path / "list.csv", archives=folder)
    found = {
        (item.package, item.version, item.path, item.text)
        for item in manifest.collect(DataRecipe(sources=("archives",)), places)
    }
    assert found == {
        ("good", "1.0", "good/a.py", "a = 1\n"),
        ("@s/n", "2.0", "src/a.ts", "a"),
        ("plain", "1.0", "b.js", "b"),
        ("deb", "1.0", "m.c", "c"),
    }


def test_an_archive_with_another_hash_is_left_out(folder: Path) -> None:
    pins = archives.pin(folder)
    path = folder / "pypi" / "good-1.0-py3-none-any.whl"
    path.write_bytes(path.read_bytes() + b"more")
    assert {pin.package for pin in pins} - {pin.package for pin in archives.fetch(pins, folder)} == {"good"}


def test_the_same_part_of_a_large_package_is_read(tmp_path: Path) -> None:
    (tmp_path / "pypi").mkdir()
    with zipfile.ZipFile(tmp_path / "pypi" / "p-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("p-1.0.dist-info/METADATA", "Name: p\nLicense-Expression: MIT\n")
        for at in range(50):
            wheel.writestr(f"p/{at}.py", "x" * 100)
    pins = [Archive("pypi", "p", "1.0", "p-1.0-py3-none-any.whl", "")]
    some, again = ([item.path for _, _, item in archives.packages(pins, tmp_path, {}, 1000, ())] for _ in range(2))
    assert some == again
    assert len(some) == 10
    assert len(list(archives.packages(pins, tmp_path, {}, 1000, {"p"}))) == 50


def test_languages_have_caps_and_guarded_packages_are_kept_out() -> None:
    def code(name: str) -> str:
        return re.sub(r"\b(self|draw|item|text)\b", name, CODE)

    files = [SourceFile(f"p{at}", "1", "MIT", f"{at}.js", code(f"name{at}")) for at in range(8)]
    files.append(
        SourceFile(
            "kept", "1", "MIT", "kept.js", "\n".join(f"const value{n} = compute the other value {n}" for n in range(90))
        )
    )
    copied = SourceFile("copier", "1", "MIT", "copied.ts", files[-1].text + "\nlet more = 1;\n" * 3)
    recipe = DataRecipe(guarded=("Kept",), languages={"javascript": 3 * len(CODE)})
    made = clean.clean([*files, copied], recipe, 1)
    assert 1 <= len(made.train) <= 3
    assert made.dropped["of a guarded package"] == 1
    assert made.dropped["copy of held-out code"] == 1
    assert made.dropped["over the language's cap"] >= 4


def test_cursors_stand_where_people_type() -> None:
    outline = spans.outline(CODE, "samples.py")

    def behind(places: spans.Places) -> Counter[str]:
        draw = random.Random(1)
        seen: Counter[str] = Counter()
        for _ in range(2000):
            a, _b = spans.cut(draw, outline, places)
            start = outline.starts[outline.line_of(a)]
            line = CODE[start : CODE.find("\n", start)]
            seen["sign"] += bool(CODE[start:a].strip()) and CODE[a - 1] in spans.SIGNS
            seen["start"] += not CODE[start:a].strip()
            seen["end"] += start + len(line) == a
        return seen

    plain, mixed = behind(spans.ANYWHERE), behind(spans.Places(0.5, 0.2, 0.2))
    assert mixed["sign"] > 2 * plain["sign"]
    assert mixed["start"] > 2 * plain["start"]
    assert mixed["end"] > 2 * plain["end"]
    assert behind(spans.Places()) == plain


@pytest.mark.parametrize(
    ("path", "text", "names"),
    [
        ("a.ts", "import { x } from '../lib/thing'\nconst y = require(\"./other.js\")\n", {"thing", "other"}),
        ("a.c", '#include "dir/part.h"\n#include <stdio.h>\n', {"part", "stdio"}),
        ("a.rs", "use crate::tree::node;\nmod shapes;\n", {"node", "shapes"}),
        ("A.java", "import org.x.Thing;\n", {"org.x.Thing"}),
    ],
)
def test_imports_of_other_languages_name_files(path: str, text: str, names: set[str]) -> None:
    assert set(spans.outline(text, path).imports) == names


def test_braces_make_bodies_and_blank_lines_make_pieces() -> None:
    function = "int f%d(int a) {\n    if (a) {\n        a = 1;\n    }\n" + "    a += 2;\n" * 14 + "    return a;\n}\n\n"
    text = function % 1 + function % 2
    outline = spans.outline(text, "a.c")
    lines = text.split("\n")
    bodies = {"\n".join(lines[first:end]) for first, end in outline.bodies}
    assert "        a = 1;" in bodies
    assert any(body.startswith("    if (a) {") and body.endswith("    return a;") for body in bodies)
    assert [outline.lines(*piece).split("(")[0] for piece in outline.pieces] == ["int f1", "int f2"]
