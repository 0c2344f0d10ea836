"""SETACL and its kin, and what rights do to every other command."""

import pytest

from imap_stage import ALICE, BOB, ImapStage
from postroom.proto.imap.verbs import VERBS

SHARED = '"Other Users/alice@crepes.test/%s"'


async def test_the_owner_gives_and_takes(stage: ImapStage) -> None:
    alice = await stage.user(ALICE)
    assert await alice.ok("GETACL INBOX") == ['* ACL "INBOX" alice@crepes.test lrswipkxteacd']
    await alice.ok(f"SETACL INBOX {BOB} lrs")
    await alice.ok(f"SETACL INBOX {BOB} +wd")
    await alice.ok(f"SETACL INBOX {BOB} -s")
    await alice.ok("SETACL INBOX anyone l")
    await alice.ok(f"SETACL INBOX -{BOB} w")
    assert await alice.ok("GETACL INBOX") == [
        f'* ACL "INBOX" alice@crepes.test lrswipkxteacd anyone l {BOB} lrwted -{BOB} w'
    ]
    bob = await stage.user()
    assert await bob.ok("MYRIGHTS " + SHARED % "INBOX") == [f"* MYRIGHTS {SHARED % 'INBOX'} lrted"]
    await alice.ok(f"DELETEACL INBOX -{BOB}")
    await alice.ok(f"DELETEACL INBOX {BOB}")
    assert await alice.ok("GETACL INBOX") == ['* ACL "INBOX" alice@crepes.test lrswipkxteacd anyone l']


async def test_c_stands_for_k_and_x(stage: ImapStage) -> None:
    alice = await stage.user(ALICE)
    await alice.ok(f"SETACL INBOX {BOB} lc")
    assert (await alice.ok("GETACL INBOX"))[0].endswith(f" {BOB} lkxc")


async def test_the_owner_cannot_lock_himself_out(stage: ImapStage) -> None:
    alice = await stage.user(ALICE)
    for command in ("SETACL INBOX %s lr", "SETACL INBOX %s -a", "DELETEACL INBOX %s", "SETACL INBOX -%s a"):
        assert (await alice.say("a " + command % ALICE))[-1].startswith("a NO [CANNOT]")
    await alice.ok(f"SETACL INBOX {ALICE} lrswipkxtea")
    await alice.ok("SETACL INBOX -anyone lrswipkxtea")
    assert await alice.ok("MYRIGHTS INBOX") == ['* MYRIGHTS "INBOX" lrswipkxteacd']


async def test_listrights(stage: ImapStage) -> None:
    alice = await stage.user(ALICE)
    assert await alice.ok(f"LISTRIGHTS INBOX {BOB}") == [
        f'* LISTRIGHTS "INBOX" {BOB} "" l r s w i p k x t e a c d'
    ]
    assert await alice.ok(f"LISTRIGHTS INBOX {ALICE}") == [f'* LISTRIGHTS "INBOX" {ALICE} lrswipkxteacd']


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("SETACL INBOX bob@hamburger.test lrQ", "BAD"),
        ("SETACL INBOX bob@hamburger.test lrq", "BAD"),
        ("SETACL INBOX bob@hamburger.test 0", "BAD"),
        ('SETACL INBOX "" lr', "BAD"),
        ("SETACL INBOX - lr", "BAD"),
        ("SETACL INBOX nobody@hamburger.test lr", "NO [CANNOT]"),
        ("SETACL nowhere bob@hamburger.test lr", "NO [NONEXISTENT]"),
        ("SETACL INBOX bob@hamburger.test", "BAD"),
    ],
)
async def test_what_is_no_right(stage: ImapStage, command: str, answer: str) -> None:
    alice = await stage.user(ALICE)
    assert (await alice.say(f"a {command}"))[-1].startswith(f"a {answer}")


async def test_rights_go_on_to_new_mailboxes_below(stage: ImapStage) -> None:
    alice, bob = await stage.user(ALICE), await stage.user()
    await alice.ok("CREATE team")
    await alice.ok(f"SETACL team {BOB} lrk")
    await bob.ok("CREATE " + SHARED % "team/new")
    assert await bob.ok("MYRIGHTS " + SHARED % "team/new") == [f"* MYRIGHTS {SHARED % 'team/new'} lrkc"]
    await alice.ok("DELETE team/new")


