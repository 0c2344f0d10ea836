"""Which hosts take a domain's mail: every rule of RFC 5321 §5.1 and RFC 7505 that `deliver.mx` applies."""

from __future__ import annotations

import random
from collections.abc import Sequence

import msgspec
import pytest

from postroom.deliver.mx import DnsUnavailable, Identity, MxLookup, NoHost, Target
from postroom.message.errors import MailError, NoSuchDomain, NullMx, RoutingLoop
from postroom.message.journey.events import JourneyEvent
from postroom.proto.dns.answer import Answer, Family, Kind, Mx, Rcode


class Zone:
    """A resolver over two dictionaries; an absent name is NXDOMAIN, an `Rcode` is that failure."""

    def __init__(
        self, mx: dict[str, Sequence[Mx] | Rcode], addresses: dict[str, Sequence[str] | Rcode]
    ) -> None:
        self._mx, self._addresses = mx, addresses

    async def mx(self, name: str) -> Answer[Mx]:
        return answer(name, Kind.MX, self._mx.get(name, () if name in self._addresses else Rcode.NXDOMAIN))

    async def addresses(self, name: str, family: Family = Family.BOTH) -> Answer[str]:
        return answer(name, Kind.ADDRESS, self._addresses.get(name, Rcode.NXDOMAIN))


def answer(name: str, kind: Kind, found: Sequence[Mx] | Sequence[str] | Rcode) -> Answer:
    if isinstance(found, Rcode):
        return Answer(name, kind, found)
    return Answer(name, kind, records=tuple(found))


async def look_up(
    zone: Zone, domain: str = "r.test", events: list[JourneyEvent] | None = None
) -> list[Target]:
    identity = Identity({"mx.l.test"}, lambda ip: ip == "192.0.2.99")
    lookup = MxLookup(zone, identity, random.Random(1), lambda ip: 25)
    return await lookup.targets(domain, (events if events is not None else []).append, lambda: 7)


async def test_lower_preference_first_and_every_address_of_a_host() -> None:
    zone = Zone(
        {"r.test": [Mx(20, "b.r.test"), Mx(10, "a.r.test")]},
        {"a.r.test": ["2001:db8::1", "192.0.2.1"], "b.r.test": ["192.0.2.2"]},
    )
    assert [target.ip for target in await look_up(zone)] == ["2001:db8::1", "192.0.2.1", "192.0.2.2"]


async def test_where_the_alias_leads_that_the_domain_is() -> None:
    class Aliased(Zone):
        async def mx(self, name: str) -> Answer[Mx]:
            return msgspec.structs.replace(await super().mx("real.test"), name=name, canonical="real.test")

    [target] = await look_up(Aliased({"real.test": [Mx(10, "a.r.test")]}, {"a.r.test": ["192.0.2.1"]}))
    assert (target.host, target.expanded) == ("a.r.test", "real.test")


async def test_equal_preferences_are_shuffled() -> None:
    names = [f"m{number}.r.test" for number in range(6)]
    zone = Zone({"r.test": [Mx(10, name) for name in names]}, {name: ["192.0.2.1"] for name in names})
    orders = set()
    lookup = MxLookup(zone, Identity((), lambda ip: False), random.Random(3), lambda ip: 25)
    for _ in range(20):
        orders.add(
            tuple(target.host for target in await lookup.targets("r.test", lambda event: None, lambda: 0))
        )
    assert len(orders) > 10


async def test_without_mx_the_address_of_the_domain() -> None:
    assert await look_up(Zone({}, {"r.test": ["192.0.2.5"]})) == [Target("r.test", "192.0.2.5", 25)]


async def test_an_address_literal_needs_no_dns() -> None:
    assert await look_up(Zone({}, {}), "[192.0.2.7]") == [Target("", "192.0.2.7", 25)]
    assert await look_up(Zone({}, {}), "[IPv6:2001:db8::7]") == [Target("", "2001:db8::7", 25)]


