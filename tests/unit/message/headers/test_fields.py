"""Header fields that we write: one field each, folded, and read back as they were meant."""

import email
import email.policy

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.address import Address, parse_mailbox
from postroom.message.encodings import encoded_words
from postroom.message.headers.address_list import mailboxes, parse_address_list
from postroom.message.headers.fields import (
    FieldRefused,
    Mailbox,
    address_field,
    check,
    check_name,
    fold,
    message_id_field,
    phrase,
    text_field,
)
from postroom.message.headers.header import Header

ALICE = Address("alice", "crepes.test")
SAFE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=200)


def read(field, name):
    """What the standard library reads back."""
    message = email.message_from_bytes(field + b"\r\n", policy=email.policy.default)
    assert len(message.keys()) == 1
    return message[name]


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ("Hello", b"Subject: Hello\r\n"),
        ("", b"Subject:\r\n"),
        ("two  spaces\tand tab", b"Subject: two  spaces\tand tab\r\n"),
        ("Crêperies", b"Subject: =?utf-8?q?Cr=C3=AAperies?=\r\n"),
        ("Re: [list] Crêperies for all", b"Subject: Re: [list] =?utf-8?q?Cr=C3=AAperies?= for all\r\n"),
        ("ü and then ö", b"Subject: =?utf-8?b?w7wgYW5kIHRoZW4gw7Y=?=\r\n"),
        ("=?utf-8?q?a=0ABcc:?=", b"Subject: =?utf-8?b?PT91dGYtOD9xP2E9MEFCY2M6Pz0=?=\r\n"),
    ],
)
def test_text_field(value, field):
    assert text_field("Subject", value) == field


def test_folding():
    field = text_field("Subject", "word " * 40 + "end")
    assert all(len(line) <= 78 for line in field.split(b"\r\n"))
    assert field.replace(b"\r\n", b"") == b"Subject: " + b"word " * 40 + b"end"


@pytest.mark.parametrize(
    "bad", ["a\r\nBcc: x@r.test", "a\nb", "a\rb", "a\0b", "a\x1b[2J", "a\x85b", "a\u2028b", "\ud800"]
)
def test_controls_are_refused_by_name(bad):
    with pytest.raises(FieldRefused, match=r"Subject: .* not allowed; remove it") as refused:
        text_field("Subject", bad)
    assert refused.value.field == "Subject"
    with pytest.raises(FieldRefused, match=r"^To: "):
        address_field("To", [Mailbox(ALICE, bad)])
    with pytest.raises(FieldRefused, match=r"^To: "):
        address_field("To", [Mailbox(Address(bad, "x.test"))])
    with pytest.raises(FieldRefused, match=r"^References: "):
        message_id_field("References", [f"<{bad}@x>"])
    with pytest.raises(FieldRefused):
        text_field(f"X-{bad}", "value")


@pytest.mark.parametrize("name", ["", "a b", "a:", "ü", "x" * 77])
def test_field_names(name):
    with pytest.raises(FieldRefused, match="field name"):
        check_name(name)


def test_too_long():
    with pytest.raises(FieldRefused, match="shorten"):
        check("Subject", "x" * 100_001)
    with pytest.raises(FieldRefused, match="shorten"):
        address_field("To", [Mailbox(Address("a" * 1000, "x.test"))])


@pytest.mark.parametrize(
    ("mailbox", "text"),
    [
        (Mailbox(ALICE), "alice@crepes.test"),
        (Mailbox(ALICE, "Alice Crêpe"), "=?utf-8?q?Alice_Cr=C3=AApe?= <alice@crepes.test>"),
        (Mailbox(ALICE, "Alice of Crepes"), "Alice of Crepes <alice@crepes.test>"),
        (Mailbox(ALICE, 'Crepe, Alice "A" \\'), '"Crepe, Alice \\"A\\" \\\\" <alice@crepes.test>'),
        (Mailbox(ALICE, "J. Doe"), '"J. Doe" <alice@crepes.test>'),
        (Mailbox(parse_mailbox('"a b"@x.test'), "  "), '"a b"@x.test'),
        (Mailbox(Address("пётр", "x.test")), "пётр@x.test"),
    ],
)
def test_address_field(mailbox, text):
    assert address_field("To", [mailbox]) == f"To: {text}\r\n".encode()


def test_many_addresses_are_folded():
    field = address_field(
        "Cc", [Mailbox(Address(f"user{number}", "crepes.test"), f"User N. {number}") for number in range(50)]
    )
    assert all(len(line) <= 78 for line in field.split(b"\r\n"))
    assert len(read(field, "Cc").addresses) == 50


def test_message_ids():
    ids = [f"<{'x' * 40}{number}@crepes.test>" for number in range(5)]
    field = message_id_field("References", ids)
    assert field.split() == [b"References:", *[one.encode() for one in ids]]
    assert all(len(line) <= 78 for line in field.split(b"\r\n"))


@pytest.mark.parametrize("bad", ["x@y", "<a b@c>", "<>", "<a@b> <c@d>", "<a@b>\t"])
def test_what_is_no_message_id(bad):
    with pytest.raises(FieldRefused, match="In-Reply-To"):
        message_id_field("In-Reply-To", [bad])


@given(SAFE)
def test_text_comes_back(value):
    field = text_field("Subject", value)
    assert field.isascii()
    assert all(len(line) <= 998 for line in field.split(b"\r\n"))
    assert encoded_words.decode(Header.parse(field).get("subject").decode()) == value


@given(SAFE)
def test_names_come_back(name):
    field = address_field("To", [Mailbox(ALICE, name)])
    assert field.isascii()
    (address,) = email.message_from_bytes(field + b"\r\n", policy=email.policy.default)["To"].addresses
    assert address.addr_spec == "alice@crepes.test"
    (ours,) = mailboxes(parse_address_list(Header.parse(field).get("to")))
    assert (ours.name, ours.email) == (name.strip(), "alice@crepes.test")


@given(st.text())
def test_nothing_becomes_a_second_field(value):
    for write in (
        lambda: text_field("X-Test", value),
        lambda: address_field("X-Test", [Mailbox(ALICE, value)]),
    ):
        try:
            field = write()
        except FieldRefused:
            continue
        else:
            lines = field.split(b"\r\n")
            assert lines.pop() == b""
            assert all(line[:1] in b" \t" and line.strip() for line in lines[1:])
            assert b"\n" not in b"".join(lines)
            assert b"\r" not in b"".join(lines)


def test_a_long_name_is_folded():
    assert " " in phrase("very long name " * 10)


def test_a_value_of_white_space() -> None:
    assert fold("Subject", "a" + "\t" * 90_000) == b"Subject: a\r\n"
