"""The records that a domain needs: MX, addresses, and the way back."""

from __future__ import annotations

import pytest

from offices import TestOffice
from postroom.app.operations.dns import records_of, zone_line


@pytest.mark.parametrize(
    ("addresses", "types"),
    [
        ([], ["MX", "A"]),
        (["0.0.0.0", "::", "127.0.0.1", "nonsense"], ["MX", "A"]),
        (["192.0.2.1"], ["MX", "A", "PTR"]),
        (["192.0.2.1", "2001:db8::1"], ["MX", "A", "AAAA", "PTR", "PTR"]),
    ],
)
def test_records(addresses: list[str], types: list[str]) -> None:
    assert [one.type for one in records_of("a.test", "mail.a.test", addresses)] == types


def test_zone_lines() -> None:
    lines = [zone_line(one) for one in records_of("a.test", "mail.a.test", ["192.0.2.1"])]
    assert lines == [
        "a.test. 300 IN MX 10 mail.a.test.",
        "mail.a.test. 300 IN A 192.0.2.1",
        "1.2.0.192.in-addr.arpa. 300 IN PTR mail.a.test.",
    ]
    assert zone_line(records_of("a.test", "mail.a.test", [])[1]) == "; mail.a.test. 300 IN A <address>"


async def test_of_our_domains_only(office: TestOffice) -> None:
    first = (await office.ask("dns.records", domain="hamburger.test", addresses=["192.0.2.1"]))[0]
    assert first["value"] == "10 mail.hamburger.test."
    assert "domain add" in await office.refusal("dns.records", domain="x.test")
