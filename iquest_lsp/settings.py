"""Every setting, its default, and one sentence of documentation.

Values come from, later wins: defaults, the user's file (`settings.toml` in the user configuration folder), the
workspace's `iquest.toml`, the editor (initializationOptions, configuration changes), the command line. A workspace
is not trusted: its file may set only what `workspace` allows. A bad or unknown value is reported and replaced by
what was there before; it never stops the server.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from platformdirs import user_config_path

from iquest_lsp.atomic_file import PRIVATE, atomic_write
from iquest_lsp.errors import SettingsError

WORKSPACE_FILE = "iquest.toml"
USER_FILE = "settings.toml"
#: No number may be larger: what counts time, memory or tokens then fits into whatever takes it.
MOST = 2**31 - 1
MOST_THREADS = 512  # of ggml.h: GGML_MAX_N_THREADS
#: Keys that set nothing: the value that asks for nothing else than what is done, and what to tell of another.
_IDLE = {"depth": ("exact", "sets nothing: every token gets all passes of a Loop model, which costs no quality")}


def _setting(
    default: Any,
    doc: str,
    *,
    workspace: bool = True,
    choices: tuple[str, ...] = (),
    low: int | None = None,
    high: int | None = None,
    pattern: str = "",
) -> Any:
    metadata = {"doc": doc, "workspace": workspace, "choices": choices, "low": low, "high": high, "pattern": pattern}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings; see each field's `doc` in its metadata."""

    enable: bool = _setting(True, "Offer completions at all.")
    disabled_languages: tuple[str, ...] = _setting((), "Language ids in which no completion is offered.")
    model: str = _setting(
        "", "Path of a GGUF file, or the name of an installed model; empty: the embedded one.", workspace=False
    )
    draft_model: str = _setting(
        "",
        "Small model with the same vocabulary that writes ahead of the model that completes, which verifies it: a GGUF"
        " file, or an installed model's name; empty: none.",
        workspace=False,
    )
    instruct_model: str = _setting(
        "",
        "Model that explains and answers questions: a GGUF file, an installed model's name, or remote:NAME for one of"
        " the server's; empty: the model that completes, where it follows instructions.",
        workspace=False,
    )
    thinking_model: str = _setting(
        "",
        "Model for questions that are worth thinking about first, named as the one for questions; empty: that one.",
        workspace=False,
    )
    next_edit_model: str = _setting(
        "",
        "A GGUF file, or the name of an installed model, that guesses next edits too: Zeta 2 or 2.1, one of Sweep's, or"
        " one that follows instructions. How often its guesses are right is not measured here; empty: none is asked.",
        workspace=False,
    )
    engine: str = _setting(
        "llama",
        "What runs the model: llama, or fake (no model, for tests).",
        workspace=False,
        choices=("llama", "fake"),
    )
    remote: str = _setting(
        "",
        "Address of an OpenAI-compatible server that answers instead of the local model, such as"
        " http://127.0.0.1:8000/v1; empty: nothing leaves this machine.",
        workspace=False,
    )
    remote_model: str = _setting(
        "", "Which of the remote server's models to use; empty: its first one.", workspace=False
    )
    remote_key: str = _setting(
        "IQUEST_LSP_REMOTE_KEY", "Name of the environment variable that holds the remote server's key.", workspace=False
    )
    deadline_ms: int = _setting(
        400, "Milliseconds from a request to its answer; what is done by then is returned.", low=1
    )
    min_confidence: int = _setting(
        -1,
        "Least probability, in percent, at which the model's text is shown unasked; -1: the value tuned for the model.",
        low=-1,
        high=100,
    )
    battery_saver: bool = _setting(True, "On battery, evaluate nothing ahead of a request.", workspace=False)
    max_tokens: int = _setting(64, "Most tokens one completion may have.", low=1)
    window_tokens: int = _setting(0, "Tokens of context to keep; 0 lets the planner choose.", low=0)
    context: str = _setting(
        "all",
        "What surrounds the current file in the window: everything that helps, open files only, or nothing.",
        choices=("all", "open", "none"),
    )
    memory: str = _setting(
        "repository",
        "What completions draw on besides the window: all files of the repository that may enter it, also the installed"
        " packages that they import, or nothing.",
        choices=("repository", "dependencies", "off"),
    )
    edits: bool = _setting(True, "Put what was changed in other files since the last commit into the window.")
    history: bool = _setting(True, "Put what the git history says about the files at hand into the window.")
    next_edits: bool = _setting(True, "Show what your edits ask for elsewhere: a new name's other uses, say.")
    hover: bool = _setting(False, "Show the newest steps of a line's history when the mouse rests on it.")
    code_lens: bool = _setting(False, "Show above each function that was changed since the last commit how much.")
    exclude: tuple[str, ...] = _setting((), "Extra patterns, as in .gitignore, of files that never enter the window.")
    threads: int = _setting(
        0, "Processor threads for the model; 0 uses all cores.", workspace=False, low=0, high=MOST_THREADS
    )
    gpu_layers: int = _setting(
        -1,
        "Layers to run on a GPU, where the runtime was built for one; -1: as many as fit, if it has memory of its own; "
        "0: none.",
        workspace=False,
        low=-1,
    )
    main_gpu: int = _setting(
        -1,
        "Number of the one GPU that takes the model's layers, from 0; -1: all GPUs share them.",
        workspace=False,
        low=-1,
    )
    tensor_split: str = _setting(
        "",
        "Shares of the model's layers for each GPU, such as 3,1; empty: by the memory that is free there.",
        workspace=False,
        pattern=r"|\d{1,6}(\.\d{1,6})?(,\d{1,6}(\.\d{1,6})?)*",
    )
    experts: str = _setting(
        "auto",
        "Where the experts of a mixture lie while its layers are on a GPU: there, in system memory, or (auto) in system"
        " memory where the GPU has no room for all.",
        workspace=False,
        choices=("auto", "gpu", "memory"),
    )
    kv_type: str = _setting(
        "auto", "Type of the KV cache.", workspace=False, choices=("auto", "f32", "f16", "q8_0", "q4_0")
    )
    idle_exit_seconds: int = _setting(
        600, "Seconds that the daemon waits for the next editor after the last one left.", workspace=False, low=0
    )
    memory_limit_mb: int = _setting(
        0,
        "Megabytes the model's process may hold before it is started again; 0: most of the machine's memory.",
        workspace=False,
        low=0,
    )
    saved_kv_mb: int = _setting(
        4096,
        "Megabytes of evaluated windows to keep on disk, so that a restart begins warm; 0 keeps none.",
        workspace=False,
        low=0,
    )
    log_level: str = _setting(
        "info", "How much goes to the log.", workspace=False, choices=("debug", "info", "warning", "error")
    )


