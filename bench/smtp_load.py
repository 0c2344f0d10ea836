"""Load for SMTP: Postfix's `smtp-source` where it is installed, else a small client of our own, the same one for both sides.

Every user gets the same share of messages over the same share of connections. Not here: whether the mail arrives.
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

import msgspec

from bench.processes import BenchError
from bench.sockets import LOOPBACK
from bench.systems import USERS, addresses

LONGEST: Final = 600.0  # seconds
SENDER: Final = "sender@elsewhere.test"
CLIENT: Final = "client.elsewhere.test"
LINE: Final = 80  # octets of a line of the message, with its end


class Load(msgspec.Struct, frozen=True):
    """`messages` of `size` octets over `connections` at a time; a new connection for each message unless they are `kept`.

    `letter` is the file of the message to be sent, lines ending with LF; without one it is made, a different one for each recipient.
    """

    messages: int
    connections: int
    size: int
    kept: bool = False
    letter: Path | None = None


def driver() -> str:
    """The program that sends, for the report."""
    return "smtp-source" if shutil.which("smtp-source") else "the bench's own client (smtp-source is missing)"


def send(port: int, domain: str, load: Load, users: int = USERS) -> float:
    """Sends it to the users of the domain; gives the seconds until the last message was accepted."""
    connections = min(load.connections, load.messages)
    users = min(users, connections)
    share = msgspec.structs.replace(
        load, messages=-(-load.messages // users), connections=max(1, connections // users)
    )
    started = time.perf_counter()
    if shutil.which("smtp-source"):
        _run(port, addresses(domain, users), share)
    else:
        asyncio.run(_send_all(port, addresses(domain, users), share))
    return time.perf_counter() - started


def sent(load: Load, users: int = USERS) -> int:
    """How many messages `send` makes of it: a multiple of the users."""
    users = min(users, load.connections, load.messages)
    return -(-load.messages // users) * users


def _run(port: int, recipients: list[str], share: Load) -> None:
    words = ["smtp-source", "-s", str(share.connections), "-m", str(share.messages)]
    words += ["-f", SENDER, "-M", CLIENT, *(["-d"] if share.kept else [])]
    words += ["-F", str(share.letter)] if share.letter else ["-l", str(share.size)]
    running = [
        subprocess.Popen(
            [*words, "-t", recipient, f"inet:{LOOPBACK}:{port}"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        for recipient in recipients
    ]
    try:
        limit = time.monotonic() + LONGEST
        for one in running:
            _, complaint = one.communicate(timeout=max(0.1, limit - time.monotonic()))
            if one.returncode:
                raise BenchError(f"smtp-source at port {port}: {complaint.strip()[-300:]}")
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"smtp-source at port {port}: not done within {LONGEST:.0f} s") from error
    finally:
        for one in running:
            if one.poll() is None:
                one.kill()
                one.wait()


async def _send_all(port: int, recipients: list[str], share: Load) -> None:
    senders = [_Sender(port, recipient, share) for recipient in recipients]
    await asyncio.wait_for(asyncio.gather(*(sender.send() for sender in senders)), LONGEST)


class _Sender:
    """Does what one smtp-source does: one command, one reply."""

    def __init__(self, port: int, recipient: str, share: Load) -> None:
        self._port = port
        self._share = share
        self._left = share.messages
        self._transaction = (
            (f"MAIL FROM:<{SENDER}>\r\n".encode(), b"250"),
            (f"RCPT TO:<{recipient}>\r\n".encode(), b"250"),
            (b"DATA\r\n", b"354"),
            (_octets(recipient, share) + b".\r\n", b"250"),
        )

    async def send(self) -> None:
        await asyncio.gather(*(self._connections() for _ in range(self._share.connections)))

    async def _connections(self) -> None:
        while self._take():
            reader, writer = await asyncio.open_connection(LOOPBACK, self._port)
            try:
                await self._session(reader, writer)
            finally:
                writer.close()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await _reply(reader, b"220")
        await _say(reader, writer, f"HELO {CLIENT}\r\n".encode(), b"250")
        more = True
        while more:
            for words, wanted in self._transaction:
                await _say(reader, writer, words, wanted)
            more = self._share.kept and self._take()
        await _say(reader, writer, b"QUIT\r\n", b"221")

    def _take(self) -> bool:
        """Whether there is one more message to send."""
        self._left -= 1
        return self._left >= 0


async def _say(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, words: bytes, wanted: bytes
) -> None:
    writer.write(words)
    await _reply(reader, wanted)


async def _reply(reader: asyncio.StreamReader, wanted: bytes) -> None:
    while (line := await reader.readline())[3:4] == b"-":
        pass
    if not line.startswith(wanted):
        raise BenchError(f"the server said {line!r} instead of {wanted.decode()}")


def _octets(recipient: str, share: Load) -> bytes:
    if share.letter is None:
        return message(recipient, share.size)
    return share.letter.read_bytes().replace(b"\n", b"\r\n")


def message(recipient: str, size: int) -> bytes:
    """A message with `size` octets of text."""
    line = b"X" * (LINE - 2) + b"\r\n"
    header = f"From: <{SENDER}>\r\nTo: <{recipient}>\r\nSubject: load\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\n\r\n"
    body = line * (size // LINE) + (b"X" * max(0, size % LINE - 2) + b"\r\n" if size % LINE else b"")
    return header.encode() + body
