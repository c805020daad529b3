"""Next edits that a model guesses: what it is shown, its answer as suggestions, and the engine that gives it.

Nothing is shown to it that may not enter a window. An answer that did not come to its end, or that takes back what was
edited, is none. How often guesses are right is not measured, so none is made unless the settings name a model.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from pathlib import PurePath

from iquest_lsp.codeflow.reading import ChangedText
from iquest_lsp.common_ends import common_ends
from iquest_lsp.context.chat import ChatTemplate
from iquest_lsp.context.prompt import encode_parts
from iquest_lsp.datatypes import Finish, Limits, ModelInfo, Part, Position, Priority, Prompt
from iquest_lsp.errors import ModelError
from iquest_lsp.nextedit.edit_log import EditLog
from iquest_lsp.nextedit.formats.asked import AskedEdit, EditHunk, EditPrompt, joined
from iquest_lsp.nextedit.formats.choice import format_of
from iquest_lsp.nextedit.pieces import edits_between
from iquest_lsp.nextedit.records import Edit, EditKind, NextEdit, Reason, ReasonKind
from iquest_lsp.nextedit.related_pieces import related_pieces
from iquest_lsp.nextedit.sorts import PredictorKind, Sort
from iquest_lsp.project.view import ProjectView
from iquest_lsp.runtime.client.own_engines import OwnEngines
from iquest_lsp.token_ids import TokenIds
from iquest_lsp.workspace.secret_scan import has_secret

#: Unchanged lines that are shown around an edit.
AROUND = 3
#: Tokens of an answer, and the milliseconds after which it is given up, whoever still waits for it.
MOST_TOKENS, GIVEN_UP_MS = 1024, 10_000.0
#: A suggestion's sort: nothing is measured of it.
SORT = Sort.of(PredictorKind.MODEL)


class EditModel:
    """Asks the model that `model` names (empty: none)."""

    def __init__(self, engines: OwnEngines, model: Callable[[], str]) -> None:
        self._engines = engines
        self._model = model

    @property
    def is_on(self) -> bool:
        """Whether the settings name a model."""
        return bool(self._model())

    async def guess(self, view: ProjectView, edits: EditLog, path: str, cursor: Position) -> list[NextEdit]:
        """What the model would edit next around a place, in the order of the text.

        Raises ModelError where the model cannot tell, EngineError, DocumentError.
        """
        model = self._model()
        engine, scheduler = self._engines.find(model)
        info = await engine.start()
        name = info.metadata.get("general.name", "") or info.name
        template = ChatTemplate.of(info.metadata, info.special_tokens)
        names = (name, info.name, PurePath(model).name)
        form = format_of(names, follows_instructions=template is not None)
        if form is None:
            raise ModelError(
                f"{name} predicts no edits",
                why="it is none of the known models for that, and follows no instructions",
                fix="Set `next_edit_model` to a model for next edits, or leave it empty",
            )
        room = info.window or info.context_length
        asked = asked_of(view, edits, path, cursor, room - MOST_TOKENS)
        prompt = form.prompt(asked) if asked is not None else None
        if asked is None or prompt is None or has_secret(shown(prompt)):
            return []
        parts = template.parts(prompt.messages) if template and prompt.messages else known(prompt.parts, info)
        rules = template.kept(prompt.grammar, parts) if template else ""
        ids = await engine.tokenize([part.text for part in parts if not part.special])
        tokens = TokenIds(encode_parts(parts, info.special_tokens, ids))
        most = min(MOST_TOKENS, len(prompt.draft.encode()) // 2 + 256)
        if len(tokens) + most > info.context_length:
            return []
        made = await scheduler.complete(
            # the last sequence is for what no workspace's window is for, as with questions
            Prompt(tokens, stop=prompt.stop, sequence=max(info.sequences - 1, 0), ends_at_loop=True, grammar=rules),
            Limits(most, GIVEN_UP_MS),
            priority=Priority.CHAT,
            group=str(view.root),
        )
        new = form.parse(prompt, made.text) if made.finish is Finish.STOP else None
        return list(suggestions(view, edits, asked, prompt, new, name)) if new is not None else []


def shown(prompt: EditPrompt) -> str:
    """All that a model would see."""
    return prompt.text + "\n".join(message.text for message in prompt.messages)


def known(parts: Sequence[Part], info: ModelInfo) -> tuple[Part, ...]:
    """Parts in which only those are special that the model's vocabulary has as one token."""
    return joined([Part(part.text, special=part.special and part.text in info.special_tokens) for part in parts])


