"""SEARCH: every key over one set of letters, on both engines; results in every form."""

import pytest

from imap_stage import ImapStage
from postroom.message.ids import IdKind, id_text
from postroom.message.summary import searched_text
from postroom.message.summary.searched_text import indexed_form
from postroom.serve.imap.conversation import slices
from postroom.serve.imap.searching import matching
from postroom.store.emails import expunge
from postroom.store.engine.transaction import Transaction
from postroom.store.mailboxes.rights import MailboxRef
from postroom.store.search.indexer import Indexer, Indexing
from postroom.store.search.postgres import PostgresSearch
from postroom.store.search.sqlite import SqliteSearch
from postroom.store.search.wordbook import IndexWordbook

DAY = 86_400_000_000
NOON = 1_749_988_800_000_000  # 2025-06-15 12:00 UTC

PLAIN = (
    b"From: Alice <alice@crepes.test>\r\nTo: bob@hamburger.test\r\nCc: Carol <carol@pizza.test>\r\nSubject: Ketchup today\r\n"
    b"Date: Sun, 15 Jun 2025 23:30:00 -0500\r\nMessage-ID: <1@crepes.test>\r\n\r\nDo you like ketchup?\r\n"
)
CODED = (
    b"From: =?utf-8?q?J=C3=BCrgen?= <j@kraut.test>\r\nTo: bob@hamburger.test, alice@crepes.test\r\nBcc: dave@secret.test\r\n"
    b"Subject: =?iso-8859-1?q?Gr=FC=DFe_aus_K=F6ln?=\r\nDate: Mon, 16 Jun 2025 01:00:00 +0200\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\nX-Spam: no\r\n\r\n"
    b"0J7RgtC/0YPRgdC6INCyINC40Y7QvdC1\r\n"  # Отпуск в июне
)
MIXED = (
    b"From: list@news.test\r\nTo: undisclosed:;\r\nSubject: Re: [news] pickles\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\npreamble word\r\n--b\r\nContent-Type: text/html\r\n'
    b"Content-Description: shopping\r\n\r\n<p>buy <b>mus</b>tard &amp; dill</p>\r\n--b\r\nContent-Type: message/rfc822\r\n\r\n"
    b"Subject: forwarded relish\r\n\r\nnested words\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\nketchup\r\n--b--\r\n"
)
BARE = b"Subject: no date\r\n\tat  all\r\nX-Empty:\r\n\r\nlast\r\n"
LETTERS = (PLAIN, CODED, MIXED, BARE)

