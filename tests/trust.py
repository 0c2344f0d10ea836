"""An authority of the tests' own, and both ends of TLS connections that trust it; as fixtures for those who have no other wish."""

from __future__ import annotations

import ssl
from typing import TypeVar

import pytest
import trustme

Kind = TypeVar("Kind", bound=ssl.SSLContext)
NAMES = ("mx.test", "localhost")  # of the server


def both_ends(authority: trustme.CA, kind: type[Kind]) -> tuple[Kind, Kind]:
    """Contexts of a client and of a server."""
    client, server = kind(ssl.PROTOCOL_TLS_CLIENT), kind(ssl.PROTOCOL_TLS_SERVER)
    authority.configure_trust(client)
    authority.issue_cert(*NAMES, key_type=trustme.KeyType.ECDSA).configure_cert(server)
    return client, server


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA(key_type=trustme.KeyType.ECDSA)


@pytest.fixture(scope="session")
def both_tls(authority: trustme.CA) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return both_ends(authority, ssl.SSLContext)


@pytest.fixture(scope="session")
def client_tls(both_tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> ssl.SSLContext:
    return both_tls[0]


@pytest.fixture(scope="session")
def server_tls(both_tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> ssl.SSLContext:
    return both_tls[1]
