import pytest

from postroom.proto.dns.resolver import normal_name, reverse_name


@pytest.mark.parametrize(
    ("ip", "name"),
    [
        ("192.0.2.7", "7.2.0.192.in-addr.arpa"),
        ("::ffff:192.0.2.7", "7.2.0.192.in-addr.arpa"),
        ("2001:db8::1", "1" + ".0" * 23 + ".8.b.d.0.1.0.0.2.ip6.arpa"),
    ],
)
def test_the_name_of_an_address(ip: str, name: str) -> None:
    assert reverse_name(ip) == name


@pytest.mark.parametrize("text", ["", "hamburger.test", "192.0.2.256", "192.0.2.7\n"])
def test_what_is_no_address_has_no_reverse_name(text: str) -> None:
    with pytest.raises(ValueError, match="does not appear"):
        reverse_name(text)


@pytest.mark.parametrize("name", ["Mail.Hamburger.TEST", "mail.hamburger.test", "mail.hamburger.test."])
def test_names_are_kept_in_one_form(name: str) -> None:
    assert normal_name(name) == "mail.hamburger.test"
