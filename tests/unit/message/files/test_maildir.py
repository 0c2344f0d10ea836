"""Names in a Maildir that other programs wrote."""

from __future__ import annotations

import pytest

from postroom.message.files import maildir
from postroom.message.files.maildir import read_keywords, read_time


@pytest.mark.parametrize("number", ["\u00b2", "\u0661", "\u2460", "+1", "1_0", "-1", "026", "26", ""])
def test_only_decimals_below_26_are_letters(number: str) -> None:
    assert read_keywords(f"{number} work\n25 last\n") == {"z": "last"}


def test_a_time_is_written_in_decimals() -> None:
    assert read_time("1700000000.M1.host") == 1_700_000_000
    assert read_time("\u0661700000000.M1.host") is None


def test_keywords_as_courier_lists_them() -> None:
    text = "work\nlater\n\n12.M3.mx,S=5:1 0\n13.M4:x 9\na:b:1\n"
    assert maildir.read_courier_list(text) == {
        "12.M3.mx,S=5": ("later", "work"),
        "13.M4": (),
        "a:b": ("later",),
    }
    assert maildir.read_courier_list("") == {}


@pytest.mark.parametrize(
    ("file", "about"),
    [
        (":list", None), ("12.M3.mx", ("12.M3.mx", 10**12)), (".5017661.12.M3.mx", ("12.M3.mx", 5_017_661)),
        (".hidden", None),
    ],
)  # fmt: skip
def test_newer_keywords_of_courier(file: str, about: tuple[str, int] | None) -> None:
    assert maildir.courier_newer(file) == about


@pytest.mark.parametrize(
    ("text", "paths"),
    [
        ("V\t2\n\nSent\nLists\tMail.ing\nK&AOQ-se\n", {("Sent",), ("Lists", "Mail.ing"), ("Käse",)}),
        ("Sent\nLists.Python\n", {("Sent",), ("Lists", "Python")}),
        ("INBOX\nINBOX.Sent\nINBOX.Lists.Python\n", {("INBOX",), ("Sent",), ("Lists", "Python")}),
        ("Sent\nLists/Py.thon\n", {("Sent",), ("Lists", "Py.thon")}),
        ("", set()),
    ],
)
def test_subscriptions(text: str, paths: set[tuple[str, ...]]) -> None:
    assert maildir.read_subscriptions(text) == paths
