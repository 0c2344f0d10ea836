"""Filters in front of a door: real sockets, a filter to order, a door that takes everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from filter_to_order import FilterToOrder
from postroom.intake.guard.guard import Guard, GuardTerms
from postroom.intake.guard.milter_talk import MilterTerms
from postroom.intake.guard.milters import Milters
from postroom.message.errors import NoSuchUser
from postroom.message.journey.events import Decided
from postroom.net.local_connect import Socket
from postroom.proto.smtp.config import Service
from postroom.serve.smtp.body_budget import BodyBudget
from postroom.store.blobs.spilled import Spilled
from smtp_session import OpenDoor, Talk, service

BODY = "From: x@r.test\r\nSubject: x\r\n\r\nHello\r\nworld"


class Post:
    """Talks with a service behind filters."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.door = OpenDoor()
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.talks: list[Talk] = []
        self.filters: list[MilterTerms] = []

    def hurry(self, seconds: float) -> None:
        """From now on a filter may take so long: what it answered before was waited for on a busy machine, too."""
        for terms in self.filters:
            msgspec.structs.force_setattr(terms, "seconds", seconds)

    def talk(self, *paths: Path, largest: int = 1 << 20, more: Any = (), **terms: Any) -> Talk:
        async def resolve(recipient: Any) -> None:
            if recipient.address.local == "nobody":
                raise NoSuchUser

        def tell(event: str, **facts: Any) -> None:
            self.told.append((event, facts))

        self.filters = filters = [
            MilterTerms(f"f{number}", Socket(path=str(path)), **terms)
            for number, path in enumerate(paths or [self.path])
        ]
        guard = Guard(GuardTerms(), None, asyncio.sleep)  # type: ignore[arg-type]
        guard.milters = Milters(filters, "mx.hamburger.test", largest, ("mx.hamburger.test",), resolve, tell)
        talk = Talk(service(self.door, guard=guard, tell=tell, **dict(more)))
        self.talks.append(talk)
        return talk

    @property
    def content(self) -> bytes:
        return self.door.taken[-1][2].content

    @property
    def recipients(self) -> list[str]:
        return [str(one.address) for one in self.door.taken[-1][1].envelope.recipients]


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    made = Post(tmp_path / "f")
    yield made
    for talk in made.talks:
        talk.session.closed("over")
    for _ in range(5):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.002)
    raise AssertionError("it did not come to that")


async def test_a_filter_hears_everything_in_order(post: Post) -> None:
    async with FilterToOrder(post.path) as filter_:
        talk = post.talk()
        said = await talk.message("bob@hamburger.test", "eve@hamburger.test", body=BODY)
        assert said[-1].startswith("250 2.0.0 Ok: queued as J")
        assert filter_.order == b"OCHMRRTLLNBE"
        assert filter_.said(b"C") == [b"[192.0.2.7]\x004\x04\xd2192.0.2.7\0"]
        assert filter_.said(b"H") == [b"a.test\0"]
        assert filter_.said(b"M") == [b"<x@r.test>\0"]
        assert filter_.said(b"R") == [b"<bob@hamburger.test>\0", b"<eve@hamburger.test>\0"]
        assert filter_.said(b"L") == [b"From\0x@r.test\0", b"Subject\0x\0"]
        assert filter_.said(b"B") == [b"Hello\r\nworld\r\n"]
        macros = b"".join(filter_.said(b"D"))
        for words in (
            b"{client_addr}\x00192.0.2.7\0",
            b"j\0mx.hamburger.test\0",
            b"{rcpt_addr}\0eve@",
            b"i\0J",
        ):
            assert words in macros
        await talk.say("QUIT")
        talk.session.closed("QUIT")
        await until(lambda: filter_.order.endswith(b"Q"))
    assert post.content.startswith(b"From: x@r.test\r\nSubject: x\r\n\r\nHello")


async def test_one_connection_for_all_messages_of_a_client(post: Post) -> None:
    async with FilterToOrder(post.path) as filter_:
        talk = post.talk()
        await talk.message(body=BODY)
        await talk.message(body=BODY)
        assert filter_.connections == 1
        assert filter_.order.count(b"C") == filter_.order.count(b"H") == 1
        await talk.say("EHLO other.test", "MAIL FROM:<x@r.test>")
        assert filter_.said(b"H") == [b"a.test\0", b"other.test\0"]


