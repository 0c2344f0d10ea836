"""ESEARCH: several mailboxes."""

import unicodedata
from typing import Any

import pytest

from imap_stage import ALICE, BOB, ImapStage
from postroom.serve.imap.searching import multisearch
from postroom.store.mailboxes import mailboxes
from postroom.store.mailboxes.mailboxes import NewMailbox
from postroom.store.mailboxes.rights import MailboxRef

WORK = b"Subject: work\r\n\r\nwork\r\n"


async def _fill(stage: ImapStage) -> dict[str, int]:
    """Letters in INBOX, Trash, and below Archive; their UIDVALIDITYs by name."""
    account_id = stage.logins.people[BOB]
    archive = (await mailboxes.by_role(stage.store.engine.reading(), account_id, "archive")).mailbox_id
    year, month = stage.ids.next(), stage.ids.next()

    async def work(tx: object) -> None:
        await mailboxes.create(tx, account_id, NewMailbox(year, "2025", archive), stage.now)  # type: ignore[arg-type]
        await mailboxes.create(tx, account_id, NewMailbox(month, "June", year), stage.now)  # type: ignore[arg-type]
        await mailboxes.subscribe(tx, MailboxRef(account_id, month), subscribed=False)  # type: ignore[arg-type]

    await stage.store.engine.write(work)
    for _ in range(2):
        await stage.deliver(WORK)
    await stage.deliver()
    await stage.deliver(WORK, role="trash")
    await stage.deliver(WORK, mailbox_id=archive)
    await stage.deliver(WORK, mailbox_id=year)
    await stage.deliver(WORK, mailbox_id=month)
    await stage.deliver(WORK, ALICE)
    rows = await mailboxes.listing(stage.store.engine.reading(), account_id)
    return {row.name: row.uidvalidity for row in rows}


def _line(name: str, validity: int, what: str) -> str:
    return f'* ESEARCH (TAG "x" MAILBOX "{name}" UIDVALIDITY {validity}) UID {what}'


async def test_sources(stage: ImapStage) -> None:
    validity = await _fill(stage)
    bob = await stage.user()

    async def asked(sources: str, more: str = "SUBJECT work") -> list[str]:
        return [line.split('"')[3] for line in await bob.ok(f"ESEARCH IN ({sources}) {more}")]

    everything = ["Archive", "INBOX", "Trash", "Archive/2025", "Archive/2025/June"]
    assert sorted(await asked("personal")) == sorted(everything)
    assert sorted(await asked("inboxes")) == sorted(everything)
    assert sorted(await asked("subscribed")) == sorted(everything[:-1])
    assert await asked("subtree Archive") == ["Archive", "Archive/2025", "Archive/2025/June"]
    assert await asked("subtree-one Archive") == ["Archive", "Archive/2025"]
    assert await asked('mailboxes (INBOX "Trash" Nowhere INBOX)') == ["INBOX", "Trash"]
    assert await asked("mailboxes INBOX subtree Archive/2025") == [
        "INBOX",
        "Archive/2025",
        "Archive/2025/June",
    ]
    assert await asked("personal", "SUBJECT nothing") == []
    assert await bob.ok("ESEARCH IN (mailboxes INBOX) RETURN (MIN COUNT) SUBJECT work") == [
        _line("INBOX", validity["INBOX"], "MIN 1 COUNT 2")
    ]
    assert await bob.ok("ESEARCH IN (mailboxes INBOX) 2:9") == [_line("INBOX", validity["INBOX"], "ALL 2:3")]


async def test_the_selected_mailbox(stage: ImapStage) -> None:
    validity = await _fill(stage)
    bob = await stage.user(select="INBOX")
    line = _line("INBOX", validity["INBOX"], "ALL 1:2")
    assert await bob.ok("ESEARCH SUBJECT work") == [line]
    assert await bob.ok("ESEARCH IN (selected) RETURN (ALL SAVE) SUBJECT work") == [line]
    assert await bob.ok("SEARCH $") == ["* SEARCH 1 2"]
    assert (await bob.say("x ESEARCH IN (personal) RETURN (SAVE) ALL"))[-1].startswith("x BAD")
    assert len(await bob.ok("ESEARCH IN (selected mailboxes INBOX) ALL")) == 1


async def test_updates_are_of_the_selected_mailbox_however_it_is_named(stage: ImapStage) -> None:
    """RFC 7377 §2.2."""
    await _fill(stage)
    for sources in ("selected", "mailboxes INBOX", "personal", "mailboxes INBOX selected"):
        bob = await stage.user(select="INBOX")
        await bob.ok(f"ESEARCH IN ({sources}) RETURN (COUNT UPDATE) SUBJECT work")
        await stage.deliver(WORK)
        assert any(" ADDTO " in line for line in await bob.ok("NOOP")), sources


