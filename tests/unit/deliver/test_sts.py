"""MTA-STS policies over real HTTPS: fetched when they must be, kept for as long as they say, and every way in which one cannot be had."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from authority import Issued
from policy_server import PolicyServer, policy, response
from postroom.deliver.tls.sts import HOLD_OFF, LOOK_AGAIN, Fetching, StsPolicies
from postroom.deliver.tls_outcome import ResultKind, TlsOutcome
from postroom.net.clock import MovableClock
from postroom.net.https import Web
from postroom.proto.dns.answer import Rcode
from postroom.proto.http.mta_sts import MOST_OCTETS, Mode
from postroom.store.peers import sts_policies
from sorting_office import SortingOffice

DAY = 86_400
ROOT = Issued(["Root"], ca=True)
GOOD = Issued(["mta-sts.r.test"], ROOT)


class Domain:
    """r.test with its record, its web server, and who asks."""

    def __init__(self, office: SortingOffice, server: PolicyServer, directory: Path) -> None:
        self.office, self.server, self.directory = office, server, directory
        self.noted: list[TlsOutcome] = []
        self.seconds = 5.0
        self.office.zone.hosts["mta-sts.r.test"] = ["127.0.0.1"]
        self.publish("1")
        self.sts = self.asker()

    def asker(self) -> StsPolicies:
        context = ROOT.trusting(self.directory)
        web = Web(self.office.zone, lambda: context, lambda _: self.server.port, seconds=self.seconds)
        office = self.office
        return StsPolicies(Fetching(office.engine, office.zone, web, office.clock, self.noted.append))

    def publish(self, name: str) -> None:
        self.office.zone.texts["_mta-sts.r.test"] = [f"v=STSv1; id={name}".encode()]

    async def ask(self) -> tuple[Mode | None, str]:
        found = await self.sts.of("r.test", lambda _: None, lambda: 0)
        return found.policy.mode if found.policy else None, found.because

    @property
    def fetches(self) -> int:
        return len(self.server.requests)


@pytest.fixture
async def domain(office: SortingOffice, tmp_path: Path) -> AsyncIterator[Domain]:
    server = await PolicyServer(GOOD.server(tmp_path)).listen()
    made = Domain(office, server, tmp_path)
    yield made
    await made.sts.close()
    await server.close()


async def test_a_policy_is_fetched_once(domain: Domain) -> None:
    for _ in range(3):
        assert await domain.ask() == (Mode.ENFORCE, "MTA-STS policy 1 of r.test, mode enforce")
    assert domain.fetches == 1
    assert domain.server.requests[0].startswith(
        b"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: mta-sts.r.test\r\n"
    )
    assert domain.noted == []


async def test_many_wait_for_the_same_fetch(domain: Domain) -> None:
    found = await asyncio.gather(*(domain.ask() for _ in range(20)))
    assert {mode for mode, _ in found} == {Mode.ENFORCE}
    assert domain.fetches == 1


async def test_a_domain_without_a_record_is_not_asked(domain: Domain) -> None:
    domain.office.zone.texts.clear()
    assert await domain.ask() == (None, "r.test has no MTA-STS policy")
    assert domain.fetches == 0


async def test_a_new_id_brings_the_new_policy(domain: Domain) -> None:
    await domain.ask()
    domain.server.says = response(policy("none"))
    assert (await domain.ask())[0] is Mode.ENFORCE  # nothing says that it has changed
    domain.publish("2")
    assert (await domain.ask())[0] is Mode.NONE
    assert domain.fetches == 2


async def test_a_policy_outlives_the_process(domain: Domain) -> None:
    await domain.ask()
    again = domain.asker()
    found = await again.of("R.test", lambda _: None, lambda: 0)
    assert found.policy is not None
    assert domain.fetches == 1


@pytest.mark.parametrize("gone", [(), Rcode.SERVFAIL, Rcode.NXDOMAIN])
async def test_a_kept_policy_holds_without_its_record(domain: Domain, gone: object) -> None:
    """RFC 8461 §3.3: who can suppress the record cannot switch the policy off."""
    await domain.ask()
    domain.office.zone.texts["_mta-sts.r.test"] = gone  # type: ignore[assignment]
    domain.office.clock.advance(6 * DAY)
    assert (await domain.ask())[0] is Mode.ENFORCE


async def test_a_kept_policy_holds_when_the_new_one_cannot_be_had(domain: Domain) -> None:
    await domain.ask()
    domain.publish("2")
    domain.server.says = response(b"", "500 Sorry")
    mode, because = await domain.ask()
    assert mode is Mode.ENFORCE
    assert "MTA-STS policy 1 of r.test, mode enforce, kept" in because
    assert "answers 500" in because


async def test_an_expired_policy_does_not_hold(domain: Domain) -> None:
    await domain.ask()
    domain.server.says = response(b"", "404 Gone")
    domain.office.clock.advance(7 * DAY - 1)
    assert (await domain.ask())[0] is Mode.ENFORCE
    domain.office.clock.advance(1)
    mode, because = await domain.ask()
    assert mode is None
    assert because.startswith(
        "no MTA-STS policy of r.test can be had: https://mta-sts.r.test/.well-known/mta-sts.txt"
    )


BAD = {
    "a redirect": (
        response(b"", "302 Found", more="Location: https://evil.test/\r\n"),
        ResultKind.STS_POLICY_FETCH_ERROR,
    ),
    "not there": (response(b"", "404 Not Found"), ResultKind.STS_POLICY_FETCH_ERROR),
    "too long": (response(policy() + b"x: " + b"y" * MOST_OCTETS), ResultKind.STS_POLICY_FETCH_ERROR),
    "no policy": (response(b"version: STSv1\n"), ResultKind.STS_POLICY_INVALID),
    "a web page": (response(policy(), media="text/html"), ResultKind.STS_POLICY_INVALID),
    "no HTTP": (b"220 mail.r.test ESMTP\r\n", ResultKind.STS_POLICY_FETCH_ERROR),
    "cut off": (response(policy())[:-9], ResultKind.STS_POLICY_FETCH_ERROR),
}


@pytest.mark.parametrize("name", BAD)
async def test_what_is_no_policy_is_as_if_there_were_none(domain: Domain, name: str) -> None:
    domain.server.says, kind = BAD[name]
    assert (await domain.ask())[0] is None
    [outcome] = domain.noted
    assert (outcome.domain, outcome.result, outcome.failed) == ("r.test", kind, True)


@pytest.mark.parametrize(
    "shown",
    [Issued(["mta-sts.r.test"], ROOT, days=(-9, -2)), Issued(["r.test"], ROOT), Issued(["mta-sts.r.test"])],
    ids=["expired", "another name", "self-signed"],
)
async def test_the_web_server_must_prove_who_it_is(domain: Domain, shown: Issued) -> None:
    await domain.server.close()
    domain.server.context = shown.server(domain.directory)
    await domain.server.listen()
    assert (await domain.ask())[0] is None
    assert [outcome.result for outcome in domain.noted] == [ResultKind.STS_WEBPKI_INVALID]


async def test_a_web_server_that_is_not_there(domain: Domain) -> None:
    await domain.server.close()
    assert (await domain.ask())[0] is None
    assert "Connection refused" in domain.noted[0].detail


async def test_a_web_server_that_is_silent(domain: Domain) -> None:
    domain.server.silent, domain.seconds = True, 0.2
    domain.sts = domain.asker()
    assert (await domain.ask())[0] is None
    assert "did not answer in 0.2 seconds" in domain.noted[0].detail


async def test_after_a_failure_it_is_left_in_peace_for_a_while(domain: Domain) -> None:
    domain.server.says = response(b"", "404 Not Found")
    for _ in range(3):
        await domain.ask()
    assert domain.fetches == 1
    domain.office.clock.advance(HOLD_OFF - 1)
    await domain.ask()
    assert domain.fetches == 1
    domain.office.clock.advance(2)
    domain.server.says = response(policy())
    assert (await domain.ask())[0] is Mode.ENFORCE
    assert domain.fetches == 2


class Misset(MovableClock):
    """`wrong` seconds ahead until somebody sets it right; what has passed it knows all the same."""

    wrong = 0

    def now(self) -> int:
        return super().now() + self.wrong * 1_000_000


async def test_a_machine_whose_clock_is_set_right_fetches_again(domain: Domain) -> None:
    """By a clock that is years ahead no certificate holds."""
    clock = domain.office.clock = Misset()
    clock.wrong = 3 * 365 * DAY
    domain.sts = domain.asker()
    domain.server.says = response(b"", status="503 Not now")
    assert (await domain.ask())[0] is None
    clock.wrong = 0
    domain.server.says = response(policy())
    clock.advance(HOLD_OFF + 1)
    assert (await domain.ask())[0] is Mode.ENFORCE


async def test_another_process_renewed_it(domain: Domain) -> None:
    await domain.ask()
    row = await sts_policies.get(domain.office.engine.reading(), "r.test")
    assert row is not None
    newer = msgspec.structs.replace(row, id="2", policy=policy("testing"))
    await domain.office.engine.write(lambda tx: sts_policies.put(tx, newer))
    domain.publish("2")
    domain.office.clock.advance(LOOK_AGAIN + 1)
    assert (await domain.ask())[0] is Mode.TESTING
    assert domain.fetches == 1


async def test_policies_are_renewed_before_they_end(domain: Domain) -> None:
    await domain.ask()
    assert await domain.sts.renew() is False
    assert domain.fetches == 1
    domain.office.clock.advance(DAY + 1)
    await domain.sts.renew()
    assert domain.fetches == 2
    domain.office.clock.advance(7 * DAY - 10)
    domain.office.zone.texts.clear()
    assert (await domain.ask())[0] is Mode.ENFORCE


async def test_a_renewal_that_fails_is_tried_again_later(domain: Domain) -> None:
    await domain.ask()
    domain.server.says = response(b"", "500 Sorry")
    domain.office.clock.advance(DAY + 1)
    for fetches in (2, 2):
        await domain.sts.renew()
        assert domain.fetches == fetches
    domain.office.clock.advance(3601)
    await domain.sts.renew()
    assert domain.fetches == 3
    assert (await domain.ask())[0] is Mode.ENFORCE


async def test_nobody_renews_what_mail_does_not_ask_for(domain: Domain) -> None:
    domain.server.says = response(policy(age=60 * DAY))
    await domain.ask()
    domain.office.clock.advance(15 * DAY)
    await domain.sts.renew()
    assert domain.fetches == 1


async def test_what_has_expired_leaves_the_store(domain: Domain) -> None:
    await domain.ask()
    domain.office.clock.advance(8 * DAY)
    await domain.sts.renew()
    assert await sts_policies.get(domain.office.engine.reading(), "r.test") is None
