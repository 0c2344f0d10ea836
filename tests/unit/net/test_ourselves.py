"""Addresses that are this machine."""

import pytest

from postroom.net.ourselves import is_ourselves, normal

OWN = {"192.0.2.1", "2001:db8::1"}


@pytest.mark.parametrize(
    ("ip", "ours", "in_lab"),
    [
        ("127.0.0.1", True, False),
        ("127.9.9.9", True, False),
        ("::1", True, False),
        ("::ffff:127.0.0.1", True, False),
        ("0.0.0.0", True, True),
        ("0.1.2.3", True, True),
        ("::", True, True),
        ("::ffff:0.0.0.0", True, True),
        ("192.0.2.1", True, True),
        ("::ffff:192.0.2.1", True, True),
        ("2001:DB8:0::1", True, True),
        ("fe80::1%eth0", False, False),
        ("192.0.2.2", False, False),
        ("2001:db8::2", False, False),
        ("mail.example.com", True, True),
        ("127.1", True, True),
        ("", True, True),
    ],
)
def test_ourselves(ip: str, ours: bool, in_lab: bool) -> None:
    assert is_ourselves(ip, OWN) is ours
    assert is_ourselves(ip, OWN, loopback_is_far=True) is in_lab


def test_normal_form() -> None:
    assert normal("::FFFF:192.0.2.7") == "192.0.2.7"
    with pytest.raises(ValueError, match="example"):
        normal("example.com")
