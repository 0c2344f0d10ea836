"""Postroom as the bench runs it: `postroom serve` in a process of its own, with a configuration file, filled by its own commands.

Not here: filling mailboxes with a million messages (`fill`).
"""

from __future__ import annotations

import json
import selectors
import sqlite3
import ssl
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Final

from bench.certificate import Certificate
from bench.processes import BenchError, end
from bench.sockets import LOOPBACK, free_ports, until_banner
from bench.systems import DOMAIN, FORWARDER, PASSWORD, addresses
from postroom.app.control import OperationError, Request, call

DURABILITY: Final = "as shipped: SQLite, write-ahead log, synchronous=FULL; 250 after the commit that files the message was synced"
PROGRAM: Final = Path(sys.executable).parent / "postroom"
START_SECONDS: Final = 30.0

CONFIGURATION: Final = """\
[server]
hostname = "mx.{domain}"
data = "data"

[listen]
addresses = ["{loopback}"]
smtp = {smtp}
submission = -1
submissions = -1
pop3 = {pop3}
pop3s = {pop3s}
imap = {imap}
imaps = {imaps}
http = -1
https = -1

[tls]
certificates = ["{chain}"]
keys = ["{key}"]

[limits]
connections_per_client = 0
connections_per_minute = 0

[mailboxes]
imap_sessions = 0
"""

ROUTE: Final = """
[routes."{next_domain}"]
host = "{loopback}"
port = {next_port}
"""


class Ours:
    """A server below `place`: a `MailSystem`. `further` is more of the configuration."""

    name = "Postroom"
    durability = DURABILITY
    program: tuple[str, ...] = (str(PROGRAM), "serve", "--json", "--config")

    def __init__(
        self, place: Path, certificate: Certificate, domain: str = DOMAIN, further: str = ""
    ) -> None:
        self.smtp, self.pop3, self.pop3s, self.imap, self.imaps = free_ports(5)
        self._place = place
        self._domain = domain
        self._certificate = certificate
        self._process: subprocess.Popen[bytes] | None = None
        place.mkdir()
        written = CONFIGURATION.format(
            domain=domain,
            loopback=LOOPBACK,
            smtp=self.smtp,
            pop3=self.pop3,
            pop3s=self.pop3s,
            imap=self.imap,
            imaps=self.imaps,
            chain=certificate.chain,
            key=certificate.key,
        )
        (place / "postroom.toml").write_text(written + further)

    @property
    def database(self) -> Path:
        """The directory of the store."""
        return self._place / "data/store"

    def start(self) -> None:
        """See `MailSystem`."""
        self.launch()
        self.started()

    def launch(self) -> None:
        """See `MailSystem`."""
        if not PROGRAM.exists():
            raise BenchError(f"{PROGRAM} is missing: make setup")
        with (self._place / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self.program, str(self._place / "postroom.toml")],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def started(self) -> float:
        """Waits for the first SMTP greeting; gives its moment (`perf_counter`)."""
        process = self._process
        assert process is not None
        try:
            moment = until_banner(self.smtp, b"220", START_SECONDS, lambda: process.poll() is not None)
            self._announcement()
            until_banner(self.pop3, b"+OK", START_SECONDS)
        except BenchError as error:
            log = (self._place / "log").read_text("utf-8", "replace")
            raise BenchError(f"Postroom: {error}; its log ends: {log[-800:]}") from error
        return moment

    def _announcement(self) -> None:
        """Reads the line that `serve --json` prints when it is ready."""
        assert self._process is not None
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            if not selector.select(START_SECONDS):
                raise BenchError(f"no line on standard output within {START_SECONDS:.0f} s")
        line = self._process.stdout.readline()
        try:
            json.loads(line)
        except ValueError as error:
            raise BenchError(f"standard output is not JSON: {line[:200]!r}") from error

    def stop(self) -> None:
        """See `MailSystem`."""
        if self._process:
            end(self._process.pid)
            self._process.wait()
            if self._process.stdout:
                self._process.stdout.close()
            self._process = None

    def perform(self, operation: str, **arguments: object) -> None:
        """An administrator's command, over the control socket."""
        try:
            for _ in call(self._place / "data/control", Request(operation, arguments)):
                pass
        except OperationError as error:
            raise BenchError(f"{operation}: {error}") from error

    def populate(self) -> None:
        """Adds the domain and its users."""
        self.perform("domain.add", name=self._domain)
        for address in addresses(self._domain):
            self.perform("account.add", address=address, password=PASSWORD)

    def roots(self) -> list[int]:
        """See `Entrance`."""
        return [self._process.pid] if self._process else []

    def count(self) -> int:
        """See `MailSystem`: what the database says to another process, so what was committed."""
        return self._ask("SELECT coalesce(sum(n_total), 0) FROM mailboxes")

    def backlog(self) -> int:
        """See `MailSystem`."""
        return self._ask("SELECT count(*) FROM index_queue")

    def _ask(self, question: str) -> int:
        with closing(
            sqlite3.connect(f"file:{self.database}/mail.db?mode=ro", uri=True, timeout=5)
        ) as database:
            row = database.execute(question).fetchone()
        return int(row[0])

    def login(self, number: int) -> str:
        """See `MailSystem`."""
        return addresses(self._domain)[number]

    def tls(self) -> ssl.SSLContext:
        """See `MailSystem`."""
        return self._certificate.client


class OpenHouse(Ours):
    """The same server, but passwords are taken without TLS."""

    program = (sys.executable, "-m", "bench.open_house")


class ForwardingPostroom(Ours):
    """A second server, whose addresses are aliases of the users of another one."""

    def __init__(self, place: Path, certificate: Certificate, next_port: int) -> None:
        route = ROUTE.format(next_domain=DOMAIN, loopback=LOOPBACK, next_port=next_port)
        super().__init__(place, certificate, FORWARDER, route)

    def populate(self) -> None:
        """Adds the domain and its aliases."""
        self.perform("domain.add", name=FORWARDER)
        for address, target in zip(addresses(FORWARDER), addresses(DOMAIN), strict=True):
            self.perform("alias.add", address=address, targets=[target])
