"""Relaying over real connections: hosts in their order, TLS where it works, every reply at every stage, every cut."""

import itertools
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from next_hop import NextHop
from people import at
from postroom.deliver.routes import Route
from postroom.message.composing.downgrade import downgrade
from postroom.message.envelope import ByMode, DeliverBy, Notify, Recipient
from postroom.message.errors import NonAsciiAddress
from postroom.message.journey.events import Asked, Connected, Decided, Hop, HopKind, Outcome, Said, Secured
from postroom.net.tls.certificates import ServerTls, opportunistic
from postroom.net.tls.selfsigned import self_signed
from postroom.proto.dns.answer import Mx, Rcode
from postroom.proto.smtp.client_events import Account, TlsUse
from postroom.proto.smtp.commands import Data, Mail
from postroom.proto.smtp.config import Limits, Service
from postroom.proto.smtp.events import BodyEnd
from postroom.proto.smtp.reply import Reply
from smtp_stage import NO_USER, Stage, config
from sorting_office import HOUR, MESSAGE, SortingOffice, bounce_of

BOB = "bob@hamburger.test"
LATER = Reply.of(451, "4.7.1", "Come back later")
NEVER = Reply.of(554, "5.7.1", "Go away")
ONE_BY_ONE = msgspec.structs.replace(config(), withheld=frozenset({"PIPELINING", "CHUNKING"}))


@pytest.fixture
async def hop() -> AsyncIterator[NextHop]:
    """The next hop of r.test."""
    hop = await NextHop().listen()
    yield hop
    await hop.close()


def lead_to(office: SortingOffice, *hops: NextHop) -> None:
    """r.test's exchangers, in this order."""
    names = [f"mx{number}.r.test" for number in range(len(hops))]
    office.zone.exchangers["r.test"] = [Mx(number, name) for number, name in enumerate(names)]
    for name, one in zip(names, hops, strict=True):
        office.zone.hosts[name] = [one.ip]
        office.ports[one.ip] = one.port


async def relay(office: SortingOffice, *recipients: str | Recipient, **more: object) -> list[Hop]:
    """Sends, waits for the end of the first attempt, and gives its journey."""
    if not office.running:
        office.start(office.remote())
    receipt = await office.accept(*(recipients or ("eve@r.test",)), **more)

    async def tried() -> bool:
        return any(hop.kind is HopKind.RELAY for hop in await office.hops(receipt.accept_id))

    await office.until(tried)
    return await office.hops(receipt.accept_id)


def outcomes(hops: list[Hop]) -> list[tuple[str, str]]:
    return [(e.address, e.result) for hop in hops[1:] for e in hop.events if isinstance(e, Outcome)]


async def test_a_message_arrives_as_it_was_taken(office: SortingOffice, hop: NextHop) -> None:
    lead_to(office, hop)
    hops = await relay(office, "eve@r.test", "joe@r.test")
    assert hop.letters == [MESSAGE]
    assert hop.recipients == ["eve@r.test", "joe@r.test"]
    assert await office.waiting() == []
    events = hops[-1].events
    assert [type(event) for event in events] == [Asked, Asked, Connected, Said, Said, Outcome, Outcome]
    assert events[0].answers == ["0 mx0.r.test"]
    assert events[2].peer == f"127.0.0.1:{hop.port}"
    assert events[4].lines[0].startswith(b">MAIL FROM:<alice@crepes.test>")
    assert events[-1].status == "2.0.0"


@pytest.mark.parametrize("exists", [True, False])
async def test_the_times_of_a_hop_ascend(
    office: SortingOffice, hop: NextHop, monkeypatch: pytest.MonkeyPatch, exists: bool
) -> None:
    if exists:
        lead_to(office, hop)
    else:
        office.zone.exchangers["r.test"] = Rcode.NXDOMAIN
    now, looks = office.clock.now, itertools.count()
    monkeypatch.setattr(office.clock, "now", lambda: now() + 10_000 * next(looks))
    times = [event.at for event in (await relay(office))[-1].events]
    assert times == sorted(times)
    assert times[-1] > times[0]


async def test_a_connection_is_used_again(office: SortingOffice, hop: NextHop) -> None:
    lead_to(office, hop)
    for _ in range(3):
        await relay(office)
        await office.idle()
    assert len(hop.stages) == 1
    assert len(hop.letters) == 3