async def test_a_message_that_comes_to_nothing_is_aborted(post: Post) -> None:
    async with FilterToOrder(post.path) as filter_:
        talk = post.talk()
        await talk.say("EHLO a.test", "MAIL FROM:<x@r.test>", "RSET", "MAIL FROM:<y@r.test>")
        await until(lambda: filter_.order == b"OCHMAM")


async def test_who_never_sends_costs_no_connection(post: Post) -> None:
    async with FilterToOrder(post.path) as filter_:
        await post.talk().say("EHLO a.test", "NOOP", "QUIT")
        assert filter_.connections == 0


REFUSALS = {
    b"r": "550 5.7.1 Refused by a filter",
    b"t": "451 4.7.1 A filter cannot decide now, try again later",
    b"y554 5.7.9 100%% spam\0": "554 5.7.9 100% spam",
    b"y550 No code in it\0": "550 5.7.1 No code in it",
    b"y450-4.7.1 One\r\n450 4.7.1 two\0": "450 4.7.1 One two",
    b"y451 5.7.1 of the wrong class\0": "451 4.7.1 of the wrong class",
    b"y550 5.7.1 \x1b[2J\0": "550 5.7.1 \\x1b[2J",
}


@pytest.mark.parametrize("answer", REFUSALS)
@pytest.mark.parametrize("letter", [b"C", b"H", b"M"])
async def test_refused_at_mail(post: Post, letter: bytes, answer: bytes) -> None:
    async with FilterToOrder(post.path, {letter: [answer]}):
        talk = post.talk()
        assert (await talk.say("EHLO a.test", "MAIL FROM:<x@r.test>"))[-1] == REFUSALS[answer]
        again = (await talk.say("MAIL FROM:<x@r.test>"))[-1]
        assert again == REFUSALS[answer]
    assert ("client.refused", "filter f0") in [(event, facts.get("detail")) for event, facts in post.told]


@pytest.mark.parametrize("letter", [b"T", b"L", b"N", b"B", b"E"])
@pytest.mark.parametrize("answer", REFUSALS)
async def test_refused_at_the_end(post: Post, letter: bytes, answer: bytes) -> None:
    async with FilterToOrder(post.path, {letter: [answer]}):
        talk = post.talk()
        assert (await talk.message(body=BODY))[-1] == REFUSALS[answer]
        assert post.door.taken == []
    # and the next one is a new message
    async with FilterToOrder(post.path):
        assert (await post.talk().message(body=BODY))[-1].startswith("250")


async def test_one_recipient_refused(post: Post) -> None:
    async with FilterToOrder(post.path) as filter_:
        talk = post.talk()
        await talk.say("EHLO a.test", "MAIL FROM:<x@r.test>")
        assert (await talk.say("RCPT TO:<bob@hamburger.test>"))[0].startswith("250")
        filter_.answers[b"R"] = [b"y550 5.7.1 Not her\0"]
        assert await talk.say("RCPT TO:<eve@hamburger.test>") == ["550 5.7.1 Not her"]
        filter_.answers[b"R"] = [b"c"]
        await talk.say("RCPT TO:<carol@hamburger.test>", "DATA")
        assert (await talk.hear(b"x: y\r\n\r\nz\r\n.\r\n"))[0].startswith("250")
        assert post.recipients == ["bob@hamburger.test", "carol@hamburger.test"]


@pytest.mark.parametrize("letter", [b"C", b"H", b"M", b"R", b"T", b"L", b"N", b"B", b"E"])
async def test_accepted_at_any_stage(post: Post, letter: bytes) -> None:
    async with FilterToOrder(post.path, {letter: [b"a"]}) as filter_:
        assert (await post.talk().message(body=BODY))[-1].startswith("250")
        assert filter_.order.rstrip(b"A").endswith(letter)
    assert len(post.door.taken) == 1


