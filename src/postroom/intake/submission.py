"""The door for users: submission on 587 and 465, `sendmail`, and whatever submits on behalf of an account.

RFC 6409 (§4.3 authentication, §6.1 the right to an address, §8 repairs), RFC 4954 §5 (AUTH= of MAIL). A user writes under his own addresses only: those that the
directory delivers to him. Not here: relaying for strangers, which this door never does.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from postroom.deliver.letter import Receipt
from postroom.deliver.router import Resolved
from postroom.intake.client import Account, Client, Incoming
from postroom.intake.door import Desk, Parcel, Premises
from postroom.message.address import Address, parse_mailbox
from postroom.message.composing.modifications import apply_modifications, modifications
from postroom.message.envelope import Recipient
from postroom.message.errors import BadContent, NotPermitted
from postroom.message.headers.address_list import AddressSpec, mailboxes, parse_address_list
from postroom.message.headers.header import Header
from postroom.message.headers.trace import close_header
from postroom.store.blobs.spilled import head_of, with_head
from postroom.store.directory import lookup as directory
from postroom.store.engine.transaction import Transaction

MOST_AUTHORS = (
    100  # addresses in the fields that say who sends a message, and in the names there; each is looked up
)
MOST_OCTETS = 65_536  # of these fields together
MOST_RESENT = 10  # Resent-From fields, and Resent-Sender: one for each time (RFC 5322 §3.6.6)
MOST_SHOWN = 10  # addresses in one display name
ONCE = ("From", "Sender")
AGAIN = ("Resent-From", "Resent-Sender")


class SubmissionDoor:
    """Takes mail from accounts to anywhere. `unique` makes the left half of a Message-ID."""

    def __init__(self, premises: Premises, unique: Callable[[], str]) -> None:
        self._desk = Desk(premises)
        self._premises = premises
        self._unique = unique

    async def mail(self, client: Client, incoming: Incoming) -> None:
        """The reverse-path must be the user's own; `<>` is for notifications (RFC 8098 §3)."""
        self._desk.check_room(incoming.envelope.size)
        envelope = incoming.envelope
        if envelope.sender is not None:
            await self._check_own(_login(client), envelope.sender, "MAIL FROM")
        if envelope.auth is not None and not await self._vouches(client, envelope.auth):
            envelope.auth = "<>"

    async def rcpt(self, client: Client, incoming: Incoming, recipient: Recipient) -> None:
        """Any domain's recipients, and known ones of ours."""
        _login(client)
        resolved = await self._desk.admit(incoming, recipient)
        incoming.known[len(incoming.envelope.recipients)] = resolved

    async def message(self, client: Client, incoming: Incoming, parcel: Parcel) -> Receipt:
        """Repairs the header, checks who it says has written it, and takes it."""
        login = _login(client)
        head = close_header(head_of(parcel.content))
        if incoming.again:
            await self._check_resender(login, head)
        else:
            await self._check_authors(login, head)
        incoming.vouched = True
        unique = f"{self._unique()}@{self._premises.hostname}"
        author = None if incoming.again else incoming.envelope.sender or parse_mailbox(login.address)
        changes = modifications(head, author, self._desk.date(), unique)
        content = with_head(parcel.content, apply_modifications(head, changes))
        return await self._desk.take(client, incoming, parcel, content)

    async def _check_authors(self, login: Account, head: bytes) -> None:
        """RFC 6409 §6.1, §8.1: one From field at most, and each address in it the user's; so in the others that name who sends."""
        header = Header.parse(head)
        if header.truncated:
            raise BadContent("The header is too long to be checked")
        named: list[tuple[str, bytes]] = []
        for name in (*ONCE, *AGAIN):
            fields = header.all(name)
            if len(fields) > (1 if name in ONCE else MOST_RESENT):
                raise BadContent(f"The message has {len(fields)} {name} fields; send one")
            named += [(name, value) for value in fields]
        await self._check_fields(login, named)

    async def _check_resender(self, login: Account, head: bytes) -> None:
        """RFC 5322 §3.6.6: the topmost block is of this time, and its From is the user's; those below are of others."""
        value = Header.parse(head).get("Resent-From")
        if value is None:
            raise BadContent("A message that is sent once more has a Resent-From field")
        await self._check_fields(login, [("Resent-From", value)])

    async def _check_fields(self, login: Account, fields: Sequence[tuple[str, bytes]]) -> None:
        """Many programs show the name and not the address: one that is a neighbour's address is not the user's either."""
        senders, shown = _named(fields)
        for address, where in senders.items():
            await self._check_own(login, address, where)
        for address, where in shown.items():
            if await directory.domain(self._premises.engine.reading(), address.domain) is not None:
                await self._check_own(login, address, where)

    async def _vouches(self, client: Client, identity: str) -> bool:
        """RFC 4954 §5: whether the client is trusted to say who has submitted the message; a user is for himself."""
        address = parse_mailbox(identity)
        if address is None or client.login is None:
            return False
        return await may_write_as(self._premises.engine.reading(), address, client.login)

    async def _check_own(self, login: Account, address: Address, where: str) -> None:
        if not await may_write_as(self._premises.engine.reading(), address, login):
            raise NotPermitted(f"{where} {address} is not an address of {login.address}")


