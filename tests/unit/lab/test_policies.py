"""What a lab's domain says of its mail server, whoever wrote its zone."""

from __future__ import annotations

import asyncio
import ssl
import time
from pathlib import Path

import pytest

from postroom.lab.ca import LabCa
from postroom.lab.dns.policies import PolicySite, completed, policy_of
from postroom.lab.dns.zones import ZoneText
from postroom.lab.faults.mishaps import Troubles, parse_mishap

SAID = ["_25._tcp.mail TLSA 3 1 1 aa", '_mta-sts TXT "v=STSv1; id=1"', "mta-sts A 127.0.0.3"]


def test_what_is_not_said_is_added() -> None:
    zone = ZoneText("r.test", ("@ MX 10 mail", "mail A 127.0.0.3"))
    assert completed(zone, SAID) == [*zone.lines, *SAID]


def test_what_is_said_already_stands() -> None:
    lines = (
        "_25._tcp.mail.r.test. 300 IN TLSA 3 1 1 bb",
        '_mta-sts.r.test. IN TXT "v=STSv1; id=2"',
        "mta-sts CNAME mail",
    )
    assert completed(ZoneText("r.test", lines), SAID) == list(lines)


def test_faults_find_their_records_in_each_form() -> None:
    troubles = Troubles(
        [parse_mishap("wrong-spf@crepes.test"), parse_mishap("wrong-name@crepes.test")], "crepes.test"
    )
    lines = ['crepes.test. 300 IN TXT "v=spf1 mx -all"', "_25._tcp.mail.crepes.test. 300 IN TLSA 3 1 1 bb"]
    assert troubles.edited(lines) == ('@ TXT "v=spf1 ip4:192.0.2.1 -all"',)


@pytest.fixture
def site(tmp_path: Path) -> PolicySite:
    ca, now = LabCa(tmp_path, int(time.time() * 1_000_000)), int(time.time() * 1_000_000)
    errors: list[BaseException] = []
    pairs = ca.issue(["mta-sts.r.test"], now, kinds=("ecdsa",))
    return PolicySite(lambda: policy_of("mail.r.test"), pairs, errors.append)


async def asked(site: PolicySite, path: str) -> bytes:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", site.port, ssl=ssl._create_unverified_context()
    )
    writer.write(f"GET {path} HTTP/1.1\r\nHost: mta-sts.r.test\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    return answer


async def test_a_site_has_its_policy_and_nothing_else(site: PolicySite) -> None:
    await site.start("127.0.0.1")
    found = await asked(site, "/.well-known/mta-sts.txt")
    assert found.startswith(b"HTTP/1.1 200 ")
    assert found.endswith(b"\r\n\r\n" + policy_of("mail.r.test").text().encode())
    assert (await asked(site, "/")).startswith(b"HTTP/1.1 404 ")
    await site.stop()


async def test_a_site_that_stops_leaves_no_connection(site: PolicySite) -> None:
    """Whether its handshake is not done, or its request: they had ten seconds and more, in which loops were closed under them."""
    await site.start("127.0.0.1")
    before = asyncio.all_tasks()
    context = ssl._create_unverified_context()
    bare, one = await asyncio.open_connection("127.0.0.1", site.port)
    secure, two = await asyncio.open_connection("127.0.0.1", site.port, ssl=context)
    two.write(b"GET /")
    await asyncio.sleep(0.1)
    await site.stop()
    assert asyncio.all_tasks() <= before
    for reader in (bare, secure):
        assert await asyncio.wait_for(reader.read(), 60) == b""
    for writer in (one, two):
        writer.close()
