"""xtext both ways, and the values that must never get into a report."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.encodings.xtext import (
    decode_envid,
    decode_orcpt,
    decode_xtext,
    encode_envid,
    encode_orcpt,
    encode_unitext,
    encode_xtext,
)

PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126))


@pytest.mark.parametrize(
    ("text", "plain"),
    [("QQ314159", "QQ314159"), ("a+2Bb+3Dc", "a+b=c"), ("+20", " "), ("", ""), ("a;b", "a;b")],
)
def test_decode_xtext(text, plain):
    assert decode_xtext(text) == plain


@pytest.mark.parametrize(
    "text",
    [
        "x+0D+0ABcc:y",
        "a+0Ab",
        "x+00y",
        "+7F",
        "+E9",
        "+",
        "+2",
        "+2b",
        "a b",
        "a=b",
        "ü",
        "+1B[2J",
        "a\r\nb",
        "a+0",
        "+FF",
    ],
)
def test_strict(text):
    assert decode_xtext(text) is None


@given(PRINTABLE)
def test_there_and_back(text):
    assert decode_xtext(encode_xtext(text)) == text


@pytest.mark.parametrize("text", ["a\nb", "ü", "\0"])
def test_encode_refuses(text):
    with pytest.raises(ValueError, match="printable ASCII"):
        encode_xtext(text)


@pytest.mark.parametrize(
    ("value", "decoded"),
    [
        ("rfc822;Bob@Example.COM", ("rfc822", "Bob@Example.COM")),
        ("RFC822;a+2Bb@x.test", ("rfc822", "a+b@x.test")),
        ("x400;/S=x/", None),
        ("x400;/S+3Dx/", ("x400", "/S=x/")),
        (r"utf-8;p\x{E9}p\x{E9}@x.test", ("utf-8", "pépé@x.test")),
        ("UTF-8;pépé@x.test", ("utf-8", "pépé@x.test")),
        (r"utf-8;a\x{0A}b@x.test", None),
        (r"utf-8;a\x{FFFFFF}b@x.test", None),
        (r"utf-8;a\x{D800}b@x.test", None),
        ("rfc822;x+0D+0Ay", None),
        ("rfc822;", None),
        ("rfc822", None),
        ("rfc 822;x", None),
        (";x", None),
        ("rfc822;" + "a" * 600, None),
    ],
)
def test_decode_orcpt(value, decoded):
    assert decode_orcpt(value) == decoded


@pytest.mark.parametrize(
    ("value", "decoded"), [("QQ+20x", "QQ x"), ("", None), ("a" * 101, None), ("x+0D+0ABcc:y", None)]
)
def test_decode_envid(value, decoded):
    assert decode_envid(value) == decoded


@pytest.mark.parametrize(
    ("orcpt", "utf8", "value"),
    [
        ("x400;a=b", True, "x400;a+3Db"),
        (r"utf-8;\x{E9}@x.test", True, "utf-8;é@x.test"),
        ("rfc822;a+b@x.test", False, "rfc822;a+2Bb@x.test"),
        ("utf-8;é+@x.test", False, r"utf-8;\x{E9}\x{2B}@x.test"),
        ("utf-8;é+@x.test", True, r"utf-8;é\x{2B}@x.test"),
    ],
)
def test_encode_orcpt(orcpt, utf8, value):
    assert encode_orcpt(orcpt, utf8=utf8) == value


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=20),
    st.booleans(),
)
def test_utf8_addresses_there_and_back(address, utf8):
    assert decode_orcpt("utf-8;" + encode_unitext(address, utf8=utf8)) == ("utf-8", address)


def test_no_controls_in_addresses():
    with pytest.raises(ValueError, match="control"):
        encode_orcpt("utf-8;é\r\n@x.test")


def test_an_envelope_id_at_its_longest():
    assert encode_envid("a" * 94 + "+ ") == "a" * 94 + "+2B+20"


@pytest.mark.parametrize("unfit", ["", "a" * 95 + "+ ", "a\r\nRSET", "ü"])
def test_what_cannot_be_an_envelope_id(unfit):
    with pytest.raises(ValueError, match=r"1 to 100 characters|printable ASCII"):
        encode_envid(unfit)
