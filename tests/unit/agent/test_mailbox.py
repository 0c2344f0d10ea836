"""Messages are named by number or uid."""

from __future__ import annotations

import pytest

from postroom.agent.invocation import CommandFailed
from postroom.agent.mailbox import Entry, find

ENTRIES = [Entry(1, "aa", 10), Entry(2, "7", 10), Entry(7, "bb", 10)]


@pytest.mark.parametrize(("wanted", "number"), [("1", 1), ("aa", 1), ("7", 7), ("bb", 7)])
def test_found(wanted: str, number: int) -> None:
    assert find(ENTRIES, wanted).number == number


@pytest.mark.parametrize(("entries", "words"), [(ENTRIES, "1 to 7"), ([], "empty")])
def test_not_there(entries: list[Entry], words: str) -> None:
    with pytest.raises(CommandFailed, match=words):
        find(entries, "9")
