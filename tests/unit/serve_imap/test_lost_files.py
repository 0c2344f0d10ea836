"""Messages whose octets are lost, among others."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from imap_stage import ImapStage
from postroom.deliver.filing import make_durable
from postroom.serve.imap.fetching.streaming import PIECE
from postroom.store.blobs.blobs import BlobRef
from postroom.store.emails.delivery import deliver
from postroom.store.emails.fetching import Octets

RAW = b"Subject: x\r\nList-Id: x\r\n\r\n" + b"Pickles.\r\n" * 60_000


async def in_a_file(stage: ImapStage) -> Path:
    """A message comes; where its octets are."""
    letter = await stage.letter(RAW)
    await make_durable(stage.store.durable, letter)
    await stage.store.engine.write(partial(deliver, delivery=letter))
    assert stage.store.files is not None
    assert isinstance(letter.raw, BlobRef)
    return stage.store.files.path(letter.account_id, letter.raw.blob_id)


@pytest.mark.parametrize("left", [None, 2000])
@pytest.mark.parametrize(
    "what", ["BODY.PEEK[]", "BODY.PEEK[HEADER.FIELDS (LIST-ID)]", "BODY.PEEK[TEXT]<0.10>"]
)
async def test_a_message_whose_file_is_lost_keeps_nobody_from_the_others(
    stage: ImapStage, what: str, left: int | None
) -> None:
    path = await in_a_file(stage)
    await stage.deliver()
    await stage.deliver(RAW[:2000])
    if left is None:
        path.unlink()
    else:
        path.write_bytes(RAW[:left])
    bob = await stage.user(select="INBOX")
    *told, done = await bob.say(f"x FETCH 1:* (UID {what})")
    assert [line[:11] for line in told if line.startswith("* ")] == ["* 2 FETCH (", "* 3 FETCH ("]
    assert done.startswith("x NO [UNAVAILABLE] The octets of a message are lost here")
    assert await bob.ok("SEARCH TEXT pickles") == [f"* SEARCH {'1 ' * (left is not None)}3"]
    assert await bob.ok("FETCH 1 ENVELOPE")


async def test_that_one_has_become_seen_is_told_though_nothing_else_was(stage: ImapStage) -> None:
    (await in_a_file(stage)).unlink()
    bob = await stage.user(select="INBOX")
    told, done = await bob.say("x FETCH 1 BODY[]")
    assert told == "* 1 FETCH (UID 1 FLAGS (\\Seen \\Recent))"
    assert done.startswith("x NO [UNAVAILABLE]")


async def test_a_file_that_is_cut_meanwhile_ends_the_connection(
    stage: ImapStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside a literal nothing else can be said: an answer would be taken for a part of the message."""
    path = await in_a_file(stage)

    async def checked(_: Octets) -> None:
        path.write_bytes(RAW[: 3 * PIECE + 17])

    monkeypatch.setattr(Octets, "check", checked)
    bob = await stage.user(select="INBOX")
    with pytest.raises(ConnectionAbortedError):
        await bob.send(b"a FETCH 1 BODY.PEEK[]\r\n")
    said = bob.heard()
    assert bob.connection.closed
    assert said.startswith(b"* 1 FETCH (BODY[] {%d}\r\nSubject:" % len(RAW))
    assert len(said) < len(RAW)
    assert RAW.startswith(said[said.index(b"}\r\n") + 3 :])
