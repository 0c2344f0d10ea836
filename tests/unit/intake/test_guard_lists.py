"""Lists of addresses in the DNS: what is asked, which answers count, and lists that misbehave."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from postroom.intake.guard.findings import Finding
from postroom.intake.guard.lists import MOST_LISTS, MOST_REASON, AddressList, Lists, matcher
from postroom.proto.dns.answer import Answer, Kind
from spf_zone import Zone


class Listing:
    """Lists over a zone, and what was told of them."""

    def __init__(self, zone: str, *lists: AddressList, seconds: float = 5.0, resolver: Any = None) -> None:
        self.now = 0.0
        self.told: list[dict[str, Any]] = []
        self.zone = resolver or Zone(zone)
        self.lists = Lists(lists, self.zone, seconds, lambda: self.now, self.tell)

    def tell(self, event: str, **facts: Any) -> None:
        assert event == "list.rests"
        self.told.append(facts)

    async def look(self, ip: str = "192.0.2.7") -> list[Finding]:
        return await self.lists.look(ip)


BAD = AddressList("bad.test", 5)


async def test_the_name_that_is_asked_for() -> None:
    """RFC 5782 §2.1 and §2.4."""
    listing = Listing("", BAD)
    assert await listing.look() == []
    assert await listing.look("2001:db8::1") == []
    assert await listing.look("::ffff:192.0.2.8") == []
    nibbles = "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2"
    assert listing.zone.asked == ["7.2.0.192.bad.test A", f"{nibbles}.bad.test A", "8.2.0.192.bad.test A"]
    assert await listing.look("no address") == []
    assert len(listing.zone.asked) == 3


async def test_findings() -> None:
    zone = "7.2.0.192.bad.test A 127.0.0.4\n7.2.0.192.good.test A 127.0.5.1\n8.2.0.192.bad.test A 127.0.0.2"
    listing = Listing(zone, BAD, AddressList("good.test", -3))
    assert await listing.look() == [
        Finding("list bad.test", "127.0.0.4", "the client is listed in bad.test (127.0.0.4)", 5),
        Finding("list good.test", "127.0.5.1", "the client is known to good.test (127.0.5.1)", -3),
    ]
    assert [finding.check for finding in await listing.look("192.0.2.8")] == ["list bad.test"]


@pytest.mark.parametrize(
    ("answers", "ip", "counts"),
    [
        ((), "127.9.9.9", True),
        (("127.0.0.2",), "127.0.0.2", True),
        (("127.0.0.2",), "127.0.0.3", False),
        (("127.0.0.4-11",), "127.0.0.4", True),
        (("127.0.0.4-11",), "127.0.0.11", True),
        (("127.0.0.4-11",), "127.0.0.12", False),
        (("127.0.0-5.1-3", "127.0.0.9"), "127.0.5.3", True),
        (("127.0.0-5.1-3", "127.0.0.9"), "127.0.6.3", False),
        (("127.0.0-5.1-3", "127.0.0.9"), "127.0.0.9", True),
    ],
)
def test_which_answers_count(answers: tuple[str, ...], ip: str, counts: bool) -> None:
    assert matcher(answers)(ip) is counts


@pytest.mark.parametrize("answer", ["", "127.0.0", "10.0.0.1", "127.0.0.0/8", "127.0.0.-1", "127.0.0.x"])
def test_what_is_no_answer_is_named(answer: str) -> None:
    with pytest.raises(ValueError, match="no answer of a list"):
        matcher([answer])


@pytest.mark.parametrize("answer", ["203.0.113.9", "127.255.255.254"])
async def test_a_list_that_answers_what_no_list_does_rests(answer: str) -> None:
    """RFC 5782 §2.1: a zone that was given up answers for everybody; 127.255.255.0/24 is a list's way to refuse us."""
    listing = Listing(f"7.2.0.192.bad.test A {answer}\n8.2.0.192.bad.test A 127.0.0.2", BAD)
    assert await listing.look() == []
    assert await listing.look("192.0.2.8") == []
    assert listing.told == [
        {
            "zone": "bad.test",
            "why": f"bad.test answered {answer}, which no list does that works",
            "seconds": 3600.0,
        }
    ]
    listing.now = 3601.0
    assert len(await listing.look("192.0.2.8")) == 1


async def test_a_list_that_fails_says_nothing_and_rests_at_last() -> None:
    listing = Listing(
        "7.2.0.192.bad.test A !SERVFAIL\n7.2.0.192.good.test A 127.0.0.2", BAD, AddressList("good.test", 1)
    )
    for _ in range(5):
        assert [finding.check for finding in await listing.look()] == ["list good.test"]
    assert [told["zone"] for told in listing.told] == ["bad.test"]
    await listing.look()
    assert sum(name.endswith("bad.test A") for name in listing.zone.asked) == 5
    listing.now = 61.0
    await listing.look()
    assert sum(name.endswith("bad.test A") for name in listing.zone.asked) == 6


async def test_an_answer_in_between_makes_up_for_silence() -> None:
    listing = Listing("7.2.0.192.bad.test A !TIMEOUT\n8.2.0.192.bad.test A 127.0.0.2", BAD)
    for ip in ["192.0.2.7"] * 4 + ["192.0.2.8"] + ["192.0.2.7"] * 4:
        await listing.look(ip)
    assert listing.told == []


class Slow(Zone):
    """Answers of one list never come."""

    async def addresses(self, name: str, family: Any = None) -> Answer[str]:
        if name.endswith("slow.test"):
            await asyncio.Event().wait()
        return Answer(name, Kind.A, records=("127.0.0.2",))

    async def txt(self, name: str) -> Answer[bytes]:
        await asyncio.Event().wait()
        raise AssertionError


async def test_who_is_late_has_said_nothing() -> None:
    listing = Listing("", AddressList("slow.test", 9), BAD, seconds=0.01, resolver=Slow(""))
    for _ in range(5):
        assert [finding.check for finding in await listing.look()] == ["list bad.test"]
    assert [told["zone"] for told in listing.told] == ["slow.test"]
    assert await listing.lists.reason("192.0.2.7", Finding("list bad.test", "", "", 5)) == ""


async def test_a_list_may_say_why() -> None:
    zone = "7.2.0.192.bad.test TXT See https://bad.test/?192.0.2.7\n8.2.0.192.bad.test TXT \x1b" + "x" * 300
    listing = Listing(zone, BAD)
    finding = Finding("list bad.test", "127.0.0.2", "listed", 5)
    assert await listing.lists.reason("192.0.2.7", finding) == "See https://bad.test/?192.0.2.7"
    long = await listing.lists.reason("192.0.2.8", finding)
    assert long.startswith("\\x1bxxx")
    assert len(long) <= MOST_REASON + 3
    assert await listing.lists.reason("192.0.2.9", finding) == ""


@pytest.mark.parametrize("beyond", [0, 1])
def test_so_many_lists(beyond: int) -> None:
    lists = [AddressList(f"l{number}.test", 1) for number in range(MOST_LISTS + beyond)]
    if beyond:
        with pytest.raises(ValueError, match="21 lists: at most 20"):
            Listing("", *lists)
    else:
        assert Listing("", *lists).lists
