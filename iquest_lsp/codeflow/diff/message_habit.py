"""How a repository writes the subjects of its commits, read from the newest of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from iquest_lsp.codeflow.diff.intents.intent import intent_of
from iquest_lsp.codeflow.diff.intents.shape import shape_of
from iquest_lsp.codeflow.git.commits import Commit

#: A form is the habit where so many of the subjects have it, and there are so many subjects.
USUAL, LEAST = 0.5, 5
#: A scope is taken where so much of the weight of the commits on the same files has it, and so much weight there is.
AGREED, ENOUGH = 0.6, 2.0
#: The weight of a commit on the same file, and of one in the same folder.
SAME_FILE, SAME_FOLDER = 1.0, 0.2

_CONVENTIONAL = re.compile(
    r"(?P<type>build|chore|ci|docs?|feat|fix|perf|refactor|revert|style|tests?|types?|deps|release|dx|wip|bench)"
    r"(?:\((?P<scope>[^)]+)\))?!?: (?P<said>.+)"
)
_EMOJI = re.compile(
    r"(?P<emoji>:[a-z0-9_+-]+:|[\u2190-\u2bff\U0001f000-\U0001faff][\ufe0f\u200d\U0001f000-\U0001faff]*)\s*(?P<said>.+)"
)
_TICKET = re.compile(r"(?P<open>[\[(]?)(?P<ticket>[A-Z][A-Z0-9]+-\d+)(?P<close>[\])]?:?) (?P<said>.+)")
_AREA = re.compile(r"(?P<scope>[\w./*{},-]+): (?P<said>.+)")
#: Subjects that git writes.
_OF_GIT = re.compile(r"Merge\s|Revert\s\"")
_BRANCH_TICKET = re.compile(r"(?<![A-Za-z0-9])([A-Z][A-Z0-9]+-\d+)(?![A-Za-z0-9])")


class SubjectForm(StrEnum):
    """What a subject begins with."""

    PLAIN = "plain"
    #: `fix(parser): handle …`
    CONVENTIONAL = "conventional"
    #: An emoji, or its name between colons.
    GITMOJI = "gitmoji"
    #: `ABC-12: Handle …`
    TICKET = "ticket"
    #: `parser: handle …`
    AREA = "area"


@dataclass(frozen=True, slots=True)
class Habit:
    """How subjects are written: `types` and `emojis` count by what is used, `scope` is that of the files at hand.

    `ticket` is the ticket of the branch, as subjects write it; `code_font` says that names stand between backticks.
    """

    form: SubjectForm = SubjectForm.PLAIN
    scope: str = ""
    types: Counter[str] = field(default_factory=Counter)
    emojis: dict[str, Counter[str]] = field(default_factory=dict)
    short_codes: bool = False
    ticket: str = ""
    capital: bool = True
    period: bool = False
    code_font: bool = False


def habit_of(commits: Sequence[Commit], paths: Iterable[str], branch: str = "") -> Habit:
    """The habit of some commits (newest first, with their files) for a change of some files on a branch."""
    told = [item for item in commits if len(item.subject) > 3 and not _OF_GIT.match(item.subject)]
    if len(told) < LEAST:
        return Habit(ticket=_ticket(branch, ()))
    form, matched = _form(told)
    said = [found["said"] for _, found in matched] or [item.subject for item in told]
    letters = [text[0] for text in said if text[0].isalpha()]
    return Habit(
        form,
        _scope(matched, list(paths)) if form in (SubjectForm.CONVENTIONAL, SubjectForm.AREA) else "",
        Counter(match["type"] for _, match in matched) if form is SubjectForm.CONVENTIONAL else Counter(),
        _emojis(matched) if form is SubjectForm.GITMOJI else {},
        form is SubjectForm.GITMOJI and 2 * sum(match["emoji"].startswith(":") for _, match in matched) > len(matched),
        _ticket(branch, matched) if form is SubjectForm.TICKET else "",
        2 * sum(letter.isupper() for letter in letters) >= len(letters),
        2 * sum(text.endswith(".") for text in said) > len(said),
        sum("`" in text for text in said) >= max(2, 0.1 * len(said)),
    )


def _form(told: Sequence[Commit]) -> tuple[SubjectForm, list[tuple[Commit, re.Match[str]]]]:
    patterns = {
        SubjectForm.CONVENTIONAL: _CONVENTIONAL,
        SubjectForm.GITMOJI: _EMOJI,
        SubjectForm.TICKET: _TICKET,
        SubjectForm.AREA: _AREA,
    }
    for form, pattern in patterns.items():
        matched = [(item, found) for item in told if (found := pattern.fullmatch(item.subject))]
        if len(matched) >= max(LEAST, USUAL * len(told)):
            return form, matched
    return SubjectForm.PLAIN, []


def _scope(matched: Sequence[tuple[Commit, re.Match[str]]], paths: Sequence[str]) -> str:
    """What the commits on the same files are said to be about, where they agree; empty where most say nothing."""
    wanted, folders = set(paths), {path.rpartition("/")[0] for path in paths} - {""}
    weights: Counter[str] = Counter()
    for commit, found in matched:
        if "type" not in found.groupdict() and _CONVENTIONAL.fullmatch(commit.subject):
            continue  # a type is no area
        changed = {item.path for item in commit.files}
        same = SAME_FILE * bool(changed & wanted)
        near = SAME_FOLDER * any(path.rpartition("/")[0] in folders for path in changed)
        weights[found["scope"] or ""] += max(same, near) / max(1, len(changed)) ** 0.5
    scope, weight = max(weights.items(), key=lambda item: item[1], default=("", 0.0))
    return scope if weight >= AGREED * sum(weights.values()) and weight >= ENOUGH / 2 else ""


def _emojis(matched: Sequence[tuple[Commit, re.Match[str]]]) -> dict[str, Counter[str]]:
    """Which emoji goes before which kind of change, by what the words after it say."""
    found: dict[str, Counter[str]] = {}
    for commit, match in matched:
        intent = intent_of(match["said"], commit.body, shape_of(commit.files))
        if intent.told:
            found.setdefault(intent.kind, Counter())[match["emoji"]] += 1
    return found


def _ticket(branch: str, matched: Sequence[tuple[Commit, re.Match[str]]]) -> str:
    """The ticket that a branch is named after, as the subjects write tickets."""
    found = _BRANCH_TICKET.search(branch)
    if found is None or not matched:
        return ""
    around = Counter((match["open"], match["close"]) for _, match in matched).most_common(1)[0][0]
    return f"{around[0]}{found[1]}{around[1]}"
