"""What is taken down of a lab: who is listened to, secrets, files, and a taker who is too slow."""

from __future__ import annotations

from pathlib import Path

import pytest

from postroom.app.control import OperationError
from postroom.lab.heard import capture
from postroom.lab.heard.capture import Captures, Recording, taken
from postroom.lab.heard.capture_file import CannotCapture, Captured, written
from postroom.lab.plan import HOUSES
from postroom.net.session import Peer, TlsFacts

FAR, NEAR = Peer("127.0.0.1", 50_000), Peer("127.0.0.1", 2610)


@pytest.fixture
def captures() -> Captures:
    return Captures(lambda: 1_000_000, HOUSES)


def speak(captures: Captures, service: str = "pop3") -> None:
    for one in captures.overhear("hamburger.test", service, FAR, NEAR):
        one.secured(TlsFacts("TLSv1.3", "AES", 256))
        one.went(b"+OK hello\r\n")
        one.came(b"USER bob\r\nPASS hun")
        one.came(b"ter2\r\n")
        one.ended("closed by the peer")


async def all_of(captures: Captures, recording: Recording) -> bytes:
    captures.end(recording)
    return b"".join([octets async for octets in recording.pieces()])


async def test_secrets_are_asterisks(captures: Captures) -> None:
    masked, shown = captures.begin(), captures.begin(show_secrets=True)
    speak(captures)
    assert b"PASS *******\r\n" in await all_of(captures, masked)
    found = await all_of(captures, shown)
    assert b"PASS hunter2\r\n" in found
    assert b"Passwords are as they went" in found
    assert bytes((127, 0, 0, 3)) in found


async def test_what_came_before_tls_is_not_put_behind_it(captures: Captures) -> None:
    """A line without its end, before the handshake, is forgotten as the servers forget it (RFC 3207 §4.2)."""
    shown = captures.begin(show_secrets=True)
    for one in captures.overhear("hamburger.test", "smtp", FAR, NEAR):
        one.came(b"STARTTLS\r\nNOOP")
        one.secured(TlsFacts("TLSv1.3", "AES", 256))
        one.came(b"EHLO crepes.test\r\n")
    found = await all_of(captures, shown)
    assert b"EHLO crepes.test\r\n" in found
    assert b"NOOP" not in found


async def test_a_message_that_does_not_wait_is_taken_down_behind_the_reply_that_asks_for_it(
    captures: Captures,
) -> None:
    shown = captures.begin()
    for one in captures.overhear("hamburger.test", "submission", FAR, NEAR):
        one.came(b"DATA\r\n")
        one.came(b"AUTH PLAIN of this letter\r\n.\r\n")
        one.went(b"354 go\r\n")
        one.came(b"AUTH PLAIN AGJvYg==\r\n")
        one.went(b"250 2.0.0 Ok\r\n235 2.7.0 Ok\r\n")
        one.came(b"DATA\r\nlost\r\n")
        one.ended("closed by the peer")
    found = await all_of(captures, shown)
    assert found.index(b"354 go") < found.index(b"AUTH PLAIN of this letter\r\n.\r\n")
    assert b"AGJvYg" not in found
    assert b"lost\r\n" in found


async def test_nobody_listens_to_http_or_for_nobody(captures: Captures) -> None:
    assert captures.overhear("hamburger.test", "pop3", FAR, NEAR) == []
    captures.begin()
    assert captures.overhear("hamburger.test", "http", FAR, NEAR) == []
    assert len(captures.overhear("hamburger.test", "imap", Peer("::1", 9), Peer("::1", 143))) == 1


async def test_questions_over_udp_and_tcp(captures: Captures) -> None:
    recording = captures.begin()
    captures.asked("udp", ("127.0.0.1", 4000), (b"question", b"answer"))
    captures.asked("tcp", ("127.0.0.1", 4000), (b"unanswered",))
    found = await all_of(captures, recording)
    assert b"answer" in found
    assert b"\x00\x0aunanswered" in found


async def test_who_does_not_take_it_loses_it(captures: Captures, monkeypatch: pytest.MonkeyPatch) -> None:
    enough = captures.begin()
    speak(captures)
    size = len(await all_of(captures, enough))
    monkeypatch.setattr(capture, "MOST_WAITING", size)
    just = captures.begin()
    speak(captures)
    assert len(await all_of(captures, just)) == size
    monkeypatch.setattr(capture, "MOST_WAITING", size - 1)
    slow = captures.begin()
    speak(captures)
    captures.end(slow)
    with pytest.raises(OperationError, match="more than was taken"):
        assert len([octets async for octets in slow.pieces()]) == 1


async def test_the_operation(captures: Captures) -> None:
    records = taken(captures, {"seconds": 0})
    assert b"Postroom" in (await anext(records))["octets"]
    speak(captures)
    assert b"+OK hello" in (await anext(records))["octets"]
    await records.aclose()
    assert captures.overhear("hamburger.test", "pop3", FAR, NEAR) == []


@pytest.mark.parametrize("seconds", [-1, 86_401, "x"])
async def test_seconds_that_cannot_be(captures: Captures, seconds: object) -> None:
    with pytest.raises(OperationError, match="from 0 to 86400"):
        await anext(taken(captures, {"seconds": seconds}))


async def test_the_longest_time(captures: Captures) -> None:
    records = taken(captures, {"seconds": 86_400})
    assert (await anext(records))["octets"]
    await records.aclose()


async def test_a_file_beside_the_lab(captures: Captures, tmp_path: Path) -> None:
    path = tmp_path / "lab.pcap"
    async with written(captures, Captured(path)):
        speak(captures)
    assert b"PASS *******" in path.read_bytes()
    assert path.stat().st_mode & 0o077 == 0


async def test_a_file_that_cannot_be(captures: Captures, tmp_path: Path) -> None:
    with pytest.raises(CannotCapture, match="No such file"):
        async with written(captures, Captured(tmp_path / "no" / "lab.pcap")):
            pass
    async with written(captures, None):
        pass
