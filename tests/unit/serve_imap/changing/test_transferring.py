"""Copies into a mailbox of another account, and their files."""

from typing import Any

import pytest

from imap_stage import ALICE, BOB, LETTER, ImapStage
from postroom.message.errors import NoSpace, TryLater
from postroom.serve.imap.conversation.conversation import Conversation
from postroom.store.mailboxes import mailboxes, messages
from postroom.store.mailboxes.rights import MailboxRef


async def test_files_of_what_was_perhaps_committed_stay(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice = await stage.user(ALICE)
    await alice.ok(f"SETACL Archive {BOB} lrsite")
    long = LETTER % 7 + b"a line of a long letter\r\n" * 30_000
    await stage.deliver(long)
    bob = await stage.user(select="INBOX")
    write, tries = Conversation.write, list[Any]()

    async def seems_to_fail(self: Conversation, work: Any) -> Any:
        if tries:
            raise NoSpace
        tries.append(await write(self, work))
        raise TryLater

    monkeypatch.setattr(Conversation, "write", seems_to_fail)
    assert (await bob.say(f'a COPY 1 "Other Users/{ALICE}/Archive"'))[0].startswith("a NO")
    reading, account_id = stage.store.engine.reading(), stage.logins.people[ALICE]
    box = await mailboxes.by_role(reading, account_id, "archive")
    (copy,) = await messages.listing(reading, MailboxRef(account_id, box.mailbox_id))
    assert await stage.store.read(account_id, copy.blob_id) == long