@pytest.mark.parametrize("sources", ["selected", "mailboxes Attic", "subtree Attic"])
async def test_the_selected_mailbox_is_called_what_it_is_called_now(stage: ImapStage, sources: str) -> None:
    """Whoever has renamed it: nothing is there under the name by which it was opened."""
    validity = await _fill(stage)
    bob = await stage.user(select="Archive")
    other = await stage.user()
    await other.ok("RENAME Archive Attic")
    assert await bob.ok(f"ESEARCH IN ({sources}) RETURN (COUNT) ALL") == [
        _line("Attic", validity["Archive"], "COUNT 1"),
        *(
            _line(name, validity[name.rpartition("/")[2]], "COUNT 1")
            for name in ("Attic/2025", "Attic/2025/June")
            if sources.startswith("subtree")
        ),
    ]


@pytest.mark.parametrize("kind", ["subtree", "subtree-one", "mailboxes"])
async def test_names_in_any_form_of_unicode(stage: ImapStage, kind: str) -> None:
    """As every other command takes them: a Mac writes them decomposed."""
    bob = await stage.user()
    await bob.ok("ENABLE IMAP4rev2")
    for name in ("Büro", "Büro/Kräne"):
        await bob.ok(f'CREATE "{name}"')
        await bob.say(f'x APPEND "{name}" {{{len(WORK)}+}}', WORK.decode())
    decomposed = unicodedata.normalize("NFD", '("Büro/Kräne" "Büro")')
    found = await bob.ok(f"ESEARCH IN ({kind} {decomposed}) SUBJECT work")
    assert sorted(line.split('"')[3] for line in found) == ["Büro", "Büro/Kräne"]


@pytest.mark.parametrize(
    "command",
    [
        "ESEARCH ALL",
        "ESEARCH IN (selected) ALL",
        "ESEARCH IN () ALL",
        "ESEARCH IN (nonsense) ALL",
        "ESEARCH IN (subtree) ALL",
        "ESEARCH IN (selected-delayed) ALL",
    ],
)
async def test_what_cannot_be(stage: ImapStage, command: str) -> None:
    bob = await stage.user()
    assert (await bob.say(f"x {command}"))[-1].startswith("x BAD")


async def test_other_people_are_not_told_apart_from_nobody(stage: ImapStage) -> None:
    await _fill(stage)
    bob = await stage.user()
    assert (
        await bob.ok(
            'ESEARCH IN (mailboxes ("Other Users/alice@crepes.test/INBOX" "Other Users/x@x/INBOX")) ALL'
        )
        == []
    )


async def test_shared_mailboxes_are_searched_where_they_may_be_read(stage: ImapStage) -> None:
    await _fill(stage)
    alice = await stage.user(ALICE)
    bob = await stage.user()
    search = 'ESEARCH IN (mailboxes "Other Users/alice@crepes.test/INBOX") SUBJECT work'
    under = 'ESEARCH IN (subtree "Other Users/alice@crepes.test") SUBJECT work'
    await alice.ok(f"SETACL INBOX {BOB} l")
    assert await bob.ok(search) == await bob.ok(under) == []
    await alice.ok(f"SETACL INBOX {BOB} lr")
    assert len(await bob.ok(search)) == len(await bob.ok(under)) == 1
    assert not any("Other Users" in line for line in await bob.ok("ESEARCH IN (personal) SUBJECT work"))


async def test_what_may_not_be_read_any_more_is_passed_over(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As what never might be (RFC 7377 §5), also where that changes while others are searched."""
    await stage.deliver(WORK, ALICE)
    alice, bob = await stage.user(ALICE, "INBOX"), await stage.user()
    for name in ("one", "two"):
        for command in (f"CREATE {name}", f"COPY 1 {name}", f"SETACL {name} {BOB} lr"):
            await alice.ok(command)
    send = multisearch.send

    async def sent(conversation: Any, pieces: Any) -> None:
        monkeypatch.setattr(multisearch, "send", send)
        await alice.ok(f'SETACL two {BOB} ""')
        await send(conversation, pieces)

    monkeypatch.setattr(multisearch, "send", sent)
    (found,) = await bob.ok(f'ESEARCH IN (subtree "Other Users/{ALICE}") SUBJECT work')
    assert f'MAILBOX "Other Users/{ALICE}/one"' in found
