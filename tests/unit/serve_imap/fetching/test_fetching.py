"""FETCH and UID FETCH."""

import re

import msgspec
import pytest

from imap_stage import Client, ImapStage
from postroom.message.errors import NoSpace
from postroom.message.ids import IdKind, id_text
from postroom.message.journey.events import READ_TOGETHER, Connected, Handled, Hop, HopKind
from postroom.serve.imap.conversation.conversation import Conversation
from postroom.serve.imap.fetching import fetching
from postroom.store.emails import expunge
from postroom.store.engine.transaction import Transaction

LETTER = (
    b"From: Alice <alice@crepes.test>\r\nTo: bob@hamburger.test\r\nSubject: ketchup\r\nMessage-ID: <1@crepes.test>\r\n"
    b"\r\nDo you like ketchup?\r\n"
)


async def test_plain_attributes(stage: ImapStage) -> None:
    await stage.deliver(LETTER)
    bob = await stage.user(select="INBOX")
    assert await bob.ok("FETCH 1 FAST") == [
        f'* 1 FETCH (FLAGS (\\Recent) INTERNALDATE "15-Jun-2025 15:06:40 +0000" RFC822.SIZE {len(LETTER)})'
    ]
    assert await bob.ok("UID FETCH 1 ENVELOPE") == [
        (
            '* 1 FETCH (UID 1 ENVELOPE (NIL "ketchup" (("Alice" NIL "alice" "crepes.test")) (("Alice" NIL "alice" "crepes.test")) '
            '(("Alice" NIL "alice" "crepes.test")) ((NIL NIL "bob" "hamburger.test")) NIL NIL NIL "<1@crepes.test>"))'
        )
    ]
    assert await bob.ok("FETCH 1 (BODY BODYSTRUCTURE)") == [
        (
            '* 1 FETCH (BODY ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 22 1) '
            'BODYSTRUCTURE ("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 22 1 NIL NIL NIL NIL))'
        )
    ]


async def test_body_sets_seen_and_says_so(stage: ImapStage) -> None:
    await stage.deliver(LETTER)
    bob = await stage.user(select="INBOX")
    assert await bob.ok("FETCH 1 BODY.PEEK[TEXT]") == [
        "* 1 FETCH (BODY[TEXT] {22}",
        "Do you like ketchup?",
        ")",
    ]
    assert await bob.ok("FETCH 1 BODY[TEXT]") == [
        "* 1 FETCH (BODY[TEXT] {22}",
        "Do you like ketchup?",
        " FLAGS (\\Seen \\Recent))",
    ]
    assert await bob.ok("FETCH 1 BODY[TEXT]") == ["* 1 FETCH (BODY[TEXT] {22}", "Do you like ketchup?", ")"]


@pytest.mark.parametrize("filler", [10, 5_000])
async def test_whole_messages(stage: ImapStage, filler: int) -> None:
    raw = LETTER + b"x" * filler + b"\r\n"
    await stage.deliver(raw)
    bob = await stage.user(select="INBOX")
    said = await bob.send(b"a UID FETCH 1 (BODY.PEEK[] BODY.PEEK[HEADER.FIELDS (subject FROM)])\r\n")
    fields = b"From: Alice <alice@crepes.test>\r\nSubject: ketchup\r\n\r\n"
    assert said == (
        b"* 1 FETCH (UID 1 BODY[] {%d}\r\n%b BODY[HEADER.FIELDS (subject FROM)] {%d}\r\n%b)\r\na OK Fetched\r\n"
        % (len(raw), raw, len(fields), fields)
    )


async def test_what_extensions_add(stage: ImapStage) -> None:
    one = await stage.deliver(LETTER)
    bob = await stage.user(select="INBOX")
    email, thread = id_text(IdKind.EMAIL, one.email_id), id_text(IdKind.THREAD, one.thread_id)
    (line,) = await bob.ok("FETCH 1 (EMAILID THREADID SAVEDATE PREVIEW SNIPPET (LAZY=FUZZY))")
    assert line == (
        f'* 1 FETCH (EMAILID ({email}) THREADID ({thread}) SAVEDATE "15-Jun-2025 15:06:40 +0000" '
        'PREVIEW "Do you like ketchup?" SNIPPET (FUZZY "Do you like ketchup?"))'
    )


