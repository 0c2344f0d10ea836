"""The SASL mechanisms that Postroom speaks, in a client's order of preference.

RFC 4422 §3.1 (names). A new mechanism is two classes, `step` on either side, and one row here. Not here: which of them a service offers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from postroom.proto.sasl.exchange import ClientExchange, ServerExchange
from postroom.proto.sasl.login import LoginClient, LoginServer
from postroom.proto.sasl.plain import PlainClient, PlainServer


class Mechanism(msgspec.Struct, frozen=True):
    """One row: `plaintext` sends the password as it is, so it needs TLS; `client_first` begins with the client's message."""

    name: str
    plaintext: bool
    client_first: bool
    server: Callable[[], ServerExchange]
    client: Callable[[str, str, str], ClientExchange]


MECHANISMS: Mapping[str, Mechanism] = MappingProxyType(
    {
        row.name: row
        for row in (
            Mechanism("PLAIN", plaintext=True, client_first=True, server=PlainServer, client=PlainClient),
            Mechanism("LOGIN", plaintext=True, client_first=False, server=LoginServer, client=LoginClient),
        )
    }
)


def usable(names: tuple[str, ...], *, secure: bool, plaintext_allowed: bool = False) -> tuple[str, ...]:
    """Those of `names` that may be used now: all that are known over TLS, else only what does not send the password as it is."""
    return tuple(
        name
        for name in names
        if name in MECHANISMS and (secure or plaintext_allowed or not MECHANISMS[name].plaintext)
    )
