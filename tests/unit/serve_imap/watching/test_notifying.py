"""NOTIFY (RFC 5465): what is told between commands of the selected mailbox, and what is refused."""

import asyncio

import msgspec
import pytest

from imap_stage import BOB, LETTER, ImapStage
from imap_waiting import gone, modern, quiet
from postroom.message.errors import TryLater
from postroom.serve.imap.watching import notifying

ALL = "MessageNew MessageExpunge FlagChange"


# ---------------------------------------------------------------------------------------------------- the selected mailbox


async def test_news_of_the_selected_mailbox_comes_by_itself(stage: ImapStage) -> None:
    await stage.deliver()
    bob = await modern(stage, "INBOX")
    other = await modern(stage, "INBOX")
    headers = "BODY.PEEK[HEADER.FIELDS (FROM SUBJECT)]"
    assert await bob.ok(f"NOTIFY SET (SELECTED (MessageNew (UID {headers}) MessageExpunge FlagChange))") == []
    await stage.deliver()
    lines = await bob.told("FETCH")
    assert lines[0] == "* 2 EXISTS"
    assert lines[1].startswith("* 2 FETCH (UID 2 BODY[HEADER.FIELDS (FROM SUBJECT)] {")
    assert lines[2] == "From: Alice <alice@crepes.test>"
    await other.ok("STORE 1 +FLAGS (\\Flagged)")
    assert await bob.told("FETCH") == ["* 1 FETCH (UID 1 FLAGS (\\Flagged))"]
    await gone(stage, 1)
    assert await bob.told("EXPUNGE") == ["* 1 EXPUNGE"]
    assert await bob.ok("NOOP") == []


async def test_with_qresync_what_vanished_is_told(stage: ImapStage) -> None:
    await stage.deliver()
    bob = await stage.user()
    await bob.ok("ENABLE QRESYNC")
    await bob.ok("SELECT INBOX")
    await bob.ok(f"NOTIFY SET (SELECTED ({ALL}))")
    await gone(stage, 1)
    assert await bob.told("VANISHED") == ["* VANISHED 1"]


async def test_delayed_expunges_wait_for_a_command(stage: ImapStage) -> None:
    for _ in range(3):
        await stage.deliver()
    bob = await modern(stage, "INBOX")
    await bob.ok(f"NOTIFY SET (SELECTED-DELAYED ({ALL}))")
    await gone(stage, 2)
    await stage.deliver()
    assert await bob.told("EXISTS") == ["* 4 EXISTS"]
    assert await bob.ok("FETCH 1 UID") == ["* 1 FETCH (UID 1)"]
    assert await bob.ok("NOOP") == ["* 2 EXPUNGE"]
    await gone(stage, 1)
    assert await quiet(bob) == []
    assert await bob.say("i IDLE") == ["* 1 EXPUNGE", "+ Idling, end with DONE"]
    await gone(stage, 3)
    assert await bob.told("EXPUNGE") == ["* 1 EXPUNGE"]


@pytest.mark.parametrize(
    "command", ["NOTIFY NONE", "NOTIFY SET (PERSONAL (MailboxName))", "NOTIFY SET (SELECTED NONE)"]
)
async def test_what_is_not_wanted_is_not_told(stage: ImapStage, command: str) -> None:
    """The client's view stands still, and what gathered is told with the next NOTIFY SET (RFC 5465 §3.1)."""
    for _ in range(2):
        await stage.deliver()
    bob = await modern(stage, "INBOX")
    other = await modern(stage, "INBOX")
    await bob.ok(command)
    await stage.deliver()
    await other.ok("STORE 2 +FLAGS (\\Flagged)")
    await gone(stage, 1)
    assert await bob.ok("NOOP") == []
    assert await bob.ok("UID FETCH 1:* UID") == ["* 2 FETCH (UID 2)"]
    assert await bob.ok("STORE 2 +FLAGS (\\Seen)") == ["* 2 FETCH (UID 2 FLAGS (\\Seen \\Flagged))"]
    assert await bob.ok(f"NOTIFY SET (SELECTED ({ALL}))") == [
        "* 1 EXPUNGE",
        "* 2 EXISTS",
    ]


async def test_a_snapshot(stage: ImapStage) -> None:
    bob = await modern(stage, "INBOX")
    await bob.ok("NOTIFY NONE")
    await stage.deliver()
    assert await bob.ok("NOTIFY SET (SELECTED NONE)") == ["* 1 EXISTS"]
    await stage.deliver()
    assert await quiet(bob) == []


async def test_flags_alone_can_be_left_out(stage: ImapStage) -> None:
    await stage.deliver()
    bob = await modern(stage, "INBOX")
    other = await modern(stage, "INBOX")
    await bob.ok("NOTIFY SET (SELECTED (MessageNew MessageExpunge))")
    await other.ok("STORE 1 +FLAGS (\\Flagged)")
    await stage.deliver()
    assert await bob.told("EXISTS") == ["* 2 EXISTS"]
    assert await bob.ok("NOOP") == []


