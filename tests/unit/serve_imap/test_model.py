"""Random operations of several sessions on one mailbox: what each is told, and nothing else, must lead to what the store has.

Sessions differ in what they enabled, and in how they wait; deliveries, removals as POP3 does them and other sessions happen in between; some leave and come back with
QRESYNC. RFC 9051 §5.2, §7.5.1, RFC 7162 §3.2.
"""

import random
import re
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from imap_replica import Believed, Replica
from imap_stage import BOB, Client, ImapStage
from postroom.store.emails import expunge
from postroom.store.mailboxes import mailboxes, messages
from postroom.store.mailboxes.flags import Flag, split_keywords
from postroom.store.mailboxes.rights import MailboxRef

FLAGS = ("\\Seen", "\\Flagged", "\\Deleted", "\\Answered", "$label")
WAITING = "(MessageNew (UID FLAGS) MessageExpunge FlagChange)"
# What a session says after its login. Who is told of expunges at any time must not use numbers (RFC 5465 §5.3).
KINDS = {
    "": "NOOP",
    "CONDSTORE": "ENABLE CONDSTORE",
    "QRESYNC": "ENABLE QRESYNC",
    "IMAP4rev2": "ENABLE IMAP4rev2",
    "NOTIFY": f"NOTIFY SET (SELECTED {WAITING})",
    "NOTIFY with numbers": f"NOTIFY SET (SELECTED-DELAYED {WAITING}) (PERSONAL (MessageNew MessageExpunge))",
    "UIDONLY": "ENABLE UIDONLY",
    "UIDONLY NOTIFY": f"NOTIFY SET (SELECTED {WAITING})",
}
BY_UID = frozenset({"NOTIFY", "UIDONLY", "UIDONLY NOTIFY"})
STEPS = 90


