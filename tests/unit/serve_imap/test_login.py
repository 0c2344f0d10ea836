"""Coming and going: what is left of a session when somebody else logs in."""

from __future__ import annotations

import zlib

import pytest

from imap_stage import ALICE, ImapStage

_FLUSHED = b"\0\0\xff\xff"  # how the server's compressed octets end


@pytest.mark.parametrize("cut", [0, 1, 7])
@pytest.mark.parametrize("end", [zlib.Z_SYNC_FLUSH, zlib.Z_FINISH])
async def test_unauthenticate_ends_compression(stage: ImapStage, end: int, cut: int) -> None:
    """RFC 8437 §4.1: behind OK the server compresses no more, behind UNAUTHENTICATE the client; §3: it need not wait."""
    bob = await stage.user(cut=cut)
    await bob.ok("COMPRESS DEFLATE")
    deflate = zlib.compressobj(wbits=-15)
    noop = deflate.compress(b"a NOOP\r\n") + deflate.flush(zlib.Z_SYNC_FLUSH)
    left = deflate.compress(b"b UNAUTHENTICATE\r\n") + deflate.flush(end)
    said = await bob.send(noop + left + f"c LOGIN {ALICE} hungry\r\nd COMPRESS DEFLATE\r\n".encode())
    compressed, _, plain = said.rpartition(_FLUSHED)
    heard = zlib.decompressobj(-15).decompress(compressed + _FLUSHED)
    assert heard.startswith(b"a OK Nothing done\r\nb OK [CAPABILITY ")
    assert heard.endswith(b"] Nobody is logged in now\r\n")
    login, again, _ = plain.split(b"\r\n")
    assert login.startswith(b"c OK [CAPABILITY ")
    assert b" COMPRESS=DEFLATE" in login
    assert again == b"d OK DEFLATE is on behind this line"
    bob.compress()
    assert await bob.say("e NOOP") == ["e OK Nothing done"]