async def test_an_expunge_of_ones_own_is_answered_whatever_is_wanted(stage: ImapStage) -> None:
    await stage.deliver()
    bob = await modern(stage, "INBOX")
    await bob.ok("NOTIFY NONE")
    await bob.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    assert await bob.ok("EXPUNGE") == ["* 1 EXPUNGE"]


@pytest.mark.parametrize("command", ["REPLACE 1", "UID REPLACE 1"])
async def test_what_one_replaces_is_answered_like_what_one_expunges(stage: ImapStage, command: str) -> None:
    """RFC 8508 §4.5: as if it were removed with UID EXPUNGE."""
    await stage.deliver()
    bob = await stage.user(select="INBOX")
    await bob.ok("NOTIFY NONE")
    said = await bob.say(f"x {command} Drafts {{12+}}", "Subject: x", "")
    assert said[1:] == ["* 1 EXPUNGE", "x OK Replaced"]
    assert await bob.say("x FETCH 1 UID") == ["x BAD There is no message with such a number"]


async def test_messages_of_ones_own_are_not_fetched(stage: ImapStage) -> None:
    """RFC 5465 §5.2."""
    await stage.deliver()
    bob = await modern(stage, "INBOX")
    await bob.ok("NOTIFY SET (SELECTED (MessageNew (UID FLAGS) MessageExpunge))")
    assert await bob.ok("COPY 1 INBOX") == ["* 2 EXISTS"]
    await stage.deliver()
    assert "* 3 FETCH (UID 3 FLAGS ())" in await bob.told("FETCH")
    assert await quiet(bob) == []


