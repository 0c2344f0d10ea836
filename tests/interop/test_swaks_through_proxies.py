"""swaks as a proxy: the PROXY protocol in both versions, and XCLIENT, against a whole server."""

from __future__ import annotations

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import msgspec
import pytest

from postroom.app.settings.guard import GuardSettings
from whole_server import Running, settings_of, thread

PROXY = ["--proxy-source", "192.0.2.7", "--proxy-source-port", "4711"]
PROXY += ["--proxy-dest", "198.51.100.25", "--proxy-dest-port", "25"]


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[Callable[..., Running]]:
    started: list[Running] = []

    async def start(**guard: tuple[str, ...]) -> Running:
        settings = msgspec.structs.replace(settings_of(tmp_path / "data"), guard=GuardSettings(**guard))
        started.append(await Running(settings).__aenter__())
        await started[-1].settle()
        return started[-1]

    yield start  # type: ignore[misc]
    for server in started:
        await server.__aexit__()


async def swaks(
    require_tool: Callable[..., str], server: Running, *arguments: str, port: str = "smtp"
) -> str:
    command = [require_tool("swaks"), "--server", f"127.0.0.1:{server.ports[port]}", "--to", "bob@l.test"]
    command += ["--from", "x@r.test", "--helo", "a.test", *arguments]
    done = await thread(
        lambda: subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    )
    await asyncio.sleep(0)
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


def clients(server: Running) -> list[str]:
    lines = [json.loads(line) for line in server.log.getvalue().splitlines()]
    return [line["client"] for line in lines if line["event"] == "message.accepted"]


@pytest.mark.parametrize(("version", "family"), [("1", "TCP4"), ("2", "AF_INET")])
async def test_a_proxy_header(
    require_tool: Callable[..., str], house: Callable[..., Running], version: str, family: str
) -> None:
    server = await house(proxies=("127.0.0.0/8",))  # type: ignore[misc]
    await swaks(require_tool, server, "--proxy-version", version, "--proxy-family", family, *PROXY)
    assert clients(server) == ["192.0.2.7"]


async def test_xclient(require_tool: Callable[..., str], house: Callable[..., Running]) -> None:
    server = await house(xclient=("127.0.0.1",))  # type: ignore[misc]
    said = await swaks(require_tool, server, "--xclient-addr", "192.0.2.8", "--xclient-name", "mail.a.test")
    assert "XCLIENT NAME ADDR PORT PROTO HELO DESTADDR DESTPORT" in said
    assert clients(server) == ["192.0.2.8"]
