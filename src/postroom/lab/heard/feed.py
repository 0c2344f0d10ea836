"""Everything that happens in a lab, as it happens: connections and their lines, questions to the DNS, and what the servers note of their work.

One list that all look at: the front page, `postroom lab --watch`, lessons, captures, the HTTP interface. It is bounded and forgets the oldest. Not here: how lines are
found in octets (`lab.heard.overheard`), journeys, which are kept with their messages (`message.journey.events`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, MutableMapping, Sequence
from typing import Any, Final, Literal

import msgspec
import structlog

from postroom.app.logs import Log, mask_secrets
from postroom.lab.dns.server import Question
from postroom.lab.heard.overheard import Piece, dialogue_of
from postroom.mailauth.verdicts import Verdicts
from postroom.message.headers.authentication_results import AuthenticationResults, render
from postroom.message.ids import IdKind, id_text
from postroom.message.journey.events import (
    Accepted,
    Decided,
    Event,
    Handled,
    Hop,
    HopKind,
    Outcome,
    Routed,
    Stamped,
)
from postroom.message.journey.timeline import event_json, fact
from postroom.net.session import Peer, TlsFacts

TOLD: Final = (Accepted, Routed, Stamped, Decided, Outcome, Handled)
CHECKED: Final = ("iprev", "spf", "dkim", "arc", "dmarc")
MOST: Final = 20_000  # happenings that are remembered
MOST_TEXT: Final = 2_000  # characters of a line, or of a fact
MOST_FACTS: Final = (
    8_000  # characters of all facts of a happening: longer ones, and further ones of a list, are cut
)
CUT: Final = "…"  # where that was done
MOST_CONTENT: Final = 200  # lines of content in a row that are shown

Kind = Literal["opened", "line", "secured", "closed", "dns", "noted", "checked", "journey"]
Arrow = Literal["", "<-", "->", "<~", "~>"]


class Happening(msgspec.Struct, frozen=True, omit_defaults=True):
    """One of them. `seq` counts from 1, `at` is unix microseconds by the lab's clock.

    `server` is the domain whose server it is of, `connection` counts connections. `arrow` is a line's way: `<-` to the server, `->` from it, with `~` under TLS. `content`: of a
    message, no command. `facts` depend on the kind: opened has `peer`, `name` (of the peer, "" for a client), `port`; secured `version`, `cipher`; dns `kind`, `rcode`, `answers`,
    `transport`; noted what a line of the log has, its event in `text`; checked, whose `text` is Authentication-Results so far, `peer`, `name` and `results`: for each its `method`, `result` and
    `because`; journey, whose `text` says what happened to a message, `id` (of the journey), `hop` (its kind), `event` (its name), and what that event has.
    """

    seq: int
    at: int
    kind: Kind
    server: str = ""
    service: str = ""
    connection: int = 0
    arrow: Arrow = ""
    text: str = ""
    content: bool = False
    facts: Mapping[str, Any] = {}


class Feed:
    """The happenings of one lab. `now` gives unix microseconds; `name_of` the host that has an address, "" for none."""

    def __init__(self, now: Callable[[], int], name_of: Callable[[str], str]) -> None:
        self._now = now
        self.name_of = name_of
        self._known: deque[Happening] = deque(maxlen=MOST)
        self._seq = 0
        self._connections = 0
        self._news = asyncio.Event()

    @property
    def last(self) -> int:
        """The number of the newest happening, 0 before the first."""
        return self._seq

    def add(self, kind: Kind, **terms: Any) -> None:
        """Something has happened; `terms` are fields of `Happening`."""
        self._seq += 1
        terms["text"] = _cut(terms.get("text", ""), MOST_TEXT)
        terms["facts"] = _Room().fitted(terms.get("facts", {}))
        self._known.append(Happening(self._seq, self._now(), kind, **terms))
        news, self._news = self._news, asyncio.Event()
        news.set()

    def since(self, seq: int) -> Sequence[Happening]:
        """What came after a number, as far as it is remembered, oldest first."""
        missing = self._seq - seq
        if missing >= len(self._known):
            return list(self._known)
        return [self._known[at] for at in range(len(self._known) - missing, len(self._known))]

    async def after(self, seq: int) -> Sequence[Happening]:
        """As `since`, but waits for the first."""
        while not (found := self.since(seq)):  # also where what came was forgotten
            await self._news.wait()
        return found

    def clear(self) -> None:
        """Forgets all; the numbers go on."""
        self._known.clear()

    def asked(self, question: Question) -> None:
        """A question to the lab's DNS."""
        facts = msgspec.to_builtins(question)
        self.add("dns", text=question.name, facts={k: v for k, v in facts.items() if k not in ("at", "name")})

    def found(self, server: str, identity: str, ip: str, verdicts: Verdicts) -> None:
        """What the checks of a message's sender have found so far."""
        field = render(AuthenticationResults(identity, verdicts.results())).decode("utf-8", "replace")
        results = [
            dict(zip(("method", "result", "because"), one, strict=True)) for one in verdicts.explained()
        ]
        facts = {"peer": ip, "name": self.name_of(ip), "results": results}
        self.add("checked", server=server, text=" ".join(field.split()), facts=facts)

    def journeyed(self, server: str, accept_id: int, hop: Hop) -> None:
        """A step of a message, but for what was heard of it already: the dialogue and the questions."""
        whose = {"id": id_text(IdKind.JOURNEY, accept_id), "hop": hop.kind.value}
        for event in hop.events:
            if isinstance(event, TOLD) and not _was_checked(hop, event):
                facts = {**whose, **event_json(event)}
                self.add("journey", server=server, text=fact(event, hop.kind), facts=facts)

    def overhear(self, server: str, service: str, far: Peer, near: Peer) -> Hearing:
        """A connection begins; see `net.tapped`."""
        self._connections += 1
        facts = {"peer": f"{far.ip}:{far.port}", "name": self.name_of(far.ip), "port": near.port}
        self.add("opened", server=server, service=service, connection=self._connections, facts=facts)
        return Hearing(self, server, service, self._connections)


