"""What leaves is signed: whose mail, with which keys, in which form; what others wrote is not, and may be sealed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import dkim
import msgspec
import pytest

from dkim_post import Keys, ed25519, rsa
from next_hop import NextHop
from postroom.deliver import signing, signing_keys
from postroom.deliver.signing_keys import NewKey, opened, sealed
from postroom.mailauth.arc.validation import validate
from postroom.mailauth.dkim.private_key import PrivateKey
from postroom.mailauth.dkim.results import Verdict
from postroom.mailauth.dkim.rotation import Phase
from postroom.mailauth.dkim.verification import verify
from postroom.mailauth.verdicts import Verdicts, trace_fields
from postroom.message.envelope import BodyKind, Notify, Recipient
from postroom.message.headers.authentication_results import AuthenticationResults, MethodResult, parse, render
from postroom.message.headers.header import Header
from postroom.message.journey.events import Decided, Hop
from postroom.proto.dns.answer import Mx
from postroom.proto.smtp.commands import Rcpt
from postroom.store.blobs.spilled import Spilled
from postroom.store.directory import dkim_keys
from postroom.store.spool.jobs import own_job
from postroom.store.spool.spool import Lease, NewJob, Spooled, Terms
from postroom.store.vault import Unreadable, Vault
from smtp_stage import NO_USER, Stage, config
from sorting_office import SortingOffice

PLAIN = config()
SEVEN_BIT = msgspec.structs.replace(config(), withheld=frozenset({"8BITMIME", "CHUNKING", "BINARYMIME"}))
LETTER = (
    b"From: Bob <bob@hamburger.test>\r\nTo: eve@r.test\r\nSubject: lunch\r\nDate: Sat, 21 Nov 2026 03:00:00 +0000\r\n"
    b"Message-ID: <1@hamburger.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Content-Transfer-Encoding: 8bit\r\n\r\n"
)
KINDS = {"rsa": rsa, "ed": ed25519}


@pytest.fixture
async def hop() -> AsyncIterator[NextHop]:
    """The next hop of r.test."""
    hop = await NextHop().listen()
    yield hop
    await hop.close()


async def give_keys(
    office: SortingOffice, domain: str = "hamburger.test", phase: Phase = Phase.SIGNING, *names: str
) -> dict[str, str]:
    """Keys for a domain; gives their records."""
    records = {}
    for name in names or tuple(KINDS):
        make: Callable[[], PrivateKey] = KINDS[name.partition("-")[0]]
        row = sealed(NewKey(domain, name, make(), office.clock.now(), phase), office.vault)
        await office.engine.write(lambda tx, row=row: dkim_keys.put(tx, row))
        records[f"{name}._domainkey.{domain}"] = row.record
    office.ring.forget()
    return records


async def send(office: SortingOffice, hop: NextHop, body: bytes = b"Hello\r\n", **more: object) -> bytes:
    """A letter of Bob's as the next hop got it."""
    office.zone.exchangers["r.test"] = [Mx(0, "mx.r.test")]
    office.zone.hosts["mx.r.test"] = [hop.ip]
    office.ports[hop.ip] = hop.port
    if not office.running:
        office.start(office.remote())
    recipients = more.pop("recipients", ("eve@r.test",))
    given = {
        "sender": "bob@hamburger.test",
        "content": LETTER + body,
        "vouched": True,
        "body": BodyKind.EIGHT_BIT,
        **more,
    }
    await office.accept(*recipients, **given)  # type: ignore[misc]
    await office.idle()
    assert office.faults == []
    return hop.letters[-1]


