"""Slices, what is kept of them, and messages that are too long for the memory."""

from __future__ import annotations

import base64
import re
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from imap_stage import Client, ImapStage
from postroom.message.summary.summary import VERSION, Summary, summarize
from postroom.proto.imap.answers import Answers
from postroom.serve.imap.conversation.rendered import MAX_SLICE, Rendered, Slice
from postroom.serve.imap.fetching import fetching
from postroom.serve.imap.fetching import slices as fetch_slices
from postroom.serve.imap.fetching.slices import AT_ONCE, FEW, HEAD, SLICE
from postroom.serve.imap.fetching.streaming import PIECE
from postroom.store.emails import expunge
from postroom.store.emails import fetching as stored
from postroom.store.emails.copying import copy
from postroom.store.emails.flagging import FlagChange, Mode, store_flags
from postroom.store.engine.postgres_options import PostgresOptions
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.rights import MailboxRef
from postroom.store.store import Store, StoreSettings

KEPT = "(UID FLAGS ENVELOPE MODSEQ)"


def ref_of(client: Client) -> MailboxRef:
    return client.session._conversation.selected.ref


async def _fill(stage: ImapStage, number: int) -> Client:
    """A session with a mailbox of several slices."""
    for _ in range(6):
        await stage.deliver()
    bob = await stage.user(select="INBOX")
    ref = ref_of(bob)
    total = 6
    while total < number:
        more = min(total, number - total)
        await stage.store.engine.write(
            lambda tx, more=more: copy(tx, ref, ref.mailbox_id, [(1, more)], stage.now)
        )
        total += more
    await bob.ok("NOOP")
    return bob


async def _fresh(stage: ImapStage, command: str) -> list[str]:
    """What a session says that has nothing kept."""
    return await (await stage.user(select="INBOX (CONDSTORE)")).ok(command)


async def _flag(stage: ImapStage, ref: MailboxRef, uid: int) -> None:
    asked = FlagChange(Mode.ADD, 4)
    await stage.store.engine.write(lambda tx: store_flags(tx, ref, [(uid, uid)], asked))


async def _expunge(stage: ImapStage, ref: MailboxRef, uid: int) -> None:
    await stage.store.engine.write(lambda tx: expunge.expunge(tx, ref, [(uid, uid)], stage.now))


async def test_lines_that_were_kept_are_as_rendered_anew(stage: ImapStage) -> None:
    """Through changes of flags, arrivals and expunges, some of them not told yet."""
    size = 2 * SLICE + 50
    bob = await _fill(stage, size)
    ref, command = ref_of(bob), f"UID FETCH 1:* {KEPT}"
    other = await stage.user(select="INBOX")
    assert len(await other.ok(command)) == size + 1  # with HIGHESTMODSEQ
    for step in (
        lambda: _flag(stage, ref, SLICE + 5),
        stage.deliver,
        lambda: _expunge(stage, ref, SLICE + 7),
        lambda: _flag(stage, ref, 3),
        lambda: _expunge(stage, ref, 1),
        stage.deliver,
    ):
        await step()
        await other.say(f"a FETCH 1:5 {KEPT}")
        await other.ok("NOOP")
        expected = await _fresh(stage, command)
        for _ in range(2):
            assert [line.replace("\\Recent", "") for line in await other.ok(command)] == expected