@dataclass(frozen=True, slots=True)
class SettingsProblem:
    """One value that was not taken: where it came from, its key, and why."""

    source: str
    key: str
    reason: str

    def __str__(self) -> str:
        return f"{self.source}: {self.key}: {self.reason}"


def apply(
    base: Settings, values: Mapping[str, object], source: str, *, trusted: bool
) -> tuple[Settings, list[SettingsProblem]]:
    """Returns `base` with the good ones of `values` set, and a problem for each other one."""
    known = {item.name: item for item in fields(Settings)}
    good: dict[str, Any] = {}
    problems: list[SettingsProblem] = []
    for key, value in values.items():
        name = in_snake_case(key)
        if name in _IDLE:
            fitting, reason = _IDLE[name]
            problems += [SettingsProblem(source, key, reason)] if value != fitting else []
            continue
        if name not in known:
            problems.append(SettingsProblem(source, key, "unknown setting"))
            continue
        meta = known[name].metadata
        if not trusted and not meta["workspace"]:
            problems.append(SettingsProblem(source, key, "a workspace may not set this; use your own settings"))
            continue
        reason, converted = _convert(known[name].default, meta, value)
        if reason:
            problems.append(SettingsProblem(source, key, reason))
        else:
            good[name] = converted
    return replace(base, **good), problems