# Every command that takes the name of a mailbox, RFC 4314 §6 and §4: without `l` nobody learns that it is there.
COMMANDS = [
    "SELECT %s",
    "EXAMINE %s",
    "DELETE %s",
    "RENAME %s elsewhere",
    "RENAME elsewhere %s",
    "RENAME INBOX %s",
    "CREATE %s",
    "CREATE %s/below",
    "SUBSCRIBE %s",
    "UNSUBSCRIBE %s",
    'LIST "" %s',
    'LSUB "" %s',
    'LIST (SUBSCRIBED) "" %s RETURN (MYRIGHTS)',
    "STATUS %s (MESSAGES)",
    "GETACL %s",
    "SETACL %s bob@hamburger.test lr",
    "DELETEACL %s bob@hamburger.test",
    "LISTRIGHTS %s bob@hamburger.test",
    "LISTRIGHTS %s nobody@hamburger.test",
    "MYRIGHTS %s",
    "GETQUOTAROOT %s",
    "GETMETADATA %s /private/comment",
    "GETMETADATA %s /shared/comment",
    'SETMETADATA %s (/private/comment "x")',
    "SETMETADATA %s (/shared/comment NIL)",
    "COPY 1 %s",
    "MOVE 1 %s",
    "ESEARCH IN (mailboxes %s) ALL",
    "ESEARCH IN (subtree %s) RETURN (COUNT) ALL",
    "APPEND %s {12+}\r\nSubject: x\r\n",
    "REPLACE 1 %s {12+}\r\nSubject: x\r\n",
    "UID REPLACE 1 %s {12+}\r\nSubject: x\r\n",
    "APPEND %s CATENATE (TEXT {12+}\r\nSubject: x\r\n)",
    "UID COPY 1 %s",
    "UID MOVE 1 %s",
    "RESETKEY %s",
    "NOTIFY SET STATUS (mailboxes %s (MessageNew MessageExpunge))",
    "NOTIFY SET STATUS (subtree %s (MessageNew MessageExpunge))",
    'LIST "" %s RETURN (STATUS (MESSAGES))',
    'LIST "" %s RETURN (METADATA (/shared/comment))',
    "SELECT %s (CONDSTORE)",
]
NAMELESS = {
    "AUTHENTICATE", "CANCELUPDATE", "CAPABILITY", "CHECK", "CLOSE", "COMPRESS", "ENABLE", "EXPUNGE", "FETCH", "GETJMAPACCESS", "GETQUOTA", "ID", "IDLE", "LANGUAGE", "LOGIN",
    "LOGOUT", "NAMESPACE", "NOOP", "SEARCH", "SETQUOTA", "SORT", "STARTTLS", "STORE", "THREAD", "UIDBATCHES", "UNAUTHENTICATE", "UNSELECT",
    "UID EXPUNGE", "UID FETCH", "UID SEARCH", "UID SORT", "UID STORE", "UID THREAD",
}  # fmt: skip
URLS = {"GENURLAUTH", "URLFETCH"}


def test_each_verb_with_a_name_is_tried() -> None:
    words = [command.split(" ") for command in COMMANDS]
    tried = {" ".join(one[:2]) if one[0] == "UID" else one[0] for one in words}
    assert {verb.decode() for verb in VERBS} - NAMELESS - URLS == tried


async def test_urls_of_a_foreign_mailbox_lead_nowhere(stage: ImapStage) -> None:
    alice, bob = await stage.user(ALICE), await stage.user()
    await alice.ok("CREATE secret")
    await alice.ok(f"SETACL secret {BOB} rswipkxtea")
    await alice.ok("APPEND secret {12+}\r\nSubject: x\r\n")
    answers = []
    for name in ("secret", "nowhere"):
        own = f"/Other%20Users/{ALICE}/{name}/;UID=1"
        hers = f"imap://alice%40crepes.test@mail.hamburger.test/{name}/;UID=1;URLAUTH=anonymous"
        for command in (
            f'APPEND INBOX CATENATE (URL "{own}")',
            f'GENURLAUTH "{hers}" INTERNAL',
            f'GENURLAUTH "imap://bob%40hamburger.test@mail.hamburger.test{own};URLAUTH=anonymous" INTERNAL',
            f'URLFETCH "{hers}:internal:01{"0" * 64}"',
        ):
            lines = await bob.say(f"a {command}")
            answers.append([line.replace(name, "NAME") for line in lines])
            assert not lines[-1].startswith("a OK") or lines[0].endswith(" NIL")
    assert answers[:4] == answers[4:]


