"""IMAP sessions over a real store, without sockets: lines in, lines out.

    stage = await ImapStage.open(store)
    bob = stage.session("bob@hamburger.test")
    assert await bob.say("a1 SELECT INBOX")[-1] == "a1 OK [READ-WRITE] Selected"

Several sessions share the store, as in a server; what one does, another is told. Every machine is fed in pieces when `cut` is given.
"""

import asyncio
import re
import zlib
from typing import Any

import msgspec

from postroom.message.address import parse_mailbox
from postroom.message.errors import AuthenticationFailed, MailError
from postroom.message.summary.summary import summarize
from postroom.net.session import Peer, TlsFacts
from postroom.proto.imap.config import ImapConfig
from postroom.serve.imap.conversation.conversation import ImapService
from postroom.serve.imap.session import ImapSession
from postroom.store.administration import accounts, domains
from postroom.store.directory import lookup as directory
from postroom.store.emails.delivery import Delivered, Delivery, deliver
from postroom.store.engine.ids import Ids
from postroom.store.engine.transaction import Transaction
from postroom.store.login.standing import Ground
from postroom.store.mailboxes import mailboxes, messages
from postroom.store.mailboxes.rights import MailboxRef, visitor_of
from postroom.store.store import Store

NOW = 1_750_000_000_000_000  # 2025-06-15 15:06:40 UTC
PASSWORD = "hungry"
BOB = "bob@hamburger.test"
ALICE = "alice@crepes.test"
LETTER = b"From: Alice <alice@crepes.test>\r\nTo: bob@hamburger.test\r\nSubject: ketchup\r\nMessage-ID: <%d@crepes.test>\r\n\r\nDo you like ketchup?\r\n"


class Known(msgspec.Struct):
    account_id: int
    address: str
    credential: str = "password "
    expires: int = 0
    session: bytes = b""
    confirmed: int = 0
    ground: Ground | None = None


class StageLogins:
    """Everybody has the same password."""

    def __init__(self) -> None:
        self.people: dict[str, int] = {}
        self.visited = ""  # the address of the account that strangers may visit
        self.refused: dict[str, MailError] = {}  # by address: why somebody may not come in

    async def authenticate(
        self, protocol: str, ip: str, username: str, password: bytes, authorize_as: str = ""
    ) -> Known:
        assert protocol == "imap"
        if username not in self.people or password != PASSWORD.encode() or authorize_as not in ("", username):
            raise AuthenticationFailed
        if username in self.refused:
            raise self.refused[username]
        return Known(self.people[username], username)

    async def anonymous(self, protocol: str, ip: str, trace: str) -> Known:
        return Known(visitor_of(self.people[self.visited]), "anonymous")


class StageConnection:
    """A connection whose peer reads everything at once."""

    def __init__(self, tls: TlsFacts | None) -> None:
        self.peer, self.local, self.tls = Peer("192.0.2.7", 4711), Peer("192.0.2.1", 143), tls
        self.bytes_in = 0
        self.opened_at = self.quiet_since = self.heard_at = 0.0
        self.parting = False
        self.drains = 0
        self.tls_contexts: list[object] = []
        self.closed = ""
        self.said = b""
        self.session: ImapSession | None = None

    def start_tls(self, context: object) -> None:
        self.wake()
        self.tls_contexts.append(context)

    def wake(self) -> None:
        assert self.session is not None
        self.said += self.session.machine.data_to_send()

    async def drained(self) -> None:
        self.drains += 1
        self.wake()

    def close(self, reason: str) -> None:
        self.wake()
        self.closed = reason

    def dismiss(self) -> None:
        assert self.session is not None
        try:
            self.session.dismissed()
        except Exception as error:  # noqa: BLE001 -- as the pump does
            self.closed = f"fault: {error}"


