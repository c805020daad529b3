"""What `doctor`, `runtime` and `models` report: the installation, the model, and the plan for it."""

from __future__ import annotations

import contextlib
import importlib.metadata
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from iquest_lsp import harmless_git
from iquest_lsp.context.misfits import misfits
from iquest_lsp.context.prompt import PromptFormat
from iquest_lsp.engines import device_options
from iquest_lsp.errors import IQuestError, PortBuildError, WorkspaceError
from iquest_lsp.runtime.kv.store import StateStore, saved_kv_folder
from iquest_lsp.runtime.memory.folders import kept_memories, memory_folder
from iquest_lsp.runtime.models import catalogue, packaged
from iquest_lsp.runtime.models.footprint import footprint
from iquest_lsp.runtime.models.gguf_header import Header, fingerprint
from iquest_lsp.runtime.models.manager import known_details, known_model, needs
from iquest_lsp.runtime.models.planner import ModelPlan, Placed, available_memory, drafting_bytes, plan, wishes_of
from iquest_lsp.runtime.models.speed_cache import known_speed, speed_key, speeds_file
from iquest_lsp.runtime.models.split_files import read_model
from iquest_lsp.runtime.port import build
from iquest_lsp.settings import Settings
from iquest_lsp.workspace.ignore import IgnoreRules
from iquest_lsp.workspace.tree import walk

MOST_FILES = 5000  # of the current folder that are looked at
BUILD = "iquest-lsp runtime build"
#: Loads the runtime as the engine does, and says with which of its libraries the processor computes.
_LOAD = "from iquest_lsp.runtime.llama import library; library.bindings(); print(library.cpu_library())"
LOAD_PATIENCE_S = 60.0
SAVED = "saved windows"


def examine(settings: Settings) -> dict[str, Any]:
    """All checks, and the plan for the configured model."""
    checks = [_python(), _compiler(), _git(), _runtime()]
    header: Header | None = None
    notes: tuple[str, ...] = ()
    try:
        header = read_model(catalogue.resolve(settings.model))
        detail = f"{header.name} ({header.architecture}, {header.passes} passes, {header.file_size / 1e6:.1f} MB)"
        style, notes = _formats(header.path)
        if style:
            detail += f"; prompts: {style}"
        checks.append(_check("model", True, detail))
    except IQuestError as error:
        checks.append(_check("model", False, str(error), "iquest-lsp models list"))
    if header is not None and header.needs_port:
        installed = installed_runtime()
        checks.append(_check("port", "+loop." in installed, installed or "not installed", BUILD))
    checks.append(_rules(Path.cwd()))
    memory = available_memory()
    checks.append(_check("memory", memory is None or memory > 2**29, _gib(memory), "iquest-lsp models list"))
    checks.append(_saved_windows(settings))
    report: dict[str, Any] = {"checks": checks, "plan": None}
    if header is not None:
        made = _plan(settings, header)
        report["plan"] = {
            "window": made.window,
            "kv_type": made.kv_type,
            "batch": made.batch,
            "threads": made.threads,
            "reason": made.reason,
        }
        notes += (*made.cuts, *_draft_notes(settings, header.path))
    return report | {"notes": list(notes)}


def mend(settings: Settings, report: dict[str, Any], progress: Callable[[str], None]) -> None:
    """Mends what a report of `examine` calls a problem, as far as a program can, and says what it does.

    A runtime that is missing or broken is built, saved windows that cannot be read are removed. Raises PortBuildError,
    WorkspaceError.
    """
    broken = {check["name"] for check in report["checks"] if not check["ok"]}
    if broken & {"runtime", "port"}:
        progress(f"installed the runtime in {build_runtime(progress)}")
    if SAVED in broken:
        folder = saved_kv_folder()
        try:
            progress(f"removed {StateStore(folder, settings.saved_kv_mb << 20).remove_damaged()} damaged saved windows")
        except OSError as error:
            raise WorkspaceError(f"{folder} cannot be cleared", why=error.strerror or str(error)) from error


