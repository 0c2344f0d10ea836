"""A lab for programs and tests: it runs in a thread of its own, and is used from any thread.

    with Lab() as lab:
        bob = lab.mailbox()
        send_welcome(bob.address, port=bob.smtp_port)   # the program under test
        assert bob.wait(subject="Welcome*").code() == "1234"

Everything is real: SMTP, POP3, IMAP, JMAP and the web mail at free ports, DNS, certificates, the queue between the lab's two domains. Nothing leaves
this machine, and nothing stays when it ends. Not here: the lab itself (`lab.laboratory`), fixtures (`lab.testing.plugin`).
"""

from __future__ import annotations

import asyncio
import io
import shutil
import tempfile
import threading
from collections.abc import Coroutine, Sequence
from concurrent.futures import Future
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar, Unpack

import uvloop

from postroom.agent import runtime
from postroom.app.logs import make_log
from postroom.lab.arrived.box import Mailbox
from postroom.lab.arrived.residence import mailbox_of, new_mailbox
from postroom.lab.arrived.transcript import Transcript
from postroom.lab.catch_all import catch_all_address
from postroom.lab.clock import move, parse_step
from postroom.lab.faults.mishaps import parse_mishap
from postroom.lab.faults.rules import FaultRule, Terms
from postroom.lab.house_settings import LabSettings
from postroom.lab.laboratory import Laboratory
from postroom.lab.plan import HOUSES, residents
from postroom.store.login.passwords import PasswordCost

T = TypeVar("T")
HOME: Final = HOUSES[0].domain
NOT_RUNNING: Final = "this lab does not run: use `with Lab() as lab`, or start()"
CERTIFIED: Final = ("ecdsa",)  # kinds of keys: a session of tests begins sooner without RSA
CHEAP: Final = PasswordCost(
    time=1, memory=64
)  # a lab of tests has nothing to guard, and tests log in all the time
PATIENCE: Final = 60.0  # seconds for anything that the lab is asked to do


