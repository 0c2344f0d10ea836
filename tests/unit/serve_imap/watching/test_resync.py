"""SELECT with QRESYNC."""

from typing import Any

import pytest

from imap_stage import ImapStage
from postroom.serve.imap.fetching import fetching
from postroom.serve.imap.watching import selecting
from postroom.store import pruning
from postroom.store.emails import expunge, flagging
from postroom.store.emails.flagging import FlagChange, Mode
from postroom.store.mailboxes import views
from postroom.store.mailboxes.flags import Flag
from postroom.store.mailboxes.rights import MailboxRef


async def _history(stage: ImapStage) -> tuple[MailboxRef, int, int]:
    """Ten letters; then 3, 4 and 8 go and 5 is seen. Gives the mailbox, its UIDVALIDITY and the modseq between."""
    delivered = [await stage.deliver() for _ in range(10)]
    ref = MailboxRef(delivered[0].account_id, delivered[0].mailbox_id)
    between = delivered[-1].modseq
    engine = stage.store.engine
    await engine.write(lambda tx: expunge.expunge(tx, ref, [(3, 4), (8, 8)], stage.now))
    await engine.write(lambda tx: flagging.store_flags(tx, ref, [(5, 5)], FlagChange(Mode.ADD, Flag.SEEN)))
    return ref, delivered[0].uidvalidity, between


@pytest.mark.parametrize(
    ("rest", "gone", "changed"),
    [
        ("", "3:4,8", True),
        (" 1:7", "3:4", True),
        (" 6:10", "8", False),
        (" 1,2", None, False),
        (" 1:10 (1:2 1:2)", "3:4,8", True),
    ],
)
@pytest.mark.parametrize("most", [1, 2_000])
async def test_what_happened_since(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch, rest: str, gone: str | None, changed: bool, most: int
) -> None:
    monkeypatch.setattr(views, "CHANGED_AT_ONCE", most)
    _, validity, between = await _history(stage)
    bob = await stage.user()
    await bob.ok("ENABLE QRESYNC")
    lines = await bob.ok(f"SELECT INBOX (QRESYNC ({validity} {between}{rest}))")
    assert [line for line in lines if "VANISHED" in line] == (
        [f"* VANISHED (EARLIER) {gone}"] if gone else []
    )
    assert ("* 3 FETCH (UID 5 FLAGS (\\Seen" in "\n".join(lines)) == changed


@pytest.mark.parametrize(
    ("rest", "gone"),
    [
        (" 1:10", "3:4,8"),
        ("", "3:4,8"),
        (" 1:10 (1:5 1,2,5:7)", "8"),
        (" 1:10 (1:3,9 1:3,10)", "3:4,8"),
        (" 9:10", None),
    ],
)
async def test_below_the_floor(stage: ImapStage, rest: str, gone: str | None) -> None:
    """What vanished was forgotten: what is not there is told, but for what the match shows to be known."""
    ref, validity, between = await _history(stage)

    async def forget(tx: object) -> None:
        await tx.execute("DELETE FROM vanished")  # type: ignore[attr-defined]
        await tx.execute("UPDATE mailboxes SET vanished_floor = 1000 WHERE mailbox_id = $1", ref.mailbox_id)  # type: ignore[attr-defined]

    await stage.store.engine.write(forget)  # type: ignore[arg-type]
    bob = await stage.user()
    await bob.ok("ENABLE QRESYNC")
    lines = await bob.ok(f"SELECT INBOX (QRESYNC ({validity} {between}{rest}))")
    assert [line for line in lines if "VANISHED" in line] == (
        [f"* VANISHED (EARLIER) {gone}"] if gone else []
    )


@pytest.mark.parametrize(("module", "step"), [(selecting, "_describe"), (fetching, "_wanted")])
async def test_what_is_forgotten_meanwhile(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch, module: Any, step: str
) -> None:
    """Between the look at the mailbox and the one at what has vanished: the client would keep the messages for ever."""
    _, validity, between = await _history(stage)
    bob = await stage.user()
    await bob.ok("ENABLE QRESYNC")
    if module is fetching:
        await bob.ok("SELECT INBOX")
    real = getattr(module, step)

    async def slowly(*arguments: Any) -> Any:
        await pruning.prune(stage.store.engine, stage.now)
        return await real(*arguments)

    monkeypatch.setattr(pruning, "VANISHED_ROWS", 1)
    monkeypatch.setattr(module, step, slowly)
    lines = await bob.ok(
        f"UID FETCH 1:10 FLAGS (CHANGEDSINCE {between} VANISHED)"
        if module is fetching
        else f"SELECT INBOX (QRESYNC ({validity} {between}))"
    )
    assert [line for line in lines if "VANISHED" in line] == ["* VANISHED (EARLIER) 3:4,8"]
    assert not any("BYE" in line for line in lines)


async def test_another_uidvalidity_and_no_enable(stage: ImapStage) -> None:
    await _history(stage)
    bob = await stage.user()
    assert (await bob.say("a SELECT INBOX (QRESYNC (5 1))"))[
        -1
    ] == "a BAD Say ENABLE QRESYNC first (RFC 7162 section 3.2.5)"
    await bob.ok("ENABLE QRESYNC")
    assert not any(
        "VANISHED" in line or "FETCH" in line for line in await bob.ok("SELECT INBOX (QRESYNC (5 1))")
    )


async def test_expunges_are_told_by_uid(stage: ImapStage) -> None:
    ref, _, _ = await _history(stage)
    bob = await stage.user()
    await bob.ok("ENABLE QRESYNC")
    await bob.ok("SELECT INBOX")
    await stage.store.engine.write(lambda tx: expunge.expunge(tx, ref, [(5, 6), (10, 10)], stage.now))
    assert await bob.ok("NOOP") == ["* VANISHED 5:6,10"]
