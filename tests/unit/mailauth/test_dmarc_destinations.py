"""Where reports may go (RFC 9990 §4)."""

from __future__ import annotations

import pytest

from postroom.mailauth.dmarc.destinations import MAX_DESTINATIONS, destinations
from postroom.mailauth.dmarc.discovery import Discovery, Published
from postroom.mailauth.dmarc.record import parse
from spf_zone import Zone

ASKED = "e.test._report._dmarc.r.other"


async def to(rua: str, zone: Zone | str) -> list[str]:
    zone = Zone(zone) if isinstance(zone, str) else zone
    published = Published("e.test", parse(f"v=DMARC1; p=none; rua={rua}".encode()))
    found = await destinations(zone, Discovery(zone), published)
    return [str(other) for one in found for other in one.to]


@pytest.mark.parametrize(
    ("rua", "zone", "expected"),
    [
        ("mailto:a@e.test", "", ["a@e.test"]),
        ("mailto:a@r.e.test", "_dmarc.e.test TXT v=DMARC1;p=none", ["a@r.e.test"]),
        ("mailto:a@r.e.test", "_dmarc.r.e.test TXT v=DMARC1;psd=n;", []),
        ("mailto:a@r.other", "", []),
        ("mailto:a@r.other", f"{ASKED} TXT v=DMARC1", ["a@r.other"]),
        ("mailto:a@r.other", f"{ASKED} TXT v=DMARC1;", ["a@r.other"]),
        ("mailto:a@r.other", f"{ASKED} TXT v=spf1", []),
        ("mailto:a@r.other", f"{ASKED} TXT hello\n{ASKED} TXT v=DMARC1", ["a@r.other"]),
        ("mailto:a@r.other", f"{ASKED} TXT v=DMARC1; rua=mailto:b@r.other", ["b@r.other"]),
        # §4: another host in the confirming record, and nobody gets a report
        ("mailto:a@r.other", f"{ASKED} TXT v=DMARC1; rua=mailto:victim@else.other", []),
        ("mailto:a@r.other", f"{ASKED} TXT v=DMARC1; rua=mailto:b@r.other,mailto:victim@else.other", []),
        ("mailto:a@r.other", f"{ASKED} TXT v=DMARC1; rua=mailto:victim@sub.r.other", []),
        ("mailto:a@r.other", f"{ASKED} TXT v=DMARC1; rua=mailto:b@R.Other", ["b@r.other"]),
        ("mailto:a@r.other", f"{ASKED} TXT v=DMARC1\n{ASKED} TXT v=DMARC1; rua=mailto:victim@else.other", []),
        ("mailto:a@r.other,mailto:b@e.test", "", ["b@e.test"]),
        ("mailto:a@[192.0.2.1]", "", []),
        (
            ",".join(f"mailto:{n}@e.test" for n in range(8)),
            "",
            [f"{n}@e.test" for n in range(MAX_DESTINATIONS)],
        ),
    ],
)
async def test_destinations(rua: str, zone: str, expected: list[str]) -> None:
    assert await to(rua, zone) == expected


async def test_where_the_dns_fails_nothing_is_known_of_that_one() -> None:
    zone = Zone(f"{ASKED} TXT !SERVFAIL")
    published = Published("e.test", parse(b"v=DMARC1; p=none; rua=mailto:a@r.other,mailto:b@e.test"))
    undecided, own = await destinations(zone, Discovery(zone), published)
    assert (undecided.agreed, undecided.to) == (False, ())
    assert undecided.problem == f"the DNS answers SERVFAIL for TXT of {ASKED}"
    assert (own.agreed, own.problem) == (True, "")


async def test_what_is_asked() -> None:
    zone = Zone(f"{ASKED} TXT v=DMARC1")
    await to("mailto:a@r.other,mailto:b@r.other", zone)
    assert f"{ASKED} TXT" in zone.asked
    assert zone.asked.count("_dmarc.other TXT") == 1
