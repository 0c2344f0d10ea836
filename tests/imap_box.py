"""An account as Python's IMAP client sees it over TLS: what lies in its folders, and another hand in them."""

from __future__ import annotations

import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from running import PATIENCE

_FETCHED = re.compile(rb"UID (\d+) FLAGS \(([^)]*)\)|FLAGS \(([^)]*)\) UID (\d+)")
_LISTED = re.compile(rb'\(([^)]*)\) "(.)" (.*)')

Message = tuple[frozenset[str], bytes]


class ImapBox:
    """Each method is a session of its own."""

    def __init__(self, port: int, user: str, password: str, trust: ssl.SSLContext) -> None:
        self.port, self.user, self.password = port, user, password
        self._trust = trust

    @contextmanager
    def open(self, folder: str = "") -> Iterator[imaplib.IMAP4_SSL]:
        imap = imaplib.IMAP4_SSL("127.0.0.1", self.port, ssl_context=self._trust, timeout=PATIENCE)
        imap.login(self.user, self.password)
        if folder:
            good(imap.select(f'"{folder}"'))
        try:
            yield imap
        finally:
            imap.logout()

    def folders(self) -> dict[str, set[str]]:
        """Names with their attributes."""
        with self.open() as imap:
            found = [_LISTED.fullmatch(line) for line in good(imap.list())]
        return {one[3].strip(b'"').decode(): set(one[1].decode().split()) for one in found if one is not None}

    def put(self, raw: bytes, folder: str = "INBOX", flags: str = "") -> None:
        """Puts a letter into a folder, which is made when there is none."""
        with self.open() as imap:
            imap.create(f'"{folder}"')
            good(imap.append(f'"{folder}"', f"({flags})", None, raw))

    def messages(self, folder: str = "INBOX") -> dict[int, Message]:
        """All letters by uid: flags without \\Recent, and octets."""
        with self.open() as imap:
            good(imap.select(f'"{folder}"', readonly=True))
            _, uids = imap.uid("SEARCH", "ALL")
            if not uids[0]:
                return {}
            _, answer = imap.uid("FETCH", b",".join(uids[0].split()).decode(), "(UID FLAGS BODY.PEEK[])")
        found = {}
        for one in answer:
            if isinstance(one, tuple):
                facts = _FETCHED.search(one[0])
                assert facts is not None, one[0]
                flags = (facts[2] or facts[3] or b"").decode().split()
                found[int(facts[1] or facts[4])] = (frozenset(flags) - {"\\Recent"}, one[1])
        return found

    def letters(self, folder: str = "INBOX") -> list[bytes]:
        """The octets of all letters."""
        return sorted(raw for _, raw in self.messages(folder).values())

    def store(self, uids: Sequence[int], change: str, folder: str = "INBOX") -> None:
        """`+FLAGS (\\Seen)` and the like; what is \\Deleted is gone afterwards."""
        with self.open(folder) as imap:
            imap.uid("STORE", ",".join(map(str, uids)), change)
            imap.expunge()


def good(answer: tuple[str, list[bytes]]) -> list[bytes]:
    """The data of an answer that has to be OK."""
    assert answer[0] == "OK", answer
    return answer[1]
