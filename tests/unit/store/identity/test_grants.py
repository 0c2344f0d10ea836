"""What users allow programs by OAuth, and devices that wait for it; on both engines."""

import pytest

from behind import behind
from people import IDS, NOW, add_account, add_domains, write
from postroom.store.engine.transaction import Transaction
from postroom.store.identity import grants, tokens
from postroom.store.identity.grants import (
    ACCESS_SECONDS,
    CODE_SECONDS,
    GRACE_SECONDS,
    IDLE_SECONDS,
    MOST_GRANTS,
    Grant,
    Issued,
)
from postroom.store.login import device_requests
from postroom.store.login.device_requests import Waiting, Wish
from postroom.store.records import push_subscriptions

PHONE, THIEF = b"phone".ljust(32), b"thief".ljust(32)
CHALLENGE = "c" * 43
KEY = b"k" * 32  # the server's
SECOND = 1_000_000


@pytest.fixture
async def bob(engine) -> int:
    await add_domains(engine, "x.test")
    return await add_account(engine, "Bob@x.test")


def wanted(bob: int, now: int = NOW) -> Grant:
    return Grant(bob, IDS.next(), PHONE, "Phone", ("smtp", "imap"), now, challenge=CHALLENGE)


async def allowed(engine, bob: int, now: int = NOW) -> str:
    return await write(engine, grants.allow, wanted(bob, now))


async def issued(engine, bob: int) -> Issued:
    found = await write(engine, grants.redeem, await allowed(engine, bob), PHONE, CHALLENGE, NOW)
    assert found is not None
    return found


async def is_good(engine, access: str, now: int = NOW) -> bool:
    one = await tokens.find(engine.reading(), access)
    return one is not None and one.good_for("imap", now)


async def test_a_code_is_good_once(engine, bob: int) -> None:
    code = await allowed(engine, bob)
    first = await write(engine, grants.redeem, code, PHONE, CHALLENGE, NOW)
    assert await is_good(engine, first.access)
    token = await tokens.find(engine.reading(), first.access)
    assert (token.label, token.scopes, token.expires) == (
        "Phone",
        ("smtp", "imap"),
        NOW + ACCESS_SECONDS * SECOND,
    )
    assert not token.good_for("pop3", NOW)
    assert await write(engine, grants.redeem, code, PHONE, CHALLENGE, NOW) is None
    assert not await is_good(engine, first.access)  # RFC 6749 §4.1.2: all that it gave has ended
    assert await write(engine, grants.refresh, first.refresh, PHONE, NOW, KEY) is None


async def test_a_code_that_nobody_has_brought_ends_nothing_but_itself(engine, bob: int) -> None:
    """It ended all that other programs of the account were told by push."""
    before = await push_subscriptions.generation(engine.reading(), bob)
    await allowed(engine, bob)
    code = await allowed(engine, bob, NOW + CODE_SECONDS * SECOND)
    assert len(await grants.of_account(engine.reading(), bob)) == 1
    assert await write(engine, grants.redeem, code, THIEF, CHALLENGE, NOW) is None
    assert await grants.of_account(engine.reading(), bob) == []
    assert await push_subscriptions.generation(engine.reading(), bob) == before


@pytest.mark.parametrize(
    ("client", "challenge", "late"),
    [(THIEF, CHALLENGE, 0), (PHONE, "d" * 43, 0), (PHONE, CHALLENGE, CODE_SECONDS * SECOND)],
)
async def test_a_code_that_comes_wrongly_is_good_for_nobody(
    engine, bob: int, client: bytes, challenge: str, late: int
) -> None:
    code = await allowed(engine, bob)
    assert await write(engine, grants.redeem, code, client, challenge, NOW + late) is None
    assert await write(engine, grants.redeem, code, PHONE, CHALLENGE, NOW) is None
    assert await grants.of_account(engine.reading(), bob) == []


@pytest.mark.parametrize("code", ["", "prc_A1_", "prc_A1_" + "x" * 43, "prt_A1_" + "x" * 43, "\udc80"])
async def test_what_is_no_code(engine, bob: int, code: str) -> None:
    await allowed(engine, bob)
    assert await write(engine, grants.redeem, code, PHONE, CHALLENGE, NOW) is None
    assert await write(engine, grants.refresh, code, PHONE, NOW, KEY) is None
    await write(engine, grants.revoke_by, code)
    assert len(await grants.of_account(engine.reading(), bob)) == 1


async def test_a_code_at_its_last_microsecond(engine, bob: int) -> None:
    code = await allowed(engine, bob)
    late = NOW + CODE_SECONDS * SECOND - 1
    assert await write(engine, grants.redeem, code, PHONE, CHALLENGE, late) is not None


