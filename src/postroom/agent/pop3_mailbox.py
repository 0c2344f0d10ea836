"""A mailbox read by POP3.

RFC 1939 §5 (LIST, RETR, DELE; §7: TOP, UIDL), RFC 2449 §6.6 (PIPELINING, which the machine uses by itself). Only QUIT deletes. Not here: the
dialogue (`proto.pop3.client`).
"""

from __future__ import annotations

from collections.abc import Sequence

from postroom.agent.accounts import Account
from postroom.agent.connecting import (
    Way,
    failed,
    leave,
    next_event,
    nonce,
    open_connection,
    start_tls,
    way_to,
)
from postroom.agent.exits import Exit, ServerBusy, ServerFailed
from postroom.agent.mailbox import Entry, find
from postroom.net.connect import ClientConnection, NetworkError
from postroom.proto.pop3.client import ClientEvent, Failed, Pop3Client, Ready, Upgrading, parse_numbers
from postroom.proto.pop3.client_login import Pop3Account, Response
from postroom.wire.numbers import decimal

SECONDS = 120.0  # for any answer, or a piece of one
_LATER = frozenset(("IN-USE", "LOGIN-DELAY", "SYS/TEMP"))


class Pop3Mailbox:
    """See `Mailbox`. Made by `open`."""

    def __init__(self, connection: ClientConnection[ClientEvent], machine: Pop3Client, way: Way) -> None:
        self._connection = connection
        self._machine = machine
        self._way = way
        self._has_top = True

    @classmethod
    async def open(cls, account: Account) -> Pop3Mailbox:
        """Connects and logs in; raises `ServerFailed`."""
        way = await way_to(account, account.pop3, "pop3")
        login = Pop3Account(
            account.login_name,
            "" if account.bearer else account.secret(),
            secure=way.endpoint.tls == "implicit",
            plaintext=way.endpoint.tls == "none",
            server=way.server_name,
            nonce=nonce,
            token=account.secret() if account.bearer else "",
            certificate=bool(account.certificate),
        )
        machine = Pop3Client(login)
        mailbox = cls(await open_connection(way, machine), machine, way)
        try:
            await mailbox._log_in()
        except BaseException:
            await mailbox.drop()
            raise
        return mailbox

    async def entries(self, last: int = 0) -> list[Entry]:
        """See `Mailbox`. A server without UIDL gives messages no uid."""
        sizes, uids = await self._ask("LIST", "UIDL", may_fail={"UIDL"})
        names = dict(_uid(line) for line in uids.lines)
        found = [parse_numbers(line.decode("ascii", "replace")) for line in sizes.lines]
        there = [Entry(one[0], names.get(one[0], ""), one[1]) for one in found if one is not None]
        return there[-last:] if last else there

    async def chosen(self, wanted: Sequence[str]) -> list[Entry]:
        """See `Mailbox`."""
        entries = await self.entries()
        found = [find(entries, one) for one in wanted]
        return list({entry.number: entry for entry in found}.values())

    async def headers(self, numbers: Sequence[int]) -> list[bytes]:
        """See `Mailbox`."""
        if self._has_top and numbers:
            first, *_ = await self._ask(f"TOP {numbers[0]} 0", may_fail={"TOP"})
            self._has_top = first.ok
            if first.ok:
                rest = await self._ask(*(f"TOP {number} 0" for number in numbers[1:]))
                return [first.content, *(response.content for response in rest)]
        return [await self.message(number) for number in numbers]

    async def message(self, number: int) -> bytes:
        """See `Mailbox`."""
        (response,) = await self._ask(f"RETR {number}")
        return response.content

    async def delete(self, numbers: Sequence[int]) -> None:
        """See `Mailbox`."""
        await self._ask(*(f"DELE {number}" for number in numbers))

    async def close(self) -> None:
        """See `Mailbox`."""
        await self._ask("QUIT")
        await leave(self._connection)

    async def drop(self) -> None:
        """See `Mailbox`."""
        await leave(self._connection)

    async def _log_in(self) -> None:
        while True:
            match await self._event(Exit.LOGIN):
                case Upgrading():
                    await start_tls(self._connection, self._way)
                    self._machine.tls_started()
                case Ready():
                    return
                case Response():
                    raise ServerFailed(f"{self._way.endpoint.host} answers before it was asked", Exit.LOGIN)

    async def _ask(self, *commands: str, may_fail: frozenset[str] | set[str] = frozenset()) -> list[Response]:
        """Says commands, all at once where the server lets it, and gives their answers."""
        for command in commands:
            self._machine.send(command)
        answers: list[Response] = []
        for command in commands:
            event = await self._event(Exit.MAILBOX)
            if not isinstance(event, Response):
                raise ServerFailed(f"{self._way.endpoint.host} makes no sense", Exit.MAILBOX)
            if not event.ok and command.partition(" ")[0] not in may_fail:
                raise ServerFailed(f"{self._way.endpoint.host}, at {command}: {event.text}", Exit.MAILBOX)
            answers.append(event)
        return answers

    async def _event(self, at: Exit) -> ClientEvent:
        try:
            event = await next_event(self._connection, SECONDS)
        except NetworkError as error:
            raise failed(error, self._way, at) from error
        if isinstance(event, Failed):
            at = Exit.TLS if "TLS" in event.why else at
            kind = ServerBusy if event.code in _LATER else ServerFailed
            raise kind(f"{self._way.endpoint.host}: {event.why}", at)
        return event


def _uid(line: bytes) -> tuple[int, str]:
    number, _, uid = line.decode("ascii", "replace").partition(" ")
    return decimal(number, 9) or 0, uid.strip()
