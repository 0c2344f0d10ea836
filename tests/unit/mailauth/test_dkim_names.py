from __future__ import annotations

import pytest

from postroom.mailauth.dkim.names import MAX_NAME, a_labels, is_within, key_name, signing_domain


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("crepes.test", "crepes.test"),
        ("CREPES.Test", "crepes.test"),
        ("_a.b-c.9", "_a.b-c.9"),
        ("bücher.test", "xn--bcher-kva.test"),
        ("a" * 63, "a" * 63),
        ("a" * 64, None),
        ("", None),
        (".", None),
        ("a.", None),
        (".a", None),
        ("a..b", None),
        ("-a", None),
        ("a-", None),
        ("a b", None),
        ("a\0", None),
        ("a\n", None),
        ("[192.0.2.1]", None),
        ("\u2024.test", None),
        ("é" * 64, None),
    ],
)
def test_names(name: str, found: str | None) -> None:
    assert a_labels(name) == found


def test_the_longest_name() -> None:
    longest = ".".join(["a" * 63] * 3 + ["b" * (MAX_NAME - 3 * 64)])
    assert len(longest) == MAX_NAME
    assert a_labels(longest) == longest
    assert a_labels(longest + "c") is None


def test_a_domain_has_two_labels_at_least() -> None:
    assert (signing_domain("test"), signing_domain("a.test")) == (None, "a.test")


@pytest.mark.parametrize(
    ("name", "domain", "within"),
    [
        ("a.test", "a.test", True),
        ("x.a.test", "a.test", True),
        ("xa.test", "a.test", False),
        ("a.test", "x.a.test", False),
        ("test", "a.test", False),
    ],
)
def test_subdomains(name: str, domain: str, within: bool) -> None:
    assert is_within(name, domain) is within


def test_the_place_of_a_key() -> None:
    assert key_name("foo.bar", "example.com") == "foo.bar._domainkey.example.com"  # RFC 6376 §3.6.2.1