@pytest.mark.parametrize(
    ("own", "left"),
    [
        (Mx(5, "mx.l.test"), []),
        (Mx(10, "mx.l.test"), []),
        (Mx(15, "mx.l.test"), ["192.0.2.1"]),
        (Mx(30, "mx.l.test"), ["192.0.2.1", "192.0.2.2"]),
    ],
)
async def test_our_own_name_goes_with_all_that_is_no_better(own: Mx, left: list[str]) -> None:
    zone = Zone(
        {"r.test": [Mx(10, "a.r.test"), Mx(20, "b.r.test"), own]},
        {"a.r.test": ["192.0.2.1"], "b.r.test": ["192.0.2.2"], "mx.l.test": ["192.0.2.99"]},
    )
    if left:
        assert [target.ip for target in await look_up(zone)] == left
    else:
        with pytest.raises(RoutingLoop):
            await look_up(zone)


@pytest.mark.parametrize("own", ["mx.l.test", "backup.r.test"], ids=["by name", "by address"])
async def test_a_better_one_without_an_address_is_waited_for(own: str) -> None:
    """The one that we stand in for may have lost its address for an hour: no reason to return its mail."""
    zone = Zone({"r.test": [Mx(10, "gone.r.test"), Mx(20, own)]}, {own: ["192.0.2.99"]})
    with pytest.raises(NoHost):
        await look_up(zone)


async def test_our_own_address_under_another_name_ends_the_list_too() -> None:
    zone = Zone(
        {"r.test": [Mx(10, "a.r.test"), Mx(20, "b.r.test")]},
        {"a.r.test": ["192.0.2.1"], "b.r.test": ["192.0.2.99"]},
    )
    assert [target.ip for target in await look_up(zone)] == ["192.0.2.1"]


@pytest.mark.parametrize(
    ("mx", "addresses", "error"),
    [
        ({"r.test": [Mx(0, "")]}, {}, NullMx),
        ({}, {}, NoSuchDomain),
        ({"r.test": ()}, {"r.test": ()}, NoSuchDomain),
        ({"r.test": Rcode.SERVFAIL}, {}, DnsUnavailable),
        ({"r.test": Rcode.TIMEOUT}, {}, DnsUnavailable),
        ({"r.test": [Mx(10, "a.r.test")]}, {"a.r.test": Rcode.SERVFAIL}, DnsUnavailable),
        ({"r.test": [Mx(10, "a.r.test")]}, {}, NoHost),
        ({"r.test": [Mx(10, "a.r.test")]}, {"a.r.test": ["192.0.2.99"]}, RoutingLoop),
    ],
)
async def test_what_cannot_be_reached(mx: dict, addresses: dict, error: type[MailError]) -> None:
    with pytest.raises(error) as caught:
        await look_up(Zone(mx, addresses))
    assert caught.value.permanent == (error in (NullMx, NoSuchDomain, RoutingLoop))
    assert "r.test" in caught.value.public


async def test_a_null_mx_beside_others_is_no_null_mx() -> None:
    zone = Zone({"r.test": [Mx(0, ""), Mx(10, "a.r.test")]}, {"a.r.test": ["192.0.2.1"]})
    assert [target.ip for target in await look_up(zone)] == ["192.0.2.1"]


async def test_at_most_ten_exchangers_are_tried() -> None:
    names = [f"m{number}.r.test" for number in range(1000)]
    zone = Zone({"r.test": [Mx(10, name) for name in names]}, {name: ["192.0.2.1"] for name in names})
    assert len(await look_up(zone)) == 10


async def test_the_journey_sees_every_question() -> None:
    events: list[JourneyEvent] = []
    await look_up(Zone({"r.test": [Mx(10, "a.r.test")]}, {"a.r.test": ["192.0.2.1"]}), events=events)
    assert [(event.name, event.answers) for event in events] == [
        ("r.test", ["10 a.r.test"]),
        ("a.r.test", ["192.0.2.1"]),
    ]


async def test_internationalized_domains_are_asked_for_in_a_labels() -> None:
    zone = Zone({}, {"xn--bcher-kva.test": ["192.0.2.1"]})
    assert (await look_up(zone, "bücher.test"))[0].host == "xn--bcher-kva.test"
