"""Greylisting: who has to come again, and who is known. D09 of the list of hostile inputs."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from postroom.intake.guard.greylist import MOST_KEY, Greylist, GreylistTerms, keys
from postroom.message.address import Address, parse_mailbox
from postroom.message.errors import Greylisted
from postroom.store.engine.transaction import Engine
from postroom.store.store import Store, StoreSettings

SECOND, DAY = 1_000_000, 86_400_000_000
BOB = Address("bob", "l.test")


class Post:
    """A greylist and its time in seconds; `vouched` is what is known of everybody."""

    def __init__(self, engine: Engine, terms: GreylistTerms) -> None:
        self.now = 0.0
        self.vouched = ""
        self.asked = 0
        self.engine = engine
        self.greylist = self.another(terms)

    def another(self, terms: GreylistTerms) -> Greylist:
        return Greylist(terms, self.engine, lambda: 1_750_000_000_000_000 + round(self.now * SECOND))

    async def _vouch(self) -> str:
        self.asked += 1
        return self.vouched

    async def comes(
        self, sender: str = "x@r.test", ip: str = "192.0.2.7", to: Address = BOB, by: Greylist | None = None
    ) -> str:
        """Why it is taken, or that it is not."""
        address = parse_mailbox(sender) if sender else None
        try:
            return (await (by or self.greylist).check(ip, address, to, self._vouch)).because
        except Greylisted as error:
            self.refused = error
            return error.public


@pytest.fixture
async def engine(store_url: str) -> AsyncIterator[Engine]:
    def unexpected(error: BaseException) -> None:
        raise error

    store = await Store.open(store_url, StoreSettings(), on_fatal=unexpected)
    yield store.engine
    await store.close()


@pytest.fixture
def post(engine: Engine) -> Post:
    return Post(engine, GreylistTerms())


async def test_who_comes_again_is_taken(post: Post) -> None:
    assert await post.comes() == "Greylisted: try again in 300 seconds"
    assert post.refused.status == (4, 7, 1)
    assert post.refused.detail == "greylist, first try: 192.0.2.0/24 x@r.test bob@l.test"
    post.now = 1
    assert await post.comes() == "Greylisted: try again in 299 seconds"
    post.now = 299
    assert await post.comes() == "Greylisted: try again in 1 seconds"
    post.now = 300
    assert await post.comes() == "came again after 300 s, 300 s were asked for"
    post.now = 301
    assert await post.comes() == "192.0.2.0/24 has sent for x@r.test before"
    post.now = 30 * 86_400
    assert "before" in await post.comes()


async def test_each_triple_has_a_history_of_its_own(post: Post) -> None:
    await post.comes()
    post.now = 400
    assert "Greylisted" in await post.comes("y@r.test")
    assert "Greylisted" in await post.comes(to=Address("eve", "l.test"))
    assert "Greylisted" in await post.comes(ip="192.0.3.7")
    assert "Greylisted" in await post.comes("")
    assert "came again" in await post.comes()


async def test_a_pool_of_addresses_is_one_sender(post: Post) -> None:
    """D09: the retry comes from another address of the same network."""
    await post.comes(ip="192.0.2.7")
    await post.comes(ip="2001:db8::1")
    post.now = 400
    assert "came again" in await post.comes(ip="192.0.2.200")
    assert "came again" in await post.comes(ip="2001:db8::ffff:1")
    assert "Greylisted" in await post.comes(ip="2001:db8:0:1::1")


async def test_who_comes_too_late_begins_anew(post: Post) -> None:
    await post.comes()
    post.now = 2 * 86_400 + 1
    assert "in 300 seconds" in await post.comes()
    post.now += 300
    assert "came again" in await post.comes()


async def test_whom_somebody_vouches_for_need_not_come_again(post: Post) -> None:
    post.vouched = "SPF lets 192.0.2.7 send for r.test"
    assert await post.comes() == post.vouched
    post.vouched = ""
    assert "Greylisted" in await post.comes()
    assert post.asked == 2
    post.now = 10
    await post.comes()
    assert post.asked == 2  # only of somebody new


async def test_good_senders_are_learned(post: Post) -> None:
    for number in range(5):
        post.now = number * 1000
        to = Address(f"u{number}", "l.test")
        assert "Greylisted" in await post.comes(f"{'abcde'[number]}@r.test", to=to)
        post.now += 500
        assert "came again" in await post.comes(f"{'abcde'[number]}@r.test", to=to)
    assert await post.comes("new@r.test") == "192.0.2.0/24 has sent for 5 others of r.test before"
    assert "Greylisted" in await post.comes("new@other.test")
    assert "Greylisted" in await post.comes("new@r.test", ip="203.0.113.9")


async def test_the_same_triple_does_not_teach_twice(post: Post) -> None:
    await post.comes()
    for number in range(10):
        post.now = 400 + number * 2 * 86_400
        await post.comes()
    assert "Greylisted" in await post.comes("new@r.test")


async def test_null_senders_teach_nothing(engine: Engine) -> None:
    post = Post(engine, GreylistTerms(known_after=1))
    await post.comes("")
    post.now = 400
    assert "came again" in await post.comes("")
    assert "Greylisted" in await post.comes("", to=Address("eve", "l.test"))


async def test_another_process_knows_it(post: Post) -> None:
    """Several nodes share one store: the retry comes to another one."""
    await post.comes()
    post.now = 400
    assert "came again" in await post.comes(by=post.another(GreylistTerms()))


async def test_what_is_old_is_forgotten(post: Post) -> None:
    await post.comes("a@r.test")
    post.now = 400
    await post.comes("a@r.test")
    await post.comes("b@r.test")
    post.now = 3 * 86_400
    assert not await post.greylist.prune()
    assert "before" in await post.comes("a@r.test")
    assert "in 300 seconds" in await post.comes("b@r.test")
    post.now += 36 * 86_400
    assert not await post.greylist.prune()
    assert "in 300 seconds" in await post.comes("a@r.test")


@pytest.mark.parametrize("beyond", [0, 1])
async def test_so_many_are_remembered(post: Post, beyond: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom.intake.guard.greylist.MOST_ROWS", 3)
    for number in range(3 + beyond):
        post.now = number
        await post.comes(f"{'abcd'[number]}@r.test")
    await post.greylist.prune()
    post.now = 10
    assert ("in 290 seconds" in await post.comes("a@r.test")) is not bool(beyond)


@pytest.mark.parametrize(
    ("sender", "key"),
    [
        ("bounce-12345@list.test", "bounce-#@list.test"),
        ("Bounce-9@LIST.test", "bounce-#@list.test"),
        ("x+detail@r.test", "x@r.test"),
        ("", ""),
        ("a" * 60 + "@" + "b" * 60 + ".test", "a" * 60 + "@" + "b" * 60 + ".test"),
    ],
)
def test_keys(sender: str, key: str) -> None:
    triple, domain = keys("192.0.2.7", parse_mailbox(sender) if sender else None, BOB)
    assert (triple.network, triple.sender, triple.recipient) == ("192.0.2.0/24", key, "bob@l.test")
    assert (domain.sender, domain.recipient) == ("@" + key.partition("@")[2], "")


@pytest.mark.parametrize("beyond", [0, 1])
def test_the_longest_key(beyond: int) -> None:
    sender = Address("x" * (MOST_KEY - len("@r.test") + beyond), "r.test")
    triple, _ = keys("192.0.2.7", sender, BOB)
    assert len(triple.sender) == MOST_KEY