def runtime_report() -> dict[str, Any]:
    """The installed runtime and the wanted one."""
    return {"installed": installed_runtime() or "none", "python": sys.version.split()[0], **build.describe()}


def build_runtime(progress: Callable[[str], None]) -> Path:
    """Builds the patched runtime, or takes it from the cache, and puts it into this package; returns its folder.

    Raises PortBuildError.
    """
    try:
        return build.install(progress)
    except (build.BuildError, OSError, subprocess.SubprocessError) as error:
        raise PortBuildError("The runtime could not be built", why=str(error)) from error


def cache_report(settings: Settings) -> dict[str, Any]:
    """What is kept of evaluated windows, and how much of repositories' memories."""
    store = StateStore(saved_kv_folder(), settings.saved_kv_mb << 20)
    entries = store.entries()
    return {
        "folder": str(store.folder),
        "limit_bytes": store.limit,
        "bytes": sum(entry.bytes for entry in entries),
        "memories": {"folder": str(memory_folder()), "bytes": sum(size for _, size in kept_memories())},
        "entries": [
            {
                "workspace": entry.workspace,
                "branch": entry.branch,
                "tokens": entry.tokens,
                "bytes": entry.bytes,
                "used": datetime.fromtimestamp(entry.used, UTC).isoformat(timespec="seconds"),
                "file": entry.path.name,
                "problem": entry.problem,
            }
            for entry in entries
        ],
    }


def clear_cache() -> tuple[int, int]:
    """Removes all evaluated windows and repository memories from the disk; returns files and bytes. Raises
    WorkspaceError."""
    folder = saved_kv_folder()
    try:
        files, size = StateStore(folder, 0).clear()
        for path, more in kept_memories():
            path.unlink(missing_ok=True)
            files, size = files + 1, size + more
    except OSError as error:
        raise WorkspaceError(f"{folder} cannot be cleared", why=error.strerror or str(error)) from error
    return files, size


def installed_runtime() -> str:
    """Version of the runtime in this package, else of the environment's llama-cpp-python; "" without either."""
    if build.PRIVATE.is_dir():
        facts = build.facts_of(build.PRIVATE)
        return "" if facts is None else str(facts["version"])
    try:
        return importlib.metadata.version("llama-cpp-python")
    except importlib.metadata.PackageNotFoundError:
        return ""


def model_rows() -> list[dict[str, Any]]:
    """One row for each model that can be named."""
    rows = []
    for entry in catalogue.installed():
        row: dict[str, Any] = {"name": entry.name, "source": entry.source, "path": str(entry.path)}
        if entry.header is not None:
            row |= {
                "model": entry.header.name,
                "architecture": entry.header.architecture,
                "passes": entry.header.passes,
                "parameters": entry.header.parameters,
                "size_bytes": entry.header.file_size,
                "memory": needs(entry.header),
            }
        rows.append(row | {"problem": entry.problem})
    return rows


def packaged_report(path: Path, settings: Settings) -> dict[str, Any]:
    """What a packaged model that was added is good for, and what it costs on this machine, where it is measured.

    Raises the errors of models and of the engine.
    """
    from iquest_lsp.runtime.backends.loading import measured_speed, placed

    model = packaged.packaged_model(path.stem)
    header = read_model(path)
    devices = device_options(settings)
    speed, on = measured_speed(path, devices), placed(devices, header)
    made = plan(wishes_of(settings, on.gpu_layers), header, speed, on.memory)
    kept = footprint(header, made.context_tokens, made.kv_type, weights=header.file_size, sequences=made.sequences)
    return {
        "use": model.use if model is not None else "",
        "license": model.license if model is not None else "",
        "size_bytes": header.file_size,
        "memory_bytes": kept.total,
        "window": made.window,
        "reads_tokens_per_second": round(max(speed.prefill.values(), default=0.0), 1),
        "token_ms": round(speed.token_ms, 1),
        "plan": made.reason,
        "prompts": _formats(path)[0],
    }


