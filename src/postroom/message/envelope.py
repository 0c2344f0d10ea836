"""The envelope of a letter: who sends, who receives, and what the transfer was asked to do.

RFC 5321 §2.3.1; RFC 3461 (DSN: NOTIFY, ORCPT, RET, ENVID), RFC 1870 (SIZE), RFC 6152 and RFC 3030 (BODY), RFC 6531 (SMTPUTF8),
RFC 2852 (DELIVERBY), RFC 4865 (FUTURERELEASE), RFC 6710 (MT-PRIORITY), RFC 4954 §5 (AUTH=), RFC 8689 §2 (REQUIRETLS). Values only: no syntax of MAIL and RCPT here.
"""

from __future__ import annotations

import enum

import msgspec

from postroom.message.address import Address


class BodyKind(enum.StrEnum):
    """The BODY parameter (RFC 6152 §2, RFC 3030 §3)."""

    SEVEN_BIT = "7BIT"
    EIGHT_BIT = "8BITMIME"
    BINARY = "BINARYMIME"


class Notify(enum.IntFlag):
    """When the sender wants to hear of a recipient (RFC 3461 §4.1); none of them set is NEVER."""

    NEVER = 0
    SUCCESS = 1
    FAILURE = 2
    DELAY = 4


class Ret(enum.StrEnum):
    """How much of the message a failure report returns (RFC 3461 §4.3)."""

    FULL = "FULL"
    HEADERS = "HDRS"


class ByMode(enum.StrEnum):
    """What happens when the deadline of RFC 2852 §4 passes: return the message, or notify and go on."""

    RETURN = "R"
    NOTIFY = "N"


class DeliverBy(msgspec.Struct, frozen=True):
    """RFC 2852 §4 with the deadline made absolute: unix seconds (it may lie in the past under NOTIFY)."""

    deadline: int
    mode: ByMode
    trace: bool = False


class Recipient(msgspec.Struct, frozen=True):
    """One forward-path. `notify` None: the parameter was absent (RFC 3461 §4.1: failure, and delay as we choose)."""

    address: Address
    notify: Notify | None = None
    orcpt: str | None = None


class Envelope(msgspec.Struct):
    """A transaction's envelope; `sender` None is the null reverse-path `<>` (RFC 5321 §4.5.5).

    `require_tls` is REQUIRETLS, `tls_optional` the message's `TLS-Required: No` (RFC 8689 §2, §3); never both.
    """

    sender: Address | None
    recipients: list[Recipient] = []
    body: BodyKind = BodyKind.SEVEN_BIT
    smtputf8: bool = False
    size: int = 0
    envid: str | None = None
    ret: Ret | None = None
    deliver_by: DeliverBy | None = None
    hold_until: int | None = None
    priority: int = 0
    auth: str | None = None
    require_tls: bool = False
    tls_optional: bool = False
