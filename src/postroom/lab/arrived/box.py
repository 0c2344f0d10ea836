"""An account of a lab, as tests use one: what a program needs to send to it or log in, and what has arrived.

RFC 5321, RFC 1939, RFC 9051 and RFC 8620 are spoken at its ports by the real servers; here is only the look into the store behind them. Every method that
waits has a twin for coroutines, whose name ends in `_async`. Not here: how a lab runs (`lab.testing.lab`).
"""

from __future__ import annotations

import asyncio
import contextlib
import fnmatch
import smtplib
import time
from collections.abc import Coroutine
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any, Final, TypeVar

from postroom.lab.arrived.mail import Attachment, Mail
from postroom.message.ids import IdKind, id_text
from postroom.store.emails import expunge
from postroom.store.engine.transaction import Urgency
from postroom.store.identity import tokens
from postroom.store.identity.tokens import Token
from postroom.store.mailboxes import mailboxes, messages
from postroom.store.mailboxes.rights import MailboxRef

if TYPE_CHECKING:
    from postroom.app.server import Server
    from postroom.store.engine.transaction import Transaction
    from postroom.store.mailboxes.messages import Message

T = TypeVar("T")
PATIENCE: Final = 10.0  # seconds that `wait` waits, unless it is told otherwise
LISTED: Final = 1_000  # messages of a mailbox that are looked at, the newest
NAMED: Final = 20  # messages that an error shows, the newest


class NotArrived(AssertionError):
    """No message has come that was waited for; the text shows what is there."""


