from types import SimpleNamespace
from typing import Any, cast

from postroom.message.journey.events import Authenticated, Connected, Handled, Hop, HopKind, Said, Secured
from postroom.net.session import Connection, Peer, TlsFacts
from postroom.serve.pop3.facts import SessionFacts

TLS = TlsFacts("TLSv1.3", "TLS_AES_128_GCM_SHA256", 128, "mail.hamburger.test")


def connection(tls: TlsFacts | None = None, ip: str = "192.0.2.7") -> Connection:
    return cast(
        "Connection", cast("Any", SimpleNamespace(peer=Peer(ip, 4711), local=Peer("::1", 110), tls=tls))
    )


def test_a_hop_tells_its_session() -> None:
    facts = SessionFacts()
    facts.opened(connection())
    facts.secured(TLS, [b"<STLS"])
    facts.logged_in("bob@hamburger.test", "PLAIN")
    hop = facts.hop(HopKind.READ, 5_000_000, [b"<RETR 1"])
    assert hop.started == 5_000_000
    assert hop.events == [
        Connected(0, "pop3", "192.0.2.7:4711", "[::1]:110"),
        Said(0, [b"<STLS"]),
        Secured(0, "TLSv1.3", "TLS_AES_128_GCM_SHA256", "mail.hamburger.test"),
        Authenticated(0, "bob@hamburger.test", "PLAIN"),
        Said(0, [b"<RETR 1"], tls=True),
        Handled(0, "retrieved", "bob@hamburger.test", "INBOX"),
    ]
    assert Hop.unpack(hop.pack()).events == hop.events


def test_tls_from_the_beginning_is_pop3s() -> None:
    facts = SessionFacts()
    facts.opened(connection(TLS, ip=""))
    hop = facts.hop(HopKind.DELETED, 0, [])
    assert hop.events[0] == Connected(0, "pop3s", "", "[::1]:110")
    assert [type(event) for event in hop.events] == [Connected, Secured, Handled]
