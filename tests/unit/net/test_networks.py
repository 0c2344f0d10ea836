"""Which addresses belong together."""

import pytest

from postroom.net.networks import CLIENT, NEIGHBOURHOOD, Networks, network_of


@pytest.mark.parametrize(
    ("ip", "lengths", "network"),
    [
        ("192.0.2.1", CLIENT, "192.0.2.1"),
        ("::ffff:192.0.2.1", CLIENT, "192.0.2.1"),
        ("2001:db8::1", CLIENT, "2001:db8::/64"),
        ("2001:db8::ffff:0:0:2", CLIENT, "2001:db8::/64"),
        ("fe80::1%eth0", CLIENT, "fe80::/64"),
        ("192.0.2.200", NEIGHBOURHOOD, "192.0.2.0/24"),
        ("::ffff:192.0.2.1", NEIGHBOURHOOD, "192.0.2.0/24"),
        ("2001:db8:0:ff::1", NEIGHBOURHOOD, "2001:db8::/48"),
        ("no:address", CLIENT, "no:address"),
        ("", NEIGHBOURHOOD, ""),
    ],
)
def test_network_of(ip: str, lengths: tuple[int, int], network: str) -> None:
    assert network_of(ip, lengths) == network


def test_a_set_of_networks() -> None:
    networks = Networks(["192.0.2.0/24", "2001:db8::/32", "203.0.113.9"])
    inside = ["192.0.2.9", "::ffff:192.0.2.9", "2001:db8:1::1", "203.0.113.9"]
    outside = ["192.0.3.9", "2001:db9::1", "203.0.113.10", "", "nonsense"]
    for _ in range(2):
        assert [ip in networks for ip in inside] == [True] * 4
        assert [ip in networks for ip in outside] == [False] * 5
    assert networks
    assert not Networks()


@pytest.mark.parametrize("name", ["192.0.2.1/24", "example.com", "", "192.0.2.0/33"])
def test_what_is_no_network_is_named(name: str) -> None:
    with pytest.raises(ValueError, match="is no network"):
        Networks([name])


def test_a_set_does_not_remember_everybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postroom.net.networks.MOST_REMEMBERED", 4)
    networks = Networks(["10.0.0.0/8"])
    for number in range(20):
        assert f"10.0.0.{number}" in networks
        assert len(networks._known) <= 4
