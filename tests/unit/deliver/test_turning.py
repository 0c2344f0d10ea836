"""ATRN: mail waits for an account, and goes out over the connection that it has opened."""

import asyncio
import base64
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from postroom.deliver.conversation import Desk
from postroom.deliver.routes import Route
from postroom.deliver.turning import Turner, Turning, fetched
from postroom.intake.submission import SubmissionDoor
from postroom.message.journey.events import HopKind, Outcome, Said, Secured
from postroom.net.connections import Connections
from postroom.net.pump import Endpoint, Pump
from postroom.net.tls.certificates import ServerTls, opportunistic
from postroom.net.tls.layer import TlsLayer
from postroom.net.tls.selfsigned import self_signed
from postroom.proto.smtp.commands import StartTls
from postroom.proto.smtp.config import Service
from postroom.serve.smtp.queue import QueueDesk
from postroom.serve.smtp.session import SmtpSession
from smtp_session import service
from smtp_stage import Stage, config
from sorting_office import MESSAGE, SortingOffice

BOB = "bob@hamburger.test"
LOGIN = base64.b64encode(b"\0bob@hamburger.test\0right").decode()
ROUTES = {
    "customer.test": Route("", turn_for="Bob@hamburger.test"),
    "shop.test": Route("", turn_for=BOB),
    "other.test": Route("", turn_for="boss@hamburger.test"),
}


class Customer:
    """A mail server behind a line that is not always there."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.stage = Stage()
        self.writers: list[asyncio.StreamWriter] = []
        self.told: list[dict[str, object]] = []  # what the provider has logged

    async def dial(self) -> "Customer":
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        self.writers.append(self.writer)
        await self.reader.readline()
        await self.say("EHLO customer.test")
        assert (await self.say(f"AUTH PLAIN {LOGIN}")).startswith("235")
        return self

    async def say(self, line: str) -> str:
        self.writer.write(f"{line}\r\n".encode())
        while (reply := (await self.reader.readline()).decode())[3:4] == "-":
            pass
        return reply

    async def hang_up(self) -> None:
        for writer in self.writers:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def serve(self, tls: ssl.SSLContext | None = None) -> list[bytes]:
        """The roles are exchanged: greets, takes what comes, until the other side says goodbye. With `tls` it offers STARTTLS."""
        stage = self.stage = Stage(config(tls=tls is not None), greet=False)
        stage.machine.greet()
        self.writer.write(stage.machine.data_to_send())
        layer: TlsLayer | None = None
        while (data := await self.reader.read(65_536)) and not stage.machine.closing:
            if layer is None:
                self.writer.write(stage.hear(data).encode())
                if tls is not None and isinstance(stage.events[-1], StartTls):
                    layer = TlsLayer(tls, server_side=True)
                continue
            plain = layer.receive(data)
            if layer.facts is not None and not stage.machine.secure:
                stage.machine.tls_started()
            if plain:
                layer.send(stage.hear(plain).encode())
            self.writer.write(layer.data_to_send())
        return [content for _, content in stage.letters]


@pytest.fixture
async def customer(office: SortingOffice) -> AsyncIterator[Customer]:
    """A customer of the office's submission port, not connected yet."""
    office.runner = office.make_runner(office.scripted, fetched=fetched(ROUTES))
    office.placer.lease = office.runner.lease
    office.running = True
    office.runner.start()
    desk = Desk(office.clock, office.read)
    told: list[dict[str, object]] = []

    def tell(event: str, **facts: object) -> None:
        told.append({"event": event, **facts})

    turner = Turner(
        Turning("mx.hamburger.test", desk, office.engine, ROUTES, office.runner, opportunistic, tell)
    )
    shared = service(
        SubmissionDoor(office.premises(), lambda: "unique"),
        kind=Service.SUBMISSION,
        mechanisms=("PLAIN",),
        plaintext_auth=True,
        turn=True,
        queue=QueueDesk(turning=turner),
    )
    endpoint = Endpoint(lambda: SmtpSession(shared), Connections(), office.faults.append)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Pump(endpoint), "127.0.0.1", 0)
    customer = Customer(server.sockets[0].getsockname()[1])
    customer.told = told
    yield customer
    await customer.hang_up()
    server.close()
    assert not office.faults


