"""How the agent lists messages, and shows one."""

import asyncio
import io
import time
from typing import Any, cast

import pytest

from postroom.agent.mailbox import Entry
from postroom.agent.session import MailSession
from postroom.agent.showing import COLUMNS, Wish, show
from postroom.agent.terminal import Terminal


class OneLetter:
    """A session with a mailbox of one letter."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw
        self.out, self.err = io.StringIO(), io.StringIO()
        self.terminal = Terminal(out=self.out, err=self.err)

    def in_mailbox(self, work: Any, folder: str) -> Any:
        return asyncio.run(work(self))

    async def chosen(self, wanted: list[str]) -> list[Entry]:
        return [Entry(1, "1.1", len(self.raw))]

    async def message(self, number: int) -> bytes:
        return self.raw


def test_a_letter_that_is_one_file_is_told_of_as_that() -> None:
    session = OneLetter(b"Subject: scan\r\nContent-Type: application/pdf; name=scan.pdf\r\n\r\n%PDF-1.7")
    show(cast("MailSession", session), "1", "", Wish())
    assert session.out.getvalue() == 'Subject: scan\n\n\n\n1 application/pdf "scan.pdf" 7bit 8 B\n'
    assert session.err.getvalue() == "attached: scan.pdf; --save DIR saves it\n"


@pytest.mark.parametrize(
    ("date", "shown"),
    [
        ("Fri, 20 Nov 2026 22:50:27 +0000", "2026-11-20 22:50"),
        ("Mon, 01 Jan 0001 00:00:00 +1200", "Mon, 01 Jan 0001 00:00:00 +1200"),
        ("yesterday", "yesterday"),
        ("", "(no date)"),
    ],
)
def test_dates_in_a_list(date: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert next(column for column in COLUMNS if column.heading == "Date").cell({"date": date}) == shown