class Configuration:
    """The layers of settings of one server, merged anew whenever one of them changes.

    Each client (an editor, by a name of its own) has an editor layer of its own.
    """

    def __init__(self, overrides: Mapping[str, object] | None = None, user: Path | None = None) -> None:
        self.overrides = dict(overrides or {})
        self._clients: dict[str, dict[str, object]] = {}
        # What each client said when it connected, and the names of what its editor pushed last.
        self._first: dict[str, dict[str, object]] = {}
        self._pushed: dict[str, frozenset[str]] = {}
        self._user = user
        self._user_stamp = self._stamp()

    def update(self, client: str, values: Mapping[str, object]) -> list[SettingsProblem]:
        """Takes a client's values; what is one for all clients stays as the client set it that came first.

        None takes a value back.
        """
        mine = self._clients.setdefault(client, {})
        for key in [old for old in mine if in_snake_case(old) in {in_snake_case(new) for new in values}]:
            del mine[key]  # the other spelling, perhaps
        mine.update({key: value for key, value in values.items() if value is not None})
        shared, problems = self._shared(), []
        for key, value in values.items():
            name = in_snake_case(key)
            if value is not None and name in shared and shared[name] != value:
                reason = f"another editor that shares this daemon has set {shared[name]!r}"
                problems.append(SettingsProblem("editor", key, reason))
        return problems

    def push(self, client: str, values: Mapping[str, object]) -> list[SettingsProblem]:
        """Takes all that a client's editor has set, anew: what it set before and does not name now is taken back.

        What the client said when it connected holds again then. A value that is the default takes back what the
        client said: editors send their defaults along, which must not stand above the files of user and workspace.
        """
        defaults = {item.name: item.default for item in fields(Settings)}
        said = {
            key: None
            if (tuple(value) if isinstance(value, list) else value) == defaults.get(in_snake_case(key))
            else value
            for key, value in values.items()
        }
        mine = self._clients.get(client, {})
        first = self._first.setdefault(client, {in_snake_case(key): value for key, value in mine.items()})
        names = {in_snake_case(key) for key in said}
        back = {name: first.get(name) for name in self._pushed.get(client, frozenset()) - names}
        self._pushed[client] = frozenset(names)
        return self.update(client, {**back, **said})

    def user_file_changed(self) -> bool:
        """Whether the user's file is another one than when this was asked last."""
        before, self._user_stamp = self._user_stamp, self._stamp()
        return self._user_stamp != before

    def _stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._user.stat() if self._user is not None else None
        except OSError:
            return None
        return (found.st_mtime_ns, found.st_size, found.st_ino) if found is not None else None

    @property
    def clients(self) -> frozenset[str]:
        """Those whose values are held."""
        return frozenset().union(self._clients, self._first, self._pushed)

    def forget(self, client: str) -> None:
        """Drops the values of a client that is gone."""
        for layer in (self._clients, self._first, self._pushed):
            layer.pop(client, None)

    def _shared(self) -> dict[str, object]:
        """What the clients together say of the one model and its process: the first to say something usable counts."""
        known = {item.name: item for item in fields(Settings)}
        one_for_all = {name for name, item in known.items() if not item.metadata["workspace"]} | {"window_tokens"}
        merged: dict[str, object] = {}
        for values in self._clients.values():
            for key, value in values.items():
                name = in_snake_case(key)
                if name in one_for_all and not _convert(known[name].default, known[name].metadata, value)[0]:
                    merged.setdefault(name, value)
        return merged

    def _of_editor(self, client: str) -> dict[str, object]:
        """A client's own values, each as it spelled it, and those of others that are one for all."""
        shared = self._shared()
        mine = {key: shared.pop(in_snake_case(key), value) for key, value in self._clients.get(client, {}).items()}
        return mine | shared

    def settings(self, root: Path | None = None, client: str | None = None) -> tuple[Settings, list[SettingsProblem]]:
        """The settings that hold for a workspace (for None: those of the server itself), and what was not taken.

        With a `client` its own values count, without one only what is one for all clients (and all of "").
        """
        layers: list[tuple[str, Path | Mapping[str, object], bool]] = []
        if self._user is not None:
            layers.append((self._user.name, self._user, True))
        if root is not None:
            layers.append((WORKSPACE_FILE, root / WORKSPACE_FILE, False))
        layers += [
            ("editor", self._of_editor(client or ""), True),
            ("command line", self.overrides, True),
        ]
        settings, problems = Settings(), []
        for source, layer, trusted in layers:
            try:
                values = read_toml(layer) if isinstance(layer, Path) else layer
            except SettingsError as error:
                problems.append(SettingsProblem(source, "the file", str(error)))
                continue
            settings, more = apply(settings, values, source, trusted=trusted)
            problems += more
        return settings, problems


