"""GETQUOTA and GETQUOTAROOT."""

from imap_stage import ALICE, BOB, ImapStage

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
    assert (await bob.say('a SETQUOTA "" (STORAGE 1)'))[-1].startswith("a BAD Unknown command")


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
