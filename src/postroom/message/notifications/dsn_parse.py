"""Reading delivery reports that others sent: who, what became of it, and why.

RFC 3464 §2 (fields), RFC 3461 §9 (types), RFC 6533 §3 (utf-8 addresses), RFC 3463 §2 (status). Whatever is malformed is left empty, never an
error, for reports come from every kind of program; and none of it is proof: anybody can write one.
"""

from __future__ import annotations

import re

import msgspec

from postroom.message.encodings.transfer import decode
from postroom.message.errors import EnhancedStatus
from postroom.message.headers.header import Header
from postroom.message.mime.structure import scan
from postroom.message.notifications.dsn_rules import Action
from postroom.message.notifications.report_fields import text_of, typed_address

MAX_OCTETS = 1 << 20  # of the part that are read
MAX_RECIPIENTS = 1000  # groups that are read

_PARTS = {("message", "delivery-status"), ("message", "global-delivery-status")}
_STATUS = re.compile(rb"([245])\.([0-9]{1,3})\.([0-9]{1,3})(?![0-9.])")
_EMPTY_LINES = re.compile(rb"(?:[ \t]*\r?\n)*")


class RecipientStatus(msgspec.Struct, frozen=True):
    """One group of per-recipient fields; what was not there, or not understood, is empty or None.

    Addresses are as written, without their type; `diagnostic` is one line, the type in front left out.
    """

    final_recipient: str = ""
    original_recipient: str = ""
    action: Action | None = None
    status: EnhancedStatus | None = None
    diagnostic: str = ""

    @property
    def recipient(self) -> str:
        """The address as the sender wrote it, when the report has it, else as it was at the last."""
        return self.original_recipient or self.final_recipient


def parse_delivery_status(body: bytes) -> list[RecipientStatus]:
    """The report in the decoded body of a message/delivery-status or message/global-delivery-status part; empty when it names no recipient.

    The per-message group may be missing, and the groups may run together: a new Final-Recipient begins a new one.
    """
    groups = _groups(body[:MAX_OCTETS])
    return [
        _recipient(group) for group in groups if "final-recipient" in group or "original-recipient" in group
    ]


def report_in(raw: bytes) -> list[RecipientStatus]:
    """The report that a message holds: that of its first delivery-status part (RFC 6522 §3); empty when it holds none."""
    structure = scan(raw)
    for part in structure.parts:
        if (part.media_type, part.subtype) in _PARTS:
            body = raw[part.body_start : min(part.body_end, part.body_start + 2 * MAX_OCTETS)]
            return parse_delivery_status(decode(body, part.encoding, MAX_OCTETS).octets)
    return []


def _groups(body: bytes) -> list[dict[str, bytes]]:
    groups: list[dict[str, bytes]] = []
    at = 0
    while len(groups) <= MAX_RECIPIENTS:
        empty = _EMPTY_LINES.match(body, at)
        at = empty.end() if empty else at
        header = Header.parse(body, at)
        if header.end == at:
            break
        at = header.end
        group: dict[str, bytes] = {}
        for field in header:
            name = field.name.decode("ascii", "replace").lower()
            if name == "final-recipient" and name in group:
                groups.append(group)
                group = {}
            group.setdefault(name, field.value)
        groups.append(group)
    return groups[: MAX_RECIPIENTS + 1]


def _recipient(group: dict[str, bytes]) -> RecipientStatus:
    action = text_of(group.get("action")).lower()
    return RecipientStatus(
        _address(group.get("final-recipient")),
        _address(group.get("original-recipient")),
        Action(action) if action in list(Action) else None,
        _status(group.get("status")),
        _after_type(group.get("diagnostic-code")),
    )


def _status(value: bytes | None) -> EnhancedStatus | None:
    found = _STATUS.match(value) if value else None
    return EnhancedStatus(int(found[1]), int(found[2]), int(found[3])) if found else None


def _address(value: bytes | None) -> str:
    return typed_address(value)[1].strip("<> ")


def _after_type(value: bytes | None) -> str:
    text = text_of(value)
    kind, semicolon, rest = text.partition(";")
    return rest.strip() if semicolon and kind.strip().replace("-", "").isalnum() else text
