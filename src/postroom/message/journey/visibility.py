"""Which part of a message's journey one of its recipients may see: his own, so that Bcc stays blind.

RFC 5321 §7.2 (blind copies), RFC 5322 §3.6.3. The sender who logged in and the administrator see all; anybody else sees what cannot tell
him of other recipients: their RCPT lines and the replies to them are left out (not blackened: their number is a secret too), so
are their routes, outcomes, reads, and the hops that were theirs alone. What cannot be shown to be his is left out. Not here: who asks.
"""

from __future__ import annotations

import enum
import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Final, Literal

import msgspec

from postroom.message.address import fold, parse_mailbox
from postroom.message.journey.events import (
    Accepted,
    Asked,
    Authenticated,
    Connected,
    Decided,
    Handled,
    Hop,
    HopKind,
    JourneyEvent,
    Outcome,
    Routed,
    Said,
    Stamped,
)


class Everyone(enum.Enum):
    """Who sees all."""

    ALL = "all"


ALL: Final = Everyone.ALL

MOST_ALIASES = 10  # steps from an alias to the alias that it stands in
_ADDRESS = re.compile(r'(?:"(?:[^"\\]|\\.){0,128}"|[^\s<>()\[\],;:"=]{1,128})@[^\s<>()\[\],;:"]{1,255}')
_NAME = re.compile(r"[^\s<>()\[\],;:@/]+")
_RCPT = re.compile(r"RCPT\s+TO\s*:\s*<?\s*(.*)", re.IGNORECASE | re.DOTALL)
# Commands that name no recipient; any other line, a mistyped one too, may hold an address.
_HARMLESS = frozenset(
    [
        "EHLO",
        "HELO",
        "LHLO",
        "MAIL",
        "DATA",
        "BDAT",
        "RSET",
        "NOOP",
        "QUIT",
        "STARTTLS",
        "AUTH",
        "HELP",
        "TURN",
        "ATRN",
        "ETRN",
    ]
)


class Viewer(msgspec.Struct, frozen=True):
    """A recipient who looks: his addresses, and his recipient numbers (`Routed.rcpt`, `Outcome.rcpt`) when the store knows them."""

    addresses: frozenset[str]
    numbers: frozenset[int] = frozenset()


def viewer_of(*addresses: str, numbers: Iterable[int] = ()) -> Viewer:
    """A viewer by his addresses, as the directory writes them."""
    return Viewer(frozenset(_key(address) for address in addresses), frozenset(numbers))


def visible_to(hops: Iterable[Hop], viewer: Viewer | Literal[Everyone.ALL]) -> list[Hop]:
    """The hops as the viewer may see them: new hops; for `ALL` those given."""
    given = list(hops)
    if viewer is ALL:
        return given
    assert isinstance(viewer, Viewer)
    eye = _Eye(given, viewer)
    seen = (Hop(hop.kind, hop.started, eye.events(hop)) for hop in given if eye.concerned(hop))
    return [hop for hop in seen if hop.events]


def for_sender(hops: Iterable[Hop], sender: Viewer) -> list[Hop]:
    """All of a journey but what its recipients did with the message: when they read it, and into which of their mailboxes it came, is theirs
    to tell (RFC 8098 §2.1)."""
    shown: list[Hop] = []
    for hop in hops:
        if hop.kind in (HopKind.READ, HopKind.DELETED):
            shown += visible_to([hop], sender)
        else:
            shown.append(
                Hop(hop.kind, hop.started, [_without_mailbox(event, sender) for event in hop.events])
            )
    return shown


def _without_mailbox(event: JourneyEvent, sender: Viewer) -> JourneyEvent:
    if not isinstance(event, Outcome) or event.result != "filed" or _key(event.address) in sender.addresses:
        return event
    return msgspec.structs.replace(event, where="")


