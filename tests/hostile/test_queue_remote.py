"""What far servers and their DNS do to the queue of a whole server: mail is tried again, reported once, or refused; never lost."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from postroom.message.address import Address
from postroom.proto.dns.answer import Mx, Rcode
from postroom.store.administration import accounts, aliases
from siege import Besieged, FarServer

Start = Callable[..., FarServer]
LETTER = "From: <{u}>\r\nTo: <x@r.test>\r\nSubject: out\r\nMessage-ID: <1@l.test>\r\n\r\nhello"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Besieged]:
    """One for each test: what is left in a queue would be another test's."""
    server = Besieged(tmp_path)
    yield server
    server.close()


def send(house: Besieged, u: str, *recipients: str) -> None:
    with house.user(u) as wire:
        assert wire.letter(u, recipients, LETTER.format(u=u).encode()).startswith("250")


def waiting(house: Besieged) -> int:
    return house.count("jobs")


def settled(house: Besieged) -> None:
    house.until("the queue to be empty", lambda: waiting(house) == 0)


def tried(house: Besieged, far: FarServer, times: int) -> None:
    house.until(f"{times} connections", lambda: len(far.connections) >= times)


def tries(far: FarServer) -> int:
    return sum(line.startswith("RCPT") for heard in far.connections for line in heard.lines)


def the_report(house: Besieged, u: str) -> str:
    letters = house.until("a report", lambda: house.letters(u))
    assert len(letters) == 1
    assert letters[0].startswith(b"Return-Path: <>\r\n")
    return letters[0].decode()


def test_d01_nothing_is_reported_to_the_null_sender(house: Besieged, far: Start) -> None:
    u = house.person()
    far(RCPT="550 5.1.1 nobody")
    house.write(lambda tx: accounts.set_forwards(tx, *parsed(u, "x@r.test"), keeps_copy=False))
    spooled = house.count("spool")
    with house.greeted() as wire:
        assert wire.letter("", [u], b"Subject: bounce\r\n\r\nhello").startswith("250")
    settled(house)
    assert house.letters(u) == []
    assert house.count("spool") == spooled


def parsed(address: str, *targets: str) -> tuple[Address, list[Address]]:
    one, *others = (Address(*text.split("@")) for text in (address, *targets))
    return one, others


def test_d02_forged_senders_get_no_backscatter(house: Besieged, far: Start) -> None:
    server = far("forged.test")
    for _ in range(5):
        with house.greeted() as wire:
            wire.ask("MAIL FROM:<victim@forged.test>")
            said = [wire.ask(f"RCPT TO:<nobody{n}@l.test>") for n in range(20)]
            assert {line[:9] for line in said} == {"550 5.1.1"}
    assert server.connections == []
    assert waiting(house) == 0


@pytest.mark.parametrize(
    ("reply", "shown"),
    [
        (b"\r\n".join([b"550-x"] * 100_000) + b"\r\n550 end", ""),
        (b"550 " + b"y" * 1_000_000, ""),
        (b"550 5.1.1 a\x1b[31m\0 Bcc: x", "Status: 5.1.1"),
        (b"550 a\rBcc: x@r.test", ""),
    ],
    ids=["lines", "one line", "controls", "bare CR"],
)
def test_d03_replies_beyond_all_measure(house: Besieged, far: Start, reply: bytes, shown: str) -> None:
    u = house.person()
    far(RCPT=reply)
    send(house, u, "x@r.test")
    house.until("an end of the attempt", lambda: waiting(house) == 0 or attempts(house) >= 1)
    house.move(6 * 86_400)
    report = the_report(house, u)
    assert shown in report
    assert len(report) < 300_000
    assert not {"\x1b", "\0"} & set(report)
    assert "\nBcc:" not in report
    assert "\n" not in report.replace("\r\n", "")
    assert "\r" not in report.replace("\r\n", "")


def attempts(house: Besieged) -> int:
    async def read() -> int:
        row = await house.server.engine.reading().fetchrow("SELECT coalesce(max(attempts), 0) FROM jobs")
        hops = await house.server.engine.reading().fetchrow("SELECT count(*) FROM hops")
        assert row is not None
        assert hops is not None
        return int(row[0]) + int(hops[0])

    return house.do(read())


