"""What the memory's process does for a project: reads files that changed, and keeps the memory on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from iquest_lsp import grammars
from iquest_lsp.context.chunks import imports_of
from iquest_lsp.datatypes import Document
from iquest_lsp.dropped import Dropped
from iquest_lsp.runtime.memory import folders
from iquest_lsp.runtime.memory.builder import Builder, FileReading, MemoryFiles
from iquest_lsp.runtime.memory.layers import OWN, Layer, layers_of, parts_of
from iquest_lsp.runtime.memory.packages import PackageMemory, PackageTexts
from iquest_lsp.workspace.admission import Gate
from iquest_lsp.workspace.ignore import IgnoreRules
from iquest_lsp.workspace.installed.packages import Installed
from iquest_lsp.workspace.tree import walk

if TYPE_CHECKING:
    from iquest_lsp.runtime.llama.model import Model


@dataclass(frozen=True, slots=True)
class RememberedWorkspace:
    """A workspace whose files are remembered in a model's tokens, how much of it is read, and whether the packages that
    it imports are remembered too."""

    root: Path
    exclude: tuple[str, ...]
    max_files: int
    max_depth: int
    model: str
    packages: bool = False


def remember(
    place: RememberedWorkspace, buffers: Mapping[str, Document | Dropped], paths: Sequence[str] | None = None
) -> MemoryFiles:
    """Brings the memory of a workspace up to date, `buffers` in place of files that are open.

    With `paths` only these files are looked at. Raises ModelError for a model without a vocabulary, OSError.
    """
    kept = _builders(place)
    gate = Gate(place.root, IgnoreRules(place.root, place.exclude))
    if paths is None:
        wanted = walk(place.root, gate.rules, max_files=place.max_files, max_depth=place.max_depth).paths
        gone = {path for builder in kept.layers.values() for path in builder.paths} - set(wanted)
    else:
        wanted, gone = tuple(paths), set[str]()
    mine: dict[Layer, list[str]] = {layer: [] for layer in kept.layers}
    for path in (*wanted, *sorted(gone)):
        for layer in layers_of(path):
            mine[layer].append(path)
    files = [builder.update(_texts(gate, builder, mine[layer], buffers)) for layer, builder in kept.layers.items()]
    folders.make_room([builder.folder for builder in kept.layers.values()])
    return MemoryFiles.together(files)


def remember_packages(place: RememberedWorkspace, paths: Sequence[str] | None = None) -> MemoryFiles:
    """Brings the memory of the packages that the workspace's files import up to date, after `remember`; with `paths`
    only the imports of these files are looked at, and what is installed is taken to be what it was. Raises OSError."""
    kept = _builders(place)
    gate = Gate(place.root, IgnoreRules(place.root, place.exclude))
    code = kept.layers[Layer.CODE]
    for path in code.paths if paths is None else paths:
        entry, language = code.entry(path), grammars.language_of(path)
        if entry is None or not language:
            kept.imports.pop(path, None)
        elif path not in kept.imports or kept.imports[path][0] != entry.digest:
            loaded = gate.load(path)
            text = loaded.text if isinstance(loaded, Document) else ""
            kept.imports[path] = entry.digest, imports_of(text, language)
    for path in kept.imports.keys() - set(code.paths):
        del kept.imports[path]
    if paths is None or kept.installed is None:
        kept.installed = Installed(place.root)
    found = kept.installed.imported((path, names) for path, (_, names) in kept.imports.items())
    files = kept.packages.update([PackageTexts(one.name, one.version, one.texts) for one in found])
    folders.make_room([*(builder.folder for builder in kept.layers.values()), *kept.packages.used])
    return files


def _texts(
    gate: Gate, builder: Builder, paths: Sequence[str], buffers: Mapping[str, Document | Dropped]
) -> Iterator[FileReading]:
    """What changed of these files, as far as they may be shown."""
    for path in paths:
        changed_ns = size = 0
        if path in buffers:
            loaded = buffers[path]
        else:
            with suppress(OSError, ValueError):
                seen = (gate.root / path).stat()
                changed_ns, size = seen.st_mtime_ns, seen.st_size
            known = builder.entry(path)
            same = known is not None and changed_ns and (known.changed_ns, known.size) == (changed_ns, size)
            if same and not gate.path_reason(path):
                continue
            loaded = gate.load(path)
        part = parts_of(path, loaded.text).get(builder.layer) if isinstance(loaded, Document) else None
        yield FileReading(path, part, changed_ns, size)


@dataclass(slots=True)
class Builders:
    """What keeps the memory of a workspace, by layer, and of what it imports, in the vocabulary of a model; `imports`:
    by file a digest of its text and what it imports, as it is written there."""

    layers: Mapping[Layer, Builder]
    model: Model
    packages: PackageMemory
    imports: dict[str, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    installed: Installed | None = None


#: The memory that this process keeps.
builders: dict[RememberedWorkspace, Builders] = {}


def _builders(place: RememberedWorkspace) -> Builders:
    if place not in builders:
        for other in builders.values():
            other.model.close()
        builders.clear()
        from iquest_lsp.runtime.llama.model import Model  # only this process needs llama.cpp

        model = Model.load(place.model, vocab_only=True)
        key, root = model.vocabulary_key, os.fspath(place.root)
        made = {
            layer: Builder(folders.folder_of(root, key, layer), key, model.n_vocab, model.tokenize, layer)
            for layer in OWN
        }
        builders[place] = Builders(made, model, PackageMemory(key, model.n_vocab, model.tokenize))
    return builders[place]
