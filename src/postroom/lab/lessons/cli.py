"""`postroom lesson`: lists the lessons, and holds one, for a student or unattended.

Not here: how a lesson goes on (`course`), the lab (`place`).
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from typing import TYPE_CHECKING, Annotated

import typer

from postroom.agent.invocation import CommandFailed, command, commands
from postroom.agent.terminal import Column
from postroom.lab.cli.session import LabSession, lab_session

if TYPE_CHECKING:
    from postroom.lab.lessons.course import Events
    from postroom.lab.lessons.lesson import Lesson
    from postroom.lab.lessons.place import Place

app = commands("Lessons about mail, held in a lab.")
ALL = "all"
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@app.command("list")
@command(lab_session)
def list_lessons(session: LabSession) -> None:
    """List the lessons, and how far you are with each."""
    from postroom.lab.lessons.catalogue import LESSONS
    from postroom.lab.lessons.kept import Kept

    kept = Kept()
    records = [_record(lesson, kept.of(lesson).parts, done=kept.of(lesson).done) for lesson in LESSONS]
    columns: list[Column[dict[str, object]]] = [
        Column("lesson", lambda one: str(one["name"])),
        Column("", lambda one: str(one["state"])),
        Column("what it is about", lambda one: str(one["title"])),
    ]
    session.terminal.listing(records, columns)


@app.command("run")
@command(lab_session)
def run_lesson(
    session: LabSession,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As listed; with --check also: all.")],
    check: Annotated[bool, typer.Option("--check", help="Run it unattended: does it hold?")] = False,
    here: Annotated[
        bool, typer.Option("--here", help="Type at the lesson itself, without a second terminal.")
    ] = False,
    restart: Annotated[
        bool, typer.Option("--restart", help="From the start, not from where you left.")
    ] = False,
) -> None:
    """Hold a lesson in the running lab, or else in one of its own."""
    import uvloop

    from postroom.agent.runtime import NotOurs
    from postroom.app.control import NotRunning
    from postroom.net.sockets import CannotListen

    lessons = _named(name, every=check)
    if not check and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise CommandFailed("a lesson wants a terminal to talk on; unattended it runs with --check", 2)
    work = _check(session, lessons) if check else _teach(session, lessons[0], restart=restart, here=here)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)
    except (NotRunning, NotOurs, CannotListen, OSError) as error:
        raise CommandFailed(str(error)) from error


@app.command("show")
@command(lab_session)
def show_lesson(
    session: LabSession,
    name: Annotated[str, typer.Argument(metavar="NAME", help="As listed; also: all.")],
) -> None:
    """Show a lesson as a hand-out, in Markdown."""
    from postroom.lab.lessons.handout import handout

    for lesson in _named(name, every=True):
        text = handout(lesson)
        session.terminal.say(text)
        session.terminal.record({"name": lesson.name, "markdown": text})


def _record(lesson: Lesson, parts: int, *, done: bool) -> dict[str, object]:
    state = f"part {parts + 1} of {len(lesson.parts)}" if parts else "done" if done else "new"
    return {
        "name": lesson.name,
        "title": lesson.title,
        "about": lesson.about,
        "parts": [part.title for part in lesson.parts],
        "steps": len(lesson.steps),
        "sources": list(lesson.sources),
        "state": state,
    }


def _named(name: str, *, every: bool) -> list[Lesson]:
    from postroom.lab.lessons.catalogue import LESSONS

    if every and name == ALL:
        return list(LESSONS)
    found = [lesson for lesson in LESSONS if lesson.name == name]
    if not found:
        names = ", ".join(lesson.name for lesson in LESSONS)
        raise CommandFailed(f"there is no lesson {name!r}; there are {names}", 2)
    return found


@asynccontextmanager
async def _place(*, hidden: bool) -> AsyncIterator[tuple[Place, bool]]:
    """A lab, and whether it is the lesson's own."""
    from postroom.lab.lessons.place import Place, own_lab, running_lab

    control = await asyncio.to_thread(running_lab)
    if control is not None:
        yield await Place.at(control, os.environ), False
        return
    async with own_lab(hidden=hidden) as place:
        yield place, True


async def _check(session: LabSession, lessons: list[Lesson]) -> None:
    from postroom.lab.lessons.checking import check

    async with _place(hidden=True) as (place, _):
        for lesson in lessons:
            wrong = await check(lesson, place, session.terminal)
            if wrong:
                raise CommandFailed(wrong, 1, name=lesson.name)
            session.terminal.say(f"{lesson.name} holds")
            session.terminal.record({"name": lesson.name, "holds": True})


async def _teach(session: LabSession, lesson: Lesson, *, restart: bool, here: bool) -> None:
    from postroom.lab.lessons.course import Course, Events, Left
    from postroom.lab.lessons.kept import Kept
    from postroom.lab.lessons.pupils import Attended, Here
    from postroom.lab.lessons.telling import Aloud

    kept, events = Kept(), Events()
    first = 0 if restart else kept.of(lesson).parts
    with closing(_Keyboard(events)):  # outermost: a second signal must not end the end
        async with _place(hidden=False) as (place, own):
            _check_lab(lesson, place)
            teller = Aloud(session.terminal, place, lesson, here=here)
            teller.begin(first, own=own)
            course = Course(lesson, place, events, teller)
            try:
                with closing((Here if here else Attended)(place, teller, events)) as pupil:
                    await course.run(pupil, first, lambda parts: kept.reached(lesson, parts))
                teller.end()
            except Left:
                teller.left()


def _check_lab(lesson: Lesson, place: Place) -> None:
    if lesson.lenient and place.facts.enforce:
        raise CommandFailed(
            f"{lesson.name} shows what comes of mail that fails SPF and DMARC; the running lab refuses it: start one without --enforce"
        )


class _Keyboard:
    """What is typed at the lesson: lines, and Ctrl-C and Ctrl-D, which leave."""

    def __init__(self, events: Events) -> None:
        self._events = events
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(sys.stdin.fileno(), self._read)
        for number in _ENDING:
            self._loop.add_signal_handler(number, self._events.add, None)

    def close(self) -> None:
        """Nobody listens any more."""
        self._loop.remove_reader(sys.stdin.fileno())
        for number in _ENDING:
            self._loop.remove_signal_handler(number)

    def _read(self) -> None:
        try:
            data = os.read(sys.stdin.fileno(), 4096)
        except OSError:  # the terminal is gone
            data = b""
        if not data:
            self._loop.remove_reader(sys.stdin.fileno())
            self._events.add(None)
        for line in data.decode("utf-8", "replace").splitlines():
            self._events.add(line)