@pytest.mark.parametrize(
    "fault",
    [
        {"GREETING": "421 4.3.2 closing"}, {"EHLO": "421 closing"}, {"MAIL": "421 closing"}, {"RCPT": "421 closing"},
        {"DATA": "421 closing"}, {"END": "421 closing"}, {"GREETING": ""}, {"EHLO": ""}, {"MAIL": ""}, {"RCPT": ""},
        {"DATA": ""}, {"END": ""}, {"RCPT": "451 later"}, {"END": "452 4.3.1 full"}, {"GREETING": "nonsense"},
        {"MAIL": "354 what"}, {"END": "354 again"},
    ],
    ids=str,
)  # fmt: skip
def test_d04_a_failure_for_now_at_each_stage_is_tried_again(
    house: Besieged, far: Start, fault: dict[str, str]
) -> None:
    u = house.person()
    domain = f"r{abs(hash(str(fault)))}.test"
    server = far(domain, **fault)
    send(house, u, f"x@{domain}")
    tried(house, server, 1)
    house.until("the attempt to be over", lambda: attempts(house) >= 1)
    lost = len(server.letters)
    assert waiting(house) == 1
    server.replies.clear()
    house.move(400)
    settled(house)
    assert len(server.letters) == lost + 1  # F20: one more for each reply that was lost behind the end
    assert house.letters(u) == []


def test_f20_a_reply_lost_behind_the_end_makes_one_duplicate_and_no_more(house: Besieged, far: Start) -> None:
    u = house.person()
    server = far("lost.test", END="")
    send(house, u, "x@lost.test")
    house.until("the attempt to be over", lambda: attempts(house) >= 1)
    server.replies.clear()
    house.move(400)
    settled(house)
    assert len(server.letters) == 2
    assert len(set(server.letters)) == 1


@pytest.mark.parametrize(
    ("fault", "status"),
    [({"RCPT": "550 5.1.1 who"}, "5.1.1"), ({"MAIL": "553 not you"}, "5."), ({"END": "554 5.6.0 no"}, "5.6.0"),
     ({"DATA": "550 5.7.1 no"}, "5.7.1")],
    ids=str,
)  # fmt: skip
def test_d04_a_refusal_is_reported_once(
    house: Besieged, far: Start, fault: dict[str, str], status: str
) -> None:
    u = house.person()
    server = far(**fault)
    send(house, u, "x@r.test")
    settled(house)
    assert f"Status: {status}" in the_report(house, u)
    assert len(server.connections) == 1


@pytest.mark.parametrize(
    ("exchangers", "addresses", "status"),
    [
        ((Mx(0, ""),), {}, "5.1.10"),
        (Rcode.NXDOMAIN, {}, "5.1.2"),
        ((Mx(10, "mx.l.test"),), {"mx.l.test": ("127.0.0.1",)}, "5.4.6"),
        ((Mx(10, "evil.test"),), {"evil.test": ("127.0.0.1",)}, "5.4.6"),
        ((Mx(10, "evil.test"),), {"evil.test": ("0.0.0.0",)}, "5.4.6"),
        ((Mx(10, "evil.test"),), {"evil.test": ("::ffff:127.0.0.1",)}, "5.4.6"),
    ],
    ids=str,
)
def test_d05_domains_that_lead_nowhere_or_to_ourselves(
    house: Besieged, exchangers: tuple[Mx, ...] | Rcode, addresses: dict[str, tuple[str, ...]], status: str
) -> None:
    u = house.person()
    house.names.mx_of["odd.test"] = exchangers
    house.names.addresses_of.update(addresses)
    send(house, u, "x@odd.test")
    assert f"Status: {status}" in the_report(house, u)
    settled(house)


def test_d05_a_thousand_exchangers_are_not_all_tried(house: Besieged) -> None:
    u = house.person()
    house.names.mx_of["many.test"] = tuple(Mx(n, f"m{n}.many.test") for n in range(1000))
    house.names.addresses_of.update(
        {f"m{n}.many.test": (f"127.9.{n // 250}.{n % 250 + 1}",) for n in range(1000)}
    )
    before = len(house.names.asked)
    send(house, u, "x@many.test")
    house.until("the attempt to be over", lambda: attempts(house) >= 1)
    asked = [question for question in house.names.asked[before:] if "many.test" in question]
    assert 3 <= len(asked) <= 11
    house.move(6 * 86_400)
    settled(house)


