"""Suspects of a place: what changed it, what was changed beside it, and what names the same things."""

from __future__ import annotations

from pathlib import Path

import pytest

from iquest_lsp.codeflow import History
from tests.unit.codeflow.conftest import Script, history_of

RATES = """RATE = 2


def tariff(zone):
    return zone * RATE


def postage(parcel):
    if parcel is None:
        return 0
    weight = parcel.weight
    return tariff(parcel.zone) * weight


def label(parcel):
    return parcel.name
"""


@pytest.fixture
def post(script: Script) -> Script:
    script.commit("Add rates", {"rates.py": RATES})
    for number in range(12):
        script.commit(f"Note {number}", {"notes.py": f"note_{number} = {number}\n", "other.py": f"x = {number}\n"})
    return script


def first(history: History, place: str) -> tuple[str, str]:
    found = history.suspects(place).items[0]
    return found.subject, found.reason


@pytest.mark.slow
def test_who_took_out_what_stood_above_the_line_is_suspected(post: Script) -> None:
    guard = "    if parcel is None:\n        return 0\n"
    post.commit("Simplify postage", {"rates.py": RATES.replace(guard, "")})
    subject, reason = first(history_of(post.root), "rates.py:9")
    assert subject == "Simplify postage"
    assert "took out lines right beside rates.py:9" in reason


@pytest.mark.slow
def test_who_changed_elsewhere_what_the_line_names_is_suspected(post: Script) -> None:
    fees = RATES.replace("return parcel.name", "return parcel.title")
    post.commit(
        "Weigh parcels in grams", {"rates.py": fees, "parcels.py": "def weigh(parcel):\n    parcel.weight *= 1000\n"}
    )
    post.commit("Say more", {"rates.py": fees.replace("RATE = 2", "RATE = 2.0")})
    items = history_of(post.root).suspects("rates.py:11").items
    grams = next(item for item in items if item.subject == "Weigh parcels in grams")
    assert "its changed lines name `parcel`, `weight`, as rates.py:11 does" in grams.reason


@pytest.mark.slow
def test_words_of_texts_are_not_told_as_names(post: Script) -> None:
    said = RATES.replace("return parcel.name", 'return find(parcel, "abracadabra")')
    post.commit("Say it", {"rates.py": said})
    post.commit("Say it elsewhere", {"rates.py": said + "\n\nWORD = find(label(None), 'abracadabra')\n"})
    items = history_of(post.root).suspects("rates.py:16").items
    told = next(item.reason for item in items if item.subject == "Say it elsewhere")
    assert "`find`" in told
    assert "abracadabra" not in "".join(item.reason for item in items)


@pytest.mark.slow
def test_a_function_of_a_log_is_found_where_it_stands_now(post: Script, tmp_path: Path) -> None:
    head = "".join(f"SIZE_{number} = {number}\n" for number in range(20))
    post.commit("Weigh less", {"rates.py": RATES.replace("parcel.weight", "parcel.weight - 1")})
    post.commit("Add sizes", {"rates.py": head + RATES.replace("parcel.weight", "parcel.weight - 1")})
    # The release had no sizes, so its lines are twenty less.
    log = 'Traceback (most recent call last):\n  File "rates.py", line 12, in postage\nValueError: wrong\n'
    found = history_of(post.root, folder=tmp_path / "store").suspects_in_log(log).items[0]
    assert found.subject == "Weigh less"
    assert "changed this very line" not in found.reason


@pytest.mark.slow
def test_a_definition_is_followed_into_the_files_that_it_was_moved_from(post: Script, tmp_path: Path) -> None:
    wrong = RATES.replace("tariff(parcel.zone) * weight", "tariff(parcel.zone) * weight / 100")
    post.commit("Divide by a hundred", {"rates.py": wrong})
    start, end = wrong.index("def postage"), wrong.index("def label")
    left = wrong[:start] + wrong[end:]
    post.commit(
        "Give postage a file of its own", {"rates.py": left, "postage.py": "import rates\n\n\n" + wrong[start:end]}
    )
    log = 'Traceback (most recent call last):\n  File "postage.py", line 8, in postage\nValueError: wrong\n'
    for found in (
        history_of(post.root, folder=tmp_path / "store").suspects("postage.py:8"),
        history_of(post.root, folder=tmp_path / "store").suspects_in_log(log),
    ):
        assert "Divide by a hundred" in [item.subject for item in found.items[:2]]


#: Lines that only what wrote them and what lays them out have changed.
OLD = """def fees(parcel):
    if parcel.zone:
        price = parcel.weight * parcel.zone
        tax = price * 19 / 100
        return price + tax + postage(parcel)
    return 0
"""


@pytest.mark.slow
def test_who_lays_out_a_line_anew_did_not_change_it(post: Script) -> None:
    post.commit("Add fees", {"fees.py": OLD})
    post.commit("Charge by weight", {"fees.py": OLD.replace("price + tax", "price + parcel.weight + tax")})
    last = OLD.replace("price + tax", "price + parcel.weight + tax")
    post.commit("Indent by two", {"fees.py": last.replace("    ", "  "), "notes.py": "note = 1\n"})
    reasons = {item.subject: item.reason for item in history_of(post.root).suspects("fees.py:5").items}
    assert "changed this very line" in reasons["Charge by weight"]
    assert "this very line" not in reasons["Indent by two"]


@pytest.mark.slow
def test_who_moves_a_line_to_another_file_is_not_told_to_have_changed_it(post: Script) -> None:
    post.commit("Add fees", {"fees.py": OLD})
    post.commit("Note more", {"notes.py": "note = 2\n"})
    post.commit("Split", {"fees.py": "from prices import fees\n", "prices.py": '"""Prices."""\n\n\n' + OLD})
    reasons = {item.subject: item.reason for item in history_of(post.root).suspects("prices.py:7").items}
    assert "this very line" not in reasons["Split"]