def free_memory(settings: Settings) -> int | None:
    """Bytes that a model may have: what the system has free, and the GPUs that would be used; None where the system
    does not say."""
    memory = available_memory()
    if memory is None or not settings.gpu_layers or not installed_runtime():
        return memory
    from iquest_lsp.runtime.backends.loading import gpu_memory  # loads the runtime

    with contextlib.suppress(IQuestError):  # no runtime, no GPU
        memory += gpu_memory(device_options(settings))
    return memory


def check_draft_files(path: Path, small: Path) -> None:
    """Raises UnsupportedModelError where the model in one file cannot draft for that in the other, and the errors of
    models."""
    from iquest_lsp.runtime.backends import loading  # loads the runtime

    loading.check_draft_files(path, small)


def model_choices(settings: Settings) -> list[dict[str, Any]]:
    """The models as a person chooses among them: each with the planner's verdict, the current one marked."""
    choices = []
    for entry in catalogue.installed():
        header = entry.header
        verdict, plan = "", None
        if header is not None:
            made = _plan(settings, header, asks_devices=False)  # the daemon loads no runtime
            plan = {"window": made.window, "kv_type": made.kv_type, "kv_bytes": made.kv_bytes, "reason": made.reason}
            verdict = (
                f"window of {made.window} tokens, {made.kv_type} cache of {made.kv_bytes / 1e6:.0f} MB: {made.reason}"
            )
        choices.append(
            {
                "name": entry.name,
                "path": str(entry.path),
                "source": entry.source,
                "model": header.name if header is not None else "",
                "architecture": header.architecture if header is not None else "",
                "size_bytes": header.file_size if header is not None else 0,
                "verdict": verdict,
                "plan": plan,
                "problem": entry.problem,
                "current": settings.model in (entry.name, str(entry.path))
                or (not settings.model and entry.source == "embedded"),
            }
        )
    return choices


def model_details(model: str) -> dict[str, Any]:
    """Everything a GGUF says of itself, scalars only; of a published model that is not here what it would need."""
    published = known_model(model)
    if published is not None and not any(entry.name == model for entry in catalogue.installed()):
        return known_details(published)
    header = read_model(catalogue.resolve(model))
    details: dict[str, Any] = {
        "path": str(header.path),
        "size_bytes": header.file_size,
        "parameters": header.parameters,
        "tensors": len(header.tensors),
        "passes": header.passes,
        "needs_port": header.needs_port,
    }
    details["prompts"], notes = _formats(header.path)
    details["notes"] = "; ".join(notes)
    return details | {
        key: value
        for key, value in sorted(header.metadata.items())
        if not (isinstance(value, str) and len(value) > 2000)
    }


def _formats(path: Path) -> tuple[str, tuple[str, ...]]:
    """How the model is asked to complete, and what of its formats does not fit, by its vocabulary; nothing where the
    runtime cannot read it."""
    if not installed_runtime():
        return "", ()
    from iquest_lsp.runtime.llama.model import Model

    try:
        model = Model.load(path, vocab_only=True)
    except IQuestError:
        return "", ()
    try:
        metadata, special = model.metadata, model.special_tokens()
        return PromptFormat.detect(metadata, special).style, misfits(metadata, special)
    except IQuestError as error:
        return str(error), ()
    finally:
        model.close()


def _draft_notes(settings: Settings, path: Path) -> tuple[str, ...]:
    """Why the model that should draft does not, if so."""
    if not settings.draft_model or not installed_runtime():
        return ()
    try:
        check_draft_files(path, catalogue.resolve(settings.draft_model))
    except IQuestError as error:
        return (f"The draft model is not used: {error}",)
    return ()


def _plan(settings: Settings, header: Header, *, asks_devices: bool = True) -> ModelPlan:
    """The plan as the engine would make it now, with what it measured at its last start; as on a processor alone where
    devices are not asked and no setting says how many layers are on GPUs."""
    on = _placed(settings, header) if asks_devices else Placed(max(settings.gpu_layers, 0))
    speed = known_speed(speeds_file(), speed_key(fingerprint(header), installed_runtime()) + on.mark)
    memory = available_memory() if on.memory is None else on.memory
    if memory is not None and settings.draft_model:
        with contextlib.suppress(IQuestError):  # one that cannot be read is not used
            memory -= drafting_bytes(read_model(catalogue.resolve(settings.draft_model)))
    return plan(wishes_of(settings, on.gpu_layers), header, speed, memory)


