"""Where a lesson is held: the lab of this user that runs, or one that is started for the lesson and goes with it.

Both are asked at the lab's control socket. Not here: what the lab can be asked (`lab.control`).
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from postroom.agent import runtime
from postroom.app.control import OperationError, Request, calling, is_served
from postroom.lab.control import LAB
from postroom.lab.describing import FACTS
from postroom.lab.doors import DOOR
from postroom.lab.heard.feed import Happening
from postroom.lab.heard.watching import WATCH

LOOPBACK: Final = "127.0.0.1"


class Facts(msgspec.Struct, frozen=True):
    """What a lab says of itself."""

    domains: Mapping[str, Mapping[str, int]]
    dns: int
    ca: str
    accounts: Mapping[str, str]
    enforce: bool = False
    last: int = 0


class Place:
    """A running lab. `environ` is that of commands which are to find it."""

    def __init__(self, control: Path, facts: Facts, environ: Mapping[str, str]) -> None:
        self.facts = facts
        self.environ = environ
        self._control = control

    @classmethod
    async def at(cls, control: Path, environ: Mapping[str, str]) -> Place:
        """The lab whose control socket this is; raises `OperationError`, `NotRunning`."""
        return cls(control, await _described(control), environ)

    def port(self, service: str, domain: str) -> int:
        """Of a service."""
        return self.facts.domains[domain][service]

    async def happenings(self, since: int) -> AsyncGenerator[Happening]:
        """What happens after that number, for ever."""
        arguments = {"since": since, "follow": True}
        async for record in calling(self._control, Request(WATCH, arguments)):
            yield msgspec.convert(record, Happening)

    async def turn(self, domain: str, *, is_open: bool) -> None:
        """Opens the door of a domain's server, or shuts it."""
        async for _ in calling(self._control, Request(DOOR, {"domain": domain, "open": is_open})):
            pass

    async def last(self) -> int:
        """The number of what happened last."""
        return (await _described(self._control)).last


async def _described(control: Path) -> Facts:
    told = [record async for record in calling(control, Request(FACTS, {}))]
    return msgspec.convert(told[0], Facts)


def values_of(facts: Facts) -> dict[str, str]:
    """What lessons know of a lab from the beginning; raises `OperationError` when Alice or Bob has moved out."""
    alice, bob = "alice@crepes.test", "bob@hamburger.test"
    if not {alice, bob} <= facts.accounts.keys():
        raise OperationError(f"lessons need {alice} and {bob}, who do not live in this lab")
    return {
        "alice": alice,
        "alice_password": facts.accounts[alice],
        "bob": bob,
        "bob_password": facts.accounts[bob],
        "dns": str(facts.dns),
        "ca": facts.ca,
    }


def running_lab() -> Path | None:
    """The control socket of this user's lab, when one runs."""
    word = runtime.find(LAB)
    if word is None:
        return None
    control = Path(word.read_text("utf-8"))
    return control if is_served(control) else None


@asynccontextmanager
async def own_lab(*, hidden: bool) -> AsyncIterator[Place]:
    """A lab that ends with the lesson. `hidden`: nobody but the lesson finds it; else it is this user's, for commands in another terminal."""
    from postroom.app.logs import make_log
    from postroom.lab.cli.word import leave_word, take_back
    from postroom.lab.house_settings import LabSettings
    from postroom.lab.laboratory import Laboratory
    from postroom.lab.plan import residents

    async with AsyncExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="postroom-lesson-")))
        laboratory = Laboratory(LabSettings(data / "lab", 0, residents(), make_log("auto", "error")))
        await laboratory.start()
        stack.push_async_callback(laboratory.stop)
        environ = dict(os.environ)
        if hidden:
            environ["XDG_RUNTIME_DIR"] = str(data)
        directory = runtime.lab_directory(environ)
        leave_word(laboratory, directory)
        stack.callback(take_back, laboratory, directory)
        yield await Place.at(laboratory.control.path, environ)