async def test_refresh_tokens_are_replaced(engine, bob: int) -> None:
    first = await issued(engine, bob)
    second = await write(engine, grants.refresh, first.refresh, PHONE, NOW + SECOND, KEY)
    assert second.refresh != first.refresh
    assert await is_good(engine, first.access)
    assert await is_good(engine, second.access)
    # The answer was lost: the program asks again.
    again = await write(engine, grants.refresh, first.refresh, PHONE, NOW + (1 + GRACE_SECONDS) * SECOND, KEY)
    assert again is not None
    assert await write(engine, grants.refresh, again.refresh, PHONE, NOW + 90 * SECOND, KEY) is not None


async def test_a_spent_refresh_token_ends_the_grant(engine, bob: int) -> None:
    first = await issued(engine, bob)
    second = await write(engine, grants.refresh, first.refresh, PHONE, NOW, KEY)
    late = NOW + GRACE_SECONDS * SECOND + 1
    assert await write(engine, grants.refresh, first.refresh, PHONE, late, KEY) is None
    assert not await is_good(engine, second.access)
    assert await write(engine, grants.refresh, second.refresh, PHONE, late, KEY) is None


async def test_a_spent_refresh_token_ends_the_grant_however_often_it_was_replaced(engine, bob: int) -> None:
    """A thief who has a token refreshes it twice before its owner comes with it."""
    stolen = await issued(engine, bob)
    theirs = stolen
    for _ in range(3):
        theirs = await write(engine, grants.refresh, theirs.refresh, PHONE, NOW, KEY)
    assert await write(engine, grants.refresh, stolen.refresh, PHONE, NOW + SECOND, KEY) is None
    assert not await is_good(engine, theirs.access)
    assert await write(engine, grants.refresh, theirs.refresh, PHONE, NOW + SECOND, KEY) is None


async def test_two_who_refresh_at_the_same_time_go_on_with_the_same_token(engine, bob: int) -> None:
    """Processes of one program: whichever answer it keeps, it is good an hour later."""
    first = await issued(engine, bob)
    answers = [await write(engine, grants.refresh, first.refresh, PHONE, NOW, KEY) for _ in range(3)]
    assert len({one.refresh for one in answers}) == 1
    assert len({one.access for one in answers}) == 3
    assert [await is_good(engine, one.access) for one in answers] == [True, True, True]
    late = NOW + ACCESS_SECONDS * SECOND
    following = await write(engine, grants.refresh, answers[0].refresh, PHONE, late, KEY)
    assert following is not None
    assert following.refresh != answers[0].refresh


async def test_the_next_token_is_the_servers_to_make(engine, bob: int) -> None:
    first = await issued(engine, bob)
    second = await write(engine, grants.refresh, first.refresh, PHONE, NOW, KEY)
    other = await write(engine, grants.refresh, first.refresh, PHONE, NOW, b"x" * 32)
    assert second.refresh != other.refresh


async def test_a_token_from_before_there_were_families(engine, bob: int) -> None:
    first = await issued(engine, bob)
    text, refresh_hash = tokens.new_token(bob, grants.REFRESH)

    async def put(tx) -> None:
        await tx.execute("UPDATE grants SET refresh_hash = $1", refresh_hash)

    await write(engine, put)
    assert await write(engine, grants.refresh, text, PHONE, NOW, KEY) is not None
    assert await is_good(engine, first.access)


async def test_a_refresh_token_is_its_clients(engine, bob: int) -> None:
    first = await issued(engine, bob)
    assert await write(engine, grants.refresh, first.refresh, THIEF, NOW, KEY) is None
    assert await write(engine, grants.refresh, first.refresh, PHONE, NOW, KEY) is not None


@pytest.mark.parametrize(
    ("late", "good"), [(IDLE_SECONDS * SECOND - 1, True), (IDLE_SECONDS * SECOND, False)]
)
async def test_a_grant_that_is_not_used_ends(engine, bob: int, late: int, good: bool) -> None:
    first = await issued(engine, bob)
    assert (await write(engine, grants.refresh, first.refresh, PHONE, NOW + late, KEY) is not None) == good


@pytest.mark.parametrize("kind", ["access", "refresh"])
async def test_revoking_a_token_revokes_all(engine, bob: int, kind: str) -> None:
    first = await issued(engine, bob)
    await write(engine, grants.revoke_by, getattr(first, kind))
    assert not await is_good(engine, first.access)
    assert await grants.of_account(engine.reading(), bob) == []


async def test_a_token_made_by_hand_is_revoked_alone(engine, bob: int) -> None:
    first = await issued(engine, bob)
    text, token_hash = tokens.new_token(bob)
    await write(engine, tokens.put, tokens.Token(bob, token_hash, "by hand", (), NOW))
    before = await push_subscriptions.generation(engine.reading(), bob)
    await write(engine, grants.revoke_by, text)
    assert not await is_good(engine, text)
    assert await push_subscriptions.generation(engine.reading(), bob) > before  # RFC 8620 §7.2
    assert await is_good(engine, first.access)


