"""What attackers write, met by the examining door: forged results, tricks of From, odd signers (rows A of the security table)."""

from __future__ import annotations

import asyncio
import ipaddress
import time

import pytest

from dkim_post import ed25519, rsa
from examined import BAD, LETTER, NOTE, boxes, decided, door, only, resolver, results, send, signed
from others_turns import others_turns
from postroom.intake.examiner import Examiner, Examining
from postroom.intake.forgeries import MAX_CHECK, MAX_CHECKS, MAX_RECEIVERS
from postroom.intake.mx import MxDoor
from postroom.mailauth.arc.sealing import SealDraft
from postroom.mailauth.arc.validation import validate
from postroom.mailauth.dkim.signing import SigningKey
from postroom.message.headers.authentication_results import AuthenticationResults
from postroom.message.headers.header import Header
from postroom.proto.dns.answer import Answer
from postroom.proto.smtp.config import Service
from smtp_session import Line, Talk, service
from sorting_office import SortingOffice
from spf_zone import Zone

# --------------------------------------------------------------------------------------------------------------- forgeries


@pytest.mark.parametrize(
    "field",
    [
        "Authentication-Results: mx.hamburger.test; dmarc=pass header.from=bank.test",
        "authentication-results : MX.Hamburger.Test. 1; dmarc=pass header.from=bank.test",
        "Authentication-Results:\r\n mx.hamburger.test;\r\n dmarc=pass header.from=bank.test",
        'Authentication-Results: "mx.hamburger.test"; dmarc=pass',
        "Authentication-Results: (mx.evil.test) mx.hamburger.test (x); dmarc=pass",
        "Authentication-Results: ; dmarc=pass",
        "Received-SPF: pass (forged) receiver=mx.hamburger.test; client-ip=192.0.2.1",
        'Received-SPF: pass\r\n\treceiver="MX.hamburger.test"',
        # RFC 7208 §9.1: key [CFWS] "=" ( dot-atom / quoted-string ), and a dot-atom may have CFWS around it
        "Received-SPF: pass (forged) receiver = mx.hamburger.test",
        "Received-SPF: pass receiver=\r\n\tmx.hamburger.test; client-ip=192.0.2.1",
        "Received-SPF: pass identity=helo;receiver (a(b)) =(c) mx.hamburger.test(d);",
        'Received-SPF: pass problem="(\\")"; receiver=(x)"mx.\\hamburger.test"',
        "Received-SPF: pass Receiver=mx.hamburger.test.",
        "Received-SPF: pass (forged receiver=mx.hamburger.test",
        "Received-SPF: forged" + "; receiver=lists.test" * (MAX_RECEIVERS + 1),
        "Received-SPF: forged receiver=lists.test; problem=" + "x" * MAX_CHECK,
        # RFC 8601 §5: a version that is not known here
        "Authentication-Results: lists.test 2; dmarc=pass header.from=bank.test",
        "Authentication-Results: lists.test (forged) 10 ; dmarc=pass",
        'Authentication-Results: "lists.test" 11',
    ],
)
@pytest.mark.parametrize("checked", [True, False])
async def test_results_that_others_forged_are_taken_out(
    office: SortingOffice, field: str, checked: bool
) -> None:
    way = door(office, NOTE) if checked else MxDoor(office.premises())
    await send(way, f"{field}\r\n".encode() + LETTER)
    raw = bytes(await only(office))
    assert b"bank.test" not in raw
    assert b"forged" not in raw
    names = [line.split(b":")[0].strip().lower() for line in raw.split(b"\r\n")]
    assert names.count(b"authentication-results") == (1 if checked else 0)
    assert names.count(b"received-spf") == (1 if checked else 0)


async def test_results_of_others_stay(office: SortingOffice) -> None:
    foreign = b"Authentication-Results: lists.test; spf=pass\r\nReceived-SPF: pass receiver=lists.test\r\n"
    await send(door(office, NOTE), foreign + LETTER)
    header = await only(office)
    names = [value.strip().partition(b";")[0] for value in header.all("Authentication-Results")]
    assert names == [b"mx.hamburger.test", b"lists.test"]
    assert header.count("Received-SPF") == 2


