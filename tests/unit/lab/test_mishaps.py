"""What is wrong on purpose: each fault of docs/faults.md has exactly the symptom that stands there."""

from __future__ import annotations

import asyncio
import io
import re
import smtplib
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import pytest

from dkim_post import NOW, signed, zone
from postroom.app.logs import make_log
from postroom.lab.dns.zones import ZoneText
from postroom.lab.faults.mishaps import MISHAPS, BadMishap, Troubles, parse_mishap
from postroom.lab.faults.switches import BRIM
from postroom.lab.house_settings import LabSettings
from postroom.lab.laboratory import Laboratory
from postroom.lab.plan import HOUSES, residents
from postroom.mailauth.dkim.verification import verify
from postroom.mailauth.spf.check import check_mail_from
from postroom.mailauth.spf.verdict import Client
from postroom.message.address import Address
from postroom.message.journey.events import Hop
from postroom.message.journey.timeline import timeline

DAY = 86_400
DOCS = Path(__file__).parents[3] / "docs" / "faults.md"
Start = Callable[..., Coroutine[Any, Any, Laboratory]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    running: list[Laboratory] = []

    async def begin(*faults: str) -> Laboratory:
        log = make_log("json", "warning", io.StringIO())
        lab = Laboratory(
            LabSettings(tmp_path, 0, residents(), log, [parse_mishap(fault) for fault in faults])
        )
        running.append(lab)
        await lab.start()
        return lab

    yield begin
    for lab in running:
        await lab.stop()


def send(lab: Laboratory, options: Sequence[str] = ()) -> None:
    password = next(one.password for one in lab.inhabitants if one.address == "alice@crepes.test")
    with smtplib.SMTP("127.0.0.1", lab.ports["crepes.test"]["submission"]) as smtp:
        if options:
            smtp.starttls()
        smtp.login("alice@crepes.test", password)
        letter = b"Subject: lunch\r\n\r\nHello\r\n"
        smtp.sendmail("alice@crepes.test", "bob@hamburger.test", letter, options)


async def journey(lab: Laboratory, *options: str) -> list[str]:
    """The lines of the way of a letter from Alice to Bob, up to the end of the first attempt to send it on."""
    await asyncio.to_thread(send, lab, options)
    reading = lab.servers["crepes.test"].engine.reading()
    while True:
        rows = await reading.fetch("SELECT events FROM journal WHERE kind = 'relay' ORDER BY hop_id")
        if rows:
            return [line.text for line in timeline([Hop.unpack(rows[0][0])], brief=True)]
        await asyncio.sleep(0.02)


def symptoms() -> dict[str, list[str]]:
    """By fault, the lines of the journey that the page shows: `…` stands for anything."""
    found: dict[str, list[str]] = {}
    for name, text in re.findall(
        r"^## ([a-z-]+)\n(.*?)(?=^## |\Z)", DOCS.read_text("utf-8"), re.MULTILINE | re.DOTALL
    ):
        found[name] = [
            line.strip() for line in re.findall(r"```text\n(.*?)```", text, re.DOTALL)[0].splitlines()
        ]
    return found


def shown(lines: list[str], symptom: str) -> bool:
    pattern = ".*".join(re.escape(part) for part in symptom.split("…"))
    return any(re.fullmatch(pattern, line) for line in lines)


def test_each_has_its_words_on_the_page() -> None:
    assert set(symptoms()) == set(MISHAPS)


SLOW = (
    "dns-slow",
    "dns-silent",
)  # switched on while it runs, these have their test with the others of the page


@pytest.mark.parametrize(
    "name", [name for name, row in MISHAPS.items() if row.at == "hamburger.test" and name not in SLOW]
)
async def test_the_symptom(start: Start, name: str) -> None:
    lab = await start(name)
    if name == "no-renewal":
        lab.clock.advance(91 * DAY)
    lines = await journey(lab)
    for symptom in symptoms()[name]:
        assert shown(lines, symptom), (symptom, lines)
    assert not any("relayed" in line for line in lines)


async def test_without_a_fault_mail_is_proven(start: Start) -> None:
    lines = await journey(await start())
    assert shown(lines, "certificate of mail.hamburger.test: proven (it agrees with a record DANE-EE 3 1 1)")
    assert shown(lines, "<bob@hamburger.test> relayed to …")


async def test_requiretls_from_end_to_end(start: Start) -> None:
    lines = await journey(await start(), "REQUIRETLS")
    assert shown(lines, "~> MAIL FROM:<alice@crepes.test> … REQUIRETLS")
    assert shown(lines, "<bob@hamburger.test> relayed to …")


async def test_requiretls_comes_back_where_it_cannot_be_had(start: Start) -> None:
    lines = await journey(await start("no-starttls"), "REQUIRETLS")
    assert shown(lines, "<bob@hamburger.test> failed … Encryption needed, …")


async def test_another_domain_is_not_concerned(start: Start) -> None:
    lines = await journey(await start("no-starttls@crepes.test"))
    assert shown(lines, "<bob@hamburger.test> relayed to …")


async def test_wrong_spf(start: Start) -> None:
    client = Client("127.0.0.2", "mail.crepes.test", now=int(time.time()))
    alice = Address("alice", "crepes.test")
    wrong = await check_mail_from((await start("wrong-spf")).names.resolver(), client, alice)
    [symptom] = symptoms()["wrong-spf"]
    assert f"{wrong.result}: {wrong.words}" == symptom


async def test_without_a_fault_spf_passes(start: Start) -> None:
    client = Client("127.0.0.2", "mail.crepes.test", now=int(time.time()))
    alice = Address("alice", "crepes.test")
    assert (await check_mail_from((await start()).names.resolver(), client, alice)).result == "pass"


def in_strings(text: str) -> str:
    return " ".join(f'"{text[at : at + 250]}"' for at in range(0, len(text), 250))


@pytest.mark.parametrize("faults", [(), ("no-dkim-key",)])
async def test_no_dkim_key(start: Start, faults: tuple[str, ...]) -> None:
    lab = await start(*faults)
    keys = tuple(f"{name}. TXT {in_strings(text)}" for name, text in zone().items())
    lab.names.server.add(ZoneText("crepes.test", keys))
    results = await verify(signed(), lab.names.resolver(), NOW)
    assert [result.passed for result in results] == [not faults] * 2
    if faults:
        [symptom] = symptoms()["no-dkim-key"]
        assert shown([f"{result.verdict}: {result.reason}" for result in results][:1], symptom)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no-startls", "did you mean no-starttls?"),
        ("x", "there are expired-certificate, "),
        ("no-starttls@r.test", "the lab's domains are hamburger.test and crepes.test"),
    ],
)
def test_what_there_is_not(text: str, words: str) -> None:
    with pytest.raises(BadMishap, match=re.escape(words)):
        parse_mishap(text)


