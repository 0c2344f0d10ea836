"""The client's names."""

from __future__ import annotations

import pytest

from postroom.intake.guard.names import MOST_NAMES, Greeting, NameWeights, greeting_findings, reverse_findings
from spf_zone import Zone

WEIGHTS = NameWeights(1, 2, 4, 8, 16)
OWN = frozenset({"mx.l.test", "l.test"})


class Names(Zone):
    """A zone that can be asked for both families at once."""

    async def addresses(self, name, family=None):  # type: ignore[no-untyped-def]
        six, four = [self._look(name, kind) for kind in self.kinds]
        return six if six.failed or six.records else four

    @property
    def kinds(self):  # type: ignore[no-untyped-def]
        from postroom.proto.dns.answer import Kind

        return Kind.AAAA, Kind.A


PTR = "7.2.0.192.in-addr.arpa PTR"


@pytest.mark.parametrize(
    ("zone", "result", "name"),
    [
        ("", "none", ""),
        (f"{PTR} a.test\na.test A 192.0.2.7", "", "a.test"),
        (f"{PTR} b.test\n{PTR} a.test\na.test A 192.0.2.7", "", "a.test"),
        (f"{PTR} a.test\na.test A 192.0.2.8", "unconfirmed", ""),
        (f"{PTR} a.test", "unconfirmed", ""),
        (f"{PTR} !SERVFAIL", "", ""),
        (f"{PTR} a.test\na.test A !TIMEOUT\na.test AAAA !TIMEOUT", "", ""),
    ],
)
async def test_the_name_of_the_address(zone: str, result: str, name: str) -> None:
    findings, confirmed = await reverse_findings(Names(zone), "192.0.2.7", WEIGHTS)
    assert [finding.result for finding in findings] == ([result] if result else [])
    assert confirmed == name
    assert sum(finding.points for finding in findings) == {"none": 1, "unconfirmed": 2, "": 0}[result]


@pytest.mark.parametrize(("place", "found"), [(MOST_NAMES, True), (MOST_NAMES + 1, False)])
async def test_so_many_names_are_looked_up(place: int, found: bool) -> None:
    names = [f"n{number}.test" for number in range(1, place + 1)]
    zone = "\n".join(f"{PTR} {name}" for name in names) + f"\n{names[-1]} A 192.0.2.7"
    _, confirmed = await reverse_findings(Names(zone), "192.0.2.7", WEIGHTS)
    assert bool(confirmed) is found


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