@pytest.mark.parametrize("command", COMMANDS)
async def test_a_foreign_mailbox_without_l_is_not_there(stage: ImapStage, command: str) -> None:
    alice, bob = await stage.user(ALICE), await stage.user()
    await stage.deliver()
    await alice.ok("CREATE secret")
    await alice.ok("CREATE open")
    await alice.ok(f"SETACL secret {BOB} rswipkxtea")
    await alice.ok(f"SETACL open {BOB} l")
    await bob.ok("CREATE elsewhere")
    await bob.ok("SELECT INBOX")
    absent = '"Other Users/nobody@crepes.test/secret"'
    answers = []
    for name in (SHARED % "secret", SHARED % "nowhere", absent):
        written = name[:-1] + '/below"' if "/below" in command else name
        *lines, last = await bob.say("a " + command.replace("%s/below", written).replace("%s", written))
        answers.append([line.replace(written, "NAME") for line in (*lines, last)])
        await bob.ok("SELECT INBOX")
        await bob.say("b CREATE elsewhere")
    assert answers[0] == answers[1] == answers[2], answers
    assert "BAD" not in answers[0][-1]


@pytest.mark.parametrize(
    ("right", "command"),
    [
        ("r", "SELECT %s"),
        ("r", "EXAMINE %s"),
        ("r", "STATUS %s (MESSAGES)"),
        ("r", "GETQUOTAROOT %s"),
        ("r", "GETMETADATA %s /shared/comment"),
        ("w", 'SETMETADATA %s (/shared/comment "x")'),
        ("s", 'SETMETADATA %s (/private/comment "x")'),
        ("a", "GETACL %s"),
        ("a", "SETACL %s bob@hamburger.test +l"),
        ("a", "LISTRIGHTS %s bob@hamburger.test"),
        ("l", "MYRIGHTS %s"),
        ("l", "SUBSCRIBE %s"),
        ("k", "CREATE %s"),
        ("x", "DELETE %s"),
        ("i", "COPY 1 %s"),
    ],
)
async def test_each_right_is_needed_and_enough(stage: ImapStage, right: str, command: str) -> None:
    alice, bob = await stage.user(ALICE), await stage.user()
    await stage.deliver()
    await bob.ok("SELECT INBOX")
    await alice.ok("CREATE box")
    name = SHARED % ("box/new" if "CREATE" in command else "box")
    if right != "l":
        await alice.ok(f"SETACL box {BOB} l" + "".join(set("kx") - {right}))
        (*_, last) = await bob.say("a " + command % name)
        assert last.startswith("a NO [NOPERM]"), last
    await alice.ok(f"SETACL box {BOB} l{right}")
    await bob.ok(command % name)