async def test_so_many_checks_of_others_stay(office: SortingOffice) -> None:
    foreign = b"Received-SPF: pass receiver=lists.test\r\n"
    await send(door(office, NOTE), foreign * MAX_CHECKS + b"Received-SPF: pass (once more)\r\n" + LETTER)
    header = await only(office)
    assert header.count("Received-SPF") == 1 + MAX_CHECKS
    assert b"once more" not in bytes(header)


WITHIN = [
    "Authentication-Results: hamburger.test; dmarc=pass",
    'Authentication-Results: (x) "HAMBURGER.test." 1; dmarc=pass',
    "Authentication-Results: filter.hamburger.test; dmarc=pass",
]


@pytest.mark.parametrize("field", WITHIN)
async def test_no_stranger_speaks_from_within_the_recipients_domain(
    office: SortingOffice, field: str
) -> None:
    """RFC 8601 §5: an MTA for example.com deletes what says that it was added within example.com."""
    await send(door(office, NOTE), f"{field}\r\n".encode() + LETTER)
    assert (await only(office)).count("Authentication-Results") == 1


@pytest.mark.parametrize("field", WITHIN)
async def test_who_is_exempt_may_be_of_this_house(office: SortingOffice, field: str) -> None:
    await send(door(office, NOTE, exempt=[ipaddress.ip_network(BAD)]), f"{field}\r\n".encode() + LETTER, BAD)
    assert (await only(office)).count("Authentication-Results") == 1
    assert f"\r\n{field}\r\n".encode() in bytes(await only(office))


@pytest.mark.parametrize(
    "field",
    [
        "Authentication-Results: nothamburger.test; spf=pass",
        "Authentication-Results: hamburger.test.evil.test; spf=pass",
        "Received-SPF: pass receiver=mx.hamburger.test.evil.test",
        "Received-SPF: pass receiver=a.mx.hamburger.test",
        "Received-SPF: pass x-receiver=mx.hamburger.test",
        "Received-SPF: pass" + "; receiver=lists.test" * MAX_RECEIVERS,
        "Received-SPF: pass (receiver=mx.hamburger.test) receiver=lists.test",
        "Authentication-Results: lists.test 1; spf=pass",
        "Authentication-Results: lists.test (2) 01 (2); spf=pass",
        "Authentication-Results: lists.test",
    ],
)
async def test_what_only_looks_like_ours_stays(office: SortingOffice, field: str) -> None:
    await send(door(office, NOTE), f"{field}\r\n".encode() + LETTER)
    assert f"\r\n{field}\r\n".encode() in bytes(await only(office))


async def test_a_header_too_long_to_be_looked_through_is_refused(office: SortingOffice) -> None:
    padding = b"X: y\r\n" * 10_001
    forged = b"Authentication-Results: mx.hamburger.test; dmarc=pass\r\n"
    assert (await send(door(office, NOTE), padding + forged + LETTER)).startswith(
        "554 5.6.0 The header is too long"
    )
    assert (await send(door(office, NOTE), padding + LETTER)).startswith("250")


async def test_lmtp_may_bring_results_under_our_name(office: SortingOffice) -> None:
    talk = Talk(service(door(office), kind=Service.LMTP), Line("127.0.0.1"))
    await talk.message(body="Authentication-Results: mx.hamburger.test; spf=pass\r\n" + LETTER.decode())
    assert (await only(office)).count("Authentication-Results") == 1


# ------------------------------------------------------------------------------------------------------------------ slow keys


class Tarpit(Zone):
    """As `resolver()`; a domain whose name begins with "tarpit" never answers."""

    def __init__(self) -> None:
        super().__init__("")
        self.inner = resolver()

    async def txt(self, name: str) -> Answer[bytes]:
        if "tarpit" in name:
            await asyncio.get_running_loop().create_future()
        for _ in range(10):  # a moment, which is more than none
            await asyncio.sleep(0)
        return await self.inner.txt(name)


def tarred(letter: bytes) -> bytes:
    """With signatures on top whose keys nobody gives out."""
    return signed(letter, [SigningKey(f"tarpit{number}.test", "s", rsa()) for number in range(3)])


