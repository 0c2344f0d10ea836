"""`postroom serve`: one server and the Internet around it, from its start until it is told to stop.

systemd's service(5) decides by exit codes whether to start it again: these are them. Not here: the server (`app.server`), and how several
processes are one (`app.supervisor`).
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import signal
import sys
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

import msgspec
import uvloop

from postroom.app import reviewing
from postroom.app.building import resolver_options
from postroom.app.logs import make_log
from postroom.app.server import Server
from postroom.app.settings.file import Settings, SettingsError
from postroom.app.surroundings import Surroundings
from postroom.message.errors import MailError
from postroom.net import sockets
from postroom.net.clock import SystemClock
from postroom.net.dns.resolver import StubResolver
from postroom.net.ourselves import is_ourselves
from postroom.net.sockets import CannotListen
from postroom.net.tls.certificates import CertificateError, opportunistic
from postroom.store.engine.refused import StoreRefused

REFUSED = 1  # it cannot start like this
STORE_FAILED = os.EX_IOERR  # it cannot go on


def internet(settings: Settings) -> Surroundings:
    """The surroundings of a real server."""
    own = frozenset(address for address in settings.listen.addresses if address not in ("0.0.0.0", "::"))  # noqa: S104
    clock = SystemClock()
    return Surroundings(
        clock,
        StubResolver(resolver_options(settings), clock.monotonic),
        make_log(settings.log.format, settings.log.level),
        lambda ip: is_ourselves(ip, own),
        opportunistic,
        inherited=sockets.inherited(os.environ, os.getpid()),
    )


async def serve(
    settings: Settings, world: Surroundings, ready: Callable[[str], None], orders: int = -1
) -> int:
    """Runs a server until a signal says stop, or the end of `orders` (a file that can be read); gives the exit code.

    `ready` gets a line of JSON that says what is where.
    """
    stop, failed = asyncio.Event(), asyncio.Event()
    heed_signals(stop)
    if orders >= 0:
        asyncio.get_running_loop().add_reader(orders, _obey, orders, stop)
    try:
        reviewing.must_be_right(settings)  # before anything is made on the disk
        server = await Server.open(settings, world, failed)
        ports = await server.start()
    except (StoreRefused, SettingsError, CertificateError, CannotListen, MailError) as error:
        world.log.critical("start.refused", reason=str(error))
        return REFUSED
    names = await server.domains() or [settings.server.hostname]
    ready(ready_line(names, ports, settings.server.data))
    calm_collector()
    world.log.info("ready", hostname=settings.server.hostname, domains=names, **ports)
    await first_of(stop, failed)
    world.log.info("stopping")
    with contextlib.suppress(Exception) if failed.is_set() else contextlib.nullcontext():
        await server.stop()
    return STORE_FAILED if failed.is_set() else os.EX_OK


def heed_signals(stop: asyncio.Event) -> None:
    """SIGINT and SIGTERM say stop, and SIGHUP, which comes when the terminal has gone, unless nohup(1) has begun us."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:
            loop.add_signal_handler(number, stop.set)


def _obey(orders: int, stop: asyncio.Event) -> None:
    asyncio.get_running_loop().remove_reader(orders)
    stop.set()


async def first_of(*events: asyncio.Event) -> None:
    """Returns when one of them is set."""
    waiting = [asyncio.ensure_future(event.wait()) for event in events]
    await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in waiting:
        task.cancel()


def ready_line(domains: Sequence[str], ports: dict[str, int], data: str) -> str:
    """What `postroom serve --json` prints, without its end of line."""
    return msgspec.json.encode({"domains": dict.fromkeys(domains, ports), "data": data}).decode()


def say(line: str) -> None:
    """A line on standard output, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def say_nothing(_line: str) -> None:
    """Nobody has asked."""


def calm_collector() -> None:
    """Has the garbage collector look less often and never at what was there at the start: mail makes few cycles, and much garbage."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


def run(serving: Coroutine[Any, Any, int]) -> int:
    """Runs it on the fastest loop there is; gives the exit code."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(serving)
