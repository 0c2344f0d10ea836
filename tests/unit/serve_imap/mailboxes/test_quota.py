"""GETQUOTA and GETQUOTAROOT."""

import pytest

from imap_stage import ALICE, BOB, ImapStage
from postroom.message.address import parse_mailbox
from postroom.store.administration import domains
from postroom.store.administration.domains import Rules

SET = "UPDATE accounts SET quota_bytes = $2, quota_msgs = $3 WHERE account_id = $1"
SHARED = '"Other Users/alice@crepes.test/%s"'


async def limit(stage: ImapStage, address: str, octets: int, messages: int = 0) -> None:
    account_id = stage.logins.people[address]
    await stage.store.engine.write(lambda tx: tx.execute(SET, account_id, octets, messages))


async def test_without_limits_there_is_no_root(stage: ImapStage) -> None:
    bob = await stage.user()
    assert await bob.ok("GETQUOTAROOT INBOX") == ['* QUOTAROOT "INBOX"']
    assert (await bob.say(f'a GETQUOTA "#user/{BOB}"'))[-1] == "a NO [NONEXISTENT] No such quota root"


async def test_what_is_used_and_what_may_be(stage: ImapStage) -> None:
    await stage.deliver(b"Subject: x\r\n\r\n" + b"x" * 1500)
    await limit(stage, BOB, 1 << 20, 100)
    bob = await stage.user()
    told = f'* QUOTA "#user/{BOB}" (STORAGE 2 1024 MESSAGE 1 100)'
    assert await bob.ok("GETQUOTAROOT INBOX") == [f'* QUOTAROOT "INBOX" "#user/{BOB}"', told]
    assert await bob.ok("GETQUOTAROOT not/yet/there") == [
        f'* QUOTAROOT "not/yet/there" "#user/{BOB}"',
        told,
    ]
    assert await bob.ok(f'GETQUOTA "#user/{BOB}"') == [told]
    await limit(stage, BOB, 1 << 20)
    assert await bob.ok(f'GETQUOTA "#user/{BOB}"') == [f'* QUOTA "#user/{BOB}" (STORAGE 2 1024)']


async def test_of_others_only_where_one_may_read(stage: ImapStage) -> None:
    await limit(stage, ALICE, 2048)
    alice, bob = await stage.user(ALICE), await stage.user()
    no = "a NO [NONEXISTENT] No such quota root"
    for root in (f"#user/{ALICE}", "#user/nobody@crepes.test", "nonsense", ""):
        assert (await bob.say(f'a GETQUOTA "{root}"'))[-1] == no
    await alice.ok(f"SETACL INBOX {BOB} l")
    assert (await bob.say(f'a GETQUOTA "#user/{ALICE}"'))[-1] == no
    assert (await bob.say("a GETQUOTAROOT " + SHARED % "INBOX"))[-1].startswith("a NO [NOPERM]")
    await alice.ok(f"SETACL INBOX {BOB} +r")
    assert await bob.ok("GETQUOTAROOT " + SHARED % "INBOX") == [
        f'* QUOTAROOT {SHARED % "INBOX"} "#user/{ALICE}"',
        f'* QUOTA "#user/{ALICE}" (STORAGE 0 2)',
    ]
    assert await bob.ok(f'GETQUOTA "#user/{ALICE}"') == [f'* QUOTA "#user/{ALICE}" (STORAGE 0 2)']


async def administrator(stage: ImapStage, address: str) -> None:
    """Names somebody as the administrator."""
    rules = Rules("+", parse_mailbox(address))
    await stage.store.engine.write(lambda tx: domains.set_rules(tx, rules))


async def test_the_administrator_sets_quotas(stage: ImapStage) -> None:
    await administrator(stage, BOB)
    alice, bob = await stage.user(ALICE), await stage.user()
    root = f"#user/{ALICE}"
    assert await bob.ok(f'SETQUOTA "{root}" (STORAGE 10 MESSAGE 2)') == [
        f'* QUOTA "{root}" (STORAGE 0 10 MESSAGE 0 2)'
    ]
    assert await bob.ok(f'GETQUOTA "{root}"') == [f'* QUOTA "{root}" (STORAGE 0 10 MESSAGE 0 2)']
    for _ in range(2):
        await alice.ok("APPEND INBOX {4+}\r\n\r\nx\r")
    assert (await alice.say("a APPEND INBOX {4+}", "", "x\r"))[-1].startswith("a NO [OVERQUOTA]")
    assert await bob.ok(f'SETQUOTA "{root}" (storage 1)') == [f'* QUOTA "{root}" (STORAGE 1 1)']
    await alice.ok("APPEND INBOX {4+}\r\n\r\nx\r")  # what is not named has no limit any more
    assert await bob.ok(f'SETQUOTA "{root}" ()') == [f'* QUOTA "{root}" ()']
    assert await alice.ok("GETQUOTAROOT INBOX") == ['* QUOTAROOT "INBOX"']


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ('"#user/nobody@crepes.test" (STORAGE 1)', "NO [NONEXISTENT] No such quota root"),
        ('"" (STORAGE 1)', "NO [NONEXISTENT] No such quota root"),
        (f'"#user/{ALICE}" (STORAGE 0)', "NO [CANNOT] A limit is at least 1"),
        (f'"#user/{ALICE}" (MAILBOX 5)', "NO [CANNOT] There are limits of STORAGE and MESSAGE"),
        (f'"#user/{ALICE}" (STORAGE 5 STORAGE 6)', "BAD A limit is named once"),
        (f'"#user/{ALICE}" (STORAGE)', "BAD Expected a space"),
        (f'"#user/{ALICE}"', "BAD Expected a space"),
    ],
)
async def test_what_the_administrator_cannot_set(stage: ImapStage, command: str, answer: str) -> None:
    await administrator(stage, BOB)
    bob = await stage.user()
    assert (await bob.say(f"a SETQUOTA {command}"))[-1].startswith(f"a {answer}")


async def test_a_limit_of_more_than_there_can_be_is_rounded(stage: ImapStage) -> None:
    await administrator(stage, BOB)
    bob = await stage.user()
    most = (1 << 63) - 1
    assert await bob.ok(f'SETQUOTA "#user/{BOB}" (STORAGE {most} MESSAGE {most})') == [
        f'* QUOTA "#user/{BOB}" (STORAGE 0 {most // 1024} MESSAGE 0 {most})'
    ]
    assert (await bob.say(f'a SETQUOTA "#user/{BOB}" (MESSAGE {most + 1})'))[-1].startswith("a BAD")


async def test_nobody_else_sets_quotas(stage: ImapStage) -> None:
    await administrator(stage, "hostmaster@hamburger.test")  # who has no account
    bob = await stage.user()
    no = "a NO [NOPERM] Only the administrator sets quotas"
    for root in (f"#user/{BOB}", f"#user/{ALICE}", "nonsense"):
        assert (await bob.say(f'a SETQUOTA "{root}" (STORAGE 1)'))[-1] == no
