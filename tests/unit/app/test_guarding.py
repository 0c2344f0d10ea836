"""The guard of a whole server: made out of settings, reached through a proxy, and seen in reply, log and journey."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import whole_server
from dkim_post import rsa
from filter_to_order import FilterToOrder
from postroom.app.serving import internet
from postroom.app.settings.file import Settings, SettingsError, parse
from postroom.mailauth.dkim.signing import SigningKey, sign
from postroom.message.journey.events import Decided, Hop
from postroom.net.clock import MovableClock
from unit.intake.test_guard_names import Names

HEADER = "PROXY TCP4 192.0.2.7 198.51.100.25 4711 25"
MESSAGE = [
    "EHLO a.test",
    "MAIL FROM:<x@r.test>",
    "RCPT TO:<bob@l.test>",
    "DATA",
    "Subject: x\r\n\r\nHello\r\n.",
]


def settings(data: Path, text: str, database: str = "") -> Settings:
    asked = parse(text)
    return msgspec.structs.replace(
        whole_server.settings_of(data, database), guard=asked.guard, lists=asked.lists, milters=asked.milters
    )


class Guarded(whole_server.Running):
    """With a DNS of its own, and a clock that can be moved."""

    zone = ""

    async def __aenter__(self) -> Any:
        self.clock = MovableClock()
        zone = Names(self.zone)

        def surroundings(settings: Settings) -> Any:
            return msgspec.structs.replace(internet(settings), resolver=zone, clock=self.clock)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(whole_server, "internet", surroundings)
            return await super().__aenter__()

    async def talk(self, *lines: str, service: str = "smtp") -> list[str]:
        """Each line and, but for a PROXY header, the last line of its reply; the first is the greeting's."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.ports[service])
        said: list[str] = []
        try:
            for line in ["", *lines] if not lines or not lines[0].startswith("PROXY") else lines:
                if line:
                    writer.write(f"{line}\r\n".encode())
                while (reply := (await asyncio.wait_for(reader.readline(), 60)).decode()) and reply[
                    3:4
                ] == "-":
                    pass
                said.append(reply.rstrip("\r\n"))
        finally:
            writer.close()
        return said

    def logged(self, event: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.log.getvalue().splitlines()]
        return [line for line in lines if line["event"] == event]

    async def decided(self) -> list[str]:
        rows = await self.server.engine.reading().fetch("SELECT events FROM journal ORDER BY hop_id")
        events = [event for row in rows for event in Hop.unpack(row[0]).events]
        return [f"{one.what}: {one.result}" for one in events if isinstance(one, Decided)]


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "sqlite" else str(request.getfixturevalue("database_url"))


@pytest.fixture
async def alone(tmp_path: Path) -> AsyncIterator[Any]:
    """Starts a server with a guard."""
    started: list[Guarded] = []

    async def start(text: str, zone: str = "", database: str = "") -> Guarded:
        server = Guarded(settings(tmp_path / "data", text, database))
        server.zone = zone
        started.append(await server.__aenter__())
        await server.settle()
        return server

    yield start
    for server in started:
        await server.__aexit__()


async def test_a_proxy_is_believed_at_every_port_and_others_are_not(alone: Any) -> None:
    """S41."""
    server = await alone('[guard]\nproxies = ["127.0.0.0/8"]\nxclient = ["192.0.2.0/24"]')
    said = await server.talk(HEADER, *MESSAGE)
    assert said[0].startswith("220 mail.l.test ESMTP")
    assert said[-1].startswith("250 2.0.0 Ok: queued as")
    assert [line["client"] for line in server.logged("message.accepted")] == ["192.0.2.7"]
    assert (await server.talk(HEADER, service="imap"))[0].startswith("* OK")
    assert (await server.talk(HEADER, service="pop3"))[0].startswith("+OK")
    assert (await server.talk(HEADER, "EHLO a.test", "XCLIENT ADDR=203.0.113.9", *MESSAGE))[-1].startswith(
        "250"
    )
    assert [line["client"] for line in server.logged("message.accepted")][1:] == ["203.0.113.9"]


async def test_without_the_settings_nobody_is(alone: Any) -> None:
    server = await alone("")
    for line in (HEADER, "XCLIENT ADDR=192.0.2.7"):
        said = await server.talk("NOOP", line, "NOOP")
        assert said[2:] == ["500 5.5.1 Command not recognized, goodbye", ""]
    assert server.server.services._gate is not None


async def test_a_listed_client(alone: Any) -> None:
    zone = "7.2.0.192.bad.test A 127.0.0.2"
    server = await alone(
        '[guard]\nproxies = ["127.0.0.1"]\nrefuse_at = 5\n[lists."bad.test"]\npoints = 5\n[lists."other.test"]',
        zone,
    )
    said = await server.talk(HEADER, *MESSAGE[:3], "RCPT TO:<postmaster@l.test>")
    assert said[-2] == "550 5.7.1 The client is listed in bad.test (127.0.0.2)"
    assert said[-1].startswith("250") or said[-1].startswith("550 5.1.1")
    [line] = [line for line in server.logged("client.refused") if "listed" in line["reply"]]
    assert (line["client"], line["detail"]) == (
        "192.0.2.7",
        "list bad.test: the client is listed in bad.test (127.0.0.2) (+5)",
    )