class Place:
    """Where an account lives: its server, and the loop in which it may be asked."""

    def __init__(self, server: Server, ports: dict[str, int], loop: asyncio.AbstractEventLoop) -> None:
        self.server = server
        self.ports = ports
        self.loop = loop

    def do(self, work: Coroutine[Any, Any, T], patience: float = 60.0) -> T:
        """Runs a coroutine in the lab."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(patience)

    async def do_async(self, work: Coroutine[Any, Any, T]) -> T:
        """The same, for a coroutine of another loop."""
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))


class Mailbox:
    """An account with an address of its own. Ports are on `host`, 127.0.0.1; names of the lab are in its own DNS only."""

    host = "127.0.0.1"

    def __init__(self, place: Place, account_id: int, address: str, password: str) -> None:
        self._place = place
        self._account_id = account_id
        self.address = address
        self.password = password

    @property
    def ports(self) -> dict[str, int]:
        """All ports, by service."""
        return dict(self._place.ports)

    @property
    def smtp_port(self) -> int:
        """Takes mail for the lab's addresses from anybody, as port 25 does; with a login, for all."""
        return self._place.ports["smtp"]

    @property
    def submission_port(self) -> int:
        """Takes mail after a login (STARTTLS)."""
        return self._place.ports["submission"]

    @property
    def submissions_port(self) -> int:
        """The same with TLS from the first octet."""
        return self._place.ports["submissions"]

    @property
    def pop3_port(self) -> int:
        """POP3."""
        return self._place.ports["pop3"]

    @property
    def imap_port(self) -> int:
        """IMAP."""
        return self._place.ports["imap"]

    @property
    def http_port(self) -> int:
        """JMAP (`/jmap/session`) and the web mail (`/mail/`)."""
        return self._place.ports["http"]

    @property
    def http_url(self) -> str:
        """The same as a URL."""
        return f"http://{self.host}:{self.http_port}"

    def send(self, message: EmailMessage | bytes, *to: str) -> None:
        """Sends as its owner does, after a login; without `to` to whom the message names. What `smtplib` raises says what was refused."""
        with smtplib.SMTP(self.host, self.submission_port, timeout=PATIENCE) as smtp:
            smtp.login(self.address, self.password)
            if isinstance(message, bytes):
                smtp.sendmail(self.address, to or Mail(message, 0).recipients, message)
            else:
                smtp.send_message(message, self.address, to or None)

    async def send_async(self, message: EmailMessage | bytes, *to: str) -> None:
        """As `send`."""
        await asyncio.to_thread(self.send, message, *to)

    def token(self, *scopes: str) -> str:
        """A bearer token (OAUTHBEARER, XOAUTH2, JMAP) for these protocols, such as `imap` and `jmap`; for all without."""
        return self._place.do(self._token(scopes))

    def messages(self) -> list[Mail]:
        """What has arrived and is there still, oldest first; spam among it."""
        return self._place.do(self._messages())

    async def messages_async(self) -> list[Mail]:
        """As `messages`."""
        return await self._place.do_async(self._messages())

    async def message_async(self, id: str) -> Mail | None:  # noqa: A002 -- as JMAP calls it
        """The message with this id; None when it is not there."""
        return await self._place.do_async(self._message(id))

    def wait(self, *, subject: str = "*", sender: str = "*", timeout: float = PATIENCE) -> Mail:
        """The oldest message that fits, as soon as it is there; patterns with `*` and `?`. Raises `NotArrived` after `timeout` seconds."""
        return self._place.do(self._wait(subject, sender, timeout), timeout + 60.0)

    async def wait_async(self, *, subject: str = "*", sender: str = "*", timeout: float = PATIENCE) -> Mail:  # noqa: ASYNC109 -- the twin's
        """As `wait`."""
        return await self._place.do_async(self._wait(subject, sender, timeout))

    def clear(self) -> None:
        """Empties it, so that the next `wait` is about what comes then."""
        self._place.do(self._clear())

    async def clear_async(self) -> None:
        """As `clear`."""
        await self._place.do_async(self._clear())

    def delete(self, mail: Mail) -> None:
        """Takes one message away; one that is gone already stays so."""
        self._place.do(self._clear(mail))

    async def delete_async(self, mail: Mail) -> None:
        """As `delete`."""
        await self._place.do_async(self._clear(mail))

    def links(self, containing: str = "") -> list[str]:
        """Of the newest message."""
        return self._newest().links(containing)

    def code(self, pattern: str = "") -> str:
        """Of the newest message."""
        return self._newest().code(pattern)

    def attachments(self) -> list[Attachment]:
        """Of the newest message."""
        return self._newest().attachments()

    def __repr__(self) -> str:
        return f"<Mailbox {self.address}>"

    async def _token(self, scopes: tuple[str, ...]) -> str:
        server = self._place.server
        text, token_hash = tokens.new_token(self._account_id)
        token = Token(self._account_id, token_hash, "test", scopes, server.clock.now())
        await server.engine.write(lambda tx: tokens.put(tx, token), Urgency.CLIENT)
        return text

    def _newest(self) -> Mail:
        found = self.messages()
        if not found:
            raise NotArrived(f"{self.address} has no mail")
        return found[-1]

    async def _messages(self, known: dict[tuple[int, int], Mail] | None = None) -> list[Mail]:
        """`known` are those that were read before, by mailbox and uid, and are not read again."""
        tx, known = self._place.server.engine.reading(), {} if known is None else known
        found: list[tuple[int, Mail]] = []
        for box, one in await self._copies(tx):
            key = box.mailbox_id, one.uid
            mail = known.get(key) or await self._read(box.name, one)
            if mail is not None:
                known[key] = mail
                found.append((one.internaldate, mail))
        found.sort(key=lambda pair: (pair[0], pair[1].uid))
        return [mail for _, mail in found]

    async def _message(self, wanted: str) -> Mail | None:
        """Reads no other."""
        for box, one in await self._copies(self._place.server.engine.reading()):
            if id_text(IdKind.EMAIL, one.email_id) == wanted:
                return await self._read(box.name, one)
        return None

    async def _copies(self, tx: Transaction) -> list[tuple[mailboxes.Mailbox, Message]]:
        """What can be looked at, by mailbox."""
        boxes = await mailboxes.listing(tx, self._account_id)
        refs = [(box, MailboxRef(self._account_id, box.mailbox_id)) for box in boxes]
        return [(box, one) for box, ref in refs for one in await _newest(tx, ref)]

    async def _read(self, mailbox: str, one: Message) -> Mail | None:
        raw = await self._place.server.store.read_email(self._account_id, one.email_id)
        return None if raw is None else Mail(raw, one.uid, mailbox, id_text(IdKind.EMAIL, one.email_id))

    async def _wait(self, subject: str, sender: str, patience: float) -> Mail:
        until = time.monotonic() + patience
        arrived, known = asyncio.Event(), dict[tuple[int, int], Mail]()
        subscription = self._place.server.parts.store.changes.subscribe(self._account_id, arrived.set)
        try:
            while True:
                arrived.clear()
                subscription.take()
                looked = set(map(id, known.values()))
                found = await self._messages(known)
                for mail in found:
                    if id(mail) not in looked and fits(mail.subject, subject) and fits(mail.sender, sender):
                        return mail
                left = until - time.monotonic()
                if left <= 0:
                    wanted = {"subject": subject, "sender": sender}
                    raise NotArrived(_what_is_there(self.address, found, wanted, patience))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(left):
                        await arrived.wait()
        finally:
            subscription.close()

    async def _clear(self, mail: Mail | None = None) -> None:
        """Everything, or one message."""
        server = self._place.server
        for box in await mailboxes.listing(server.engine.reading(), self._account_id):
            if mail is not None and mail.mailbox != box.name:
                continue
            uids = (1, max(1, box.uidnext)) if mail is None else (mail.uid, mail.uid)
            ref = MailboxRef(self._account_id, box.mailbox_id)
            change = await server.engine.write(
                lambda tx, r=ref, u=uids: expunge.expunge(tx, r, [u], server.clock.now()),  # type: ignore[misc]
                Urgency.CLIENT,
            )
            server.parts.store.changes.publish([change])


async def _newest(tx: Transaction, ref: MailboxRef) -> list[Message]:
    copies: list[Message] = []
    while some := await messages.listing(tx, ref, copies[-1].uid if copies else 0):
        copies = (copies + some)[-LISTED:]
    return copies


def fits(value: str, pattern: str) -> bool:
    """Whether a pattern with `*` and `?` covers it, in any case; brackets are themselves, since subjects begin with them."""
    return fnmatch.fnmatchcase(value.lower(), pattern.lower().replace("[", "[[]"))


def _what_is_there(address: str, found: list[Mail], wanted: dict[str, str], patience: float) -> str:
    asked = " and ".join(f"{name} {pattern!r}" for name, pattern in wanted.items() if pattern != "*")
    older = f"{len(found) - NAMED} older, " if len(found) > NAMED else ""
    there = older + (", ".join(map(repr, found[-NAMED:])) or "nothing")
    return f"no mail{' with ' + asked if asked else ''} came to {address} within {patience:g} s; there is {there}"