@pytest.mark.parametrize("rcode", [Rcode.SERVFAIL, Rcode.TIMEOUT, Rcode.UNREACHABLE, Rcode.REFUSED])
def test_f17_a_dns_that_fails_is_no_reason_to_give_up(house: Besieged, far: Start, rcode: Rcode) -> None:
    u = house.person()
    domain = f"{rcode.lower()}.test"
    house.names.mx_of[domain] = rcode
    healthy = far("healthy.test")
    send(house, u, f"x@{domain}", "x@healthy.test")
    house.until("the other domain's letter", lambda: healthy.letters)
    assert house.letters(u) == []
    house.names.mx_of[domain] = (Mx(10, "mail.healthy.test"),)
    house.move(400)
    settled(house)
    assert len(healthy.letters) == 2


def test_d07_two_who_forward_to_each_other(house: Besieged) -> None:
    u, v = house.person(), house.person()
    sender = house.person()
    house.write(lambda tx: accounts.set_forwards(tx, *parsed(u, v), keeps_copy=False))
    house.write(lambda tx: accounts.set_forwards(tx, *parsed(v, u), keeps_copy=False))
    with house.user(sender) as wire:
        said = wire.letter(sender, [u], LETTER.format(u=sender).encode())
    settled(house)
    reports = house.letters(sender)
    assert said.startswith("5") or len(reports) == 1
    assert house.letters(u) == house.letters(v) == []


def test_d07_a_list_that_contains_itself(house: Besieged) -> None:
    u, owner = house.person(), house.person()
    address, members = parsed("ring@l.test", "ring@l.test", u)
    house.write(lambda tx: aliases.add_list(tx, address, parsed(owner)[0], members))
    with house.greeted() as wire:
        assert wire.letter("x@a.test", ["ring@l.test"], b"Subject: ring\r\n\r\nhello").startswith("250")
    settled(house)
    assert len(house.letters(u)) == 1
    assert house.letters(u)[0].startswith(f"Return-Path: <{owner}>\r\n".encode())


def test_m18_too_many_systems_have_been_passed(house: Besieged) -> None:
    u = house.person()
    trace = b"Received: from a by b; Fri, 20 Nov 2026 12:00:00 +0000\r\n"
    with house.greeted() as wire:
        assert wire.letter("x@a.test", [u], trace * 101 + b"Subject: old\r\n\r\nhello").startswith(
            "554 5.4.6"
        )
        assert wire.letter("x@a.test", [u], trace * 99 + b"Subject: old\r\n\r\nhello").startswith("250")
    assert len(house.letters(u)) == 1


def test_m18_a_list_that_the_message_has_passed_before(house: Besieged) -> None:
    u, owner = house.person(), house.person()
    address, members = parsed("again@l.test", u)
    house.write(lambda tx: aliases.add_list(tx, address, parsed(owner)[0], members))
    with house.greeted() as wire:
        said = wire.letter(
            "x@a.test", ["again@l.test"], b"Delivered-To: again@l.test\r\nSubject: x\r\n\r\nhello"
        )
    assert said.startswith("554 5.4.6")
    assert house.letters(u) == []


def test_d09_a_far_greylist_is_outlasted(house: Besieged, far: Start) -> None:
    u = house.person()
    server = far("grey.test", RCPT="450 4.7.1 greylisted, come back in 5 minutes")
    send(house, u, "x@grey.test")
    house.until("the attempt to be over", lambda: attempts(house) >= 1)
    house.move(400)
    house.until("a second try", lambda: tries(server) >= 2)
    server.replies.clear()
    house.move(800)
    settled(house)
    assert len(server.letters) == 1
    assert house.letters(u) == []


def test_f18_a_far_server_that_says_nothing_holds_up_nobody_else(house: Besieged, far: Start) -> None:
    u = house.person()
    silent = far("silent.test", GREETING=None)
    send(house, u, "x@silent.test", "y@silent.test")
    tried(house, silent, 1)
    healthy = far("healthy.test")
    send(house, u, "x@healthy.test")
    house.until("the other domain's letter", lambda: healthy.letters)
    assert waiting(house) == 1
    assert house.letters(u) == []
