"""What a window lacks of what it might show: files not read yet, unreadable or too many; history that is not known.

What no window may show (ignored, generated, binary, secret) is no lack: it stands among what was dropped.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from iquest_lsp.dropped import Dropped
from iquest_lsp.project.events import EventKind

MOST_NAMED = 3

#: What is under way: the topic, and the sentence with how much is done of how much.
_UNDER_WAY = {
    EventKind.FILES: ("files", "the files are still being read: {:,} of {:,}"),
    EventKind.COMMITS: ("commits", "the history is still being indexed: {:,} of {:,} commits"),
    EventKind.SYMBOLS: ("commits", "the history is still being indexed: the definitions of {:,} of {:,} commits"),
}


class IncompleteNotes:
    """Sentences by topic; written by the project's threads, each topic by one."""

    def __init__(self) -> None:
        self._notes: dict[str, tuple[str, ...]] = {"files": ("the files are not read yet",)}

    def note(self, topic: str, *sentences: str) -> None:
        """What is missing of a topic from here on: nothing, where no sentence is given."""
        self._notes = {**self._notes, topic: sentences}

    def work(self, what: EventKind, done: int, total: int) -> None:
        """Work in the background got so far, or ended (0, 0)."""
        if what in _UNDER_WAY:
            topic, sentence = _UNDER_WAY[what]
            self.note(topic, *([sentence.format(done, total)] if done < total else []))

    def files(self, most: int, *, is_whole: bool, problems: Sequence[str]) -> None:
        """The files were read: all of them, or the first `most`; some rules could not be."""
        self.note("many", *([] if is_whole else [f"only {most:,} files are read, there are more"]))
        self.note("rules", *(f"{problem}; all that the rule could speak of is kept out" for problem in problems))

    def told(self, dropped: Iterable[Dropped]) -> tuple[str, ...]:
        """All of it, a sentence each; `dropped` are the files that stay out of the index."""
        sentences = dict.fromkeys(sentence for note in self._notes.values() for sentence in note)
        lost = [item for item in dropped if item.is_lack]
        if lost:
            named = ", ".join(f"{item.path} ({item.reason})" for item in lost[:MOST_NAMED])
            more = f" and {len(lost) - MOST_NAMED:,} more" if len(lost) > MOST_NAMED else ""
            sentences[f"not read: {named}{more}"] = None
        return tuple(sentences)