def read_toml(path: Path) -> Mapping[str, object]:
    """The file's table; an absent file is an empty one. Raises SettingsError for a broken one."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # ValueError: no name that this system's encoding can write
        why = error.strerror if isinstance(error, OSError) else ""
        raise SettingsError(f"Cannot read {path.name}", why=why or str(error)) from error
    try:
        return tomllib.loads(data.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:  # of the text, of TOML, or of its depth
        raise SettingsError(f"{path.name} is not valid TOML", why=str(error), fix="Correct the file") from error


def write_setting(path: Path, key: str, value: str) -> None:
    """Sets a text in a TOML file, comments and all else as they are; atomically. Raises SettingsError."""
    import tomlkit  # here, since reading needs no more than the standard library

    read_toml(path)  # never write to a file that cannot be read
    try:
        table = tomlkit.parse(path.read_text("utf-8-sig") if path.exists() else "")
        table[key] = value
        item = table.item(key)
        if isinstance(item, tomlkit.items.String):
            item.trivia.trail = item.trivia.trail.lstrip(" \t")  # blanks behind the old value
        text = tomlkit.dumps(table)
        if tomllib.loads(text).get(key) != value:
            raise SettingsError(f"{path} could not be changed", fix=f"Write {key} = {value!r} into it by hand")
        mode = path.stat().st_mode & 0o777 if path.exists() else PRIVATE
        atomic_write(path.resolve(), text, mode=mode)  # where it is a link, the file it leads to
    except OSError as error:
        raise SettingsError(f"{path} cannot be written", why=error.strerror or str(error)) from error


def in_snake_case(key: str) -> str:
    """A setting's name as here, from one in camelCase."""
    return "".join(f"_{char.lower()}" if char.isupper() else char for char in key)


def _convert(default: object, meta: Mapping[str, Any], value: object) -> tuple[str, object]:
    if isinstance(default, bool):
        return ("", value) if isinstance(value, bool) else ("expected true or false", None)
    if isinstance(default, int):
        if not isinstance(value, int) or isinstance(value, bool):
            return "expected a whole number", None
        most = MOST if meta["high"] is None else meta["high"]
        if meta["low"] is not None and value < meta["low"]:
            return f"must be at least {meta['low']}", None
        return (f"must be at most {most}", None) if value > most else ("", value)
    if isinstance(default, tuple):
        if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
            return "expected a list of strings", None
        return "", tuple(value)
    if not isinstance(value, str):
        return "expected a string", None
    if meta["choices"] and value not in meta["choices"]:
        return "expected one of " + ", ".join(meta["choices"]), None
    if meta["pattern"] and not re.fullmatch(meta["pattern"], value):
        return "expected numbers with commas between them, such as 3,1", None
    return "", value


def user_file() -> Path:
    """The user's settings file."""
    return user_config_path("iquest-lsp") / USER_FILE
