"""Commands about mailboxes as such: CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, NAMESPACE, STATUS.

RFC 9051 §6.3.4 to §6.3.8, §6.3.10, §6.3.11; RFC 6154 §3 (CREATE with a use), RFC 8457 (\\Important), RFC 8438 and RFC 9208 §4.1.4 (items of STATUS),
RFC 8474 §4.3 (MAILBOXID), RFC 7889 §3 (APPENDLIMIT). Not here: LIST and LSUB (`listing`), what is in a mailbox.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from postroom.proto.imap.grammar import ImapCursor, atom, flag, mailbox, parenthesized
from postroom.proto.imap.verb import AFTER, Command, Verb, bare

USES: Final = MappingProxyType(
    {
        "\\all": "all",
        "\\archive": "archive",
        "\\drafts": "drafts",
        "\\flagged": "flagged",
        "\\important": "important",
        "\\junk": "junk",
        "\\sent": "sent",
        "\\trash": "trash",
    }
)  # a role of the store by its attribute, RFC 6154 §2 and RFC 8457 §3
ATTRIBUTES: Final = MappingProxyType({role: f"\\{role.capitalize()}".encode() for role in USES.values()})
STATUS_ITEMS: Final = (
    "MESSAGES",
    "UIDNEXT",
    "UIDVALIDITY",
    "UNSEEN",
    "DELETED",
    "SIZE",
    "RECENT",
    "HIGHESTMODSEQ",
    "APPENDLIMIT",
    "MAILBOXID",
    "DELETED-STORAGE",
)


class Create(Command, frozen=True):
    """CREATE. `uses`: roles of the store, or "" for a use that is not known."""

    mailbox: str
    uses: tuple[str, ...] = ()


class Delete(Command, frozen=True):
    """DELETE."""

    mailbox: str


class Rename(Command, frozen=True):
    """RENAME."""

    mailbox: str
    new: str


class Subscribe(Command, frozen=True):
    """SUBSCRIBE, and UNSUBSCRIBE with `subscribed` False."""

    mailbox: str
    subscribed: bool = True


class Namespace(Command, frozen=True):
    """NAMESPACE."""


class Status(Command, frozen=True):
    """STATUS; `items` are of `STATUS_ITEMS`, in the order in which they were asked for."""

    mailbox: str
    items: tuple[str, ...]


def status_items(c: ImapCursor) -> tuple[str, ...]:
    """`(` status-att *(SP status-att) `)`."""
    return tuple(dict.fromkeys(parenthesized(c, _status_item, least=1)))


def _status_item(c: ImapCursor) -> str:
    start = c.position
    found = atom(c, "an item of STATUS").upper()
    if found not in STATUS_ITEMS:
        c.position = start
        raise c.error(f"one of {' '.join(STATUS_ITEMS)}")
    return found


def _named(c: ImapCursor) -> str:
    c.sp()
    return mailbox(c)


def _create(c: ImapCursor) -> Create:
    # create = "CREATE" SP mailbox [SP "(" "USE" SP "(" [use-attr *(SP use-attr)] ")" ")"]     RFC 6154 §6, RFC 4466 §2.3
    name = _named(c)
    if not c.accept(b" "):
        return Create(name)
    c.expect(b"(")
    if not c.accept_keyword(b"USE"):
        raise c.error("USE")
    c.sp()
    uses = tuple(dict.fromkeys(parenthesized(c, flag)))
    c.expect(b")")
    return Create(name, tuple(USES.get(use.lower(), "") for use in uses))


def _rename(c: ImapCursor) -> Rename:
    # rename = "RENAME" SP mailbox SP mailbox                                      RFC 9051 §9
    return Rename(_named(c), _named(c))


def _status(c: ImapCursor) -> Status:
    # status = "STATUS" SP mailbox SP "(" status-att *(SP status-att) ")"          RFC 9051 §9
    name = _named(c)
    c.sp()
    return Status(name, status_items(c))


VERBS: Final = {
    b"CREATE": Verb(_create, AFTER, "RFC 9051 §6.3.4"),
    b"DELETE": Verb(lambda c: Delete(_named(c)), AFTER, "RFC 9051 §6.3.5"),
    b"RENAME": Verb(_rename, AFTER, "RFC 9051 §6.3.6"),
    b"SUBSCRIBE": Verb(lambda c: Subscribe(_named(c)), AFTER, "RFC 9051 §6.3.7"),
    b"UNSUBSCRIBE": Verb(lambda c: Subscribe(_named(c), subscribed=False), AFTER, "RFC 9051 §6.3.8"),
    b"NAMESPACE": Verb(bare(Namespace()), AFTER, "RFC 9051 §6.3.10", "NAMESPACE"),
    b"STATUS": Verb(_status, AFTER, "RFC 9051 §6.3.11"),
}
