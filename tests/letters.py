"""Letters as they are sent and as they arrive: what is added on the way is told from what was written."""

from __future__ import annotations

import poplib
import re
import ssl
import time
from collections.abc import Sequence
from email.utils import formatdate, make_msgid

from running import PATIENCE, until

TRACE = re.compile(
    rb"(?:Return-Path|Delivered-To|Received):[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", re.IGNORECASE
)


FOUND = re.compile(
    rb"(?:Authentication-Results|Received-SPF):[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*", re.IGNORECASE
)


def letter(sender: str, recipient: str, subject: str, body: str = "Do you like ketchup?\n") -> bytes:
    """A whole letter, so that no server has reason to add to its header; lines end as on the wire."""
    lines = [
        f"From: <{sender}>",
        f"To: <{recipient}>",
        f"Subject: {subject}",
        f"Date: {formatdate()}",
        f"Message-ID: {make_msgid(domain=sender.partition('@')[2])}",
        "",
        body.removesuffix("\n"),
    ]
    return wire("\n".join(lines) + "\n")


def wire(text: str) -> bytes:
    """Text with the line ends of the wire."""
    return text.encode("utf-8", "surrogateescape").replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def traced(raw: bytes) -> tuple[list[bytes], bytes]:
    """The trace fields at a letter's head (RFC 5321 §4.4), and what is behind them; what was found out about the sender is left out."""
    fields, at = [], 0
    while (found := TRACE.match(raw, at) or FOUND.match(raw, at)) is not None:
        if found.re is TRACE:
            fields.append(found[0])
        at = found.end()
    return fields, raw[at:]


def names(fields: Sequence[bytes]) -> list[str]:
    """The names of fields."""
    return [field.partition(b":")[0].decode() for field in fields]


class Maildrop:
    """Somebody's mail, by Python's POP3 client over TLS."""

    def __init__(self, port: int, user: str, password: str, trust: ssl.SSLContext) -> None:
        self.port, self.user, self.password = port, user, password
        self._trust = trust

    def open(self) -> poplib.POP3_SSL:
        pop = poplib.POP3_SSL("127.0.0.1", self.port, timeout=PATIENCE, context=self._trust)
        pop.user(self.user)
        pop.pass_(self.password)
        return pop

    def all(self) -> list[bytes]:
        """All letters, octet by octet."""
        pop = self.open()
        try:
            return [retrieved(pop, number) for number in range(1, pop.stat()[0] + 1)]
        finally:
            pop.quit()

    def arrived(self, count: int = 1) -> list[bytes]:
        """All letters, when there are `count`."""
        until(f"{count} letters of {self.user}", lambda: self.count() >= count)
        found = self.all()
        assert len(found) == count
        return found

    def empty(self) -> None:
        """Removes all letters."""
        pop = self.open()
        for number in range(1, pop.stat()[0] + 1):
            pop.dele(number)
        pop.quit()

    def count(self) -> int:
        pop = self.open()
        try:
            return pop.stat()[0]
        finally:
            pop.quit()


def retrieved(pop: poplib.POP3, number: int) -> bytes:
    """One letter; the client takes line ends away."""
    return b"".join(line + b"\r\n" for line in pop.retr(number)[1])


def stamp() -> str:
    """Words that no other letter has."""
    return f"pickles {time.time_ns():x}"
