"""Something told to all who asked to hear it."""

from __future__ import annotations

from collections.abc import Callable

from iquest_lsp.runtime.base.broadcast import Broadcast


def test_all_hear_in_the_order_they_came() -> None:
    told: Broadcast[str] = Broadcast()
    heard: list[str] = []
    told.tell("before")
    told.add(lambda text: heard.append(f"one {text}"))
    told.add(lambda text: heard.append(f"two {text}"))
    told.tell("now")
    assert heard == ["one now", "two now"]


def test_who_leaves_hears_no_more_and_leaves_once() -> None:
    told: Broadcast[int] = Broadcast()
    heard: list[int] = []
    leave = told.add(heard.append)
    told.add(heard.append)
    leave()
    leave()
    told.tell(1)
    assert heard == [1]


def test_one_may_leave_while_it_is_told() -> None:
    told: Broadcast[int] = Broadcast()
    heard: list[str] = []
    leaving: list[Callable[[], None]] = []

    def once(number: int) -> None:
        heard.append(f"once {number}")
        leaving[0]()

    leaving.append(told.add(once))
    told.add(lambda number: heard.append(f"always {number}"))
    told.tell(1)
    told.tell(2)
    assert heard == ["once 1", "always 1", "always 2"]
