"""Where mail goes that does not follow the MX: routes of single domains, and the smarthost for all the rest.

RFC 5321 §3.6.2 (relays), RFC 4954 (logging in at a smarthost; home networks block port 25). Values and a lookup; not here: connections.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from postroom.proto.smtp.client_events import Account, TlsUse

SMARTHOST = "*"


class Route(msgspec.Struct, frozen=True):
    """The next server of some mail: a name or an address, and how to speak to it; `host` "" means the domain's MX.

    With `turn_for`, the address of an account, there is none: mail waits until that account fetches it (RFC 2645).
    """

    host: str
    port: int = 25
    tls: TlsUse = TlsUse.IF_OFFERED
    implicit_tls: bool = False
    verify: bool = False
    account: Account | None = None
    lmtp: bool = False
    turn_for: str = ""


def route_of(routes: Mapping[str, Route], domain: str) -> Route | None:
    """The route of a domain: its own, else the smarthost's, else None (its MX)."""
    return routes.get(domain) or routes.get(SMARTHOST)
