"""Those who are too slow, too many or too greedy on port 25 of a whole server; its clock is moved, nobody waits."""

import socket
from collections.abc import Callable

import pytest

from postroom.net import gate
from siege import Besieged, Wire


def still_there(wire: Wire) -> bool:
    return wire.ask("NOOP").startswith("250")


def test_s14_silence_ends_after_five_minutes(house: Besieged) -> None:
    with house.connect() as silent, house.greeted() as other:
        silent.reply()
        house.move(299)
        assert still_there(other)
        house.move(2)
        assert silent.rest().startswith(b"421 4.4.2")
        assert still_there(other)


def test_s14_a_command_in_drops_does_not_move_the_deadline(house: Besieged) -> None:
    with house.greeted() as wire:
        for octet in b"MAIL FROM:<x@a.t":
            wire.send(bytes((octet,)))
            house.count("domains")
            house.move(20)
        assert wire.rest().startswith(b"421 4.4.2")


def test_s15_a_trickling_message_is_cut_and_leaves_nothing(house: Besieged) -> None:
    u = house.person()
    with house.greeted() as wire:
        wire.letter_begun("x@a.test", u)
        for _ in range(70):
            wire.send(b"trickle\r\n")
            house.count("domains")
            house.move(5)
        assert wire.rest().startswith(b"421 4.4.2")
    assert house.letters(u) == []
    assert house.count("spool") == 0


def test_s15_a_long_message_that_keeps_coming_arrives(house: Besieged) -> None:
    u = house.person()
    block = b"y" * 998 + b"\r\n"
    with house.greeted() as wire:
        wire.letter_begun("x@a.test", u)
        for _ in range(8):
            wire.send(block * 100)
            house.until("the block to be read", lambda: house.count("domains"))
            house.move(100)  # 1,000 octets a second
        wire.send(b".\r\n")
        assert wire.reply().startswith("250")
    assert house.letters(u)[0].endswith(block * 800)


def test_s16_replies_that_nobody_reads(house: Besieged) -> None:
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(("127.0.0.1", house.ports["smtp"]))
    with Wire(sock) as wire:
        wire.reply()
        wire.ask("EHLO a.test")
        wire.sock.settimeout(5)
        try:
            wire.send(b"NOOP\r\n" * 1_000_000)
        except OSError:
            pass  # the server stopped reading, or was done with us
        said = wire.rest()
        assert said.count(b"\r\n") <= 101
        assert said.rpartition(b"\r\n")[0].splitlines()[-1].startswith(b"421 4.7.0")
    with house.greeted() as other:
        assert still_there(other)


def test_s17_the_21st_error_is_the_last(house: Besieged) -> None:
    with house.greeted() as wire:
        said = [wire.ask("NONSENSE") for _ in range(21)]
        assert {line[:9] for line in said[:20]} == {"500 5.5.1"}
        assert "421 4.7.0" in (said[20] + wire.rest().decode())


def test_s18_a_thousand_recipients_and_one(house: Besieged) -> None:
    u = house.person()
    local = u.partition("@")[0]
    with house.greeted() as wire:
        wire.ask("MAIL FROM:<x@a.test>")
        wire.send("".join(f"RCPT TO:<{local}+{n}@l.test>\r\n" for n in range(1001)))
        said = wire.replies(1001)
        assert {line[:9] for line in said[:1000]} == {"250 2.1.5"}
        assert said[1000].startswith("452 4.5.3")
        assert wire.ask("DATA").startswith("354")
        wire.send(b"Subject: many\r\n\r\nhello\r\n.\r\n")
        assert wire.reply().startswith("250")
    house.until("a thousand copies", lambda: len(house.letters(u)) == 1000)


def test_s19_unknown_recipients_end_the_connection(house: Besieged) -> None:
    with house.greeted() as wire:
        wire.ask("MAIL FROM:<x@a.test>")
        said = [wire.ask(f"RCPT TO:<nobody{n}@l.test>") for n in range(20)]
        assert {line[:9] for line in said} == {"550 5.1.1"}
        assert "421 4.7.0" in wire.ask("RCPT TO:<nobody@l.test>") + wire.rest().decode()


def test_s20_s21_sizes(house: Besieged) -> None:
    with house.greeted() as wire:
        assert wire.ask("MAIL FROM:<x@a.test> SIZE=999999999999").startswith("552 5.3.4")
        for size in ("1_0", "+5", "-1", "１２"):
            assert wire.ask(f"MAIL FROM:<x@a.test> SIZE={size}")[:9] in ("501 5.5.4", "500 5.5.2")


@pytest.fixture
def neighbours(monkeypatch: pytest.MonkeyPatch) -> Callable[[Besieged], None]:
    def count_loopback(house: Besieged) -> None:
        monkeypatch.setattr(gate, "is_local", lambda ip: False)

    return count_loopback


def test_s37_the_31st_connection_of_a_neighbour(
    house: Besieged, neighbours: Callable[[Besieged], None]
) -> None:
    neighbours(house)
    wires = [house.connect(source="127.0.0.5") for _ in range(31)]
    try:
        assert [wire.reply()[:9] for wire in wires].count("421 4.7.0") == 1
        with house.connect(source="127.0.0.6") as other:
            assert other.reply().startswith("220")
        wires[0].close()
        house.until("room", lambda: admitted(house))
    finally:
        for wire in wires:
            wire.close()


def admitted(house: Besieged) -> bool:
    with house.connect(source="127.0.0.5") as wire:
        return wire.reply().startswith("220")


def test_s37_three_hundred_a_minute(house: Besieged, neighbours: Callable[[Besieged], None]) -> None:
    neighbours(house)
    greeted = 0
    for _ in range(3_000):  # time goes on, and with it five more are let in every second
        with house.connect(source="127.0.0.7") as wire:
            if wire.reply().startswith("421 4.7.0"):
                break
            greeted += 1
    assert 300 <= greeted < 3_000
    house.move(60)
    with house.connect(source="127.0.0.7") as wire:
        assert wire.reply().startswith("220")


def test_s39_handshakes_that_are_never_finished(house: Besieged) -> None:
    wires = [house.connect("submissions") for _ in range(200)]
    hello = bytes.fromhex("16030100c8010000c40303")  # the beginning of a ClientHello
    try:
        for wire in wires:
            wire.send(hello)
        with house.greeted() as other:
            assert still_there(other)
        house.until("all to be begun", lambda: open_connections(house) >= 200)
        house.move(31)
        assert {wire.rest() for wire in wires} == {b""}
        house.until("all to be gone", lambda: open_connections(house) < 5)
    finally:
        for wire in wires:
            wire.close()


def open_connections(house: Besieged) -> int:
    return house.call(lambda: len(house.server.services._connections))
