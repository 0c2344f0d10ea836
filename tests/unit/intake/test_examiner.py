"""The examining door as clients meet it: replies, trace fields, mailboxes, the journey; a DNS in trouble; long messages."""

from __future__ import annotations

import asyncio
import ipaddress
import re
from typing import Any

import pytest

from examined import (
    BAD,
    GOOD,
    LETTER,
    NOTE,
    RECORDS,
    boxes,
    decided,
    door,
    only,
    resolver,
    results,
    send,
    signed,
)
from people import at
from postroom.intake.client import Account, Client, Incoming
from postroom.intake.door import Parcel
from postroom.intake.examiner import HOST_SECONDS, MOST_HOSTS, MOST_SENDERS
from postroom.intake.rates import Counted, Rates
from postroom.mailauth.decision import Measure, Policy
from postroom.mailauth.dkim.public_key import KeyRecord, parse_key_record
from postroom.message.envelope import Envelope, Recipient
from postroom.message.headers.header import Header
from postroom.message.journey.events import Asked, Hop, HopKind, Outcome
from postroom.net.session import Peer
from postroom.proto.dns.answer import Answer
from postroom.store.blobs.spilled import Spilled
from smtp_session import Line, Talk, service
from sorting_office import SortingOffice
from spf_zone import Zone


async def test_what_is_from_whom_it_says_is_told_on_top(office: SortingOffice) -> None:
    assert (await send(door(office), signed())).startswith("250 2.0.0")
    header = await only(office)
    names = [field.name.decode() for field in header][:5]
    assert names == ["Return-Path", "Delivered-To", "Authentication-Results", "Received-SPF", "Received"]
    assert results(header) == {
        "iprev": "pass",
        "spf mailfrom": "pass",
        "spf helo": "pass",
        "dkim": "pass",
        "arc": "none",
        "dmarc": "pass",
    }
    assert (header.get("Received-SPF") or b"").startswith(
        b"pass (192.0.2.7 matches ip4:192.0.2.7 of crepes.test)"
    )
    assert b"from a.test (a.test [192.0.2.7])" in (header.get("Received") or b"")  # the name that leads back


async def test_the_journey_tells_verdicts_inputs_and_questions(office: SortingOffice) -> None:
    await send(door(office, NOTE), LETTER, ip=BAD)
    assert await decided(office) == [
        ("iprev", "permerror", "203.0.113.9 has no name"),
        ("spf", "fail", "203.0.113.9 is not in v=spf1 ip4:192.0.2.7 -all of crepes.test"),
        ("spf of HELO", "fail", "203.0.113.9 is not in v=spf1 a -all of a.test"),
        ("dkim", "none", "the message has no signature"),
        (
            "dmarc",
            "fail",
            "neither SPF nor DKIM speaks for crepes.test (spf=fail of crepes.test); _dmarc.crepes.test asks for reject",
        ),
        ("message", "accepted", "DMARC asks for reject, local policy does less"),
    ]
    [row] = await office.rows("SELECT accept_id FROM journal_links")
    asked = [event for hop in await office.hops(row[0]) for event in hop.events if isinstance(event, Asked)]
    assert ("_dmarc.crepes.test", ['"v=DMARC1; p=reject"']) in [(one.name, one.answers) for one in asked]


@pytest.mark.parametrize(
    ("author", "sender", "reply", "mailbox"),
    [
        ("alice@crepes.test", "alice@crepes.test", "550 5.7.26", ""),
        ("alice@crepes.test", "eve@evil.test", "550 5.7.26", ""),
        ("alice@sub.crepes.test", "", "550 5.7.26", ""),
        ("alice@quiet.test", "alice@quiet.test", "250 2.0.0", "Junk"),
        ("alice@watched.test", "alice@unknown.test", "250 2.0.0", "INBOX"),
        ("alice@watched.test", "alice@watched.test", "250 2.0.0", "Junk"),  # as without p=none
        ("alice@disowned.test", "alice@disowned.test", "250 2.0.0", "Junk"),
        ("alice@unknown.test", "alice@unknown.test", "250 2.0.0", "INBOX"),
    ],
)
async def test_what_the_domains_ask_for_is_done(
    office: SortingOffice, author: str, sender: str, reply: str, mailbox: str
) -> None:
    letter = LETTER.replace(b"alice@crepes.test", author.encode())
    said = await send(door(office), letter, BAD, sender)
    assert said[:10].strip() == reply
    assert list(await boxes(office)) == ([mailbox] if mailbox else [])
    if not mailbox:
        assert await office.empty()


