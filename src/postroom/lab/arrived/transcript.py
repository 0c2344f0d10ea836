"""What was said in a lab since a moment: the journeys of the messages that came, dialogues and all.

RFC 5321 §3, DESIGN §7. Not here: journeys (`message.journey.events`), the command that shows them (`app.cli.journeys`).
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from postroom.message.ids import IdKind, id_text
from postroom.message.journey.events import Hop
from postroom.message.journey.timeline import iso_time, timeline
from postroom.store import journal

if TYPE_CHECKING:
    from postroom.app.server import Server

MOST: Final = 50  # journeys of one server
_INDENT: Final = "  "


class Transcript:
    """Begins when it is made."""

    def __init__(self, servers: Mapping[str, Server], do: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self._servers = servers
        self._do = do
        self._known: set[int] = do(self._ids())

    def text(self) -> str:
        """All of it, as `postroom journey` shows it: `<-` came to a server, `->` went from it, `~` under TLS."""
        found: str = self._do(self._text())
        return found

    def lines(self) -> list[str]:
        """The same, line by line."""
        return self.text().splitlines()

    def __contains__(self, words: str) -> bool:
        return words in self.text()

    def __str__(self) -> str:
        return self.text()

    async def _ids(self) -> set[int]:
        return {
            one.accept_id
            for server in self._servers.values()
            for one in await journal.last(server.engine.reading(), MOST)
        }

    async def _text(self) -> str:
        told = await journeys_of(self._servers, MOST)
        return "\n\n".join("\n".join(one.lines) for one in told if one.accept_id not in self._known)


class Told(NamedTuple):
    """A journey at the server of a domain, line by line; the first one says which it is."""

    began: int
    accept_id: int
    domain: str
    lines: list[str]


async def journeys_of(servers: Mapping[str, Server], most: int) -> list[Told]:
    """The last so many of each server, oldest first."""
    told = []
    for domain, server in servers.items():
        tx = server.engine.reading()
        for one in await journal.last(tx, most):
            hops = [Hop.unpack(row.packed) for row in await journal.read(tx, one.accept_id)]
            told.append(Told(one.began, one.accept_id, domain, _lines(domain, one.accept_id, hops)))
    return sorted(told)


def _lines(domain: str, accept_id: int, hops: list[Hop]) -> list[str]:
    shown = [f"{iso_time(line.at)[11:23]}  {_INDENT * line.indent}{line.text}" for line in timeline(hops)]
    return [f"{id_text(IdKind.JOURNEY, accept_id)} at {domain}", *shown]
