"""Anonymous users (RFC 4505): what they see, and that nothing they say changes anything."""

import base64
from typing import Any

import pytest

from imap_stage import ALICE, BOB, Client, ImapStage
from postroom.proto.imap.config import ImapConfig
from postroom.proto.imap.verbs import VERBS
from postroom.proto.sasl.mechanisms import Need, Supply
from postroom.serve.presence import VISITORS, Presence

VISITED = Supply(kept=lambda: frozenset((Need.NOTHING,)))
ARCHIVE = '"Other Users/alice@crepes.test/archive"'


async def visitor(stage: ImapStage, trace: bytes = b"sirhc", **other: Any) -> Client:
    stage.visited = stage.logins.visited = ALICE
    config = ImapConfig(
        "mail.hamburger.test", plaintext=True, mechanisms=("PLAIN", "ANONYMOUS"), sasl=VISITED
    )
    client = stage.session(config=config, **other)
    assert b"AUTH=ANONYMOUS" in client.heard()
    assert (await client.say("a AUTHENTICATE ANONYMOUS"))[-1].startswith("+")
    client.answer = (await client.say(base64.b64encode(trace).decode()))[-1]
    return client


@pytest.fixture
async def archive(stage: ImapStage) -> ImapStage:
    """Alice's archive is shown to anyone with every right there is; a diary to Bob alone, and her INBOX to nobody."""
    alice, bob = await stage.user(ALICE), await stage.user()
    await alice.ok("CREATE archive")
    await alice.ok("CREATE diary")
    await alice.ok("CREATE archive/below")
    await alice.ok("SETACL archive anyone lrswipkxtea")
    await alice.ok(f"SETACL diary {BOB} lr")
    for name in ("archive", "diary"):
        await alice.ok(f"APPEND {name} {{28+}}\r\nSubject: pancakes\r\n\r\nflour\r\n")
    await bob.ok("CREATE shown")
    await bob.ok("SETACL shown anyone lrswipkxtea")
    return stage


async def test_a_visitor_reads_what_its_owner_shows_to_anyone_and_nothing_else(archive: ImapStage) -> None:
    client = await visitor(archive)
    assert client.answer.startswith("a OK")
    listed = [line for line in await client.ok('LIST "" *') if "Noselect" not in line]
    assert listed == [f'* LIST (\\HasNoChildren) "/" {ARCHIVE}']
    assert await client.ok(f"MYRIGHTS {ARCHIVE}") == [f"* MYRIGHTS {ARCHIVE} lr"]
    assert (await client.say(f"b SELECT {ARCHIVE}"))[-1].startswith("b OK [READ-ONLY]")
    (fetched,) = (await client.ok("FETCH 1 (FLAGS BODY[HEADER.FIELDS (SUBJECT)])"),)
    assert "pancakes" in "".join(fetched)
    assert await client.ok("SEARCH BODY flour") == ["* SEARCH 1"]
    assert "\\Seen" not in "".join(await client.ok("FETCH 1 FLAGS"))


@pytest.mark.parametrize(
    "name",
    [
        "INBOX",
        "archive",
        '"Other Users/alice@crepes.test/diary"',
        '"Other Users/alice@crepes.test/INBOX"',
        '"Other Users/alice@crepes.test/archive/below/none"',
        f'"Other Users/{BOB}/shown"',
        f'"Other Users/{BOB}/INBOX"',
    ],
)
async def test_other_mailboxes_are_not_there(archive: ImapStage, name: str) -> None:
    client = await visitor(archive)
    for command in ("SELECT %s", "EXAMINE %s", "STATUS %s (MESSAGES)", "MYRIGHTS %s"):
        assert (await client.say("b " + command % name))[-1].startswith("b NO [NONEXISTENT]"), command