async def test_a_refusal_names_reason_and_remedy(office: SortingOffice) -> None:
    said = await send(door(office), LETTER, BAD)
    assert said == (
        "550 5.7.26 Mail of crepes.test is refused: its domain asks for that (DMARC) where neither SPF nor DKIM speaks for it;"
        " send by a server that its SPF record names, or with its DKIM signature"
    )
    said = await send(
        door(office, Policy(spf_fail=Measure.REFUSE)),
        LETTER.replace(b"crepes", b"disowned"),
        BAD,
        "a@disowned.test",
    )
    assert said.startswith("550 5.7.23 203.0.113.9 may not send mail of disowned.test, says its SPF record")
    assert "(disowned.test explains: 203.0.113.9 is not ours)" in said


async def test_junk_is_told_in_the_journey(office: SortingOffice) -> None:
    await send(door(office), LETTER.replace(b"crepes", b"quiet"), BAD, "a@quiet.test")
    assert (await decided(office))[-1] == ("message", "put into Junk", "DMARC asks for quarantine")
    [row] = await office.rows("SELECT accept_id FROM journal_links")
    events = [event for hop in await office.hops(row[0]) for event in hop.events]
    assert [event.where for event in events if isinstance(event, Outcome)] == ["Junk"]


async def test_whoever_has_no_junk_mailbox_gets_it_in_the_inbox(office: SortingOffice) -> None:
    await office.engine.write(
        lambda tx: tx.execute("UPDATE mailboxes SET role = '', name = 'Odd' WHERE role = 'junk'")
    )
    await send(door(office), LETTER.replace(b"crepes", b"quiet"), BAD, "a@quiet.test")
    assert list(await boxes(office)) == ["INBOX"]