async def test_too_many_grants(engine, bob: int) -> None:
    used = await issued(engine, bob)
    for number in range(MOST_GRANTS - 1):
        await allowed(engine, bob, NOW + number)
    assert len(await grants.of_account(engine.reading(), bob)) == MOST_GRANTS
    await allowed(engine, bob, NOW + MOST_GRANTS)
    found = await grants.of_account(engine.reading(), bob)
    assert len(found) == MOST_GRANTS
    assert used.grant.grant_id not in [one.grant_id for one in found]  # the one not used for longest
    assert not await is_good(engine, used.access)
    await allowed(engine, bob, NOW + 2 * CODE_SECONDS * SECOND)
    assert len(await grants.of_account(engine.reading(), bob)) == 1  # codes that nobody brought have expired


WISH = Wish(PHONE, "Printer", ("smtp",), "192.0.2.1")


async def waits(engine, wish: Wish = WISH, now: int = NOW) -> tuple[str, str]:
    return await write(engine, device_requests.open_one, wish, now)


async def asks(engine, code: str, late: int, client: bytes = PHONE):
    return await write(engine, device_requests.ask, code, client, IDS.next(), NOW + late * SECOND)


async def test_a_device_gets_its_tokens_once(engine, bob: int) -> None:
    device, shown = await waits(engine)
    assert await asks(engine, device, 5) is Waiting.PENDING
    found = await device_requests.find(engine.reading(), f" {shown.lower().replace('-', ' ')} ", NOW)
    assert found is not None
    assert found.wish == WISH
    assert await write(engine, device_requests.decide, shown, bob, NOW)
    assert await device_requests.find(engine.reading(), shown, NOW) is None
    assert not await write(engine, device_requests.decide, shown, None, NOW)
    answer = await asks(engine, device, 6)
    assert isinstance(answer, Issued)
    assert (await tokens.find(engine.reading(), answer.access)).scopes == ("smtp",)
    assert await write(engine, grants.refresh, answer.refresh, PHONE, NOW, KEY) is not None
    assert await asks(engine, device, 11) is Waiting.EXPIRED


async def test_a_device_that_asks_too_often(engine, bob: int) -> None:
    device, _ = await waits(engine)
    assert await asks(engine, device, 0) is Waiting.PENDING
    assert await asks(engine, device, 3) is Waiting.TOO_OFTEN
    assert await asks(engine, device, 7) is Waiting.PENDING


async def test_a_device_that_nobody_wants(engine, bob: int) -> None:
    device, shown = await waits(engine)
    assert await asks(engine, device, 1, THIEF) is Waiting.EXPIRED
    assert await write(engine, device_requests.decide, shown, None, NOW)
    assert await asks(engine, device, 1) is Waiting.REFUSED
    assert await asks(engine, device, 2) is Waiting.EXPIRED


async def test_a_device_waits_ten_minutes(engine, bob: int) -> None:
    life = device_requests.LIFE_SECONDS
    device, shown = await waits(engine)
    assert await asks(engine, device, life - 1) is Waiting.PENDING
    assert await asks(engine, device, life) is Waiting.EXPIRED
    late = NOW + life * SECOND
    assert await device_requests.find(engine.reading(), shown, late) is None
    assert not await write(engine, device_requests.decide, shown, bob, late)


async def test_so_many_devices_wait(engine, bob: int, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(device_requests.MOST_OF_CLIENT):
        await waits(engine)
    with pytest.raises(device_requests.TooMany):
        await waits(engine)
    other = Wish(PHONE, "Printer", ("smtp",), "192.0.2.2")
    await waits(engine, other)
    monkeypatch.setattr(device_requests, "MOST_WAITING", device_requests.MOST_OF_CLIENT + 1)
    with pytest.raises(device_requests.TooMany):
        await waits(engine, other)
    await waits(engine, WISH, NOW + device_requests.LIFE_SECONDS * SECOND)  # the others have expired


async def test_whoever_has_a_whole_network_is_one_client(engine, bob: int) -> None:
    for number in range(device_requests.MOST_OF_CLIENT):
        await waits(engine, Wish(PHONE, "Printer", ("smtp",), f"2001:db8::{number:x}"))
    with pytest.raises(device_requests.TooMany):
        await waits(engine, Wish(PHONE, "Printer", ("smtp",), "2001:db8::ffff"))
    await waits(engine, Wish(PHONE, "Printer", ("smtp",), "2001:db8:0:1::1"))


@pytest.mark.parametrize("store_url", ["postgresql"], indirect=True)
async def test_a_grant_that_is_revoked_while_it_is_refreshed_leaves_no_token(engine, bob: int) -> None:
    """RFC 7009 §2.1: all that came of it ends."""
    first = await issued(engine, bob)
    (grant,) = await grants.of_account(engine.reading(), bob)
    got: list[Issued | None] = []

    async def refreshed(tx: Transaction) -> None:
        got.append(await grants.refresh(tx, first.refresh, PHONE, NOW + SECOND, KEY))

    await behind(engine, refreshed, lambda: write(engine, grants.revoke, grant))
    assert got[0] is not None
    assert await grants.of_account(engine.reading(), bob) == []
    assert not await is_good(engine, got[0].access)
