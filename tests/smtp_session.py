"""An SMTP session without sockets: the real machine and session, a connection that only notes what it is asked, a door to order."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from typing import Any

from postroom.deliver.letter import Receipt
from postroom.intake.client import Client, Incoming
from postroom.intake.door import Door, Parcel
from postroom.message.envelope import Recipient
from postroom.message.errors import AuthenticationFailed, MailError
from postroom.net.session import Peer, TlsFacts
from postroom.proto.smtp.config import Limits, ServerConfig, Service
from postroom.proto.smtp.extensions import Offers
from postroom.serve.smtp.body_budget import BodyBudget
from postroom.serve.smtp.lookups import Lookups
from postroom.serve.smtp.queue import QueueDesk
from postroom.serve.smtp.session import SmtpService, SmtpSession
from postroom.store.login.login import Login
from postroom.store.login.standing import Ground

TLS = TlsFacts("TLSv1.3", "TLS_AES_256_GCM_SHA384", 256)


class Line:
    """The connection as a session sees it."""

    def __init__(self, ip: str = "192.0.2.7", tls: TlsFacts | None = None) -> None:
        self.peer, self.local, self.tls = Peer(ip, 1234), Peer("192.0.2.25", 25), tls
        self.bytes_in = 0
        self.opened_at = self.quiet_since = self.heard_at = 0.0
        self.starting = self.eof = False
        self.closed = ""
        self.on_dismiss: Callable[[], None] | None = None

    def start_tls(self, context: ssl.SSLContext) -> None:
        self.starting = True

    def binding(self, kind: str) -> bytes:
        return b""

    def wake(self) -> None:
        """Nothing is pushed in SMTP."""

    async def drained(self) -> None:
        """There is nobody who does not read."""

    def close(self, reason: str) -> None:
        self.closed = reason

    def dismiss(self) -> None:
        """Not while a handler is at work: tests do not ask for that."""
        if self.on_dismiss is not None:
            self.on_dismiss()


class OpenDoor:
    """Takes everything; `errors` by recipient's local part are for LMTP, `refuses` for all."""

    def __init__(self) -> None:
        self.taken: list[tuple[Client, Incoming, Parcel]] = []
        self.errors: dict[str, MailError] = {}
        self.refuses: BaseException | None = None

    async def mail(self, client: Client, incoming: Incoming) -> None:
        """Anybody."""

    async def rcpt(self, client: Client, incoming: Incoming, recipient: Recipient) -> None:
        """Anybody."""

    async def message(self, client: Client, incoming: Incoming, parcel: Parcel) -> Receipt:
        if self.refuses is not None:
            raise self.refuses
        self.taken.append((client, incoming, parcel))
        locals_ = [recipient.address.local for recipient in incoming.envelope.recipients]
        return Receipt(parcel.accept_id, [self.errors.get(local) for local in locals_])


class Talk:
    """One session and what is said in it."""

    def __init__(self, service: SmtpService, line: Line | None = None) -> None:
        self.session = SmtpSession(service)
        self.line = line or Line()
        self.line.on_dismiss = self.session.dismissed
        self.session.opened(self.line)
        self.greeting = self.session.machine.data_to_send()

    async def say(self, *lines: str) -> list[str]:
        """Lines one after the other; the lines of all replies."""
        return [reply for line in lines for reply in (await self.hear(f"{line}\r\n".encode()))]

    async def hear(self, data: bytes) -> list[str]:
        machine = self.session.machine
        self.line.bytes_in += len(data)
        machine.receive(data)
        said = b""
        while (event := machine.next_event()) is not None:
            await self.session.handle(event)
            said += machine.data_to_send()
            if self.line.starting:
                self.line.starting, self.line.tls = False, TLS
                self.session.secured(TLS)
        said += machine.data_to_send()
        return said.decode().split("\r\n")[:-1]

    async def message(
        self, *recipients: str, body: str = "Subject: x\r\n\r\nHello", **more: Any
    ) -> list[str]:
        """EHLO to the dot; the codes of the replies."""
        sender = more.get("sender", "x@r.test")
        recipients = recipients or ("bob@hamburger.test",)
        await self.say("LHLO a.test" if self.session.machine.lmtp else "EHLO a.test")
        said = await self.say(f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients), "DATA")
        data = f"{body}\r\n.\r\n".encode()
        for start in range(0, len(data), 1400):  # as packets come
            said += await self.hear(data[start : start + 1400])
        return said


_IDS = iter(range(1, 1 << 30))  # of all services: two of them may stand before one store


class NoDirectory:
    """Lookups that nobody asks."""


def service(door: Door | None = None, **more: Any) -> SmtpService:
    """A service over `door`; the configuration's and the service's fields may be given."""
    config_fields = {name: more.pop(name) for name in ServerConfig.__struct_fields__ if name in more}
    config_fields.setdefault("limits", Limits())
    kind = more.pop("kind", Service.MX)
    config = ServerConfig("mx.hamburger.test", lambda: 1_700_000_000_000_000, kind, **config_fields)
    values: dict[str, Any] = {
        "offers": Offers(config),
        "door": door or OpenDoor(),
        "lookups": more.pop("lookups", None) or Lookups.__new__(Lookups),
        "budget": BodyBudget(1 << 20),
        "now": config.now,
        "next_id": lambda: next(_IDS),
        "home": "hamburger.test",
        "tell": lambda *words, **facts: None,
        "logins": OnePassword(),
        "tls": lambda: ssl.create_default_context(ssl.Purpose.CLIENT_AUTH),
        "queue": QueueDesk(),
    }
    return SmtpService(**values | more)


class OnePassword:
    """Everybody has the same password; `came` are the addresses from which somebody tried."""

    def __init__(self) -> None:
        self.came: list[str] = []

    async def authenticate(
        self, protocol: str, ip: str, username: str, password: bytes, authorize_as: str = ""
    ) -> Login:
        self.came.append(ip)
        await asyncio.sleep(0)
        if password != b"right" or authorize_as not in ("", username):
            raise AuthenticationFailed
        return Login(7, username, ground=Ground(7, protocol, 3))
