"""Hostile headers, keys and chains: nothing raises, and whatever comes has a verdict."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dkim_post import LETTER, NOW, Keys, check, signed, zone
from postroom.mailauth.arc.validation import validate
from postroom.mailauth.dkim.results import Verdict
from postroom.mailauth.dkim.tags import MAX_TAG_LIST

GOOD = "v=1; a=ed25519-sha256; c=relaxed/relaxed; d=crepes.test; s=e1; h=from:to; bh=AAAA; b=AAAA; "
PIECES = st.sampled_from(
    [
        b"v=1",
        b"a=rsa-sha256",
        b"d=crepes.test",
        b"s=r1",
        b"h=from",
        b"bh=AA==",
        b"b=AA==",
        b"i=1",
        b"cv=none",
        b"l=0",
        b"c=simple",
        b"t=1",
        b"x=9",
        b"q=dns/txt",
        b";",
        b"=",
        b" ",
        b"\r\n ",
        b"\r\n\t\r\n ",
        b"\x00",
        b"\xff",
        b"(",
        b"b",
    ]
)
VALUE = st.lists(PIECES, max_size=25).map(b"; ".join) | st.lists(PIECES, max_size=25).map(b"".join)
NAME = st.sampled_from(
    [
        b"DKIM-Signature",
        b"ARC-Seal",
        b"ARC-Message-Signature",
        b"ARC-Authentication-Results",
        b"From",
        b"dkim-signature ",
    ]
)
HEADERS = st.lists(st.tuples(NAME, VALUE).map(b": ".join), max_size=12).map(b"\r\n".join)


@given(HEADERS, st.binary(max_size=50))
def test_any_header_has_verdicts(header: bytes, body: bytes) -> None:
    raw = header + b"\r\n\r\n" + body
    for result in check(raw):
        assert not result.passed
        assert result.explained()
    assert asyncio.run(validate(raw, Keys(zone()), NOW)).verdict in (Verdict.NONE, Verdict.FAIL)


@given(st.integers(0, 10_000), st.binary(min_size=1, max_size=4))
def test_a_damaged_letter_does_not_pass_by_accident(place: int, octets: bytes) -> None:
    """What is put over the signed body or header is found, unless it is the same in the relaxed form."""
    good = signed()
    place %= len(good)
    bad = good[:place] + octets + good[place + len(octets) :]
    same = b"".join(bad.split()).lower() == b"".join(good.split()).lower()
    assert same or sum(one.passed for one in check(bad)) < 2


@given(st.binary(max_size=300) | VALUE)
def test_any_record_has_a_verdict(record: bytes) -> None:
    texts = Keys(dict.fromkeys(zone(), record))
    assert {one.passed for one in check(signed(), texts)} == {False}


@pytest.mark.parametrize(
    "tags",
    [
        "h=" + "from:" * 10_000 + "to; ",
        "z=" + "x" * (MAX_TAG_LIST - 200) + "; ",
        "z=" + "x" * MAX_TAG_LIST + "; ",
        "".join(f"t{number}=; " for number in range(8000)),
        "; " * 30_000,
        "b" * 60_000,
        "i=" + "=41" * 20_000 + "@crepes.test; ",
        "i=" + "@" * 60_000 + "; ",
        "d=" + "a." * 30_000 + "test; ",
        "d=" + "é." * 20_000 + "test; ",
        "s=" + "-" * 60_000 + "; ",
        "l=" + "9" * 60_000 + "; ",
        "\r\n " * 20_000,
        "(" * 60_000,
    ],
)
def test_huge_tags(tags: str) -> None:
    own = tags.partition("=")[0] + "="
    kept = "; ".join(tag for tag in GOOD.split("; ") if tag and not tag.startswith(own))
    for text in (f"{kept}; {tags}", f"{tags}{kept}"):
        raw = f"DKIM-Signature: {text}\r\n".encode() + LETTER
        assert [one.passed for one in check(raw)] == [False]
        chain = raw.replace(b"DKIM-Signature", b"ARC-Seal", 1)
        assert asyncio.run(validate(chain, Keys(zone()), NOW)).verdict is Verdict.FAIL
        chain = raw.replace(b"DKIM-Signature", b"ARC-Authentication-Results", 1)
        assert asyncio.run(validate(chain, Keys(zone()), NOW)).verdict is Verdict.FAIL


def test_a_thousand_signatures_over_a_huge_header() -> None:
    fields = b"X-A: " + b"a " * 30_000 + b"\r\n"
    tags = GOOD.replace("h=from:to", "h=" + ":".join(["from"] + ["x-a"] * 10))
    raw = f"DKIM-Signature: {tags}\r\n".encode() * 1000 + fields * 10 + LETTER
    texts = Keys(zone())
    assert len(check(raw, texts)) == 8
    assert len(texts.asked) == 8
