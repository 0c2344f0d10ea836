"""A whole server that the world attacks: strict as on the Internet, with a clock and a DNS of the test's, and raw connections to it."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import io
import itertools
import socket
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any, Self, TypeVar

import msgspec

from postroom.app.logs import make_log
from postroom.app.server import Server
from postroom.app.settings.file import (
    LimitSettings,
    ListenSettings,
    MailboxSettings,
    ServerSettings,
    Settings,
)
from postroom.app.settings.queue import QueueSettings
from postroom.app.surroundings import Surroundings
from postroom.message.address import Address
from postroom.net.clock import MovableClock
from postroom.net.ourselves import is_ourselves
from postroom.net.tls.certificates import opportunistic
from postroom.proto.dns.answer import Answer, Family, Kind, Mx, Rcode, Tlsa
from postroom.store.administration import accounts, domains
from postroom.store.administration.accounts import NewAccount
from postroom.store.engine.transaction import Transaction

PATIENCE = 60.0
HOME = "l.test"
FAR = "127.0.0.9"
PASSWORD = "pickles"
SESSIONS = 20  # of IMAP, of one account

T = TypeVar("T")


class Names:
    """A DNS in a dictionary: domain -> exchangers, host -> addresses; `asked` keeps every question."""

    def __init__(self) -> None:
        self.mx_of: dict[str, tuple[Mx, ...] | Rcode] = {}
        self.addresses_of: dict[str, tuple[str, ...] | Rcode] = {}
        self.asked: list[str] = []

    async def mx(self, name: str) -> Answer[Mx]:
        return self._answer(name, Kind.MX, self.mx_of)

    async def addresses(self, name: str, family: Family = Family.BOTH) -> Answer[str]:
        return self._answer(name, Kind.ADDRESS, self.addresses_of)

    async def txt(self, name: str) -> Answer[bytes]:
        return Answer(name, Kind.TXT)

    async def ptr(self, ip: str) -> Answer[str]:
        return Answer(ip, Kind.PTR)

    async def cname(self, name: str) -> Answer[str]:
        return Answer(name, Kind.CNAME)

    async def tlsa(self, name: str) -> Answer[Tlsa]:
        return Answer(name, Kind.TLSA)

    def _answer(self, name: str, kind: Kind, known: dict[str, Any]) -> Answer[Any]:
        self.asked.append(f"{kind} {name}")
        found = known.get(name, Rcode.NXDOMAIN)
        return Answer(name, kind, found) if isinstance(found, Rcode) else Answer(name, kind, records=found)


class Besieged:
    """A running server of `l.test`, in a thread with a loop of its own; `do` runs a coroutine there."""

    def __init__(self, directory: Path, limits: LimitSettings | None = None) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._numbers = itertools.count(1)
        self.clock = MovableClock()
        self.names = Names()
        self.far_port = 9
        self.log = io.StringIO()
        self.data = directory / "data"
        self.settings = Settings(
            ServerSettings("mx.l.test", HOME, str(self.data), administrator=f"admin@{HOME}"),
            ListenSettings(
                ("127.0.0.1",),
                smtp=0,
                submission=0,
                submissions=0,
                lmtp=0,
                pop3=0,
                pop3s=0,
                imap=0,
                imaps=0,
                http=0,
                https=0,
            ),
            limits=limits or LimitSettings(free_bytes=1 << 20),
            queue=QueueSettings(concurrency=2),
            mailboxes=MailboxSettings(imap_sessions=SESSIONS),
        )
        self.ports: dict[str, int] = {}
        self.server: Server = self.do(self._start())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE * 2)

    def call(self, function: Callable[..., T], *arguments: Any) -> T:
        """Runs a plain function in the server's loop."""

        async def work() -> T:
            return function(*arguments)

        return self.do(work())

    async def _start(self) -> Server:
        world = Surroundings(
            self.clock,
            self.names,
            make_log("json", "debug", self.log),
            lambda ip: is_ourselves(ip, ("127.0.0.1",), loopback_is_far=True),
            opportunistic,
            lambda ip: self.far_port,
            "127.0.0.1",
        )
        server = await Server.open(self.settings, world, asyncio.Event())

        async def found(tx: Transaction) -> None:
            await domains.add(tx, HOME, self.clock.now())

        await server.engine.write(found)
        self._verifier = await server.passwords.verifier(PASSWORD.encode())
        self.ports = await server.start()
        return server

    def person(self, name: str = "", quota: int = 0) -> str:
        """A new account; gives its address."""
        address = Address(name or f"p{next(self._numbers)}", HOME)
        new = NewAccount(address, self._verifier, quota_bytes=quota)
        server = self.server
        self.write(lambda tx: accounts.add(tx, new, server.ids, self.clock.now()))
        return str(address)

    def write(self, work: Callable[[Transaction], Awaitable[T]]) -> T:
        result = self.do(_as_coroutine(self.server.engine.write(work)))
        self.call(self.server.wake)
        return result

    def letters(self, address: str) -> list[bytes]:
        """Whatever lies in somebody's mailboxes, oldest first."""
        local, _, domain = address.partition("@")

        async def read() -> list[bytes]:
            engine, store = self.server.engine, self.server.parts.store
            account = await accounts.get(engine.reading(), Address(local, domain))
            rows = await engine.reading().fetch(
                "SELECT email_id FROM emails WHERE account_id = $1 ORDER BY email_id", account.account_id
            )
            return [await store.read_email(account.account_id, row[0]) or b"" for row in rows]

        return self.do(read())

    def count(self, table: str) -> int:
        """Rows of a table."""

        async def read() -> int:
            row = await self.server.engine.reading().fetchrow(f"SELECT count(*) FROM {table}")
            assert row is not None
            return int(row[0])

        return self.do(read())

    def until(self, what: str, probe: Callable[[], T]) -> T:
        """Asks again and again for something true, and gives it."""
        rested = threading.Event()
        for _ in range(int(PATIENCE / 0.02)):
            if found := probe():
                return found
            rested.wait(0.02)
        raise AssertionError(f"waited in vain for {what}")

    def move(self, seconds: float) -> None:
        """Moves the clock, and has every connection looked at."""

        def moved() -> None:
            self.clock.advance(seconds)
            self.server.services._connections.check()

        self.call(moved)

    def connect(self, service: str = "smtp", source: str = "127.0.0.1") -> Wire:
        """A raw connection that has not read anything yet."""
        return Wire(socket.create_connection(("127.0.0.1", self.ports[service]), PATIENCE, (source, 0)))

    def greeted(self, service: str = "smtp") -> Wire:
        """A connection after the greeting and EHLO (LHLO)."""
        wire = self.connect(service)
        assert wire.reply().startswith("220")
        assert wire.ask("LHLO a.test" if service == "lmtp" else "EHLO a.test").startswith("250")
        return wire

    def user(self, address: str, service: str = "submission") -> Wire:
        """A user's connection, logged in over TLS."""
        wire = self.greeted(service)
        assert wire.ask("STARTTLS").startswith("220")
        wire.tls()
        wire.ask("EHLO a.test")
        token = base64.b64encode(f"\0{address}\0{PASSWORD}".encode()).decode()
        assert wire.ask(f"AUTH PLAIN {token}").startswith("235")
        return wire

    def close(self) -> None:
        self.do(self.server.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _as_coroutine(work: Awaitable[T]) -> T:
    return await work


class Wire:
    """A raw connection: octets out, replies in."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self._read = b""

    def send(self, data: bytes | str) -> None:
        self.sock.sendall(data.encode() if isinstance(data, str) else data)

    def tls(self, context: ssl.SSLContext | None = None, session: ssl.SSLSession | None = None) -> None:
        self.sock = (context or opportunistic()).wrap_socket(
            self.sock, server_hostname="mx.l.test", session=session
        )

    def line(self) -> str:
        while b"\r\n" not in self._read:
            data = self.sock.recv(65536)
            if not data:
                return ""
            self._read += data
        line, _, self._read = self._read.partition(b"\r\n")
        return line.decode("utf-8", "replace")

    def reply(self) -> str:
        """One whole SMTP reply, its lines joined by a line feed; "" at the end of the connection."""
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return "\n".join(lines)

    def replies(self, number: int) -> list[str]:
        return [self.reply() for _ in range(number)]

    def ask(self, line: str) -> str:
        self.send(line.encode() + b"\r\n")
        return self.reply()

    def codes(self, *lines: str) -> list[str]:
        """The code of each line's reply, asked one after the other."""
        return [self.ask(line)[:3] for line in lines]

    def letter_begun(self, sender: str, recipient: str) -> None:
        """MAIL, RCPT and DATA: the next octet is the message's."""
        assert self.codes(f"MAIL FROM:<{sender}>", f"RCPT TO:<{recipient}>", "DATA") == ["250", "250", "354"]

    def letter(self, sender: str, recipients: Sequence[str], content: bytes) -> str:
        """Sends a letter by DATA, and gives the last reply."""
        for line in (f"MAIL FROM:<{sender}>", *(f"RCPT TO:<{one}>" for one in recipients), "DATA"):
            said = self.ask(line)
            if said[0] not in "23":
                return said
        self.send(content + b"\r\n.\r\n")
        return self.reply()

    def rest(self) -> bytes:
        """Everything until the peer closes; a reset counts as its end."""
        pieces = [self._read]
        self._read = b""
        try:
            while data := self.sock.recv(65536):
                pieces.append(data)
        except (ConnectionResetError, ssl.SSLEOFError):
            pass
        return b"".join(pieces)

    def close(self) -> None:
        self.sock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Heard(msgspec.Struct):
    """What one connection to a far server brought: lines and messages."""

    lines: list[str] = []
    letters: list[bytes] = []


class FarServer:
    """The next hop: answers each verb by `replies`, or as a good server does; "" hangs up, None says nothing for ever."""

    def __init__(self, replies: dict[str, str | bytes | None] | None = None, ip: str = FAR) -> None:
        self.replies = {} if replies is None else replies
        self.connections: list[Heard] = []
        self._socket = socket.create_server((ip, 0))
        self.port: int = self._socket.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def letters(self) -> list[bytes]:
        return [letter for heard in self.connections for letter in heard.letters]

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._socket.accept()
            except OSError:
                return
            self._open.append(sock)
            heard = Heard()
            self.connections.append(heard)
            threading.Thread(target=self._talk, args=(sock, heard), daemon=True).start()

    def _talk(self, sock: socket.socket, heard: Heard) -> None:
        try:
            with sock, sock.makefile("rb") as file:
                if self._say(sock, "GREETING", b"220 far.test ESMTP"):
                    self._commands(sock, file, heard)
        except OSError:
            pass

    def _commands(self, sock: socket.socket, file: Any, heard: Heard) -> None:
        usual = {"EHLO": b"250 far.test", "DATA": b"354 Go on", "QUIT": b"221 Bye"}
        for line in file:
            text = line.decode("utf-8", "replace").strip()
            heard.lines.append(text)
            verb = text[:4].upper()
            if not self._say(sock, verb, usual.get(verb, b"250 Ok")) or verb == "QUIT":
                return
            if verb == "DATA" and str(self.replies.get("DATA", "354")).startswith("354"):
                letter = b""
                while not letter.endswith(b"\r\n.\r\n"):
                    more = file.readline()
                    if not more:
                        return
                    letter += more
                heard.letters.append(letter[:-5])
                if not self._say(sock, "END", b"250 Ok"):
                    return

    def _say(self, sock: socket.socket, verb: str, usual: bytes) -> bool:
        said = self.replies.get(verb, usual)
        if said is None:
            sock.recv(1)  # until the other side gives up
            return False
        octets = said.encode() if isinstance(said, str) else said
        if not octets:
            return False
        sock.sendall(octets + b"\r\n")
        return True

    def close(self) -> None:
        self._socket.close()
        for sock in self._open:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)  # a thread that reads would keep it open
            sock.close()
