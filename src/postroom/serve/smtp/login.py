"""AUTH at an SMTP session: what its exchange has to know, and who has logged in at its end.

RFC 4954 §4. Not here: the exchange (`proto.sasl`), the policy (`store.login.login`).
"""

from __future__ import annotations

import msgspec

from postroom.intake.client import Account, Client
from postroom.message.errors import TryLater
from postroom.net.session import Connection
from postroom.proto.smtp.events import Asked, Authenticate
from postroom.proto.smtp.server import SmtpServer
from postroom.serve.logins import Caller, Logins, caller, judge, tell
from postroom.store.login.standing import Ground

Ready = tuple[Logins, Caller]


def ready(logins: Logins | None, connection: Connection | None, client: Client) -> Ready:
    """Whom to ask about whom: the client may be another than the one at the other end, when that is a proxy. Raises `TryLater`."""
    if logins is None or connection is None:
        raise TryLater
    return logins, msgspec.structs.replace(caller("smtp", connection), ip=client.peer.ip)


async def go_on(machine: SmtpServer, whom: Ready, event: Asked) -> None:
    """Tells the exchange what it asked; raises a `MailError`."""
    machine.tell(await tell(*whom, event.about))


async def enter(whom: Ready, event: Authenticate, client: Client) -> Ground | None:
    """The client is whom the claim is good for; gives on what that stands. Raises a `MailError`."""
    login = await judge(*whom, event.credentials)
    client.login = Account(login.account_id, login.address, getattr(event.credentials, "mechanism", ""))
    client.changed()
    return login.ground
