"""A small IMAP client on blocking sockets, the same one for both sides (RFC 9051; RFC 7888 literals, RFC 3502 MULTIAPPEND).

It finds where an answer ends, and counts what came; it does not read it. Not here: what is asked (`rows.imap`).
"""

from __future__ import annotations

import random
import ssl
import time
from collections.abc import Sequence
from typing import Final

from bench.processes import BenchError
from bench.sockets import connect
from bench.systems import PASSWORD

CHUNK: Final = 1 << 18  # octets of one read
WORDS: Final = 2_000  # different ones in the letters
LINES: Final = 55  # of a letter, about 4 KB in all


class ImapConnection:
    """A session that has logged in; raises `BenchError` when the server refuses."""

    def __init__(self, port: int, name: str, tls: ssl.SSLContext | None = None) -> None:
        self._socket = connect(port, tls)
        self._held = bytearray()
        self._number = 0
        self.came = 0  # octets of the last answer
        try:
            self._until(b"* OK")
            self.command(f"LOGIN {name} {PASSWORD}")
        except (BenchError, OSError):
            self._socket.close()
            raise

    def command(self, words: str) -> bytes:
        """Sends a command and gives all of its answer; raises `BenchError` when it is not OK."""
        return self.send(words.encode() + b"\r\n")

    def timed(self, words: str) -> float:
        """The seconds that a command and its answer take."""
        began = time.perf_counter()
        self.command(words)
        return time.perf_counter() - began

    def send(self, rest: bytes) -> bytes:
        """The same, with literals in it that are not waited for."""
        self._number += 1
        tag = b"B%d " % self._number
        self._socket.sendall(tag + rest)
        return self._until(tag)

    def append(self, mailbox: str, letters: Sequence[bytes]) -> None:
        """Appends letters by one command."""
        pieces = b"".join(b" {%d+}\r\n%b" % (len(letter), letter) for letter in letters)
        self.send(b"APPEND %b%b\r\n" % (mailbox.encode(), pieces))

    def close(self) -> None:
        """Ends the session."""
        self.command("LOGOUT")
        self._socket.close()

    def _until(self, tag: bytes) -> bytes:
        """Reads to the end of the line that begins with the tag."""
        held = self._held
        held.clear()
        while True:
            data = self._socket.recv(CHUNK)
            if not data:
                raise BenchError("the server closed the connection")
            held += data
            if data.endswith(b"\r\n") and (at := self._last_line(tag)) >= 0:
                break
        last = bytes(held[at + len(tag) : at + len(tag) + 3])
        self.came = len(held)
        if not tag.startswith(b"*") and last[:2] != b"OK":
            raise BenchError(f"the server said {bytes(held[at : at + 200])!r}")
        return bytes(held)

    def _last_line(self, tag: bytes) -> int:
        held = self._held
        at = held.rfind(b"\r\n", 0, len(held) - 2)
        at = 0 if at < 0 else at + 2
        return at if held.startswith(tag, at) else -1


def letters(count: int, seed: int = 4) -> list[bytes]:
    """Different letters of about 4 KB: words by chance, some answers to others, one in eight with an attachment."""
    chance = random.Random(seed)
    words = [
        "".join(chance.choice("abcdefghijklmnoprstuvwyz") for _ in range(chance.randint(2, 9)))
        for _ in range(WORDS)
    ]
    return [_letter(number, chance, words) for number in range(count)]


def _letter(number: int, chance: random.Random, words: list[str]) -> bytes:
    subject = " ".join(chance.choices(words, k=5))
    answered = chance.randrange(number) if number and chance.random() < 0.5 else -1
    lines = [
        f"Return-Path: <{chance.choice(words)}@sender.test>",
        f"Received: from mail.sender.test ([192.0.2.{number % 250}]) by mx.receiver.test with ESMTPS id {number};",
        " Thu, 1 Jan 2026 00:00:00 +0000",
        f"From: {chance.choice(words).title()} <{chance.choice(words)}@sender.test>",
        "To: User <user0@receiver.test>",
        f"Subject: {'Re: ' if answered >= 0 else ''}{subject}",
        f"Date: {['Mon', 'Tue', 'Wed', 'Thu', 'Fri'][number % 5]}, {number % 28 + 1} Jan 2026 {number % 24:02}:{number % 60:02}:00 +0000",
        f"Message-ID: <{number}@sender.test>",
        "MIME-Version: 1.0",
    ]  # fmt: skip
    if answered >= 0:
        lines += [f"In-Reply-To: <{answered}@sender.test>", f"References: <{answered}@sender.test>"]
    text = [" ".join(chance.choices(words, k=11))[:76] for _ in range(LINES)]
    if number % 8:
        lines += ["Content-Type: text/plain; charset=utf-8", "", *text]
    else:
        lines += [
            'Content-Type: multipart/mixed; boundary="b0"',
            "",
            "--b0",
            "Content-Type: text/plain; charset=utf-8",
            "",
            *text,
        ]
        lines += [
            "--b0",
            'Content-Type: application/octet-stream; name="x.bin"',
            "Content-Transfer-Encoding: base64",
            "",
            "AAAA",
            "--b0--",
        ]
    return "".join(f"{line}\r\n" for line in lines).encode()