async def test_one_that_was_closed_meanwhile_costs_no_retry(office: SortingOffice, hop: NextHop) -> None:
    lead_to(office, hop)

    def grow_tired(stage: Stage) -> None:
        if len(hop.stages) == 1:
            stage.answers[Mail] = Reply.of(421, "4.7.0", "Enough for one connection")

    await relay(office)
    grow_tired(hop.stages[0])
    await relay(office)
    await office.idle()
    assert len(hop.stages) == 2
    assert len(hop.letters) == 2


async def test_one_that_says_more_than_it_was_asked_is_not_used_again(
    office: SortingOffice, hop: NextHop
) -> None:
    """Each later reply would be taken for the answer to another command: a message that is refused would count as delivered."""
    lead_to(office, hop)

    def say_twice(stage: Stage) -> None:
        hear = stage.hear
        stage.hear = lambda data: hear(data) + ("250 2.0.0 Really\r\n" if stage.letters else "")  # type: ignore[method-assign]

    hop.prepare = say_twice
    await relay(office, sender=BOB)
    hop.stages[0].answers[BodyEnd] = NEVER
    hop.prepare = lambda stage: stage.answers.update({BodyEnd: NEVER})
    hops = await relay(office, sender=BOB)
    assert [result for _, result in outcomes(hops)] == ["failed"]
    assert len(hop.stages) == 2


async def test_the_second_host_when_the_first_refuses(office: SortingOffice, hop: NextHop) -> None:
    lead_to(office, hop)
    office.zone.exchangers["r.test"] = [Mx(0, "gone.r.test"), Mx(5, "mx0.r.test")]
    office.zone.hosts["gone.r.test"] = ["127.0.0.9"]
    hops = await relay(office)
    assert hop.letters == [MESSAGE]
    [failed] = [event for event in hops[-1].events if isinstance(event, Decided)]
    assert failed.what == "connection to gone.r.test [127.0.0.9]:1"
    assert "refused" in failed.because


async def test_the_second_host_when_the_first_greets_with_554(office: SortingOffice, hop: NextHop) -> None:
    first = await NextHop().listen("127.0.0.2")
    first.prepare = lambda stage: stage.machine.close_with(NEVER)
    lead_to(office, first, hop)
    await relay(office)
    assert hop.letters == [MESSAGE]
    await first.close()


async def test_no_host_at_all_is_a_dead_hop(office: SortingOffice, hop: NextHop) -> None:
    lead_to(office, hop)
    await hop.close()
    await relay(office)
    [(why,)] = await office.rows("SELECT why FROM hops")
    assert "Connection refused" in why


@pytest.mark.parametrize(
    ("event", "reply", "waiting", "status"),
    [
        (Mail, LATER, True, ""),
        (Mail, NEVER, False, "5.7.1"),
        (Data, LATER, True, ""),
        (Data, NEVER, False, "5.7.1"),
        (BodyEnd, LATER, True, ""),
        (BodyEnd, NEVER, False, "5.7.1"),
    ],
)
@pytest.mark.parametrize("settings", [config(), ONE_BY_ONE], ids=["pipelined", "one by one"])
async def test_replies_at_each_stage(
    office: SortingOffice, event: type, reply: Reply, waiting: bool, status: str, settings: object
) -> None:
    if event is Data:
        settings = msgspec.structs.replace(settings, withheld=settings.withheld | {"CHUNKING"})
    hop = await NextHop(settings).listen()
    hop.prepare = lambda stage: stage.answers.update({event: reply})
    lead_to(office, hop)
    await relay(office, sender=BOB)
    assert bool(await office.waiting()) == waiting
    reports = await office.inbox(office.bob)
    assert [bounce_of(report)[-1] for report in reports] == ([f"Status: {status}"] if status else [])
    await hop.close()


async def test_each_recipient_has_its_own_reply(office: SortingOffice, hop: NextHop) -> None:
    hop.prepare = lambda stage: stage.refused.update(no=NO_USER, later=LATER)
    lead_to(office, hop)
    hops = await relay(office, "eve@r.test", "no@r.test", "later@r.test", sender=BOB)
    assert hop.recipients == ["eve@r.test"]
    assert await office.waiting() == [("r.test", ["later@r.test"])]
    assert outcomes(hops) == [("eve@r.test", "relayed"), ("no@r.test", "failed"), ("later@r.test", "delayed")]
    [report] = await office.inbox(office.bob)
    assert b"Diagnostic-Code: smtp; 550 5.1.1 No such user here" in report


