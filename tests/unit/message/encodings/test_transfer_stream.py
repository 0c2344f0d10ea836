"""Decoding in pieces gives what decoding the whole gives."""

from __future__ import annotations

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from postroom.message.encodings import transfer
from postroom.message.encodings.transfer_stream import MAX_LINE, Decoder, LineEnds, QuotedPrintable, decoder
from postroom.wire.dots import only_crlf

ENCODINGS = st.sampled_from(["base64", "quoted-printable", "7bit"])
BODIES = st.one_of(
    st.binary(max_size=200),
    st.text(alphabet="AZaz09+/= \t\r\n=", max_size=200).map(str.encode),
    st.binary(max_size=200).map(base64.encodebytes),
)


def _in_pieces(undo: Decoder, body: bytes, size: int) -> bytes:
    pieces = [undo.feed(body[at : at + size]) for at in range(0, len(body), size)]
    return b"".join([*pieces, undo.finish()])


@given(ENCODINGS, BODIES, st.integers(1, 50))
@example("base64", b"YQ==Yg==", 3)
@example("base64", b"YQ=", 1)
@example("base64", b"A=QUJD", 2)
@example("quoted-printable", b"a =20 \t \r\nb=\r\nc= ", 2)
@example("quoted-printable", b"x=\ry=0\r\n=0Dz", 1)
def test_pieces(encoding: str, body: bytes, size: int) -> None:
    assert _in_pieces(decoder(encoding), body, size) == transfer.decode(body, encoding).octets


@given(st.text(alphabet="ab\r\n", max_size=100).map(str.encode), st.integers(1, 9))
def test_line_ends(text: bytes, size: int) -> None:
    assert _in_pieces(LineEnds(decoder("")), text, size) == only_crlf(text)


@pytest.mark.parametrize("length", [MAX_LINE, MAX_LINE + 1, 3 * MAX_LINE])
def test_a_line_without_end_is_not_kept(length: int) -> None:
    undo = decoder("quoted-printable")
    body = b"=41" * (length // 3) + b"B" * (length % 3)
    kept = largest = 0
    out = []
    for at in range(0, length, 1000):
        out.append(undo.feed(body[at : at + 1000]))
        kept += len(body[at : at + 1000])
        largest = max(largest, kept - 3 * sum(map(len, out)))
    assert b"".join([*out, undo.finish()]) == transfer.decode(body, "quoted-printable").octets
    assert largest <= MAX_LINE + 1000


@pytest.mark.parametrize("signs", [b"=", b"==", b"===", b"====="])
@pytest.mark.parametrize("before", range(MAX_LINE - 6, MAX_LINE + 2))
def test_signs_where_a_long_line_is_cut(signs: bytes, before: int) -> None:
    body = b"x" * before + signs + b"41" + b"y" * MAX_LINE
    assert _in_pieces(QuotedPrintable(), body, 1 << 15) == transfer.decode(body, "quoted-printable").octets
    assert _in_pieces(QuotedPrintable(), body, before + 2) == transfer.decode(body, "quoted-printable").octets


def test_white_space_without_end_is_not_kept() -> None:
    undo = QuotedPrintable()
    for _ in range(30):
        undo.feed(b" " * 10_000)
        assert len(undo._kept) <= 2 * MAX_LINE
    undo.feed(b"x")
    assert undo.finish().endswith(b"x")