@pytest.mark.parametrize("letter", [b"M", b"R", b"L", b"B", b"E"])
async def test_discarded(post: Post, letter: bytes) -> None:
    """The client hears that it was taken; the log knows better."""
    async with FilterToOrder(post.path, {letter: [b"d"]}):
        assert (await post.talk().message(body=BODY))[-1].startswith("250 2.0.0 Ok: queued as J")
    assert post.door.taken == []
    [facts] = [facts for event, facts in post.told if event == "message.discarded"]
    assert (facts["filter"], facts["recipients"]) == ("f0", ["bob@hamburger.test"])


async def test_changes(post: Post) -> None:
    answers = [
        *(b"hX-Spam\0no\0", b"i\0\0\0\0X-Top\0yes\0", b"m\0\0\0\1Subject\0y\0"),
        *(b"+<carol@hamburger.test>\0", b"2<dan@hamburger.test>\0NOTIFY=NEVER\0", b"-<BOB@hamburger.test>\0"),
        *(b"e<bounces@r.test>\0", b"bNew\r\n", b"bbody\n", b"qlooks odd\0", b"p", b"c"),
    ]
    async with FilterToOrder(post.path, {b"E": answers}):
        assert (
            await post.talk().message(
                "bob@hamburger.test", "Bob@hamburger.test", "eve@hamburger.test", body=BODY
            )
        )[-1].startswith("250")
    [(_, incoming, parcel)] = post.door.taken
    assert (
        parcel.content == b"X-Top: yes\r\nFrom: x@r.test\r\nSubject: y\r\nX-Spam: no\r\n\r\nNew\r\nbody\r\n"
    )
    assert parcel.arrived == BODY.encode() + b"\r\n"
    assert post.recipients == ["eve@hamburger.test", "carol@hamburger.test", "dan@hamburger.test"]
    assert sorted(incoming.known) == [0, 1, 2]
    assert str(incoming.envelope.sender) == "bounces@r.test"
    assert incoming.quarantined == "f0: looks odd"
    assert incoming.junk
    decided = [event for event in incoming.hop.events if isinstance(event, Decided)]
    assert [(one.what, one.result) for one in decided] == [("filter f0", "changed")]
    assert "2 HeaderAdded, 1 HeaderChanged" in decided[0].because


async def test_the_second_filter_sees_what_the_first_made(post: Post, tmp_path: Path) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    async with (
        FilterToOrder(one, {b"E": [b"hX-One\0a\0", b"bother\r\n", b"c"]}),
        FilterToOrder(two, {b"E": [b"m\0\0\0\1X-One\0b\0", b"c"]}) as second,
    ):
        assert (await post.talk(one, two).message(body=BODY))[-1].startswith("250")
        assert second.said(b"L")[-1] == b"X-One\0a\0"
        assert second.said(b"B") == [b"other\r\n"]
    assert post.content == b"From: x@r.test\r\nSubject: x\r\nX-One: b\r\n\r\nother\r\n"
    assert post.door.taken[0][2].arrived == BODY.encode() + b"\r\n"


async def test_a_recipient_that_does_not_exist_is_left_out(post: Post) -> None:
    async with FilterToOrder(post.path, {b"E": [b"+<nobody@hamburger.test>\0", b"c"]}):
        await post.talk().message(body=BODY)
    assert post.recipients == ["bob@hamburger.test"]
    assert "filter.recipient" in [event for event, _ in post.told]


async def test_a_message_without_recipients_is_discarded(post: Post) -> None:
    async with FilterToOrder(post.path, {b"E": [b"-<bob@hamburger.test>\0", b"c"]}):
        assert (await post.talk().message(body=BODY))[-1].startswith("250")
    assert post.door.taken == []


@pytest.mark.parametrize(
    ("on_failure", "reply"),
    [("tempfail", "451 4.3.0"), ("reject", "550 5.3.0"), ("accept", "250 2.")],
)
@pytest.mark.parametrize("way", ["absent", "silent", "closes", "nonsense", "unannounced", "bad address"])
async def test_a_filter_that_fails(post: Post, way: str, on_failure: str, reply: str) -> None:
    answers = {"nonsense": b"?!", "unannounced": b"hX\0y\0", "bad address": b"+<<>\0"}
    filter_ = FilterToOrder(post.path, {b"E": [answers.get(way, b"c"), b"c"]}, actions=0x1FE)
    filter_.silent = {b"E"} if way == "silent" else {b"O"} if way == "closes" else set()
    if way == "absent":
        talk = post.talk(on_failure=on_failure)
        said = await talk.message(body=BODY)
    else:
        async with filter_:
            hurried = {"silent": {"end_seconds": 0.05}, "closes": {"seconds": 0.05}}
            talk = post.talk(on_failure=on_failure, **hurried.get(way, {}))
            said = await talk.message(body=BODY)
    told = [facts for event, facts in post.told if event == "filter.failed"]
    assert told[0]["then"] == on_failure
    assert told[0]["why"]
    early = way in {"absent", "closes"}
    assert said[0 if early else -1].startswith(reply)
    assert len(post.door.taken) == (on_failure == "accept")