class Lab:
    """Two mail domains, `hamburger.test` and `crepes.test`. `faults` are names of `postroom lab --fault`; `enforce` as its option.

    `data` is where it keeps its things; without, in a directory that goes when it stops. With `catch_all`, the mailbox `lab.catch_all` gets what has no
    other, of any domain.
    """

    def __init__(
        self,
        *,
        faults: Sequence[str] = (),
        enforce: bool = False,
        data: Path | None = None,
        catch_all: bool = False,
    ) -> None:
        self._catch_all = catch_all
        self._faults = [parse_mishap(text) for text in faults]
        self._enforce = enforce
        self._data = data
        self._directory: tempfile.TemporaryDirectory[str] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._laboratory: Laboratory | None = None
        self._log = io.StringIO()

    def start(self) -> Self:
        """Starts it; raises what starting raises, and then leaves nothing running."""
        if self._laboratory is not None:
            raise RuntimeError("this lab runs already")
        if self._data is None:
            self._directory = tempfile.TemporaryDirectory(prefix="postroom-lab-")
        data = self._data or Path(self._directory.name if self._directory else "")
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="postroom lab", daemon=True)
        self._thread.start()
        try:
            self._laboratory = self._do(self._open(data))
        except BaseException:
            self._end()
            raise
        return self

    def stop(self) -> None:
        """Stops it, whether it runs or not."""
        running, self._laboratory = self._laboratory, None
        try:
            if running is not None:
                shutil.rmtree(running.settings.data / "run", ignore_errors=True)
                self._do(running.stop())
        finally:
            self._end()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def mailbox(self, name: str = "", *, domain: str = HOME) -> Mailbox:
        """A new account with a fresh address, or one of this name."""
        return self._do(self._move_in(name, domain))

    async def mailbox_async(self, name: str = "", *, domain: str = HOME) -> Mailbox:
        """As `mailbox`."""
        return await asyncio.wrap_future(self._begun(self._move_in(name, domain)))

    def resident(self, address: str) -> Mailbox:
        """The account of somebody who lives there already: `alice@crepes.test`, `bob@hamburger.test`; raises `LookupError` for others."""
        return self._do(self._resident(address))

    async def resident_async(self, address: str) -> Mailbox:
        """As `resident`."""
        return await asyncio.wrap_future(self._begun(self._resident(address)))

    def environ(self) -> dict[str, str]:
        """What a program is to have in its environment so that `postroom mail`, `postroom journey` and others find this lab, and whoever lives in it now."""
        from postroom.lab.cli.word import leave_word

        found = {"XDG_RUNTIME_DIR": str(self._running.settings.data / "run")}
        leave_word(self._running, runtime.lab_directory(found))
        return found

    @property
    def catch_all(self) -> Mailbox:
        """The mailbox for all that has no other; raises `LookupError` in a lab without one."""
        return self._do(self._resident(str(catch_all_address(self._running.houses))))

    def ports(self, domain: str = HOME) -> dict[str, int]:
        """The ports of a domain's server on 127.0.0.1, by service."""
        return dict(self._running.ports[domain])

    @property
    def ca(self) -> Path:
        """The file of the authority that has signed the servers' certificates."""
        return self._running.ca.path

    @property
    def dns_port(self) -> int:
        """The port of the lab's DNS on 127.0.0.1."""
        return self._running.names.port

    @property
    def log(self) -> str:
        """What the servers have logged, a JSON object a line: warnings and errors."""
        return self._log.getvalue()

    def advance(self, step: str) -> None:
        """Moves the lab's clock forward by `+5h`, `+30m`, `+1d12h`: retries, notices and expiry happen now. Raises `BadStep`."""
        seconds, clock = parse_step(step), self._running.clock

        async def moved() -> None:
            move(clock, seconds)

        self._do(moved())

    def now(self) -> float:
        """The lab's time, in unix seconds."""
        return self._running.clock.now() / 1_000_000

    def fault(self, at: str, **terms: Unpack[Terms]) -> FaultRule:
        """Has something go wrong from now on, at a stage such as `rcpt` or `imap FETCH`; see `FaultRule`."""
        rule, switches = FaultRule(at, **terms), self._running.switches

        async def add() -> FaultRule:
            return switches.add(rule)

        return self._do(add())

    def switch_on(self, name: str) -> None:
        """Switches a fault with a name on, `no-mx` or `no-mx@crepes.test`; see docs/faults.md. What is on stays so."""
        self._do(self._running.switches.put_on(parse_mishap(name)))

    def switch_off(self, name: str) -> None:
        """It is well again, whether it was on or not."""
        self._do(self._running.switches.take_off(parse_mishap(name)))

    def is_on(self, name: str) -> bool:
        """Whether a fault with a name is switched on."""
        return parse_mishap(name) in self._running.switches

    def clear_faults(self, *rules: FaultRule) -> None:
        """Ends these faults; when none is given, all that are on, with those that have names."""
        if not rules:
            self._do(self._running.switches.clear())
        else:
            self._do(self._running.switches.remove(*rules))

    def reset(self) -> None:
        """As it was at its beginning: no mail, no queue, no journeys, no faults but those it was started with. Accounts stay; the clock does not go back."""
        self._do(self._running.reset())

    def transcript(self) -> Transcript:
        """What is said from now on: the journeys of messages."""
        return Transcript(self._running.servers, self._do)

    @property
    def _running(self) -> Laboratory:
        if self._laboratory is None:
            raise RuntimeError(NOT_RUNNING)
        return self._laboratory

    async def _open(self, data: Path) -> Laboratory:
        log = make_log("json", "warning", self._log)
        wanted = LabSettings(
            data,
            0,
            residents(),
            log,
            self._faults,
            self._enforce,
            keys=CERTIFIED,
            catch_all=self._catch_all,
            password_cost=CHEAP,
        )
        made = Laboratory(wanted)
        await made.start()
        return made

    async def _move_in(self, name: str, domain: str) -> Mailbox:
        return await new_mailbox(self._running, name, domain)

    async def _resident(self, address: str) -> Mailbox:
        found = await mailbox_of(self._running, address)
        if found is None:
            there = ", ".join(sorted(one.address for one in self._running.inhabitants))
            raise LookupError(f"nobody in this lab has the address {address!r}; there are {there}")
        return found

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._begun(work).result(PATIENCE)

    def _begun(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        if self._loop is None:
            work.close()
            raise RuntimeError(NOT_RUNNING)
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def _end(self) -> None:
        if self._loop is not None and self._thread is not None:
            self._do(_come_to_an_end())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()
            self._loop.close()
        self._loop = self._thread = None
        if self._directory is not None:
            self._directory.cleanup()
            self._directory = None


async def _come_to_an_end() -> None:
    """Whoever waits for something in this loop still hears that it will not come."""
    loop, others = asyncio.get_running_loop(), asyncio.all_tasks() - {asyncio.current_task()}
    for one in others:
        one.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    await loop.shutdown_default_executor()
