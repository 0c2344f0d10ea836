"""IMAP sessions, JMAP clients and deliveries at one account: after each step both protocols show the same, and a replica that only follows does too."""

import random
import re
from typing import Any

import pytest

from imap_stage import Client
from jmap_replica import NEWEST, Replica
from jmap_stage import JmapClient, JmapStage

FETCHED = re.compile(
    r"\* \d+ FETCH \(.*?UID (\d+).*?FLAGS \(([^)]*)\).*?EMAILID \(([^)\s]+)\).*?THREADID \(([^)\s]+)\)"
)
KEYWORDS = {"\\Seen": "$seen", "\\Flagged": "$flagged", "\\Answered": "$answered", "\\Draft": "$draft"}
LETTER = b"From: a@crepes.test\r\nTo: bob@hamburger.test\r\nSubject: %s%d\r\nMessage-ID: <%d@crepes.test>\r\n%s\r\n%s\r\n"


class World:
    """All that may be done, by chance."""

    def __init__(self, stage: JmapStage, imap: Client, jmap: JmapClient, seed: int) -> None:
        self.stage, self.imap, self.jmap = stage, imap, jmap
        self.chance = random.Random(seed)
        self.letters = 0
        self.boxes: dict[str, str] = {}  # names by id
        self.copies: dict[
            str, list[tuple[int, set[str], str, str]]
        ] = {}  # by mailbox id: uid, flags, email, thread

    async def look(self) -> None:
        """What IMAP shows."""
        names = [
            line.rpartition(" ")[2].strip('"')
            for line in await self.imap.ok('LIST "" "*"')
            if line.startswith("* LIST") and "\\Noselect" not in line
        ]
        self.boxes, self.copies = {}, {}
        for name in names:
            lines = await self.imap.ok(f"EXAMINE {name}")
            box = next(found[1] for line in lines if (found := re.search(r"MAILBOXID \(([^)\s]+)\)", line)))
            self.boxes[box] = name
            fetched = [
                FETCHED.match(line)
                for line in await self.imap.ok("UID FETCH 1:* (UID FLAGS EMAILID THREADID)")
            ]
            self.copies[box] = [(int(one[1]), set(one[2].split()), one[3], one[4]) for one in fetched if one]
        await self.imap.ok("UNSELECT")

    def emails(self) -> dict[str, dict[str, Any]]:
        """As RFC 8621 §4.1.1 has them."""
        found: dict[str, dict[str, Any]] = {}
        for box, copies in self.copies.items():
            for _, flags, email, thread in copies:
                if "\\Deleted" in flags:
                    continue
                words = {KEYWORDS.get(flag, flag.lower()) for flag in flags - {"\\Recent"}}
                one = found.setdefault(
                    email, {"id": email, "threadId": thread, "mailboxIds": {}, "keywords": words}
                )
                one["keywords"] = (one["keywords"] | words) - ({"$seen"} - (one["keywords"] & words))
                one["mailboxIds"][box] = True
        return {
            email: {**one, "keywords": dict.fromkeys(one["keywords"], True)} for email, one in found.items()
        }

    def counts(self, box: str, trash: str) -> list[int]:
        """RFC 8621 §2."""
        every = list(self.emails().values())
        there = [one for one in every if box in one["mailboxIds"]]
        unread = [one for one in every if not {"$seen", "$draft"} & set(one["keywords"])]
        counted = [
            one
            for one in unread
            if (trash in one["mailboxIds"] if box == trash else set(one["mailboxIds"]) != {trash})
        ]
        threads = {one["threadId"] for one in there}
        return [
            len(there),
            len([one for one in unread if box in one["mailboxIds"]]),
            len(threads),
            len(threads & {one["threadId"] for one in counted}),
        ]

    def _box(self) -> str:
        return self.chance.choice(sorted(self.boxes))

    def _email(self) -> str:
        return self.chance.choice([*sorted(self.emails()), "Enone"])

    def _letter(self) -> bytes:
        self.letters += 1
        answered = self.chance.randrange(self.letters)
        reply = b"" if self.chance.random() < 0.5 else b"In-Reply-To: <%d@crepes.test>\r\n" % answered
        prefix, subject = (b"Re: s", answered) if reply else (b"s", self.letters)
        return LETTER % (prefix, subject % 4, self.letters, reply, b"x" * self.chance.randrange(40))

    async def step(self) -> str:
        """One thing; says which."""
        self.stage.now += self.chance.choice([0, 1_000_000, 60_000_000])
        doing = self.chance.choice(sorted(name for name in dir(self) if name.startswith("do_")))
        await getattr(self, doing)()
        return doing

    async def do_deliver(self) -> None:
        for _ in range(self.chance.choice([1, 1, 3])):
            await self.stage.deliver(
                raw=self._letter(), internaldate=self.stage.now - self.chance.choice([0, 10**9])
            )

    async def do_deliver_again(self) -> None:
        await self.do_deliver()

    async def do_imap_store(self) -> None:
        box = self._box()
        await self.imap.ok(f"SELECT {self.boxes[box]}")
        uids = [uid for uid, *_ in self.copies[box] if self.chance.random() < 0.5]
        flags = self.chance.choice(
            ["\\Seen", "\\Deleted", "\\Flagged", "\\Draft", "$Work", "\\Seen $work \\Answered"]
        )
        sign = self.chance.choice(["+", "-", ""])
        if uids:
            await self.imap.ok(f"UID STORE {','.join(map(str, uids))} {sign}FLAGS ({flags})")
        if self.chance.random() < 0.4:
            await self.imap.ok(self.chance.choice(["EXPUNGE", "CLOSE"]))

    async def do_imap_copy(self) -> None:
        box, target = self._box(), self._box()
        await self.imap.ok(f"SELECT {self.boxes[box]}")
        uids = [uid for uid, *_ in self.copies[box] if self.chance.random() < 0.4]
        verb = self.chance.choice(["COPY", "MOVE"])
        if uids and not (verb == "MOVE" and box == target):
            await self.imap.say(f"x UID {verb} {','.join(map(str, uids))} {self.boxes[target]}")

    async def do_imap_append(self) -> None:
        letter = self._letter()
        await self.imap.ok(
            f"APPEND {self.boxes[self._box()]} (\\Seen) {{{len(letter)}+}}\r\n{letter.decode()}"
        )

    async def do_imap_folders(self) -> None:
        self.letters += 1
        verb = self.chance.choice(["CREATE", "CREATE", "DELETE", "RENAME"])
        plain = [name for name in self.boxes.values() if name.startswith("f")]
        if verb == "CREATE":
            await self.imap.ok(f"CREATE {self.chance.choice([*plain, 'f'])}/f{self.letters}")
        elif plain:
            name = self.chance.choice(plain)
            await self.imap.say(f"x {verb} {name}" + (f" f{self.letters}" if verb == "RENAME" else ""))

    async def do_jmap_keywords(self) -> None:
        given = self.chance.choice(
            [
                {"keywords/$seen": True},
                {"keywords/$seen": None},
                {"keywords": {"$flagged": True, "new": True}},
                {"keywords/$Work": True, "keywords/$draft": None},
            ]
        )
        await self._set(update={self._email(): given, self._email(): given})

    async def do_jmap_mailboxes(self) -> None:
        given = self.chance.choice(
            [
                {"mailboxIds": {self._box(): True, self._box(): True}},
                {f"mailboxIds/{self._box()}": True},
                {f"mailboxIds/{self._box()}": None},
            ]
        )
        await self._set(update={self._email(): given, self._email(): {**given, "keywords/$seen": True}})

    async def do_jmap_destroy(self) -> None:
        await self._set(destroy=[self._email()])

    async def do_jmap_create(self) -> None:
        self.letters += 1
        draft = {
            "mailboxIds": {self._box(): True, self._box(): True},
            "keywords": {"$draft": True},
            "subject": f"d{self.letters}",
        }
        await self._set(create={"c": draft})

    async def do_jmap_folders(self) -> None:
        self.letters += 1
        box = self._box()
        given = self.chance.choice(
            [
                {
                    "create": {
                        "c": {"name": f"f{self.letters}"},
                        "d": {"name": f"g{self.letters}", "parentId": "#c"},
                    }
                },
                {"update": {box: {"name": f"f{self.letters}"}}},
                {"update": {box: {"sortOrder": self.letters}}},
                {"destroy": [box], "onDestroyRemoveEmails": self.chance.random() < 0.5},
            ]
        )
        if box in given.get("update", given.get("destroy", ())) and not self.boxes[box].startswith("f"):
            return
        await self.jmap.call("Mailbox/set", **given)

    async def _set(self, **given: Any) -> None:
        told = await self.jmap.call("Email/set", **given)
        for kind in ("notUpdated", "notCreated", "notDestroyed"):
            for one, error in (told[kind] or {}).items():
                assert one == "Enone" or error["type"] in ("invalidProperties", "invalidPatch", "notFound"), (
                    told
                )


