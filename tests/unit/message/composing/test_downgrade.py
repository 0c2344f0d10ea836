"""Conversion for next hops that take fewer kinds of octets: the content stays, the octets become fit."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.composing.downgrade import downgrade
from postroom.message.encodings.transfer import decode
from postroom.message.errors import ConversionRequired
from postroom.message.mime.structure import scan
from postroom.wire.dots import is_canonical

TEXT = "Crêpes à la crème".encode()


def leaves(raw: bytes) -> list[tuple[str, bytes]]:
    """Media type and decoded content of each leaf."""
    return [
        (
            f"{part.media_type}/{part.subtype}",
            decode(raw[part.body_start : part.body_end], part.encoding).octets,
        )
        for part in scan(raw).parts
        if part.leaf
    ]


def multipart(*parts: bytes, subtype: bytes = b"mixed", encoding: bytes = b"8bit") -> bytes:
    head = b"MIME-Version: 1.0\r\nContent-Type: multipart/%b; boundary=b\r\n" % subtype
    head += b"Content-Transfer-Encoding: %b\r\n\r\n" % encoding
    return head + b"".join(b"--b\r\n%b\r\n" % part for part in parts) + b"--b--\r\n"


def text(body: bytes, encoding: bytes = b"8bit") -> bytes:
    return b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: %b\r\n\r\n%b" % (
        encoding,
        body,
    )


def test_what_is_fit_is_the_same_object() -> None:
    raw = b"Subject: x\r\n\r\nplain\r\n"
    assert downgrade(raw, eight_bit=False) is raw
    wide = b"Subject: x\r\n\r\n" + TEXT
    assert downgrade(wide, eight_bit=True) is wide


def test_one_field_and_the_body_change() -> None:
    raw = b"X: 1\r\ncontent-transfer-encoding: 8BIT\r\nMIME-Version: 1.0\r\nY:\r\n 2\r\n\r\n" + TEXT + b"\r\n"
    expected = b"X: 1\r\nContent-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0\r\nY:\r\n 2\r\n\r\n"
    assert downgrade(raw, eight_bit=False) == expected + b"Cr=C3=AApes =C3=A0 la cr=C3=A8me\r\n"


def test_a_message_that_was_not_mime_becomes_mime() -> None:
    converted = downgrade(b"Subject: x\r\n\r\nsome more words: " + TEXT, eight_bit=False)
    assert converted.startswith(
        b"Subject: x\r\nContent-Transfer-Encoding: quoted-printable\r\nMIME-Version: 1.0\r\n\r\n"
    )


def test_containers_say_what_they_hold_now_and_others_stay() -> None:
    plain = text(b"untouched =20", b"7bit")
    raw = multipart(text(TEXT), plain)
    converted = downgrade(raw, eight_bit=False)
    assert b"Content-Transfer-Encoding: 7bit\r\n\r\n--b" in converted
    assert plain in converted
    assert leaves(converted) == leaves(raw)


def test_a_message_inside_is_converted_in_its_place() -> None:
    inner = b"Subject: inner\r\nMIME-Version: 1.0\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + TEXT
    raw = multipart(b"Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" + inner)
    converted = downgrade(raw, eight_bit=False)
    assert converted.isascii()
    assert leaves(converted) == leaves(raw)


def test_binary_for_a_hop_that_takes_eight_bits() -> None:
    octets = bytes(range(256)) * 8
    head = b"Content-Type: image/png\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    raw = multipart(text(TEXT), head + octets, encoding=b"binary")
    converted = downgrade(raw, eight_bit=True)
    assert is_canonical(converted)
    assert TEXT in converted
    assert leaves(converted) == [("text/plain", TEXT), ("image/png", octets)]


@pytest.mark.parametrize(
    "raw",
    [
        multipart(text(TEXT), text(b"sig", b"7bit"), subtype=b"signed"),
        multipart(multipart(text(TEXT), subtype=b"signed").replace(b"=b", b"=c").replace(b"--b", b"--c")),
        b"Subject: " + TEXT + b"\r\n\r\nplain",
        b"Content-Type: message/partial\r\n\r\n" + TEXT,
        b"Content-Transfer-Encoding: base64\r\n\r\n" + TEXT,
        multipart(text(b"x", b"7bit")).replace(b"--b\r\n", TEXT + b"\r\n--b\r\n", 1),
        multipart(text(TEXT)).replace(b"boundary=b", b"boundary=c"),
        multipart(multipart(text(TEXT)).replace(b"boundary=b", b"boundary=c").replace(b"--b", b"--d")),
        b"".join(b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n) for n in range(101))
        + text(TEXT),
    ],
    ids=[
        "signed",
        "signed inside",
        "header",
        "message/partial",
        "not base64",
        "preamble",
        "no part",
        "no part inside",
        "too deep",
    ],
)
def test_what_cannot_be_converted(raw: bytes) -> None:
    with pytest.raises(ConversionRequired):
        downgrade(raw, eight_bit=False)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=4), st.booleans(), st.booleans())
def test_the_content_is_the_same_and_fit(bodies: list[bytes], eight_bit: bool, as_text: bool) -> None:
    kind = b"text/plain; charset=utf-8" if as_text else b"application/octet-stream"
    head = b"Content-Type: %b\r\nContent-Transfer-Encoding: binary\r\n\r\n" % kind
    raw = multipart(*(head + body.replace(b"--b", b"") for body in bodies), encoding=b"binary")
    converted = downgrade(raw, eight_bit=eight_bit)
    assert is_canonical(converted)
    assert eight_bit or converted.isascii()
    assert leaves(converted) == leaves(raw)


def test_long_lines_do_not_cost_the_square_of_their_length():
    """To look for one that is too long at each octet took a second and a half for each megabyte, on its way to a server that takes 7 bits only."""
    raw = b"Subject: x\r\n\r\n" + (b"x" * 990 + b"\r\n") * 4000
    began = time.process_time()
    assert downgrade(raw, eight_bit=False) is raw
    assert time.process_time() - began < 0.3
