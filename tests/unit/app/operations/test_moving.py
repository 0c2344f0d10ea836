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


async def test_a_folder_is_made_with_or_without_a_subscription(office: TestOffice) -> None:
    mails = [{"octets": b"Subject: soup\r\n\r\n"}]
    for path, subscribed in ((["Old", "Quiet"], False), (["Loud"], True), (["Sent"], False)):
        await office.ask("mail.take", address=BOB, path=path, mails=mails, subscribed=subscribed)
    rows = await office.engine.reading().fetch("SELECT name, subscribed FROM mailboxes")
    found = {str(name): bool(subscribed) for name, subscribed in rows}
    assert not found["Quiet"]
    assert found["Old"]
    assert found["Loud"]
    assert found["Sent"]  # it was there