async def test_greylisting(alone: Any, database: str) -> None:
    server = await alone('[guard]\nproxies = ["127.0.0.1"]\ngreylist = true', database=database)
    said = await server.talk(HEADER, *MESSAGE[:3])
    assert said[-1] == "451 4.7.1 Greylisted: try again in 300 seconds"
    assert "greylist, first try" in server.logged("client.refused")[0]["detail"]
    server.clock.advance(301)
    again = HEADER.replace("192.0.2.7", "192.0.2.99")
    assert (await server.talk(again, *MESSAGE))[-1].startswith("250 2.0.0 Ok: queued as")
    assert "greylist: passed" in await server.decided()
    # unknown recipients are refused as ever, and not remembered
    assert (await server.talk(HEADER, *MESSAGE[:2], "RCPT TO:<nobody@l.test>"))[-1].startswith("550 5.1.1")


async def test_spf_vouches(alone: Any) -> None:
    server = await alone(
        '[guard]\nproxies = ["127.0.0.1"]\ngreylist = true', "r.test TXT v=spf1 ip4:192.0.2.0/24 -all"
    )
    assert (await server.talk(HEADER, *MESSAGE))[-1].startswith("250 2.0.0 Ok: queued as")


async def test_signatures_are_about_what_came(alone: Any, tmp_path: Path) -> None:
    """A filter that writes another body does not spoil the author's signature, and its own words stay."""
    answers = [b"bReplaced\r\n", b"hAuthentication-Results\0mail.l.test; x-filter=pass\0", b"qodd\0", b"c"]
    letter = b"From: x@r.test\r\nSubject: x\r\n\r\nHello\r\n"
    key = SigningKey("r.test", "sel", rsa())
    [signature] = sign(letter, [key], int(time.time()))
    text = f'[guard]\nproxies = ["127.0.0.1"]\n[milters."f"]\nsocket = "unix:{tmp_path}/f"'
    server = await alone(text, f"sel._domainkey.r.test TXT {key.key.record()}")
    async with FilterToOrder(tmp_path / "f", {b"E": answers}):
        said = await server.talk(HEADER, *MESSAGE[:4], (signature + letter).decode() + ".")
    assert said[-1].startswith("250 2.0.0 Ok: queued as"), said
    decided = await server.decided()
    assert "filter f: changed" in decided
    assert "dkim: pass" in decided
    copies = """
        SELECT b.name, COUNT(*) FROM messages m JOIN mailboxes b ON b.account_id = m.account_id AND b.mailbox_id = m.mailbox_id
        GROUP BY b.name
    """
    rows = await server.server.engine.reading().fetch(copies)
    assert [tuple(row) for row in rows] == [("Junk", 1)]


async def test_the_chore_of_the_greylist(alone: Any) -> None:
    server = await alone("[guard]\ngreylist = true")
    [chore] = [chore for chore in server.server.services.chores() if chore.name == "greylist"]
    assert await chore.work() is False


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[guard]\nproxies = ["example.com"]', "[guard] proxies: 'example.com' is no network"),
        ('[guard]\nxclient = ["1.2.3.4/8"]', "[guard] xclient: '1.2.3.4/8' is no network"),
        ('[guard]\nexempt = ["x"]', "[guard] exempt: 'x' is no network"),
        ('[lists."x.test"]\nanswers = ["10.0.0.1"]', "[lists] '10.0.0.1' is no answer of a list"),
        ('[milters."f"]', "[milters.\"f\"] socket: '' is no socket: write unix:/path or inet:address:port"),
        ('[milters."f"]\nsocket = "unix:/x"\non_failure = "panic"', "use one of tempfail, accept, reject"),
        ('[milters."f"]\nsocket = "unix:/x"\nservices = ["imap"]', "use one of smtp, submission"),
    ],
)
async def test_a_mistake_is_named(tmp_path: Path, text: str, words: str) -> None:
    server = Guarded(settings(tmp_path / "data", text))
    with pytest.raises(SettingsError) as caught:
        await server.__aenter__()
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[guard]\ngreet_delay = 21.0", "<= 20"),
        ("[guard]\nhold_seconds = -1.0", ">= 0"),
        ("[guard]\nmessages_per_hour = -1", ">= 0"),
        ("[guard]\ngrelist = true", "did you mean greylist?"),
        ('[lists."x.test"]\npoint = 3', "did you mean points?"),
        ('[milters."f"]\nsokcet = "x"', "did you mean socket?"),
        ('[lists."x.test"]\npoints = 1001', "<= 1000"),
    ],
)
def test_a_value_out_of_bounds(text: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        parse(text)
    assert words in str(caught.value)


def test_by_default_nothing_refuses_anybody() -> None:
    assert msgspec.structs.asdict(parse("").guard) == msgspec.structs.asdict(Settings().guard)
    guard = Settings().guard
    off = [name for name in msgspec.structs.asdict(guard) if name.startswith(("no_", "un", "helo", "refuse"))]
    assert {getattr(guard, name) for name in off} == {0}
    assert not guard.greylist