def test_where_it_is() -> None:
    assert str(parse_mishap("wrong-spf")).startswith("wrong-spf@crepes.test: ")
    assert parse_mishap("wrong-spf@hamburger.test").domain == "hamburger.test"


def test_several_together() -> None:
    chosen = [parse_mishap("no-starttls"), parse_mishap("sts-mismatch"), parse_mishap("wrong-spf")]
    troubles = Troubles(chosen, "hamburger.test")
    assert (troubles.tlsa, troubles.sts_mx) == (False, "mx.elsewhere.test")
    assert troubles.edited(['@ TXT "v=spf1 mx -all"']) == ('@ TXT "v=spf1 mx -all"',)
    assert Troubles(chosen, "crepes.test").edited(['@ TXT "v=spf1 mx -all"', "@ MX 10 mail"]) == (
        '@ TXT "v=spf1 ip4:192.0.2.1 -all"',
        "@ MX 10 mail",
    )


async def test_what_nobody_renews_is_good_until_its_end(start: Start) -> None:
    lab = await start("no-renewal")
    lab.clock.advance(89 * DAY)
    assert shown(await journey(lab), "<bob@hamburger.test> relayed to …")


async def test_an_expired_certificate_stays_the_one_that_the_server_shows(start: Start) -> None:
    """Whatever is published later does not write its files anew."""
    lab = await start("expired-certificate")
    house = next(house for house in HOUSES if house.domain == "hamburger.test")
    files = [Path(name) for name in lab.servers[house.domain].settings.tls.keys]
    before = [path.read_bytes() for path in files]
    lab.names.publish(house, ["@ MX 10 mail"])
    assert [path.read_bytes() for path in files] == before


async def test_mailboxes_are_well_that_were_full_for_a_moment(start: Start) -> None:
    """Switched off while they are being filled, and on again: what is on in the end holds."""
    lab = await start()
    full = parse_mishap("full-mailbox")
    server = lab.servers[full.domain]

    async def quotas() -> set[int]:
        return {row[0] for row in await server.engine.reading().fetch("SELECT quota_bytes FROM accounts")}

    before = await quotas()
    await asyncio.gather(lab.switches.put_on(full), lab.switches.take_off(full))
    assert await quotas() == before
    assert not lab.switches.is_any_full
    await asyncio.gather(lab.switches.put_on(full), lab.switches.take_off(full), lab.switches.put_on(full))
    assert await quotas() == {BRIM}
    await lab.switches.clear()
    assert await quotas() == before