async def test_slow_keys_do_not_hide_the_policy(office: SortingOffice) -> None:
    way = door(office, resolver=Tarpit(), message_seconds=1.0)
    reply = await send(way, tarred(LETTER), BAD, "eve@evil.test")
    assert reply.startswith("550 5.7.26")


@pytest.mark.parametrize(
    "author", ["eve@tarpit.test, alice@crepes.test", "alice@crepes.test, eve@tarpit.test"]
)
async def test_a_slow_author_does_not_hide_the_policy_of_another(office: SortingOffice, author: str) -> None:
    way = door(office, resolver=Tarpit(), message_seconds=1.0)
    letter = LETTER.replace(b"Alice <alice@crepes.test>", author.encode())
    assert (await send(way, letter, BAD, "eve@evil.test")).startswith("550 5.7.26")


async def test_slow_keys_do_not_hide_a_forged_signature(office: SortingOffice) -> None:
    """A key of the author's own domain is asked for at the same time as those of others, so it cannot be said that the DNS kept silent."""
    way = door(office, resolver=Tarpit(), message_seconds=1.0)
    reply = await send(way, tarred(signed().replace(b"ketchup", b"mustard")), BAD, "eve@evil.test")
    assert reply.startswith("550 5.7.26")


async def test_slow_keys_do_not_hide_a_good_signature(office: SortingOffice) -> None:
    way = door(office, resolver=Tarpit(), message_seconds=1.0)
    assert (await send(way, tarred(signed()), BAD, "list@lists.test")).startswith("250")
    assert results(await only(office))["dmarc"] == "pass"


# ---------------------------------------------------------------------------------------------------------------- long chains


async def test_others_have_their_turn_while_a_long_chain_is_tried() -> None:
    key, sets, letter = SigningKey("lists.test", "s", ed25519()), 25, LETTER
    record = Zone(f"{key.selector}._domainkey.{key.domain} TXT {key.key.record()}")
    for _ in range(sets):
        now, header = int(time.time()), Header.parse(letter)
        draft = SealDraft(header)
        draft.feed(letter[header.end :])
        found = AuthenticationResults(key.domain, ())
        letter = b"".join(draft.fields(await validate(letter, record, now), found, key, now)) + letter
    examiner = Examiner(
        Examining(record, "mx.hamburger.test", NOTE, lambda: int(time.time() * 1_000_000), print)
    )
    async with others_turns() as turns:
        examined = await examiner.examine(None, letter)
    assert turns.had >= 2 * sets  # each has two signatures
    assert examined.verdicts.chain is not None
    assert examined.verdicts.chain.passed


# ----------------------------------------------------------------------------------------------------------- rows A of security


@pytest.mark.parametrize(
    ("sender", "reply"),
    [
        ("(any@legit.test", "501 5.1.7"),
        ("x@legit.test(a.a.test", "501 5.1.7"),
        ("@legit.test,@x:'any@a.test", "250"),
    ],
)
async def test_odd_senders(office: SortingOffice, sender: str, reply: str) -> None:
    """A2, A5: the first two are no addresses; of a source route the last address counts (RFC 5321 §4.1.1.3)."""
    said = await send(door(office, NOTE), LETTER, BAD, sender)
    assert said.startswith(reply)


@pytest.mark.parametrize(
    ("domain", "selector"),
    [
        ("crepes.test", "r1._domainkey.evil.test.\x00.any"),
        ("crepes.test'a.evil.test", "r1"),
        ("crepes.test(a.evil.test", "r1"),
        ('crepes.test"a.evil.test', "r1"),
        ("crepes.test;dmarc=pass", "r1"),
    ],
)
async def test_odd_signers_prove_nothing_and_forge_nothing(
    office: SortingOffice, domain: str, selector: str
) -> None:
    """A3, A4."""
    field = signed(signing=[SigningKey("crepes.test", "r1", rsa())])
    field = field.replace(b"d=crepes.test", f"d={domain}".encode()).replace(b"s=r1", f"s={selector}".encode())
    said = await send(door(office, NOTE), field, BAD)
    if "\x00" in selector and not said.startswith("250"):
        return  # a NUL is refused before anybody looks
    header = await only(office)
    found = results(header)
    assert (found["dkim"] != "pass", found["dmarc"]) == (True, "fail")


