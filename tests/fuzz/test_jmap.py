"""Whatever JSON a client sends: the API answers 200 or a problem of 400, never with a fault of its own, and every call once."""

import asyncio
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from jmap_stage import ALICE, BOB, USING, JmapClient, JmapStage
from postroom.message.ids import IdKind, id_text
from postroom.serve.jmap.dispatch import METHODS
from postroom.store.engine.postgres_options import PostgresOptions
from postroom.store.store import Store, StoreSettings

LETTER = (
    b"From: =?utf-8?q?A=00?= <a@b.test>, g:;\r\nTo: \xff <\xc3\xa9@b.test>\r\nSubject: \xe9\0\r\nMessage-ID: <1@b.test>\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html; charset=nonsense\r\n\r\n<p>\xff\0\r\n--b\r\n"
    b"Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ntext\r\n--b--\r\n"
)
NAMES = ("keywords", "mailboxIds", "blobId", "name", "parentId", "role", "sortOrder", "isSubscribed", "subject", "from", "receivedAt", "textBody",
    "htmlBody", "attachments", "bodyValues", "bodyStructure", "header:X-A:asText", "header:To:asAddresses:all", "headers", "messageId", "sentAt", "id",
    "operator", "conditions", "inMailbox", "inMailboxOtherThan", "text", "body", "header", "hasKeyword", "notKeyword", "minSize", "before", "property",
    "isAscending", "collation", "keyword", "resultOf", "path", "partId", "type", "value", "email", "cid", "subParts", "charset", "shareWith",
    "keywords/$seen", "mailboxIds/#c", "size", "preview", "hasAttachment", "totalEmails", "allInThreadHaveKeyword", "data", "data:asText", "data:asBase64",
    "digest:sha", "offset", "length", "typeName", "k", "c", "#c", "*", "", "a/b", "~", "~0", "/list/*/id", "/ids", "/")  # fmt: skip
STRINGS = (
    *NAMES, "INBOX", "inbox", "trash", "AND", "NOT", "OR", "$seen", "receivedAt", "subject", "i;octet", "text/plain", "multipart/mixed", "2020-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z", "0000-00-00T00:00:00Z", "a\0b", "\x7f\r\n", "\U0001f354", "e\u0301", "x" * 300, "0", "1", "9" * 19, "3-0-1", "Mailbox/get", "Email/query",
    "Email", "Mailbox", "Zm9v", "=", "a@b.test", "Re: x", "us-ascii", "1", "1.1",
)  # fmt: skip


NUMBERS = (0, 1, -1, 2, 50, 2**31, 2**53 - 1, 2**53, -(2**63), 2**64, 1.5, 1e308)
USUAL = ("ids", "create", "update", "filter", "emailIds")
RARE = ("ifInState", "ifFromInState", "destroy")
PROPERTIES = (
    "header:To:asAddresses",
    "header:Subject:asRaw",
    "header:From:asGroupedAddresses:all",
    "bodyStructure",
    "bodyValues",
    "textBody",
    "threadId",
)


class Siege:
    """A store with something in it, and Bob's client, whose ids are among what is said."""

    def __init__(self, loop: asyncio.AbstractEventLoop, stage: JmapStage, client: JmapClient) -> None:
        self.loop, self.stage, self.client = loop, stage, client
        self.words: list[str] = []

    async def learn(self) -> None:
        for role in ("inbox", "trash"):
            told = await self.client.call("Mailbox/query", filter={"role": role})
            self.words += told["ids"]
        delivered = [
            await self.stage.deliver(raw=raw) for raw in (LETTER, LETTER, b"\r\n", b"Subject: x\r\n\r\n")
        ]
        self.words += [id_text(IdKind.EMAIL, one.email_id) for one in delivered]
        self.words += [
            id_text(IdKind.BLOB, one.email_id) + end
            for one in delivered
            for end in ("", "_1", "_2", "_2-1", "_9")
        ]
        self.words += [id_text(IdKind.THREAD, delivered[0].thread_id)]
        reply = await self.client.http("POST", f"/jmap/upload/{self.client.account}/", LETTER)
        self.words += [
            reply.json["blobId"],
            self.client.account,
            id_text(IdKind.ACCOUNT, self.stage.logins.people[ALICE]),
        ]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def siege(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Siege]:
    directory: Path = tmp_path_factory.mktemp("jmap")
    url = f"sqlite://{directory}/store"
    loop = asyncio.new_event_loop()
    if request.param == "postgresql":
        server = request.getfixturevalue("postgres_server")
        loop.run_until_complete(_database(server))
        url = server.removesuffix("postgres") + "jmap_siege"
    settings = StoreSettings(
        files=str(directory / "files"), file_from=1000, postgres=PostgresOptions(writers=2, readers=2)
    )
    store = loop.run_until_complete(Store.open(url, settings))
    stage = loop.run_until_complete(JmapStage.open(store, ALICE))
    made = Siege(loop, stage, stage.jmap(BOB))
    loop.run_until_complete(made.learn())
    yield made
    loop.run_until_complete(store.close())
    loop.close()


