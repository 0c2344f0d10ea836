"""Base64 to the letter, and texts that are texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.proto.sasl.exchange import (
    Credentials,
    EncodingError,
    SaslError,
    decode_base64,
    decode_initial,
    encode_base64,
    encode_initial,
    identity,
)


@given(st.binary(max_size=100))
def test_round_trip(data: bytes) -> None:
    assert decode_base64(encode_base64(data)) == data
    assert decode_initial(encode_initial(data)) == data


@pytest.mark.parametrize(
    "text",
    [
        b"=AAA",
        b"AAA=BBB=",
        b"AA=A",
        b"AAA",
        b"AA==\n",
        b"A A=",
        b"AAA*",
        b"AB==",
        b"=",
        b"*",
        b"\xff\xff\xff\xff",
    ],
)
def test_s26_what_is_not_base64_is_refused(text: bytes) -> None:
    with pytest.raises(EncodingError):
        decode_base64(text)


@given(st.binary(max_size=40))
def test_only_what_an_encoder_makes_is_decoded(text: bytes) -> None:
    try:
        data = decode_base64(text)
    except EncodingError:
        return
    assert encode_base64(data) == text


@pytest.mark.parametrize("octets", [b"\xff\xfe", b"a\0b", b"\xc3("])
def test_s29_a_name_is_utf8_without_nul(octets: bytes) -> None:
    with pytest.raises(SaslError):
        identity(octets)


def test_a_password_never_shows() -> None:
    assert "hunter2" not in repr(Credentials("PLAIN", "alice", "hunter2"))
    assert "hunter2" not in f"{Credentials('PLAIN', 'alice', 'hunter2')}"