def _was_checked(hop: Hop, event: Event) -> bool:
    """What `found` has told already."""
    if not isinstance(event, Decided) or hop.kind is not HopKind.RECEIVED:
        return False
    return event.what.partition(" ")[0] in CHECKED


def heard(log: Log, feed: Feed, server: str) -> Log:
    """A server's log, whose every line, of any level, is told to the feed before the log judges it by its level."""
    inner = log.bind(server=server)

    def tell(_: Any, name: str, event: MutableMapping[str, Any]) -> str:
        words = str(event.pop("event"))
        facts = {key: _plain(value) for key, value in event.items() if key != "exc_info"}
        feed.add("noted", server=server, text=words, facts=mask_secrets(None, name, facts))
        getattr(inner, name)(words, **event)
        raise structlog.DropEvent

    teller: Log = structlog.wrap_logger(
        None, processors=[tell], wrapper_class=structlog.make_filtering_bound_logger(0)
    )
    return teller


class _Room:
    """What is left for the facts of one happening, in characters; each value takes one at least."""

    def __init__(self) -> None:
        self._left = MOST_FACTS

    def fitted(self, value: Any) -> Any:
        """As much of it as there is room for, of the same kind."""
        self._left -= 1
        if isinstance(value, str):
            value = _cut(value, max(0, min(MOST_TEXT, self._left)))
            self._left -= len(value)
        elif isinstance(value, list | tuple):
            kept = [self.fitted(one) for one in value if self._left > 0]
            more = len(kept) < len(value) and isinstance(value[0], str)
            value = [*kept, CUT] if more else kept
        elif isinstance(value, Mapping):
            value = {name: self.fitted(one) for name, one in value.items()}
        return value


def _cut(text: str, most: int) -> str:
    """At most so many characters; the last says that there were more."""
    return text if len(text) <= most else text[: max(0, most - 1)] + CUT


def _plain(value: Any) -> Any:
    """What can be written as JSON."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value if isinstance(value, str | int | float | bool | None) else str(value)


class Hearing:
    """One connection, listened to for a feed."""

    def __init__(self, feed: Feed, server: str, service: str, connection: int) -> None:
        self._feed = feed
        self._whose: dict[str, Any] = {"server": server, "service": service, "connection": connection}
        self._dialogue = dialogue_of(service)
        self._secure = False
        self._run = 0  # lines of content since the last line that was none

    def came(self, data: bytes) -> None:
        """From the client."""
        self._lines(self._dialogue.came(data), self._inward)

    def went(self, data: bytes) -> None:
        """From the server."""
        self._lines(self._dialogue.went(data), "~>" if self._secure else "->")
        self._lines(self._dialogue.came(), self._inward)

    def secured(self, facts: TlsFacts) -> None:
        """A handshake is done."""
        self._secure = True
        self._dialogue.secured()
        told = {"version": facts.version, "cipher": facts.cipher, "server_name": facts.server_name}
        self._feed.add("secured", **self._whose, facts=told)

    def ended(self, reason: str) -> None:
        """The connection is gone."""
        self._dialogue.ended()
        self._lines(self._dialogue.came(), self._inward)
        self._feed.add("closed", **self._whose, text=reason)

    @property
    def _inward(self) -> Arrow:
        return "<~" if self._secure else "<-"

    def _lines(self, pieces: Sequence[Piece], arrow: Arrow) -> None:
        for octets, content in pieces:
            for line in octets.splitlines() if content else (octets.rstrip(b"\r\n"),):
                self._line(line, arrow, content=content)

    def _line(self, line: bytes, arrow: Arrow, *, content: bool) -> None:
        if content:
            self._run += 1
            if self._run > MOST_CONTENT:
                return
        elif self._run:
            if self._run > MOST_CONTENT:
                text = f"[{self._run - MOST_CONTENT} more lines]"
                self._feed.add("line", **self._whose, arrow=arrow, text=text, content=True)
            self._run = 0
        text = line[: MOST_TEXT + 1].decode("utf-8", "backslashreplace")  # `add` says where it was cut
        self._feed.add("line", **self._whose, arrow=arrow, text=text, content=content)