# Every verb once, with a mailbox that a visitor may read.
SAID = [
    "SELECT %s", "EXAMINE %s", "DELETE %s", "RENAME %s elsewhere", "CREATE mine", "CREATE %s/more", "SUBSCRIBE %s", "SUBSCRIBE mine", "UNSUBSCRIBE %s", 'LIST "" * RETURN (STATUS (MESSAGES))',
    'LSUB "" *', "STATUS %s (MESSAGES)", "GETACL %s", "SETACL %s anyone lrswipkxtea", "DELETEACL %s anyone", "LISTRIGHTS %s anyone", "MYRIGHTS %s",
    "GETQUOTAROOT %s", 'GETQUOTA ""', "GETQUOTA anonymous", 'SETQUOTA "" (STORAGE 1)', "GETMETADATA %s /private/comment", 'GETMETADATA "" /shared/comment',
    'SETMETADATA %s (/private/comment "x")', 'SETMETADATA "" (/private/comment "x")', "COPY 1 %s", "MOVE 1 %s", "ESEARCH IN (personal subtree %s) ALL",
    "APPEND %s {12+}\r\nSubject: x\r\n", "REPLACE 1 %s {12+}\r\nSubject: x\r\n", "UID REPLACE 1 %s {12+}\r\nSubject: x\r\n", "APPEND INBOX {12+}\r\nSubject: x\r\n",
    "UID COPY 1 %s", "UID MOVE 1 %s", "RESETKEY %s", "RESETKEY", "NOTIFY SET (personal (MessageNew MessageExpunge)) (selected (MessageNew MessageExpunge))",
    'GENURLAUTH "imap://anonymous@mail.hamburger.test/x/;UID=1;URLAUTH=anonymous" INTERNAL', "STORE 1 +FLAGS (\\Seen \\Deleted)", "UID STORE 1 +FLAGS (\\Seen)",
    "FETCH 1 BODY[]", "UID FETCH 1 BODY[TEXT]", "SEARCH TEXT x", "UID SEARCH ALL", "SORT (DATE) UTF-8 ALL", "UID SORT (DATE) UTF-8 ALL", "THREAD REFERENCES UTF-8 ALL",
    "UID THREAD REFERENCES UTF-8 ALL", "EXPUNGE", "UID EXPUNGE 1", "CHECK", "NOOP", "NAMESPACE", "ID NIL", "CAPABILITY", "LANGUAGE", "UIDBATCHES 1", "GETJMAPACCESS",
    'CANCELUPDATE "x"', "ENABLE CONDSTORE", "UNSELECT", "CLOSE", 'URLFETCH "imap://x"', "LOGIN bob@hamburger.test hungry", "STARTTLS",
]  # fmt: skip
OTHERWISE = {"AUTHENTICATE", "COMPRESS", "IDLE", "LOGOUT", "UNAUTHENTICATE"}


def test_each_verb_is_said() -> None:
    words = [command.split(" ") for command in SAID]
    said = {" ".join(one[:2]) if one[0] == "UID" else one[0] for one in words}
    assert {verb.decode() for verb in VERBS} - OTHERWISE == said


async def test_nothing_that_a_visitor_says_writes(
    archive: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = await visitor(archive)

    async def write(*_: object) -> None:
        raise AssertionError("a visitor writes")

    monkeypatch.setattr(archive.store.engine, "write", write)
    for command in SAID:
        await client.ok(f"SELECT {ARCHIVE}")
        *_, last = await client.say("b " + command.replace("%s", ARCHIVE))
        assert last.startswith(("b OK", "b NO", "b BAD")), (command, last)
        assert "UNAVAILABLE" not in last, (command, last)
        assert "SERVERBUG" not in last, (command, last)


@pytest.mark.parametrize(
    "command",
    [
        "CREATE mine",
        "SUBSCRIBE %s",
        "DELETE %s",
        "STORE 1 +FLAGS (\\Seen)",
        "APPEND %s {12+}\r\nSubject: x\r\n",
    ],
)
async def test_a_change_is_refused(archive: ImapStage, command: str) -> None:
    client = await visitor(archive)
    await client.ok(f"SELECT {ARCHIVE}")
    assert (await client.say("b " + command.replace("%s", ARCHIVE)))[-1].startswith("b NO")


async def test_urls_for_those_who_have_logged_in_are_not_for_visitors(archive: ImapStage) -> None:
    alice, client = await archive.user(ALICE), await visitor(archive)
    for access, nothing in (("anonymous", False), ("authuser", True), ("user+anonymous", True)):
        url = f"imap://alice%40crepes.test@mail.hamburger.test/diary/;UID=1;URLAUTH={access}"
        (signed,) = await alice.ok(f'GENURLAUTH "{url}" INTERNAL')
        lines = await client.say(f"b URLFETCH {signed.removeprefix('* GENURLAUTH ')}")
        assert lines[0].endswith(" NIL") == nothing, access


async def test_when_the_owner_shows_no_more_the_visitor_sees_no_more(archive: ImapStage) -> None:
    alice, client = await archive.user(ALICE), await visitor(archive)
    await alice.ok("DELETEACL archive anyone")
    await alice.ok("DELETEACL archive/below anyone")
    assert await client.ok('LIST "" *') == []
    assert (await client.say(f"b SELECT {ARCHIVE}"))[-1].startswith("b NO [NONEXISTENT]")


async def test_it_is_not_offered_and_refused_where_there_is_nothing_to_visit(stage: ImapStage) -> None:
    client = stage.session()
    assert b"ANONYMOUS" not in client.heard()
    assert (await client.say("a AUTHENTICATE ANONYMOUS c2lyaGM="))[-1].startswith("a NO [CANNOT]")


@pytest.mark.parametrize("trace", [b"x" * 256, b"\xff", b"a\r\nb", b"a@"])
async def test_what_is_no_trace_lets_nobody_in(archive: ImapStage, trace: bytes) -> None:
    client = await visitor(archive, trace)
    assert client.answer.startswith("a BAD")
    assert (await client.say('b LIST "" *'))[-1].startswith("b BAD")


async def test_so_many_visitors_and_no_more(archive: ImapStage) -> None:
    presence = Presence(1)
    clients = [await visitor(archive, presence=presence) for _ in range(VISITORS)]
    assert all(client.answer.startswith("a OK") for client in clients)
    assert (await visitor(archive, presence=presence)).answer.startswith("a NO [LIMIT]")
    assert (await archive.user(ALICE, presence=presence)).connection.closed == ""  # she is no visitor
