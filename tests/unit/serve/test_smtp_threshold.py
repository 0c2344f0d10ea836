"""Between connection and door: a greeting that waits, and a proxy that speaks for somebody else."""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest

from postroom.intake.guard.guard import Guard, GuardTerms
from postroom.net.networks import Networks
from postroom.net.session import TlsFacts
from postroom.proto.sasl.mechanisms import Need, Supply
from smtp_session import Line, OnePassword, OpenDoor, Talk, service
from unit.intake.test_guard_names import Names

PROXIES = Networks(["198.51.100.0/24"])
LOGIN = "AUTH PLAIN " + base64.b64encode(b"\0bob@hamburger.test\0right").decode()


class Waking(Line):
    """Notes that it was woken."""

    woken = False

    def wake(self) -> None:
        self.woken = True


def guard(**terms: Any) -> Guard:
    return Guard(GuardTerms(**terms), Names(""), asyncio.sleep)


async def wait_for(line: Waking) -> None:
    while not line.woken:
        await asyncio.sleep(0.001)


async def test_the_greeting_waits() -> None:
    line = Waking()
    talk = Talk(service(guard=guard(greet_delay=0.01)), line)
    assert talk.greeting == b""
    await wait_for(line)
    assert talk.session.machine.data_to_send().startswith(b"220 ")
    assert (await talk.message())[-1].startswith("250")


async def test_who_speaks_before_the_greeting_is_refused() -> None:
    told: list[dict[str, Any]] = []

    def tell(event: str, **facts: Any) -> None:
        told.append({"event": event, **facts})

    line = Waking()
    talk = Talk(service(guard=guard(greet_delay=0.01), tell=tell), line)
    assert await talk.hear(b"EHLO spam.test\r\n") == []
    await wait_for(line)
    assert talk.session.machine.data_to_send().startswith(b"554 5.5.0 SMTP protocol synchronization")
    assert talk.session.machine.closing
    [refusal] = [one for one in told if one["event"] == "client.refused"]
    assert (refusal["client"], refusal["detail"]) == ("192.0.2.7", "spoke before the greeting")


@pytest.mark.parametrize("ip", ["127.0.0.1", "203.0.113.9"])
async def test_who_is_exempt_does_not_wait(ip: str) -> None:
    talk = Talk(service(guard=guard(greet_delay=9, exempt=Networks(["203.0.113.0/24"]))), Line(ip))
    assert talk.greeting.startswith(b"220 ")


@pytest.mark.parametrize("end", ["closed", "dismissed"])
async def test_nobody_is_greeted_who_is_gone(end: str) -> None:
    line = Waking()
    talk = Talk(service(guard=guard(greet_delay=0.005)), line)
    if end == "closed":
        talk.session.closed("gone")
    else:
        talk.session.dismissed()
        talk.session.machine.data_to_send()
    await asyncio.sleep(0.02)
    assert talk.session.machine.data_to_send() == b""
    assert not line.woken


def proxied(door: OpenDoor, **more: Any) -> Talk:
    return Talk(service(door, proxies=PROXIES, **more), Line("198.51.100.9"))


async def test_xclient_says_who_the_client_is() -> None:
    door = OpenDoor()
    talk = proxied(door)
    said = await talk.say(
        "EHLO proxy.test", "XCLIENT ADDR=192.0.2.7 PORT=4711 NAME=mail.a.test DESTADDR=192.0.2.25 DESTPORT=26"
    )
    assert said[-1] == "220 mx.hamburger.test ESMTP Postroom"
    await talk.message()
    client = door.taken[0][0]
    assert (client.peer.ip, client.peer.port, client.reverse) == ("192.0.2.7", 4711, "mail.a.test")
    assert (client.local.ip, client.local.port, client.helo) == ("192.0.2.25", 26, "a.test")
    assert client.origin().startswith("Received: from a.test (mail.a.test [192.0.2.7])")


