"""The cookie's form."""

import pytest

from postroom.web import cookies


@pytest.mark.parametrize(
    ("scheme", "host", "name"),
    [
        ("https", "mail.l.test", "__Host-postroom"),
        ("https", "mail.l.test:8443", "__Host-postroom-8443"),
        ("http", "127.0.0.1:2580", "postroom-2580"),
        ("http", "[::1]:2580", "postroom-2580"),
        ("http", "127.0.0.1", "postroom"),
        ("http", "localhost:", "postroom"),
    ],
)
def test_its_name_says_how_and_where(scheme, host, name):
    assert cookies.name_of(scheme, host) == name


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (b"postroom=x", "x"),
        (b"a=b; postroom=x=y ;c", "x=y"),
        (b"postroom=x; postroom=y", ""),
        (b"postroom-1=x", ""),
        (b"", ""),
        (b"\xff=\xff;;;=", ""),
    ],
)
def test_it_is_read_when_it_is_there_once(given, value):
    assert cookies.read({b"cookie": given}, "postroom") == value


def test_what_is_set():
    assert (
        cookies.written("__Host-postroom", "x", 60)
        == "__Host-postroom=x; Path=/; Max-Age=60; HttpOnly; SameSite=Strict; Secure"
    )
    assert cookies.written("postroom-1", "x", None) == "postroom-1=x; Path=/; HttpOnly; SameSite=Strict"


@pytest.mark.parametrize(
    ("scope", "may"),
    [
        ({"scheme": "https", "client": ("192.0.2.7", 1)}, True),
        ({"scheme": "http", "client": ("127.0.0.1", 1)}, True),
        ({"scheme": "http", "client": ("::1", 1)}, True),
        ({"scheme": "http", "client": ("192.0.2.7", 1)}, False),
        ({"scheme": "http", "client": ("127.0.0.1.evil.test", 1)}, False),
        ({"scheme": "http", "client": None}, False),
    ],
)
def test_in_the_clear_only_on_this_machine(scope, may):
    assert cookies.keeps_secrets(scope) is may