async def may_write_as(tx: Transaction, address: Address, login: Account) -> bool:
    """Whether an address is an account's own: mail to it comes there, directly or as an alias (RFC 6409 §6.1)."""
    return _reaches(await directory.resolve(tx, address), login)


def _named(fields: Sequence[tuple[str, bytes]]) -> tuple[dict[Address, str], dict[Address, str]]:
    """The addresses in these fields, and the others in the display names there, each with where it stands first.

    Raises BadContent for what is no address, and for so many in all that to look them up would take long.
    """
    if sum(len(value) for _, value in fields) > MOST_OCTETS:
        raise BadContent(f"The fields that say who sends the message have more than {MOST_OCTETS} octets")
    senders: dict[Address, str] = {}
    shown: dict[Address, str] = {}
    for name, value in fields:
        for mailbox in _mailboxes(name, value):
            if mailbox.address is None or mailbox.route:
                raise BadContent(f"The {name} field holds an address that is none")
            senders.setdefault(mailbox.address, name)
            for address in _addresses_in(mailbox.name, name):
                shown.setdefault(address, f"the name in {name}")
    shown = {address: where for address, where in shown.items() if address not in senders}
    if len(senders) + len(shown) > MOST_AUTHORS:
        raise BadContent(f"The message names more than {MOST_AUTHORS} addresses of who sends it")
    return senders, shown


def _mailboxes(name: str, value: bytes) -> list[AddressSpec]:
    found = mailboxes(parse_address_list(value, MOST_AUTHORS + 1))
    if len(found) > MOST_AUTHORS:  # what is not read is not checked, and somebody else may read it
        raise BadContent(f"The {name} field holds more than {MOST_AUTHORS} addresses")
    if not found:
        raise BadContent(f"The {name} field holds no address")
    return found


def _addresses_in(shown: str, name: str) -> Iterator[Address]:
    words = [word for word in shown.split() if "@" in word]
    if len(words) > MOST_SHOWN:
        raise BadContent(f"The {name} field has a name with more than {MOST_SHOWN} addresses")
    for word in words:
        address = parse_mailbox(word.strip("<>()[],;:\"'"))
        if address is not None:
            yield address


def _login(client: Client) -> Account:
    if client.login is None:
        raise NotPermitted("Log in first (AUTH)")
    return client.login


def _reaches(found: Resolved | None, login: Account) -> bool:
    """Whether mail to the address comes to the account, directly or as an alias of it."""
    if isinstance(found, directory.Account):
        return found.account_id == login.account_id
    if isinstance(found, directory.Alias):
        own = parse_mailbox(login.address)
        return own is not None and any(target.key == own.key for target in found.targets)
    return False
