"""How the agent lists messages, and shows one."""

import asyncio
import io
import time
from typing import Any, cast

import pytest

from postroom.agent.accounts import Account
from postroom.agent.exits import Exit, ServerBusy, ServerFailed
from postroom.agent.mailbox import Entry
from postroom.agent.session import MailSession
from postroom.agent.showing import COLUMNS, Wish, show, watch
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


class Maildrop:
    """What a look finds by POP3."""

    def __init__(self, *uids: str) -> None:
        self.uids = uids

    async def entries(self) -> list[Entry]:
        return [Entry(number, uid, 1) for number, uid in enumerate(self.uids, 1)]

    async def headers(self, numbers: list[int]) -> list[bytes]:
        return [b"Subject: new" for _ in numbers]

    async def close(self) -> None: ...


class Pop3Session(OneLetter):
    """A session whose maildrop another program has now and then."""

    account, feed = Account("bob@hamburger.test"), None

    def __init__(self, *errors: ServerFailed) -> None:
        super().__init__(b"")
        self.maildrops = iter((Maildrop("a"), *errors, Maildrop("a", "b")))

    async def open_mailbox(self, folder: str) -> Maildrop:
        found = next(self.maildrops)
        if isinstance(found, ServerFailed):
            raise found
        return found


BUSY = ServerBusy("-ERR [IN-USE] do you have another program running?", Exit.LOGIN)
REFUSED = ServerFailed("connection refused", Exit.CONNECT)


@pytest.mark.parametrize("errors", [[BUSY], [BUSY, BUSY], [REFUSED], [REFUSED, BUSY, REFUSED]])
def test_a_watch_waits_for_who_has_the_mailbox_and_for_a_server_that_is_started_anew(
    errors: list[ServerFailed],
) -> None:
    session = Pop3Session(*errors)
    watch(cast("MailSession", session), 0.001, 1, "")
    assert session.out.getvalue() == "2  (nobody)  new  (1 B)\n"


def test_a_watch_ends_where_no_server_is_any_more() -> None:
    with pytest.raises(ServerFailed):
        watch(cast("MailSession", Pop3Session(REFUSED, REFUSED)), 0.001, 1, "")


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
        ("Fri, 31 Dec 9999 23:59:59 -1200", "Fri, 31 Dec 9999 23:59:59 -1200"),
        ("yesterday", "yesterday"),
        ("", "(no date)"),
    ],
)
def test_dates_in_a_list(date: str, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    assert next(column for column in COLUMNS if column.heading == "Date").cell({"date": date}) == shown
