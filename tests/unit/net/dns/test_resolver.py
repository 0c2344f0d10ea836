"""The stub resolver against a server that answers rightly, and one that does not."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from pathlib import Path
from typing import Any

import dns.flags
import dns.message
import dns.rcode
import pytest

from postroom.net import eager
from postroom.net.dns.client import Server
from postroom.net.dns.resolver import ResolverOptions, StubResolver, system_options
from postroom.proto.dns.answer import Answer, Family, Kind, Mx, Rcode, Tlsa
from unit.net.stub_dns import StubDns, truncated, zone

ZONE = zone(
    "hamburger.test 300 MX 20 Backup.hamburger.test.",
    "hamburger.test 200 MX 10 mail.hamburger.test.",
    "mail.hamburger.test 100 A 127.0.0.2",
    "mail.hamburger.test 50 AAAA ::1",
    "four.test 100 A 127.0.0.4",
    'hamburger.test 300 TXT "v=spf1 " "-all"',
    "null.test 300 MX 0 .",
    "2.0.0.127.in-addr.arpa 300 PTR mail.hamburger.test.",
    "www.test 40 CNAME alias.test.",
    "alias.test 30 CNAME four.test.",
    "loop.test 30 CNAME pool.test.",
    "pool.test 30 CNAME loop.test.",
    "_25._tcp.mail.test 300 TLSA 3 1 1 " + "00ff" * 16,
    "brief.test 0 A 127.0.0.5",
    *(f"many.test 100 AAAA ::{number}" for number in range(1, 5)),
    *(f"many.test 100 A 127.0.0.{number}" for number in range(1, 3)),
    *(f"far{number}.test 30 CNAME far{number + 1}.test." for number in range(20)),
)


def right(query: dns.message.Message, by_tcp: bool) -> Iterable[bytes]:
    return [ZONE(query).to_wire()]


class Resolving:
    """A resolver, its server, and the time."""

    def __init__(self) -> None:
        self.server = StubDns(right)
        self.now = 0.0
        self.resolver: StubResolver

    async def start(self, **options: Any) -> StubResolver:
        servers = (Server("127.0.0.1", await self.server.start()),)
        chosen = {"seconds": 5.0, "tries": 1, "servers": servers, **options}
        self.resolver = StubResolver(ResolverOptions(**chosen), lambda: self.now)
        return self.resolver


@pytest.fixture
async def resolving() -> AsyncIterator[Resolving]:
    made = Resolving()
    yield made
    await made.resolver.close()
    made.server.stop()


async def test_mx(resolving: Resolving) -> None:
    answer = await (await resolving.start()).mx("Hamburger.TEST.")
    exchangers = (Mx(20, "backup.hamburger.test"), Mx(10, "mail.hamburger.test"))
    assert sorted(answer.records) == sorted(exchangers)
    assert (answer.name, answer.kind, answer.rcode, answer.ttl) == (
        "hamburger.test",
        Kind.MX,
        Rcode.NOERROR,
        200,
    )
    assert not answer.authenticated


async def test_null_mx(resolving: Resolving) -> None:
    assert (await (await resolving.start()).mx("null.test")).records == (Mx(0, ""),)


async def test_other_kinds(resolving: Resolving) -> None:
    resolver = await resolving.start()
    assert (await resolver.txt("hamburger.test")).records == (b"v=spf1 -all",)
    assert (await resolver.ptr("127.0.0.2")).records == ("mail.hamburger.test",)
    assert (await resolver.ptr("::ffff:127.0.0.2")).name == "2.0.0.127.in-addr.arpa"
    assert (await resolver.tlsa("_25._tcp.mail.test")).records == (Tlsa(3, 1, 1, b"\0\xff" * 16),)
    assert (await resolver.cname("www.test")).records == ("alias.test",)


async def test_addresses(resolving: Resolving) -> None:
    resolver = await resolving.start()
    both = await resolver.addresses("mail.hamburger.test")
    assert (both.records, both.ttl, both.kind) == (("::1", "127.0.0.2"), 50, Kind.ADDRESS)
    assert (await resolver.addresses("mail.hamburger.test", Family.IPV4)).records == ("127.0.0.2",)
    assert (await resolver.addresses("four.test")).records == ("127.0.0.4",)
    assert (await resolver.addresses("hamburger.test")).absent
    assert (await resolver.addresses("gone.test")).rcode is Rcode.NXDOMAIN


async def test_the_families_of_addresses_take_turns(resolving: Resolving) -> None:
    """Else whoever tries the first few of many, and has no IPv6, reaches nobody (RFC 8305 section 4)."""
    records = (await (await resolving.start()).addresses("many.test")).records
    assert [":" in ip for ip in records] == [True, False, True, False, True, True]
    assert len(set(records)) == 6


async def test_aliases_in_one_message(resolving: Resolving) -> None:
    answer = await (await resolving.start()).addresses("www.test", Family.IPV4)
    assert (answer.records, answer.canonical, answer.ttl) == (("127.0.0.4",), "four.test", 30)
    assert len(resolving.server.queries) == 1


def one_step(query: dns.message.Message, by_tcp: bool) -> Iterable[bytes]:
    """Never more than one alias in a message, as servers of different zones would."""
    response = ZONE(query)
    del response.answer[1:]
    response.authority.clear()
    return [response.to_wire()]


async def test_aliases_across_messages(resolving: Resolving) -> None:
    resolving.server.reply = one_step
    answer = await (await resolving.start()).addresses("www.test", Family.IPV4)
    assert (answer.records, answer.canonical) == (("127.0.0.4",), "four.test")
    assert len(resolving.server.queries) == 3


@pytest.mark.parametrize("name", ["loop.test", "far0.test"])
@pytest.mark.parametrize("reply", [right, one_step])
async def test_endless_aliases(resolving: Resolving, name: str, reply: Any) -> None:
    resolving.server.reply = reply
    answer = await (await resolving.start()).addresses(name, Family.IPV4)
    assert answer.failed
    assert len(resolving.server.queries) <= 9


async def test_absence_holds_as_long_as_the_soa_says(resolving: Resolving) -> None:
    resolver = await resolving.start()
    assert await resolver.mx("gone.test") == Answer("gone.test", Kind.MX, Rcode.NXDOMAIN, ttl=60)
    resolving.now = 59
    await resolver.mx("gone.test")
    assert len(resolving.server.queries) == 1
    resolving.now = 61
    await resolver.mx("gone.test")
    assert len(resolving.server.queries) == 2


async def test_the_cache_answers_without_suspending(resolving: Resolving) -> None:
    resolver = await resolving.start()
    await resolver.mx("hamburger.test")
    await resolver.addresses("mail.hamburger.test")
    assert eager.start(resolver.mx("hamburger.test")) is None
    assert eager.start(resolver.addresses("mail.hamburger.test")) is None
    resolver.forget()
    again = eager.start(resolver.mx("hamburger.test"))
    assert again is not None
    await again


async def test_a_ttl_of_zero_is_not_kept(resolving: Resolving) -> None:
    resolver = await resolving.start()
    for _ in range(2):
        assert (await resolver.addresses("brief.test", Family.IPV4)).records == ("127.0.0.5",)
    assert len(resolving.server.queries) == 2


async def test_the_cache_is_bounded(resolving: Resolving) -> None:
    resolver = await resolving.start(cache_size=2)
    for name in ("a.test", "b.test", "c.test", "a.test", "c.test"):
        await resolver.mx(name)
    assert len(resolving.server.queries) == 4


async def test_one_question_for_many_who_ask(resolving: Resolving) -> None:
    resolver = await resolving.start()
    impatient = asyncio.ensure_future(resolver.mx("hamburger.test"))
    others = [asyncio.ensure_future(resolver.mx("hamburger.test")) for _ in range(5)]
    await asyncio.sleep(0)
    impatient.cancel()
    assert all([len((await other).records) == 2 for other in others])
    assert len(resolving.server.queries) == 1


async def test_truncation_goes_on_by_tcp(resolving: Resolving) -> None:
    resolving.server.reply = lambda query, by_tcp: [
        (ZONE(query) if by_tcp else truncated(ZONE(query))).to_wire()
    ]
    assert len((await (await resolving.start()).mx("hamburger.test")).records) == 2
    assert len(resolving.server.queries) == 2


def changed(
    change: Callable[[dns.message.Message], None],
) -> Callable[[dns.message.Message, bool], Iterable[bytes]]:
    """A wrong response first, the right one behind it."""

    def reply(query: dns.message.Message, by_tcp: bool) -> Iterable[bytes]:
        wrong = dns.message.from_wire(zone("hamburger.test 300 MX 1 evil.test.")(query).to_wire())
        change(wrong)
        return [wrong.to_wire(), *right(query, by_tcp)]

    return reply


def _wrong_id(message: dns.message.Message) -> None:
    message.id ^= 1


def _wrong_name(message: dns.message.Message) -> None:
    message.question[0].name = dns.name.from_text("other.test")


def _a_query(message: dns.message.Message) -> None:
    message.flags &= ~dns.flags.QR


def _no_question(message: dns.message.Message) -> None:
    message.question.clear()


@pytest.mark.parametrize("change", [_wrong_id, _wrong_name, _a_query, _no_question])
async def test_what_does_not_match_is_ignored(resolving: Resolving, change: Any) -> None:
    resolving.server.reply = changed(change)
    answer = await (await resolving.start()).mx("hamburger.test")
    assert {record.exchange for record in answer.records} == {"backup.hamburger.test", "mail.hamburger.test"}


async def test_garbage_is_ignored(resolving: Resolving) -> None:
    resolving.server.reply = lambda query, by_tcp: [
        b"",
        b"\0",
        query.id.to_bytes(2, "big") + b"\x80\0\0\1\xff\xff\xff\xff\xff\xff\xff",
        *right(query, by_tcp),
    ]
    assert len((await (await resolving.start()).mx("hamburger.test")).records) == 2


def says(rcode: dns.rcode.Rcode) -> Callable[[dns.message.Message, bool], Iterable[bytes]]:
    def reply(query: dns.message.Message, by_tcp: bool) -> Iterable[bytes]:
        response = dns.message.make_response(query)
        response.set_rcode(rcode)
        return [response.to_wire()]

    return reply


@pytest.mark.parametrize(
    "rcode", [dns.rcode.SERVFAIL, dns.rcode.REFUSED, dns.rcode.NOTIMP, dns.rcode.BADVERS]
)
async def test_failures_are_not_absence(resolving: Resolving, rcode: dns.rcode.Rcode) -> None:
    resolving.server.reply = says(rcode)
    answer = await (await resolving.start(tries=2)).mx("hamburger.test")
    assert answer.failed
    assert not answer.absent
    assert len(resolving.server.queries) == 2


async def test_a_lame_referral_is_a_failure(resolving: Resolving) -> None:
    def lame(query: dns.message.Message, by_tcp: bool) -> Iterable[bytes]:
        response = dns.message.make_response(query)
        response.authority.append(dns.rrset.from_text("test.", 300, "IN", "NS", "a.root-servers.net."))
        return [response.to_wire()]

    resolving.server.reply = lame
    assert (await (await resolving.start()).mx("hamburger.test")).rcode is Rcode.SERVFAIL


async def test_a_server_from_before_edns(resolving: Resolving) -> None:
    def old(query: dns.message.Message, by_tcp: bool) -> Iterable[bytes]:
        return says(dns.rcode.FORMERR)(query, by_tcp) if query.edns >= 0 else right(query, by_tcp)

    resolving.server.reply = old
    assert len((await (await resolving.start()).mx("hamburger.test")).records) == 2


async def test_silence(resolving: Resolving) -> None:
    resolving.server.reply = lambda query, by_tcp: []
    answer = await (await resolving.start(seconds=0.02, tries=2)).mx("hamburger.test")
    assert answer == Answer("hamburger.test", Kind.MX, Rcode.TIMEOUT)
    assert len(resolving.server.queries) == 2


async def test_slowness_is_silence(resolving: Resolving) -> None:
    resolving.server.delay = 30
    assert (await (await resolving.start(seconds=0.02)).mx("hamburger.test")).rcode is Rcode.TIMEOUT


async def test_the_next_server_helps_out(resolving: Resolving) -> None:
    deaf = StubDns(says(dns.rcode.SERVFAIL))
    resolver = await resolving.start()
    servers = (Server("127.0.0.1", await deaf.start()), *resolver._options.servers)
    helped = StubResolver(ResolverOptions(servers, seconds=5, tries=1))
    assert len((await helped.mx("hamburger.test")).records) == 2
    deaf.stop()


@pytest.fixture
async def silent() -> AsyncIterator[StubDns]:
    made = StubDns(lambda query, by_tcp: [])
    yield made
    made.stop()


async def test_a_server_that_is_silent_is_asked_last(resolving: Resolving, silent: StubDns) -> None:
    """Else each question waits for it, and what SPF may ask takes longer than it may."""
    resolver = await resolving.start()
    servers = (Server("127.0.0.1", await silent.start()), *resolver._options.servers)
    helped = StubResolver(ResolverOptions(servers, seconds=0.5, tries=1), lambda: resolving.now)
    for number in range(6):
        assert not (await helped.mx(f"gone{number}.test")).failed
    assert len(silent.queries) == 3
    resolving.now = 61  # it may have come back
    silent.reply = right
    for number in range(6, 9):
        assert not (await helped.mx(f"gone{number}.test")).failed
    assert (len(silent.queries), len(resolving.server.queries)) == (6, 6)


async def test_nobody_listens(resolving: Resolving) -> None:
    resolver = await resolving.start()
    port = resolver._options.servers[0].port
    resolving.server.stop()
    await asyncio.sleep(0)
    alone = StubResolver(ResolverOptions((Server("127.0.0.1", port),), seconds=5))
    assert (await alone.mx("hamburger.test")).rcode is Rcode.UNREACHABLE


@pytest.mark.parametrize(("trusted", "authenticated"), [(True, True), (False, False)])
async def test_ad_is_believed_only_when_told(
    resolving: Resolving, trusted: bool, authenticated: bool
) -> None:
    def validated(query: dns.message.Message, by_tcp: bool) -> Iterable[bytes]:
        response = ZONE(query)
        response.flags |= dns.flags.AD
        return [response.to_wire()]

    resolving.server.reply = validated
    resolver = await resolving.start(trust_ad=trusted)
    assert (await resolver.mx("hamburger.test")).authenticated is authenticated
    assert (await resolver.mx("gone.test")).authenticated is authenticated
    assert (await resolver.addresses("mail.hamburger.test")).authenticated is authenticated
    assert resolving.server.queries[0].flags & dns.flags.AD


async def test_one_family_may_fail(resolving: Resolving) -> None:
    def four_only(query: dns.message.Message, by_tcp: bool) -> Iterable[bytes]:
        six = query.question[0].rdtype == dns.rdatatype.AAAA
        return says(dns.rcode.SERVFAIL)(query, by_tcp) if six else right(query, by_tcp)

    resolving.server.reply = four_only
    resolver = await resolving.start()
    assert (await resolver.addresses("four.test")).records == ("127.0.0.4",)
    assert (await resolver.addresses("gone.test")).rcode is Rcode.SERVFAIL


@pytest.mark.parametrize("name", ["", ".", "a..b", "x" * 64 + ".test", "x." * 127 + "test", "ü.test"])
async def test_names_that_cannot_be(resolving: Resolving, name: str) -> None:
    answer = await (await resolving.start()).mx(name)
    assert (answer.rcode, len(resolving.server.queries)) == (Rcode.NXDOMAIN, 0)


async def test_close_ends_what_is_asked(resolving: Resolving) -> None:
    resolving.server.reply = lambda query, by_tcp: []
    resolver = await resolving.start()
    asking = asyncio.ensure_future(resolver.mx("hamburger.test"))
    await asyncio.sleep(0)
    await resolver.close()
    with pytest.raises(asyncio.CancelledError):
        await asking


@pytest.mark.parametrize(
    ("lines", "servers", "trust"),
    [
        ("", ["127.0.0.1"], True),
        ("# nothing\nnameserver\nnameserver x.test\n", ["127.0.0.1"], True),
        ("nameserver 192.0.2.1\nnameserver 2001:db8::1\n", ["192.0.2.1", "2001:db8::1"], False),
        ("nameserver 192.0.2.1\noptions edns0 trust-ad\n", ["192.0.2.1"], True),
        ("nameserver 127.0.0.53\nsearch x\n", ["127.0.0.53"], True),
        ("nameserver 192.0.2.1\n" * 5, ["192.0.2.1"] * 3, False),
    ],
)
def test_resolv_conf(tmp_path: Path, lines: str, servers: list[str], trust: bool) -> None:
    path = tmp_path / "resolv.conf"
    path.write_text(lines)
    options = system_options(path)
    assert [server.ip for server in options.servers] == servers
    assert options.trust_ad is trust
    assert system_options(tmp_path / "gone").servers == (Server("127.0.0.1"),)