async def test_junk_that_waits_in_the_spool_is_filed_in_junk(office: SortingOffice) -> None:
    letter = office.letter("bob@hamburger.test", hold_until=office.clock.now() // 1_000_000 + 60)
    letter.junk = True
    await office.acceptance.accept(letter)
    assert await boxes(office) == {}
    office.start()
    office.clock.advance(120)
    office.runner.wake()
    await office.idle()
    assert list(await boxes(office)) == ["Junk"]


# ------------------------------------------------------------------------------------------------------------------ whom


@pytest.mark.parametrize("who", ["logged in", "lmtp", "exempt"])
async def test_who_is_not_checked(office: SortingOffice, who: str) -> None:
    zone = resolver()
    way = door(office, resolver=zone, exempt=(ipaddress.ip_network("203.0.113.0/24"),))
    client = Client(
        Peer(BAD if who == "exempt" else "198.51.100.1", 1),
        Peer("192.0.2.25", 25),
        lmtp=who == "lmtp",
        helo="x.test",
    )
    if who == "logged in":
        client.login = Account(office.bob, "bob@hamburger.test", "PLAIN")
    incoming = Incoming(
        Envelope(at("alice@crepes.test"), [Recipient(at("bob@hamburger.test"))]), Hop(HopKind.RECEIVED, 0)
    )
    await way.mail(client, incoming)
    await way.message(client, incoming, Parcel(office.ids.next(), LETTER, []))
    assert zone.asked == []
    assert (await only(office)).all("Authentication-Results") == []


async def test_one_network_may_be_exempt_and_others_not(office: SortingOffice) -> None:
    way = door(office, exempt=(ipaddress.ip_network("203.0.113.0/24"), ipaddress.ip_network("::1")))
    assert (await send(way, LETTER, "203.0.113.10")).startswith("250")
    assert (await send(way, LETTER, "203.0.114.10")).startswith("550 5.7.26")
    assert (await send(way, LETTER, "::ffff:203.0.113.10")).startswith("250")


async def test_what_depends_on_the_client_alone_is_asked_once(office: SortingOffice) -> None:
    zone = resolver()
    talk = Talk(service(door(office, resolver=zone)), Line(GOOD))
    await talk.say("EHLO a.test")
    for _ in range(2):
        await talk.say("MAIL FROM:<alice@crepes.test>", "RCPT TO:<bob@hamburger.test>", "DATA")
        await talk.hear(signed() + b".\r\n")
    assert zone.asked.count("7.2.0.192.in-addr.arpa PTR") == 1
    await talk.say("EHLO b.test", "MAIL FROM:<alice@crepes.test>")
    await asyncio.sleep(0)
    assert "b.test TXT" in zone.asked  # another greeting is another claim


async def test_what_was_found_out_about_a_client_is_good_for_a_minute(office: SortingOffice) -> None:
    zone = resolver()
    way = door(office, resolver=zone)
    for seconds, asked in ((0, 1), (HOST_SECONDS - 5, 1), (10, 2)):
        office.clock.advance(seconds)
        await send(way, signed())
        assert zone.asked.count("7.2.0.192.in-addr.arpa PTR") == asked


@pytest.mark.parametrize(("others", "asked"), [(MOST_SENDERS - 1, 1), (MOST_SENDERS, 2)])
async def test_so_many_senders_of_a_client_are_remembered(
    office: SortingOffice, others: int, asked: int
) -> None:
    zone = resolver()
    way = door(office, NOTE, resolver=zone)
    senders = [f"alice@n{number}.test" for number in range(others)]
    for sender in ("alice@crepes.test", *senders, "alice@crepes.test"):
        await send(way, LETTER, sender=sender)
    assert zone.asked.count("crepes.test TXT") == asked


async def test_another_greeting_is_another_client_for_its_senders_too(office: SortingOffice) -> None:
    zone = resolver()
    way = door(office, NOTE, resolver=zone)
    for helo in ("a.test", "b.test"):
        await send(way, LETTER, helo=helo)
    assert zone.asked.count("crepes.test TXT") == 2


async def test_a_key_is_read_once(office: SortingOffice, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[bytes] = []

    def noted(text: bytes) -> KeyRecord:
        read.append(text)
        return parse_key_record(text)

    monkeypatch.setattr("postroom.intake.examiner.parse_key_record", noted)
    way = door(office)
    for _ in range(2):
        await send(way, signed())
    assert [text.partition(b"; h=")[0] for text in read] == [b"v=DKIM1; k=rsa", b"v=DKIM1; k=ed25519"]


async def test_trouble_with_a_sender_is_not_remembered(office: SortingOffice) -> None:
    zone = resolver("slow.test TXT !SERVFAIL")
    way = door(office, NOTE, resolver=zone)
    for times in (1, 2):
        await send(way, LETTER, sender="alice@slow.test")
        assert zone.asked.count("slow.test TXT") == times


async def test_trouble_with_a_client_is_not_remembered(office: SortingOffice) -> None:
    zone = resolver("slow.helo.test TXT !SERVFAIL")
    way = door(office, NOTE, resolver=zone)
    for times in (1, 2):
        await send(way, signed(), helo="slow.helo.test")
        assert zone.asked.count("slow.helo.test TXT") == times


@pytest.mark.parametrize(("others", "asked"), [(MOST_HOSTS - 1, 1), (MOST_HOSTS, 2)])
async def test_so_many_clients_are_remembered(office: SortingOffice, others: int, asked: int) -> None:
    zone = resolver()
    way = door(office, NOTE, resolver=zone)
    await send(way, LETTER)
    for number in range(others):
        client = Client(Peer(GOOD, 1), Peer("192.0.2.25", 25), helo=f"n{number}.test")
        await way.mail(client, Incoming(Envelope(None, []), Hop(HopKind.RECEIVED, 0)))
    await send(way, LETTER)
    assert zone.asked.count("a.test TXT") == asked


async def test_the_null_sender_is_checked_by_the_name_of_helo(office: SortingOffice) -> None:
    await send(door(office, NOTE), LETTER, BAD, sender="")
    header = await only(office)
    assert results(header)["spf mailfrom"] == "fail"
    assert "spf helo" not in results(header)
    assert b'envelope-from="postmaster@a.test"' in (
        header.get("Received-SPF") or b""
    ) or b"postmaster@a.test" in (header.get("Received-SPF") or b"")


# ---------------------------------------------------------------------------------------------------------------- reports

REPORTED = resolver(
    "reports.test TXT v=spf1 -all\n_dmarc.reports.test TXT v=DMARC1; p=reject; rua=mailto:d@reports.test"
)


@pytest.mark.parametrize(
    ("policy", "disposition", "reasons"),
    [
        (Policy(), "reject", []),
        (NOTE, "none", ["local_policy"]),
        (Policy(most=Measure.JUNK), "quarantine", ["local_policy"]),
    ],
)
async def test_what_a_report_says_is_counted(
    office: SortingOffice, policy: Policy, disposition: str, reasons: list[str]
) -> None:
    counted: list[Any] = []
    way = door(office, policy, resolver=REPORTED, count=counted.append)
    await send(way, LETTER.replace(b"crepes", b"reports"), BAD, "a@reports.test")
    [seen] = counted
    assert (seen.policy.domain, seen.row.source_ip, seen.row.disposition) == (
        "reports.test",
        BAD,
        disposition,
    )
    assert [one.kind for one in seen.row.reasons] == reasons


async def test_what_is_deferred_is_not_counted(office: SortingOffice) -> None:
    counted: list[Any] = []
    way = door(office, Policy(defer=True), count=counted.append)
    await send(way, LETTER.replace(b"crepes", b"slow"), BAD, "a@slow.test")
    assert counted == []


# ----------------------------------------------------------------------------------------------------------- trouble of the DNS


class Silent(Zone):
    """Does not answer questions for TXT records; `waiting` counts who waits."""

    def __init__(self) -> None:
        super().__init__("")
        self.waiting = 0

    async def txt(self, name: str) -> Answer[bytes]:
        self.waiting += 1
        try:
            return await asyncio.get_running_loop().create_future()
        finally:
            self.waiting -= 1


async def test_a_silent_dns_is_a_temporary_error_and_the_message_is_taken(office: SortingOffice) -> None:
    zone = Silent()
    way = door(office, resolver=zone, sender_seconds=0.05, message_seconds=0.05)
    assert (await send(way, signed(), BAD)).startswith("250")
    found = results(await only(office))
    assert {found["spf mailfrom"], found["spf helo"], found["dkim"], found["dmarc"]} == {"temperror"}
    assert zone.waiting == 0


async def test_who_wants_to_know_defers(office: SortingOffice) -> None:
    way = door(office, Policy(defer=True))
    letter = LETTER.replace(b"crepes", b"slow")
    assert (await send(way, letter, BAD, "a@slow.test")).startswith(
        "451 4.7.0 The sender cannot be checked now ("
    )
    assert await office.empty()


async def test_the_dialogue_goes_on_while_the_dns_is_asked(office: SortingOffice) -> None:
    zone = Silent()
    talk = Talk(service(door(office, resolver=zone)), Line(BAD))
    said = await talk.say(
        "EHLO a.test", "MAIL FROM:<alice@crepes.test>", "RCPT TO:<bob@hamburger.test>", "DATA"
    )
    assert [line[:3] for line in said[-3:]] == ["250", "250", "354"]
    await asyncio.sleep(0)
    assert zone.waiting == 2
    talk.session.closed("gone")
    del talk
    for _ in range(10):  # each cancels the next one
        await asyncio.sleep(0)
    assert (
        zone.waiting == 1
    )  # nobody waits for the sender's any more; the client's may be of use for its next connection


async def test_a_fault_of_a_check_costs_no_message(office: SortingOffice) -> None:
    class Broken(Zone):
        async def txt(self, name: str) -> Answer[bytes]:
            raise RuntimeError("oops")

    told: list[Any] = []
    assert (await send(door(office, resolver=Broken(""), told=told), signed())).startswith("250")
    assert {event for event, _ in told} == {"check.fault"}
    assert results(await only(office))["dmarc"] == "temperror"


async def test_a_fault_of_one_check_is_no_failure_of_dmarc(office: SortingOffice) -> None:
    """Its domain asks for reject, and the signature that would have passed was not looked at."""

    class Broken(Zone):
        async def txt(self, name: str) -> Answer[bytes]:
            if "_domainkey" in name:
                raise RuntimeError("oops")
            return await super().txt(name)

    told: list[Any] = []
    said = await send(door(office, resolver=Broken(RECORDS), told=told), signed(), BAD, "eve@evil.test")
    assert said.startswith("250")
    assert results(await only(office, "Junk"))["dmarc"] == "temperror"
    assert {event for event, _ in told} == {"check.fault"}


# ------------------------------------------------------------------------------------------------------------- long messages


@pytest.mark.parametrize("octets", [100, 60_000, 70_000, 400_000])
@pytest.mark.parametrize("broken", [False, True])
async def test_messages_of_every_length_are_verified(
    office: SortingOffice, octets: int, broken: bool
) -> None:
    letter = signed(LETTER + b"How about pickles? \r\n" * (octets // 20))
    if broken:
        letter = letter[:-10] + b"X" + letter[-9:]
    await send(door(office, NOTE), letter, BAD)
    assert results(await only(office))["dkim"] == ("fail" if broken else "pass")


@pytest.mark.parametrize("cut", [1, 300, 1100, 1200, 5000])
async def test_spilled_messages_are_read_piece_by_piece(office: SortingOffice, cut: int) -> None:
    raw = signed(LETTER + b"x" * 4000 + b"\r\n")
    where = Header.parse(raw).end + cut  # a spilled message's head holds the whole header
    spilled = Spilled(
        raw[:where], lambda start, length: raw[where:][start : start + min(length, 777)], 0, len(raw)
    )
    way = door(office, NOTE)
    client = Client(Peer(GOOD, 1), Peer("192.0.2.25", 25), helo="a.test")
    incoming = Incoming(
        Envelope(at("alice@crepes.test"), [Recipient(at("bob@hamburger.test"))]), Hop(HopKind.RECEIVED, 0)
    )
    await way.mail(client, incoming)
    await way.message(client, incoming, Parcel(office.ids.next(), spilled, []))
    assert results(await only(office))["dkim"] == "pass"


# ----------------------------------------------------------------------------------------------------------------- SMTPUTF8


async def test_a_message_under_smtputf8(office: SortingOffice) -> None:
    zone = resolver(
        "xn--crpes-isa.test TXT v=spf1 ip4:192.0.2.7 -all\n_dmarc.xn--crpes-isa.test TXT v=DMARC1; p=reject"
    )
    letter = LETTER.decode().replace("alice@crepes.test", "zoë@crêpes.test").encode()
    assert (await send(door(office, resolver=zone), letter, GOOD, "zoë@crêpes.test")).startswith("250")
    header = await only(office)
    assert (results(header)["spf mailfrom"], results(header)["dmarc"]) == ("pass", "pass")
    assert "zoë@" in (header.get("Received-SPF") or b"").decode()
    assert (await send(door(office, resolver=zone), letter, BAD, "zoë@crêpes.test")).startswith("550 5.7.26")


async def test_without_smtputf8_what_is_added_is_ascii(office: SortingOffice) -> None:
    letter = signed().replace(b"d=crepes.test", "d=crêpes.test".encode(), 1)
    letter = re.sub(rb"\r\n\r\n.*", b"\r\n\r\nHi\r\n", letter, flags=re.DOTALL)
    talk = Talk(service(door(office, NOTE)), Line(BAD))
    await talk.say("EHLO a.test", "MAIL FROM:<alice@crepes.test>", "RCPT TO:<bob@hamburger.test>", "DATA")
    assert (await talk.hear(letter + b".\r\n"))[-1].startswith("250")
    header = await only(office)
    added = [field.raw for field in header if field.name in (b"Authentication-Results", b"Received-SPF")]
    assert all(raw.isascii() for raw in added)


async def test_a_signature_that_comes_again_and_again_says_nothing_any_more(office: SortingOffice) -> None:
    """A09: it verifies, so RFC 8601 calls it policy; DMARC then asks SPF alone, which speaks for the host that sends."""
    seconds = [0.0]
    way = door(office, rates=Rates({Counted.COPIES: 3}, lambda: seconds[0]))
    letter = signed()
    for _ in range(3):
        assert (await send(way, letter, ip=BAD)).startswith("250")
    assert (await send(way, letter, ip=BAD)).startswith("550 5.7.26")
    assert (await send(way, letter)).startswith("250")
    last = Header.parse((await boxes(office))["INBOX"][-1])
    assert (results(last)["dkim"], results(last)["dmarc"]) == ("policy", "pass")
    assert (await send(way, signed(LETTER.replace(b"lunch", b"dinner")), ip=BAD)).startswith("250")
    seconds[0] = 3600.0
    assert (await send(way, letter, ip=BAD)).startswith("250")
