"""A GGUF file fetched from a Hugging Face repository.

huggingface_hub is optional and imported on first use; its errors become ours here.
"""

from __future__ import annotations

import contextlib
import fnmatch
import hashlib
import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from iquest_lsp.errors import ModelFetchError, UsageError
from iquest_lsp.runtime.models.split_files import part_names

_HTTP = re.compile(r"(httpx|httpcore|requests|urllib3)\d*(\.|$)")


def fetch(repository: str, pattern: str, progress: Callable[[str], None], *, offline: bool) -> tuple[Path, str]:
    """Where the repository's file that `pattern` chooses now lies, and its name there; its SHA-256 is checked.

    Of a model in several files all are fetched, and the first is returned. With `offline` only what the cache holds.
    Raises ModelFetchError, UsageError.
    """
    with _hub() as hub:
        chosen = _choose(hub, repository, pattern, offline)
        doing = "looking for {} of {} in the cache" if offline else "fetching {} of {}"
        fetched = {}
        for file in chosen:
            progress(doing.format(file, repository))
            fetched[file] = Path(hub.hf_hub_download(repository, file, local_files_only=offline))
    for file, digest in chosen.items():
        if digest:
            progress("checking its SHA-256")
            _check_digest(fetched[file], digest)
    first = next(iter(chosen))
    return fetched[first], first


def _choose(hub: Any, repository: str, pattern: str, offline: bool) -> dict[str, str]:
    """The files of the model to fetch, in order, each with its SHA-256 ("" where it is not known)."""
    if offline:
        if not pattern or any(char in pattern for char in "*?["):
            raise UsageError("Offline the exact file has to be named", fix="Pass --file NAME.gguf")
        return dict.fromkeys(_parts(pattern), "")
    info = hub.HfApi().model_info(repository, files_metadata=True)
    files = {entry.rfilename: entry for entry in info.siblings if entry.rfilename.endswith(".gguf")}
    if not files:
        raise ModelFetchError(
            f"{repository} has no GGUF files",
            why="it holds the weights in another form" if info.siblings else "it is empty",
            fix="Fetch the folder and run `python -m quantize convert`",
        )
    models = {_parts(file): None for file in sorted(files)}
    chosen = [
        parts
        for parts in models
        if not pattern or any(fnmatch.fnmatch(file, pattern) or pattern == file for file in parts)
    ]
    if len(chosen) != 1:
        sizes = {parts[0]: sum(files[file].size or 0 for file in parts if file in files) for parts in models}
        listed = ", ".join(f"{file} ({size / 1e9:.1f} GB)" for file, size in sizes.items())
        what = f"None of the files of {repository} is {pattern!r}" if not chosen else f"{repository} has several files"
        raise UsageError(what, why=listed, fix="Pass --file with one of them")
    missing = [file for file in chosen[0] if file not in files]
    if missing:
        what = f"{repository} lacks parts of the model {chosen[0][0]}"
        raise ModelFetchError(what, why=", ".join(missing[:5]), fix="Choose another file")
    return {file: _digest(files[file].lfs) for file in chosen[0]}


def _digest(lfs: Any) -> str:
    return str(lfs.get("sha256", "") if isinstance(lfs, dict) else getattr(lfs, "sha256", "") or "")


def _parts(file: str) -> tuple[str, ...]:
    """The files of the model that a file of a repository is one of."""
    folder, slash, name = file.rpartition("/")
    return tuple(folder + slash + part for part in part_names(name))


@contextlib.contextmanager
def _hub() -> Any:
    """huggingface_hub, with its errors as ours."""
    try:
        hub = importlib.import_module("huggingface_hub")
        errors = importlib.import_module("huggingface_hub.errors")
    except ImportError as error:
        raise ModelFetchError(
            "Models cannot be fetched by name",
            why="the package huggingface_hub is not installed",
            fix="Run `pip install huggingface_hub`, or download the GGUF yourself and add the file",
        ) from error
    try:
        yield hub
    except (ModelFetchError, UsageError):
        raise
    except (errors.GatedRepoError, errors.RepositoryNotFoundError) as error:
        raise ModelFetchError(
            "The repository does not exist, or not for you",
            why=_first_line(error),
            fix="Check its name; for one that asks for consent, log in with `hf auth login`",
        ) from error
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled) as error:
        raise ModelFetchError(
            "The file is not here",
            why="it is not in the download cache, and nothing may be fetched or can be",
            fix="Connect to the network and try again without --offline; what was fetched so far is kept",
        ) from error
    except errors.EntryNotFoundError as error:
        raise ModelFetchError(
            "The repository has no such file", why=_first_line(error), fix="Leave --file out to see what it has"
        ) from error
    except (errors.HfHubHTTPError, OSError) as error:
        raise ModelFetchError(
            "The download failed", why=_first_line(error), fix="Try again: it goes on where it stopped"
        ) from error
    except Exception as error:
        # its HTTP library (requests, httpx or httpx2, by version) has an error tree of its own for a missing network
        if _HTTP.match(type(error).__module__):
            raise ModelFetchError(
                "There is no connection to the model repository",
                why=_first_line(error),
                fix="Connect to the network, pass --offline for what is in the cache, or add a file",
            ) from error
        raise


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def _check_digest(path: Path, digest: str) -> None:
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != digest:
        raise ModelFetchError(
            f"{path.name} was not fetched whole",
            why=f"its SHA-256 is {found} instead of {digest}",
            fix="Remove it from the download cache and try again",
        )