def queries(inbox: str) -> list[tuple[str, dict[str, Any]]]:
    here = {"inMailbox": inbox}
    return [
        ("Email", {"filter": here, "sort": NEWEST}),
        ("Email", {"filter": here, "sort": NEWEST, "collapseThreads": True}),
        ("Email", {"sort": [{"property": "size"}]}),
        ("Email", {"filter": {"notKeyword": "$seen"}, "sort": [{"property": "subject"}], "collapseThreads": True}),
        ("Email", {"filter": {"someInThreadHaveKeyword": "$flagged"}}),
        ("Email", {"filter": {"operator": "NOT", "conditions": [here, {"allInThreadHaveKeyword": "$seen"}]}}),
        ("Email", {"sort": [{"property": "someInThreadHaveKeyword", "keyword": "$seen"}, *NEWEST]}),
        ("Email", {"sort": [{"property": "hasKeyword", "keyword": "$flagged"}], "collapseThreads": True}),
        ("Mailbox", {"sortAsTree": True, "sort": [{"property": "name"}]}),
        ("Mailbox", {"filter": {"hasAnyRole": False}}),
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(5))
async def test_both_views_and_a_replica_agree_after_each_step(stage: JmapStage, seed: int) -> None:
    imap, jmap = await stage.user(), stage.jmap()
    world = World(stage, imap, jmap, seed)
    roles = {one["role"]: one["id"] for one in (await jmap.call("Mailbox/get", ids=None))["list"]}
    replica = await Replica.open(stage.jmap(), queries(roles["inbox"]))
    did: list[str] = []
    for _ in range(40):
        await world.look()
        did.append(await world.step())
        if world.chance.random() < 0.3:
            await world.look()
            did.append(await world.step())
        await world.look()
        await _same(world, jmap, roles["trash"], did)
        if world.chance.random() < 0.7:
            await replica.sync(world.chance)
            await _followed(replica, world, did)


