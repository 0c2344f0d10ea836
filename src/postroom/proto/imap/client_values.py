"""What a server tells a client: the data of its responses as values.

RFC 9051 §7 (responses), §7.5.2 (FETCH, ENVELOPE, BODYSTRUCTURE), RFC 6154 §2 (special-use attributes). Text is UTF-8 where it can be read so,
with U+FFFD for what cannot; encoded words stay as they are. Not here: how it is read (`client_responses`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from postroom.proto.imap.sets import Ranges


class Listed(msgspec.Struct, frozen=True):
    """A mailbox of LIST. `delimiter` "" where there is no hierarchy; `attributes` in lower case, with their backslash."""

    name: str
    delimiter: str
    attributes: frozenset[str]

    @property
    def selectable(self) -> bool:
        """Whether it can hold messages."""
        return not self.attributes & {"\\noselect", "\\nonexistent"}


class MailboxStatus(msgspec.Struct, frozen=True):
    """An answer to STATUS: numbers by their name in upper case."""

    name: str
    numbers: Mapping[str, int]


class Exists(msgspec.Struct, frozen=True):
    """So many messages are in the selected mailbox."""

    count: int


class Expunged(msgspec.Struct, frozen=True):
    """The message of this number is gone; those above it have moved down."""

    number: int


class Vanished(msgspec.Struct, frozen=True):
    """The messages of these uids are gone (RFC 7162 §3.2.10)."""

    uids: Ranges


class Found(msgspec.Struct, frozen=True):
    """What SEARCH found, ascending: uids or numbers, as was asked."""

    ranges: Ranges


class Address(msgspec.Struct, frozen=True):
    """An address of an ENVELOPE; "" for NIL."""

    name: str
    mailbox: str
    host: str


class Envelope(msgspec.Struct, frozen=True):
    """ENVELOPE; "" and () for NIL. Groups are left out, their members stay."""

    date: str
    subject: str
    from_: tuple[Address, ...]
    sender: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    in_reply_to: str
    message_id: str


class BodyPart(msgspec.Struct, frozen=True):
    """A part of BODYSTRUCTURE: `section` is IMAP's number of it ("" of a multipart at the top), `size` octets as they are encoded.

    `type` is `text/plain` in lower case, the names of `parameters` and `disposition` too. `lines` is -1 for what has none.
    """

    section: str
    depth: int
    type: str
    parameters: Mapping[str, str]
    encoding: str = ""
    size: int = 0
    lines: int = -1
    disposition: str = ""
    disposition_parameters: Mapping[str, str] = {}


class Fetched(msgspec.Struct, frozen=True):
    """What FETCH tells of a message; None or 0 for what it does not. `sections` by their names as the server wrote them, in upper case."""

    number: int
    uid: int = 0
    flags: tuple[str, ...] | None = None
    size: int | None = None
    envelope: Envelope | None = None
    structure: tuple[BodyPart, ...] | None = None
    sections: Mapping[str, bytes | None] = {}

    def section(self, name: str) -> bytes | None:
        """A section's octets, whatever the server wrote between its brackets behind the first word: `BODY[]`, `BODY[HEADER.FIELDS`."""
        for key, value in self.sections.items():
            if key == name or key.startswith(f"{name} "):
                return value
        return None


class Capabilities(msgspec.Struct, frozen=True):
    """What the server can, in upper case."""

    names: frozenset[str]

    def has(self, name: str) -> bool:
        """Whether it can this, or has IMAP4rev2, which contains it (RFC 9051 Appendix E)."""
        return name in self.names or ("IMAP4REV2" in self.names and name in REV2)


class Enabled(msgspec.Struct, frozen=True):
    """What ENABLE has switched on, in upper case (RFC 5161 §3.2)."""

    names: frozenset[str]


class Continue(msgspec.Struct, frozen=True):
    """The server waits for more of a command (RFC 9051 §7.6)."""

    text: str


class Status(msgspec.Struct, frozen=True):
    """OK, NO, BAD, PREAUTH or BYE: `tag` "" for an untagged one. `code` in upper case without its brackets, `argument` what follows it."""

    tag: str
    condition: str
    text: str
    code: str = ""
    argument: str = ""


class Other(msgspec.Struct, frozen=True):
    """Data of which this client knows nothing, or needs nothing."""

    keyword: str


REV2: Final = frozenset(  # RFC 9051 Appendix E, points 1 to 3
    {
        *("NAMESPACE", "UNSELECT", "UIDPLUS", "ESEARCH", "SEARCHRES", "ENABLE", "IDLE", "SASL-IR"),
        *("LIST-EXTENDED", "LIST-STATUS", "MOVE", "LITERAL-", "BINARY", "STATUS=SIZE"),
    }
)
Data = (
    Listed | MailboxStatus | Exists | Expunged | Vanished | Found | Fetched | Capabilities | Enabled | Other
)
ServerResponse = Data | Status | Continue