async def test_what_is_not_said_stays() -> None:
    door = OpenDoor()
    talk = proxied(door)
    await talk.say(
        "XCLIENT HELO=a.test PROTO=SMTP", "MAIL FROM:<x@r.test>", "RCPT TO:<bob@hamburger.test>", "DATA"
    )
    assert (await talk.hear(b"x: y\r\n\r\n.\r\n"))[-1].startswith("250")
    client = door.taken[0][0]
    assert (client.peer.ip, client.helo, client.esmtp) == ("198.51.100.9", "a.test", False)


async def test_an_address_that_is_not_known_is_nobodys() -> None:
    door = OpenDoor()
    talk = proxied(door)
    await talk.say("XCLIENT ADDR=[UNAVAILABLE] NAME=[UNAVAILABLE]")
    await talk.message()
    client = door.taken[0][0]
    assert (client.peer.ip, client.peer.is_loopback, client.reverse) == ("0.0.0.0", False, "")


async def test_a_login_before_it_is_forgotten() -> None:
    door = OpenDoor()
    talk = proxied(door, mechanisms=("PLAIN",), plaintext_auth=True)
    await talk.say("EHLO proxy.test", LOGIN, "XCLIENT ADDR=192.0.2.7")
    await talk.message()
    assert door.taken[0][0].login is None


async def test_who_tries_to_log_in_is_the_client_and_not_the_proxy() -> None:
    """Else one guesser would lock everybody out who comes by the proxy."""
    logins = OnePassword()
    talk = proxied(OpenDoor(), mechanisms=("PLAIN",), plaintext_auth=True, logins=logins)
    await talk.say("XCLIENT ADDR=192.0.2.7", "EHLO a.test", LOGIN)
    assert logins.came == ["192.0.2.7"]


async def test_the_certificate_of_a_proxy_is_not_the_clients() -> None:
    shown = TlsFacts("TLSv1.3", "AES", 256, verified=True, certificate=b"a certificate", bindable=True)
    supply = Supply(lambda: "nonce", lambda: frozenset({Need.CERTIFICATE}))
    names = ("EXTERNAL", "SCRAM-SHA-256-PLUS", "PLAIN")
    talk = Talk(service(proxies=PROXIES, mechanisms=names, sasl=supply), Line("198.51.100.9", shown))
    [before] = [line for line in await talk.say("EHLO proxy.test") if "AUTH" in line]
    [after] = [line for line in await talk.say("XCLIENT ADDR=192.0.2.7", "EHLO a.test") if "AUTH" in line]
    assert before.endswith("AUTH EXTERNAL SCRAM-SHA-256-PLUS PLAIN")
    assert after.endswith("AUTH PLAIN")


async def test_it_may_be_said_for_the_next_client_too() -> None:
    door = OpenDoor()
    talk = proxied(door)
    for ip in ("192.0.2.7", "192.0.2.8"):
        assert (await talk.say(f"XCLIENT ADDR={ip}"))[-1].startswith("220")
        await talk.message()
    assert [client.peer.ip for client, _, _ in door.taken] == ["192.0.2.7", "192.0.2.8"]


async def test_from_elsewhere_it_ends_the_connection() -> None:
    """S41."""
    talk = Talk(service(proxies=PROXIES), Line("192.0.2.7"))
    assert (await talk.say("EHLO a.test", "XCLIENT ADDR=127.0.0.1"))[-1].startswith("500 5.5.1")
    assert talk.session.machine.closing


async def test_the_guard_looks_at_the_client_that_was_announced() -> None:
    zone = Names("")
    weighing = Guard(GuardTerms(exempt=Networks(["198.51.100.0/24"]), greet_delay=1), zone, asyncio.sleep)
    talk = proxied(OpenDoor(), guard=weighing)
    assert talk.greeting.startswith(b"220")
    await talk.say("XCLIENT ADDR=192.0.2.7")
    assert talk.session._threshold.door._free is False
