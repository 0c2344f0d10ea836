"""Mail that its domain's server fetches: it waits until that server logs in, and then goes back over the same connection.

RFC 2645 §5.3 (after ATRN, on-demand mail relay), RFC 821 §3.8 (TURN), RFC 3207 §4 (STARTTLS). A route says which account may fetch a domain's mail. Not here: the command and
its replies (`serve.smtp.session`), and how a message is sent (`deliver.conversation`).
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Collection, Mapping, Sequence

import msgspec

from postroom.deliver.attempt import Attempt
from postroom.deliver.conversation import Desk, Handshake, SmtpConversation
from postroom.deliver.routes import Route
from postroom.deliver.runner import Runner
from postroom.deliver.tls.demand import Trust
from postroom.message.address import fold
from postroom.message.errors import NotPermitted
from postroom.net.connect import ClientConnection, TlsFailed, turn_around
from postroom.net.session import Connection
from postroom.proto.smtp.client import SmtpClient
from postroom.proto.smtp.client_events import ClientConfig, ClientEvent, TlsUse
from postroom.store.engine.transaction import Engine
from postroom.store.spool import jobs


class Turning(msgspec.Struct, frozen=True):
    """What it takes. `tls` gives the context for STARTTLS when the peer, now the server, offers it; `tell` logs an event with its facts."""

    hostname: str
    desk: Desk
    engine: Engine
    routes: Mapping[str, Route]
    runner: Runner
    tls: Callable[[], ssl.SSLContext]
    tell: Callable[..., object]


def fetched(routes: Mapping[str, Route]) -> frozenset[str]:
    """The domains whose mail is fetched: no connection is made to them."""
    return frozenset(domain for domain, route in routes.items() if route.turn_for)


class Turner:
    """Turns connections round."""

    def __init__(self, use: Turning) -> None:
        self._use = use

    async def waiting(self, account: str, domains: Sequence[str]) -> list[str]:
        """The domains for which mail waits, among `domains` or, without any, all that the account may fetch.

        Raises `NotPermitted` when it may not fetch one of them (RFC 2645 §5.2.1).
        """
        own = {
            domain
            for domain, route in self._use.routes.items()
            if route.turn_for and fold(route.turn_for) == fold(account)
        }
        wanted = {fold(domain) for domain in domains} or own
        if not own or not wanted <= own:
            raise NotPermitted("ATRN request refused: not a domain whose mail you fetch")
        reading, now = self._use.engine.reading(), self._use.desk.clock.now()
        due: set[str] = set()
        for slot in await jobs.slots(reading):
            due.update(lane.hop for lane in await jobs.lanes(reading, slot) if lane.opens() <= now)
        return sorted(wanted & due)

    async def take_over(
        self, connection: Connection, unread: Callable[[], bytes], domains: Collection[str]
    ) -> None:
        """Sends what is queued for the peer, then speaks to it as its client; the mail goes out in the background.

        `unread` gives the octets that have come behind the command. Raises ConnectionError when the peer is gone.
        """
        use = self._use
        secure = connection.tls is not None
        machine = SmtpClient(
            ClientConfig(use.hostname, use.desk.clock.now, tls=TlsUse.IF_OFFERED, implicit_tls=secure)
        )
        client: ClientConnection[ClientEvent] = await turn_around(connection, machine)
        rest = unread()
        if rest:
            client.take(rest)
        use.runner.in_background(self._deliver(machine, client, domains))

    async def _deliver(
        self, machine: SmtpClient, connection: ClientConnection[ClientEvent], domains: Collection[str]
    ) -> None:
        use = self._use
        peer = connection.peer
        name = f"{peer.ip} [{peer.ip}]:{peer.port}, turned round"
        conversation = SmtpConversation(use.desk, machine, connection, name)
        try:
            refused = await conversation.begin(Attempt(use.desk.clock.now()), Handshake(use.tls()))
            # whoever has logged in over TLS has proven to be the account that fetches this mail
            conversation.trust = Trust(proven=machine.secure)
        except TlsFailed as error:  # the peer has to call again: there is no other way to it
            refused = str(error)
            connection.close()
        if refused is not None:
            use.tell("turn.failed", client=peer.ip, domains=sorted(domains), reason=refused)
        else:
            await use.runner.deliver_over(conversation, domains)