class Client:
    """One session and who speaks to it."""

    def __init__(self, session: ImapSession, connection: StageConnection, cut: int = 0) -> None:
        self.session = session
        self.machine = session.machine
        self.connection = connection
        self._cut = cut
        self._deflate: Any = None
        self._inflate: Any = None

    def compress(self) -> None:
        """From now on both sides speak DEFLATE (RFC 4978 §3)."""
        self._deflate, self._inflate = zlib.compressobj(wbits=-15), zlib.decompressobj(wbits=-15)

    async def send(self, data: bytes) -> bytes:
        """Octets in, all octets that come out."""
        if self._deflate is not None:
            data = self._deflate.compress(data) + self._deflate.flush(zlib.Z_SYNC_FLUSH)
        for start in range(0, len(data), self._cut or max(1, len(data))):
            self.machine.receive(data[start : start + (self._cut or len(data))])
            while (event := self.machine.next_event()) is not None:
                await self.session.handle(event)
                self.connection.wake()
        return self.heard()

    def heard(self) -> bytes:
        """What was said since the last look."""
        self.connection.wake()
        said, self.connection.said = self.connection.said, b""
        return said if self._inflate is None else self._inflate.decompress(said)

    async def say(self, *lines: str) -> list[str]:
        """Lines in, lines out; CRLF is added. A literal is written as `{n}` and a line of its own, and its continuation left out."""
        said = await self.send("".join(f"{line}\r\n" for line in lines).encode())
        return said.decode("utf-8", "surrogateescape").split("\r\n")[:-1]

    async def ok(self, command: str) -> list[str]:
        """Says `x COMMAND`; gives the untagged lines, after checking that the answer is OK."""
        *untagged, last = await self.say(f"x {command}")
        assert last.startswith("x OK"), (last, untagged)
        return untagged

    async def told(self, wanted: str, patience: float = 20.0) -> list[str]:
        """Waits, in IDLE, until a line matches; gives all that was said."""
        lines: list[str] = []
        for _ in range(int(patience / 0.005)):
            lines += self.heard().decode().split("\r\n")[:-1]
            if any(re.search(wanted, line) for line in lines):
                return lines
            await asyncio.sleep(0.005)
        raise AssertionError(f"{wanted!r} was not told, but {lines}")

    async def ended(self, patience: float = 20.0) -> None:
        """Waits until the server has closed the connection."""
        async with asyncio.timeout(patience):
            while not self.connection.closed:
                await asyncio.sleep(0.005)


class ImapStage:
    """A store with accounts, and sessions over it. Made by `open`."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.ids = Ids(1)
        self.logins = StageLogins()
        self.now = NOW
        self.config = ImapConfig("mail.hamburger.test", starttls=True, plaintext=True, version="1")
        self.certified = True  # whether there is a certificate for STARTTLS
        self._letters = 0

    @classmethod
    async def open(cls, store: Store, *people: str) -> "ImapStage":
        """With Bob, and whoever else is named."""
        stage = cls(store)
        for person in (BOB, *people):
            await stage.move_in(person)
        return stage

    async def move_in(self, address: str) -> int:
        """A new account with its first mailboxes."""
        found = parse_mailbox(address)
        assert found is not None

        async def work(tx: Transaction) -> int:
            if await directory.domain(tx, found.domain) is None:
                await domains.add(tx, found.domain, self.now)
            return await accounts.add(tx, accounts.NewAccount(found), self.ids, self.now)

        account_id = await self.store.engine.write(work)
        self.logins.people[address] = account_id
        return account_id

    def service(self, **other: Any) -> ImapService:
        """What sessions share; `other` replaces fields."""
        values: dict[str, Any] = {
            "config": self.config,
            "logins": self.logins,
            "store": self.store,
            "ids": self.ids,
            "now": lambda: self.now,
            "tls": (lambda: "a context") if self.certified else None,
        }
        return ImapService(**values | other)

    def session(self, *, tls: bool = False, cut: int = 0, **other: Any) -> Client:
        """A session from its greeting on, which is in `heard`."""
        connection = StageConnection(TlsFacts("TLSv1.3", "AES", 256) if tls else None)
        session = ImapSession(self.service(**other))
        connection.session = session
        session.opened(connection)
        return Client(session, connection, cut)

    async def user(self, address: str = BOB, select: str = "", **other: Any) -> Client:
        """A session that is logged in, and has a mailbox selected."""
        client = self.session(**other)
        client.heard()
        await client.ok(f"LOGIN {address} {PASSWORD}")
        if select:
            await client.ok(f"SELECT {select}")
        return client

    async def deliver(
        self, raw: bytes = b"", address: str = BOB, role: str = "inbox", **other: Any
    ) -> Delivered:
        """A letter comes in, with its summary, and is published."""
        delivery = await self.letter(raw, address, role, **other)
        delivered = await self.store.engine.write(lambda tx: deliver(tx, delivery))
        assert delivered is not None
        self.store.changes.publish([delivered.change])
        return delivered

    async def letter(
        self, raw: bytes = b"", address: str = BOB, role: str = "inbox", **other: Any
    ) -> Delivery:
        """A letter that is to come in."""
        self._letters += 1
        raw = raw or LETTER % self._letters
        account_id = self.logins.people[address]
        box = await mailboxes.by_role(self.store.engine.reading(), account_id, role)
        summary = summarize(raw)
        values: dict[str, Any] = {
            "account_id": account_id,
            "mailbox_id": box.mailbox_id,
            "email_id": self.ids.next(),
            "raw": raw,
            "size": len(raw),
            "summary": summary.pack(),
            "internaldate": self.now,
            "now": self.now,
            "message_ids": tuple(summary.thread_ids),
            "subject": summary.base_subject,
        }
        return Delivery(**values | other)

    async def uids(self, address: str = BOB, role: str = "inbox") -> list[int]:
        """What is in a mailbox, by the store."""
        account_id = self.logins.people[address]
        box = await mailboxes.by_role(self.store.engine.reading(), account_id, role)
        found = await messages.listing(self.store.engine.reading(), MailboxRef(account_id, box.mailbox_id))
        return [message.uid for message in found]
