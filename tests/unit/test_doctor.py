"""The doctor: each problem names the command that helps, and what a program can mend is mended."""

from __future__ import annotations

import functools
import importlib.metadata
import re
import shutil
import stat
import sys
from pathlib import Path
from typing import Any

import pytest

from iquest_lsp import doctor
from iquest_lsp.errors import PortBuildError
from iquest_lsp.runtime.kv.store import saved_kv_folder
from iquest_lsp.runtime.models.catalogue import embedded_path
from iquest_lsp.runtime.models.planner import Wishes, drafting_bytes, plan
from iquest_lsp.runtime.models.split_files import read_model
from iquest_lsp.runtime.port import build
from iquest_lsp.settings import Settings


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, an empty current folder, and no private runtime."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    monkeypatch.setattr(build, "PRIVATE", tmp_path / "package" / "_runtime")
    return tmp_path


def without_llama(monkeypatch: pytest.MonkeyPatch) -> None:
    """No llama-cpp-python is installed."""

    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)


def checks(settings: Settings) -> dict[str, dict[str, Any]]:
    return {check["name"]: check for check in doctor.examine(settings)["checks"]}


def test_a_git_that_does_not_run_is_a_problem(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks(Settings())["git"]["ok"]
    (machine / "gitconfig").write_text("[user\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(machine / "gitconfig"))
    told = checks(Settings())["git"]
    assert not told["ok"]
    assert "does not run: fatal: bad config line" in told["detail"]


def test_each_problem_names_the_command_that_helps(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    without_llama(monkeypatch)
    monkeypatch.setattr(shutil, "which", lambda name, **_: None)
    monkeypatch.setattr(doctor, "available_memory", lambda: 2**20)
    folder = saved_kv_folder()
    folder.mkdir(parents=True)
    (folder / f"{'0' * 32}.kv").write_bytes(b"nothing that was saved")
    problems = [check for check in checks(Settings(model="gone.gguf")).values() if not check["ok"]]
    assert {check["name"] for check in problems} == {"compiler", "git", "runtime", "model", "memory", "saved windows"}
    for check in problems:
        assert re.search(r"; run `[^`]+`$", check["detail"]), check
    assert checks(Settings())["port"]["detail"].endswith("run `iquest-lsp runtime build`")


@pytest.mark.slow
def test_a_saved_window_that_cannot_be_read_is_removed_and_the_others_stay(machine: Path) -> None:
    folder = saved_kv_folder()
    folder.mkdir(parents=True)
    damaged = folder / f"{'0' * 32}.kv"
    damaged.write_bytes(b"nothing that was saved")
    settings, said = Settings(), list[str]()
    report = doctor.examine(settings)
    report["checks"] = [check for check in report["checks"] if check["name"] == "saved windows"]
    assert not report["checks"][0]["ok"]
    doctor.mend(settings, report, said.append)
    assert not damaged.exists()
    assert said == ["removed 1 damaged saved windows"]
    assert checks(settings)["saved windows"]["ok"]


def test_a_broken_runtime_is_a_problem_and_is_built_anew(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build.PRIVATE.mkdir(parents=True)
    (build.PRIVATE / "__init__.py").write_text("", "utf-8")
    assert doctor.installed_runtime() == ""  # what the environment has beside it does not count
    report = doctor.examine(Settings())
    (runtime,) = (check for check in report["checks"] if check["name"] == "runtime")
    assert (runtime["ok"], runtime["detail"]) == (False, "broken; run `iquest-lsp runtime build`")
    built = list[str]()

    def install(progress: Any) -> Path:
        built.append("built")
        return build.PRIVATE

    monkeypatch.setattr(build, "install", install)
    doctor.mend(Settings(), report, built.append)
    assert built == ["built", f"installed the runtime in {build.PRIVATE}"]


def test_a_build_that_fails_says_why(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def install(progress: Any) -> Path:
        raise build.BuildError("Compiling failed:\nno room")

    monkeypatch.setattr(build, "install", install)
    with pytest.raises(PortBuildError, match="no room"):
        doctor.mend(Settings(), {"checks": [{"name": "port", "ok": False, "detail": ""}]}, lambda line: None)


def test_a_runtime_that_ends_its_process_is_a_problem(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python = machine / "python"
    python.write_text("#!/bin/sh\nkill -ILL $$\n", "utf-8")
    python.chmod(python.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setattr(doctor, "installed_runtime", lambda: "0.3.36+loop.7")
    monkeypatch.setattr(sys, "executable", str(python))
    runtime = checks(Settings())["runtime"]
    assert not runtime["ok"]
    assert "its process ended with -4" in runtime["detail"]
    assert runtime["detail"].endswith("run `iquest-lsp runtime build`")


def test_nothing_is_mended_where_all_is_well() -> None:
    doctor.mend(Settings(), {"checks": [{"name": "runtime", "ok": True, "detail": ""}]}, pytest.fail)


@pytest.mark.slow
def test_what_a_window_was_cut_for_is_noted(machine: Path) -> None:
    assert doctor.examine(Settings())["notes"] == []
    (note,) = doctor.examine(Settings(window_tokens=500_000))["notes"]
    assert note == "The window is cut to 131072 tokens: the model was made for 131072 tokens, not for 500000"
    assert doctor.model_details("")["notes"] == ""


@pytest.mark.slow
def test_a_draft_model_that_does_not_fit_is_noted_and_one_that_fits_is_planned_for(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doctor, "installed_runtime", lambda: "0.3.36+loop.7")
    (note,) = doctor.examine(Settings(draft_model="gone"))["notes"]
    assert note.startswith("The draft model is not used: There is no model 'gone'")
    assert doctor.examine(Settings(draft_model="nano"))["notes"] == []
    monkeypatch.setattr(doctor, "available_memory", lambda: 2**30)
    size = drafting_bytes(read_model(embedded_path()))
    assert size > embedded_path().stat().st_size
    asked = list[int | None]()
    monkeypatch.setattr(doctor, "plan", lambda wishes, header, speed, memory: asked.append(memory) or planned(memory))
    planned = functools.partial(plan, Wishes(), read_model(embedded_path()), None)
    doctor.examine(Settings(draft_model="nano"))
    doctor.examine(Settings())
    assert asked == [2**30 - size, 2**30]
