from itertools import pairwise

import pytest

from postroom.lab.plan import DEFAULT_BASE, DNS_OFFSET, HOUSES, OFFSETS, BadAccount, parse_account, residents


def test_no_two_services_want_the_same_port():
    ports = sorted(house.port(service, DEFAULT_BASE) for house in HOUSES for service in OFFSETS)
    assert all(low < high for low, high in pairwise(ports))
    assert DEFAULT_BASE + DNS_OFFSET not in ports
    assert ports[0] >= 1024


def test_base_zero_is_any_port():
    assert {house.port(service, 0) for house in HOUSES for service in OFFSETS} == {0}


def test_who_lives_there():
    assert [str(person.address) for person in residents()] == ["bob@hamburger.test", "alice@crepes.test"]


def test_the_highest_base_leaves_room():
    assert max(house.port(service, 60_000) for house in HOUSES for service in OFFSETS) <= 65_535


@pytest.mark.parametrize(
    ("text", "address", "password"),
    [
        ("carol@hamburger.test:secret", "carol@hamburger.test", "secret"),
        ("dave@CREPES.test:a:b c", "dave@crepes.test", "a:b c"),
    ],
)
def test_an_account(text, address, password):
    person = parse_account(text)
    assert (str(person.address), person.password) == (address, password)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("carol", "'carol'"),
        ("carol@hamburger.test", "'carol@hamburger.test'"),
        ("carol@hamburger.test:", "'carol@hamburger.test:'"),
        ("carol@elsewhere.test:x", "hamburger.test or crepes.test"),
        ("@hamburger.test:x", "'@hamburger.test:x'"),
    ],
)
def test_no_account(text, named):
    with pytest.raises(BadAccount, match=named):
        parse_account(text)
