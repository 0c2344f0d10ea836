"""What is pushed to clients: StateChange objects, the position from which a client goes on, and the lines of an event stream.

RFC 8620 §7.1 and §7.3; RFC 8887 §4.3.5 (pushState is the same position). Not here: what has changed, connections.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qs

import msgspec

from postroom.proto.jmap import ijson
from postroom.proto.jmap.errors import RequestError
from postroom.wire.numbers import decimal

MAX_POSITION: Final = 4_096  # characters of an event id; a longer one is not given out
MAX_TYPES: Final = 100  # names in one request
MAX_TYPE_NAME: Final = 100  # characters
PINGS: Final = (
    5,
    900,
)  # seconds between pings, at least and at most; RFC 8620 §7.3 wants 30 and 300 to be among them

_SEEN: Final = re.compile(r"(A[0-9a-z]{1,13})-([0-9]{1,19})")
_TYPE: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*")

States = Mapping[str, Mapping[str, str]]  # by account id, by type


def state_change(changed: States) -> dict[str, Any]:
    """The StateChange object."""
    return {"@type": "StateChange", "changed": changed}


def position(seen: Mapping[str, int]) -> str:
    """Where a client is: the modseq of each account id that it has heard of; "" when that would be too long."""
    text = ".".join(f"{account_id}-{modseq}" for account_id, modseq in sorted(seen.items()))
    return text if len(text) <= MAX_POSITION else ""


def read_position(text: str) -> dict[str, int]:
    """What `position` has written; nothing where it makes no sense, as if nothing had been seen."""
    if len(text) > MAX_POSITION:
        return {}
    found = [_SEEN.fullmatch(part) for part in text.split(".")]
    return {one.group(1): int(one.group(2)) for one in found if one is not None}


class Asked(msgspec.Struct, frozen=True):
    """What an event source is asked for. `types` None: all; `ping` in seconds, 0 for none; `once`: it ends behind the first state."""

    types: frozenset[str] | None
    once: bool
    ping: int


def read_asked(query: str) -> Asked:
    """The variables of RFC 8620 §7.3, all of them obligatory. Raises `RequestError`."""
    try:
        given = parse_qs(query, keep_blank_values=True, max_num_fields=10)
    except ValueError as error:
        raise _wrong("the query has too many parts") from error
    types, close, ping = (given.get(name, [""])[0] for name in ("types", "closeafter", "ping"))
    if close not in ("state", "no"):
        raise _wrong("closeafter is state or no")
    seconds = decimal(ping, 9)
    if seconds is None:
        raise _wrong("ping is a number of seconds, 0 for no pings")
    return Asked(
        None if types == "*" else type_names(types.split(",")),
        close == "state",
        min(max(seconds, PINGS[0]), PINGS[1]) if seconds else 0,
    )


def type_names(names: list[str]) -> frozenset[str]:
    """Types by name; those that this server does not have do not change. Raises `RequestError`."""
    if len(names) > MAX_TYPES or not all(len(one) <= MAX_TYPE_NAME and _TYPE.fullmatch(one) for one in names):
        raise _wrong(f"types are at most {MAX_TYPES} names, like Email,Mailbox, or *")
    return frozenset(names)


def _wrong(words: str) -> RequestError:
    return RequestError("", words)


def state_event(changed: States, at: str) -> bytes:
    """The event of a change, and the id that a client gives back when it comes again."""
    return b"event: state\ndata: " + ijson.encode(state_change(changed)) + b"\n" + _id(at) + b"\n"


def id_event(at: str) -> bytes:
    """The id alone: it is kept by the client, and is no event."""
    return (_id(at) or b": hello\n") + b"\n"


def ping_event(seconds: int) -> bytes:
    """RFC 8620 §7.3: without an id."""
    return b'event: ping\ndata: {"interval":%d}\n\n' % seconds


def _id(at: str) -> bytes:
    return f"id: {at}\n".encode() if at else b""
