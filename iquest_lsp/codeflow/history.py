"""The one face of code flow: a repository's history, and what it answers without a model."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar

from iquest_lsp.errors import DamagedStoreError

if TYPE_CHECKING:
    from iquest_lsp.codeflow.answers.lines import LineOrigin, NewLines
    from iquest_lsp.codeflow.past.indexer import Update
    from iquest_lsp.codeflow.past.retyping import RetypedLine
    from iquest_lsp.codeflow.wording.commit_message import CommitMessage
    from iquest_lsp.codeflow.wording.explanation import DiffExplanation
    from iquest_lsp.codeflow.wording.impact import Impact
    from iquest_lsp.codeflow.wording.story import Story
    from iquest_lsp.codeflow.wording.suspects import Suspects
    from iquest_lsp.datatypes import FlowRecord, RecentEdit

__all__ = ["History", "HistoryAnswer"]

P = ParamSpec("P")
T = TypeVar("T")

# What a method needs is imported in it: importing this module loads neither git nor tree-sitter.


class HistoryAnswer(Protocol):
    """What a question to the history is answered with."""

    def to_json(self) -> dict[str, object]:
        """The JSON form (docs/json.md)."""

    def to_markdown(self) -> str:
        """The same as a markdown document."""


def _of_a_sound_store(ask: Callable[P, T]) -> Callable[P, T]:
    """Asks once more where the store proved damaged: it is set aside then."""

    @functools.wraps(ask)
    def asked(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return ask(*args, **kwargs)
        except DamagedStoreError:
            return ask(*args, **kwargs)

    return asked


@dataclass(frozen=True, slots=True)
class History:
    """The history of the repository that the folder `root` lies in.

    A text of which `redact` says True is withheld from every answer. `folder` is where the store lies (None: in the
    user's cache). With `include_filtered` the commits that a filter objects to come along, each with the objection.

    FILE in a target is relative to `root`, as are paths in FlowRecord and RecentEdit; paths in other answers are
    relative to the repository's top. Answers have `to_json()` and `to_markdown()`. All methods block: they run git
    and belong off the event loop. They raise NotARepositoryError, RepositoryError, RevisionError, UsageError.

    A store is made by `update_index`; until then questions are answered from git itself, or from a store made on the
    spot for a small history.
    """

    root: Path
    redact: Callable[[str], bool]
    folder: Path | None = None
    include_filtered: bool = False

    # ---------------------------------------------------------------------------------------------- questions

    @_of_a_sound_store
    def explain_diff(
        self,
        target: str = "",
        patch: bytes | None = None,
        so_far: Callable[[DiffExplanation], None] = lambda known: None,
    ) -> DiffExplanation:
        """What a diff does, its related history, what is missing from it, and its risks.

        `target` is REV, A..B, A...B, --staged or ("") the working tree; `patch` holds a diff's bytes instead.
        `so_far` is told what is known already, while the rest is worked out.
        """
        from iquest_lsp.codeflow.answers import explain
        from iquest_lsp.codeflow.diff.sources import DiffTarget, load
        from iquest_lsp.codeflow.past.index_access import evidence_until

        asked = DiffTarget.parse(target, patch)
        with evidence_until(self.folder) as evidence:
            return explain.explain_diff(
                load(self.root, asked, self.redact),
                asked,
                evidence=evidence,
                redact=self.redact,
                so_far=so_far,
                include_filtered=self.include_filtered,
            )

    def commit_message(self, target: str = "", patch: bytes | None = None) -> CommitMessage:
        """A message for a diff, named as for explain_diff, from its facts and in the repository's habit."""
        from iquest_lsp.codeflow.answers.commit_message import message_for
        from iquest_lsp.codeflow.diff.sources import DiffTarget, load

        asked = DiffTarget.parse(target, patch)
        return message_for(load(self.root, asked, self.redact), asked, redact=self.redact)

    @staticmethod
    def no_story(target: str, note: str) -> Story:
        """The story of what has no history, with a sentence that says so."""
        from iquest_lsp.codeflow.wording.story import Note, NoteKind, Story

        return Story(target, (), missing=Note(NoteKind.NO_HISTORY, (note,)))

    @_of_a_sound_store
    def why(self, target: str, *, buffer: str | None = None) -> Story:
        """How FILE:LINE, FILE:FIRST-LAST, FILE::SYMBOL or FILE came to be, and since which release it is there.

        `buffer` is the file's text as an editor shows it: the target's lines are that text's then.
        """
        from iquest_lsp.codeflow.answers.targets import check_is_here, find_target
        from iquest_lsp.codeflow.answers.why import tell
        from iquest_lsp.codeflow.git.repository import Repository
        from iquest_lsp.codeflow.past.index_access import index_of

        repository = Repository.open(self.root, self.redact)
        found = find_target(repository, target, gone_allowed=True, buffer=buffer)
        check_is_here(repository, found)
        with index_of(repository, self.folder, [found.head_path]) as index:
            return tell(index, found, include_filtered=self.include_filtered, redact=self.redact)

    def last_change(self, target: str, *, buffer: str | None = None) -> str:
        """The commit that `git blame` names for FILE:LINE; empty for a line that is in no commit."""
        from iquest_lsp.codeflow.answers.targets import find_target
        from iquest_lsp.codeflow.git.repository import Repository
        from iquest_lsp.codeflow.past.following.tracking import last_change

        repository = Repository.open(self.root, self.redact)
        found = find_target(repository, target, buffer=buffer)
        if found.line_committed is None:
            return ""
        return last_change(repository, repository.head(), found.head_path, found.line_committed)

    def origin(self, target: str, *, buffer: str | None = None) -> LineOrigin:
        """The commit that `git blame` names for FILE:LINE, with its date, author and subject."""
        from iquest_lsp.codeflow.answers.lines import origin_of
        from iquest_lsp.codeflow.git.repository import Repository

        return origin_of(Repository.open(self.root, self.redact), target, buffer=buffer, redact=self.redact)

    def new_lines(self, target: str, *, buffer: str | None = None) -> NewLines:
        """The lines of FILE that came after the last release."""
        from iquest_lsp.codeflow.answers.lines import new_lines
        from iquest_lsp.codeflow.git.repository import Repository

        return new_lines(Repository.open(self.root, self.redact), target, buffer=buffer)

    @_of_a_sound_store
    def impact(self, target: str, *, buffer: str | None = None) -> Impact:
        """What else must change if what FILE::SYMBOL, FILE:LINE, FILE:FIRST-LAST or FILE names changes.

        `buffer` is the file's text as an editor shows it: the target's lines are that text's then.
        """
        from iquest_lsp.codeflow.answers.impact import impact_of, of_target
        from iquest_lsp.codeflow.answers.targets import find_target
        from iquest_lsp.codeflow.git.repository import Repository
        from iquest_lsp.codeflow.past.index_access import index_of

        repository = Repository.open(self.root, self.redact)
        changing = of_target(find_target(repository, target, buffer=buffer))
        with index_of(repository, self.folder, [*changing.files]) as index:
            return impact_of(repository, changing, index, redact=self.redact, include_filtered=self.include_filtered)

    @staticmethod
    def path_in(place: str) -> str:
        """The path of a place as `why`, `impact` and `suspects` take it. Raises UsageError for what names none."""
        from iquest_lsp.codeflow.answers.targets import split_target

        return split_target(place, os.path.exists)[0]

    @_of_a_sound_store
    def impact_of_diff(self, target: str = "", patch: bytes | None = None) -> Impact:
        """What else must change with a diff, named as for explain_diff, as the working tree is now."""
        from iquest_lsp.codeflow.answers.impact import impact_of, of_diff
        from iquest_lsp.codeflow.diff.sources import DiffTarget, load
        from iquest_lsp.codeflow.git.repository import Repository
        from iquest_lsp.codeflow.past.index_access import index_of

        asked = DiffTarget.parse(target, patch)
        source = load(self.root, asked, self.redact)
        # What was not read of the diff is missing from the answer too.
        repository = source.repository or Repository.open(self.root, self.redact)
        changing = of_diff(source, asked.label)
        with index_of(repository, self.folder, [*changing.files]) as index:
            return impact_of(repository, changing, index, redact=self.redact, include_filtered=self.include_filtered)

    @_of_a_sound_store
    def suspects(self, target: str, *, buffer: str | None = None) -> Suspects:
        """Which recent changes most likely brought a bug in a file, at a line or in a definition.

        `buffer` is the file's text as an editor shows it: the target's lines are that text's then.
        """
        from iquest_lsp.codeflow.answers.suspects import suspects_of_target
        from iquest_lsp.codeflow.answers.targets import check_is_here, find_target
        from iquest_lsp.codeflow.git.repository import Repository
        from iquest_lsp.codeflow.past.index_access import index_of

        repository = Repository.open(self.root, self.redact)
        found = find_target(repository, target, buffer=buffer)
        check_is_here(repository, found)
        with index_of(repository, self.folder, [found.path]) as index:
            return suspects_of_target(index, found, redact=self.redact, include_filtered=self.include_filtered)

    @_of_a_sound_store
    def suspects_in_log(self, text: str) -> Suspects:
        """Which recent changes most likely brought the failure that a test's, compiler's or crash's log shows."""
        from iquest_lsp.codeflow.answers.logs import MAX_LOG, read_log
        from iquest_lsp.codeflow.answers.suspects import suspects_of_failure
        from iquest_lsp.codeflow.gaps import GapKind
        from iquest_lsp.codeflow.git.repository import Repository
        from iquest_lsp.codeflow.past.index_access import DEEP_ENOUGH, index_of

        repository = Repository.open(self.root, self.redact)
        if len(text) > MAX_LOG:
            repository.gaps.add(GapKind.LOG, MAX_LOG // 1_000_000)
        failure = read_log(text, repository.files())
        if failure.frames:  # of files that git knows of before anything is committed
            repository.newest()
        paths = list(dict.fromkeys(frame.path for frame in failure.frames))
        with index_of(repository, self.folder, paths) as index:
            index.read_changes([item.oid for item in index.on_paths(paths, DEEP_ENOUGH)], paths)
            return suspects_of_failure(index, failure, redact=self.redact, include_filtered=self.include_filtered)

    # ---------------------------------------------------------------------------------- material for the window

    @_of_a_sound_store
    def flow_records(self, paths: Sequence[str], limit: int = 20) -> list[FlowRecord]:
        """Records of the newest telling commits on `paths`, newest first."""
        from iquest_lsp.codeflow.answers import work_in_progress
        from iquest_lsp.codeflow.answers.flow_records import flow_records_of
        from iquest_lsp.codeflow.git.repository import Repository
        from iquest_lsp.codeflow.past.index_access import built_index

        index = built_index(Repository.open(self.root, self.redact), self.folder)
        if index is None:
            return work_in_progress.live_records(self.root, paths, limit, redact=self.redact)
        with index:
            return flow_records_of(index, paths, limit, redact=self.redact, include_filtered=self.include_filtered)

    def recent_edits(self) -> list[RecentEdit]:
        """The working tree's changed lines against HEAD, new files included."""
        from iquest_lsp.codeflow.answers import work_in_progress

        return work_in_progress.recent_edits(self.root, redact=self.redact)

    @_of_a_sound_store
    def cochanged(self, paths: Sequence[str]) -> dict[str, list[tuple[str, float]]]:
        """For each path (relative to `root`), files that change with it and how surely, surest first."""
        from iquest_lsp.codeflow.git.repository import Repository
        from iquest_lsp.codeflow.past.cochange import usual
        from iquest_lsp.codeflow.past.index_access import built_index
        from iquest_lsp.codeflow.past.unindexed import LiveEvidence

        repository = Repository.open(self.root, self.redact)
        prefix = repository.prefix
        full = [prefix + path for path in paths]
        index = built_index(repository, self.folder)
        if index is None:
            found = LiveEvidence(repository, repository.head()).partners(full)
        else:
            with index:
                found = index.partners(full)
        answer: dict[str, list[tuple[str, float]]] = {}
        for path in full:
            own = usual((item for item in found if item.of == path and item.path.startswith(prefix)), [path])
            answer[path.removeprefix(prefix)] = [(item.path.removeprefix(prefix), round(item.bound, 3)) for item in own]
        return answer

    # ---------------------------------------------------------------------------------------- for a model's prose

    def diff_text(self, target: str, patch: bytes | None, limit: int, *, hide: Callable[[str], str]) -> str:
        """A diff's hunks within `limit` characters; `hide` says why a path is not shown ("": it is)."""
        from iquest_lsp.codeflow.diff.sources import DiffTarget
        from iquest_lsp.codeflow.wording import hunk_text

        return hunk_text.diff_text(self.root, DiffTarget.parse(target, patch), limit, hide=hide, redact=self.redact)

    def unknown_commits(self, ids: Sequence[str]) -> list[str]:
        """Those of some ids that name no commit of the repository."""
        from iquest_lsp.codeflow.git import citations
        from iquest_lsp.codeflow.git.repository import Repository

        return citations.unknown_commits(Repository.open(self.root, self.redact), ids)

    @_of_a_sound_store
    def lacks(self) -> list[str]:
        """What `flow_records` and `cochanged` do not know of the history, and what brings it, a sentence each."""
        from iquest_lsp.codeflow.git.repository import Repository
        from iquest_lsp.codeflow.past.index_access import evidence_until
        from iquest_lsp.codeflow.wording.gaps import gap_words

        repository = Repository.open(self.root, self.redact)
        with evidence_until(self.folder) as evidence:
            evidence(repository, repository.head())
        return gap_words(repository.lacks())

    # -------------------------------------------------------------------------------------- repository and store

    def head(self) -> str:
        """The commit that HEAD points at; empty in a repository without commits."""
        from iquest_lsp.codeflow.git.repository import Repository

        return Repository.open(self.root, self.redact).head()

    def branch(self) -> str:
        """The short name of the branch that is checked out; empty for a detached HEAD."""
        from iquest_lsp.codeflow.git.repository import Repository

        return Repository.open(self.root, self.redact).branch()

    @_of_a_sound_store
    def update_index(self, progress: Callable[[str, int, int], None] | None = None) -> Update:
        """Brings the store up to date with HEAD, tags and what was rewritten; `progress(what, done, total)`."""
        from iquest_lsp.codeflow.git.repository import Repository
        from iquest_lsp.codeflow.past.flow_index import FlowIndex

        with FlowIndex.open(Repository.open(self.root, self.redact), self.folder) as index:
            return index.update(progress)

    def forget_index(self) -> None:
        """Removes the store of the repository; it can always be made again."""
        import shutil

        from iquest_lsp.codeflow.git.repository import Repository
        from iquest_lsp.codeflow.past.store import default_folder

        shutil.rmtree(
            self.folder or default_folder(Repository.open(self.root, self.redact).common_dir), ignore_errors=True
        )

    # --------------------------------------------------------------------------------------- a history typed again

    def retyped_lines(self, count: int, positions: int) -> list[RetypedLine]:
        """At most `positions` added lines of the last `count` commits, each with the file as it was before it."""
        from iquest_lsp.codeflow.past import retyping

        return retyping.retyped_lines(self.root, count, positions, withhold=self.redact)

    @contextmanager
    def checked_out(self) -> Iterator[History]:
        """The same history in a temporary folder with nothing checked out yet; this one is left untouched."""
        from iquest_lsp.codeflow.past import retyping

        with retyping.checked_out(self.root, self.redact) as folder:
            yield replace(self, root=folder)

    def check_out(self, commit: str, after: str = "", finished: Sequence[str] = ()) -> list[str]:
        """Puts a commit's files into the folder that `checked_out` gave, those `finished` as they are in the commit
        `after`; returns the paths of files that differ from what was there before."""
        from iquest_lsp.codeflow.past import retyping

        return retyping.check_out(self.root, self.redact, commit, after, finished)