async def test_a_repeated_fetch_reads_no_rows(stage: ImapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = await _fill(stage, SLICE + 20)
    service = bob.session._conversation.service
    _, *before = await bob.ok(f"FETCH 1:* {KEPT}")
    assert service.rendered.octets > 10_000

    async def no_rows(*_: object) -> object:
        raise AssertionError("rows were read")

    with monkeypatch.context() as patch:
        patch.setattr(stored, "rows", no_rows)
        assert await bob.ok(f"FETCH 1:* {KEPT}") == before
    await _flag(stage, ref_of(bob), 2)
    reads = []
    real = stored.rows

    async def counted(tx: Transaction, ref: MailboxRef, asked: stored.Asked) -> object:
        reads.append(asked.span[0])
        return await real(tx, ref, asked)

    monkeypatch.setattr(stored, "rows", counted)
    assert len(await bob.ok(f"FETCH 1:* {KEPT}")) == SLICE + 21  # with the news of the flag
    assert reads == [1]


async def test_a_session_that_counts_otherwise_is_not_given_the_lines(stage: ImapStage) -> None:
    bob = await _fill(stage, 6)
    late = await stage.user(select="INBOX")
    await _expunge(stage, ref_of(bob), 2)
    await bob.ok("NOOP")
    assert [line.split()[1] for line in await bob.ok("FETCH 1:* (UID)")] == ["1", "2", "3", "4", "5"]
    lines = await late.say("a FETCH 1:* (UID)")
    assert lines[:-1] == [f"* {n} FETCH (UID {n})" for n in (1, 3, 4, 5, 6)]


async def test_lines_of_a_later_time_are_left_alone(stage: ImapStage) -> None:
    """On PostgreSQL a session may look at the mailbox as it was a moment ago, while another has rendered it as it is now."""
    bob = await _fill(stage, SLICE + 20)
    expected = await bob.ok("FETCH 1:* (UID)")
    (lines,) = bob.session._conversation.service.rendered._lines.values()
    kept = lines.slices[1]
    lines.slices[1] = kept._replace(data=b"* 1 FETCH (UID 77)\r\n")
    assert await bob.ok("FETCH 1:* (UID)") != expected
    lines.modseq += 1
    assert await bob.ok("FETCH 1:* (UID)") == expected
    assert lines.slices[1].data == b"* 1 FETCH (UID 77)\r\n"


async def test_recent_is_of_one_session(stage: ImapStage) -> None:
    await stage.deliver()
    bob = await stage.user(select="INBOX")
    alike = {"rendered": bob.session._conversation.service.rendered}
    assert await bob.ok("FETCH 1 FLAGS") == ["* 1 FETCH (FLAGS (\\Recent))"]
    second = await stage.user(select="INBOX", **alike)
    assert await second.ok("FETCH 1 FLAGS") == ["* 1 FETCH (FLAGS ())"]
    assert await bob.ok("FETCH 1 FLAGS") == ["* 1 FETCH (FLAGS (\\Recent))"]
    await stage.deliver()
    await second.ok("NOOP")
    assert await second.ok("FETCH 1:2 FLAGS") == ["* 1 FETCH (FLAGS ())", "* 2 FETCH (FLAGS (\\Recent))"]
    third = await stage.user(**alike)
    await third.ok("ENABLE IMAP4rev2")
    await third.ok("SELECT INBOX")
    assert await third.ok("FETCH 1:2 FLAGS") == ["* 1 FETCH (FLAGS ())", "* 2 FETCH (FLAGS ())"]


@pytest.mark.parametrize("step", [2, 5, 40])
async def test_ranges_with_gaps(stage: ImapStage, step: int) -> None:
    bob = await _fill(stage, 2 * SLICE + 90)
    wanted = list(range(1, 2 * SLICE + 90, step))
    for command in ("UID FETCH", "FETCH"):
        for attributes in ("UID", "BODY.PEEK[TEXT]<0.1>"):
            lines = await bob.ok(f"{command} {','.join(map(str, wanted))} {attributes}")
            assert [int(line.split()[1]) for line in lines if line.startswith("*")] == wanted


# ------------------------------------------------------------------------------------------------------------- what is kept


def test_the_most_that_is_kept() -> None:
    cache = Rendered(10_000)
    for key in range(20):
        lines = cache.lines(key, 10)
        for start in range(1, 40, 10):
            cache.put(lines, start, Slice(start + 9, False, start + 9, 0, b"x" * 500))
            assert cache.octets <= 10_000
    assert len(cache.lines(19, 10).slices) == 4
    assert cache.lines(0, 10).slices == {}


@pytest.mark.parametrize("size", [MAX_SLICE, MAX_SLICE + 1])
def test_the_largest_slice(size: int) -> None:
    cache = Rendered()
    lines = cache.lines("key", 0)
    cache.put(lines, 1, Slice(1, False, 1, 0, b"x" * size))
    assert bool(lines.slices) == (size == MAX_SLICE)


def test_lines_that_went_are_not_counted() -> None:
    cache = Rendered(5_000)
    gone = cache.lines("gone", 0)
    cache.put(gone, 1, Slice(1, False, 1, 0, b"x" * 1000))
    for key in range(30):
        cache.lines(key, 300)
    assert cache.octets <= 5_000
    cache.put(gone, 5, Slice(5, False, 5, 0, b"x" * 1000))
    cache.forget(gone)
    assert 0 <= cache.octets <= 5_000


# ------------------------------------------------------------------------------------------------------------- long messages


def long_message(size: int) -> bytes:
    picture = base64.encodebytes(bytes(range(256)) * (size // 512)).replace(b"\n", b"\r\n")
    text = b"caf=C3=A9 and a line =\r\nthat goes on\r\n" * (size // 80)
    return (
        b"From: Alice <alice@crepes.test>\r\nSubject: long\r\nX-Long: %b\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
        b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n%b\r\n--b\r\n"
        b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n%b\r\n"
        b"--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ninner text\r\n--b--\r\n"
    ) % (b"y" * 1000, picture, text)


ASKED = (
    "BODY.PEEK[] BODY.PEEK[1] BODY.PEEK[2]<100000.50000> BODY.PEEK[HEADER] BODY.PEEK[HEADER.FIELDS (SUBJECT)] BODY.PEEK[2.MIME] "
    "BODY.PEEK[3.HEADER] BODY.PEEK[3.1] BODY.PEEK[4] BINARY.PEEK[1] BINARY.PEEK[2] BINARY.PEEK[1]<70000.9> BINARY.SIZE[1] BINARY.SIZE[2] "
    "BODY.PEEK[TEXT]<999999999.1> ENVELOPE UID"
)


def expected(raw: bytes) -> bytes:
    """What is to be said of a long message, from parts cut out by hand."""
    head_end = raw.index(b"\r\n\r\n") + 4
    first = raw.index(b"base64\r\n\r\n") + 10
    second = raw.index(b"quoted-printable\r\n\r\n") + 20
    picture = raw[first : raw.index(b"\r\n--b", first)]
    text = raw[second : raw.index(b"\r\n--b", second)]
    binary, words = base64.b64decode(picture), text.replace(b"=\r\n", b"").replace(b"=C3=A9", "é".encode())
    mime = raw[raw.index(b"--b\r\nContent-Type: text/plain") + 5 : second]

    def said(label: bytes, value: bytes) -> bytes:
        return b"%b {%d}\r\n%b" % (label, len(value), value)

    return b" ".join(
        [
            said(b"BODY[]", raw),
            said(b"BODY[1]", picture),
            said(b"BODY[2]<100000>", text[100_000:150_000]),
            said(b"BODY[HEADER]", raw[:head_end]),
            said(b"BODY[HEADER.FIELDS (SUBJECT)]", b"Subject: long\r\n\r\n"),
            said(b"BODY[2.MIME]", mime),
            said(b"BODY[3.HEADER]", b"Subject: inner\r\n\r\n"),
            said(b"BODY[3.1]", b"inner text"),
            b"BODY[4] NIL",
            b"BINARY[1] ~{%d}\r\n%b" % (len(binary), binary),
            said(b"BINARY[2]", words),
            b"BINARY[1]<70000> ~{9}\r\n" + binary[70_000:70_009],
            b"BINARY.SIZE[1] %d" % len(binary),
            b"BINARY.SIZE[2] %d" % len(words),
            b"BODY[TEXT]<999999999> {0}\r\n",
        ]
    )


@pytest.fixture(params=["files", "rows"])
async def roomy(store_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[ImapStage]:
    """Long messages are files, or stay in their rows."""
    file_from = 262_144 if request.param == "files" else 1 << 30
    options = PostgresOptions(writers=4, readers=2)
    settings = StoreSettings(files=str(tmp_path / "files"), file_from=file_from, postgres=options)
    store = await Store.open(store_url, settings)
    yield await ImapStage.open(store)
    await store.close()


async def test_long_messages(roomy: ImapStage) -> None:
    raw = long_message(1_000_000)
    body = await roomy.store.durable(roomy.logins.people["bob@hamburger.test"], roomy.ids.next(), raw)
    filed = summarize(raw)
    await roomy.deliver(raw)
    if not isinstance(body, bytes):
        await _into_file(roomy, body)
    bob = await roomy.user(select="INBOX")
    watched = _watch(bob)
    said = await bob.send(f"a FETCH 1 ({ASKED})\r\n".encode())
    assert said.startswith(b"* 1 FETCH (")
    start = len(b"* 1 FETCH (")
    wanted = expected(raw)
    assert said[start : start + len(wanted)] == wanted
    assert said.endswith(b" ENVELOPE %b UID 1)\r\na OK Fetched\r\n" % filed.envelope)
    assert watched.most <= 3 * PIECE + AT_ONCE // 2


async def _into_file(stage: ImapStage, file: object) -> None:
    """The blob of the only message is the file that was made."""
    blob_id = file.blob_id  # type: ignore[attr-defined]

    async def work(tx: Transaction) -> None:
        await tx.execute("UPDATE blobs SET blob_id = $1, place = 1, data = NULL", blob_id)
        await tx.execute("UPDATE emails SET blob_id = $1", blob_id)

    await stage.store.engine.write(work)


class Watched(Answers):
    """Notes how many octets are queued at each time."""

    def __init__(self) -> None:
        super().__init__()
        self.most = 0

    def send(self, data: bytes) -> None:
        super().send(data)
        self.most = max(self.most, self.queued)


def _watch(client: Client) -> Watched:
    client.machine.out = Watched()
    return client.machine.out


async def test_many_messages_are_not_in_memory_together(stage: ImapStage) -> None:
    for _ in range(40):
        await stage.deliver(b"Subject: x\r\n\r\n" + b"y" * 60_000 + b"\r\n")
    bob = await stage.user(select="INBOX")
    watched = _watch(bob)
    said = await bob.send(b"a FETCH 1:* BODY.PEEK[]\r\n")
    assert len(said) > 40 * 60_000
    assert watched.most <= 2 * AT_ONCE


# ------------------------------------------------------------------------------------------------------ summaries of before


@pytest.mark.parametrize("spoilt", ["old", "none"])
async def test_a_summary_of_another_version_is_made_anew(stage: ImapStage, spoilt: str) -> None:
    raw = b"Subject: ketchup\r\n\r\nDo you like ketchup?\r\n"
    await stage.deliver(raw)
    old = msgspec.structs.replace(summarize(raw), version=VERSION - 1, envelope=b"(old)", sections=[])
    packed = old.pack() if spoilt == "old" else b"\xc1"

    async def spoil(tx: Transaction) -> None:
        await tx.execute("UPDATE emails SET summary = $1", packed)

    expected = await _fresh(stage, "FETCH 1 (ENVELOPE BODYSTRUCTURE PREVIEW BODY.PEEK[1])")
    await stage.store.engine.write(spoil)
    with pytest.raises(ValueError, match=r"version|MessagePack"):
        Summary.unpack(packed)
    found = await _fresh(stage, "FETCH 1 (ENVELOPE BODYSTRUCTURE PREVIEW BODY.PEEK[1])")
    assert found == expected
    assert re.search("ketchup", found[0])


@pytest.mark.parametrize("more", [0, 1])
async def test_long_summaries_are_read_one_at_a_time(stage: ImapStage, more: int) -> None:
    """At the limit together with others, above it alone; the answers are in their order, and the same."""
    await stage.deliver()
    names = 50
    while True:  # addresses make it longer by a few octets each
        raw = b"Subject: x\r\nTo: %b\r\n\r\ntext\r\n" % b", ".join(b"x%d@y.test" % n for n in range(names))
        short = stored.SHORT_SUMMARY - len(summarize(raw).pack())
        if short < 200:
            break
        names += 1
    raw = raw.replace(
        b"Subject: x", b"X: y\r\nDate: %b" % (b"z" * (short - 1 + more))
    )  # in the ENVELOPE alone
    assert len(summarize(raw).pack()) in range(
        stored.SHORT_SUMMARY - 20 + more, stored.SHORT_SUMMARY + 20 + more
    )
    await stage.deliver(raw)
    await stage.deliver()
    bob = await stage.user(select="INBOX")
    lines = await bob.ok("FETCH 1:3 ENVELOPE")
    assert [line.split()[1] for line in lines if line.startswith("*")] == ["1", "2", "3"]
    assert summarize(raw).envelope.decode() in "\r\n".join(lines)


async def test_a_header_longer_than_a_glance(roomy: ImapStage) -> None:
    """In its row, in a file, and with fields behind the first octets."""
    for size in (HEAD - 200, HEAD + 200, 3 * HEAD):
        await roomy.deliver(b"Subject: x\r\nX-Long: %b\r\nX-Last: y\r\n\r\ntext\r\n" % (b"z" * size))
    bob = await roomy.user(select="INBOX")
    fields = b"BODY[HEADER.FIELDS (X-LAST)] {13}\r\nX-Last: y\r\n\r\n"
    said = await bob.send(b"a FETCH 1:* BODY.PEEK[HEADER.FIELDS (X-LAST)]\r\n")
    assert said == b"".join(b"* %d FETCH (%b)\r\n" % (n, fields) for n in (1, 2, 3)) + b"a OK Fetched\r\n"


@pytest.mark.parametrize("attributes", ["FLAGS", "BODY[TEXT]<0.1>"])
async def test_many_changes(stage: ImapStage, monkeypatch: pytest.MonkeyPatch, attributes: str) -> None:
    """More than are looked up at once: the modseqs are looked at window by window."""
    monkeypatch.setattr(fetching, "CHANGED_AT_ONCE", 3)
    monkeypatch.setattr(fetch_slices, "WINDOW", 4)
    bob = await _fill(stage, 30)
    modseq = bob.session._conversation.selected.changed_modseq
    for uid in (2, 9, 10, 11, 29):
        await _flag(stage, ref_of(bob), uid)
    lines = await bob.ok(f"UID FETCH 1:28 {attributes} (CHANGEDSINCE {modseq})")
    fetched = [line for line in lines if "FETCH (" in line]
    assert [int(line.split()[1]) for line in fetched][:4] == [2, 9, 10, 11]
    flags = await (await stage.user(select="INBOX")).ok("FETCH 1:* FLAGS")
    seen = [int(line.split()[1]) for line in flags if "Seen" in line]
    assert seen == ([] if attributes == "FLAGS" else [2, 9, 10, 11])


async def test_who_may_only_read_leaves_messages_unseen(stage: ImapStage) -> None:
    """RFC 4314 §4: without the right s, \\Seen is not set; without r nothing is told."""
    await stage.deliver()
    bob = await stage.user(select="INBOX")
    alice, ref = stage.logins.people["alice@crepes.test"], ref_of(bob)
    bob.session._conversation.selected.ref = MailboxRef(ref.account_id, ref.mailbox_id, alice)

    async def grant(tx: Transaction, rights: str) -> None:
        await tx.execute("DELETE FROM acl")
        await tx.execute(
            "INSERT INTO acl (account_id, mailbox_id, grantee_id, rights) VALUES ($1, $2, $3, $4)",
            ref.account_id, ref.mailbox_id, alice, rights,
        )  # fmt: skip

    await stage.store.engine.write(lambda tx: grant(tx, "lr"))
    assert (await bob.ok("FETCH 1 BODY[1]<0.2>"))[-1] == "Do)"
    await stage.store.engine.write(lambda tx: grant(tx, "lrs"))
    assert (await bob.ok("FETCH 1 BODY[1]<0.2>"))[-1] == "Do FLAGS (\\Seen \\Recent))"
    assert await bob.ok("FETCH 1 FLAGS") == ["* 1 FETCH (FLAGS (\\Seen \\Recent))"]
    assert await (await stage.user(select="INBOX")).ok("FETCH 1 FLAGS") == [
        "* 1 FETCH (FLAGS ())"
    ]  # the owner has not seen it
    await stage.store.engine.write(lambda tx: grant(tx, "l"))
    assert await bob.say("a FETCH 1 (FLAGS BODY[])") == [
        "* BYE The selected mailbox is there no more",
        "a NO [NOPERM] Not permitted",
    ]


@pytest.mark.parametrize("what", ["ENVELOPE", "BODY.PEEK[HEADER.FIELDS (SUBJECT)]", "BODY.PEEK[HEADER]"])
@pytest.mark.parametrize("long", ["summary", "body", "both", "too long a summary"])
async def test_a_slice_with_something_long_is_kept(stage: ImapStage, what: str, long: str) -> None:
    """What had to be read alone is small when it is told; only what is long as it is told is not kept."""
    for _ in range(FEW):
        await stage.deliver()
    names = {"body": 1, "too long a summary": 1200}.get(long, 250)
    head = b"Subject: long\r\nTo: %b\r\n\r\n" % b", ".join(b"x%d@y.test" % n for n in range(names))
    await stage.deliver(head + b"y\r\n" * (1000 if long in ("body", "both") else 1))
    bob = await stage.user(select="INBOX")
    first = await bob.ok(f"FETCH 1:* ({what})")
    [lines] = bob.session._conversation.service.rendered._lines.values()
    assert bool(lines.slices) is (long != "too long a summary")
    assert await bob.ok(f"FETCH 1:* ({what})") == first
    assert len(first) > FEW


async def test_what_lies_between_changes_is_not_read(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two messages may be all that changed among twenty thousand, whose octets are no memory to be had at once."""
    bob = await _fill(stage, 100)
    modseq = re.search(r"MODSEQ \((\d+)\)", (await bob.ok("FETCH 100 MODSEQ"))[-1])
    assert modseq is not None
    for uid in (3, 5, 99):
        await _flag(stage, ref_of(bob), uid)
    read: list[int] = []
    real = stored.octets

    async def counted(
        tx: Transaction, ref: MailboxRef, span: tuple[int, int], *limits: int
    ) -> dict[int, bytes]:
        found = await real(tx, ref, span, *limits)
        read.extend(found)
        return found

    monkeypatch.setattr(stored, "octets", counted)
    monkeypatch.setattr(fetching, "CHANGED_AT_ONCE", 3)
    for section in ("BODY.PEEK[HEADER]", "BODY.PEEK[]"):
        lines = await bob.ok(f"UID FETCH 1:* {section} (CHANGEDSINCE {modseq[1]})")
        assert [line.split()[1] for line in lines if " FETCH (UID" in line and "BODY" in line] == [
            "3",
            "5",
            "99",
        ]
    assert sorted(set(read)) == [3, 4, 5, 99]
