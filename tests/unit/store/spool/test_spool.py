import pytest

from postroom.message.address import Address
from postroom.message.envelope import BodyKind, ByMode, DeliverBy, Notify, Ret
from postroom.store.spool import jobs, spool
from postroom.store.spool.spool import Blob, Copy, NewJob, Spooled, Terms
from queued import ALICE, BOB, NOW, copies, job, lease, letter, put

TERMS = Terms(
    envid="QQ314159",
    ret=Ret.HEADERS,
    body=BodyKind.BINARY,
    smtputf8=True,
    deliver_by=DeliverBy(1_750_000_120, ByMode.RETURN, trace=True),
    hold_until=1_750_000_060,
    priority=-9,
    auth="alice@crepes.test",
    from_mta="dns; crepes.test",
    shown=True,
)


@pytest.mark.parametrize(
    "message",
    [
        Spooled(1 << 12, 7, NOW, ALICE, 5, None, TERMS),
        Spooled(2 << 12, 7, NOW, None, 5, None),
        Spooled(3 << 12, 7, NOW, Address("ann b", "münchen.test"), 5, None, Terms(smtputf8=True)),
    ],
)
async def test_a_message_comes_back_as_it_was(engine, message):
    whole = Spooled(
        *(getattr(message, name) for name in message.__struct_fields__[:5]), b"hello", message.terms
    )
    await put(engine, whole, job())
    assert await spool.letter(engine.reading(), message.spool_id) == message
    assert await spool.body(engine.reading(), message.spool_id) == b"hello"


async def test_a_large_body_is_a_blob(engine):
    await put(engine, Spooled(1 << 12, 7, NOW, ALICE, 1 << 30, Blob(5, 6)), job())
    assert await spool.body(engine.reading(), 1 << 12) == Blob(5, 6)


async def test_copies_come_back_as_they_were(engine):
    given = [
        Copy(0, 0, BOB, Notify.NEVER, "rfc822;bob@hamburger.test", 17, "list", expanded=True),
        Copy(1, 0, Address("über uns", "hamburger.test"), Notify.SUCCESS | Notify.FAILURE),
        Copy(2, 1, Address("x", "[192.0.2.1]")),
    ]
    await put(engine, letter(1), NewJob("", given, NOW, NOW, NOW))
    assert await spool.copies(engine.reading(), letter(1).spool_id, 0) == given


async def test_messages_are_counted(engine):
    assert await spool.count(engine.reading()) == 0
    await put(engine, letter(1), job(numbers=(0,)), job("crepes.test", numbers=(1, 2)))
    await put(engine, letter(2), job())
    assert await spool.count(engine.reading()) == 2


async def test_what_is_not_there(engine):
    assert await spool.letter(engine.reading(), 5) is None
    assert await spool.body(engine.reading(), 5) is None


@pytest.mark.parametrize(
    ("message", "new"), [(letter(1), []), (Spooled(1, 1, NOW, ALICE, 5), [job()])], ids=["no job", "no body"]
)
async def test_a_message_without_job_or_body_is_a_mistake(engine, message, new):
    with pytest.raises(ValueError, match="has a body and a job"):
        await put(engine, message, *new)


async def test_the_accepting_node_may_keep_a_job_for_itself(engine):
    mine = lease(node=1)
    new = NewJob("hamburger.test", copies(0), NOW, NOW + 9, NOW + 8, mine)
    message = letter(1)
    await put(engine, message, new)
    (late,) = await engine.write(lambda tx: jobs.claim(tx, [1], lease(2, NOW + 600_000_000), 9))
    own = jobs.own_job(message, 0, new)
    assert (late.epoch, late.alarm, late.expires) == (own.epoch + 1, own.alarm, own.expires)
    with pytest.raises(jobs.LeaseLost):
        await engine.write(lambda tx: jobs.settle(tx, own, [jobs.Outcome(0, final=True)]))


def test_a_job_that_is_nobodys_has_to_be_claimed():
    with pytest.raises(ValueError, match="has to be claimed"):
        jobs.own_job(letter(1), 0, job())
