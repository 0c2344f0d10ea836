"""Who does what the steps of a lesson say: nobody, when it runs unattended, or somebody at a terminal with a second one beside it.

Not here: connections and commands themselves (`student`), how signs are looked for (`course`).
"""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from postroom.app.control import NotRunning, OperationError
from postroom.lab.heard.feed import Happening
from postroom.lab.lessons.attention import Attention, Seen
from postroom.lab.lessons.course import Events, NotHeld, Teller
from postroom.lab.lessons.lesson import Ask, Connect, Consider, Door, Post, Run, Step, Type
from postroom.lab.lessons.place import Place
from postroom.lab.lessons.signs import shown
from postroom.lab.lessons.student import Line, ask, bring, run_command
from postroom.lab.lessons.values import Values

PATIENCE: Final = 45.0  # seconds that a sign is waited for when nobody types: the machine may be busy
PAUSE: Final = 0.2  # before a command is run again


class Doing:
    """What a lesson itself does for its steps."""

    def __init__(self, place: Place, teller: Teller) -> None:
        self._place = place
        self._teller = teller
        self._shut: set[str] = set()

    async def tidy(self) -> None:
        """Opens the doors that were shut and are so still, in a lab that runs still."""
        with contextlib.suppress(OperationError, NotRunning):
            for domain in self._shut:
                await self._place.turn(domain, is_open=True)
        self._shut.clear()

    async def work(self, step: Step, values: Values) -> None:
        """All but what is typed on a connection. Raises `NotHeld` when a command's output is not what the lesson says."""
        match step.do:
            case Run():
                await self._run(step.do, values)
            case Ask(name, kind):
                self._teller.printed(await ask(self._place, values.fill(name), kind))
            case Post():
                await self._bring(step.do, values)
            case Door(domain, is_open):
                (self._shut.discard if is_open else self._shut.add)(domain)
                await self._place.turn(domain, is_open=is_open)
            case _:
                pass

    async def _run(self, wanted: Run, values: Values) -> None:
        code, output = await run_command(self._place, values.fill(wanted.command), values.fill(wanted.typed))
        self._teller.printed(output)
        if code and not wanted.perhaps:
            raise NotHeld(f"{values.fill(wanted.command)} ended with exit code {code}: {output}")
        for pattern in wanted.shows:
            found = re.search(values.fill(pattern, re.escape), output, re.MULTILINE)
            if found is None:
                raise NotHeld(f"{values.fill(wanted.command)} does not show {pattern!r} but: {output}")
            values.learn(found.groupdict())

    async def _bring(self, letter: Post, values: Values) -> None:
        sender, recipient, text = (values.fill(one) for one in (letter.sender, letter.recipient, letter.text))
        await bring(self._place, sender, recipient, text)


class Unattended:
    """Plays the student with real connections, and is content with nothing but what the lesson says."""

    def __init__(self, place: Place, teller: Teller) -> None:
        self._place = place
        self._doing = Doing(place, teller)
        self._line: Line | None = None

    @property
    def peer(self) -> str:
        """That of its connection."""
        return self._line.peer if self._line is not None else ""

    async def does(self, step: Step, values: Values) -> None:
        """All of it."""
        if isinstance(step.do, Connect):
            self.close()
            self._line = await Line.open(self._place, step.do)
        elif isinstance(step.do, Type) and self._line is not None:
            self._line.type(values.fill(step.do.text))
        else:
            await self._work(step, values)

    async def _work(self, step: Step, values: Values) -> None:
        """What only looks may come too early: servers write down what they did a moment after they did it."""
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE
        while True:
            try:
                return await self._doing.work(step, values)
            except NotHeld:
                if not (isinstance(step.do, Run) and step.do.looks) or loop.time() > end:
                    raise
            await asyncio.sleep(PAUSE)

    def typed(self, text: str, step: Step, values: Values) -> None:
        """Nobody is there."""

    async def sees(self, attention: Attention, seen: Seen, happening: Happening) -> None:
        """There are no mistakes."""
        raise NotHeld(f"{seen.value}: {shown(happening)!r}, where {attention.expected!r} was expected")

    async def proves(self, attention: Attention) -> None:
        """What the lab says that it has answered must have come here."""
        if self._line is None:
            return
        for reply in attention.replies:
            try:
                await self._line.hears(reply)
            except OSError as error:
                raise NotHeld(f"{reply!r} was answered, but did not come: {error}") from error

    @asynccontextmanager
    async def waiting(self, attention: Attention) -> AsyncIterator[None]:
        """Not for ever."""
        try:
            async with asyncio.timeout(PATIENCE):
                yield
        except TimeoutError as error:
            raise NotHeld(f"waited in vain for {attention.missing!r}") from error

    async def leaves(self) -> None:
        """As it was before."""
        await self._doing.tidy()

    def close(self) -> None:
        """Hangs up."""
        if self._line is not None:
            self._line.close()
            self._line = None


class Attended:
    """Has somebody do it: connections in a second terminal, everything else at the press of Enter."""

    @property
    def peer(self) -> str:
        """Of the second terminal nothing is known."""
        return ""

    def __init__(self, place: Place, teller: Teller, events: Events) -> None:
        self._doing = Doing(place, teller)
        self._events = events
        self._teller = teller

    async def does(self, step: Step, values: Values) -> None:
        """Waits for Enter where the lesson itself does something visible."""
        if isinstance(step.do, Post | Door):
            await self._doing.work(step, values)
            return
        while isinstance(step.do, Run | Ask | Consider):
            await self._events.key()
            try:
                await self._doing.work(step, values)
                return
            except NotHeld:
                self._teller.printed(
                    "This is not what is to be seen here; it may be too early. Enter tries it once more."
                )

    def typed(self, _text: str, step: Step, values: Values) -> None:
        """Whoever types here has forgotten what was to be done elsewhere."""
        self._teller.again(step, values)

    async def sees(self, attention: Attention, seen: Seen, happening: Happening) -> None:
        """The teller has said what is to be said."""

    async def proves(self, attention: Attention) -> None:
        """The student's own program shows it."""

    def waiting(self, _attention: Attention) -> contextlib.AbstractAsyncContextManager[object]:
        """As long as it takes."""
        return contextlib.nullcontext()

    async def leaves(self) -> None:
        """What the lesson has changed is as before."""
        await self._doing.tidy()

    def close(self) -> None:
        """Holds nothing."""


class Here(Attended):
    """Has somebody do it without a second terminal: what is typed at the lesson goes to the server, over a connection that the lesson opens."""

    def __init__(self, place: Place, teller: Teller, events: Events) -> None:
        super().__init__(place, teller, events)
        self._place = place
        self._line: Line | None = None

    @property
    def peer(self) -> str:
        """That of its connection."""
        return self._line.peer if self._line is not None else ""

    async def does(self, step: Step, values: Values) -> None:
        """Connects, too."""
        if isinstance(step.do, Connect):
            self.close()
            self._line = await Line.open(self._place, step.do)
        else:
            await super().does(step, values)

    def typed(self, text: str, step: Step, values: Values) -> None:
        """Goes to the server, but for the question what was to be done."""
        if text == "?" or self._line is None:
            super().typed(text, step, values)
        else:
            self._line.type(text)

    def close(self) -> None:
        """Hangs up."""
        if self._line is not None:
            self._line.close()
            self._line = None