async def test_rfc822(stage: ImapStage) -> None:
    await stage.deliver(LETTER)
    bob = await stage.user(select="INBOX")
    head, text = LETTER[: LETTER.index(b"\r\n\r\n") + 4], b"Do you like ketchup?\r\n"
    assert await bob.send(b"a FETCH 1 RFC822.HEADER\r\n") == (
        b"* 1 FETCH (RFC822.HEADER {%d}\r\n%b)\r\na OK Fetched\r\n" % (len(head), head)
    )
    assert await bob.send(b"a FETCH 1 (RFC822 RFC822.TEXT)\r\n") == (
        b"* 1 FETCH (RFC822 {%d}\r\n%b RFC822.TEXT {22}\r\n%b FLAGS (\\Seen \\Recent))\r\na OK Fetched\r\n"
        % (len(LETTER), LETTER, text)
    )


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ("BODY[]<0.5>", "BODY[]<0> {5}\r\nFrom:"),
        ("BODY[TEXT]<18.100>", "BODY[TEXT]<18> {4}\r\np?\r\n"),
        ("BODY[TEXT]<22.1>", "BODY[TEXT]<22> {0}\r\n"),
        ("BODY[TEXT]<9999999999.9999999999>", "BODY[TEXT]<9999999999> {0}\r\n"),
        ("BODY[HEADER.FIELDS (subject)]<3.4>", "BODY[HEADER.FIELDS (subject)]<3> {4}\r\nject"),
        ("BODY[2]", "BODY[2] NIL"),
        ("BODY[2]<0.5>", "BODY[2]<0> NIL"),
        ("BODY[1.HEADER]", "BODY[1.HEADER] NIL"),
        ("BODY[1.1.1.1]", "BODY[1.1.1.1] NIL"),
        ("BINARY[2]", "BINARY[2] NIL"),
        ("BINARY.SIZE[2]", "BINARY.SIZE[2] 0"),
        ("BINARY.SIZE[1]", "BINARY.SIZE[1] 22"),
    ],
)
@pytest.mark.parametrize("filler", [0, 3000])
async def test_partials_and_nothing(stage: ImapStage, asked: str, answer: str, filler: int) -> None:
    """The same of a message in its row and of one in a file."""
    raw = LETTER.replace(b"\r\n\r\n", b"\r\nX-Filler: %b\r\n\r\n" % (b"x" * filler)) if filler else LETTER
    await stage.deliver(raw)
    bob = await stage.user()
    await bob.ok("EXAMINE INBOX")
    said = await bob.send(b"a FETCH 1 %b\r\n" % asked.encode())
    assert said == b"* 1 FETCH (%b)\r\na OK Fetched\r\n" % answer.encode()


BINARIES = (
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAECAwQ=\r\n%b\r\n"
    b"--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\ncaf=C3=A9=0Aau lait\r\n"
    b"--b\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: x-odd\r\n\r\nAAEC\r\n"
    b"--b--\r\n"
)


@pytest.mark.parametrize("filler", [b"", b"=" * 4000])
async def test_binary(stage: ImapStage, filler: bytes) -> None:
    await stage.deliver(BINARIES % filler)
    bob = await stage.user()
    await bob.ok("EXAMINE INBOX")
    assert await bob.send(b"a FETCH 1 (BINARY.SIZE[1] BINARY[1] BINARY.PEEK[1]<1.2>)\r\n") == (
        b"* 1 FETCH (BINARY.SIZE[1] 5 BINARY[1] ~{5}\r\n\x00\x01\x02\x03\x04 BINARY[1]<1> {2}\r\n\x01\x02)\r\na OK Fetched\r\n"
    )
    assert await bob.send(b"a FETCH 1 (BINARY.SIZE[2] BINARY[2])\r\n") == (
        b"* 1 FETCH (BINARY.SIZE[2] 14 BINARY[2] {14}\r\ncaf\xc3\xa9\r\nau lait)\r\na OK Fetched\r\n"
    )
    for asked in ("BINARY[3]", "BINARY.SIZE[3]"):
        assert await bob.say(f"a FETCH 1 {asked}") == [
            "a NO [UNKNOWN-CTE] A part is encoded in a way that is unknown here"
        ]
    assert (await bob.ok("FETCH 1 BODY[3]"))[1:] == ["AAEC)"]


