"""Next hops that say what they should not, or say it late: no mail is lost, sent twice or bounced by that."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from next_hop import NextHop
from odd_hop import OK, OddHop
from postroom.proto.dns.answer import Mx
from postroom.proto.smtp import client
from postroom.proto.smtp.client_events import SECONDS
from postroom.proto.smtp.client_replies import MAX_KEPT
from postroom.proto.smtp.commands import Mail
from postroom.proto.smtp.config import Limits
from postroom.proto.smtp.reply import Reply
from smtp_stage import Stage, config
from sorting_office import SortingOffice

US = "bob@hamburger.test"
LINE = b"a long message for a slow server\r\n"


Meet = Callable[..., Awaitable[OddHop]]


@pytest.fixture
async def meet(office: SortingOffice) -> AsyncIterator[Meet]:
    """Makes the mail server of r.test, with these answers."""
    hops: list[OddHop] = []

    async def make(**answers: bytes) -> OddHop:
        hops.append(OddHop(**answers))
        await hops[-1].serve(office)
        office.start(office.remote())
        return hops[-1]

    yield make
    for hop in hops:
        await hop.close()


async def tried(office: SortingOffice, attempts: int = 1) -> None:
    """Waits until so many attempts are written down, and nobody is at work."""

    async def over() -> bool:
        rows = await office.rows("SELECT COALESCE(SUM(attempts), 0), MAX(node) FROM jobs")
        return rows == [(attempts, 0)]

    await office.until(over)


async def test_a_message_that_never_left_is_not_delivered(office: SortingOffice, meet: Meet) -> None:
    """RFC 5321 §4.3.2: only 354 lets a message go, whatever else is positive."""
    await meet(data=OK)
    await office.accept("eve@r.test", sender=US)
    await tried(office)
    assert await office.waiting() == [("r.test", ["eve@r.test"])]


async def test_who_does_not_reset_has_said_nothing_of_the_next_message(
    office: SortingOffice, meet: Meet
) -> None:
    """RSET goes before a message when the last one was refused at DATA."""
    await meet(data=b"451 4.0.0 Later\r\n", rset=b"502 5.5.1 What?\r\n")
    for number in (1, 2):
        await office.accept("eve@r.test", sender=US)
        await tried(office, number)
    assert await office.inbox(office.bob) == []
    assert [who for _, some in await office.waiting() for who in some] == ["eve@r.test"] * 2


async def test_552_for_too_many_recipients_is_for_now(office: SortingOffice, meet: Meet) -> None:
    """RFC 5321 §4.5.3.1.10."""
    hop = await meet()
    hop.rcpt = lambda number: OK if number == 1 else b"552 5.5.3 Too many recipients\r\n"
    await office.accept("eve@r.test", "adam@r.test", sender=US)
    await tried(office)
    assert await office.inbox(office.bob) == []
    assert await office.waiting() == [("r.test", ["adam@r.test"])]


async def test_552_for_a_full_mailbox_is_for_good(office: SortingOffice, meet: Meet) -> None:
    await meet(rcpt=b"552 5.2.2 Full\r\n")
    await office.accept("eve@r.test", sender=US)
    await office.until(lambda: office.inbox(office.bob))
    assert await office.waiting() == []


async def test_little_is_kept_of_a_long_reply(office: SortingOffice, meet: Meet) -> None:
    """What strangers say stands in the queue, in the journal and in reports, once for each recipient."""
    line = b"450-" + b"x" * 2000 + b"\r\n"
    await meet(rcpt=line * 90 + b"450 No\r\n")
    await office.accept(*(f"u{n}@r.test" for n in range(5)), sender=US)
    await tried(office)
    [(status, why)] = await office.rows(
        "SELECT MAX(LENGTH(status)), (SELECT MAX(LENGTH(why)) FROM jobs) FROM rcpt"
    )
    assert max(status, why) < MAX_KEPT + 2 * len(line)


@pytest.fixture
def thousandths(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every time limit of a dialogue is a thousandth of what it is: MAIL has 0.3 s, the final dot 0.6 s."""
    monkeypatch.setattr(client, "SECONDS", {stage: one / 1000 for stage, one in SECONDS.items()})
    monkeypatch.setattr(client, "SENDING_SECONDS", client.SENDING_SECONDS / 1000)


