"""What a milter says: verdicts, and the changes that it makes at the end of a message.

Each packet of a filter becomes one value. A change that it did not announce, or that does not parse, is a fault of the filter. Not here: how a
change is carried out (`editing`).
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from types import MappingProxyType

import msgspec

from postroom.proto.milter.codes import Action, Response


class BadMilter(Exception):
    """The filter broke the protocol; the words say how."""


class Kind(enum.Enum):
    """The verdicts."""

    CONTINUE = "continue"
    ACCEPT = "accept"
    REJECT = "reject"
    TEMPFAIL = "tempfail"
    DISCARD = "discard"
    SKIP = "skip"


class Verdict(msgspec.Struct, frozen=True):
    """What is to become of the command that was said; `reply` is a reply line of the filter's own (`550 5.7.1 words`), for REJECT and TEMPFAIL."""

    kind: Kind
    reply: str = ""


class Options(msgspec.Struct, frozen=True):
    """The filter's answer to the negotiation; `symbols`: for a stage's number the macros that it wants."""

    version: int
    actions: int
    steps: int
    symbols: Mapping[int, tuple[str, ...]] = MappingProxyType({})


class Progress(msgspec.Struct, frozen=True):
    """It works on; begin to wait anew."""


class HeaderAdded(msgspec.Struct, frozen=True):
    """A field at the end of the header, or before the field with number `at`: 0 is the Received field of the server, which filters do not see."""

    name: bytes
    value: bytes
    at: int | None = None


class HeaderChanged(msgspec.Struct, frozen=True):
    """The `nth` field of that name (from 1) gets another value, or goes when `value` is empty; one that is not there is added."""

    name: bytes
    value: bytes
    nth: int


class BodyReplaced(msgspec.Struct, frozen=True):
    """A piece of the new body; the pieces together replace the old one."""

    piece: bytes


class RecipientAdded(msgspec.Struct, frozen=True):
    """A path, and what would follow it in RCPT."""

    path: bytes
    parameters: bytes = b""


class RecipientRemoved(msgspec.Struct, frozen=True):
    """A path."""

    path: bytes


class SenderChanged(msgspec.Struct, frozen=True):
    """Another reverse-path, and what would follow it in MAIL."""

    path: bytes
    parameters: bytes = b""


class Quarantined(msgspec.Struct, frozen=True):
    """The message is to be put aside."""

    reason: str


Change = (
    HeaderAdded
    | HeaderChanged
    | BodyReplaced
    | RecipientAdded
    | RecipientRemoved
    | SenderChanged
    | Quarantined
)
Said = Verdict | Options | Progress | Change


def parse(code: bytes, data: bytes, allowed: Action) -> Said:
    """The value of a packet; `allowed` are the actions that were negotiated. Raises BadMilter."""
    try:
        response = Response(code)
    except ValueError:
        raise BadMilter(f"it sent the unknown response {code!r}") from None
    needed = _NEEDED.get(response)
    if needed is not None and not needed & allowed:
        raise BadMilter(f"it sent {response.name} without having announced that")
    return _READERS[response](data)


def _verdict(kind: Kind, reply: str = "") -> Callable[[bytes], Said]:
    verdict = Verdict(kind, reply)
    return lambda _: verdict


def _strings(data: bytes, most: int = 1000) -> list[bytes]:
    if not data.endswith(b"\0"):
        raise BadMilter("a string in its packet has no end")
    found = data[:-1].split(b"\0", most)
    if len(found) > most:
        raise BadMilter(f"a packet of it holds more than {most} strings")
    return found


def _two(data: bytes) -> tuple[bytes, bytes]:
    found = _strings(data)
    if len(found) > 2:
        raise BadMilter("a packet of it holds too many strings")
    return found[0], found[1] if len(found) == 2 else b""


def _one(data: bytes) -> bytes:
    found = _strings(data)
    if len(found) != 1:
        raise BadMilter("a packet of it holds too many strings")
    return found[0]


def _number(data: bytes) -> tuple[int, bytes]:
    if len(data) < 4:
        raise BadMilter("a packet of it is too short")
    return int.from_bytes(data[:4], "big"), data[4:]


