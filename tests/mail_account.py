"""What the tests of mailboxes begin with: an account, and letters in it."""

from collections.abc import Sequence
from typing import Any

from postroom.store.emails.delivery import Delivered, Delivery, deliver
from postroom.store.engine.ids import Ids
from postroom.store.engine.transaction import Engine
from postroom.store.mailboxes import mailboxes, messages
from postroom.store.mailboxes.mailboxes import Mailbox
from postroom.store.mailboxes.rights import MailboxRef

NOW = 1_750_000_000_000_000


class Account:
    """An account of its own store, by its roles and uids."""

    def __init__(self, engine: Engine, account_id: int) -> None:
        self.engine = engine
        self.account_id = account_id
        self.ids = Ids(account_id)
        self.boxes: dict[str, int] = {}

    async def role(self, role: str) -> Mailbox:
        return await mailboxes.by_role(self.engine.reading(), self.account_id, role)

    def ref(self, role: str = "inbox", who: int = 0) -> MailboxRef:
        return MailboxRef(self.account_id, self.boxes[role], who)

    def letter(self, body: bytes = b"hello", role: str = "inbox", **other: Any) -> Delivery:
        values: dict[str, Any] = {
            "account_id": self.account_id,
            "mailbox_id": self.boxes[role],
            "email_id": self.ids.next(),
            "raw": body,
            "size": len(body),
            "summary": b"summary",
            "internaldate": NOW,
            "now": NOW,
        }
        return Delivery(**values | other)

    async def deliver(self, body: bytes = b"hello", role: str = "inbox", **other: Any) -> Delivered:
        delivered = await self.engine.write(lambda tx: deliver(tx, self.letter(body, role, **other)))
        assert delivered is not None
        return delivered

    async def fill(self, number: int, **other: Any) -> list[Delivered]:
        return [await self.deliver(b"letter %d" % n, **other) for n in range(1, number + 1)]

    async def messages(self, role: str = "inbox") -> list[messages.Message]:
        return await messages.listing(self.engine.reading(), self.ref(role))

    async def uids(self, role: str = "inbox") -> list[int]:
        return [message.uid for message in await self.messages(role)]

    async def counts(self, role: str = "inbox") -> tuple[int, int, int, int]:
        """Total, unseen, deleted, octets: as kept."""
        box = await self.role(role)
        return box.n_total, box.n_unseen, box.n_deleted, box.n_bytes

    async def counted(self, role: str = "inbox") -> tuple[int, int, int, int]:
        """The same, counted."""
        found = await self.messages(role)
        return (
            len(found),
            sum(not message.flags & 1 for message in found),
            sum(bool(message.flags & 8) for message in found),
            sum(message.size for message in found),
        )

    async def used(self) -> tuple[int, int]:
        row = await self.engine.reading().fetchrow(
            "SELECT used_bytes, used_msgs FROM accounts WHERE account_id = $1", self.account_id
        )
        assert row is not None
        return row[0], row[1]

    async def keywords(self, role: str = "inbox") -> dict[str, int]:
        rows = await self.rows("SELECT mailbox_id, keyword, n_total FROM mailbox_keywords ORDER BY keyword")
        return {keyword: number for box, keyword, number in rows if box == self.boxes[role]}

    async def rows(self, sql: str, *args: Any) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self.engine.reading().fetch(sql, *args)]


async def open_account(engine: Engine, account_id: int = 1) -> Account:
    account = Account(engine, account_id)
    ids = Ids(account_id)
    await engine.write(lambda tx: mailboxes.create_account_mailboxes(tx, account_id, ids, NOW))
    boxes: Sequence[Mailbox] = await mailboxes.listing(engine.reading(), account_id)
    account.boxes = {box.role: box.mailbox_id for box in boxes}
    return account
