"""Addresses of SMTP: what is one, how it is written back, how it is compared."""

import pytest

from postroom.message.address import Address, parse_domain, parse_mailbox


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("bob@Hamburger.TEST", Address("bob", "hamburger.test")),
        ("a.b+c@r.test", Address("a.b+c", "r.test")),
        ('"a b"@r.test', Address("a b", "r.test")),
        ('"a\\"b"@r.test', Address('a"b', "r.test")),
        ("ü@bücher.test", Address("ü", "bücher.test")),
        ("x@[192.0.2.1]", Address("x", "[192.0.2.1]")),
        ("x@[ipv6:2001:DB8::1]", Address("x", "[IPv6:2001:db8::1]")),
    ],
)
def test_what_is_an_address(text: str, address: Address) -> None:
    assert parse_mailbox(text) == address
    assert parse_mailbox(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "", "@", "a@", "@b", "a..b@r.test", ".a@r.test", "a@b@c", "a b@r.test", '"a@r.test', "a@-b.test", "a@b..test",
        "x@[192.0.2.256]", "x@[]", "a\r\n@r.test", "a\0@r.test", f"{'a' * 65}@r.test", f"a@{'b' * 256}", "a\u2028@r.test",
        "a\ud800@r.test", '"\udfff"@r.test', "a@\ud812.test",
    ],
)  # fmt: skip
def test_what_is_none(text: str) -> None:
    assert parse_mailbox(text) is None


def test_only_local_users_leave_out_the_domain() -> None:
    assert parse_mailbox("bob") is None
    assert parse_mailbox("bob", unqualified=True) == Address("bob", "")


def test_comparison_folds_ascii_only() -> None:
    assert Address("BOB", "r.test").key == Address("bob", "r.test").key
    assert Address("\u212a", "r.test").key != Address("k", "r.test").key  # the Kelvin sign


def test_surrogates_are_no_domain() -> None:
    assert parse_domain("a\ud800.test") is None
