"""Long messages: a head in memory, the rest in a file without a name."""

import asyncio
import contextlib
import errno
import gc
import os
from pathlib import Path

import pytest

from postroom.message.envelope import BodyKind
from postroom.message.errors import NoSpace, TryLater
from postroom.message.headers.header import Header
from postroom.message.headers.trace import MAX_HEADER
from postroom.store.blobs import spilled
from postroom.store.blobs.spilled import Spill, Spilled, discard_leftovers, head_of, spilled_blob, with_head

HEAD = b"Subject: x\r\n\r\nfirst\r\n"


async def spill(directory, *pieces):
    made = Spill(directory)
    for piece in pieces:
        await made.add(piece)
    return made.message()


async def closed(directory):
    """Waits until no file of a directory is open any more; the test's own timeout ends it."""
    while descriptors(directory):
        await asyncio.sleep(0.01)


def descriptors(directory):
    """How many files below it this process has open, those without a name included."""
    gc.collect()
    found = 0
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(FileNotFoundError):
            found += str(entry.readlink()).startswith(f"{directory}/")
    return found


async def test_the_pieces_are_the_message(tmp_path):
    pieces = [HEAD, b"a" * 300_000, b"b" * 10]
    message = await spill(tmp_path, *pieces)
    assert isinstance(message, Spilled)
    assert b"".join(message) == message.whole() == b"".join(pieces)
    assert len(message) == sum(map(len, pieces))
    assert max(map(len, message)) <= spilled.PIECE
    assert head_of(message) == HEAD


@pytest.mark.parametrize("pieces", [(), (b"Subject: x\r\n",), (b"Subject: x\r\n", b"\r\n"), (HEAD,)])
async def test_what_has_no_body_yet_is_no_file(tmp_path, pieces):
    assert await spill(tmp_path / "none", *pieces) == b"".join(pieces)
    assert not (tmp_path / "none").exists()


async def test_a_header_without_end_is_kept_as_far_as_it_is_looked_at_and_seen_to_go_on(tmp_path):
    line = b"X: " + b"y" * 1019 + b"\r\n"
    message = await spill(tmp_path, *[line] * 1200)
    assert MAX_HEADER < len(head_of(message)) <= MAX_HEADER + len(line)
    assert Header.parse(head_of(message)).truncated
    assert message.whole() == line * 1200
    again = spilled_blob(lambda start, length: (line * 1200)[start : start + length], len(line) * 1200)
    assert Header.parse(head_of(again)).truncated


async def test_another_head(tmp_path):
    message = with_head(await spill(tmp_path, HEAD, b"rest"), b"Received: y\r\n" + HEAD)
    assert message.whole() == b"Received: y\r\n" + HEAD + b"rest"
    assert len(message) == len(message.whole())
    assert with_head(b"x", b"y") == b"y"


@pytest.mark.parametrize(
    ("rest", "declared", "kind"),
    [
        (b"plain", BodyKind.EIGHT_BIT, BodyKind.SEVEN_BIT),
        (b"caf\xc3\xa9", BodyKind.SEVEN_BIT, BodyKind.EIGHT_BIT),
        (b"\0", BodyKind.SEVEN_BIT, BodyKind.BINARY),
        (b"plain", BodyKind.BINARY, BodyKind.BINARY),
    ],
)
async def test_what_a_transport_must_carry(tmp_path, rest, declared, kind):
    assert (await spill(tmp_path, HEAD, rest)).kind(declared) is kind


async def test_nothing_is_left_of_it(tmp_path):
    message = await spill(tmp_path, HEAD, b"rest")
    assert list(tmp_path.iterdir()) == []
    assert descriptors(tmp_path) == 1
    del message
    await closed(tmp_path)


async def test_a_full_disk(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(NoSpace):
        await spill(tmp_path, HEAD, b"rest")
    await closed(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_leftovers_go(tmp_path):
    (tmp_path / "tmpx").write_bytes(b"half")
    discard_leftovers(tmp_path)
    discard_leftovers(tmp_path / "absent")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("size", [10, spilled.PIECE, spilled.PIECE * 6])
def test_a_file_as_a_message(size):
    octets = (b"X: y\r\n" * (size // 6 + 1))[:size]
    message = spilled_blob(lambda start, length: octets[start : start + length], size)
    assert message.whole() == octets
    assert len(head_of(message)) == min(size, MAX_HEADER + 1)


def test_a_file_that_has_become_shorter():
    message = spilled_blob(lambda start, length: HEAD[start : start + length], len(HEAD) + 1)
    with pytest.raises(TryLater):
        message.whole()
