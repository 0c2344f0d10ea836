"""A whole server in this process, with settings of the test's: started, asked by its control socket, stopped."""

from __future__ import annotations

import asyncio
import io
import poplib
import smtplib
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import msgspec

from postroom.app.control import Request, call
from postroom.app.locate import places_of
from postroom.app.logs import make_log
from postroom.app.server import Server
from postroom.app.serving import internet
from postroom.app.settings.file import Settings, parse
from postroom.store.login.throttle import Limits

PASSWORD = "canary-5c1b"
MESSAGE = b"From: alice@r.test\r\nSubject: Ketchup\r\n\r\nDo you like ketchup?\r\n.\r\n"


def settings_of(data: Path, database: str = "") -> Settings:
    """A server at free ports of this machine."""
    return parse(
        f"""
        [server]
        hostname = "mail.l.test"
        data = "{data}"
        database = "{database}"
        [listen]
        addresses = ["127.0.0.1"]
        smtp = 0
        submission = 0
        submissions = 0
        lmtp = 0
        pop3 = 0
        pop3s = 0
        imap = 0
        imaps = 0
        http = 0
        https = 0
        [limits]
        free_bytes = 0
        """
    )


class Running:
    """A server and its ports; `log` is what it wrote."""

    def __init__(self, settings: Settings, logins: Limits = Limits()) -> None:  # noqa: B008 -- frozen
        self.settings = settings
        self._logins = logins
        self.log = io.StringIO()
        self.world_changes: dict[str, Any] = {}

    async def __aenter__(self) -> Self:
        log = make_log("json", "info", self.log)
        world = msgspec.structs.replace(
            internet(self.settings), log=log, login_limits=self._logins, **self.world_changes
        )
        self.server = await Server.open(self.settings, world, asyncio.Event())
        self.ports = await self.server.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.server.stop()

    async def operate(self, operation: str, **arguments: Any) -> list[dict[str, Any]]:
        path = places_of(self.settings).control
        return await asyncio.to_thread(lambda: list(call(path, Request(operation, arguments))))

    async def settle(self) -> None:
        await self.operate("domain.add", name="l.test")
        await self.operate("account.add", address="bob@l.test", password=PASSWORD)


async def thread(work: Callable[[], Any]) -> Any:
    return await asyncio.wait_for(asyncio.to_thread(work), 60)


def send(port: int, recipient: str = "bob@l.test") -> None:
    with smtplib.SMTP("127.0.0.1", port, "r.test") as smtp:
        smtp.sendmail("alice@r.test", [recipient], MESSAGE)


def fetch(port: int) -> list[bytes]:
    context = ssl._create_unverified_context()
    box = poplib.POP3_SSL("127.0.0.1", port, context=context)
    box.user("bob@l.test")
    box.pass_(PASSWORD)
    messages = [b"\r\n".join(box.retr(number + 1)[1]) for number in range(box.stat()[0])]
    box.quit()
    return messages