async def test_a_message_that_could_not_be_sent_is_told_to_be_seen(stage: ImapStage) -> None:
    await stage.deliver(BINARIES % b"")
    bob = await stage.user(select="INBOX")
    assert await bob.say("a FETCH 1 BINARY[3]") == [
        "* 1 FETCH (UID 1 FLAGS (\\Seen \\Recent))",
        "a NO [UNKNOWN-CTE] A part is encoded in a way that is unknown here",
    ]


async def test_a_thousand_times_the_same(stage: ImapStage) -> None:
    await stage.deliver(LETTER)
    bob = await stage.user(select="INBOX")
    said = await bob.send(b"a FETCH 1 (%b)\r\n" % b" ".join([b"BODY.PEEK[]"] * 1000))
    assert said.count(b"ketchup?") == 1


async def test_numbers_that_are_none(stage: ImapStage) -> None:
    bob = await stage.user(select="INBOX")
    assert await bob.ok("FETCH 1:* FLAGS") == []
    assert await bob.say("a FETCH 1 FLAGS") == ["a BAD There is no message with such a number"]
    assert await bob.ok("UID FETCH 1:* FLAGS") == []
    await stage.deliver(LETTER)
    await bob.ok("NOOP")
    assert await bob.say("a FETCH 2:4 FLAGS") == ["a BAD There is no message with such a number"]
    assert await bob.ok("UID FETCH 2:4294967295 FLAGS") == []
    assert len(await bob.ok("UID FETCH 2:* FLAGS")) == 1  # 1:2, RFC 9051 §9


# ------------------------------------------------------------------------------------------------------------------------- \Seen


async def test_seen_is_one_change_and_others_hear_of_it(stage: ImapStage) -> None:
    for _ in range(3):
        await stage.deliver(LETTER)
    bob, other = await stage.user(select="INBOX"), await stage.user(select="INBOX")
    await bob.ok("FETCH 2 BODY[TEXT]<0.1>")
    await other.ok("NOOP")
    lines = await bob.ok("FETCH 1:* BODY[TEXT]<0.1>")
    assert [line.endswith("FLAGS (\\Seen \\Recent))") for line in lines if line.startswith("D")] == [
        True,
        False,
        True,
    ]
    told = await other.ok("NOOP")
    assert told == [f"* {n} FETCH (UID {n} FLAGS (\\Seen))" for n in (1, 3)]
    enabled, *modseqs = await other.ok("FETCH 1:3 MODSEQ")
    assert enabled.startswith("* OK [HIGHESTMODSEQ "), enabled  # RFC 7162 §3.1: the first that asks for it
    assert modseqs[0].split("MODSEQ")[1] == modseqs[2].split("MODSEQ")[1] != modseqs[1].split("MODSEQ")[1]


