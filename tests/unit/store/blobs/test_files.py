import errno
import hashlib
import os
from pathlib import Path

import pytest

from postroom.message.errors import NoSpace, TryLater
from postroom.store.blobs.files import BlobFiles
from postroom.store.blobs.spilled import Spill
from postroom.store.engine.disk_errors import FileLost

BODY = bytes(range(256)) * 20


@pytest.fixture
def files(tmp_path):
    return BlobFiles(tmp_path / "blobs")


def test_octets_come_back(files):
    ref = files.write(1, 2, BODY)
    assert (ref.blob_id, ref.size, ref.digest) == (2, len(BODY), hashlib.sha256(BODY).digest())
    assert files.read(1, 2) == BODY
    assert files.digest(1, 2, contents=True) == (len(BODY), ref.digest)
    assert files.digest(1, 2, contents=False) == (len(BODY), b"")


@pytest.mark.parametrize(("start", "length"), [(0, 10), (5000, 500), (9999, 5), (10, None), (0, 0)])
def test_ranges(files, start, length):
    files.write(1, 2, BODY)
    end = None if length is None else start + length
    assert files.read(1, 2, start, length) == BODY[start:end]


async def test_a_spilled_body_is_written_for_several(files, tmp_path):
    spill = Spill(tmp_path / "incoming")
    for piece in (b"A: b\r\n\r\n", BODY, BODY):
        await spill.add(piece)
    message = spill.message()
    refs = [files.write(account, 7, message) for account in (1, 2)]
    assert refs[0] == refs[1] == files.write(3, 7, message.whole())
    assert files.read(1, 7) == files.read(2, 7) == b"A: b\r\n\r\n" + BODY + BODY


async def test_a_full_disk_leaves_nothing(files, tmp_path, monkeypatch):
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(NoSpace):
        files.write(1, 2, BODY)
    assert list(files.parts()) == list(files.listing()) == []


def full(descriptor):
    raise OSError(errno.ENOSPC, "full")


def test_a_file_that_is_lost_is_not_a_disk_that_is_not_there(files):
    with pytest.raises(TryLater) as away:
        files.read(1, 2)
    files.write(1, 3, BODY)
    with pytest.raises(FileLost):
        files.read(1, 2)
    assert not isinstance(away.value, FileLost)


def test_removal_is_repeatable(files):
    files.write(1, 2, BODY)
    files.remove(1, 2)
    files.remove(1, 2)
    assert files.digest(1, 2, contents=True) is None
    with pytest.raises(TryLater):
        files.read(1, 2)


def test_an_id_is_never_used_again(files):
    files.write(1, 2, BODY)
    part = files.path(1, 3).with_suffix(".part")
    part.write_bytes(b"half")
    with pytest.raises(TryLater):
        files.write(1, 3, BODY)
    assert [path for path, _ in files.parts()] == [part]
    assert [(account, blob) for account, blob, _ in files.listing()] == [(1, 2)]


def test_foreign_files_are_passed_over(files):
    assert list(files.listing()) == []
    files.write(1, 2, BODY)
    files.path(1, 2).with_name("README").write_text("x")
    (files.path(1, 2).parent.parent / "lost+found").mkdir()
    assert len(list(files.listing())) == 1


def test_files_that_come_to_their_name_or_go_meanwhile(files):
    """A check goes through them beside the server."""
    for number in range(1, 5):
        files.write(1, number, BODY)
    parts = [files.path(1, 10 + number).with_suffix(".part") for number in range(3)]
    for part in parts:
        part.write_bytes(b"half")
    listed = files.listing()
    seen = [next(listed)[1]]
    files.remove(1, 3)
    parts[0].rename(files.path(1, 10))
    assert [*seen, *(blob for _, blob, _ in listed)] == [1, 2, 4]
    unfinished = files.parts()
    next(unfinished)
    parts[2].rename(files.path(1, 12))
    assert list(unfinished) == []


@pytest.mark.parametrize(("number", "error"), [(errno.ENOSPC, NoSpace), (errno.EIO, TryLater)])
def test_a_failed_fsync_leaves_no_file(files, monkeypatch, number, error):
    def fails(descriptor):
        raise OSError(number, os.strerror(number))

    files.write(1, 1, BODY)
    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(error):
        files.write(1, 2, BODY)
    assert files.digest(1, 2, contents=True) is None


def test_the_file_is_durable_before_its_name_and_the_name_before_the_answer(files, monkeypatch):
    files.write(1, 1, b"the directories are there")
    events = []
    fsync, rename = os.fsync, os.rename
    monkeypatch.setattr(
        os, "fsync", lambda fd: (events.append(str(Path(f"/proc/self/fd/{fd}").readlink())), fsync(fd))
    )
    monkeypatch.setattr(os, "rename", lambda a, b: (events.append("rename"), rename(a, b)))
    files.write(1, 2, BODY)
    path = files.path(1, 2)
    assert events == [str(path.with_suffix(".part")), "rename", str(path.parent)]