async def test_nothing_is_answered_within_a_long_message(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is told as the client reads, which may say something meanwhile, right or wrong."""
    bob = await modern(stage, "INBOX")
    await bob.ok("NOTIFY SET (SELECTED (MessageNew (BODY.PEEK[]) MessageExpunge))")
    drained, begun = bob.connection.drained, asyncio.Event()

    async def slowly() -> None:
        begun.set()
        await drained()
        await asyncio.sleep(0.001)

    monkeypatch.setattr(bob.connection, "drained", slowly)
    raw = LETTER % 1 + b"a line of a long letter\r\n" * 80_000
    await stage.deliver(raw)
    await asyncio.wait_for(begun.wait(), 60)
    said = await bob.send(b"x CAPABILITY\r\ny NONSENSE\r\nz NO")
    assert raw in said
    assert said.index(b"x OK") < said.index(b"y BAD")
    await stage.deliver()
    assert "* 2 EXISTS" in await bob.told("EXISTS")
    assert (await bob.send(b"OP\r\n")).endswith(b"z OK Nothing done\r\n")


async def test_fetching_news_marks_nothing(stage: ImapStage) -> None:
    bob = await modern(stage, "INBOX")
    await bob.ok("NOTIFY SET (SELECTED (MessageNew (BODY[TEXT]) MessageExpunge))")
    await stage.deliver()
    assert await bob.told(r"\)") == ["* 1 EXISTS", "* 1 FETCH (BODY[TEXT] {22}", "Do you like ketchup?", ")"]
    assert await bob.ok("FETCH 1 FLAGS") == ["* 1 FETCH (FLAGS ())"]


async def test_an_unknown_encoding_is_told_by_its_uid(stage: ImapStage) -> None:
    bob = await modern(stage, "INBOX")
    await bob.ok("NOTIFY SET (SELECTED (MessageNew (BINARY.PEEK[1]) MessageExpunge))")
    await stage.deliver(b"Subject: x\r\nContent-Transfer-Encoding: x-odd\r\n\r\nx\r\n")
    assert "* 1 FETCH (UID 1)" in await bob.told("FETCH")


async def test_it_ends_with_the_login(stage: ImapStage) -> None:
    bob = await modern(stage, "INBOX")
    await bob.ok(f"NOTIFY SET (SELECTED ({ALL})) (PERSONAL ({ALL}))")
    await bob.ok("UNAUTHENTICATE")
    await stage.deliver()
    assert await quiet(bob) == []
    assert not stage.store.changes._subscriptions.get(stage.logins.people[BOB])
    await bob.ok(f"LOGIN {BOB} hungry")
    await bob.ok("SELECT INBOX")
    await stage.deliver()
    assert await bob.ok("NOOP") == ["* 2 EXISTS", "* 2 RECENT"]


# ------------------------------------------------------------------------------------------------------------- UPDATE


async def test_attributes_of_what_a_search_finds(stage: ImapStage) -> None:
    """RFC 5465 §7: EXISTS, FETCH, ESEARCH; nothing is fetched of what joins by its flags."""
    await stage.deliver(b"Subject: sauce\r\n\r\nx\r\n")
    bob = await modern(stage, "INBOX")
    await bob.say("u SEARCH RETURN (COUNT UPDATE (UID FLAGS)) OR SUBJECT ketchup FLAGGED")
    await stage.deliver()
    assert await bob.ok("NOOP") == [
        "* 2 EXISTS",
        "* 2 FETCH (UID 2 FLAGS ())",
        '* ESEARCH (TAG "u") ADDTO (0 2)',
    ]
    await bob.ok("NOTIFY SET (SELECTED (MessageNew (UID RFC822.SIZE) MessageExpunge FlagChange))")
    await stage.deliver()
    assert (await bob.told("ESEARCH"))[1:] == [
        "* 3 FETCH (UID 3 RFC822.SIZE 128 FLAGS ())",
        '* ESEARCH (TAG "u") ADDTO (0 3)',
    ]
    await stage.deliver(b"Subject: sauce\r\n\r\nx\r\n")
    assert (await bob.told("FETCH"))[1:] == ["* 4 FETCH (UID 4 RFC822.SIZE 21)"]
    other = await modern(stage, "INBOX")
    await other.ok("STORE 1 +FLAGS (\\Flagged)")
    assert await bob.told("ESEARCH") == [
        "* 1 FETCH (UID 1 FLAGS (\\Flagged))",
        '* ESEARCH (TAG "u") ADDTO (0 1)',
    ]


async def test_a_result_does_not_lose_what_was_told_late(stage: ImapStage) -> None:
    bob = await modern(stage, "INBOX")
    await bob.say("u SEARCH RETURN (COUNT UPDATE) ALL")
    await bob.ok("NOTIFY NONE")
    await stage.deliver()
    await bob.ok("NOOP")
    await stage.deliver()
    assert await bob.ok(f"NOTIFY SET (SELECTED ({ALL}))") == [
        "* 2 EXISTS",
        '* ESEARCH (TAG "u") ADDTO (0 1:2)',
    ]


# ------------------------------------------------------------------------------------------------------------- refusals


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("NOTIFY SET (SELECTED (AnnotationChange MessageNew MessageExpunge))", "NO [BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange ServerMetadataChange)]"),
        ("NOTIFY SET (PERSONAL (SomethingElse))", "NO [BADEVENT (MessageNew "),
        ("NOTIFY SET (SELECTED (MessageNew))", "BAD"),
        ("NOTIFY SET (SELECTED (FlagChange))", "BAD"),
        ("NOTIFY SET (SELECTED (MailboxName))", "BAD"),
        ("NOTIFY SET (SELECTED NONE) (SELECTED-DELAYED NONE)", "BAD"),
        ("NOTIFY SET (PERSONAL (MessageNew (UID) MessageExpunge))", "BAD"),
        ("NOTIFY SET", "BAD"),
        ("NOTIFY", "BAD"),
        ("NOTIFY NEVER", "BAD"),
        ("NOTIFY SET (NOWHERE NONE)", "BAD"),
    ],
)  # fmt: skip
async def test_refused(stage: ImapStage, command: str, answer: str) -> None:
    bob = await modern(stage, "INBOX")
    assert (await bob.say(f"x {command}"))[-1].startswith(f"x {answer}")
    await stage.deliver()
    assert await bob.ok("NOOP") == ["* 1 EXISTS"]  # it is as it was before


async def test_nothing_is_told_within_a_command(stage: ImapStage) -> None:
    """What comes while the messages of an APPEND are awaited is told behind its answer."""
    bob = await modern(stage, "INBOX")
    await bob.ok(f"NOTIFY SET (SELECTED ({ALL}))")
    await bob.send(b"a APPEND Archive {20}\r\n")
    await stage.deliver()
    assert await quiet(bob) == []
    lines = (await bob.send(b"Subject: x\r\n\r\nabcdef\r\n")).decode().split("\r\n")
    assert "* 1 EXISTS" in lines
    assert lines[-2].startswith("a OK")


# ------------------------------------------------------------------------------------------------------ what does not come about


async def test_a_client_that_leaves_meanwhile_is_not_remembered(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else its session stays as long as the server runs, and hears of every change."""
    limits = msgspec.structs.replace(stage.config.limits, queued=4)
    bob = await stage.user(config=msgspec.structs.replace(stage.config, limits=limits))

    async def left() -> None:
        raise ConnectionResetError

    monkeypatch.setattr(bob.connection, "drained", left)
    with pytest.raises(ConnectionResetError):
        await bob.say(f"x NOTIFY SET STATUS (PERSONAL ({ALL}))")
    bob.session.closed("connection lost")
    assert not stage.store.changes._subscriptions


async def test_a_notify_that_fails_changes_nothing(stage: ImapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = await modern(stage, "INBOX")
    await bob.ok(f"NOTIFY SET (SELECTED ({ALL}))")
    with monkeypatch.context() as patch:
        patch.setattr(notifying, "tell", _fails)
        assert (await bob.say("x NOTIFY SET (SELECTED NONE) (PERSONAL (MailboxName))"))[-1].startswith("x NO")
    await stage.deliver()
    assert await bob.told("EXISTS") == ["* 1 EXISTS"]
    bob.session.closed("connection lost")
    assert not stage.store.changes._subscriptions


async def _fails(*_: object, **__: object) -> None:
    raise TryLater