async def test_what_a_client_did_not_stay_to_read_is_not_seen(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many messages only those are marked that are about to be sent: else a line that breaks leaves new mail that looks read."""
    monkeypatch.setattr(fetching, "MARKED_AT_ONCE", 2)
    for _ in range(5):
        await stage.deliver(LETTER)
    limits = msgspec.structs.replace(stage.config.limits, queued=4)
    bob = await stage.user(select="INBOX", config=msgspec.structs.replace(stage.config, limits=limits))

    async def left() -> None:
        raise ConnectionResetError

    with monkeypatch.context() as patch:
        patch.setattr(bob.connection, "drained", left)
        with pytest.raises(ConnectionResetError):
            await bob.say("a FETCH 1:* BODY[]")
    other = await stage.user(select="INBOX")
    assert ["\\Seen" in line for line in await other.ok("FETCH 1:* FLAGS")] == [
        True,
        True,
        False,
        False,
        False,
    ]
    said = "\n".join(await other.ok("UID FETCH 1,3:* BODY[TEXT]<0.1>"))
    assert said.count("FLAGS (\\Seen)") == 3
    assert said.count("BODY[TEXT]<0> {1}") == 4


async def test_mail_can_be_read_where_nothing_can_be_written(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a full disk: who cannot read cannot see what to delete. It stays unseen."""
    await stage.deliver(LETTER)
    bob = await stage.user(select="INBOX")

    async def full(*_: object) -> None:
        raise NoSpace

    monkeypatch.setattr(Conversation, "write", full)
    assert (await bob.ok("FETCH 1 BODY[TEXT]<0.2>"))[-1] == "Do)"
    assert await bob.ok("FETCH 1 FLAGS") == ["* 1 FETCH (FLAGS (\\Recent))"]


async def test_seen_with_condstore_tells_uid_and_modseq(stage: ImapStage) -> None:
    """RFC 7162 §3.2.4."""
    await stage.deliver(LETTER)
    bob = await stage.user()
    await bob.ok("SELECT INBOX (CONDSTORE)")
    *_, last = await bob.ok("FETCH 1 BODY[1]<0.2>")
    assert re.fullmatch(r"Do UID 1 FLAGS \(\\Seen \\Recent\) MODSEQ \(\d+\)\)", last), last


async def test_examine_and_peek_leave_messages_unseen(stage: ImapStage) -> None:
    await stage.deliver(LETTER)
    bob = await stage.user()
    await bob.ok("EXAMINE INBOX")
    await bob.ok("FETCH 1 (BODY[] RFC822 BINARY[1])")
    await bob.ok("SELECT INBOX")
    await bob.ok("FETCH 1 (BODY.PEEK[] RFC822.HEADER BINARY.PEEK[1] BINARY.SIZE[1])")
    assert await bob.ok("FETCH 1 FLAGS") == ["* 1 FETCH (FLAGS (\\Recent))"]


async def test_changedsince_leaves_what_did_not_change_unseen(stage: ImapStage) -> None:
    await stage.deliver(LETTER)
    bob = await stage.user(select="INBOX")
    modseq = int((await bob.ok("FETCH 1 MODSEQ"))[-1].split("(")[2].split(")")[0])
    await stage.deliver(LETTER)
    await bob.ok("NOOP")
    lines = await bob.ok(f"FETCH 1:2 BODY[TEXT]<0.1> (CHANGEDSINCE {modseq})")
    assert [line for line in lines if "FETCH" in line] == ["* 2 FETCH (BODY[TEXT]<0> {1}"]
    flags = await bob.ok("FETCH 1:2 FLAGS")
    assert ["\\Seen" in line for line in flags] == [False, True]


# ------------------------------------------------------------------------------------------------------------------ what has gone


async def _expunge(stage: ImapStage, bob: Client, *uids: int) -> None:
    ref = bob.session._conversation.selected.ref
    change = await stage.store.engine.write(
        lambda tx: expunge.expunge(tx, ref, [(uid, uid) for uid in uids], stage.now)
    )
    stage.store.changes.publish([change])


@pytest.mark.parametrize("asked", ["FLAGS", "BODY.PEEK[TEXT]", "BODY[TEXT]", "ENVELOPE"])
async def test_expunged_by_another_session(stage: ImapStage, asked: str) -> None:
    """RFC 5530 §3: what is there is answered, and EXPUNGE waits for a command that may tell of it."""
    for _ in range(4):
        await stage.deliver()
    bob = await stage.user(select="INBOX")
    await _expunge(stage, bob, 1, 3)
    lines = await bob.say(f"a FETCH 1:4 {asked}")
    assert [line.split()[1] for line in lines if line.startswith("*")] == ["2", "4"]
    assert lines[-1] == "a NO [EXPUNGEISSUED] Some of the messages have been expunged"
    lines = await bob.say(f"a UID FETCH 1:4 (UID {asked})")
    numbers = [line.split()[1:3] for line in lines if line.startswith("*")]
    assert numbers == [["2", "FETCH"], ["4", "FETCH"], ["3", "EXPUNGE"], ["1", "EXPUNGE"]]
    lines = await bob.say(f"a FETCH 1:2 {asked}")
    assert [line.split()[1] for line in lines if line.startswith("*")] == ["1", "2"]


async def test_vanished(stage: ImapStage) -> None:
    """RFC 7162 §3.2.6, also with what has gone while the session still counts it."""
    for _ in range(8):
        await stage.deliver()
    bob = await stage.user()
    assert await bob.say("a UID FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)") == [
        "a BAD Select a mailbox first"
    ]
    await bob.ok("SELECT INBOX (CONDSTORE)")
    assert await bob.say("a UID FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)") == [
        "a BAD VANISHED needs ENABLE QRESYNC"
    ]
    await bob.ok("ENABLE QRESYNC")
    modseq = max(int(line.split("(")[2].split(")")[0]) for line in await bob.ok("FETCH 1:* MODSEQ"))
    await _expunge(stage, bob, 2, 3, 6)
    await bob.ok("NOOP")
    await _expunge(stage, bob, 7)
    assert await bob.ok(f"UID FETCH 1:* FLAGS (CHANGEDSINCE {modseq} VANISHED)") == [
        "* VANISHED (EARLIER) 2:3,6",
        "* VANISHED 7",
    ]
    assert await bob.ok(f"UID FETCH 3:6 UID (VANISHED CHANGEDSINCE {modseq})") == ["* VANISHED (EARLIER) 3,6"]
    assert (await bob.ok("UID FETCH 1:4 FLAGS (CHANGEDSINCE 1 VANISHED)"))[0] == "* VANISHED (EARLIER) 2:3"


async def test_vanished_below_the_floor(stage: ImapStage) -> None:
    """Nobody knows any more when they went: all that is not there is told (RFC 7162 §3.2.6)."""
    for _ in range(5):
        await stage.deliver()
    bob = await stage.user()
    await bob.ok("ENABLE QRESYNC")
    await bob.ok("SELECT INBOX")
    await _expunge(stage, bob, 2, 4)
    await bob.ok("NOOP")
    modseq = bob.session._conversation.selected.gone_modseq

    async def forget(tx: Transaction) -> None:
        await tx.execute("DELETE FROM vanished")
        await tx.execute("UPDATE mailboxes SET vanished_floor = $1", modseq)

    await stage.store.engine.write(forget)
    lines = await bob.ok(f"UID FETCH 1:* UID (CHANGEDSINCE {modseq - 1} VANISHED)")
    assert lines == ["* VANISHED (EARLIER) 2,4"]
    assert await bob.ok(f"UID FETCH 1:* UID (CHANGEDSINCE {modseq} VANISHED)") == []


@pytest.mark.parametrize(
    ("asked", "uids"),
    [
        ("1:* UID (PARTIAL 1:2)", [1, 3]),
        ("1:* UID (PARTIAL -1:-2)", [8, 7]),
        ("1:* UID (PARTIAL 6:100)", [8]),
        ("1:* UID (PARTIAL 7:100)", []),
        ("1:* UID (PARTIAL -6:-100)", [1]),
        ("3:7 UID (PARTIAL 2:3)", [5, 6]),
        ("1:4,6:7 UID (PARTIAL -2:-3)", [6, 3]),
        ("1:* UID (PARTIAL -1:-4 CHANGEDSINCE 0)", [8, 7, 6, 5]),
    ],
)
async def test_partial(stage: ImapStage, asked: str, uids: list[int]) -> None:
    """RFC 9394 §3.3, over 1, 3, 5, 6, 7, 8."""
    for _ in range(8):
        await stage.deliver()
    bob = await stage.user(select="INBOX")
    await _expunge(stage, bob, 2, 4)
    await bob.ok("NOOP")
    lines = await bob.ok(f"UID FETCH {asked}")
    fetched = [line for line in lines if "FETCH" in line]
    assert [int(line.split("UID ")[1].rstrip(")").split()[0]) for line in fetched] == sorted(uids)


# RFC 9051 §8: the message of its example; the date of the answer's INTERNALDATE is told in UTC here
EXAMPLE_HEADER = (
    b"Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\n"
    b"From: Terry Gray <gray@cac.washington.edu>\r\n"
    b"Subject: IMAP4rev2 WG mtg summary and minutes\r\n"
    b"To: imap@cac.washington.edu\r\n"
    b"cc: minutes@CNRI.Reston.VA.US, John Klensin <KLENSIN@MIT.EDU>\r\n"
    b"Message-Id: <B27397-0100000@cac.washington.edu>\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: TEXT/PLAIN; CHARSET=US-ASCII\r\n\r\n"
)
EXAMPLE_FULL = (
    '* 1 FETCH (FLAGS (\\Seen) INTERNALDATE "17-Jul-1996 09:44:25 +0000" RFC822.SIZE 3370 ENVELOPE ('
    '"Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" '
    '(("Terry Gray" NIL "gray" "cac.washington.edu")) (("Terry Gray" NIL "gray" "cac.washington.edu")) '
    '(("Terry Gray" NIL "gray" "cac.washington.edu")) ((NIL NIL "imap" "cac.washington.edu")) '
    '((NIL NIL "minutes" "CNRI.Reston.VA.US")("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL '
    '"<B27397-0100000@cac.washington.edu>") BODY ("text" "plain" ("charset" "US-ASCII") NIL NIL "7bit" 3028 92))'
)


async def test_the_example_of_rfc_9051(stage: ImapStage) -> None:
    body = b"x" * (3028 - 91 * 32 - 2) + b"\r\n" + (b"x" * 30 + b"\r\n") * 91
    await stage.deliver(EXAMPLE_HEADER + body, flags=1, internaldate=837_596_665_000_000)
    bob = await stage.user()
    await bob.ok("ENABLE IMAP4rev2")
    await bob.ok("SELECT INBOX")
    assert await bob.ok("fetch 1 full") == [EXAMPLE_FULL]
    assert len(EXAMPLE_HEADER) == 342
    assert await bob.send(b"a004 fetch 1 body[header]\r\n") == (
        b"* 1 FETCH (BODY[HEADER] {342}\r\n" + EXAMPLE_HEADER + b")\r\na004 OK Fetched\r\n"
    )


@pytest.mark.parametrize("length", [200, 201])
async def test_a_preview_has_at_most_200_characters(stage: ImapStage, length: int) -> None:
    """RFC 8970 §3.3."""
    await stage.deliver("Content-Type: text/plain; charset=utf-8\r\n\r\n{}\r\n".format("é" * length).encode())
    bob = await stage.user(select="INBOX")
    assert await bob.send(b"a FETCH 1 PREVIEW\r\n") == (
        b"* 1 FETCH (PREVIEW {400}\r\n%b)\r\na OK Fetched\r\n" % ("é" * 200).encode()
    )


async def test_who_reads_is_noted_for_the_journey(stage: ImapStage) -> None:
    """A message is read when its body is fetched for the first time (RFC 9051 §2.3.2); peeking, fetching again, and looking on are not."""
    noted: list[tuple[int, Hop]] = []
    for _ in range(2):
        await stage.deliver(LETTER)
    bob = await stage.user(select="INBOX")
    bob.session._conversation.service.note = lambda _account, email_id, hop: noted.append((email_id, hop))
    await bob.ok("FETCH 1 BODY.PEEK[]")
    assert noted == []
    await bob.ok("FETCH 1 BODY[]")
    await bob.ok("FETCH 1 BODY[]")
    ((_, hop),) = noted
    assert hop.kind is HopKind.READ
    assert hop.events[0] == Connected(0, "imap", "192.0.2.7:4711", "192.0.2.1:143")
    assert hop.events[-1] == Handled(0, "retrieved", "bob@hamburger.test", "INBOX")
    await bob.ok("EXAMINE INBOX")
    await bob.ok("FETCH 2 BODY[]")
    assert len(noted) == 1


@pytest.mark.parametrize("number", [READ_TOGETHER, READ_TOGETHER + 1])
async def test_a_program_that_fetches_everything_is_no_reader(stage: ImapStage, number: int) -> None:
    noted: list[int] = []
    for _ in range(number):
        await stage.deliver(LETTER)
    bob = await stage.user(select="INBOX")
    bob.session._conversation.service.note = lambda _account, email_id, _hop: noted.append(email_id)
    await bob.ok("FETCH 1:* BODY[]")
    assert len(set(noted)) == (number if number == READ_TOGETHER else 0)