class _Eye:
    """Knows whose address is whose in one journey."""

    def __init__(self, hops: list[Hop], viewer: Viewer) -> None:
        events = [event for hop in hops for event in hop.events]
        self.own = _own_addresses(events, viewer)
        self.senders = {_key(event.sender) for event in events if isinstance(event, Accepted)}
        known = {address for hop in hops for address in _recipients(hop)}
        foreign = known - self.own
        self.own_locals = {_local(address) for address in self.own & known} - {
            _local(address) for address in foreign
        }
        self.foreign = foreign - self.senders
        familiar = {_domain(address) for address in self.own | self.senders}
        self.foreign_domains = {_domain(address) for address in foreign} - familiar - {""}
        self.numbers: dict[int, int] = {}

    def concerned(self, hop: Hop) -> bool:
        """Whether the hop is the viewer's business: it names him, or it is a reader's and he is the reader."""
        if hop.kind in (HopKind.READ, HopKind.DELETED):
            actors = {event.actor for event in hop.events if isinstance(event, Handled)}
            actors |= {event.user for event in hop.events if isinstance(event, Authenticated)}
            return bool(actors) and all(_key(actor) in self.own for actor in actors)
        recipients = _recipients(hop)
        return not self.own.isdisjoint(recipients) or (hop.kind is HopKind.RECEIVED and not recipients)

    def events(self, hop: Hop) -> Iterator[JourneyEvent]:
        """The events of a hop that the viewer may see."""
        mine = hop.kind in (HopKind.READ, HopKind.DELETED)
        dialogue = _Dialogue(self, hop)
        for event in hop.events:
            if isinstance(event, Said) and not mine:
                lines = [line for line in event.lines if dialogue.shows(line)]
                if lines:
                    yield Said(event.at, lines, event.tls)
            else:
                shown = self._event(event)
                if shown is not None:
                    yield shown

    def _event(self, event: JourneyEvent) -> JourneyEvent | None:
        if isinstance(event, Accepted):
            mine = [address for address in event.recipients if _key(address) in self.own]
            return Accepted(event.at, event.sender, mine, event.size)
        if isinstance(event, Routed):
            if _key(event.address) not in self.own:
                return None
            targets = [part for part in event.target.split(", ") if "@" not in part or _key(part) in self.own]
            return Routed(event.at, self._number(event.rcpt), event.address, event.way, ", ".join(targets))
        if isinstance(event, Outcome):
            if _key(event.address) not in self.own:
                return None
            text = event.text if self.tells_nothing(event.text) else ""
            return msgspec.structs.replace(event, rcpt=self._number(event.rcpt), text=text)
        if isinstance(event, Asked):
            return event if self._no_foreign_domain(event.name) else None
        if isinstance(event, Decided):
            words = f"{event.what} {event.result} {event.because}"
            return event if self.tells_nothing(words) and self._no_foreign_domain(words) else None
        if isinstance(event, Stamped):
            return event if self.tells_nothing(event.field) else None
        return event

    def tells_nothing(self, text: str) -> bool:
        """Whether the text names no other recipient."""
        return "@" not in text or not any(_key(found) in self.foreign for found in _ADDRESS.findall(text))

    def is_own(self, mailbox: str) -> bool:
        """Whether what stands after `RCPT TO:<` is the viewer's; a bare local name is when it completes to one of his addresses."""
        text = re.split(r">|\s", mailbox, maxsplit=1)[0]
        address = parse_mailbox(text, unqualified=True)
        if address is None:
            return False
        return address.key in self.own if address.domain else fold(address.local) in self.own_locals

    def _no_foreign_domain(self, text: str) -> bool:
        if not self.foreign_domains:
            return True
        return not any(self._of_foreign_domain(fold(name).strip(".")) for name in _NAME.findall(text))

    def _of_foreign_domain(self, name: str) -> bool:
        labels = name.split(".")[-8:]
        return any(".".join(labels[at:]) in self.foreign_domains for at in range(len(labels)))

    def _number(self, rcpt: int) -> int:
        return self.numbers.setdefault(rcpt, len(self.numbers))


