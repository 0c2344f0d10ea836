"""Mail that is taken into an account."""

from __future__ import annotations

from offices import TestOffice

BOB = "bob@hamburger.test"
LONG = b"Subject: soup\r\n\r\n" + b"a line of a long letter\r\n" * 30_000  # a file


async def test_what_finds_no_room_leaves_no_file(office: TestOffice) -> None:
    await office.engine.write(lambda tx: tx.execute("UPDATE accounts SET quota_bytes = 1000"))
    mails = [{"octets": LONG}]
    assert (
        await office.refusal("mail.take", address=BOB, path=["INBOX"], mails=mails) == "The mailbox is full"
    )
    assert office.store.files is not None
    assert list(office.store.files.listing()) == []
