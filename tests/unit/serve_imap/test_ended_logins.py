"""A session ends when what its user has logged in with does, as soon as nothing of it is running."""

import asyncio

import pytest

from imap_stage import BOB, LETTER, Client, ImapStage, Known
from imap_waiting import quiet
from login_looks import look
from postroom.serve.standing import Standing
from postroom.store.login.standing import Ground

ENDED = "* BYE What you have logged in with is not good any more"


@pytest.fixture
def standing() -> Standing:
    return Standing()


@pytest.fixture
async def bob(stage: ImapStage, standing: Standing, monkeypatch: pytest.MonkeyPatch) -> Client:
    """By an app password, credential 7."""
    authenticate = stage.logins.authenticate

    async def by_credential(protocol: str, *others: str | bytes) -> Known:
        known = await authenticate(protocol, *others)  # type: ignore[arg-type]
        known.ground = Ground(known.account_id, protocol, 7)
        return known

    monkeypatch.setattr(stage.logins, "authenticate", by_credential)
    return await stage.user(BOB, standing=standing)


async def test_who_idles(bob: Client, standing: Standing) -> None:
    await bob.ok("SELECT INBOX")
    await bob.say("i IDLE")
    assert await look(standing, good=True) == 1
    assert bob.heard() == b""
    await look(standing, good=False)
    assert bob.heard() == f"{ENDED}\r\n".encode()
    assert bob.machine.closing
    bob.session.closed("done")
    assert await look(standing, good=False) == 0


async def test_who_is_told_a_long_message_is_told_all_of_it(
    stage: ImapStage, bob: Client, standing: Standing, monkeypatch: pytest.MonkeyPatch
) -> None:
    await bob.ok("SELECT INBOX")
    await bob.ok("NOTIFY SET (SELECTED (MessageNew (BODY.PEEK[]) MessageExpunge))")
    drained, begun = bob.connection.drained, asyncio.Event()

    async def slowly() -> None:
        begun.set()
        await drained()
        await asyncio.sleep(0.001)

    monkeypatch.setattr(bob.connection, "drained", slowly)
    await stage.deliver(LETTER % 1 + b"a line of a long letter\r\n" * 80_000)
    await asyncio.wait_for(begun.wait(), 60)
    await look(standing, good=False)
    assert ENDED not in await bob.told(r"^\)")
    await quiet(bob)
    bob.connection.dismiss()  # as the pump does, once nothing is running
    assert ENDED in bob.heard().decode()


async def test_who_has_logged_out_is_asked_about_no_more(bob: Client, standing: Standing) -> None:
    await bob.ok("UNAUTHENTICATE")
    assert await look(standing, good=False) == 0
    assert not bob.machine.closing
