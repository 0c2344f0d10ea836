"""Hostile octets on port 25 of a whole server: where a message ends, what a line is, and what belongs behind TLS."""

import socket

import pytest

from siege import Besieged

LOOKALIKES = (
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\n.\r",
    b"\r.\n",
    b"\r\n.\r\r\n",
    b"\r\r\n.\r\r\n",
    b"\r\n\0.\r\n",
)


@pytest.mark.parametrize("lookalike", LOOKALIKES, ids=repr)
def test_s01_a_smuggled_message_is_never_a_second_one(house: Besieged, lookalike: bytes) -> None:
    u = house.person()
    inner = f"MAIL FROM:<x@a.test>\r\nRCPT TO:<{u}>\r\nDATA\r\nSubject: smuggled\r\n\r\nboo".encode()
    with house.greeted() as wire:
        said = wire.letter("x@a.test", [u], b"Subject: outer\r\n\r\nhello" + lookalike + inner)
        assert said.startswith(("250 2.0.0", "550 5.5.2"))
        assert wire.ask("NOOP").startswith("250 2.0.0")  # still in sync
        assert wire.ask("QUIT").startswith("221")
    found = house.letters(u)
    assert len(found) == (1 if said.startswith("250") else 0)
    assert all(b"Subject: outer" in letter for letter in found)


def test_s02_no_chunk_is_smuggled(house: Besieged) -> None:
    u = house.person()
    with house.greeted() as wire:
        inner = f"MAIL FROM:<x@a.test>\r\nRCPT TO:<{u}>\r\nBDAT 5 LAST\r\nhello".encode()
        said = wire.letter("x@a.test", [u], b"Subject: outer\r\n\r\nhello\r\n.\n" + inner)
        assert said.startswith("550 5.5.2")
        assert wire.ask("NOOP").startswith("250")
    assert house.letters(u) == []


def test_s04_the_end_cut_into_segments_at_each_octet(house: Besieged) -> None:
    u = house.person()
    with house.greeted() as wire:
        wire.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(1, 6):
            wire.letter_begun("x@a.test", u)
            whole = b"Subject: cut\r\n\r\nhello\r\n.\r\n"
            wire.send(whole[: -6 + at])
            house.count("domains")  # the server's loop has had a turn
            wire.send(whole[-6 + at :])
            assert wire.reply().startswith("250")
    assert len({letter.partition(b"Subject")[2] for letter in house.letters(u)}) == 1
    assert len(house.letters(u)) == 5


def test_s04_a_hundred_kilobytes_octet_by_octet(house: Besieged) -> None:
    u = house.person()
    body = b"Subject: drops\r\n\r\n" + (b".leading\r\n" + b"x" * 88 + b"\r\n") * 1000
    with house.greeted() as wire:
        wire.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wire.letter_begun("x@a.test", u)
        stuffed = body.replace(b"\r\n.", b"\r\n..") + b".\r\n"
        for octet in stuffed:
            wire.sock.send(bytes((octet,)))
        assert wire.reply().startswith("250")
    assert house.letters(u)[0].endswith(body)


@pytest.mark.parametrize(
    "behind", [b"MAIL FROM:<inj@a.test>\r\n", b"EHLO evil\r\nMAIL FROM:<i@a.test>\r\n", b"X"], ids=repr
)
def test_s05_what_follows_starttls_in_the_clear_is_never_answered(house: Besieged, behind: bytes) -> None:
    with house.greeted() as wire:
        wire.send(b"STARTTLS\r\n" + behind)
        said = wire.rest().decode()
        assert said.startswith("554 5.5.0")
        assert said.count("\r\n") == 1


def test_s07_nothing_from_before_tls_counts(house: Besieged) -> None:
    with house.greeted() as wire:
        assert wire.codes("MAIL FROM:<x@a.test>", "STARTTLS") == ["250", "220"]
        wire.tls()
        assert wire.ask("RCPT TO:<u@l.test>").startswith("503 5.5.1")
        assert wire.ask("MAIL FROM:<x@a.test>").startswith("503 5.5.1")


def test_s09_speaking_before_the_greeting(house: Besieged) -> None:
    """Octets that are there before the server's first turn cannot be had over a socket; pipelined behind EHLO they can."""
    with house.connect() as wire:
        wire.reply()
        wire.send("EHLO x\r\nMAIL FROM:<x@a.test>\r\n")
        assert wire.rest().startswith(b"554 5.5.0")


def test_s09_a_body_before_354(house: Besieged) -> None:
    u = house.person()
    with house.greeted() as wire:
        wire.codes("MAIL FROM:<x@a.test>", f"RCPT TO:<{u}>")
        wire.send("DATA\r\nSubject: early\r\n\r\nhello\r\n.\r\n")
        assert wire.rest().startswith(b"554 5.5.0")
    assert house.letters(u) == []


def test_s10_a_browser_is_sent_away_without_an_echo(house: Besieged) -> None:
    with house.connect() as wire:
        wire.reply()
        wire.send("POST /cgi?boo HTTP/1.1\r\nHost: mx\r\n\r\nEHLO x\r\nMAIL FROM:<x@a.test>\r\n")
        said = wire.rest()
        assert said.startswith(b"221 2.7.0")
        assert said.count(b"\r\n") == 1
        assert b"boo" not in said


def test_s12_ten_megabytes_without_a_line_end(house: Besieged) -> None:
    with house.greeted() as wire:
        wire.send(b"NOOP " + b"x" * 10_000_000 + b"\r\nNOOP\r\n")
        assert wire.reply().startswith("500 5.5.2")
        assert wire.reply().startswith("250 2.0.0")
        assert wire.ask("NOOP " + "x" * 505).startswith("250")
        assert wire.ask("NOOP " + "x" * 2043).startswith("500 5.5.2")


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        (b"MAIL FROM:<a\0b@r.test>\r\n", "50"),
        (b"RSET\rQUIT\r\n", "500 5.5.2"),
        (b"NOOP\n", "500 5.5.2"),
        (b"NOOP\nQUIT\r\n", "500 5.5.2"),
    ],
)
def test_s13_no_other_octet_ends_a_line(house: Besieged, octets: bytes, code: str) -> None:
    with house.greeted() as wire:
        wire.send(octets)
        assert wire.reply().startswith(code)
        wire.send(b"\r\n" if octets.endswith(b"P\n") else b"")
        assert "221" not in wire.ask("NOOP")


def test_s41_what_only_a_proxy_may_say(house: Besieged) -> None:
    with house.connect() as wire:
        wire.reply()
        wire.send("PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n")
        assert wire.reply()[:3] in ("500", "221")
    with house.greeted() as wire:
        assert wire.ask("XCLIENT ADDR=192.0.2.1").startswith("50")


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n"])
def test_who_ends_a_message_with_lf_alone_is_answered_when_he_pauses(house: Besieged, end: bytes) -> None:
    u = house.person()
    with house.greeted() as wire:
        wire.letter_begun("x@a.test", u)
        wire.send(b"Subject: x\r\n\r\nHello" + end)
        for _ in range(5):
            house.count("domains")
            house.move(1)
        assert wire.rest().startswith(b"550 5.5.2 A line of the message did not end with CRLF")
    assert house.letters(u) == []
