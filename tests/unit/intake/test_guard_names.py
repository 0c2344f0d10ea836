"""The client's names."""

from __future__ import annotations

import pytest

from postroom.intake.guard.names import Greeting, NameWeights, greeting_findings, reverse_findings
from postroom.proto.dns.answer import Family, Kind
from spf_zone import Zone

WEIGHTS = NameWeights(1, 2, 4, 8, 16)
OWN = frozenset({"mx.l.test", "l.test"})


class Names(Zone):
    """A zone that can be asked for both families at once."""

    async def addresses(self, name, family=None):  # type: ignore[no-untyped-def]
        if family in (Family.IPV4, Family.IPV6):
            return self._look(name, Kind(family.value))
        six, four = self._look(name, Kind.AAAA), self._look(name, Kind.A)
        return six if six.failed or six.records else four


PTR = "7.2.0.192.in-addr.arpa PTR"


@pytest.mark.parametrize(
    ("zone", "result", "name"),
    [
        ("", "permerror", ""),
        (f"{PTR} a.test\na.test A 192.0.2.7", "", "a.test"),
        (f"{PTR} b.test\n{PTR} a.test\na.test A 192.0.2.7", "", "a.test"),
        (f"{PTR} a.test\na.test A 192.0.2.8", "fail", ""),
        (f"{PTR} a.test", "fail", ""),
        (f"{PTR} !SERVFAIL", "", ""),
        (f"{PTR} a.test\na.test A !TIMEOUT\na.test AAAA !TIMEOUT", "", ""),
    ],
)
async def test_the_name_of_the_address(zone: str, result: str, name: str) -> None:
    findings, confirmed = await reverse_findings(Names(zone), "192.0.2.7", WEIGHTS)
    assert [finding.result for finding in findings] == ([result] if result else [])
    assert confirmed == name
    assert sum(finding.points for finding in findings) == {"permerror": 1, "fail": 2, "": 0}[result]


async def test_what_is_no_address_has_no_name() -> None:
    assert await reverse_findings(Names(""), "nowhere", WEIGHTS) == ([], "")


@pytest.mark.parametrize(
    ("helo", "result"),
    [
        ("a.test", ""),
        ("mail.a.test", ""),
        ("MX.L.test", "ours"),
        ("l.test", "ours"),
        ("[192.0.2.25]", "ours"),
        ("[IPv6:2001:db8::25]", ""),
        ("[192.0.2.7]", ""),
        ("192.0.2.7", "bare"),
        ("localhost", "bare"),
        ("x", "bare"),
        ("nowhere.test", "unknown"),
        ("mxonly.test", ""),
        ("failing.test", ""),
        ("bad..name", "unknown"),
        ("ü.test", "unknown"),
    ],
)
async def test_the_greeting(helo: str, result: str) -> None:
    zone = Names(
        "a.test A 192.0.2.1\nmail.a.test AAAA 2001:db8::1\nmxonly.test MX 10 a.test\nfailing.test A !SERVFAIL\n"
        "failing.test AAAA !SERVFAIL"
    )
    found = await greeting_findings(zone, Greeting(helo, "192.0.2.7", "192.0.2.25"), OWN, WEIGHTS)
    assert [finding.result for finding in found] == ([result] if result else [])


async def test_what_weighs_nothing_is_not_looked_up() -> None:
    zone = Names("")
    for helo in ("l.test", "x", "nowhere.test"):
        assert await greeting_findings(zone, Greeting(helo, "192.0.2.7", ""), OWN, NameWeights()) == []
    assert zone.asked == []