def _options(data: bytes) -> Options:
    if len(data) < 12:
        raise BadMilter("its answer to the negotiation is too short")
    version, actions, steps = (int.from_bytes(data[at : at + 4], "big") for at in (0, 4, 8))
    symbols: dict[int, tuple[str, ...]] = {}
    rest = data[12:]
    while len(rest) > 4 and len(symbols) < 8:
        stage, rest = _number(rest)
        wanted, end, rest = rest.partition(b"\0")
        if not end:
            raise BadMilter("a list of macros in its answer has no end")
        symbols[stage] = tuple(
            name.strip("{}") for name in wanted.decode("latin-1").replace(",", " ").split()
        )
    return Options(version, actions, steps, symbols)


def _reply(data: bytes) -> Verdict:
    line = _one(data if data.endswith(b"\0") else data + b"\0").decode("latin-1")
    code = line[:3]
    if len(code) != 3 or not code.isdigit() or not code.isascii() or code[0] not in "45":
        raise BadMilter("its reply begins with no code of 4yz or 5yz")
    return Verdict(Kind.TEMPFAIL if code[0] == "4" else Kind.REJECT, line)


def _inserted(data: bytes) -> HeaderAdded:
    at, rest = _number(data)
    return HeaderAdded(*_two(rest), at)


def _changed(data: bytes) -> HeaderChanged:
    nth, rest = _number(data)
    return HeaderChanged(*_two(rest), max(1, nth))


_READERS: Mapping[Response, Callable[[bytes], Said]] = MappingProxyType(
    {
        Response.OPTIONS: _options,
        Response.CONTINUE: _verdict(Kind.CONTINUE),
        Response.ACCEPT: _verdict(Kind.ACCEPT),
        Response.REJECT: _verdict(Kind.REJECT),
        Response.TEMPFAIL: _verdict(Kind.TEMPFAIL),
        Response.DISCARD: _verdict(Kind.DISCARD),
        Response.REPLY: _reply,
        Response.SKIP: _verdict(Kind.SKIP),
        Response.PROGRESS: lambda _: Progress(),
        Response.SHUTDOWN: _verdict(Kind.TEMPFAIL, "421 4.3.2 The service is closing, try again later"),
        Response.CONNECTION_FAILURE: _verdict(
            Kind.TEMPFAIL, "421 4.3.0 A filter has failed, try again later"
        ),
        Response.ADD_HEADER: lambda data: HeaderAdded(*_two(data)),
        Response.INSERT_HEADER: _inserted,
        Response.CHANGE_HEADER: _changed,
        Response.REPLACE_BODY: BodyReplaced,
        Response.ADD_RECIPIENT: lambda data: RecipientAdded(_one(data)),
        Response.ADD_RECIPIENT_WITH: lambda data: RecipientAdded(*_two(data)),
        Response.REMOVE_RECIPIENT: lambda data: RecipientRemoved(_one(data)),
        Response.CHANGE_SENDER: lambda data: SenderChanged(*_two(data)),
        Response.QUARANTINE: lambda data: Quarantined(_one(data).decode("utf-8", "replace")),
        Response.SYMBOLS: lambda _: Progress(),  # only in the negotiation; elsewhere it means nothing
    }
)
_NEEDED: Mapping[Response, Action] = MappingProxyType(
    {
        Response.ADD_HEADER: Action.ADD_HEADERS,
        Response.INSERT_HEADER: Action.ADD_HEADERS,
        Response.CHANGE_HEADER: Action.CHANGE_HEADERS,
        Response.REPLACE_BODY: Action.CHANGE_BODY,
        Response.ADD_RECIPIENT: Action.ADD_RECIPIENTS,
        Response.ADD_RECIPIENT_WITH: Action.ADD_RECIPIENTS_WITH,
        Response.REMOVE_RECIPIENT: Action.REMOVE_RECIPIENTS,
        Response.CHANGE_SENDER: Action.CHANGE_SENDER,
        Response.QUARANTINE: Action.QUARANTINE,
    }
)
