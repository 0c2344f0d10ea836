"""Debian's OpenDKIM as a filter of a whole server: it signs what users submit, and judges what other servers bring."""

from __future__ import annotations

import asyncio
import smtplib
import ssl
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import dkim
import msgspec
import pytest

import whole_server
from dkim_post import rsa
from postroom.app.settings.guard import MilterSettings
from postroom.mailauth.dkim.signing import SigningKey, sign
from whole_server import PASSWORD, Running, settings_of, thread

LETTER = (
    b"From: bob@l.test\r\nTo: bob@l.test\r\nSubject: Ketchup\r\nDate: Fri, 15 Jan 2027 08:00:00 +0000\r\n"
    b"Message-ID: <1@l.test>\r\n\r\nDo you like ketchup?\r\n"
)


class OpenDkim:
    """The program, with a key of its own; `record` is what the DNS would say of it."""

    def __init__(self, program: str, home: Path, *, mode: str) -> None:
        self.socket = home / "opendkim.sock"
        key = rsa()
        (home / "key.pem").write_bytes(key.to_pem())
        (home / "key.pem").chmod(0o600)
        self.record = key.record()
        (home / "keys").write_text(f"sel._domainkey.l.test {self.record}\n")
        (home / "conf").write_text(
            f"Socket local:{self.socket}\nMode {mode}\nDomain l.test\nSelector sel\nKeyFile {home}/key.pem\n"
            f"TestPublicKeys {home}/keys\nRequireSafeKeys no\nSyslog no\n"
            f"InternalHosts {'127.0.0.1' if mode == 's' else '192.0.2.99'}\nAlwaysAddARHeader yes\nCanonicalization relaxed/simple\n"
            "UserID root\nUMask 000\n"
        )
        self.log = (home / "log").open("wb")
        self.process = subprocess.Popen(
            [program, "-f", "-x", str(home / "conf"), "-P", str(home / "pid")],
            stdout=self.log,
            stderr=subprocess.STDOUT,
        )

    async def ready(self) -> None:
        for _ in range(1200):
            if self.socket.exists():
                return
            assert self.process.poll() is None, Path(self.log.name).read_text()
            await asyncio.sleep(0.05)
        raise AssertionError("opendkim does not listen")

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(60)
        self.log.close()


@pytest.fixture
def opendkim(require_tool: Callable[..., str]) -> Iterator[Callable[[str], OpenDkim]]:
    program = require_tool("opendkim")
    started: list[OpenDkim] = []
    with tempfile.TemporaryDirectory() as home:

        def start(mode: str) -> OpenDkim:
            started.append(OpenDkim(program, Path(home), mode=mode))
            return started[-1]

        yield start
        for each in started:
            each.stop()


@pytest.fixture
async def behind(tmp_path: Path) -> AsyncIterator[Callable[..., Any]]:
    running: list[Running] = []

    async def start(socket: Path, service: str) -> Running:
        milter = MilterSettings(socket=f"unix:{socket}", services=(service,))
        settings = msgspec.structs.replace(settings_of(tmp_path / "data"), milters={"opendkim": milter})
        running.append(await Running(settings).__aenter__())
        await running[-1].settle()
        return running[-1]

    yield start
    for each in running:
        await each.__aexit__()


def submit(port: int, letter: bytes) -> None:
    with smtplib.SMTP_SSL("127.0.0.1", port, "r.test", context=ssl._create_unverified_context()) as smtp:
        smtp.login("bob@l.test", PASSWORD)
        smtp.sendmail("bob@l.test", ["bob@l.test"], letter)


def deliver(port: int, letter: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port, "r.test") as smtp:
        smtp.sendmail("bob@l.test", ["bob@l.test"], letter)


async def fetched(server: Running) -> bytes:
    [letter] = await thread(lambda: whole_server.fetch(server.ports["pop3s"]))
    return bytes(letter) + b"\r\n"


async def test_it_signs_what_users_submit(opendkim: Any, behind: Any) -> None:
    filter_ = opendkim("s")
    await filter_.ready()
    server = await behind(filter_.socket, "submission")
    await thread(lambda: submit(server.ports["submissions"], LETTER))
    letter = await fetched(server)
    assert b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=l.test; s=sel" in letter
    assert dkim.verify(letter, dnsfunc=lambda name, timeout=5: filter_.record.encode())


@pytest.mark.parametrize(("spoil", "verdict"), [(False, b"dkim=pass"), (True, b"dkim=fail")])
async def test_it_judges_what_comes(opendkim: Any, behind: Any, spoil: bool, verdict: bytes) -> None:
    filter_ = opendkim("v")
    await filter_.ready()
    server = await behind(filter_.socket, "smtp")
    fields = sign(LETTER, [SigningKey("l.test", "sel", rsa())], int(time.time()))
    signed = b"".join(fields) + (LETTER.replace(b"ketchup?", b"pickles?") if spoil else LETTER)
    await thread(lambda: deliver(server.ports["smtp"], signed))
    letter = await fetched(server)
    assert b"Authentication-Results:" in letter
    assert verdict in letter
