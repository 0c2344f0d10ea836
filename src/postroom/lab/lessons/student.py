"""The student of a lesson that runs unattended: real connections to the real lab, and an ear of its own for every reply.

RFC 5321 §2.3.8, RFC 1939 §3, RFC 9051 §2.2: lines end with CRLF. Also what a lesson does itself for students of flesh: commands of Postroom, letters
that are brought, questions to the DNS. Not here: what is to be done (`lesson`), whether it was (`attention`).
"""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import smtplib
import ssl
import sys

import dns.asyncquery
import dns.message

from postroom.lab.lessons.lesson import Connect
from postroom.lab.lessons.place import LOOPBACK, Place


class Line:
    """A connection that is talked over."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._lines: asyncio.Queue[bytes] = asyncio.Queue()  # b"" at the end
        self._listening: asyncio.Task[None] | None = None
        ip, port, *_ = writer.get_extra_info("sockname")
        self.peer = f"{ip}:{port}"  # its own end, as the lab calls it

    @classmethod
    async def open(cls, place: Place, wanted: Connect) -> Line:
        """Connects as the lesson says."""
        port, name = place.port(wanted.service, wanted.domain), f"mail.{wanted.domain}"
        trusted = ssl.create_default_context(cafile=place.facts.ca)
        secure = {"ssl": trusted, "server_hostname": name} if wanted.tls == "implicit" else {}
        line = cls(*await asyncio.open_connection(LOOPBACK, port, **secure))  # type: ignore[arg-type]
        if wanted.tls == "starttls":
            await line._secure(trusted, name)
        line._listening = asyncio.create_task(line._listen())
        return line

    def type(self, text: str) -> None:
        """Lines, each with its end; nothing where the server has hung up, which the lab tells next."""
        if self._writer.is_closing():
            return
        self._writer.write("".join(f"{one}\r\n" for one in text.split("\n")).encode())

    async def hears(self, reply: str) -> None:
        """Waits until a line comes that begins so (what follows a literal is on its last line); the next one is looked for behind it."""
        while not (line := await self._lines.get()).decode("utf-8", "backslashreplace").startswith(reply):
            if not line:
                raise ConnectionResetError(f"the connection ended before {reply!r} came")

    def close(self) -> None:
        """Hangs up."""
        if self._listening is not None:
            self._listening.cancel()
        self._writer.close()

    async def _listen(self) -> None:
        """Hears all, and hangs up when the server has: programs do so, and servers wait for it."""
        line = b" "
        while line:
            try:
                line = await self._reader.readline()
            except OSError:
                line = b""
            self._lines.put_nowait(line)
        self._writer.close()

    async def _secure(self, trusted: ssl.SSLContext, name: str) -> None:
        """As `openssl s_client -starttls smtp` does (RFC 3207 §4)."""
        await self._until(b"220 ")
        self.type("EHLO mail.example.com")
        await self._until(b"250 ")
        self.type("STARTTLS")
        await self._until(b"220 ")
        await self._writer.start_tls(trusted, server_hostname=name)

    async def _until(self, start: bytes) -> None:
        while not (await self._reader.readuntil(b"\r\n")).startswith(start):
            pass


async def run_command(place: Place, command: str, typed: str = "") -> tuple[int, str]:
    """Runs `postroom ...`, as a command of its own; gives its exit code and what it has printed."""
    program, *words = shlex.split(command)
    assert program == "postroom", command
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "postroom", *words,
        env={**place.environ, "NO_COLOR": "1"},
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        output, _ = await process.communicate(typed.encode())
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        raise
    return process.returncode or 0, output.decode("utf-8", "replace")


async def bring(place: Place, sender: str, recipient: str, text: str) -> None:
    """A letter, brought to the recipient's server as by any other."""

    def work() -> None:
        with smtplib.SMTP(LOOPBACK, place.port("smtp", recipient.partition("@")[2]), timeout=60) as smtp:
            smtp.helo("postman.test")
            smtp.sendmail(sender, [recipient], "\r\n".join(text.split("\n")).encode())

    await asyncio.to_thread(work)


async def ask(place: Place, name: str, kind: str) -> str:
    """Asks the lab's DNS; gives the answers as lines."""
    answer = await dns.asyncquery.udp(
        dns.message.make_query(name, kind), LOOPBACK, timeout=60, port=place.facts.dns
    )
    return "\n".join(one.to_text() for one in answer.answer) or "no answer"
