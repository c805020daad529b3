"""The example project of the documentation: a small shop with a history, made anew with the same commit ids each time.

python -m tests.docs.shop FOLDER
"""

from __future__ import annotations

import difflib
import hashlib
import os
import subprocess
import sys
from pathlib import Path

PRICES = '''"""What an order costs."""


def total(items):
    """The sum of the prices of some items."""
    return sum(item.price * item.count for item in items)
'''
ROUNDED = PRICES.replace("return sum(item.price * item.count for item in items)", "return round({}, 2)").format(
    "sum(item.price * item.count for item in items)"
)
DISCOUNT = '''"""What an order costs."""

MEMBERS_PAY = 0.95


def total(items, member=False):
    """The sum of the prices of some items, rounded to cents; members pay less."""
    share = MEMBERS_PAY if member else 1
    return round(share * sum(item.price * item.count for item in items), 2)
'''
#: The change that is not committed yet.
DELIVERY = DISCOUNT.replace("member=False", "delivery, member=False").replace(
    "return round(share", "return delivery + round(share"
)
ITEMS = '''"""Things that are sold."""

from dataclasses import dataclass


@dataclass
class Item:
    """So many of one thing, at a price each."""

    name: str
    price: float
    count: int = 1
'''
ORDERS = '''"""Orders, and what is written on their bills."""

from shop.prices import total


class Order:
    """What somebody wants to buy."""

    def __init__(self, items):
        self.items = items

    def bill(self):
        """The last line of the bill."""
        return f"Please pay {total(self.items)} euros."
'''
MEMBERS = ORDERS.replace("(self, items):", "(self, items, member=False):").replace(
    "        self.items = items\n", "        self.items = items\n        self.member = member\n"
)
MEMBERS = MEMBERS.replace("total(self.items)", "total(self.items, self.member)")
TESTS = """from shop.items import Item
from shop.prices import total


def test_total():
    assert total([Item("pen", 2.5, 2), Item("ink", 4.0)]) == 9.0
"""
TESTS_ROUNDED = (
    TESTS
    + """

def test_total_is_in_cents():
    assert total([Item("tape", 1.1, 3)]) == 3.3
"""
)
TESTS_MEMBERS = (
    TESTS_ROUNDED
    + """

def test_members_pay_less():
    assert total([Item("pen", 10.0)], member=True) == 9.5
"""
)
GUIDE = "# Prices\n\n`total(items)` adds up what an order costs.\n"
#: A file with a line that is only half written.
BASKET = '''"""What a visitor has chosen so far."""


class Basket:
    """Items, in the order in which they were put in."""

    def __init__(self):
        self.items = []

    def add(self, item):
        """Puts an item in."""
        self.items.append(item)

    def remove(self, item):
        """Takes an item out."""
        if item in self.'''
COMMITS: tuple[tuple[str, dict[str, str], str], ...] = (
    (
        "Start the shop",
        {"README.md": "# Shop\n", "pyproject.toml": '[project]\nname = "shop"\n', "shop/items.py": ITEMS},
        "",
    ),
    ("Add up prices", {"shop/prices.py": PRICES, "tests/test_prices.py": TESTS, "docs/prices.md": GUIDE}, "v1.0"),
    ("Orders can be billed", {"shop/orders.py": ORDERS}, ""),
    (
        "Round totals to cents\n\nThree rolls of tape cost 3.3000000000000003 euros on a customer's bill.\n\nFixes #12",
        {"shop/prices.py": ROUNDED, "tests/test_prices.py": TESTS_ROUNDED},
        "v1.1",
    ),
    (
        "Members pay 5% less",
        {
            "shop/prices.py": DISCOUNT,
            "shop/orders.py": MEMBERS,
            "tests/test_prices.py": TESTS_MEMBERS,
            "docs/prices.md": GUIDE + "\nMembers pay 95% of it: `total(items, member=True)`.\n",
        },
        "v1.2",
    ),
)


def make(folder: Path) -> None:
    """Writes the repository into an empty folder, with a change of `shop/prices.py` that is not committed."""
    _git(folder, "init", "-q", "-b", "main")
    for day, (message, files, tag) in enumerate(COMMITS, 1):
        _write(folder, files)
        _git(folder, "add", "-A")
        _git(folder, "commit", "-q", "-m", message, when=f"2026-03-{day:02}T12:00:00+00:00")
        if tag:
            _git(folder, "tag", tag)
    _write(folder, {"shop/prices.py": DELIVERY})


def signature_patch() -> str:
    """A patch that takes a parameter from a function of `shop/prices.py`, as it is in the last commit."""
    changed = DISCOUNT.replace("total(items, member=False)", "total(items)")
    old, new = (text.splitlines(keepends=True) for text in (DISCOUNT, changed))
    ids = "..".join(
        hashlib.sha1(b"blob %d\0" % len(text) + text).hexdigest() for text in (DISCOUNT.encode(), changed.encode())
    )
    head = f"diff --git a/shop/prices.py b/shop/prices.py\nindex {ids} 100644\n"
    return head + "".join(difflib.unified_diff(old, new, "a/shop/prices.py", "b/shop/prices.py"))


def leave_half_a_line(folder: Path) -> None:
    """Adds the file that somebody is just writing."""
    _write(folder, {"shop/basket.py": BASKET})


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, "utf-8")


def _git(folder: Path, *arguments: str, when: str = "") -> None:
    """Runs git as one author at one time, without anybody's settings, so that ids come out the same everywhere."""
    who = {f"GIT_{role}_{part}": text for role in ("AUTHOR", "COMMITTER") for part, text in _ANN.items()}
    dates = {f"GIT_{role}_DATE": when for role in ("AUTHOR", "COMMITTER")} if when else {}
    alone = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "HOME": str(folder)}
    subprocess.run(["git", *arguments], cwd=folder, env={**os.environ, **who, **dates, **alone}, check=True)


_ANN = {"NAME": "Ann", "EMAIL": "ann@example.org"}

if __name__ == "__main__":
    made = Path(sys.argv[1])
    made.mkdir(parents=True)
    make(made)
    leave_half_a_line(made)
