"""Faults and races of a whole server's store: no room, a lost connection, the end of the service, two at once."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import structs

from siege import PASSWORD, Besieged, Wire

BODY = b"Subject: big\r\n\r\n" + (b"z" * 70 + b"\r\n") * 400


@pytest.fixture
def cut_short(house: Besieged) -> Iterator[tuple[int, int, int]]:
    """What there was before; checked again after the test."""
    before = state(house)
    yield before
    house.until("everything to be as it was", lambda: state(house) == before)


def state(house: Besieged) -> tuple[int, int, int]:
    files = sum(path.is_file() for path in (house.data / "store").rglob("*") if "blob" in str(path))
    return house.count("spool"), house.count("emails"), files


@pytest.mark.parametrize("octets", range(0, len(BODY), 4096))
def test_f21_a_connection_lost_inside_a_message(
    house: Besieged, cut_short: tuple[int, int, int], octets: int
) -> None:
    u = house.person()
    with house.greeted() as wire:
        wire.letter_begun("x@a.test", u)
        wire.send(BODY[:octets])
    with house.greeted() as wire:
        wire.codes("MAIL FROM:<x@a.test>", f"RCPT TO:<{u}>")
        wire.send(b"BDAT %d LAST\r\n" % len(BODY) + BODY[:octets])
    assert house.letters(u) == []


def test_f21_a_connection_lost_in_a_spilling_message(
    house: Besieged, cut_short: tuple[int, int, int]
) -> None:
    u = house.person()
    with house.greeted() as wire:
        wire.letter_begun("x@a.test", u)
        wire.send(b"Subject: huge\r\n\r\n" + (b"z" * 70 + b"\r\n") * 20_000)
    assert house.letters(u) == []


def test_f20_a_client_that_is_gone_before_the_250(house: Besieged) -> None:
    u = house.person()
    with house.greeted() as wire:
        wire.letter_begun("x@a.test", u)
        wire.send(BODY + b".\r\n")
        wire.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    house.until("no connection", lambda: house.call(lambda: len(house.server.services._connections)) == 0)
    assert len(house.letters(u)) <= 1


def test_f04_without_room_nothing_is_taken_but_all_else_goes_on(
    house: Besieged, monkeypatch: pytest.MonkeyPatch
) -> None:
    u = house.person()
    with house.greeted() as wire:
        assert wire.letter("x@a.test", [u], b"Subject: before\r\n\r\nhello").startswith("250")
    room = house.server.parts.room
    monkeypatch.setattr(room, "_gauges", structs.replace(room._gauges, free=lambda _: 1000))
    house.move(2)
    with house.greeted() as wire:
        assert wire.ask("MAIL FROM:<x@a.test>").startswith("452 4.3.1")
        assert wire.ask("DATA").startswith("503")
    with reader(house, u) as pop:
        assert ask(pop, "RETR 1").startswith("+OK")
        while pop.line() != ".":
            pass
        assert ask(pop, "DELE 1").startswith("+OK")
        assert ask(pop, "QUIT").startswith("+OK")
    assert house.letters(u) == []
    monkeypatch.undo()
    house.move(2)
    with house.greeted() as wire:
        assert wire.letter("x@a.test", [u], b"Subject: after\r\n\r\nhello").startswith("250")


def test_f30_a_full_queue_takes_nothing(house: Besieged) -> None:
    room = house.server.parts.room
    room.queue_full = True
    try:
        with house.greeted() as wire:
            assert wire.ask("MAIL FROM:<x@a.test>").startswith("452 4.3.1")
    finally:
        room.queue_full = False


def reader(house: Besieged, user: str) -> Wire:
    wire = house.connect("pop3s")
    wire.tls()
    assert wire.line().startswith("+OK")
    assert ask(wire, f"USER {user}").startswith("+OK")
    assert ask(wire, f"PASS {PASSWORD}").startswith("+OK")
    return wire


def ask(wire: Wire, line: str) -> str:
    wire.send(line + "\r\n")
    return wire.line()


def test_q01_two_deliveries_race_for_the_last_octets(house: Besieged) -> None:
    u = house.person(quota=40_000)
    wires = [house.greeted() for _ in range(8)]
    said: list[str] = []
    for wire in wires:
        wire.letter_begun("x@a.test", u)
        wire.send(BODY)
    threads = [threading.Thread(target=lambda wire=wire: said.append(ended(wire))) for wire in wires]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for wire in wires:
        wire.close()
    assert sorted(line[:9] for line in said) == ["250 2.0.0"] + ["452 4.2.2"] * 7
    assert len(house.letters(u)) == 1


def ended(wire: Wire) -> str:
    wire.send(b".\r\n")
    return wire.reply()


def test_q01_a_quota_below_what_is_there(house: Besieged) -> None:
    u = house.person(quota=10)
    with house.greeted() as wire:
        assert wire.letter("x@a.test", [u], BODY).startswith(("452 4.2.2", "552 5.2.2"))
    assert house.letters(u) == []


def test_f22_the_service_ends_while_a_message_arrives(tmp_path: Path) -> None:
    house = Besieged(tmp_path)
    u = house.person()
    idle, busy = house.greeted(), house.greeted()
    busy.letter_begun("x@a.test", u)
    busy.send(BODY)
    house.count("domains")
    stopped = asyncio.run_coroutine_threadsafe(house.server.services.stop(20), house._loop)
    assert idle.rest().startswith(b"421 4.3.2")
    idle.close()
    house.until("nobody to be let in", lambda: refused(house))
    busy.send(b".\r\n")
    assert busy.reply().startswith("250")
    assert busy.rest().startswith(b"421 4.3.2")
    busy.close()
    stopped.result(20)
    assert len(house.letters(u)) == 1
    house.close()


def refused(house: Besieged) -> bool:
    try:
        with house.connect() as wire:
            return wire.rest() == b""
    except ConnectionRefusedError:
        return True


def test_s21_a_message_over_the_limit_is_read_and_refused_once(
    house: Besieged, cut_short: tuple[int, int, int]
) -> None:
    u = house.person()
    with house.greeted() as wire:
        wire.letter_begun("x@a.test", u)
        block = (b"z" * 998 + b"\r\n") * 1000
        for _ in range(51 * 1024 * 1024 // len(block) + 2):
            wire.send(block)
        wire.send(b".\r\n")
        assert wire.reply().startswith("552 5.3.4")
        assert wire.ask("NOOP").startswith("250")
    assert house.letters(u) == []


def test_s22_every_end_of_a_message_ends_the_transaction(house: Besieged) -> None:
    u = house.person()
    with house.greeted() as wire:
        assert wire.letter("x@a.test", [u], b"Subject: x\r\n\r\na\nb").startswith("550 5.5.2")
        assert wire.ask(f"RCPT TO:<{u}>").startswith("503 5.5.1")
        assert wire.letter("x@a.test", [u], b"Subject: x\r\n\r\nhello").startswith("250")
        assert wire.ask("DATA").startswith("503 5.5.1")


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        (("BDAT x",), ["501"]),
        (("BDAT 1_0",), ["501"]),
        (("BDAT 99999999999 LAST",), ["552"]),
        (("BDAT 0", "DATA"), ["250", "503"]),
        (("BDAT 0", "MAIL FROM:<x@a.test>"), ["250", "503"]),
    ],
    ids=str,
)
def test_s23_s24_chunks(house: Besieged, lines: tuple[str, ...], codes: list[str]) -> None:
    u = house.person()
    with house.greeted() as wire:
        wire.codes("MAIL FROM:<x@a.test>", f"RCPT TO:<{u}>")
        assert wire.codes(*lines) == codes
        if codes[0] != "250":
            assert wire.rest() == b""  # nobody knows where the next command begins
    assert house.letters(u) == []


def test_s24_empty_chunks_without_end(house: Besieged) -> None:
    u = house.person()
    with house.greeted() as wire:
        wire.codes("MAIL FROM:<x@a.test>", f"RCPT TO:<{u}>")
        wire.send(b"BDAT 0\r\n" * 200)
        assert wire.rest().endswith(b"421 4.7.0 Too many commands without a message, goodbye\r\n")