KEYS = [
    ("ALL", [1, 2, 3, 4]),
    ("1", [1]),
    ("2:*", [2, 3, 4]),
    ("*", [4]),
    ("9:20", []),
    ("3:9", [3, 4]),
    ("UID 11,13", [1, 3]),
    ("UID 13:*", [3, 4]),
    ("UID 99:*", [4]),
    ("2,4 NOT 4", [2]),
    ("SEEN", [2]),
    ("UNSEEN", [1, 3, 4]),
    ("ANSWERED", [3]),
    ("UNANSWERED", [1, 2, 4]),
    ("FLAGGED", [3]),
    ("UNFLAGGED", [1, 2, 4]),
    ("DELETED", [4]),
    ("UNDELETED", [1, 2, 3]),
    ("DRAFT", [1]),
    ("UNDRAFT", [2, 3, 4]),
    ("KEYWORD $Junk", [2]),
    ("KEYWORD $jun", []),
    ("UNKEYWORD $JUNK", [1, 3, 4]),
    ("KEYWORD list", [2, 3]),
    ("RECENT", [1, 2, 3, 4]),
    ("OLD", []),
    ("NEW", [1, 3, 4]),
    ("BEFORE 15-Jun-2025", [1, 2]),
    ("ON 15-Jun-2025", [3, 4]),
    ('SINCE "15-Jun-2025"', [3, 4]),
    ("SENTON 15-Jun-2025", [1]),
    ("SENTON 16-Jun-2025", [2]),
    ("SENTBEFORE 16-Jun-2025", [1]),
    ("SENTSINCE 15-Jun-2025", [1, 2]),
    ("SAVEDON 1-Jan-2025", []),
    ("SAVEDSINCE 1-Jan-2025", [1, 2, 3, 4]),
    ("SAVEDBEFORE 1-Jan-2030", [1, 2, 3, 4]),
    ("SAVEDATESUPPORTED", [1, 2, 3, 4]),
    ("YOUNGER 86399", [3, 4]),
    ("OLDER 86400", [1, 2]),
    ("OLDER 86399", [1, 2]),
    ("YOUNGER 86400", [2, 3, 4]),
    (f"LARGER {len(PLAIN)}", [2, 3]),
    (f"SMALLER {len(PLAIN)}", [4]),
    (f"LARGER {len(PLAIN) - 1} SMALLER {len(PLAIN) + 1}", [1]),
    ("SMALLER 0", []),
    ("LARGER 9223372036854775807", []),
    ("SUBJECT ketchup", [1]),
    ("SUBJECT KETCHUP", [1]),
    ('SUBJECT "grüße"', [2]),
    ('SUBJECT "GRÜSSE AUS k"', [2]),
    ('SUBJECT ""', [1, 2, 3, 4]),
    ('FROM ""', [1, 2, 3]),
    ('TO ""', [1, 2, 3]),
    ('CC ""', [1]),
    ('BCC ""', [2]),
    ("TO undisclosed", [3]),
    ('SUBJECT "date  at all"', [4]),
    ('SUBJECT "date\tat"', [4]),
    ('HEADER Subject "date at all"', [4]),
    ('TEXT "date at all"', [4]),
    ("FROM alice", [1]),
    ('FROM "Alice <alice@"', [1]),
    ('FROM "JÜRGEN"', [2]),
    ("FROM kraut.test", [2]),
    ("TO alice", [2]),
    ("TO bob", [1, 2]),
    ("CC carol", [1]),
    ("BCC secret", [2]),
    ("BODY ketchup", [1]),
    ('BODY "отпуск"', [2]),
    ('BODY "ОТПУСК"', [2]),
    ("BODY mustard", [3]),
    ('BODY "& dill"', [3]),
    ("BODY relish", [3]),
    ("BODY nested", [3]),
    ("BODY shopping", []),
    ("BODY subject", [3]),
    ("BODY x", []),
    ("TEXT shopping", [3]),
    ("TEXT ketchup", [1]),
    ("TEXT x-spam", [2]),
    ("TEXT subject", [1, 2, 3, 4]),
    ("TEXT c:", [1, 2]),
    ("HEADER X-Spam no", [2]),
    ("HEADER x-spam yes", []),
    ('HEADER X-Empty ""', [4]),
    ('HEADER Date ""', [1, 2]),
    ("HEADER Message-Id 1@crepes", [1]),
    ("HEADER subject ketchup", [1]),
    ("HEADER content-description shopping", []),
    ("NOT FROM alice", [2, 3, 4]),
    ("NOT NOT FROM alice", [1]),
    ("OR FROM alice SEEN", [1, 2]),
    ("OR (FROM alice SEEN) DELETED", [4]),
    ("(SEEN)", [2]),
    ("UNSEEN UNDELETED BODY ketchup", [1]),
    ("NOT (OR SEEN DELETED)", [1, 3]),
    ("FUZZY SUBJECT ketchup", [1]),
    ("MODSEQ 1", [1, 2, 3, 4]),
    ('MODSEQ "/flags/\\\\seen" all 9223372036854775807', []),
    ("CHARSET utf-8 ALL", [1, 2, 3, 4]),
    ("EMAILID Nothing", []),
    ("EMAILID M0", []),
]


async def _letters(stage: ImapStage) -> None:
    """The letters under the uids 11 to 14, with flags and dates of their own."""
    for _ in range(10):
        await stage.deliver()
    first = await stage.deliver(PLAIN, flags=16, internaldate=NOON - DAY)
    ref = MailboxRef(first.account_id, first.mailbox_id)
    await stage.deliver(CODED, flags=1, keywords=("$junk", "list"), internaldate=stage.now - DAY)
    await stage.deliver(MIXED, flags=6, keywords=("list",), internaldate=stage.now)
    await stage.deliver(BARE, flags=8, internaldate=stage.now)
    await stage.store.engine.write(lambda tx: expunge.expunge(tx, ref, [(1, 10)], stage.now))


async def _index(stage: ImapStage, tmp_path: object) -> dict[str, object]:
    """The search index over what is there."""
    engine = stage.store.engine
    sqlite = type(engine).__name__ == "SqliteEngine"
    index = SqliteSearch.open(tmp_path) if sqlite else PostgresSearch(engine)  # type: ignore[arg-type]
    indexer = Indexer(Indexing(engine, index, stage.store.read_email, indexed_form, lambda: False))
    while await indexer.step():
        pass
    return {"wordbook": IndexWordbook(engine, index)}


