"""Email/query and Email/queryChanges (RFC 8621 §4.4, §4.5)."""

import random
from pathlib import Path
from typing import Any

import pytest

from jmap_stage import ALICE, BOB, JmapClient, JmapStage
from postroom.message.ids import IdKind, id_text
from postroom.message.summary.searched_text import indexed_form
from postroom.serve.jmap.mail.email_filter import keyword_in_threads
from postroom.store.emails.roster import Entry, Roster
from postroom.store.search.indexer import Indexer, Indexing
from postroom.store.search.postgres import PostgresSearch
from postroom.store.search.sqlite import SqliteSearch
from postroom.store.search.wordbook import IndexWordbook

MINUTE = 60_000_000


def letter(number: int, subject: str = "", body: str = "", *fields: str, reply_to: int = 0) -> bytes:
    lines = [f"Message-ID: <{number}@a>", f"Subject: {subject or f'letter {number}'}", *fields]
    lines += [f"In-Reply-To: <{reply_to}@a>"] if reply_to else []
    return ("\r\n".join([*lines, "", body])).encode()


class Box:
    """Letters by number, a minute apart."""

    def __init__(self, stage: JmapStage) -> None:
        self.stage = stage
        self.client = stage.jmap()
        self.names: dict[str, str] = {}

    async def put(self, name: str, raw: bytes, **other: Any) -> str:
        at = self.stage.now + len(self.names) * MINUTE
        delivered = await self.stage.deliver(raw, **{"internaldate": at, **other})
        email_id = id_text(IdKind.EMAIL, delivered.email_id)
        self.names[email_id] = name
        return email_id

    async def found(self, **arguments: Any) -> str:
        told = await self.client.call("Email/query", **arguments)
        return "".join(self.names[one] for one in told["ids"])

    async def mailbox(self, role: str) -> str:
        got = await self.client.call("Mailbox/query", filter={"role": role})
        one: str = got["ids"][0]
        return one


@pytest.fixture
async def box(stage: JmapStage) -> Box:
    box = Box(stage)
    await box.put("a", letter(1, "ketchup", "Do you like pickles?", "From: Alice <alice@a>", "To: bob@b"))
    await box.put("b", letter(2, "Re: ketchup", "No", "From: bob@b", "To: Alice <alice@a>", reply_to=1))
    await box.put(
        "c",
        letter(
            3,
            "dinner",
            "<p>" + "x" * 5000,
            "From: Zoë <zoe@a>",
            "Cc: carol@c",
            "X-Mood: fine day",
            "Content-Type: text/html",
        ),
    )
    await box.put(
        "d",
        letter(
            4, "Ärger", "Grüße", "From: alfred@a", "Bcc: dave@d", "Content-Type: text/plain; charset=utf-8"
        ),
    )
    return box


async def test_order_and_windows(box: Box) -> None:
    assert await box.found() == "dcba"
    assert await box.found(sort=[{"property": "receivedAt"}]) == "abcd"
    assert await box.found(position=1, limit=2) == "cb"
    assert await box.found(position=-1) == "a"
    ids = {name: email_id for email_id, name in box.names.items()}
    assert await box.found(anchor=ids["b"], anchorOffset=-1, limit=2) == "cb"
    told = await box.client.call("Email/query", calculateTotal=True, limit=1, collapseThreads=True)
    assert (told["total"], told["position"], told["canCalculateChanges"]) == (3, 0, True)
    assert await box.found(collapseThreads=True) == "dcb"
    assert (await box.client.error("Email/query", anchor="Mzz"))["type"] == "anchorNotFound"


