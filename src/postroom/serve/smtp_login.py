"""AUTH at an SMTP session: what its exchange has to know, and who has logged in at its end.

RFC 4954 §4. Not here: the exchange (`proto.sasl`), the policy (`store.login`).
"""

from __future__ import annotations

from postroom.intake.client import Account
from postroom.message.errors import TryLater
from postroom.net.session import Connection
from postroom.proto.smtp.events import Asked, Authenticate
from postroom.proto.smtp.server import SmtpServer
from postroom.serve.logins import Caller, Logins, caller, judge, tell


async def go_on(
    machine: SmtpServer, logins: Logins | None, connection: Connection | None, event: Asked
) -> None:
    """Tells the exchange what it asked; raises a `MailError`."""
    machine.tell(await tell(*_ready(logins, connection), event.about))


async def enter(logins: Logins | None, connection: Connection | None, event: Authenticate) -> Account:
    """The account that the claim is good for; raises a `MailError`."""
    login = await judge(*_ready(logins, connection), event.credentials)
    return Account(login.account_id, login.address, getattr(event.credentials, "mechanism", ""))


def _ready(logins: Logins | None, connection: Connection | None) -> tuple[Logins, Caller]:
    if logins is None or connection is None:
        raise TryLater
    return logins, caller("smtp", connection)