def asked_of(view: ProjectView, edits: EditLog, path: str, cursor: Position, budget: int) -> AskedEdit | None:
    """What a model is asked at a place; None where it may not see the file. Line ends are line feeds.

    Raises DocumentError.
    """
    if view.project.refusal(path):
        return None
    lines = view.lines(path)
    text = _plain(lines.text)
    if "\r" in text or budget <= 0:
        return None
    offset = len(_plain(lines.text[: lines.offset(cursor)]))
    before = next((item.before for item in edits.texts if item.path == path), "")
    hunks = [hunk for hunk in hunks_of(edits) if not view.project.refusal(hunk.path) and not has_secret(hunk.unified())]
    pieces = related_pieces(view, path, text, offset, hunks)
    return AskedEdit(path, text, offset, hunks, pieces, before=_plain(before), budget=budget)


def hunks_of(edits: EditLog) -> list[EditHunk]:
    """The edits with the lines around them, what was edited last at the end."""
    texts = {text.path: text for text in edits.texts}
    found: list[tuple[float, EditHunk]] = []
    for path, records in groupby(edits.records(), key=lambda record: record[0].path):
        group: list[Edit] = []
        at, own = 0.0, False
        for edit, touch in records:
            if group and edit.old_line - _end(group[-1]) > 2 * AROUND:
                found.append((at, _hunk(texts[path], group, own=own)))
                group, at, own = [], 0.0, False
            group.append(edit)
            if touch is not None and touch.at >= at:
                at, own = touch.at, touch.own
        found.append((at, _hunk(texts[path], group, own=own)))
    return [hunk for _, hunk in sorted(found, key=lambda item: item[0])]


def _end(edit: Edit) -> int:
    return edit.old_line + len(edit.old)


def _hunk(text: ChangedText, edits: Sequence[Edit], *, own: bool) -> EditHunk:
    """Edits of one file that lie near each other as one hunk."""
    lines = _plain(text.before or "").removesuffix("\n").split("\n")
    first = max(edits[0].old_line - AROUND, 0)
    signed: list[str] = []
    gone: list[str] = []
    come: list[str] = []
    at = first
    for edit in edits:
        if edit.old_line > at:
            signed += [*gone, *come, *(f" {line}" for line in lines[at : edit.old_line])]
            gone, come = [], []
        gone += [f"-{line.removesuffix(chr(13))}" for line in edit.old]
        come += [f"+{line.removesuffix(chr(13))}" for line in edit.new]
        at = _end(edit)
    signed += [*gone, *come, *(f" {line}" for line in lines[at : at + AROUND])]
    line = edits[0].line - (edits[0].old_line - first)
    return EditHunk(text.path, first, line, tuple(signed), own)


def suggestions(
    view: ProjectView, edits: EditLog, asked: AskedEdit, prompt: EditPrompt, new: str, name: str
) -> Iterator[NextEdit]:
    """A region's new text as suggestions, one for each place where it changes; none where it takes edits back."""
    text = asked.text[: prompt.start] + new + asked.text[prompt.end :]
    last = edits.last
    if last is None or _takes_back(edits, asked, text):
        return
    ends = "\r\n" if "\r\n" in view.lines(asked.path).text else "\n"
    for start, old, come in differences(prompt.region, new):
        at = prompt.start + start
        line = asked.text.count("\n", 0, at)
        column = at - (asked.text.rfind("\n", 0, at) + 1)
        if not has_secret(come):
            yield NextEdit(
                asked.path,
                line,
                column,
                old.replace("\n", ends),
                come.replace("\n", ends),
                EditKind.MODEL,
                Reason(ReasonKind.GUESSED, (name,)),
                SORT,
                trigger=(last.path, last.line),
            )


def differences(old: str, new: str) -> Iterator[tuple[int, str, str]]:
    """Where two texts differ: an offset in the old one, what goes there, and what comes; line by line, then trimmed."""
    one, other = old.splitlines(keepends=True), new.splitlines(keepends=True)
    offsets = [0]
    for line in one:
        offsets.append(offsets[-1] + len(line))
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        gone, come = "".join(one[i1:i2]), "".join(other[j1:j2])
        head, tail = common_ends(gone, come)
        yield offsets[i1] + head, gone[head : len(gone) - tail], come[head : len(come) - tail]


def _takes_back(edits: EditLog, asked: AskedEdit, text: str) -> bool:
    """Whether a file's text would have lines again as they were before the edits, and no others."""
    before = next((item.before for item in edits.texts if item.path == asked.path), None)
    if before is None:
        return False
    was, now = (
        [(it.old_line, it.old, it.new) for it in edits_between("", _plain(before), after)]
        for after in (asked.text, text)
    )
    return all(edit in was for edit in now)


def _plain(text: str) -> str:
    return text.replace("\r\n", "\n")