@pytest.mark.parametrize("how", ["scanned", "indexed, and few are possible", "indexed, and many are"])
async def test_every_key(
    stage: ImapStage, how: str, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    await _letters(stage)
    more = await _index(stage, tmp_path) if "indexed" in how else {}
    if "many" in how:
        monkeypatch.setattr(matching, "FEW", -1)
    bob = await stage.user(select="INBOX", **more)
    failures = []
    for key, numbers in KEYS:
        said = (await bob.ok(f"SEARCH RETURN (ALL) {key}"))[-1]
        ranges = said.partition(" ALL ")[2].partition(" ")[0]
        found = [
            n
            for part in ranges.split(",")
            if part
            for n in range(int(part.partition(":")[0]), int(part.partition(":")[2] or part) + 1)
        ]
        if found != numbers:
            failures.append((key, found, numbers))
    assert not failures


async def test_the_forms_of_a_result(stage: ImapStage) -> None:
    await _letters(stage)
    bob = await stage.user(select="INBOX")
    assert await bob.ok("SEARCH ALL") == ["* SEARCH 1 2 3 4"]
    assert await bob.ok("UID SEARCH ALL") == ["* SEARCH 11 12 13 14"]
    assert await bob.ok("SEARCH SUBJECT nothing") == ["* SEARCH"]
    assert await bob.ok("SEARCH RETURN () ALL") == ['* ESEARCH (TAG "x") ALL 1:4']
    assert await bob.ok("UID SEARCH RETURN (MIN MAX COUNT) UNSEEN") == [
        '* ESEARCH (TAG "x") UID MIN 11 MAX 14 COUNT 3'
    ]
    assert await bob.ok("SEARCH RETURN (MIN MAX ALL) FROM nobody") == ['* ESEARCH (TAG "x")']
    assert await bob.ok("SEARCH RETURN (COUNT) FROM nobody") == ['* ESEARCH (TAG "x") COUNT 0']
    assert await bob.ok("SEARCH RETURN (PARTIAL 2:3) ALL") == ['* ESEARCH (TAG "x") PARTIAL (2:3 2:3)']
    assert await bob.ok("SEARCH RETURN (PARTIAL -1:-2) ALL") == ['* ESEARCH (TAG "x") PARTIAL (-1:-2 3:4)']
    assert await bob.ok("SEARCH RETURN (PARTIAL 9:12) ALL") == ['* ESEARCH (TAG "x") PARTIAL (9:12 NIL)']
    await bob.ok("ENABLE IMAP4rev2")
    assert await bob.ok("UID SEARCH UNSEEN") == ['* ESEARCH (TAG "x") UID ALL 11,13:14']


async def test_modseq_of_a_result(stage: ImapStage) -> None:
    await _letters(stage)
    bob = await stage.user(select="INBOX")
    highest, found = await bob.ok("SEARCH MODSEQ 1 3")
    assert highest.startswith("* OK [HIGHESTMODSEQ ")
    assert found.startswith("* SEARCH 3 (MODSEQ 1")
    assert await bob.ok("SEARCH MODSEQ 99999") == ["* SEARCH"]
    assert "MODSEQ" in (await bob.ok("SEARCH RETURN (COUNT) OR MODSEQ 1 SEEN"))[0]


@pytest.mark.parametrize("verb", ["SEARCH", "SORT"])
async def test_modseq_of_what_is_returned(stage: ImapStage, verb: str) -> None:
    """RFC 4731 §3.2: with MIN and MAX it is theirs, else that of all."""
    for _ in range(4):
        await stage.deliver()
    bob = await stage.user(select="INBOX (CONDSTORE)")
    await bob.ok("STORE 3 +FLAGS.SILENT (\\Seen)")
    lines = await bob.ok("FETCH 1:4 MODSEQ")
    modseqs = [int(line.rpartition("(")[2].rstrip(")")) for line in lines]
    assert max(modseqs) == modseqs[2]
    order = "(ARRIVAL) UTF-8 " if verb == "SORT" else ""
    for options, shown in {
        "MIN": {1},
        "MAX": {4},
        "MIN MAX": {1, 4},
        "MIN COUNT": {1, 2, 3, 4},
        "ALL MAX": {1, 2, 3, 4},
        "PARTIAL 1:2": {1, 2},
        "PARTIAL -1:-1 MIN": {1, 4},
    }.items():
        [line] = await bob.ok(f"{verb} RETURN ({options}) {order}MODSEQ 1")
        highest = max(modseqs[number - 1] for number in shown)
        assert line.endswith(f" MODSEQ {highest}"), options


async def test_the_saved_result(stage: ImapStage) -> None:
    await _letters(stage)
    bob = await stage.user(select="INBOX")
    assert await bob.ok("SEARCH RETURN (SAVE) UNSEEN") == []
    assert await bob.ok("SEARCH $") == ["* SEARCH 1 3 4"]
    assert await bob.ok("UID SEARCH UID $ DELETED") == ["* SEARCH 14"]
    assert await bob.ok("SEARCH NOT $") == ["* SEARCH 2"]
    for options, numbers in (
        ("SAVE MIN", "1"),
        ("SAVE MAX", "4"),
        ("MAX SAVE MIN", "1 4"),
        ("SAVE MIN COUNT", "1 3 4"),
        ("SAVE PARTIAL 2:2", "3"),
        ("SAVE PARTIAL 2:2 MAX", "3 4"),
        ("SAVE PARTIAL 2:2 COUNT", "1 3 4"),
    ):
        await bob.ok(f"SEARCH RETURN ({options}) UNSEEN")
        assert await bob.ok("SEARCH $") == [f"* SEARCH {numbers}"], options
    ref = bob.session._conversation.selected.ref
    await stage.store.engine.write(lambda tx: expunge.expunge(tx, ref, [(13, 13)], stage.now))
    await bob.ok("NOOP")
    assert await bob.ok("SEARCH $") == ["* SEARCH 1 3"]
    assert (await bob.say("x SEARCH RETURN (SAVE) CHARSET nonsense ALL"))[-1].startswith("x NO [BADCHARSET (")
    assert await bob.ok("SEARCH $") == ["* SEARCH"]
    await bob.ok("SEARCH RETURN (SAVE) ALL")
    assert (await bob.say("x SEARCH RETURN (SAVE) NONSENSE"))[-1].startswith("x BAD")
    assert await bob.ok("SEARCH $") == ["* SEARCH 1 2 3"]
    await bob.ok("SEARCH RETURN (SAVE) $ UNSEEN")
    assert await bob.ok("SEARCH $") == ["* SEARCH 1 3"]
    await bob.ok("SORT RETURN (SAVE) (REVERSE ARRIVAL) UTF-8 $ 3")
    assert await bob.ok("SEARCH $") == ["* SEARCH 3"]
    assert await bob.ok("UID SEARCH RETURN (SAVE ALL) OR $ SEEN") == ['* ESEARCH (TAG "x") UID ALL 12,14']
    await bob.ok('SETMETADATA "" (/private/filters/values/mine "SEEN")')
    assert (await bob.say("x SEARCH RETURN (SAVE) CHARSET KOI8-R FILTER mine"))[-1].startswith("x BAD")
    assert await bob.ok("SEARCH $") == ["* SEARCH 2 3"]
    assert (await bob.say("x SORT RETURN (SAVE) (DATE) nonsense ALL"))[-1].startswith("x NO")
    assert await bob.ok("SEARCH $") == ["* SEARCH"]
    await bob.ok("SEARCH RETURN (SAVE) ALL")
    await bob.ok("SELECT INBOX")
    assert await bob.ok("SEARCH $") == ["* SEARCH"]


async def test_charsets(stage: ImapStage) -> None:
    await _letters(stage)
    bob = await stage.user(select="INBOX")
    needle = "отпуск".encode("koi8-r")
    said = await bob.send(b"x SEARCH CHARSET KOI8-R BODY {%d+}\r\n%b\r\n" % (len(needle), needle))
    assert said.startswith(b"* SEARCH 2\r\n")
    said = await bob.send(b"x SEARCH BODY {%d+}\r\n%b\r\n" % (len(needle), needle))
    assert said.startswith(b"x BAD")
    assert (await bob.say('x SEARCH CHARSET rot13 SUBJECT "x"'))[-1].startswith(
        "x NO [BADCHARSET (UTF-8 US-ASCII"
    )
    await bob.ok("ENABLE UTF8=ACCEPT")
    assert (await bob.say("x SEARCH CHARSET utf-8 ALL"))[-1].startswith("x BAD")
    assert (await bob.say("x ESEARCH CHARSET utf-8 ALL"))[-1].startswith("x BAD")
    assert await bob.ok("SORT (ARRIVAL) UTF-8 ALL") == ["* SORT 1 2 3 4"]
    await bob.ok("ENABLE IMAP4rev2")
    assert await bob.ok("SEARCH CHARSET utf-8 4") == ['* ESEARCH (TAG "x") ALL 4']


async def test_ids(stage: ImapStage) -> None:
    await _letters(stage)
    bob = await stage.user(select="INBOX")
    row = await stage.store.engine.reading().fetchrow(
        "SELECT email_id, thread_id FROM messages WHERE uid = 13"
    )
    assert row is not None
    assert await bob.ok(f"SEARCH EMAILID {id_text(IdKind.EMAIL, row[0])}") == ["* SEARCH 3"]
    assert await bob.ok(f"SEARCH THREADID {id_text(IdKind.THREAD, row[1])}") == ["* SEARCH 3"]


async def test_a_search_sees_its_own_view(stage: ImapStage) -> None:
    """What came or went meanwhile is not told in a search by numbers; what came later is found once it was told."""
    await _letters(stage)
    bob = await stage.user(select="INBOX")
    assert await bob.ok("SEARCH SUBJECT ketchup") == ["* SEARCH 1"]
    await stage.deliver()
    assert (await bob.ok("SEARCH SUBJECT ketchup"))[0] == "* SEARCH 1"
    assert await bob.ok("SEARCH SUBJECT ketchup") == ["* SEARCH 1 5"]
    assert (await bob.ok("SEARCH ALL")) == ["* SEARCH 1 2 3 4 5"]


async def test_what_waits_to_be_indexed_is_found(stage: ImapStage, tmp_path: object) -> None:
    await _letters(stage)
    more = await _index(stage, tmp_path)
    await stage.deliver(b"Subject: late\r\n\r\nfresh ketchup\r\n")
    bob = await stage.user(select="INBOX", **more)
    assert await bob.ok("SEARCH BODY ketchup") == ["* SEARCH 1 5"]
    assert await bob.ok("SEARCH NOT BODY ketchup") == ["* SEARCH 2 3 4"]


async def test_what_the_index_does_not_keep_whole_is_read(
    stage: ImapStage, tmp_path: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(searched_text, "MAX_INDEXED", 500)
    await stage.deliver(b"Subject: long\r\n\r\n%b ketchup\r\n" % (b"word " * 500))
    await stage.deliver(b"Subject: short\r\n\r\nketchup\r\n")
    bob = await stage.user(select="INBOX", **await _index(stage, tmp_path))
    assert await bob.ok("SEARCH BODY ketchup") == ["* SEARCH 1 2"]
    assert await bob.ok("SEARCH BODY pickles") == ["* SEARCH"]
    assert await bob.ok("SEARCH BODY partly") == ["* SEARCH"]


async def test_an_index_that_was_lost_is_not_believed(stage: ImapStage, tmp_path: object) -> None:
    await _letters(stage)
    more = await _index(stage, tmp_path)
    index = more["wordbook"]._index  # type: ignore[attr-defined]
    await index.clear()
    bob = await stage.user(select="INBOX", **more)
    if not index.complete:
        assert await bob.ok("SEARCH BODY ketchup") == ["* SEARCH 1"]
    indexer = Indexer(
        Indexing(stage.store.engine, index, stage.store.read_email, indexed_form, lambda: False)
    )
    await indexer.rebuild()
    assert index.complete
    assert await bob.ok("SEARCH BODY ketchup") == ["* SEARCH 1"]


async def test_an_empty_mailbox(stage: ImapStage) -> None:
    bob = await stage.user(select="INBOX")
    for key in ("ALL", "1:*", "UID 1:*", "NOT SEEN", "BODY x", "$"):
        assert await bob.ok(f"SEARCH {key}") == ["* SEARCH"]


@pytest.mark.parametrize(
    "words",
    [
        "SEARCH",
        "SEARCH ",
        "SEARCH ()",
        "SEARCH ALL ",
        "SEARCH (ALL",
        "SEARCH NONSENSE",
        "SEARCH OR ALL",
        "SEARCH SINCE yesterday",
        "SEARCH SINCE 31-Feb-2025",
        "SEARCH LARGER -1",
        "SEARCH OLDER 0",
        "SEARCH RETURN (NONSENSE) ALL",
        "SEARCH RETURN (ALL PARTIAL 1:2) ALL",
        "SEARCH RETURN (PARTIAL 1:2 PARTIAL 3:4) ALL",
        "SEARCH RETURN (PARTIAL -1:2) ALL",
        "SEARCH RETURN (RELEVANCY) ALL",
        "SEARCH RETURN (ALL)",
        "SEARCH " + "NOT " * 10_000 + "ALL",
        "SEARCH " + "(" * 200 + "ALL" + ")" * 200,
        "SEARCH " + "OR ALL " * 200 + "ALL",
        "SEARCH" + " ALL" * 1001,
    ],
)
async def test_what_is_no_search(stage: ImapStage, words: str) -> None:
    bob = await stage.user(select="INBOX")
    assert (await bob.say(f"x {words}"))[-1].startswith("x BAD ")


async def test_the_limits_of_a_search(stage: ImapStage) -> None:
    bob = await stage.user(select="INBOX")
    await bob.ok("SEARCH" + " ALL" * 1000)
    await bob.ok("SEARCH " + "NOT " * 100 + "ALL")
    assert (await bob.say("x SEARCH " + "NOT " * 101 + "ALL"))[-1].startswith("x BAD ")


async def multiply(stage: ImapStage, size: int) -> None:
    """Copies of the one message under the uids up to `size`, by plain rows."""

    async def work(tx: Transaction) -> None:
        columns = "account_id, mailbox_id, uid, modseq, email_id, thread_id, size, flags, keywords, internaldate, savedate"
        row = await tx.fetchrow(f"SELECT {columns} FROM messages")
        assert row is not None
        await tx.executemany(
            f"INSERT INTO messages ({columns}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
            [(row[0], row[1], uid, *row[3:]) for uid in range(2, size + 1)],
        )
        await tx.execute("UPDATE emails SET copies = $1", size)
        counts = "UPDATE mailboxes SET uidnext = $1, n_total = $2 WHERE mailbox_id = $3"
        await tx.execute(counts, size + 1, size, row[1])

    await stage.store.engine.write(work)


@pytest.mark.parametrize("holes", [[], [(3, 5), (1400, 1500)]])
async def test_a_mailbox_of_many_slices(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch, holes: list[tuple[int, int]]
) -> None:
    """Wherever it is cut, the result is the same, and what needs the first or the last result only stops there."""
    monkeypatch.setattr(slices, "SLICE", 150)
    delivered = await stage.deliver(BARE)
    await multiply(stage, 2500)
    flagged = [7, 160, 1450, 2400, 2499]

    async def flag(tx: Transaction) -> None:
        await tx.executemany("UPDATE messages SET flags = 4 WHERE uid = $1", [(uid,) for uid in flagged])

    await stage.store.engine.write(flag)
    ref = MailboxRef(delivered.account_id, delivered.mailbox_id)
    if holes:
        await stage.store.engine.write(lambda tx: expunge.expunge(tx, ref, holes, stage.now))
    there = [uid for uid in flagged if not any(a <= uid <= b for a, b in holes)]
    for key in ("FLAGGED", "FLAGGED SUBJECT date", "FLAGGED UID 1:*", "OR FLAGGED SUBJECT nothing"):
        bob = await stage.user(select="INBOX")
        for options, found in (
            ("MIN", f"MIN {there[0]}"),
            ("MAX", f"MAX {there[-1]}"),
            ("COUNT", f"COUNT {len(there)}"),
            ("ALL", f"ALL {','.join(map(str, there))}"),
            ("PARTIAL 2:3", f"PARTIAL (2:3 {there[1]},{there[2]})"),
            ("PARTIAL -2:-3", f"PARTIAL (-2:-3 {there[-3]},{there[-2]})"),
            ("SAVE MAX", f"MAX {there[-1]}"),
        ):
            assert await bob.ok(f"UID SEARCH RETURN ({options}) {key}") == [
                f'* ESEARCH (TAG "x") UID {found}'
            ]
        assert await bob.ok("UID SEARCH $") == [f"* SEARCH {there[-1]}"]
    assert await bob.ok("UID SEARCH RETURN (COUNT) ALL") == [
        f'* ESEARCH (TAG "x") UID COUNT {2500 - sum(b - a + 1 for a, b in holes)}'
    ]