async def _database(server: str) -> None:
    connection = await asyncpg.connect(server)
    await connection.execute("create database jmap_siege template template0")
    await connection.close()


class Speaker:
    """Calls by chance: most arguments are of the right kind, some are anything."""

    def __init__(self, siege: Siege, chance: random.Random) -> None:
        self.siege, self.chance = siege, chance

    def plain(self) -> Any:
        chance = self.chance
        return chance.choice(
            [
                chance.choice(STRINGS),
                chance.choice(self.siege.words),
                chance.choice([None, True, False]),
                chance.choice(NUMBERS),
            ]
        )

    def thing(self, depth: int = 0) -> Any:
        kind = self.chance.random()
        if depth > 3 or kind < 0.6:
            return self.plain()
        if kind < 0.75:
            return [self.thing(depth + 1) for _ in range(self.chance.randrange(4))]
        return self.object(depth + 1)

    def object(self, depth: int = 0) -> dict[str, Any]:
        return {
            self.chance.choice([*NAMES, *self.siege.words]): self.thing(depth)
            for _ in range(self.chance.randrange(5))
        }

    def ids(self) -> list[str]:
        return self.chance.choices([*self.siege.words, "#c", "#k"], k=self.chance.randrange(4))

    def email(self) -> dict[str, Any]:
        """What /set, /import and /copy may be given; now and then something else in the middle."""
        words = self.siege.words
        made = {
            name: self.chance.choice(values)
            for name, values in {
                "mailboxIds": [{words[0]: True}, {words[1]: True, words[0]: True}, {}],
                "keywords": [{"$seen": True}, {"\0": True}, {"x": False}, None],
                "mailboxIds/" + words[1]: [True, None],
                "keywords/$draft": [True, None],
                "blobId": words[2:],
                "name": ["a", "a/b", "\0", "", "e\u0301", "INBOX", "x" * 300],
                "parentId": [None, words[0], "#c"],
                "role": [None, "archive", "inbox"],
                "subject": ["x", "\0", "\ud83c\udf54" * 300],
                "from": [[{"name": "\r\n", "email": "a@b"}], [{"email": ""}], [{}], None],
                "textBody": [[{"partId": "1", "type": "text/plain"}], [{"blobId": words[8]}]],
                "htmlBody": [[{"partId": "1"}]],
                "bodyValues": [{"1": {"value": "\0\r x"}}, {"1": {}}],
                "attachments": [[{"blobId": one, "name": "\0", "cid": "a"}] for one in words[6:12]],
                "bodyStructure": [{"type": "multipart/x", "subParts": [{"partId": "1"}]}, {"type": "message/rfc822", "blobId": words[7]}],
                "header:X:asText": ["a\0", "\n"],
                "header:To:asURLs": [["x"]],
                "receivedAt": ["2020-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"],
                "id": words,
                "data": [[{"data:asText": "x"}], [{"blobId": words[7], "offset": 2, "length": 3}], [{"data:asBase64": "="}]],
            }.items()
            if self.chance.random() < 0.25
        }  # fmt: skip
        return {**made, **(self.object(2) if self.chance.random() < 0.2 else {})}

    def condition(self) -> dict[str, Any]:
        words = self.siege.words
        name, values = self.chance.choice(
            [
                ("inMailbox", words[:2]), ("inMailboxOtherThan", [words[:1]]), ("text", ["x", "\0", "%_", '"', ""]), ("body", ["x", "\0"]), ("from", ["a", "\0"]),
                ("header", [["subject"], ["X-\0", "\0"], ["", ""]]), ("hasKeyword", ["$seen", "\0"]), ("minSize", NUMBERS), ("hasAttachment", [True]),
                ("before", ["2020-01-01T00:00:00Z", "9999-12-31T23:59:59Z"]), ("someInThreadHaveKeyword", ["x"]), ("name", ["\0"]), ("role", [None]), ("parentId", [None, words[0]]),
            ]
        )  # fmt: skip
        if self.chance.random() < 0.3:
            below = [self.condition() for _ in range(self.chance.randrange(3))]
            return {"operator": self.chance.choice(["AND", "OR", "NOT"]), "conditions": below}
        return {name: self.chance.choice(values)}

    def fitting(self, name: str) -> Any:
        """What an argument of this name is, more often than not."""
        chance = self.chance
        by_name: dict[str, Any] = {
            "ids": self.ids, "destroy": self.ids, "emailIds": self.ids, "blobIds": self.ids, "filter": self.condition,
            "create": lambda: {one: self.email() for one in chance.choices(["c", "k", "m"], k=chance.randrange(3))},
            "update": lambda: {one: self.email() for one in self.ids()},
            "sort": lambda: [{"property": chance.choice(["receivedAt", "subject", "size", "hasKeyword", "name", "sortOrder", "x"]), "keyword": "a"}],
            "properties": lambda: chance.choices([*NAMES, *PROPERTIES], k=2),
            "bodyProperties": lambda: chance.choices(["partId", "type", "headers", "header:x:asRaw", "subParts"], k=2),
            "typeNames": lambda: ["Email", "Thread", "Mailbox"], "anchor": lambda: chance.choice(self.siege.words),
        }  # fmt: skip
        by_name["emails"] = by_name["create"]
        if name in by_name:
            return by_name[name]()
        if name.startswith(("since", "ifIn")):
            return chance.choice(["0", "1", "5", "5-3-1", "99999", "\0"])
        if name in ("position", "anchorOffset", "limit", "maxChanges", "maxBodyValueBytes"):
            return chance.choice(NUMBERS)
        return chance.choice([True, False])

    def arguments(self, method: str) -> dict[str, Any]:
        kind = METHODS[method].arguments
        if kind is None:
            return self.object()
        told: dict[str, Any] = {}
        for field in msgspec.structs.fields(kind):
            name = field.encode_name
            fate = self.chance.random()
            if name.lower().endswith("accountid"):
                accounts = [self.siege.client.account] * 8 + self.siege.words[-2:]
                told[name] = self.chance.choice(accounts)
            elif fate < (0.8 if field.required or name in USUAL else 0.02 if name in RARE else 0.2):
                told[name] = self.fitting(name)
            elif fate > 0.97:
                told[name] = self.thing()
            elif fate > 0.94:
                path = self.chance.choice(["/ids", "/list/*/id", "/list/*/keywords", "", "/created", "/*"])
                told["#" + name] = {
                    "resultOf": "0",
                    "name": self.chance.choice(sorted(METHODS)),
                    "path": path,
                }
        return told