class _Dialogue:
    """Pairs the commands of an SMTP or LMTP dialogue with their replies, in order, also when both come in groups (RFC 2920 §3.1)."""

    def __init__(self, eye: _Eye, hop: Hop) -> None:
        self._eye = eye
        self._client = b"<" if hop.kind is HopKind.RECEIVED else b">"
        self._lmtp = any(
            isinstance(event, Connected) and "lmtp" in event.protocol.lower() for event in hop.events
        )
        self._waiting: deque[_Command] = deque()
        self._accepted: list[bool] = []  # whether each RCPT that was accepted is the viewer's
        self._challenged = False
        self._body_due = False

    def shows(self, line: bytes) -> bool:
        """Whether this line may be seen; every line is to be given, in order."""
        text = line[1:].decode("utf-8", "replace")
        shown = self._command(text) if line[:1] == self._client else self._reply(text)
        return shown and self._eye.tells_nothing(text)

    def _command(self, text: str) -> bool:
        if self._challenged:
            self._challenged = False
            self._waiting.append(_Command("AUTH", shown=True))
            return True
        if text.startswith("["):  # "[4096 octets of message]"
            self._body_due = False
            self._waiting.append(_Command("BODY", shown=True))
            return True
        verb = text.split(None, 1)[0].upper() if text.strip() else ""
        shown = verb in _HARMLESS
        if verb == "RCPT":
            matched = _RCPT.match(text)
            shown = matched is not None and self._eye.is_own(matched.group(1))
        elif verb == "LHLO":
            self._lmtp = True
        elif verb == "BDAT" and text.upper().rstrip().endswith(" LAST"):
            verb = "BODY"
        self._waiting.append(_Command(verb, shown=shown))
        return shown

    def _reply(self, text: str) -> bool:
        if self._waiting and self._waiting[0].verb == "BODY":
            self._expand()
        if not self._waiting:
            return not (self._body_due and self._lmtp)
        command = self._waiting[0]
        if text[3:4] != "-":
            self._waiting.popleft()
            self._settled(command, text[:3])
        return command.shown

    def _settled(self, command: _Command, code: str) -> None:
        if command.verb == "MAIL":
            self._accepted = []
        elif command.verb == "RCPT" and code[:1] == "2":
            self._accepted.append(command.shown)
        elif command.verb == "DATA":
            self._body_due = code == "354"
        elif command.verb == "AUTH":
            self._challenged = code == "334"

    def _expand(self) -> None:
        """The end of the message: under LMTP one reply for each accepted recipient (RFC 2033 §4.2), else one."""
        body = self._waiting.popleft()
        replies = self._accepted if self._lmtp and self._accepted else [body.shown]
        self._waiting.extendleft(_Command("", shown=shown) for shown in reversed(replies))


class _Command(msgspec.Struct, frozen=True):
    verb: str
    shown: bool


def _own_addresses(events: list[JourneyEvent], viewer: Viewer) -> set[str]:
    """His addresses, and those of the aliases and lists through which the message came to him."""
    own = set(viewer.addresses)
    own |= {
        _key(event.address)
        for event in events
        if isinstance(event, Routed | Outcome) and event.rcpt in viewer.numbers
    }
    routes = [
        (_key(event.address), {_key(part) for part in event.target.split(", ")})
        for event in events
        if isinstance(event, Routed)
    ]
    for _ in range(MOST_ALIASES):
        more = {address for address, targets in routes if address not in own and not own.isdisjoint(targets)}
        if not more:
            break
        own |= more
    return own


def _recipients(hop: Hop) -> set[str]:
    """The keys of every recipient that a hop names."""
    found: set[str] = set()
    for event in hop.events:
        if isinstance(event, Accepted):
            found |= {_key(address) for address in event.recipients}
        elif isinstance(event, Routed):
            found.add(_key(event.address))
            found |= {_key(part) for part in event.target.split(", ") if "@" in part}
        elif isinstance(event, Outcome):
            found.add(_key(event.address))
        elif isinstance(event, Said):
            found |= {key for line in event.lines for key in _rcpt_key(line)}
    return found


def _rcpt_key(line: bytes) -> list[str]:
    if line[1:5].upper() != b"RCPT":
        return []
    return [_key(found) for found in _ADDRESS.findall(line.decode("utf-8", "replace"))]


def _key(text: str) -> str:
    text = text.strip(" <>.'")
    address = parse_mailbox(text)
    return address.key if address else fold(text)


def _domain(key: str) -> str:
    return key.rpartition("@")[2] if "@" in key else ""


def _local(key: str) -> str:
    return key.rpartition("@")[0]