AUTHORS = [
    ("From: <a@evil.test>\r\nFrom: <alice@crepes.test>", "550 5.7."),
    ("From: <alice@crepes.test>\r\nFrom: <a@evil.test>", "550 5.7."),
    ("From : <alice@crepes.test>", "550 5.7.26"),
    ("From\t: <alice@crepes.test>", "550 5.7.26"),
    ("From: <a@evil.test>\r\nfrom : <alice@crepes.test>", "550 5.7."),
    ("From:\r\n <alice@crepes.test>", "550 5.7.26"),
    ("From: <a@evil.test>, <alice@crepes.test>", "550 5.7."),
    ("From: <alice@crepes.test>, <a@evil.test>", "550 5.7."),
    ("From: <@evil.test,@x.test:alice@crepes.test>", "550 5.7.26"),
    ("From: <alice@crepes.test>\\,<a@evil.test>", "550 5.7."),
    ("From: <a@evil.test>alice@crepes.test", "550 5.7."),
    ("From: alice@crepes.test <a@evil.test>", "250"),  # a phrase: the parser that shows it, shows a@evil.test
    ("From: (alice@crepes.test) <a@evil.test>", "250"),
    ("From: <a@evil.test> (alice@crepes.test)", "250"),
    ("From: <alice(a@evil.test)@crepes.test>", "550 5.7.26"),
    ("From: alice@crepes.test(a@evil.test)", "550 5.7.26"),
    ("From: alice@crepes.test, a@evil.test", "550 5.7."),
    ('From: "alice@crepes.test" <a@evil.test>', "250"),
    ("From: =?utf-8?b?PGFsaWNlQGNyZXBlcy50ZXN0Pg==?= <a@evil.test>", "250"),
    ("From: =?utf-8?b?YWxpY2VAY3JlcGVzLnRlc3Q=?=", "550 5.7.1"),
    ("From: <alice@CREPES.test>", "550 5.7.26"),
    ("From: <alice@crepes.test.>", "550 5.7."),
    ("From: group: alice@crepes.test;", "550 5.7.26"),
    ("From: <alice@crepes.test\x01>", "550 5.7."),
    ("From: <alice@[127.0.0.1]>", "550 5.7.1"),
    ("From: al\xefce@crepes.test", "550 5.7."),
    ("From: <alice@crepes.test> \xff", "550 5.7."),
    ("Sender: alice@crepes.test", "Junk"),
    ("Resent-From: alice@crepes.test", "Junk"),
    ("From:", "Junk"),
    ("From: undisclosed:;", "Junk"),
]


@pytest.mark.parametrize(("header", "outcome"), AUTHORS)
async def test_tricks_of_from(office: SortingOffice, header: str, outcome: str) -> None:
    """A06 and A07: the client and MAIL FROM are the attacker's own, and good; the author that is shown is the one that is checked."""
    zone = resolver("evil.test TXT v=spf1 ip4:203.0.113.9 -all\n_dmarc.evil.test TXT v=DMARC1; p=reject")
    letter = header.encode("latin-1") + b"\r\nSubject: x\r\n\r\nHi\r\n"
    said = await send(door(office, resolver=zone), letter, BAD, "a@evil.test")
    if outcome == "Junk":
        assert list(await boxes(office)) == ["Junk"]
    else:
        assert said.startswith(outcome)


async def test_a_folded_from_at_the_very_beginning_is_no_header(office: SortingOffice) -> None:
    """A6: ` From:` first is a continuation of nothing, so the message has no header, and no author."""
    said = await send(
        door(office), b" From: alice@crepes.test\r\nSubject: x\r\n\r\nHi\r\n", BAD, "a@evil.test"
    )
    assert said.startswith("250")
    assert list(await boxes(office)) == ["Junk"]


async def test_many_signatures_cost_little_and_are_counted(office: SortingOffice) -> None:
    """A10: of a hundred signatures the first eight are tried."""
    one = signed(signing=[SigningKey("crepes.test", "r1", rsa())])
    field = one[: -len(LETTER)]
    zone = resolver()
    await send(door(office, NOTE, resolver=zone), field * 99 + one, BAD)
    assert zone.asked.count("r1._domainkey.crepes.test TXT") == 8
    assert ("dkim", "neutral", "92 more signatures were not tried") in await decided(office)