@pytest.mark.parametrize(
    ("condition", "names"),
    [
        ({}, "dcba"), ({"minSize": 1000}, "c"), ({"maxSize": 1000}, "dba"), ({"from": "ALICE"}, "a"), ({"from": "zoe"}, "c"),
        ({"to": "alice"}, "b"), ({"cc": "carol"}, "c"), ({"bcc": "dave"}, "d"), ({"subject": "ketchup"}, "ba"), ({"subject": "äRGER"}, "d"),
        ({"subject": "ketchup re"}, "b"), ({"body": "pickles"}, "a"), ({"body": "ketchup"}, ""), ({"text": "ketchup"}, "ba"), ({"text": "like pickles"}, "a"),
        ({"text": "'pickles like'"}, ""), ({"text": '"like pickles"'}, "a"), ({"text": "grüsse"}, "d"), ({"header": ["X-Mood"]}, "c"),
        ({"header": ["x-mood", "DAY"]}, "c"), ({"header": ["x-mood", "night"]}, ""), ({"header": ["x-mood", '"fine day"']}, "c"), ({"header": ["x-mood", "day fine"]}, "c"),
        ({"header": ["x-mood", "'day fine'"]}, ""), ({"header": ["x-mood", ""]}, "c"), ({"subject": "ketchup " * 20}, "ba"), ({"hasAttachment": False}, "dcba"), ({"hasAttachment": True}, ""),
        ({"after": "2025-06-15T15:07:40Z"}, "dcb"), ({"before": "2025-06-15T15:07:40Z"}, "a"), ({"hasKeyword": "$seen"}, ""), ({"notKeyword": "$seen"}, "dcba"),
        ({"operator": "AND", "conditions": [{"subject": "ketchup"}, {"from": "bob"}]}, "b"), ({"operator": "OR", "conditions": [{"from": "bob"}, {"minSize": 1000}]}, "cb"),
        ({"operator": "NOT", "conditions": [{"from": "bob"}, {"minSize": 1000}]}, "da"), ({"operator": "OR", "conditions": []}, ""), ({"operator": "AND", "conditions": []}, "dcba"),
        ({"subject": "ketchup", "from": "alice"}, "a"),
    ],
)  # fmt: skip
async def test_filters(box: Box, condition: Any, names: str) -> None:
    assert await box.found(filter=condition) == names


async def _index(stage: JmapStage, directory: Path) -> IndexWordbook:
    """The search index over what is there."""
    engine = stage.store.engine
    sqlite = type(engine).__name__ == "SqliteEngine"
    index = SqliteSearch.open(directory) if sqlite else PostgresSearch(engine)
    indexer = Indexer(Indexing(engine, index, stage.store.read_email, indexed_form, lambda: False))
    while await indexer.step():
        pass
    return IndexWordbook(engine, index)


@pytest.mark.parametrize("indexed", [False, True])
async def test_what_is_shown_is_found_as_imap_finds_it(box: Box, indexed: bool, tmp_path: Path) -> None:
    """Folds are one space, and an encoded-word without white space around it is a name, whoever asks and whether the index is asked."""
    fields = "From: a@b (Rose)", "To: a@b,=?utf-8?q?J=C3=B6rg?=<j@o>", 'Cc: "O \\"Bob\\"  X" <o @ x.test>'
    await box.put("e", letter(5, "two\r\n\twords and  more", "", *fields))
    if indexed:
        box.client = box.stage.jmap(wordbook=await _index(box.stage, tmp_path))
    imap = await box.stage.user(select="INBOX")
    for condition, key in (
        ({"subject": '"two words"'}, 'SUBJECT "two words"'),
        ({"subject": '"and  more"'}, 'SUBJECT "and  more"'),
        ({"to": "jo\u0308rg"}, "TO {5+}\r\nj\u00f6rg"),
        ({"text": "j\u00f6rg"}, "TEXT {5+}\r\nj\u00f6rg"),
        ({"from": '"rose <a@b"'}, 'FROM "rose <a@b"'),
        ({"cc": "o@x.test"}, "CC o@x.test"),
        ({"cc": '"bob\\" x"'}, 'CC "bob\\" x"'),
    ):
        assert await box.found(filter=condition) == "e", condition
        assert "* SEARCH 5" in await imap.ok(f"SEARCH CHARSET UTF-8 {key}"), key


