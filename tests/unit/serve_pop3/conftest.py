"""A maildrop in memory, logins of two people, and a connection that only remembers."""

from collections.abc import AsyncGenerator, Sequence

import msgspec
import pytest

from postroom.message.errors import AuthenticationFailed, MailError
from postroom.message.journey.events import Hop
from postroom.net.session import Peer, TlsFacts
from postroom.proto.pop3.apop import apop_digest
from postroom.proto.pop3.authorization import Pop3Config
from postroom.proto.pop3.snapshot import Snapshot
from postroom.serve.pop3.session import Content, Pop3Service, Pop3Session
from postroom.serve.pop3.visits import Visits
from postroom.store.login.standing import Ground
from trust import authority, both_tls, client_tls, server_tls

__all__ = ["authority", "both_tls", "client_tls", "server_tls"]

BOB = "bob@hamburger.test"
PASSWORD = b"hungry"
SECRET = "tanstaaf"
STAMP = "<1896.697170952@hamburger.test>"
LETTERS = (
    b"Subject: one\r\n\r\nDo you like ketchup?\r\n",
    b"Subject: two\r\n\r\n.\r\nHow about pickles?\r\n",
)


class Known(msgspec.Struct):
    account_id: int = 1
    address: str = BOB
    ground: Ground | None = None


class MemoryLogins:
    def __init__(self) -> None:
        self.error: MailError | None = None
        self.asked: list[tuple[str, str, str]] = []

    async def authenticate(
        self, protocol: str, ip: str, username: str, password: bytes, authorize_as: str = ""
    ) -> Known:
        self.asked.append((protocol, ip, username))
        if self.error:
            raise self.error
        names = {"bob", BOB}
        if username not in names or password != PASSWORD or authorize_as not in {"", *names}:
            raise AuthenticationFailed
        return Known()

    async def apop(self, ip: str, username: str, challenge: bytes, digest: str) -> Known:
        if username != "bob" or digest != apop_digest(challenge.decode(), SECRET):
            raise AuthenticationFailed
        return Known()


class MemoryMaildrop:
    """One opened maildrop over the letters of all sessions; `piece` cuts what it gives."""

    def __init__(self, letters: dict[int, bytes], piece: int = 0) -> None:
        self.letters = letters
        self.snapshot = Snapshot(1, [(uid, len(letter)) for uid, letter in letters.items()])
        self.piece = piece
        self.error: MailError | None = None
        self.hops: list[tuple[int, Hop]] = []
        self.closed = 0

    async def read(self, number: int) -> Content | None:
        if self.error and not self.piece:
            raise self.error
        letter = self.letters.get(self.snapshot.uid(number))
        return self._pieces(letter) if letter and self.piece else letter

    async def _pieces(self, letter: bytes) -> AsyncGenerator[bytes, None]:
        for start in range(0, len(letter), self.piece):
            if self.error and start:
                raise self.error
            yield letter[start : start + self.piece]

    def retrieved(self, number: int, hop: Hop) -> None:
        self.hops.append((number, hop))

    async def remove(self, numbers: Sequence[int], hop: Hop) -> None:
        if self.error:
            raise self.error
        for number in numbers:
            self.letters.pop(self.snapshot.uid(number), None)
            self.hops.append((number, hop))

    def close(self) -> None:
        self.closed += 1


class MemoryMaildrops:
    def __init__(self) -> None:
        self.letters = dict(enumerate(LETTERS, 7))
        self.opened: list[MemoryMaildrop] = []
        self.piece = 0
        self.error: MailError | None = None

    async def open(self, account_id: int) -> MemoryMaildrop:
        if self.error:
            raise self.error
        self.opened.append(MemoryMaildrop(self.letters, self.piece))
        return self.opened[-1]


class RememberedConnection:
    """A connection whose peer reads everything at once."""

    def __init__(self, tls: TlsFacts | None = None) -> None:
        self.peer, self.local, self.tls = Peer("192.0.2.7", 4711), Peer("192.0.2.1", 110), tls
        self.bytes_in = 0
        self.opened_at = self.quiet_since = 0.0
        self.drains = 0
        self.tls_contexts: list[object] = []
        self.session: Pop3Session | None = None
        self.sent = b""

    def start_tls(self, context: object) -> None:
        self.tls_contexts.append(context)

    def wake(self) -> None:
        raise AssertionError("POP3 never speaks unasked")

    async def drained(self) -> None:
        self.drains += 1
        assert self.session is not None
        self.sent += self.session.machine.data_to_send()

    def close(self, reason: str) -> None:
        raise AssertionError(reason)

    def dismiss(self) -> None:
        assert self.session is not None
        self.session.dismissed()


class Stage:
    """A service and the connections to it."""

    def __init__(self) -> None:
        self.logins = MemoryLogins()
        self.maildrops = MemoryMaildrops()
        self.now = 1_000_000_000
        self.service = Pop3Service(
            config=Pop3Config("hamburger.test", stls=True, plaintext=True),
            logins=self.logins,
            maildrops=self.maildrops,
            visits=Visits(),
            now=lambda: self.now,
            tls=lambda: "context",  # type: ignore[arg-type, return-value]
            stamp=lambda: STAMP,
        )

    def connect(self, tls: TlsFacts | None = None) -> Pop3Session:
        session, connection = Pop3Session(self.service), RememberedConnection(tls)
        connection.session = session
        session.opened(connection)
        assert session.machine.data_to_send() == f"+OK hamburger.test POP3 server ready {STAMP}\r\n".encode()
        return session

    async def say(self, session: Pop3Session, text: bytes | str) -> str:
        """Sends lines and gives all that comes back."""
        connection = session._connection
        assert isinstance(connection, RememberedConnection)
        session.machine.receive(text.replace("\n", "\r\n").encode() if isinstance(text, str) else text)
        while (event := session.machine.next_event()) is not None:
            await session.handle(event)
        sent, connection.sent = connection.sent + session.machine.data_to_send(), b""
        return sent.decode().replace("\r\n", "\n")

    async def login(self) -> Pop3Session:
        session = self.connect()
        assert "+OK bob" in await self.say(session, "USER bob\nPASS hungry\n")
        return session


@pytest.fixture
def stage() -> Stage:
    return Stage()