@pytest.mark.usefixtures("thousandths")
async def test_the_end_of_a_message_has_its_own_time(office: SortingOffice, meet: Meet) -> None:
    """RFC 5321 §4.5.3.2.6: ten minutes, since whoever gives up earlier sends again what was taken."""
    hop = await meet()
    hop.pause = 0.42
    await office.accept("eve@r.test")
    await office.idle()
    assert hop.taken == 1


async def test_421_between_two_transactions_sends_nothing_again(office: SortingOffice) -> None:
    """A message for more recipients than go at once, over a connection that was used before."""
    hop = await NextHop(config(limits=Limits(recipients=100))).listen()
    office.zone.exchangers["r.test"] = [Mx(0, "mx.r.test")]
    office.zone.hosts["mx.r.test"] = [hop.ip]
    office.ports[hop.ip] = hop.port
    office.start(office.remote())
    await office.accept("eve@r.test")
    await office.idle()
    refuse_the_second_mail(hop.stages[0])
    everybody = [f"u{n}@r.test" for n in range(150)]
    await office.accept(*everybody)
    await tried(office)
    office.clock.advance(3600)
    office.runner.wake()
    await office.idle()
    assert sorted(hop.recipients) == sorted([*everybody, "eve@r.test"])
    await hop.close()


def refuse_the_second_mail(stage: Stage) -> None:
    answer, mails = stage.answer, 0

    def counted(event: object) -> None:
        nonlocal mails
        mails += isinstance(event, Mail)
        if mails == 2:
            stage.answers[Mail] = Reply.of(421, "4.7.0", "Enough for one connection")
        answer(event)

    stage.answer = counted  # type: ignore[method-assign]


async def test_a_connection_that_is_about_to_stand_ends_with_the_runner(
    office: SortingOffice, meet: Meet
) -> None:
    hop = await meet(greeting=b"")
    await office.accept("eve@r.test")
    await asyncio.sleep(0.1)
    await office.runner.stop(0.05)
    office.running = False
    await asyncio.wait_for(hop.ended.wait(), 60)


class SlowReader:
    """Lets a message begin, and reads it only when it may: `came` is all of it that has left by the end of the connection."""

    def __init__(self) -> None:
        self.began, self.may, self.over = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.came = b""

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 r.test\r\n")
        while not (line := await reader.readline()).startswith(b"DATA"):
            writer.write(OK)
        writer.write(b"354 Go on\r\n")
        self.began.set()
        await self.may.wait()
        with contextlib.suppress(ConnectionError):
            while line := await reader.read(1 << 16):
                self.came += line
        self.over.set()
        writer.close()


async def test_a_message_that_is_called_off_does_not_come_to_its_end(office: SortingOffice) -> None:
    """It stays in the queue: a server that read the rest of it later would have it twice."""
    slow = SlowReader()
    server = await asyncio.start_server(slow.talk, "127.0.0.1", 0)
    office.zone.exchangers["r.test"] = [Mx(0, "mx.r.test")]
    office.zone.hosts["mx.r.test"] = ["127.0.0.1"]
    office.ports["127.0.0.1"] = server.sockets[0].getsockname()[1]
    office.start(office.remote())
    await office.accept("eve@r.test", content=b"From: alice@crepes.test\r\n\r\n" + LINE * 200_000)
    await asyncio.wait_for(slow.began.wait(), 20)
    await asyncio.sleep(0.2)
    await office.runner.stop(0.05)
    office.running = False
    slow.may.set()
    await asyncio.wait_for(slow.over.wait(), 20)
    assert LINE in slow.came
    assert not slow.came.endswith((b"\r\n.\r\n", b"QUIT\r\n"))
    assert await office.waiting() == [("r.test", ["eve@r.test"])]
    server.close()
