"""Faults by address: each of them at its step, for the lab's own domain only."""

from __future__ import annotations

import pytest

from postroom.deliver.letter import Receipt
from postroom.intake.client import Client, Incoming
from postroom.intake.door import HangUp, Parcel
from postroom.lab.faults.addressed import DRIP_SECONDS, FAULTS, SLOW_SECONDS, FaultyDoor
from postroom.message.address import Address
from postroom.message.envelope import Envelope, Recipient
from postroom.message.errors import Dictated
from postroom.message.journey.events import Hop, HopKind
from postroom.net.session import Peer

CLIENT = Client(Peer("127.0.0.1"), Peer("127.0.0.1"))


class Open:
    """A door that takes everything."""

    async def mail(self, client: Client, incoming: Incoming) -> None: ...

    async def rcpt(self, client: Client, incoming: Incoming, recipient: Recipient) -> None:
        incoming.envelope.recipients.append(recipient)

    async def message(self, client: Client, incoming: Incoming, parcel: Parcel) -> Receipt:
        return Receipt(parcel.accept_id, [])


class Sleeps(list[float]):
    async def __call__(self, seconds: float) -> None:
        self.append(seconds)


def incoming(*locals_: str) -> Incoming:
    recipients = [Recipient(Address(local, "l.test")) for local in locals_]
    return Incoming(Envelope(None, recipients), Hop(HopKind.RECEIVED, 0))


@pytest.mark.parametrize(
    ("local", "reply"),
    [("tempfail", "451 4.3.0"), ("PermFail", "550 5.1.1"), ("452", "452 4.5.3"), ("full", "452 4.2.2")],
)
async def test_refusals(local: str, reply: str) -> None:
    door = FaultyDoor(Open(), "l.test", Sleeps())
    with pytest.raises(Dictated, match="as asked for") as refused:
        await door.rcpt(CLIENT, incoming(), Recipient(Address(local, "l.test")))
    assert f"{refused.value.code} {refused.value.status}" == reply


@pytest.mark.parametrize(("local", "reply"), [("data-tempfail", "451 4.3.0"), ("data-permfail", "554 5.6.0")])
async def test_refused_after_the_message(local: str, reply: str) -> None:
    door = FaultyDoor(Open(), "l.test", Sleeps())
    with pytest.raises(Dictated) as refused:
        await door.message(CLIENT, incoming("bob", local), Parcel(7, b"", []))
    assert f"{refused.value.code} {refused.value.status}" == reply


async def test_the_connection_is_cut() -> None:
    door = FaultyDoor(Open(), "l.test", Sleeps())
    with pytest.raises(HangUp):
        await door.rcpt(CLIENT, incoming(), Recipient(Address("drop", "l.test")))
    with pytest.raises(HangUp):
        await door.message(CLIENT, incoming("drop-data"), Parcel(7, b"", []))


async def test_an_answer_that_drips() -> None:
    told: list[tuple[Peer, float]] = []
    door = FaultyDoor(Open(), "l.test", Sleeps(), drip=lambda *who: told.append(who))
    await door.rcpt(CLIENT, incoming(), Recipient(Address("drip", "l.test")))
    assert told == [(CLIENT.peer, DRIP_SECONDS)]


@pytest.mark.parametrize("local", [*FAULTS, "bob"])
async def test_another_domain_is_passed_on(local: str) -> None:
    sleeps = Sleeps()
    arriving = incoming()
    await FaultyDoor(Open(), "l.test", sleeps).rcpt(CLIENT, arriving, Recipient(Address(local, "r.test")))
    assert (len(arriving.envelope.recipients), sleeps) == (1, [])


async def test_slow_waits_by_the_clock_it_was_given() -> None:
    sleeps = Sleeps()
    arriving = incoming()
    await FaultyDoor(Open(), "l.test", sleeps).rcpt(CLIENT, arriving, Recipient(Address("slow", "l.test")))
    assert (len(arriving.envelope.recipients), sleeps) == (1, [SLOW_SECONDS])


async def test_the_reply_is_lost_after_the_message_was_taken() -> None:
    door = FaultyDoor(Open(), "l.test", Sleeps())
    with pytest.raises(HangUp):
        await door.message(CLIENT, incoming("bob", "drop-after-data"), Parcel(7, b"", []))
    assert (await door.message(CLIENT, incoming("bob"), Parcel(7, b"", []))).accept_id == 7
