"""Senders rewritten and had back; forged, old and foreign ones refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postroom.message.address import Address, parse_mailbox
from postroom.message.srs import DEFAULT_MAX_AGE, SenderRewriting, is_rewritten

KEY = b"0123456789abcdef"
SRS = SenderRewriting("hamburger.test", [KEY])
SECOND = SenderRewriting("second.test", [b"another key of ours"])
THIRD = SenderRewriting("third.test", [b"third key, long enough"])
ALICE = Address("alice", "crepes.test")
DAY = 20_777


def test_there_and_back():
    forward = SRS.rewrite(ALICE, DAY)
    assert forward.local.startswith("SRS0=")
    assert forward.local.endswith("=crepes.test=alice")
    assert is_rewritten(forward)
    assert SRS.reverse(forward, DAY + DEFAULT_MAX_AGE) == ALICE
    assert parse_mailbox(str(forward)) == forward


def test_three_forwarders():
    first = SRS.rewrite(ALICE, DAY)
    second = SECOND.rewrite(first, DAY)
    third = THIRD.rewrite(second, DAY)
    assert second.local.startswith("SRS1=")
    assert third.local.endswith(first.local[4:])
    assert THIRD.reverse(third, DAY) == first
    assert SECOND.reverse(second, DAY) == first
    assert SRS.reverse(THIRD.reverse(third, DAY), DAY) == ALICE


@pytest.mark.parametrize(
    "sender", ["a=b+c-d@crepes.test", '"a b"@crepes.test', "SRS0@crepes.test", "srsly@x.test", "ü@x.test"]
)
def test_odd_senders(sender):
    address = parse_mailbox(sender)
    assert SRS.reverse(SRS.rewrite(address, DAY), DAY) == address


def test_own_sender_stays():
    assert SRS.rewrite(Address("bob", "hamburger.test"), DAY) == Address("bob", "hamburger.test")


def test_too_long_is_not_rewritten():
    assert SRS.rewrite(Address("a" * 40, "crepes.test"), DAY) is None


def test_folded_case_is_understood():
    forward = SRS.rewrite(ALICE, DAY)
    assert SRS.reverse(Address(forward.local.lower(), forward.domain), DAY) == ALICE


@pytest.mark.parametrize("age", [DEFAULT_MAX_AGE + 1, 500, -1])
def test_old_ones_are_refused(age):
    assert SRS.reverse(SRS.rewrite(ALICE, DAY), DAY + age) is None


def test_keys_can_be_changed():
    changed = SenderRewriting("hamburger.test", [b"the new key of 2027", KEY])
    assert changed.reverse(SRS.rewrite(ALICE, DAY), DAY) == ALICE
    assert SRS.reverse(changed.rewrite(ALICE, DAY), DAY) is None


@pytest.mark.parametrize(
    "local",
    [
        "SRS0=AAAAAA=AA=crepes.test=alice",
        "SRS0==",
        "SRS0",
        "SRS1",
        "SRS1=",
        "SRS1=x=y=z",
        "SRS1=AAAAAA=crepes.test==x",
        "bob",
        "",
    ],
)
def test_forged_ones_are_refused(local):
    assert SRS.reverse(Address(local, "hamburger.test"), DAY) is None


def test_anothers_domain_is_not_ours():
    assert SRS.reverse(Address(SRS.rewrite(ALICE, DAY).local, "other.test"), DAY) is None


def test_a_key_is_needed():
    with pytest.raises(ValueError, match="16 octets"):
        SenderRewriting("x.test", [b"short"])


@given(st.from_regex(r"[A-Za-z0-9=+.-]{1,30}", fullmatch=True), st.integers(0, 100_000))
def test_any_local_part(local, day):
    address = Address(local, "crepes.test")
    forward = SRS.rewrite(address, day)
    if not is_rewritten(address):
        assert SRS.reverse(forward, day) == address
    elif forward is not None and local[:4].upper() == "SRS0":
        assert SRS.reverse(forward, day) == Address("SRS0" + local[4:], "crepes.test")


@given(st.text(max_size=40), st.integers(0, 2000))
def test_anything_is_no_error(local, day):
    assert SRS.reverse(Address("SRS0=" + local, "hamburger.test"), day) is None
    assert SRS.reverse(Address("SRS1=" + local, "hamburger.test"), day) is None