@pytest.mark.parametrize("command", [b"", b"EHLO", b"MAIL", b"RCPT", b"DATA", b"From:"])
@pytest.mark.parametrize("when", ["cut_before", "cut_after"])
async def test_cut_at_each_step_the_message_is_tried_again(
    office: SortingOffice, command: bytes, when: str
) -> None:
    """F20, D04: what the server has taken without a word may come twice, and nothing is lost."""
    hop = await NextHop(ONE_BY_ONE).listen()
    setattr(hop, when, lambda data: len(hop.stages) == 1 and data.startswith(command))
    lead_to(office, hop)
    await relay(office, sender=BOB)
    assert await office.waiting() == [("r.test", ["eve@r.test"])]
    office.clock.advance(3600)
    await office.idle()
    taken_unheard = command == b"From:" and when == "cut_after"
    assert hop.letters == [MESSAGE] * (2 if taken_unheard else 1)
    assert await office.inbox(office.bob) == []
    await hop.close()


@pytest.mark.parametrize("works", [True, False])
async def test_tls_when_it_works_and_in_the_clear_when_not(
    office: SortingOffice, tmp_path: Path, works: bool
) -> None:
    certificates = ServerTls(self_signed(tmp_path, ["mx0.r.test"], office.clock.now()))
    certificates.service("smtp")
    hop = await NextHop(config(tls=True), tls=certificates.context("smtp") if works else None).listen()
    lead_to(office, hop)
    hops = await relay(office)
    assert hop.letters == [MESSAGE]
    assert len(hop.stages) == (1 if works else 2)
    said = [event for event in hops[-1].events if isinstance(event, Said | Secured | Connected)]
    if works:
        assert [type(event) for event in said] == [Connected, Said, Secured, Said, Said]
        assert [event.tls for event in said if isinstance(event, Said)] == [False, True, True]
        assert said[1].lines[-1].startswith(b"<220")
        assert said[3].lines[0].startswith(b">EHLO")
    else:
        assert not any(isinstance(event, Secured) for event in said)
        assert any(isinstance(event, Decided) and event.what == "TLS" for event in hops[-1].events)
    await hop.close()


async def test_a_route_that_requires_tls_never_goes_in_the_clear(office: SortingOffice, hop: NextHop) -> None:
    office.routes["r.test"] = Route("127.0.0.1", hop.port, tls=TlsUse.REQUIRED)
    await relay(office)
    assert hop.letters == []
    assert await office.waiting() == [("r.test", ["eve@r.test"])]


async def test_a_smarthost_with_a_login(office: SortingOffice, tmp_path: Path) -> None:
    certificates = ServerTls(self_signed(tmp_path, ["smart.test"], office.clock.now()))
    certificates.service("smtp")
    hop = await NextHop(config(auth=True, tls=True), tls=certificates.context("smtp")).listen()
    office.routes["*"] = Route("127.0.0.1", hop.port, TlsUse.REQUIRED, account=Account("u", "p"))
    hops = await relay(office)
    assert hop.letters == [MESSAGE]
    assert b"p" not in [line[-1:] for e in hops[-1].events if isinstance(e, Said) for line in e.lines]
    await hop.close()


@pytest.mark.parametrize(
    ("exchangers", "status"),
    [([Mx(0, "")], "5.1.10"), (Rcode.NXDOMAIN, "5.1.2"), ([Mx(0, "mx.hamburger.test")], "5.4.6")],
    ids=["null MX", "no such domain", "ourselves"],
)
async def test_domains_that_take_no_mail(office: SortingOffice, exchangers: object, status: str) -> None:
    office.zone.exchangers["r.test"] = exchangers
    await relay(office, sender=BOB)
    assert bounce_of((await office.inbox(office.bob))[0])[-1] == f"Status: {status}"


@pytest.mark.parametrize("rcode", [Rcode.SERVFAIL, Rcode.TIMEOUT, Rcode.REFUSED])
async def test_a_dns_that_does_not_answer_never_bounces(office: SortingOffice, rcode: Rcode) -> None:
    office.zone.exchangers["r.test"] = rcode
    hops = await relay(office, sender=BOB)
    assert await office.waiting() == [("r.test", ["eve@r.test"])]
    assert [event.rcode for event in hops[-1].events if isinstance(event, Asked)] == [rcode.value]
    office.zone.exchangers["r.test"] = Rcode.NXDOMAIN
    office.clock.advance(3600)
    await office.idle()
    assert len(await office.inbox(office.bob)) == 1


