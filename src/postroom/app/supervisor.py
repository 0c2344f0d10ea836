"""`postroom serve --workers N`: one server of N processes, and the process that starts them, keeps them alive, and ends them.

It opens the sockets, so that a process that starts again needs no right to ports below 1024 and finds whoever came meanwhile; each worker
has its own socket for a port (SO_REUSEPORT of socket(7)), among which the kernel distributes connections, and all share the control socket:
any of them answers, and announces to the others what concerns them (`app.announcements`). RFC 5321 §7.8 (a server stays reachable).
Not here: serving mail, of which this process knows nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence

import msgspec

from postroom.app import building
from postroom.app.control import listen_at
from postroom.app.locate import places_of
from postroom.app.logs import Log, make_log
from postroom.app.places import places_to_listen
from postroom.app.serving import REFUSED, STORE_FAILED, first_of, heed_signals
from postroom.app.settings.file import Settings
from postroom.app.surroundings import Worker
from postroom.app.worker import Begin
from postroom.net import sockets
from postroom.net.sockets import CannotListen

PAUSES = (
    0.2,
    10.0,
)  # seconds before a worker that has ended is started again: the first, doubled up to the longest
STEADY_SECONDS = 60.0  # that a worker must have lived for the first pause to be enough
LONGEST_LINE = 64 << 20  # octets of what a worker says when it is ready: the ports of each domain
LONGEST_STOP = 90.0  # seconds that workers get to end what they do

Listening = dict[str, Sequence[socket.socket]]


class Post:
    """A worker's place, and the process that has it now. `ready` is set once one of them has been."""

    def __init__(self, begin: Begin, listening: Iterable[socket.socket]) -> None:
        self.number = begin.worker.number
        self.ready = asyncio.Event()
        self.line = ""
        self.process: asyncio.subprocess.Process | None = None
        self._begin = msgspec.json.encode(begin) + b"\n"
        self._passed = (begin.control, *(one.fileno() for one in listening))

    async def work(self) -> int:
        """Runs a process to its end; gives its exit code, a signal's number as a negative one."""
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "postroom.app.worker",
            stdin=pipe, stdout=pipe, pass_fds=self._passed, start_new_session=True, limit=LONGEST_LINE,
        )  # fmt: skip
        assert self.process.stdin is not None, "asked for"
        assert self.process.stdout is not None, "asked for"
        self.process.stdin.write(self._begin)
        line = await self.process.stdout.readline()
        if line:
            self.line = line.decode().rstrip("\n")
            self.ready.set()
        return await self.process.wait()

    async def stop(self, seconds: float) -> bool:
        """Tells the process to end; False when it had to be killed."""
        process = self.process
        if process is None or process.returncode is not None:
            return True
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        try:
            await asyncio.wait_for(process.wait(), seconds)
        except TimeoutError:
            process.kill()
            await process.wait()
            return False
        return True


class Supervisor:
    """All workers of a server. Opens every socket; raises `CannotListen`, and then has none."""

    def __init__(self, settings: Settings, workers: int, log: Log) -> None:
        self._control = places_of(settings).control
        self._log = log
        self._opened = open_sockets(settings, sockets.inherited(os.environ, os.getpid()), workers)
        self._calls = listen_at(self._control)
        name = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(4)}"
        settings = building.share(settings, workers)
        self._posts = [
            Post(
                Begin(
                    settings,
                    Worker(number, workers, f"{name}/{number}"),
                    {service: [one.fileno() for one in given] for service, given in listening.items()},
                    self._calls.fileno(),
                ),
                [one for given in listening.values() for one in given],
            )
            for number, listening in enumerate(self._opened, 1)
        ]
        self._tasks: list[asyncio.Task[None]] = []
        self._end = asyncio.Event()
        self._code = os.EX_OK

    async def run(self, ready: Callable[[str], None]) -> int:
        """Until a signal says stop, or until a worker says that it cannot go on; `ready` gets the line of a worker when all are."""
        heed_signals(self._end)
        # The first one alone makes the schema, keys and certificates, or is refused for all.
        for posts in (self._posts[:1], self._posts[1:]):
            self._tasks += [asyncio.create_task(self._keep(post)) for post in posts]
            for post in posts:
                await first_of(post.ready, self._end)
        if not self._end.is_set():
            ready(self._posts[0].line)
            self._log.info("supervisor.ready", workers=len(self._posts))
        await self._end.wait()
        await self._stop()
        return self._code

    async def _keep(self, post: Post) -> None:
        """Has somebody at the post until the end."""
        first, longest = PAUSES
        pause = first
        while True:
            began = time.monotonic()
            code = await self._worked(post)
            if self._end.is_set():
                return
            if code == STORE_FAILED or not post.ready.is_set():
                self._code = code if code > 0 else REFUSED
                self._log.critical("supervisor.ends", worker=post.number, code=code)
                self._end.set()
                return
            pause = first if time.monotonic() - began > STEADY_SECONDS else min(2 * pause, longest)
            self._log.error("worker.ended", worker=post.number, code=code, again_in=pause)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._end.wait(), pause)
                return

    async def _worked(self, post: Post) -> int:
        try:
            return await post.work()
        except OSError as error:  # there is no room for a process, for now
            self._log.error("worker.not_started", worker=post.number, reason=str(error))
            return REFUSED

    async def _stop(self) -> None:
        for listening in self._opened:
            for given in listening.values():
                for one in given:
                    one.close()
        self._calls.close()
        self._control.unlink(missing_ok=True)
        ended = await asyncio.gather(*(post.stop(LONGEST_STOP) for post in self._posts))
        for post, by_itself in zip(self._posts, ended, strict=True):
            if not by_itself:
                self._log.error("worker.killed", worker=post.number)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


def open_sockets(
    settings: Settings, inherited: Mapping[str, Sequence[socket.socket]], workers: int
) -> list[Listening]:
    """What each worker listens at; what systemd has opened they share. Raises `CannotListen`."""
    opened: list[Listening] = [{} for _ in range(workers)]
    for place in places_to_listen(settings.listen):
        if place.service in inherited:
            for one in opened:
                one[place.service] = inherited[place.service]
        elif place.port >= 0:
            port = _free(place.addresses, place.port)
            for one in opened:
                one[place.service] = sockets.tcp(place.addresses, port, shared=True)
    return opened


def _free(addresses: Sequence[str], port: int) -> int:
    """The port, if nobody has it: a shared one would be shared with another server of the same user too."""
    alone = sockets.tcp(addresses, port)
    found: int = alone[0].getsockname()[1]
    for one in alone:
        one.close()
    return found


async def supervise(settings: Settings, workers: int, ready: Callable[[str], None]) -> int:
    """Runs a server of so many processes; gives the exit code."""
    log = make_log(settings.log.format, settings.log.level)
    try:
        supervisor = Supervisor(settings, workers, log)
    except CannotListen as error:
        log.critical("start.refused", reason=str(error))
        return REFUSED
    return await supervisor.run(ready)