async def test_mailboxes_and_keywords(box: Box) -> None:
    imap = await box.stage.user(select="INBOX")
    inbox, archive = await box.mailbox("inbox"), await box.mailbox("archive")
    await imap.ok("STORE 1 +FLAGS (\\Flagged)")
    await imap.ok("STORE 1:3 +FLAGS (\\Seen)")
    await imap.ok("COPY 3 Archive")
    await imap.ok("MOVE 4 Archive")
    assert await box.found(filter={"inMailbox": inbox}) == "cba"
    assert await box.found(filter={"inMailbox": archive}) == "dc"
    assert await box.found(filter={"inMailboxOtherThan": [archive]}) == "cba"
    assert await box.found(filter={"inMailboxOtherThan": [archive, inbox]}) == ""
    assert await box.found(filter={"hasKeyword": "$SEEN"}) == "cba"
    assert await box.found(filter={"notKeyword": "$seen"}) == "d"
    assert await box.found(filter={"someInThreadHaveKeyword": "$flagged"}) == "ba"
    assert await box.found(filter={"allInThreadHaveKeyword": "$flagged"}) == ""
    assert await box.found(filter={"allInThreadHaveKeyword": "$seen"}) == "cba"
    assert await box.found(filter={"noneInThreadHaveKeyword": "$flagged"}) == "dc"
    sort = [
        {"property": "someInThreadHaveKeyword", "keyword": "$flagged", "isAscending": False},
        {"property": "receivedAt"},
    ]
    assert await box.found(sort=sort) == "abcd"
    assert (
        await box.found(sort=[{"property": "hasKeyword", "keyword": "$flagged"}, {"property": "receivedAt"}])
        == "bcda"
    )
    await imap.ok("STORE 1 +FLAGS (\\Deleted)")
    assert await box.found(filter={"inMailbox": inbox}) == "cb"


@pytest.mark.parametrize(
    ("property_", "names"),
    [
        ("size", "abdc"),
        ("from", "dabc"),
        ("to", "dcba"),
        ("subject", "dcba"),
        ("sentAt", "dcba"),
        ("hasAttachment", "dcba"),
    ],
)
async def test_sorts(box: Box, property_: str, names: str) -> None:
    assert await box.found(sort=[{"property": property_}]) == names


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"filter": {"inMailbox": "Fzz"}}, "invalidArguments"), ({"filter": {"before": "yesterday"}}, "invalidArguments"),
        ({"filter": {"header": []}}, "invalidArguments"), ({"filter": {"text": "a " * 21}}, "unsupportedFilter"), ({"filter": {"header": ["x", "a " * 21]}}, "unsupportedFilter"), ({"filter": {"nothing": 1}}, "unsupportedFilter"), ({"filter": {"hasKeyword": "a b"}}, "invalidArguments"),
        ({"sort": [{"property": "colour"}]}, "unsupportedSort"), ({"sort": [{"property": "subject", "collation": "x"}]}, "unsupportedSort"),
        ({"sort": [{"property": "hasKeyword"}]}, "invalidArguments"), ({"position": "0"}, "invalidArguments"),
    ],
)  # fmt: skip
async def test_what_cannot_be_asked(stage: JmapStage, arguments: Any, kind: str) -> None:
    assert (await stage.jmap().error("Email/query", **arguments))["type"] == kind


def replay(cached: list[str], told: dict[str, Any]) -> list[str]:
    left = [one for one in cached if one not in told["removed"]]
    for item in told["added"]:
        left.insert(item["index"], item["id"])
    return left


async def query(client: JmapClient, **arguments: Any) -> tuple[list[str], str]:
    told = await client.call("Email/query", **arguments)
    return told["ids"], told["queryState"]


@pytest.mark.parametrize("seed", range(3))
async def test_changes_of_queries_lead_to_the_query(stage: JmapStage, seed: int) -> None:
    chance = random.Random(seed)
    box = Box(stage)
    for number in range(1, 9):
        await box.put(str(number), letter(number, reply_to=chance.choice((0, number - 1))))
    imap = await stage.user(select="INBOX")
    inbox = await box.mailbox("inbox")
    asked: list[dict[str, Any]] = [
        {}, {"filter": {"inMailbox": inbox}}, {"filter": {"notKeyword": "$seen"}}, {"collapseThreads": True}, {"filter": {"someInThreadHaveKeyword": "$flagged"}},
        {"filter": {"inMailbox": inbox}, "collapseThreads": True, "sort": [{"property": "someInThreadHaveKeyword", "keyword": "$flagged"}, {"property": "receivedAt"}]},
    ]  # fmt: skip
    known = [await query(box.client, **arguments) for arguments in asked]
    for round_ in range(8):
        at = chance.randint(1, 5)
        await imap.ok(
            chance.choice(
                (
                    f"STORE {at} +FLAGS (\\Seen)",
                    f"STORE {at} +FLAGS (\\Flagged)",
                    f"STORE {at} -FLAGS (\\Seen \\Flagged)",
                    f"COPY {at} Archive",
                    f"STORE {at} +FLAGS (\\Deleted)",
                )
            )
        )
        if chance.random() < 0.4:
            await imap.ok("EXPUNGE")
        await box.put(f"n{round_}", letter(100 + round_, reply_to=chance.randint(1, 8)))
        await imap.ok("NOOP")
        for number, arguments in enumerate(asked):
            ids, state = known[number]
            told = await box.client.call("Email/queryChanges", sinceQueryState=state, **arguments)
            known[number] = await query(box.client, **arguments)
            assert replay(ids, told) == known[number][0], (arguments, round_)
            assert told["newQueryState"] == known[number][1]


