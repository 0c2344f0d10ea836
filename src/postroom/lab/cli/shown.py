"""What happens in a lab as lines of a terminal: who, which connection, the arrow, the words; chosen by protocol and server.

`<-` came to a server, `->` went from it, `~` under TLS, as in journeys. Not here: following a lab (`lab.cli.watch`, `lab.cli.starting`).
"""

from __future__ import annotations

import datetime as dt
import difflib
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, TextIO

import msgspec

from postroom.agent.terminal import json_line
from postroom.message.printable import printable

FAMILIES: Final = ("dns", "smtp", "pop3", "imap", "web", "checks", "steps", "log")
USUAL: Final = frozenset(FAMILIES) - {"web", "log"}
_OF_KIND: Final = {"dns": "dns", "checked": "checks", "journey": "steps", "noted": "log"}
_OF_SERVICE: Final = {"submission": "smtp", "lmtp": "smtp", "http": "web"}
_SIGNS: Final = {"opened": "+", "closed": "x", "secured": "=", "dns": "?", "checked": "!", "journey": "*", "noted": "i"}  # fmt: skip
_COLORS: Final = ("36", "35", "33", "34")  # of servers, in their order: cyan, magenta, yellow, blue
MAX_LINE: Final = 1_000  # characters of a line
_WIDTH: Final = 26  # of who it is about
_INDENT: Final = _WIDTH + 17  # what stands before the words
_LEAST: Final = 30  # columns of a meaning, however narrow the terminal is


class BadChoice(ValueError):
    """A protocol that there is not; the text names it and the remedy."""


class Choice(msgspec.Struct, frozen=True):
    """What is shown: families of protocols, and one server or, with "", all; `explain`: what each line means, too."""

    families: frozenset[str] = USUAL
    server: str = ""
    explain: bool = False

    def fits(self, record: Mapping[str, Any]) -> bool:
        """Whether a happening is shown."""
        whose = record.get("server", "")
        return family_of(record) in self.families and (not self.server or whose == self.server)


def parse_choice(only: str, server: str = "", *, explain: bool = False) -> Choice:
    """`only` as `smtp,dns`; "" is what is shown usually, `all` everything. Raises `BadChoice`."""
    names = [name.strip().lower() for name in only.split(",") if name.strip()]
    for name in names:
        if name not in (*FAMILIES, "all"):
            near = difflib.get_close_matches(name, FAMILIES, n=1)
            remedy = f"did you mean {near[0]}?" if near else f"there are {', '.join(FAMILIES)}, and all"
            raise BadChoice(f"--only {name}: {remedy}")
    families = frozenset(FAMILIES) if "all" in names else frozenset(names) or USUAL
    return Choice(families, server, explain)


def family_of(record: Mapping[str, Any]) -> str:
    """Which of the families a happening belongs to."""
    service = record.get("service", "")
    name = service if service in _OF_SERVICE else re.sub(r"s$", "", service)
    return _OF_KIND.get(record["kind"]) or _OF_SERVICE.get(name, name)


class Shown:
    """Writes happenings, a line each. `color`: with ANSI's colours; `json`: as they are, one object a line. Meanings are set within `width` columns."""

    def __init__(
        self, choice: Choice, *, color: bool, json: bool, out: TextIO | None = None, width: int = 0
    ) -> None:
        self._choice = choice
        self._color = color
        self._json = json
        self._out = out or sys.stdout
        self._width = width or (shutil.get_terminal_size().columns if self._out.isatty() else MAX_LINE)
        self._servers: list[str] = []

    def show(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Those that were chosen."""
        for record in records:
            if self._choice.fits(record):
                self._out.write(json_line(record) + "\n" if self._json else self._lines(record))
        self._out.flush()

    def _lines(self, record: Mapping[str, Any]) -> str:
        server = record.get("server", "")
        if server and server not in self._servers:
            self._servers.append(server)
        color = _COLORS[self._servers.index(server) % len(_COLORS)] if server else "1"
        at = dt.datetime.fromtimestamp(record["at"] / 1_000_000, dt.UTC)
        sign = record.get("arrow") or _SIGNS.get(record["kind"], "")
        text = printable(text_of(record), MAX_LINE)
        line = " ".join(
            (
                self._in(f"{at:%H:%M:%S}.{at.microsecond // 1000:03d}", "2"),
                self._in(f"{_whose(record):<{_WIDTH}}", color),
                self._in(f"{sign:<2}", f"1;{color}"),
                self._in(text, "2") if record.get("content") else text,
            )
        )
        return f"{line.rstrip()}\n{self._means(record) if self._explained(record) else ''}"

    def _means(self, record: Mapping[str, Any]) -> str:
        room = max(_LEAST, self._width - _INDENT)
        return "".join(
            f"{' ' * _INDENT}{self._in(line, '3')}\n" for line in textwrap.wrap(_meaning(record), room)
        )

    def _explained(self, record: Mapping[str, Any]) -> bool:
        return self._choice.explain and "means" in record and not record.get("content")

    def _in(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._color else text


def text_of(record: Mapping[str, Any]) -> str:
    """What a happening says."""
    words = _WORDS.get(record["kind"])
    return str(record.get("text", "")) if words is None else words(record, record.get("facts", {}))


def _whose(record: Mapping[str, Any]) -> str:
    server = record.get("server", "") or "DNS"
    if "connection" in record:
        return f"{server} {record['service']}#{record['connection']}"
    return server


def _meaning(record: Mapping[str, Any]) -> str:
    source = f" ({record['source']})" if record.get("source") else ""
    return f"{record['means']}{source}"


def _opened(_: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    name = f"{facts['name']} [{facts['peer']}]" if facts.get("name") else facts.get("peer", "")
    return f"connection from {name} to port {facts.get('port')}"


def _asked(one: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    answers = ", ".join(answer.partition(" ")[2] for answer in facts.get("answers", ()))
    rcode = facts.get("rcode", "")
    nothing = "no such record" if rcode == "NOERROR" else rcode or "no answer"
    return f"{facts.get('kind')} {one.get('text', '')} = {answers or nothing}"


def _noted(one: Mapping[str, Any], facts: Mapping[str, Any]) -> str:
    return " ".join((str(one.get("text", "")), *(f"{name}={value}" for name, value in facts.items())))


_WORDS: Final[Mapping[str, Callable[[Mapping[str, Any], Mapping[str, Any]], str]]] = {
    "opened": _opened,
    "closed": lambda one, _: f"connection closed ({one.get('text', '')})",
    "secured": lambda _, facts: f"TLS from here on: {facts.get('version')}, {facts.get('cipher')}",
    "dns": _asked,
    "noted": _noted,
    "checked": lambda _, facts: (
        "Authentication-Results so far: "
        + " ".join(f"{one['method']}={one['result']}" for one in facts.get("results", ()))
    ),
    "journey": lambda one, facts: f"{one.get('text', '')} [{facts.get('id', '')}]",
}
