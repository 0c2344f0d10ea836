"""A lesson as it is held: step by step, each until its signs were seen in the lab, and again from its connection when that was lost.

Not here: who does what the steps say (`pupils`), what is said about it (`telling`), how far somebody got (`kept`).
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from postroom.app.control import HungUp, NotRunning, OperationError
from postroom.lab.heard.feed import Happening
from postroom.lab.lessons.attention import Attention, Seen
from postroom.lab.lessons.lesson import Connect, Lesson, Part, Step, Type
from postroom.lab.lessons.place import Place, values_of
from postroom.lab.lessons.signs import sign_of
from postroom.lab.lessons.values import Values

_MISTAKES = frozenset((Seen.MISTYPED, Seen.REFUSED, Seen.MISSED, Seen.CUT))


class Left(Exception):
    """Somebody leaves the lesson; it can be gone on with."""


class NotHeld(Exception):
    """What a lesson says is not what happens; the text says where, and what happened."""


class _Lost(Exception):
    """The student's connection has ended too soon, or can only be ended."""

    def __init__(self, *, ended: bool) -> None:
        super().__init__()
        self.ended = ended


class Events:
    """What happens in the lab, and what is typed at the lesson, in the order in which it comes. A key is the line that was typed, None the wish to leave."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[Happening | str | Exception | None] = asyncio.Queue()
        self._set_aside: deque[Happening] = deque()

    def add(self, event: Happening | str | Exception | None) -> None:
        """One more."""
        self._queue.put_nowait(event)

    async def next(self) -> Happening | str:
        """The next one; raises `Left`, or what has ended the lab."""
        return self._set_aside.popleft() if self._set_aside else await self._come()

    async def key(self) -> str:
        """The next line that is typed; what happens until then is kept for `next`."""
        while True:
            event = await self._come()
            if isinstance(event, str):
                return event
            self._set_aside.append(event)

    async def _come(self) -> Happening | str:
        event = await self._queue.get()
        if isinstance(event, Exception):
            raise event
        if event is None or event == "q":
            raise Left
        return event


class Teller(Protocol):
    """Says how the lesson goes."""

    def part(self, number: int, part: Part, /) -> None:
        """A part begins; numbers count from 1."""

    def step(self, number: int, step: Step, values: Values) -> None:
        """A step is to be done."""

    def heard(self, happening: Happening, seen: Seen, attention: Attention) -> None:
        """Something has happened."""

    def again(self, step: Step, values: Values) -> None:
        """The step's words once more: somebody has asked for them, or done something else."""

    def printed(self, output: str) -> None:
        """What a command of the lesson's has printed."""

    def done(self, step: Step, values: Values, /) -> None:
        """A step is done."""

    def lost(self, *, ended: bool) -> None:
        """The part goes on at its connection: that has ended too soon, or something else was said on it than asked for."""


class Pupil(Protocol):
    """Does what steps say, or has a student do it."""

    @property
    def peer(self) -> str:
        """From which address and port it has connected itself, "" where somebody else does."""

    async def does(self, step: Step, values: Values) -> None:
        """The step's action, as far as it is this side's to do it. Raises `NotHeld`, `Left`."""

    def typed(self, text: str, step: Step, values: Values, /) -> None:
        """A line was typed at the lesson."""

    async def sees(self, attention: Attention, seen: Seen, happening: Happening) -> None:
        """Something has happened that is a mistake. Raises `NotHeld`."""

    async def proves(self, attention: Attention) -> None:
        """The step's signs were all seen. Raises `NotHeld`."""

    async def leaves(self) -> None:
        """The lesson is over, or was left."""

    def waiting(self, attention: Attention) -> contextlib.AbstractAsyncContextManager[object]:
        """Held while signs are waited for. Raises `NotHeld` when that lasts too long."""


class Course:
    """One run of one lesson in one lab."""

    def __init__(self, lesson: Lesson, place: Place, events: Events, teller: Teller) -> None:
        """Raises `OperationError` for a lab in which lessons cannot be held."""
        self.lesson = lesson
        self.values = Values(values_of(place.facts))
        self._place = place
        self._events = events
        self._teller = teller
        self._connection = 0

    async def run(
        self, pupil: Pupil, first: int = 0, reached: Callable[[int], None] = lambda _: None
    ) -> None:
        """From a part on, counted from 0, to the end; `reached` is told how many parts are done. Raises `Left`, `NotHeld`."""
        try:
            async with self._listening():
                await self._parts(pupil, first, reached)
        finally:
            await pupil.leaves()

    async def _parts(self, pupil: Pupil, first: int, reached: Callable[[int], None]) -> None:
        for number, part in enumerate(self.lesson.parts[first:], first):
            self.values.forget()
            self._connection = 0
            self._teller.part(number + 1, part)
            await self._part(part, pupil)
            reached(number + 1)

    @asynccontextmanager
    async def _listening(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._listen(await self._place.last()))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _listen(self, since: int) -> None:
        try:
            async with contextlib.aclosing(self._place.happenings(since)) as happenings:
                async for happening in happenings:
                    self._events.add(happening)
        except HungUp:
            self._events.add(OperationError("the lab has stopped: start it again, and the lesson goes on"))
        except (OperationError, NotRunning) as error:
            self._events.add(error)

    async def _part(self, part: Part, pupil: Pupil) -> None:
        number = connected = 0
        while number < len(part.steps):
            step = part.steps[number]
            if isinstance(step.do, Connect):
                connected = number
            try:
                await self._step(number + 1, step, pupil)
                number += 1
            except _Lost as lost:
                self._teller.lost(ended=lost.ended)
                number, self._connection = connected, 0

    async def _step(self, number: int, step: Step, pupil: Pupil) -> None:
        signs = [sign_of(written, self.values) for written in step.expect]
        connection = 0 if isinstance(step.do, Connect) else self._connection
        self._teller.step(number, step, self.values)
        await pupil.does(step, self.values)
        attention = Attention(signs, self.values, connection, step.do, pupil.peer)
        async with pupil.waiting(attention):
            while not attention.done:
                event = await self._events.next()
                if isinstance(event, str):
                    pupil.typed(event, step, self.values)
                else:
                    await self._hear(event, attention, step, pupil)
            await pupil.proves(attention)
        self._connection = attention.connection
        self._teller.done(step, self.values)

    async def _hear(self, happening: Happening, attention: Attention, step: Step, pupil: Pupil) -> None:
        seen = attention.heard(happening)
        self._teller.heard(happening, seen, attention)
        if seen in _MISTAKES:
            await pupil.sees(attention, seen, happening)
            one_by_one = seen is Seen.MISSED and isinstance(step.do, Type) and step.do.at_once
            if seen is Seen.CUT or (seen is Seen.MISSED and not one_by_one):
                raise _Lost(ended=seen is Seen.CUT)
            if seen is Seen.REFUSED or one_by_one:
                self._teller.again(step, self.values)
