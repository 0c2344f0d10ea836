"""What every administrative command has: its terminal, and a way to perform operations wherever the server is.

With a running server the operation goes over its control socket; without one it is performed here, on the store. In a lab several servers run: what
only reads asks all of them, what changes something needs to know which (by the domain it is about, or `--at`). Not here: any operation.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Annotated, Any, TypeVar

import msgspec
import typer

from postroom.agent.invocation import CommandFailed, Json, NoColor
from postroom.agent.terminal import Terminal
from postroom.app.control import CallFailed, NotRunning, OperationError, Request, call
from postroom.app.locate import Server, find_servers, lab_servers
from postroom.app.operations.office import Operation, as_dict
from postroom.app.settings.file import Settings, SettingsError
from postroom.message.errors import MailError
from postroom.store.engine.refused import StoreRefused

A = TypeVar("A", bound=msgspec.Struct)
R = TypeVar("R", bound=msgspec.Struct)

Config = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="The server's configuration.")]
At = Annotated[str, typer.Option("--at", metavar="NAME", help="Which of a lab's servers.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]


class Administration:
    """A command's session."""

    def __init__(self, terminal: Terminal, servers: list[Server], at: str = "") -> None:
        self.terminal = terminal
        self.servers = servers
        self._at = at
        self._changing = False  # whether something is done that a reader who leaves would interrupt

    @property
    def several(self) -> bool:
        """Whether more than one server may be meant."""
        return len(self.servers) > 1

    def perform(
        self, operation: Operation[A, R], arguments: A, about: str = "", content: bytes = b""
    ) -> Iterator[R]:
        """The operation's records; `about` is a domain or an address that tells which server is meant, `content` its argument of that name, of any length."""
        for _, record in self.perform_each(operation, arguments, about, content):
            yield record

    def one(self, operation: Operation[A, R], arguments: A, about: str = "", content: bytes = b"") -> R:
        """The only record of an operation that gives one."""
        (record,) = self.perform(operation, arguments, about, content)
        return record

    def perform_each(
        self, operation: Operation[A, R], arguments: A, about: str = "", content: bytes = b""
    ) -> Iterator[tuple[Server, R]]:
        """As `perform`, with the server that each record is from."""
        failures: list[Exception] = []
        answered = False
        self._changing = not operation.reads
        servers = self._meant(operation, about)
        for server in servers:
            try:
                for record in _perform_at(server, operation, arguments, content):
                    answered = True
                    yield server, record
            except (OperationError, MailError) as failure:
                failures.append(failure)
        self._changing = False
        if failures and not (answered and len(servers) > 1):
            raise failures[0]

    def dns(self, about: str) -> str:
        """The name server of the world that `about`, a domain, is in: a lab's own; "" for the system's."""
        name = self._at or about.lower()
        return next((one.dns for one in self.servers if one.name == name), self.servers[0].dns)

    def agree(self, question: str, *, yes: bool) -> None:
        """Goes on only when whoever calls wants it: `yes`, or an answer on the terminal."""
        if not yes and not self.terminal.confirm(question):
            raise CommandFailed(f"not done ({question}); to do it without being asked, say --yes")

    def failure(self, error: Exception) -> CommandFailed | None:
        """See `Session`."""
        if isinstance(error, CallFailed):
            return CommandFailed(str(error), status=error.failed.status, temporary=error.failed.temporary)
        if isinstance(error, MailError):
            return CommandFailed(error.public, status=str(error.status), temporary=not error.permanent)
        if isinstance(error, (OperationError, StoreRefused, SettingsError)):
            return CommandFailed(str(error))
        if isinstance(error, BrokenPipeError) and self._changing:
            return CommandFailed("nobody reads what is done: it was left in the middle")
        if isinstance(error, PermissionError):
            return CommandFailed(
                f"{error.filename or error}: {error.strerror}; become root, or the server's user"
            )
        return None

    def close(self) -> None:
        """Nothing is held."""

    def _meant(self, operation: Operation[Any, Any], about: str) -> list[Server]:
        if not self._at and not self.several:
            return self.servers
        name = self._at or about.rpartition("@")[2].lower()
        named = [server for server in self.servers if server.name == name]
        if named or (operation.reads and not self._at):
            return named or self.servers
        if not self.several:
            raise CommandFailed(
                f"--at {name}: no such lab runs, and {self.servers[0].name} is not meant by it", 2
            )
        names = " or ".join(f"--at {server.name}" for server in self.servers)
        raise CommandFailed(f"a lab with several servers runs: say which one, {names}", 2)


def administration(
    json: Json = False, no_color: NoColor = False, config: Config = None, at: At = ""
) -> Administration:
    """Makes the session from a command's options."""
    terminal = Terminal(json=json, color=False if no_color else None)
    try:
        # who names a lab's server means no other, whatever is configured here
        labs = lab_servers() if at and config is None else []
        return Administration(terminal, labs or find_servers(config), at)
    except SettingsError as error:
        raise CommandFailed(str(error)) from error


def _perform_at(server: Server, operation: Operation[A, R], arguments: A, content: bytes) -> Iterator[R]:
    request = Request(operation.name, as_dict(arguments))
    try:
        for record in call(server.control, request, content):
            yield msgspec.convert(record, operation.result)
    except NotRunning:
        if server.settings is None:
            raise OperationError(
                f"the lab's server {server.name} does not run any more: start the lab again"
            ) from None
        yield from _directly(server.settings, operation, arguments, content)


def _directly(settings: Settings, operation: Operation[A, R], arguments: A, content: bytes) -> Iterator[R]:
    """Performs the operation in this process."""
    from postroom.app.operations.direct import DirectOffice, caller
    from postroom.app.operations.table import perform

    with asyncio.Runner() as runner:
        office = runner.run(DirectOffice.open(settings, begins=operation.begins and not operation.reads))
        facts = as_dict(arguments) | ({"content": content} if content else {})
        records = perform(office, caller(), Request(operation.name, facts))
        try:
            while (record := runner.run(_next(records))) is not None:
                yield msgspec.convert(record, operation.result)
        finally:
            runner.run(office.close())


async def _next(records: AsyncIterator[dict[str, Any]]) -> dict[str, Any] | None:
    return await anext(records, None)
