"""Every error a user can meet, as one tree; each says what happened, why, and what to do.

IQuestError
├── UsageError                the command line or a request asks for something that cannot exist (exit code 2)
├── SettingsError             a settings file that cannot be read
├── WorkspaceError            a file or folder of the workspace
│   └── DocumentError         one document: missing, binary, too large, an unknown encoding
│       ├── NoTextError       a binary file, a device
│       └── NoSuchFileError   a place in a file that is not there: also a UsageError, but exit code 1
├── RepositoryError           git: no repository, broken, bare, shallow
│   ├── NotARepositoryError
│   ├── MissingContentsError  a clone that was made without the contents of files
│   ├── BareRepositoryError   one without a working tree, where that is what is asked about
│   ├── RevisionError         a revision that does not exist
│   ├── StoreError            what is kept of a history takes no more: the disk is full, another process holds it
│   └── DamagedStoreError     something else has written in it, and it is made anew
├── ModelError                the model file
│   ├── ModelFileError        missing, truncated, not a GGUF, absurd metadata
│   ├── UnsupportedModelError a sound file that this runtime cannot run
│   ├── CheckpointError       a published checkpoint or its tokenizer that cannot be turned into a GGUF
│   └── ModelFetchError       a model that cannot be downloaded: no network, no such repository, a wrong checksum
├── RuntimeSetupError         the patched llama.cpp
│   ├── PortMissingError      the model needs the port, the installed llama_cpp is a stock one
│   └── PortBuildError        fetching, patching or compiling failed
├── DaemonError               the shared process cannot be found, started, or trusted
│   └── NoDaemonError         it cannot be reached, nor started: says first what happens without it
├── RequestFailedError        what the shared process answered in place of a result, in its own words
└── EngineError               the process that runs the model
    ├── EngineCrashedError    it died while a request ran
    ├── EngineQuarantineError a request that killed the engine twice is not tried again
    ├── EngineMemoryError     not enough memory for weights or KV cache
    ├── RemoteEngineError     the server that runs the model: unreachable, refusing, or not making sense
    └── RequestCancelledError the request was withdrawn; carries nothing to show
"""

from __future__ import annotations


class IQuestError(Exception):
    """An error with its three parts: `what` happened, `why`, and the `fix` a user can try."""

    def __init__(self, what: str, *, why: str = "", fix: str = "") -> None:
        self.what = what
        self.why = why
        self.fix = fix
        super().__init__(what)

    def says_the_same(self, other: IQuestError | None) -> bool:
        """Whether another error is of this kind and tells the same."""
        return type(self) is type(other) and vars(self) == vars(other)

    def __str__(self) -> str:
        text = _without_stop(self.what)
        if self.why:
            text += ": " + _without_stop(self.why)
        if self.fix:
            text += (" " if text.endswith("?") else ". ") + _without_stop(self.fix)
        return text if text.endswith("?") else text + "."

    def __reduce__(self) -> tuple[object, tuple[object, ...], dict[str, str]]:
        return (type(self), (self.what,), {"what": self.what, "why": self.why, "fix": self.fix})


def _without_stop(text: str) -> str:
    """A sentence without its full stop; what a name ends with, as `.` and `HEAD...` do, is none."""
    return text.removesuffix(".") if text[-2:-1].strip(". ") else text


class UsageError(IQuestError):
    """The command line or a request asks for something that cannot exist."""


class SettingsError(IQuestError):
    """A settings file that cannot be read."""


class WorkspaceError(IQuestError):
    """A file or folder of the workspace cannot be used."""


class DocumentError(WorkspaceError):
    """One document cannot be used: missing, binary, too large, or in an unknown encoding."""


class NoTextError(DocumentError):
    """One that is no text, and none that could not be read: a binary file, a device."""


class NoSuchFileError(DocumentError, UsageError):
    """A place in a file that is not there: what was asked for cannot exist, and the world, not the command, is why."""


class RepositoryError(IQuestError):
    """Git cannot answer."""


class NotARepositoryError(RepositoryError):
    """The folder belongs to no git repository."""


class MissingContentsError(RepositoryError):
    """The clone lacks the contents of files; they are not fetched unasked."""


class BareRepositoryError(RepositoryError):
    """The repository has no working tree, and that is what is asked about."""


class RevisionError(RepositoryError):
    """The revision does not exist in this repository."""


class StoreError(RepositoryError):
    """What is kept of a history can neither be opened nor written, through no fault of what is in it."""


class DamagedStoreError(RepositoryError):
    """What is kept of a history makes no sense any more. It was set aside, and the next question makes it anew."""


class ModelError(IQuestError):
    """The model cannot be used."""


class ModelFileError(ModelError):
    """The model file is missing, truncated, not a GGUF, or its metadata makes no sense."""


class UnsupportedModelError(ModelError):
    """A sound model file that this runtime cannot run."""


class CheckpointError(ModelError):
    """A published checkpoint, or its tokenizer, that cannot be turned into a model file."""


class ModelFetchError(ModelError):
    """A model that cannot be downloaded: no network, no such repository or file, a wrong checksum."""


class RuntimeSetupError(IQuestError):
    """The patched llama.cpp is not in order."""


class PortMissingError(RuntimeSetupError):
    """The model needs the port, and the installed llama_cpp is a stock one."""


class PortBuildError(RuntimeSetupError):
    """Fetching, patching or compiling the runtime failed."""


class DaemonError(IQuestError):
    """The process that all editors share cannot be found, started, or trusted."""


class NoDaemonError(DaemonError):
    """The shared process can neither be reached nor started; `what` is what happens without it."""


class RequestFailedError(IQuestError):
    """The process that all editors share could not do what was asked; the text is its own."""


class EngineError(IQuestError):
    """The process that runs the model failed."""


class EngineCrashedError(EngineError):
    """The engine process died while a request ran."""


class EngineQuarantineError(EngineError):
    """The request killed the engine twice and is not tried again."""


class EngineMemoryError(EngineError):
    """Not enough memory for the weights or the KV cache."""


class RemoteEngineError(EngineError):
    """The server that runs the model cannot be reached, refuses, or sends what cannot be read."""


class RequestCancelledError(EngineError):
    """The request was withdrawn before it was answered."""
