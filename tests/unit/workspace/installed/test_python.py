"""The packages of a Python environment."""

from __future__ import annotations

from pathlib import Path

from iquest_lsp.workspace.installed.python import Environment, site_packages


def made(folder: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def test_environments_of_a_project_are_found(tmp_path: Path) -> None:
    made(
        tmp_path,
        {
            ".venv/pyvenv.cfg": "",
            ".venv/lib/python3.12/site-packages/a.py": "",
            "src/lib/python3.12/site-packages/b.py": "",
        },
    )
    assert site_packages(tmp_path) == [tmp_path / ".venv" / "lib" / "python3.12" / "site-packages"]
    assert site_packages(tmp_path / "none") == []


def test_a_module_is_its_stubs_its_folder_or_its_file(tmp_path: Path) -> None:
    made(tmp_path, {"kit/__init__.py": "", "kit-stubs/__init__.pyi": "", "one.py": "", "one.pyi": ""})
    environment = Environment(tmp_path)
    assert list(environment.parts("kit")) == ["kit-stubs", "kit"]
    assert list(environment.parts("one")) == ["one.pyi", "one.py"]
    assert list(environment.parts("none")) == []


def test_a_module_belongs_to_the_distribution_that_brought_it(tmp_path: Path) -> None:
    record = "kit/__init__.py,sha256=x,1\r\none.py,,\nown_kit-1.2.dist-info/RECORD,,\n"
    made(tmp_path, {"own_kit-1.2.dist-info/RECORD": record, "kit/__init__.py": "", "one.py": ""})
    environment = Environment(tmp_path)
    assert environment.distribution("kit") == environment.distribution("one") == ("own_kit", "1.2")
    assert environment.distribution("other") == ("other", "")


def test_what_cannot_be_read_is_empty(tmp_path: Path) -> None:
    (tmp_path / "kit-1.dist-info").mkdir()
    assert Environment(tmp_path).distribution("kit") == ("kit", "")
    assert list(Environment(tmp_path / "none").parts("kit")) == []
