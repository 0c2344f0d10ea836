"""Web mail: a page of the list over JMAP, beside the same listing over the peer's IMAP, and what a browser makes of a mailbox with many messages.

The 50 newest conversations with what a row shows: Email/query and Email/get in one request on a kept connection; over IMAP the 50 newest messages with the
same facts, in a session that is open already. Letters differ, so that each is a conversation. Not here: how the browser is driven (`web_browser`).
"""

from __future__ import annotations

import base64
import http.client
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench import web_browser
from bench.certificate import Certificate
from bench.course import Course, Row
from bench.figures import Budget, Figure, Kind, Sample, figures
from bench.fill import fill
from bench.imap_load import ImapConnection
from bench.ours import Ours
from bench.processes import BenchError
from bench.sockets import LOOPBACK, free_ports
from bench.systems import DOMAIN, PASSWORD, MailSystem, addresses, user
from bench.web_use import grown

MOST: Final = 100_000  # messages
SHOWN: Final = 50
REQUESTS: Final = 200
HOST: Final = f"mx.{DOMAIN}"
USING: Final = ["urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"]
PROPERTIES: Final = [
    "id", "blobId", "threadId", "mailboxIds", "keywords", "from", "to", "subject", "receivedAt", "size", "preview", "hasAttachment",
]  # fmt: skip
ITEMS: Final = "(UID FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODYSTRUCTURE PREVIEW)"
P50: Final = "50 rows, p50"
RATE: Final = "listings, one after the other"
KINDS: Final = (Kind(P50, "ms", more_is_better=False), Kind(RATE, "per s"))
FIRST: Final = "first list"
JUMP: Final = "jump to the middle"
OPEN: Final = "open a message"
MEMORY: Final = "the page's own memory after much use"
ACTIONS: Final = 300  # of that use; with a quick run's few messages, a tenth
SEEN: Final = (
    Kind(FIRST, "ms", more_is_better=False, budget=Budget(at_most=500)),
    Kind(JUMP, "ms", more_is_better=False, budget=Budget(at_most=200)),
    Kind(OPEN, "ms", more_is_better=False, budget=Budget(at_most=100)),
    Kind(MEMORY, "MB", more_is_better=False, budget=Budget(at_most=60)),
)
LETTER: Final = """\
From: Sender {number} <sender{number}@elsewhere.test>\r
To: user@receiver.test\r
Subject: number {number} of many\r
Date: Thu, 01 Jan 2026 00:00:00 +0000\r
Message-ID: <{number}.of-many@elsewhere.test>\r
\r
A few words, the {number}th time.\r
"""


class WebHouse(Ours):
    """The same server, with its web mail."""

    def __init__(self, place: Path, certificate: Certificate) -> None:
        super().__init__(place, certificate)
        (self.https,) = free_ports(1)
        path = place / "postroom.toml"
        path.write_text(path.read_text("utf-8").replace("https = -1", f"https = {self.https}"), "utf-8")


def run(course: Course) -> Iterator[Figure]:
    """One pair of servers, filled alike."""
    count = min(MOST, max(course.scale.filled_peer))
    work = f"web mail: {count:,} messages"
    with course.ours(WebHouse) as ours, course.peer() as peer:
        assert isinstance(ours, WebHouse)
        course.say(f"web mail: filling {count:,} messages")
        ours.stop()
        fill(ours.database, addresses()[0], count, _letter)
        ours.start()
        course.settle(ours, 900)
        if peer:
            peer.dovecot.prefill(user(0), count, _letter)
        listing = JmapListing(ours)
        other = _imap_listing(peer, count) if peer else None
        samples = course.alternate(
            work, lambda: timed(listing.once), (lambda: timed(other)) if other else None
        )
        yield from figures(work, KINDS, samples)
        missing = web_browser.why_missing()
        if missing:
            course.note(f"web mail: no browser's times, as {missing}")
            return
        visit = web_browser.Visit(f"https://{HOST}:{ours.https}/mail/", HOST, (ours.login(0), PASSWORD))
        actions = ACTIONS if count == MOST else ACTIONS // 10
        seen = course.alternate(f"{work}, in Chromium", lambda: _seen(visit, actions), None)
        yield from figures(f"{work}, in Chromium", SEEN, seen)


def _seen(visit: web_browser.Visit, actions: int) -> Sample:
    seen = visit.sample()
    return {FIRST: seen.first_list, JUMP: seen.jump, OPEN: seen.opened, MEMORY: grown(visit, actions)}


def _letter(number: int) -> bytes:
    return LETTER.format(number=number).encode()


def timed(once: Callable[[], None]) -> Sample:
    """Many in a row, after a few that nobody counts."""
    for _ in range(5):
        once()
    took = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        once()
        took.append(time.perf_counter() - began)
    return {P50: median(took) * 1e3, RATE: len(took) / sum(took)}


class JmapListing:
    """A kept connection to the API that asks for the newest conversations of the inbox."""

    def __init__(self, system: WebHouse) -> None:
        self._connection = http.client.HTTPSConnection(
            LOOPBACK, system.https, timeout=60, context=web_browser.unchecked()
        )
        token = base64.b64encode(f"{system.login(0)}:{PASSWORD}".encode()).decode()
        self._headers = {"host": f"{HOST}:{system.https}", "authorization": f"Basic {token}", "content-type": "application/json"}  # fmt: skip
        session = self._ask("GET", "/jmap/session", None)
        account = session["primaryAccounts"][USING[1]]
        boxes = self._call(["Mailbox/get", {"accountId": account, "ids": None}, "m"])
        inbox = next(one["id"] for one in boxes["list"] if one["role"] == "inbox")
        query = {
            "accountId": account,
            "filter": {"inMailbox": inbox},
            "sort": [{"property": "receivedAt", "isAscending": False}],
            "collapseThreads": True,
            "limit": SHOWN,
            "calculateTotal": True,
        }
        rows = {
            "accountId": account,
            "#ids": {"resultOf": "q", "name": "Email/query", "path": "/ids"},
            "properties": PROPERTIES,
        }
        self._calls = [["Email/query", query, "q"], ["Email/get", rows, "g"]]

    def once(self) -> None:
        """One listing; raises `BenchError` when it is not whole."""
        found = len(self._call(*self._calls)["list"])
        if found != SHOWN:
            raise BenchError(f"{found} rows, not {SHOWN}")

    def _call(self, *calls: list[Any]) -> Any:
        told = self._ask("POST", "/jmap/api", {"using": USING, "methodCalls": calls})
        return told["methodResponses"][-1][1]

    def _ask(self, method: str, path: str, given: Any) -> Any:
        self._connection.request(
            method, path, json.dumps(given) if given is not None else None, self._headers
        )
        reply = self._connection.getresponse()
        body = reply.read()
        if reply.status != 200:
            raise BenchError(f"{path}: {reply.status} {body[:200]!r}")
        return json.loads(body)


def _imap_listing(system: MailSystem, count: int) -> Callable[[], None]:
    session = ImapConnection(system.imaps, system.login(0), system.tls())
    session.command("SELECT INBOX")

    def once() -> None:
        session.command(f"FETCH {count - SHOWN + 1}:{count} {ITEMS}")

    return once


WEB_MAIL: Final = Row("web-mail", "Web mail: a page of the list over JMAP, and in a browser", run)
