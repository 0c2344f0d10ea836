"""Hostile readers: two at once, cut off, counting in their own way, guessing, silent."""

import pytest

from siege import PASSWORD, Besieged, Wire


@pytest.fixture
def bob(house: Besieged) -> str:
    u = house.person()
    with house.greeted() as wire:
        for number in range(3):
            assert wire.letter("x@a.test", [u], b"Subject: %d\r\n\r\nhello\r\n.dot" % number).startswith(
                "250"
            )
    return u


def ask(wire: Wire, line: str) -> str:
    wire.send(line + "\r\n")
    return wire.line()


def login(house: Besieged, user: str) -> Wire:
    wire = house.connect("pop3s")
    wire.tls()
    wire.line()
    assert ask(wire, f"USER {user}").startswith("+OK")
    assert ask(wire, f"PASS {PASSWORD}").startswith("+OK")
    return wire


def lines(wire: Wire) -> list[str]:
    found = []
    while (line := wire.line()) != ".":
        found.append(line)
    return found


def test_p01_two_sessions_and_a_cut_between_dele_and_quit(house: Besieged, bob: str) -> None:
    with login(house, bob) as one, login(house, bob) as two:
        assert ask(one, "DELE 1").startswith("+OK")
        assert ask(two, "STAT").startswith("+OK 3 ")
    assert len(house.letters(bob)) == 3
    with login(house, bob) as one, login(house, bob) as two:
        assert ask(one, "DELE 1").startswith("+OK")
        assert ask(one, "QUIT").startswith("+OK")
        assert ask(two, "STAT").startswith("+OK 3 ")
        assert ask(two, "DELE 1").startswith("+OK")
        assert ask(two, "DELE 2").startswith("+OK")
        assert ask(two, "QUIT").startswith("+OK")
    assert len(house.letters(bob)) == 1


@pytest.mark.parametrize(
    "number", ["-1", "+1", "1_0", "0", "4", "１", "999999999999999999999", "1 2", "x", ""]
)
def test_p01_numbers_that_are_none(house: Besieged, bob: str, number: str) -> None:
    with login(house, bob) as wire:
        for verb in ("RETR", "DELE", "TOP"):
            said = ask(wire, f"{verb} {number}" + (" 0" if verb == "TOP" else ""))
            assert said.startswith("-ERR"), (verb, number, said)
        assert ask(wire, "STAT").startswith("+OK 3 ")


def test_p01_top_of_more_lines_than_there_are(house: Besieged, bob: str) -> None:
    with login(house, bob) as wire:
        assert ask(wire, "RETR 1").startswith("+OK")
        whole = lines(wire)
        assert ask(wire, "TOP 1 999999999").startswith("+OK")
        assert lines(wire) == whole
        assert ask(wire, "TOP 1 0").startswith("+OK")
        assert lines(wire) == whole[:-2]


def test_s06_what_follows_stls_in_the_clear_is_not_executed(house: Besieged, bob: str) -> None:
    with house.connect("pop3") as wire:
        assert wire.line().startswith("+OK")
        wire.send(f"STLS\r\nUSER {bob}\r\n")
        assert wire.rest().count(b"\r\n") <= 1


def test_s10_s12_s25_strangers(house: Besieged, bob: str) -> None:
    with house.connect("pop3") as wire:
        wire.line()
        assert ask(wire, f"USER {bob}").startswith("-ERR")  # not in the clear
        wire.send(b"NOOP " + b"x" * 1_000_000 + b"\r\n")
        assert wire.line().startswith("-ERR")
    with house.connect("pop3") as wire:
        wire.line()
        wire.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        assert wire.rest().count(b"\r\n") == 1


def test_s14_silence_ends(house: Besieged, bob: str) -> None:
    with house.connect("pop3") as stranger, login(house, bob) as reader:
        stranger.line()
        house.move(590)
        assert stranger.rest()[:4] in (b"-ERR", b"")
        assert ask(reader, "NOOP").startswith("+OK")
        house.move(605)
        reader.rest()
    assert len(house.letters(bob)) == 3


def test_s28_unknown_names_and_wrong_passwords_are_told_alike(house: Besieged, bob: str) -> None:
    said = set()
    for name in (bob, "nobody@l.test"):
        with house.connect("pop3s") as wire:
            wire.tls()
            wire.line()
            said.add(ask(wire, f"USER {name}"))
            said.add(ask(wire, "PASS wrong"))
        house.move(60)
    assert len(said) == 2


def test_x02_one_users_login_opens_nobody_elses_mail(house: Besieged, bob: str) -> None:
    other = house.person()
    with login(house, bob) as wire, login(house, other) as stranger:
        assert ask(wire, "STAT").startswith("+OK 3 ")
        assert ask(stranger, "STAT").startswith("+OK 0 0")
