"""Signed letters, damaged at random: dkimpy and we agree on which still verify.

Left out are letters on which RFC 6376 is plain and dkimpy goes another way: a space before a colon (§3.4.2), a CR or LF by itself, and white
space at the end of a last line without CRLF (§3.4.4).
"""

from __future__ import annotations

import base64
import logging
import random
import re

import dkim
import pytest

from dkim_post import LETTER, check, ed25519, keys, zone
from postroom.mailauth.dkim.signing import SigningTerms, sign

PAST, FAR = 1_700_000_000, 2_000_000_000
HEADER = LETTER.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
TEXT = (b"abc", b" ", b"  ", b"\t", b"\r\n", b"\r\n\r\n", b"x y")
DAMAGE = (
    *(b" ", b"\t", b"\r\n", b"\r\n ", b"  ", b";", b"=", b"a", b"\r\n\r\n", b":", b" \r\n", b"; ", b"v=1"),
    *(b"l=5;", b"\xff", b"From: x@y\r\n", b"Subject: z\r\n"),
)
DISPUTED = re.compile(rb"(?<!\r)\n|\r(?!\n)|\n[!-9;-~]+[ \t]+:|[ \t]\r\n\Z|[^\n]\Z")
RECORDS = {f"{name}.".encode(): text.encode() for name, text in zone().items()}


def signed(chance: random.Random) -> bytes:
    letter = HEADER + b"".join(chance.choice(TEXT) for _ in range(chance.randrange(12))) + b"x\r\n"
    if chance.random() < 0.5:
        return b"".join(sign(letter, keys()[1:], PAST, SigningTerms(life=0))) + letter
    made: bytes = dkim.sign(
        letter,
        b"e1",
        b"crepes.test",
        base64.b64encode(ed25519()._key.private_bytes_raw()),
        canonicalize=(chance.choice((b"simple", b"relaxed")), chance.choice((b"simple", b"relaxed"))),
        signature_algorithm=b"ed25519-sha256",
        length=chance.random() < 0.1,
    )
    return made + letter


def damaged(raw: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.choice((0, 1, 1, 2))):
        place, removed = chance.randrange(len(raw)), chance.choice((0, 0, 1, 2))
        raw = raw[:place] + chance.choice((b"", *DAMAGE)) + raw[place + removed :]
    return raw


def other(raw: bytes) -> bool:
    try:
        return bool(dkim.DKIM(raw).verify(0, dnsfunc=lambda name, timeout=5: RECORDS.get(name)))
    except Exception:  # noqa: BLE001 -- what it raises for a damaged letter is its own
        return False


@pytest.mark.parametrize("seed", range(8))
def test_we_agree(seed: int, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    chance = random.Random(seed)
    verdicts = set()
    for _ in range(50):
        raw = damaged(signed(chance), chance)
        if DISPUTED.search(raw):
            continue
        results = check(raw, now=FAR)
        passed = bool(results) and results[0].passed
        assert passed == other(raw), (raw, results)
        verdicts.add(passed)
    assert verdicts == {True, False}