@pytest.mark.parametrize("taken_before", [True, False])
@pytest.mark.parametrize("way", ["nonsense", "silent"])
async def test_what_a_filter_did_not_see_to_the_end_is_not_taken(
    post: Post, way: str, taken_before: bool
) -> None:
    async with FilterToOrder(post.path) as filter_:
        talk = post.talk()
        await talk.say("EHLO a.test", "MAIL FROM:<x@r.test>")
        if taken_before:
            assert (await talk.say("RCPT TO:<bob@hamburger.test>"))[0].startswith("250")
        filter_.answers[b"R"] = [b"?!"] if way == "nonsense" else []
        post.hurry(0.05 if way == "silent" else 30.0)
        assert (await talk.say("RCPT TO:<eve@hamburger.test>"))[0].startswith("451 4.3.0")
        post.hurry(30.0)
        del filter_.answers[b"R"]
        assert (await talk.say("RCPT TO:<carol@hamburger.test>"))[0].startswith("451 4.3.0")
        if taken_before:
            await talk.say("DATA")
            assert (await talk.hear(b"x: y\r\n\r\nz\r\n.\r\n"))[0].startswith("451 4.3.0")
        assert post.door.taken == []
        await talk.say("RSET")
        assert (await talk.message(body=BODY))[-1].startswith("250")


async def test_refused_when_it_connects_a_client_stays_refused_by_whatever_name(post: Post) -> None:
    async with FilterToOrder(post.path, {b"C": [b"y550 5.7.1 Go away\0"]}) as filter_:
        talk = post.talk()
        for name in ("a.test", "b.test", "a.test"):
            assert (await talk.say(f"EHLO {name}", "MAIL FROM:<x@r.test>"))[-1] == "550 5.7.1 Go away"
        assert filter_.order == b"OC"


async def test_refused_by_name_a_client_may_say_another(post: Post) -> None:
    async with FilterToOrder(post.path, {b"H": [b"y550 5.7.1 Bad name\0"]}) as filter_:
        talk = post.talk()
        assert (await talk.say("EHLO a.test", "MAIL FROM:<x@r.test>"))[-1] == "550 5.7.1 Bad name"
        filter_.answers.clear()
        assert (await talk.say("EHLO b.test", "MAIL FROM:<x@r.test>"))[-1].startswith("250")
        assert (await talk.say("RSET", "MAIL FROM:<x@r.test>"))[-1].startswith("250")


async def test_a_filter_that_came_back_is_asked_again(post: Post) -> None:
    talk = post.talk()
    assert (await talk.message(body=BODY))[0].startswith("451 4.3.0")
    async with FilterToOrder(post.path):
        assert (await talk.message(body=BODY))[-1].startswith("250")