def _placed(settings: Settings, header: Header) -> Placed:
    """Where the engine would put a model now; all of it on the processor where the runtime cannot say, or where the
    engine would not start."""
    if not settings.gpu_layers or not installed_runtime():
        return Placed()
    from iquest_lsp.runtime.backends.loading import placed  # loads the runtime

    try:
        return placed(device_options(settings), header)
    except IQuestError:
        return Placed()


def _rules(folder: Path) -> dict[str, Any]:
    """Whether the rules that keep files out can all be used, as far as one looks into the current folder."""
    rules = IgnoreRules(folder)
    walk(folder, rules, max_files=MOST_FILES)
    kept_out = "; what they could speak of is kept out" if rules.problems else ""
    return _check("ignore rules", not rules.problems, ("; ".join(rules.problems) or "all can be used") + kept_out)


def _saved_windows(settings: Settings) -> dict[str, Any]:
    """Whether all evaluated windows on the disk can be read."""
    entries = StateStore(saved_kv_folder(), settings.saved_kv_mb << 20).entries()
    damaged = [entry for entry in entries if entry.problem]
    detail = f"{len(entries)}, {sum(entry.bytes for entry in entries) / 1e6:.1f} MB"
    if damaged:
        detail += f"; {len(damaged)} cannot be read ({damaged[0].path.name}: {damaged[0].problem})"
    return _check(SAVED, not damaged, detail, "iquest-lsp doctor --fix")


def _check(name: str, ok: bool, detail: str, fix: str = "") -> dict[str, Any]:
    """A line of the report; `fix` is the command that helps where it is not well."""
    return {"name": name, "ok": ok, "detail": detail if ok or not fix else f"{detail}; run `{fix}`"}


def _python() -> dict[str, Any]:
    return _check("python", sys.version_info >= (3, 11), sys.version.split()[0])


def _compiler() -> dict[str, Any]:
    found = next((name for name in (os.environ.get("CXX", ""), "c++", "g++", "clang++") if shutil.which(name)), "")
    # Needed only to build the runtime: without one, an installed runtime still works.
    helps = "xcode-select --install" if sys.platform == "darwin" else "apt-get install g++"
    detail = found or "none (needed to build the runtime)"
    return _check("compiler", bool(found) or bool(installed_runtime()), detail, helps)


def _git() -> dict[str, Any]:
    found = shutil.which("git")
    helps = "xcode-select --install" if sys.platform == "darwin" else "apt-get install git"
    if found is not None and (complaint := harmless_git.complaint()):
        return _check("git", False, f"{found} does not run: {complaint}")
    return _check("git", found is not None, found or "not found: no history will be used", helps)


def _runtime() -> dict[str, Any]:
    """Whether the runtime loads: in a process of its own, since a broken library may end it."""
    installed = installed_runtime()
    if not installed:
        missing = "broken" if build.PRIVATE.is_dir() else "not installed: no completions but those of a `remote` server"
        return _check("runtime", False, missing, BUILD)
    where = "in this package" if build.PRIVATE.is_dir() else "llama-cpp-python of this environment"
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-c", _LOAD], capture_output=True, text=True, timeout=LOAD_PATIENCE_S, check=False
        )
        said = done.stdout.strip() if done.returncode == 0 else ""
        why = (done.stderr.strip().splitlines() or [f"its process ended with {done.returncode}"])[-1]
    except subprocess.TimeoutExpired:
        said, why = "", f"it did not load within {LOAD_PATIENCE_S:.0f} s"
    if not said:
        return _check("runtime", False, f"{installed} does not load: {why}", BUILD)
    return _check("runtime", True, f"{installed}, {where}, {said}")


def _gib(count: int | None) -> str:
    return "unknown" if count is None else f"{count / 2**30:.1f} GiB available"
