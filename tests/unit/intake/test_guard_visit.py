"""A connection past the guard: who is refused why, what is noted of who is not, and what nothing is looked up of."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable
from typing import Any

import pytest

from postroom.intake.client import Client, Incoming
from postroom.intake.guard.guard import MOST_HELD, Guard, GuardTerms
from postroom.intake.guard.lists import AddressList, Lists
from postroom.intake.guard.names import NameWeights
from postroom.intake.rates import Counted, Rates
from postroom.message.envelope import Recipient
from postroom.message.errors import NoSuchUser
from postroom.message.journey.events import Decided
from postroom.net.networks import Networks
from postroom.proto.smtp.config import Service
from smtp_session import Line, OpenDoor, Talk, service
from unit.intake.test_guard_names import Names

ZONE = (
    "7.2.0.192.bad.test A 127.0.0.2\n7.2.0.192.bad.test TXT Because of spam\n8.2.0.192.good.test A 127.0.0.9"
)
LISTED = "550 5.7.1 The client is listed in bad.test (127.0.0.2): Because of spam"
LOGIN = "AUTH PLAIN " + base64.b64encode(b"\0bob@hamburger.test\0right").decode()


class PickyDoor(OpenDoor):
    """Knows bob alone."""

    async def rcpt(self, client: Client, incoming: Incoming, recipient: Recipient) -> None:
        if recipient.address.local not in {"bob", "postmaster", "abuse"}:
            raise NoSuchUser


class Post:
    """A guarded service."""

    def __init__(self) -> None:
        self.now = 0.0
        self.door = PickyDoor()
        self.zone = Names(ZONE)
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.slept: list[float] = []
        self.rates: dict[Counted, int] = {}
        self.terms = GuardTerms(refuse_at=5)
        self.on_sleep: Callable[[], None] = lambda: None

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.on_sleep()

    def tell(self, event: str, **facts: Any) -> None:
        self.told.append((event, facts))

    def guard(self) -> Guard:
        guard = Guard(self.terms, self.zone, self._sleep)
        lists = [AddressList("bad.test", 5), AddressList("good.test", -5)]
        guard.lists = Lists(lists, self.zone, 5.0, lambda: self.now, self.tell)
        guard.rates = Rates(self.rates, lambda: self.now)
        return guard

    def talk(self, ip: str = "192.0.2.7", guard: Guard | None = None, **more: Any) -> Talk:
        guard = guard or self.guard()
        return Talk(service(self.door, guard=guard, tell=self.tell, **more), Line(ip))

    async def sends(self, ip: str = "192.0.2.7", *recipients: str, sender: str = "x@r.test") -> str:
        """The reply to the first RCPT that is refused, or to the message."""
        talk = self.talk(ip)
        said = await talk.message(*recipients, sender=sender)
        return next((line for line in said if line[0] in "45"), said[-1])

    @property
    def decided(self) -> list[str]:
        events = self.door.taken[-1][1].hop.events
        return [f"{one.what}={one.result}: {one.because}" for one in events if isinstance(one, Decided)]


@pytest.fixture
def post() -> Post:
    return Post()


async def test_who_is_listed_is_refused_at_rcpt(post: Post) -> None:
    talk = post.talk()
    said = await talk.say("EHLO a.test", "MAIL FROM:<x@r.test>", "RCPT TO:<bob@hamburger.test>")
    assert said[-2:] == ["250 2.1.0 Sender ok", LISTED]
    [(_, facts)] = [told for told in post.told if told[0] == "client.refused"]
    assert facts["detail"] == "list bad.test: the client is listed in bad.test (127.0.0.2) (+5)"
    assert facts["client"] == "192.0.2.7"


async def test_postmaster_can_be_told(post: Post) -> None:
    """RFC 5321 §4.5.1: and what speaks against the client stands in the journey."""
    for name in ("postmaster", "ABUSE"):
        if name == "ABUSE":
            post.door = OpenDoor()  # type: ignore[assignment]
        assert (await post.sends("192.0.2.7", f"{name}@hamburger.test")).startswith("250")
        assert post.decided == [
            "list bad.test=127.0.0.2: the client is listed in bad.test (127.0.0.2) (+5)",
        ]


async def test_below_the_limit_it_is_only_noted(post: Post) -> None:
    post.terms = GuardTerms(refuse_at=6)
    assert (await post.sends()).startswith("250")
    assert len(post.decided) == 1


async def test_who_is_known_makes_up_for_it(post: Post) -> None:
    post.zone = Names(ZONE + "\n8.2.0.192.bad.test A 127.0.0.2")
    assert (await post.sends("192.0.2.8")).startswith("250")
    assert [line.partition("=")[0] for line in post.decided] == ["list bad.test", "list good.test"]


async def test_each_client_is_looked_up_once(post: Post) -> None:
    post.terms = GuardTerms(weights=NameWeights(no_reverse=1, helo_unknown=1))
    talk = post.talk("192.0.2.9")
    await talk.message()
    asked = len(post.zone.asked)
    assert asked
    await talk.say("MAIL FROM:<x@r.test>", "RCPT TO:<bob@hamburger.test>", "RSET")
    assert len(post.zone.asked) == asked
    await talk.say("EHLO other.test", "MAIL FROM:<x@r.test>")
    assert len(post.zone.asked) == asked + 3  # A, AAAA and MX of the new name


@pytest.mark.parametrize("ip", ["127.0.0.1", "::1", "", "192.0.2.7"])
async def test_nothing_is_looked_up_of_who_is_exempt(post: Post, ip: str) -> None:
    post.terms = GuardTerms(
        5, 3.0, 1.0, exempt=Networks(["192.0.2.0/24"]), weights=NameWeights(1, 1, 1, 1, 1)
    )
    post.rates = dict.fromkeys(Counted, 1)
    talk = post.talk(ip)
    assert talk.greeting.startswith(b"220")
    for _ in range(3):
        assert (await talk.message())[-1].startswith("250")
    await talk.say("MAIL FROM:<x@r.test>", "RCPT TO:<nobody@hamburger.test>")
    assert (post.zone.asked, post.slept) == ([], [])


async def test_nothing_is_looked_up_of_who_has_logged_in(post: Post) -> None:
    talk = post.talk(mechanisms=("PLAIN",), plaintext_auth=True)
    assert (await talk.say("EHLO a.test", LOGIN))[-1].startswith("235")
    said = await talk.say("MAIL FROM:<x@r.test>", "RCPT TO:<bob@hamburger.test>")
    assert said[-1].startswith("250")
    assert post.zone.asked == []


async def test_nothing_is_looked_up_of_who_never_sends(post: Post) -> None:
    await post.talk().say("EHLO a.test", "NOOP", "QUIT")
    assert post.zone.asked == []


async def test_names_weigh_what_they_are_told_to(post: Post) -> None:
    post.terms = GuardTerms(refuse_at=3, weights=NameWeights(no_reverse=2, helo_bare=1))
    talk = post.talk("192.0.2.9")
    said = await talk.say("EHLO friend", "MAIL FROM:<x@r.test>", "RCPT TO:<bob@hamburger.test>")
    assert said[-1] == (
        "550 5.7.1 The client's address has no good name: 192.0.2.9 has no name; the client greets as friend, which is no full name"
    )
    said = await talk.say("EHLO friend.test", "MAIL FROM:<x@r.test>", "RCPT TO:<bob@hamburger.test>")
    assert said[-1].startswith("250")


async def test_the_name_of_the_address_gets_into_the_trace(post: Post) -> None:
    post.zone = Names("9.2.0.192.in-addr.arpa PTR a.test\na.test A 192.0.2.9")
    post.terms = GuardTerms(weights=NameWeights(no_reverse=1))
    await post.sends("192.0.2.9")
    assert post.door.taken[0][0].reverse == "a.test"


class Silent(Names):
    """Never answers."""

    async def ptr(self, ip: str) -> Any:
        self.asked.append(ip)
        await asyncio.Event().wait()

    async def addresses(self, name: str, family: Any = None) -> Any:
        await self.ptr(name)

    async def txt(self, name: str) -> Any:
        await self.ptr(name)


async def test_a_silent_dns_holds_nobody_up(post: Post) -> None:
    post.terms = GuardTerms(1, weights=NameWeights(1, 1, 0, 0, 1), dns_seconds=0.005)
    post.zone = Silent("")
    guard = post.guard()
    guard.lists = Lists([AddressList("bad.test", 5)], post.zone, 0.005, lambda: 0.0, post.tell)
    guard.spf = True
    said = await post.talk(guard=guard).say(
        "EHLO a.test", "MAIL FROM:<x@r.test>", "RCPT TO:<bob@hamburger.test>"
    )
    assert said[-1].startswith("250")
    assert post.zone.asked == ["7.2.0.192.bad.test", "192.0.2.7", "a.test"]


@pytest.mark.parametrize(("count", "reply"), [(2, "250"), (3, "451 4.7.0 Too many messages from 192.0.2.9")])
async def test_messages_of_one_client(post: Post, count: int, reply: str) -> None:
    post.rates = {Counted.MESSAGES: 2}
    talk = post.talk("192.0.2.9")
    for _ in range(count - 1):
        assert (await talk.message())[-1].startswith("250")
    said = await talk.say("MAIL FROM:<x@r.test>")
    assert said[-1].startswith(reply)


async def test_recipients_of_one_client(post: Post) -> None:
    post.rates = {Counted.RECIPIENTS: 2}
    talk = post.talk("192.0.2.9")
    said = await talk.say("EHLO a.test", "MAIL FROM:<x@r.test>", *["RCPT TO:<bob@hamburger.test>"] * 3)
    assert [line[:9] for line in said[-3:]] == ["250 2.1.5", "250 2.1.5", "451 4.7.0"]


async def test_unknown_recipients_are_counted_and_then_nobody_is_known(post: Post) -> None:
    """S19: whoever harvests names learns nothing more, from any of its connections."""
    post.rates = {Counted.UNKNOWN: 3}
    guard = post.guard()
    talk = post.talk("192.0.2.9", guard)
    await talk.say("EHLO a.test", "MAIL FROM:<x@r.test>")
    for _ in range(3):
        assert (await talk.say("RCPT TO:<nobody@hamburger.test>"))[0].startswith("550 5.1.1")
    other = post.talk("192.0.2.9", guard)
    await other.say("EHLO a.test", "MAIL FROM:<x@r.test>")
    for name in ("nobody", "bob"):
        assert (await other.say(f"RCPT TO:<{name}@hamburger.test>"))[0].startswith("451 4.7.0")


async def test_a_flood_of_reports_ends_for_one_recipient(post: Post) -> None:
    post.rates = {Counted.BOUNCES: 2}
    post.door = OpenDoor()  # type: ignore[assignment]
    guard = post.guard()

    async def report(ip: str, to: str, sender: str = "") -> str:
        talk = post.talk(ip, guard)
        return (await talk.say("EHLO a.test", f"MAIL FROM:<{sender}>", f"RCPT TO:<{to}@hamburger.test>"))[-1]

    assert (await report("192.0.2.9", "bob")).startswith("250")
    assert (await report("192.0.2.10", "Bob")).startswith("250")
    assert (await report("192.0.2.11", "bob")).startswith("451 4.7.0 Too many delivery reports for bob@")
    assert (await report("192.0.2.11", "eve")).startswith("250")
    assert (await report("192.0.2.11", "bob", "x@r.test")).startswith("250")


async def test_an_account_sends_so_much(post: Post) -> None:
    post.rates = {Counted.SENT: 2}
    talk = post.talk("127.0.0.1", mechanisms=("PLAIN",), plaintext_auth=True, kind=Service.SUBMISSION)
    await talk.say("EHLO a.test", LOGIN, "MAIL FROM:<bob@hamburger.test>")
    said = await talk.say(*["RCPT TO:<bob@hamburger.test>"] * 3)
    assert said[-1].startswith("451 4.7.0 Too many recipients of messages by bob@hamburger.test")


async def test_a_refusal_waits_the_longer_the_more_there_were(post: Post) -> None:
    post.terms = GuardTerms(hold=3.0)
    talk = post.talk("192.0.2.9")
    await talk.say("EHLO a.test", "MAIL FROM:<x@r.test>", *["RCPT TO:<nobody@hamburger.test>"] * 9)
    assert post.slept == [3.0, 6.0, 9.0, 12.0, 15.0, 18.0, MOST_HELD, MOST_HELD, MOST_HELD]


@pytest.mark.parametrize("beyond", [0, 1])
async def test_so_many_wait(post: Post, beyond: int) -> None:
    """They hold no thread and no memory worth mentioning; still, there is a limit."""
    post.terms = GuardTerms(hold=1.0, most_held=2)
    guard = post.guard()
    guard._held = 1 + beyond
    talk = post.talk("192.0.2.9", guard)
    await talk.say("EHLO a.test", "MAIL FROM:<x@r.test>", "RCPT TO:<nobody@hamburger.test>")
    assert len(post.slept) == 1 - beyond
    assert guard._held == 1 + beyond


def test_a_guard_without_anything_to_do_is_of_no_use() -> None:
    async def sleep(seconds: float) -> None:
        """Never."""

    def useful(terms: GuardTerms = GuardTerms()) -> bool:  # noqa: B008 -- frozen
        return Guard(terms, Names(""), sleep).is_useful

    assert not useful()
    assert not useful(GuardTerms(refuse_at=5, exempt=Networks(["192.0.2.0/24"])))
    assert useful(GuardTerms(greet_delay=1))
    assert useful(GuardTerms(hold=1))
    assert useful(GuardTerms(weights=NameWeights(helo_ours=1)))
