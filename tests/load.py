"""Numbered messages from several connections at once, and a ledger of every 250: what a server has promised to keep."""

from __future__ import annotations

import smtplib
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from itertools import count

from letters import letter


class Load:
    """Threads that send until they are told to stop, or until their connection breaks; `connect` makes a connection.

    `promised` holds the numbers that were answered by 250; `attempted` is how often a number was handed in: what got no answer is sent once more,
    under the same number, as a client does (RFC 5321 §4.5.3.2.6).
    """

    def __init__(self, connect: Callable[[], smtplib.SMTP], sender: str, recipient: str) -> None:
        self.connect = connect
        self.sender, self.recipient = sender, recipient
        self.promised: set[str] = set()
        self.attempted: Counter[str] = Counter()
        self._numbers = count()
        self._unanswered: list[str] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self, connections: int) -> None:
        """Begins on so many connections."""
        self._stopping.clear()
        self._threads = [threading.Thread(target=self._work) for _ in range(connections)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """No new message; waits for what is under way."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _work(self) -> None:
        with suppress(OSError, smtplib.SMTPException), self.connect() as smtp:
            while not self._stopping.is_set():
                self._send(smtp)

    def _send(self, smtp: smtplib.SMTP) -> None:
        number = self._next()
        try:
            smtp.sendmail(
                self.sender, self.recipient, letter(self.sender, self.recipient, f"number {number}")
            )
        except BaseException:
            with self._lock:
                self._unanswered.append(number)
            raise
        with self._lock:
            self.promised.add(number)

    def _next(self) -> str:
        with self._lock:
            number = self._unanswered.pop() if self._unanswered else str(next(self._numbers))
            self.attempted[number] += 1
            return number


def numbers(letters: Iterable[bytes]) -> Counter[str]:
    """How often each number arrived."""
    marks = (raw.partition(b"\r\nSubject: number ")[2].partition(b"\r\n")[0] for raw in letters)
    return Counter(mark.decode() for mark in marks if mark)