WIDE = (
    b"Subject: x\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\n\r\nune cr\xc3\xaape, merci\r\n"
)


async def test_eight_bits_for_a_hop_without_8bitmime(office: SortingOffice) -> None:
    hop = await NextHop(msgspec.structs.replace(config(), withheld=frozenset({"8BITMIME"}))).listen()
    lead_to(office, hop)
    await relay(office, content=WIDE)
    assert hop.letters == [WIDE.replace(b"8bit", b"quoted-printable").replace(b"\xc3\xaa", b"=C3=AA")]
    await hop.close()


async def test_a_conversion_does_not_hold_up_everybody_else(
    office: SortingOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    hop = await NextHop(msgspec.structs.replace(config(), withheld=frozenset({"8BITMIME"}))).listen()
    lead_to(office, hop)
    where = []

    def watched(raw: bytes, *, eight_bit: bool) -> bytes:
        where.append(threading.current_thread())
        return downgrade(raw, eight_bit=eight_bit)

    monkeypatch.setattr("postroom.deliver.conversation.downgrade", watched)
    await relay(office, content=WIDE)
    assert len(where) == 1
    assert where[0] is not threading.main_thread()
    await hop.close()


async def test_what_is_signed_is_not_converted_but_returned(office: SortingOffice) -> None:
    hop = await NextHop(msgspec.structs.replace(config(), withheld=frozenset({"8BITMIME"}))).listen()
    lead_to(office, hop)
    content = b"Content-Type: multipart/signed; boundary=b\r\n\r\n--b\r\n\r\ncr\xc3\xaape\r\n--b--\r\n"
    await relay(office, content=content, sender=BOB)
    assert bounce_of((await office.inbox(office.bob))[0])[-1] == "Status: 5.6.3"
    await hop.close()


async def test_only_the_recipients_that_need_smtputf8_fail(office: SortingOffice) -> None:
    hop = await NextHop(msgspec.structs.replace(config(), withheld=frozenset({"SMTPUTF8"}))).listen()
    lead_to(office, hop)
    await relay(office, "eve@r.test", "ève@r.test", smtputf8=True, sender=BOB)
    assert hop.recipients == ["eve@r.test"]
    [report] = await office.inbox(office.bob)
    assert f"Status: {NonAsciiAddress.status}" in bounce_of(report)
    await hop.close()


async def test_many_recipients_in_transactions_the_server_takes(office: SortingOffice) -> None:
    hop = await NextHop(config(limits=Limits(recipients=100))).listen()
    lead_to(office, hop)
    names = [f"user{n}@r.test" for n in range(250)]
    await relay(office, *names)
    await office.idle()
    assert hop.recipients == names
    assert len(hop.letters) == 3
    await hop.close()


async def test_more_recipients_than_one_connection_takes_go_over_the_next(office: SortingOffice) -> None:
    """RFC 9422: whoever has more than MAILMAX transactions opens another connection; nobody waits for a pause that no reply asked for."""
    hop = await NextHop(config(limits=Limits(recipients=100, mails=1))).listen()
    lead_to(office, hop)
    names = [f"user{n}@r.test" for n in range(250)]
    hops = await relay(office, *names)

    async def gone() -> bool:
        return await office.waiting() == []

    await office.until(gone)
    assert hop.recipients == names
    assert len(hop.stages) == 3
    assert {result for _, result in outcomes(hops)} == {"relayed"}
    await hop.close()


async def test_who_has_it_when_the_service_stops_does_not_get_it_again(office: SortingOffice) -> None:
    """The first hundred were acknowledged when the next hop fell silent: only the others wait for the next start."""
    hop = await NextHop(config(limits=Limits(recipients=100))).listen()
    lead_to(office, hop)

    def fall_silent(stage: Stage) -> None:
        hear = stage.hear
        stage.hear = lambda data: "" if stage.letters else hear(data)  # type: ignore[method-assign]

    hop.prepare = fall_silent
    office.start(office.remote())
    await office.accept(*(f"user{n}@r.test" for n in range(250)), sender=None)
    await office.until(lambda: hop.letters)
    office.running = False
    await office.runner.stop(0.2)
    assert len(hop.letters) == 1
    assert await office.rows("SELECT COUNT(*) FROM rcpt") == [(150,)]
    assert await office.rows("SELECT node FROM jobs") == [(0,)]
    await hop.close()


async def test_lmtp_each_recipient_at_the_end(office: SortingOffice) -> None:
    hop = await NextHop(config(Service.LMTP)).listen()
    hop.prepare = lambda stage: stage.refused.update(no=NO_USER)
    office.routes["r.test"] = Route("127.0.0.1", hop.port, lmtp=True)
    hops = await relay(office, "eve@r.test", "no@r.test", "joe@r.test", sender=BOB)
    assert [result for _, result in outcomes(hops)] == ["relayed", "failed", "relayed"]
    await hop.close()


async def test_an_address_literal_of_our_own_is_a_loop(office: SortingOffice) -> None:
    office.start(office.remote(opportunistic))
    await office.accept("eve@[192.0.2.99]", sender=BOB)
    await office.until(lambda: office.inbox(office.bob))
    assert bounce_of((await office.inbox(office.bob))[0])[-1] == "Status: 5.4.6"


@pytest.mark.parametrize(
    ("reply", "status", "said"),
    [
        (LATER, "4.7.1", b"451 4.7.1 Come back later"),
        (Reply.of(450, "", "Not now", "nor soon"), "4.0.0", b"450 Not now\r\n 450 nor soon"),
    ],
)
async def test_what_the_server_said_of_a_delay_is_reported_as_its_own(
    office: SortingOffice, hop: NextHop, reply: Reply, status: str, said: bytes
) -> None:
    """RFC 3461 §6.3 (g) to (i): its status, its name, its words; at the end, too, the time is what was missing (RFC 3463 §3.5)."""
    hop.prepare = lambda stage: stage.refused.update(later=reply)
    lead_to(office, hop)
    await relay(office, Recipient(at("later@r.test"), Notify.DELAY | Notify.FAILURE), sender=BOB)
    office.clock.advance(4 * HOUR + 1)
    await office.until(lambda: office.inbox(office.bob))
    office.clock.advance(5 * 24 * HOUR)
    await office.idle()
    notice, report = await office.inbox(office.bob)
    for raw, final in ((notice, status), (report, "5.4.7")):
        assert bounce_of(raw)[-1] == f"Status: {final}"
        assert b"Remote-MTA: dns; mx0.r.test (" in raw
        assert b"Diagnostic-Code: smtp; " + said in raw
        assert b"The server mx0.r.test [" in raw


def reports(raws: list[bytes]) -> list[str]:
    return [line for raw in raws for line in raw.decode().split("\r\n") if line.startswith("Action:")]


@pytest.mark.parametrize(
    ("by", "withheld", "notify", "told"),
    [
        (DeliverBy(1 << 40, ByMode.RETURN, trace=True), "", None, True),
        (DeliverBy(1 << 40, ByMode.NOTIFY, trace=True), "", Notify.FAILURE, True),
        (DeliverBy(1 << 40, ByMode.NOTIFY, trace=True), "DSN", Notify.SUCCESS, True),
        (DeliverBy(1 << 40, ByMode.NOTIFY, trace=True), "", Notify.NEVER, False),
        (DeliverBy(1 << 40, ByMode.NOTIFY), "", None, False),
        (DeliverBy(1 << 40, ByMode.NOTIFY), "DELIVERBY", None, True),
        (DeliverBy(1 << 40, ByMode.NOTIFY), "DELIVERBY", Notify.NEVER, False),
        (None, "DELIVERBY", None, False),
    ],
)
async def test_a_traced_message_is_reported_when_it_is_handed_on(
    office: SortingOffice,
    hop: NextHop,
    by: DeliverBy | None,
    withheld: str,
    notify: Notify | None,
    told: bool,
) -> None:
    hop.settings = msgspec.structs.replace(config(), withheld=frozenset({withheld}))
    lead_to(office, hop)
    await relay(office, Recipient(at("eve@r.test"), notify), sender=BOB, deliver_by=by)
    await office.idle()
    found = await office.inbox(office.bob)
    assert reports(found) == ["Action: relayed"] * told
    if told:
        text = found[0].decode()
        assert ("Subject: Handed on" in text) is (withheld != "DSN")
        assert ("is on its way" in text) is (withheld != "DSN")
        assert "Status: 2.0.0" in text


async def test_what_an_alias_stands_for_is_not_traced(office: SortingOffice, hop: NextHop) -> None:
    lead_to(office, hop)
    await office.add_alias("all@hamburger.test", "eve@r.test")
    await relay(
        office, "all@hamburger.test", sender=BOB, deliver_by=DeliverBy(1 << 40, ByMode.RETURN, trace=True)
    )
    await office.idle()
    assert await office.inbox(office.bob) == []