async def test_changes_up_to_an_id_and_too_many(box: Box) -> None:
    sort = [{"property": "receivedAt"}]
    ids, state = await query(box.client, sort=sort)
    await box.put("e", letter(9))
    told = await box.client.call("Email/queryChanges", sort=sort, sinceQueryState=state, upToId=ids[1])
    assert told["added"] == []
    told = await box.client.call("Email/queryChanges", sort=sort, sinceQueryState=state, calculateTotal=True)
    assert [item["index"] for item in told["added"]] == [4]
    assert told["total"] == 5
    error = await box.client.error("Email/queryChanges", sort=sort, sinceQueryState=state, maxChanges=1)
    assert error["type"] == "tooManyChanges"
    assert (await box.client.error("Email/queryChanges", sinceQueryState="x"))[
        "type"
    ] == "cannotCalculateChanges"


GROUPED = (
    b"From: Friends: Ann <ann@x.test>, bea@y.test;\r\nTo: undisclosed-recipients:;\r\n"
    b"Cc: =?utf-8?q?Caf=C3=A9?=: dora@w.test;, eve@v.test\r\nTo: A last field: finn@u.test;\r\n\r\nhello\r\n"
)


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("from", "friends"), ("from", "Ann"), ("from", "bea@y"), ("from", "friends ann"), ("cc", "CAFÉ"), ("cc", "dora"),
        ("cc", "eve@v.test"), ("to", "'last field'"), ("to", "finn"), ("text", "friends"),
    ],
)  # fmt: skip
async def test_groups_are_found_by_their_names_and_members(stage: JmapStage, field: str, words: str) -> None:
    """RFC 8621 §4.4.1: text in the field; of several the last one is told (§4.1.3)."""
    bob = stage.jmap(BOB)
    await stage.deliver(GROUPED)
    await stage.deliver(b"From: ann@x.test\r\n\r\n")
    found = (await bob.call("Email/query", filter={field: words}))["ids"]
    assert len(found) == 2 if words == "Ann" else len(found) == 1
    assert (await bob.call("Email/query", filter={"to": "undisclosed"}))["ids"] == []


async def test_others_see_what_they_may(box: Box) -> None:
    imap = await box.stage.user(BOB, select="INBOX")
    await imap.ok("COPY 2 Archive")
    await imap.ok(f"SETACL Archive {ALICE} lr")
    await imap.ok("STORE 2 +FLAGS (\\Seen)")
    alice, account = box.stage.jmap(ALICE), box.client.account
    told = await alice.call("Email/query", accountId=account)
    assert "".join(box.names[one] for one in told["ids"]) == "b"
    assert (
        len((await alice.call("Email/query", accountId=account, filter={"notKeyword": "$seen"}))["ids"]) == 1
    )
    assert (await alice.call("Email/query"))["ids"] == []


class _Looks(dict[int, Entry]):
    """A roster's entries by id; how often one was looked up."""

    count = 0

    def __getitem__(self, key: int) -> Entry:
        self.count += 1
        return super().__getitem__(key)


@pytest.mark.parametrize("every", [True, False])
def test_a_long_thread_is_looked_through_once(every: bool) -> None:
    roster = Roster(1)
    roster.fill(Entry(n, n, 7, 100, (1,), ("$seen",) if every else ()) for n in range(1000))
    roster.by_id = looks = _Looks(roster.by_id)
    test = keyword_in_threads(roster, "$Seen", every=every)
    assert [test(entry) for entry in roster.order] == [every] * 1000
    assert looks.count == 1000