async def _same(world: World, jmap: JmapClient, trash: str, did: list[str]) -> None:
    expected = world.emails()
    ids = (await jmap.call("Email/query"))["ids"]
    got = await jmap.call("Email/get", ids=ids, properties=["threadId", "mailboxIds", "keywords"])
    assert {one["id"]: one for one in got["list"]} == expected, did
    boxes = (await jmap.call("Mailbox/get", ids=None))["list"]
    told = {
        one["id"]: [one["totalEmails"], one["unreadEmails"], one["totalThreads"], one["unreadThreads"]]
        for one in boxes
    }
    assert told == {box: world.counts(box, trash) for box in world.boxes}, did


async def _followed(replica: Replica, world: World, did: list[str]) -> None:
    client = replica.client
    ids = (await client.call("Email/query"))["ids"]
    got = (
        await client.call("Email/get", ids=ids, properties=list(next(iter(replica.emails.values()), ["id"])))
    )["list"]
    assert replica.emails == {one["id"]: one for one in got}, did
    boxes = (await client.call("Mailbox/get", ids=None))["list"]
    assert replica.mailboxes == {one["id"]: one for one in boxes}, did
    threads: dict[str, list[tuple[str, str]]] = {}
    for one in got:
        threads.setdefault(one["threadId"], []).append((one["receivedAt"], one["id"]))
    assert {one: set(thread["emailIds"]) for one, thread in replica.threads.items()} == {
        one: {email for _, email in dated} for one, dated in threads.items()
    }, did
    for (method, asked), (_, kept) in zip(replica.queries, replica.lists, strict=True):
        assert kept == (await replica.fresh(method, asked))[1], (did, method, asked)