async def verdicts(raw: bytes, records: dict[str, str], office: SortingOffice) -> list[str]:
    results = await verify(raw, Keys(records), office.clock.now() // 1_000_000)
    return [f"{one.algorithm} {one.verdict}" for one in results]


def oracle(raw: bytes, records: dict[str, str]) -> bool:
    """What dkimpy says of the signatures, all of them."""
    texts = {f"{name}.".encode(): text.encode() for name, text in records.items()}
    count = raw.count(b"DKIM-Signature:")
    return all(
        dkim.DKIM(raw).verify(number, lambda name, timeout=5: texts.get(name)) for number in range(count)
    )


BOTH = ["ed25519-sha256 pass", "rsa-sha256 pass"]


async def test_both_keys_sign_once(office: SortingOffice, hop: NextHop) -> None:
    records = await give_keys(office)
    raw = await send(office, hop)
    assert raw.endswith(LETTER + b"Hello\r\n")
    assert raw.count(b"DKIM-Signature:") == 2
    assert await verdicts(raw, records, office) == BOTH
    assert oracle(raw, records)


@pytest.mark.parametrize(
    "what", ["no keys", "not vouched for", "keys that wait", "keys of others", "switched off"]
)
async def test_what_is_not_signed(office: SortingOffice, hop: NextHop, what: str) -> None:
    if what == "switched off":
        office.signatory = office.make_signatory(dkim=False)
    domain = "crepes.test" if what == "keys of others" else "hamburger.test"
    if what != "no keys":
        await give_keys(office, domain, Phase.PUBLISHED if what == "keys that wait" else Phase.SIGNING)
    assert await send(office, hop, vouched=what != "not vouched for") == LETTER + b"Hello\r\n"


async def test_a_domain_signs_for_those_below_it(office: SortingOffice, hop: NextHop) -> None:
    records = await give_keys(office)
    letter = LETTER.replace(b"bob@hamburger.test", b"root@mx.hamburger.test") + b"Hi\r\n"
    raw = await send(office, hop, content=letter)
    assert b"d=hamburger.test;" in raw
    assert await verdicts(raw, records, office) == BOTH


@pytest.mark.parametrize(
    ("ours", "author"),
    [
        ("hamburger.test", "Hamburger.TEST"),
        ("bücher.test", "xn--bcher-kva.test"),
        ("bücher.test", "mx.XN--bcher-kva.test"),
        ("xn--bcher-kva.test", "bücher.test"),
    ],
)
async def test_a_domain_may_be_written_in_its_other_form(
    office: SortingOffice, hop: NextHop, ours: str, author: str
) -> None:
    """RFC 6531 §3.2: who is ours by the one form is so by the other; clients write From as they like."""
    await give_keys(office, ours)
    raw = await send(
        office, hop, content=LETTER.replace(b"hamburger.test>", f"{author}>".encode(), 1) + b"Hi\r\n"
    )
    assert raw.count(b"DKIM-Signature:") == 2


async def test_what_the_next_hop_cannot_take_is_signed_as_it_goes(office: SortingOffice) -> None:
    records = await give_keys(office)
    hop = await NextHop(SEVEN_BIT).listen()
    raw = await send(office, hop, "Grüße\r\n".encode())
    await hop.close()
    assert raw.isascii()
    assert b"Content-Transfer-Encoding: base64" in raw
    assert await verdicts(raw, records, office) == BOTH
    assert oracle(raw, records)


async def test_eight_bits_stay_where_they_can(office: SortingOffice, hop: NextHop) -> None:
    records = await give_keys(office)
    raw = await send(office, hop, "Grüße\r\n".encode())
    assert raw.endswith("Grüße\r\n".encode())
    assert await verdicts(raw, records, office) == BOTH


async def test_hops_share_a_signature_of_the_same_form(office: SortingOffice, hop: NextHop) -> None:
    records = await give_keys(office)
    narrow = await NextHop(SEVEN_BIT).listen("127.0.0.2")
    for name, one in (("s.test", hop), ("t.test", narrow)):
        office.zone.exchangers[name] = [Mx(0, f"mx.{name}")]
        office.zone.hosts[f"mx.{name}"] = [one.ip]
        office.ports[one.ip] = one.port
    await send(office, hop, "Grüße\r\n".encode(), recipients=("eve@r.test", "joe@s.test", "sue@t.test"))
    await narrow.close()
    first, second = hop.letters
    assert first == second
    (converted,) = narrow.letters
    for raw in (first, converted):
        assert await verdicts(raw, records, office) == BOTH


async def test_a_long_message_is_signed_without_being_read_into_memory(
    office: SortingOffice, hop: NextHop, tmp_path: Path
) -> None:
    records = await give_keys(office)
    body = b"x  y \r\n" * 100_000
    file = tmp_path / "long"
    file.write_bytes(LETTER + body)

    def read_at(start: int, length: int) -> bytes:
        with file.open("rb") as opened_file:
            opened_file.seek(start)
            return opened_file.read(length)

    spilled = Spilled(LETTER + body[:1000], read_at, len(LETTER) + 1000, len(LETTER) + len(body))
    raw = await send(office, hop, content=spilled)
    assert raw.endswith(LETTER + body)
    assert await verdicts(raw, records, office) == BOTH


async def test_signatures_of_others_stay_good(office: SortingOffice, hop: NextHop) -> None:
    records = await give_keys(office)
    first = await send(office, hop)
    raw = await send(office, hop, content=b"Received: by mx.hamburger.test; now\r\n" + first)
    assert await verdicts(raw, records, office) == BOTH + BOTH


async def test_a_list_of_ours_passes_on_what_is_signed_once(office: SortingOffice, hop: NextHop) -> None:
    records = await give_keys(office)
    await office.add_list("all@hamburger.test", "bob@hamburger.test", "eve@r.test", "bob@hamburger.test")
    raw = await send(office, hop, recipients=("all@hamburger.test",))
    assert raw.count(b"DKIM-Signature:") == 2
    assert b"Delivered-To: all@hamburger.test" in raw
    assert await verdicts(raw, records, office) == BOTH
    (kept,) = await office.inbox(office.bob)
    assert b"DKIM-Signature:" not in kept  # it has not left


async def test_a_report_is_signed(office: SortingOffice, hop: NextHop) -> None:
    """It goes to a sender elsewhere, in the name of the host."""
    records = await give_keys(office)

    def refuse(stage: Stage) -> None:
        stage.answers[Rcpt] = NO_USER

    hop.prepare = lambda stage: refuse(stage) if len(hop.stages) == 1 else None
    office.zone.exchangers["crepes.test"] = [Mx(0, "mx.r.test")]
    await send_to_nobody(office, hop)
    (raw,) = hop.letters
    assert Header.parse(raw).get("Auto-Submitted") is not None
    assert await verdicts(raw, records, office) == BOTH


async def send_to_nobody(office: SortingOffice, hop: NextHop) -> None:
    office.zone.exchangers["r.test"] = [Mx(0, "mx.r.test")]
    office.zone.hosts["mx.r.test"] = [hop.ip]
    office.ports[hop.ip] = hop.port
    office.start(office.remote())
    await office.accept(Recipient(at_r("nobody"), Notify.FAILURE), sender="alice@crepes.test")
    await office.until(lambda: hop.letters)
    await office.idle()


def at_r(local: str):
    from people import at

    return at(f"{local}@r.test")


async def test_the_journey_says_by_which_keys(office: SortingOffice, hop: NextHop) -> None:
    await give_keys(office)
    await send(office, hop)
    (decided,) = [one for one in await events(office) if isinstance(one, Decided)]
    words = "ed25519-sha256 by ed of hamburger.test, rsa-sha256 by rsa of hamburger.test"
    assert (decided.what, decided.result, decided.because) == ("DKIM", "signed", words)


async def test_what_cannot_be_signed_goes_without(office: SortingOffice, hop: NextHop) -> None:
    await give_keys(office)
    letter = LETTER.replace(b"Subject:", b"From: bob@hamburger.test\r\nSubject:") + b"Hi\r\n"
    assert await send(office, hop, content=letter) == letter


async def events(office: SortingOffice) -> list[object]:
    packed = await office.rows("SELECT accept_id FROM journal ORDER BY accept_id DESC LIMIT 1")
    hops: list[Hop] = await office.hops(packed[0][0])
    return [event for hop in hops for event in hop.events]


async def test_a_key_that_cannot_be_read_is_told_and_the_other_signs(
    office: SortingOffice, hop: NextHop
) -> None:
    records = await give_keys(office)
    await office.engine.write(
        lambda tx: tx.execute("UPDATE dkim_keys SET private = $1 WHERE selector = 'rsa'", b"\x01" + bytes(40))
    )
    office.ring.forget()
    office.zone.exchangers["r.test"] = [Mx(0, "mx.r.test")]
    office.zone.hosts["mx.r.test"] = [hop.ip]
    office.ports[hop.ip] = hop.port
    office.start(office.remote())
    await office.accept("eve@r.test", sender="bob@hamburger.test", content=LETTER + b"Hi\r\n", vouched=True)
    await office.idle()
    assert await verdicts(hop.letters[0], records, office) == BOTH[:1]
    (fault,) = office.faults
    assert "rsa of hamburger.test cannot be read" in str(fault)
    office.faults.clear()


def test_a_key_opens_in_its_own_row_alone() -> None:
    vault = Vault(bytes(32))
    row = sealed(NewKey("a.test", "s", ed25519(), 0), vault)
    assert opened(row, vault).key.to_pem() == ed25519().to_pem()
    assert ed25519().to_pem()[30:60] not in row.secret
    for moved in (msgspec.structs.replace(row, domain="b.test"), msgspec.structs.replace(row, selector="t")):
        with pytest.raises(Unreadable):
            opened(moved, vault)


# ------------------------------------------------------------------------------------------------------------------------ ARC


def found(arc: str) -> bytes:
    results = (MethodResult("spf", "pass"), MethodResult("arc", arc))
    return render(AuthenticationResults("mx.hamburger.test", results))


async def passed_on(office: SortingOffice, hop: NextHop, content: bytes) -> bytes:
    return await send(office, hop, content=content, vouched=False, sender="bob@hamburger.test")


async def test_what_others_wrote_is_sealed_where_that_is_wanted(office: SortingOffice, hop: NextHop) -> None:
    records = await give_keys(office)
    office.signatory = office.make_signatory(arc=True)
    letter = LETTER.replace(b"bob@hamburger.test", b"alice@crepes.test") + b"Hello\r\n"
    first = await passed_on(office, hop, found("none") + letter)
    chain = await validate(first, Keys(records), office.clock.now() // 1_000_000)
    assert (chain.verdict, chain.highest, chain.sets[0].domain) == (Verdict.PASS, 1, "hamburger.test")
    assert "spf=pass" in chain.sets[0].results
    second = await passed_on(office, hop, found("pass") + first)
    chain = await validate(second, Keys(records), office.clock.now() // 1_000_000)
    assert (chain.verdict, chain.highest) == (Verdict.PASS, 2)


async def test_what_filters_found_is_sealed_too(office: SortingOffice, hop: NextHop) -> None:
    """RFC 8617 §4.1.1: the results of all our fields; others' are not ours to seal."""
    records = await give_keys(office)
    office.signatory = office.make_signatory(arc=True)
    ours = b"Authentication-Results: mx.hamburger.test; x-virus=clean\r\n"
    others = b"Authentication-Results: mx.other.test; dmarc=pass\r\n"
    raw = await passed_on(office, hop, found("none") + others + ours + LETTER + b"Hello\r\n")
    chain = await validate(raw, Keys(records), office.clock.now() // 1_000_000)
    assert chain.verdict is Verdict.PASS
    sealed_results = parse(chain.sets[0].results.encode())
    assert sealed_results is not None
    assert [one.method for one in sealed_results.results] == ["spf", "arc", "x-virus"]


async def test_what_a_door_writes_of_mail_without_a_chain_is_enough_to_seal_it(
    office: SortingOffice, hop: NextHop
) -> None:
    """RFC 8617 §4.4: "none" is a result, and stands in Authentication-Results."""
    records = await give_keys(office)
    office.signatory = office.make_signatory(arc=True)
    letter = LETTER.replace(b"bob@hamburger.test", b"alice@crepes.test") + b"Hello\r\n"
    first = await passed_on(office, hop, trace_fields(Verdicts(), "mx.hamburger.test") + letter)
    chain = await validate(first, Keys(records), office.clock.now() // 1_000_000)
    assert (chain.verdict, chain.highest) == (Verdict.PASS, 1)


@pytest.mark.parametrize(
    ("header", "keys", "why"),
    [
        (b"", ("rsa",), "has not written down"),
        (b"Authentication-Results: mx.other.test; arc=none\r\n", ("rsa",), "has not written down"),
        (b"Authentication-Results: mx.hamburger.test; spf=pass\r\n", ("rsa",), "whether the chain holds"),
        (b"Authentication-Results: mx.hamburger.test; arc=none\r\n", ("ed",), "no RSA key"),
    ],
)
async def test_what_is_not_sealed(
    office: SortingOffice, hop: NextHop, header: bytes, keys: tuple[str, ...], why: str
) -> None:
    await give_keys(office, "hamburger.test", Phase.SIGNING, *keys)
    office.signatory = office.make_signatory(arc=True)
    letter = header + LETTER + b"Hello\r\n"
    assert await passed_on(office, hop, letter) == letter
    (decided,) = [one for one in await events(office) if isinstance(one, Decided)]
    assert (decided.what, decided.result) == ("ARC", "not sealed")
    assert why in decided.because


async def test_nothing_is_sealed_unless_it_is_wanted(office: SortingOffice, hop: NextHop) -> None:
    await give_keys(office)
    letter = found("none") + LETTER + b"Hello\r\n"
    assert await passed_on(office, hop, letter) == letter


async def test_keys_are_asked_for_once_a_minute(office: SortingOffice) -> None:
    assert await office.ring.of(office.engine.reading(), "hamburger.test") == ()
    row = sealed(NewKey("hamburger.test", "s", ed25519(), 0, Phase.SIGNING), office.vault)
    await office.engine.write(lambda tx: dkim_keys.put(tx, row))
    assert await office.ring.of(office.engine.reading(), "hamburger.test") == ()
    await asyncio.sleep(0)
    office.clock.advance(61)
    assert len(await office.ring.of(office.engine.reading(), "hamburger.test")) == 1


@pytest.mark.parametrize(
    ("labels", "found"), [(signing_keys.MOST_LABELS - 1, 2), (signing_keys.MOST_LABELS, 0)]
)
async def test_keys_are_looked_for_so_far_above_and_no_farther(
    office: SortingOffice, labels: int, found: int
) -> None:
    await give_keys(office)
    author = "x." * labels + "hamburger.test"
    assert len(await office.ring.of_author(office.engine.reading(), author)) == found


async def test_only_so_many_domains_are_remembered(
    office: SortingOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signing_keys, "MOST_REMEMBERED", 2)
    reading = office.engine.reading()
    for domain in ("hamburger.test", "b.test"):
        assert await office.ring.of(reading, domain) == ()
    row = sealed(NewKey("hamburger.test", "s", ed25519(), 0, Phase.SIGNING), office.vault)
    await office.engine.write(lambda tx: dkim_keys.put(tx, row))
    assert await office.ring.of(reading, "hamburger.test") != ()  # two are full: all are asked for anew


async def test_signatures_are_shared_among_so_many(
    office: SortingOffice, hop: NextHop, monkeypatch: pytest.MonkeyPatch
) -> None:
    await give_keys(office, "hamburger.test", Phase.SIGNING, "ed")
    monkeypatch.setattr(signing, "MOST_SHARED", 1)
    made = []
    monkeypatch.setattr(signing, "_signatures", lambda *given: made.append(given) or b"X: 1\r\n")
    for number, expected in ((1, 1), (1, 1), (2, 2), (1, 3)):
        letter = Spooled(number, number, 0, None, 0, None, Terms(vouched=True))
        one = own_job(letter, 0, NewJob("r.test", [], 0, 0, 0, Lease(1, 0, 1)))
        stamped = await office.signatory.stamp(one, LETTER, "")
        assert (stamped.result, len(made)) == ("signed", expected)
    office.clock.advance(signing.SHARED + 1)
    await office.signatory.stamp(one, LETTER, "")
    assert len(made) == 4
