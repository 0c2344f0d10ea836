"""Packings of reports: bombs, damage, what is cut off (M15)."""

from __future__ import annotations

import gzip
import io
import struct
import zipfile
import zlib

import pytest

from postroom.message.feedback import packing
from postroom.message.feedback.packing import BadReport, gzipped, unpack


def zipped(octets: bytes, name: str = "r.xml", method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.writestr(name, octets)
    return file.getvalue()


def streamed(octets: bytes) -> bytes:
    """A zip archive as one writes it who cannot go back: sizes stand behind."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    file = Pipe()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("r.xml", "w") as entry:
        entry.write(octets)
    return file.getvalue()


TEXT = b"<feedback>" + b"some words 123 " * 500


@pytest.mark.parametrize(
    "packed",
    [
        TEXT,
        gzip.compress(TEXT, mtime=0),
        gzipped(TEXT),
        zipped(TEXT),
        zipped(TEXT, method=zipfile.ZIP_STORED),
        streamed(TEXT),
        gzip.compress(TEXT, mtime=0) + b"rubbish",
        gzip.compress(TEXT, mtime=0) + gzip.compress(b"more"),
    ],
    ids=lambda _: "",
)
def test_what_is_unpacked(packed: bytes) -> None:
    assert unpack(packed) == TEXT


def test_it_is_packed_alike() -> None:
    assert gzipped(TEXT) == gzipped(TEXT)


@pytest.mark.parametrize(
    ("packed", "why"),
    [
        (gzip.compress(TEXT, mtime=0)[:-9], "cut off"),
        (gzip.compress(TEXT, mtime=0)[:5], "cut off"),
        (gzip.compress(TEXT, mtime=0)[:-5] + b"x" + gzip.compress(TEXT)[-4:], "damaged"),
        (b"\x1f\x8b" + b"\xff" * 50, "damaged"),
        (zipped(TEXT)[:20], "cut off"),
        (zipped(TEXT)[:80], "cut off"),
        (zipped(TEXT, method=zipfile.ZIP_STORED)[:200], "cut off"),
        (b"PK\x03\x04\x14\x00\x01\x00\x08\x00" + bytes(40), "encrypted"),
        (b"PK\x03\x04\x14\x00\x00\x00\x0c\x00" + bytes(40), "method 12"),
        (b"PK\x03\x04\x14\x00\x00\x00\x08\x00" + b"\xff" * 40, "cut off"),
        (gzip.compress(bytes(50_000_000), mtime=0), "packed octets become more than"),
        (gzip.compress(bytes(200 * 1024 * 1024 // 10), mtime=0), "packed octets become more than"),
        (zipped(bytes(50_000_000)), "packed octets become more than"),
    ],
    ids=lambda _: "",
)
def test_what_is_not(packed: bytes, why: str) -> None:
    with pytest.raises(BadReport, match=why):
        unpack(packed)


def test_the_limits_to_the_octet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "FREE", 1000)
    monkeypatch.setattr(packing, "MAX_UNPACKED", 5000)
    monkeypatch.setattr(packing, "MAX_RATIO", 100)
    raw = zlib.compressobj(9, zlib.DEFLATED, 31)
    assert len(unpack(gzipped(bytes(1000)))) == 1000
    dense = bytes(range(256)) * 20
    assert unpack(gzipped(dense[:5000])) == dense[:5000]
    with pytest.raises(BadReport):
        unpack(gzipped(dense[:5001]))
    assert len(unpack(dense[:5000])) == 5000
    with pytest.raises(BadReport, match="at most 5000 are read"):
        unpack(dense[:5001])
    monkeypatch.setattr(packing, "MAX_PACKED", 100)
    packed = raw.compress(bytes(100)) + raw.flush()
    assert unpack(packed + bytes(100 - len(packed))) == bytes(100)
    with pytest.raises(BadReport, match="at most 100 are unpacked"):
        unpack(packed + bytes(101 - len(packed)))


def test_few_octets_may_become_more_than_their_share_but_not_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "FREE", 10)
    packed = gzipped(bytes(100_000))
    assert len(packed) * packing.MAX_RATIO < 100_000
    with pytest.raises(BadReport):
        unpack(packed)


def test_packings_within_packings_stay() -> None:
    inner = gzip.compress(TEXT, mtime=0)
    assert unpack(gzip.compress(inner)) == inner


def test_an_archives_directory_is_not_read() -> None:
    entry = zipped(TEXT)
    forged = entry[: entry.index(b"PK\x01\x02")] + b"PK\x01\x02" + struct.pack("<I", 0xFFFFFFFF) * 1000
    assert unpack(forged) == TEXT
