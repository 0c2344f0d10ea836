"""Does a lesson hold? It is run unattended, and whatever is not as it says is told.

Not here: the student (`pupils`).
"""

from __future__ import annotations

from contextlib import closing

from postroom.agent.terminal import Terminal
from postroom.app.control import NotRunning, OperationError
from postroom.lab.lessons.course import Course, Events, NotHeld
from postroom.lab.lessons.lesson import Lesson
from postroom.lab.lessons.place import Place
from postroom.lab.lessons.pupils import Unattended
from postroom.lab.lessons.telling import Terse


async def check(lesson: Lesson, place: Place, terminal: Terminal) -> str:
    """What does not hold, "" when all does."""
    if lesson.lenient and place.facts.enforce:
        return f"{lesson.name} needs a lab without --enforce"
    teller = Terse(terminal, lesson)
    try:
        with closing(Unattended(place, teller)) as pupil:
            await Course(lesson, place, Events(), teller).run(pupil)
    except (NotHeld, OperationError, NotRunning, OSError, KeyError) as error:
        return f"{teller.at or lesson.name} does not hold: {error}"
    return ""