@given(st.randoms(use_true_random=False))
def test_no_call_makes_the_server_fail(siege: Siege, chance: random.Random) -> None:
    speaker = Speaker(siege, chance)
    methods = chance.choices(sorted(METHODS), k=16)
    calls = [[method, speaker.arguments(method), str(at)] for at, method in enumerate(methods)]
    request = {"using": USING, "methodCalls": calls, "createdIds": {}}
    reply = siege.loop.run_until_complete(siege.client.post(request))
    assert siege.stage.faults == [], calls
    assert reply.status == 200, reply.body
    told = reply.json["methodResponses"]
    assert {int(one[2]) for one in told} == set(range(len(calls)))
    failed = [
        one for one in told if one[0] == "error" and one[1]["type"] in ("serverFail", "serverPartialFail")
    ]
    assert failed == [], calls


def test_whatever_is_posted_is_answered(siege: Siege) -> None:
    junk = st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()),
        lambda below: st.one_of(st.lists(below), st.dictionaries(st.text(), below)),
    )
    shaped = st.fixed_dictionaries(
        {
            "using": st.one_of(st.just(USING), junk),
            "methodCalls": st.lists(st.one_of(junk, st.tuples(st.sampled_from(sorted(METHODS)), junk, junk))),
        }
    )
    raws = st.one_of(
        st.binary(),
        junk.map(lambda one: json.dumps(one).encode()),
        shaped.map(lambda one: json.dumps(one).encode()),
    )

    @given(raws)
    def go(raw: bytes) -> None:
        reply = siege.loop.run_until_complete(siege.client.post(None, raw))
        assert reply.status in (200, 400), reply.body
        assert siege.stage.faults == []

    go()