class Actor:
    """A session with its belief."""

    def __init__(self, client: Client, kind: str, chance: random.Random) -> None:
        self.client = client
        self.kind = kind
        self.chance = chance
        self.replica = Replica(uid_only="UIDONLY" in kind)
        self.idle = False
        self.by_uid = kind in BY_UID

    async def say(self, command: str, *, good: bool = True) -> list[str]:
        if self.idle:
            self.idle = False
            self.replica.hear(await self.client.say("DONE"))
        *lines, last = await self.client.say(f"x {command}")
        assert last.startswith("x OK") or not good or "EXPUNGEISSUED" in last, (command, last)
        self.replica.hear([*lines, last])
        return lines

    def listen(self) -> None:
        """What was told between commands."""
        self.replica.hear(self.client.heard().decode().split("\r\n")[:-1])

    async def learn(self) -> None:
        """Asks for what a client asks for when messages have come."""
        self.listen()
        if self.replica.unknown() and self.by_uid:
            await self.say("UID FETCH 1:* (UID FLAGS)")
        elif unknown := self.replica.unknown():
            await self.say(f"FETCH {','.join(map(str, unknown))} (UID FLAGS)", good=False)

    def numbers(self) -> str:
        size = len(self.replica.rows)
        first = self.chance.randint(1, size)
        return f"{first}:{min(size, first + self.chance.randint(0, 4))}"

    def uids(self) -> str:
        uids = [row.uid for row in self.replica.rows if row.uid]
        return ",".join(map(str, sorted(self.chance.sample(uids, min(len(uids), 3))))) if uids else "999"

    async def select(self) -> None:
        self.replica.begin()
        await self.say("SELECT INBOX")
        await self.learn()

    async def noop(self) -> None:
        await self.say("NOOP")

    async def store(self) -> None:
        if not self.replica.rows:
            return
        flags = " ".join(self.chance.sample(FLAGS, self.chance.randint(1, 3)))
        sign = self.chance.choice(("+", "-", ""))
        by_uid = self.by_uid or self.chance.random() < 0.5
        which = self.uids() if by_uid else self.numbers()
        await self.say(f"{'UID ' if by_uid else ''}STORE {which} {sign}FLAGS ({flags})", good=False)

    async def store_silently(self) -> None:
        """A client knows what it did; the server tells only of what others did."""
        if self.idle or "NOTIFY" in self.kind:
            await self.noop()
        before = {row.uid: row.flags for row in self.replica.rows}
        which = self.uids()
        if which == "999":
            return
        await self.say(f"UID STORE {which} +FLAGS.SILENT (\\Flagged)", good=False)
        for row in self.replica.rows:
            if (
                str(row.uid) in which.split(",")
                and row.flags is not None
                and row.flags == before.get(row.uid)
            ):
                row.flags |= {"\\Flagged"}

    async def expunge(self) -> None:
        await self.say("EXPUNGE" if self.chance.random() < 0.5 else f"UID EXPUNGE {self.uids()}")

    async def move(self) -> None:
        if self.replica.rows:
            await self.say(f"UID MOVE {self.uids()} Archive", good=False)

    async def copy(self) -> None:
        if self.replica.rows:
            await self.say(
                f"UID COPY {self.uids()} INBOX" if self.by_uid else f"COPY {self.numbers()} INBOX", good=False
            )
            await self.learn()

    async def append(self) -> None:
        literals = " ".join("(\\Seen) {5+}\r\nhello" for _ in range(self.chance.randint(1, 2)))
        await self.say(f"APPEND INBOX {literals}")
        await self.learn()

    async def replace(self) -> None:
        if self.replica.rows:
            await self.say(
                f"REPLACE {self.chance.randint(1, len(self.replica.rows))} INBOX {{5+}}\r\nhello", good=False
            )
            await self.learn()

    async def fetch(self) -> None:
        if self.replica.rows:
            which = f"UID FETCH {self.uids()}" if self.by_uid else f"FETCH {self.numbers()}"
            await self.say(f"{which} (UID FLAGS)", good=False)

    async def rest(self) -> None:
        if not self.idle:
            self.idle = True
            self.replica.hear(await self.client.say("i IDLE"))

    async def come_back(self) -> None:
        """Leaves without a word of what happens meanwhile; with QRESYNC it learns only what it missed."""
        await self.learn()
        await self.say("NOOP")
        if self.replica.unknown():
            await self.learn()
        if self.kind != "QRESYNC" or not self.replica.modseq or self.replica.unknown():
            await self.say("UNSELECT")
            await self.select()
            return
        validity = self.validity
        await self.say("UNSELECT")
        before: list[Believed] = list(self.replica.rows)
        self.replica.begin()
        lines = await self.say(f"SELECT INBOX (QRESYNC ({validity} {self.replica.modseq}))")
        self.replica.resync(lines, before)
        await self.learn()

    validity = 0

    @property
    def moves(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        return [
            self.noop,
            self.store,
            self.store,
            self.store_silently,
            self.expunge,
            self.move,
            self.copy,
            self.append,
            self.replace,
            self.fetch,
            self.rest,
            self.come_back,
        ]


async def _truth(stage: ImapStage) -> list[tuple[int, frozenset[str]]]:
    account_id = stage.logins.people[BOB]
    reading = stage.store.engine.reading()
    box = await mailboxes.by_role(reading, account_id, "inbox")
    names = {
        Flag.SEEN: "\\Seen",
        Flag.ANSWERED: "\\Answered",
        Flag.FLAGGED: "\\Flagged",
        Flag.DELETED: "\\Deleted",
        Flag.DRAFT: "\\Draft",
    }
    return [
        (
            row.uid,
            frozenset(
                [name for bit, name in names.items() if row.flags & bit] + split_keywords(row.keywords)
            ),
        )
        for row in await messages.listing(reading, MailboxRef(account_id, box.mailbox_id))
    ]


async def _remove_one(stage: ImapStage, chance: random.Random, ref: MailboxRef) -> None:
    """As POP3 removes."""
    if uids := await stage.uids():
        uid = chance.choice(uids)
        change = await stage.store.engine.write(lambda tx: expunge.expunge(tx, ref, [(uid, uid)], stage.now))
        stage.store.changes.publish([change])


@pytest.mark.parametrize("seed", range(6))
async def test_sessions_believe_what_is_true(stage: ImapStage, seed: int) -> None:
    chance = random.Random(seed)
    account_id = stage.logins.people[BOB]
    for _ in range(5):
        await stage.deliver()
    actors = []
    for kind, first in KINDS.items():
        actor = Actor(await stage.user(), kind, chance)
        await actor.client.ok(first)
        if actor.replica.uid_only:
            await actor.client.ok("ENABLE UIDONLY")
        await actor.select()
        actors.append(actor)
    inbox = await mailboxes.by_role(stage.store.engine.reading(), account_id, "inbox")
    ref = MailboxRef(account_id, inbox.mailbox_id)
    for actor in actors:
        actor.validity = inbox.uidvalidity
    for _ in range(STEPS):
        kind = chance.random()
        if kind < 0.15:
            await stage.deliver()
        elif kind < 0.2:
            await _remove_one(stage, chance, ref)
        else:
            actor = chance.choice(actors)
            actor.listen()
            await chance.choice(actor.moves)()
            if not actor.idle:
                await actor.learn()
    truth = await _truth(stage)
    for actor in actors:
        await actor.noop()
        await actor.learn()
        await actor.noop()
        assert actor.replica.believed() == truth, actor.kind


# ------------------------------------------------------------------------------------------------- connections that are lost


class Thrifty(Replica):
    """Keeps the highest modseq as RFC 7162 §6 has it: at each tagged response, by the code if there is one, else by the FETCH responses before it."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: list[str] = []

    def hear(self, lines: list[str]) -> None:
        known = self.modseq
        super().hear(lines)
        self.modseq = known
        self.lines += lines
        if not lines or not re.match("[xi] OK", lines[-1]):
            return
        codes = re.findall(r"\[HIGHESTMODSEQ (\d+)\]", "\n".join(self.lines))
        fetched = re.findall(r" MODSEQ \((\d+)\)", "\n".join(self.lines))
        self.modseq = int(codes[-1]) if codes else max(known, *map(int, fetched), 0)
        self.lines = []


class Traveller(Actor):
    """Loses its connection at any time, and goes on from what it knows."""

    def __init__(self, stage: ImapStage, client: Client, kind: str, chance: random.Random) -> None:
        super().__init__(client, kind, chance)
        self.stage = stage
        self.replica = Thrifty()

    async def learn(self) -> None:
        self.listen()
        if unknown := self.replica.unknown():
            await self.say(f"FETCH {','.join(map(str, unknown))} (UID FLAGS MODSEQ)", good=False)

    async def come_back(self) -> None:
        self.listen()
        if self.replica.unknown():
            return
        before, modseq, self.idle = list(self.replica.rows), self.replica.modseq, False
        self.client.session.closed("connection lost")
        self.client = await self.stage.user()
        await self.client.ok("ENABLE QRESYNC")
        await self.client.ok(KINDS[self.kind])
        self.replica = Thrifty()
        self.replica.begin()
        lines = await self.say(f"SELECT INBOX (QRESYNC ({self.validity} {modseq}))")
        self.replica.resync(lines, before)

    @property
    def moves(self) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        return super().moves + 3 * [self.come_back, self.fetch, self.store]


@pytest.mark.parametrize("seed", range(4))
async def test_who_loses_the_connection_at_any_time_misses_nothing(stage: ImapStage, seed: int) -> None:
    """RFC 7162 §3.2: expunges that waited to be told are not behind the modseq from which a client goes on."""
    chance = random.Random(seed)
    for _ in range(5):
        await stage.deliver()
    inbox = await mailboxes.by_role(stage.store.engine.reading(), stage.logins.people[BOB], "inbox")
    ref = MailboxRef(stage.logins.people[BOB], inbox.mailbox_id)
    travellers = []
    for kind in ("QRESYNC", "QRESYNC", "NOTIFY with numbers"):
        one = Traveller(stage, await stage.user(), kind, chance)
        await one.client.ok("ENABLE QRESYNC")
        await one.client.ok(KINDS[kind])
        one.validity = inbox.uidvalidity
        await one.select()
        travellers.append(one)
    for _ in range(STEPS):
        kind_of_step = chance.random()
        if kind_of_step < 0.15:
            await stage.deliver()
        elif kind_of_step < 0.25:
            await _remove_one(stage, chance, ref)
        else:
            one = chance.choice(travellers)
            one.listen()
            await chance.choice(one.moves)()
            if not one.idle:
                await one.learn()
    truth = await _truth(stage)
    for one in travellers:
        await one.noop()
        await one.learn()
        await one.noop()
        assert one.replica.believed() == truth, one.kind
