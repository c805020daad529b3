"""Which models there are: the embedded one, those in the user's model folder, and files named by a path."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from platformdirs import user_data_path

from iquest_lsp.errors import IQuestError, ModelFileError
from iquest_lsp.runtime.models.gguf_header import Header, check_language_model
from iquest_lsp.runtime.models.split_files import is_later_part, model_stem, part_names, read_model

EMBEDDED = "nano"


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model file; `header` is None and `problem` says why for a file that cannot be used."""

    name: str
    path: Path
    source: str
    header: Header | None
    problem: str = ""


def model_folder() -> Path:
    """Where the user's own models lie."""
    return user_data_path("iquest-lsp") / "models"


def embedded_path() -> Path:
    """The model inside the package."""
    return Path(str(files("iquest_lsp.models"))) / f"{EMBEDDED}.gguf"


def installed() -> list[ModelEntry]:
    """All models that can be named, the embedded one first."""
    entries = [_entry(EMBEDDED, embedded_path(), "embedded")] if embedded_path().exists() else []
    folder = model_folder()
    if folder.is_dir():
        paths = sorted(folder.glob("*.gguf"))
        named = [path for path in paths if not is_later_part(path.name) or not _first(path).exists()]
        entries += [_entry(model_stem(path.name), path, "user") for path in named]
    return entries


def resolve(model: str) -> Path:
    """The file of a model given by name or path ("" means the embedded one); raises ModelFileError."""
    if not model:
        path = embedded_path()
        if not path.exists():
            raise ModelFileError(
                "The embedded model is not in this installation",
                why=f"{path.name} is missing from the package",
                fix="Install the package again, or set `model` to a GGUF file",
            )
        return path
    for entry in installed():
        if entry.name == model:
            return entry.path
    path = Path(model).expanduser()
    if path.exists():
        return path.resolve()
    raise ModelFileError(
        f"There is no model {model!r}",
        why="it is neither the name of an installed model nor a file",
        fix="See `iquest-lsp models list`",
    )


def _first(path: Path) -> Path:
    return path.with_name(part_names(path.name)[0])


def _entry(name: str, path: Path, source: str) -> ModelEntry:
    try:
        header = read_model(path)
        check_language_model(header)
        return ModelEntry(name, path, source, header)
    except IQuestError as error:
        return ModelEntry(name, path, source, None, str(error))
