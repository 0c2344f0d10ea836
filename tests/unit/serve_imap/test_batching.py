"""UIDBATCHES (RFC 10022)."""

import pytest

from imap_stage import Client, ImapStage
from imap_waiting import gone
from postroom.serve.imap import batching
from postroom.serve.imap.batching import LEAST_BATCH


async def _mailbox(stage: ImapStage, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Uids 2, 3, 5, 6, 7, 9, 10, and batches of two and more."""
    for _ in range(10):
        await stage.deliver()
    for uid in (1, 4, 8):
        await gone(stage, uid)
    monkeypatch.setattr(batching, "LEAST_BATCH", 2)
    return await stage.user(select="INBOX")


@pytest.mark.parametrize(
    ("command", "ranges"),
    [
        ("2", " 10:8,7:6,5:3,2:1"),
        ("3", " 10:7,6:3,2:1"),
        ("7", " 10:1"),
        ("500", " 10:1"),
        ("2 1:1", " 10:8"),
        ("2 2:3", " 7:6,5:3"),
        ("2 4:9", " 2:1"),
        ("2 5:9", ""),
        ("4294967295 1:4294967295", " 10:1"),
    ],
)
async def test_ranges(stage: ImapStage, monkeypatch: pytest.MonkeyPatch, command: str, ranges: str) -> None:
    bob = await _mailbox(stage, monkeypatch)
    assert await bob.ok(f"UIDBATCHES {command}") == [f'* UIDBATCHES (TAG "x"){ranges}']


async def test_each_batch_has_its_messages(stage: ImapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = await _mailbox(stage, monkeypatch)
    await bob.ok("UID SEARCH RETURN (SAVE) UID 2")
    (line,) = await bob.ok("UIDBATCHES 3")
    sizes = [len(await bob.ok(f"UID FETCH {one} UID")) for one in line.rsplit(" ", 1)[1].split(",")]
    assert sizes == [3, 3, 1]
    assert await bob.ok("UID SEARCH $") == ["* SEARCH 2"]


async def test_what_was_not_told_is_still_counted(stage: ImapStage, monkeypatch: pytest.MonkeyPatch) -> None:
    bob = await _mailbox(stage, monkeypatch)
    await bob.ok("NOTIFY NONE")
    await gone(stage, 10)
    await stage.deliver()
    assert await bob.ok("UIDBATCHES 4") == ['* UIDBATCHES (TAG "x") 10:6,5:1']


async def test_an_empty_mailbox_has_none(stage: ImapStage) -> None:
    bob = await stage.user(select="INBOX")
    assert await bob.ok("UIDBATCHES 500") == ['* UIDBATCHES (TAG "x")']


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (f"UIDBATCHES {LEAST_BATCH - 1}", "NO [TOOFEW]"),
        (f"UIDBATCHES {LEAST_BATCH}", "OK"),
        ("UIDBATCHES 0", "BAD"),
        ("UIDBATCHES", "BAD"),
        ("UIDBATCHES 500 2:1", "BAD"),
        ("UIDBATCHES 500 1", "BAD"),
        ("UIDBATCHES 500 0:1", "BAD"),
    ],
)
async def test_what_can_be_asked(stage: ImapStage, command: str, answer: str) -> None:
    bob = await stage.user(select="INBOX")
    assert (await bob.say(f"x {command}"))[-1].startswith(f"x {answer}")