async def test_a_reader_selects_and_sees_for_himself(stage: ImapStage) -> None:
    for _ in range(3):
        await stage.deliver(address=ALICE)
    alice = await stage.user(ALICE, select="INBOX")
    await alice.ok(f"SETACL INBOX {BOB} lrs")
    bob = await stage.user()
    lines = await bob.say(f"a SELECT {SHARED % 'INBOX'}")
    assert "* OK [PERMANENTFLAGS (\\Seen)] Flags that are kept" in lines
    assert lines[-1] == "a OK [READ-WRITE] Selected"
    again = await stage.user(select=SHARED % "INBOX")
    assert await bob.ok("STORE 1 +FLAGS (\\Seen \\Flagged)") == ["* 1 FETCH (UID 1 FLAGS (\\Seen))"]
    assert await again.ok("NOOP") == ["* 1 FETCH (UID 1 FLAGS (\\Seen))"]
    assert "* 1 FETCH (FLAGS (\\Seen" in "".join(await bob.ok("FETCH 1 FLAGS"))
    assert "\\Seen" not in "".join(await alice.ok("FETCH 1 FLAGS"))
    await alice.ok("STORE 2 +FLAGS (\\Seen \\Flagged)")
    assert await bob.ok("FETCH 1:3 FLAGS") == [
        "* 1 FETCH (FLAGS (\\Seen))",
        "* 2 FETCH (FLAGS (\\Flagged))",
        "* 3 FETCH (FLAGS ())",
        "* 2 FETCH (UID 2 FLAGS (\\Flagged))",
    ]
    assert await bob.ok(f"STATUS {SHARED % 'INBOX'} (UNSEEN)") == [f"* STATUS {SHARED % 'INBOX'} (UNSEEN 2)"]
    assert await alice.ok("STATUS INBOX (UNSEEN)") == ['* STATUS "INBOX" (UNSEEN 2)']
    assert await bob.ok("SEARCH UNSEEN") == ["* SEARCH 2 3"]
    assert await alice.ok("SEARCH UNSEEN") == ["* SEARCH 1 3"]
    await bob.ok("FETCH 3 BODY[]")
    assert await bob.ok(f"STATUS {SHARED % 'INBOX'} (UNSEEN)") == [f"* STATUS {SHARED % 'INBOX'} (UNSEEN 1)"]
    await bob.ok("STORE 1:3 -FLAGS.SILENT (\\Seen)")
    assert await bob.ok(f"STATUS {SHARED % 'INBOX'} (UNSEEN)") == [f"* STATUS {SHARED % 'INBOX'} (UNSEEN 3)"]
    assert (await bob.say("a STORE 1 +FLAGS (\\Flagged)"))[-1].startswith("a NO [NOPERM]")
    await bob.ok("CLOSE")


async def test_only_reading_is_read_only(stage: ImapStage) -> None:
    await stage.deliver(address=ALICE)
    alice, bob = await stage.user(ALICE), await stage.user()
    await alice.ok(f"SETACL INBOX {BOB} lr")
    assert (await bob.say(f"a SELECT {SHARED % 'INBOX'}"))[-1] == "a OK [READ-ONLY] Selected"
    await bob.ok("FETCH 1 BODY[]")
    assert await bob.ok(f"STATUS {SHARED % 'INBOX'} (UNSEEN)") == [f"* STATUS {SHARED % 'INBOX'} (UNSEEN 1)"]
    await alice.ok(f"SETACL INBOX {BOB} lrw")
    await bob.ok(f"SELECT {SHARED % 'INBOX'}")
    await bob.ok("CLOSE")  # without `e` nothing is expunged, and that is no error
    await bob.ok(f"SELECT {SHARED % 'INBOX'}")
    await alice.ok(f"DELETEACL INBOX {BOB}")
    assert any(line.startswith("* BYE") for line in await bob.say("a NOOP"))


async def test_who_copies_to_others_has_seen_what_he_had_seen(stage: ImapStage) -> None:
    for _ in range(2):
        await stage.deliver()
    alice, bob = await stage.user(ALICE), await stage.user(select="INBOX")
    await alice.ok("CREATE box")
    await alice.ok(f"SETACL box {BOB} lrsi")
    await bob.ok("STORE 1 +FLAGS (\\Seen)")
    await bob.ok("COPY 1:2 " + SHARED % "box")
    await alice.ok("SELECT box")
    assert await alice.ok("SEARCH UNSEEN") == ["* SEARCH 1 2"]
    await bob.ok("SELECT " + SHARED % "box")
    assert await bob.ok("SEARCH UNSEEN") == ["* SEARCH 2"]


async def test_news_of_a_shared_mailbox_reach_whoever_idles_in_it(stage: ImapStage) -> None:
    alice, bob = await stage.user(ALICE), await stage.user()
    await alice.ok(f"SETACL INBOX {BOB} lr")
    await bob.ok("SELECT " + SHARED % "INBOX")
    await bob.say("i IDLE")
    await stage.deliver(address=ALICE)
    assert "* 1 EXISTS" in await bob.told("RECENT")
    await bob.say("DONE")