async def test_the_mail_waits_and_is_fetched(office: SortingOffice, customer: Customer) -> None:
    receipt = await office.accept("a@customer.test", "b@customer.test", "c@shop.test", "d@other.test")
    await asyncio.sleep(0.05)
    assert office.scripted.opened == []
    await customer.dial()
    assert (await customer.say("ATRN")).startswith("250 2.0.0")
    assert await customer.serve() == [MESSAGE, MESSAGE]
    addresses = sorted(
        str(one.address) for envelope, _ in customer.stage.letters for one in envelope.recipients
    )
    assert addresses == ["a@customer.test", "b@customer.test", "c@shop.test"]
    assert await office.waiting() == [("other.test", ["d@other.test"])]
    relayed = [hop for hop in await office.hops(receipt.accept_id) if hop.kind is HopKind.RELAY]
    assert [e.result for hop in relayed for e in hop.events if isinstance(e, Outcome)] == ["relayed"] * 3


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("ATRN customer.test", "250"),
        ("ATRN CUSTOMER.test,shop.test", "250"),
        ("TURN", "250"),
        ("ATRN shop.test", "453"),
        ("ATRN other.test", "450"),
        ("ATRN customer.test,other.test", "450"),
        ("ATRN unknown.test", "450"),
    ],
)
async def test_which_domains(office: SortingOffice, customer: Customer, command: str, code: str) -> None:
    await office.accept("a@customer.test")
    await customer.dial()
    assert (await customer.say(command))[:3] == code
    if code == "250":
        assert await customer.serve() == [MESSAGE]
        assert await office.waiting() == []
    else:
        assert (await customer.say("NOOP"))[:3] == "250"


async def test_what_the_customer_refuses_is_settled_as_usual(
    office: SortingOffice, customer: Customer
) -> None:
    await office.accept("a@customer.test", sender=BOB)
    await customer.dial()
    await customer.say("ATRN")
    customer.writer.write(b"554 5.3.2 not now\r\n")
    await customer.reader.read()
    assert await office.waiting() == [("customer.test", ["a@customer.test"])]


async def test_a_line_that_breaks_loses_nothing(office: SortingOffice, customer: Customer) -> None:
    for _ in range(3):
        await office.accept("a@customer.test")
    await customer.dial()
    await customer.say("ATRN")
    stage = Stage(greet=False)
    stage.machine.greet()
    customer.writer.write(stage.machine.data_to_send())
    while not stage.letters:
        customer.writer.write(stage.hear(await customer.reader.read(65_536)).encode())
    customer.writer.transport.abort()

    async def given_back() -> bool:
        return await office.rows("SELECT COUNT(*) FROM jobs WHERE node <> 0") == [(0,)]

    await office.until(given_back)
    office.clock.advance(3600)
    await customer.dial()
    assert (await customer.say("ATRN"))[:3] == "250"
    assert len(await customer.serve()) >= 2
    await office.idle()


async def test_reports_on_mail_that_nobody_fetches(office: SortingOffice, customer: Customer) -> None:
    await office.accept("a@customer.test", sender=BOB)
    office.clock.advance(5 * 86_400 + 1)
    await office.idle()
    assert b"Status: 5.4.7" in (await office.inbox(office.bob))[-1]


async def test_after_the_turn_tls_is_used_when_it_is_offered(
    office: SortingOffice, customer: Customer, tmp_path: Path
) -> None:
    certificates = ServerTls(self_signed(tmp_path, ["customer.test"], office.clock.now()))
    certificates.service("smtp")
    receipt = await office.accept("a@customer.test")
    await customer.dial()
    await customer.say("ATRN")
    assert await customer.serve(certificates.context("smtp")) == [MESSAGE]
    assert customer.stage.machine.secure
    (relayed,) = [hop for hop in await office.hops(receipt.accept_id) if hop.kind is HopKind.RELAY]
    said = [event for event in relayed.events if isinstance(event, Said | Secured)]
    assert [type(event) for event in said] == [Said, Secured, Said, Said]
    assert said[2].lines[0].startswith(b">EHLO")


async def test_a_handshake_that_fails_after_the_turn_loses_nothing(
    office: SortingOffice, customer: Customer
) -> None:
    await office.accept("a@customer.test")
    await customer.dial()
    await customer.say("ATRN")
    customer.writer.write(b"220 customer.test\r\n")
    await customer.reader.readline()
    customer.writer.write(b"250-customer.test\r\n250 STARTTLS\r\n")
    assert await customer.reader.readline() == b"STARTTLS\r\n"
    customer.writer.write(b"220 go ahead\r\n")
    await customer.reader.read(1)
    customer.writer.write(b"this is no TLS\r\n")
    await customer.reader.read()
    await office.until(lambda: customer.told)
    assert (customer.told[0]["event"], customer.told[0]["domains"]) == ("turn.failed", ["customer.test"])
    assert await office.waiting() == [("customer.test", ["a@customer.test"])]
    await customer.dial()
    assert (await customer.say("ATRN"))[:3] == "250"
    assert await customer.serve() == [MESSAGE]