async def test_more_time_is_given_but_not_for_ever(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom.intake.guard.milter_talk.MOST_PROGRESS", 3)
    async with FilterToOrder(post.path, {b"E": [b"p"] * 3 + [b"c"]}) as filter_:
        assert (await post.talk().message(body=BODY))[-1].startswith("250")
        filter_.answers[b"E"] = [b"p"] * 4 + [b"c"]
        assert (await post.talk().message(body=BODY))[-1].startswith("451 4.3.0")


@pytest.mark.parametrize("beyond", [0, 1])
async def test_so_many_recipients_may_be_added(
    post: Post, beyond: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postroom.intake.guard.milters.MOST_RECIPIENTS", 3)
    added = [b"+<u%d@hamburger.test>\0" % number for number in range(2 + beyond)]
    async with FilterToOrder(post.path, {b"E": [*added, b"c"]}):
        reply = (await post.talk().message(body=BODY))[-1]
    assert reply.startswith("451 4.3.0" if beyond else "250")


async def test_what_a_filter_makes_too_big_is_refused(post: Post) -> None:
    async with FilterToOrder(post.path, {b"E": [b"b" + b"x" * 500, b"c"]}):
        assert (await post.talk(largest=400).message(body=BODY))[-1].startswith("552 5.3.4")
        assert (await post.talk(largest=1000).message(body=BODY))[-1].startswith("250")


async def test_a_body_without_end_is_not_heard_to_its_end(post: Post) -> None:
    async with FilterToOrder(post.path, {b"E": [b"b" + b"x" * 400] * 3}):
        said = await post.talk(largest=1000, end_seconds=30.0).message(body=BODY)
        assert said[-1].startswith("552 5.3.4")


@pytest.mark.parametrize("steps", [0, 0x7F, 0x80, 0x80 | 0x80000, 0xFF080, 0x10])
async def test_what_a_filter_does_not_want(post: Post, steps: int) -> None:
    filter_ = FilterToOrder(post.path, {b"E": [b"hX\0y\0", b"c"]}, steps=steps)
    silent = {
        0x80: b"L",
        0x80000: b"B",
        0x1000: b"C",
        0x2000: b"H",
        0x4000: b"M",
        0x8000: b"R",
        0x10000: b"T",
        0x40000: b"N",
    }
    filter_.silent = {letter for bit, letter in silent.items() if steps & bit}
    async with filter_:
        assert (await post.talk().message(body=BODY))[-1].startswith("250")
    assert b"\r\nX: y\r\n" in post.content
    if steps == 0x7F:
        assert filter_.order == b"OTE"


async def test_leading_space_is_the_filters_matter(post: Post) -> None:
    filter_ = FilterToOrder(post.path, {b"E": [b"hX\0  y\0", b"c"]}, steps=0x100000)
    async with filter_:
        await post.talk().message(body=BODY)
    assert filter_.said(b"L")[0] == b"From\0 x@r.test\0"
    assert b"\r\nX:  y\r\n" in post.content


async def test_results_under_our_name_are_a_filters_or_nobodys(post: Post) -> None:
    """RFC 8601 §5: what came so is forged, what a filter adds stays."""
    forged = "Authentication-Results: mx.hamburger.test; dkim=pass\r\n" + BODY
    answers = [b"i\0\0\0\0Authentication-Results\0mx.hamburger.test; spf=none\0", b"c"]
    async with FilterToOrder(post.path, {b"E": answers}) as filter_:
        await post.talk().message(body=forged)
        assert [data[:8] for data in filter_.said(b"L")] == [b"From\0x@r", b"Subject\0"]
    assert post.content.startswith(b"Authentication-Results: mx.hamburger.test; spf=none\r\nFrom: x@r.test")
    assert post.door.taken[0][2].received == forged.encode() + b"\r\n"


async def test_lmtp_is_not_filtered(post: Post) -> None:
    async with FilterToOrder(post.path) as filter_:
        await post.talk(more={"kind": Service.LMTP}).message(body=BODY)
        assert filter_.connections == 0


async def test_a_long_message_is_read_from_its_file(post: Post, tmp_path: Path) -> None:
    async with FilterToOrder(post.path, {b"E": [b"hX-Seen\0yes\0", b"c"]}) as filter_:
        more = {"incoming": tmp_path / "incoming", "budget": BodyBudget(1 << 24)}
        talk = post.talk(largest=1 << 24, more=more)
        body = "From: x@r.test\r\n\r\n" + "0123456789abcdef" * 4 * 16_000
        said = await talk.message(body=body)
        assert said[-1].startswith("250"), said
        assert b"".join(filter_.said(b"B")) == body.encode().partition(b"\r\n\r\n")[2] + b"\r\n"
        assert max(map(len, filter_.said(b"B"))) <= 65_535
    content = post.content
    assert isinstance(content, Spilled)
    assert content.whole() == body.replace("\r\n\r\n", "\r\nX-Seen: yes\r\n\r\n", 1).encode() + b"\r\n"
