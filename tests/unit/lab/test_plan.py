from itertools import pairwise

import pytest

from postroom.lab.faults.mishaps import parse_mishap
from postroom.lab.plan import (
    DEFAULT_BASE,
    DNS_OFFSET,
    HOUSES,
    OFFSETS,
    BadAccount,
    BadDomain,
    houses_at,
    parse_account,
    residents,
)


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


@pytest.mark.parametrize(
    ("wanted", "domains"),
    [
        ([], ["hamburger.test", "crepes.test"]),
        (["uni.test"], ["uni.test", "crepes.test"]),
        (["Uni.Test", "school.internal"], ["uni.test", "school.internal"]),
        (["mail.uni.example", "uni.home.arpa"], ["mail.uni.example", "uni.home.arpa"]),
        (["example.com", "uni.example.org"], ["example.com", "uni.example.org"]),
    ],
)
def test_other_names(wanted, domains):
    houses = houses_at(wanted)
    assert [house.domain for house in houses] == domains
    assert [house.ip for house in houses] == [house.ip for house in HOUSES]
    assert [str(one.address) for one in residents(houses)] == [f"bob@{domains[0]}", f"alice@{domains[1]}"]


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (["uni-bonn.de"], "uni-bonn.de: this name belongs to somebody.*uni-bonn.test"),
        (["test"], "belongs to somebody"),
        (["latest"], "belongs to somebody"),
        (["myexample.com"], "belongs to somebody"),
        (["a b.test"], "that is no domain name; write it as uni.test"),
        (["[127.0.0.1]"], "that is no domain name"),
        (["uni.test", "uni.test"], "both domains"),
        (["crepes.test"], "both domains"),
        (["a.test", "b.test", "c.test"], "c.test: a lab has 2 domains"),
    ],
)
def test_names_that_a_lab_does_not_take(wanted, words):
    with pytest.raises(BadDomain, match=words):
        houses_at(wanted)


def test_what_is_wrong_keeps_its_place_under_another_name():
    houses = houses_at(["uni.test"])
    assert parse_mishap("no-starttls", houses).domain == "uni.test"
    assert parse_mishap("wrong-spf", houses).domain == "crepes.test"
    assert parse_mishap("wrong-spf", houses[:1]).domain == "uni.test"
    assert parse_mishap("wrong-spf@uni.test", houses).domain == "uni.test"
